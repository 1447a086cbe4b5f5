package wire

import "github.com/seed-4d65deac/llmstream/internal/jsonscan"

// A Splitter makes frames of the bytes of one stream. It finds out from the first
// bytes which Kind the stream is. Init must be called first.
type Splitter struct {
	limits Limits

	reader reader // nil until the first bytes have decided
	sse    SSEReader
	// json and Frames are made for the first stream that needs them, and kept.
	json   *jsonReader
	Frames *FrameReader

	// head holds the first bytes of the stream as long as they may become a
	// signature or the prelude of a frame: "\x1f" | "\x8b…".
	head    [PreludeSize]byte
	headLen uint8
	// sniffed: there is no signature, or it was a byte order mark. White space may
	// still come before the byte that decides.
	sniffed bool
	// Compressed: the stream begins with the signature of gzip or zstd, so it is not
	// read.
	Compressed bool
}

// Init sets the limits. If comments is not set, the Data of comments may be nil.
func (s *Splitter) Init(l Limits, comments bool) {
	s.limits = l
	s.sse.Init(l, false, comments)
	s.Reset()
}

// Reset makes s ready for another stream. It keeps its memory.
func (s *Splitter) Reset() {
	s.sse.Reset()
	if s.json != nil {
		s.json.init(s.limits, &s.sse)
	}
	if s.Frames != nil {
		s.Frames.init(s.limits)
	}
	*s = Splitter{limits: s.limits, sse: s.sse, json: s.json, Frames: s.Frames}
}

// Next takes bytes from p until a frame is whole, and fills f with it; see reader.
func (s *Splitter) Next(p []byte, f *Frame) (n int, ok bool) {
	if s.reader == nil {
		n = s.sniff(p, f)
	}
	if s.reader == nil {
		return len(p), false
	}
	k, ok := s.reader.Next(p[n:], f)
	return n + k, ok
}

// Finish must be called when no more bytes come, before the first call of End.
func (s *Splitter) Finish(f *Frame) {
	if s.reader != nil || s.Compressed {
		return
	}
	if s.headLen > 0 && mayBeFrames(s.head[:s.headLen]) {
		s.beginFrames(f)
	}
	s.endSniffing(f)
}

// End fills f with what is left after Finish, one frame a call, until ok is false.
func (s *Splitter) End(f *Frame) (ok bool) { return s.reader != nil && s.reader.End(f) }

// Pending returns how many bytes of an unfinished event have come.
func (s *Splitter) Pending() int {
	if s.reader == nil {
		return 0
	}
	return s.reader.Pending()
}

// Kind returns how events are put into the bytes of the stream.
func (s *Splitter) Kind() Kind {
	if s.reader == nil {
		return Unknown
	}
	return s.reader.Kind()
}

// Unclosed reports whether the stream is a JSON array that has no end so far.
func (s *Splitter) Unclosed() bool { return s.json != nil && s.reader == s.json && s.json.unclosed() }

// SawText reports whether an SSE stream holds lines that are no fields.
func (s *Splitter) SawText() bool { return s.sse.sawText }

// Stray returns the beginning of the lines of an SSE stream that are no fields. It is
// borrowed until the next call.
func (s *Splitter) Stray() []byte { return s.sse.stray }

// Framing returns what stands around the data of events; see reader.
func (s *Splitter) Framing() (f Framing, ok bool) {
	if s.reader == nil {
		return Framing{}, false
	}
	return s.reader.Framing()
}

// Hold takes p if p is the beginning of a data line of server-sent events, of at most
// most bytes, and nothing else.
func (s *Splitter) Hold(p []byte, most int) bool {
	return s.reader == &s.sse && s.sse.hold(p, most)
}

// Held returns what Hold took.
func (s *Splitter) Held() []byte { return s.sse.lines.buf }

// Keep replaces what Held returns. An empty b means that the event has been read.
func (s *Splitter) Keep(b []byte) { s.sse.lines.buf, s.sse.lines.size = b, len(b) }

// FrameReader returns the reader of binary frames if a frame begins at the next byte,
// or else nil.
func (s *Splitter) FrameReader() *FrameReader {
	if w := s.Frames; w != nil && s.reader == w && w.size == 0 && w.state == framePrelude {
		return w
	}
	return nil
}

// signatures are what may come before the text of a stream, or in place of it.
var signatures = [...]struct {
	bytes      string
	compressed bool
}{
	{ByteOrderMark, false},
	{"\x1f\x8b", true},         // gzip, RFC 1952
	{"\x28\xb5\x2f\xfd", true}, // zstd, RFC 8878
}

// sniff sets s.reader as soon as the first bytes decide. Blank lines and white space
// may come first (F-26). They go to the SSE reader, which ignores them.
func (s *Splitter) sniff(p []byte, f *Frame) (n int) {
	for n < len(p) && s.reader == nil && !s.Compressed {
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
			if s.json == nil {
				s.json = new(jsonReader)
			}
			s.sse.Reset() // it has read the white space
			s.json.init(s.limits, &s.sse)
			s.reader = s.json
		default:
			s.reader = &s.sse
		}
	}
	return n
}

// signature takes b if it may belong to a signature or to the prelude of a frame.
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
	s.reader = s.Frames
	s.Frames.Next(s.head[:s.headLen], f) // no frame is so short that f would be filled
	s.sniffed, s.headLen = true, 0
}

// endSniffing hands head to the SSE reader, which removes a byte order mark. Anything
// else begins a line.
func (s *Splitter) endSniffing(f *Frame) {
	s.sniffed = true
	if s.headLen == 0 {
		return
	}
	head := s.head[:s.headLen]
	for rest, ok := head, true; ok; { // comments fit into it, which are dropped: "\x00\n:\n\x00\x00…"
		var n int
		n, ok = s.sse.Next(rest, f)
		rest = rest[n:]
	}
	if string(head) != ByteOrderMark {
		s.reader = &s.sse
	}
	s.headLen = 0
}
