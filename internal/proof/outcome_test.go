package proof

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

func TestOutcomeErr(t *testing.T) {
	damaged := &llmstream.SyntaxError{Event: 1, Err: &llmstream.LimitError{Limit: "MaxEvent", Max: 5}}
	api := &llmstream.APIError{Message: "no"}
	for _, c := range []struct {
		name   string
		o      llmstream.Outcome
		is     []error
		isNot  []error
		single bool
	}{
		{"complete", llmstream.Outcome{State: llmstream.StateComplete}, nil, nil, true},
		{"complete, the connection failed behind it", llmstream.Outcome{State: llmstream.StateComplete, Cause: errBoom}, nil, nil, true},
		{"complete and damaged", llmstream.Outcome{State: llmstream.StateComplete, Cause: errBoom, Damage: damaged}, []error{damaged}, []error{errBoom, llmstream.ErrTruncated}, true},
		{"truncated", llmstream.Outcome{State: llmstream.StateTruncated}, []error{llmstream.ErrTruncated, io.ErrUnexpectedEOF}, []error{llmstream.ErrEmpty, io.EOF}, true},
		{"truncated by a cause", llmstream.Outcome{State: llmstream.StateTruncated, Cause: errBoom}, []error{llmstream.ErrTruncated, io.ErrUnexpectedEOF, errBoom}, nil, false},
		{"empty", llmstream.Outcome{State: llmstream.StateEmpty}, []error{llmstream.ErrEmpty}, []error{io.ErrUnexpectedEOF}, true},
		{"no stream", llmstream.Outcome{State: llmstream.StateNotStream}, []error{llmstream.ErrNotStream}, []error{llmstream.ErrCompressed}, true},
		{"compressed", llmstream.Outcome{State: llmstream.StateNotStream, Cause: llmstream.ErrCompressed}, []error{llmstream.ErrNotStream, llmstream.ErrCompressed}, nil, false},
		{"stopped", llmstream.Outcome{State: llmstream.StateStopped}, []error{llmstream.ErrStopped}, []error{context.Canceled}, true},
		{"cancelled", llmstream.Outcome{State: llmstream.StateStopped, Cause: context.Canceled}, []error{llmstream.ErrStopped, context.Canceled}, []error{llmstream.ErrTruncated}, false},
		{"an error", llmstream.Outcome{State: llmstream.StateError, APIError: api}, []error{api}, []error{llmstream.ErrTruncated}, true},
		{"all at once", llmstream.Outcome{State: llmstream.StateError, APIError: api, Cause: errBoom, Damage: damaged}, []error{api, errBoom, damaged}, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.o.Err()
			if len(c.is) == 0 {
				require.NoError(t, err)
				return
			}
			for _, target := range c.is {
				require.ErrorIs(t, err, target)
			}
			for _, target := range c.isNot {
				require.NotErrorIs(t, err, target)
			}
			_, several := err.(interface{ Unwrap() []error })
			require.Equal(t, !c.single, several)
		})
	}
	var limit *llmstream.LimitError
	require.ErrorAs(t, llmstream.Outcome{State: llmstream.StateComplete, Damage: damaged}.Err(), &limit)
}

func TestStateString(t *testing.T) {
	var names []string
	for s := llmstream.StateOpen; s <= llmstream.StateStopped; s++ {
		names = append(names, s.String())
	}
	require.Equal(t, []string{"open", "complete", "truncated", "error", "empty", "not-a-stream", "stopped"}, names)
	require.Equal(t, "unknown", llmstream.State(99).String())
	require.Equal(t, []string{"unknown", "sse", "json", "unknown"}, []string{llmstream.WireUnknown.String(), llmstream.WireSSE.String(), llmstream.WireJSON.String(), llmstream.Wire(99).String()})
}

func TestOutcomeLogValue(t *testing.T) {
	attrs := func(o llmstream.Outcome) map[string]any {
		all := map[string]any{}
		for _, a := range o.LogValue().Group() {
			all[a.Key] = a.Value.Any()
		}
		return all
	}
	require.Equal(t, map[string]any{"state": "complete", "dialect": "openai-chat", "events": int64(3), "finish_reason": "stop"},
		attrs(llmstream.Outcome{State: llmstream.StateComplete, Dialect: llmstream.OpenAIChat, Events: 3, Choices: []llmstream.ChoiceOutcome{{FinishReason: llmstream.FinishStop, NativeFinishReason: "secret"}}}))
	require.Equal(t, map[string]any{
		"state": "error", "dialect": "auto", "events": int64(0), "open_tool_calls": int64(1), "pending_bytes": int64(2), "malformed": int64(3), "skipped": int64(4), "unseparated": int64(5),
		"after_done": int64(6), "conflicts": int64(7), "error_type": "t", "error_code": "c", "delivered": true,
	}, attrs(llmstream.Outcome{
		State: llmstream.StateError, OpenToolCalls: 1, Delivered: true,
		Anomalies: llmstream.Anomalies{PendingBytes: 2, Malformed: 3, Skipped: llmstream.SkippedEvents{Empty: 1, KeepAlive: 3}, Unseparated: 5, AfterDone: 6, Conflicts: 7},
		APIError:  &llmstream.APIError{Type: "t", Code: "c", Message: "secret", Raw: []byte("secret")},
	}))
	var _ slog.LogValuer = llmstream.Outcome{}
}

func TestErrorTexts(t *testing.T) {
	for want, err := range map[string]error{
		"llmstream: stream ended before the answer was complete":                               llmstream.ErrTruncated,
		"llmstream: cannot read event 2 at byte 3 of 4: more than MaxEvent allows: 5":          &llmstream.SyntaxError{Event: 2, Offset: 3, Length: 4, Err: &llmstream.LimitError{Limit: "MaxEvent", Max: 5}},
		"llmstream: cannot read event 2 at byte 3 of 4: no key":                                &llmstream.SyntaxError{Event: 2, Offset: 3, Length: 4, Err: fault.Reason("no key")},
		"llmstream: the stream is not openai-chat: it looks like gemini":                       &llmstream.DialectError{Want: llmstream.OpenAIChat, Got: llmstream.Gemini},
		"llmstream: the dialect of the stream is not known":                                    &llmstream.DialectError{Want: llmstream.Auto},
		"llmstream: the provider reported an error":                                            &llmstream.APIError{},
		"llmstream: the provider reported an error: no":                                        &llmstream.APIError{Message: "no"},
		"llmstream: the provider reported an error overloaded_error 529: busy":                 &llmstream.APIError{Type: "overloaded_error", Code: "529", Status: 529, Message: "busy"},
		"llmstream: the provider reported an error server_error overloaded (status 503): busy": &llmstream.APIError{Type: "server_error", Code: "overloaded", Status: 503, Message: "busy"},
	} {
		require.Equal(t, want, err.Error())
	}
	require.True(t, errors.Is(llmstream.ErrTruncated, io.ErrUnexpectedEOF))
	require.False(t, errors.Is(llmstream.ErrTruncated, io.EOF))
}

func TestRetryable(t *testing.T) {
	for _, c := range []struct {
		err  llmstream.APIError
		want bool
	}{
		{llmstream.APIError{}, false},
		{llmstream.APIError{Type: "overloaded_error"}, true},
		{llmstream.APIError{Type: "rate_limit_error"}, true},
		{llmstream.APIError{Type: "engine_overloaded_error"}, true},
		{llmstream.APIError{Code: "server_is_overloaded"}, true},
		{llmstream.APIError{Code: "rate_limit_exceeded"}, true},
		{llmstream.APIError{Code: "429"}, true},
		{llmstream.APIError{Status: 408}, true},
		{llmstream.APIError{Status: 429}, true},
		{llmstream.APIError{Status: 500}, true},
		{llmstream.APIError{Status: 529}, true},
		{llmstream.APIError{Status: 400}, false},
		{llmstream.APIError{Status: 401, Type: "authentication_error"}, false},
		{llmstream.APIError{Type: "invalid_request_error", Code: "context_length_exceeded"}, false},
		{llmstream.APIError{Message: "overloaded_error"}, false},
		{llmstream.APIError{Type: "server_error", Delivered: true}, true}, // what was delivered is for the caller to weigh
	} {
		require.Equal(t, c.want, c.err.Retryable(), "%+v", c.err)
	}
}

// An outcome without details that says error is an error.
func TestErrOfABareState(t *testing.T) {
	require.EqualError(t, llmstream.Outcome{State: llmstream.StateError}.Err(), "llmstream: the provider reported an error")
}

func TestTriString(t *testing.T) {
	require.Equal(t, []string{"unknown", "yes", "no"}, []string{llmstream.TriUnknown.String(), llmstream.TriYes.String(), llmstream.TriNo.String()})
}

// What a report lacks stays, the last word on the output counts (U-20), and a report past the
// limit stands alone, and so does the next one.
func TestOverlayOfReports(t *testing.T) {
	usage := func(members string) string {
		return `{"type":"message_delta","delta":{},"usage":{` + members + `}}`
	}
	large := `"input_tokens":1,"x":"` + strings.Repeat("x", decode.MaxUsageRaw) + `"`
	var a llmstream.Accumulator
	p := llmstream.NewParser(llmstream.AnthropicMessages, &a, nil)
	for _, c := range []struct{ report, want string }{
		{`"cost":1`, ""}, // no count has come (U-12)
		{`"a":1,"output_tokens":1`, `{"cost":1,"a":1,"output_tokens":1}`},
		{`"a":2,"output_tokens":0`, `{"cost":1,"a":2,"output_tokens":0}`}, // U-20: the last word on the output
		{large, `{` + large + `}`},
		{`"output_tokens":2`, `{"output_tokens":2}`},
		{`"b":3`, `{"output_tokens":2,"b":3}`},
	} {
		p.Write([]byte(testkit.SSE(usage(c.report))))
		require.Equal(t, c.want, string(a.Usage().Raw))
	}
	require.Equal(t, [2]int64{1, 2}, [2]int64{a.Usage().Input, a.Usage().Output})
}

// Anthropic's input excludes the cached tokens, unless a gateway says that they are in it (U-09).
func TestCachedTokensOfAnthropic(t *testing.T) {
	for usage, want := range map[string]llmstream.Tri{
		`{"input_tokens":9,"cache_read_input_tokens":4}`:                 llmstream.TriNo,
		`{"input_tokens":9,"cache_creation_input_tokens":4}`:             llmstream.TriNo,
		`{"input_tokens":9,"input_tokens_details":{"cached_tokens":4}}`:  llmstream.TriYes,
		`{"input_tokens":9,"cache_read_input_tokens":null,"x":{"y":[]}}`: llmstream.TriUnknown,
	} {
		var a llmstream.Accumulator
		p := llmstream.NewParser(llmstream.AnthropicMessages, &a, nil)
		p.Write([]byte(testkit.SSE(`{"type":"message_delta","delta":{},"usage":` + usage + `}`)))
		require.Equal(t, want, a.Usage().CachedInInput, usage)
	}
}

// Nothing is computed where the provider has not said whether one number is part of another.
func TestUsageArithmetic(t *testing.T) {
	all := llmstream.UsageInput | llmstream.UsageOutput | llmstream.UsageCached | llmstream.UsageCacheWrite | llmstream.UsageReasoning
	for _, c := range []struct {
		u                       llmstream.Usage
		total, uncached, output int64
		in, out                 bool
	}{
		{llmstream.Usage{}, 0, 0, 0, false, false},
		{llmstream.Usage{Input: 5, Output: 7, Reported: llmstream.UsageInput | llmstream.UsageOutput}, 5, 5, 7, true, true},
		{llmstream.Usage{Input: 5, Cached: 3, CacheWrite: 1, Output: 7, Reasoning: 2, CachedInInput: llmstream.TriYes, ReasoningInOutput: llmstream.TriYes, Reported: all}, 5, 2, 7, true, true},
		{llmstream.Usage{Input: 5, Cached: 3, CacheWrite: 1, Output: 7, Reasoning: 2, CachedInInput: llmstream.TriNo, ReasoningInOutput: llmstream.TriNo, Reported: all}, 9, 6, 9, true, true},
		{llmstream.Usage{Input: 5, Cached: 3, Output: 7, Reasoning: 2, Reported: all}, 0, 0, 0, false, false},
	} {
		total, in := c.u.InputTotal()
		require.Equal(t, c.in, in)
		uncached, in := c.u.InputUncached()
		require.Equal(t, c.in, in)
		output, out := c.u.OutputTotal()
		require.Equal(t, c.out, out)
		if c.in {
			require.Equal(t, [2]int64{c.total, c.uncached}, [2]int64{total, uncached})
		}
		require.Equal(t, c.output, output)
	}
}
