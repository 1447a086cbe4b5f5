package llmstream

import (
	"io"
	"sync/atomic"
)

// Tee returns a body that passes all reads on to body, as they are, and shows
// what they bring to p. It only looks on: the bytes, their order and timing, and
// the errors are body's; what p finds, or fails with, goes into the outcome
// alone. A handler that panics does so through Read.
//
// done, if not nil, is called exactly once: when body ends or fails, in the Read
// that tells so, or when the tee is closed. A tee that is closed before the
// stream was complete has the outcome StateStopped. Behind done, p may be used
// for something else.
//
// It is for bodies that are streams: not for those of a HEAD or a 101, 204 or 304,
// nor for compressed ones. Until done has run nobody else may use p.
//
// Close may be called while a Read is in progress, as net/http does. It closes
// body and never waits; that Read then ends the parsing.
func Tee(body io.ReadCloser, p *Parser, done func(Outcome)) io.ReadCloser {
	return &tee{body: body, parser: p, done: done}
}

type tee struct {
	body   io.ReadCloser
	parser *Parser
	done   func(Outcome)
	state  atomic.Uint32
}

// The states of a tee. Whoever moves it to teeEnded ends the parsing.
const (
	teeIdle    = iota
	teeReading // a Read has the parser
	teeClosing // so, and Close was called: that Read is to end the parsing
	teeEnded
)

func (t *tee) Read(b []byte) (n int, err error) {
	if !t.state.CompareAndSwap(teeIdle, teeReading) {
		return t.body.Read(b)
	}
	panicked := true
	defer func() {
		switch {
		case panicked, t.state.Load() == teeClosing:
			t.end(ErrStopped)
		case err != nil:
			t.end(err)
		case !t.state.CompareAndSwap(teeReading, teeIdle):
			t.end(ErrStopped)
		}
	}()
	n, err = t.body.Read(b)
	t.parser.Write(b[:n]) // a handler's error is in the outcome
	panicked = false
	return n, err
}

// Close says that it closes before it does: a Read that fails since body was
// closed was stopped, and has not broken off.
func (t *tee) Close() error {
	for {
		switch {
		case t.state.CompareAndSwap(teeIdle, teeEnded):
			defer t.end(ErrStopped)
		case t.state.CompareAndSwap(teeReading, teeClosing):
		case t.state.Load() < teeClosing: // it has just changed
			continue
		}
		return t.body.Close()
	}
}

// end ends the parsing and reports.
func (t *tee) end(cause error) {
	t.state.Store(teeEnded)
	defer func() { // also when a handler panics, which Close then finds stopped
		t.parser.CloseWithError(cause)
		if t.done != nil {
			t.done(t.parser.Outcome())
		}
	}()
	t.parser.CloseWithError(cause)
}
