package encode

import (
	"strconv"

	"github.com/seed-4d65deac/llmstream"
)

// chatTarget writes chat.completion.chunk objects. No event has an event line (WC-2).
type chatTarget struct {
	*Encoder
	head []byte // what every chunk begins with
	// What every chunk of a choice begins with, and its place, for the choice that was
	// written last: most chunks are of the same.
	opening      []byte
	openingPlace int
	textHead     []byte // what every chunk of the current run begins with
	args         []byte // scratch for arguments in one piece
}

func (t *chatTarget) reset() { t.head, t.opening = t.head[:0], t.opening[:0] }

// start makes the head of all chunks: id, object, created, model, and choices, which is
// always an array (WC-1, WG-17, WG-18). What is not known is not there (WC-21), least of
// all a member that says that there is no error (WG-5). The stream itself begins with the
// first chunk of a choice.
func (t *chatTarget) start() {
	t.head = t.appendHead(t.head[:0], "chat.completion.chunk")
}

func (t *chatTarget) appendHead(dst []byte, object string) []byte {
	dst = append(t.appendID(append(dst, `{"id":"`...), "", "chatcmpl-"), `","object":"`...)
	dst = append(append(dst, object...), `","created":`...)
	dst = append(strconv.AppendInt(dst, t.at, 10), `,"model":`...)
	return append(t.appendModel(dst), `,"choices":[`...)
}

// delta writes a chunk for what a delta adds.
func (t *chatTarget) delta(c *choice, d *llmstream.Delta) {
	t.beginChoice(c)
	if d.Kind&(llmstream.KindStart|llmstream.KindToolCall|llmstream.KindToolCallEnd|llmstream.KindItem) == 0 {
		c.writes(d.Part)
	}
	switch d.Kind {
	case llmstream.KindContent:
		t.text(c, `"content":`, d)
	case llmstream.KindRefusal: // WC-16
		t.text(c, `"refusal":`, d)
	case llmstream.KindReasoning:
		t.reasoning(c, d)
	case llmstream.KindToolCall, llmstream.KindToolCallEnd:
		t.toolCall(c, d)
	case llmstream.KindLogprobs:
		t.logprobs(c, d)
	case llmstream.KindMedia:
		t.media(c, d)
	case llmstream.KindAnnotation:
		t.annotation(c, d)
	case llmstream.KindItem:
		t.lost.Items++
	}
}

// open begins a chunk up to the members of its delta. There is always a delta, and always
// an index (WC-4, WC-5).
func (t *chatTarget) open(c *choice) {
	if len(t.opening) == 0 || t.openingPlace != c.place {
		b := append(append(t.opening[:0], t.head...), `{"index":`...)
		t.opening = append(strconv.AppendInt(b, int64(c.place), 10), `,"delta":{`...)
		t.openingPlace = c.place
	}
	t.buf = append(t.line(""), t.opening...)
}

// sendChunk ends a chunk after the members of its delta. The finish reason is null in all
// chunks of a choice but its last (WC-6).
func (t *chatTarget) sendChunk() {
	t.buf = append(t.buf, `},"finish_reason":null}]}`...)
	t.send()
}

// text writes a piece of text. The API knows no parts of a message: they are joined as they
// come (WC-22).
func (t *chatTarget) text(c *choice, name string, d *llmstream.Delta) {
	t.open(c)
	t.textHead = append(append(t.textHead[:0], t.opening...), name...)
	t.textHead = append(t.textHead, '"')
	t.more(d.Text)
	t.beginRun(c, d)
}

func (t *chatTarget) more(text []byte) {
	b := appendEscaped(append(t.line(""), t.textHead...), text)
	t.buf = append(b, `"},"finish_reason":null}]}`...)
	t.send()
}

// beginChoice writes the chunk with the role, once, since Python's client joins the roles
// of several (WC-3). Choices are numbered as they appear: clients index a list with the
// number, which must not run ahead (WC-4). So those that the source began before it, and
// of which nothing was written yet, begin too.
func (t *chatTarget) beginChoice(c *choice) {
	if c.begun {
		return
	}
	for i := range t.choices[:c.place+1] {
		next := &t.choices[i]
		if next.begun {
			continue
		}
		next.begun = true
		if next.place != next.index {
			t.lost.Renumbered++
		}
		t.open(next)
		t.buf = append(t.buf, `"role":"assistant","content":""`...)
		t.sendChunk()
	}
}

// reasoning writes the text of reasoning, and its structured form beside it, as OpenRouter
// does (WC-13, WC-14).
func (t *chatTarget) reasoning(c *choice, d *llmstream.Delta) {
	switch {
	case len(d.Text) == 0 && d.Detail == nil:
		return
	case d.Detail == nil && !t.opt.ReasoningAlias && !t.opt.ThinkingBlocks:
		t.text(c, `"reasoning_content":`, d)
		return
	}
	t.open(c)
	if len(d.Text) > 0 {
		t.buf = appendString(append(t.buf, `"reasoning_content":`...), d.Text)
		if t.opt.ReasoningAlias {
			t.buf = appendString(append(t.buf, `,"reasoning":`...), d.Text)
		}
	}
	isThinking := t.opt.ThinkingBlocks && (d.Detail == nil || ownerOf(d.Detail) == ownerAnthropic)
	if len(d.Text) > 0 && (isThinking || d.Detail != nil) {
		t.buf = append(t.buf, ',')
	}
	switch {
	case isThinking:
		t.buf = append(appendThinkingBlock(append(t.buf, `"thinking_blocks":[`...), d), ']')
	case d.Detail != nil:
		t.detail(d.Detail)
	}
	t.sendChunk()
}

// appendThinkingBlock appends a piece of reasoning as an element of thinking_blocks. LiteLLM has
// an empty signature in each piece of a text, and the whole one in the last.
func appendThinkingBlock(dst []byte, d *llmstream.Delta) []byte {
	var none llmstream.ReasoningDetail
	r, text := d.Detail, d.Text
	switch {
	case r == nil:
		r = &none
	case len(r.Data) > 0:
		return append(appendString(append(dst, `{"type":"redacted_thinking","data":`...), r.Data), '}')
	case len(text) == 0:
		text = r.Text
	}
	dst = appendString(append(dst, `{"type":"thinking","thinking":`...), text)
	return append(appendString(append(dst, `,"signature":`...), r.Signature), '}')
}

// detail adds structured reasoning. What chat's compatible servers have members of their
// own for goes back under those.
func (t *chatTarget) detail(r *llmstream.ReasoningDetail) {
	switch string(r.Type) {
	case "reasoning_opaque": // GitHub Copilot
		t.buf = appendString(append(t.buf, `"reasoning_opaque":`...), r.Data)
		return
	case "extra_content": // Gemini's compatible API
		if b, ok := appendJSON(append(t.buf, `"extra_content":`...), r.Data); ok {
			t.buf = b
			return
		}
	}
	t.buf = append(appendDetails(append(t.buf, `"reasoning_details":[`...), r), ']')
}

// appendDetails appends the elements of reasoning_details for a piece of structured
// reasoning: one for each of text, summary and data that it has.
func appendDetails(dst []byte, r *llmstream.ReasoningDetail) []byte {
	from := len(dst)
	next := func(typ string) {
		if len(dst) > from {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, `{"type":"reasoning.`...), typ...), '"')
		if r.Index >= 0 {
			dst = strconv.AppendInt(append(dst, `,"index":`...), int64(r.Index), 10)
		}
		if len(r.ID) > 0 {
			dst = appendString(append(dst, `,"id":`...), r.ID)
		}
		if format := formatOf(r); len(format) > 0 {
			dst = appendString(append(dst, `,"format":`...), format)
		}
	}
	if len(r.Summary) > 0 {
		next("summary")
		dst = append(appendString(append(dst, `,"summary":`...), r.Summary), '}')
	}
	if len(r.Text)+len(r.Signature) > 0 || len(r.Summary)+len(r.Data) == 0 {
		next("text")
		if len(r.Text) > 0 {
			dst = appendString(append(dst, `,"text":`...), r.Text)
		}
		if len(r.Signature) > 0 {
			dst = appendString(append(dst, `,"signature":`...), r.Signature)
		}
		dst = append(dst, '}')
	}
	if len(r.Data) > 0 {
		next("encrypted")
		dst = append(appendString(append(dst, `,"data":`...), r.Data), '}')
	}
	return dst
}

var formatAnthropic, formatOpenAI, formatGoogle = []byte("anthropic-claude-v1"), []byte("openai-responses-v1"), []byte("google-gemini-v1")

// formatOf returns the format of a detail, in OpenRouter's words: it says to which
// provider the detail can be sent back.
func formatOf(r *llmstream.ReasoningDetail) []byte {
	if len(r.Format) > 0 {
		return r.Format
	}
	switch ownerOf(r) {
	case ownerAnthropic:
		return formatAnthropic
	case ownerOpenAI:
		return formatOpenAI
	case ownerGoogle:
		return formatGoogle
	}
	return nil
}

// end writes the finish of each choice, the counts, and the end marker. The finish chunk
// is the last of its choice, since openai-go takes the finish reason of every chunk, null
// too (WC-6).
func (t *chatTarget) end() {
	if len(t.choices) == 0 { // the prompt was blocked, or the answer is empty
		t.choice(0)
	}
	for i := range t.choices {
		c := &t.choices[i]
		t.beginChoice(c)
		t.endCalls(c)
		if t.ended {
			return
		}
		t.open(c)
		word := t.finishWord(c)
		t.buf = append(append(append(t.buf, `},"finish_reason":"`...), word...), '"')
		if word == "stop" && c.reason == llmstream.FinishUnknown {
			t.buf = appendString(append(t.buf, `,"native_finish_reason":`...), c.native)
		}
		t.buf = append(t.buf, "}]}"...)
		t.send()
	}
	if t.opt.IncludeUsage && t.usage.Reported != 0 { // last, since Python's client keeps that of the last chunk (WC-7)
		t.buf = append(append(t.line(""), t.head...), `],"usage":`...)
		t.buf = append(appendChatUsage(t.buf, &t.usage), '}')
		t.send()
	}
	t.buf = append(t.line(""), "[DONE]"...) // WC-19
	t.send()
}

func (t *chatTarget) finishWord(c *choice) string {
	reason := c.reason
	if t.isBlocked {
		reason = llmstream.FinishContentFilter
	}
	word, ok := chatFinish(reasonOf(reason, c.called))
	if !ok {
		t.lost.FinishReasons++
	}
	return word
}

// fail writes the error, as the API does: in place of a chunk, and with neither a finish
// chunk nor an end marker after it (WC-20).
func (t *chatTarget) fail(f *failure) {
	orNull := func(dst []byte, text string) []byte {
		if text == "" {
			return append(dst, "null"...)
		}
		return appendStringOf(dst, text)
	}
	typ := f.typ
	if typ == "" {
		typ = "server_error"
	}
	b := appendStringOf(append(t.line(""), `{"error":{"message":`...), f.message)
	b = appendStringOf(append(b, `,"type":`...), typ)
	b = orNull(append(b, `,"param":`...), f.param)
	b = orNull(append(b, `,"code":`...), f.code)
	t.buf = append(b, "}}"...)
	t.send()
}

// ping writes a comment, or by option a chunk that adds nothing.
func (t *chatTarget) ping() {
	if !t.opt.DataPing || len(t.choices) == 0 || !t.choices[0].begun {
		t.comment()
		return
	}
	t.open(&t.choices[0])
	t.sendChunk()
}
