package llmstream

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

var steadyAnthropic = map[string]func(i int) string{
	"text":       steadyBlock(`{"type":"text","text":""}`, `{"type":"text_delta","text":"word %03d "}`),
	"thinking":   steadyBlock(`{"type":"thinking","thinking":""}`, `{"type":"thinking_delta","thinking":"why %03d "}`),
	"tool calls": steadyBlock(`{"type":"tool_use","id":"toolu_1","name":"f","input":{}}`, `{"type":"input_json_delta","partial_json":"\"%03d\""}`),
	"escapes":    steadyBlock(`{"type":"text","text":""}`, `{"type":"text_delta","text":"\"%03d\"\n\u00e9\ud83d\ude00"}`),
	"server tool": func(i int) string {
		block := steadyBlock(`{"type":"server_tool_use","id":"s","name":"f","input":{}}`, `{"type":"input_json_delta","partial_json":",%03d"}`)
		if i == 0 {
			return block(0) + strings.Replace(block(100), `",100`, `"[100`, 1)
		}
		return block(100 + i%900)
	},
	"citations": steadyBlock(`{"type":"text","text":""}`, `{"type":"citations_delta","citation":{"cited_text":"%03d"}}`),
	"pings":     func(i int) string { return "event: ping\ndata: {\"type\":\"ping\"}\n\n" },
	"usage in each": func(i int) string {
		return fmt.Sprintf("data: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"input_tokens\":7,\"output_tokens\":%d}}\n\n", i)
	},
}

// steadyBlock returns the events of a content block that begins again and again,
// with a delta that holds a number.
func steadyBlock(block, delta string) func(i int) string {
	return func(i int) string {
		if i == 0 {
			return "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":" + block + "}\n\n"
		}
		return "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":" + fmt.Sprintf(delta, i%1000) + "}\n\n"
	}
}

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
