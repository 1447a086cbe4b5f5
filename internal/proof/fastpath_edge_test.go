package proof

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// What events that fit a template must not be taken for.
func TestTemplatesStayTrue(t *testing.T) {
	detail := func(text, other string) string {
		return chunk(`"delta":{` + text + `,"reasoning_details":[{"type":"reasoning.text","text":"` + other + `"}]}`)
	}
	delta := func(members string) string {
		return `{"type":"content_block_delta","index":0,"delta":{` + members + `}}`
	}
	thinks := func(text string) string {
		return `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"` + text + `"}}`
	}
	signs := func(text string) string {
		return delta(`"type":"signature_delta","thinking":"` + text + `","signature":"s"`)
	}
	answer := func(text string) string { return chunk(`"message":{"content":"` + text + `"}`) }
	legacy := func(text string) string { return chunk(`"text":"` + text + `"`) }
	cohere := func(text string) string {
		return `{"id":"x","finish_reason":"","message":{"content":[{"text":"` + text + `"}]}}`
	}
	says := func(text string) string { return `{"choices":[{"delta":{"content":"` + text + `"}}]}` }
	stop := `{"choices":[{"delta":{},"finish_reason":"stop"}]}`
	item := `{"type":"response.output_item.added","output_index":0,"item":{"type":"message"}}`
	piece := func(text, sequence string) string {
		return `{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"` + text + `","sequence_number":` + sequence + `}`
	}
	tool := func(text, sequence string) string {
		return `{"type":"response.shell_call_command.delta","sequence_number":` + sequence + `,"output_index":0,"delta":"` + text + `","obfuscation":"x` + text + `"}`
	}
	refuses := func(text string) string { return `{"type":"response.refusal.delta","delta":"` + text + `"}` }
	begins := func(id string) string {
		return `{"type":"response.created","response":{"id":"` + id + `"}}`
	}
	for name, test := range map[string]struct {
		dialect llmstream.Dialect
		body    string
	}{
		"pieces for nobody": {llmstream.OpenAIResponses, testkit.SSE(begins("r"), tool("a", "1"), tool("b", "2"), tool(`\ud83d`, "3"), tool(`\n`, "4"), tool("", "5"), tool("c", "6"),
			item, piece("d", "7"), piece("e", "8"), tool("f", "9"), refuses(`\ud83d`), tool("g", "10"), refuses(`\ude00`), tool("h", "11")) +
			"event: ping\n" + testkit.SSE(tool("i", "12")) + "event: error\n" + testkit.SSE(tool("j", "13"), tool("k", "14"))},
		"pieces for nobody that call themselves a ping": {llmstream.OpenAIResponses, strings.Repeat("event: ping\n"+testkit.SSE(tool("i", "12")), 4)},
		"pieces for nobody behind a text":               {llmstream.OpenAIResponses, testkit.SSE(begins("r"), item, refuses(strings.Repeat("no ", 11)), piece("a", "1"), piece("b", "2"), tool("c", "3"), tool("d", "4"), tool("e", "5"), tool(`f\ud83d`, "6"), tool("g", "7"), piece("h", "8"))},
		"the first piece of an item":                    {llmstream.OpenAIResponses, testkit.SSE(begins("r"), item, piece("a", "1"), piece("b", "2"), piece("", "3"), item, piece("c", "4"), piece("d", "5"))},
		"a response behind another": {llmstream.OpenAIResponses, testkit.SSE(begins("1"), item, piece("a", "1"), piece("b", "2"), `{"type":"response.completed","response":{"id":"1"}}`,
			piece("c", "3"), tool("d", "4"), tool("e", "5"), begins("2"), item, piece("f", "6"), piece("g", "7"), piece(`\n`, "8"))},
		"texts behind the end":        {llmstream.OpenAIChat, testkit.SSE(says("a"), says("b"), "[DONE]", says("c"), says("d"), says(`\n`), "[DONE]", says("e"))},
		"a finish reason once more":   {llmstream.OpenAIChat, testkit.SSE(says("a"), stop, says("b"), says("c"), stop, says("d"))},
		"a detail before the content": {llmstream.OpenAIChat, testkit.SSE(detail(`"reasoning":"r"`, "r"), detail(`"content":"a"`, "b"), detail(`"content":"c"`, "d"), detail(`"content":""`, "e"))},
		"a detail before the arguments": {llmstream.OpenAIChat, testkit.SSE(detail(`"reasoning":"r"`, "r"), calls(`{"index":0,"id":"i","function":{"name":"f","arguments":""}}`),
			detail(`"tool_calls":[{"index":0,"function":{"arguments":"1"}}]`, "b"), detail(`"tool_calls":[{"index":0,"function":{"arguments":"2"}}]`, "d"))},
		"a detail before the thought": {llmstream.OpenAIChat, testkit.SSE(detail(`"reasoning":"r"`, "r"),
			detail(`"extra_content":{"google":{"thought":true}},"content":"a"`, "b"), detail(`"extra_content":{"google":{"thought":true}},"content":"c"`, "d"))},
		"a message behind a delta": {llmstream.OpenAIChat, testkit.SSE(answer("a"), answer("b"), says("c"), answer("d"))},
		"a text behind a delta":    {llmstream.OpenAIChat, testkit.SSE(legacy("a"), legacy("b"), says("c"), legacy("d"))},
		"an answer behind pieces":  {llmstream.Cohere, testkit.SSE(cohere("a"), cohere("b"), cohere("c"), `{"text":"d","is_finished":false}`, cohere("e"))},
		"two names of arguments": {llmstream.AnthropicMessages, testkit.SSE(`{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"i","name":"f","input":{}}}`,
			delta(`"type":"input_json_delta","partial_json":"1","input":"2"`), delta(`"type":"input_json_delta","partial_json":"3","input":"2"`))},
		"two names of arguments, Cohere": {llmstream.Cohere, testkit.SSE(`{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"i","function":{"name":"f","arguments":""}}}}}`,
			`{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"1","input":"2"}}}}}`,
			`{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"3","input":"2"}}}}}`)},
		"a block that takes another's place": {llmstream.AnthropicMessages, testkit.SSE(`{"type":"message_start","message":{"id":"1"}}`, thinks("a"), thinks("b"), thinks("c"),
			`{"type":"message_start","message":{"id":"2"}}`, thinks("d"))},
		"a signature of no thought": {llmstream.AnthropicMessages, testkit.SSE(signs("a"), signs("b"), `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`, signs("c"))},
		"lines within an event": {llmstream.OpenAIChat, strings.Repeat("data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"a\"}}]}\n\n", 3) +
			"data: {\"choices\":\n[{\"delta\":{\"content\":\"b\"}}]}\n\n" + testkit.SSE(says("c"))},
		"spaces in front of glued events":    {llmstream.OpenAIChat, strings.Repeat("data:  "+says("a")+"\ndata:"+says("b")+" \n\n", 3) + testkit.SSE(says("c"), says("d"))},
		"a type that begins with a space":    {llmstream.OpenAIChat, strings.Repeat("event:  error\ndata:"+says("a")+"\n\n", 3) + "event: error\ndata:" + says("b") + "\n\n"},
		"a number that is none":              {llmstream.OpenAIResponses, testkit.SSE(item, piece("a", "1"), piece("b", "2"), piece("c", "99999999999999999999"), piece("d", "9223372036854775807"))},
		"a message beside no text":           {llmstream.Gemini, testkit.SSE(`{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"error":null,"message":"no"}`, `{"candidates":[{"content":{"parts":[{"text":"b"}]}}],"error":null,"message":"no"}`, `{"candidates":[{"content":{"parts":[{"text":""}]}}],"error":null,"message":"no"}`)},
		"a message beside no text, Converse": {llmstream.Bedrock, testkit.SSE(`{"contentBlockDelta":{"delta":{"text":"a"}},"message":"no"}`, `{"contentBlockDelta":{"delta":{"text":"b"}},"message":"no"}`, `{"contentBlockDelta":{"delta":{"text":""}},"message":"no"}`)},
		"a detail beside no text":            {llmstream.Gemini, testkit.SSE(`{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"error":null,"detail":"no"}`, `{"candidates":[{"content":{"parts":[{"text":"b"}]}}],"error":null,"detail":"no"}`, `{"candidates":[{"content":{"parts":[{"text":""}]}}],"error":null,"detail":"no"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireShortcutsCut(t, test.dialect, test.body)
		})
	}
}

// Lines of JSON that go on in another way, or as something else.
func TestTemplatesOfLinesStayTrue(t *testing.T) {
	row := func(events ...string) string { return strings.Join(events, "\n") + "\n" }
	line := func(text string) string { return `{"message":{"content":"` + text + `"},"done":false}` }
	for name, body := range map[string]string{
		"lines and then SSE": row(line("a"), line("b"), line("c"), line("d")) + testkit.SSE(line("e"), line("f")) + line("g") + "\n" + line("h") + "\n\n" + testkit.SSE(line("i")),
		"lines that go on":   row(line("a"), line("b"), line("c"), line("d")+"garbage", line("e")+"\x00", line("f")+line("g")),
		"a row and then SSE": line("a") + testkit.SSE(line("e"), line("f")) + line("g") + "\n" + line("h") + "\n\n" + testkit.SSE(line("i")),
		"an array and then lines": "[" + line("a") + ",\n{\"message\":\n{\"content\":\"a\"},\"done\":false}]" + row(line("a"), line("b"), line("c"), line("d")+"garbage",
			"{\"message\":\n{\"content\":\"a\"},\"done\":false}", line("e")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireShortcutsCut(t, llmstream.Ollama, body)
		})
	}
}

// requireShortcutsCut tries the shortcuts on a body that is cut once, in several places.
func requireShortcutsCut(t *testing.T, d llmstream.Dialect, body string) {
	t.Helper()
	requireShortcuts(t, d, []byte(body))
	for i := 0; i < len(body); i += sample(7) {
		requireShortcuts(t, d, []byte(body), i)
	}
}

// What an unfinished event borrows from a line that was cut stays, whatever lines
// past the limit follow.
func TestSplitBeforeLongLines(t *testing.T) {
	long := strings.Repeat("x", 80)
	for _, body := range []string{
		"event: message\ndata: " + long + "\nid: 12345678\n\n",
		"event: message\nid: " + long + "\nid: 12345678\ndata: {}\n\n",
		"data: " + says("a") + "\n: " + long + "\n: 23456789\n\n",
	} {
		o := &llmstream.Options{MaxLine: 70}
		want := read(llmstream.OpenAIChat, o, []byte(body))
		for i := range len(body) {
			for j := i; j < len(body); j += sample(3) {
				requireSame(t, want, read(llmstream.OpenAIChat, o, []byte(body), i, j), body)
			}
		}
	}
}

// An Accumulator that its owner resets in mid-stream holds what came since then.
func TestTemplatesAndResetAccumulator(t *testing.T) {
	for _, rest := range []string{testkit.SSE(says("")), testkit.SSE(says("b"))[:20], testkit.SSE(says("b"), says("c")), testkit.SSE(says(`\ud83d`))} {
		completion := func(o *llmstream.Options) *llmstream.Completion {
			var a llmstream.Accumulator
			p := llmstream.NewParser(llmstream.OpenAIChat, &a, o)
			p.Write([]byte(testkit.SSE(says("a"), says("a"), says("a"))))
			a.Reset()
			p.Write([]byte(rest))
			return a.Completion()
		}
		require.Equal(t, completion(&llmstream.Options{NoFastPath: true}), completion(nil), rest)
	}
}

// What InvokeModel carries decides how events that it does not carry are read.
func TestTemplatesBesideCarriedEvents(t *testing.T) {
	says := func(text string) string { return `event contentBlockDelta {"delta":{"text":"` + text + `"}}` }
	carried := base64.StdEncoding.EncodeToString([]byte(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}}`))
	body := framed(says("a"), says("b"), says("c"), `event chunk {"bytes":"`+carried+`"}`, says("d"))
	requireShortcuts(t, llmstream.Bedrock, []byte(body))
}
