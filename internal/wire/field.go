package wire

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/fault"
)

// eventBuilder puts the lines of an SSE stream together to events (WHATWG HTML,
// section 9.2.6).
type eventBuilder struct {
	typ, data []byte // of the unfinished event; slices of typeBuf and dataBuf, or of the read
	hasData   bool   // a data line has come, though data may be empty: "data:"
	newID     bool   // id and lastID differ
	retry     int    // what the event set; -1: nothing
	lastRetry int    // the last valid retry of the stream; -1: none

	// id is the last event ID as the lines have set it. It becomes lastID, the
	// stream's, at the blank line: an unfinished event leaves no trace.
	id, lastID []byte

	// over: the event, or a line of it, is past a limit. Its data is dropped,
	// its size counted, and at its blank line it is reported as too large.
	over *fault.Limit
	size int
	max  int

	typeBuf, dataBuf []byte
}

// field names what a line is.
type field uint8

const (
	fieldUnknown field = iota
	fieldBlank
	fieldComment
	fieldData
	fieldEvent
	fieldID
	fieldRetry
	fieldError // not of the standard: "error: {…}" of older llama.cpp servers (F-37)
)

// splitField splits a line into its field and the field's value, without the
// one space that may follow the colon.
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

// mayBecomeField tells whether the beginning of a line can still grow to a
// field with a value. What cannot is not worth a buffer (F-17).
func mayBecomeField(beginning []byte) bool {
	for _, name := range [...]string{"data:", "event:", "id:", "retry:", "error:"} {
		n := min(len(name), len(beginning))
		if string(beginning[:n]) == name[:n] {
			return true
		}
	}
	return false
}

// set takes a field of the unfinished event. The value is borrowed: own must be
// called before it changes.
func (b *eventBuilder) set(f field, value []byte) {
	switch f {
	case fieldData:
		b.addData(value)
	case fieldEvent:
		b.typ = value
	case fieldID:
		// An id with a NUL is ignored and leaves the one before (F-24).
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
	if b.size > b.max && b.over == nil {
		b.drop(&fault.Limit{Limit: "MaxEvent", Max: b.max})
	}
	switch {
	case b.over != nil:
	case !b.hasData:
		b.data = value
	default:
		b.ownData()
		b.dataBuf = AppendGrowing(b.dataBuf, newline)
		b.dataBuf = AppendGrowing(b.dataBuf, value)
		b.data = b.dataBuf
	}
	b.hasData = true
}

// drop forgets the data of an event that is past its limit.
func (b *eventBuilder) drop(limit *fault.Limit) {
	if b.over == nil {
		b.over = limit
	}
	b.hasData = true
	b.data, b.dataBuf = nil, Recycle(b.dataBuf)
}

// own copies what the unfinished event borrows from the read.
func (b *eventBuilder) own() {
	if len(b.typ) > 0 && (len(b.typeBuf) == 0 || &b.typ[0] != &b.typeBuf[0]) {
		b.typeBuf = append(b.typeBuf[:0], b.typ...)
		b.typ = b.typeBuf
	}
	b.ownData()
}

func (b *eventBuilder) ownData() {
	if len(b.data) > 0 && (len(b.dataBuf) == 0 || &b.data[0] != &b.dataBuf[0]) {
		b.dataBuf = AppendGrowing(b.dataBuf[:0], b.data)
		b.data = b.dataBuf
	}
}

// take gives out the event that a blank line ends and begins the next. ok: there
// is one; a block without a data line is none (F-25). What e borrows is good
// until the next call of set.
func (b *eventBuilder) take(e *Event) (ok bool) {
	ok = b.hasData
	if b.newID {
		b.lastID, b.newID = append(b.lastID[:0], b.id...), false
	}
	*e = Event{Type: b.typ, Data: b.data, ID: b.lastID, Retry: b.retry}
	b.typ, b.data, b.hasData = nil, nil, false
	b.retry, b.over, b.size = -1, nil, 0
	b.dataBuf, b.typeBuf = Recycle(b.dataBuf), Recycle(b.typeBuf)
	return ok
}

func (b *eventBuilder) reset() {
	*b = eventBuilder{
		max: b.max, retry: -1, lastRetry: -1,
		id: Recycle(b.id), lastID: Recycle(b.lastID), typeBuf: Recycle(b.typeBuf), dataBuf: Recycle(b.dataBuf),
	}
}

// parseRetry reads a retry value: ASCII digits and nothing else.
func parseRetry(value []byte) (ms int, ok bool) {
	const most = 1<<31 - 1 // 24 days, the same on every platform; what is more becomes this
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
