package llmstream

import (
	"io"
	"sync/atomic"
)

// Tee returns a body that reads from body and shows the bytes to p. The bytes, their
// order and timing, and the errors are the same as from body. What p finds, and an
// error of p, are only in the outcome. A handler's panic passes through Read.
//
// done, if not nil, is called exactly once: in the Read that returns the end or an
// error of body, or when the tee is closed. If it is closed before the stream was
// complete, the outcome is StateStopped. Until done has run, the caller must not use p;
// after that, p may be used again.
//
// Use Tee for streams only. Do not use it for responses without a body (HEAD, 101, 204,
// 304), or for compressed bodies.
//
// Close may be called while a Read is in progress, as net/http does. It closes body
// and never waits; that Read then ends the parsing.
func Tee(body io.ReadCloser, p *Parser, done func(Outcome)) io.ReadCloser {
	return &tee{body: body, parser: p, done: done}
}

type tee struct {
	body   io.ReadCloser
	parser *Parser
	done   func(Outcome)
	state  atomic.Uint32
}

// The states of a tee. A tee may be closed while it reads, so whoever moves it to
// teeEnded ends the parsing, and nobody else touches the parser.
const (
	teeIdle    = iota
	teeReading // a Read has the parser
	teeClosing // likewise, and Close was called: that Read has to end the parsing
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

// Close changes the state before it closes body: a Read that fails because of that was
// stopped, and body has not broken off.
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

// end ends the parsing and calls done.
func (t *tee) end(cause error) {
	t.state.Store(teeEnded)
	defer func() { // also if a handler panics; the second CloseWithError then ends the stream
		t.parser.CloseWithError(cause)
		if t.done != nil {
			t.done(t.parser.Outcome())
		}
	}()
	t.parser.CloseWithError(cause)
}
