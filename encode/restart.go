package encode

import (
	"bytes"
	"slices"

	"github.com/seed-4d65deac/llmstream"
)

// A source may take back what it has said: all of its answer, a part of it, or the
// arguments of a call. What waits to be written is dropped then. What was written cannot
// be taken back, and the stream ends with an error (WG-20).

// maxWrote is how many parts of a message are told apart as written or not. Past it each
// part counts as written.
const maxWrote = 256

// writes notes that something of a part of the message is written.
func (c *choice) writes(part int) {
	if n := len(c.wrote); n == maxWrote || n > 0 && c.wrote[n-1] == part {
		return
	}
	if !slices.Contains(c.wrote, part) {
		c.wrote = append(c.wrote, part)
	}
}

// hasWritten reports whether something of a part was written that is no call; -1: of any
// part, be it a call.
func (c *choice) hasWritten(part int) bool {
	if part < 0 {
		return len(c.wrote) > 0 || slices.ContainsFunc(c.calls, func(k call) bool { return k.started })
	}
	return len(c.wrote) == maxWrote || slices.Contains(c.wrote, part)
}

// restart drops what has come of a part of the message that begins anew. With the part
// -1 it is another answer that begins: what belongs to no part is void, and the parts
// follow one by one. If something of it was written, the stream ends with an error.
func (e *Encoder) restart(c *choice, part int) {
	if c.hasWritten(part) {
		e.failAgain("the upstream began its answer again")
		return
	}
	if part < 0 {
		c.finished, c.reason = false, llmstream.FinishNone
		c.native, c.stopText = c.native[:0], c.stopText[:0]
		e.usage = llmstream.Usage{}
		for i := range c.calls { // as llmstream.Accumulator has it
			if k := &c.calls[i]; k.argsWithStart {
				k.held, k.empty = k.held[:0], true
			}
		}
		return
	}
	for i := range c.calls {
		k := &c.calls[i]
		switch {
		case k.part != part || k.void:
		case !k.started:
			k.void, k.closed = true, true
			k.held, k.extra = k.held[:0], k.extra[:0]
		case !e.voidArguments(k):
			return
		default:
			k.void, k.again, k.ended = true, true, false
		}
	}
	e.dropTails(func(t *cutTail) bool { return t.choice == c.index && t.part == part })
	if e.begun {
		e.target.drop(c, part)
	}
}

// voidArguments drops the arguments of a call, which begin anew. Where a target writes them
// whole at the call's end, that replaces what was written. !ok: it cannot be taken back.
func (e *Encoder) voidArguments(k *call) (ok bool) {
	if k.closed || k.told && !e.target.replace() {
		e.failAgain("the upstream began the arguments of a tool call again")
		return false
	}
	if k.told {
		e.lost.Replaced++
		k.told, k.replaced = false, true
	}
	k.held = k.held[:0]
	return true
}

// takesBackEnd reports whether d says that a call which has ended must not be run, since more
// of its arguments came. The client may run it.
func (c *choice) takesBackEnd(d *llmstream.Delta) bool {
	at := d.ToolCall.Index
	if d.Kind != llmstream.KindToolCallEnd || d.ToolCall.ArgumentsValid || at < 0 || at >= len(c.calls) {
		return false
	}
	k := &c.calls[at]
	return k.ended && k.valid && !k.void
}

// takeOver makes what was written of a void call the beginning of k, if k is the same call
// once more: Responses begins a call anew, with its ID and its name, when the whole arguments
// differ from their pieces. It returns the void call's index; -1: there is none.
func (c *choice) takeOver(k *call) (from int) {
	if k.started || len(k.id) == 0 {
		return -1
	}
	for i := range c.calls {
		old := &c.calls[i]
		if old.again && old.part == k.part && bytes.Equal(old.id, k.id) && bytes.Equal(old.name, k.name) && old.isCustom() == k.isCustom() {
			k.started, k.place, k.replaced, k.extraTold = true, old.place, old.replaced, old.extraTold
			old.again, old.started, old.closed = false, false, true
			return i
		}
	}
	return -1
}

// awaitsCall reports whether the beginning of a void call was written that no other call
// has taken over.
func (e *Encoder) awaitsCall() bool {
	for i := range e.choices {
		if slices.ContainsFunc(e.choices[i].calls, func(k call) bool { return k.again }) {
			return true
		}
	}
	return false
}

// isEmptyArguments reports whether a call has no arguments.
func isEmptyArguments(arguments []byte) bool {
	inner, isObject := bytes.CutPrefix(bytes.TrimSpace(arguments), []byte("{"))
	return len(inner) == 0 || isObject && string(bytes.TrimSpace(inner)) == "}"
}

// failAgain ends the stream, since what is void was written.
func (e *Encoder) failAgain(message string) {
	e.lost.Restarts++
	e.abort(failure{status: 502, typ: "server_error", message: message})
}
