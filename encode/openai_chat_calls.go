package encode

import (
	"strconv"

	"github.com/seed-4d65deac/llmstream"
)

// toolCall takes a piece of a call, or its end.
func (t *chatTarget) toolCall(c *choice, d *llmstream.Delta) {
	k := c.call(d.ToolCall.Index, d.Part)
	switch {
	case k == nil:
		t.lost.ToolCalls++
		return
	case k.void:
		return
	case d.ToolCall.Restart && !t.voidArguments(k):
		return
	}
	k.note(d, &t.lost)
	c.takeOver(k)
	arguments := d.ToolCall.Arguments
	if !k.started || t.opt.HoldArguments {
		if !t.hold(len(arguments)) {
			return
		}
		k.held = append(k.held, arguments...)
		arguments = nil
	}
	if !k.started && t.mayStart(k) {
		t.startCall(c, k, d.ToolCall.Index)
	}
	if !k.started || k.closed {
		return
	}
	switch {
	case k.ended:
		t.endCall(c, k)
	case !t.opt.HoldArguments && len(k.held) > 0:
		t.arguments(c, k, k.held)
		k.held = k.held[:0]
	case len(arguments) > 0:
		t.arguments(c, k, arguments)
	}
	if len(k.extra) > 0 && !k.extraTold {
		t.openCall(c, k)
		t.extra(k)
		t.buf = append(t.buf, `,"function":{"arguments":""}}]`...)
		t.sendChunk()
	}
}

// startCall writes the first fragment of a call: its ID, type and name, once and whole, as
// some clients join what comes twice (WC-10, WG-14).
func (t *chatTarget) startCall(c *choice, k *call, index int) {
	k.started, c.called = true, true
	k.place = 0
	for i := range c.calls {
		if other := &c.calls[i]; other.started && other != k {
			k.place++ // calls alone are counted (WC-9)
		}
	}
	t.openCall(c, k)
	t.buf = t.appendCallID(append(t.buf, `,"id":"`...), c, index)
	if k.isCustom() { // WC-12
		t.buf = appendString(append(t.buf, `","type":"custom","custom":{"name":`...), k.name)
		t.buf = append(t.buf, `,"input":""}`...)
	} else {
		t.buf = appendString(append(t.buf, `","type":"function","function":{"name":`...), k.name)
		t.buf = append(t.buf, `,"arguments":""}`...)
	}
	t.extra(k)
	t.buf = append(t.buf, "}]"...)
	t.sendChunk()
}

// openCall begins a chunk with one entry for one call (WC-11).
func (t *chatTarget) openCall(c *choice, k *call) {
	t.open(c)
	t.buf = strconv.AppendInt(append(t.buf, `"tool_calls":[{"index":`...), int64(k.place), 10)
}

// extra adds what has to go back with the call, once (WC-15).
func (t *chatTarget) extra(k *call) {
	if len(k.extra) == 0 || k.extraTold {
		return
	}
	k.extraTold = true
	at := len(t.buf)
	b, ok := appendJSON(append(t.buf, `,"extra_content":`...), k.extra)
	if !ok {
		t.lost.CallExtras++
		b = b[:at]
	}
	t.buf = b
}

// drop has nothing to do: what waits are calls.
func (t *chatTarget) drop(*choice, int) {}

func (t *chatTarget) replace() bool { return false }

// arguments writes a piece of a call's arguments. A whole JSON value after others, as in
// {"a":1}{"a":1}, does not stand in a chunk of its own: clients take that for the same
// call once more, and run what the model has not said.
func (t *chatTarget) arguments(c *choice, k *call, text []byte) {
	if k.told && isWholeValue(text) {
		at := skipSpace(text, 0) + 1
		t.argumentsChunk(c, k, text[:at])
		text = text[at:]
	}
	k.told = true
	t.argumentsChunk(c, k, text)
}

func (t *chatTarget) argumentsChunk(c *choice, k *call, text []byte) {
	t.openCall(c, k)
	name := `,"function":{"arguments":`
	if k.isCustom() {
		name = `,"custom":{"input":`
	}
	t.buf = append(appendString(append(t.buf, name...), text), "}}]"...)
	t.sendChunk()
}

// endCall writes what is left of a call that has ended.
func (t *chatTarget) endCall(c *choice, k *call) {
	k.closed = true
	switch {
	case k.isCustom():
		if len(k.held) > 0 {
			t.arguments(c, k, k.held)
		}
	case t.opt.HoldArguments:
		var ok bool
		if t.args, ok = t.appendArguments(t.args[:0], k); !ok {
			t.abort(errArguments)
			return
		}
		t.arguments(c, k, t.args)
	case k.empty: // clients parse "" and fail (WG-16)
		t.arguments(c, k, []byte("{}"))
	case len(k.held) > 0:
		t.arguments(c, k, k.held)
	}
	if !k.valid && !t.opt.HoldArguments {
		t.lost.Arguments++
	}
}

// endCalls ends the calls of which the source did not say that they have ended.
func (t *chatTarget) endCalls(c *choice) {
	for i := range c.calls {
		k := &c.calls[i]
		if k.closed || t.ended { // void calls are closed
			continue
		}
		k.ended = k.ended || t.opt.HoldArguments && isObject(k.held)
		switch {
		case len(k.name) == 0:
			if !k.empty || len(k.id) > 0 {
				t.lost.ToolCalls++
			}
			continue
		case !k.started:
			t.startCall(c, k, i)
		}
		t.endCall(c, k)
	}
}
