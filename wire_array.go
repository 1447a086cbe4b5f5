package llmstream

// arrayWire reads JSON values in place of a stream: a whole answer or an error
// where a stream was asked for (F-26), several objects one behind the other, or
// an array of them. Each object, or element of the outermost array, is an event.
//
// What follows and cannot be JSON is SSE, which the wire then reads with the
// one it was given: `{"id":…}data: [DONE]` was seen, and so was an error object
// in front of a stream.
type arrayWire struct {
	scan    jsonScanner // of the unfinished value
	buf     []byte      // what earlier reads brought of it
	size    int         // how many bytes of it have come, kept or not
	inArray bool        // the outermost array is open
	max     int         // bytes that a value may have

	sse *sseWire // reads what follows
	out bool     // it does so now
}

func (w *arrayWire) init(o *Options, sse *sseWire) {
	*w = arrayWire{buf: letGo(w.buf), max: o.MaxEvent, sse: sse}
}

func (w *arrayWire) kind() Wire { return WireJSON }

func (w *arrayWire) pending() int {
	if w.out {
		return w.sse.pending()
	}
	return w.size
}

func (w *arrayWire) next(p []byte, f *frame) (n int, ok bool) {
	if !w.out && w.size == 0 {
		n = w.between(p)
	}
	if w.out {
		k, ok := w.sse.next(p[n:], f)
		return n + k, ok
	}
	k, err := w.scan.scan(p[n:])
	w.size += k
	value := p[n : n+k]
	if err == nil && w.scan.state != jsonDone {
		w.keep(value)
		return n + k, false
	}
	w.take(value, f, err)
	return n + k, true
}

// between takes what may stand between two values and finds out what follows.
func (w *arrayWire) between(p []byte) (n int) {
	for n < len(p) {
		switch c := p[n]; {
		case isSpace(c), c == ',' && w.inArray:
		case c == '[' && !w.inArray:
			w.inArray = true
		case c == ']' && w.inArray:
			w.inArray = false
		case c == '{', w.inArray:
			return n
		default:
			w.out = true
			return n
		}
		n++
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
	*f = frame{Event: Event{Data: b, Retry: -1}, size: w.size}
	switch {
	case w.size > w.max:
		f.kind, f.Data, f.err = frameTooLarge, nil, &LimitError{Limit: "MaxEvent", Max: w.max}
	case err != nil:
		f.kind, f.err = frameMalformed, err
	}
	w.out = err != nil
	w.buf, w.size = letGo(w.buf), 0
	w.scan.reset()
}

func (w *arrayWire) end(f *frame) bool {
	if w.out {
		return w.sse.end(f)
	}
	return false
}
