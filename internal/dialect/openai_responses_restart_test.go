package dialect_test

import (
	"encoding/json"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// A whole that contradicts its pieces begins the part anew, in deltas: KindStart, then
// the whole (O-17). The recordings lost-piece.sse and lost-in-part.sse show the answers.
func TestResponsesRestarts(t *testing.T) {
	const added, delta = `{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"i","call_id":"c","name":"f","arguments":""}}`,
		`{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"a\":1}"}`
	begun := streamtest.Lines{"tool_call #0 id=c name=f type=function", `tool_call #0 args={"a":1}`}
	for _, c := range []struct {
		name, whole string
		want        streamtest.Lines
		conflicts   int64
	}{
		{"the same", `{"a":1}`, streamtest.Lines{"tool_call_end #0 valid"}, 0},
		{"white space around it", ` {"a":1} `, streamtest.Lines{"tool_call_end #0 valid"}, 0},
		{"nothing", ``, streamtest.Lines{"tool_call_end #0 valid"}, 0},
		{"a placeholder", `{}`, streamtest.Lines{"tool_call_end #0 valid"}, 0},
		{"other arguments", `{"a":2}`, streamtest.Lines{"restart", "tool_call #1 id=c name=f type=function", `tool_call #1 args={"a":2}`, "tool_call_end #1 valid"}, 1},
		{"what is no JSON", `{"a":`, streamtest.Lines{"restart", "tool_call #1 id=c name=f type=function", `tool_call #1 args={"a":`}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, o := streamtest.Push(llmstream.OpenAIResponses, nil, testkit.SSE(added, delta,
				`{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","id":"i","call_id":"c","name":"f","arguments":`+quote(c.whole)+`}}`))
			require.Equal(t, append(begun[:len(begun):len(begun)], c.want...), l)
			require.Equal(t, c.conflicts, o.Anomalies.Conflicts)
		})
	}
}

// Arguments that break off and an empty object at the end leave a call that must not be
// made (O-17).
func TestResponsesPlaceholderAfterCut(t *testing.T) {
	_, o := streamtest.Push(llmstream.OpenAIResponses, nil, testkit.SSE(
		`{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f","arguments":""}}`,
		`{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"a\":"}`,
		`{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}}`))
	require.EqualValues(t, 1, o.Anomalies.Conflicts)
	require.Equal(t, 1, o.OpenToolCalls)
}

func quote(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}
