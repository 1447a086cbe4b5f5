package wire

import (
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// linesWire reads newline-delimited JSON: each line is an event (N-03). The first
// line looks as any JSON does, so that arrayWire reads it and hands over behind
// it. Blank lines are no events, a last line without its line end is one.
//
// A line that begins as server-sent events do is the first of what the SSE wire
// reads from there on: a gateway puts them behind a JSON error.
type linesReader struct {
	Lines lineSplitter
	used  bool // a line has come
	max   fault.Limit

	sse *SSEReader // reads what follows
	out bool       // it does so now
}

func (w *linesReader) init(l Limits, sse *SSEReader) {
	w.max = fault.Limit{Limit: "MaxLine", Max: l.Line}
	if l.Event < l.Line { // a line is an event
		w.max = fault.Limit{Limit: "MaxEvent", Max: l.Event}
	}
	w.Lines.max = w.max.Max
	w.Lines.reset()
	w.Lines.bom = bomDone
	w.used, w.sse, w.out = false, sse, false
}

func (w *linesReader) Kind() Kind { return Lines }

func (w *linesReader) Framing() (f Framing, ok bool) {
	if w.out { // what was framed as lines would not be any more
		f, _ = w.sse.Framing()
		return f, false
	}
	f.End = "\n"
	if w.Lines.crlf {
		f.End = "\r\n"
	}
	return f, w.used && w.Lines.size == 0 && !w.Lines.skipLF
}

func (w *linesReader) Pending() int {
	if w.out {
		return w.sse.Pending()
	}
	return w.Lines.size
}

// begin takes the beginning of a line that another wire has read, which is all of
// its size bytes, or less if they are past the limit.
func (w *linesReader) begin(line []byte, size int) {
	w.Lines.size += size - len(line)
	w.Lines.keep(line, keepLine)
}

// keepLine tells that any line is worth keeping.
func keepLine([]byte) bool { return true }

func (w *linesReader) Next(p []byte, f *Frame) (n int, ok bool) {
	for !w.out {
		if w.Lines.size == 0 && n < len(p) {
			if w.Lines.skipLF && p[n] == '\n' {
				w.Lines.skipLF = false
				n++
				continue
			}
			if w.out = beginsSSE(p[n]); w.out {
				break
			}
		}
		size := w.Lines.size
		line, k, state := w.Lines.Next(p[n:], keepLine)
		n += k
		if state == lineCut {
			return n, false
		}
		if state == lineDropped {
			size += len(trimLineEnd(p[n-k : n]))
		}
		if w.take(line, state, size, f) {
			return n, true
		}
	}
	k, ok := w.sse.Next(p[n:], f)
	return n + k, ok
}

// beginsSSE tells whether a line that begins with c can be a field or a comment of
// server-sent events, or a page of HTML, and no JSON. It must do with one byte:
// what it is may have to be read before the line ends.
func beginsSSE(c byte) bool {
	switch c {
	case 'd', 'e', 'i', 'r', ':', '<':
		return true
	}
	return false
}

func trimLineEnd(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
	}
	if n := len(b); n > 0 && b[n-1] == '\r' {
		b = b[:n-1]
	}
	return b
}

// take fills f with a line and tells whether it is more than blank. Of a dropped
// line it has the beginning, and size is how many bytes came.
func (w *linesReader) take(line []byte, state lineState, size int, f *Frame) (ok bool) {
	if state == lineDropped {
		max := w.max
		*f = Frame{Event: Event{Retry: -1}, Kind: FrameTooLarge, Size: size, Err: &max}
		w.used = true
		return true
	}
	if len(jsonscan.TrimSpace(line)) == 0 {
		return false
	}
	*f = Frame{Event: Event{Data: line, Retry: -1}, Size: len(line)}
	w.used = true
	return true
}

func (w *linesReader) End(f *Frame) bool {
	if w.out {
		return w.sse.End(f)
	}
	size := w.Lines.size
	line, state := w.Lines.rest()
	if state == lineCut || !w.take(line, state, size, f) {
		return false
	}
	if f.Kind == FrameEvent {
		// What more bytes would not mend is told as if the line had ended: damage,
		// or a text that is an error.
		var scan jsonscan.Scanner
		if _, err := scan.ScanAll(jsonscan.TrimSpace(line)); err == nil {
			f.Kind = FrameUnterminated
		}
	}
	return true
}
