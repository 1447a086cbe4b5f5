package sse

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// FuzzEvents: Parser and Events give what a plain reading of the standard gives,
// however the stream is split.
//
//	go test -run '^$' -fuzz '^FuzzEvents$' ./sse
func FuzzEvents(f *testing.F) {
	testkit.Bodies(f, 8<<10, func(body []byte) { f.Add(body, []byte{5}) })
	f.Add([]byte("\xef\xbb\xbfdata: a\r\ndata\n\nid: 1\x00\nid: 2\n\nretry: 10\rdata:  x\r\revent: e\n\n"), []byte{1})
	f.Fuzz(func(t *testing.T, body, lengths []byte) {
		want, wantID, wantRetry := plainEvents(body)
		var got eventRecorder
		p := NewParser(&got, nil)
		from := 0
		for _, to := range append(testkit.CutsOf(lengths, len(body)), len(body)) {
			p.Write(bytes.Clone(body[from:to]))
			from = to
		}
		require.NoError(t, p.Close())
		require.Equal(t, want, got.events)
		require.Equal(t, wantID, string(p.LastEventID()))
		require.Equal(t, wantRetry, p.Retry())

		var pulled eventRecorder
		for e, err := range Events(&pieces{body: body, cuts: testkit.CutsOf(lengths, len(body))}, nil) {
			require.NoError(t, err)
			pulled.HandleEvent(e)
		}
		require.Equal(t, want, pulled.events)
	})
}

// plainEvents reads a whole stream line by line, as WHATWG HTML section 9.2.6
// has it.
func plainEvents(body []byte) (events []sseEvent, lastID string, lastRetry int) {
	text := strings.TrimPrefix(string(body), "\xef\xbb\xbf")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	lines := strings.Split(text, "\n")
	lines = lines[:len(lines)-1] // what follows the last line end is no line
	typ, data, id, retry := "", "", "", -1
	lastRetry = -1
	for _, line := range lines {
		if line == "" {
			lastID = id
			if data != "" {
				if typ == "" {
					typ = "message"
				}
				events = append(events, sseEvent{typ, strings.TrimSuffix(data, "\n"), lastID, retry})
			}
			typ, data, retry = "", "", -1
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			typ = value
		case "data":
			data += value + "\n"
		case "id":
			if !strings.Contains(value, "\x00") {
				id = value
			}
		case "retry":
			if value != "" && strings.Trim(value, "0123456789") == "" {
				retry = 1<<31 - 1
				if digits := strings.TrimLeft(value, "0"); len(digits) < 10 || len(digits) == 10 && digits <= "2147483647" {
					retry = 0
					for _, c := range value {
						retry = retry*10 + int(c-'0')
					}
				}
				lastRetry = retry
			}
		}
	}
	return events, lastID, lastRetry
}
