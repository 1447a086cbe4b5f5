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
	MaxHeaderSize = 128 << 10 // the limit of the format for all headers of a frame
)

// prelude is what a frame begins with.
type prelude struct {
	total, headers uint32
	crc            uint32
}

func readPrelude(b []byte) prelude {
	return prelude{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])}
}

// checksumOK reports whether the CRC is that of the lengths. It uses the table, since
// crc32.ChecksumIEEE would make an array of eight bytes escape to the heap.
func (p prelude) checksumOK() bool {
	crc := ^uint32(0)
	for lengths, i := uint64(p.total)<<32|uint64(p.headers), 0; i < 8; i++ {
		crc = crc32.IEEETable[byte(crc)^byte(lengths>>56)] ^ crc>>8
		lengths <<= 8
	}
	return ^crc == p.crc
}

// valid reports whether a frame can have these lengths.
func (p prelude) valid() bool {
	return uint64(p.total) >= uint64(p.headers)+MinFrame
}

// plausible reports whether the lengths are within the limits of the format, so that
// a stream may begin with p, or go on with p after damage.
func (p prelude) plausible() bool {
	return p.valid() && p.headers <= MaxHeaderSize && p.total <= MaxUsualFrame
}

// MaxUsualFrame is the greatest length whose first byte is 0x01. It is more than the
// 24 MiB that the format allows, and no text begins with 0x00 or 0x01.
const MaxUsualFrame = 1<<25 - 1

// mayBeFrames reports whether a stream that begins with head, which is not empty, may
// be one of frames: that is clear with the CRC in its first twelve bytes. No text is
// held back for this, since its first byte is greater.
func mayBeFrames(head []byte) bool {
	var b [PreludeSize]byte
	copy(b[:], head)
	p := readPrelude(b[:])
	if len(head) < 8 { // the bytes to come may still make the lengths valid
		return head[0] <= 1 && p.headers <= MaxHeaderSize
	}
	return p.plausible() && (len(head) < PreludeSize || p.checksumOK())
}

// A FrameReader reads binary frames (B-01). A frame is an event: its type is the
// header :event-type, its data the payload.
//
// Both CRCs are checked (B-04). A frame whose own CRC is wrong is damaged and skipped:
// its prelude is right, so its end is known. After a wrong prelude nothing says where
// the next frame begins. The reader then looks for the next twelve bytes that are a
// plausible prelude with the right CRC, byte by byte. The bytes before them are one
// damaged event.
type FrameReader struct {
	state frameState
	head  prelude // of the unfinished frame; while desynced, the last twelve bytes
	buf   []byte  // the beginning of the unfinished frame, unless it is past a limit
	size  int64   // bytes of the unfinished frame that have come, kept or not
	max   int     // bytes that a payload may have

	// Last holds the headers of the last frame, and Headers their values: most
	// frames have the same headers as the one before.
	Last    []byte
	Headers FrameHeaders
}

// frameState is what a FrameReader is reading.
type frameState uint8

const (
	framePrelude frameState = iota
	frameBody               // the prelude is right
	frameDesync             // the last prelude was wrong: the next one is looked for
)

func (w *FrameReader) init(l Limits) {
	*w = FrameReader{buf: Recycle(w.buf), Last: Recycle(w.Last), max: l.Event}
}

// Kind returns Frames.
func (w *FrameReader) Kind() Kind { return Frames }

// Framing returns false: frames are not framed by text.
func (w *FrameReader) Framing() (f Framing, ok bool) { return Framing{}, false }

// Pending returns how many bytes of an unfinished frame have come.
func (w *FrameReader) Pending() int { return clampInt(w.size) }

// End returns false: an unfinished frame is no event.
func (w *FrameReader) End(*Frame) bool { return false }

// Next takes bytes from p until a frame is whole, and fills f with it; see reader.
func (w *FrameReader) Next(p []byte, f *Frame) (n int, ok bool) {
	if w.state == frameDesync {
		if n = w.resync(p); w.state == frameDesync {
			return n, false
		}
	}
	if w.size == 0 {
		if b := w.wholeFrame(p[n:]); b != nil {
			w.take(b, f)
			return n + len(b), true
		}
	}
	if w.state == framePrelude {
		n += w.keep(p[n:], PreludeSize)
		if w.size < PreludeSize {
			return n, false
		}
		w.head, w.state = readPrelude(w.buf), frameBody
		if !w.head.valid() || !w.head.checksumOK() {
			w.desync(f)
			return n, true
		}
	}
	n += w.keep(p[n:], int64(w.head.total))
	if w.size < int64(w.head.total) {
		return n, false
	}
	w.take(w.buf, f)
	w.buf, w.size, w.state = Recycle(w.buf), 0, framePrelude
	return n, true
}

// wholeFrame returns the frame that p begins with, as a slice of p, if all of it is
// there and its prelude is right. It leaves the prelude in w.head for take.
func (w *FrameReader) wholeFrame(p []byte) []byte {
	if len(p) < MinFrame {
		return nil
	}
	w.head = readPrelude(p)
	if uint64(w.head.total) > uint64(len(p)) || !w.head.valid() || !w.head.checksumOK() {
		return nil
	}
	return p[:w.head.total:w.head.total]
}

// keep takes bytes from p until the frame has size of them. It copies them if the
// frame is within the limits. It allocates for the bytes that have come, whatever
// length the frame claims.
func (w *FrameReader) keep(p []byte, size int64) (n int) {
	n = int(min(int64(len(p)), size-w.size))
	if w.state == framePrelude || w.lengthError() == nil {
		w.buf = AppendGrowing(w.buf, p[:n])
	}
	w.size += int64(n)
	return n
}

// lengthError returns the limit that the lengths of the frame exceed, or nil.
func (w *FrameReader) lengthError() error {
	switch {
	case int64(w.head.total)-int64(w.head.headers)-MinFrame > int64(w.max):
		return &fault.Limit{Limit: "MaxEvent", Max: w.max}
	case w.head.headers > MaxHeaderSize:
		return fault.Reason("a frame's headers are larger than the format allows")
	}
	return nil
}

// desync reports a wrong prelude.
func (w *FrameReader) desync(f *Frame) {
	*f = Frame{Event: Event{Retry: -1}, Kind: FrameMalformed, Size: PreludeSize, Err: fault.Reason("a frame's prelude is wrong")}
	w.buf, w.size, w.state = w.buf[:0], 0, frameDesync
}

// resync moves head over p, a byte at a time, until it is a plausible prelude with the
// right CRC.
func (w *FrameReader) resync(p []byte) (n int) {
	h := &w.head
	for n < len(p) && w.state == frameDesync {
		h.total, h.headers, h.crc = h.total<<8|h.headers>>24, h.headers<<8|h.crc>>24, h.crc<<8|uint32(p[n])
		n++
		if h.plausible() && h.checksumOK() {
			w.state = frameBody
		}
	}
	if w.state == frameBody {
		w.buf = binary.BigEndian.AppendUint32(w.buf[:0], h.total)
		w.buf = binary.BigEndian.AppendUint32(w.buf, h.headers)
		w.buf = binary.BigEndian.AppendUint32(w.buf, h.crc)
		w.size = PreludeSize
	}
	return n
}

// take fills f with the whole frame b. If its lengths exceed a limit, b is not all of
// it and is not looked at.
func (w *FrameReader) take(b []byte, f *Frame) {
	*f = Frame{Event: Event{Retry: -1}, Size: clampInt(int64(w.head.total))}
	if f.Err = w.lengthError(); f.Err != nil {
		f.Kind = FrameMalformed
		if _, limit := f.Err.(*fault.Limit); limit {
			f.Kind = FrameTooLarge
		}
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

// FrameHeaders holds the headers that say what a frame is. A header that is missing is
// nil.
type FrameHeaders struct {
	messageType, EventType, exceptionType []byte
	errorCode, errorMessage               []byte
}

// headerString is the type of headers whose value is text.
const headerString = 7

// Read sets h from the headers in b, which h then borrows. A header has the length of
// its name, the name, a type, and a value whose width depends on the type. Of two
// headers with one name the last counts. ok is false if b is damaged.
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

// headerWidth returns where in b the value of a header of this type begins and how many
// bytes it has. width is -1 if the type is unknown or b too short.
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

// clampInt returns n as an int, at most the greatest one of 32 bits.
func clampInt(n int64) int { return int(min(n, math.MaxInt32)) }

// LastEvent returns the type of the last frame and its headers, if that was an event;
// else nil. Both are borrowed until the next call of Next.
func (w *FrameReader) LastEvent() (typ, headers []byte) {
	if string(w.Headers.messageType) != "event" {
		return nil, nil
	}
	return w.Headers.EventType, w.Last
}
