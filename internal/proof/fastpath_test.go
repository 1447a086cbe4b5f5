package proof

import (
	"fmt"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
)

// What the fast path yields is what the full parse yields, on every input
// (contract 4). FuzzTemplate holds the two together at random; here it is every
// single edit of an event that others of its form surround.

func TestTemplatesAreExact(t *testing.T) {
	for name, event := range testkit.ChatEvents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second, third := fmt.Sprintf(event, "one"), fmt.Sprintf(event, "two"), fmt.Sprintf(event, "six")
			for at := range len(second) {
				for i, edit := range testkit.Edits(second[at]) {
					if (at+i)%sample(5) != 0 {
						continue
					}
					body := []byte(testkit.SSE(first, third, second[:at]+edit+second[at+1:], third))
					requireShortcuts(t, llmstream.OpenAIChat, body)
				}
			}
		})
	}
}

// Events between two of the same form change what follows them no less with
// templates than without.
func TestTemplatesSeeWhatComesBetween(t *testing.T) {
	between := []string{
		`{"choices":[{"index":0,"delta":{"content":"\ud83d"}}]}`,
		`{"choices":[{"index":0,"delta":{"reasoning":"\ud83d"}}]}`,
		`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`,
		`{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"length"}]}`,
		`{"choices":[{"index":1,"delta":{"content":"other"}}]}`,
		`{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`,
		`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}}]}`,
		`{"error":{"message":"no"}}`, `[DONE]`, `null`, `{}`, `{`,
	}
	for _, event := range testkit.ChatEvents {
		for _, one := range between {
			for _, two := range between {
				body := []byte(testkit.SSE(fmt.Sprintf(event, "a"), fmt.Sprintf(event, "b"), one, fmt.Sprintf(event, "c"), two, fmt.Sprintf(event, `\u00e9`), fmt.Sprintf(event, ""), fmt.Sprintf(event, "d")))
				requireShortcuts(t, llmstream.OpenAIChat, body)
			}
		}
	}
}

// An event whose SSE type is error is one, whatever it looks like.
func TestTemplatesHeedTheEventType(t *testing.T) {
	event := fmt.Sprintf(testkit.ChatEvents["openai"], "x")
	body := []byte(testkit.SSE(event, event) + "event: error\n" + testkit.SSE(event) + "event: ping\n" + testkit.SSE(event))
	requireShortcuts(t, llmstream.OpenAIChat, body)
}
