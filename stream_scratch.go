package llmstream

import (
	"sync"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/template"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// The strings of fastjson are slices of the parser's copy, so the next Parse destroys
// them. Deltas borrow them. So a scratch goes back to the pool only after its deltas were
// used.

// scratch is the memory for reading one event. A stream borrows it from a pool while an
// event is read and its deltas are delivered. While a stream waits for bytes it holds no
// scratch: a gateway has thousands of open streams, and nearly all of them wait.
type scratch struct {
	decode.Context
	frame wire.Frame       // the frame that the wire has found, usually an event
	known *wire.FrameCache // cache for binary frames; nil until a frame has come
	out   Delta            // the delta that is being delivered
	used  bool             // something was decoded, or a template was matched
	// single is set if out is the only delta of the event, and Deltas is empty. That is
	// so for most events that fit a template.
	single bool
	// match describes the last event that fitted a template. begun is the number of bytes
	// after that event that were found to begin the next one.
	match template.Match
	begun int
}

// count returns the number of deltas of the event.
func (s *scratch) count() int {
	if s.single {
		return 1
	}
	return len(s.Deltas)
}

// load makes delta i of the event the current one.
func (s *scratch) load(i int) {
	if !s.single {
		s.out.set(&s.Deltas[i])
	}
}

// only returns the single delta of an event, to be filled in.
func (s *scratch) only() *Delta {
	s.single = true
	s.out = Delta{}
	return &s.out
}

// drop forgets the deltas of the event.
func (s *scratch) drop() { s.Deltas, s.single = s.Deltas[:0], false }

var scratchPool = sync.Pool{New: func() any { return new(scratch) }}

func borrowScratch(t *decode.Stream, o *decode.Limits) *scratch {
	s := scratchPool.Get().(*scratch)
	s.Attach(t, o)
	s.begun = 0
	return s
}

// release returns s to the pool. Nothing that was borrowed from s may be used afterwards.
func (s *scratch) release() {
	s.frame = wire.Frame{} // it holds slices of the input, and so do the deltas
	if s.used {
		s.Detach()
		s.out, s.single, s.used = Delta{}, false, false
	} else {
		s.Attach(nil, nil)
		s.Sink = nil
	}
	scratchPool.Put(s)
}

// knownFrames returns the cache for frames with these headers.
func (s *scratch) knownFrames(headers []byte) *wire.FrameCache {
	if s.known == nil {
		s.known = new(wire.FrameCache)
	}
	s.known.Use(headers)
	return s.known
}
