package llmstream

import (
	"fmt"
	"testing"

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
		want lines
	}{
		{end("completed", `"status":"completed"`), lines{"start id=i", "finish stop(completed)", "done"}},
		{end("completed", `"status":"incomplete"`), lines{"start id=i", "finish length(incomplete)", "done"}},
		{end("incomplete", `"status":"incomplete"`), lines{"start id=i", "finish length(incomplete)", "done"}},
		{end("cancelled", `"status":"cancelled"`), lines{"start id=i", "finish unknown(cancelled)", "done"}},
		{end("failed", `"status":"failed","error":{"message":"no"}`), lines{"start id=i", "error no", "finish unknown(failed)", "done"}},
		{end("status_update", `"status":"in_progress"`), lines{"start id=i"}},
	} {
		l, _ := push(GeminiInteractions, nil, c.body)
		require.Equal(t, c.want, l, c.body)
		l, _ = push(Auto, nil, c.body)
		require.Equal(t, c.want, l, c.body)
	}
}

// What the events of either form say.
func TestDeltasOfInteractions(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []string
		want   lines
	}{
		{"a call that a stop ends", []string{`{"event_type":"step.start","index":0,"step":{"type":"function_call","id":"c","name":"f","arguments":{}}}`, `{"event_type":"step.stop","index":0}`},
			lines{"tool_call #0 id=c name=f type=function", "tool_call_end #0 valid"}},
		{"of the earlier form", []string{`{"event_type":"content.start","index":0,"content":{"type":"function_call","id":"c","name":"f"}}`, `{"event_type":"content.stop","index":0}`},
			lines{"tool_call #0 id=c name=f type=function", "tool_call_end #0 valid"}},
		{"a call in a delta", []string{`{"event_type":"content.delta","index":0,"delta":{"type":"function_call","id":"c","name":"f","arguments":{"a":1}}}`},
			lines{"tool_call #0 id=c name=f type=function", `tool_call #0 args={"a":1}`}},
		{"a call that has yet to be named", []string{`{"event_type":"step.start","index":0,"step":{"type":"function_call"}}`}, lines{"other"}},
		{"a thought", []string{`{"event_type":"content.delta","index":0,"delta":{"type":"thought","thought":"x"}}`}, lines{"reasoning x"}},
		{"its summary", []string{`{"event_type":"step.start","index":0,"step":{"type":"thought","summary":[{"type":"text","text":"x"},{"type":"text","text":"y"}]}}`}, lines{"reasoning x", "reasoning y"}},
		{"counts so far", []string{`{"event_type":"step.stop","index":0,"metadata":{"usage":{"total_input_tokens":1,"total_reasoning_tokens":2}}}`}, lines{"usage in=1 reasoning=2"}},
	} {
		l, _ := push(GeminiInteractions, nil, testkit.SSE(c.events...))
		require.Equal(t, c.want, l, c.name)
	}
}

// Deltas of a step that differ in their text alone are read by templates, as the full
// parse reads them.
func TestTemplatesOfInteractions(t *testing.T) {
	for _, form := range []string{
		`{"index":1,"delta":{"text":"%s","type":"text"},"event_type":"step.delta"}`,
		`{"index":0,"delta":{"content":{"text":"%s","type":"text"},"type":"thought_summary"},"event_type":"step.delta"}`,
		`{"index":0,"delta":{"thought":"%s","type":"thought"},"event_type":"content.delta"}`,
	} {
		event := func(text string) string { return "event: step.delta\n" + testkit.SSE(fmt.Sprintf(form, text)) }
		body := ""
		for i := range 50 {
			body += event(fmt.Sprint("word ", i))
		}
		p := NewParser(GeminiInteractions, nil, nil)
		p.Write([]byte(body))
		require.GreaterOrEqual(t, p.fast.Fitted(), int64(48), form)
		requireShortcuts(t, GeminiInteractions, []byte(body))
		for _, text := range []string{"", `\n`, `\ud83d`, `\ude00`, `x","text":"y`, `x","annotations":[{"a":1}],"x":"`, `x","content":{"text":"z"},"x":"`} {
			requireShortcuts(t, GeminiInteractions, []byte(event("a")+event("b")+event("c")+event(text)+event("d")+event(text)+event(text)))
		}
	}
}
