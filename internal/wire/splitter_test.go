package wire

import (
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

func TestSplitterFindsTheKind(t *testing.T) {
	hi := testkit.Framed(`event a {}`)
	for _, c := range []struct {
		body string
		want split
	}{
		{"", split{}},
		{" \r\n\t", split{Kind: Unknown}},
		{"d", split{Kind: SSE, Pending: 1}},
		{":", split{Kind: SSE, Pending: 1, Frames: []string{"comment"}}},
		{"\n\n data: a\n\ndata: b\n\n", split{Kind: SSE, Frames: []string{"event b"}, SawText: true}},
		{"\xEF\xBB\xBFdata: a\n\n", split{Kind: SSE, Frames: []string{"event a"}}},
		{"\xEF\xBB\xBF{\"a\":1}", split{Kind: JSON, Frames: []string{`event {"a":1}`}}},
		{"\xEF\xBBdata: a\n\n", split{Kind: SSE, SawText: true}},
		{"{", split{Kind: JSON, Pending: 1}},
		{"\x1f\x8b\x08abc", split{Compressed: true}},
		{"\x28\xb5\x2f\xfdabc", split{Compressed: true}},
		{"\x1fdata: a\n\n", split{Kind: SSE, SawText: true}},
		{"\x02\n", split{Kind: SSE, SawText: true}},
		{hi[:11] + "?\n", split{Kind: SSE, SawText: true}},
		{hi, split{Kind: Frames, Frames: []string{"event type=a {}"}}},
		{"\x00\x00\x00\x0f\x00\x00\x00\x00\n", split{Kind: SSE, SawText: true}}, // too short for a frame
		{"\x00\x00\x00\x20\xff\n", split{Kind: SSE, SawText: true}},             // too large headers
		{"\x00\x00\n:\x00\n\n\n?\n", split{Kind: SSE, Frames: []string{"comment \x00"}, SawText: true}},
		{"\x00\n:\n\x00\x00\x00\x00\n:c\n", split{Kind: SSE, Frames: []string{"comment c"}, SawText: true}}, // the first comment is in the head
		{"\x00\x00\ndata: a\n\n", split{Kind: SSE, Frames: []string{"event a"}, SawText: true}},
	} {
		requireSplit(t, large, c.body, c.want)
	}
}

// Frames are known by the CRC of their first prelude, and not a byte before.
func TestSplitterHoldsAPreludeBack(t *testing.T) {
	for total, want := range map[uint32]Kind{MinFrame: Frames, 1 << 24: Frames, MaxUsualFrame: Frames, MaxUsualFrame + 1: SSE} {
		var s Splitter
		s.Init(large, false)
		prelude := testkit.Prelude(total, 0)
		for i := range prelude[:PreludeSize-1] {
			feed(t, &s, prelude[i:i+1])
			if want == Frames {
				require.Equal(t, Unknown, s.Kind(), i)
			}
		}
		feed(t, &s, prelude[PreludeSize-1:])
		require.Equal(t, want, s.Kind(), total)
	}
}

// An event comes with its last byte, and no byte later.
func TestSplitterIsPrompt(t *testing.T) {
	frame := testkit.Framed(`event a {"b":1}`)
	for _, c := range []struct{ before, event, want string }{
		{"", "data: a\n\n", "event a"},
		{"", "data: a\r\r", "event a"},
		{"data: a\r\r", "\ndata: b\r\n\r", "event b"},
		{"", `{"a":[1]}`, `event {"a":[1]}`},
		{"[", `{"a":[1]}`, `event {"a":[1]}`},
		{"{}\n", "{\"a\":1}\n", `event {"a":1}`},
		{"{}\n", "{\"a\":1}\r", `event {"a":1}`},
		{"", frame, `event type=a {"b":1}`},
		{frame, frame, `event type=a {"b":1}`},
	} {
		var s Splitter
		s.Init(large, false)
		feed(t, &s, c.before)
		for i := range c.event[:len(c.event)-1] {
			require.Empty(t, feed(t, &s, c.event[i:i+1]), "%q", c.event[:i+1])
		}
		require.Equal(t, []string{c.want}, feed(t, &s, c.event[len(c.event)-1:]), c.event)
		require.Zero(t, s.Pending())
	}
}

// What stands around the data of events is known where the next byte begins one.
func TestSplitterFraming(t *testing.T) {
	for _, c := range []struct {
		body string
		want Framing
		ok   bool
	}{
		{"", Framing{}, false},
		{"data: a\n\n", Framing{"data: ", "event: ", "\n", "\n"}, true},
		{"data:a\r\n\r\n", Framing{"data:", "event:", "\r\n", "\r\n"}, true},
		{"data: a\n\n:", Framing{"data: ", "event: ", "\n", "\n"}, false},
		{"data: a\r\r", Framing{"data: ", "event: ", "\n", "\n"}, false}, // a LF that follows belongs to it
		{"{}\n", Framing{End: "\n"}, false},                              // the first line could be a whole body
		{"{}\n{}\n", Framing{End: "\n"}, true},
		{"{}\r\n{}\r\n", Framing{End: "\r\n"}, true},
		{"{}\n{}\n{", Framing{End: "\n"}, false},
		{"{}{}", Framing{}, false},
		{"[{},{},", Framing{}, false},
		{"{}\n{}\ndata: a\n\n", Framing{"data: ", "event: ", "\n", "\n"}, false},
		{"{}data: a\n\n", Framing{"data: ", "event: ", "\n", "\n"}, true},
		{testkit.Framed(`event a {}`), Framing{}, false},
	} {
		var s Splitter
		s.Init(large, false)
		feed(t, &s, c.body)
		got, ok := s.Framing()
		require.Equal(t, c.ok, ok, "%q", c.body)
		require.Equal(t, c.want, got, "%q", c.body)
	}
}

// Hold takes the beginning of a data line as Next would, and nothing else.
func TestSplitterHold(t *testing.T) {
	for p, want := range map[string]bool{
		"data: abc": true, "data: ": true, "data:abc": false, "data": false, "data: a\n": false, "data: a\r": false, "event: a": false,
		"data: longer than that": false,
	} {
		var s Splitter
		s.Init(large, false)
		require.False(t, s.Hold([]byte(p), 10), "before the kind is known")
		feed(t, &s, "data: first\n\n")
		require.Equal(t, want, s.Hold([]byte(p), 10), p)
		if !want {
			require.Zero(t, s.Pending())
			continue
		}
		require.Equal(t, p, string(s.Held()))
		require.Equal(t, len(p), s.Pending())
		require.Equal(t, []string{"event " + p[len("data: "):] + "z"}, feed(t, &s, "z\n\n"))

		require.True(t, s.Hold([]byte(p), 10))
		s.Keep(append(s.Held(), "yz"...))
		require.Equal(t, []string{"event " + p[len("data: "):] + "yz"}, feed(t, &s, "\n\n"))

		require.True(t, s.Hold([]byte(p), 10))
		s.Keep(s.Held()[:0])
		require.Zero(t, s.Pending())
		require.Equal(t, []string{"event b"}, feed(t, &s, "data: b\n\n"))
	}
}
