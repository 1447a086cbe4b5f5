package llmstream

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
