package llmstream

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

// String returns the wire's name, such as "sse".
func (w Wire) String() string {
	if int(w) < len(wireNames) {
		return wireNames[w]
	}
	return "unknown"
}
