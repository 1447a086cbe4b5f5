package llmstream

import "bytes"

// core turns the bytes of one stream into deltas, an event at a time. It starts
// no goroutine, does no I/O and reads no clock. Parser, Reader and Tee are thin
// shells that drive it.
type core struct {
	opt     *Options
	asked   Dialect // what the caller asked for
	dialect Dialect // what the stream is; Auto until that is clear
	comment CommentHandler

	wire  wire // nil: the first bytes have not told yet
	sse   sseWire
	array *arrayWire
	frame frame
	// head are the first bytes of the stream, as long as they may become one of
	// the signatures: "\x1f" | "\x8b…". sniffed: they cannot any more.
	head    [4]byte
	headLen uint8
	sniffed bool

	track track
	step  *step // borrowed while an event is decoded and its deltas are handed out
	// glued are the events left over from one whose joined data lines are no
	// JSON while each line is: "data: {…}\ndata: {…}\n\n" (F-40).
	glued []byte

	dead    error // the input is of no use: ErrCompressed, *DialectError
	stopped error // a handler's error, which ended the reading
	ending  bool  // no more bytes come
	flushed bool  // ending: what only the end can tell was told
	ended   bool  // the verdict is in result
	pending int   // bytes of an unfinished event that the end left over
	result  Outcome
}

func (c *core) init(d Dialect, o *Options) {
	if int(d) >= len(dialects) {
		panic("llmstream: unknown dialect")
	}
	c.opt, c.asked = o.withDefaults(), d
	c.comment, _ = c.opt.Events.(CommentHandler)
	c.sse.init(c.opt, false, c.comment != nil)
	c.reset()
}

func (c *core) reset() {
	c.giveBack()
	c.sse.reset()
	c.track.reset()
	*c = core{
		opt: c.opt, asked: c.asked, dialect: c.asked, comment: c.comment,
		sse: c.sse, array: c.array, track: c.track,
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
		k, ok := c.wire.next(p[n:], &c.frame)
		n += k
		if !ok {
			return n, false, nil
		}
		if ok, err := c.take(&c.frame); ok || err != nil {
			return n, ok, err
		}
	}
	return len(p), false, nil
}

// signatures are what a stream may begin with that is not its text.
var signatures = [...]struct {
	bytes string
	err   error
}{
	{byteOrderMark, nil},
	{"\x1f\x8b", ErrCompressed},         // gzip, RFC 1952
	{"\x28\xb5\x2f\xfd", ErrCompressed}, // zstd, RFC 8878
}

// sniff finds out from the first bytes which wire carries the stream. Blank
// lines and white space may come first (F-26); they go to the SSE wire, which
// they do not bother.
func (c *core) sniff(p []byte) (n int) {
	for n < len(p) && c.wire == nil && c.dead == nil {
		b := p[n]
		if !c.sniffed && c.signature(b) {
			n++
			continue
		}
		switch {
		case isSpace(b):
			c.sse.next(p[n:n+1], &c.frame)
			n++
		case b == '{' || b == '[':
			if c.array == nil {
				c.array = new(arrayWire)
			}
			c.array.init(c.opt, &c.sse)
			c.wire = c.array
		default:
			c.wire = &c.sse
		}
	}
	return n
}

// signature takes b if it may belong to a signature at the start of the stream.
func (c *core) signature(b byte) (taken bool) {
	c.head[c.headLen] = b
	head := string(c.head[:c.headLen+1])
	for _, s := range signatures {
		switch {
		case s.bytes == head && s.err == nil:
			c.headLen++
			c.endSniffing()
			return true
		case s.bytes == head:
			c.dead = s.err
			return true
		case len(head) < len(s.bytes) && s.bytes[:len(head)] == head:
			c.headLen++
			return true
		}
	}
	c.endSniffing()
	return false
}

// endSniffing hands what was held back for a signature to the SSE wire. A byte
// order mark is taken off there; anything else begins a line.
func (c *core) endSniffing() {
	c.sniffed = true
	if c.headLen > 0 {
		head := c.head[:c.headLen]
		c.sse.next(head, &c.frame)
		if string(head) != byteOrderMark {
			c.wire = &c.sse
		}
		c.headLen = 0
	}
}

// take decodes a frame. ok: there are deltas to hand out.
func (c *core) take(f *frame) (ok bool, err error) {
	switch f.kind {
	case frameComment:
		c.track.comments++
		if c.comment != nil && f.Data != nil {
			err = c.comment.HandleComment(f.Data)
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
	c.event(f.Type, f.Data)
	return true, nil
}

// begin borrows a step and makes it ready.
func (c *core) begin(typ, data []byte) *step {
	if c.step == nil {
		c.step = borrowStep(&c.track, c.opt)
	}
	c.step.begin(typ, data)
	return c.step
}

func (c *core) countEvent() {
	c.track.events++
	if c.track.sawDone {
		c.track.afterDone++
	}
}

// takeText takes a text that stands where none belongs: nearly always an error,
// as JSON or as a page (F-37, F-38).
func (c *core) takeText(s *step, text []byte) {
	if len(text) == 0 {
		return
	}
	if text[0] != '{' {
		s.addErrorText(text)
		return
	}
	if _, err := s.parse(text); err != nil {
		s.addErrorText(text)
		return
	}
	if s.addErrorObject(); s.given == 0 {
		s.addError(-1, s.root, nil)
	}
}

// salvage makes the best of a last event that has no blank line behind it (F-19):
// it counts if its data is a whole object or an end marker, or as far as it is a
// row of such.
func (c *core) salvage(f *frame) (ok bool) {
	if c.isWhole(f.Data) {
		c.pending = 0
	} else {
		whole := 0
		for rest := f.Data; len(rest) > 0; {
			line, after, more := bytes.Cut(rest, newline)
			if !c.isWhole(line) {
				break
			}
			whole = len(f.Data) - len(after)
			if !more {
				whole = len(f.Data)
			}
			rest = after
		}
		if whole == 0 {
			return false
		}
		c.pending = len(f.Data) - whole
		f.Data = f.Data[:whole]
	}
	c.track.unterminated = true
	return true
}

// isWhole tells whether data is a whole JSON object or an end marker.
func (c *core) isWhole(data []byte) bool {
	data = trimSpace(data)
	return c.isDone(data) || len(data) > 0 && data[0] == '{' && isJSON(data)
}

// isDone tells whether data is the end marker of the dialect: all of it, not a
// part (F-20, F-21).
func (c *core) isDone(data []byte) bool {
	if c.dialect != Auto {
		return len(data) > 0 && string(data) == dialects[c.dialect].done
	}
	for i := range dialects {
		if len(data) > 0 && string(data) == dialects[i].done {
			return true
		}
	}
	return false
}

// event decodes one event.
func (c *core) event(typ, data []byte) {
	s := c.begin(typ, data)
	c.countEvent()
	c.decode(s, trimSpace(data))
	if s.given == 0 {
		s.add(KindOther, -1)
	}
}

func (c *core) decode(s *step, data []byte) {
	switch {
	case len(data) == 0: // F-05
		s.skip(&s.skips.Empty)
	case c.isDone(data):
		if !s.sawDone {
			s.sawDone = true
			s.endToolCalls()
			s.add(KindDone, -1)
		}
	case data[0] == '{':
		if offset, err := s.parse(data); err != nil {
			c.recover(s, data, offset, err)
			return
		}
		c.decodeObject(s)
	case bytes.IndexByte(data, '\n') >= 0 && !isJSON(data):
		offset, err := s.check(data)
		c.recover(s, data, offset, err)
	case isKeepAlive(data):
		s.skip(&s.skips.KeepAlive)
	case string(s.typ) == "error":
		s.addErrorText(data)
	case isJSON(data):
		c.decodeOther(s, data)
	case data[0] == '[', data[0] == '"':
		offset, err := s.check(data)
		s.malformed(-1, offset, len(data), err)
	default: // "error: …", or any text (F-39)
		s.addErrorText(data)
	}
}

// decodeOther decodes data that is JSON and no object: null and the like, which
// say nothing (F-35), or an error in an array, as Gemini writes it.
func (c *core) decodeOther(s *step, data []byte) {
	if data[0] == '[' {
		if _, err := s.parse(data); err == nil {
			if list := s.root.GetArray(); len(list) > 0 && s.isError(member(list[0], "error")) {
				s.addError(-1, member(list[0], "error"), list[0])
				return
			}
		}
	}
	s.skipped++
	s.skips.NotObject++
}

// isKeepAlive tells whether data is a sign of life and nothing else: a comment
// that a proxy wrapped into an event (F-04), or a word.
func isKeepAlive(data []byte) bool {
	if data[0] == ':' {
		return true
	}
	switch string(data) {
	case "ping", "keepalive", "keep-alive", "heartbeat":
		return true
	}
	return false
}

// recover makes the best of data that cannot be read. Lines that were meant to be
// events of their own are taken so (contract 14, F-40). Text is an error. Else the
// event is malformed; but where its last line alone can be read, that was put
// into an unfinished event, and mostly tells why it was never finished (F-30).
func (c *core) recover(s *step, data []byte, offset int, err error) {
	json := data[0] == '{' || data[0] == '[' || data[0] == '"'
	first, last, lines := bytes.Cut(data, newline)
	if !lines {
		s.malformed(-1, offset, len(data), err)
		return
	}
	whole := c.isWhole(first)
	for line := range bytes.SplitSeq(last, newline) {
		whole = whole || !json && c.isWhole(line)
		last = line
	}
	switch {
	case whole:
		c.track.events-- // counted line by line
		c.track.glued--
		c.glued = data
		c.nextGlued()
	case json:
		s.malformed(-1, offset, len(data), err)
		if c.isWhole(last) {
			c.glued = last
		}
	default:
		s.addErrorText(data)
	}
}

// nextGlued decodes the next of several events that came as one.
func (c *core) nextGlued() {
	line, rest, _ := bytes.Cut(c.glued, newline)
	c.glued = trimSpace(rest)
	c.track.glued++
	c.event(c.frame.Type, line)
}

// decodeObject decodes an event that is a JSON object, by its dialect.
func (c *core) decodeObject(s *step) {
	if c.dialect == Auto {
		for i := range dialects {
			if detect := dialects[i].detect; detect != nil && detect(s) {
				c.dialect = Dialect(i)
				break
			}
		}
	}
	if decode := dialects[c.dialect].decode; decode != nil {
		decode(s)
	} else {
		s.addErrorObject()
	}
	if s.given > 0 {
		return
	}
	if isPing(s) {
		s.skip(&s.skips.KeepAlive)
		return
	}
	if s.root.GetObject().Len() == 0 { // {} (F-35)
		s.skipped++
		s.skips.Empty++
		return
	}
	if len(c.track.choices) == 0 {
		if name := looksLike(s.root); name != "" && name != c.dialect.String() {
			c.dead = &DialectError{Want: c.asked, Looks: name}
		}
	}
}

// isPing tells whether an event says of itself that it is a sign of life (F-06).
func isPing(s *step) bool {
	for _, typ := range [...]string{string(s.typ), string(s.root.GetStringBytes("type"))} {
		switch typ {
		case "ping", "keepalive", "heartbeat":
			return true
		}
	}
	return false
}

// end takes the end of the input. ok: there are deltas to hand out, and end is
// to be called again. When it is not, the verdict is in c.result.
func (c *core) end(cause error) (ok bool, err error) {
	if c.ended {
		return false, nil
	}
	if !c.ending {
		c.ending = true
		if c.wire == nil && c.dead == nil {
			c.endSniffing()
		}
		if c.wire != nil {
			c.pending = c.wire.pending()
		}
	}
	if c.stopped == nil {
		if len(c.glued) > 0 {
			c.nextGlued()
			return true, nil
		}
		for c.wire != nil && c.dead == nil && c.wire.end(&c.frame) {
			if c.frame.kind != frameUnterminated {
				c.pending = 0
			}
			if ok, err := c.take(&c.frame); ok || err != nil {
				return ok, err
			}
		}
		if !c.flushed {
			c.flushed = true
			s := c.begin(nil, nil)
			s.flushHalves()
			s.endToolCalls()
			if len(s.deltas) > 0 {
				return true, nil
			}
		}
	}
	c.giveBack()
	c.result = c.verdict(cause)
	c.ended = true
	return false, nil
}

// outcome is the verdict, or how far the stream has come.
func (c *core) outcome() Outcome {
	if c.ended {
		return c.result
	}
	o := c.track.outcome()
	o.Dialect, o.Wire = c.dialect, c.wireKind()
	return o
}

func (c *core) wireKind() Wire {
	if c.wire == nil {
		return WireUnknown
	}
	return c.wire.kind()
}

// verdict tells how the stream ended. The order of the cases is the order in
// which one explains the other (contract 7).
func (c *core) verdict(cause error) Outcome {
	t := &c.track
	o := t.outcome()
	o.Dialect, o.Wire, o.PendingBytes = c.dialect, c.wireKind(), c.pending
	if !isEnd(cause) && cause != ErrStopped {
		o.Cause = cause
	}
	begun := len(t.choices) > 0
	complete := t.complete()
	switch {
	case t.apiError != nil:
		o.State = StateError
	case c.stopped != nil:
		o.State, o.Cause = StateStopped, c.stopped
	case c.dead != nil:
		o.State, o.Cause = StateNotStream, c.dead
	case isCancel(cause) && !(begun && complete):
		o.State = StateStopped
	case !begun && (c.sse.junk && t.events == 0 || o.Wire == WireJSON && t.malformedCount == 0 && c.pending == 0):
		o.State = StateNotStream
	case !begun && isEnd(cause) && t.malformedCount == 0 && c.pending == 0:
		o.State = StateEmpty
	case complete:
		o.State = StateComplete
	default:
		o.State = StateTruncated
	}
	return o
}
