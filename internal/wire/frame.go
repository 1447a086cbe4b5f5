package wire

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/seed-4d65deac/llmstream/internal/fault"
)

// A frame on the wire, in application/vnd.amazon.eventstream:
//
//	0         4         8            12        12+h           total-4   total
//	│ total   │ headers │ CRC of     │ headers │ payload      │ CRC of  │
//	│ length  │ length h│ these eight│         │              │ all     │
//	└─────────────── prelude ────────┘
//
// All numbers are big-endian; the CRCs are CRC-32 of IEEE 802.3.
const (
	PreludeSize   = 12
	CrcSize       = 4
	MinFrame      = PreludeSize + CrcSize
	MaxHeaderSize = 128 << 10 // of the format itself, for all headers of a frame
)

// prelude is what a frame begins with.
type prelude struct {
	total, headers uint32
	crc            uint32
}

func readPrelude(b []byte) prelude {
	return prelude{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])}
}

// proven tells whether the CRC is that of the lengths. It works by the table: an
// array of eight bytes would be allocated for crc32.ChecksumIEEE.
func (p prelude) proven() bool {
	crc := ^uint32(0)
	for lengths, i := uint64(p.total)<<32|uint64(p.headers), 0; i < 8; i++ {
		crc = crc32.IEEETable[byte(crc)^byte(lengths>>56)] ^ crc>>8
		lengths <<= 8
	}
	return ^crc == p.crc
}

// sound tells whether a frame can have these lengths.
func (p prelude) sound() bool {
	return uint64(p.total) >= uint64(p.headers)+MinFrame
}

// usual tells whether p may be searched for: its lengths are such as the format
// allows.
func (p prelude) usual() bool {
	return p.sound() && p.headers <= MaxHeaderSize && p.total <= MaxUsualFrame
}

// maxUsualFrame is the end of what the first byte 0x01 can begin, and more than
// the 24 MiB that the format allows. No text begins with 0x00 or 0x01.
const MaxUsualFrame = 1<<25 - 1

// mayBeFrames tells whether a stream that begins so may yet prove to be one of
// frames, with the CRC that its first 12 bytes hold. No text holds anything back
// for it: its first byte is greater.
func mayBeFrames(head []byte) bool {
	var b [PreludeSize]byte
	copy(b[:], head)
	p := readPrelude(b[:])
	if len(head) < 8 { // the rest may be anything that makes it right
		return head[0] <= 1 && p.headers <= MaxHeaderSize
	}
	return p.usual() && (len(head) < PreludeSize || p.proven())
}

// framesWire reads binary frames (B-01). A frame is an event: its type is the
// header :event-type, its data the payload.
//
// Both CRCs are checked (B-04). A frame whose own CRC is wrong is damaged and
// skipped, since its prelude has proved where it ends. Behind a prelude that is
// wrong nothing tells where the next frame begins. The wire then looks for the
// next twelve bytes that prove themselves a prelude, byte by byte; what it passes
// over is one damaged event.
type FrameReader struct {
	buf  []byte  // the beginning of the unfinished frame, as far as it is kept
	size int64   // how many bytes of it have come, kept or not
	head prelude // of the unfinished frame
	read bool    // head is known
	lost bool    // the last prelude was wrong: head is the window in which the next is sought
	max  int     // bytes that a payload may have
	// last are the headers of the last frame, and headers what they say: nearly
	// always those of the next are the same.
	Last    []byte
	Headers FrameHeaders
}

func (w *FrameReader) init(l Limits) {
	*w = FrameReader{buf: Recycle(w.buf), Last: Recycle(w.Last), max: l.Event}
}

func (w *FrameReader) Kind() Kind { return Frames }

func (w *FrameReader) Framing() (f Framing, ok bool) { return Framing{}, false }

func (w *FrameReader) Pending() int { return clampInt(w.size) }

func (w *FrameReader) End(*Frame) bool { return false }

func (w *FrameReader) Next(p []byte, f *Frame) (n int, ok bool) {
	if w.lost {
		n = w.seek(p)
	}
	if w.lost {
		return n, false
	}
	if w.size == 0 {
		if b := w.wholeFrame(p[n:]); b != nil {
			w.take(b, f)
			return n + len(b), true
		}
	}
	if !w.read {
		n += w.keep(p[n:], PreludeSize)
		if w.size < PreludeSize {
			return n, false
		}
		w.head, w.read = readPrelude(w.buf), true
		if !w.head.sound() || !w.head.proven() {
			w.lose(f)
			return n, true
		}
	}
	n += w.keep(p[n:], int64(w.head.total))
	if w.size < int64(w.head.total) {
		return n, false
	}
	w.take(w.buf, f)
	w.buf, w.size, w.read = Recycle(w.buf), 0, false
	return n, true
}

// wholeFrame returns the frame that p begins with, if all of it is there and its
// prelude is right; take is then for it. It is a slice of p.
func (w *FrameReader) wholeFrame(p []byte) []byte {
	if len(p) < MinFrame {
		return nil
	}
	w.head = readPrelude(p)
	if uint64(w.head.total) > uint64(len(p)) || !w.head.sound() || !w.head.proven() {
		return nil
	}
	return p[:w.head.total:w.head.total]
}

// keep takes bytes from p until the frame has size of them, and copies those of
// a frame that is within the limits. What it allocates goes by what has come and
// not by what the frame claims.
func (w *FrameReader) keep(p []byte, size int64) (n int) {
	n = int(min(int64(len(p)), size-w.size))
	if !w.read || w.fault() == nil {
		w.buf = AppendGrowing(w.buf, p[:n])
	}
	w.size += int64(n)
	return n
}

// fault tells what is wrong with the lengths of the frame.
func (w *FrameReader) fault() error {
	switch {
	case int64(w.head.total)-int64(w.head.headers)-MinFrame > int64(w.max):
		return &fault.Limit{Limit: "MaxEvent", Max: w.max}
	case w.head.headers > MaxHeaderSize:
		return fault.Reason("a frame's headers are larger than the format allows")
	}
	return nil
}

// lose reports a wrong prelude, which is in w.buf, and begins to look for the
// next.
func (w *FrameReader) lose(f *Frame) {
	*f = Frame{Event: Event{Retry: -1}, Kind: FrameMalformed, Size: PreludeSize, Err: fault.Reason("a frame's prelude is wrong")}
	w.buf, w.size, w.read, w.lost = w.buf[:0], 0, false, true
}

// seek moves the window over p until it holds a prelude.
func (w *FrameReader) seek(p []byte) (n int) {
	h := &w.head
	for n < len(p) && w.lost {
		h.total, h.headers, h.crc = h.total<<8|h.headers>>24, h.headers<<8|h.crc>>24, h.crc<<8|uint32(p[n])
		n++
		w.lost = !h.usual() || !h.proven()
	}
	if !w.lost {
		w.buf = binary.BigEndian.AppendUint32(w.buf[:0], h.total)
		w.buf = binary.BigEndian.AppendUint32(w.buf, h.headers)
		w.buf = binary.BigEndian.AppendUint32(w.buf, h.crc)
		w.size, w.read = PreludeSize, true
	}
	return n
}

// take fills f with the whole frame b, of which nothing was kept where its
// lengths are at fault.
func (w *FrameReader) take(b []byte, f *Frame) {
	*f = Frame{Event: Event{Retry: -1}, Size: clampInt(int64(w.head.total))}
	if f.Err = w.fault(); f.Err != nil {
		f.Kind = FrameMalformed
		return
	}
	end := len(b) - CrcSize
	if crc32.ChecksumIEEE(b[:end]) != binary.BigEndian.Uint32(b[end:]) {
		f.Kind, f.Err = FrameMalformed, fault.Reason("a frame's checksum is wrong")
		return
	}
	payload := PreludeSize + int(w.head.headers)
	h := &w.Headers
	if headers := b[PreludeSize:payload]; string(headers) != string(w.Last) {
		w.Last = append(Recycle(w.Last), headers...)
		if *h = (FrameHeaders{}); !h.Read(w.Last) {
			w.Last, *h = w.Last[:0], FrameHeaders{}
			f.Kind, f.Err = FrameMalformed, fault.Reason("a frame's headers cannot be read")
			return
		}
	}
	f.Type, f.Data = h.EventType, b[payload:end:end]
	switch string(h.messageType) {
	case "exception": // B-03
		f.Kind, f.Type = FrameException, h.exceptionType
	case "error":
		if f.Kind, f.Type = FrameError, h.errorCode; len(f.Data) == 0 {
			f.Data = h.errorMessage
		}
	}
}

// frameHeaders are the headers of a frame that say what it is.
type FrameHeaders struct {
	messageType, EventType, exceptionType []byte
	errorCode, errorMessage               []byte
}

// headerString is the type of a header's value that is text.
const headerString = 7

// read reads headers: each has a length and a name, a type, and a value that is
// as wide as its type says. Of two equal names the last counts. !ok: they are
// damaged.
func (h *FrameHeaders) Read(b []byte) (ok bool) {
	for len(b) > 0 {
		nameLen := 1 + int(b[0])
		if len(b) <= nameLen {
			return false
		}
		name, typ := b[1:nameLen], b[nameLen]
		b = b[nameLen+1:]
		from, width := headerWidth(typ, b)
		if width < 0 || from+width > len(b) {
			return false
		}
		value := b[from : from+width : from+width]
		if b = b[from+width:]; typ != headerString {
			continue
		}
		switch string(name) {
		case ":message-type":
			h.messageType = value
		case ":event-type":
			h.EventType = value
		case ":exception-type":
			h.exceptionType = value
		case ":error-code":
			h.errorCode = value
		case ":error-message":
			h.errorMessage = value
		}
	}
	return true
}

// headerWidth tells where in b the value of a header of this type stands, and how
// wide it is; -1: that cannot be told.
func headerWidth(typ byte, b []byte) (from, width int) {
	switch typ {
	case 0, 1: // true, false
		return 0, 0
	case 2: // byte
		return 0, 1
	case 3: // short
		return 0, 2
	case 4: // int
		return 0, 4
	case 5, 8: // long, timestamp
		return 0, 8
	case 6, headerString: // bytes
		if len(b) < 2 {
			return 0, -1
		}
		return 2, int(binary.BigEndian.Uint16(b))
	case 9: // UUID
		return 0, 16
	}
	return 0, -1
}

// clampInt returns n as an int, which has 32 bits on some platforms.
func clampInt(n int64) int { return int(min(n, math.MaxInt32)) }

// LastEvent returns the type of the last frame and its headers, if that was an event;
// else nil. Both are borrowed until the next call.
func (w *FrameReader) LastEvent() (typ, headers []byte) {
	if string(w.Headers.messageType) != "event" {
		return nil, nil
	}
	return w.Headers.EventType, w.Last
}
