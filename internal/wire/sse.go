package wire

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// An SSEReader reads server-sent events: WHATWG HTML section 9.2 and, unless it is
// strict, what LLM servers write besides (F-01 … F-40):
//   - error fields: "error: {…}",
//   - texts that are no events: an error page, or a JSON error within a stream,
//   - a last event without a blank line.
//
// Init must be called first.
type SSEReader struct {
	lines    lineSplitter
	building eventBuilder
	strict   bool
	comments bool // comments are kept

	// spaced and crlf are how the last data field was written: "data: …" and not
	// "data:…", and with CRLF after it.
	spaced, crlf bool
	// sawText: a line has come that is no field. A body of such lines alone is no
	// stream.
	sawText bool
	// stray holds the beginning of the lines that are no fields, with line feeds
	// between them: "upstream error: read ECONNRESET".
	stray    []byte
	maxStray int // bytes of stray

	// text is the beginning of a text that is no event. It goes from a line that
	// begins with "{", "[{" or "<" to the next blank line or field of an event, and
	// inText is set in between.
	text     []byte
	inText   bool
	textSize int // bytes of the text that have come, kept or not
	maxText  int // bytes that are kept
}

// Init sets the limits. If strict is set, w follows the standard alone. If comments is
// not set, the Data of comments may be nil.
func (w *SSEReader) Init(l Limits, strict, comments bool) {
	w.strict, w.comments, w.maxText = strict, comments, l.Text
	w.lines.max, w.building.max = l.Line, l.Event
	if !strict {
		w.maxStray = min(l.Text, maxStray)
		w.lines.kept = w.maxStray
	}
	w.Reset()
}

// Reset makes w ready for another stream. It keeps its memory.
func (w *SSEReader) Reset() {
	w.lines.reset()
	w.building.reset()
	w.text, w.textSize, w.inText = Recycle(w.text), 0, false
	w.stray, w.sawText = w.stray[:0], false
}

// Resume makes w ready for another connection of the same stream: the last event ID
// and the reconnection time stay.
func (w *SSEReader) Resume() {
	lastID, lastRetry := w.building.lastID, w.building.lastRetry
	w.Reset()
	w.building.lastID, w.building.lastRetry = lastID, lastRetry
	w.building.id = append(w.building.id, lastID...)
}

// Framing returns what stood around the data of the last event, provided that it was
// one data line and at most a type.
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

// Kind returns SSE.
func (w *SSEReader) Kind() Kind { return SSE }

// Pending returns how many bytes of an unfinished event or text have come.
func (w *SSEReader) Pending() int { return w.lines.size + w.building.size + w.textSize }

// LastEventID returns the last event ID that the stream has set. It is borrowed until
// the next call.
func (w *SSEReader) LastEventID() []byte { return w.building.lastID }

// LastRetry returns the last reconnection time that the stream has set, in
// milliseconds, or -1 if it has set none.
func (w *SSEReader) LastRetry() int { return w.building.lastRetry }

// Next takes bytes from p until a frame is whole, and fills f with it; see reader.
func (w *SSEReader) Next(p []byte, f *Frame) (n int, ok bool) {
	if n = w.plainEvent(p, f); n > 0 {
		return n, true
	}
	return w.nextLines(p, f)
}

// nextLines is Next, line by line.
func (w *SSEReader) nextLines(p []byte, f *Frame) (n int, ok bool) {
	for {
		line, k, state := w.lines.Next(p[n:], w.useful)
		n += k
		if state == lineCut {
			w.copyBorrowed()
			return n, false
		}
		if state == lineDropped {
			w.copyBorrowed() // the next line may use the buffer that the event borrows
		}
		if w.take(line, state == lineDropped, f) {
			return n, true
		}
	}
}

// copyBorrowed copies what the unfinished event borrows from the read. If its data is
// in the buffer of the line that was cut last, the two swap buffers, so that a stream
// needs no third one.
func (w *SSEReader) copyBorrowed() {
	b, l := &w.building, &w.lines
	if n, m := len(b.data), len(l.lent); n > 0 && m > 0 && &b.data[n-1] == &l.lent[m-1] {
		l.lent, b.dataBuf = b.dataBuf[:0], append(l.lent[:0], b.data...)
		b.data = b.dataBuf
	}
	b.copyBorrowed()
}

// plainEvent takes an event that is one line, "data: …\n\n", within one read, as nearly
// every event is. It returns 0 if p begins with anything else, which nextLines then
// reads. FuzzEvents of package sse checks that the two agree.
func (w *SSEReader) plainEvent(p []byte, f *Frame) (n int) {
	const prefix = "data: "
	if len(p) < len(prefix) || string(p[:len(prefix)]) != prefix {
		return 0
	}
	if w.lines.bomSeen == 0 { // the stream begins, and not with a byte order mark
		w.lines.bomSeen = bomDone
	}
	if w.busy() || w.lines.lastEnd == endCR {
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

// hold takes p as nextLines would, if p is the beginning of a data line, of at most
// most bytes, and nothing else.
func (w *SSEReader) hold(p []byte, most int) bool {
	const prefix = "data: "
	if len(p) < len(prefix) || len(p) > min(w.lines.max, most) || string(p[:len(prefix)]) != prefix || bytes.IndexByte(p, '\n') >= 0 ||
		bytes.IndexByte(p, '\r') >= 0 {
		return false
	}
	w.lines.buf, w.lines.size = append(w.lines.buf[:0], p...), len(p)
	return true
}

// busy reports whether anything of an unfinished line, event or text has come.
func (w *SSEReader) busy() bool {
	l, b := &w.lines, &w.building
	return l.size > 0 || l.lastEnd == endCutCR || l.bomSeen != bomDone || w.inText ||
		b.hasData || b.tooLarge != nil || b.retry >= 0 || b.newID || len(b.typ) > 0
}

// useful reports whether a line that begins with these bytes is worth keeping.
func (w *SSEReader) useful(beginning []byte) bool {
	if beginning[0] == ':' {
		return w.comments
	}
	return w.inText || !w.strict && beginsText(beginning) || mayBecomeField(beginning)
}

// take takes one line. ok reports whether that completes a frame. Of a dropped line it
// gets only the beginning.
func (w *SSEReader) take(line []byte, dropped bool, f *Frame) (ok bool) {
	kind, value := splitField(line)
	if w.inText {
		switch kind {
		case fieldBlank:
			return w.takeText(f)
		case fieldData, fieldEvent: // the text ends here, without a blank line
			ok = w.takeText(f)
		case fieldComment: // the text goes on after it
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
		// Only the bytes that are kept of a dropped line may count, so that it does
		// not matter where the line is cut.
		w.sawText = w.sawText || len(jsonscan.TrimSpace(line[:min(len(line), keptOfDropped)])) > 0
		if w.strict {
			break
		}
		w.addStray(line)
		if beginsText(line) {
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
		w.spaced, w.crlf = len(line) > len(value)+len("data:"), w.lines.lastEnd == endCRLF
		w.building.set(kind, value)
	default:
		if !dropped {
			w.building.set(kind, value)
		}
	}
	return ok
}

// beginsText reports whether a line that is no field looks like the beginning of a
// JSON body, which Google puts into an array, or of a page of HTML.
func beginsText(line []byte) bool {
	return line[0] == '{' || line[0] == '<' || line[0] == '[' && (len(line) == 1 || line[1] == '{')
}

// maxStray is how many bytes of stray lines are kept at most: enough for what a proxy
// writes, and little beside what an open stream holds.
const maxStray = 1 << 10

// addStray keeps the beginning of a line that is no field, as far as there is room.
func (w *SSEReader) addStray(line []byte) {
	if len(w.stray) > 0 && len(w.stray) < w.maxStray {
		w.stray = append(w.stray, '\n')
	}
	w.stray = append(w.stray, line[:min(len(line), w.maxStray-len(w.stray))]...)
}

func (w *SSEReader) addText(line []byte) {
	if w.inText {
		w.appendText(newline)
	}
	w.inText = true
	w.appendText(line)
}

func (w *SSEReader) appendText(b []byte) {
	w.textSize += len(b)
	w.text = append(w.text, b[:min(len(b), w.maxText-len(w.text))]...)
}

func (w *SSEReader) takeText(f *Frame) bool {
	*f = Frame{Kind: FrameText, Event: Event{Data: w.text, Retry: -1}, Size: w.textSize}
	w.text, w.textSize, w.inText = w.text[:0], 0, false
	return true
}

func (w *SSEReader) takeEvent(f *Frame) bool {
	tooLarge, size := w.building.tooLarge, w.building.size
	if !w.building.take(&f.Event) {
		return false
	}
	f.Kind, f.Size, f.Err = FrameEvent, size, nil
	if tooLarge != nil {
		f.Kind, f.Err = FrameTooLarge, tooLarge
	}
	return true
}

// End fills f with what is left when no more bytes come, one frame a call, until it
// returns false.
func (w *SSEReader) End(f *Frame) bool {
	if w.strict { // the standard drops an unfinished event
		return false
	}
	if line, state := w.lines.rest(); state != lineCut {
		kind, _ := splitField(line)
		inName := kind == fieldUnknown && mayBecomeField(line) // cut within the name of a field
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
