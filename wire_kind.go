package llmstream

// wireKind is the way in which events are put into bytes.
type wireKind uint8

const (
	wireUnknown wireKind = iota // too few bytes have come
	wireSSE                     // server-sent events
	wireJSON                    // JSON values, or an array of them
	wireLines                   // newline-delimited JSON
	wireFrames                  // binary frames, application/vnd.amazon.eventstream
)

// wireEvent is one event of a stream. Its slices are borrowed until the reader of
// the stream is called again.
type wireEvent struct {
	Type, Data, ID []byte
	Retry          int // milliseconds; -1 if the event does not set it
}

// limits bound what is kept of one stream, in bytes.
type limits struct {
	line  int // of one line
	event int // of the data of one event
	text  int // of a text that is no event
}

// wire finds the events in the bytes of a stream.
type wire interface {
	// next takes bytes from p until a frame is whole and fills f with it. It
	// returns how many bytes it took. ok is false if it took all of p and needs
	// more. p must not change before the next call: an unfinished event may be a
	// slice of it. What f borrows is valid until next is called again.
	next(p []byte, f *frame) (n int, ok bool)
	// end returns, one a call, what is left when no more bytes come.
	end(f *frame) (ok bool)
	// pending returns how many bytes of an unfinished event have come.
	pending() int
	kind() wireKind
	// framing returns what stands around the data of events. ok is false if the
	// next byte does not begin an event, or if events do not stand in a row.
	framing() (f framing, ok bool)
}

// framing is what a wire puts around the data of an event.
type framing struct {
	data, event string // before the data, and before the type if there is one
	end         string // of a line
	blank       string // after the last line
}

// frame is what a wire returns: an event, or what it found in place of one.
type frame struct {
	wireEvent
	kind frameKind
	size int   // bytes of what came, where Data is not all of it
	err  error // frameTooLarge, frameMalformed: what is wrong
}

type frameKind uint8

const (
	frameEvent        frameKind = iota
	frameUnterminated           // the last event, whose end never came (F-19)
	frameComment                // Data is a comment; nil if it was not kept
	frameErrorField             // Data is the value of an SSE field named error (F-37)
	frameText                   // Data is the beginning of a text that is no event (F-38)
	frameTooLarge               // an event over a limit
	frameMalformed              // Data cannot be read
	frameException              // the provider's error, of which Type is the name (B-03)
	frameError                  // the same; Type is a code
)
