package wire

import "github.com/seed-4d65deac/llmstream/internal/jsonscan"

// A splitter turns the bytes of one stream into frames. It finds out from the
// first bytes what carries the stream.
type Splitter struct {
	limits Limits

	wire reader // nil until the first bytes have decided
	sse  SSEReader
	// array and frames are made for the first stream that needs them, and kept.
	Array  *arrayReader
	Frames *FrameReader

	// head holds the first bytes of the stream as long as they may become one of
	// the signatures or the prelude of a frame: "\x1f" | "\x8b…".
	head    [PreludeSize]byte
	headLen uint8
	sniffed bool // they cannot any more
	// compressed: the stream begins with the signature of gzip or zstd. Nothing of
	// it is read.
	Compressed bool
}

func (s *Splitter) Init(l Limits, comments bool) {
	s.limits = l
	s.sse.Init(l, false, comments)
	s.Reset()
}

// reset makes s ready for another stream. It keeps its memory.
func (s *Splitter) Reset() {
	s.sse.Reset()
	if s.Array != nil {
		s.Array.init(s.limits, &s.sse)
	}
	if s.Frames != nil {
		s.Frames.init(s.limits)
	}
	*s = Splitter{limits: s.limits, sse: s.sse, Array: s.Array, Frames: s.Frames}
}

// next takes bytes from p until a frame is whole and fills f with it; see wire.
func (s *Splitter) Next(p []byte, f *Frame) (n int, ok bool) {
	if s.wire == nil {
		n = s.sniff(p, f)
	}
	if s.wire == nil {
		return len(p), false
	}
	k, ok := s.wire.Next(p[n:], f)
	return n + k, ok
}

// finish says that no more bytes come, before the first call of end.
func (s *Splitter) Finish(f *Frame) {
	if s.wire != nil || s.Compressed {
		return
	}
	if s.headLen > 0 && mayBeFrames(s.head[:s.headLen]) {
		s.beginFrames(f)
	}
	s.endSniffing(f)
}

// end returns, one a call, what is left when no more bytes come.
func (s *Splitter) End(f *Frame) (ok bool) { return s.wire != nil && s.wire.End(f) }

// pending returns how many bytes of an unfinished event have come.
func (s *Splitter) Pending() int {
	if s.wire == nil {
		return 0
	}
	return s.wire.Pending()
}

// Unclosed reports whether the stream is a JSON array that has no end so far.
func (s *Splitter) Unclosed() bool { return s.Array != nil && s.wire == s.Array && s.Array.unclosed() }

// kind returns what carries the stream.
func (s *Splitter) Kind() Kind {
	if s.wire == nil {
		return Unknown
	}
	return s.wire.Kind()
}

// sawText reports whether an SSE stream holds lines that are no fields.
func (s *Splitter) SawText() bool { return s.sse.junk }

// framing returns what stands around the data of events; see wire.
func (s *Splitter) Framing() (f Framing, ok bool) {
	if s.wire == nil {
		return Framing{}, false
	}
	return s.wire.Framing()
}

// hold takes p as the beginning of an event if p is that and nothing else, and if
// it is no longer than most.
func (s *Splitter) Hold(p []byte, most int) bool {
	return s.wire == &s.sse && s.sse.hold(p, most)
}

// held returns the beginning of the event that hold took.
func (s *Splitter) Held() []byte { return s.sse.lines.Buf }

// keep replaces what held returned. With an empty b the event has been read.
func (s *Splitter) Keep(b []byte) { s.sse.lines.Buf, s.sse.lines.size = b, len(b) }

// frameReader returns the reader of binary frames if a frame begins at the next
// byte, else nil.
func (s *Splitter) FrameReader() *FrameReader {
	if w := s.Frames; w != nil && s.wire == w && w.size == 0 && !w.lost {
		return w
	}
	return nil
}

// signatures are what a stream may begin with that is not its text.
var signatures = [...]struct {
	bytes      string
	compressed bool
}{
	{ByteOrderMark, false},
	{"\x1f\x8b", true},         // gzip, RFC 1952
	{"\x28\xb5\x2f\xfd", true}, // zstd, RFC 8878
}

// sniff finds out from the first bytes what carries the stream. Blank lines and
// white space may come first (F-26); they go to the SSE wire, which ignores them.
func (s *Splitter) sniff(p []byte, f *Frame) (n int) {
	for n < len(p) && s.wire == nil && !s.Compressed {
		b := p[n]
		if !s.sniffed {
			if s.signature(b, f) {
				n++
			}
			continue
		}
		switch {
		case jsonscan.IsSpace(b):
			s.sse.Next(p[n:n+1], f)
			n++
		case b == '{' || b == '[':
			if s.Array == nil {
				s.Array = new(arrayReader)
			}
			s.sse.Reset() // of the white space
			s.Array.init(s.limits, &s.sse)
			s.wire = s.Array
		default:
			s.wire = &s.sse
		}
	}
	return n
}

// signature takes b if it may belong to a signature at the start of the stream.
func (s *Splitter) signature(b byte, f *Frame) (taken bool) {
	s.head[s.headLen] = b
	head := string(s.head[:s.headLen+1])
	for _, known := range signatures {
		switch {
		case known.bytes == head && !known.compressed:
			s.headLen++
			s.endSniffing(f)
			return true
		case known.bytes == head:
			s.Compressed = true
			return true
		case len(head) < len(known.bytes) && known.bytes[:len(head)] == head:
			s.headLen++
			return true
		}
	}
	if mayBeFrames([]byte(head)) {
		if s.headLen++; s.headLen == PreludeSize {
			s.beginFrames(f)
		}
		return true
	}
	s.endSniffing(f)
	return false
}

// beginFrames hands the prelude to the reader of frames.
func (s *Splitter) beginFrames(f *Frame) {
	if s.Frames == nil {
		s.Frames = new(FrameReader)
	}
	s.Frames.init(s.limits)
	s.wire = s.Frames
	s.Frames.Next(s.head[:s.headLen], f) // f stays empty: no frame is that short
	s.sniffed, s.headLen = true, 0
}

// endSniffing hands what was held back for a signature to the SSE wire, which
// removes a byte order mark. Anything else begins a line.
func (s *Splitter) endSniffing(f *Frame) {
	s.sniffed = true
	if s.headLen == 0 {
		return
	}
	head := s.head[:s.headLen]
	for held, ok := head, true; ok; { // a comment may stand in a dozen bytes that begin with NUL
		var n int
		n, ok = s.sse.Next(held, f)
		held = held[n:]
	}
	if string(head) != ByteOrderMark {
		s.wire = &s.sse
	}
	s.headLen = 0
}
