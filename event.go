package llmstream

import (
	"bytes"
	"fmt"
)

const errorPrefix = "llmstream: "

// An Event is one event of a stream: an SSE event, an element of a JSON array, a
// line of JSON, a whole JSON body, or a binary frame. Its slices are borrowed until
// the handler returns.
type Event struct {
	// Type is the SSE event type. If it is empty, the type is "message". For a
	// frame it is the type of the event or the exception, or the code of the error.
	Type []byte
	Data []byte // the data lines, joined with "\n"; for a frame, its payload
	ID   []byte // the stream's last event ID, set by this event or an earlier one
	// Retry is the reconnection time that this event sets, in milliseconds, or -1
	// if it sets none.
	Retry int
}

// An EventHandler receives the events of a stream, one after the other.
type EventHandler interface {
	// HandleEvent borrows e until it returns. An error stops the parser, which
	// returns it.
	HandleEvent(e *Event) error
}

// EventHandlerFunc is a function that is an [EventHandler].
type EventHandlerFunc func(*Event) error

// HandleEvent calls f(e).
func (f EventHandlerFunc) HandleEvent(e *Event) error { return f(e) }

// A CommentHandler is an [EventHandler] that also receives the comments of an SSE
// stream, which are usually keep-alives. The comment is what follows the colon,
// borrowed until HandleComment returns. A comment does not interrupt an event. An error
// stops the parser, which returns it.
type CommentHandler interface {
	HandleComment(comment []byte) error
}

// A Wire is how the events of a stream are put into bytes.
type Wire uint8

const (
	WireUnknown Wire = iota // too few bytes have come
	WireSSE                 // server-sent events
	WireJSON                // a JSON value or an array of values, in place of a stream
	WireLines               // newline-delimited JSON
	WireFrames              // binary frames, application/vnd.amazon.eventstream
)

var wireNames = [...]string{"unknown", "sse", "json", "ndjson", "frames"}

// String returns the wire's name, such as "sse".
func (w Wire) String() string {
	if int(w) < len(wireNames) {
		return wireNames[w]
	}
	return "unknown"
}

// MarshalText returns String, or an error for a value without a name.
func (w Wire) MarshalText() ([]byte, error) { return marshalName(w, wireNames[:]) }

// UnmarshalText sets w to the wire with this name.
func (w *Wire) UnmarshalText(name []byte) error { return unmarshalName(w, wireNames[:], name) }

// marshalName returns the name of a constant.
func marshalName[T ~uint8](v T, names []string) ([]byte, error) {
	if int(v) >= len(names) {
		return nil, fmt.Errorf("%s%T(%d) has no name", errorPrefix, v, v)
	}
	return []byte(names[v]), nil
}

// unmarshalName sets v to the constant with this name.
func unmarshalName[T ~uint8](v *T, names []string, name []byte) error {
	for i := range names {
		if names[i] == string(name) {
			*v = T(i)
			return nil
		}
	}
	return fmt.Errorf("%sno %T is named %q", errorPrefix, *v, bytes.Clone(name))
}
