package dialect_test

import (
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// A dialect that was asked for decodes events that lack a member by which it is found,
// and is refused only if the stream is in another one that is known (N-11).
func TestAskedDialectDecodesWhatLacksAMember(t *testing.T) {
	for _, c := range []struct {
		dialect llmstream.Dialect
		body    string
		want    streamtest.Lines
	}{
		{llmstream.Cohere, `{"event_type":"text-generation","text":"hi"}` + "\n" + `{"event_type":"stream-end","finish_reason":"COMPLETE"}` + "\n",
			streamtest.Lines{"content hi", "finish stop(COMPLETE)", "done"}},
		{llmstream.Cohere, `{"text":"hi"}` + "\n" + `{"is_finished":true,"finish_reason":"COMPLETE"}` + "\n",
			streamtest.Lines{"content hi", "finish stop(COMPLETE)", "done"}},
		{llmstream.Ollama, `{"model":"m","response":"hi"}` + "\n" + `{"model":"m","response":"","done_reason":"stop","eval_count":2}` + "\n",
			streamtest.Lines{"start model=m", "content hi", "usage out=2", "finish stop(stop)", "done"}},
		{llmstream.Ollama, `{"message":{"role":"assistant","content":"hi"}}` + "\n" + `{"message":{"content":""},"done":true}` + "\n",
			streamtest.Lines{"start role=assistant", "content hi", "done"}},
	} {
		l, o := streamtest.Push(c.dialect, nil, c.body)
		require.Equal(t, c.want, l, c.body)
		require.Equal(t, llmstream.StateComplete, o.State, c.body)
	}
	_, o := streamtest.Push(llmstream.Ollama, nil, testkit.SSE(`{"choices":[{"delta":{"content":"hi"}}]}`))
	require.Equal(t, llmstream.StateNotStream, o.State)
}

// Older whole answers have no finish reason, and are complete if their JSON is (N-12).
func TestOlderAnswersOfCohere(t *testing.T) {
	for _, c := range []struct {
		body string
		want streamtest.Lines
	}{
		{`{"text":"hi","generation_id":"g"}`, streamtest.Lines{"start id=g", "content hi", "done"}},
		{`{"id":"i","generations":[{"text":"a"},{"text":"b"}],"prompt":"p"}`, streamtest.Lines{"start id=i", "content a", "content[1] b", "done"}},
		{`{"id":"i","generations":[{"text":"a","finish_reason":"MAX_TOKENS"}]}`, streamtest.Lines{"start id=i", "content a", "finish length(MAX_TOKENS)"}},
	} {
		l, o := streamtest.Push(llmstream.Cohere, nil, c.body)
		require.Equal(t, c.want, l, c.body)
		require.Equal(t, llmstream.StateComplete, o.State, c.body)
		_, o = streamtest.Push(llmstream.Cohere, nil, c.body[:len(c.body)-2])
		require.NotEqual(t, llmstream.StateComplete, o.State, c.body)
	}
}

// a reasoning block is reasoning, wherever its text stands.
func TestReasoningBlocksOfAnthropic(t *testing.T) {
	for _, member := range []string{"reasoning", "text", "thinking"} {
		l, _ := streamtest.Push(llmstream.AnthropicMessages, nil, testkit.SSE(
			`{"type":"content_block_start","index":0,"content_block":{"type":"reasoning","`+member+`":"a"}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"reasoning_delta","`+member+`":"b"}}`,
		))
		require.Equal(t, streamtest.Lines{"reasoning a", "reasoning b"}, l, member)
	}
}

// U-20: the end has the last word on the output. U-05: a row of zeros says nothing.
func TestLastWordOnOutputOfAnthropic(t *testing.T) {
	for usage, want := range map[string]string{
		`{"output_tokens":0}`:                   " in=9 out=0",
		`{"input_tokens":0,"output_tokens":0}`:  " in=9 out=1",
		`{"input_tokens":9,"output_tokens":0}`:  " in=9 out=0",
		`{"output_tokens":null}`:                " in=9 out=1",
		`{"cache_read_input_tokens":0}`:         " in=9 out=1",
		`{"output_tokens":0,"server_tool":{}}`:  " in=9 out=0",
		`{"input_tokens":12,"output_tokens":0}`: " in=12 out=0",
	} {
		var a llmstream.Accumulator
		p := llmstream.NewParser(llmstream.AnthropicMessages, &a, nil)
		p.Write([]byte(testkit.SSE(
			`{"type":"message_start","message":{"id":"m","usage":{"input_tokens":9,"output_tokens":1}}}`,
			`{"type":"message_delta","delta":{"stop_reason":"refusal"},"usage":`+usage+`}`,
		)))
		require.Equal(t, want, streamtest.DescribeUsage(a.Usage()), usage)
	}
}

// G-17: whatever its elements say, an array is complete where it ends.
func TestArrayThatNeverCloses(t *testing.T) {
	const body = `[{"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP"}]}`
	for end, want := range map[string]llmstream.State{
		"": llmstream.StateTruncated, ",": llmstream.StateTruncated, "\n": llmstream.StateTruncated, "]": llmstream.StateComplete, "\n]\n": llmstream.StateComplete,
	} {
		for _, d := range []llmstream.Dialect{llmstream.Gemini, llmstream.Auto} {
			_, o := streamtest.Push(d, nil, body+end)
			require.Equal(t, want, o.State, "%q", end)
		}
	}
}

// G-18, G-19: reasons that are numbers, and those that are none.
func TestReasonsOfGemini(t *testing.T) {
	for reason, want := range map[string]streamtest.Lines{
		"0": {"other"}, "1": {"finish stop(1)"}, "2": {"finish length(2)"}, "3": {"finish content_filter(3)"}, "4": {"finish content_filter(4)"},
		"5": {"finish unknown(5)"}, "19": {"finish unknown(19)"}, `"CONTINUATION"`: {"finish length(CONTINUATION)"}, `"FINISH_REASON_UNSPECIFIED"`: {"other"},
	} {
		l, _ := streamtest.Push(llmstream.Gemini, nil, testkit.SSE(`{"candidates":[{"finishReason":`+reason+`}]}`))
		require.Equal(t, want, l, reason)
	}
	for reason, want := range map[string]streamtest.Lines{
		"0": {"other"}, "1": {"blocked content_filter(1)"}, `"SAFETY"`: {"blocked content_filter(SAFETY)"}, `"BLOCK_REASON_UNSPECIFIED"`: {"other"},
	} {
		l, _ := streamtest.Push(llmstream.Gemini, nil, testkit.SSE(`{"promptFeedback":{"blockReason":`+reason+`}}`))
		require.Equal(t, want, l, reason)
	}
}

// G-19: a block reason does not make an answer complete that breaks off, whichever comes
// first.
func TestBlockBesideAnAnswer(t *testing.T) {
	const text, block = `{"candidates":[{"content":{"parts":[{"text":"Hel"}]}}]}`, `{"promptFeedback":{"blockReason":"SAFETY"}}`
	for _, events := range [][]string{{text, block}, {block, text}, {block, text, text}} {
		_, o := streamtest.Push(llmstream.Gemini, nil, testkit.SSE(events...))
		require.Equal(t, llmstream.StateTruncated, o.State)
		require.Empty(t, o.BlockReason)
	}
}

// T-33: Gemini's call with an id that has come before is the same call.
func TestCallOfGeminiOnceMore(t *testing.T) {
	call := func(members string) string {
		return `{"candidates":[{"content":{"parts":[{"functionCall":{` + members + `}}]}}]}`
	}
	first := streamtest.Lines{"tool_call #0 id=a name=f type=function", `tool_call #0 args={"x":1}`, "tool_call_end #0 valid"}
	for again, want := range map[string]streamtest.Lines{
		`"id":"a","name":"f","args":{"x":1}`:  {"other"},
		`"id":"a","name":"f","args":{"x": 1}`: {"other"},
		`"id":"a","name":"f"`:                 {"other"},
		`"id":"a","name":"f","args":{"x":2}`:  {`tool_call #0 args={"x":2}`, "tool_call_end #0 valid"},
		`"id":"b","name":"f","args":{"x":1}`:  {"tool_call #1 id=b name=f type=function", `tool_call #1 args={"x":1}`, "tool_call_end #1 valid"},
		`"name":"f","args":{"x":1}`:           {"tool_call #1 name=f type=function", `tool_call #1 args={"x":1}`, "tool_call_end #1 valid"},
	} {
		l, _ := streamtest.Push(llmstream.Gemini, nil, testkit.SSE(call(`"id":"a","name":"f","args":{"x":1}`), call(again)))
		require.Equal(t, append(first[:3:3], want...), l, again)
	}
}

// B-08: what the provider's own tools do in Converse is an item, in a stream as in a whole
// answer, and no call.
func TestServerToolsOfConverse(t *testing.T) {
	const use = `{"toolUse":{"toolUseId":"s","name":"n","type":"server_tool_use","input":{"q":1}}}`
	stream := framed(
		`event contentBlockStart {"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"s","name":"n","type":"server_tool_use"}}}`,
		`event contentBlockDelta {"contentBlockIndex":0,"delta":{"toolUse":{"input":"{\"q\":"}}}`,
		`event contentBlockDelta {"contentBlockIndex":0,"delta":{"toolUse":{"input":"1}"}}}`,
		`event messageStop {"stopReason":"end_turn"}`,
	)
	for _, body := range []string{stream, `{"output":{"message":{"role":"assistant","content":[` + use + `]}},"stopReason":"end_turn"}`} {
		r := streamtest.Read(llmstream.Bedrock, nil, []byte(body))
		require.Len(t, r.Completion.Choices[0].Message.Items, 1)
		require.JSONEq(t, use, string(r.Completion.Choices[0].Message.Items[0]))
		require.Empty(t, r.Completion.Choices[0].Message.ToolCalls)
		require.Equal(t, llmstream.FinishStop, r.Completion.Choices[0].FinishReason)
	}
}
