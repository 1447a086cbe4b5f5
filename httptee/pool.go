package httptee

import (
	"sync"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// watcher is what all responses of a Transport, a proxy or a Middleware share.
type watcher struct {
	Options
	parser llmstream.Options
	kinds  llmstream.Kind    // for the caller's handlers
	system bool              // Now is time.Now
	pools  [1 << 8]sync.Pool // of *reading, by dialect
	// tailWait is how long Close waits for the end of a body after its end marker.
	tailWait time.Duration
}

const (
	defaultMaxLag = 1 << 20
	bufferSize    = 32 << 10
)

// reading is the parser of one response with what it fills. It is borrowed from a pool.
type reading struct {
	parser *llmstream.Parser
	asked  llmstream.Dialect
	answer llmstream.Accumulator
	watch  *watch
	theirs llmstream.Handler // Options.Deltas has returned it; may be nil
	doneAt int64             // bytes of the body that had come with the end marker; 0: it has not come
}

func newWatcher(o *Options) *watcher {
	w := &watcher{tailWait: defaultTailWait}
	if o != nil {
		w.Options = *o
	}
	if w.Options.Parser != nil {
		w.parser = *w.Options.Parser
	}
	w.kinds = w.parser.Kinds
	w.parser.Kinds, w.parser.Events = 0, nil // timings need all kinds
	if w.kinds == 0 {
		w.kinds = ^llmstream.Kind(0)
	}
	orDefault(&w.MaxLag, defaultMaxLag)
	orDefault(&w.MaxRatio, defaultMaxRatio)
	orDefault(&w.MaxInflated, defaultMaxInflated)
	orDefault(&w.MaxLate, defaultMaxLate)
	if w.system = w.Now == nil; w.system {
		w.Now = time.Now
	}
	w.pools[w.Options.Dialect].Put(w.newReading(w.Options.Dialect)) // panics for an unknown dialect
	return w
}

func orDefault[T int | int64](limit *T, to T) {
	if *limit <= 0 {
		*limit = to
	}
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
	r.watch, r.theirs, r.doneAt = nil, nil, 0
	w.pools[r.asked].Put(r)
}

// forUsage are the kinds of deltas that the usage and the model come from.
const forUsage = llmstream.KindStart | llmstream.KindUsage

// HandleDelta notes when d came, adds it to the answer, and hands it to the caller's handler.
func (r *reading) HandleDelta(d *llmstream.Delta) error {
	w := r.watch
	if d.Raw != nil {
		w.event()
	}
	if d.HasOutput() {
		w.output()
	}
	if d.Kind == llmstream.KindDone {
		w.endMarker()
	}
	if !w.UsageOnly || d.Kind&forUsage != 0 {
		r.answer.HandleDelta(d) // never fails
	}
	if r.theirs != nil && d.Kind&w.kinds != 0 {
		return r.theirs.HandleDelta(d)
	}
	return nil
}
