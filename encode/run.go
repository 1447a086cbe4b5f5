package encode

import (
	"unicode/utf8"

	"github.com/seed-4d65deac/llmstream"
)

// A run is a sequence of deltas whose texts follow each other in the target's stream. Nearly
// all deltas of a long answer are in one. The first delta of a run is handled in full. The
// others need not check again that the stream, the choice and the block have begun.
type run struct {
	kind         llmstream.Kind // kind of all its deltas, or 0 if there is no run
	choice, part int
	form         byte // form of its reasoning; see formOf
}

// beginRun begins a run with d, which has just been written. target.more writes the texts
// of the run until another delta comes.
func (e *Encoder) beginRun(c *choice, d *llmstream.Delta) {
	switch {
	case e.ended: // the text has exceeded Options.MaxHeld
	case d.Detail != nil: // a detail may close the block, as a signature does
	case d.Part < c.part: // each of these deltas is counted in Lost.Order
	default:
		e.run = run{kind: d.Kind, choice: d.Choice, part: d.Part, form: formOf(d)}
	}
}

// continues reports whether d has a text of the run and nothing else. If the text is cut
// inside a character, mend has to see it and the text after it.
func (r *run) continues(d *llmstream.Delta) bool {
	return d.Kind == r.kind && d.Choice == r.choice && d.Part == r.part && d.Detail == nil &&
		isWhole(d.Text) && (d.Kind == llmstream.KindContent || formOf(d) == r.form)
}

// isWhole reports whether a text ends with a character, and not inside one.
func isWhole(text []byte) bool {
	n := len(text)
	return n > 0 && (text[n-1] < utf8.RuneSelf || cutLen(text) == 0)
}
