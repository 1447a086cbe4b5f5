package encode

import (
	"bytes"
	"slices"

	"github.com/seed-4d65deac/llmstream"
)

// A source may take back all of its answer, a part of it, or the arguments of a call. What
// waits to be written is dropped then. What was written cannot be taken back, so the stream
// ends with an error (WG-20).

// maxWrote is the number of parts of a message that are remembered as written. Once there
// are as many, every part counts as written.
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

// hasWritten reports whether something of a part was written, other than calls. For the part
// -1 it reports whether anything was written, including calls.
func (c *choice) hasWritten(part int) bool {
	if part < 0 {
		return len(c.wrote) > 0 || slices.ContainsFunc(c.calls, func(k call) bool { return k.started })
	}
	return len(c.wrote) == maxWrote || slices.Contains(c.wrote, part)
}

// restart drops what has come of a part of the message that begins anew. If something of the
// part was written, the stream ends with an error. The part -1 means that another answer
// begins: what belongs to no part is void, and a restart of each part follows.
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

// voidArguments drops the arguments of a call, which begin anew. Some targets write all
// arguments once more at the call's end, which replaces what was written. In others what was
// written cannot be taken back: the stream ends with an error and ok is false.
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

// takesBackEnd reports whether d revokes the end of a call, since arguments came after it. The
// client may have run the call by then.
func (c *choice) takesBackEnd(d *llmstream.Delta) bool {
	at := d.ToolCall.Index
	if d.Kind != llmstream.KindToolCallEnd || d.ToolCall.ArgumentsValid || at < 0 || at >= len(c.calls) {
		return false
	}
	k := &c.calls[at]
	return k.ended && k.valid && !k.void
}

// takeOver makes what was written of a void call the beginning of k, if k is the same call
// once more. Responses begins a call anew, with its ID and its name, if the whole arguments
// differ from their pieces. takeOver returns the void call's index, or -1.
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
