package wire

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// jsonReader reads JSON values in place of a stream: a whole answer or an error
// (F-26), several objects one after the other, or an array of them, as Gemini writes
// it (G-01). Each object, and each element of the outermost array, is an event, as
// soon as its last byte has come.
//
// What follows a value decides how it goes on:
//   - a line end after a value in a line of its own: newline-delimited JSON, or the
//     end of the stream;
//   - more JSON: more values;
//   - anything else: server-sent events, as in `{"id":…}data: [DONE]`, or after an
//     error object.
type jsonReader struct {
	phase jsonPhase
	scan  jsonscan.Scanner // of the unfinished value
	buf   []byte           // what earlier reads brought of the unfinished value
	size  int              // bytes of the unfinished value that have come, kept or not
	max   int              // bytes that a value may have

	inArray bool // the outermost array is open
	// oneLine: the last value began outside an array and holds no line end, so that
	// a line end after it begins newline-delimited JSON: "{\"a\":1}\n", and not
	// "{\n\"a\":1}\n".
	oneLine bool

	lines lineReader // reads newline-delimited JSON
	sse   *SSEReader // reads server-sent events
}

// jsonPhase is what a jsonReader is reading.
type jsonPhase uint8

const (
	betweenValues jsonPhase = iota // also before the first and after the last
	inValue
	// desynced: an element of the array is invalid, and nothing says where it ends.
	// Google puts the comma between two elements, and the closing bracket, at the
	// beginning of a line. Reading goes on there: "{\"a\" 1}\n,\n{…".
	desynced
	resyncing // desynced, and a line begins
	inLines   // lines reads the rest, until that is server-sent events
	inSSE     // sse reads the rest
)

func (w *jsonReader) init(l Limits, sse *SSEReader) {
	*w = jsonReader{buf: Recycle(w.buf), max: l.Event, lines: w.lines, sse: sse}
	w.lines.init(l)
}

func (w *jsonReader) Kind() Kind {
	if w.lines.sawLine {
		return Lines
	}
	return JSON
}

func (w *jsonReader) Framing() (f Framing, ok bool) {
	switch w.phase {
	case inLines:
		return w.lines.framing()
	case inSSE: // events that were framed as lines are so no more
		f, ok = w.sse.Framing()
		return f, ok && !w.lines.sawLine
	}
	return Framing{}, false
}

func (w *jsonReader) Pending() int {
	switch w.phase {
	case inLines:
		return w.lines.lines.size
	case inSSE:
		return w.sse.Pending()
	}
	return w.size
}

// unclosed reports whether the outermost array has no end.
func (w *jsonReader) unclosed() bool { return w.inArray && w.phase != inLines && w.phase != inSSE }

func (w *jsonReader) Next(p []byte, f *Frame) (n int, ok bool) {
	for {
		k, sse := 0, false
		switch w.phase {
		case betweenValues:
			k = w.between(p[n:])
		case desynced, resyncing:
			k = w.resync(p[n:])
		case inValue:
			k, ok = w.nextValue(p[n:], f)
		case inLines:
			if k, ok, sse = w.lines.next(p[n:], f); sse {
				w.phase = inSSE
			}
		case inSSE:
			k, ok = w.sse.Next(p[n:], f)
		}
		if n += k; ok || n == len(p) {
			return n, ok
		}
	}
}

// between takes what may stand between two values and finds out what follows.
func (w *jsonReader) between(p []byte) (n int) {
	for n < len(p) {
		switch c := p[n]; {
		case c == '\n' && w.oneLine && !w.inArray:
			w.phase = inLines
			return n + 1
		case jsonscan.IsSpace(c), c == ',' && w.inArray:
		case c == '[' && !w.inArray:
			w.inArray = true
		case c == ']' && w.inArray:
			w.inArray = false
		case c == '{', w.inArray:
			w.phase, w.oneLine = inValue, !w.inArray
			return n
		default:
			w.phase = inSSE
			return n
		}
		n++
	}
	return n
}

// resync skips bytes up to a line that begins with a comma or a closing bracket.
func (w *jsonReader) resync(p []byte) (n int) {
	for n < len(p) {
		c := p[n]
		if w.phase == resyncing && (c == ',' || c == ']') {
			w.phase = betweenValues
			return n
		}
		w.phase = desynced
		if c == '\n' {
			w.phase = resyncing
		}
		n++
	}
	return n
}

// nextValue takes bytes of a value up to its end.
func (w *jsonReader) nextValue(p []byte, f *Frame) (n int, ok bool) {
	n, err := w.scan.Scan(p)
	w.size += n
	value := p[:n]
	if w.oneLine {
		w.oneLine = bytes.IndexByte(value, '\n') < 0
	}
	switch {
	case err != nil && w.oneLine: // a line that is not JSON; the next one may be
		w.lines.begin(w.buf, w.size-n)
		w.lines.begin(value, n)
		w.phase, w.buf, w.size = inLines, Recycle(w.buf), 0
		return n, false
	case err == nil && !w.scan.Ended():
		w.keep(value)
		return n, false
	}
	w.take(value, f, err)
	return n, true
}

// keep copies the beginning of an unfinished value, up to the limit.
func (w *jsonReader) keep(b []byte) {
	if w.size <= w.max {
		w.buf = AppendGrowing(w.buf, b)
	} else {
		w.buf = Recycle(w.buf[:0])
	}
}

// take fills f with the value that ends with b, or that err ends. After an error
// outside an array nothing says where the next value begins. The SSE reader then
// looks for events line by line.
func (w *jsonReader) take(b []byte, f *Frame, err error) {
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
		w.phase = betweenValues
	case w.inArray:
		w.phase = desynced
	default:
		w.phase = inSSE
	}
	w.buf, w.size = Recycle(w.buf), 0
	w.scan.Reset()
}

func (w *jsonReader) End(f *Frame) (ok bool) {
	switch w.phase {
	case inLines:
		return w.lines.end(f)
	case inSSE:
		return w.sse.End(f)
	}
	return false
}
