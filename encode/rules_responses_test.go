package encode_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// responses is what an answer is written as, without the parts of events that are the same
// in each: see short.
func responses(t testing.TB, o *encode.Options, deltas ...llmstream.Delta) []string {
	t.Helper()
	events, _ := answer(t, llmstream.OpenAIResponses, o, deltas...)
	return short(events)
}

const responseHead = `"id":"resp_x1","object":"response","created_at":7,"status":`

// short leaves out the sequence numbers, which valid checks, "response." in front of the
// types, and the members of the response that say nothing.
func short(events []string) []string {
	out := make([]string, len(events))
	for i, e := range events {
		typ, rest, _ := strings.Cut(strings.TrimPrefix(e, `{"type":"response.`), `","sequence_number":`)
		rest = strings.TrimLeft(rest, "0123456789")
		rest = strings.ReplaceAll(rest, `,"parallel_tool_calls":true,"tool_choice":"auto","tools":[]`, "")
		rest = strings.ReplaceAll(rest, responseHead, "")
		out[i] = typ + strings.TrimSuffix(rest, "}")
	}
	return out
}

const (
	responseCreated  = `created,"response":{"in_progress","model":"m","output":[]}`
	responseProgress = `in_progress,"response":{"in_progress","model":"m","output":[]}`
)

func responseEnd(status, output string) string {
	details := ""
	if status == "incomplete" {
		details = `,"incomplete_details":{"reason":"max_output_tokens"}`
	}
	return status + `,"response":{"` + status + `"` + details + `,"model":"m","output":[` + output + `]}`
}

func messageItem(text, status string) string {
	return `{"id":"msg_x1_0","type":"message","status":"` + status + `","role":"assistant","content":[{"type":"output_text","text":"` + text + `","annotations":[],"logprobs":[]}]}`
}

// WR-1 … WR-5, WR-9, WR-10, WR-11, WR-14, WR-21: the plainest stream, whole.
func TestWR1To11Message(t *testing.T) {
	_, b := written(t, llmstream.OpenAIResponses, nil, begin("x1", "m"), role(0), content("Hi"), content("!"), stop(), done())
	require.NoError(t, valid(llmstream.OpenAIResponses, b.String()))
	for i, e := range dataOf(b.String()) {
		require.True(t, strings.HasPrefix(e, `{"type":"`+typesOf(b.String())[i]+`","sequence_number":`+strconv.Itoa(i)+","), e)
	}
	const at = `,"item_id":"msg_x1_0","output_index":0,"content_index":0`
	require.Equal(t, []string{
		responseCreated, responseProgress,
		`output_item.added,"output_index":0,"item":{"id":"msg_x1_0","type":"message","status":"in_progress","role":"assistant","content":[]}`,
		`content_part.added` + at + `,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}`,
		`output_text.delta` + at + `,"delta":"Hi","logprobs":[]`,
		`output_text.delta` + at + `,"delta":"!","logprobs":[]`,
		`output_text.done` + at + `,"text":"Hi!","logprobs":[]`,
		`content_part.done` + at + `,"part":{"type":"output_text","text":"Hi!","annotations":[],"logprobs":[]}`,
		`output_item.done,"output_index":0,"item":` + messageItem("Hi!", "completed"),
		responseEnd("completed", messageItem("Hi!", "completed")),
	}, short(dataOf(b.String())))
}

// WR-5: a refusal is a part of its own.
func TestWR5Refusal(t *testing.T) {
	const at = `,"item_id":"msg_x1_0","output_index":0,"content_index":0`
	events := responses(t, nil, refusal("no"), stop())
	require.Equal(t, []string{
		`content_part.added` + at + `,"part":{"type":"refusal","refusal":""}`,
		`refusal.delta` + at + `,"delta":"no"`,
		`refusal.done` + at + `,"refusal":"no"`,
		`content_part.done` + at + `,"part":{"type":"refusal","refusal":"no"}`,
	}, events[3:7])
}

func callItem(status, arguments string) string {
	return `{"id":"fc_x1_0","type":"function_call","status":"` + status + `","call_id":"c1","name":"f","arguments":"` + arguments + `"}`
}

// WR-6, WR-7, WR-8: a call has an ID of its own and that of the source.
func TestWR6To8Call(t *testing.T) {
	const at = `,"item_id":"fc_x1_0","output_index":0`
	require.Equal(t, []string{
		responseCreated, responseProgress,
		`output_item.added,"output_index":0,"item":` + callItem("in_progress", ""),
		`function_call_arguments.delta` + at + `,"delta":"{\"a\""`,
		`function_call_arguments.delta` + at + `,"delta":":1}"`,
		`function_call_arguments.done` + at + `,"arguments":"{\"a\":1}"`,
		`output_item.done,"output_index":0,"item":` + callItem("completed", `{\"a\":1}`),
		responseEnd("completed", callItem("completed", `{\"a\":1}`)),
	}, responses(t, nil, call(0, "c1", "f", ""), call(0, "", "", `{"a"`), call(0, "", "", `:1}`), callEnd(0, true), stop()))
}

// WG-16: a call without arguments has "{}".
func TestWR8NoArguments(t *testing.T) {
	require.Contains(t, responses(t, nil, call(0, "c1", "f", ""), callEnd(0, true), stop()), `output_item.done,"output_index":0,"item":`+callItem("completed", `{}`))
}

// The input of a custom tool is text.
func TestResponsesCustomTool(t *testing.T) {
	events := responses(t, nil, custom(0, "c1", "sql", "SELECT"), callEnd(0, true), stop())
	require.Equal(t, []string{
		`output_item.added,"output_index":0,"item":{"id":"ctc_x1_0","type":"custom_tool_call","status":"in_progress","call_id":"c1","name":"sql","input":""}`,
		`custom_tool_call_input.delta,"item_id":"ctc_x1_0","output_index":0,"delta":"SELECT"`,
		`custom_tool_call_input.done,"item_id":"ctc_x1_0","output_index":0,"input":"SELECT"`,
		`output_item.done,"output_index":0,"item":{"id":"ctc_x1_0","type":"custom_tool_call","status":"completed","call_id":"c1","name":"sql","input":"SELECT"}`,
	}, events[2:6])
}

// WR-10: the counts have every number, or are not there.
func TestWR10Usage(t *testing.T) {
	events := responses(t, nil, content("a"), stop(), usage(llmstream.Usage{Input: 3, Output: 2}))
	require.Contains(t, events[len(events)-1],
		`"usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":5}`)
	require.NotContains(t, strings.Join(responses(t, nil, content("a"), stop()), ""), "usage")
	_, lost := answer(t, llmstream.OpenAIResponses, nil, content("a"), stop(), usage(llmstream.Usage{CacheWrite: 1, Reported: llmstream.UsageCacheWrite}))
	require.Equal(t, int64(1), lost.Usage)
}

// WR-12: an answer that hit a limit is incomplete, and so is the item that was open. By
// option the end is one that Codex knows.
func TestWR12Incomplete(t *testing.T) {
	deltas := []llmstream.Delta{content("a"), finish(llmstream.FinishLength, "length")}
	events := responses(t, nil, deltas...)
	require.Equal(t, responseEnd("incomplete", messageItem("a", "incomplete")), events[len(events)-1])
	events = responses(t, &encode.Options{IncompleteAsCompleted: true}, deltas...)
	require.Equal(t, "completed"+strings.TrimPrefix(responseEnd("incomplete", messageItem("a", "incomplete")), "incomplete"), events[len(events)-1])
	events = responses(t, nil, content("a"), finish(llmstream.FinishContentFilter, "content_filter"))
	require.Contains(t, events[len(events)-1], `"incomplete_details":{"reason":"content_filter"}`)

	events = responses(t, nil, call(0, "c1", "f", `{"a`), finish(llmstream.FinishLength, "length"))
	require.Contains(t, events, `output_item.done,"output_index":0,"item":`+callItem("incomplete", `{\"a`))
}

// WR-13: a failure is response.failed, with the codes that Codex acts on.
func TestWR13Failed(t *testing.T) {
	for _, c := range []struct {
		err  llmstream.APIError
		want string
	}{
		{llmstream.APIError{Type: "invalid_request_error", Code: "context_length_exceeded"}, "context_length_exceeded"},
		{llmstream.APIError{Status: 429}, "rate_limit_exceeded"},
		{llmstream.APIError{Code: "odd", Type: "other"}, "odd"},
		{llmstream.APIError{Type: "other"}, "other"},
		{llmstream.APIError{}, "server_error"},
	} {
		c.err.Message = "no"
		_, b := written(t, llmstream.OpenAIResponses, nil, begin("x1", "m"), content("a"), failed(&c.err), stop(), done())
		require.NoError(t, valid(llmstream.OpenAIResponses, b.String()))
		events := dataOf(b.String())
		require.Contains(t, events[len(events)-1], `"status":"failed","error":{"code":"`+c.want+`","message":"no"}`)
	}
	// One that comes first stands after response.created.
	_, b := written(t, llmstream.OpenAIResponses, nil, failed(&llmstream.APIError{}))
	require.Equal(t, []string{"response.created", "response.in_progress", "response.failed"}, typesOf(b.String()))
}

// WR-14: "[DONE]" by option alone.
func TestWR14DoneMarker(t *testing.T) {
	_, b := written(t, llmstream.OpenAIResponses, nil, content("a"), stop(), done())
	require.NotContains(t, b.String(), "[DONE]")
	_, b = written(t, llmstream.OpenAIResponses, &encode.Options{DoneMarker: true}, content("a"), stop(), done())
	require.True(t, strings.HasSuffix(b.String(), "\n\ndata: [DONE]\n\n"))
}

// WR-16: reasoning is its text, or a summary if the source gives one.
func TestWR16Reasoning(t *testing.T) {
	events := responses(t, nil, reasoning("hm"), content("a"), stop())
	const at = `,"item_id":"rs_x1_0","output_index":0,"content_index":0`
	require.Equal(t, []string{
		`output_item.added,"output_index":0,"item":{"id":"rs_x1_0","type":"reasoning","summary":[]}`,
		`content_part.added` + at + `,"part":{"type":"reasoning_text","text":""}`,
		`reasoning_text.delta` + at + `,"delta":"hm"`,
		`reasoning_text.done` + at + `,"text":"hm"`,
		`content_part.done` + at + `,"part":{"type":"reasoning_text","text":"hm"}`,
		`output_item.done,"output_index":0,"item":{"id":"rs_x1_0","type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]}`,
	}, events[2:8])

	summary := reasoning("hm")
	summary.Detail = &llmstream.ReasoningDetail{Index: -1, Summary: []byte("hm")}
	ofEvent := reasoning("hm")
	ofEvent.Event = []byte("response.reasoning_summary_text.delta")
	for _, d := range []llmstream.Delta{summary, ofEvent} {
		events = responses(t, nil, d, content("a"), stop())
		const at = `,"item_id":"rs_x1_0","output_index":0,"summary_index":0`
		require.Equal(t, []string{
			`reasoning_summary_part.added` + at + `,"part":{"type":"summary_text","text":""}`,
			`reasoning_summary_text.delta` + at + `,"delta":"hm"`,
			`reasoning_summary_text.done` + at + `,"text":"hm"`,
			`reasoning_summary_part.done` + at + `,"part":{"type":"summary_text","text":"hm"}`,
			`output_item.done,"output_index":0,"item":{"id":"rs_x1_0","type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]}`,
		}, events[3:8])
	}
}

// WR-17: what OpenAI encrypted goes into the item; what others did has no place.
func TestWR17EncryptedContent(t *testing.T) {
	encrypted := detail(llmstream.ReasoningDetail{Index: 0, Type: []byte("reasoning"), Format: []byte("openai-responses-v1"), Data: []byte("d")})
	events := responses(t, nil, reasoning("hm"), encrypted, part(1, content("a")), stop())
	const item = `{"id":"rs_x1_0","type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"hm"}],"encrypted_content":"d"}`
	require.Contains(t, events, `output_item.done,"output_index":0,"item":`+item)
	require.Contains(t, events[len(events)-1], item)
	require.Contains(t, responses(t, nil, encrypted, stop()), `output_item.done,"output_index":0,"item":{"id":"rs_x1_0","type":"reasoning","summary":[],"encrypted_content":"d"}`)
	_, lost := answer(t, llmstream.OpenAIResponses, nil, reasoning("hm"),
		detail(llmstream.ReasoningDetail{Type: []byte("thinking"), Signature: []byte("s")}), detail(llmstream.ReasoningDetail{Type: []byte("redacted_thinking"), Data: []byte("d")}), stop())
	require.Equal(t, encode.Lost{Signatures: 1, Encrypted: 1}, lost)
}

// WR-18, WR-22: items are written one after the other; text after a call is a new one.
func TestWR18ItemsInTurn(t *testing.T) {
	_, b := written(t, llmstream.OpenAIResponses, nil, begin("x1", "m"), content("a"), call(0, "c1", "f", `{`), call(1, "c2", "g", `{`), content("b"),
		call(0, "", "", `}`), call(1, "", "", `}`), callEnd(0, true), callEnd(1, true), stop(), done())
	require.NoError(t, valid(llmstream.OpenAIResponses, b.String()))
	var items []string
	for _, e := range dataOf(b.String()) {
		if _, item, ok := strings.Cut(e, `"item":{"id":"`); ok {
			id, _, _ := strings.Cut(item, `"`)
			items = append(items, id)
		}
	}
	require.Equal(t, []string{"msg_x1_0", "msg_x1_0", "fc_x1_1", "fc_x1_1", "fc_x1_2", "fc_x1_2", "msg_x1_3", "msg_x1_3"}, items)
}

// WR-19: a heartbeat is a comment, or by option the response as it is.
func TestWR19Ping(t *testing.T) {
	e, b := written(t, llmstream.OpenAIResponses, nil, begin("x1", "m"), content("a"))
	b.Reset()
	require.NoError(t, e.Ping())
	require.Equal(t, ": ping\n", b.String())

	e, b = written(t, llmstream.OpenAIResponses, &encode.Options{DataPing: true})
	require.NoError(t, e.Ping())
	require.Equal(t, ": ping\n", b.String())
	for _, d := range []llmstream.Delta{begin("x1", "m"), reasoning("hm"), content("a")} {
		require.NoError(t, e.HandleDelta(&d))
		require.NoError(t, e.Ping())
	}
	d := call(0, "c1", "f", `{"a":`)
	require.NoError(t, e.HandleDelta(&d))
	at := b.Len()
	require.NoError(t, e.Ping())
	ping := short(dataOf(b.String()[at:]))
	require.Equal(t, []string{`in_progress,"response":{"in_progress","model":"m","output":[` +
		`{"id":"rs_x1_0","type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},` +
		strings.ReplaceAll(messageItem("a", "completed"), "msg_x1_0", "msg_x1_1") + `,` +
		strings.ReplaceAll(callItem("in_progress", `{\"a\":`), "fc_x1_0", "fc_x1_2") + `]}`}, ping)
	for _, d := range []llmstream.Delta{call(0, "", "", "1}"), callEnd(0, true), stop(), done()} {
		require.NoError(t, e.HandleDelta(&d))
	}
	require.NoError(t, valid(llmstream.OpenAIResponses, b.String()))
}

// WR-20: annotations are numbered, and stand in the item too.
func TestWR20Annotations(t *testing.T) {
	const flat = `{"type":"url_citation","start_index":0,"end_index":1,"url":"u","title":"t"}`
	events := responses(t, nil, content("a"), value(llmstream.KindAnnotation, flat),
		value(llmstream.KindAnnotation, `{"type":"file_citation","file_id":"f"}`), stop())
	const at = `output_text.annotation.added,"item_id":"msg_x1_0","output_index":0,"content_index":0,"annotation_index":`
	require.Contains(t, events, at+`0,"annotation":`+flat)
	require.Contains(t, events, at+`1,"annotation":{"type":"file_citation","file_id":"f"}`)
	require.Contains(t, events[len(events)-1], `"annotations":[`+flat+`,{"type":"file_citation","file_id":"f"}]`)
	_, lost := answer(t, llmstream.OpenAIResponses, nil, value(llmstream.KindAnnotation, flat), content("a"), value(llmstream.KindAnnotation, `{"type":"char_location"}`), stop())
	require.Equal(t, int64(2), lost.Annotations, "one without a text, one of another provider")
}

// WR-21: log probabilities of text.
func TestWR21Logprobs(t *testing.T) {
	const item = `{"token":"a","logprob":-0.5,"top_logprobs":[]}`
	events := responses(t, nil, content("a"), value(llmstream.KindLogprobs, `{"content":[`+item+`]}`), stop())
	require.Contains(t, events, `output_text.delta,"item_id":"msg_x1_0","output_index":0,"content_index":0,"delta":"","logprobs":[`+item+`]`)
	require.Contains(t, events, `output_text.done,"item_id":"msg_x1_0","output_index":0,"content_index":0,"text":"a","logprobs":[`+item+`]`)
	_, lost := answer(t, llmstream.OpenAIResponses, nil, content("a"), value(llmstream.KindLogprobs, `{"tokens":[]}`), stop())
	require.Equal(t, int64(1), lost.Logprobs)
}

// Items of the provider's own tools, and images, come whole.
func TestResponsesItems(t *testing.T) {
	const own = `{"id":"ws_1","type":"web_search_call","status":"completed"}`
	events := responses(t, nil, value(llmstream.KindItem, own), value(llmstream.KindMedia, `{"inlineData":{"mimeType":"image/png","data":"QQ=="}}`), stop())
	require.Equal(t, []string{
		`output_item.added,"output_index":0,"item":` + own,
		`output_item.done,"output_index":0,"item":` + own,
		`output_item.added,"output_index":1,"item":{"id":"ig_x1_0","type":"image_generation_call","status":"completed","result":"QQ=="}`,
	}, events[2:5])
	_, lost := answer(t, llmstream.OpenAIResponses, nil, content("a"), value(llmstream.KindItem, `{"type":"server_tool_use","id":"s"}`),
		value(llmstream.KindMedia, `{"fileData":{"fileUri":"https://e.example"}}`), extra(0, `{}`), call(0, "c", "f", "{}"), callEnd(0, true), stop())
	require.Equal(t, encode.Lost{Items: 1, Media: 1, CallExtras: 1}, lost)
}
