package llmstream

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
