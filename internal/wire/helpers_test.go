package wire

import (
	"fmt"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

var large = Limits{Line: 32 << 20, Event: 32 << 20, Text: 4 << 10}

var kindNames = [...]string{"event", "unterminated", "comment", "error field", "text", "too large", "malformed", "exception", "error"}

// describe returns all fields of a frame in one line.
func describe(f *Frame) string {
	line := kindNames[f.Kind]
	if len(f.Type) > 0 {
		line += fmt.Sprintf(" type=%s", f.Type)
	}
	if len(f.Data) > 0 {
		line += fmt.Sprintf(" %s", f.Data)
	}
	if len(f.ID) > 0 {
		line += fmt.Sprintf(" id=%s", f.ID)
	}
	if f.Retry >= 0 {
		line += fmt.Sprintf(" retry=%d", f.Retry)
	}
	switch err := f.Err.(type) {
	case nil:
	case *fault.Limit:
		line += fmt.Sprintf(" %s=%d of %d", err.Limit, err.Max, f.Size)
	default:
		line += fmt.Sprintf(": %v", err)
	}
	return line
}

// split is what a Splitter makes of a stream.
type split struct {
	Frames     []string
	Kind       Kind
	Pending    int
	Compressed bool
	SawText    bool
}

// feed writes body to s in the pieces that end at cuts, each of which is overwritten
// afterwards, and returns the frames.
func feed(t testing.TB, s *Splitter, body string, cuts ...int) (frames []string) {
	t.Helper()
	var f Frame
	testkit.WriteCut(t, func(p []byte) (n int, err error) {
		for {
			k, ok := s.Next(p[n:], &f)
			n += k
			if !ok {
				return n, nil
			}
			frames = append(frames, describe(&f))
		}
	}, body, cuts...)
	return frames
}

// finish returns the frames that the end of the stream brings.
func finish(s *Splitter) (frames []string) {
	var f Frame
	for s.Finish(&f); s.End(&f); {
		frames = append(frames, describe(&f))
	}
	return frames
}

func splitStream(t testing.TB, l Limits, body string, cuts ...int) split {
	t.Helper()
	var s Splitter
	s.Init(l, true)
	return splitWith(t, &s, body, cuts...)
}

func splitWith(t testing.TB, s *Splitter, body string, cuts ...int) split {
	t.Helper()
	frames := feed(t, s, body, cuts...)
	s.Finish(new(Frame))
	pending := s.Pending() // before End takes what is left
	return split{append(frames, finish(s)...), s.Kind(), pending, s.Compressed, s.SawText()}
}

// requireSplit checks what a stream is split into, however it is cut, also by a
// Splitter that has read another stream before.
func requireSplit(t *testing.T, l Limits, body string, want split) {
	t.Helper()
	var used Splitter
	used.Init(l, true)
	n := 0
	testkit.EachCut(body, func(cuts ...int) {
		require.Equal(t, want, splitStream(t, l, body, cuts...), "%q cut at %v", body, cuts)
		before := leftovers[n%len(leftovers)]
		splitWith(t, &used, before)
		used.Reset()
		require.Equal(t, want, splitWith(t, &used, body, cuts...), "%q cut at %v, after %q", body, cuts, before)
		n++
	})
}

// leftovers are streams that break off at places where a reader has state.
var leftovers = []string{
	"", "\xEF\xBB", "\x1f", "\x1f\x8b", "data: a\r", "id: 1\nevent: b\ndata: c", "<html>", "{", "{\"a\":1}\n{\"a\"", "{\"a\":1}\r\n{}\r", "[{]\n",
	"{}data: a", "\x00\x00\x00", testkit.Framed(`event a {}`)[:20], testkit.Prelude(15, 0) + "?",
}
