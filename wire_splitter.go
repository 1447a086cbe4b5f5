package llmstream

// A splitter turns the bytes of one stream into frames. It finds out from the
// first bytes what carries the stream.
type splitter struct {
	limits limits

	wire wire // nil until the first bytes have decided
	sse  sseWire
	// array and frames are made for the first stream that needs them, and kept.
	array  *arrayWire
	frames *framesWire

	// head holds the first bytes of the stream as long as they may become one of
	// the signatures or the prelude of a frame: "\x1f" | "\x8b…".
	head    [preludeSize]byte
	headLen uint8
	sniffed bool // they cannot any more
	// compressed: the stream begins with the signature of gzip or zstd. Nothing of
	// it is read.
	compressed bool
}

func (s *splitter) init(l limits, comments bool) {
	s.limits = l
	s.sse.init(l, false, comments)
	s.reset()
}

// reset makes s ready for another stream. It keeps its memory.
func (s *splitter) reset() {
	s.sse.reset()
	if s.array != nil {
		s.array.init(s.limits, &s.sse)
	}
	if s.frames != nil {
		s.frames.init(s.limits)
	}
	*s = splitter{limits: s.limits, sse: s.sse, array: s.array, frames: s.frames}
}

// next takes bytes from p until a frame is whole and fills f with it; see wire.
func (s *splitter) next(p []byte, f *frame) (n int, ok bool) {
	if s.wire == nil {
		n = s.sniff(p, f)
	}
	if s.wire == nil {
		return len(p), false
	}
	k, ok := s.wire.next(p[n:], f)
	return n + k, ok
}

// finish says that no more bytes come, before the first call of end.
func (s *splitter) finish(f *frame) {
	if s.wire != nil || s.compressed {
		return
	}
	if s.headLen > 0 && mayBeFrames(s.head[:s.headLen]) {
		s.beginFrames(f)
	}
	s.endSniffing(f)
}

// end returns, one a call, what is left when no more bytes come.
func (s *splitter) end(f *frame) (ok bool) { return s.wire != nil && s.wire.end(f) }

// pending returns how many bytes of an unfinished event have come.
func (s *splitter) pending() int {
	if s.wire == nil {
		return 0
	}
	return s.wire.pending()
}

// kind returns what carries the stream.
func (s *splitter) kind() wireKind {
	if s.wire == nil {
		return wireUnknown
	}
	return s.wire.kind()
}

// sawText reports whether an SSE stream holds lines that are no fields.
func (s *splitter) sawText() bool { return s.sse.junk }

// framing returns what stands around the data of events; see wire.
func (s *splitter) framing() (f framing, ok bool) {
	if s.wire == nil {
		return framing{}, false
	}
	return s.wire.framing()
}

// hold takes p as the beginning of an event if p is that and nothing else, and if
// it is no longer than most.
func (s *splitter) hold(p []byte, most int) bool {
	return s.wire == &s.sse && s.sse.hold(p, most)
}

// held returns the beginning of the event that hold took.
func (s *splitter) held() []byte { return s.sse.lines.buf }

// keep replaces what held returned. With an empty b the event has been read.
func (s *splitter) keep(b []byte) { s.sse.lines.buf, s.sse.lines.size = b, len(b) }

// frameReader returns the reader of binary frames if a frame begins at the next
// byte, else nil.
func (s *splitter) frameReader() *framesWire {
	if w := s.frames; w != nil && s.wire == w && w.size == 0 && !w.lost {
		return w
	}
	return nil
}

// signatures are what a stream may begin with that is not its text.
var signatures = [...]struct {
	bytes      string
	compressed bool
}{
	{byteOrderMark, false},
	{"\x1f\x8b", true},         // gzip, RFC 1952
	{"\x28\xb5\x2f\xfd", true}, // zstd, RFC 8878
}

// sniff finds out from the first bytes what carries the stream. Blank lines and
// white space may come first (F-26); they go to the SSE wire, which ignores them.
func (s *splitter) sniff(p []byte, f *frame) (n int) {
	for n < len(p) && s.wire == nil && !s.compressed {
		b := p[n]
		if !s.sniffed {
			if s.signature(b, f) {
				n++
			}
			continue
		}
		switch {
		case isSpace(b):
			s.sse.next(p[n:n+1], f)
			n++
		case b == '{' || b == '[':
			if s.array == nil {
				s.array = new(arrayWire)
			}
			s.sse.reset() // of the white space
			s.array.init(s.limits, &s.sse)
			s.wire = s.array
		default:
			s.wire = &s.sse
		}
	}
	return n
}

// signature takes b if it may belong to a signature at the start of the stream.
func (s *splitter) signature(b byte, f *frame) (taken bool) {
	s.head[s.headLen] = b
	head := string(s.head[:s.headLen+1])
	for _, known := range signatures {
		switch {
		case known.bytes == head && !known.compressed:
			s.headLen++
			s.endSniffing(f)
			return true
		case known.bytes == head:
			s.compressed = true
			return true
		case len(head) < len(known.bytes) && known.bytes[:len(head)] == head:
			s.headLen++
			return true
		}
	}
	if mayBeFrames([]byte(head)) {
		if s.headLen++; s.headLen == preludeSize {
			s.beginFrames(f)
		}
		return true
	}
	s.endSniffing(f)
	return false
}

// beginFrames hands the prelude to the reader of frames.
func (s *splitter) beginFrames(f *frame) {
	if s.frames == nil {
		s.frames = new(framesWire)
	}
	s.frames.init(s.limits)
	s.wire = s.frames
	s.frames.next(s.head[:s.headLen], f) // f stays empty: no frame is that short
	s.sniffed, s.headLen = true, 0
}

// endSniffing hands what was held back for a signature to the SSE wire, which
// removes a byte order mark. Anything else begins a line.
func (s *splitter) endSniffing(f *frame) {
	s.sniffed = true
	if s.headLen == 0 {
		return
	}
	head := s.head[:s.headLen]
	for held, ok := head, true; ok; { // a comment may stand in a dozen bytes that begin with NUL
		var n int
		n, ok = s.sse.next(held, f)
		held = held[n:]
	}
	if string(head) != byteOrderMark {
		s.wire = &s.sse
	}
	s.headLen = 0
}
