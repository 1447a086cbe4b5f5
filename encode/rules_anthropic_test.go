package encode_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

func anthropicStart(usage string) string {
	return `{"type":"message_start","message":{"id":"msg_x1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":` + usage + `}}`
}

const noUsage = `{"input_tokens":0,"output_tokens":0}`

func block(index int, content string) string {
	return `{"type":"content_block_start","index":` + strconv.Itoa(index) + `,"content_block":` + content + `}`
}

func blockDelta(index int, delta string) string {
	return `{"type":"content_block_delta","index":` + strconv.Itoa(index) + `,"delta":` + delta + `}`
}

func blockStop(index int) string {
	return `{"type":"content_block_stop","index":` + strconv.Itoa(index) + `}`
}

func anthropicEnd(reason, usage string) string {
	return `{"type":"message_delta","delta":{"stop_reason":"` + reason + `","stop_sequence":null},"usage":` + usage + `}`
}

const (
	textBlock     = `{"type":"text","text":""}`
	thinkingBlock = `{"type":"thinking","thinking":"","signature":""}`
	messageStop   = `{"type":"message_stop"}`
)

func textDelta(text string) string { return `{"type":"text_delta","text":"` + text + `"}` }

func anthropic(t testing.TB, o *encode.Options, deltas ...llmstream.Delta) []string {
	t.Helper()
	events, _ := answer(t, llmstream.AnthropicMessages, o, deltas...)
	return events
}

// blocksOf is what an answer has between its start and its end.
func blocksOf(t testing.TB, o *encode.Options, deltas ...llmstream.Delta) []string {
	t.Helper()
	events := anthropic(t, o, append(deltas, stop())...)
	return events[1 : len(events)-2]
}

// WA-1, WA-2, WA-3, WA-5, WA-8, WA-15, WA-16, WA-20: the plainest stream, whole.
func TestWA1To3Events(t *testing.T) {
	_, b := written(t, llmstream.AnthropicMessages, nil, begin("x1", "m"), role(0), content("Hi"), stop(), done())
	require.Equal(t, []string{
		"message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop",
	}, typesOf(b.String()))
	require.Equal(t, []string{
		anthropicStart(noUsage), block(0, textBlock), blockDelta(0, textDelta("Hi")), blockStop(0),
		anthropicEnd("end_turn", `{"output_tokens":0}`), messageStop,
	}, dataOf(b.String()))
}

// WA-2: message_start stands first, whatever the source begins with.
func TestWA2StartIsFirst(t *testing.T) {
	for _, d := range []llmstream.Delta{content("a"), reasoning("a"), refusal("a"), call(0, "c", "f", ""), stop()} {
		_, b := written(t, llmstream.AnthropicMessages, nil, d)
		require.True(t, strings.HasPrefix(b.String(), "event: message_start\n") || b.Len() == 0)
	}
}

// WA-4: the input tokens of message_start are the source's, or else an estimate.
func TestWA4InputTokens(t *testing.T) {
	o := &encode.Options{InputTokens: 50}
	require.Equal(t, anthropicStart(`{"input_tokens":50,"output_tokens":0}`), anthropic(t, o, content("a"), stop())[0])
	require.Equal(t, anthropicStart(`{"input_tokens":9,"output_tokens":1}`), anthropic(t, o, role(0), usage(llmstream.Usage{Input: 9, Output: 1}), content("a"), stop())[0])
}

// WA-5, WA-6: a part of another kind ends the block before, and gets the next index.
func TestWA5And6Blocks(t *testing.T) {
	require.Equal(t, []string{
		block(0, thinkingBlock), blockDelta(0, `{"type":"thinking_delta","thinking":"hm"}`), blockStop(0),
		block(1, textBlock), blockDelta(1, textDelta("a")), blockDelta(1, textDelta("b")), blockStop(1),
		block(2, textBlock), blockDelta(2, textDelta("c")), blockStop(2),
	}, blocksOf(t, nil, reasoning("hm"), content("a"), content("b"), part(1, content("c"))))
}

const callBlock = `{"type":"tool_use","id":"c1","name":"f","input":{}}`

func inputDelta(json string) string {
	return `{"type":"input_json_delta","partial_json":` + strconv.Quote(json) + `}`
}

// WA-7, WA-10: calls whose pieces come in turn are written one after the other, and so is
// text that comes inside a call.
func TestWA7CallsInTurn(t *testing.T) {
	require.Equal(t, []string{
		block(0, callBlock), blockDelta(0, inputDelta(`{"a"`)), blockDelta(0, inputDelta(`:1}`)), blockStop(0),
		block(1, `{"type":"tool_use","id":"c2","name":"g","input":{}}`), blockDelta(1, inputDelta(`{"b":2}`)), blockStop(1),
		block(2, textBlock), blockDelta(2, textDelta("xy")), blockStop(2),
	}, blocksOf(t, nil, call(0, "c1", "f", ""), call(0, "", "", `{"a"`), call(1, "c2", "g", `{"b"`), content("x"), call(0, "", "", `:1}`),
		call(1, "", "", `:2}`), content("y"), callEnd(0, true), callEnd(1, true)))
}

// WA-8: thinking that is redacted stands in its start, whole.
func TestWA8Redacted(t *testing.T) {
	require.Equal(t, []string{block(0, `{"type":"redacted_thinking","data":"d"}`), blockStop(0)},
		blocksOf(t, nil, detail(llmstream.ReasoningDetail{Type: []byte("redacted_thinking"), Data: []byte("d")})))
}

// WA-9, WA-12, WG-16: a call without arguments has an input of {} and no deltas.
func TestWA9NoArguments(t *testing.T) {
	require.Equal(t, []string{block(0, callBlock), blockStop(0)}, blocksOf(t, nil, call(0, "c1", "f", ""), callEnd(0, true)))
}

// WA-10: the text of a custom tool becomes a member of an object.
func TestWA10CustomTool(t *testing.T) {
	require.Equal(t, []string{block(0, callBlock), blockDelta(0, inputDelta(`{"input":"SELECT 1"}`)), blockStop(0)},
		blocksOf(t, nil, custom(0, "c1", "f", "SELECT "), call(0, "", "", "1"), callEnd(0, true)))
}

// WA-11: held arguments are written when they have ended and are valid; others are an
// error, or text in an object.
func TestWA11HoldArguments(t *testing.T) {
	e, b := written(t, llmstream.AnthropicMessages, &encode.Options{HoldArguments: true}, begin("x1", "m"), call(0, "c1", "f", `{"a"`))
	require.NotContains(t, b.String(), "partial_json")
	for _, d := range []llmstream.Delta{call(0, "", "", `:1}`), callEnd(0, true), stop(), done()} {
		require.NoError(t, e.HandleDelta(&d))
	}
	require.Equal(t, []string{block(0, callBlock), blockDelta(0, inputDelta(`{"a":1}`)), blockStop(0)}, dataOf(b.String())[1:4])

	_, b = written(t, llmstream.AnthropicMessages, &encode.Options{HoldArguments: true}, begin("x1", "m"), call(0, "c1", "f", `{"a"`), callEnd(0, false), stop(), done())
	require.Contains(t, b.String(), "event: error\n")
	require.NotContains(t, b.String(), "message_stop")

	events, lost := answer(t, llmstream.AnthropicMessages, &encode.Options{HoldArguments: true, RawArguments: true}, call(0, "c1", "f", `{"a"`), callEnd(0, false), stop())
	require.Equal(t, blockDelta(0, inputDelta(`{"__raw":"{\"a\""}`)), events[2])
	require.Equal(t, int64(1), lost.Arguments)
}

// Arguments that were not held and turn out to be no JSON are counted.
func TestInvalidArgumentsAreCounted(t *testing.T) {
	for _, to := range targets {
		_, lost := answer(t, to, nil, call(0, "c1", "f", `{"a"`), callEnd(0, false), stop())
		require.Equal(t, int64(1), lost.Arguments, to)
	}
}

// WA-13: the signature is written once, whole, last in its block.
func TestWA13Signature(t *testing.T) {
	signed := func(signature string) llmstream.Delta {
		return detail(llmstream.ReasoningDetail{Index: 0, Type: []byte("thinking"), Signature: []byte(signature)})
	}
	thinking := reasoning("hm")
	thinking.Detail = &llmstream.ReasoningDetail{Index: 0, Type: []byte("thinking"), Text: []byte("hm")}
	want := []string{
		block(0, thinkingBlock), blockDelta(0, `{"type":"thinking_delta","thinking":"hm"}`),
		blockDelta(0, `{"type":"signature_delta","signature":"s"}`), blockStop(0),
		block(1, textBlock), blockDelta(1, textDelta("a")), blockStop(1),
	}
	require.Equal(t, want, blocksOf(t, nil, thinking, signed("s"), part(1, content("a"))))

	events, lost := answer(t, llmstream.AnthropicMessages, nil, thinking, content("a"), signed("s"), stop())
	require.Equal(t, int64(1), lost.Signatures, "it comes too late")
	require.NotContains(t, strings.Join(events, ""), "signature_delta")

	// One without text is a block of its own.
	require.Equal(t, []string{block(0, thinkingBlock), blockDelta(0, `{"type":"signature_delta","signature":"s"}`), blockStop(0)}, blocksOf(t, nil, signed("s")))
}

// WA-14: thinking without a signature, or by option none at all.
func TestWA14DropReasoning(t *testing.T) {
	require.Contains(t, blocksOf(t, nil, reasoning("hm")), block(0, thinkingBlock))
	events, lost := answer(t, llmstream.AnthropicMessages, &encode.Options{DropReasoning: true}, reasoning("hm"), content("a"), stop())
	require.NotContains(t, strings.Join(events, ""), "thinking")
	require.Equal(t, int64(1), lost.Reasoning)
}

// Signatures and encrypted reasoning of others are of no use to Anthropic.
func TestAnthropicTakesItsOwnReasoning(t *testing.T) {
	_, lost := answer(t, llmstream.AnthropicMessages, nil, reasoning("hm"),
		detail(llmstream.ReasoningDetail{Index: -1, Type: []byte("text"), Signature: []byte("g")}),
		detail(llmstream.ReasoningDetail{Index: 0, Format: []byte("openai-responses-v1"), Data: []byte("d")}), stop())
	require.Equal(t, encode.Lost{Signatures: 1, Encrypted: 1}, lost)
}

// WA-15: all blocks are stopped in front of message_delta, those too whose end the source
// did not say.
func TestWA15BlocksAreStopped(t *testing.T) {
	events := anthropic(t, nil, call(0, "c1", "f", `{"a":1}`), finish(llmstream.FinishToolCalls, "tool_calls"))
	require.Equal(t, []string{blockStop(0), anthropicEnd("tool_use", `{"output_tokens":0}`), messageStop}, events[3:])
}

// WA-17, WA-18, WG-11: the counts may come after the finish reason. Cached tokens are no
// part of the input.
func TestWA17And18Usage(t *testing.T) {
	all := llmstream.UsageInput | llmstream.UsageOutput | llmstream.UsageCached | llmstream.UsageCacheWrite | llmstream.UsageReasoning
	u := llmstream.Usage{Input: 10, Output: 5, Cached: 3, CacheWrite: 2, Reasoning: 4, Reported: all, CachedInInput: llmstream.TriYes}
	for _, c := range []struct {
		cachedInInput, reasoningInOutput llmstream.Tri
		want                             string
	}{
		{llmstream.TriYes, llmstream.TriYes, `{"input_tokens":5,"cache_creation_input_tokens":2,"cache_read_input_tokens":3,"output_tokens":5,"output_tokens_details":{"thinking_tokens":4}}`},
		{llmstream.TriNo, llmstream.TriNo, `{"input_tokens":10,"cache_creation_input_tokens":2,"cache_read_input_tokens":3,"output_tokens":9,"output_tokens_details":{"thinking_tokens":4}}`},
		{llmstream.TriUnknown, llmstream.TriUnknown, `{"input_tokens":10,"cache_creation_input_tokens":2,"cache_read_input_tokens":3,"output_tokens":5,"output_tokens_details":{"thinking_tokens":4}}`},
	} {
		u.CachedInInput, u.ReasoningInOutput = c.cachedInInput, c.reasoningInOutput
		events := anthropic(t, nil, content("a"), stop(), usage(u), done())
		require.Equal(t, anthropicEnd("end_turn", c.want), events[len(events)-2])
	}
}

// WA-19: the stop reasons.
func TestWA19StopReasons(t *testing.T) {
	for _, c := range []struct {
		reason       llmstream.FinishReason
		native, want string
		lost         int64
	}{
		{llmstream.FinishStop, "stop", "end_turn", 0},
		{llmstream.FinishLength, "length", "max_tokens", 0},
		{llmstream.FinishLength, "model_context_window_exceeded", "model_context_window_exceeded", 0},
		{llmstream.FinishContentFilter, "content_filter", "refusal", 0},
		{llmstream.FinishUnknown, "pause_turn", "pause_turn", 0},
		{llmstream.FinishUnknown, "odd", "end_turn", 1},
		{llmstream.FinishStop, "STOP_SEQUENCE", "stop_sequence", 0},
	} {
		events, lost := answer(t, llmstream.AnthropicMessages, nil, content("a"), finish(c.reason, c.native))
		require.Equal(t, anthropicEnd(c.want, `{"output_tokens":0}`), events[len(events)-2])
		require.Equal(t, c.lost, lost.FinishReasons)
	}
	sequence := finish(llmstream.FinishStop, "stop_sequence")
	sequence.StopSequence = []byte("\nEND")
	events := anthropic(t, nil, content("a"), sequence)
	require.Contains(t, events[len(events)-2], `{"stop_reason":"stop_sequence","stop_sequence":"\nEND"}`)
}

// WA-21: the error's type is one of Anthropic's.
func TestWA21Errors(t *testing.T) {
	for _, c := range []struct {
		err  llmstream.APIError
		want string
	}{
		{llmstream.APIError{Type: "overloaded_error"}, "overloaded_error"},
		{llmstream.APIError{Code: "rate_limit_exceeded"}, "rate_limit_error"},
		{llmstream.APIError{Status: 401}, "authentication_error"},
		{llmstream.APIError{Status: 418}, "invalid_request_error"},
		{llmstream.APIError{Type: "UNAVAILABLE", Status: 503}, "overloaded_error"},
		{llmstream.APIError{Type: "odd"}, "api_error"},
	} {
		c.err.Message = "no"
		_, b := written(t, llmstream.AnthropicMessages, nil, begin("x1", "m"), content("a"), failed(&c.err), stop(), done())
		require.True(t, strings.HasSuffix(b.String(), "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\""+c.want+"\",\"message\":\"no\"}}\n\n"), b.String())
		require.NoError(t, valid(llmstream.AnthropicMessages, b.String()))
	}
}

// WA-22: a ping is an event after message_start, and a comment before it.
func TestWA22Ping(t *testing.T) {
	e, b := written(t, llmstream.AnthropicMessages, nil)
	require.NoError(t, e.Ping())
	require.Equal(t, ": ping\n", b.String())
	d := content("a")
	require.NoError(t, e.HandleDelta(&d))
	b.Reset()
	require.NoError(t, e.Ping())
	require.Equal(t, "event: ping\ndata: {\"type\":\"ping\"}\n\n", b.String())
}

// WA-23: citations of Anthropic's own types, in the block of their text.
func TestWA23Citations(t *testing.T) {
	for _, own := range []string{
		`{"type":"char_location","cited_text":"c","document_index":0,"document_title":null,"start_char_index":0,"end_char_index":1}`,
		`{"type":"page_location","cited_text":"c","document_index":0,"document_title":"t","start_page_number":1,"end_page_number":2}`,
		`{"type":"content_block_location","cited_text":"c","document_index":0,"document_title":"t","start_block_index":0,"end_block_index":1}`,
		`{"type":"web_search_result_location","cited_text":"c","url":"u","title":null,"encrypted_index":"e"}`,
		`{"type":"search_result_location","cited_text":"c","source":"s","title":"t","search_result_index":0,"start_block_index":0,"end_block_index":1}`,
	} {
		require.Equal(t, []string{
			block(0, textBlock), blockDelta(0, `{"type":"citations_delta","citation":`+own+`}`), blockDelta(0, textDelta("a")), blockStop(0),
		}, blocksOf(t, nil, value(llmstream.KindAnnotation, own), content("a")))
		for _, member := range regexp.MustCompile(`"[a-z_]+_(index|number|text)":("c"|\d|"e"),?`).FindAllString(own, -1) {
			_, lost := answer(t, llmstream.AnthropicMessages, nil, value(llmstream.KindAnnotation, strings.Replace(strings.Replace(own, member, "", 1), ",}", "}", 1)), content("a"), stop())
			require.Equal(t, int64(1), lost.Annotations, "without %s in %s", member, own)
		}
	}
	for _, other := range []string{
		`[{"type":"url_citation"}]`, `{"type":"url_citation"}`, `{"type":"char_location","cited_text":"c"}`,
		`{"type":"web_search_result_location","cited_text":"c","url":"u","title":"t"}`, `{"type":"web_search_result_location","cited_text":"c","url":"u","encrypted_index":"e"}`,
	} {
		_, lost := answer(t, llmstream.AnthropicMessages, nil, value(llmstream.KindAnnotation, other), content("a"), stop())
		require.Equal(t, int64(1), lost.Annotations, other)
	}
}

// WA-24: blocks of Anthropic's own tools stay as they are; other items have no place.
func TestWA24Items(t *testing.T) {
	const own = `{"type":"server_tool_use","id":"s1","name":"web_search","input":{"q":1}}`
	require.Equal(t, []string{
		block(0, textBlock), blockDelta(0, textDelta("a")), blockStop(0), block(1, own), blockStop(1),
	}, blocksOf(t, nil, content("a"), value(llmstream.KindItem, own)))
	_, lost := answer(t, llmstream.AnthropicMessages, nil, value(llmstream.KindItem, `{"type":"web_search_call","id":"ws"}`), content("a"), stop())
	require.Equal(t, int64(1), lost.Items)
}

// A refusal's text becomes text of the answer, and the stop reason says why.
func TestAnthropicRefusal(t *testing.T) {
	events, lost := answer(t, llmstream.AnthropicMessages, nil, refusal("no"), stop())
	require.Equal(t, blockDelta(0, textDelta("no")), events[2])
	require.Equal(t, anthropicEnd("refusal", `{"output_tokens":0}`), events[4])
	require.Equal(t, int64(1), lost.Refusals)
}
