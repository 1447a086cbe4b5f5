package dialect_test

import (
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

func finishes(word string, members ...string) string {
	s := `"index":0,"delta":{},"finish_reason":"` + word + `"`
	for _, m := range members {
		s += "," + m
	}
	return testkit.Chunk(s)
}

// readAlike reads a stream of chat in all ways, which must agree.
func readAlike(t *testing.T, events ...string) streamtest.Reading {
	t.Helper()
	body := []byte(testkit.SSE(events...))
	streamtest.RequireShortcuts(t, llmstream.OpenAIChat, body)
	return streamtest.Read(llmstream.OpenAIChat, nil, body)
}

// C-33
func TestNativeFinishReason(t *testing.T) {
	for _, c := range []struct {
		finish, native string
		want           llmstream.FinishReason
		word           string
	}{
		{"stop", `"end_turn"`, llmstream.FinishStop, "end_turn"},
		{"stop", `null`, llmstream.FinishStop, "stop"},
		{"stop", `""`, llmstream.FinishStop, "stop"},
		{"tool_calls", `"length"`, llmstream.FinishLength, "length"},
		{"tool_calls", `"max_tokens"`, llmstream.FinishLength, "max_tokens"},
		{"stop", `"max_output_tokens"`, llmstream.FinishLength, "max_output_tokens"},
		{"stop", `"MAX_TOKENS"`, llmstream.FinishLength, "MAX_TOKENS"},
		{"tool_calls", `"completed"`, llmstream.FinishToolCalls, "completed"},
		{"", `"STOP"`, llmstream.FinishStop, "STOP"},
	} {
		r := readAlike(t, testkit.Says("x"), finishes(c.finish, `"native_finish_reason":`+c.native), "[DONE]")
		require.Equal(t, c.want, r.Completion.Choices[0].FinishReason, c)
		require.Equal(t, c.word, r.Completion.Choices[0].NativeFinishReason, c)
	}
}

// C-34
func TestOutputAfterAFinishReasonReopensTheChoice(t *testing.T) {
	call := testkit.Calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}`)
	half := testkit.Calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}`)
	both := testkit.Chunk(`"index":0,"delta":{"content":"x"},"finish_reason":"stop"`)
	for _, c := range []struct {
		name   string
		events []string
		want   llmstream.State
	}{
		{"text after it", []string{testkit.Says("a"), testkit.Stops, testkit.Says("b")}, llmstream.StateTruncated},
		{"text of the fast path after it", []string{testkit.Says("a"), testkit.Says("b"), testkit.Says("c"), testkit.Stops, testkit.Says("d"), testkit.Says("e"), testkit.Says("f")}, llmstream.StateTruncated},
		{"and another one", []string{testkit.Says("a"), testkit.Stops, testkit.Says("b"), testkit.Stops}, llmstream.StateComplete},
		{"and the end marker", []string{testkit.Says("a"), testkit.Stops, testkit.Says("b"), "[DONE]"}, llmstream.StateComplete},
		{"text after the end marker", []string{testkit.Says("a"), testkit.Stops, "[DONE]", testkit.Says("b")}, llmstream.StateComplete},
		{"one in every chunk", []string{both, both, both}, llmstream.StateComplete}, // C-29
		{"a call after it", []string{testkit.Says("a"), testkit.Stops, call}, llmstream.StateTruncated},
		{"empty text after it", []string{testkit.Says("a"), testkit.Stops, testkit.Says("")}, llmstream.StateComplete},
		{"usage after it", []string{testkit.Says("a"), testkit.Stops, `{"choices":[],"usage":{"total_tokens":1}}`}, llmstream.StateComplete},
		{"half of a pair that waits", []string{testkit.Says(`a\ud83d`), testkit.Stops}, llmstream.StateComplete},
		{"another choice goes on", []string{testkit.Says("a"), testkit.Chunk(`"index":1,"delta":{"content":"b"}`), testkit.Stops, testkit.Chunk(`"index":1,"delta":{"content":"c"}`),
			testkit.Chunk(`"index":1,"delta":{},"finish_reason":"stop"`)}, llmstream.StateComplete},
		{"arguments that break off", []string{half, finishes("tool_calls")}, llmstream.StateTruncated},
		{"arguments that break off, and the end marker", []string{half, finishes("tool_calls"), "[DONE]"}, llmstream.StateComplete},
		{"arguments that a limit cuts", []string{half, finishes("length")}, llmstream.StateComplete},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, readAlike(t, c.events...).Outcome.State)
		})
	}
}

// C-35
func TestFinishReasonsThatMeanFailure(t *testing.T) {
	half := testkit.Calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}`)
	for _, word := range []string{"error", "network_error", "internal_error", "server_error", "abort", "ERROR", "failed"} {
		o := readAlike(t, testkit.Says("x"), half, finishes(word), "[DONE]").Outcome
		require.Equal(t, llmstream.StateError, o.State, word)
		require.Equal(t, word, o.APIError.Type)
		require.True(t, o.APIError.Delivered, word)
		require.Equal(t, llmstream.FinishUnknown, o.Choices[0].FinishReason, word)
		require.Equal(t, 1, o.OpenToolCalls, word)
	}
	l, o := streamtest.Push(llmstream.OpenAIChat, nil, testkit.SSE(`{"choices":[{"index":0,"delta":{},"finish_reason":"error"}],"error":{"message":"no","code":502}}`))
	require.Equal(t, streamtest.Lines{"finish unknown(error)", "error no"}, l) // an error that says more stands alone
	require.Equal(t, 502, o.APIError.Status)
	l, _ = streamtest.Push(llmstream.OpenAIChat, nil, testkit.SSE(`{"error":{"message":"no"}}`, finishes("error")))
	require.Equal(t, streamtest.Lines{"error no", "finish unknown(error)"}, l)

	for _, word := range []string{"malformed_tool_use", "MALFORMED_FUNCTION_CALL", "whatever"} {
		calls, o := callsOf(t, testkit.Calls(wholeA), finishes(word), "[DONE]")
		require.Equal(t, []doneCall{{"f", `{"x":1}`, true, false}}, calls, word)
		require.Equal(t, llmstream.StateComplete, o.State, word)
	}
}

// C-32, C-18
func TestMessageBesideADelta(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []string
		want   string
	}{
		{"a delta that gives nothing", []string{testkit.Chunk(`"index":0,"delta":{"role":"assistant","content":""},"message":{"role":"assistant","content":"x"},"finish_reason":"stop"`)}, "x"},
		{"no delta", []string{testkit.Chunk(`"index":0,"message":{"content":"x"},"finish_reason":"stop"`)}, "x"},
		{"deltas, and a message that grows", []string{testkit.Chunk(`"index":0,"delta":{"content":"x"},"message":{"content":"x"}`), testkit.Chunk(`"index":0,"delta":{"content":"y"},"message":{"content":"xy"}`),
			testkit.Chunk(`"index":0,"delta":{},"message":{"content":"xy"},"finish_reason":"stop"`)}, "xy"},
		{"messages, and then deltas", []string{testkit.Chunk(`"index":0,"delta":{},"message":{"content":"x"}`), testkit.Chunk(`"index":0,"delta":{},"message":{"content":"y"}`),
			testkit.Chunk(`"index":0,"delta":{"content":"z"}`), testkit.Chunk(`"index":0,"delta":{},"message":{"content":"w"}`), testkit.Stops}, "xyz"},
	} {
		require.Equal(t, c.want, readAlike(t, c.events...).Completion.Choices[0].Message.Content, c.name)
	}
}

// E-17
func TestARoleAlone(t *testing.T) {
	role := testkit.Chunk(`"index":0,"delta":{"role":"assistant","content":""}`)
	require.Equal(t, llmstream.StateEmpty, readAlike(t, role, "[DONE]").Outcome.State)
	require.Equal(t, llmstream.StateTruncated, readAlike(t, role).Outcome.State)
	require.Equal(t, llmstream.StateComplete, readAlike(t, role, testkit.Stops, "[DONE]").Outcome.State)
}

// E-20
func TestMembersOfAWrongType(t *testing.T) {
	for event, want := range map[string]int64{
		`{"choices":42}`:                                          1,
		`{"choices":"x"}`:                                         1,
		`{"choices":null}`:                                        0,
		`{"choices":[null,1]}`:                                    0, // C-28
		testkit.Chunk(`"delta":42`):                               1,
		testkit.Chunk(`"delta":null`):                             0,
		testkit.Chunk(`"text":42`):                                1,
		testkit.Chunk(`"text":null`):                              0,
		testkit.Chunk(`"delta":{"content":42}`):                   1,
		testkit.Chunk(`"delta":{"content":true}`):                 1,
		testkit.Chunk(`"delta":{"content":null}`):                 0,
		testkit.Chunk(`"delta":{"tool_calls":"x"}`):               1,
		testkit.Chunk(`"delta":{"tool_calls":null}`):              0,
		testkit.Calls(`{"id":"a","function":{"arguments":42}}`):   1,
		testkit.Calls(`{"id":"a","function":{"arguments":null}}`): 0,
		`{"choices":[],"usage":{"input_tokens":"invalid"}}`:       1,
		`{"choices":[],"usage":{"input_tokens":"7"}}`:             0, // U-13
		`{"choices":[],"usage":{"input_tokens":null}}`:            0,
		testkit.Chunk(`"delta":{"content":42,"tool_calls":7}`):    1, // once an event
	} {
		o := readAlike(t, event, testkit.Says("y"), testkit.Stops).Outcome
		require.Equal(t, want, o.Anomalies.Malformed, event)
		require.Equal(t, llmstream.StateComplete, o.State, event)
	}
}

//
func TestThinkingAsAnObject(t *testing.T) {
	r := readAlike(t, testkit.Chunk(`"delta":{"thinking":{"content":"a"}}`), testkit.Chunk(`"delta":{"thinking":{"content":"b","signature":"s"}}`))
	m := r.Completion.Choices[0].Message
	require.Equal(t, "ab", m.Reasoning)
	require.Equal(t, "s", m.ReasoningDetails[0].Signature)
}

// U-18
func TestInputCountedByTwoConventions(t *testing.T) {
	for usage, want := range map[string]struct {
		input  int64
		cached llmstream.Tri
	}{
		`{"input_tokens":50,"cache_read_input_tokens":12000,"prompt_tokens":12050}`:                                       {12050, llmstream.TriYes},
		`{"input_tokens":12050,"cache_read_input_tokens":12000,"prompt_tokens":50}`:                                       {12050, llmstream.TriYes},
		`{"input_tokens":50,"cache_read_input_tokens":100,"cache_creation_input_tokens":7,"prompt_tokens":157}`:           {157, llmstream.TriYes},
		`{"input_tokens":50,"cache_read_input_tokens":12000,"prompt_tokens":60}`:                                          {60, llmstream.TriUnknown},
		`{"input_tokens":50,"cache_read_input_tokens":12000,"prompt_tokens":50}`:                                          {50, llmstream.TriUnknown},
		`{"input_tokens":50,"prompt_tokens":60}`:                                                                          {60, llmstream.TriUnknown},
		`{"input_tokens":0,"cache_read_input_tokens":60,"prompt_tokens":60,"prompt_tokens_details":{"cached_tokens":60}}`: {60, llmstream.TriYes},
	} {
		u := readAlike(t, `{"choices":[],"usage":`+usage+`}`).Completion.Usage
		require.Equal(t, want.input, u.Input, usage)
		require.Equal(t, want.cached, u.CachedInInput, usage)
	}
}
