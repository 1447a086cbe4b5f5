package encode

import "strconv"

// appendItemID appends an ID of an item: unique in the response, and never empty (WR-6),
// with the prefix that the API gives items of its kind (WR-7).
func (t *responsesTarget) appendItemID(dst []byte, prefix string, n int) []byte {
	dst = append(append(dst, prefix...), t.id[len("resp_"):]...)
	return strconv.AppendInt(append(dst, '_'), int64(n), 10)
}

// startBlock writes what stands before all deltas of an item (WR-4), and of its text
// (WR-5).
func (t *responsesTarget) startBlock(c *choice, b *block) {
	t.clearItem()
	if b.kind == blockItem {
		t.openItem("response.output_item.added")
		t.buf, _ = appendJSON(t.buf, b.held) // isResponsesItem has looked at it
		t.buf = append(t.buf, '}')
		t.send()
		return
	}
	prefix := "msg_"
	switch {
	case b.kind == blockReasoning:
		prefix = "rs_"
	case b.kind == blockCall && c.calls[b.call].isCustom():
		prefix = "ctc_"
	case b.kind == blockCall:
		prefix = "fc_"
	}
	t.itemID = t.appendItemID(t.itemID, prefix, t.index)
	t.openItem("response.output_item.added")
	t.buf = append(t.appendItem(t.buf, c, b, "in_progress"), '}')
	t.send()
	if b.kind == blockText || b.kind == blockRefusal {
		t.startPart(b)
	}
}

// A textForm says how the events of a kind of text are named.
type textForm struct {
	added, delta, done, partDone string
	index                        string // the member that numbers the part, and its number, which is always 0
	part, text                   string // the type of the part, and the member that holds its text
	rest                         string // other members of the delta
}

var (
	outputText = textForm{
		"response.content_part.added", "response.output_text.delta", "response.output_text.done", "response.content_part.done",
		`,"content_index":0`, "output_text", "text", `,"logprobs":[]`, // WR-21
	}
	refusalText = textForm{
		"response.content_part.added", "response.refusal.delta", "response.refusal.done", "response.content_part.done",
		`,"content_index":0`, "refusal", "refusal", "",
	}
	reasoningText = textForm{
		"response.content_part.added", "response.reasoning_text.delta", "response.reasoning_text.done", "response.content_part.done",
		`,"content_index":0`, "reasoning_text", "text", "",
	}
	summaryText = textForm{
		"response.reasoning_summary_part.added", "response.reasoning_summary_text.delta", "response.reasoning_summary_text.done", "response.reasoning_summary_part.done",
		`,"summary_index":0`, "summary_text", "text", "",
	}
)

func textFormOf(b *block) *textForm {
	switch {
	case b.kind == blockRefusal:
		return &refusalText
	case b.kind == blockReasoning && b.form == 's': // WR-16
		return &summaryText
	case b.kind == blockReasoning:
		return &reasoningText
	}
	return &outputText
}

func (t *responsesTarget) startPart(b *block) {
	f := textFormOf(b)
	t.openInItem(f.added)
	t.buf = append(append(t.buf, f.index...), `,"part":`...)
	t.buf = append(t.appendPart(t.buf, f), '}')
	t.send()
	t.inPart = true
}

// appendPart appends a part with the text so far.
func (t *responsesTarget) appendPart(dst []byte, f *textForm) []byte {
	dst = append(append(append(dst, `{"type":"`...), f.part...), `","`...)
	dst = append(append(append(dst, f.text...), `":"`...), t.text...)
	dst = append(dst, '"')
	if f == &outputText {
		dst = append(append(append(dst, `,"annotations":[`...), t.annotations...), ']')
		dst = append(append(append(dst, `,"logprobs":[`...), t.logprobs...), ']')
	}
	return append(dst, '}')
}

// writeText writes a delta. The part of a reasoning begins with its first text, since
// reasoning may be encrypted and have none.
func (t *responsesTarget) writeText(b *block, text []byte) {
	f := textFormOf(b)
	if !t.inPart {
		t.startPart(b)
	}
	if len(t.textHead) == 0 {
		t.textHead = append(append(append(t.textHead, `,"item_id":"`...), t.itemID...), `","output_index":`...)
		t.textHead = append(append(strconv.AppendInt(t.textHead, int64(t.index), 10), f.index...), `,"delta":"`...)
	}
	t.open(f.delta)
	event := append(t.buf, t.textHead...)
	from := len(event)
	event = appendEscaped(event, text)
	if !t.keep(event[from:]) {
		return
	}
	t.buf = append(append(append(event, '"'), f.rest...), '}')
	t.send()
}

// keep adds escaped text to that of the item.
func (t *responsesTarget) keep(escaped []byte) bool {
	if !t.hold(len(escaped)) {
		return false
	}
	t.text = append(t.text, escaped...)
	return true
}

func (t *responsesTarget) writeArguments(c *choice, b *block, text []byte) {
	typ := "response.function_call_arguments.delta"
	if c.calls[b.call].isCustom() {
		typ = "response.custom_tool_call_input.delta"
	}
	t.openInItem(typ)
	t.buf = append(t.buf, `,"delta":"`...)
	from := len(t.buf)
	t.buf = appendEscaped(t.buf, text)
	if !t.keep(t.buf[from:]) {
		return
	}
	t.buf = append(t.buf, `"}`...)
	t.send()
}

// replace forgets the arguments that were written in pieces. The last events of the item
// hold the whole arguments, and where the two differ clients take the whole.
func (t *responsesTarget) replace() bool {
	t.text = t.text[:0]
	return true
}

func (t *responsesTarget) keepArguments(text []byte) {
	if t.hold(len(text)) {
		t.text = appendEscaped(t.text, text)
	}
}

// endBlock writes what ends an item: the whole text, the part, and the item with all that
// it holds, from which alone Codex takes its text and its calls (WR-8, WR-9, WR-11).
func (t *responsesTarget) endBlock(c *choice, b *block) {
	status := "completed"
	switch {
	case b.kind == blockCall:
		if k := &c.calls[b.call]; t.cut && !k.valid {
			status = "incomplete"
		}
		t.endArguments(c, b)
	case t.inPart:
		if t.cut {
			status = "incomplete"
		}
		t.endPart(b)
	}
	t.openItem("response.output_item.done")
	from := len(t.output)
	t.appendOutput(c, b, status)
	item := t.output[from:]
	if from > 0 {
		item = item[len(","):]
	}
	t.buf = append(append(t.buf, item...), '}')
	t.send()
	t.index++
}

// appendOutput adds an item to the output of the response.
func (t *responsesTarget) appendOutput(c *choice, b *block, status string) {
	if len(t.output) > 0 {
		t.output = append(t.output, ',')
	}
	if b.kind == blockItem {
		t.output, _ = appendJSON(t.output, b.held)
		return
	}
	t.output = t.appendItem(t.output, c, b, status)
}

func (t *responsesTarget) endPart(b *block) {
	f := textFormOf(b)
	t.openInItem(f.done)
	t.buf = append(append(append(append(t.buf, f.index...), `,"`...), f.text...), `":"`...)
	t.buf = append(append(t.buf, t.text...), '"')
	if f == &outputText {
		t.buf = append(append(append(t.buf, `,"logprobs":[`...), t.logprobs...), ']')
	}
	t.buf = append(t.buf, '}')
	t.send()
	t.openInItem(f.partDone)
	t.buf = append(append(t.buf, f.index...), `,"part":`...)
	t.buf = append(t.appendPart(t.buf, f), '}')
	t.send()
}

func (t *responsesTarget) endArguments(c *choice, b *block) {
	typ, name := "response.function_call_arguments.done", `,"arguments":"`
	if c.calls[b.call].isCustom() {
		typ, name = "response.custom_tool_call_input.done", `,"input":"`
	}
	t.openInItem(typ)
	t.buf = append(append(append(t.buf, name...), t.text...), `"}`...)
	t.send()
}

// appendItem appends an item with all that it holds so far.
func (t *responsesTarget) appendItem(dst []byte, c *choice, b *block, status string) []byte {
	dst = append(append(append(dst, `{"id":"`...), t.itemID...), `","type":"`...)
	withStatus := func(dst []byte) []byte {
		return append(append(append(dst, `,"status":"`...), status...), '"')
	}
	switch b.kind {
	case blockReasoning:
		return t.appendReasoning(append(dst, `reasoning"`...), b)
	case blockCall:
		k := &c.calls[b.call]
		typ, input := `function_call"`, `,"arguments":"`
		if k.isCustom() {
			typ, input = `custom_tool_call"`, `,"input":"`
		}
		dst = withStatus(append(dst, typ...))
		dst = t.appendCallID(append(dst, `,"call_id":"`...), c, b.call)
		dst = appendString(append(dst, `","name":`...), k.name)
		return append(append(append(dst, input...), t.text...), `"}`...)
	}
	dst = append(withStatus(append(dst, `message"`...)), `,"role":"assistant","content":[`...)
	if t.inPart {
		dst = t.appendPart(dst, textFormOf(b))
	}
	return append(dst, "]}"...)
}

// appendReasoning appends the members of a reasoning item after its type. It has no
// status.
func (t *responsesTarget) appendReasoning(dst []byte, b *block) []byte {
	f := textFormOf(b)
	dst = append(dst, `,"summary":[`...)
	if t.inPart && f == &summaryText {
		dst = t.appendPart(dst, f)
	}
	dst = append(dst, ']')
	if f == &reasoningText && t.inPart {
		dst = append(t.appendPart(append(dst, `,"content":[`...), f), ']')
	}
	if len(b.data) > 0 {
		dst = appendString(append(dst, `,"encrypted_content":`...), b.data)
	}
	return append(dst, '}')
}
