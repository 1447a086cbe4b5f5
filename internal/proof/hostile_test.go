package proof

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/seed-4d65deac/llmstream"
)

// hostile is a kind of stream that would cost a careless parser much time for each byte.
type hostile struct {
	name    string
	dialect llmstream.Dialect
	first   string // the events that come once
	// event is repeated, with a running number in place of each %.
	event string
	last  string
}

// stream returns a stream of this kind with about this size.
func (h *hostile) stream(size int) []byte {
	b := bytes.NewBufferString(h.first)
	parts := strings.Split(h.event, "%")
	for n := 0; b.Len() < size; n++ {
		for i, part := range parts {
			if i > 0 {
				b.WriteString(strconv.Itoa(n))
			}
			b.WriteString(part)
		}
	}
	b.WriteString(h.last)
	return b.Bytes()
}

// repeated repeats an element of a list, with commas between the repetitions.
func repeated(n int, element string) string { return strings.TrimSuffix(numbered(element+",", n), ",") }

// data is an event with these bytes.
func data(s string) string { return "data: " + s + "\n\n" }

// inChoice is a chunk whose choice has these members.
func inChoice(members string) string { return data(`{"choices":[{"index":0,` + members + `}]}`) }

// inDelta is a chunk whose delta has these members.
func inDelta(members string) string { return inChoice(`"delta":{` + members + `}`) }

// inParts is an event of Gemini with these parts.
func inParts(parts string) string {
	return data(`{"candidates":[{"content":{"parts":[` + parts + `]}}]}`)
}

// thousandCalls are 1,024 calls of chat, which is as many as an answer may have.
var thousandCalls = inDelta(`"tool_calls":[` + repeated(1024, `{"index":%,"id":"a%","function":{"name":"f"}}`) + `]`)

// hostileStreams are hostile streams of each dialect.
var hostileStreams = slicesOf(hostileChat, hostileBlocks, hostileItems, hostileOthers, hostileWires)

func slicesOf(lists ...[]hostile) (all []hostile) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

var hostileChat = []hostile{
	{name: "choices/empty", event: data(`{"choices":[` + repeated(3000, `{}`) + `]}`)},
	{name: "choices/in turn", event: data(`{"choices":[` + repeated(128, `{"index":%,"delta":{"content":"x"}}`) + `]}`)},
	{name: "choices/indexes that are none", event: data(`{"choices":[` + repeated(3000, `{"index":-1}`) + `]}`)},
	{name: "choices/errors", event: data(`{"choices":[` + repeated(3000, `{"error":1}`) + `]}`)},
	{name: "choices/logprobs", event: data(`{"choices":[` + repeated(3000, `{"logprobs":{}}`) + `]}`)},
	{name: "choices/escapes", event: data(`{"a":"\\","choices":[` + repeated(1500, `{"index":0,"delta":{"content":"a"}}`) + `]}`)},
	{name: "choices/finish", event: inChoice(`"finish_reason":"a%"`)},
	{name: "parts/texts", event: inDelta(`"content":[` + repeated(5000, `"a"`) + `]`)},
	{name: "parts/nested", event: inDelta(`"content":` + strings.Repeat(`[{"type":"thinking","thinking":`, 90) + `"x"` + strings.Repeat(`}]`, 90))},
	{name: "images", event: inDelta(`"images":[` + repeated(5000, `{}`) + `]`)},
	{name: "annotations", event: inDelta(`"annotations":[` + repeated(5000, `{}`) + `]`)},
	{name: "citations", event: data(`{"choices":[],"citations":["%"]}`)},
	{name: "details/one", first: inDelta(`"reasoning_details":[` + repeated(1100, `{"index":%}`) + `]`), event: inDelta(`"reasoning_details":[` + repeated(3000, `{"index":0}`) + `]`)},
	{name: "details/too many", first: inDelta(`"reasoning_details":[` + repeated(1100, `{"index":%}`) + `]`), event: inDelta(`"reasoning_details":[` + repeated(3000, `{"index":9999}`) + `]`)},
	{name: "details/one an event", first: inDelta(`"reasoning_details":[` + repeated(1100, `{"index":%}`) + `]`), event: inDelta(`"reasoning_details":[{"index":%,"text":"x"}]`)},
	{name: "calls/empty", event: inDelta(`"tool_calls":[` + repeated(5000, `{}`) + `]`)},
	{name: "calls/first of many", first: thousandCalls, event: inDelta(`"tool_calls":[` + repeated(3000, `{"index":0}`) + `]`)},
	{name: "calls/first of many, one an event", first: thousandCalls, event: inDelta(`"tool_calls":[{"index":0,"function":{"arguments":"1"}}]`)},
	{name: "calls/unknown ids", first: thousandCalls, event: inDelta(`"tool_calls":[` + repeated(2500, `{"index":0,"id":"x"}`) + `]`)},
	{name: "calls/unknown ids, one an event", first: thousandCalls, event: inDelta(`"tool_calls":[{"index":0,"id":"x%"}]`)},
	{name: "calls/too many", first: thousandCalls, event: inDelta(`"tool_calls":[` + repeated(2500, `{"id":"x%"}`) + `]`)},
	{name: "calls/objects", event: inDelta(`"tool_calls":[` + repeated(2000, `{"index":0,"function":{"arguments":{}}}`) + `]`)},
	{name: "calls/extra content", event: inDelta(`"tool_calls":[` + repeated(2000, `{"index":0,"extra_content":{"a":1}}`) + `]`)},
	{name: "calls/malformed events", first: thousandCalls, event: data(`{"choices":[{"index":-1}]}`)},
	{name: "calls/damaged events", first: thousandCalls, event: data(`{`)},
	{name: "calls/reopened", first: thousandCalls, event: inChoice(`"finish_reason":"stop"`) + inDelta(`"content":"x"`)},
	{name: "usage", event: data(`{"choices":[],"usage":{"k%":1}}`)},
	{name: "numbers/huge", event: data(`{"choices":[],"usage":{"prompt_tokens":` + strings.Repeat("1", 100_000) + `}}`)},
	{name: "numbers/long", event: data(`{"choices":[],"usage":{"prompt_tokens":0.` + strings.Repeat("123456789", 400) + `e3}}`)},
	{name: "numbers/infinite", event: data(`{"choices":[],"a":[` + strings.Repeat(`null,+1,-1,`, 1000) + `Infinity]}`)},
	{name: "keys/equal", event: data(`{` + strings.Repeat(`"choices":[],`, 1000) + `"choices":[]}`)},
	{name: "keys/escaped", event: data(`{` + repeated(4000, `"\u0061%":0`) + `}`)},
	{name: "deep/broken", event: data(`{"choices":` + strings.Repeat(`{"a":`, 299) + `x`)},
	{name: "errors/nested", event: data(`{"error":` + strings.Repeat(`{"message":`, 290) + `"x"` + strings.Repeat(`}`, 290) + `}`)},
	{name: "errors/in a list", event: "event: error\ndata: [{\"error\":{\"message\":1}}]\n\n"},
	{name: "errors/as a field", event: "error: {}\n\n"},
	{name: "templates/changing ends", event: data(`{"id":"i","object":"chat.completion.chunk","pad":"` + strings.Repeat("f", 600) + `","choices":[{"index":0,"delta":{"content":"x"}}],"z%":1}`)},
	{name: "done", first: thousandCalls, event: data("[DONE]")},
}

var hostileBlocks = []hostile{
	{name: "blocks/in turn", dialect: llmstream.AnthropicMessages, first: numbered(data(`{"type":"content_block_start","index":%,"content_block":{"type":"thinking","thinking":"x"}}`), 1024),
		event: data(`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"x"}}`) + data(`{"type":"content_block_delta","index":1,"delta":{"type":"thinking_delta","thinking":"x"}}`)},
	{name: "blocks/held", dialect: llmstream.AnthropicMessages, first: numbered(data(`{"type":"content_block_start","index":%,"content_block":{"type":"server_tool_use","id":"%","name":"f","input":{}}}`), 1024),
		event: data(`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":" "}}`)},
	{name: "blocks/held till the end", dialect: llmstream.AnthropicMessages, event: numbered(data(`{"type":"content_block_start","index":-%,"content_block":{"type":"x"}}`), 10) + numbered(data(`{"type":"content_block_start","index":%,"content_block":{"type":"x"}}`), 1024) + data(`{"type":"message_stop"}`)},
	{name: "blocks/ends of calls", dialect: llmstream.AnthropicMessages, first: numbered(data(`{"type":"content_block_start","index":%,"content_block":{"type":"tool_use","id":"%","name":"f"}}`), 1024),
		event: data(`{"type":"content_block_stop","index":0}`)},
	{name: "blocks/too many", dialect: llmstream.AnthropicMessages, event: data(`{"type":"content_block_delta","index":%,"delta":{"type":"text_delta","text":"x"}}`)},
	{name: "blocks/messages with contents", dialect: llmstream.AnthropicMessages,
		first: data(`{"type":"message_start","message":{"id":"a"}}`) + numbered(data(`{"type":"content_block_start","index":%,"content_block":{"type":"tool_use","id":"%","name":"f"}}`)+
			data(`{"type":"content_block_start","index":%,"content_block":{"type":"thinking","thinking":"x"}}`)+data(`{"type":"content_block_start","index":%,"content_block":{"type":"text","text":"x"}}`), 1024),
		event: data(`{"type":"message_start","message":{"id":"%","content":[` + repeated(5000, `{}`) + `]}}`)},
	{name: "blocks/citations", dialect: llmstream.AnthropicMessages, event: data(`{"type":"content_block_start","index":0,"content_block":{"type":"text","citations":[` + repeated(3000, `{"a":1}`) + `]}}`)},
	{name: "usage/ever new names", dialect: llmstream.AnthropicMessages, event: data(`{"type":"message_delta","usage":{"k%":1}}`)},
	{name: "usage/long ones", dialect: llmstream.AnthropicMessages, first: data(`{"type":"message_delta","usage":{"a":"` + strings.Repeat("k", 16200) + `"}}`), event: data(`{"type":"message_delta","usage":{"output_tokens":%}}`)},
	{name: "usage/deep ones", dialect: llmstream.AnthropicMessages, first: data(`{"type":"message_delta","usage":{"a":[` + strings.Repeat(`{},`, 5000) + `1]}}`), event: data(`{"type":"message_delta","usage":{"output_tokens":%}}`)},
	{name: "usage/many names", dialect: llmstream.AnthropicMessages, first: data(`{"type":"message_delta","usage":{` + repeated(2000, `"%":1`) + `}}`), event: data(`{"type":"message_delta","usage":{` + repeated(60, `"a%":1`) + `}}`)},
}

var hostileItems = []hostile{
	{name: "items/in turn", dialect: llmstream.OpenAIResponses, first: numbered(data(`{"type":"response.output_item.added","output_index":%,"item":{"type":"message"}}`), 1024),
		event: data(`{"type":"response.output_text.delta","output_index":0,"delta":"x"}`) + data(`{"type":"response.output_text.delta","output_index":1,"delta":"x"}`)},
	{name: "items/too many", dialect: llmstream.OpenAIResponses, event: data(`{"type":"response.output_text.delta","output_index":%,"delta":"x"}`)},
	{name: "items/ids without end", dialect: llmstream.OpenAIResponses, event: data(`{"type":"response.output_text.delta","item_id":"a%","delta":"x"}`)},
	{name: "items/calls without a name", dialect: llmstream.OpenAIResponses, first: thousandItems, event: data(`{"type":"response.done","response":{"output":[` + repeated(2000, `{"type":"function_call"}`) + `]}}`)},
	{name: "items/calls with an unknown id", dialect: llmstream.OpenAIResponses, first: thousandItems, event: data(`{"type":"response.done","response":{"output":[` + repeated(2000, `{"type":"function_call","id":"x"}`) + `]}}`)},
	{name: "items/calls with ever new ids", dialect: llmstream.OpenAIResponses, first: thousandItems, event: data(`{"type":"response.done","response":{"output":[` + repeated(2000, `{"type":"function_call","id":"x%","call_id":"y%","name":"f"}`) + `]}}`)},
	{name: "items/terminal responses", dialect: llmstream.OpenAIResponses, first: thousandItems, event: data(`{"type":"response.incomplete"}`)},
	{name: "items/another response", dialect: llmstream.OpenAIResponses, first: thousandItems + data(`{"type":"response.completed","response":{"id":"a"}}`), event: data(`{"type":"response.created","response":{"id":"%"}}`)},
	{name: "items/arguments that repeat", dialect: llmstream.OpenAIResponses, first: thousandItems, event: data(`{"type":"response.function_call_arguments.done","output_index":0,"arguments":"{}"}`)},
}

var thousandItems = numbered(data(`{"type":"response.output_item.added","output_index":%,"item":{"type":"function_call","call_id":"%","name":"f"}}`), 1024)

var hostileOthers = []hostile{
	{name: "gemini/parts", dialect: llmstream.Gemini, event: inParts(repeated(5000, `{}`))},
	{name: "gemini/candidates", dialect: llmstream.Gemini, event: data(`{"candidates":[` + repeated(5000, `{}`) + `]}`)},
	{name: "gemini/calls", dialect: llmstream.Gemini, event: inParts(repeated(2000, `{"functionCall":{"name":"f"}}`))},
	{name: "gemini/signatures", dialect: llmstream.Gemini, event: inParts(repeated(3000, `{"thoughtSignature":"x"}`))},
	{name: "gemini/pieces of arguments", dialect: llmstream.Gemini, event: inParts(`{"functionCall":{"name":"f","willContinue":true,"partialArgs":[` + repeated(1024, `{"jsonPath":"$.%","nullValue":0}`) + `]}}`)},
	{name: "interactions/ends of calls", dialect: llmstream.GeminiInteractions, first: numbered(data(`{"event_type":"content.start","index":%,"content":{"type":"function_call","name":"f","id":"%"}}`), 1024), event: data(`{"event_type":"content.stop","index":-1}`)},
	{name: "cohere/ends of calls", dialect: llmstream.Cohere, first: numbered(data(`{"type":"tool-call-start","index":%,"delta":{"message":{"tool_calls":{"id":"%","function":{"name":"f"}}}}}`), 1024), event: data(`{"type":"tool-call-end","index":-1}`)},
	{name: "cohere/calls in a list", dialect: llmstream.Cohere, first: numbered(data(`{"type":"tool-call-start","index":%,"delta":{"message":{"tool_calls":{"id":"%","function":{"name":"f"}}}}}`), 1024),
		event: data(`{"type":"tool-call-delta","index":9999,"delta":{"message":{"tool_calls":[` + repeated(5000, `{}`) + `]}}}`)},
	{name: "cohere/whole calls", dialect: llmstream.Cohere, event: `{"is_finished":false,"event_type":"tool-calls-generation","tool_calls":[` + repeated(2000, `{"name":"f"}`) + "]}\n"},
	{name: "ollama/calls", dialect: llmstream.Ollama, event: `{"message":{"tool_calls":[` + repeated(2000, `{"id":"a"}`) + `]},"done":false}` + "\n"},
	{name: "ollama/damaged lines", dialect: llmstream.Ollama, first: `{"model":"m","message":{"content":"x"},"done":false}` + "\n", event: "{\n"},
	{name: "bedrock/exceptions", dialect: llmstream.Bedrock, event: data(`{` + repeated(2000, `"aException":{"message":"x"}`) + `}`)},
	{name: "bedrock/blocks", dialect: llmstream.Bedrock, event: data(`{"contentBlockDelta":{"contentBlockIndex":%,"delta":{"text":"x"}}}`)},
	{name: "bedrock/outputs", dialect: llmstream.Bedrock, event: framed(`event chunk {"bytes":"` + base64.StdEncoding.EncodeToString([]byte(`{"outputs":[`+repeated(2000, `{"text":"x"}`)+`]}`)) + `"}`)},
	{name: "mistral/outputs", dialect: llmstream.MistralConversations, event: data(`{"type":"message.output.delta","output_index":%,"content":"x"}`)},
	{name: "dashscope/choices", dialect: llmstream.DashScope, event: data(`{"output":{"choices":[` + repeated(2000, `{"message":{"content":"x"}}`) + `]},"request_id":"i"}`)},
}

var hostileWires = []hostile{
	{name: "auto/empty values", dialect: llmstream.Auto, event: `{}`},
	{name: "auto/empty lines", dialect: llmstream.Auto, event: "{}\n"},
	{name: "auto/unknown events", dialect: llmstream.Auto, event: data(`{"a":%}`)},
	{name: "auto/unknown lines", dialect: llmstream.Auto, event: "{\"a\":%}\n"},
	{name: "auto/numbers", dialect: llmstream.Auto, first: "[", event: "0,", last: "0]"},
	{name: "auto/long types", dialect: llmstream.Auto, event: data(`{"type":"` + strings.Repeat(`\n`, 100_000) + `"}`)},
	{name: "auto/equal types", dialect: llmstream.Auto, event: data(`{` + strings.Repeat(`"type":"\n",`, 2000) + `"a":1}`)},
	{name: "lines/pages", event: "<\n\ndata: {}\n\n"},
	{name: "lines/glued", event: "data: {}\n", last: "\n"},
	{name: "lines/glued, the last one broken", event: "data: {}\n", last: "data: {\n\n"},
	{name: "lines/damaged", event: data("{")},
	{name: "lines/damaged twice", event: "data: {\ndata: {\n\n"},
	{name: "lines/texts", event: data("x")},
	{name: "lines/empty", event: "data:\n\n"},
	{name: "lines/ids", event: "id: a%\n\n"},
}
