package encode

import (
	"unicode/utf8"

	"github.com/seed-4d65deac/llmstream"
)

// A run is a sequence of deltas whose text is written to the same place. Nearly all deltas
// of a long answer are in one. The first delta of a run is written in full. Those that
// follow skip what it has settled: that the stream and the choice have begun, and which
// block is open.
type run struct {
	kind         llmstream.Kind // of all its deltas; 0: there is no run
	choice, part int
	form         byte // of reasoning; see formOf
}

// beginRun notes that text like that of d can be written by target.more, until a delta of
// another kind, or of another place, comes.
func (e *Encoder) beginRun(c *choice, d *llmstream.Delta) {
	switch {
	case e.ended: // the text was more than may be held
	case d.Detail != nil: // which may close the block, as a signature does
	case d.Part < c.part: // each of these is counted in Lost.Order
	default:
		e.run = run{kind: d.Kind, choice: d.Choice, part: d.Part, form: formOf(d)}
	}
}

// continues reports whether d has text for the run and nothing else. A text that is cut
// inside a character is for mend, and so is the one that follows it.
func (r *run) continues(d *llmstream.Delta) bool {
	return d.Kind == r.kind && d.Choice == r.choice && d.Part == r.part && d.Detail == nil &&
		isWhole(d.Text) && (d.Kind == llmstream.KindContent || formOf(d) == r.form)
}

// isWhole reports whether a text ends with a character, and not inside one.
func isWhole(text []byte) bool {
	n := len(text)
	return n > 0 && (text[n-1] < utf8.RuneSelf || cutLen(text) == 0)
}
