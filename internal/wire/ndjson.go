package wire

import (
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// lineReader reads newline-delimited JSON: each line is an event (N-03). The first
// line looks like any JSON, so jsonReader reads it and uses a lineReader for what
// follows. Blank lines are no events. A last line without its end is one.
type lineReader struct {
	lines lineSplitter
	// sawLine: a line that is not blank has come, so the stream is one of lines.
	sawLine bool
	max     fault.Limit // of a line
}

func (w *lineReader) init(l Limits) {
	w.max = fault.Limit{Limit: "MaxLine", Max: l.Line}
	if l.Event < l.Line { // a line is an event
		w.max = fault.Limit{Limit: "MaxEvent", Max: l.Event}
	}
	w.lines.max = w.max.Max
	w.lines.reset()
	w.lines.bomSeen = bomDone
	w.sawLine = false
}

func (w *lineReader) framing() (f Framing, ok bool) {
	f.End = "\n"
	if w.lines.lastEnd == endCRLF {
		f.End = "\r\n"
	}
	return f, w.sawLine && w.lines.size == 0 && w.lines.lastEnd != endCutCR
}

// begin takes the beginning of a line that jsonReader has read. size is how many
// bytes that is, of which line holds all, or fewer if they are past a limit.
func (w *lineReader) begin(line []byte, size int) {
	w.lines.size += size - len(line)
	w.lines.keep(line, keepLine)
}

// keepLine reports that any line is worth keeping.
func keepLine([]byte) bool { return true }

// next is Next of a reader. If sse is true, it stopped before a line that begins as
// server-sent events do: gateways put them after a JSON error.
func (w *lineReader) next(p []byte, f *Frame) (n int, ok, sse bool) {
	for {
		if w.lines.size == 0 && n < len(p) {
			if w.lines.lastEnd == endCutCR && p[n] == '\n' {
				w.lines.lastEnd = endCR
				n++
				continue
			}
			if beginsSSE(p[n]) {
				return n, false, true
			}
		}
		size := w.lines.size
		line, k, state := w.lines.Next(p[n:], keepLine)
		n += k
		if state == lineCut {
			return n, false, false
		}
		if state == lineDropped {
			size += len(trimLineEnd(p[n-k : n]))
		}
		if w.take(line, state, size, f) {
			return n, true, false
		}
	}
}

// beginsSSE reports whether a line that begins with c can be a field or a comment of
// server-sent events or a page of HTML, and not JSON. One byte has to do, since those
// lines may have to be read before they end.
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

// take fills f with a line. ok is false if the line is blank. Of a dropped line it
// gets only the beginning, and size is how many bytes came.
func (w *lineReader) take(line []byte, state lineState, size int, f *Frame) (ok bool) {
	if state == lineDropped {
		max := w.max
		*f = Frame{Event: Event{Retry: -1}, Kind: FrameTooLarge, Size: size, Err: &max}
		w.sawLine = true
		return true
	}
	if len(jsonscan.TrimSpace(line)) == 0 {
		return false
	}
	*f = Frame{Event: Event{Data: line, Retry: -1}, Size: len(line)}
	w.sawLine = true
	return true
}

func (w *lineReader) end(f *Frame) (ok bool) {
	size := w.lines.size
	line, state := w.lines.rest()
	if state == lineCut || !w.take(line, state, size, f) {
		return false
	}
	if f.Kind == FrameEvent {
		// A line that more bytes could not make valid is an event like any other:
		// damage, or a text that is an error.
		var scan jsonscan.Scanner
		if _, err := scan.ScanAll(jsonscan.TrimSpace(line)); err == nil {
			f.Kind = FrameUnterminated
		}
	}
	return true
}
