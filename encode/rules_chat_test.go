package encode_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// Each test below names the rule that it is for; see docs/transcoding.md.

const chatHead = `{"id":"x1","object":"chat.completion.chunk","created":7,"model":"m","choices":[`

// chatChunk is a chunk of choice 0.
func chatChunk(delta string) string {
	return chatHead + `{"index":0,"delta":{` + delta + `},"finish_reason":null}]}`
}

func chatFinish(reason string) string {
	return chatHead + `{"index":0,"delta":{},"finish_reason":"` + reason + `"}]}`
}

var chatRole = chatChunk(`"role":"assistant","content":""`)

func chat(t testing.TB, o *encode.Options, deltas ...llmstream.Delta) []string {
	t.Helper()
	events, _ := answer(t, llmstream.OpenAIChat, o, deltas...)
	return events
}

// WC-1, WC-2, WC-3, WC-4, WC-5, WC-6, WC-19: the plainest stream, whole.
func TestWC1To6Chunks(t *testing.T) {
	e, b := written(t, llmstream.OpenAIChat, nil, begin("x1", "m"), role(0), content("Hi"), content("!"), stop(), done())
	require.Equal(t, strings.Join([]string{chatRole, chatChunk(`"content":"Hi"`), chatChunk(`"content":"!"`), chatFinish("stop"), "[DONE]"}, "\n\ndata: "),
		strings.TrimSuffix(strings.TrimPrefix(b.String(), "data: "), "\n\n"))
	require.False(t, e.Lost().Any())
}

// WC-3: one role for each choice, though the source has none, or several.
func TestWC3Role(t *testing.T) {
	require.Equal(t, []string{chatRole, chatChunk(`"content":"Hi"`), chatFinish("stop"), "[DONE]"}, chat(t, nil, content("Hi"), stop()))
	require.Equal(t, []string{chatRole, chatChunk(`"content":"Hi"`), chatFinish("stop"), "[DONE]"}, chat(t, nil, role(0), role(0), content("Hi"), stop()))
}

// WC-4: choices are numbered from 0 without gaps, whatever their numbers were.
func TestWC4ChoiceIndexes(t *testing.T) {
	events, lost := answer(t, llmstream.OpenAIChat, nil, ofChoice(5, content("a")), ofChoice(0, content("b")), ofChoice(5, stop()), ofChoice(0, stop()))
	require.Equal(t, int64(2), lost.Renumbered)
	require.Contains(t, events[1], `"index":0,"delta":{"content":"a"}`)
	require.Contains(t, events[3], `"index":1,"delta":{"content":"b"}`)
}

// WC-4: a choice that has no output yet begins in front of a later one that has.
func TestWC4HeldChoices(t *testing.T) {
	events := chat(t, &encode.Options{HoldStart: true}, role(0), role(1), ofChoice(1, content("b")), ofChoice(0, stop()), ofChoice(1, stop()))
	require.Equal(t, chatRole, events[0])
	require.Contains(t, events[1], `"index":1,"delta":{"role":"assistant","content":""}`)
	require.Contains(t, events[2], `"index":1,"delta":{"content":"b"}`)
}

// WC-6: the finish is held, since text may follow it, and stands in the last chunk.
func TestWC6FinishIsLast(t *testing.T) {
	require.Equal(t, []string{chatRole, chatChunk(`"content":"a"`), chatChunk(`"content":"b"`), chatFinish("length"), "[DONE]"},
		chat(t, nil, content("a"), finish(llmstream.FinishLength, "length"), content("b")))
}

// WC-6: the reasons, in OpenAI's words.
func TestWC6Reasons(t *testing.T) {
	for reason, want := range map[llmstream.FinishReason]string{
		llmstream.FinishStop: "stop", llmstream.FinishLength: "length", llmstream.FinishContentFilter: "content_filter", llmstream.FinishNone: "stop",
	} {
		require.Contains(t, chat(t, nil, content("a"), finish(reason, "w"))[2], `"finish_reason":"`+want+`"`)
	}
	events, lost := answer(t, llmstream.OpenAIChat, nil, content("a"), finish(llmstream.FinishUnknown, "odd"))
	require.Contains(t, events[2], `"finish_reason":"stop","native_finish_reason":"odd"`)
	require.Equal(t, int64(1), lost.FinishReasons)
}

// WC-7, WC-8, WG-10: token counts come once, last, and only if they were asked for.
func TestWC7Usage(t *testing.T) {
	deltas := []llmstream.Delta{usage(llmstream.Usage{Input: 1, Output: 1}), content("a"), usage(llmstream.Usage{Input: 3, Output: 2}), stop()}
	require.NotContains(t, strings.Join(chat(t, nil, deltas...), ""), "usage")
	events := chat(t, &encode.Options{IncludeUsage: true}, deltas...)
	require.Equal(t, []string{
		chatFinish("stop"), chatHead + `],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}`, "[DONE]",
	}, events[len(events)-3:])
	require.Equal(t, 1, strings.Count(strings.Join(events, ""), "usage"))
}

// WC-8: a number that is not known is left out.
func TestWC8UnknownCounts(t *testing.T) {
	events := chat(t, &encode.Options{IncludeUsage: true}, content("a"), stop(), usage(llmstream.Usage{Output: 2, Reported: llmstream.UsageOutput}))
	require.Contains(t, events, chatHead+`],"usage":{"completion_tokens":2}}`)
}

func chatCall(rest string) string { return chatChunk(`"tool_calls":[{"index":` + rest + `}]`) }

// WC-9, WC-10, WC-11, WG-14: calls are numbered by themselves; ID, type and name stand in
// the first fragment alone.
func TestWC9To11Calls(t *testing.T) {
	require.Equal(t, []string{
		chatRole,
		chatChunk(`"content":"a"`),
		chatCall(`0,"id":"c1","type":"function","function":{"name":"f","arguments":""}`),
		chatCall(`0,"function":{"arguments":"{\"a\""}`),
		chatCall(`1,"id":"c2","type":"function","function":{"name":"g","arguments":""}`),
		chatCall(`0,"function":{"arguments":":1}"}`),
		chatCall(`1,"function":{"arguments":"{}"}`),
		chatFinish("tool_calls"), "[DONE]",
	}, chat(t, nil, content("a"), part(3, call(0, "c1", "f", "")), part(3, call(0, "", "", `{"a"`)), part(5, call(1, "c2", "g", "")),
		part(3, call(0, "", "", ":1}")), part(5, call(1, "", "", "{}")), callEnd(0, true), callEnd(1, true), finish(llmstream.FinishToolCalls, "tool_calls")))
}

// WC-12: the input of a custom tool.
func TestWC12CustomTool(t *testing.T) {
	require.Equal(t, []string{
		chatRole,
		chatCall(`0,"id":"c1","type":"custom","custom":{"name":"sql","input":""}`),
		chatCall(`0,"custom":{"input":"SELECT"}`),
		chatFinish("tool_calls"), "[DONE]",
	}, chat(t, nil, custom(0, "c1", "sql", "SELECT"), callEnd(0, true), stop()))
}

// WC-13: reasoning, and by option under its other name too.
func TestWC13Reasoning(t *testing.T) {
	require.Contains(t, chat(t, nil, reasoning("hm"), stop()), chatChunk(`"reasoning_content":"hm"`))
	require.Contains(t, chat(t, &encode.Options{ReasoningAlias: true}, reasoning("hm"), stop()), chatChunk(`"reasoning_content":"hm","reasoning":"hm"`))
}

// WC-14: structured reasoning, as OpenRouter writes it.
func TestWC14ReasoningDetails(t *testing.T) {
	thinking := reasoning("hm")
	thinking.Detail = &llmstream.ReasoningDetail{Index: 0, Type: []byte("thinking"), Text: []byte("hm")}
	events := chat(t, nil, thinking,
		detail(llmstream.ReasoningDetail{Index: 0, Type: []byte("thinking"), Signature: []byte("s")}),
		detail(llmstream.ReasoningDetail{Index: 1, Type: []byte("redacted_thinking"), Data: []byte("d")}),
		detail(llmstream.ReasoningDetail{Index: 2, Type: []byte("reasoning"), ID: []byte("rs_1"), Format: []byte("openai-responses-v1"), Summary: []byte("s"), Data: []byte("d")}),
		detail(llmstream.ReasoningDetail{Index: -1, Type: []byte("text"), Signature: []byte("g")}),
		detail(llmstream.ReasoningDetail{Index: -1, Type: []byte("reasoning_opaque"), Data: []byte("o")}),
		detail(llmstream.ReasoningDetail{Index: -1, Type: []byte("extra_content"), Data: []byte(`{"google":{}}`)}),
		stop())
	require.Equal(t, []string{
		chatRole,
		chatChunk(`"reasoning_content":"hm","reasoning_details":[{"type":"reasoning.text","index":0,"format":"anthropic-claude-v1","text":"hm"}]`),
		chatChunk(`"reasoning_details":[{"type":"reasoning.text","index":0,"format":"anthropic-claude-v1","signature":"s"}]`),
		chatChunk(`"reasoning_details":[{"type":"reasoning.encrypted","index":1,"format":"anthropic-claude-v1","data":"d"}]`),
		chatChunk(`"reasoning_details":[{"type":"reasoning.summary","index":2,"id":"rs_1","format":"openai-responses-v1","summary":"s"},{"type":"reasoning.encrypted","index":2,"id":"rs_1","format":"openai-responses-v1","data":"d"}]`),
		chatChunk(`"reasoning_details":[{"type":"reasoning.text","format":"google-gemini-v1","signature":"g"}]`),
		chatChunk(`"reasoning_opaque":"o"`),
		chatChunk(`"extra_content":{"google":{}}`),
		chatFinish("stop"), "[DONE]",
	}, events)
}

// WC-14: by option as LiteLLM writes it, which is read as what the source said.
func TestWC14ThinkingBlocks(t *testing.T) {
	o := &encode.Options{ThinkingBlocks: true}
	thinking := reasoning("hm")
	thinking.Detail = &llmstream.ReasoningDetail{Index: 0, Type: []byte("thinking"), Text: []byte("hm")}
	events := chat(t, o, reasoning("a"), thinking,
		detail(llmstream.ReasoningDetail{Index: 0, Type: []byte("thinking"), Signature: []byte("s")}),
		detail(llmstream.ReasoningDetail{Index: 1, Type: []byte("redacted_thinking"), Data: []byte("d")}),
		detail(llmstream.ReasoningDetail{Index: 2, Type: []byte("reasoning"), Data: []byte("o")}),
		stop())
	require.Equal(t, []string{
		chatRole,
		chatChunk(`"reasoning_content":"a","thinking_blocks":[{"type":"thinking","thinking":"a","signature":""}]`),
		chatChunk(`"reasoning_content":"hm","thinking_blocks":[{"type":"thinking","thinking":"hm","signature":""}]`),
		chatChunk(`"thinking_blocks":[{"type":"thinking","thinking":"","signature":"s"}]`),
		chatChunk(`"thinking_blocks":[{"type":"redacted_thinking","data":"d"}]`),
		chatChunk(`"reasoning_details":[{"type":"reasoning.encrypted","index":2,"format":"openai-responses-v1","data":"o"}]`),
		chatFinish("stop"), "[DONE]",
	}, events)

	o.Now = options().Now
	for _, r := range recordings(t) {
		if r.dialect != llmstream.AnthropicMessages {
			continue
		}
		written, lost := transcode(t, r.dialect, llmstream.OpenAIChat, r.body, o)
		if lost.Restarts > 0 {
			continue
		}
		want, _ := read(r.dialect, r.body)
		got, _ := read(llmstream.OpenAIChat, []byte(written))
		for i := range got.Choices {
			require.Equal(t, want.Choices[i].Message.Reasoning, got.Choices[i].Message.Reasoning, r.name)
			require.Equal(t, signaturesOf(&want.Choices[i].Message), signaturesOf(&got.Choices[i].Message), r.name)
		}
	}
}

func signaturesOf(m *llmstream.Message) (all []string) {
	for _, d := range m.ReasoningDetails {
		all = append(all, d.Signature+d.Data)
	}
	return all
}

// WC-15: what goes back with a call stands in its first fragment, or in one of its own if
// it comes late.
func TestWC15CallExtra(t *testing.T) {
	const signature = `{"google":{"thought_signature":"s"}}`
	events := chat(t, nil, call(0, "", "f", ""), extra(0, signature), call(0, "", "", "{}"), callEnd(0, true), stop())
	require.Equal(t, chatCall(`0,"id":"call_x1_0_0","type":"function","function":{"name":"f","arguments":""},"extra_content":`+signature), events[1])
	events = chat(t, nil, call(0, "c", "f", "{}"), extra(0, signature), callEnd(0, true), stop())
	require.Equal(t, chatCall(`0,"extra_content":`+signature+`,"function":{"arguments":""}`), events[3])
}

// WC-16: a refusal, with the finish reason of the source.
func TestWC16Refusal(t *testing.T) {
	require.Equal(t, []string{chatRole, chatChunk(`"refusal":"no"`), chatFinish("stop"), "[DONE]"}, chat(t, nil, refusal("no"), stop()))
}

// WC-17: log probabilities with all members that clients require, and no others.
func TestWC17Logprobs(t *testing.T) {
	const good = `{"content":[{"token":"a","logprob":-0.5,"bytes":null,"top_logprobs":[]}],"refusal":null}`
	require.Contains(t, chat(t, nil, content("a"), value(llmstream.KindLogprobs, good), stop()), chatHead+`{"index":0,"delta":{},"logprobs":`+good+`,"finish_reason":null}]}`)
	for _, bad := range []string{
		`{"content":[{"token":"a","logprob":null,"top_logprobs":[]}]}`,
		`{"content":[{"token":"a","logprob":NaN,"top_logprobs":[]}]}`,
		`{"content":[{"logprob":-1,"top_logprobs":[]}]}`,
		`{"content":[{"token":"a","logprob":-1}]}`,
		`{"tokens":["a"],"token_logprobs":[-1]}`,
	} {
		events, lost := answer(t, llmstream.OpenAIChat, nil, content("a"), value(llmstream.KindLogprobs, bad), stop())
		require.Len(t, events, 4, bad)
		require.Equal(t, int64(1), lost.Logprobs, bad)
	}
}

// WC-18: a citation has all four of its members or is left out.
func TestWC18Annotations(t *testing.T) {
	const flat = `{"type":"url_citation","start_index":0,"end_index":1,"url":"u","title":"t"}`
	want := chatChunk(`"annotations":[{"type":"url_citation","url_citation":{"start_index":0,"end_index":1,"url":"u","title":"t"}}]`)
	require.Contains(t, chat(t, nil, value(llmstream.KindAnnotation, flat), stop()), want)
	nested := `{"type":"url_citation","url_citation":{"end_index":1,"start_index":0,"title":"t","url":"u"}}`
	events := chat(t, nil, value(llmstream.KindAnnotation, nested), value(llmstream.KindAnnotation, nested), stop())
	require.Equal(t, []string{chatRole, want, want, chatFinish("stop"), "[DONE]"}, events)
	_, lost := answer(t, llmstream.OpenAIChat, nil, value(llmstream.KindAnnotation, `{"type":"url_citation","url":"u"}`), stop())
	require.Equal(t, int64(1), lost.Annotations)
}

// WC-20: an error, and nothing after it.
func TestWC20Error(t *testing.T) {
	e, b := written(t, llmstream.OpenAIChat, nil, begin("x1", "m"), content("a"),
		failed(&llmstream.APIError{Message: "busy", Type: "overloaded_error"}), stop(), done())
	require.NoError(t, e.Close(complete))
	require.Equal(t, []string{chatRole, chatChunk(`"content":"a"`), `{"error":{"message":"busy","type":"overloaded_error","param":null,"code":null}}`}, dataOf(b.String()))
}

// WC-21: what is not known is not there.
func TestWC21UnknownMembers(t *testing.T) {
	require.NotRegexp(t, "fingerprint|tier", strings.Join(chat(t, nil, content("a"), stop()), ""))
}

// WC-22: parts of a message are joined as they come.
func TestWC22Parts(t *testing.T) {
	require.Equal(t, []string{chatRole, chatChunk(`"content":"a"`), chatChunk(`"content":"b"`), chatFinish("stop"), "[DONE]"},
		chat(t, nil, part(0, content("a")), part(1, content("b")), stop()))
}

// Images and sounds, in the forms of each provider.
func TestChatMedia(t *testing.T) {
	for source, want := range map[string]string{
		`{"inlineData":{"mimeType":"image/png","data":"QUI="}}`:                                                    `"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUI="}}]`,
		`{"fileData":{"mimeType":"image/png","fileUri":"https://e.example/a"}}`:                                    `"images":[{"type":"image_url","image_url":{"url":"https://e.example/a"}}]`,
		`{"type":"image_url","image_url":{"url":"data:image/gif;base64,QUI="}}`:                                    `"images":[{"type":"image_url","image_url":{"url":"data:image/gif;base64,QUI="}}]`,
		`{"id":"ig_1","type":"image_generation_call","status":"completed","output_format":"webp","result":"QQ=="}`: `"images":[{"type":"image_url","image_url":{"url":"data:image/webp;base64,QQ=="}}]`,
		`{"mimeType":"audio/L16","data":"QUI="}`:                                                                   `"audio":{"data":"QUI="}`,
		`{"id":"a1","transcript":"Hi"}`:                                                                            `"audio":{"id":"a1","transcript":"Hi"}`,
	} {
		require.Equal(t, []string{chatRole, chatChunk(want), chatFinish("stop"), "[DONE]"}, chat(t, nil, value(llmstream.KindMedia, source), stop()), source)
	}
	_, lost := answer(t, llmstream.OpenAIChat, nil, value(llmstream.KindMedia, `{"type":"odd"}`), value(llmstream.KindItem, `{"type":"x_call"}`), stop())
	require.Equal(t, encode.Lost{Media: 1, Items: 1}, lost)
}
