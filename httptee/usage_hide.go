package httptee

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
)

// maxHeld is how many bytes of an event are held back until it is known whether it is the chunk with the usage. Those chunks have some
// hundred bytes; a larger event passes.
const maxHeld = 64 << 10

// hideUsage leaves the chunk with the usage out of the body that the client reads.
func hideUsage(resp *http.Response) {
	if resp.Body == nil || resp.StatusCode != http.StatusOK || !isStream(resp.Header) || encodingOf(resp.Header) != "" {
		return
	}
	resp.Body = &usageFilter{body: resp.Body}
	resp.ContentLength = -1
	resp.Header.Del("Content-Length")
}

// usageFilter is a body of server-sent events without the chunk that holds the usage and no choices. All other
// bytes pass unchanged, at the latest when their event has ended.
type usageFilter struct {
	body io.ReadCloser
	held []byte // an event that has not ended yet
	scan int    // the first event's end is not in held[:scan]
	long bool   // the event is longer than maxHeld: it passes
	out  []byte // bytes that pass
	off  int    // out[:off] was read
	err  error  // of the body, after out
}

func (f *usageFilter) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for f.off == len(f.out) {
		if f.err != nil {
			return 0, f.err
		}
		f.out, f.off = f.out[:0], 0
		n, err := f.body.Read(b)
		f.add(b[:n])
		if f.err = err; err != nil {
			f.flush()
		}
		if n == 0 && err == nil {
			return 0, nil
		}
	}
	n := copy(b, f.out[f.off:])
	f.off += n
	if f.off == len(f.out) {
		return n, f.err
	}
	return n, nil
}

func (f *usageFilter) Close() error { return f.body.Close() }

// add takes the next bytes of the body and passes on the events that they complete.
func (f *usageFilter) add(b []byte) {
	f.held = append(f.held, b...)
	from := 0
	for {
		size := f.eventSize(f.held[from:])
		if size == 0 {
			break
		}
		f.pass(f.held[from : from+size])
		from += size
		f.scan, f.long = 0, false
	}
	if f.long = f.long || len(f.held)-from > maxHeld; f.long {
		to := max(from, len(f.held)-3) // the end of the event may begin in the last bytes
		f.out = append(f.out, f.held[from:to]...)
		from, f.scan = to, 0
	}
	f.held = f.held[:copy(f.held, f.held[from:])]
}

// eventSize returns the size of the first event in b, with the blank line after it. A comment line or a blank line in front of
// an event passes by itself, as an event. It returns 0 if the event has not ended.
func (f *usageFilter) eventSize(b []byte) int {
	if len(b) > 0 && (b[0] == ':' || b[0] == '\r' || b[0] == '\n') && !f.long {
		return bytes.IndexAny(b, "\r\n") + 1
	}
	for i := f.scan; i < len(b); i++ {
		if b[i] != '\r' && b[i] != '\n' {
			continue
		}
		next := i + 1
		if b[i] == '\r' && next < len(b) && b[next] == '\n' {
			next++
		}
		if next == len(b) {
			f.scan = i // the blank line may follow
			return 0
		}
		if b[next] == '\r' || b[next] == '\n' {
			return next + 1 // the "\n" of a "\r\n" follows as a blank line
		}
	}
	f.scan = len(b)
	return 0
}

// pass passes an event on, unless it is the chunk with the usage.
func (f *usageFilter) pass(event []byte) {
	if f.long || !isUsageChunk(event) {
		f.out = append(f.out, event...)
	}
}

// flush passes on what is left at the end of the body.
func (f *usageFilter) flush() {
	f.pass(f.held)
	f.held = nil
}

// isUsageChunk reports whether an event is the chunk that stream_options.include_usage adds: "choices":[] with an object "usage".
func isUsageChunk(event []byte) bool {
	if !bytes.Contains(event, []byte(`"usage"`)) || !bytes.Contains(event, []byte(`"choices"`)) {
		return false
	}
	var data []byte
	for _, line := range bytes.FieldsFunc(event, func(r rune) bool { return r == '\r' || r == '\n' }) {
		value, ok := bytes.CutPrefix(line, []byte("data:"))
		switch {
		case !ok:
		case data != nil:
			return false
		default:
			data = value
		}
	}
	var chunk struct {
		Choices []json.RawMessage `json:"choices"`
		Usage   map[string]any    `json:"usage"`
		Error   json.RawMessage   `json:"error"`
	}
	return json.Unmarshal(data, &chunk) == nil && chunk.Choices != nil && len(chunk.Choices) == 0 && chunk.Usage != nil &&
		(chunk.Error == nil || string(chunk.Error) == "null")
}
