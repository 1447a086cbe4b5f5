package wire

// wireKind is the way in which events are put into bytes.
type Kind uint8

const (
	Unknown Kind = iota // too few bytes have come
	SSE                 // server-sent events
	JSON                // JSON values, or an array of them
	Lines               // newline-delimited JSON
	Frames              // binary frames, application/vnd.amazon.eventstream
)

// wireEvent is one event of a stream. Its slices are borrowed until the reader of
// the stream is called again.
type Event struct {
	Type, Data, ID []byte
	Retry          int // milliseconds; -1 if the event does not set it
}

// limits bound what is kept of one stream, in bytes.
type Limits struct {
	Line  int // of one line
	Event int // of the data of one event
	Text  int // of a text that is no event
}

// wire finds the events in the bytes of a stream.
type reader interface {
	// next takes bytes from p until a frame is whole and fills f with it. It
	// returns how many bytes it took. ok is false if it took all of p and needs
	// more. p must not change before the next call: an unfinished event may be a
	// slice of it. What f borrows is valid until next is called again.
	Next(p []byte, f *Frame) (n int, ok bool)
	// end returns, one a call, what is left when no more bytes come.
	End(f *Frame) (ok bool)
	// pending returns how many bytes of an unfinished event have come.
	Pending() int
	Kind() Kind
	// framing returns what stands around the data of events. ok is false if the
	// next byte does not begin an event, or if events do not stand in a row.
	Framing() (f Framing, ok bool)
}

// framing is what a wire puts around the data of an event.
type Framing struct {
	Data, Event string // before the data, and before the type if there is one
	End         string // of a line
	Blank       string // after the last line
}

// frame is what a wire returns: an event, or what it found in place of one.
type Frame struct {
	Event
	Kind FrameKind
	Size int   // bytes of what came, where Data is not all of it
	Err  error // frameTooLarge, frameMalformed: what is wrong
}

type FrameKind uint8

const (
	FrameEvent        FrameKind = iota
	FrameUnterminated           // the last event, whose end never came (F-19)
	FrameComment                // Data is a comment; nil if it was not kept
	FrameErrorField             // Data is the value of an SSE field named error (F-37)
	FrameText                   // Data is the beginning of a text that is no event (F-38)
	FrameTooLarge               // an event over a limit
	FrameMalformed              // Data cannot be read
	FrameException              // the provider's error, of which Type is the name (B-03)
	FrameError                  // the same; Type is a code
)
