package wire

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/fault"
)

// eventBuilder makes events of the lines of an SSE stream (WHATWG HTML, section
// 9.2.6).
type eventBuilder struct {
	max int // bytes of data that an event may have

	typ, data []byte // of the unfinished event: slices of typeBuf and dataBuf, or borrowed
	hasData   bool   // a data line has come, although data may be empty: "data:\n"
	size      int    // bytes of data that have come, kept or not
	// tooLarge is the limit that the event, or a line of it, has exceeded. Its data is
	// dropped. At the blank line the event is reported as too large.
	tooLarge *fault.Limit

	// id is the last event ID as the lines so far set it. It becomes lastID, that of
	// the stream, at the blank line: an unfinished event leaves no trace.
	id, lastID []byte
	newID      bool // id is not lastID yet

	retry     int // what the event has set, or -1
	lastRetry int // the last valid retry of the stream, or -1

	typeBuf, dataBuf []byte
}

// field is what a line is.
type field uint8

const (
	fieldUnknown field = iota
	fieldBlank
	fieldComment
	fieldData
	fieldEvent
	fieldID
	fieldRetry
	fieldError // not in the standard: older llama.cpp servers write "error: {…}" (F-37)
)

// splitField returns what a line is, and its value without the one space that may
// follow the colon. The value of an unknown line is all of it.
func splitField(line []byte) (f field, value []byte) {
	if len(line) == 0 {
		return fieldBlank, nil
	}
	name := line
	if i := bytes.IndexByte(line[:min(len(line), len("event:"))], ':'); i >= 0 {
		name, value = line[:i], line[i+1:]
		if len(value) > 0 && value[0] == ' ' {
			value = value[1:]
		}
	}
	switch string(name) {
	case "data":
		return fieldData, value
	case "event":
		return fieldEvent, value
	case "id":
		return fieldID, value
	case "retry":
		return fieldRetry, value
	case "error":
		if value == nil {
			return fieldUnknown, line
		}
		return fieldError, value
	case "":
		return fieldComment, line[1:]
	}
	return fieldUnknown, line
}

// mayBecomeField reports whether the beginning of a line can become a field with a
// value. Other lines are not worth a buffer (F-17).
func mayBecomeField(beginning []byte) bool {
	for _, name := range [...]string{"data:", "event:", "id:", "retry:", "error:"} {
		n := min(len(name), len(beginning))
		if string(beginning[:n]) == name[:n] {
			return true
		}
	}
	return false
}

// set takes a field of the unfinished event. The value is borrowed: copyBorrowed
// must be called before it changes.
func (b *eventBuilder) set(f field, value []byte) {
	switch f {
	case fieldData:
		b.addData(value)
	case fieldEvent:
		b.typ = value
	case fieldID:
		// An id that holds NUL is ignored, and the one before stays (F-24).
		if bytes.IndexByte(value, 0) < 0 {
			b.id, b.newID = append(b.id[:0], value...), true
		}
	case fieldRetry:
		if ms, ok := parseRetry(value); ok {
			b.retry, b.lastRetry = ms, ms
		}
	}
}

var newline = []byte{'\n'}

func (b *eventBuilder) addData(value []byte) {
	b.size += len(value)
	if b.hasData {
		b.size++ // the "\n" between two lines
	}
	if b.size > b.max && b.tooLarge == nil {
		b.drop(&fault.Limit{Limit: "MaxEvent", Max: b.max})
	}
	switch {
	case b.tooLarge != nil:
	case !b.hasData:
		b.data = value
	default:
		b.copyData()
		b.dataBuf = AppendGrowing(b.dataBuf, newline)
		b.dataBuf = AppendGrowing(b.dataBuf, value)
		b.data = b.dataBuf
	}
	b.hasData = true
}

// drop drops the data of an event that exceeds a limit.
func (b *eventBuilder) drop(limit *fault.Limit) {
	if b.tooLarge == nil {
		b.tooLarge = limit
	}
	b.hasData = true
	b.data, b.dataBuf = nil, Recycle(b.dataBuf)
}

// copyBorrowed copies what the unfinished event borrows from the read.
func (b *eventBuilder) copyBorrowed() {
	if len(b.typ) > 0 && (len(b.typeBuf) == 0 || &b.typ[0] != &b.typeBuf[0]) {
		b.typeBuf = append(b.typeBuf[:0], b.typ...)
		b.typ = b.typeBuf
	}
	b.copyData()
}

func (b *eventBuilder) copyData() {
	if len(b.data) > 0 && (len(b.dataBuf) == 0 || &b.data[0] != &b.dataBuf[0]) {
		b.dataBuf = AppendGrowing(b.dataBuf[:0], b.data)
		b.data = b.dataBuf
	}
}

// take fills e with the event that a blank line ends, and begins the next. ok is
// false if no data line has come, so that there is no event (F-25). What e borrows is
// valid until the next call of set.
func (b *eventBuilder) take(e *Event) (ok bool) {
	ok = b.hasData
	if b.newID {
		b.lastID, b.newID = append(b.lastID[:0], b.id...), false
	}
	*e = Event{Type: b.typ, Data: b.data, ID: b.lastID, Retry: b.retry}
	b.typ, b.data, b.hasData = nil, nil, false
	b.retry, b.tooLarge, b.size = -1, nil, 0
	b.dataBuf, b.typeBuf = Recycle(b.dataBuf), Recycle(b.typeBuf)
	return ok
}

// reset forgets everything, the last event ID too.
func (b *eventBuilder) reset() {
	*b = eventBuilder{
		max: b.max, retry: -1, lastRetry: -1,
		id: Recycle(b.id), lastID: Recycle(b.lastID), typeBuf: Recycle(b.typeBuf), dataBuf: Recycle(b.dataBuf),
	}
}

// parseRetry parses the value of a retry field. ok is false if it holds anything but
// ASCII digits.
func parseRetry(value []byte) (ms int, ok bool) {
	const most = 1<<31 - 1 // 24 days, on every platform; greater values become this
	if len(value) == 0 {
		return 0, false
	}
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, false
		}
		if ms > (most-9)/10 {
			ms = most
		} else {
			ms = ms*10 + int(c-'0')
		}
	}
	return ms, true
}
