package encode

import (
	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/direct"
)

// taker makes an Encoder a [direct.Taker]: the texts that continue the Encoder's run need
// no deltas.
type taker Encoder

func init() {
	direct.Register(func(h any) direct.Taker {
		if e, ok := h.(*Encoder); ok {
			return (*taker)(e)
		}
		return nil
	})
}

// Takes reports whether these texts continue the run.
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

// EndTexts writes the events of the texts with one call of the writer.
func (t *taker) EndTexts() error { return (*Encoder)(t).flush() }
