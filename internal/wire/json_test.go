package wire

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// N-03, F-26, G-01
func TestJSONAndLines(t *testing.T) {
	const a, b, c = `{"a":1}`, `{"b":2}`, `{"c":3}`
	ea, eb, ec := "event "+a, "event "+b, "event "+c
	for _, v := range []struct {
		name, body string
		want       split
	}{
		{"lines", a + "\n" + b + "\n" + c + "\n", split{Kind: Lines, Frames: []string{ea, eb, ec}}},
		{"no end of the last line", a + "\n" + b, split{Kind: Lines, Frames: []string{ea, "unterminated " + b}, Pending: len(b)}},
		{"CRLF", a + "\r\n" + b + "\r\n", split{Kind: Lines, Frames: []string{ea, eb}}},
		{"a lone CR, as of the second line", a + "\n" + b + "\r" + c + "\r", split{Kind: Lines, Frames: []string{ea, eb, ec}}},
		{"blank lines", "\n" + a + " \n\n\r\n" + b + "\n \n", split{Kind: Lines, Frames: []string{ea, eb}}},
		{"one line", a + "\n", split{Kind: JSON, Frames: []string{ea}}},
		{"values in one line", a + b + " " + c, split{Kind: JSON, Frames: []string{ea, eb, ec}}},
		{"a value over lines", "{\n}\n" + b + "\n", split{Kind: JSON, Frames: []string{"event {\n}", eb}}},
		{"a value over lines, and then lines", "{\n}\n" + a + "\n" + b + "\n", split{Kind: Lines, Frames: []string{"event {\n}", ea, eb}}},
		{"an array", "[" + a + "\n,\n" + b + "]\n", split{Kind: JSON, Frames: []string{ea, eb}}},
		{"elements that are no objects", `[1,"x",null,[2]]`, split{Kind: JSON, Frames: []string{"event 1", `event "x"`, "event null", "event [2]"}}},
		{"an array in a line after a value", a + "[" + b + "]" + c, split{Kind: JSON, Frames: []string{ea, eb, ec}}},
		{"an unfinished value", a + `{"b`, split{Kind: JSON, Frames: []string{ea}, Pending: 3}},
		{"a line that is no JSON", a + "\n{]\n" + b + "\n", split{Kind: Lines, Frames: []string{ea, "event {]", eb}}},
		{"a first line that is no JSON", "{]\n" + a + "\n", split{Kind: Lines, Frames: []string{"event {]", ea}}},
		{"a last line that is no JSON", a + "\n{]", split{Kind: Lines, Frames: []string{ea, "event {]"}, Pending: 2}},
		{"events after a value", a + "data: x\n\n", split{Kind: JSON, Frames: []string{ea, "event x"}}},
		{"events after an error in lines", a + "\n\ndata: x\n\n", split{Kind: JSON, Frames: []string{ea, "event x"}}},
		{"events after lines", a + "\n" + b + "\nid: 1\ndata: x\n\n", split{Kind: Lines, Frames: []string{ea, eb, "event x id=1"}}},
		{"events after CRLF", a + "\r\n" + b + "\r\n: c\n\n", split{Kind: Lines, Frames: []string{ea, eb, "comment  c"}}},
		{"a page after lines", a + "\n" + b + "\n<p>\n", split{Kind: Lines, Frames: []string{ea, eb, "text <p>"}, SawText: true, Pending: 3}},
		{"a value over lines that is no JSON", "{\n]\ndata: x\n\n", split{Kind: JSON, Frames: []string{"malformed {\n: no key where one is required", "event x"}, SawText: true}},
	} {
		t.Run(v.name, func(t *testing.T) { requireSplit(t, large, v.body, v.want) })
	}
}

// G-01: an invalid element costs no other one if the server writes the commas in lines
// of their own.
func TestArrayAfterAnInvalidElement(t *testing.T) {
	const bad = `malformed {"x" : no colon after a key`
	for _, c := range []struct {
		name, body string
		want       split
	}{
		{"in the midst", "[{}\n,\n{\"x\" 1}\n,\n{\"b\":2}\n]\n", split{Kind: JSON, Frames: []string{"event {}", bad, `event {"b":2}`}}},
		{"the first", "[{\"x\" 1}\n,\r\n{}\n]", split{Kind: JSON, Frames: []string{bad, "event {}"}}},
		{"over lines", "[{\"x\" \n1: [,\n ],\n \"y\": 1\n}\n,\n{}]", split{Kind: JSON, Frames: []string{"malformed {\"x\" \n: no colon after a key", "event {}"}}},
		{"no line of its own", "[{\"x\" 1},{}]", split{Kind: JSON, Frames: []string{bad}}},
		{"the last", "[{\"x\" 1}\n]\n{}", split{Kind: JSON, Frames: []string{bad, "event {}"}}},
	} {
		t.Run(c.name, func(t *testing.T) { requireSplit(t, large, c.body, c.want) })
	}
}

func TestJSONPastALimit(t *testing.T) {
	long := `{"x":"` + strings.Repeat("x", 30) + `"}`
	tooLarge := func(option string, most, size int) string {
		return fmt.Sprintf("too large %s=%d of %d", option, most, size)
	}
	for _, c := range []struct {
		name, body string
		limits     Limits
		want       split
	}{
		{"a value", "{}" + long + "{}", Limits{Event: 20, Line: 100}, split{Kind: JSON, Frames: []string{"event {}", tooLarge("MaxEvent", 20, len(long)), "event {}"}}},
		{"a value of just so many bytes", "{}" + long, Limits{Event: len(long), Line: 10}, split{Kind: JSON, Frames: []string{"event {}", "event " + long}}},
		{"an element", "[{}," + long + ",{}]", Limits{Event: 20, Line: 100}, split{Kind: JSON, Frames: []string{"event {}", tooLarge("MaxEvent", 20, len(long)), "event {}"}}},
		{"a line", "{}\n" + long + "\n{}\n", Limits{Event: 100, Line: 20}, split{Kind: Lines, Frames: []string{"event {}", tooLarge("MaxLine", 20, len(long)), "event {}"}}},
		{"a line with CRLF", "{}\r\n" + long + "\r\n{}\r\n", Limits{Event: 100, Line: 20}, split{Kind: Lines, Frames: []string{"event {}", tooLarge("MaxLine", 20, len(long)), "event {}"}}},
		{"a line that is an event", "{}\n" + long + "\n{}\n", Limits{Event: 20, Line: 30}, split{Kind: Lines, Frames: []string{"event {}", tooLarge("MaxEvent", 20, len(long)), "event {}"}}},
		{"a line of just so many bytes", "{}\n" + long + "\n", Limits{Event: 100, Line: len(long)}, split{Kind: Lines, Frames: []string{"event {}", "event " + long}}},
		{"a blank line", "{}\n" + strings.Repeat(" ", 30) + "\n{}\n", Limits{Event: 100, Line: 20}, split{Kind: Lines, Frames: []string{"event {}", tooLarge("MaxLine", 20, 30), "event {}"}}},
		{"a first line, of which MaxEvent is the limit", long + "\n{}\n", Limits{Event: 20, Line: 100}, split{Kind: Lines, Frames: []string{tooLarge("MaxEvent", 20, len(long)), "event {}"}}},
		{"a first line that is no JSON", long[:len(long)-1] + "]\n{}\n", Limits{Event: 20, Line: 100}, split{Kind: Lines, Frames: []string{tooLarge("MaxEvent", 20, len(long)), "event {}"}}},
		{"a last line", "{}\n" + long, Limits{Event: 20, Line: 100}, split{Kind: Lines, Frames: []string{"event {}", tooLarge("MaxEvent", 20, len(long))}, Pending: len(long)}},
	} {
		t.Run(c.name, func(t *testing.T) { requireSplit(t, c.limits, c.body, c.want) })
	}
}

// A line or a value that never ends is not kept.
func TestBuffersAreBounded(t *testing.T) {
	for _, before := range []string{"{}\n{}\n{\"", "{\"", "[{\"", "data: ", "data:\ndata: ", "junk", "<html>\n"} {
		var s Splitter
		s.Init(Limits{Line: 1 << 10, Event: 1 << 10, Text: 1 << 10}, true)
		feed(t, &s, before)
		for range 1 << 10 {
			require.Empty(t, feed(t, &s, strings.Repeat("x", 1<<10)))
		}
		kept := cap(s.sse.lines.buf) + cap(s.sse.lines.lent) + cap(s.sse.building.dataBuf) + cap(s.sse.text)
		if s.json != nil {
			kept += cap(s.json.buf) + cap(s.json.lines.lines.buf) + cap(s.json.lines.lines.lent)
		}
		require.Less(t, kept, 16<<10, "%q", before)
		require.Greater(t, s.Pending(), 1<<20, "%q", before)
	}
}

// A huge event does not leave a huge buffer behind.
func TestHugeBuffersAreReleased(t *testing.T) {
	huge := strings.Repeat("x", 1<<20)
	for _, c := range []struct{ before, huge, after string }{
		{"{}\n{}\n", `{"x":"` + huge + `"}` + "\n", "{}\n{}\n"},
		{"{}", `{"x":"` + huge + `"}`, "{}"},
		{"data: a\n\n", "data: " + huge + "\n\n", "data: a\n\ndata: b\n\n"},
		{"data: a\n\n", "data: x\ndata: " + huge + "\n\n", "data: a\n\ndata: b\n\n"},
		{testkit.Framed(`event a {}`), testkit.RawFrame("", huge), testkit.Framed(`event a {}`)},
	} {
		var s Splitter
		s.Init(large, true)
		require.NotEmpty(t, feed(t, &s, c.before))
		require.Len(t, feed(t, &s, c.huge, len(c.huge)/3, len(c.huge)/2), 1)
		feed(t, &s, c.after, 1, len(c.after)/2, len(c.after)-1)
		kept := cap(s.sse.lines.buf) + cap(s.sse.lines.lent) + cap(s.sse.building.dataBuf) + cap(s.sse.building.typeBuf)
		if s.json != nil {
			kept += cap(s.json.buf) + cap(s.json.lines.lines.buf) + cap(s.json.lines.lines.lent)
		}
		if s.Frames != nil {
			kept += cap(s.Frames.buf)
		}
		require.LessOrEqual(t, kept, 3*MaxKept, "%.20q", c.huge)
	}
}
