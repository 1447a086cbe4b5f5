package wire

import "bytes"

// lineSplitter finds the lines of a stream whose reads may be cut anywhere. LF,
// CRLF and a lone CR each end a line (WHATWG HTML, section 9.2.5).
//
// A line that lies whole within a read is a slice of that read. Only the
// beginning of a line that is cut is copied, and each byte is looked at once,
// so that a line costs the same however it is cut.
type lineSplitter struct {
	Buf  []byte // the beginning of the unfinished line
	last []byte // the buffer of the last line that was cut, which is still borrowed
	size int    // how many bytes of it have come, kept or not
	max  int    // how many bytes a line may have

	// skipLF: the last line ended with a CR as the last byte seen, so that a LF
	// that comes next belongs to it: "a\r" | "\nb". The line itself is whole
	// and was given out; waiting for the next byte would hold its event back.
	skipLF bool
	crlf   bool // the last line ended with CRLF, as far as the read tells
	cr     bool // it ended with a CR and no LF, as far as the read tells
	// dropped: the unfinished line is past max, or of no use to anybody, and
	// its further bytes are not kept.
	dropped bool
	// bom counts the bytes of a byte order mark seen at the very start of the
	// stream, as far as it may yet become one: "\xEF" | "\xBB\xBFdata: …".
	// bomDone stands for: no longer looking for one.
	bom uint8
}

const bomDone = 0xFF

const ByteOrderMark = "\xEF\xBB\xBF"

// lineState tells what next has found.
type lineState uint8

const (
	lineCut     lineState = iota // the line does not end in these bytes
	lineWhole                    // the line is whole
	lineDropped                  // the line has ended, but was not kept: only its beginning is given
)

// keptOfDropped is how much of a dropped line is given out: enough to tell
// which field it was.
const keptOfDropped = 8

// next takes the first line from p, without its end, and returns how many bytes
// it took. The line is borrowed until p changes. With lineCut it has taken all of
// p and keeps what it needs. useful tells whether a line that begins so is worth
// keeping until it ends.
func (l *lineSplitter) Next(p []byte, useful func(beginning []byte) bool) (line []byte, n int, state lineState) {
	if l.skipLF && len(p) > 0 {
		l.skipLF = false
		if p[0] == '\n' {
			n = 1
		}
	}
	if l.bom != bomDone {
		k, cut := l.skipBOM(p[n:])
		n += k
		if cut {
			return nil, n, lineCut
		}
	}
	end := indexLineEnd(p[n:], l.cr)
	if end < 0 {
		l.keep(p[n:], useful)
		return nil, len(p), lineCut
	}
	line = p[n : n+end : n+end]
	n += end + 1
	l.crlf, l.cr = false, p[n-1] == '\r'
	if l.cr {
		if n < len(p) && p[n] == '\n' {
			l.crlf, l.cr = true, false
			n++
		} else if n == len(p) {
			l.skipLF = true
		}
	}
	if l.size == 0 && len(line) <= l.max {
		return line, n, lineWhole
	}
	l.keep(line, useful)
	line, state = l.Buf, lineWhole
	if l.dropped {
		state = lineDropped
	}
	l.Buf, l.last, l.size, l.dropped = Recycle(l.last), line, 0, false
	if cap(line) > MaxKept {
		l.last = nil
	}
	return line, n, state
}

// keep appends b to the unfinished line. Of a line that is not worth keeping it
// keeps the beginning, always the same however the line is cut.
func (l *lineSplitter) keep(b []byte, useful func([]byte) bool) {
	if len(b) == 0 {
		return
	}
	l.size += len(b)
	if !l.dropped && l.size <= l.max {
		if l.Buf == nil { // this line may be as long as the last one
			l.Buf = make([]byte, 0, max(len(b), cap(l.last)))
		}
		l.Buf = AppendGrowing(l.Buf, b)
		l.dropped = !useful(l.Buf)
	} else {
		l.dropped = true
		l.Buf = append(l.Buf, b[:min(len(b), max(0, keptOfDropped-len(l.Buf)))]...)
	}
	if l.dropped {
		l.Buf = l.Buf[:min(len(l.Buf), keptOfDropped)]
		if cap(l.Buf) > MaxKept {
			l.Buf = bytes.Clone(l.Buf)
		}
	}
}

// skipBOM takes a byte order mark from the start of the stream. cut: p ended
// before it was clear whether there is one.
func (l *lineSplitter) skipBOM(p []byte) (n int, cut bool) {
	for int(l.bom) < len(ByteOrderMark) {
		if n == len(p) {
			return n, true
		}
		if p[n] != ByteOrderMark[l.bom] {
			// It was none: what looked like its beginning begins a line.
			l.keep([]byte(ByteOrderMark[:l.bom]), func([]byte) bool { return true })
			l.bom = bomDone
			return n, false
		}
		l.bom++
		n++
	}
	l.bom = bomDone
	return n, false
}

// rest gives out the unfinished line at the end of the stream; lineCut: there is
// none.
func (l *lineSplitter) rest() (line []byte, state lineState) {
	switch {
	case l.dropped:
		state = lineDropped
	case l.size > 0:
		state = lineWhole
	}
	line = l.Buf
	l.Buf, l.size, l.dropped = Recycle(l.Buf), 0, false
	return line, state
}

func (l *lineSplitter) reset() {
	*l = lineSplitter{Buf: Recycle(l.Buf), last: Recycle(l.last), max: l.max}
}

// lineWindow is how far indexLineEnd looks ahead for one line end before it looks
// for the other: far enough for nearly all lines, near enough that a stream of the
// other, with this one never in sight, costs no more than a constant per line.
const lineWindow = 4 << 10

// indexLineEnd returns the position of the first LF or CR in b, or -1. cr: it looks
// for a CR first, since the line before ended with one.
func indexLineEnd(b []byte, cr bool) int {
	if len(b) > 0 && b[0] == '\n' { // a blank line, as is every second one
		return 0
	}
	for at := 0; at < len(b); at += lineWindow {
		w := b[at:min(at+lineWindow, len(b))]
		first, second := byte('\n'), byte('\r')
		if cr {
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
