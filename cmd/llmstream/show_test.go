package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const reasoningStream = `data: {"id":"c5","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"reasoning_content":"well, "}}]}

data: {"id":"c5","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"reasoning_content":"yes"}},{"index":1,"delta":{"content":"no"}}]}

data: {"id":"c5","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"Yes\u001b[31m"},"finish_reason":"stop"},{"index":1,"delta":{"refusal":"never"},"finish_reason":"end_turn"}]}

data: [DONE]

`

func TestShowOfACassette(t *testing.T) {
	got := runWith(t, "", "show", cassettePath)
	require.Equal(t, result{0, `[tool call 0] weather {"location": "Florence,Italy"}

source         ` + cassettePath + `#0
dialect        openai-chat over sse
id             chatcmpl-e0347bac-7067-402a-90b0-de824b22e28d
model          qwen-3-coder-480b
input tokens   277
cached tokens  0
output tokens  25
total tokens   302
state          complete
finish reason  tool_calls
events         3

The weather in Florence, Italy is currently 40°C.

source         ` + cassettePath + `#1
dialect        openai-chat over sse
id             chatcmpl-3f2608fe-2a08-45b1-a2d7-647546bca09b
model          qwen-3-coder-480b
input tokens   319
cached tokens  0
output tokens  14
total tokens   333
state          complete
finish reason  stop
events         16
`, ""}, got)
}

func TestShowSeparatesSectionsAndChoices(t *testing.T) {
	const want = `[reasoning] well, yes

Yes\x1b[31m

[choice 1]

no

[refusal] never

source           -
dialect          openai-chat over sse
id               c5
model            m
tokens           not reported
state            complete
finish reason 0  stop
finish reason 1  stop (end_turn)
end marker       yes
events           4
`
	require.Equal(t, result{0, want, ""}, runWith(t, reasoningStream, "show", "-"))
	require.Equal(t, result{0, want, ""}, runWith(t, reasoningStream, "show", "-read=1", "-"))
}

func TestShowDimsReasoningOnly(t *testing.T) {
	got := runWith(t, reasoningStream, "show", "-color", "-").stdout
	require.True(t, strings.HasPrefix(got, "\x1b[2m[reasoning] well, \x1b[0m\x1b[2myes\x1b[0m\n\nYes"), "%q", got)
	require.Equal(t, 4, strings.Count(got, "\x1b"), "the answer's own escape must not come through")
}

func TestShowReportsOddities(t *testing.T) {
	for _, c := range []struct {
		name, input string
		want        []string
	}{
		{"cut", cutStream, []string{`[tool call 0] weather {"a":`, "state            truncated", "finish reason    none", "open tool calls  1", "pending bytes    21"}},
		{"malformed", malformedStream, []string{"malformed      1", "damage         cannot read event 2"}},
		{"failed", failedStream, []string{"state          error", "error          the provider reported an error rate_limit_error 429: too; many"}},
		{"comments", ": a\n\n: b\n\ndata:\n\n" + wholeStream + "data: {\"id\":\"c1\"}\n\n", []string{"comments          2", "skipped: empty    1", "after end marker  1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := runWith(t, c.input, "show", "-").stdout
			for _, want := range c.want {
				require.Contains(t, got, want)
			}
		})
	}
}
