package llmstream

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

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
