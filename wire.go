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
