package llmstream

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// core turns the bytes of one stream into deltas, an event at a time. It starts
// no goroutine, does no I/O and reads no clock. Parser, Reader and Tee are thin
// shells that drive it.
type stream struct {
	// What folding a text in takes comes first and stands together: with thousands
	// of streams open, each line of the processor's cache has to be fetched anew. The
	// rest is ordered so that little is lost between the fields; see TestParserSize.
	opt     *settings
	longest int // an event that is longer may be past a limit
	// fold is the handler if it is an Accumulator: the texts of events go there
	// without a delta.
	fold *Accumulator
	fast fastPath

	asked   Dialect // what the caller asked for
	dialect Dialect // what the stream is; Auto until that is clear
	settled bool    // an event has told that it is
	// decoder decodes the events of the stream; nil while the dialect is Auto. It is
	// kept over a reset, together with the dialect that it is for.
	decoder   dialect.Decoder
	decoderOf Dialect

	seen decode.Stream

	wire wire.Splitter

	scratch *scratch // borrowed while an event is decoded and its deltas are handed out
	// glued are the events left over from one whose joined data lines are no
	// JSON while each line is: "data: {…}\ndata: {…}\n\n" (F-40).
	queued []byte

	fatal      error // the input is of no use: ErrCompressed, *DialectError
	handlerErr error // a handler's error, which ended the reading
	phase      phase
	busy       bool // handlers may be called; still set when they cannot be: one has panicked
	quit       bool // a Reader has left at the end marker: what follows is not looked at
	state      State
	cause      error
	pending    int // bytes of an unfinished event that the end left over
}

// phase is how far the reading of a stream has come. stopped and dead are reasons to
// go no further than phaseReading until the end is told.
type phase uint8

const (
	phaseReading phase = iota
	phaseEnding        // no more bytes come; what is unfinished is given out
	phaseDrained       // what only the end can tell was given out too
	phaseEnded         // there is a verdict: state, cause and pending
)

func (c *stream) init(d Dialect, o *Options) {
	if int(d) >= len(dialect.Table) {
		panic("llmstream: unknown dialect")
	}
	c.opt, c.asked = o.withDefaults(), d
	c.fast.on, c.longest = !c.opt.NoFastPath, min(c.opt.MaxLine, c.opt.MaxEvent)
	_, comments := c.opt.Events.(CommentHandler)
	c.wire.Init(c.opt.wire(), comments)
	c.reset()
}

func (c *stream) reset() {
	c.release()
	c.wire.Reset()
	c.seen.Reset()
	c.fast.reset()
	*c = stream{
		opt: c.opt, fast: c.fast, longest: c.longest, asked: c.asked, fold: c.fold,
		decoder: c.decoder, decoderOf: c.decoderOf,
		wire: c.wire, seen: c.seen,
	}
	c.setDialect(c.asked)
}

// giveBack returns the step when its deltas are used up.
func (c *stream) release() {
	if c.scratch != nil {
		c.scratch.release()
		c.scratch = nil
	}
}

// next takes bytes from p up to the end of an event and decodes it: its deltas
// are then in c.step.deltas. It returns how many bytes it took. !ok: it has taken
// all of p, which must not change before that. err is of an EventHandler.
func (c *stream) next(p []byte) (n int, ok bool, err error) {
	if len(c.queued) > 0 {
		c.nextQueued()
		return 0, true, nil
	}
	for c.fatal == nil {
		f := &c.borrow().frame
		k, ok := c.wire.Next(p[n:], f)
		n += k
		if !ok {
			if c.wire.Compressed {
				c.fatal = ErrCompressed
			}
			return n, false, nil
		}
		if ok, err := c.take(f); ok || err != nil {
			return n, ok, err
		}
	}
	return len(p), false, nil
}

// take decodes a frame. ok: there are deltas to hand out.
func (c *stream) take(f *wire.Frame) (ok bool, err error) {
	switch f.Kind {
	case wire.FrameComment:
		c.seen.Comments++
		if h, ok := c.opt.Events.(CommentHandler); ok && f.Data != nil {
			err = h.HandleComment(f.Data)
		}
		return false, err
	case wire.FrameErrorField, wire.FrameText:
		s := c.begin(nil, f.Data)
		c.takeText(s, jsonscan.TrimSpace(f.Data))
		return s.Emitted > 0, nil
	case wire.FrameTooLarge, wire.FrameMalformed:
		s := c.begin(f.Type, f.Data)
		c.countEvent()
		s.Malformed(-1, len(f.Data), f.Size, f.Err)
		return true, nil
	case wire.FrameUnterminated:
		if ok := c.acceptUnterminated(f); !ok {
			return false, nil
		}
	}
	if c.opt.Events != nil {
		if err := c.opt.Events.HandleEvent((*Event)(&f.Event)); err != nil {
			return false, err
		}
	}
	first := c.seen.Events == 0 && c.seen.FirstError == nil && c.wireKind() == WireJSON
	if f.Kind == wire.FrameException || f.Kind == wire.FrameError {
		s := c.begin(f.Type, f.Data)
		c.countEvent()
		s.AddException(f.Kind == wire.FrameError)
		return true, nil
	}
	if c.embeds(f) {
		c.embeddedEvent(f)
	} else {
		c.event(f.Type, f.Data)
	}
	if first && c.seen.FirstError != nil && len(c.seen.Choices) == 0 {
		c.seen.Events = 0 // an error in place of a stream, which is none of its events
	}
	return true, nil
}

// begin borrows a step and makes it ready.
func (c *stream) begin(typ, data []byte) *decode.Context {
	s := c.borrow()
	s.single = false
	s.Begin(typ, data)
	return &s.Context
}

// borrow borrows a step, if that was not done yet.
func (c *stream) borrow() *scratch {
	if c.scratch == nil {
		c.scratch = borrowScratch(&c.seen, &c.opt.decode)
	}
	return c.scratch
}

func (c *stream) countEvent() {
	c.seen.Events++
	if c.seen.SawDone {
		c.seen.AfterDone++
	}
}

// end takes the end of the input. ok: there are deltas to hand out, and end is
// to be called again. When it is not, there is a verdict.
func (c *stream) end(cause error) (ok bool, err error) {
	if c.phase == phaseEnded {
		return false, nil
	}
	if c.phase == phaseReading {
		c.phase, c.fast.at = phaseEnding, placeOther
		c.wire.Finish(&c.borrow().frame)
		if !c.quit {
			c.pending = c.wire.Pending()
		}
	}
	if c.handlerErr == nil {
		if len(c.queued) > 0 && !c.quit {
			c.nextQueued()
			return true, nil
		}
		for !c.quit && c.fatal == nil && c.wire.End(&c.borrow().frame) {
			if c.scratch.frame.Kind != wire.FrameUnterminated { // of which salvage tells
				c.pending = c.wire.Pending()
			}
			if ok, err := c.take(&c.scratch.frame); ok || err != nil {
				return ok, err
			}
		}
		if c.phase < phaseDrained {
			c.phase = phaseDrained
			s := c.begin(nil, nil)
			s.FlushSurrogates()
			if last, ok := c.decoder.(dialect.Closer); ok && c.dialect != Auto {
				last.Close(s, isEnd(cause) && c.pending == 0 && !c.quit)
			}
			s.EndCalls()
			if len(s.Deltas) > 0 {
				return true, nil
			}
		}
	}
	c.release()
	c.state, c.cause = c.verdict(cause)
	c.phase = phaseEnded
	return false, nil
}

// outcome is the verdict, or how far the stream has come.
func (c *stream) outcome() Outcome {
	o := outcomeOf(&c.seen)
	o.Dialect, o.Wire = c.dialect, c.wireKind()
	o.SawDone = o.SawDone || dialect.ID(c.dialect).Row().FinishEnds && c.seen.Finished()
	if c.phase == phaseEnded {
		o.State, o.Cause, o.PendingBytes = c.state, c.cause, c.pending
	}
	return o
}

// err is outcome().Err(), which takes no list of choices; nil before the verdict.
func (c *stream) err() error {
	if c.phase < phaseEnded {
		return nil
	}
	return Outcome{State: c.state, Cause: c.cause, APIError: (*APIError)(c.seen.FirstError), Damage: damageOf(c.seen.FirstDamage)}.Err()
}

func (c *stream) wireKind() Wire {
	return Wire(c.wire.Kind())
}
