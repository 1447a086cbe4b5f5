package wire

import "bytes"

// lineSplitter finds the lines of a stream that comes in any pieces. LF, CRLF and a
// lone CR each end a line (WHATWG HTML, section 9.2.5).
//
// A line within one read is a slice of that read. Only the beginning of a line that
// is cut is copied, and each byte is looked at once, so a line costs the same
// however it is cut.
type lineSplitter struct {
	max  int // bytes that a line may have
	kept int // bytes that are kept of a dropped line; at least keptOfDropped

	buf  []byte // the beginning of the unfinished line
	size int    // bytes of the unfinished line that have come, kept or not
	// lent is the buffer of the last line that was cut. It is still borrowed, and
	// becomes buf with the next one.
	lent []byte
	// dropped: the unfinished line is past max, or useful has refused it. Only its
	// first bytes are kept.
	dropped bool

	lastEnd lineEnd
	// bomSeen counts the bytes of a byte order mark at the very start of the stream,
	// which may be cut: "\xEF" | "\xBB\xBFdata: …". It is bomDone once it is clear
	// whether there is one.
	bomSeen uint8
}

// lineEnd is how the last line ended.
type lineEnd uint8

const (
	endLF lineEnd = iota
	endCRLF
	endCR
	// endCutCR: a CR was the last byte of a read. The line was given out, since
	// waiting for the next byte would hold its event back. A LF that comes next
	// belongs to it: "a\r" | "\nb".
	endCutCR
)

const bomDone = 0xFF

// ByteOrderMark is U+FEFF in UTF-8.
const ByteOrderMark = "\xEF\xBB\xBF"

// lineState is what Next has found.
type lineState uint8

const (
	lineCut     lineState = iota // the line does not end in these bytes
	lineWhole                    // the line is whole
	lineDropped                  // the line has ended, but only its beginning was kept
)

// keptOfDropped is how many bytes are kept of any dropped line: enough for the name of
// its field.
const keptOfDropped = 8

// keepOf returns how many bytes are kept of a dropped line.
func (l *lineSplitter) keepOf() int { return max(keptOfDropped, l.kept) }

// Next takes the first line from p and returns it without its end, with the number
// of bytes that it took. The line is borrowed until p changes. If state is lineCut,
// it has taken all of p and copied what it needs. useful reports whether a line that
// begins with these bytes is worth keeping until it ends.
func (l *lineSplitter) Next(p []byte, useful func(beginning []byte) bool) (line []byte, n int, state lineState) {
	if l.lastEnd == endCutCR && len(p) > 0 {
		l.lastEnd = endCR
		if p[0] == '\n' {
			n = 1
		}
	}
	if l.bomSeen != bomDone {
		k, cut := l.skipBOM(p[n:])
		n += k
		if cut {
			return nil, n, lineCut
		}
	}
	end := indexLineEnd(p[n:], l.lastEnd >= endCR)
	if end < 0 {
		l.keep(p[n:], useful)
		return nil, len(p), lineCut
	}
	line = p[n : n+end : n+end]
	n += end + 1
	switch {
	case p[n-1] == '\n':
		l.lastEnd = endLF
	case n == len(p):
		l.lastEnd = endCutCR
	case p[n] == '\n':
		l.lastEnd = endCRLF
		n++
	default:
		l.lastEnd = endCR
	}
	if l.size == 0 && len(line) <= l.max {
		return line, n, lineWhole
	}
	l.keep(line, useful)
	line, state = l.buf, lineWhole
	if l.dropped {
		state = lineDropped
	}
	l.buf, l.lent, l.size, l.dropped = Recycle(l.lent), line, 0, false
	if cap(line) > MaxKept {
		l.lent = nil
	}
	return line, n, state
}

// keep appends b to the unfinished line. If the line is not worth keeping, it keeps
// the first bytes of it, always as many however the line is cut.
func (l *lineSplitter) keep(b []byte, useful func([]byte) bool) {
	if len(b) == 0 {
		return
	}
	l.size += len(b)
	if !l.dropped && l.size <= l.max {
		if l.buf == nil { // this line may be as long as the last one
			l.buf = make([]byte, 0, max(len(b), cap(l.lent)))
		}
		l.buf = AppendGrowing(l.buf, b)
		l.dropped = !useful(l.buf)
	} else {
		l.dropped = true
		l.buf = append(l.buf, b[:min(len(b), max(0, l.keepOf()-len(l.buf)))]...)
	}
	if l.dropped {
		l.buf = l.buf[:min(len(l.buf), l.keepOf())]
		if cap(l.buf) > MaxKept {
			l.buf = bytes.Clone(l.buf)
		}
	}
}

// skipBOM takes a byte order mark from the start of the stream. cut reports that p
// ended before it was clear whether there is one.
func (l *lineSplitter) skipBOM(p []byte) (n int, cut bool) {
	for int(l.bomSeen) < len(ByteOrderMark) {
		if n == len(p) {
			return n, true
		}
		if p[n] != ByteOrderMark[l.bomSeen] {
			// There is none: the bytes that looked like its beginning begin a line.
			l.keep([]byte(ByteOrderMark[:l.bomSeen]), func([]byte) bool { return true })
			l.bomSeen = bomDone
			return n, false
		}
		l.bomSeen++
		n++
	}
	l.bomSeen = bomDone
	return n, false
}

// rest returns the unfinished line at the end of the stream. state is lineCut if there
// is no such line.
func (l *lineSplitter) rest() (line []byte, state lineState) {
	switch {
	case l.dropped:
		state = lineDropped
	case l.size > 0:
		state = lineWhole
	}
	line = l.buf
	l.buf, l.size, l.dropped = Recycle(l.buf), 0, false
	return line, state
}

func (l *lineSplitter) reset() {
	*l = lineSplitter{buf: Recycle(l.buf), lent: Recycle(l.lent), max: l.max, kept: l.kept}
}

// lineWindow is how far indexLineEnd looks for one kind of line end before it looks
// for the other. It is longer than nearly all lines. It is short enough that in a
// stream of the other kind, a search that finds nothing costs each line no more than
// a constant.
const lineWindow = 4 << 10

// indexLineEnd returns the position of the first LF or CR in b, or -1. It looks for a
// CR first if the line before ended with one.
func indexLineEnd(b []byte, crFirst bool) int {
	if len(b) > 0 && b[0] == '\n' { // a blank line, as every second one is
		return 0
	}
	for at := 0; at < len(b); at += lineWindow {
		w := b[at:min(at+lineWindow, len(b))]
		first, second := byte('\n'), byte('\r')
		if crFirst {
			first, second = second, first
		}
		end := bytes.IndexByte(w, first)
		if end >= 0 {
			w = w[:end]
		}
		if other := bytes.IndexByte(w, second); other >= 0 {
			return at + other
		}
		if end >= 0 {
			return at + end
		}
	}
	return -1
}
