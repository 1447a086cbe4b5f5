package sse

import (
	"errors"
	"io"
	"iter"

	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// Events returns the events of the stream that r holds. It reads r as the loop asks
// for events, and does not close it. o may be nil and is copied.
//
//	for e, err := range sse.Events(resp.Body, nil) {
//		if err != nil {
//			return err
//		}
//		fmt.Printf("%s\n", e.Data)
//	}
//
// Each event comes as (e, nil). e is borrowed until the loop asks for the next one.
// An event past a limit comes as (nil, err), where err is a *[LimitError]; the
// stream goes on after it if the loop does. An error of r other than io.EOF comes
// as a last pair (nil, err), after the events that were complete.
//
// After a break, ranging over the same sequence again goes on with the next event.
// To reconnect with the last event ID, use a [Parser] and its Resume.
func Events(r io.Reader, o *Options) iter.Seq2[*Event, error] {
	s := &source{r: r}
	s.events.Init(o.limits(), true, false)
	return func(yield func(*Event, error) bool) {
		for s.next() {
			if s.frame.Kind == wire.FrameEvent && !yield((*Event)(&s.frame.Event), nil) {
				return
			}
			if s.frame.Kind == wire.FrameTooLarge && !yield(nil, limitError(s.frame.Err)) {
				return
			}
		}
		if s.err != io.EOF {
			yield(nil, s.err)
		}
	}
}

const (
	readSize      = 16 << 10
	maxEmptyReads = 100 // as in package bufio
)

var errNoReader = errors.New("sse: Events was given no reader")

// A source is where a sequence of events comes from.
type source struct {
	r      io.Reader
	events wire.SSEReader
	frame  wire.Frame
	buf    []byte
	unread []byte // the part of buf that no event was found in yet
	err    error  // of r, after which nothing more is read
}

// next fills s.frame. ok is false at the end of the stream, and s.err is then why.
func (s *source) next() (ok bool) {
	for {
		n, ok := s.events.Next(s.unread, &s.frame)
		s.unread = s.unread[n:]
		if ok {
			return true
		}
		if s.err != nil {
			return false
		}
		s.read()
	}
}

// read fills s.unread, or sets s.err, or does both.
func (s *source) read() {
	if s.r == nil {
		s.err = errNoReader
		return
	}
	if s.buf == nil {
		s.buf = make([]byte, readSize)
	}
	for range maxEmptyReads {
		n, err := s.r.Read(s.buf)
		if s.unread, s.err = s.buf[:n], err; n > 0 || err != nil {
			return
		}
	}
	s.err = io.ErrNoProgress
}
