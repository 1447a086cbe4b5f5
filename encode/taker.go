package encode

import (
	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/direct"
)

// taker takes the texts of a run without deltas.
type taker Encoder

func init() {
	direct.Register(func(h any) direct.Taker {
		if e, ok := h.(*Encoder); ok {
			return (*taker)(e)
		}
		return nil
	})
}

// Takes reports whether there is such a run.
func (t *taker) Takes(kind uint32, choice, part int, typ []byte) bool {
	r := &t.run
	return llmstream.Kind(kind) == r.kind && choice == r.choice && part == r.part && (r.kind == llmstream.KindContent || formOfEvent(typ) == r.form)
}

// TakeText writes a text that continues the run.
func (t *taker) TakeText(text []byte) (ok bool) {
	e := (*Encoder)(t)
	if e.err != nil || e.run.kind == 0 || len(e.tails) > 0 || !isWhole(text) {
		return false
	}
	e.target.more(text)
	return true
}

// EndTexts hands the events of the texts to the writer, all at once.
func (t *taker) EndTexts() error { return (*Encoder)(t).flush() }
