package llmstream

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// What InvokeModel carries is read by templates, as the full parse reads it.
func TestTemplatesOfCarriedEvents(t *testing.T) {
	for _, form := range []string{
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%s"}}`,
		`{"contentBlockDelta":{"delta":{"text":"%s"},"contentBlockIndex":1}}`,
		`{"id":"c","choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}`,
	} {
		event := func(text string) string { return fmt.Sprintf(form, text) }
		var lines []string
		for i := range 50 {
			lines = append(lines, "chunk "+event(fmt.Sprint("word ", i)))
		}
		for _, h := range []Handler{nil, new(Accumulator), HandlerFunc(func(*Delta) error { return nil })} {
			p := NewParser(Bedrock, h, &Options{Events: &eventLog{}})
			p.Write([]byte(framed(lines...)))
			require.GreaterOrEqual(t, p.fast.Fitted(), int64(47), form)
			require.EqualValues(t, 50, p.Outcome().Events)
		}
		long := strings.Repeat("x", 300)
		one, two, six := event("one"), event("two"), event("six")
		for at := range len(two) {
			if testing.Short() && at%5 != 0 {
				continue
			}
			for _, edit := range edits(two[at]) {
				if !strings.Contains(edit, "\n") {
					requireShortcuts(t, Bedrock, []byte(framed("chunk "+one, "chunk "+six, "chunk "+two[:at]+edit+two[at+1:], "chunk "+six)))
				}
			}
		}
		for _, between := range []string{
			"event chunk " + two, "event other " + two, "chunk " + event(`\n`), "chunk " + event(`\ud83d`), "chunk " + event(""), `event chunk {"bytes":"!"}`,
			`chunk {"amazon-bedrock-invocationMetrics":{"inputTokenCount":1,"outputTokenCount":2}}`, "chunk " + event(`x","amazon-bedrock-invocationMetrics":{"inputTokenCount":1},"y":"`),
			`event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"x"}}`,
		} {
			for _, d := range []Dialect{Bedrock, Auto} {
				requireShortcuts(t, d, []byte(framed("chunk "+event(long), "chunk "+event(long), "chunk "+one, "chunk "+six, between, between, between, "chunk "+six, "chunk "+one)))
				requireShortcuts(t, d, []byte(framed("event chunk "+event(long), "event chunk "+event(long), "event chunk "+one, "chunk "+six, between, "chunk "+six, "event chunk "+one, "chunk "+one)))
			}
		}
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

// Most events of the dialects that were added last fit a template, whoever reads them.
// Those of Text Generation Inference have a number in each event, and those of Bedrock's
// agents are base64: they fit none.
func TestTemplatesFitOtherDialects(t *testing.T) {
	for _, c := range []struct {
		dialect Dialect
		stream  string
	}{
		{DashScope, "text"}, {DashScope, "plain text"}, {DashScope, "reasoning"}, {DashScope, "tool calls"},
		{TextGeneration, "content"},
		{MistralConversations, "text"},
		{Gemini, "text"}, {AnthropicMessages, "text"}, {Bedrock, "converse text"},
	} {
		event := steadyStreams[c.dialect][c.stream]
		require.NotNil(t, event, "%v %s", c.dialect, c.stream)
		body := ""
		for i := range 100 {
			body += event(i)
		}
		for name, h := range map[string]Handler{"nobody": nil, "deltas": &lines{}, "answer": new(Accumulator)} {
			p := NewParser(c.dialect, h, nil)
			p.Write([]byte(body))
			require.GreaterOrEqual(t, p.fast.Fitted(), int64(95), "%v %s, %s", c.dialect, c.stream, name)
		}
		requireShortcuts(t, c.dialect, []byte(body))
	}
}

// What DashScope's texts are is known from the first that differ: after that they are
// read by templates, as the full parse reads them.
func TestTemplatesOfDashScope(t *testing.T) {
	for _, texts := range [][]string{
		{"a", "b", "c", "d", "c", "e"}, {"a", "ab", "abc", "abcd", "abcde"}, {"a", "ab", "c", "d", "e", "f"}, {"a", "a", "a", "a"}, {"a", "", "b", "", "c", "d"},
		{"a", "b", `\ud83d`, `\ude00`, "c", "d"}, {"a", "b", "c", `x","finish_reason":"stop`, "d", "e"}, {"a", "b", "c", `x"},"text":{"`, "d"},
	} {
		body := ""
		for i, text := range texts {
			body += dashScopeEvent(i, `"finish_reason":"null","text":"`+text+`"`)
		}
		requireShortcuts(t, DashScope, []byte(body))
		requireShortcuts(t, Auto, []byte(body))
	}
}
