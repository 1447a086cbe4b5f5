package dialect_test

import (
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// An interaction ends with an event of the name of its status, whatever that is.
func TestEndsOfInteractions(t *testing.T) {
	end := func(typ, members string) string {
		return testkit.SSE(`{"event_type":"interaction.` + typ + `","interaction":{"id":"i",` + members + `}}`)
	}
	for _, c := range []struct {
		body string
		want streamtest.Lines
	}{
		{end("completed", `"status":"completed"`), streamtest.Lines{"start id=i", "finish stop(completed)", "done"}},
		{end("completed", `"status":"incomplete"`), streamtest.Lines{"start id=i", "finish length(incomplete)", "done"}},
		{end("incomplete", `"status":"incomplete"`), streamtest.Lines{"start id=i", "finish length(incomplete)", "done"}},
		{end("cancelled", `"status":"cancelled"`), streamtest.Lines{"start id=i", "finish unknown(cancelled)", "done"}},
		{end("failed", `"status":"failed","error":{"message":"no"}`), streamtest.Lines{"start id=i", "error no", "finish unknown(failed)", "done"}},
		{end("status_update", `"status":"in_progress"`), streamtest.Lines{"start id=i"}},
	} {
		l, _ := streamtest.Push(llmstream.GeminiInteractions, nil, c.body)
		require.Equal(t, c.want, l, c.body)
		l, _ = streamtest.Push(llmstream.Auto, nil, c.body)
		require.Equal(t, c.want, l, c.body)
	}
}

// What the events of either form say.
func TestDeltasOfInteractions(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []string
		want   streamtest.Lines
	}{
		{"a call that a stop ends", []string{`{"event_type":"step.start","index":0,"step":{"type":"function_call","id":"c","name":"f","arguments":{}}}`, `{"event_type":"step.stop","index":0}`},
			streamtest.Lines{"tool_call #0 id=c name=f type=function", "tool_call_end #0 valid"}},
		{"of the earlier form", []string{`{"event_type":"content.start","index":0,"content":{"type":"function_call","id":"c","name":"f"}}`, `{"event_type":"content.stop","index":0}`},
			streamtest.Lines{"tool_call #0 id=c name=f type=function", "tool_call_end #0 valid"}},
		{"a call in a delta", []string{`{"event_type":"content.delta","index":0,"delta":{"type":"function_call","id":"c","name":"f","arguments":{"a":1}}}`},
			streamtest.Lines{"tool_call #0 id=c name=f type=function", `tool_call #0 args={"a":1}`}},
		{"a call that has yet to be named", []string{`{"event_type":"step.start","index":0,"step":{"type":"function_call"}}`}, streamtest.Lines{"other"}},
		{"a thought", []string{`{"event_type":"content.delta","index":0,"delta":{"type":"thought","thought":"x"}}`}, streamtest.Lines{"reasoning x"}},
		{"its summary", []string{`{"event_type":"step.start","index":0,"step":{"type":"thought","summary":[{"type":"text","text":"x"},{"type":"text","text":"y"}]}}`}, streamtest.Lines{"reasoning x", "reasoning y"}},
		{"counts so far", []string{`{"event_type":"step.stop","index":0,"metadata":{"usage":{"total_input_tokens":1,"total_reasoning_tokens":2}}}`}, streamtest.Lines{"usage in=1 reasoning=2"}},
	} {
		l, _ := streamtest.Push(llmstream.GeminiInteractions, nil, testkit.SSE(c.events...))
		require.Equal(t, c.want, l, c.name)
	}
}
