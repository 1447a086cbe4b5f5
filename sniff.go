package llmstream

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
		if !c.sniffed {
			if c.signature(b) {
				n++
			}
			continue
		}
		switch {
		case isSpace(b):
			c.sse.next(p[n:n+1], &c.borrow().frame)
			n++
		case b == '{' || b == '[':
			if c.array == nil {
				c.array = new(arrayWire)
			}
			c.sse.reset() // of the white space
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
	if mayBeFrames([]byte(head)) {
		if c.headLen++; c.headLen == preludeSize {
			c.beginFrames()
		}
		return true
	}
	c.endSniffing()
	return false
}

// beginFrames hands the prelude to the wire of frames.
func (c *core) beginFrames() {
	if c.frames == nil {
		c.frames = new(framesWire)
	}
	c.frames.init(c.opt)
	c.wire = c.frames
	c.frames.next(c.head[:c.headLen], &c.borrow().frame) // which has not all of a frame
	c.sniffed, c.headLen = true, 0
}

// endSniffing hands what was held back for a signature to the SSE wire. A byte
// order mark is taken off there; anything else begins a line. Only what breaks
// off inside a prelude, which no text begins like, stays that.
func (c *core) endSniffing() {
	c.sniffed = true
	if c.phase > phaseReading && c.headLen > 0 && mayBeFrames(c.head[:c.headLen]) {
		c.beginFrames()
	}
	if c.headLen > 0 {
		head := c.head[:c.headLen]
		for held, ok := head, true; ok; { // a comment may stand in a dozen bytes that begin with NUL
			var n int
			n, ok = c.sse.next(held, &c.borrow().frame)
			held = held[n:]
		}
		if string(head) != byteOrderMark {
			c.wire = &c.sse
		}
		c.headLen = 0
	}
}
