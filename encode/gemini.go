package encode

import (
	"encoding/base64"
	"encoding/json"
	"strconv"

	"github.com/seed-4d65deac/llmstream"
)

// geminiTarget writes the chunks of streamGenerateContent with alt=sse. There is nothing
// but data lines: Google's client for Go fails at an event line, a comment or "[DONE]"
// (WM-1).
type geminiTarget struct {
	*Encoder
	tail []byte // what every chunk ends with
	// textTail is what stands after the text in the chunk that was written last.
	textTail []byte
	args     []byte // scratch for a call's arguments
	decoded  []byte // scratch of isBase64
	bad      bool   // a call has arguments that are not an object (WM-5)
}

func (t *geminiTarget) reset() { t.tail, t.bad = t.tail[:0], false }

// start makes the tail of all chunks (WM-2). The stream begins with the first output.
func (t *geminiTarget) start() {
	t.tail = append(t.appendModel(append(t.tail[:0], `,"modelVersion":`...)), `,"responseId":"`...)
	t.tail = append(t.appendID(t.tail, "", ""), `"}`...)
}

func (t *geminiTarget) delta(c *choice, d *llmstream.Delta) {
	if !c.begun && c.place != c.index {
		t.lost.Renumbered++
	}
	c.begun = true
	if d.Kind&(llmstream.KindToolCall|llmstream.KindToolCallEnd) == 0 {
		c.writes(d.Part)
	}
	switch d.Kind {
	case llmstream.KindContent:
		t.text(c, d.Text, false)
		t.beginRun(c, d)
	case llmstream.KindRefusal:
		t.lost.Refusals++
		c.refused = true
		t.text(c, d.Text, false)
	case llmstream.KindReasoning:
		if len(d.Text) > 0 {
			t.text(c, d.Text, true)
			t.beginRun(c, d)
		}
		t.detail(c, d.Detail)
	case llmstream.KindToolCall, llmstream.KindToolCallEnd:
		t.toolCall(c, d)
	case llmstream.KindMedia:
		t.media(c, d)
	case llmstream.KindItem:
		if !isGeminiPart(d.Text) {
			t.lost.Items++
			return
		}
		t.open()
		t.buf, _ = appendJSON(t.buf, d.Text)
		t.sendPart(c)
	default:
		t.lost.count(d)
	}
}

// open begins a chunk up to its one part. Parts are never empty (WM-3).
func (t *geminiTarget) open() {
	t.buf = append(t.line(""), `{"candidates":[{"content":{"role":"model","parts":[`...)
}

// sendPart ends a chunk after its part. A finish reason stands in the last chunk alone
// (WM-6).
func (t *geminiTarget) sendPart(c *choice) {
	t.buf = t.appendAfterPart(t.buf, c)
	t.send()
}

func (t *geminiTarget) appendAfterPart(dst []byte, c *choice) []byte {
	dst = strconv.AppendInt(append(dst, `]},"index":`...), int64(c.place), 10) // WM-11
	return append(append(dst, "}]"...), t.tail...)
}

// text writes a part with text; a thought is reasoning (WM-4).
func (t *geminiTarget) text(c *choice, text []byte, thought bool) {
	tail := append(t.textTail[:0], '"')
	if thought {
		tail = append(tail, `,"thought":true`...)
	}
	t.textTail = t.appendAfterPart(append(tail, '}'), c)
	t.more(text)
}

func (t *geminiTarget) more(text []byte) {
	b := append(t.line(""), `{"candidates":[{"content":{"role":"model","parts":[{"text":"`...)
	t.buf = append(appendEscaped(b, text), t.textTail...)
	t.send()
}

// detail writes a signature of Google's, in an empty part after the text that it belongs
// to, as the API itself does. One of a thought stands in a thought, others do not (WM-4).
// What another provider has signed or encrypted would be refused.
func (t *geminiTarget) detail(c *choice, r *llmstream.ReasoningDetail) {
	if r == nil || len(r.Signature)+len(r.Data) == 0 {
		return
	}
	signature := r.Signature
	if string(r.Type) == "extra_content" {
		signature = googleSignature(r.Data)
	}
	if ownerOf(r) != ownerGoogle || !t.isBase64(signature) {
		t.lost.countDetail(r)
		return
	}
	t.open()
	t.buf = append(t.buf, `{"text":""`...)
	if string(r.Type) == "thought" {
		t.buf = append(t.buf, `,"thought":true`...)
	}
	t.buf = append(appendString(append(t.buf, `,"thoughtSignature":`...), signature), '}')
	t.sendPart(c)
}

// googleSignature returns the signature in {"google":{"thought_signature":…}}.
func googleSignature(extra []byte) []byte {
	if !json.Valid(extra) {
		return nil
	}
	return []byte(textOf(member(member(extra, "google"), "thought_signature")))
}

// toolCall keeps a call until it has ended: it is one whole part (WM-5). Calls are written
// in their order.
func (t *geminiTarget) toolCall(c *choice, d *llmstream.Delta) {
	k := c.call(d.ToolCall.Index, d.Part)
	switch {
	case k != nil && k.void:
		return
	case k != nil && d.ToolCall.Restart:
		if !t.voidArguments(k) {
			return
		}
	case k == nil || k.closed:
		t.lost.ToolCalls++
		return
	}
	k.note(d, &t.lost)
	if !t.hold(len(d.ToolCall.Arguments)) {
		return
	}
	k.held = append(k.held, d.ToolCall.Arguments...)
	t.writeCalls(c, false)
}

// writeCalls writes the calls that have ended, up to the first that has not; all: of that
// and those after it too, as no more will come.
func (t *geminiTarget) writeCalls(c *choice, all bool) {
	for i := range c.calls {
		k := &c.calls[i]
		if k.closed {
			continue
		}
		if !k.ended && !all {
			return
		}
		k.closed = true
		t.writeCall(c, k, i)
	}
}

// drop writes the calls that waited for one that is void now.
func (t *geminiTarget) drop(c *choice, _ int) { t.writeCalls(c, false) }

func (t *geminiTarget) replace() bool { return false }

func (t *geminiTarget) writeCall(c *choice, k *call, index int) {
	if len(k.name) == 0 {
		if !k.empty || len(k.id) > 0 {
			t.lost.ToolCalls++
		}
		return
	}
	k.ended = k.ended || isObject(k.held)
	var ok bool
	if t.args, ok = t.appendArguments(t.args[:0], k); !ok {
		t.lost.ToolCalls++
		t.bad = true
		return
	}
	k.started, c.called = true, true
	t.open()
	t.buf = append(t.appendCallID(append(t.buf, `{"functionCall":{"id":"`...), c, index), `","name":`...)
	t.buf = append(append(appendString(t.buf, k.name), `,"args":`...), t.args...)
	t.buf = append(t.buf, '}')
	if len(k.extra) > 0 {
		if signature := googleSignature(k.extra); t.isBase64(signature) {
			t.buf = appendString(append(t.buf, `,"thoughtSignature":`...), signature)
		} else {
			t.lost.CallExtras++
		}
	}
	t.buf = append(t.buf, '}')
	t.sendPart(c)
}

// media writes an image or a piece of a sound with its data, or what Gemini itself wrote.
func (t *geminiTarget) media(c *choice, d *llmstream.Delta) {
	m, ok := mediaOf(d.Text)
	own := isGeminiPart(d.Text)
	hasData := len(m.data) > len(`""`) && t.isBase64(m.data[1:len(m.data)-1])
	if !ok || !hasData && (!own || len(m.data) > 0) || !own && len(m.mime) == 0 {
		t.lost.Media++
		return
	}
	t.open()
	if own {
		t.buf, _ = appendJSON(t.buf, d.Text)
	} else {
		t.buf = append(append(append(t.buf, `{"inlineData":{"mimeType":"`...), m.mime...), `","data":`...)
		t.buf = append(append(t.buf, m.data...), "}}"...)
	}
	t.sendPart(c)
}

// isBase64 reports whether bytes are base64 with its padding, and not empty: in Google's
// client for Go these members are bytes, and a chunk with another text is an error.
func (t *geminiTarget) isBase64(text []byte) bool {
	var err error
	t.decoded, err = base64.StdEncoding.AppendDecode(t.decoded[:0], text)
	return err == nil && len(text) > 0
}

// isGeminiPart reports whether a value is a part of Gemini's own that is not text, a
// thought or a call.
func isGeminiPart(value []byte) (is bool) {
	if !isStrict(value) {
		return false
	}
	eachMember(value, func(key, _ []byte) {
		switch string(key) {
		case "executableCode", "codeExecutionResult", "inlineData", "fileData", "toolCall", "toolResponse":
			is = true
		}
	})
	return is
}

// end writes the last chunk: each candidate's finish reason, once, and the counts (WM-6,
// WM-7). A prompt that was blocked has no candidates (WM-9).
func (t *geminiTarget) end() {
	for i := range t.choices {
		t.writeCalls(&t.choices[i], true)
	}
	if t.ended {
		return
	}
	b := append(t.line(""), '{')
	if t.isBlocked && len(t.choices) == 0 {
		b = append(appendString(append(b, `"promptFeedback":{"blockReason":`...), t.blocked), '}')
	} else {
		t.first() // an answer without choices has an empty one
		b = append(b, `"candidates":[`...)
		for i := range t.choices {
			if i > 0 {
				b = append(b, ',')
			}
			c := &t.choices[i]
			b = append(b, `{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"`...) // WM-3
			b = append(append(b, t.finishWord(c)...), `","index":`...)
			b = append(strconv.AppendInt(b, int64(c.place), 10), '}')
		}
		b = append(b, ']')
	}
	if t.usage.Reported != 0 {
		b = appendGeminiUsage(append(b, `,"usageMetadata":`...), &t.usage)
		if reported(&t.usage, llmstream.UsageCacheWrite) && t.usage.CacheWrite > 0 {
			t.lost.Usage++
		}
	}
	t.buf = append(b, t.tail...)
	t.send()
}

func (t *geminiTarget) finishWord(c *choice) string {
	reason := reasonOf(c.reason, c.called)
	if c.refused && reason == llmstream.FinishStop && t.opt.RefusalAsSafety {
		reason = llmstream.FinishContentFilter
	}
	if t.bad && reason != llmstream.FinishLength && reason != llmstream.FinishContentFilter {
		return "MALFORMED_FUNCTION_CALL" // WM-5
	}
	word, ok := geminiFinish(reason, c.native)
	if !ok {
		t.lost.FinishReasons++
	}
	return word
}

// fail writes the error as bare JSON without "data:", which is an error to all clients;
// with it Google's client for Go takes it for an empty answer (WM-8). Google's client for
// Node looks for bare JSON only in a read that holds nothing else, which no server can
// promise. So the same error follows as an event, of which the others see nothing: they
// have failed by then.
func (t *geminiTarget) fail(f *failure) {
	status := f.status
	if status < 400 || status > 599 {
		status = 500
	}
	b := strconv.AppendInt([]byte(`{"error":{"code":`), int64(status), 10)
	b = appendStringOf(append(b, `,"message":`...), f.message)
	b = append(append(append(b, `,"status":"`...), f.googleStatus()...), `"}}`...)
	t.bare(append(b, "\n\n"...))
	t.buf = append(t.line(""), b...)
	t.send()
}

// ping writes, by option, a chunk without text, as the API itself does. No other heartbeat
// is safe: a comment is an error to Google's client for Go (WM-10).
func (t *geminiTarget) ping() {
	if !t.opt.DataPing || !t.begun || len(t.choices) == 0 {
		return
	}
	t.text(&t.choices[0], nil, false)
}

// bare writes JSON that stands between the events, without a field name.
func (e *Encoder) bare(json []byte) {
	if e.flush() != nil {
		return
	}
	e.started = true
	if _, e.err = e.w.Write(json); e.err == nil {
		if f, ok := e.w.(interface{ Flush() }); ok {
			f.Flush()
		}
	}
}
