package llmstream

import "strings"

// A Wire is the way in which events are put into bytes.
type Wire uint8

const (
	WireUnknown Wire = iota // nothing told yet
	WireSSE                 // server-sent events
	WireJSON                // JSON values, or an array of them, in place of a stream
	WireLines               // newline-delimited JSON
	WireFrames              // binary frames, application/vnd.amazon.eventstream (B-01)
)

var wireNames = [...]string{"unknown", "sse", "json", "ndjson", "frames"}

// wireMedia are the media types of the bodies on each wire, by their ends. Servers
// confuse them (F-28): the first bytes have the last word.
var wireMedia = [...]string{
	WireSSE:    "/event-stream",
	WireJSON:   "/json +json",
	WireLines:  "/x-ndjson /ndjson /jsonl /x-jsonlines +json-seq /stream+json",
	WireFrames: "/vnd.amazon.eventstream",
}

// String returns the wire's name, such as "sse".
func (w Wire) String() string {
	if int(w) < len(wireNames) {
		return wireNames[w]
	}
	return "unknown"
}

// wires is a set of wires.
type wires uint8

const anyWire wires = 1<<8 - 1

// over returns the set of these wires.
func over(list ...Wire) (set wires) {
	for _, w := range list {
		set |= 1 << w
	}
	return set
}

func (set wires) has(w Wire) bool { return set&over(w) != 0 }

// wiresOf returns the wires on which bodies of a media type are.
func wiresOf(media string) (set wires) {
	for w, list := range wireMedia {
		for _, end := range strings.Fields(list) {
			if strings.HasSuffix(media, end) {
				set |= over(Wire(w))
			}
		}
	}
	return set
}

// wire finds the events in the bytes of a stream. There is one wire_*.go for
// each kind.
type wire interface {
	// next takes bytes from p until a frame is whole and fills f with it. It
	// returns how many it took. !ok: it has taken all and needs more. p must
	// not change before that: an unfinished event may be a slice of it. What f
	// borrows is good until next is called again.
	next(p []byte, f *frame) (n int, ok bool)
	// end gives out, one a call, what is left when no more bytes come.
	end(f *frame) (ok bool)
	// pending is how many bytes of an unfinished event have come.
	pending() int
	kind() Wire
	// framing tells what stands around the data of events, as a rule. !ok: the
	// next byte does not begin an event, or events are not put into a row.
	framing() (f framing, ok bool)
}

// framing is what a wire puts around the data of an event.
type framing struct {
	data, event string // in front of the data, and of the type if there is one
	end         string // of a line
	blank       string // behind the last line
}

// frame is what a wire gives out: an event, or what it found in place of one.
type frame struct {
	Event
	kind frameKind
	size int   // bytes of what came, where Data is not all of it
	err  error // frameTooLarge, frameMalformed: what is wrong
}

type frameKind uint8

const (
	frameEvent        frameKind = iota
	frameUnterminated           // the last event, whose end never came (F-19)
	frameComment                // Data is a comment; nil: it was not kept
	frameErrorField             // Data is the value of an SSE field named error (F-37)
	frameText                   // Data is the beginning of a text that is no event (F-38)
	frameTooLarge               // an event past a limit
	frameMalformed              // Data cannot be read; Offset tells where
	frameException              // the provider's error, of which Type is the name (B-03)
	frameError                  // the same; Type is a code
)

// trimSpace cuts the white space of JSON off both ends.
func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// skipSpace returns the position of the first byte from at on that is no white
// space.
func skipSpace(b []byte, at int) int {
	for at < len(b) && isSpace(b[at]) {
		at++
	}
	return at
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }
