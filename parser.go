package llmstream

import (
	"io"

	"github.com/seed-4d65deac/llmstream/internal/direct"
)

// Write must call the wire until it has taken all of its argument: until then, an
// unfinished event may be a slice of the argument.
//
// A handler may set the fields of its delta, so nothing is read back from a delta that
// was delivered.

// A Parser takes the bytes of a stream, cut anywhere, and passes the deltas to its
// [Handler]. It is an io.WriteCloser; it starts no goroutine and needs no reader, so it
// fits wherever bytes pass by.
//
// A Parser is not safe for concurrent use.
type Parser struct {
	stream
	handler Handler
}

var _ io.WriteCloser = (*Parser)(nil)

// NewParser returns a parser for a stream in dialect d. If h is nil, the [Outcome] is
// the only result. o may be nil and is copied. NewParser panics if d is not a dialect
// of this package.
func NewParser(d Dialect, h Handler, o *Options) *Parser {
	p := &Parser{handler: h}
	p.fold, _ = h.(*Accumulator)
	p.texts = direct.Of(h)
	p.parser = p
	p.init(d, o)
	p.fast.folds = h == nil || p.fold != nil
	return p
}

// Write takes the next bytes of the stream and delivers the deltas of every event that
// they complete, before it returns. It does not keep or change b.
//
// It returns len(b) and no error for any b: damage is reported as KindMalformed and in
// the outcome. Only a handler's error ends the reading. Write then returns that error
// with the number of bytes up to the end of that event, and each further Write returns
// 0 and the same error until Reset. After Close it returns io.ErrClosedPipe. A
// handler's panic passes through Write. After it, Write returns an error that matches
// ErrStopped.
func (p *Parser) Write(b []byte) (n int, err error) {
	if err = p.writable(); err != nil {
		return 0, err
	}
	for more := true; more && err == nil; {
		k, done := 0, false
		if k, done, err = p.shortcut(b[n:]); done {
			n += k
			break
		}
		n += k
		k, more, err = p.advance(b[n:])
		n += k
		if more && err == nil {
			err = p.deliver()
		}
	}
	if p.handlerErr = err; err != nil {
		p.fast.at = placeOther
	}
	p.release()
	return n, err
}

// shortcut reads the events at the start of b that need no deltas. done reports whether Write
// has nothing left to do.
func (p *Parser) shortcut(b []byte) (n int, done bool, err error) {
	switch {
	case p.fast.folds:
		n, done = p.foldMatched(b)
	case p.texts != nil && p.fast.at == placeNext:
		n, err = p.giveTexts(b)
	}
	return n, done || err != nil, err
}

// writable returns nil if more bytes may be written.
func (p *Parser) writable() error {
	if err := p.enter(); err != nil {
		return err
	}
	if p.phase > phaseReading {
		return io.ErrClosedPipe
	}
	return nil
}

// Close ends the stream, delivers the deltas that only its end can show, such as an
// unfinished last event or the end of tool calls, and returns Outcome().Err(). It may
// be called again.
func (p *Parser) Close() error { return p.CloseWithError(nil) }

// CloseWithError is like Close, for a stream that was cut: cause is the error that
// reading it returned. Nil and io.EOF mean that it ended by itself. A cancelled
// context, or [ErrStopped], means that the caller gave up and the stream is not at
// fault.
func (p *Parser) CloseWithError(cause error) error {
	p.leavePanic()
	if p.opt == nil {
		return errZero
	}
	for p.phase < phaseEnded {
		ok, err := p.end(cause)
		if ok && err == nil {
			err = p.deliver()
		}
		if err != nil {
			p.handlerErr = err
		}
	}
	p.release()
	return p.err()
}

// deliver passes the deltas of an event to the handler.
func (p *Parser) deliver() (err error) {
	if p.handler == nil || p.scratch == nil || p.handlerErr != nil {
		return p.handlerErr
	}
	p.running = handlerRuns
	defer p.handlerReturned()
	for i := range p.scratch.count() {
		p.scratch.load(i)
		if err = p.handler.HandleDelta(&p.scratch.out); err != nil {
			break
		}
	}
	p.running = handlerIdle
	return err
}

// batches is a Parser as a [decode.Sink]: it passes on the deltas of an event that has very
// many of them, while the event is decoded.
type batches Parser

// TakeDeltas passes the deltas so far to the handler. After an error of the handler the
// remaining deltas of the event are dropped.
func (p *batches) TakeDeltas() { p.handlerErr = (*Parser)(p).deliver() }

// Reset makes p ready for another stream in the same dialect, with the same handler
// and options. It keeps its memory, so parsers can be pooled. It does not reset the
// handler: an [Accumulator] has a Reset of its own.
func (p *Parser) Reset() { p.reset() }

// Dialect returns the dialect of the stream. If NewParser was given Auto, it is Auto
// until an event shows the dialect.
func (p *Parser) Dialect() Dialect { return p.dialect }

// Wire returns the wire of the stream. It is WireUnknown until enough bytes have come
// to show it.
func (p *Parser) Wire() Wire { return p.wireKind() }

// Outcome returns the verdict on the stream. Before Close its state is
// StateOpen, and it counts what has come so far. It belongs to the caller.
func (p *Parser) Outcome() Outcome { return p.outcome() }
