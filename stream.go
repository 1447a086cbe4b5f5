package llmstream

import (
	"errors"
	"fmt"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/direct"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// stream turns the bytes of one stream into deltas, one event at a time. It starts no
// goroutine, does no I/O and reads no clock. Parser, Reader and Tee are thin shells
// that drive it.
//
//	bytes ─ wire.Splitter ─► frame ─ take ─► event ─ decode ─► deltas in scratch
//
// stream_events.go says what a frame is, stream_dialect.go which dialect reads it, and
// stream_verdict.go how the stream ended.
type stream struct {
	// The fields that the fast path needs stand first and together. With thousands of
	// open streams, each of their cache lines has to be loaded again.
	opt     *settings
	longest int // an event of more bytes may be past a limit
	// fold is the handler if that is an Accumulator. Texts then go into it without a
	// delta.
	fold *Accumulator
	fast fastPath
	// texts is the handler if it takes texts without deltas, or nil.
	texts direct.Taker

	asked   Dialect // the dialect that the caller asked for
	dialect Dialect // Auto until an event has shown it
	settled bool    // an event has shown that dialect is right
	running handlerState
	phase   phase
	// quit is set once a Reader has stopped at the end marker. The bytes after it are not
	// read.
	quit  bool
	state State // the verdict, in phaseEnded
	// decoder decodes the events of the stream. It is nil while the dialect is Auto. A
	// reset keeps it, together with the dialect that it is for.
	decoderOf Dialect
	decoder   dialect.Decoder

	seen decode.Stream
	wire wire.Splitter

	// parser takes the deltas of an event with very many while the event is decoded; see
	// batches. It is nil in a Reader.
	parser *Parser

	// scratch is borrowed from a pool while an event is decoded and its deltas are
	// handed out.
	scratch *scratch
	// queued holds several events that came as one, each on a line. They were data lines
	// that are JSON one by one but not joined, "data: {…}\ndata: {…}\n\n" (F-40), or the
	// elements of an array (F-42).
	queued []byte
	// queuedArray reports whether queued holds the elements of an array.
	queuedArray bool

	fatal      error // the input cannot be read: ErrCompressed or *DialectError
	handlerErr error // the handler's error that ended the reading
	cause      error // set with state: what ended the stream, if not the end of the input
	pending    int   // bytes of an unfinished event at the end of the input
}

// phase is the progress of reading a stream.
type phase uint8

const (
	phaseReading phase = iota // bytes may come
	phaseEnding               // no more bytes come; the unfinished rest is decoded
	phaseDrained              // the deltas that depend on the end of the input were delivered
	phaseEnded                // state, cause and pending are set
)

// handlerState records whether a handler runs.
type handlerState uint8

const (
	handlerIdle handlerState = iota
	handlerRuns
	// handlerPanicked means that a handler has not returned. The stream ends there, since
	// later deltas would lack the one that the handler did not take.
	handlerPanicked
)

var (
	errPanicked = fmt.Errorf("%w: a handler panicked", ErrStopped)
	errZero     = errors.New(errorPrefix + "a zero Parser or Reader reads nothing: use NewParser or NewReader")
)

const reentrant = errorPrefix + "a handler called back into the Parser or Reader that called it"

func (s *stream) init(d Dialect, o *Options) {
	if int(d) >= len(dialect.Table) {
		panic(errorPrefix + "unknown dialect")
	}
	s.opt, s.asked = o.withDefaults(), d
	s.fast.on, s.longest = !s.opt.NoFastPath, min(s.opt.MaxLine, s.opt.MaxEvent)
	_, comments := s.opt.Events.(CommentHandler)
	s.wire.Init(s.opt.wire(), comments)
	s.reset()
}

// reset makes s ready for another stream. It keeps the memory.
func (s *stream) reset() {
	s.leavePanic()
	if s.opt == nil {
		return
	}
	s.release()
	s.wire.Reset()
	s.seen.Reset()
	s.fast.reset()
	*s = stream{
		opt: s.opt, fast: s.fast, longest: s.longest, asked: s.asked, fold: s.fold, texts: s.texts, parser: s.parser,
		decoder: s.decoder, decoderOf: s.decoderOf,
		wire: s.wire, seen: s.seen,
	}
	if s.decoder != nil && s.decoderOf != s.asked {
		s.decoder.Reset() // it must not keep state of the last stream; otherwise setDialect resets it
	}
	s.setDialect(s.asked)
}

// enter returns nil if the stream may be read further. It panics if a handler calls it.
func (s *stream) enter() error {
	s.leavePanic()
	if s.opt == nil {
		return errZero
	}
	return s.handlerErr
}

// leavePanic ends the stream if a handler has panicked. It panics if a handler runs. It
// drops a scratch that a panic has passed through.
func (s *stream) leavePanic() {
	switch s.running {
	case handlerRuns:
		panic(reentrant)
	case handlerPanicked:
		s.scratch = nil
		s.handlerErr, s.running = errPanicked, handlerIdle
	}
}

// handlerReturned is deferred where handlers are called. running is handlerIdle by then,
// unless a handler panicked.
func (s *stream) handlerReturned() {
	if s.running == handlerRuns {
		s.running = handlerPanicked
	}
}

// borrow returns the scratch of the stream. It takes one from the pool if the stream has
// no scratch.
func (s *stream) borrow() *scratch {
	x := s.borrowForFrame()
	x.used = true
	return x
}

// borrowForFrame is borrow for a use of the frame alone. Most short writes bring no event.
func (s *stream) borrowForFrame() *scratch {
	if s.scratch == nil {
		s.scratch = borrowScratch(&s.seen, &s.opt.decode)
		if s.parser != nil {
			s.scratch.Sink = (*batches)(s.parser)
		}
	}
	return s.scratch
}

// release returns the scratch to the pool. Its deltas must not be used afterwards.
func (s *stream) release() {
	if s.scratch != nil {
		s.scratch.release()
		s.scratch = nil
	}
}

// begin makes the scratch ready for an event.
func (s *stream) begin(typ, data []byte) *decode.Context {
	x := s.borrow()
	x.single = false
	x.Begin(typ, data)
	return &x.Context
}

// next takes bytes from p up to the end of an event, and decodes the event. Its deltas
// are then in the scratch. next returns the number of bytes that it took. ok is false if
// it took all of p without an event. p must not change before ok is false. err is the
// error of an EventHandler.
func (s *stream) next(p []byte) (n int, ok bool, err error) {
	if len(s.queued) > 0 {
		s.nextQueued()
		return 0, true, nil
	}
	for s.fatal == nil {
		f := &s.borrowForFrame().frame
		k, ok := s.wire.Next(p[n:], f)
		n += k
		if !ok {
			if s.wire.Compressed {
				s.fatal = ErrCompressed
			}
			return n, false, nil
		}
		if ok, err := s.take(f); ok || err != nil {
			return n, ok, err
		}
	}
	return len(p), false, nil
}

// end handles the end of the input. While ok is true there are deltas to deliver, and end
// has to be called again. Afterwards there is a verdict.
func (s *stream) end(cause error) (ok bool, err error) {
	if s.phase == phaseEnded {
		return false, nil
	}
	if s.phase == phaseReading {
		s.phase, s.fast.at = phaseEnding, placeOther
		s.wire.Finish(&s.borrow().frame)
		if !s.quit {
			s.pending = s.wire.Pending()
		}
	}
	if s.handlerErr == nil {
		if ok, err := s.endEvents(); ok || err != nil {
			return ok, err
		}
		if s.phase < phaseDrained {
			s.phase = phaseDrained
			if s.drain(cause) {
				return true, nil
			}
		}
	}
	s.release()
	s.state, s.cause = s.verdict(cause)
	s.phase = phaseEnded
	return false, nil
}

// endEvents decodes the next event that was unfinished at the end of the input.
func (s *stream) endEvents() (ok bool, err error) {
	if s.quit {
		return false, nil
	}
	if len(s.queued) > 0 {
		s.nextQueued()
		return true, nil
	}
	for s.fatal == nil && s.wire.End(&s.borrow().frame) {
		f := &s.scratch.frame
		if f.Kind != wire.FrameUnterminated { // acceptUnterminated sets pending for an unterminated frame
			s.pending = s.wire.Pending()
		}
		if ok, err := s.take(f); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// drain adds the deltas that depend on the end of the input: lone surrogates, the end of
// the stream if its dialect has no end marker, and the ends of tool calls. EndCalls may
// have run at the end marker before; it reports each call once.
func (s *stream) drain(cause error) (ok bool) {
	c := s.begin(nil, nil)
	c.FlushSurrogates()
	if last, ok := s.decoder.(dialect.Closer); ok && s.dialect != Auto {
		last.Close(c, isEnd(cause) && s.pending == 0 && !s.quit)
	}
	c.EndCalls()
	return len(c.Deltas) > 0
}

func (s *stream) wireKind() Wire { return Wire(s.wire.Kind()) }
