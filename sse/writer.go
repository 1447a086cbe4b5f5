package sse

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

// ErrField reports a field whose value cannot be written: an event type or an ID that
// contains a line end, or an ID that contains a NUL, which a client would ignore.
var ErrField = errors.New("sse: an event type or ID with a line end or a NUL cannot be written")

// A Writer writes server-sent events. It keeps events until Flush, which passes all of
// them to the underlying writer in one Write. A writer that sends each Write at once
// therefore never sends half an event.
//
// Lines end with "\n" alone, and there is no byte order mark, because some clients
// accept nothing else.
//
// A Writer is not safe for concurrent use.
type Writer struct {
	w          io.Writer
	flush      interface{ Flush() }       // w, if it has that
	flushError interface{ Flush() error } // the same

	buf   []byte // complete events and comments that wait for Flush
	err   error  // the first error of w; nothing is written after it
	id    string // of the next event
	hasID bool   // SetID was called since the last event: an ID may be empty
	retry int    // milliseconds, with the next event; -1: none
}

// NewWriter returns a writer of events to w. Flush also calls w's own Flush method if w
// has one: Flush() as in http.Flusher, or Flush() error as in bufio.Writer.
func NewWriter(w io.Writer) *Writer {
	x := new(Writer)
	x.Reset(w)
	return x
}

// WriteEvent adds an event of type typ. Clients read the type "" as "message". It
// copies data. Each line of data becomes a data field; a client joins the lines with
// "\n", whatever their line ends were. WriteEvent fails only with [ErrField] or with
// the error of an earlier Flush; the event is then left out.
func (w *Writer) WriteEvent(typ string, data []byte) error {
	if w.err != nil {
		return w.err
	}
	if strings.ContainsAny(typ, "\r\n") {
		return ErrField
	}
	w.buf = append(appendData(w.appendFields(w.buf, typ), data), '\n')
	w.id, w.hasID, w.retry = "", false, -1
	return nil
}

// BeginEvent begins an event of type typ, which must not contain a line end. It returns
// a buffer, to which the caller appends the data: one line. The caller then passes the
// buffer to [Writer.EndEvent]; without that call nothing is written. No other method
// may be called in between. Unlike WriteEvent, this does not copy the data.
func (w *Writer) BeginEvent(typ string) []byte {
	return append(w.appendFields(w.buf, typ), "data: "...)
}

// EndEvent ends the event of the buffer that BeginEvent returned.
func (w *Writer) EndEvent(buf []byte) {
	if w.err != nil {
		return
	}
	w.buf = append(buf, "\n\n"...)
	w.id, w.hasID, w.retry = "", false, -1
}

// appendFields appends the fields that stand in front of the data.
func (w *Writer) appendFields(dst []byte, typ string) []byte {
	if w.hasID {
		dst = append(append(append(dst, "id: "...), w.id...), '\n')
	}
	if w.retry >= 0 {
		dst = append(strconv.AppendInt(append(dst, "retry: "...), int64(w.retry), 10), '\n')
	}
	if typ != "" {
		dst = append(append(append(dst, "event: "...), typ...), '\n')
	}
	return dst
}

// appendData appends a data field for each line of data.
func appendData(dst, data []byte) []byte {
	for {
		end, next := len(data), -1
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			end, next = i, i+1
		}
		if i := bytes.IndexByte(data[:end], '\r'); i >= 0 {
			if i+1 < end || next < 0 { // otherwise the "\n" belongs to it
				next = i + 1
			}
			end = i
		}
		dst = append(append(append(dst, "data: "...), data[:end]...), '\n')
		if next < 0 {
			return dst
		}
		data = data[next:]
	}
}

// SetID gives the next event an ID, which a client sends back as Last-Event-ID when it
// resumes the stream. Set an ID only where the client uses it: openai-python before
// 2.38 takes each blank line after an ID for an event.
func (w *Writer) SetID(id string) error {
	if strings.ContainsAny(id, "\r\n\x00") {
		return ErrField
	}
	w.id, w.hasID = id, true
	return nil
}

// SetRetry gives the next event a reconnection time in milliseconds. A negative time
// means that the event has no retry field.
func (w *Writer) SetRetry(milliseconds int) { w.retry = max(-1, milliseconds) }

// WriteComment adds a comment, which clients skip. It serves as a heartbeat that keeps
// proxies from closing an idle connection. Each line of text becomes a comment. No
// blank line follows, because some clients take a blank line for an event without data,
// and fail.
func (w *Writer) WriteComment(text string) error {
	if w.err != nil {
		return w.err
	}
	for line := range strings.SplitSeq(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n") {
		w.buf = append(append(append(w.buf, ": "...), line...), '\n')
	}
	return nil
}

// Buffered returns how many bytes wait for Flush.
func (w *Writer) Buffered() int { return len(w.buf) }

// maxKeptBuffer is the largest buffer that is kept for the next event.
const maxKeptBuffer = 64 << 10

// Flush writes what was added. After an error, every later call returns the same error.
func (w *Writer) Flush() error {
	if w.err != nil || len(w.buf) == 0 {
		return w.err
	}
	_, w.err = w.w.Write(w.buf)
	if w.buf = w.buf[:0]; cap(w.buf) > maxKeptBuffer {
		w.buf = nil
	}
	if w.err == nil && w.flush != nil {
		w.flush.Flush()
	} else if w.err == nil && w.flushError != nil {
		w.err = w.flushError.Flush()
	}
	return w.err
}

// Reset makes w ready to write another stream to dst. What was not flushed is dropped.
func (w *Writer) Reset(dst io.Writer) {
	*w = Writer{w: dst, buf: w.buf[:0], retry: -1}
	w.flush, _ = dst.(interface{ Flush() })
	w.flushError, _ = dst.(interface{ Flush() error })
}
