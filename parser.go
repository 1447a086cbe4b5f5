package llmstream

import (
	"io"
)

// A Parser is pushed the bytes of a stream, cut anywhere, and hands the deltas
// to its [Handler]. It is an io.WriteCloser; it starts no goroutine and needs no
// reader, so that it fits wherever bytes pass by.
//
// A Parser is not safe for concurrent use.
type Parser struct {
	stream
	handler Handler
}

var _ io.WriteCloser = (*Parser)(nil)

// NewParser returns a parser for a stream in dialect d. h may be nil: the
// [Outcome] is then all that is told. o may be nil; it is copied. It panics if d is none of
// the dialects of this package.
func NewParser(d Dialect, h Handler, o *Options) *Parser {
	p := &Parser{handler: h}
	p.fold, _ = h.(*Accumulator)
	p.init(d, o)
	p.fast.folds = h == nil || p.fold != nil
	return p
}

// Write takes the next bytes of the stream and hands out the deltas of every
// event that they complete, before it returns. It keeps nothing of b and does
// not write to it.
//
// It returns len(b) and no error, whatever is in b: damage is reported as
// KindMalformed and in the outcome. Only a handler's error ends the reading; the
// bytes up to the end of its event then count as written, and each further Write
// returns 0 and the same error until Reset. Behind Close it returns
// io.ErrClosedPipe. Behind a handler's panic, which passes through, it returns an
// error that is ErrStopped.
func (p *Parser) Write(b []byte) (n int, err error) {
	if err = p.writable(); err != nil {
		return 0, err
	}
	for more := true; more && err == nil; {
		k, done := 0, false
		if p.fast.folds {
			if k, done = p.foldMatched(b[n:]); done {
				n += k
				break
			}
			n += k
		}
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

// Close tells that the stream has ended, hands out what only its end can tell,
// and returns Outcome().Err(). It may be called again.
func (p *Parser) Close() error { return p.CloseWithError(nil) }

// CloseWithError is as Close, for a stream that was cut: cause is what the
// reading of it failed with. Nil and io.EOF mean that it ended by itself. A
// cancelled context, or [ErrStopped], means that the caller gave up, which is
// no fault of the stream.
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

// deliver hands the deltas of an event to the handler.
func (p *Parser) deliver() (err error) {
	if p.handler == nil || p.scratch == nil {
		return nil
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

// Reset makes p ready for another stream in the same dialect, with the same
// handler and options. It keeps its memory, so that parsers can be pooled. The
// handler is left as it is: an [Accumulator] has a Reset of its own.
func (p *Parser) Reset() { p.reset() }

// Dialect returns the dialect of the stream, which with Auto is known from the
// first event that tells; until then it is Auto.
func (p *Parser) Dialect() Dialect { return p.dialect }

// Wire returns what carries the stream, known from its first bytes.
func (p *Parser) Wire() Wire { return p.wireKind() }

// Outcome returns the verdict on the stream. Before Close its state is
// StateOpen, and it counts what has come so far. It belongs to the caller.
func (p *Parser) Outcome() Outcome { return p.outcome() }
