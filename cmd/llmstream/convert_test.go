package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const convertInput = "data: " + `{"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"},"finish_reason":null}]}` + "\n\n"

const convertEnd = "data: " + `{"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"

func TestConvert(t *testing.T) {
	got := runWith(t, convertInput+convertEnd, "convert", "-to", "anthropic-messages", "-")
	require.Equal(t, 0, got.status, got.stderr)
	require.Empty(t, got.stderr)
	require.True(t, strings.HasPrefix(got.stdout, "event: message_start\n"))
	require.Contains(t, got.stdout, `{"type":"text_delta","text":"Hi"}`)
	require.True(t, strings.HasSuffix(got.stdout, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"))
}

func TestConvertOfACutStream(t *testing.T) {
	got := runWith(t, convertInput, "convert", "-to=anthropic-messages", "-")
	require.Equal(t, 1, got.status)
	require.Contains(t, got.stdout, "event: error\n")
	require.NotContains(t, got.stdout, "message_stop")

	got = runWith(t, convertInput, "convert", "-to=anthropic-messages", "-whole", "-")
	require.Equal(t, 1, got.status)
	require.Empty(t, got.stdout)
	require.Contains(t, got.stderr, "ended before the answer")
}

func TestConvertTellsWhatIsLost(t *testing.T) {
	two := strings.Replace(convertInput, `"index":0`, `"index":1`, 1)
	got := runWith(t, convertInput+two+convertEnd, "convert", "-to", "openai-responses", "-")
	require.Contains(t, got.stderr, "openai-responses cannot say: choices 1")
}

// A call that comes again with other arguments, after it was written, makes the output an
// error, and the exit status says so.
func TestConvertOfACallThatComesAgain(t *testing.T) {
	const chunk = `data: {"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"f","id":"k1","args":{"q":"ARG"}}}]},"index":0END}],"responseId":"r-1"}` + "\n\n"
	input := strings.NewReplacer("ARG", "x", "END", "").Replace(chunk) + strings.NewReplacer("ARG", "y", "END", `,"finishReason":"STOP"`).Replace(chunk)
	got := runWith(t, input, "convert", "-to", "openai-chat", "-")
	require.Equal(t, 1, got.status)
	require.Contains(t, got.stdout, `{"error":`)
	require.NotContains(t, got.stdout, "[DONE]")
	require.Contains(t, got.stderr, "restarts 1")
}

func TestConvertWhole(t *testing.T) {
	got := runWith(t, convertInput+convertEnd, "convert", "-to", "gemini", "-whole", "-")
	require.Equal(t, 0, got.status, got.stderr)
	var body map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &body))
	require.Equal(t, "c1", body["responseId"])
}

func TestConvertNeedsATarget(t *testing.T) {
	got := runWith(t, convertInput, "convert", "-")
	require.Equal(t, 2, got.status)
	require.Contains(t, got.stderr, "-to is missing")
	got = runWith(t, convertInput, "convert", "-to", "ollama", "-")
	require.Equal(t, 2, got.status)
	require.Contains(t, got.stderr, "cannot be written")
}
