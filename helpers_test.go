package llmstream

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/seed-4d65deac/llmstream/testdata"
	"github.com/stretchr/testify/require"
)

// What the tests of this package share. Those of other packages have the same in
// internal/streamtest, which imports this one.

var errBoom = errors.New("boom")

// Short names for the JSON of chunks; see package testkit.
var chunk, says, calls = testkit.Chunk, testkit.Says, testkit.Calls

const stops, whole = testkit.Stops, testkit.Whole

// describe returns what a delta says, in one line.
func describe(d *Delta) string {
	var b strings.Builder
	b.WriteString(d.Kind.String())
	add := func(name string, value []byte) {
		if len(value) > 0 {
			fmt.Fprintf(&b, " %s=%s", name, value)
		}
	}
	if d.Choice > 0 {
		fmt.Fprintf(&b, "[%d]", d.Choice)
	}
	if d.Kind&(KindToolCall|KindToolCallEnd) != 0 {
		c := &d.ToolCall
		fmt.Fprintf(&b, " #%d", c.Index)
		add("id", c.ID)
		add("name", c.Name)
		add("type", c.Type)
		add("args", c.Arguments)
		add("extra", c.Extra)
		if c.ArgumentsValid {
			b.WriteString(" valid")
		}
	}
	if len(d.Text) > 0 {
		fmt.Fprintf(&b, " %s", d.Text)
	}
	if d.Kind == KindFinish {
		fmt.Fprintf(&b, " %s(%s)", d.FinishReason, d.NativeFinishReason)
	}
	if d.Kind == KindUsage {
		b.WriteString(describeUsage(d.Usage))
	}
	if s := d.Start; s != nil {
		add("id", s.ID)
		add("model", s.Model)
		add("fingerprint", s.SystemFingerprint)
		add("tier", s.ServiceTier)
		add("role", s.Role)
		if s.Created != 0 {
			fmt.Fprintf(&b, " created=%d", s.Created)
		}
	}
	var api *APIError
	if errors.As(d.Err, &api) {
		fmt.Fprintf(&b, " %s", api.Message)
	}
	return b.String()
}

// describeUsage returns the numbers that were reported.
func describeUsage(u Usage) string {
	var b strings.Builder
	for _, f := range []struct {
		field UsageFields
		name  string
		n     int64
	}{
		{UsageInput, "in", u.Input}, {UsageOutput, "out", u.Output}, {UsageTotal, "total", u.Total},
		{UsageCached, "cached", u.Cached}, {UsageCacheWrite, "written", u.CacheWrite}, {UsageReasoning, "reasoning", u.Reasoning},
	} {
		if u.Reported&f.field != 0 {
			fmt.Fprintf(&b, " %s=%d", f.name, f.n)
		}
	}
	return b.String()
}

// lines collects the descriptions of deltas. It is a [Handler].
type lines []string

func (l *lines) HandleDelta(d *Delta) error {
	*l = append(*l, describe(d))
	return nil
}

// recordedDelta is a copy of a delta that can be compared.
type recordedDelta struct {
	Delta
	Error string // the text of Err, which is nil in the copy
}

// reading is everything that one way of reading a stream gave.
type reading struct {
	Deltas     []recordedDelta
	Completion *Completion
	Outcome    Outcome
}

// read writes body to a parser in pieces that end at cuts.
func read(d Dialect, o *Options, body []byte, cuts ...int) (r reading) {
	var a Accumulator
	record := HandlerFunc(func(d *Delta) error {
		c := recordedDelta{Delta: *d.Clone()}
		if d.Err != nil {
			c.Err, c.Error = nil, d.Err.Error()
		}
		r.Deltas = append(r.Deltas, c)
		return nil
	})
	p := NewParser(d, Handlers(record, &a), o)
	from := 0
	for _, to := range append(cuts, len(body)) {
		p.Write(body[from:to])
		from = to
	}
	p.Close()
	r.Completion, r.Outcome = a.Completion(), p.Outcome()
	return r
}

// requireSame fails the test unless two readings are the same.
func requireSame(t testing.TB, want, got reading, context any) {
	t.Helper()
	if !reflect.DeepEqual(want, got) {
		require.Equal(t, want, got, context)
	}
}

// recording is a recorded stream of testdata.
type recording struct {
	dialect Dialect
	file    string // DIALECT/NAME.sse
	body    []byte
}

// recordings returns the recordings of all dialects.
func recordings(t testing.TB) (all []recording) {
	t.Helper()
	for d := range dialect.Table {
		files, err := fs.Glob(testdata.FS, Dialect(d).String()+"/*")
		require.NoError(t, err)
		for _, file := range files {
			if !strings.HasSuffix(file, ".want.json") {
				body, err := testdata.Body(file)
				require.NoError(t, err)
				all = append(all, recording{Dialect(d), file, body})
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

// readFile returns a file of the repository.
func readFile(t testing.TB, name ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(name...))
	require.NoError(t, err)
	return b
}

// steadyStreams are endless streams of each dialect in the shapes that matter,
// without their ends: event i of each differs in its text alone.
var steadyStreams = map[Dialect]map[string]func(i int) string{
	OpenAIChat:           steadyChat,
	OpenAIResponses:      steadyResponses,
	Bedrock:              steadyBedrock,
	DashScope:            steadyDashScope,
	TextGeneration:       steadyTextGeneration,
	MistralConversations: steadyConversations,
	BedrockAgents:        steadyAgents,
	AnthropicMessages:    steadyAnthropic,
	Gemini: {
		"text":     func(i int) string { return geminiEvent(fmt.Sprintf(`{"text":"word %03d "}`, i%1000)) },
		"thoughts": func(i int) string { return geminiEvent(fmt.Sprintf(`{"text":"why %03d ","thought":true}`, i%1000)) },
		"escapes":  func(i int) string { return geminiEvent(fmt.Sprintf(`{"text":"\"%03d\"\n\u00e9\ud83d\ude00"}`, i%1000)) },
		"partial arguments": func(i int) string {
			if i == 0 {
				return geminiEvent(`{"functionCall":{"name":"f","willContinue":true}}`)
			}
			return geminiEvent(fmt.Sprintf(`{"functionCall":{"partialArgs":[{"jsonPath":"$.a[0].b","stringValue":"%03d","willContinue":true}],"willContinue":true}}`, i%1000))
		},
		"grounding": func(i int) string {
			return geminiEvent(`{"text":"x"}],"role":"model"},"groundingMetadata":{"webSearchQueries":["q"]},"x":{"y":[0`)
		},
	},
	GeminiInteractions: {
		"text": func(i int) string {
			return testkit.SSE(fmt.Sprintf(`{"index":1,"delta":{"text":"word %03d ","type":"text"},"event_type":"step.delta"}`, i%1000))
		},
		"thoughts": func(i int) string {
			return testkit.SSE(fmt.Sprintf(`{"index":0,"delta":{"content":{"text":"why %03d","type":"text"},"type":"thought_summary"},"event_type":"step.delta"}`, i%1000))
		},
		"usage in each": func(i int) string {
			return testkit.SSE(fmt.Sprintf(`{"index":1,"delta":{"text":"x","type":"text"},"event_type":"step.delta","metadata":{"usage":{"total_tokens":%d,"total_output_tokens":%d}}}`, i, i))
		},
	},
	Cohere: {
		"text": func(i int) string {
			return "event: content-delta\n" + testkit.SSE(fmt.Sprintf(`{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"word %03d "}}}}`, i%1000))
		},
		"tool plan": func(i int) string {
			return testkit.SSE(fmt.Sprintf(`{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"why %03d "}}}`, i%1000))
		},
		"tool calls": func(i int) string {
			if i == 0 {
				return testkit.SSE(`{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"c","type":"function","function":{"name":"f","arguments":"[0"}}}}}`)
			}
			return testkit.SSE(fmt.Sprintf(`{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":",%03d"}}}}}`, 100+i%900))
		},
		"lines": func(i int) string {
			return fmt.Sprintf(`{"is_finished":false,"event_type":"text-generation","text":"word %03d "}`+"\n", i%1000)
		},
	},
	Cloudflare: {
		"text": func(i int) string { return testkit.SSE(fmt.Sprintf(`{"response":"word %03d ","p":"abcdef"}`, i%1000)) },
	},
	Ollama: {
		"text": func(i int) string {
			return fmt.Sprintf(`{"model":"m","created_at":"2026-02-03T10:11:12Z","message":{"role":"assistant","content":"word %03d "},"done":false}`+"\n", i%1000)
		},
		"thoughts": func(i int) string {
			return fmt.Sprintf(`{"model":"m","created_at":"2026-02-03T10:11:12Z","message":{"role":"assistant","content":"","thinking":"why %03d "},"done":false}`+"\n", i%1000)
		},
		"CRLF": func(i int) string {
			return fmt.Sprintf(`{"model":"m","created_at":"2026-02-03T10:11:12Z","response":"word %03d ","done":false}`+"\r\n", i%1000)
		},
	},
}

// geminiEvent returns an event with one candidate that has this part.
func geminiEvent(part string) string {
	return testkit.SSE(`{"candidates":[{"content":{"parts":[` + part + `],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":7,` +
		`"candidatesTokenCount":3,"totalTokenCount":10},"modelVersion":"gemini-x","createTime":"2026-02-03T10:11:12Z","responseId":"r"}`)
}

var steadyChat = map[string]func(i int) string{
	"text": func(i int) string { return choiceEvent(fmt.Sprintf(`"delta":{"content":"word %03d "}`, i%1000)) },
	"reasoning": func(i int) string {
		return choiceEvent(fmt.Sprintf(`"delta":{"content":null,"reasoning_content":"why %03d "}`, i%1000))
	},
	"tool calls": func(i int) string {
		if i == 0 {
			return choiceEvent(`"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":"[0"}}]}`)
		}
		return choiceEvent(fmt.Sprintf(`"delta":{"tool_calls":[{"index":0,"function":{"arguments":",%03d"}}]}`, 100+i%900))
	},
	"escapes": func(i int) string {
		return choiceEvent(fmt.Sprintf(`"delta":{"content":"\"%03d\"\n\u00e9\ud83d\ude00"}`, i%1000))
	},
	"CRLF": func(i int) string {
		return strings.ReplaceAll(choiceEvent(fmt.Sprintf(`"delta":{"content":"word %03d "}`, i%1000)), "\n", "\r\n")
	},
	"usage in each": func(i int) string {
		return choiceEvent(fmt.Sprintf(`"delta":{"content":"x"}}],"usage":{"prompt_tokens":12,"completion_tokens":%d,"prompt_tokens_details":{"cached_tokens":0}},"x":[{"y":0`, i))
	},
	"index last": func(i int) string {
		return "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"index\":0}],\"created\":7,\"id\":\"i\",\"model\":\"m\"}\n\n"
	},
	"with event":     func(i int) string { return "event: message\nid: 7\n" + choiceEvent(`"delta":{"content":"x"}`) },
	"nothing to say": func(i int) string { return choiceEvent(`"delta":{}`) },
	"comments":       func(i int) string { return ": keep-alive\n\n" + choiceEvent(`"delta":{"content":"x"}`) },
}

var steadyResponses = map[string]func(i int) string{
	"text": func(i int) string {
		return responseEventOf("output_text.delta", i, `"item_id":"msg_1","output_index":1,"content_index":0,"delta":"word %03d ","logprobs":[],"obfuscation":"abc"`, i%1000)
	},
	"other ids": func(i int) string {
		return responseEventOf("output_text.delta", i, `"item_id":"msg_%d","output_index":1,"content_index":0,"delta":"word"`, i)
	},
	"reasoning": func(i int) string {
		return responseEventOf("reasoning_summary_text.delta", i, `"item_id":"rs_1","output_index":0,"summary_index":0,"delta":"why %03d "`, i%1000)
	},
	"escapes": func(i int) string {
		return responseEventOf("output_text.delta", i, `"output_index":1,"content_index":0,"delta":"\"%03d\"\n\u00e9\ud83d\ude00"`, i%1000)
	},
	"tool calls": func(i int) string {
		if i == 0 {
			return responseEventOf("output_item.added", i, `"output_index":2,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":""}`) +
				responseEventOf("function_call_arguments.delta", i, `"output_index":2,"delta":"[0"`)
		}
		return responseEventOf("function_call_arguments.delta", i, `"item_id":"fc_1","output_index":2,"delta":",%03d"`, 100+i%900)
	},
	"log probabilities": func(i int) string {
		return responseEventOf("output_text.delta", i, `"output_index":1,"content_index":0,"delta":"x","logprobs":[{"token":"x","logprob":-%d,"top_logprobs":[]}]`, i)
	},
	"huge": func(i int) string {
		return responseEventOf("in_progress", i, `"response":{"id":"resp_1","status":"in_progress","instructions":%q,"output":[],"usage":null}`, strings.Repeat("be brief\n", 1000))
	},
	"whole texts": func(i int) string {
		return responseEventOf("output_text.delta", i, `"output_index":1,"content_index":0,"delta":"x"`) +
			responseEventOf("output_text.done", i, `"output_index":1,"content_index":0,"text":"x"`)
	},
	"keep-alives": func(i int) string { return "event: keepalive\ndata: {\"type\":\"keepalive\"}\n\n" },
	"unknown":     func(i int) string { return responseEventOf("web_search_call.searching", i, `"output_index":1`) },
}

// responseEventOf returns event i of a response, with these members.
func responseEventOf(typ string, i int, members string, a ...any) string {
	return fmt.Sprintf("event: response.%[1]s\ndata: {\"type\":\"response.%[1]s\",\"sequence_number\":%[2]d,%[3]s}\n\n", typ, i, fmt.Sprintf(members, a...))
}

var steadyBedrock = map[string]func(i int) string{
	"converse text": func(i int) string {
		return testkit.Framed(fmt.Sprintf(`event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"word %03d "},"p":"abc"}`, i%1000))
	},
	"converse reasoning": func(i int) string {
		return testkit.Framed(fmt.Sprintf(`event contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"why %03d "}}}`, i%1000))
	},
	"converse tool calls": func(i int) string {
		if i == 0 {
			return testkit.Framed(`event contentBlockStart {"contentBlockIndex":1,"start":{"toolUse":{"name":"f","toolUseId":"t1"}}}`)
		}
		return testkit.Framed(fmt.Sprintf(`event contentBlockDelta {"contentBlockIndex":1,"delta":{"toolUse":{"input":",%03d"}}}`, 100+i%900))
	},
	"converse lines": func(i int) string {
		return fmt.Sprintf(`{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"word %03d "}}}`+"\n", i%1000)
	},
	"invoke nova": func(i int) string { // which numbers its pieces
		return testkit.Framed(fmt.Sprintf(`chunk {"contentBlockDelta":{"delta":{"text":"word "},"contentBlockIndex":%d}}`, i))
	},
	"invoke anthropic": func(i int) string {
		return testkit.Framed(fmt.Sprintf(`chunk {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"word %03d "}}`, i%1000))
	},
	"invoke llama": func(i int) string {
		return testkit.Framed(fmt.Sprintf(`chunk {"generation":"word ","prompt_token_count":null,"generation_token_count":%d,"stop_reason":null}`, i))
	},
	"invoke mistral": func(int) string { return testkit.Framed(`chunk {"outputs":[{"text":"\"word\" ","stop_reason":null}]}`) },
	"invoke padded": func(int) string {
		return testkit.Framed(`event chunk {"p":"abc","bytes":"eyJvdXRwdXRUZXh0Ijoib25lICJ9"}`)
	},
}

// choiceEvent returns an event with one choice that has these members.
func choiceEvent(members string) string {
	return `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767000000,"model":"m","choices":[{"index":0,` +
		members + `,"finish_reason":null}]}` + "\n\n"
}

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

// dashScopeEvent returns event i of DashScope's, with these members of its output.
func dashScopeEvent(i int, output string) string {
	return fmt.Sprintf("id:%d\nevent:result\n:HTTP_STATUS/200\ndata:{\"output\":{%s},\"usage\":{\"total_tokens\":%d,\"output_tokens\":%d,\"input_tokens\":21,\"prompt_tokens_details\":{\"cached_tokens\":0}},\"request_id\":\"r\"}\n\n", i+1, output, 31+i, 10+i)
}

// dashScopeMessage is dashScopeEvent for these members of a message.
func dashScopeMessage(i int, members string) string {
	return dashScopeEvent(i, `"choices":[{"message":{`+members+`,"role":"assistant"},"finish_reason":"null"}]`)
}

var steadyDashScope = map[string]func(i int) string{
	"text": func(i int) string { return dashScopeMessage(i, fmt.Sprintf(`"content":"word %03d "`, i%1000)) },
	"plain text": func(i int) string {
		return dashScopeEvent(i, fmt.Sprintf(`"finish_reason":"null","text":"word %03d "`, i%1000))
	},
	"reasoning": func(i int) string {
		return dashScopeMessage(i, fmt.Sprintf(`"content":"","reasoning_content":"why %03d "`, i%1000))
	},
	"tool calls": func(i int) string {
		call := `"content":"","tool_calls":[{"index":0,"id":"","type":"function","function":{"arguments":",%03d"}}]`
		if i == 0 {
			call = `"content":"","tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":"[1"}}]`
			return dashScopeMessage(i, call)
		}
		return dashScopeMessage(i, fmt.Sprintf(call, 100+i%900))
	},
	"text so far": func(i int) string { return dashScopeMessage(i, `"content":"the same text"`) },
	"text in a list": func(i int) string {
		return dashScopeMessage(i, fmt.Sprintf(`"content":[{"text":"word %03d "}]`, i%1000))
	},
}

var steadyTextGeneration = map[string]func(i int) string{
	"tokens": func(i int) string {
		return fmt.Sprintf("data:{\"index\":%d,\"token\":{\"id\":%d,\"text\":\" word\",\"logprob\":-0.%d,\"special\":false},\"generated_text\":null,\"details\":null}\n\n", i+1, 100+i, 1+i%97)
	},
	"content": func(i int) string {
		return fmt.Sprintf("data: {\"index\":0,\"content\":\" word %03d\",\"tokens\":[],\"stop\":false,\"id_slot\":0,\"tokens_predicted\":%d,\"tokens_evaluated\":16}\n\n", i%1000, i+1)
	},
	"escapes": func(i int) string {
		return fmt.Sprintf("data: {\"content\":\"\\\"%03d\\\"\\n\\u00e9\",\"stop\":false}\n\n", i%1000)
	},
}

// conversationEvent returns event i of a conversation of Mistral's, with these members.
func conversationEvent(i int, typ, members string) string {
	return fmt.Sprintf("event: %[1]s\ndata: {\"type\":\"%[1]s\",\"created_at\":\"2026-05-01T10:00:%02[2]dZ\",%[3]s}\n\n", typ, i%60, members)
}

var steadyConversations = map[string]func(i int) string{
	"text": func(i int) string {
		return conversationEvent(i, "message.output.delta", fmt.Sprintf(`"output_index":0,"id":"msg_1","content_index":0,"model":"m","agent_id":null,"role":"assistant","content":"word %03d "`, i%1000))
	},
	"chunks": func(i int) string {
		return conversationEvent(i, "message.output.delta", `"output_index":0,"id":"msg_1","model":"m","content":[{"type":"text","text":"word"},{"type":"thinking","thinking":[{"type":"text","text":"why"}]}]`)
	},
	"tool calls": func(i int) string {
		arguments := fmt.Sprintf(",%03d", 100+i%900)
		if i == 0 {
			arguments = "[1"
		}
		return conversationEvent(i, "function.call.delta", fmt.Sprintf(`"output_index":1,"id":"fc_1","name":"f","tool_call_id":"c","arguments":%q`, arguments))
	},
	"server tool": func(i int) string {
		return conversationEvent(i, "tool.execution.started", `"output_index":2,"id":"t","name":"f","arguments":""`) +
			conversationEvent(i, "tool.execution.delta", `"output_index":2,"id":"t","arguments":"{}"`) +
			conversationEvent(i, "tool.execution.done", `"output_index":2,"id":"t","info":{}`)
	},
}

var steadyAgents = map[string]func(i int) string{
	"text":  func(int) string { return framed(`event chunk {"bytes":"d29yZCA="}`) },
	"trace": func(i int) string { return framed(fmt.Sprintf(`event trace {"sessionId":"s","trace":{"n":%d}}`, i)) },
}
