package wire

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What servers write besides the standard. The standard itself is tested by package
// sse.
func TestSSEBesidesTheStandard(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       split
	}{
		{"a last event without a blank line", "data: a\n", split{Kind: SSE, Frames: []string{"unterminated a"}, Pending: 1}}, // F-19
		{"nor a line end", "event: t\ndata: a", split{Kind: SSE, Frames: []string{"unterminated type=t a"}, Pending: 7}},
		{"cut in the name of a field", "data: a\nda", split{Kind: SSE, Frames: []string{"unterminated a"}, Pending: 3}},
		{"cut in a field that is no data", "data: a\n\nevent: t", split{Kind: SSE, Frames: []string{"event a"}, Pending: 8}},
		{"an error field", "error: {\"a\":1}\n\ndata: a\n\n", split{Kind: SSE, Frames: []string{`error field {"a":1}`, "event a"}}}, // F-37
		{"an error field without a value", "error\n\n", split{Kind: SSE, SawText: true}},
		{"a JSON error within a stream", "data: a\n\n{\n\"x\"\n}\n\ndata: b\n\n", split{Kind: SSE, Frames: []string{"event a", "text {\n\"x\"\n}", "event b"}, SawText: true}}, // F-38
		{"an error in an array", "data: a\n\n[{\n}]\n\n", split{Kind: SSE, Frames: []string{"event a", "text [{\n}]"}, SawText: true}},
		{"a bracket that begins no array", "data: a\n\n[x]\n\n", split{Kind: SSE, Frames: []string{"event a"}, SawText: true}},
		{"a page", "<p>\n: no\nid: 7\n</p>", split{Kind: SSE, Frames: []string{"comment  no", "text <p>\nid: 7\n</p>"}, SawText: true, Pending: 13}},
		{"a text that a field ends", "data: a\n\n{\ndata: b\n\n", split{Kind: SSE, Frames: []string{"event a", "text {", "event b"}, SawText: true}},
		{"a text past its limit", "<" + strings.Repeat("x", 20) + "\nyy\n\n", split{Kind: SSE, Frames: []string{"text <" + strings.Repeat("x", 15)}, SawText: true}},
		{"unknown fields alone", "foo: 1\nbar\n", split{Kind: SSE, SawText: true}},
		{"unknown blank lines", "data: a\n \n\t\n\n", split{Kind: SSE, Frames: []string{"event a"}}},
	} {
		t.Run(c.name, func(t *testing.T) { requireSplit(t, Limits{Line: 100, Event: 100, Text: 16}, c.body, c.want) })
	}
}

func TestSSEPastALimit(t *testing.T) {
	l := Limits{Line: 12, Event: 8, Text: 100}
	for _, c := range []struct {
		name, body string
		want       split
	}{
		{"a line of just so many bytes, with the data of just so many", "data:2345678\n\n", split{Kind: SSE, Frames: []string{"event 2345678"}}},
		{"a line", "data: 2345678\n\ndata: a\n\n", split{Kind: SSE, Frames: []string{"too large MaxLine=12 of 0", "event a"}}},
		{"data lines together", "data: 1234\ndata: 5678\n\ndata: a\n\n", split{Kind: SSE, Frames: []string{"too large MaxEvent=8 of 9", "event a"}}},
		{"the type counts in its own line alone", "event: 12345678\ndata: a\n\n", split{Kind: SSE, Frames: []string{"event a"}}},
		{"a comment", ":" + strings.Repeat("x", 12) + "\n:y\n", split{Kind: SSE, Frames: []string{"comment", "comment y"}}},
		{"a last event", "data: 1234\ndata: 5678\n", split{Kind: SSE, Frames: []string{"too large MaxEvent=8 of 9"}, Pending: 9}},
	} {
		t.Run(c.name, func(t *testing.T) { requireSplit(t, l, c.body, c.want) })
	}
}

func TestSplitField(t *testing.T) {
	for line, want := range map[string]struct {
		field field
		value string
	}{
		"": {fieldBlank, ""}, ":": {fieldComment, ""}, ": a": {fieldComment, " a"},
		"data": {fieldData, ""}, "data:": {fieldData, ""}, "data: a": {fieldData, "a"}, "data:  a": {fieldData, " a"}, "data:\ta": {fieldData, "\ta"}, "data:a:b": {fieldData, "a:b"},
		"event: a": {fieldEvent, "a"}, "id: a": {fieldID, "a"}, "retry: 1": {fieldRetry, "1"}, "error: a": {fieldError, "a"},
		"error": {fieldUnknown, "error"}, "Data: a": {fieldUnknown, "Data: a"}, " data: a": {fieldUnknown, " data: a"}, "database: a": {fieldUnknown, "database: a"},
	} {
		f, value := splitField([]byte(line))
		require.Equal(t, want.field, f, "%q", line)
		require.Equal(t, want.value, string(value), "%q", line)
	}
}

func TestMayBecomeField(t *testing.T) {
	for beginning, want := range map[string]bool{
		"d": true, "data": true, "data:": true, "data: x": true, "even": true, "i": true, "id:": true, "retr": true, "err": true,
		"x": false, "datax": false, "D": false, " ": false, "ids": false, "{": false,
	} {
		require.Equal(t, want, mayBecomeField([]byte(beginning)), "%q", beginning)
	}
}

func TestParseRetry(t *testing.T) {
	for value, want := range map[string]int{
		"0": 0, "007": 7, "3000": 3000, "2147483639": 2147483639, "2147483647": 2147483647, "2147483648": 2147483647, "99999999999999999999": 2147483647,
		"": -1, "-1": -1, "+1": -1, "1x": -1, " 1": -1, "1.5": -1,
	} {
		ms, ok := parseRetry([]byte(value))
		require.Equal(t, want >= 0, ok, "%q", value)
		if ok {
			require.Equal(t, want, ms, "%q", value)
		}
	}
}

// A line end is found in a window of either kind, at any place.
func TestIndexLineEnd(t *testing.T) {
	for _, at := range []int{0, 1, lineWindow - 1, lineWindow, lineWindow + 1, 3 * lineWindow} {
		for _, end := range []string{"\n", "\r"} {
			b := []byte(strings.Repeat("x", at) + end + "x\n\r")
			for _, crFirst := range []bool{false, true} {
				require.Equal(t, at, indexLineEnd(b, crFirst), "%q at %d", end, at)
				require.Equal(t, -1, indexLineEnd(b[:at], crFirst), "%q at %d", end, at)
			}
		}
	}
}

// A line within one read is a slice of it; one that was cut is valid as long.
func TestLinesAreBorrowed(t *testing.T) {
	var l lineSplitter
	l.max = 100
	useful := func([]byte) bool { return true }
	p := []byte("first\nsecond\nthi")
	line, n, state := l.Next(p, useful)
	require.Equal(t, lineWhole, state)
	require.Same(t, &p[0], &line[0])
	line, k, _ := l.Next(p[n:], useful)
	require.Same(t, &p[n], &line[0])
	_, _, state = l.Next(p[n+k:], useful)
	require.Equal(t, lineCut, state)
	copy(p, "XXXXXXXXXXXXXXXX")
	q := []byte("rd\nfou")
	third, n, state := l.Next(q, useful)
	require.Equal(t, lineWhole, state)
	require.Equal(t, "third", string(third))
	_, _, state = l.Next(q[n:], useful)
	require.Equal(t, lineCut, state)
	require.Equal(t, "third", string(third)) // the next line has a buffer of its own
	fourth, _, _ := l.Next([]byte("rth\n"), useful)
	require.Equal(t, "fourth", string(fourth))
}

// What a dropped line begins with is the same, however it is cut.
func TestDroppedLines(t *testing.T) {
	const body = "data: 1234567890\n"
	for cut := range len(body) {
		var l lineSplitter
		l.max = 10
		_, n, state := l.Next([]byte(body[:cut]), func([]byte) bool { return true })
		require.Equal(t, lineCut, state)
		require.Equal(t, cut, n)
		line, n, state := l.Next([]byte(body[cut:]), func([]byte) bool { return true })
		require.Equal(t, lineDropped, state)
		require.Equal(t, len(body)-cut, n)
		require.Equal(t, "data: 12", string(line[:keptOfDropped]))
	}
}
