package llmstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

func TestOutcomeErr(t *testing.T) {
	damaged := &SyntaxError{Event: 1, Err: &LimitError{"MaxEvent", 5}}
	api := &APIError{Message: "no"}
	for _, c := range []struct {
		name   string
		o      Outcome
		is     []error
		isNot  []error
		single bool
	}{
		{"complete", Outcome{State: StateComplete}, nil, nil, true},
		{"complete, the connection failed behind it", Outcome{State: StateComplete, Cause: errBoom}, nil, nil, true},
		{"complete and damaged", Outcome{State: StateComplete, Cause: errBoom, Damage: damaged}, []error{damaged}, []error{errBoom, ErrTruncated}, true},
		{"truncated", Outcome{State: StateTruncated}, []error{ErrTruncated, io.ErrUnexpectedEOF}, []error{ErrEmpty, io.EOF}, true},
		{"truncated by a cause", Outcome{State: StateTruncated, Cause: errBoom}, []error{ErrTruncated, io.ErrUnexpectedEOF, errBoom}, nil, false},
		{"empty", Outcome{State: StateEmpty}, []error{ErrEmpty}, []error{io.ErrUnexpectedEOF}, true},
		{"no stream", Outcome{State: StateNotStream}, []error{ErrNotStream}, []error{ErrCompressed}, true},
		{"compressed", Outcome{State: StateNotStream, Cause: ErrCompressed}, []error{ErrNotStream, ErrCompressed}, nil, false},
		{"stopped", Outcome{State: StateStopped}, []error{ErrStopped}, []error{context.Canceled}, true},
		{"cancelled", Outcome{State: StateStopped, Cause: context.Canceled}, []error{ErrStopped, context.Canceled}, []error{ErrTruncated}, false},
		{"an error", Outcome{State: StateError, APIError: api}, []error{api}, []error{ErrTruncated}, true},
		{"all at once", Outcome{State: StateError, APIError: api, Cause: errBoom, Damage: damaged}, []error{api, errBoom, damaged}, nil, false},
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
	var limit *LimitError
	require.ErrorAs(t, Outcome{State: StateComplete, Damage: damaged}.Err(), &limit)
}

func TestStateString(t *testing.T) {
	var names []string
	for s := StateOpen; s <= StateStopped; s++ {
		names = append(names, s.String())
	}
	require.Equal(t, []string{"open", "complete", "truncated", "error", "empty", "not-a-stream", "stopped"}, names)
	require.Equal(t, "unknown", State(99).String())
	require.Equal(t, []string{"unknown", "sse", "json", "unknown"}, []string{WireUnknown.String(), WireSSE.String(), WireJSON.String(), Wire(99).String()})
}

func TestOutcomeLogValue(t *testing.T) {
	attrs := func(o Outcome) map[string]any {
		all := map[string]any{}
		for _, a := range o.LogValue().Group() {
			all[a.Key] = a.Value.Any()
		}
		return all
	}
	require.Equal(t, map[string]any{"state": "complete", "dialect": "openai-chat", "events": int64(3), "finish_reason": "stop"},
		attrs(Outcome{State: StateComplete, Dialect: OpenAIChat, Events: 3, Choices: []ChoiceOutcome{{FinishReason: FinishStop, NativeFinishReason: "secret"}}}))
	require.Equal(t, map[string]any{
		"state": "error", "dialect": "auto", "events": int64(0), "open_tool_calls": int64(1), "pending_bytes": int64(2), "malformed": int64(3), "skipped": int64(4), "unseparated": int64(5),
		"after_done": int64(6), "conflicts": int64(7), "error_type": "t", "error_code": "c", "delivered": true,
	}, attrs(Outcome{
		State: StateError, OpenToolCalls: 1, Delivered: true,
		Anomalies: Anomalies{PendingBytes: 2, Malformed: 3, Skipped: SkippedEvents{Empty: 1, KeepAlive: 3}, Unseparated: 5, AfterDone: 6, Conflicts: 7},
		APIError:  &APIError{Type: "t", Code: "c", Message: "secret", Raw: []byte("secret")},
	}))
	var _ slog.LogValuer = Outcome{}
}

func TestErrorTexts(t *testing.T) {
	for want, err := range map[string]error{
		"llmstream: stream ended before the answer was complete":                               ErrTruncated,
		"llmstream: cannot read event 2 at byte 3 of 4: more than MaxEvent allows: 5":          &SyntaxError{2, 3, 4, &LimitError{"MaxEvent", 5}},
		"llmstream: cannot read event 2 at byte 3 of 4: no key":                                &SyntaxError{2, 3, 4, fault.Reason("no key")},
		"llmstream: the stream is not openai-chat: it looks like gemini":                       &DialectError{OpenAIChat, "gemini"},
		"llmstream: the dialect of the stream is not known":                                    &DialectError{Auto, ""},
		"llmstream: the provider reported an error":                                            &APIError{},
		"llmstream: the provider reported an error: no":                                        &APIError{Message: "no"},
		"llmstream: the provider reported an error overloaded_error 529: busy":                 &APIError{Type: "overloaded_error", Code: "529", Status: 529, Message: "busy"},
		"llmstream: the provider reported an error server_error overloaded (status 503): busy": &APIError{Type: "server_error", Code: "overloaded", Status: 503, Message: "busy"},
	} {
		require.Equal(t, want, err.Error())
	}
	require.True(t, errors.Is(ErrTruncated, io.ErrUnexpectedEOF))
	require.False(t, errors.Is(ErrTruncated, io.EOF))
}

func TestRetryable(t *testing.T) {
	for _, c := range []struct {
		err  APIError
		want bool
	}{
		{APIError{}, false},
		{APIError{Type: "overloaded_error"}, true},
		{APIError{Type: "rate_limit_error"}, true},
		{APIError{Type: "engine_overloaded_error"}, true},
		{APIError{Code: "server_is_overloaded"}, true},
		{APIError{Code: "rate_limit_exceeded"}, true},
		{APIError{Code: "429"}, true},
		{APIError{Status: 408}, true},
		{APIError{Status: 429}, true},
		{APIError{Status: 500}, true},
		{APIError{Status: 529}, true},
		{APIError{Status: 400}, false},
		{APIError{Status: 401, Type: "authentication_error"}, false},
		{APIError{Type: "invalid_request_error", Code: "context_length_exceeded"}, false},
		{APIError{Message: "overloaded_error"}, false},
		{APIError{Type: "server_error", Delivered: true}, true}, // what was delivered is for the caller to weigh
	} {
		require.Equal(t, c.want, c.err.Retryable(), "%+v", c.err)
	}
}

// An outcome without details that says error is an error.
func TestErrOfABareState(t *testing.T) {
	require.EqualError(t, Outcome{State: StateError}.Err(), "llmstream: the provider reported an error")
}

func TestTriString(t *testing.T) {
	require.Equal(t, []string{"unknown", "yes", "no"}, []string{TriUnknown.String(), TriYes.String(), TriNo.String()})
}

// What a report lacks stays, the last word on the output counts (U-20), and a report past the
// limit stands alone, and so does the next one.
func TestOverlayOfReports(t *testing.T) {
	usage := func(members string) string {
		return `{"type":"message_delta","delta":{},"usage":{` + members + `}}`
	}
	large := `"input_tokens":1,"x":"` + strings.Repeat("x", decode.MaxUsageRaw) + `"`
	var a Accumulator
	p := NewParser(AnthropicMessages, &a, nil)
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

// Anthropic's cached tokens are none of the input, unless a gateway says that they are (U-09).
func TestCachedTokensOfAnthropic(t *testing.T) {
	for usage, want := range map[string]Tri{
		`{"input_tokens":9,"cache_read_input_tokens":4}`:                 TriNo,
		`{"input_tokens":9,"cache_creation_input_tokens":4}`:             TriNo,
		`{"input_tokens":9,"input_tokens_details":{"cached_tokens":4}}`:  TriYes,
		`{"input_tokens":9,"cache_read_input_tokens":null,"x":{"y":[]}}`: TriUnknown,
	} {
		var a Accumulator
		p := NewParser(AnthropicMessages, &a, nil)
		p.Write([]byte(testkit.SSE(`{"type":"message_delta","delta":{},"usage":` + usage + `}`)))
		require.Equal(t, want, a.Usage().CachedInInput, usage)
	}
}

// Nothing is computed where the provider has not said whether one number is part of another.
func TestUsageArithmetic(t *testing.T) {
	all := UsageInput | UsageOutput | UsageCached | UsageCacheWrite | UsageReasoning
	for _, c := range []struct {
		u                       Usage
		total, uncached, output int64
		in, out                 bool
	}{
		{Usage{}, 0, 0, 0, false, false},
		{Usage{Input: 5, Output: 7, Reported: UsageInput | UsageOutput}, 5, 5, 7, true, true},
		{Usage{Input: 5, Cached: 3, CacheWrite: 1, Output: 7, Reasoning: 2, CachedInInput: TriYes, ReasoningInOutput: TriYes, Reported: all}, 5, 2, 7, true, true},
		{Usage{Input: 5, Cached: 3, CacheWrite: 1, Output: 7, Reasoning: 2, CachedInInput: TriNo, ReasoningInOutput: TriNo, Reported: all}, 9, 6, 9, true, true},
		{Usage{Input: 5, Cached: 3, Output: 7, Reasoning: 2, Reported: all}, 0, 0, 0, false, false},
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

// eventLog writes down events and comments, a line each. It is a [CommentHandler].
type eventLog struct {
	lines []string
	fail  func(line string) error
}

func (l *eventLog) HandleEvent(e *Event) error {
	line := fmt.Sprintf("%s|%s|%s", e.Type, e.Data, e.ID)
	if e.Retry >= 0 {
		line += fmt.Sprintf("|%d", e.Retry)
	}
	return l.add(line)
}

func (l *eventLog) HandleComment(comment []byte) error { return l.add(":" + string(comment)) }

func (l *eventLog) add(line string) error {
	l.lines = append(l.lines, line)
	if l.fail != nil {
		return l.fail(line)
	}
	return nil
}

// A comment past a limit is counted. It is not shown, and not shown as an empty one.
func TestLongCommentsAreNotShown(t *testing.T) {
	var log eventLog
	p := NewParser(OpenAIChat, nil, &Options{MaxLine: 200, Events: &log})
	p.Write([]byte(":" + strings.Repeat("x", 300) + "\n:short\n\n" + whole))
	require.NoError(t, p.Close())
	require.EqualValues(t, 2, p.Outcome().Comments)
	require.Equal(t, ":short", log.lines[0])
	require.Len(t, log.lines, 4)
}
