package llmstream

import "bytes"

// arrayWire reads JSON values in place of a stream: a whole answer or an error
// where a stream was asked for (F-26), several objects one behind the other, or
// an array of them, as Gemini writes it (G-01). Each object, or element of the
// outermost array, is an event, as soon as its last byte has come.
//
// A value that fills a line of its own is the first of newline-delimited JSON, or
// else nothing follows: linesWire goes on behind it. What follows and cannot be
// JSON is SSE: `{"id":…}data: [DONE]` was seen, and so was an error object in
// front of a stream.
type arrayWire struct {
	scan    jsonScanner // of the unfinished value
	buf     []byte      // what earlier reads brought of it
	size    int         // how many bytes of it have come, kept or not
	inArray bool        // the outermost array is open
	inLine  bool        // there is no line end in the value, or behind the last one, which is no element of an array
	max     int         // bytes that a value may have

	// lost: an element of the array could not be read, and the next one that
	// begins behind a line with nothing but a comma is looked for. lineStart: a
	// line begins.
	lost, lineStart bool

	lines linesWire
	sse   *sseWire
	after wire // one of these two, if it reads what follows; else nil
}

func (w *arrayWire) init(l limits, sse *sseWire) {
	*w = arrayWire{buf: letGo(w.buf), max: l.event, lines: w.lines, sse: sse}
	w.lines.init(l, sse)
}

func (w *arrayWire) kind() wireKind {
	if w.lines.used {
		return w.lines.kind()
	}
	return wireJSON
}

func (w *arrayWire) framing() (f framing, ok bool) {
	if w.after != nil {
		return w.after.framing()
	}
	return framing{}, false
}

func (w *arrayWire) pending() int {
	if w.after != nil {
		return w.after.pending()
	}
	return w.size
}

func (w *arrayWire) next(p []byte, f *frame) (n int, ok bool) {
	if w.after == nil && w.size == 0 {
		n = w.between(p)
	}
	if w.after != nil {
		k, ok := w.after.next(p[n:], f)
		return n + k, ok
	}
	k, err := w.scan.scan(p[n:])
	w.size += k
	value := p[n : n+k]
	if w.inLine {
		w.inLine = bytes.IndexByte(value, '\n') < 0
	}
	if err != nil && w.inLine {
		// A line that is no JSON; the next one may be.
		w.lines.begin(w.buf, w.size-len(value))
		w.lines.begin(value, len(value))
		w.after, w.buf, w.size = &w.lines, letGo(w.buf), 0
		k, ok = w.lines.next(p[n+k:], f)
		return n + len(value) + k, ok
	}
	if err == nil && !w.scan.ended() {
		w.keep(value)
		return n + k, false
	}
	w.take(value, f, err)
	return n + k, true
}

// between takes what may stand between two values and finds out what follows.
func (w *arrayWire) between(p []byte) (n int) {
	if w.lost {
		n = w.find(p)
	}
	for n < len(p) {
		switch c := p[n]; {
		case c == '\n' && w.inLine && !w.inArray:
			w.after = &w.lines
			return n + 1
		case isSpace(c), c == ',' && w.inArray:
		case c == '[' && !w.inArray:
			w.inArray = true
		case c == ']' && w.inArray:
			w.inArray = false
		case c == '{', w.inArray:
			w.inLine = !w.inArray
			return n
		default:
			w.after = w.sse
			return n
		}
		n++
	}
	return n
}

// find looks for the next element behind one that could not be read: nobody can
// tell where that ends, but the server writes a comma in a line of its own between
// two.
func (w *arrayWire) find(p []byte) (n int) {
	for n < len(p) && w.lost {
		c := p[n]
		w.lost = !w.lineStart || c != ',' && c != ']'
		w.lineStart = c == '\n'
		if w.lost {
			n++
		}
	}
	return n
}

// keep copies the beginning of an unfinished value, up to the limit.
func (w *arrayWire) keep(b []byte) {
	if w.size <= w.max {
		w.buf = appendGrowing(w.buf, b)
	} else {
		w.buf = letGo(w.buf[:0])
	}
}

// take gives out the value that ends with b, or that err ends. Behind an error
// nobody can tell where the next value begins; lines are the better guess.
func (w *arrayWire) take(b []byte, f *frame, err error) {
	if w.size > len(b) {
		w.keep(b)
		b = w.buf
	}
	*f = frame{wireEvent: wireEvent{Data: b, Retry: -1}, size: w.size}
	switch {
	case w.size > w.max:
		f.kind, f.Data, f.err = frameTooLarge, nil, &limitFault{Limit: "MaxEvent", Max: w.max}
	case err != nil:
		f.kind, f.err = frameMalformed, err
	}
	switch {
	case err == nil:
	case w.inArray:
		w.lost, w.lineStart = true, false
	default:
		w.after = w.sse
	}
	w.buf, w.size = letGo(w.buf), 0
	w.scan.reset()
}

func (w *arrayWire) end(f *frame) bool {
	if w.after != nil {
		return w.after.end(f)
	}
	return false
}
