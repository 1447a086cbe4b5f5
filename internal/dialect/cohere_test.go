package dialect_test

import (
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// A call that begins where another has begun is another (N-01, T-02).
func TestCallsOfCohereAtOneIndex(t *testing.T) {
	call := func(typ, members string) string {
		return `{"type":"tool-call-` + typ + `","index":0,"delta":{"message":{"tool_calls":{` + members + `}}}}`
	}
	l, _ := streamtest.Push(llmstream.Cohere, nil, testkit.SSE(
		call("start", `"id":"a","type":"function","function":{"name":"f","arguments":""}`),
		call("start", `"id":"b","type":"function","function":{"name":"f","arguments":""}`),
		call("delta", `"function":{"arguments":"1"}`),
	))
	require.Equal(t, streamtest.Lines{"tool_call #0 id=a name=f type=function", "tool_call #1 id=b name=f type=function", "tool_call #1 args=1"}, l)
}

// The tokens that were read count before those that are paid for. Version 2 has both in
// its usage, version 1 calls the latter so.
func TestUsageOfCohere(t *testing.T) {
	const counts = `"billed_units":{"input_tokens":1,"output_tokens":3},"tokens":{"input_tokens":2}`
	for event, raw := range map[string]string{
		`{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{` + counts + `}}}`:                                                         "{" + counts + "}",
		`{"event_type":"stream-end","is_finished":true,"finish_reason":"COMPLETE","response":{"meta":{"api_version":{"version":"1"},` + counts + `}}}`: `{"input_tokens":1,"output_tokens":3}`,
	} {
		var a llmstream.Accumulator
		p := llmstream.NewParser(llmstream.Cohere, &a, nil)
		p.Write([]byte(testkit.SSE(event)))
		require.Equal(t, " in=2 out=3", streamtest.DescribeUsage(a.Usage()), event)
		require.Equal(t, raw, string(a.Usage().Raw), event)
	}
}
