package llmstream

// linesWire reads newline-delimited JSON: each line is an event (N-03). The first
// line looks as any JSON does, so that arrayWire reads it and hands over behind
// it. Blank lines are no events, a last line without its line end is one.
//
// A line that begins as server-sent events do is the first of what the SSE wire
// reads from there on: a gateway puts them behind a JSON error.
type linesWire struct {
	lines lineSplitter
	used  bool // a line has come
	max   limitFault

	sse *sseWire // reads what follows
	out bool     // it does so now
}

func (w *linesWire) init(l limits, sse *sseWire) {
	w.max = limitFault{Limit: "MaxLine", Max: l.line}
	if l.event < l.line { // a line is an event
		w.max = limitFault{Limit: "MaxEvent", Max: l.event}
	}
	w.lines.max = w.max.Max
	w.lines.reset()
	w.lines.bom = bomDone
	w.used, w.sse, w.out = false, sse, false
}

func (w *linesWire) kind() wireKind { return wireLines }

func (w *linesWire) framing() (f framing, ok bool) {
	if w.out { // what was framed as lines would not be any more
		f, _ = w.sse.framing()
		return f, false
	}
	f.end = "\n"
	if w.lines.crlf {
		f.end = "\r\n"
	}
	return f, w.used && w.lines.size == 0 && !w.lines.skipLF
}

func (w *linesWire) pending() int {
	if w.out {
		return w.sse.pending()
	}
	return w.lines.size
}

// begin takes the beginning of a line that another wire has read, which is all of
// its size bytes, or less if they are past the limit.
func (w *linesWire) begin(line []byte, size int) {
	w.lines.size += size - len(line)
	w.lines.keep(line, keepLine)
}

// keepLine tells that any line is worth keeping.
func keepLine([]byte) bool { return true }

func (w *linesWire) next(p []byte, f *frame) (n int, ok bool) {
	for !w.out {
		if w.lines.size == 0 && n < len(p) {
			if w.lines.skipLF && p[n] == '\n' {
				w.lines.skipLF = false
				n++
				continue
			}
			if w.out = beginsSSE(p[n]); w.out {
				break
			}
		}
		size := w.lines.size
		line, k, state := w.lines.next(p[n:], keepLine)
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
	k, ok := w.sse.next(p[n:], f)
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
func (w *linesWire) take(line []byte, state lineState, size int, f *frame) (ok bool) {
	if state == lineDropped {
		max := w.max
		*f = frame{wireEvent: wireEvent{Retry: -1}, kind: frameTooLarge, size: size, err: &max}
		w.used = true
		return true
	}
	if len(trimSpace(line)) == 0 {
		return false
	}
	*f = frame{wireEvent: wireEvent{Data: line, Retry: -1}, size: len(line)}
	w.used = true
	return true
}

func (w *linesWire) end(f *frame) bool {
	if w.out {
		return w.sse.end(f)
	}
	size := w.lines.size
	line, state := w.lines.rest()
	if state == lineCut || !w.take(line, state, size, f) {
		return false
	}
	if f.kind == frameEvent {
		// What more bytes would not mend is told as if the line had ended: damage,
		// or a text that is an error.
		var scan jsonScanner
		if _, err := scan.scanAll(trimSpace(line)); err == nil {
			f.kind = frameUnterminated
		}
	}
	return true
}
