package llmstream

// core turns the bytes of one stream into deltas, an event at a time. It starts
// no goroutine, does no I/O and reads no clock. Parser, Reader and Tee are thin
// shells that drive it.
type core struct {
	// What folding a text in takes comes first and stands together: with thousands
	// of streams open, each line of the processor's cache has to be fetched anew. The
	// rest is ordered so that little is lost between the fields; see TestParserSize.
	opt     *Options
	longest int // an event that is longer may be past a limit
	// fold is the handler if it is an Accumulator: the texts of events go there
	// without a delta.
	fold *Accumulator
	fast fastPath

	asked   Dialect // what the caller asked for
	dialect Dialect // what the stream is; Auto until that is clear
	settled bool    // an event has told that it is
	carried Dialect // Bedrock's InvokeModel: the model's; Auto until that is clear

	track track

	wire   wire // nil: the first bytes have not told yet
	sse    sseWire
	array  *arrayWire
	frames *framesWire
	// head are the first bytes of the stream, as long as they may become one of
	// the signatures, or a frame's prelude: "\x1f" | "\x8b…". sniffed: they
	// cannot any more.
	head    [preludeSize]byte
	headLen uint8
	sniffed bool

	step *step // borrowed while an event is decoded and its deltas are handed out
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
	if int(d) >= len(dialects) {
		panic("llmstream: unknown dialect")
	}
	c.opt, c.asked = o.withDefaults(), d
	c.fast.on, c.longest = !c.opt.NoFastPath, min(c.opt.MaxLine, c.opt.MaxEvent)
	_, comments := c.opt.Events.(CommentHandler)
	c.sse.init(c.opt, false, comments)
	c.reset()
}

func (c *core) reset() {
	c.giveBack()
	c.sse.reset()
	if c.array != nil {
		c.array.init(c.opt, &c.sse)
	}
	if c.frames != nil {
		c.frames.init(c.opt)
	}
	c.track.reset()
	c.fast.reset()
	*c = core{
		opt: c.opt, fast: c.fast, longest: c.longest, asked: c.asked, dialect: c.asked, fold: c.fold,
		sse: c.sse, array: c.array, frames: c.frames, track: c.track,
	}
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
	if c.wire == nil {
		n = c.sniff(p)
	}
	for c.wire != nil && c.dead == nil {
		f := &c.borrow().frame
		k, ok := c.wire.next(p[n:], f)
		n += k
		if !ok {
			return n, false, nil
		}
		if ok, err := c.take(f); ok || err != nil {
			return n, ok, err
		}
	}
	return len(p), false, nil
}

// take decodes a frame. ok: there are deltas to hand out.
func (c *core) take(f *frame) (ok bool, err error) {
	switch f.kind {
	case frameComment:
		c.track.comments++
		if h, ok := c.opt.Events.(CommentHandler); ok && f.Data != nil {
			err = h.HandleComment(f.Data)
		}
		return false, err
	case frameErrorField, frameText:
		s := c.begin(nil, f.Data)
		c.takeText(s, trimSpace(f.Data))
		return s.given > 0, nil
	case frameTooLarge, frameMalformed:
		s := c.begin(f.Type, f.Data)
		c.countEvent()
		s.malformed(-1, len(f.Data), f.size, f.err)
		return true, nil
	case frameUnterminated:
		if ok := c.salvage(f); !ok {
			return false, nil
		}
	}
	if c.opt.Events != nil {
		if err := c.opt.Events.HandleEvent(&f.Event); err != nil {
			return false, err
		}
	}
	first := c.track.events == 0 && c.track.apiError == nil && c.wireKind() == WireJSON
	if f.kind == frameException || f.kind == frameError {
		s := c.begin(f.Type, f.Data)
		c.countEvent()
		s.addException(f.kind == frameError)
		return true, nil
	}
	if c.carries(f) {
		c.carriedEvent(f)
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
	s.begin(typ, data)
	return s
}

// borrow borrows a step, if that was not done yet.
func (c *core) borrow() *step {
	if c.step == nil {
		c.step = borrowStep(&c.track, c.opt)
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
		if c.wire == nil && c.dead == nil {
			c.endSniffing()
		}
		if c.wire != nil && !c.quit {
			c.pending = c.wire.pending()
		}
	}
	if c.stopped == nil {
		if len(c.glued) > 0 && !c.quit {
			c.nextGlued()
			return true, nil
		}
		for !c.quit && c.wire != nil && c.dead == nil && c.wire.end(&c.borrow().frame) {
			if c.step.frame.kind != frameUnterminated { // of which salvage tells
				c.pending = c.wire.pending()
			}
			if ok, err := c.take(&c.step.frame); ok || err != nil {
				return ok, err
			}
		}
		if c.phase < phaseDrained {
			c.phase = phaseDrained
			s := c.begin(nil, nil)
			s.flushHalves()
			if dialects[c.decoder(s)].closeEnds && len(s.choices) > 0 && s.complete() {
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
	o := c.track.outcome()
	o.Dialect, o.Wire = c.dialect, c.wireKind()
	o.SawDone = o.SawDone || dialects[c.dialect].finishEnds && c.track.finished()
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
	return Outcome{State: c.state, Cause: c.cause, APIError: c.track.apiError, Damage: c.track.damage}.Err()
}

func (c *core) wireKind() Wire {
	if c.wire == nil {
		return WireUnknown
	}
	return c.wire.kind()
}
