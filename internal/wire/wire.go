// Package wire finds events in the bytes of a stream. It knows four ways in which
// events are put into bytes: server-sent events, JSON values or an array of them,
// newline-delimited JSON, and binary frames. It knows nothing of what the events
// mean.
//
// A [Splitter] finds out which of them a stream uses and returns its events as
// frames. [SSEReader] and [FrameReader] read one kind each. None of them starts a
// goroutine or does I/O. Each takes the stream in any pieces, looks at each byte a
// constant number of times, and keeps no more than [Limits] allows.
package wire

// Kind is the way in which events are put into bytes.
type Kind uint8

const (
	Unknown Kind = iota // too few bytes have come
	SSE                 // server-sent events
	JSON                // JSON values, or an array of them
	Lines               // newline-delimited JSON
	Frames              // binary frames, application/vnd.amazon.eventstream
)

// Event is one event of a stream. Its slices are borrowed until the reader of the
// stream is called again.
type Event struct {
	Type, Data, ID []byte
	Retry          int // milliseconds, or -1 if the event does not set it
}

// Limits bounds what is kept of one stream, in bytes.
type Limits struct {
	Line  int // of one line
	Event int // of the data of one event
	Text  int // of a text that is no event
}

// reader finds the events of one Kind.
type reader interface {
	// Next takes bytes from p until a frame is whole, and fills f with it. n is
	// the number of bytes that it took. If ok is false, it took all of p and needs
	// more. p must not change before the next call if ok is true: an unfinished
	// event may be a slice of it. What f borrows is valid until the next call.
	Next(p []byte, f *Frame) (n int, ok bool)
	// End fills f with what is left when no more bytes come, one frame a call,
	// until ok is false.
	End(f *Frame) (ok bool)
	// Pending returns how many bytes of an unfinished event have come.
	Pending() int
	Kind() Kind
	// Framing returns what stands around the data of events. ok is false if the
	// next byte does not begin an event, or if events do not follow one another
	// directly.
	Framing() (f Framing, ok bool)
}

// Framing is what stands around the data of an event.
type Framing struct {
	Data, Event string // before the data, and before the type if there is one
	End         string // after a line
	Blank       string // after the last line
}

// Frame is what a reader returns: an event, or what it found in place of one.
type Frame struct {
	Event
	Kind FrameKind
	Size int   // bytes of what came, where Data is not all of it
	Err  error // FrameTooLarge, FrameMalformed: what is wrong
}

// FrameKind says what a Frame is.
type FrameKind uint8

const (
	FrameEvent        FrameKind = iota
	FrameUnterminated           // the last event, whose end never came (F-19)
	FrameComment                // Data is a comment, or nil if it was too long to keep
	FrameErrorField             // Data is the value of an SSE field named error (F-37)
	FrameText                   // Data is the beginning of a text that is no event (F-38)
	FrameTooLarge               // an event past a limit
	FrameMalformed              // Data cannot be read
	FrameException              // an error of the provider; Type is its name (B-03)
	FrameError                  // an error of the provider; Type is its code
)
