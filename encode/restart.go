package encode

import (
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

// hasWritten reports whether something of a part was written; -1: of any part.
func (c *choice) hasWritten(part int) bool {
	for i := range c.calls {
		if k := &c.calls[i]; k.started && (part < 0 || k.part == part) {
			return true
		}
	}
	return part < 0 && len(c.wrote) > 0 || len(c.wrote) == maxWrote || slices.Contains(c.wrote, part)
}

// beginAgain drops what has come of a part of the message that begins anew. With the part
// -1 it is another answer that begins: what belongs to no part is void, and the parts
// follow one by one. !ok: something of it was written.
func (e *Encoder) beginAgain(c *choice, part int) (ok bool) {
	if c.hasWritten(part) {
		e.failAgain("the upstream began its answer again")
		return false
	}
	if part < 0 {
		c.finished, c.reason, c.annotated = false, llmstream.FinishNone, 0
		c.native, c.stopText = c.native[:0], c.stopText[:0]
		e.usage = llmstream.Usage{}
		for i := range c.calls { // as llmstream.Accumulator has it
			if k := &c.calls[i]; k.argsWithStart {
				k.held, k.empty = k.held[:0], true
			}
		}
		return true
	}
	for i := range c.calls {
		if k := &c.calls[i]; k.part == part {
			k.void, k.closed = true, true
			k.held, k.extra = k.held[:0], k.extra[:0]
		}
	}
	e.dropTails(func(t *cutTail) bool { return t.choice == c.index && t.part == part })
	if e.begun {
		e.target.drop(c, part)
	}
	return true
}

// voidArguments drops the arguments of a call, which begin anew. !ok: they were written.
func (e *Encoder) voidArguments(k *call) (ok bool) {
	if k.told || k.closed {
		e.failAgain("the upstream began the arguments of a tool call again")
		return false
	}
	k.held = k.held[:0]
	return true
}

// failAgain ends the stream, since what is void was written.
func (e *Encoder) failAgain(message string) {
	e.lost.Restarts++
	e.abort(failure{status: 502, typ: "server_error", message: message})
}
