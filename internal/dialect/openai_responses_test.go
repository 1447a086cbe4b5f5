package dialect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// What the recordings in testdata/openai-responses do not show.

// What the events of a response add, in order, with their sequence numbers.
func TestResponsesDeltas(t *testing.T) {
	var got []string
	p := llmstream.NewParser(llmstream.OpenAIResponses, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		got = append(got, fmt.Sprintf("%d/%d %s", d.Sequence, d.Part, streamtest.Describe(d)))
		return nil
	}), nil)
	p.Write([]byte(testkit.SSE(
		`{"type":"response.created","sequence_number":0,"response":{"id":"r","model":"m","created_at":7,"service_tier":"auto","status":"in_progress"}}`,
		`{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"message","role":"assistant","content":[]}}`,
		`{"type":"response.output_text.delta","sequence_number":2,"output_index":0,"content_index":0,"delta":"Hi"}`,
		`{"type":"response.output_text.done","sequence_number":3,"output_index":0,"content_index":0,"text":"Hi"}`,
		`{"type":"response.output_item.added","sequence_number":4,"output_index":1,"item":{"type":"function_call","call_id":"c","name":"f","arguments":""}}`,
		`{"type":"response.function_call_arguments.delta","sequence_number":5,"output_index":1,"delta":"{}"}`,
		`{"type":"response.output_item.done","sequence_number":6,"output_index":1,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}}`,
		`{"type":"response.output_item.done","sequence_number":7,"output_index":2,"item":{"type":"mcp_call","id":"m"}}`,
		`{"type":"response.completed","sequence_number":9,"response":{"id":"r","service_tier":"flex","status":"completed","usage":{"input_tokens":1,"output_tokens":2}}}`,
	)))
	require.Equal(t, []string{
		"0/0 start id=r model=m created=7",
		"1/0 start role=assistant",
		"2/0 content Hi",
		"3/0 other",
		"4/1 tool_call #0 id=c name=f type=function",
		"5/1 tool_call #0 args={}",
		"6/1 tool_call_end #0 valid",
		`7/2 item {"type":"mcp_call","id":"m"}`,
		"9/0 start tier=flex",
		"9/0 usage in=1 out=2",
		"9/0 finish tool_calls(completed)",
		"9/0 done",
	}, got)
	require.NoError(t, p.Close())
}

// What is told as a whole stands in for what has not come in pieces, and for nothing
// else (O-06).
func TestResponsesToldAsAWhole(t *testing.T) {
	item := func(typ, members string) string {
		return `{"type":"response.output_item.` + typ + `","output_index":0,"item":{` + members + `}}`
	}
	const search = `{"type":"web_search_call","id":"w"}`
	for _, c := range []struct {
		name   string
		events []string
		want   streamtest.Lines
	}{
		{"a call that begins as a whole", []string{item("added", `"type":"function_call","call_id":"c","name":"f","arguments":"{}","status":"completed"`), `{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{}"}`},
			streamtest.Lines{"tool_call #0 id=c name=f type=function", "tool_call #0 args={}", "other"}},
		{"an image", []string{item("done", `"type":"image_generation_call","result":"aW1n"`)}, streamtest.Lines{`media {"type":"image_generation_call","result":"aW1n"}`}},
		{"an image that failed", []string{item("done", `"type":"image_generation_call","result":null`)}, streamtest.Lines{`item {"type":"image_generation_call","result":null}`}},
		{"reasoning of which the summary has come", []string{
			`{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"In short."}`,
			item("done", `"type":"reasoning","summary":[{"type":"summary_text","text":"In short."}],"content":[{"type":"reasoning_text","text":"At length."}]`),
		}, streamtest.Lines{"reasoning In short.", "reasoning"}},
		{"reasoning that has come, with a summary", []string{
			`{"type":"response.reasoning_text.delta","output_index":0,"content_index":0,"delta":"At length."}`,
			item("done", `"type":"reasoning","summary":[{"type":"summary_text","text":"In short."}],"content":[{"type":"reasoning_text","text":"At length."}]`),
		}, streamtest.Lines{"reasoning At length.", "reasoning"}},
		{"a piece that does not say of which item it is", []string{
			item("added", `"type":"message"`),
			`{"type":"response.output_text.delta","delta":"Hi"}`,
			`{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"Hi"}`,
		}, streamtest.Lines{"other", "content Hi", "other"}},
		{"a message that the end alone tells of, behind a search", []string{
			`{"type":"response.created","response":{"id":"r"}}`,
			item("done", `"type":"web_search_call","id":"w"`),
			`{"type":"response.completed","response":{"id":"r","output":[` + search + `,{"type":"message","content":[{"type":"output_text","text":"Hi"}]}]}}`,
		}, streamtest.Lines{"start id=r", "item " + search, "content Hi", "finish stop(completed)", "done"}},
		{"and behind reasoning", []string{
			`{"type":"response.created","response":{"id":"r"}}`,
			item("done", `"type":"reasoning","id":"s","summary":[{"type":"summary_text","text":"In short."}]`),
			`{"type":"response.completed","response":{"id":"r","output":[{"type":"reasoning","id":"s","summary":[{"type":"summary_text","text":"In short."}]},{"type":"message","content":[{"type":"output_text","text":"Hi"}]}]}}`,
		}, streamtest.Lines{"start id=r", "reasoning In short.", "reasoning", "content Hi", "finish stop(completed)", "done"}},
		{"a message that has not ended, and a call that the end alone tells of", []string{
			`{"type":"response.created","response":{"id":"r"}}`,
			`{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Hi"}`,
			`{"type":"response.completed","response":{"id":"r","output":[{"type":"message","content":[{"type":"output_text","text":"Hi"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]}}`,
		}, streamtest.Lines{"start id=r", "content Hi", "tool_call #0 id=c name=f type=function", "tool_call #0 args={}", "tool_call_end #0 valid", "finish tool_calls(completed)", "done"}},
		{"reasoning without a text, and a message that has not ended", []string{
			`{"type":"response.created","response":{"id":"r"}}`,
			item("done", `"type":"reasoning","summary":[]`),
			`{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"Hi"}`,
			`{"type":"response.completed","response":{"id":"r","output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"late"}]}]}}`,
		}, streamtest.Lines{"start id=r", "reasoning", "content Hi", "reasoning late", "finish stop(completed)", "done"}},
		{"an item that has begun and not ended", []string{
			`{"type":"response.created","response":{"id":"r"}}`,
			item("added", `"type":"web_search_call","id":"w"`),
			`{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"Hi"}`,
			`{"type":"response.output_item.done","output_index":1,"item":{"type":"message","content":[{"type":"output_text","text":"Hi"}]}}`,
			`{"type":"response.completed","response":{"id":"r","status":"completed","output":[` + search + `,{"type":"message","content":[{"type":"output_text","text":"Hi"}]}]}}`,
		}, streamtest.Lines{"start id=r", "other", "content Hi", "other", "item " + search, "finish stop(completed)", "done"}},
	} {
		l, _ := streamtest.Push(llmstream.OpenAIResponses, nil, testkit.SSE(c.events...))
		require.Equal(t, c.want, l, c.name)
	}
}

// Ends and errors that servers write beside the documented ones.
func TestResponsesOtherEnds(t *testing.T) {
	for event, want := range map[string]streamtest.Lines{
		`{"type":"response.done","response":{"status":"completed"}}`:                                                                    {"finish stop(completed)", "done"},
		`{"type":"response.done","response":{"status":"in_progress"}}`:                                                                  {"other"},
		`{"type":"response.completed","response":{"status":"incomplete"}}`:                                                              {"finish length(incomplete)", "done"},
		`{"type":"response.completed","response":{"status":"in_progress"}}`:                                                             {"finish stop(completed)", "done"},
		`{"type":"response.completed"}`:                                                                                                 {"finish stop(completed)", "done"},
		`{"type":"response.failed","response":{"incomplete_details":{"reason":"content_filter"},"error":"no"}}`:                         {"finish unknown(failed)", "error no", "done"},
		`{"type":"error","error":{"message":"no"}}` + "\n\ndata: " + `{"type":"response.failed","response":{"error":{"message":"no"}}}`: {"error no", "finish unknown(failed)", "done"}, // O-02
		`{"type":"response.completed","response":{"usage":{"cost":1}},"usage":{"input_tokens":1}}`:                                      {"usage in=1", "finish stop(completed)", "done"},
		`{"type":"response.completed","response":{"usage":{"input_tokens":2}},"usage":{"input_tokens":1}}`:                              {"usage in=2", "finish stop(completed)", "done"},
		`{"type":"response.failed","error":{"message":"no"}}`:                                                                           {"finish unknown(failed)", "error no", "done"},
		`{"type":"response.failed","response":{"status":"failed","error":{}}}`:                                                          {"finish unknown(failed)", "error failed", "done"},
		`{"type":"response.error","error":{"message":"no"}}`:                                                                            {"error no"},
		`{"type":"response.error","message":"no"}`:                                                                                      {"error no"},
		`{"type":"error","error":{"type":"server_error","message":"no"},"code":"x"}`:                                                    {"error no"},
		`{"type":"error","error":"no"}`:                                                                                                 {"error no"},
		`{"message":"no"}`:                                                                                                              {"error no"},
		`{"type":"vendor.note","message":"well"}`:                                                                                       {"other"},
		`{"type":"vendor.note","message":"well","error":null}`:                                                                          {"other"},
		`{"type":"response.web_search_call.failed","output_index":0,"error":{"x":"y"}}`:                                                 {"other"},
	} {
		got, _ := streamtest.Push(llmstream.OpenAIResponses, nil, testkit.SSE(event))
		require.Equal(t, want, got, event)
	}
}

// A call whose own id changes too comes once, also where the end has to be looked
// at (O-03, O-04).
func TestResponsesOtherCallIDs(t *testing.T) {
	call := `{"type":"function_call","call_id":"%s","name":"f","arguments":"{}"}`
	got, _ := streamtest.Push(llmstream.OpenAIResponses, nil, testkit.SSE(
		`{"type":"response.output_item.added","output_index":0,"item":`+fmt.Sprintf(call, "c1")+`}`,
		`{"type":"response.output_item.done","output_index":0,"item":`+fmt.Sprintf(call, "c2")+`}`,
		`{"type":"response.completed","response":{"output":[`+fmt.Sprintf(call, "c3")+`]}}`,
	))
	require.Equal(t, streamtest.Lines{"tool_call #0 id=c1 name=f type=function", "tool_call #0 args={}", "tool_call_end #0 valid", "finish tool_calls(completed)", "done"}, got)
}

// A message is its items in the order of their indexes, whichever comes first.
func TestResponsesItemsInOrder(t *testing.T) {
	var a llmstream.Accumulator
	p := llmstream.NewParser(llmstream.OpenAIResponses, &a, nil)
	p.Write([]byte(testkit.SSE(
		`{"type":"response.output_text.delta","output_index":2,"content_index":0,"delta":"sec"}`,
		`{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"first "}`,
		`{"type":"response.output_text.delta","output_index":2,"content_index":0,"delta":"ond"}`,
		`{"type":"response.completed","response":{"status":"completed"}}`,
	)))
	require.NoError(t, p.Close())
	require.Equal(t, "first second", a.Completion().Choices[0].Message.Content)
	require.Equal(t, "first second", string(a.AppendText(nil, 0)))
}

// What is remembered of items is bounded, and what is past the bound is told.
func TestResponsesLimits(t *testing.T) {
	o := &llmstream.Options{MaxToolCalls: 2}
	for name, body := range map[string]string{
		"messages":  `{"type":"response.output_text.delta","output_index":%d,"content_index":0,"delta":"x"}`,
		"reasoning": `{"type":"response.reasoning_text.delta","output_index":%d,"content_index":0,"delta":"x"}`,
		"calls":     `{"type":"response.output_item.done","output_index":%[1]d,"item":{"type":"function_call","call_id":"c%[1]d","name":"f","arguments":"{}"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, indexes := range [][]int{{0, 1, 2}, {7, 5, 1 << 30}} {
				var events []string
				for _, i := range indexes {
					events = append(events, fmt.Sprintf(body, i))
				}
				_, outcome := streamtest.Push(llmstream.OpenAIResponses, o, testkit.SSE(events...))
				require.EqualValues(t, 1, outcome.Anomalies.Malformed)
				var limit *llmstream.LimitError
				require.ErrorAs(t, outcome.Err(), &limit)
				require.Equal(t, &llmstream.LimitError{Limit: "MaxToolCalls", Max: 2}, limit)
			}
		})
	}
}

// Parts past the 63rd are one: nothing of theirs comes twice.
func TestResponsesManyParts(t *testing.T) {
	var a llmstream.Accumulator
	p := llmstream.NewParser(llmstream.OpenAIResponses, &a, nil)
	for i := range 100 {
		p.Write([]byte(testkit.SSE(
			fmt.Sprintf(`{"type":"response.output_text.delta","output_index":0,"content_index":%d,"delta":"%d,"}`, i, i),
			fmt.Sprintf(`{"type":"response.output_text.done","output_index":0,"content_index":%d,"text":"%d,"}`, i, i),
		)))
	}
	got := string(a.AppendText(nil, 0))
	require.Equal(t, 100, strings.Count(got, ","))
	require.True(t, strings.HasPrefix(got, "0,1,2,"))
	require.True(t, strings.HasSuffix(got, "97,98,99,"))
}

// A pruned event says the same (O-09, contract 4).
func TestPrunedResponse(t *testing.T) {
	long := strings.Repeat(`say \"nothing\" of {this} or [that], \\`, 200)
	usage := `"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}`
	text := `{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Hi"}`
	item := `{"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":[{"type":"output_text","text":"Hi"}]}}`
	output := `"output":[{"type":"message","content":[{"type":"output_text","text":"Hello"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]`
	for name, events := range map[string][]string{
		"created":         {`{"type":"response.created","response":{"id":"r","model":"m","instructions":"` + long + `"}}`},
		"spaces":          {"{ \"response\" : { \"instructions\" :\t\"" + long + "\" , \"id\" : \"r\" , \"tools\" : [ { } , [ ] , -1.5e3 , null ] } , \"type\" : \"response.created\" }"},
		"output needed":   {`{"type":"response.completed","response":{"tools":["` + long + `"],` + output + `,"status":"completed",` + usage + `}}`},
		"output known":    {`{"type":"response.created","response":{"id":"r"}}`, text, item, `{"type":"response.completed","response":{"tools":["` + long + `"],` + output + `,"status":"completed",` + usage + `}}`},
		"output resumed":  {text, item, `{"type":"response.completed","response":{"tools":["` + long + `"],` + output + `,"status":"completed",` + usage + `}}`},
		"output open":     {`{"type":"response.created","response":{"id":"r"}}`, text, `{"type":"response.completed","response":{"tools":["` + long + `"],` + output + `,"status":"completed"}}`},
		"incomplete":      {text, `{"type":"response.incomplete","response":{"metadata":{"a":"` + long + `"},"incomplete_details":{"reason":"content_filter"},"status":"incomplete"}}`},
		"failed":          {`{"type":"response.failed","response":{"instructions":"` + long + `","error":{"code":"x","message":"y"},"status":"failed"}}`},
		"failed, no word": {`{"type":"response.failed","response":{"instructions":"` + long + `","error":null,"message":"m","status":"failed"}}`},
		"twice":           {`{"type":"response.created","response":{"id":"a","id":"b","tools":"` + long + `"},"response":{"model":"m","id":"c"}}`},
		"escaped names":   {`{"type":"response.created","respons\u0065":{"\u0069d":"r","instruction\u0073":"` + long + `"}}`},
		"no object":       {`{"type":"response.created","response":["` + long + `"]}`, `{"type":"response.created","response":"` + long + `"}`, `{"response":null,"x":"` + long + `"}`},
		"empty":           {`{"response":{},"type":"response.created","x":{"y":[]},"z":"` + long + `"}`},
		"no number":       {`{"type":"response.created","response":{"temperature":Infinity,"id":"r","instructions":"` + long + `"}}`, text},
		"no JSON":         {`{"type":"response.created","response":{"id":"r","instructions":"` + long + `"`, `{"type":"response.created","response":{"id":"r",,"instructions":"` + long + `"}}`},
		"too deep":        {`{"type":"response.created","response":{"id":"r","tools":` + strings.Repeat("[", 400) + strings.Repeat("]", 400) + `,"instructions":"` + long + `"}}`},
		"text known":      {text, `{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"` + long + `"}`},
		"text of another": {text, `{"type":"response.output_text.done","output_index":1,"content_index":0,"text":"` + long + `"}`, `{"type":"response.output_text.done","output_index":0,"content_index":1,"text":"` + long + `"}`},
		"text of no item": {text, `{"type":"response.output_text.done","content_index":0,"text":"` + long + `"}`, `{"type":"response.output_text.done","output_index":-1,"text":"` + long + `"}`},
		"no type":         {text, `{"output_index":0,"content_index":0,"text":"` + long + `"}`, `{"type":"response.text.done","output_index":0,"content_index":0,"text":"` + long + `"}`},
		"summary known":   {`{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":1,"delta":"Hi"}`, `{"type":"response.reasoning_summary_text.done","output_index":0,"summary_index":1,"text":"` + long + `"}`, `{"type":"response.reasoning_summary_part.done","output_index":0,"summary_index":1,"part":{"type":"summary_text","text":"` + long + `"}}`},
		"part known":      {text, `{"type":"response.content_part.done","output_index":0,"content_index":0,"part":{"type":"output_text","text":"` + long + `","annotations":[{"type":"x"}],"logprobs":[]}}`},
		"part unknown":    {text, `{"type":"response.content_part.done","output_index":0,"content_index":0,"part":{"type":"refusal","text":"` + long + `","refusal":"no"}}`, `{"type":"response.content_part.done","output_index":0,"content_index":0,"part":{"type":"reasoning_text","text":"` + long + `"}}`},
		"item known":      {text, `{"output_index":0,"type":"response.output_item.done","item":{"content":[{"text":"` + long + `","type":"output_text","annotations":[{"type":"x"}]}],"role":"assistant","type":"message"}}`},
		"item half known": {text, `{"output_index":0,"type":"response.output_item.done","item":{"content":[{"text":"` + long + `","type":"output_text"},{"text":"` + long + `","type":"output_text"},1],"type":"message"}}`},
		"item of thought": {`{"type":"response.reasoning_text.delta","output_index":0,"content_index":0,"delta":"Hi"}`, `{"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","content":[{"type":"reasoning_text","text":"` + long + `"}]}}`},
		"item of a tool":  {text, `{"type":"response.output_item.done","output_index":0,"item":{"type":"x_call","content":[ {"type":"output_text", "text":"` + long + `"}]}}`},
		"whole text":      {`{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"` + long + `"}`},
		"error":           {`{"type":"error","code":"c","message":"` + long + `","response":{"message":"no"}}`},
		"body":            {`{"object":"response","id":"r","instructions":"` + long + `",` + output + `,"status":"completed"}`},
		"other dialect":   {`{"choices":[{"index":0,"delta":{"content":"` + long + `"}}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			body := []byte(testkit.SSE(events...))
			for _, d := range []llmstream.Dialect{llmstream.OpenAIResponses, llmstream.Auto} {
				streamtest.RequireSame(t, streamtest.Read(d, &llmstream.Options{NoFastPath: true}, body), streamtest.Read(d, nil, body), d)
			}
		})
	}
}

// Under llmstream.Auto an event that may be any dialect's is told at once, and the dialect
// when an event is one of a response.
func TestResponsesAuto(t *testing.T) {
	var got streamtest.Lines
	p := llmstream.NewParser(llmstream.Auto, &got, nil)
	p.Write([]byte(testkit.SSE(`{"type":"keepalive","sequence_number":3}`)))
	require.Equal(t, streamtest.Lines{"ping"}, got)
	require.Equal(t, llmstream.Auto, p.Dialect())
	p.Write([]byte("event: response.output_text.delta\ndata: {\"output_index\":0,\"delta\":\"x\"}\n\n"))
	require.Equal(t, streamtest.Lines{"ping", "content x"}, got)
	require.Equal(t, llmstream.OpenAIResponses, p.Dialect())
	require.ErrorIs(t, p.Close(), llmstream.ErrTruncated)
}
