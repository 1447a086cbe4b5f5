package wire

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// sseWire reads server-sent events: WHATWG HTML section 9.2 and, unless strict,
// what LLM servers write beside it (F-01 … F-40).
type SSEReader struct {
	lines    lineSplitter
	building eventBuilder
	strict   bool // the standard alone: no error field, no text, no unfinished event
	comments bool // somebody wants to see the comments

	// spaced and crlf tell how the last field of data was written: "data: …", and
	// with CRLF at the end.
	spaced, crlf bool
	// junk: a line that is no field has come. A body of nothing else is no
	// stream.
	junk bool

	// text collects a text that is no event: from a line that begins with "{",
	// "[{" or "<" to the next blank line or the next field of an event. It is an
	// error page, or a JSON error in the midst of a stream. inText is set while
	// it goes on; size counts what is past maxText too.
	inText  bool
	text    []byte
	size    int
	maxText int
}

// init gives w the limits of o.
func (w *SSEReader) Init(l Limits, strict, comments bool) {
	w.strict, w.comments, w.maxText = strict, comments, l.Text
	w.lines.max, w.building.max = l.Line, l.Event
	w.Reset()
}

func (w *SSEReader) Reset() {
	w.lines.reset()
	w.building.reset()
	w.text, w.size, w.inText, w.junk = Recycle(w.text), 0, false, false
}

// Resume makes w ready for another connection of the same stream: the last event ID
// and the reconnection time stay.
func (w *SSEReader) Resume() {
	lastID, lastRetry := w.building.lastID, w.building.lastRetry
	w.Reset()
	w.building.lastID, w.building.lastRetry = lastID, lastRetry
	w.building.id = append(w.building.id, lastID...)
}

// framing is what stood around the data of the last event, if that was written in
// the usual way.
func (w *SSEReader) Framing() (f Framing, ok bool) {
	f = Framing{Data: "data:", Event: "event:", End: "\n"}
	if w.spaced {
		f.Data, f.Event = "data: ", "event: "
	}
	if w.crlf {
		f.End = "\r\n"
	}
	f.Blank = f.End
	return f, !w.busy()
}

func (w *SSEReader) Kind() Kind   { return SSE }
func (w *SSEReader) Pending() int { return w.lines.size + w.building.size + w.size }

// lastEventID returns the last event ID that the stream has set. It is borrowed until
// the next call.
func (w *SSEReader) LastEventID() []byte { return w.building.lastID }

// lastRetry returns the last reconnection time that the stream has set, in
// milliseconds; -1 if it has set none.
func (w *SSEReader) LastRetry() int { return w.building.lastRetry }

func (w *SSEReader) Next(p []byte, f *Frame) (n int, ok bool) {
	if n = w.plainEvent(p, f); n > 0 {
		return n, true
	}
	return w.nextLines(p, f)
}

// nextLines is next, line by line.
func (w *SSEReader) nextLines(p []byte, f *Frame) (n int, ok bool) {
	for {
		line, k, state := w.lines.Next(p[n:], w.useful)
		n += k
		if state == lineCut {
			w.own()
			return n, false
		}
		if state == lineDropped {
			w.own() // one past the limit may have come whole, in place of the buffer that is borrowed
		}
		if w.take(line, state == lineDropped, f) {
			return n, true
		}
	}
}

// own copies what the unfinished event borrows from the read, or from the buffer
// of the line that was cut last. That buffer it takes over, and gives its own for
// it: a stream needs no third one.
func (w *SSEReader) own() {
	b, l := &w.building, &w.lines
	if n, m := len(b.data), len(l.last); n > 0 && m > 0 && &b.data[n-1] == &l.last[m-1] {
		l.last, b.dataBuf = b.dataBuf[:0], append(l.last[:0], b.data...)
		b.data = b.dataBuf
	}
	b.own()
}

// plainEvent takes what nearly every event is, one line of data and a blank line
// within one read, if it comes next. It returns 0 for anything else, which
// nextLines then reads. The two must agree; FuzzEvents holds them together.
func (w *SSEReader) plainEvent(p []byte, f *Frame) (n int) {
	const prefix = "data: "
	if len(p) < len(prefix) || string(p[:len(prefix)]) != prefix {
		return 0
	}
	if w.lines.bom == 0 { // the stream begins, and with no byte order mark
		w.lines.bom = bomDone
	}
	if w.busy() || w.lines.cr {
		return 0
	}
	end := bytes.IndexByte(p[:min(len(p), lineWindow)], '\n')
	if end < 0 || end+1 >= len(p) || p[end+1] != '\n' || end > w.lines.max || end-len(prefix) > w.building.max {
		return 0
	}
	data := p[len(prefix):end:end]
	if bytes.IndexByte(data, '\r') >= 0 {
		return 0
	}
	f.Type, f.Data, f.ID, f.Retry = nil, data, w.building.lastID, -1
	f.Kind, f.Size, f.Err = FrameEvent, len(data), nil
	w.spaced, w.crlf = true, false
	return end + 2
}

// hold takes the beginning of a data line, if that is all that p is, as nextLines
// would.
func (w *SSEReader) hold(p []byte, most int) bool {
	const prefix = "data: "
	if len(p) < len(prefix) || len(p) > min(w.lines.max, most) || string(p[:len(prefix)]) != prefix || bytes.IndexByte(p, '\n') >= 0 ||
		bytes.IndexByte(p, '\r') >= 0 {
		return false
	}
	w.lines.Buf, w.lines.size = append(w.lines.Buf[:0], p...), len(p)
	return true
}

// busy tells whether anything of an unfinished line, event or text has come.
func (w *SSEReader) busy() bool {
	l, b := &w.lines, &w.building
	return l.size > 0 || l.skipLF || l.bom != bomDone || w.inText ||
		b.hasData || b.over != nil || b.retry >= 0 || b.newID || len(b.typ) > 0
}

// useful tells whether a line that begins so is worth keeping until it ends.
func (w *SSEReader) useful(beginning []byte) bool {
	if beginning[0] == ':' {
		return w.comments
	}
	return w.inText || !w.strict && beginsText(beginning) || mayBecomeField(beginning)
}

// take takes one line and tells whether it completes a frame. Of a dropped line
// it has only the beginning.
func (w *SSEReader) take(line []byte, dropped bool, f *Frame) (ok bool) {
	kind, value := splitField(line)
	if w.inText {
		switch kind {
		case fieldBlank:
			return w.takeText(f)
		case fieldData, fieldEvent: // the text has ended without a blank line
			ok = w.takeText(f)
		case fieldComment: // which never interrupts anything
		default:
			w.addText(line)
			return false
		}
	}
	switch kind {
	case fieldBlank:
		return w.takeEvent(f)
	case fieldComment:
		if dropped {
			value = nil
		}
		*f = Frame{Kind: FrameComment, Event: Event{Data: value, Retry: -1}}
		return true
	case fieldUnknown:
		// Only what is given of a dropped line too may count, or the cut would.
		w.junk = w.junk || len(jsonscan.TrimSpace(line[:min(len(line), keptOfDropped)])) > 0
		if !w.strict && beginsText(line) {
			w.addText(line)
		}
	case fieldError:
		if !w.strict {
			*f = Frame{Kind: FrameErrorField, Event: Event{Data: value, Retry: -1}}
			return true
		}
	case fieldData:
		if dropped {
			w.building.drop(&fault.Limit{Limit: "MaxLine", Max: w.lines.max})
			return ok
		}
		w.spaced, w.crlf = len(line) > len(value)+len("data:"), w.lines.crlf
		w.building.set(kind, value)
	default:
		if !dropped {
			w.building.set(kind, value)
		}
	}
	return ok
}

// beginsText tells whether a line that is no field looks like the beginning of
// a JSON body, which Google puts into an array, or of a page of HTML.
func beginsText(line []byte) bool {
	return line[0] == '{' || line[0] == '<' || line[0] == '[' && (len(line) == 1 || line[1] == '{')
}

func (w *SSEReader) addText(line []byte) {
	if w.inText {
		w.appendText(newline)
	}
	w.inText = true
	w.appendText(line)
}

func (w *SSEReader) appendText(b []byte) {
	w.size += len(b)
	w.text = append(w.text, b[:min(len(b), w.maxText-len(w.text))]...)
}

func (w *SSEReader) takeText(f *Frame) bool {
	*f = Frame{Kind: FrameText, Event: Event{Data: w.text, Retry: -1}, Size: w.size}
	w.text, w.size, w.inText = w.text[:0], 0, false
	return true
}

func (w *SSEReader) takeEvent(f *Frame) bool {
	over, size := w.building.over, w.building.size
	if !w.building.take(&f.Event) {
		return false
	}
	f.Kind, f.Size, f.Err = FrameEvent, size, nil
	if over != nil {
		f.Kind, f.Err = FrameTooLarge, over
	}
	return true
}

func (w *SSEReader) End(f *Frame) bool {
	if w.strict { // the standard drops an unfinished event
		return false
	}
	if line, state := w.lines.rest(); state != lineCut {
		kind, _ := splitField(line)
		inName := kind == fieldUnknown && mayBecomeField(line) // it breaks off there
		if !inName && w.take(line, state == lineDropped, f) {
			return true
		}
	}
	if w.inText {
		return w.takeText(f)
	}
	if !w.takeEvent(f) {
		return false
	}
	if f.Kind == FrameEvent {
		f.Kind = FrameUnterminated
	}
	return true
}
