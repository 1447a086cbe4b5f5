package llmstream

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// An interaction ends with an event of the name of its status, whatever that is.
func TestEndsOfInteractions(t *testing.T) {
	end := func(typ, members string) string {
		return sse(`{"event_type":"interaction.` + typ + `","interaction":{"id":"i",` + members + `}}`)
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

// Deltas of a step that differ in their text alone are read by templates, as the full
// parse reads them.
func TestTemplatesOfInteractions(t *testing.T) {
	for _, form := range []string{
		`{"index":1,"delta":{"text":"%s","type":"text"},"event_type":"step.delta"}`,
		`{"index":0,"delta":{"content":{"text":"%s","type":"text"},"type":"thought_summary"},"event_type":"step.delta"}`,
		`{"index":0,"delta":{"thought":"%s","type":"thought"},"event_type":"content.delta"}`,
	} {
		event := func(text string) string { return "event: step.delta\n" + sse(fmt.Sprintf(form, text)) }
		body := ""
		for i := range 50 {
			body += event(fmt.Sprint("word ", i))
		}
		p := NewParser(GeminiInteractions, nil, nil)
		p.Write([]byte(body))
		require.GreaterOrEqual(t, p.track.templates.fitted, int64(48), form)
		requireShortcuts(t, GeminiInteractions, []byte(body))
		for _, text := range []string{"", `\n`, `\ud83d`, `\ude00`, `x","text":"y`, `x","annotations":[{"a":1}],"x":"`, `x","content":{"text":"z"},"x":"`} {
			requireShortcuts(t, GeminiInteractions, []byte(event("a")+event("b")+event("c")+event(text)+event("d")+event(text)+event(text)))
		}
	}
}
