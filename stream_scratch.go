package llmstream

import (
	"sync"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/template"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// Strings of fastjson die at the next Parse: they are slices of the parser's copy.
// Deltas borrow them, so a scratch goes back to the pool only after its deltas are used
// up.

// scratch is what reading one event takes. A stream borrows it from a pool while an
// event is read and its deltas are delivered, and not while it waits for bytes: a
// gateway has thousands of open streams, and nearly all of them wait.
type scratch struct {
	decode.Context
	frame wire.Frame       // what the wire has found: an event, in most cases
	known *wire.FrameCache // of binary frames; nil until some have come
	out   Delta            // the delta that is being delivered
	// single: out is the only delta of the event, and Deltas is empty, as for most
	// events that fit a template.
	single bool
	// match describes the last event that fitted a template. begun is how many bytes
	// after that event were found to begin the next one.
	match template.Match
	begun int
}

// count returns how many deltas the event has given.
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

// only returns the delta of an event with one delta, to be filled in.
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

// release returns s to the pool, unless a huge event has grown it. Nothing borrowed
// from it may be used any more.
func (s *scratch) release() {
	if !s.Detach() {
		return
	}
	s.frame, s.out, s.single = wire.Frame{}, Delta{}, false // they hold slices of what was read
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
