package encode_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

const geminiTail = `,"modelVersion":"m","responseId":"x1"}`

func geminiPart(part string) string {
	return `{"candidates":[{"content":{"role":"model","parts":[` + part + `]},"index":0}]` + geminiTail
}

func geminiEnd(reason, usage string) string {
	return `{"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"` + reason + `","index":0}]` + usage + geminiTail
}

func gemini(t testing.TB, o *encode.Options, deltas ...llmstream.Delta) []string {
	t.Helper()
	events, _ := answer(t, llmstream.Gemini, o, deltas...)
	return events
}

// WM-1, WM-2, WM-3, WM-6: the plainest stream, whole: data lines, and nothing else.
func TestWM1To3Chunks(t *testing.T) {
	e, b := written(t, llmstream.Gemini, nil, begin("x1", "m"), role(0), content("Hi"), stop(), done())
	require.Equal(t, "data: "+geminiPart(`{"text":"Hi"}`)+"\n\ndata: "+geminiEnd("STOP", "")+"\n\n", b.String())
	require.False(t, e.Lost().Any())
}

// WM-4: reasoning is a thought; signatures of Google's stand after what they belong to.
func TestWM4Thoughts(t *testing.T) {
	events, lost := answer(t, llmstream.Gemini, nil, reasoning("hm"),
		detail(llmstream.ReasoningDetail{Index: -1, Type: []byte("thought"), Text: []byte("hm"), Signature: []byte("c2ln")}),
		content("a"),
		detail(llmstream.ReasoningDetail{Index: -1, Type: []byte("text"), Signature: []byte("c2ln")}),
		detail(llmstream.ReasoningDetail{Index: -1, Type: []byte("extra_content"), Data: []byte(`{"google":{"thought_signature":"c2lY"}}`)}),
		detail(llmstream.ReasoningDetail{Index: 0, Type: []byte("thinking"), Signature: []byte("a")}),
		detail(llmstream.ReasoningDetail{Index: -1, Type: []byte("text"), Signature: []byte("no base64")}),
		stop())
	require.Equal(t, []string{
		geminiPart(`{"text":"hm","thought":true}`),
		geminiPart(`{"text":"","thought":true,"thoughtSignature":"c2ln"}`),
		geminiPart(`{"text":"a"}`),
		geminiPart(`{"text":"","thoughtSignature":"c2ln"}`),
		geminiPart(`{"text":"","thoughtSignature":"c2lY"}`),
		geminiEnd("STOP", ""),
	}, events)
	require.Equal(t, encode.Lost{Signatures: 2}, lost)
}

// WM-5: a call is one part, written when it has ended, in the order of the calls.
func TestWM5Calls(t *testing.T) {
	e, b := written(t, llmstream.Gemini, nil, begin("x1", "m"), call(0, "c1", "f", `{"a":1}`))
	require.Empty(t, b.String())
	require.NoError(t, e.Close(complete))

	require.Equal(t, []string{
		geminiPart(`{"functionCall":{"id":"c1","name":"f","args":{"a":1}}}`),
		geminiPart(`{"functionCall":{"id":"call_x1_0_1","name":"g","args":{}},"thoughtSignature":"c2ln"}`),
		geminiPart(`{"functionCall":{"id":"c3","name":"h","args":{"input":"SQL"}}}`),
		geminiEnd("STOP", ""),
	}, gemini(t, nil, call(0, "c1", "f", `{"a"`), call(1, "", "g", ""), extra(1, `{"google":{"thought_signature":"c2ln"}}`), callEnd(1, true),
		call(0, "", "", `:1}`), callEnd(0, true), custom(2, "c3", "h", "SQL"), callEnd(2, true), finish(llmstream.FinishToolCalls, "tool_calls")))

	events, lost := answer(t, llmstream.Gemini, nil, call(0, "c1", "f", `[1]`), callEnd(0, true), stop())
	require.Equal(t, []string{geminiEnd("MALFORMED_FUNCTION_CALL", "")}, events)
	require.Equal(t, encode.Lost{ToolCalls: 1, Arguments: 1}, lost)

	require.Equal(t, []string{geminiEnd("MAX_TOKENS", "")}, gemini(t, nil, call(0, "c1", "f", `{"a`), finish(llmstream.FinishLength, "length")))
}

// WM-6: the finish reasons.
func TestWM6Reasons(t *testing.T) {
	for _, c := range []struct {
		reason       llmstream.FinishReason
		native, want string
	}{
		{llmstream.FinishStop, "stop", "STOP"}, {llmstream.FinishNone, "", "STOP"}, {llmstream.FinishLength, "length", "MAX_TOKENS"},
		{llmstream.FinishContentFilter, "content_filter", "SAFETY"}, {llmstream.FinishContentFilter, "RECITATION", "RECITATION"},
		{llmstream.FinishUnknown, "odd", "OTHER"}, {llmstream.FinishUnknown, "MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL"},
	} {
		require.Equal(t, geminiEnd(c.want, ""), gemini(t, nil, content("a"), finish(c.reason, c.native))[1])
	}
}

// WM-7: the counts, with thoughts apart, on the last chunk.
func TestWM7Usage(t *testing.T) {
	all := llmstream.UsageInput | llmstream.UsageOutput | llmstream.UsageCached | llmstream.UsageReasoning
	u := llmstream.Usage{Input: 10, Output: 5, Cached: 3, Reasoning: 4, Reported: all, CachedInInput: llmstream.TriNo, ReasoningInOutput: llmstream.TriYes}
	require.Equal(t, geminiEnd("STOP", `,"usageMetadata":{"promptTokenCount":13,"cachedContentTokenCount":3,"candidatesTokenCount":1,"thoughtsTokenCount":4,"totalTokenCount":18}`),
		gemini(t, nil, content("a"), stop(), usage(u))[1])
	u.ReasoningInOutput = llmstream.TriNo
	require.Contains(t, gemini(t, nil, content("a"), stop(), usage(u))[1], `"candidatesTokenCount":5,"thoughtsTokenCount":4,"totalTokenCount":22}`)
	u.CacheWrite, u.Reported = 2, all|llmstream.UsageCacheWrite
	_, lost := answer(t, llmstream.Gemini, nil, content("a"), stop(), usage(u))
	require.Equal(t, int64(1), lost.Usage)
}

// WM-8: an error is bare JSON, and the same as an event.
func TestWM8Error(t *testing.T) {
	for _, c := range []struct {
		err  llmstream.APIError
		want string
	}{
		{llmstream.APIError{Type: "overloaded_error"}, `{"code":503,"message":"no","status":"UNAVAILABLE"}`},
		{llmstream.APIError{Status: 429}, `{"code":429,"message":"no","status":"RESOURCE_EXHAUSTED"}`},
		{llmstream.APIError{Type: "odd"}, `{"code":500,"message":"no","status":"INTERNAL"}`},
	} {
		c.err.Message = "no"
		_, b := written(t, llmstream.Gemini, nil, begin("x1", "m"), content("a"), failed(&c.err), stop(), done())
		require.Equal(t, "data: "+geminiPart(`{"text":"a"}`)+"\n\n{\"error\":"+c.want+"}\n\ndata: {\"error\":"+c.want+"}\n\n", b.String())
	}
}

// WM-9: a prompt that was blocked has no candidates.
func TestWM9BlockedPrompt(t *testing.T) {
	blocked := finish(llmstream.FinishContentFilter, "SAFETY")
	blocked.Kind, blocked.Choice = llmstream.KindBlocked, -1
	require.Equal(t, []string{`{"promptFeedback":{"blockReason":"SAFETY"}` + geminiTail}, gemini(t, nil, blocked, done()))
	require.Equal(t, []string{chatRole, chatFinish("content_filter"), "[DONE]"}, chat(t, nil, blocked, done()))
	require.Equal(t, anthropicEnd("refusal", `{"output_tokens":0}`), anthropic(t, nil, blocked, done())[1])
	events, _ := answer(t, llmstream.OpenAIResponses, nil, blocked, done())
	require.Contains(t, events[2], `"incomplete_details":{"reason":"content_filter"}`)
}

// WM-10: by default there is no heartbeat, by option a chunk without text.
func TestWM10Ping(t *testing.T) {
	e, b := written(t, llmstream.Gemini, nil, begin("x1", "m"), content("a"))
	b.Reset()
	require.NoError(t, e.Ping())
	require.Empty(t, b.String())
	e, b = written(t, llmstream.Gemini, &encode.Options{DataPing: true}, begin("x1", "m"))
	require.NoError(t, e.Ping())
	require.Empty(t, b.String(), "nothing in front of the first output")
	d := content("a")
	require.NoError(t, e.HandleDelta(&d))
	b.Reset()
	require.NoError(t, e.Ping())
	require.Equal(t, "data: "+geminiPart(`{"text":""}`)+"\n\n", b.String())
}

// WM-11: candidates are numbered as they appear.
func TestWM11Candidates(t *testing.T) {
	events := gemini(t, nil, ofChoice(0, content("a")), ofChoice(1, content("b")), ofChoice(0, stop()), ofChoice(1, finish(llmstream.FinishLength, "x")))
	require.Contains(t, events[1], `"parts":[{"text":"b"}]},"index":1}`)
	require.Equal(t, `{"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"STOP","index":0},`+
		`{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"MAX_TOKENS","index":1}]`+geminiTail, events[2])
}

// WM-12: there is no target that writes an array.
func TestWM12NoOtherTarget(t *testing.T) {
	for d := llmstream.Auto; d.String() != "unknown"; d++ {
		_, err := encode.New(nil, d, nil)
		switch d {
		case llmstream.OpenAIChat, llmstream.AnthropicMessages, llmstream.OpenAIResponses, llmstream.Gemini:
			require.NoError(t, err)
		default:
			require.ErrorContains(t, err, d.String())
		}
	}
}

// Parts that Gemini itself wrote stay as they are; images of others become parts.
func TestGeminiParts(t *testing.T) {
	for source, want := range map[string]string{
		`{"executableCode":{"code":"1"}}`: `{"executableCode":{"code":"1"}}`,
	} {
		require.Equal(t, geminiPart(want), gemini(t, nil, value(llmstream.KindItem, source), stop())[0])
	}
	for source, want := range map[string]string{
		`{"inlineData":{"mimeType":"image/png","data":"QQ=="}}`:                          `{"inlineData":{"mimeType":"image/png","data":"QQ=="}}`,
		`{"type":"image_url","image_url":{"url":"data:image/gif;base64,QQ=="}}`:          `{"inlineData":{"mimeType":"image/gif","data":"QQ=="}}`,
		`{"id":"i","type":"image_generation_call","status":"completed","result":"QQ=="}`: `{"inlineData":{"mimeType":"image/png","data":"QQ=="}}`,
		`{"mimeType":"audio/L16;codec=pcm;rate=24000","data":"QQ=="}`:                    `{"inlineData":{"mimeType":"audio/L16;codec=pcm;rate=24000","data":"QQ=="}}`,
	} {
		require.Equal(t, geminiPart(want), gemini(t, nil, value(llmstream.KindMedia, source), stop())[0])
	}
	_, lost := answer(t, llmstream.Gemini, nil, value(llmstream.KindMedia, `{"data":"QQ=="}`), value(llmstream.KindItem, `{"type":"x"}`),
		value(llmstream.KindAnnotation, `{"groundingMetadata":{}}`), value(llmstream.KindLogprobs, `{}`), refusal("no"), stop())
	require.Equal(t, encode.Lost{Media: 1, Items: 1, Annotations: 1, Logprobs: 1, Refusals: 1}, lost)
}

// WM-6: a refusal ends with STOP, or by option with SAFETY.
func TestWM6Refusal(t *testing.T) {
	require.Equal(t, geminiEnd("STOP", ""), gemini(t, nil, refusal("no"), stop())[1])
	o := &encode.Options{RefusalAsSafety: true}
	require.Equal(t, geminiEnd("SAFETY", ""), gemini(t, o, refusal("no"), stop())[1])
	require.Equal(t, geminiEnd("STOP", ""), gemini(t, o, content("yes"), stop())[1])
	require.Equal(t, geminiEnd("MAX_TOKENS", ""), gemini(t, o, refusal("no"), finish(llmstream.FinishLength, "length"))[1])
}
