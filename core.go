package llmstream

import (
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// core turns the bytes of one stream into deltas, an event at a time. It starts
// no goroutine, does no I/O and reads no clock. Parser, Reader and Tee are thin
// shells that drive it.
type core struct {
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
	decoder   xDecoder
	decoderOf Dialect

	track track

	wire wire.Splitter

	step *scratch // borrowed while an event is decoded and its deltas are handed out
	// glued are the events left over from one whose joined data lines are no
	// JSON while each line is: "data: {…}\ndata: {…}\n\n" (F-40).
	glued []byte

	dead    error // the input is of no use: ErrCompressed, *DialectError
	stopped error // a handler's error, which ended the reading
	phase   phase
	busy    bool // handlers may be called; still set when they cannot be: one has panicked
	quit    bool // a Reader has left at the end marker: what follows is not looked at
	state   State
	cause   error
	pending int // bytes of an unfinished event that the end left over
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

func (c *core) init(d Dialect, o *Options) {
	if int(d) >= len(xTable) {
		panic("llmstream: unknown dialect")
	}
	c.opt, c.asked = o.withDefaults(), d
	c.fast.on, c.longest = !c.opt.NoFastPath, min(c.opt.MaxLine, c.opt.MaxEvent)
	_, comments := c.opt.Events.(CommentHandler)
	c.wire.Init(c.opt.wire(), comments)
	c.reset()
}

func (c *core) reset() {
	c.giveBack()
	c.wire.Reset()
	c.track.reset()
	c.fast.reset()
	*c = core{
		opt: c.opt, fast: c.fast, longest: c.longest, asked: c.asked, fold: c.fold,
		decoder: c.decoder, decoderOf: c.decoderOf,
		wire: c.wire, track: c.track,
	}
	c.setDialect(c.asked)
}

// giveBack returns the step when its deltas are used up.
func (c *core) giveBack() {
	if c.step != nil {
		c.step.release()
		c.step = nil
	}
}

// next takes bytes from p up to the end of an event and decodes it: its deltas
// are then in c.step.deltas. It returns how many bytes it took. !ok: it has taken
// all of p, which must not change before that. err is of an EventHandler.
func (c *core) next(p []byte) (n int, ok bool, err error) {
	if len(c.glued) > 0 {
		c.nextGlued()
		return 0, true, nil
	}
	for c.dead == nil {
		f := &c.borrow().frame
		k, ok := c.wire.Next(p[n:], f)
		n += k
		if !ok {
			if c.wire.Compressed {
				c.dead = ErrCompressed
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
func (c *core) take(f *wire.Frame) (ok bool, err error) {
	switch f.Kind {
	case wire.FrameComment:
		c.track.comments++
		if h, ok := c.opt.Events.(CommentHandler); ok && f.Data != nil {
			err = h.HandleComment(f.Data)
		}
		return false, err
	case wire.FrameErrorField, wire.FrameText:
		s := c.begin(nil, f.Data)
		c.takeText(s, jsonscan.TrimSpace(f.Data))
		return s.given > 0, nil
	case wire.FrameTooLarge, wire.FrameMalformed:
		s := c.begin(f.Type, f.Data)
		c.countEvent()
		s.malformed(-1, len(f.Data), f.Size, f.Err)
		return true, nil
	case wire.FrameUnterminated:
		if ok := c.salvage(f); !ok {
			return false, nil
		}
	}
	if c.opt.Events != nil {
		if err := c.opt.Events.HandleEvent((*Event)(&f.Event)); err != nil {
			return false, err
		}
	}
	first := c.track.events == 0 && c.track.apiError == nil && c.wireKind() == WireJSON
	if f.Kind == wire.FrameException || f.Kind == wire.FrameError {
		s := c.begin(f.Type, f.Data)
		c.countEvent()
		s.addException(f.Kind == wire.FrameError)
		return true, nil
	}
	if c.embeds(f) {
		c.embeddedEvent(f)
	} else {
		c.event(f.Type, f.Data)
	}
	if first && c.track.apiError != nil && len(c.track.choices) == 0 {
		c.track.events = 0 // an error in place of a stream, which is none of its events
	}
	return true, nil
}

// begin borrows a step and makes it ready.
func (c *core) begin(typ, data []byte) *step {
	s := c.borrow()
	s.single = false
	s.begin(typ, data)
	return &s.step
}

// borrow borrows a step, if that was not done yet.
func (c *core) borrow() *scratch {
	if c.step == nil {
		c.step = borrowScratch(&c.track, &c.opt.decode)
	}
	return c.step
}

func (c *core) countEvent() {
	c.track.events++
	if c.track.sawDone {
		c.track.afterDone++
	}
}

// end takes the end of the input. ok: there are deltas to hand out, and end is
// to be called again. When it is not, there is a verdict.
func (c *core) end(cause error) (ok bool, err error) {
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
	if c.stopped == nil {
		if len(c.glued) > 0 && !c.quit {
			c.nextGlued()
			return true, nil
		}
		for !c.quit && c.dead == nil && c.wire.End(&c.borrow().frame) {
			if c.step.frame.Kind != wire.FrameUnterminated { // of which salvage tells
				c.pending = c.wire.Pending()
			}
			if ok, err := c.take(&c.step.frame); ok || err != nil {
				return ok, err
			}
		}
		if c.phase < phaseDrained {
			c.phase = phaseDrained
			s := c.begin(nil, nil)
			s.flushHalves()
			if last, ok := c.decoder.(xCloser); ok && last.endsAtClose() && len(s.choices) > 0 && s.complete() {
				s.endStream()
			}
			s.endToolCalls()
			if len(s.deltas) > 0 {
				return true, nil
			}
		}
	}
	c.giveBack()
	c.state, c.cause = c.verdict(cause)
	c.phase = phaseEnded
	return false, nil
}

// outcome is the verdict, or how far the stream has come.
func (c *core) outcome() Outcome {
	o := outcomeOf(&c.track)
	o.Dialect, o.Wire = c.dialect, c.wireKind()
	o.SawDone = o.SawDone || xID(c.dialect).row().finishEnds && c.track.finished()
	if c.phase == phaseEnded {
		o.State, o.Cause, o.PendingBytes = c.state, c.cause, c.pending
	}
	return o
}

// err is outcome().Err(), which takes no list of choices; nil before the verdict.
func (c *core) err() error {
	if c.phase < phaseEnded {
		return nil
	}
	return Outcome{State: c.state, Cause: c.cause, APIError: (*APIError)(c.track.apiError), Damage: damageOf(c.track.damage)}.Err()
}

func (c *core) wireKind() Wire {
	return Wire(c.wire.Kind())
}
