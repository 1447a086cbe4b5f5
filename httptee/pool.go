package httptee

import (
	"sync"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// watcher is what all responses of a Transport, proxy or Middleware share.
type watcher struct {
	Options
	parser llmstream.Options
	kinds  llmstream.Kind    // for the caller's handlers
	system bool              // Now is time.Now
	pools  [1 << 8]sync.Pool // of *reading, by dialect
}

const (
	defaultMaxLag = 1 << 20
	bufferSize    = 32 << 10
)

// A reading is what parsing one response takes. It is borrowed from a pool.
type reading struct {
	parser *llmstream.Parser
	asked  llmstream.Dialect
	answer llmstream.Accumulator
	watch  *watch
	theirs llmstream.Handler // the caller's; nil: none
}

func newWatcher(o *Options) *watcher {
	w := &watcher{}
	if o != nil {
		w.Options = *o
	}
	if w.Options.Parser != nil {
		w.parser = *w.Options.Parser
	}
	w.kinds = w.parser.Kinds
	w.parser.Kinds, w.parser.Events = 0, nil // timings take all kinds
	if w.kinds == 0 {
		w.kinds = ^llmstream.Kind(0)
	}
	if w.MaxLag <= 0 {
		w.MaxLag = defaultMaxLag
	}
	if w.system = w.Now == nil; w.system {
		w.Now = time.Now
	}
	w.pools[w.Options.Dialect].Put(w.newReading(w.Options.Dialect)) // panics if there is no such dialect
	return w
}

func (w *watcher) newReading(d llmstream.Dialect) *reading {
	r := &reading{asked: d}
	r.answer.MaxBytes = w.MaxBytes
	r.parser = llmstream.NewParser(d, r, &w.parser)
	return r
}

func (w *watcher) borrow(d llmstream.Dialect) *reading {
	if r, ok := w.pools[d].Get().(*reading); ok {
		return r
	}
	return w.newReading(d)
}

func (w *watcher) giveBack(r *reading) {
	r.parser.Reset()
	r.answer.Reset()
	r.watch, r.theirs = nil, nil
	w.pools[r.asked].Put(r)
}

// forUsage are the deltas without which there are no usage and no model.
const forUsage = llmstream.KindStart | llmstream.KindUsage

// HandleDelta notes when d came, folds it, and hands it on.
func (r *reading) HandleDelta(d *llmstream.Delta) error {
	w := r.watch
	if d.Raw != nil {
		w.event()
	}
	if d.HasOutput() {
		w.output()
	}
	if !w.UsageOnly || d.Kind&forUsage != 0 {
		r.answer.HandleDelta(d) // never fails
	}
	if r.theirs != nil && d.Kind&w.kinds != 0 {
		return r.theirs.HandleDelta(d)
	}
	return nil
}
