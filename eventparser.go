package llmstream

import (
	"fmt"
	"io"

	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// An EventParser is pushed the bytes of any SSE stream, cut anywhere, and hands
// its events to an [EventHandler]: the algorithm of WHATWG HTML section 9.2 and
// nothing beyond it. An event that is unfinished when the input ends is dropped.
//
// An EventParser is not safe for concurrent use.
type EventParser struct {
	sse     wire.SSEReader
	handler EventHandler
	comment CommentHandler
	stopped error
	damage  error // the first event that was left out
	closed  bool
	busy    bool // a handler runs; still set behind that: it has panicked
}

var _ io.WriteCloser = (*EventParser)(nil)

// NewEventParser returns a parser that hands events to h, which must not be nil,
// and comments too if h is a [CommentHandler]. Of the options, which may be nil, MaxLine and MaxEvent
// apply: an event past them is left out, and Close tells so.
func NewEventParser(h EventHandler, o *Options) *EventParser {
	p := &EventParser{handler: h}
	p.comment, _ = h.(CommentHandler)
	p.sse.Init(o.withDefaults().wire(), true, p.comment != nil)
	return p
}

// Write takes the next bytes of the stream and hands out every event that they
// complete, before it returns. It keeps nothing of b and does not write to it.
// It fails only with the handler's error: the bytes up to the end of that event
// then count as written, and each further Write returns 0 and the same error
// until Reset. Behind Close it returns io.ErrClosedPipe; behind a handler's panic,
// which passes through, an error that is ErrStopped.
func (p *EventParser) Write(b []byte) (n int, err error) {
	p.notePanic()
	if p.stopped != nil {
		return 0, p.stopped
	}
	if p.closed {
		return 0, io.ErrClosedPipe
	}
	var f wire.Frame
	for {
		k, ok := p.sse.Next(b[n:], &f)
		n += k
		p.busy = true
		switch {
		case !ok:
			p.busy = false
			return n, nil
		case f.Kind == wire.FrameEvent:
			err = p.handler.HandleEvent((*Event)(&f.Event))
		case f.Kind == wire.FrameTooLarge && p.damage == nil:
			p.damage = fmt.Errorf("%san event was left out: %w", errorPrefix, publicFault(f.Err))
		case f.Kind == wire.FrameComment && p.comment != nil && f.Data != nil:
			err = p.comment.HandleComment(f.Data)
		}
		p.busy = false
		if err != nil {
			p.stopped = err
			return n, err
		}
	}
}

// Close tells that the stream has ended. It returns the handler's error if that
// ended the reading, else an error with a *[LimitError] in it if an event was left out.
func (p *EventParser) Close() error {
	p.notePanic()
	p.closed = true
	if p.stopped != nil {
		return p.stopped
	}
	return p.damage
}

// notePanic ends the stream when a handler's panic has passed through.
func (p *EventParser) notePanic() {
	if p.busy {
		p.stopped, p.busy = errPanicked, false
	}
}

// Reset makes p ready for another stream with the same handler. It keeps its
// memory.
func (p *EventParser) Reset() {
	p.sse.Reset()
	p.stopped, p.damage, p.closed, p.busy = nil, nil, false, false
}

// LastEventID returns the last event ID that the stream has set, to be sent as
// Last-Event-ID when it is resumed; empty: it has set none. It is borrowed until
// the next Write or Reset.
func (p *EventParser) LastEventID() []byte { return p.sse.LastEventID() }

// Retry returns the reconnection time that the stream has set, in milliseconds;
// -1: none.
func (p *EventParser) Retry() int { return p.sse.LastRetry() }
