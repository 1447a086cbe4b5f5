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
	known *wire.FrameCache // cache for binary frames, or nil before the first frame
	out   Delta            // the delta that is being delivered
	used  bool             // more than frame was used, so release has to detach the Context
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

// A type of package decode and its public twin have the same fields. Go refuses the
// conversion if they drift apart.

// set makes d the public form of x. d shares the bytes of x.
func (d *Delta) set(x *decode.Delta) {
	d.Kind, d.Choice, d.Text, d.Raw, d.Event, d.Sequence, d.Part = Kind(x.Kind), x.Choice, x.Text, x.Raw, x.Event, x.Sequence, x.Part
	d.EventIndex = x.EventIndex
	d.ToolCall, d.Start, d.Detail = ToolCallDelta(x.ToolCall), (*Start)(x.Start), (*ReasoningDetail)(x.Detail)
	d.FinishReason, d.NativeFinishReason, d.StopSequence = FinishReason(x.FinishReason), x.NativeFinishReason, x.StopSequence
	d.Usage, d.Err = usageOf(&x.Usage), nil
	switch {
	case x.API != nil:
		d.Err = (*APIError)(x.API)
	case x.Damage != nil:
		d.Err = damageOf(x.Damage)
	}
}

// usageOf returns the public form of u.
func usageOf(u *decode.Usage) Usage {
	return Usage{
		Input: u.Input, Output: u.Output, Total: u.Total,
		Cached: u.Cached, CacheWrite: u.CacheWrite, Reasoning: u.Reasoning,
		Reported: UsageFields(u.Reported), CachedInInput: Tri(u.CachedInInput), ReasoningInOutput: Tri(u.ReasoningInOutput),
		Raw: u.Raw,
	}
}

// damageOf returns the public form of e, which is the same one for each call, or nil if e
// is nil.
func damageOf(e *decode.SyntaxError) error {
	if e == nil {
		return nil
	}
	e.Err = publicFault(e.Err)
	return (*SyntaxError)(e)
}
