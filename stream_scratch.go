package llmstream

import (
	"sync"

	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// scratch is what reading one event takes. A stream borrows it from a pool while an
// event is read and its deltas are handed out, and not while it waits for bytes: a
// gateway has thousands of streams open, and nearly all of them wait.
type scratch struct {
	step
	frame wire.Frame       // what the wire has found: an event, in most cases
	known *wire.FrameCache // of binary frames; nil until some have come
	out   Delta            // the delta that is being handed out
}

var scratchPool = sync.Pool{New: func() any { return new(scratch) }}

func borrowScratch(t *track, o *decodeLimits) *scratch {
	s := scratchPool.Get().(*scratch)
	s.attach(t, o)
	return s
}

// release returns s to the pool, except where a huge event has grown it. Nothing
// that it lent may be used any more.
func (s *scratch) release() {
	if !s.detach() {
		return
	}
	s.frame, s.out = wire.Frame{}, Delta{} // they hold slices of what was read
	scratchPool.Put(s)
}

// knownFrames returns what is known of frames with these headers.
func (s *scratch) knownFrames(headers []byte) *wire.FrameCache {
	if s.known == nil {
		s.known = new(wire.FrameCache)
	}
	s.known.Use(headers)
	return s.known
}
