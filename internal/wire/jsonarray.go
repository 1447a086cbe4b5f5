package wire

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// arrayWire reads JSON values in place of a stream: a whole answer or an error
// where a stream was asked for (F-26), several objects one behind the other, or
// an array of them, as Gemini writes it (G-01). Each object, or element of the
// outermost array, is an event, as soon as its last byte has come.
//
// A value that fills a line of its own is the first of newline-delimited JSON, or
// else nothing follows: linesWire goes on behind it. What follows and cannot be
// JSON is SSE: `{"id":…}data: [DONE]` was seen, and so was an error object in
// front of a stream.
type arrayReader struct {
	scan    jsonscan.Scanner // of the unfinished value
	buf     []byte           // what earlier reads brought of it
	size    int              // how many bytes of it have come, kept or not
	inArray bool             // the outermost array is open
	inLine  bool             // there is no line end in the value, or behind the last one, which is no element of an array
	max     int              // bytes that a value may have

	// lost: an element of the array could not be read, and the next one that
	// begins behind a line with nothing but a comma is looked for. lineStart: a
	// line begins.
	lost, lineStart bool

	Lines linesReader
	sse   *SSEReader
	after reader // one of these two, if it reads what follows; else nil
}

func (w *arrayReader) init(l Limits, sse *SSEReader) {
	*w = arrayReader{buf: Recycle(w.buf), max: l.Event, Lines: w.Lines, sse: sse}
	w.Lines.init(l, sse)
}

func (w *arrayReader) Kind() Kind {
	if w.Lines.used {
		return w.Lines.Kind()
	}
	return JSON
}

func (w *arrayReader) Framing() (f Framing, ok bool) {
	if w.after != nil {
		return w.after.Framing()
	}
	return Framing{}, false
}

func (w *arrayReader) Pending() int {
	if w.after != nil {
		return w.after.Pending()
	}
	return w.size
}

// unclosed reports whether the outermost array has no end.
func (w *arrayReader) unclosed() bool { return w.inArray && w.after == nil }

func (w *arrayReader) Next(p []byte, f *Frame) (n int, ok bool) {
	if w.after == nil && w.size == 0 {
		n = w.between(p)
	}
	if w.after != nil {
		k, ok := w.after.Next(p[n:], f)
		return n + k, ok
	}
	k, err := w.scan.Scan(p[n:])
	w.size += k
	value := p[n : n+k]
	if w.inLine {
		w.inLine = bytes.IndexByte(value, '\n') < 0
	}
	if err != nil && w.inLine {
		// A line that is no JSON; the next one may be.
		w.Lines.begin(w.buf, w.size-len(value))
		w.Lines.begin(value, len(value))
		w.after, w.buf, w.size = &w.Lines, Recycle(w.buf), 0
		k, ok = w.Lines.Next(p[n+k:], f)
		return n + len(value) + k, ok
	}
	if err == nil && !w.scan.Ended() {
		w.keep(value)
		return n + k, false
	}
	w.take(value, f, err)
	return n + k, true
}

// between takes what may stand between two values and finds out what follows.
func (w *arrayReader) between(p []byte) (n int) {
	if w.lost {
		n = w.find(p)
	}
	for n < len(p) {
		switch c := p[n]; {
		case c == '\n' && w.inLine && !w.inArray:
			w.after = &w.Lines
			return n + 1
		case jsonscan.IsSpace(c), c == ',' && w.inArray:
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
func (w *arrayReader) find(p []byte) (n int) {
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
func (w *arrayReader) keep(b []byte) {
	if w.size <= w.max {
		w.buf = AppendGrowing(w.buf, b)
	} else {
		w.buf = Recycle(w.buf[:0])
	}
}

// take gives out the value that ends with b, or that err ends. Behind an error
// nobody can tell where the next value begins; lines are the better guess.
func (w *arrayReader) take(b []byte, f *Frame, err error) {
	if w.size > len(b) {
		w.keep(b)
		b = w.buf
	}
	*f = Frame{Event: Event{Data: b, Retry: -1}, Size: w.size}
	switch {
	case w.size > w.max:
		f.Kind, f.Data, f.Err = FrameTooLarge, nil, &fault.Limit{Limit: "MaxEvent", Max: w.max}
	case err != nil:
		f.Kind, f.Err = FrameMalformed, err
	}
	switch {
	case err == nil:
	case w.inArray:
		w.lost, w.lineStart = true, false
	default:
		w.after = w.sse
	}
	w.buf, w.size = Recycle(w.buf), 0
	w.scan.Reset()
}

func (w *arrayReader) End(f *Frame) bool {
	if w.after != nil {
		return w.after.End(f)
	}
	return false
}
