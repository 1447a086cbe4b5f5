package encode

import (
	"bytes"
	"strconv"

	"github.com/seed-4d65deac/llmstream"
)

// responsesTarget writes the events of OpenAI's Responses API. The event line of each is
// its type, which stands in the JSON too, where Codex looks (WR-1). There are no types
// that the API does not have (WR-15).
type responsesTarget struct {
	*Encoder
	blocks blockQueue
	id     []byte // of the response, escaped
	model  []byte // as a JSON string
	seq    int64  // the number of the next event (WR-2)
	index  int    // the item's output_index: from 0, without gaps (WR-4)
	output []byte // the finished items, with commas between them (WR-10)
	images int    // that got an ID here
	cut    bool   // the answer ended before the model did: what is open is incomplete

	// Of the item that is being written:
	itemID      []byte // the same in all its events (WR-6)
	text        []byte // all of it so far, escaped: its last events repeat it (WR-9, WR-11)
	inPart      bool   // the part of its text was begun
	textHead    []byte // what stands between number and text in each delta of its text; empty before the first
	annotations []byte // with commas between them
	annotated   int
	logprobs    []byte // the same
}

func newResponsesTarget(e *Encoder) *responsesTarget {
	t := &responsesTarget{Encoder: e}
	t.blocks.e, t.blocks.to = e, t
	return t
}

func (t *responsesTarget) reset() {
	t.blocks.reset()
	t.id, t.model, t.output = t.id[:0], t.model[:0], t.output[:0]
	t.seq, t.index, t.images, t.cut = 0, 0, 0, false
	t.clearItem()
}

func (t *responsesTarget) clearItem() {
	t.itemID, t.text, t.annotations, t.logprobs = t.itemID[:0], t.text[:0], t.annotations[:0], t.logprobs[:0]
	t.textHead, t.inPart, t.annotated = t.textHead[:0], false, 0
}

// start writes response.created, which stands before all else, and response.in_progress
// (WR-3).
func (t *responsesTarget) start() {
	t.id = t.appendID(t.id[:0], "resp_", "resp_")
	t.model = t.appendModel(t.model[:0])
	for _, typ := range [...]string{"response.created", "response.in_progress"} {
		t.open(typ)
		t.sendResponse("in_progress", nil)
	}
}

// open begins an event.
func (t *responsesTarget) open(typ string) {
	b := append(append(append(t.line(typ), `{"type":"`...), typ...), `","sequence_number":`...)
	t.buf = strconv.AppendInt(b, t.seq, 10)
	t.seq++
}

// openInItem begins an event of the item that is being written.
func (t *responsesTarget) openInItem(typ string) {
	t.open(typ)
	b := append(append(append(t.buf, `,"item_id":"`...), t.itemID...), `","output_index":`...)
	t.buf = strconv.AppendInt(b, int64(t.index), 10)
}

// openItem begins an event that holds the item itself.
func (t *responsesTarget) openItem(typ string) {
	t.open(typ)
	t.buf = append(strconv.AppendInt(append(t.buf, `,"output_index":`...), int64(t.index), 10), `,"item":`...)
}

// sendResponse ends an event with the response in it.
func (t *responsesTarget) sendResponse(status string, f *failure) {
	t.buf = t.appendResponse(append(t.buf, `,"response":`...), status, f)
	t.buf = append(t.buf, '}')
	t.send()
}

// appendResponse appends the response with the items that it has so far. What the request
// was is not known; the members of it are there because clients require them.
func (t *responsesTarget) appendResponse(dst []byte, status string, f *failure) []byte {
	dst = append(append(append(dst, `{"id":"`...), t.id...), `","object":"response","created_at":`...)
	dst = strconv.AppendInt(dst, t.at, 10)
	dst = append(append(append(dst, `,"status":"`...), status...), '"')
	if f != nil {
		dst = appendStringOf(append(dst, `,"error":{"code":`...), f.responsesCode())
		dst = append(appendStringOf(append(dst, `,"message":`...), f.message), '}')
	}
	if status == "incomplete" {
		reason := "max_output_tokens"
		if t.isBlocked || t.first().reason == llmstream.FinishContentFilter {
			reason = "content_filter"
		}
		dst = append(append(append(dst, `,"incomplete_details":{"reason":"`...), reason...), `"}`...)
	}
	dst = append(append(dst, `,"model":`...), t.model...)
	dst = append(append(append(dst, `,"output":[`...), t.output...), ']')
	dst = append(dst, `,"parallel_tool_calls":true,"tool_choice":"auto","tools":[]`...)
	// The counts are whole or not there at all: Codex retries an answer whose counts lack
	// one (WR-10).
	if status != "in_progress" && t.usage.Reported != 0 {
		dst = appendResponsesUsage(append(dst, `,"usage":`...), &t.usage)
	}
	return append(dst, '}')
}

func (t *responsesTarget) delta(c *choice, d *llmstream.Delta) {
	if t.blocks.delta(c, d) {
		return
	}
	switch d.Kind {
	case llmstream.KindRefusal:
		t.blocks.text(c, blockRefusal, d)
	case llmstream.KindReasoning:
		t.reasoning(c, d)
	case llmstream.KindLogprobs:
		t.addLogprobs(d)
	case llmstream.KindAnnotation:
		t.annotate(d)
	case llmstream.KindMedia:
		t.media(c, d)
	case llmstream.KindItem:
		if !isResponsesItem(d) {
			t.lost.Items++
			return
		}
		t.blocks.whole(c, blockItem, d, d.Text)
	}
}

func (t *responsesTarget) more(text []byte) { t.blocks.more(text) }

// reasoning writes the text of reasoning, and what OpenAI encrypted goes with it (WR-17).
func (t *responsesTarget) reasoning(c *choice, d *llmstream.Delta) {
	r := t.blocks.reasoningText(c, d)
	if r == nil {
		return
	}
	if ownerOf(r) != ownerOpenAI || len(r.Data) == 0 {
		t.lost.countDetail(r)
		return
	}
	b := t.blocks.reasoningOf(c, d)
	if b == nil || len(b.data) > 0 {
		t.lost.Encrypted++
		return
	}
	b.data = append(b.data, r.Data...)
}

// end finishes all items and writes the end that the finish reason stands for (WR-12).
func (t *responsesTarget) end() {
	c := t.first()
	reason := c.reason
	t.cut = t.isBlocked || reason == llmstream.FinishLength || reason == llmstream.FinishContentFilter
	t.blocks.close(c)
	if t.ended {
		return
	}
	if reason == llmstream.FinishUnknown {
		t.lost.FinishReasons++
	}
	if reported(&t.usage, llmstream.UsageCacheWrite) && t.usage.CacheWrite > 0 {
		t.lost.Usage++
	}
	typ, status := "response.completed", "completed"
	if t.cut {
		status = "incomplete"
		if !t.opt.IncompleteAsCompleted {
			typ = "response.incomplete"
		}
	}
	t.open(typ)
	t.sendResponse(status, nil)
	if t.opt.DoneMarker { // WR-14
		t.buf = append(t.line(""), "[DONE]"...)
		t.send()
	}
}

// fail writes response.failed: an error event alone makes Codex ask again (WR-13).
func (t *responsesTarget) fail(f *failure) {
	if !t.begun { // node's client wants it first (WR-3)
		t.begin()
	}
	t.open("response.failed")
	t.sendResponse("failed", f)
}

// ping writes a comment, or by option response.in_progress, the one event of the API
// without meaning that Codex counts as a sign of life. Node's client replaces what it has
// by the response in it, which therefore holds the output so far (WR-19).
func (t *responsesTarget) ping() {
	if !t.opt.DataPing || !t.begun {
		t.comment()
		return
	}
	finished := len(t.output)
	if len(t.blocks.list) > 0 && t.blocks.list[0].begun {
		t.appendOutput(t.first(), &t.blocks.list[0], "in_progress")
	}
	t.open("response.in_progress")
	t.sendResponse("in_progress", nil)
	t.output = t.output[:finished]
}

func (t *responsesTarget) drop(c *choice, part int) { t.blocks.forget(c, part) }

// isResponsesItem reports whether an item is one of Responses, by the event that brought
// it or by its type. Its ID stands in both of its events (WR-6).
func isResponsesItem(d *llmstream.Delta) bool {
	if !isStrict(d.Text) || len(textOf(member(d.Text, "id"))) == 0 || bytes.HasPrefix(d.Event, []byte("content_block")) {
		return false
	}
	typ := bytes.Trim(member(d.Text, "type"), `"`)
	return bytes.HasPrefix(d.Event, []byte("response.")) || bytes.HasSuffix(typ, []byte("_call")) || bytes.HasSuffix(typ, []byte("_call_output")) || bytes.HasPrefix(typ, []byte("mcp_"))
}

// media writes an image as an item, which needs its data. There is no item for sound.
func (t *responsesTarget) media(c *choice, d *llmstream.Delta) {
	m, ok := mediaOf(d.Text)
	if !ok || m.sound || len(m.data) == 0 {
		t.lost.Media++
		return
	}
	if isResponsesItem(d) {
		t.blocks.whole(c, blockItem, d, d.Text)
		return
	}
	item := t.appendItemID([]byte(`{"id":"`), "ig_", t.images)
	item = append(append(item, `","type":"image_generation_call","status":"completed","result":`...), m.data...)
	t.images++
	t.blocks.whole(c, blockItem, d, append(item, '}'))
}

// addLogprobs writes log probabilities of text that was written just before (WR-21).
func (t *responsesTarget) addLogprobs(d *llmstream.Delta) {
	list := member(d.Text, "content")
	if b := t.blocks.last(); b == nil || b.kind != blockText || b != &t.blocks.list[0] || !b.begun || !isChatLogprobs(d.Text) || len(list) <= len("[]") {
		t.lost.Logprobs++
		return
	}
	t.openInItem("response.output_text.delta")
	b, ok := appendJSON(append(t.buf, `,"content_index":0,"delta":"","logprobs":`...), list)
	if !ok || !t.hold(len(list)) {
		t.lost.Logprobs++
		t.seq--
		return
	}
	t.buf = append(b, '}')
	t.send()
	eachElement(list, func(v []byte) { t.logprobs, _ = appendListed(t.logprobs, v) })
}

// appendListed appends a JSON value to a list, with a comma between.
func appendListed(list, value []byte) (_ []byte, ok bool) {
	if len(list) > 0 {
		list = append(list, ',')
	}
	return appendJSON(list, value)
}

// annotate writes an annotation of OpenAI's own types. Annotations are numbered without gaps
// (WR-20).
func (t *responsesTarget) annotate(d *llmstream.Delta) {
	b := t.blocks.last()
	open := b != nil && b.kind == blockText && b == &t.blocks.list[0] && b.begun
	var value []byte
	ok := open && isStrict(d.Text)
	if ok {
		value, ok = appendAnnotation(nil, d.Text)
	}
	if !ok || !t.hold(len(value)) {
		t.lost.Annotations++
		return
	}
	t.openInItem("response.output_text.annotation.added")
	t.buf = strconv.AppendInt(append(t.buf, `,"content_index":0,"annotation_index":`...), int64(t.annotated), 10)
	t.buf = append(append(append(t.buf, `,"annotation":`...), value...), '}')
	t.send()
	t.annotations, _ = appendListed(t.annotations, value)
	t.annotated++
}

// appendAnnotation appends an annotation in the form of Responses. ok is false if Responses
// has no such type.
func appendAnnotation(dst, value []byte) (_ []byte, ok bool) {
	switch string(member(value, "type")) {
	case `"url_citation"`:
		cited, ok := citationOf(value)
		if !ok {
			return dst, false
		}
		return append(cited.append(append(dst, `{"type":"url_citation",`...)), '}'), true
	case `"file_citation"`, `"container_file_citation"`, `"file_path"`:
		return appendJSON(dst, value)
	}
	return dst, false
}
