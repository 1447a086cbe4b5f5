package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEvents(t *testing.T) {
	const input = "event: greeting\nid: 7\ndata: hi\ndata: <you>\n\n: comment\n\ndata: {}\r\n\r\nid\ndata:\n\ndata: unfinished"
	const want = `{"type":"greeting","data":"hi\n<you>","id":"7"}
{"type":"message","data":"{}","id":"7"}
{"type":"message","data":"","id":""}
`
	for _, read := range []string{"0", "1", "1000000"} {
		require.Equal(t, result{0, want, ""}, runWith(t, input, "events", "-read", read, "-"))
	}
}

func TestEventsOfACassette(t *testing.T) {
	got := runWith(t, "", "events", cassettePath)
	require.Equal(t, 0, got.status)
	require.Contains(t, got.stdout, `"data":"{\"id\":\"chatcmpl-e0347bac-7067-402a-90b0-de824b22e28d\",`)
}
