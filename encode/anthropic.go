package encode

import (
	"bytes"
	"strconv"

	"github.com/seed-4d65deac/llmstream"
)

// anthropicTarget writes the events of Anthropic's Messages API. The event line of each
// is its type: the SDKs skip an event without it (WA-1).
type anthropicTarget struct {
	*Encoder
	blocks blockQueue
	index  int // of the block that is being written: from 0, without gaps (WA-5)
	// textHead is what every text event of that block begins with. It is empty before the
	// first one.
	textHead []byte
}

func newAnthropicTarget(e *Encoder) *anthropicTarget {
	t := &anthropicTarget{Encoder: e}
	t.blocks.e, t.blocks.to = e, t
	return t
}

func (t *anthropicTarget) reset() {
	t.blocks.reset()
	t.index, t.textHead = 0, t.textHead[:0]
}

// start writes message_start, which stands before all else whatever the source begins
// with (WA-2).
func (t *anthropicTarget) start() {
	b := t.appendHead(append(t.line("message_start"), `{"type":"message_start","message":`...))
	b = append(b, `,"content":[],"stop_reason":null,"stop_sequence":null,"usage":`...)
	known := t.usage
	if !reported(&known, llmstream.UsageInput) { // clients show what stands here (WA-4)
		known.Input = t.opt.InputTokens
		known.Reported |= llmstream.UsageInput
	}
	t.buf = append(appendAnthropicUsage(b, &known), "}}"...)
	t.send()
}

// appendHead appends the members of a message that do not change, without the brace that
// ends it (WA-3).
func (t *anthropicTarget) appendHead(dst []byte) []byte {
	dst = t.appendID(append(dst, `{"id":"`...), "msg_", "msg_")
	return t.appendModel(append(dst, `","type":"message","role":"assistant","model":`...))
}

func (t *anthropicTarget) delta(c *choice, d *llmstream.Delta) {
	if t.blocks.delta(c, d) {
		return
	}
	switch d.Kind {
	case llmstream.KindRefusal: // the API has no place for its text
		t.lost.Refusals++
		c.refused = true
		t.blocks.text(c, blockText, d)
	case llmstream.KindReasoning:
		t.reasoning(c, d)
	case llmstream.KindAnnotation:
		t.citation(c, d)
	case llmstream.KindItem:
		if !isAnthropicItem(d) {
			t.lost.Items++
			return
		}
		t.blocks.whole(c, blockItem, d, d.Text)
	default:
		t.lost.count(d)
	}
}

func (t *anthropicTarget) more(text []byte) { t.blocks.more(text) }

// reasoning writes thinking. What another provider has signed or encrypted would be
// refused when it is sent back to Anthropic, and is left out.
func (t *anthropicTarget) reasoning(c *choice, d *llmstream.Delta) {
	r := t.blocks.reasoningText(c, d)
	if r == nil {
		return
	}
	if ownerOf(r) != ownerAnthropic {
		t.lost.countDetail(r)
		return
	}
	if len(r.Data) > 0 { // WA-8: whole, in its start
		t.blocks.whole(c, blockRedacted, d, r.Data)
		return
	}
	b := t.blocks.reasoningOf(c, d)
	if b == nil {
		t.lost.Signatures++
		return
	}
	b.signature = append(b.signature, r.Signature...)
}

// startBlock writes content_block_start, with the members that clients read unasked (WA-8)
// and, of a call, an input of exactly {}, to which Go's client appends nothing (WA-9).
func (t *anthropicTarget) startBlock(c *choice, b *block) {
	t.open("content_block_start", `,"content_block":`)
	switch b.kind {
	case blockText, blockRefusal:
		t.buf = append(t.buf, `{"type":"text","text":""}`...)
	case blockReasoning:
		t.buf = append(t.buf, `{"type":"thinking","thinking":"","signature":""}`...)
	case blockRedacted:
		t.buf = append(appendString(append(t.buf, `{"type":"redacted_thinking","data":`...), b.held), '}')
	case blockCall:
		t.buf = t.appendCallID(append(t.buf, `{"type":"tool_use","id":"`...), c, b.call)
		t.buf = appendString(append(t.buf, `","name":`...), c.calls[b.call].name)
		t.buf = append(t.buf, `,"input":{}}`...)
	case blockItem: // as it came (WA-24)
		t.buf, _ = appendJSON(t.buf, b.held) // isAnthropicItem has looked at it
	}
	t.buf = append(t.buf, '}')
	t.send()
}

// open begins an event of the block that is being written.
func (t *anthropicTarget) open(typ, rest string) {
	b := append(append(append(t.line(typ), `{"type":"`...), typ...), `","index":`...)
	t.buf = append(strconv.AppendInt(b, int64(t.index), 10), rest...)
}

// writeText writes a delta of the block's own kind (WA-6).
func (t *anthropicTarget) writeText(b *block, text []byte) {
	if len(t.textHead) == 0 {
		head := strconv.AppendInt(append(t.textHead, `{"type":"content_block_delta","index":`...), int64(t.index), 10)
		if b.kind == blockReasoning {
			t.textHead = append(head, `,"delta":{"type":"thinking_delta","thinking":"`...)
		} else {
			t.textHead = append(head, `,"delta":{"type":"text_delta","text":"`...)
		}
	}
	event := append(t.line("content_block_delta"), t.textHead...)
	t.buf = append(appendEscaped(event, text), `"}}`...)
	t.send()
}

// writeArguments writes a piece of a call's input. The pieces of a call are one JSON object
// together, and none is empty: the API itself begins with an empty one, which clients need
// not rely on (WA-10, WA-12).
func (t *anthropicTarget) writeArguments(_ *choice, _ *block, text []byte) {
	t.open("content_block_delta", `,"delta":{"type":"input_json_delta","partial_json":`)
	t.buf = append(appendString(t.buf, text), "}}"...)
	t.send()
}

func (t *anthropicTarget) replace() bool { return false }

// keepArguments has nothing to do, as replace never allows it.
func (t *anthropicTarget) keepArguments([]byte) {}

func (t *anthropicTarget) drop(c *choice, part int) { t.blocks.forget(c, part) }

// endBlock writes content_block_stop, and in front of it the signature: once and whole,
// since Go's client appends what comes twice, and the others keep the last (WA-13).
func (t *anthropicTarget) endBlock(_ *choice, b *block) {
	if len(b.signature) > 0 {
		t.open("content_block_delta", `,"delta":{"type":"signature_delta","signature":`)
		t.buf = append(appendString(t.buf, b.signature), "}}"...)
		t.send()
	}
	t.open("content_block_stop", "}")
	t.send()
	t.index++
	t.textHead = t.textHead[:0]
}

// anthropicCitations are the types of Anthropic's own citations, with the members that each
// has: texts and numbers, and a title. An object that lacks one fails the
// schemas of its clients, and with it the event (WA-23). A title may be null.
var anthropicCitations = map[string]struct{ texts, numbers []string }{
	"char_location":              {[]string{"cited_text"}, []string{"document_index", "start_char_index", "end_char_index"}},
	"page_location":              {[]string{"cited_text"}, []string{"document_index", "start_page_number", "end_page_number"}},
	"content_block_location":     {[]string{"cited_text"}, []string{"document_index", "start_block_index", "end_block_index"}},
	"web_search_result_location": {[]string{"cited_text", "url", "encrypted_index"}, nil},
	"search_result_location":     {[]string{"cited_text", "source"}, []string{"search_result_index", "start_block_index", "end_block_index"}},
}

// isAnthropicCitation reports whether an annotation is one citation of Anthropic's, whole.
func isAnthropicCitation(value []byte) bool {
	if !isStrict(value) {
		return false
	}
	c, ok := anthropicCitations[textOf(member(value, "type"))]
	for _, name := range c.texts {
		text := member(value, name)
		ok = ok && len(text) > 0 && text[0] == '"'
	}
	for _, name := range c.numbers {
		ok = ok && isNumber(member(value, name))
	}
	title := member(value, "title")
	if len(c.numbers) > 0 && title == nil {
		title = member(value, "document_title")
	}
	return ok && len(title) > 0
}

// citation writes a citation into the text block that it belongs to.
func (t *anthropicTarget) citation(c *choice, d *llmstream.Delta) {
	if !isAnthropicCitation(d.Text) {
		t.lost.Annotations++
		return
	}
	b := t.blocks.last()
	if b == nil || b.kind != blockText || b.part != d.Part || b.closed {
		t.blocks.push(c, blockText, d.Part)
		t.blocks.advance(c)
		b = t.blocks.last()
	}
	if b != &t.blocks.list[0] { // it would have to be held with the text
		t.lost.Annotations++
		return
	}
	t.open("content_block_delta", `,"delta":{"type":"citations_delta","citation":`)
	buf, ok := appendJSON(t.buf, d.Text)
	if !ok {
		t.lost.Annotations++
		return
	}
	t.buf = append(buf, "}}"...)
	t.send()
}

// isAnthropicItem reports whether an item is a content block of Anthropic's, by the event
// that brought it or by its type.
func isAnthropicItem(d *llmstream.Delta) bool {
	if !isStrict(d.Text) || bytes.HasPrefix(d.Event, []byte("response.")) {
		return false
	}
	typ := bytes.Trim(member(d.Text, "type"), `"`)
	return bytes.HasPrefix(d.Event, []byte("content_block")) || bytes.HasSuffix(typ, []byte("_tool_use")) || bytes.HasSuffix(typ, []byte("_tool_result"))
}

// end stops all blocks (WA-15), and writes message_delta and message_stop. There is no
// "[DONE]" (WA-20).
func (t *anthropicTarget) end() {
	c := t.first()
	t.blocks.close(c)
	if t.ended {
		return
	}
	reason := reasonOf(c.reason, c.called)
	if t.isBlocked || c.refused && reason == llmstream.FinishStop {
		reason = llmstream.FinishContentFilter
	}
	// Both keys are read unasked by the SDK for TypeScript (WA-16).
	b := append(t.line("message_delta"), `{"type":"message_delta","delta":`...)
	b = t.appendStop(b, c, reason)
	// The counts have come by now, if they come at all (WA-17).
	b = appendAnthropicUsage(append(b, `},"usage":`...), &t.usage)
	t.buf = append(b, '}')
	t.send()
	t.buf = append(t.line("message_stop"), `{"type":"message_stop"}`...)
	t.send()
}

// appendStop appends stop_reason and stop_sequence, without the brace that ends them.
func (t *anthropicTarget) appendStop(dst []byte, c *choice, reason llmstream.FinishReason) []byte {
	word, ok := anthropicStop(reason, c.native)
	if !ok {
		t.lost.FinishReasons++
	}
	dst = append(append(append(dst, `{"stop_reason":"`...), word...), `","stop_sequence":`...)
	if word == "stop_sequence" && len(c.stopText) > 0 {
		return appendString(dst, c.stopText)
	}
	return append(dst, "null"...)
}

// first returns the choice that is written.
func (e *Encoder) first() *choice {
	if len(e.choices) == 0 {
		return e.choice(0)
	}
	return &e.choices[0]
}

// fail writes an error event, and no message_stop after it, which a client might take for
// the end of an answer (WA-21).
func (t *anthropicTarget) fail(f *failure) {
	t.buf = append(append(t.line("error"), `{"type":"error","error":{"type":"`...), f.anthropicError()...)
	t.buf = append(appendStringOf(append(t.buf, `","message":`...), f.message), "}}"...)
	t.send()
}

// ping writes the API's own ping, which stands after message_start alone (WA-22).
func (t *anthropicTarget) ping() {
	if !t.begun {
		t.comment()
		return
	}
	t.buf = append(t.line("ping"), `{"type":"ping"}`...)
	t.send()
}
