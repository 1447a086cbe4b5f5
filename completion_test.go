package llmstream

import (
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// C-23: however the pieces of a sound are cut and padded, the sound is the same.
func TestSoundsInPieces(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		sound := make([]byte, random.IntN(100))
		for i := range sound {
			sound[i] = byte(random.Uint32())
		}
		want := base64.StdEncoding.EncodeToString(sound)
		var padded []byte // each piece is
		for rest := sound; len(rest) > 0; {
			n := min(len(rest), 1+random.IntN(10))
			padded = base64.StdEncoding.AppendEncode(padded, rest[:n])
			rest = rest[n:]
		}
		require.Equal(t, want, joinBase64(padded))
		require.Equal(t, want, joinBase64([]byte(want)))
	}
	for _, as := range []string{"", "=", "====", "A=", "AQ==!", "AQ==Ag", "!!==AQ==", "AQ==-_-_", "AQ"} {
		require.Equal(t, as, joinBase64([]byte(as)), "what is none stays as it came")
	}
}

// C-21, C-26: in the older completions and in Gemini all elements at one place are of the
// same token, in chat they are not.
func TestLogprobsAreJoined(t *testing.T) {
	for list, want := range map[string]string{
		`{"tokens":["a"],"token_logprobs":[-1]},{"tokens":["b"]}`: `{"tokens":["a","b"],"token_logprobs":[-1,null],"top_logprobs":null,"text_offset":null}`,
		`{"tokens":["a"]},{"tokens":["b"],"token_logprobs":[-1]}`: `{"tokens":["a","b"],"token_logprobs":[null,-1],"top_logprobs":null,"text_offset":null}`,
		`{"content":[1]},{"refusal":[2]}`:                         `{"content":[1],"refusal":[2]}`,
		`{"refusal":[2]}`:                                         `{"content":[],"refusal":[2]}`,
		`{"content":[]}`:                                          "",
	} {
		got, ok := joinLogprobs([]byte(list), 0)
		require.True(t, ok)
		require.Equal(t, want, string(got), list)
	}
}

// A list of numbers counts as one value of an event, so a value may be larger than what is
// parsed again. It is taken as it is if it does not have to be joined with another.
func TestLargeJSONIsNotParsedAgain(t *testing.T) {
	large := `{"content":[` + strings.Repeat("1,", maxParsed) + `1]}`
	got, ok := joinLogprobs([]byte(large), defaultMaxBytes)
	require.True(t, ok)
	require.Equal(t, large, string(got))
	_, ok = joinLogprobs([]byte(`{"content":[1]},`+large), defaultMaxBytes)
	require.False(t, ok)

	var a Accumulator
	a.HandleDelta(&Delta{Kind: KindItem, Text: []byte(large)})
	a.HandleDelta(&Delta{Kind: KindMedia, Text: []byte(large)})
	m := a.Completion().Choices[0].Message
	require.Equal(t, large, string(m.Items[0]))
	require.Equal(t, large, string(m.Images[0]))
}

// Objects of ever other forms are not filled up with nulls beyond the limit.
func TestJoinedLogprobsAreBounded(t *testing.T) {
	tokens := `{"tokens":[` + strings.TrimSuffix(strings.Repeat("0,", minLogprobs), ",") + `]}`
	_, ok := joinLogprobs([]byte(tokens), 0)
	require.True(t, ok)
	_, ok = joinLogprobs([]byte(tokens+`,{"tokens":[0],"token_logprobs":[0],"top_logprobs":[0],"text_offset":[0]}`), 4*minLogprobs)
	require.False(t, ok)
}

// C-23: what belongs to a sound, and what is media of its own.
func TestMediaAreSorted(t *testing.T) {
	for _, own := range []string{`{"type":"audio"}`, `{"type":"audio","source":{},"data":"AQ=="}`, `{"source":{}}`, `{"type":"image","data":"AQ=="}`, `[1]`} {
		images, audio := joinMedia([]byte(own), func(int) {})
		require.Nil(t, audio, own)
		require.Len(t, images, 1, own)
	}
	images, audio := joinMedia([]byte(`{"id":"i","data":"AQ==","expires_at":9},{"type":"audio","data":"Ag=="},{"id":"","transcript":"x"}`), func(int) {})
	require.Empty(t, images)
	require.Equal(t, &Audio{ID: "i", Data: "AQI=", Transcript: "x", ExpiresAt: 9}, audio)
}

// Reasoning without an index has none in JSON either.
func TestDetailsWithoutAnIndexAsJSON(t *testing.T) {
	out, err := json.Marshal(Completion{Choices: []Choice{{Message: Message{ReasoningDetails: []ReasoningBlock{{Index: -1, Type: "t"}, {Index: 0, Type: "t"}}}}}})
	require.NoError(t, err)
	require.Contains(t, string(out), `"reasoning_details":[{"type":"t"},{"type":"t","index":0}]`)
}

// Each case is folded twice into the same accumulator, and must marshal to the
// chat.completion that is written beside it.
func TestCompletionAsJSON(t *testing.T) {
	var a Accumulator
	for _, c := range []struct {
		name   string
		events []string
		want   string
	}{
		{"nothing", nil, `{"id":"","object":"chat.completion","created":0,"model":"","choices":[]}`},
		{"text", []string{
			`{"id":"a","model":"m","created":7,"system_fingerprint":"s","service_tier":"t","choices":[{"index":0,"delta":{"role":"assistant","content":"x"}}]}`,
			says(`<y>\n`), stops, `{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":0,"cost":0.5}}`, "[DONE]",
		}, `{"id":"a","object":"chat.completion","created":7,"model":"m","system_fingerprint":"s","service_tier":"t",
			"choices":[{"index":0,"message":{"role":"assistant","content":"x<y>\n","refusal":null},"logprobs":null,"finish_reason":"stop","native_finish_reason":"stop"}],
			"usage":{"prompt_tokens":1,"completion_tokens":0,"total_tokens":1},"usage_reported":{"input":1,"output":0},
			"usage_raw":{"prompt_tokens":1,"completion_tokens":0,"cost":0.5}}`},
		{"usage in full", []string{`{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":5},"completion_tokens_details":{"reasoning_tokens":6}}}`},
			`{"id":"","object":"chat.completion","created":0,"model":"","choices":[],
			"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":5},"completion_tokens_details":{"reasoning_tokens":6}},
			"usage_raw":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":5},"completion_tokens_details":{"reasoning_tokens":6}}}`},
		{"tool calls", []string{
			calls(`{"index":0,"id":"c0","function":{"name":"f","arguments":"{\"a\""}}`, `{"index":1,"id":"c1","type":"custom","custom":{"name":"g","input":"free"}}`),
			calls(`{"index":0,"function":{"arguments":":1}"}}`, `{"index":2,"function":{"name":"h"},"extra_content":{"google":{"thought_signature":"s"}}}`),
			chunk(`"index":0,"finish_reason":"tool_calls"`),
		}, `{"id":"","object":"chat.completion","created":0,"model":"","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[
			{"id":"c0","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
			{"id":"c1","type":"custom","custom":{"name":"g","input":"free"}},
			{"id":"call__0_2","type":"function","function":{"name":"h","arguments":""},"extra_content":{"google":{"thought_signature":"s"}}}
			]},"logprobs":null,"finish_reason":"tool_calls","native_finish_reason":"tool_calls"}]}`},
		{"reasoning", []string{
			chunk(`"delta":{"reasoning":"a","reasoning_details":[{"type":"reasoning.text","text":"a","index":0}]}`),
			chunk(`"delta":{"reasoning":"b","reasoning_details":[{"type":"reasoning.text","text":"b","index":0}]}`),
			chunk(`"delta":{"reasoning_details":[{"type":"reasoning.text","signature":"s","format":"f","index":0},{"type":"reasoning.encrypted","data":"d","id":"i","index":1}]}`),
			chunk(`"delta":{"content":"c"}`),
		}, `{"id":"","object":"chat.completion","created":0,"model":"","choices":[{"index":0,"message":{"role":"assistant","content":"c","refusal":null,"reasoning_content":"ab","reasoning_details":[
			{"type":"reasoning.text","text":"ab","signature":"s","format":"f","index":0},{"type":"reasoning.encrypted","data":"d","id":"i","index":1}
			]},"logprobs":null,"finish_reason":null}]}`},
		{"refusal", []string{chunk(`"delta":{"refusal":"I "}`), chunk(`"delta":{"refusal":"won't"},"finish_reason":"odd"`)},
			`{"id":"","object":"chat.completion","created":0,"model":"","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":"I won't"},"logprobs":null,"finish_reason":"unknown","native_finish_reason":"odd"}]}`},
		{"logprobs", []string{
			chunk(`"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":-1.5}],"refusal":null}`),
			chunk(`"delta":{"content":"b"},"logprobs":null`),
			chunk(`"delta":{"content":"c"},"logprobs":{"content":[{"token":"c","logprob":NaN}]}`), // J-04
		}, `{"id":"","object":"chat.completion","created":0,"model":"","choices":[{"index":0,"message":{"role":"assistant","content":"abc","refusal":null},
			"logprobs":{"content":[{"token":"a","logprob":-1.5},{"token":"c","logprob":null}],"refusal":null},"finish_reason":null}]}`}, // C-21
		{"pictures, sounds, annotations, citations", []string{
			chunk(`"delta":{"images":[{"type":"image_url","image_url":{"url":"u"}}],"audio":{"id":"i","data":"AQ==","transcript":"x"}}`),
			chunk(`"delta":{"audio":{"data":"Ag==","transcript":"y","expires_at":9},"annotations":[1]}`),
			`{"choices":[{"index":0,"delta":{"annotations":[1,NaN]}}],"citations":["u","v"]}`,
		}, `{"id":"","object":"chat.completion","created":0,"model":"","citations":["u","v"],"choices":[{"index":0,"message":{"role":"assistant","content":"","refusal":null,
			"images":[{"type":"image_url","image_url":{"url":"u"}}],"audio":{"id":"i","data":"AQI=","transcript":"xy","expires_at":9},"annotations":[1,null]},"logprobs":null,"finish_reason":null}]}`}, // C-23
		{"choices by their index", []string{`{"choices":[{"index":2,"delta":{"content":"c"}},{"index":0,"delta":{"content":"a"}}]}`}, // C-15
			`{"id":"","object":"chat.completion","created":0,"model":"","choices":[
			{"index":0,"message":{"role":"assistant","content":"a","refusal":null},"logprobs":null,"finish_reason":null},
			{"index":2,"message":{"role":"assistant","content":"c","refusal":null},"logprobs":null,"finish_reason":null}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 {
				a.Reset()
				got, err := json.Marshal(fold(&a, testkit.SSE(c.events...)))
				require.NoError(t, err)
				require.JSONEq(t, c.want, string(got))
			}
		})
	}
}

// The parts of a message stand in the order in which the model made them, and have all of it.
func TestParts(t *testing.T) {
	text := func(kind Kind, text string) Part { return Part{Kind: kind, Text: text, Index: -1} }
	at := func(kind Kind, index int) Part { return Part{Kind: kind, Index: index} }
	call := func(name string) string {
		return calls(`{"index":` + strconv.Itoa(len(name)) + `,"id":"` + name + `","function":{"name":"` + name + `","arguments":"{}"}}`)
	}
	block := func(index int, block string) string {
		return `{"type":"content_block_start","index":` + strconv.Itoa(index) + `,"content_block":` + block + `}`
	}
	for _, c := range []struct {
		name    string
		dialect Dialect
		events  []string
		want    []Part
	}{
		{"nothing", OpenAIChat, []string{chunk(`"delta":{"role":"assistant"}`)}, nil},
		{"a text", OpenAIChat, []string{says("a"), says("b")}, []Part{text(KindContent, "ab")}},
		{"calls between texts", OpenAIChat, []string{chunk(`"delta":{"reasoning":"r"}`), says("a"), call("f"), call("gg"), says("b"), chunk(`"delta":{"refusal":"no"}`)},
			[]Part{text(KindReasoning, "r"), text(KindContent, "a"), at(KindToolCall, 0), at(KindToolCall, 1), text(KindContent, "b"), text(KindRefusal, "no")}},
		{"a call before the text", OpenAIChat, []string{call("f"), says("b")}, []Part{at(KindToolCall, 0), text(KindContent, "b")}},
		{"images and a sound", OpenAIChat, []string{says("a"), chunk(`"delta":{"images":[{"url":"u"}]}`), chunk(`"delta":{"audio":{"data":"AQ=="}}`), chunk(`"delta":{"audio":{"data":"Ag=="}}`), says("b"), chunk(`"delta":{"images":[{"url":"v"}]}`)},
			[]Part{text(KindContent, "a"), at(KindMedia, 0), at(KindMedia, -1), text(KindContent, "b"), at(KindMedia, 1)}},
		{"blocks", AnthropicMessages, []string{
			block(0, `{"type":"thinking","thinking":"r","signature":"s"}`), block(1, `{"type":"text","text":"a"}`), block(2, `{"type":"redacted_thinking","data":"d"}`),
			block(3, `{"type":"tool_use","id":"t","name":"f","input":{}}`), block(4, `{"type":"text","text":"b"}`), block(5, `{"type":"text","text":"c"}`),
		}, []Part{{KindReasoning, "r", 0}, text(KindContent, "a"), at(KindReasoning, 1), at(KindToolCall, 0), text(KindContent, "b"), text(KindContent, "c")}},
		{"a part that begins again", AnthropicMessages, []string{
			`{"type":"message_start","message":{"id":"1"}}`, block(0, `{"type":"text","text":"old"}`), block(1, `{"type":"tool_use","id":"t","name":"f","input":{}}`), `{"type":"message_stop"}`,
			`{"type":"message_start","message":{"id":"2"}}`, block(0, `{"type":"text","text":"new"}`),
		}, []Part{text(KindContent, "new")}},
	} {
		var a Accumulator
		for range 2 {
			a.Reset()
			p := NewParser(c.dialect, &a, nil)
			p.Write([]byte(testkit.SSE(c.events...)))
			p.Close()
			require.Equal(t, c.want, a.Completion().Choices[0].Message.Parts, c.name)
		}
	}
}

// The stop sequence is text that the provider names, and not the number of a token or a
// finish reason (C-11).
func TestStopSequence(t *testing.T) {
	for member, want := range map[string]string{
		`"stop_reason":"END"`: "END", `"matched_stop":"\n"`: "\n", `"stop_reason":128009`: "", `"stop_reason":null`: "", `"stop_reason":"end_turn"`: "", `"x":1`: "",
	} {
		var a Accumulator
		c := fold(&a, testkit.SSE(says("a"), chunk(`"index":0,"delta":{},"finish_reason":"stop",`+member), "[DONE]"))
		require.Equal(t, want, c.Choices[0].StopSequence, member)
		require.Equal(t, FinishStop, c.Choices[0].FinishReason, member)
	}
}

// The token that continues an answer is among its items.
func TestContinuation(t *testing.T) {
	for dialect, event := range map[Dialect]string{
		Gemini:             `{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"CONTINUATION","continuationToken":"t"}]}`,
		GeminiInteractions: `{"event_type":"interaction.complete","interaction":{"id":"i","status":"incomplete","continuation_token":"t"}}`,
	} {
		var a Accumulator
		p := NewParser(dialect, &a, nil)
		p.Write([]byte(testkit.SSE(event)))
		p.Close()
		c := a.Completion()
		require.Equal(t, "t", c.Continuation, dialect)
		data, err := json.Marshal(c)
		require.NoError(t, err)
		var back Completion
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, "t", back.Continuation, dialect)
	}
}

// Parts that do not fit the message are made anew.
func TestUnmarshalParts(t *testing.T) {
	for parts, want := range map[string][]Part{
		`[{"type":"tool_call","index":0},{"type":"content","text":"a","index":-1}]`: {{KindToolCall, "", 0}, {KindContent, "a", -1}},
		`[{"type":"tool_call","index":1}]`:                                          {{KindContent, "a", -1}, {KindToolCall, "", 0}},
		`[{"type":"usage","index":0}]`:                                              {{KindContent, "a", -1}, {KindToolCall, "", 0}},
		`{}`:                                                                        {{KindContent, "a", -1}, {KindToolCall, "", 0}},
	} {
		var m Message
		require.NoError(t, json.Unmarshal([]byte(`{"content":"a","tool_calls":[{"id":"c","function":{"name":"f"}}],"parts":`+parts+`}`), &m))
		require.Equal(t, want, m.Parts, parts)
	}
}

// Bodies as servers write them, with what their answers mean.
func TestUnmarshalCompletion(t *testing.T) {
	body := func(choice string) string {
		return `{"id":"c","object":"chat.completion","created":7,"model":"m","choices":[` + choice + `]}`
	}
	for _, c := range []struct {
		name, body string
		want       Choice
	}{
		{"OpenAI", body(`{"index":0,"message":{"role":"assistant","content":"Hi","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}`),
			Choice{Message: Message{Role: "assistant", Content: "Hi", Annotations: json.RawMessage("[]")}, FinishReason: FinishStop, NativeFinishReason: "stop"}},
		{"DeepSeek", body(`{"index":0,"message":{"role":"assistant","content":"Hi","reasoning_content":"?"},"finish_reason":"stop"}`),
			Choice{Message: Message{Role: "assistant", Content: "Hi", Reasoning: "?"}, FinishReason: FinishStop, NativeFinishReason: "stop"}},
		{"vLLM", body(`{"index":1,"message":{"role":"assistant","content":"Hi","reasoning":"?"},"finish_reason":"length","stop_reason":null}`),
			Choice{Index: 1, Message: Message{Role: "assistant", Content: "Hi", Reasoning: "?"}, FinishReason: FinishLength, NativeFinishReason: "length"}},
		{"parts", body(`{"index":0,"message":{"role":"assistant","content":[{"type":"thinking","thinking":"?"},{"type":"text","text":"H"},{"type":"text","text":"i"}]},"finish_reason":"eos_token"}`),
			Choice{Message: Message{Role: "assistant", Content: "Hi", Reasoning: "?"}, FinishReason: FinishStop, NativeFinishReason: "eos_token"}},
		{"arguments as an object", body(`{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":{"a":1}}}]},"finish_reason":"tool_calls"}`),
			Choice{Message: Message{Role: "assistant", ToolCalls: []ToolCall{{ID: "t", Type: "function", Name: "f", Arguments: `{"a":1}`, Ended: true, ArgumentsValid: true}}},
				FinishReason: FinishToolCalls, NativeFinishReason: "tool_calls"}},
		{"a call that breaks off", body(`{"index":0,"message":{"role":"assistant","content":"","tool_calls":[{"id":"t","function":{"name":"f","arguments":"{\"a"}}]},"finish_reason":"length"}`),
			Choice{Message: Message{Role: "assistant", ToolCalls: []ToolCall{{ID: "t", Type: "function", Name: "f", Arguments: `{"a`}}},
				FinishReason: FinishLength, NativeFinishReason: "length"}},
		{"a call without an id", body(`{"index":0,"message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":""}}]},"finish_reason":"tool_calls"}`),
			Choice{Message: Message{Role: "assistant", ToolCalls: []ToolCall{{ID: "call_c_0_0", SyntheticID: true, Type: "function", Name: "f", Ended: true, ArgumentsValid: true}}},
				FinishReason: FinishToolCalls, NativeFinishReason: "tool_calls"}},
		{"function_call", body(`{"index":0,"message":{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},"finish_reason":"function_call"}`),
			Choice{Message: Message{Role: "assistant", ToolCalls: []ToolCall{{ID: "call_c_0_0", SyntheticID: true, Type: "function", Name: "f", Arguments: "{}", Ended: true, ArgumentsValid: true}}},
				FinishReason: FinishFunctionCall, NativeFinishReason: "function_call"}},
	} {
		var got Completion
		require.NoError(t, json.Unmarshal([]byte(c.body), &got), c.name)
		c.want.Message.Parts = c.want.Message.wholeParts()
		require.Equal(t, Completion{ID: "c", Model: "m", Created: 7, Choices: []Choice{c.want}}, got, c.name)
	}
	var usage Completion
	require.NoError(t, json.Unmarshal([]byte(`{"object":"chat.completion","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":4}}}`), &usage))
	uncached, ok := usage.Usage.InputUncached()
	require.Equal(t, []any{int64(5), true}, []any{uncached, ok})
}

func TestUnmarshalNoCompletion(t *testing.T) {
	var api *APIError
	require.ErrorAs(t, json.Unmarshal([]byte(`{"error":{"message":"no","type":"server_error"}}`), new(Completion)), &api)
	require.Equal(t, "no", api.Message)
	for _, body := range []string{`{}`, `{"object":"list","data":[]}`, `[]`, `1`, `"x"`} {
		require.Error(t, json.Unmarshal([]byte(body), new(Completion)), body)
	}
	deep := `{"choices":[{"message":{"x":` + strings.Repeat("[", 400) + strings.Repeat("]", 400) + `}}]}`
	require.Error(t, json.Unmarshal([]byte(deep), new(Completion)))
	c := Completion{ID: "kept"}
	require.NoError(t, json.Unmarshal([]byte("null"), &c))
	require.Equal(t, "kept", c.ID)
	for _, body := range []string{`1`, `[]`, `"x"`} {
		require.Error(t, json.Unmarshal([]byte(body), new(Choice)), body)
		require.Error(t, json.Unmarshal([]byte(body), new(Message)), body)
		require.Error(t, json.Unmarshal([]byte(body), new(ToolCall)), body)
	}
}

// Of two equal members the last one counts, in both readings.
func TestUnmarshalEqualMembers(t *testing.T) {
	var c Completion
	require.NoError(t, json.Unmarshal([]byte(`{"choices":[{"message":{"content":"a"}}],"choices":[{"message":{"role":"tool","content":"b","content":["c"]}}]}`), &c))
	require.Len(t, c.Choices, 1)
	require.Equal(t, "tool", c.Choices[0].Message.Role)
	require.Equal(t, "c", c.Choices[0].Message.Content)
}

// Reading takes time that is linear in the JSON, whatever that holds.
func TestUnmarshalBounds(t *testing.T) {
	for limit, body := range map[string]string{
		"MaxChoices":   `{"choices":[` + strings.Repeat("null,", maxRead) + `{"index":-1}]}`,
		"MaxToolCalls": `{"choices":[{"message":{"tool_calls":[` + strings.Repeat(`{"function":{"name":"f"}},`, maxRead) + `{"function":{"name":"f"}}]}}]}`,
	} {
		var exceeded *LimitError
		require.ErrorAs(t, json.Unmarshal([]byte(body), new(Completion)), &exceeded, limit)
		require.Equal(t, limit, exceeded.Limit)
	}
}

// Input tokens include the cached ones, as in OpenAI's API, and the provider's own numbers
// come back.
func TestUsageAsJSON(t *testing.T) {
	const input, cached, written = UsageInput | UsageOutput, UsageCached, UsageCacheWrite
	anthropic := Usage{Input: 9, Output: 2, Cached: 40, CacheWrite: 5, Reported: input | cached | written, CachedInInput: TriNo}
	for want, u := range map[string]Usage{
		`"usage":{"prompt_tokens":54,"completion_tokens":2,"total_tokens":56,"prompt_tokens_details":{"cached_tokens":40,"cache_write_tokens":5}},` +
			`"usage_reported":{"input":9,"output":2,"cached":40,"cache_write":5,"cached_in_input":"no"}`: anthropic,
		`"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":4}}}`: {
			Input: 9, Output: 2, Total: 11, Cached: 4, Reported: input | cached | UsageTotal, CachedInInput: TriYes},
		`"usage":{"completion_tokens":2},"usage_raw":{"n":2}}`: {Output: 2, Reported: UsageOutput, Raw: json.RawMessage(`{"n":2}`)},
	} {
		data, err := json.Marshal(Completion{Usage: u})
		require.NoError(t, err)
		require.Contains(t, string(data), want)
		var back Completion
		require.NoError(t, json.Unmarshal(data, &back))
		if u.Raw == nil { // then it is the usage object
			back.Usage.Raw = nil
		}
		require.Equal(t, u, back.Usage)
	}
}

// A snapshot at any moment belongs to the caller: what follows it, and a
// Reset, does not change it.
func TestCompletionIsIndependent(t *testing.T) {
	var a Accumulator
	p := NewParser(OpenAIChat, &a, nil)
	event := func(text string) string {
		return `{"id":"i","choices":[{"index":0,"delta":{"content":"` + text + `","reasoning":"` + text + `","reasoning_details":[{"index":0,"data":"` + text + `"}],"annotations":["` + text + `"],"images":[{"url":"` + text +
			`"}],"audio":{"data":"` + text + `"},"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"` + text + `"}}]},"logprobs":{"content":["` + text + `"]}}],"citations":["` + text + `"],"usage":{"total_tokens":3,"x":"` + text + `"}}`
	}
	require.Equal(t, &Completion{}, a.Completion())
	p.Write([]byte(testkit.SSE(event("aaaa"))))
	first := a.Completion()
	before, err := json.Marshal(first)
	require.NoError(t, err)
	usage, raw := a.Usage(), string(a.Usage().Raw)

	p.Write([]byte(testkit.SSE(event("bbbb"))))
	second := a.Completion()
	require.Equal(t, "aaaabbbb", second.Choices[0].Message.Content)
	require.Equal(t, "aaaabbbb", second.Choices[0].Message.ToolCalls[0].Arguments)
	a.Reset()
	p.Reset()
	p.Write([]byte(testkit.SSE(event("cccc"))))

	after, err := json.Marshal(first)
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
	require.Equal(t, raw, string(usage.Raw))
	for _, raw := range [][]byte{first.Usage.Raw, first.Citations, first.Choices[0].Logprobs, first.Choices[0].Message.Annotations, first.Choices[0].Message.Images[0]} {
		require.Contains(t, string(raw), "aaaa")
		copy(raw, "XXXXXXXXXX")
	}
	require.NotContains(t, string(second.Usage.Raw), "X")
	got, err := json.Marshal(a.Completion())
	require.NoError(t, err)
	require.NotContains(t, string(got), "X")
}
