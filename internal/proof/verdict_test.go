package proof

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// The verdict

// Each case is read whole and byte by byte, with several masks of Kinds, with an
// event handler and without the fast path: the outcome is the same.
func TestOutcomeTellsHowAStreamEnded(t *testing.T) {
	args := func(piece string) string {
		return calls(`{"index":0,"id":"c","function":{"name":"f","arguments":"` + piece + `"}}`)
	}
	for _, c := range []struct {
		name, body string
		cause      error
		want       llmstream.State
		is         []error // what errors.Is finds in Err; none: Err is nil
	}{
		{"finish and end marker", testkit.Whole, nil, llmstream.StateComplete, nil},
		{"finish alone", testkit.SSE(says("hi"), testkit.Stops), nil, llmstream.StateComplete, nil},
		{"end marker alone", testkit.SSE(says("hi"), "[DONE]"), nil, llmstream.StateComplete, nil},
		{"finish in the first event", testkit.SSE(chunk(`"index":0,"delta":{"content":"x"},"finish_reason":"length"`)), nil, llmstream.StateComplete, nil}, // C-27
		{"io.EOF is the ordinary end", testkit.Whole, io.EOF, llmstream.StateComplete, nil},
		{"a late transport error", testkit.Whole, io.ErrUnexpectedEOF, llmstream.StateComplete, nil},
		{"a late transport error behind a finish", testkit.SSE(says("hi"), testkit.Stops), errBoom, llmstream.StateComplete, nil},
		{"every choice has its finish", testkit.SSE(`{"choices":[{"index":0,"finish_reason":"stop"},{"index":1,"finish_reason":"length"}]}`), nil, llmstream.StateComplete, nil},

		{"one choice has none", testkit.SSE(`{"choices":[{"index":0,"finish_reason":"stop"},{"index":1,"delta":{"content":"x"}}]}`), nil, llmstream.StateTruncated, []error{llmstream.ErrTruncated}},
		{"neither finish nor marker", testkit.SSE(says("hi")), nil, llmstream.StateTruncated, []error{llmstream.ErrTruncated, io.ErrUnexpectedEOF}},                                          // E-08
		{"an empty finish reason does not count", testkit.SSE(says("hi"), chunk(`"index":0,"delta":{},"finish_reason":""`)), nil, llmstream.StateTruncated, []error{llmstream.ErrTruncated}}, // C-07
		{"a finish that is a word for none", testkit.SSE(says("hi"), chunk(`"index":0,"delta":{},"finish_reason":"null"`)), nil, llmstream.StateTruncated, []error{llmstream.ErrTruncated}},
		{"a transport error", testkit.SSE(says("hi")), errBoom, llmstream.StateTruncated, []error{llmstream.ErrTruncated, io.ErrUnexpectedEOF, errBoom}}, // E-09
		{"a transport error in the first field's name", "dat", errBoom, llmstream.StateTruncated, []error{llmstream.ErrTruncated, errBoom}},
		{"the first field's name breaks off", "dat", nil, llmstream.StateTruncated, []error{llmstream.ErrTruncated, io.ErrUnexpectedEOF}},
		{"a transport error first of all", "", errBoom, llmstream.StateTruncated, []error{llmstream.ErrTruncated, errBoom}},
		{"an unfinished event", "data: {\"choices\":[{\"ind", nil, llmstream.StateTruncated, []error{llmstream.ErrTruncated}},
		{"an open tool call at the marker", testkit.SSE(args(`{\"a\":`), "[DONE]"), nil, llmstream.StateTruncated, []error{llmstream.ErrTruncated}}, // T-19
		{"a whole tool call at the marker", testkit.SSE(args(`{}`), "[DONE]"), nil, llmstream.StateComplete, nil},
		{"a finish closes a tool call", testkit.SSE(args(`{\"a\":`), chunk(`"index":0,"finish_reason":"length"`)), nil, llmstream.StateComplete, nil},
		{"the marker inside a text is none", testkit.SSE(says("data: [DONE]"), says("[DONE]")), nil, llmstream.StateTruncated, []error{llmstream.ErrTruncated}}, // F-21

		{"a provider's error", testkit.SSE(says("hi"), `{"error":{"message":"quota"}}`), nil, llmstream.StateError, nil}, // E-01
		{"and behind it the marker", testkit.SSE(`{"error":{"message":"quota"}}`, "[DONE]"), nil, llmstream.StateError, nil},
		{"and the connection fails too", testkit.SSE(`{"error":{"message":"quota"}}`), errBoom, llmstream.StateError, []error{errBoom}},
		{"and the caller gives up", testkit.SSE(`{"error":{"message":"quota"}}`), context.Canceled, llmstream.StateError, []error{context.Canceled}},
		{"an error behind the marker", testkit.SSE(says("hi"), testkit.Stops, "[DONE]", `{"error":{"message":"late"}}`), nil, llmstream.StateComplete, nil}, // F-22

		{"nothing", "", nil, llmstream.StateEmpty, []error{llmstream.ErrEmpty}}, // E-12
		{"blank lines", "\n\r\n\r\n", nil, llmstream.StateEmpty, []error{llmstream.ErrEmpty}},
		{"white space", "\n  \n\t\n", nil, llmstream.StateEmpty, []error{llmstream.ErrEmpty}}, // F-26
		{"a line of white space and then text, which may be cut", ": c\n\n         text\n", nil, llmstream.StateEmpty, []error{llmstream.ErrEmpty}},
		{"a comment that has not ended", ": ping", nil, llmstream.StateEmpty, []error{llmstream.ErrEmpty}},
		{"comments", ": ping\n\n: ping\n\n", nil, llmstream.StateEmpty, []error{llmstream.ErrEmpty}},
		{"pings", testkit.SSE("", `{"type":"ping"}`, ": keepalive"), nil, llmstream.StateEmpty, []error{llmstream.ErrEmpty}},
		{"the marker alone", testkit.SSE("[DONE]"), nil, llmstream.StateEmpty, []error{llmstream.ErrEmpty}},
		{"the marker alone and a late transport error", testkit.SSE("[DONE]"), errBoom, llmstream.StateEmpty, []error{llmstream.ErrEmpty}},
		{"no choices", testkit.SSE(`{"id":"a","choices":[]}`, "[DONE]"), nil, llmstream.StateEmpty, []error{llmstream.ErrEmpty}},
		{"no choices, and a line that is none of an event's", testkit.SSE(`{"choices":[]}`) + "text\n\n", nil, llmstream.StateEmpty, []error{llmstream.ErrEmpty}},
		{"no choices in JSON null", testkit.SSE(`{"choices":null}`, `{"choices":[null,1]}`), nil, llmstream.StateEmpty, []error{llmstream.ErrEmpty}}, // C-28

		{"gzip", "\x1f\x8b\x08\x00data: x\n\n", nil, llmstream.StateNotStream, []error{llmstream.ErrNotStream, llmstream.ErrCompressed}}, // F-29
		{"zstd", "\x28\xb5\x2f\xfd\x00\x01\x02", nil, llmstream.StateNotStream, []error{llmstream.ErrNotStream, llmstream.ErrCompressed}},
		{"plain text", "upstream connect error\n", nil, llmstream.StateNotStream, []error{llmstream.ErrNotStream}}, // E-11
		{"plain text without an end of its line", "upstream connect error", nil, llmstream.StateNotStream, []error{llmstream.ErrNotStream}},
		{"plain text that is a field's name", "error\n", nil, llmstream.StateNotStream, []error{llmstream.ErrNotStream}}, // F-33, F-37
		{"plain text that may be cut", "upstream connect error\n", errBoom, llmstream.StateTruncated, []error{llmstream.ErrTruncated, errBoom}},
		{"a JSON body that is no answer", `{"object":"list","data":[]}`, nil, llmstream.StateNotStream, []error{llmstream.ErrNotStream}}, // F-26
		{"an empty array", `[]`, nil, llmstream.StateNotStream, []error{llmstream.ErrNotStream}},

		{"given up", testkit.SSE(says("hi")), context.Canceled, llmstream.StateStopped, []error{llmstream.ErrStopped, context.Canceled}},
		{"given up by a wrapped error", testkit.SSE(says("hi")), fmt.Errorf("read: %w", context.Canceled), llmstream.StateStopped, []error{llmstream.ErrStopped, context.Canceled}},
		{"out of time", testkit.SSE(says("hi")), context.DeadlineExceeded, llmstream.StateStopped, []error{llmstream.ErrStopped, context.DeadlineExceeded}},
		{"stopped", testkit.SSE(says("hi")), llmstream.ErrStopped, llmstream.StateStopped, []error{llmstream.ErrStopped}},
		{"given up first of all", "", context.Canceled, llmstream.StateStopped, []error{llmstream.ErrStopped, context.Canceled}},
		{"given up behind a marker with no answer", testkit.SSE("[DONE]"), context.Canceled, llmstream.StateStopped, []error{llmstream.ErrStopped, context.Canceled}},
		{"given up behind the end", testkit.Whole, context.Canceled, llmstream.StateComplete, nil},
		{"stopped behind a finish", testkit.SSE(says("hi"), testkit.Stops), llmstream.ErrStopped, llmstream.StateComplete, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var first llmstream.Outcome
			for i, o := range []*llmstream.Options{nil, {Kinds: llmstream.KindContent}, {Kinds: llmstream.KindDone}, {Kinds: 1 << 31}, {Events: &eventLog{}}, {NoFastPath: true}} {
				for _, bytewise := range []bool{false, true} {
					p := llmstream.NewParser(llmstream.OpenAIChat, nil, o)
					var cuts []int
					for k := 1; bytewise && k < len(c.body); k++ {
						cuts = append(cuts, k)
					}
					testkit.WriteCut(t, p.Write, c.body, cuts...)
					require.Equal(t, llmstream.StateOpen, p.Outcome().State)
					err := p.CloseWithError(c.cause)
					got := p.Outcome()
					require.Equal(t, c.want, got.State)
					require.Equal(t, err, got.Err())
					if c.want == llmstream.StateComplete {
						require.NoError(t, err)
					} else {
						require.Error(t, err)
					}
					for _, target := range c.is {
						require.ErrorIs(t, err, target)
					}
					if i == 0 && !bytewise {
						first = got
					}
					require.Equal(t, first, got)
				}
			}
		})
	}
}

func TestOutcomeOfAHandlersError(t *testing.T) {
	for _, c := range []struct {
		at   llmstream.Kind
		body string
		want llmstream.State
	}{
		{llmstream.KindContent, testkit.Whole, llmstream.StateStopped},
		{llmstream.KindDone, testkit.Whole, llmstream.StateStopped}, // behind completeness: what the handler was to get is lost all the same
		{llmstream.KindError, testkit.SSE(`{"error":{"message":"quota"}}`), llmstream.StateError},
	} {
		p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
			if d.Kind == c.at {
				return errBoom
			}
			return nil
		}), nil)
		_, err := p.Write([]byte(c.body))
		require.Equal(t, errBoom, err)
		err = p.Close()
		require.Equal(t, c.want, p.Outcome().State, "%v", c.at)
		require.ErrorIs(t, err, errBoom)
	}
}

func TestOutcomeErrHoldsTypedErrors(t *testing.T) {
	var api *llmstream.APIError
	_, o := push(llmstream.OpenAIChat, nil, testkit.SSE(says("x"), `{"error":{"message":"slow down","type":"rate_limit_error","code":429},"request_id":"r1"}`))
	require.ErrorAs(t, o.Err(), &api)
	require.Equal(t, "slow down", api.Message)
	require.Equal(t, "rate_limit_error", api.Type)
	require.Equal(t, 429, api.Status)
	require.Equal(t, "r1", api.RequestID)
	require.True(t, api.Delivered) // E-06
	require.True(t, api.Retryable())
	require.Contains(t, string(api.Raw), "slow down")

	var syntax *llmstream.SyntaxError
	_, o = push(llmstream.OpenAIChat, nil, testkit.SSE(says("x"), `{"choices":[}`, "[DONE]"))
	require.Equal(t, llmstream.StateComplete, o.State)
	require.ErrorAs(t, o.Err(), &syntax) // complete, but not undamaged
	require.Equal(t, llmstream.SyntaxError{Event: 2, Offset: 12, Length: 13, Err: syntax.Err}, *syntax)

	var limit *llmstream.LimitError
	_, o = push(llmstream.OpenAIChat, &llmstream.Options{MaxEvent: 100}, testkit.SSE(strings.Repeat("x", 101), says("x"), testkit.Stops))
	require.ErrorAs(t, o.Err(), &limit)
	require.Equal(t, llmstream.LimitError{Limit: "MaxEvent", Max: 100}, *limit)
	require.ErrorAs(t, o.Err(), &syntax)

	var dialect *llmstream.DialectError
	_, o = push(llmstream.OpenAIChat, nil, testkit.SSE(`{"candidates":[]}`))
	require.ErrorAs(t, o.Err(), &dialect)
}

// What a stream is in tells so to a parser of any other dialect (C-24, W-10).
func TestWrongDialectIsNamed(t *testing.T) {
	for _, c := range []struct{ looks, body string }{
		{"anthropic-messages", "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}\n\n"},
		{"openai-responses", "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n\n"},
		{"gemini", testkit.SSE(`{"candidates":[{"content":{"parts":[{"text":"x"}]}}]}`)},
		{"gemini", `[{"candidates":[{"content":{"parts":[{"text":"x"}]}}]}`},
		{"openai-chat", testkit.SSE(says("x"))},
	} {
		for i := range dialect.Table {
			d := llmstream.Dialect(i)
			looks, _ := llmstream.ParseDialect(c.looks)
			if d == looks || d == llmstream.Auto || dialect.ID(d).Accepts(dialect.ID(looks)) {
				continue
			}
			var l lines
			p := llmstream.NewParser(d, &l, nil)
			body := c.body + testkit.SSE(says("swallowed"))
			n, err := p.Write([]byte(body))
			require.Equal(t, len(body), n)
			require.NoError(t, err)
			n, err = p.Write([]byte("more"))
			require.Equal(t, 4, n)
			require.NoError(t, err)
			var e *llmstream.DialectError
			require.ErrorAs(t, p.Close(), &e)
			require.Equal(t, llmstream.DialectError{Want: d, Got: looks}, *e)
			require.Equal(t, llmstream.StateNotStream, p.Outcome().State)
			require.Equal(t, lines{"other"}, l)
		}
	}
}

func TestOutcomeCountsAsItGoes(t *testing.T) {
	p := llmstream.NewParser(llmstream.OpenAIChat, nil, nil)
	p.Write([]byte(": c\n\n" + testkit.SSE(says("x"), "null", "", `{"choices":[}`) + "data: {"))
	o := p.Outcome()
	require.Equal(t, llmstream.StateOpen, o.State)
	require.NoError(t, func() error { o := o; o.Damage = nil; return o.Err() }())
	require.Equal(t, []int64{4, 1, 2, 1}, []int64{o.Events, o.Anomalies.Malformed, o.Anomalies.Skipped.Total(), o.Comments})
	require.Equal(t, llmstream.SkippedEvents{Empty: 1, NotObject: 1}, o.Anomalies.Skipped)
	require.True(t, o.Delivered)
	require.Equal(t, llmstream.WireSSE, o.Wire)
	p.Close()
	require.Equal(t, len("data: {"), p.Outcome().Anomalies.PendingBytes)
	o.Choices[0].Index = 9
	require.Zero(t, p.Outcome().Choices[0].Index)
}

func TestOutcomeLogsNoContent(t *testing.T) {
	var log bytes.Buffer
	_, o := push(llmstream.OpenAIChat, nil, testkit.SSE(says("secret"), `{"secret":}`, `{"error":{"message":"secret","type":"t","code":"c"}}`)+"data: {\"secret")
	slog.New(slog.NewTextHandler(&log, nil)).Info("ended", "outcome", o)
	require.NotContains(t, log.String(), "secret") // J-07
	require.Contains(t, log.String(), "outcome.state=error")
	require.Contains(t, log.String(), "outcome.error_type=t")
	require.Contains(t, log.String(), "outcome.malformed=1")
}

func TestErrorsIsAndAs(t *testing.T) {
	require.ErrorIs(t, llmstream.ErrTruncated, io.ErrUnexpectedEOF)
	require.NotErrorIs(t, llmstream.ErrEmpty, io.ErrUnexpectedEOF)
	err := llmstream.Outcome{State: llmstream.StateTruncated, Cause: errBoom, Damage: &llmstream.SyntaxError{Err: &llmstream.LimitError{Limit: "MaxLine", Max: 1}}}.Err()
	several, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok)
	require.Len(t, several.Unwrap(), 3)
	require.True(t, errors.As(err, new(*llmstream.LimitError)))
}
