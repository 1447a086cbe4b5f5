package llmstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/seed-4d65deac/llmstream/internal/wire"
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
		want       State
		is         []error // what errors.Is finds in Err; none: Err is nil
	}{
		{"finish and end marker", whole, nil, StateComplete, nil},
		{"finish alone", testkit.SSE(says("hi"), stops), nil, StateComplete, nil},
		{"end marker alone", testkit.SSE(says("hi"), "[DONE]"), nil, StateComplete, nil},
		{"finish in the first event", testkit.SSE(chunk(`"index":0,"delta":{"content":"x"},"finish_reason":"length"`)), nil, StateComplete, nil}, // C-27
		{"io.EOF is the ordinary end", whole, io.EOF, StateComplete, nil},
		{"a late transport error", whole, io.ErrUnexpectedEOF, StateComplete, nil},
		{"a late transport error behind a finish", testkit.SSE(says("hi"), stops), errBoom, StateComplete, nil},
		{"every choice has its finish", testkit.SSE(`{"choices":[{"index":0,"finish_reason":"stop"},{"index":1,"finish_reason":"length"}]}`), nil, StateComplete, nil},

		{"one choice has none", testkit.SSE(`{"choices":[{"index":0,"finish_reason":"stop"},{"index":1,"delta":{"content":"x"}}]}`), nil, StateTruncated, []error{ErrTruncated}},
		{"neither finish nor marker", testkit.SSE(says("hi")), nil, StateTruncated, []error{ErrTruncated, io.ErrUnexpectedEOF}},                            // E-08
		{"an empty finish is none", testkit.SSE(says("hi"), chunk(`"index":0,"delta":{},"finish_reason":""`)), nil, StateTruncated, []error{ErrTruncated}}, // C-07
		{"a finish that is a word for none", testkit.SSE(says("hi"), chunk(`"index":0,"delta":{},"finish_reason":"null"`)), nil, StateTruncated, []error{ErrTruncated}},
		{"a transport error", testkit.SSE(says("hi")), errBoom, StateTruncated, []error{ErrTruncated, io.ErrUnexpectedEOF, errBoom}}, // E-09
		{"a transport error in the first field's name", "dat", errBoom, StateTruncated, []error{ErrTruncated, errBoom}},
		{"the first field's name breaks off", "dat", nil, StateTruncated, []error{ErrTruncated, io.ErrUnexpectedEOF}},
		{"a transport error first of all", "", errBoom, StateTruncated, []error{ErrTruncated, errBoom}},
		{"an unfinished event", "data: {\"choices\":[{\"ind", nil, StateTruncated, []error{ErrTruncated}},
		{"an open tool call at the marker", testkit.SSE(args(`{\"a\":`), "[DONE]"), nil, StateTruncated, []error{ErrTruncated}}, // T-19
		{"a whole tool call at the marker", testkit.SSE(args(`{}`), "[DONE]"), nil, StateComplete, nil},
		{"a finish closes a tool call", testkit.SSE(args(`{\"a\":`), chunk(`"index":0,"finish_reason":"length"`)), nil, StateComplete, nil},
		{"the marker inside a text is none", testkit.SSE(says("data: [DONE]"), says("[DONE]")), nil, StateTruncated, []error{ErrTruncated}}, // F-21

		{"a provider's error", testkit.SSE(says("hi"), `{"error":{"message":"quota"}}`), nil, StateError, nil}, // E-01
		{"and behind it the marker", testkit.SSE(`{"error":{"message":"quota"}}`, "[DONE]"), nil, StateError, nil},
		{"and the connection fails too", testkit.SSE(`{"error":{"message":"quota"}}`), errBoom, StateError, []error{errBoom}},
		{"and the caller gives up", testkit.SSE(`{"error":{"message":"quota"}}`), context.Canceled, StateError, []error{context.Canceled}},
		{"an error behind the marker", testkit.SSE(says("hi"), stops, "[DONE]", `{"error":{"message":"late"}}`), nil, StateComplete, nil}, // F-22

		{"nothing", "", nil, StateEmpty, []error{ErrEmpty}}, // E-12
		{"blank lines", "\n\r\n\r\n", nil, StateEmpty, []error{ErrEmpty}},
		{"white space", "\n  \n\t\n", nil, StateEmpty, []error{ErrEmpty}}, // F-26
		{"a line of white space and then text, which may be cut", ": c\n\n         text\n", nil, StateEmpty, []error{ErrEmpty}},
		{"a comment that has not ended", ": ping", nil, StateEmpty, []error{ErrEmpty}},
		{"comments", ": ping\n\n: ping\n\n", nil, StateEmpty, []error{ErrEmpty}},
		{"pings", testkit.SSE("", `{"type":"ping"}`, ": keepalive"), nil, StateEmpty, []error{ErrEmpty}},
		{"the marker alone", testkit.SSE("[DONE]"), nil, StateEmpty, []error{ErrEmpty}},
		{"the marker alone and a late transport error", testkit.SSE("[DONE]"), errBoom, StateEmpty, []error{ErrEmpty}},
		{"no choices", testkit.SSE(`{"id":"a","choices":[]}`, "[DONE]"), nil, StateEmpty, []error{ErrEmpty}},
		{"no choices, and a line that is none of an event's", testkit.SSE(`{"choices":[]}`) + "text\n\n", nil, StateEmpty, []error{ErrEmpty}},
		{"no choices in JSON null", testkit.SSE(`{"choices":null}`, `{"choices":[null,1]}`), nil, StateEmpty, []error{ErrEmpty}}, // C-28

		{"gzip", "\x1f\x8b\x08\x00data: x\n\n", nil, StateNotStream, []error{ErrNotStream, ErrCompressed}}, // F-29
		{"zstd", "\x28\xb5\x2f\xfd\x00\x01\x02", nil, StateNotStream, []error{ErrNotStream, ErrCompressed}},
		{"plain text", "upstream connect error\n", nil, StateNotStream, []error{ErrNotStream}}, // E-11
		{"plain text without an end of its line", "upstream connect error", nil, StateNotStream, []error{ErrNotStream}},
		{"plain text that is a field's name", "error\n", nil, StateNotStream, []error{ErrNotStream}}, // F-33, F-37
		{"plain text that may be cut", "upstream connect error\n", errBoom, StateTruncated, []error{ErrTruncated, errBoom}},
		{"a JSON body that is no answer", `{"object":"list","data":[]}`, nil, StateNotStream, []error{ErrNotStream}}, // F-26
		{"an empty array", `[]`, nil, StateNotStream, []error{ErrNotStream}},

		{"given up", testkit.SSE(says("hi")), context.Canceled, StateStopped, []error{ErrStopped, context.Canceled}},
		{"given up by a wrapped error", testkit.SSE(says("hi")), fmt.Errorf("read: %w", context.Canceled), StateStopped, []error{ErrStopped, context.Canceled}},
		{"out of time", testkit.SSE(says("hi")), context.DeadlineExceeded, StateStopped, []error{ErrStopped, context.DeadlineExceeded}},
		{"stopped", testkit.SSE(says("hi")), ErrStopped, StateStopped, []error{ErrStopped}},
		{"given up first of all", "", context.Canceled, StateStopped, []error{ErrStopped, context.Canceled}},
		{"given up behind a marker with no answer", testkit.SSE("[DONE]"), context.Canceled, StateStopped, []error{ErrStopped, context.Canceled}},
		{"given up behind the end", whole, context.Canceled, StateComplete, nil},
		{"stopped behind a finish", testkit.SSE(says("hi"), stops), ErrStopped, StateComplete, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var first Outcome
			for i, o := range []*Options{nil, {Kinds: KindContent}, {Kinds: KindDone}, {Kinds: 1 << 31}, {Events: &eventLog{}}, {NoFastPath: true}} {
				for _, bytewise := range []bool{false, true} {
					p := NewParser(OpenAIChat, nil, o)
					var cuts []int
					for k := 1; bytewise && k < len(c.body); k++ {
						cuts = append(cuts, k)
					}
					testkit.WriteCut(t, p.Write, c.body, cuts...)
					require.Equal(t, StateOpen, p.Outcome().State)
					err := p.CloseWithError(c.cause)
					got := p.Outcome()
					require.Equal(t, c.want, got.State)
					require.Equal(t, err, got.Err())
					if c.want == StateComplete {
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
		at   Kind
		body string
		want State
	}{
		{KindContent, whole, StateStopped},
		{KindDone, whole, StateStopped}, // behind completeness: what the handler was to get is lost all the same
		{KindError, testkit.SSE(`{"error":{"message":"quota"}}`), StateError},
	} {
		p := NewParser(OpenAIChat, HandlerFunc(func(d *Delta) error {
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
	var api *APIError
	_, o := push(OpenAIChat, nil, testkit.SSE(says("x"), `{"error":{"message":"slow down","type":"rate_limit_error","code":429},"request_id":"r1"}`))
	require.ErrorAs(t, o.Err(), &api)
	require.Equal(t, "slow down", api.Message)
	require.Equal(t, "rate_limit_error", api.Type)
	require.Equal(t, 429, api.Status)
	require.Equal(t, "r1", api.RequestID)
	require.True(t, api.Delivered) // E-06
	require.True(t, api.Retryable())
	require.Contains(t, string(api.Raw), "slow down")

	var syntax *SyntaxError
	_, o = push(OpenAIChat, nil, testkit.SSE(says("x"), `{"choices":[}`, "[DONE]"))
	require.Equal(t, StateComplete, o.State)
	require.ErrorAs(t, o.Err(), &syntax) // complete, but not undamaged
	require.Equal(t, SyntaxError{Event: 2, Offset: 12, Length: 13, Err: syntax.Err}, *syntax)

	var limit *LimitError
	_, o = push(OpenAIChat, &Options{MaxEvent: 100}, testkit.SSE(strings.Repeat("x", 101), says("x"), stops))
	require.ErrorAs(t, o.Err(), &limit)
	require.Equal(t, LimitError{"MaxEvent", 100}, *limit)
	require.ErrorAs(t, o.Err(), &syntax)

	var dialect *DialectError
	_, o = push(OpenAIChat, nil, testkit.SSE(`{"candidates":[]}`))
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
			d := Dialect(i)
			if looks, _ := ParseDialect(c.looks); d == looks || d == Auto || dialect.ID(d).Accepts(dialect.ID(looks)) {
				continue
			}
			var l lines
			p := NewParser(d, &l, nil)
			body := c.body + testkit.SSE(says("swallowed"))
			n, err := p.Write([]byte(body))
			require.Equal(t, len(body), n)
			require.NoError(t, err)
			n, err = p.Write([]byte("more"))
			require.Equal(t, 4, n)
			require.NoError(t, err)
			var e *DialectError
			require.ErrorAs(t, p.Close(), &e)
			require.Equal(t, DialectError{Want: d, Looks: c.looks}, *e)
			require.Equal(t, StateNotStream, p.Outcome().State)
			require.Equal(t, lines{"other"}, l)
		}
	}
}

func TestOutcomeCountsAsItGoes(t *testing.T) {
	p := NewParser(OpenAIChat, nil, nil)
	p.Write([]byte(": c\n\n" + testkit.SSE(says("x"), "null", "", `{"choices":[}`) + "data: {"))
	o := p.Outcome()
	require.Equal(t, StateOpen, o.State)
	require.NoError(t, func() error { o := o; o.Damage = nil; return o.Err() }())
	require.Equal(t, []int64{4, 1, 2, 1}, []int64{o.Events, o.Anomalies.Malformed, o.Anomalies.Skipped.Total(), o.Comments})
	require.Equal(t, SkippedEvents{Empty: 1, NotObject: 1}, o.Anomalies.Skipped)
	require.True(t, o.Delivered)
	require.Equal(t, WireSSE, o.Wire)
	p.Close()
	require.Equal(t, len("data: {"), p.Outcome().Anomalies.PendingBytes)
	o.Choices[0].Index = 9
	require.Zero(t, p.Outcome().Choices[0].Index)
}

func TestOutcomeLogsNoContent(t *testing.T) {
	var log bytes.Buffer
	_, o := push(OpenAIChat, nil, testkit.SSE(says("secret"), `{"secret":}`, `{"error":{"message":"secret","type":"t","code":"c"}}`)+"data: {\"secret")
	slog.New(slog.NewTextHandler(&log, nil)).Info("ended", "outcome", o)
	require.NotContains(t, log.String(), "secret") // J-07
	require.Contains(t, log.String(), "outcome.state=error")
	require.Contains(t, log.String(), "outcome.error_type=t")
	require.Contains(t, log.String(), "outcome.malformed=1")
}

// Promptness and the end

func TestOnlyCloseAddsWhatNoByteCanBring(t *testing.T) {
	for _, c := range []struct {
		name, body string
		before     int   // deltas that Write gives
		added      lines // those that Close adds
	}{
		{"nothing", whole, 3, nil},
		{"an unfinished last event", testkit.SSE(says("a")) + "data: " + stops, 1, lines{"finish stop(stop)"}}, // F-19
		{"half of a pair in the content", testkit.SSE(says(`a\ud83d`), stops, "[DONE]"), 3, lines{"content \uFFFD"}},
		{"half of a pair in a refusal", testkit.SSE(chunk(`"delta":{"refusal":"\ud83d"}`)), 1, lines{"refusal \uFFFD"}},
		{"half of a pair in reasoning", testkit.SSE(chunk(`"delta":{"reasoning":"a\ud83d"}`)), 1, lines{"reasoning \uFFFD"}},
		{"the end of tool calls without a marker", testkit.SSE(calls(`{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}`), stops), 2, lines{"tool_call_end #0 valid"}},
		{"a text that no blank line has ended", testkit.SSE(says("a")) + "<html>oh no", 1, lines{"error <html>oh no"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l lines
			p := NewParser(OpenAIChat, &l, nil)
			p.Write([]byte(c.body))
			require.Len(t, l, c.before, "%v", l)
			l = nil
			p.Close()
			require.Equal(t, c.added, l)
			l = nil
			p.Close()
			require.Empty(t, l)
		})
	}
}

// A body that is JSON gives its deltas with its last byte, not at Close.
func TestParserIsPromptWithJSON(t *testing.T) {
	var l lines
	p := NewParser(OpenAIChat, &l, nil)
	body := `{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}`
	for i := range len(body) {
		require.Empty(t, l)
		p.Write([]byte{body[i]})
	}
	require.Equal(t, lines{"content x", "finish stop(stop)"}, l)
}

// F-19
func TestLastEventWithoutABlankLine(t *testing.T) {
	first := testkit.SSE(says("a"))
	for _, c := range []struct {
		name, rest   string
		want         lines
		unterminated bool
		pending      int
		state        State
	}{
		{"none", "", nil, false, 0, StateTruncated},
		{"no newline", "data: " + stops, lines{"finish stop(stop)"}, true, 0, StateComplete},
		{"one newline", "data: " + stops + "\n", lines{"finish stop(stop)"}, true, 0, StateComplete},
		{"CRLF", "data: " + stops + "\r\n", lines{"finish stop(stop)"}, true, 0, StateComplete},
		{"the marker", "data: [DONE]", lines{"done"}, true, 0, StateComplete}, // F-40
		{"the marker and spaces", "data:  [DONE] \n", lines{"done"}, true, 0, StateComplete},
		{"half an object", "data: {\"choices\":[", nil, false, len("data: {\"choices\":["), StateTruncated},
		{"a whole one and the marker", "data: " + stops + "\ndata: [DONE]", lines{"finish stop(stop)", "done"}, true, 0, StateComplete},
		{"a whole one and half an object", "data: " + stops + "\ndata: {\"a\":\n", lines{"finish stop(stop)"}, true, len(`{"a":`), StateComplete},
		{"text", "data: tru", nil, false, len("data: tru"), StateTruncated},
		{"a type alone", "event: x\n", nil, false, 0, StateTruncated},
		{"a comment", ": bye", nil, false, 0, StateTruncated},
		{"the lone error field", `error: {"message":"no"}`, lines{"error no"}, false, 0, StateError}, // F-37
	} {
		t.Run(c.name, func(t *testing.T) {
			testkit.EachCut(c.rest, func(cuts ...int) {
				var l lines
				p := NewParser(OpenAIChat, &l, nil)
				p.Write([]byte(first))
				l = nil
				testkit.WriteCut(t, p.Write, c.rest, cuts...)
				require.Empty(t, l)
				p.Close()
				o := p.Outcome()
				require.Equal(t, c.want, l)
				require.Equal(t, c.unterminated, o.Anomalies.Unterminated)
				require.Equal(t, c.pending, o.Anomalies.PendingBytes)
				require.Equal(t, c.state, o.State)
			})
		})
	}
}

// Damage

// Each case stands between two good events, which come through.
func TestDamageIsToldAndDoesNotStopTheStream(t *testing.T) {
	deep := func(levels, padding int) string { // the outermost object is a level
		return `{"p":"` + strings.Repeat("p", padding) + `","x":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + `}`
	}
	wide := func(padding int) string { // 25 values
		return `{"p":"` + strings.Repeat("p", padding) + `","choices":[],"x":[` + strings.Repeat("{},", 20) + `{}]}`
	}
	for _, c := range []struct {
		name, event string
		options     *Options
		want        lines
		malformed   int64
		limit       string
	}{
		{"half an object", `{"choices":[`, nil, lines{"malformed"}, 1, ""},
		{"a comma too many", `{"choices":[],}`, nil, lines{"malformed"}, 1, ""},
		{"something behind the object", `{"choices":[]}x`, nil, lines{"malformed"}, 1, ""},
		{"half a string", `"x`, nil, lines{"malformed"}, 1, ""},
		{"half an array", `[1`, nil, lines{"malformed"}, 1, ""},
		{"an index that is none", `{"choices":[{"index":"x","delta":{"content":"x"}}]}`, nil, lines{"malformed"}, 1, ""}, // C-16
		{"a negative index", `{"choices":[{"index":-1,"delta":{"content":"x"}}]}`, nil, lines{"malformed"}, 1, ""},
		{"a broken index", `{"choices":[{"index":0.5,"delta":{"content":"x"}}]}`, nil, lines{"malformed"}, 1, ""},
		{"an index past 32 bits", `{"choices":[{"index":4294967296,"delta":{"content":"x"}}]}`, nil, lines{"malformed"}, 1, ""},
		{"a large index is an identifier", `{"choices":[{"index":2147483647,"delta":{"content":"x"}}]}`, nil, lines{"content[2147483647] x"}, 0, ""},
		{"depth 300", deep(300, 0), nil, lines{"other"}, 0, ""}, // J-06
		{"depth 301", deep(301, 0), nil, lines{"malformed"}, 1, ""},
		{"depth 300 in a large event", deep(300, 5000), nil, lines{"other"}, 0, ""},
		{"depth 301 in a large event", deep(301, 5000), nil, lines{"malformed"}, 1, ""},
		{"depth inside a string", sayDeep(400), nil, lines{"content " + strings.Repeat("[", 400)}, 0, ""},
		{"MaxLine", says(strings.Repeat("x", 100)), &Options{MaxLine: 120}, lines{"malformed"}, 1, "MaxLine"},
		{"MaxEvent", says(strings.Repeat("x", 100)), &Options{MaxEvent: 120}, lines{"malformed"}, 1, "MaxEvent"},
		{"MaxValues", wide(0), &Options{MaxValues: 24}, lines{"malformed"}, 1, "MaxValues"},
		{"MaxValues in a large event", wide(5000), &Options{MaxValues: 24}, lines{"malformed"}, 1, "MaxValues"},
		{"just MaxValues", wide(5000), &Options{MaxValues: 25}, lines{"other"}, 0, ""},
		{"a list of numbers counts once", `{"context":[` + strings.Repeat("1, ", 50) + `2],"choices":[{"delta":{"content":"x"}}]}`, &Options{MaxValues: 24}, lines{"content x"}, 0, ""},
		{"MaxChoices", `{"choices":[{"index":0,"delta":{"content":"a"}},{"index":7,"delta":{"content":"b"}},{"index":8,"delta":{"content":"c"}}]}`,
			&Options{MaxChoices: 2}, lines{"content a", "content[7] b", "malformed"}, 1, "MaxChoices"},
		{"MaxToolCalls", calls(`{"index":0,"id":"a","function":{"name":"f"}}`, `{"index":1,"id":"b","function":{"name":"f"}}`, `{"index":0,"function":{"arguments":"{}"}}`),
			&Options{MaxToolCalls: 1}, lines{"tool_call #0 id=a name=f type=function", "malformed", "tool_call #0 args={}"}, 1, "MaxToolCalls"},
		{"a tool call's index that is none", calls(`{"index":-2,"id":"a"}`, `{"index":"x","id":"a"}`), nil, lines{"malformed"}, 1, ""},
		{"MaxLine at once behind a text", "x\n\n<p>no\ndata: " + strings.Repeat("x", 120), &Options{MaxLine: 120}, lines{"error x", "error <p>no", "malformed"}, 1, "MaxLine"},
		{"MaxBadText", "x\n\n<html>1234567890\n", &Options{MaxBadText: 8}, lines{"error x", "error <html>12"}, 0, ""}, // F-38
	} {
		t.Run(c.name, func(t *testing.T) {
			body := testkit.SSE(says("before"), c.event, says("behind"), "[DONE]")
			l, o := push(OpenAIChat, c.options, body)
			l = slices.DeleteFunc(l, func(line string) bool { return strings.HasPrefix(line, "tool_call_end") })
			require.Equal(t, append(append(lines{"content before"}, c.want...), "content behind", "done"), l)
			require.Equal(t, c.malformed, o.Anomalies.Malformed)
			if c.limit != "" {
				var limit *LimitError
				require.ErrorAs(t, o.Err(), &limit)
				require.Equal(t, c.limit, limit.Limit)
			}
			want := read(OpenAIChat, c.options, []byte(body))
			for i := 1; i < len(body); i += max(1, len(body)/200) {
				requireSame(t, want, read(OpenAIChat, c.options, []byte(body), i), i)
			}
		})
	}
}

func sayDeep(n int) string { return says(strings.Repeat("[", n)) }

// A large event is damage, and so is its unfinished beginning.
func TestUnfinishedEventPastALimit(t *testing.T) {
	l, o := push(OpenAIChat, &Options{MaxEvent: 10}, "data: 12345678901234")
	require.Equal(t, lines{"malformed"}, l)
	require.Equal(t, StateTruncated, o.State)
}

// What an earlier event began with does not make a malformed one a good one.
func TestDamageBehindAnEqualBeginning(t *testing.T) {
	const begin = `{"id":"a","created":1,"model":"m","choices":[{"index":1,`
	for _, c := range []struct{ name, event, want string }{
		{"a comma and no member", begin + `}]}`, "malformed"},
		{"a comma and no member of the event", `{"id":"a","created":1,"model":"m",}`, "malformed"},
		{"the choices once more", begin + `"delta":{}}],"choices":[{"delta":{"content":"y"}}]}`, "content y"}, // J-05
		{"the index once more", begin + `"index":0,"delta":{"content":"y"}}]}`, "content y"},
		{"an error behind the choices", begin + `"delta":{}}],"error":{"message":"no"}}`, "error no"},
	} {
		for _, warm := range []string{begin + `"delta":{"content":"x"}}]}`, `{"id":"a","created":1,"model":"m","choices":[]}`} {
			t.Run(c.name, func(t *testing.T) {
				require.NotPanics(t, func() {
					l, _ := push(OpenAIChat, nil, testkit.SSE(warm, warm, c.event))
					require.Equal(t, c.want, l[len(l)-1])
				})
			})
		}
	}
}

func TestWriteReturnsWhatItTook(t *testing.T) {
	first, second := testkit.SSE(says("a")), testkit.SSE(says("b"))
	p := NewParser(OpenAIChat, HandlerFunc(func(d *Delta) error {
		if string(d.Text) == "b" {
			return errBoom
		}
		return nil
	}), nil)
	n, err := p.Write([]byte(first[:10]))
	require.Equal(t, 10, n)
	require.NoError(t, err)
	n, err = p.Write([]byte(first[10:] + second + whole))
	require.Equal(t, len(first)-10+len(second), n) // up to the end of the event
	require.Equal(t, errBoom, err)
	for range 2 {
		n, err = p.Write([]byte(whole))
		require.Zero(t, n)
		require.Equal(t, errBoom, err)
	}
	require.ErrorIs(t, p.Close(), errBoom)
	require.Equal(t, StateStopped, p.Outcome().State)

	p.Reset()
	require.Equal(t, StateOpen, p.Outcome().State)
	n, err = p.Write([]byte(whole))
	require.Equal(t, len(whole), n)
	require.NoError(t, err)
	require.NoError(t, p.Close())
}

func TestWriteBehindClose(t *testing.T) {
	p := NewParser(OpenAIChat, nil, nil)
	p.Close()
	n, err := p.Write([]byte("x"))
	require.Zero(t, n)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.ErrorIs(t, p.CloseWithError(errBoom), ErrEmpty) // the first call counts
	require.NotErrorIs(t, p.Close(), errBoom)
}

// E-16
func TestHandlersPanicPassesThrough(t *testing.T) {
	for _, at := range []string{"write", "close"} {
		body := testkit.SSE(says("x"), says("y"))
		if at == "close" {
			body = "data: " + says("x") // unterminated
		}
		seen := 0
		p := NewParser(OpenAIChat, HandlerFunc(func(*Delta) error {
			if seen++; seen == 1 {
				panic(errBoom)
			}
			return nil
		}), nil)
		require.PanicsWithValue(t, errBoom, func() {
			p.Write([]byte(body))
			p.Close()
		})
		n, err := p.Write([]byte(whole))
		require.Zero(t, n)
		require.ErrorIs(t, err, ErrStopped)
		require.ErrorIs(t, p.Close(), ErrStopped)
		require.Equal(t, 1, seen)
		require.Equal(t, StateStopped, p.Outcome().State)

		p.Reset()
		_, err = p.Write([]byte(whole))
		require.NoError(t, err)
		require.NoError(t, p.Close())
		require.Equal(t, 4, seen)
	}
}

// A Reader too reads no further, however its input was cut, and says so.
func TestEventHandlersPanicPassesThroughAReader(t *testing.T) {
	for name, body := range map[string]io.Reader{
		"at once":      strings.NewReader(testkit.SSE(says("a"), says("b"), says("c"), "[DONE]")),
		"byte by byte": iotest.OneByteReader(strings.NewReader(testkit.SSE(says("a"), says("b"), says("c"), "[DONE]"))),
		"at the end":   strings.NewReader(testkit.SSE(says("a")) + "data: " + says("b")),
	} {
		r := NewReader(body, OpenAIChat, &Options{Events: EventHandlerFunc(func(e *Event) error {
			if bytes.Contains(e.Data, []byte(`"b"`)) {
				panic(errBoom)
			}
			return nil
		})})
		require.PanicsWithValue(t, errBoom, func() {
			for r.Next() {
			}
		}, name)
		require.False(t, r.Next(), name)
		require.ErrorIs(t, r.Err(), ErrStopped, name)
		require.Equal(t, StateStopped, r.Outcome().State, name)
	}
}

func TestHandlersErrorInClose(t *testing.T) {
	p := NewParser(OpenAIChat, HandlerFunc(func(*Delta) error { return errBoom }), nil)
	_, err := p.Write([]byte("data: " + says("x")))
	require.NoError(t, err)
	require.ErrorIs(t, p.Close(), errBoom)
	require.Equal(t, StateStopped, p.Outcome().State)
}

// What is unknown, and what says nothing

func TestEventsThatSayNothingStayVisible(t *testing.T) {
	for _, c := range []struct {
		name, event string
		want        Kind
		raw         string
		skips       SkippedEvents
	}{
		{"an unknown object", testkit.SSE(`{"type":"new_thing"}`), KindOther, `{"type":"new_thing"}`, SkippedEvents{}}, // O-07
		{"an empty delta", testkit.SSE(chunk(`"index":0,"delta":{}`)), KindOther, chunk(`"index":0,"delta":{}`), SkippedEvents{}},
		{"a null error", testkit.SSE(`{"error":null,"choices":[]}`), KindOther, `{"error":null,"choices":[]}`, SkippedEvents{}}, // E-05
		{"log probabilities that are null", testkit.SSE(chunk(`"index":0,"delta":{},"logprobs":null`)), KindOther, chunk(`"index":0,"delta":{},"logprobs":null`), SkippedEvents{}},
		{"an empty list of citations", testkit.SSE(`{"choices":[],"citations":[]}`), KindOther, `{"choices":[],"citations":[]}`, SkippedEvents{}}, // C-19
		{"null", testkit.SSE(`null`), KindOther, `null`, SkippedEvents{NotObject: 1}},                                                             // F-35
		{"a number", testkit.SSE(`1`), KindOther, `1`, SkippedEvents{NotObject: 1}},
		{"a string", testkit.SSE(`"x"`), KindOther, `"x"`, SkippedEvents{NotObject: 1}},
		{"an array", testkit.SSE(`[1]`), KindOther, `[1]`, SkippedEvents{NotObject: 1}},
		{"no data", "data:\n\n", KindPing, ``, SkippedEvents{Empty: 1}},                                                                 // F-05
		{"a comment as data", testkit.SSE(`: OPENROUTER PROCESSING`), KindPing, `: OPENROUTER PROCESSING`, SkippedEvents{KeepAlive: 1}}, // F-04
		{"a word", testkit.SSE(`keep-alive`), KindPing, `keep-alive`, SkippedEvents{KeepAlive: 1}},
		{"another", testkit.SSE(`heartbeat`), KindPing, `heartbeat`, SkippedEvents{KeepAlive: 1}},
		{"a heartbeat", testkit.SSE(`{"type":"heartbeat"}`), KindPing, `{"type":"heartbeat"}`, SkippedEvents{KeepAlive: 1}},
		{"an empty object", testkit.SSE(`{}`), KindOther, `{}`, SkippedEvents{Empty: 1}},                                         // F-35
		{"a typed ping", "event: ping\ndata: {\"type\":\"ping\"}\n\n", KindPing, `{"type":"ping"}`, SkippedEvents{KeepAlive: 1}}, // F-06
		{"a keepalive", testkit.SSE(`{"type":"keepalive","sequence_number":466}`), KindPing, `{"type":"keepalive","sequence_number":466}`, SkippedEvents{KeepAlive: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := read(OpenAIChat, nil, []byte(testkit.SSE(says("x"))+c.event+testkit.SSE("[DONE]")))
			require.Len(t, got.Deltas, 3)
			d := got.Deltas[1]
			require.Equal(t, c.want, d.Kind)
			require.Equal(t, c.raw, string(d.Raw))
			require.Equal(t, -1, d.Choice)
			require.Equal(t, c.skips, got.Outcome.Anomalies.Skipped)
			require.NoError(t, got.Outcome.Err())
		})
	}
}

func TestEveryDeltaHoldsItsEvent(t *testing.T) {
	data := `{"choices":[{"index":0,"delta":{"content":"x","obfuscation":"p"},"finish_reason":"stop"}],"usage":{"total_tokens":3}}`
	got := read(OpenAIChat, nil, []byte("event: e\ndata: "+data+"\n\n"))
	require.Len(t, got.Deltas, 3)
	for _, d := range got.Deltas {
		require.Equal(t, data, string(d.Raw))
		require.Equal(t, "e", string(d.Event))
	}
}

// Behind the end marker a parser reads on, and counts (F-22).
func TestParserReadsOnBehindTheEndMarker(t *testing.T) {
	l, o := push(OpenAIChat, nil, whole+testkit.SSE("[DONE]", `{"choices":[],"usage":{"total_tokens":2}}`, `{"bad`))
	require.Equal(t, lines{"content hi", "finish stop(stop)", "done", "other", "usage total=2", "malformed"}, l)
	require.EqualValues(t, 3, o.Anomalies.AfterDone)
	require.NoError(t, o.Err())
}

func TestEndMarkerMustBeAllOfTheData(t *testing.T) {
	for data, done := range map[string]bool{ // F-20, F-21
		"[DONE]": true, " [DONE] ": true, "[DONE]\t": true,
		"[DONE]x": false, "[done]": false, `"[DONE]"`: false, "[DONE] [DONE]": false, "DONE": false,
	} {
		_, o := push(OpenAIChat, nil, testkit.SSE(says("x"), data))
		require.Equal(t, done, o.SawDone, "%q", data)
	}
}

// Bodies that are no stream of events

// F-26: a body that is no stream of events.
func TestJSONBodies(t *testing.T) {
	const answer = `{"id":"a","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}],"usage":{"total_tokens":3}}`
	want := lines{"start id=a", "start role=assistant", "content x", "finish stop(stop)", "usage total=3"}
	for _, c := range []struct {
		name, body string
		want       lines
		state      State
	}{
		{"a whole answer", answer, want, StateComplete},
		{"behind blank lines", "\n\n\r\n  " + answer + "\n", want, StateComplete},
		{"with a byte order mark", wire.ByteOrderMark + answer, want, StateComplete},
		{"as the data of an event", testkit.SSE(answer, "[DONE]"), append(want[:len(want):len(want)], "done"), StateComplete},
		{"and the marker glued to it", answer + "data: [DONE]\n\n", append(want[:len(want):len(want)], "done"), StateComplete},
		{"behind spaces and the marker glued to it", "  " + answer + "data: [DONE]\n\n", append(want[:len(want):len(want)], "done"), StateComplete},
		{"over lines", "{\"choices\":\n[{\"message\":\n{\"content\":\"x\"},\n\n\"finish_reason\":\"stop\"}]}", lines{"content x", "finish stop(stop)"}, StateComplete},
		{"an array of chunks", "[" + says("x") + "\n,\r\n" + stops + "]", lines{"content x", "finish stop(stop)"}, StateComplete}, // G-01
		{"chunks one behind the other", says("x") + "\n" + stops + "\n", lines{"content x", "finish stop(stop)"}, StateComplete},
		{"an error", `{"error":{"message":"no"}}`, lines{"error no"}, StateError},
		{"an error in an array", `[{"error":{"message":"no"}}]`, lines{"error no"}, StateError},
		{"half an answer", answer[:50], nil, StateTruncated},
		{"a broken one", `{"id":]`, lines{"malformed"}, StateTruncated},
		{"a broken one over lines in front of a stream", "{\n\"a\" [1,\n2]\n\n" + testkit.SSE(says("x")), lines{"malformed", "content x"}, StateTruncated},
		{"an error in front of a stream", `{"error":{"message":"no"}}` + "\n\n" + testkit.SSE(says("x")), lines{"error no", "content x"}, StateError},
	} {
		t.Run(c.name, func(t *testing.T) {
			testkit.EachCut(c.body, func(cuts ...int) {
				var l lines
				p := NewParser(OpenAIChat, &l, nil)
				testkit.WriteCut(t, p.Write, c.body, cuts...)
				p.Close()
				require.Equal(t, c.want, l, "cut at %v", cuts)
				require.Equal(t, c.state, p.Outcome().State, "cut at %v", cuts)
			})
		})
	}
}

// F-30, F-40, contract 14
func TestEventsWithoutABlankLineBetween(t *testing.T) {
	a, b := says("a"), says("b")
	for _, c := range []struct {
		name, body    string
		want          lines
		events, glued int64
	}{
		{"two", "data: " + a + "\ndata: " + b + "\n\n", lines{"content a", "content b"}, 2, 1},
		{"three and the marker", "data: " + a + "\ndata: " + b + "\ndata: " + stops + "\ndata: [DONE]\n\n", lines{"content a", "content b", "finish stop(stop)", "done"}, 4, 3},
		{"two in a line", "data: " + a + "data: " + b + "\n\n", lines{"content a", "content b"}, 2, 1},
		{"two in one of several lines", "data: " + a + "\ndata: " + b + "data: " + a + "\ndata: " + b + " data:" + stops + "\n\n",
			lines{"content a", "content b", "content a", "content b", "finish stop(stop)"}, 5, 4},
		{"one in front of half of one", "data: " + a + "data: " + b[:20] + "\n\n", lines{"content a", "malformed"}, 2, 1},
		{"data in a text", "data: " + says("data: {}") + "x\n\n", lines{"malformed"}, 1, 0},
		{"one over lines is one", "data: {\"choices\":\ndata: [{\"delta\":\ndata: {\"content\":\"a\"}}]}\n\n", lines{"content a"}, 1, 0}, // F-18
		{"a broken one over lines, of which one is an object", "data: {\"choices\":[\ndata: {}\ndata: }]}\n\n", lines{"malformed"}, 1, 0},
		{"an error put into an unfinished event", "data: {\"choices\":[{\ndata: {\"error\":{\"message\":\"no\"}}\n\n", lines{"malformed", "error no"}, 2, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var first Outcome
			testkit.EachCut(c.body, func(cuts ...int) {
				var l lines
				p := NewParser(OpenAIChat, &l, nil)
				testkit.WriteCut(t, p.Write, c.body, cuts...)
				require.Equal(t, c.want, l, "cut at %v", cuts)
				p.Close()
				if len(cuts) == 0 {
					first = p.Outcome()
				}
				require.Equal(t, first, p.Outcome())
			})
			require.Equal(t, []int64{c.events, c.glued}, []int64{first.Events, first.Anomalies.Unseparated})
		})
	}
}

// Options

// eventsAndDeltas writes down what an Options.Events sees and what a handler gets.
type eventsAndDeltas struct {
	eventLog
}

func (l *eventsAndDeltas) HandleDelta(d *Delta) error {
	l.lines = append(l.lines, describe(d))
	return nil
}

func TestEventsAreSeenBeforeTheirDeltas(t *testing.T) {
	var l eventsAndDeltas
	p := NewParser(OpenAIChat, &l, &Options{Events: &l})
	p.Write([]byte(": c\nid: 7\nevent: e\ndata: " + says("a") + "\n\n: d\n\ndata: " + stops + "\n\ndata: null\n\ndata: [DONE]"))
	p.Close()
	require.Equal(t, []string{
		": c", "e|" + says("a") + "|7", "content a", ": d", "|" + stops + "|7", "finish stop(stop)", "|null|7", "other", "|[DONE]|7", "done",
	}, l.lines)
}

func TestEventHandlersErrorStops(t *testing.T) {
	for _, at := range []string{": c", "|" + says("b") + "|"} {
		l := eventsAndDeltas{eventLog{fail: func(line string) error {
			if line == at {
				return errBoom
			}
			return nil
		}}}
		p := NewParser(OpenAIChat, &l, &Options{Events: &l})
		first := testkit.SSE(says("a")) + ": c\n" + testkit.SSE(says("b"))
		n, err := p.Write([]byte(first + whole))
		require.Equal(t, errBoom, err)
		require.Equal(t, strings.Index(first, strings.Trim(at, "|"))+len(strings.Trim(at, "|"))+map[bool]int{true: 1, false: 2}[at == ": c"], n)
		require.Equal(t, at, l.lines[len(l.lines)-1]) // none of its deltas
		require.ErrorIs(t, p.Close(), errBoom)
		require.Equal(t, StateStopped, p.Outcome().State)
	}
}

func TestKindsChooseTheDeltas(t *testing.T) {
	body := []byte(testkit.SSE(`{"id":"a","choices":[{"index":0,"delta":{"role":"assistant","content":"x","reasoning":"r","refusal":"f"}}]}`,
		calls(`{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}`), stops, "null", "", `{"bad`, `{"error":{"message":"no"}}`,
		`{"choices":[],"usage":{"total_tokens":1}}`, "[DONE]"))
	all := read(OpenAIChat, nil, body)
	for k := KindStart; k <= KindDone; k <<= 1 {
		got := read(OpenAIChat, &Options{Kinds: k | KindContent}, body)
		var want []recordedDelta
		for _, d := range all.Deltas {
			if d.Kind&(k|KindContent) != 0 {
				want = append(want, d)
			}
		}
		require.Equal(t, want, got.Deltas, "%v", k)
		require.Equal(t, all.Outcome, got.Outcome, "%v", k)
	}
}

// Dialects

func TestNewParserPanicsOnAnUnknownDialect(t *testing.T) {
	require.Panics(t, func() { NewParser(Dialect(200), nil, nil) })
	require.Panics(t, func() { NewReader(strings.NewReader(""), Dialect(200), nil) })
	require.Equal(t, "unknown", Dialect(200).String())
}

func TestParseDialect(t *testing.T) {
	for i := range dialect.Table {
		d := Dialect(i)
		got, err := ParseDialect(d.String())
		require.NoError(t, err)
		require.Equal(t, d, got)
	}
	for _, name := range []string{"", "chat", "OpenAI-Chat", "openai-chat "} {
		_, err := ParseDialect(name)
		require.ErrorContains(t, err, fmt.Sprintf("%q", name))
	}
}

func TestDetectDialect(t *testing.T) {
	for _, c := range []struct {
		contentType, path string
		want              Dialect
	}{
		{"text/event-stream", "/v1/chat/completions", OpenAIChat},
		{"Text/Event-Stream; charset=UTF-8", "/v1/chat/completions", OpenAIChat}, // F-28
		{"application/json", "/v1/chat/completions", OpenAIChat},
		{"", "/v1/chat/completions", OpenAIChat},
		{"", "/openai/deployments/x/chat/completions?api-version=1", OpenAIChat},
		{"", "/v1/chat/completions/", OpenAIChat},
		{"", "/v1/completions", OpenAIChat},
		{"text/html", "/v1/chat/completions", Auto},
		{"text/event-stream", "", Auto},
		{"text/event-stream", "/v1/chat/completions/abc", Auto},
		{"text/event-stream", "/v1/models", Auto},
		{"", "", Auto},
		{";;;", "/v1/chat/completions", OpenAIChat},
		{"text/event-stream", "/v1/responses", OpenAIResponses},
		{"text/event-stream", "/v1/responses/resp_1?stream=true&starting_after=7", OpenAIResponses},
		{"text/event-stream", "/v1/messages", AnthropicMessages},
		{"text/event-stream", "/anthropic/v1/messages?beta=true", AnthropicMessages},
		{"", "/v1/projects/p/locations/l/publishers/anthropic/models/claude-x@1:streamRawPredict", AnthropicMessages},
		{"", "/v1/projects/p/locations/l/publishers/mistralai/models/m:streamRawPredict", Auto},
		{"", "/v1/threads/t/messages", Auto},
		{"application/json", "/v1beta/models/gemini-x:streamGenerateContent", Gemini},
		{"text/event-stream", "/v1beta/models/gemini-x:streamGenerateContent?alt=sse", Gemini},
		{"text/event-stream", "/v1beta/interactions", GeminiInteractions},
		{"text/event-stream", "/v1beta/interactions/v1_abc?stream=true", GeminiInteractions},
		{"text/event-stream", "/v2/chat", Cohere},
		{"application/stream+json", "/v1/chat", Cohere},
		{"application/x-ndjson", "/api/chat", Ollama},
		{"application/json", "/api/generate", Ollama},
		{"text/event-stream", "/api/chat", Auto},
		{"application/vnd.amazon.eventstream", "/model/anthropic.claude-x/converse-stream", Bedrock},
		{"application/json", "/model/anthropic.claude-x/converse", Bedrock},
		{"", "/model/amazon.nova-x/invoke-with-response-stream", Bedrock},
		{"application/vnd.amazon.eventstream", "/v1/chat/completions", Auto},
		{"application/vnd.amazon.eventstream", "/endpoints/e/invocations-response-stream", Auto},
	} {
		require.Equal(t, c.want, DetectDialect(c.contentType, c.path), "%q %q", c.contentType, c.path)
	}
}

// Auto gives at once what it can say, and the dialect is clear from the first
// event that tells.
func TestAutoDialect(t *testing.T) {
	var l lines
	p := NewParser(Auto, &l, nil)
	step := func(event string, d Dialect, want ...string) {
		t.Helper()
		l = nil
		p.Write([]byte(event))
		require.Equal(t, lines(want), l)
		require.Equal(t, d, p.Dialect())
	}
	step(": c\n\n", Auto)
	step(testkit.SSE(""), Auto, "ping")
	step("event: ping\ndata: {\"type\":\"ping\"}\n\n", Auto, "ping")
	step(testkit.SSE(`{"error":{"message":"no"}}`), Auto, "error no")
	step("event: error\ndata: {\"message\":\"no\"}\n\n", Auto, "error no")
	step(testkit.SSE(says("x")), OpenAIChat, "content x")
	step(testkit.SSE("[DONE]"), OpenAIChat, "done")
	require.Error(t, p.Close())
	require.Equal(t, OpenAIChat, p.Outcome().Dialect)
	p.Reset()
	require.Equal(t, Auto, p.Dialect())

	for _, object := range []string{"chat.completion.chunk", "chat.completion", "text_completion"} { // and no choices
		_, o := push(Auto, nil, testkit.SSE(`{"object":"`+object+`","usage":{"total_tokens":1}}`))
		require.Equal(t, OpenAIChat, o.Dialect, object)
	}
	_, o := push(Auto, nil, testkit.SSE("[DONE]"))
	require.True(t, o.SawDone)
	require.Equal(t, StateEmpty, o.State)
}

// A stream of no dialect comes through as events, and the outcome says that the
// dialect is not known. Where one was asked for, it is as if the answer was empty.
func TestUnknownDialect(t *testing.T) {
	body := "event: weather\ndata: {\"celsius\":-3}\n\n" + testkit.SSE(`{"type":"ping"}`, `{"type":"wind"}`)
	for _, c := range []struct {
		dialect Dialect
		body    string
		want    State
	}{
		{Auto, body, StateNotStream},
		{Auto, body + testkit.SSE("[DONE]"), StateNotStream},
		{OpenAIChat, testkit.SSE(`{"type":"ping"}`, "", "{}"), StateEmpty},
		{Auto, testkit.SSE(`{"type":"ping"}`, "", "{}"), StateEmpty},
		{Auto, body + whole, StateComplete},
		{Auto, body + testkit.SSE(`{"error":"no"}`), StateError},
	} {
		l, o := push(c.dialect, nil, c.body)
		require.Equal(t, c.want, o.State, c.body)
		var e *DialectError
		if unknown := c.want == StateNotStream; unknown {
			require.Equal(t, lines{"other", "ping", "other"}, l[:3])
			require.ErrorIs(t, o.Err(), ErrNotStream)
			require.ErrorAs(t, o.Err(), &e)
			require.Equal(t, DialectError{}, *e)
		} else {
			require.False(t, errors.As(o.Err(), &e), c.body)
		}
	}
	late := NewParser(Auto, nil, nil) // behind the marker it does not matter what cut the body
	late.Write([]byte(body + testkit.SSE("[DONE]")))
	require.ErrorContains(t, late.CloseWithError(errBoom), "not known")
	require.Equal(t, StateNotStream, late.Outcome().State)
	for _, event := range []string{`{"response":"x","celsius":-3}`, `{"response":{"celsius":-3}}`} { // nor are they Cloudflare's
		_, o := push(Auto, nil, testkit.SSE(event))
		require.Equal(t, StateNotStream, o.State, event)
	}
	_, o := push(Auto, nil, `{"celsius":-3}`)
	require.ErrorContains(t, o.Err(), "not known")
}

// A stream of another kind says so, whatever dialect was asked for, and what it says
// is no error.
func TestUnknownDialectByPath(t *testing.T) {
	l, o := push(OpenAIChat, nil, testkit.SSE(`{"type":"wind"}`)+"event: output\ndata: Once\n\n")
	require.Equal(t, "other", l[0])
	require.Equal(t, StateError, o.State, "a text in a stream of chat is an error")

	l, o = push(OpenAIChat, nil, testkit.SSE(`{"type":"wind"}`, `{"celsius":-3}`))
	require.Equal(t, lines{"other", "other"}, l)
	var e *DialectError
	require.ErrorAs(t, o.Err(), &e)
	require.Equal(t, DialectError{Want: OpenAIChat}, *e)

	l, o = push(Auto, nil, "event: output\ndata: Once upon\n\nevent: output\ndata:  a time\n\nevent: done\ndata: {}\n\n")
	require.Equal(t, lines{"other", "other", "other"}, l)
	require.Equal(t, StateNotStream, o.State)
	require.Nil(t, o.APIError)
}

// Models behind one path of Cloudflare's answer in several dialects.
func TestOtherDialectsOfAPath(t *testing.T) {
	for d, body := range map[Dialect]string{
		OpenAIChat:      whole,
		OpenAIResponses: string(readFile(t, "testdata", "openai-responses", "text.sse")),
	} {
		_, o := push(Cloudflare, nil, body)
		require.NoError(t, o.Err())
		require.Equal(t, d, o.Dialect)
	}
}

// A wire that a row names is one that there is, and each row has one.
func TestDialectsHaveWires(t *testing.T) {
	for d := range dialect.Table {
		if Dialect(d) != Auto {
			require.NotZero(t, dialect.Table[d].Wires, dialect.Table[d].Name)
		}
	}
	for _, r := range recordings(t) {
		p := NewParser(r.dialect, nil, nil)
		p.Write(r.body)
		p.Close()
		require.True(t, p.Wire() == WireUnknown || dialect.Table[r.dialect].Wires.Has(wire.Kind(p.Wire())), "%s comes over %v", r.file, p.Wire())
	}
}

// Ownership

// What a handler does to its delta does not reach the next one, and a nil
// handler is none.
func TestHandlerMayChangeItsDelta(t *testing.T) {
	var got []string
	p := NewParser(OpenAIChat, HandlerFunc(func(d *Delta) error {
		got = append(got, describe(d))
		for _, b := range [][]byte{d.Text, d.NativeFinishReason, d.ToolCall.ID, d.ToolCall.Name, d.ToolCall.Arguments} {
			for i := range b {
				b[i] = 'X'
			}
		}
		*d = Delta{Kind: KindError, Choice: 99, Err: errBoom}
		return nil
	}), nil)
	p.Write(bytes.Clone([]byte(testkit.SSE(says("a"), says("b"), calls(`{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}`), stops, "[DONE]"))))
	p.Close()
	require.Equal(t, []string{"content a", "content b", "tool_call #0 id=c name=f type=function args={}", "finish stop(stop)", "tool_call_end #0 valid", "done"}, got)
	require.NoError(t, p.Outcome().Err())

	p = NewParser(OpenAIChat, nil, nil)
	p.Write([]byte(whole))
	require.NoError(t, p.Close())
}

func TestHandlersInOrder(t *testing.T) {
	var got []string
	h := func(name string, err error) Handler {
		return HandlerFunc(func(*Delta) error {
			got = append(got, name)
			return err
		})
	}
	require.ErrorIs(t, Handlers(h("a", nil), nil, h("b", errBoom), h("c", nil)).HandleDelta(&Delta{}), errBoom)
	require.Equal(t, []string{"a", "b"}, got)
	require.NoError(t, Handlers().HandleDelta(&Delta{}))
}

// Nothing of a stream is left behind, wherever it was left.
func TestParserReset(t *testing.T) {
	var l lines
	p := NewParser(OpenAIChat, &l, &Options{MaxEvent: 1000})
	for _, left := range []string{
		whole, testkit.SSE(says(`\ud83d`)), "data: {", "event: error\n", "id: 1\n", "data: x\r", "\x1f", "\x1f\x8b", "\xEF\xBB", "<html>", "{\"a\":", "[1,", "error: x\n",
		testkit.SSE(`{"candidates":[]}`), testkit.SSE(`{"id":"a","model":"m","created":1,"choices":[{"index":0,"delta":{"role":"assistant"}}]}`), testkit.SSE(`{"choices":[],"usage":{"total_tokens":9}}`),
		testkit.SSE(calls(`{"index":0,"id":"c","function":{"name":"f"}}`)), "data: {\"a\ndata: {}\n\n", "data: " + strings.Repeat("x", 1001), testkit.SSE(`{"choices":[],"citations":["u"]}`),
	} {
		body := testkit.SSE(`{"id":"a","model":"m","created":1,"citations":["u"],"choices":[{"index":0,"delta":{"role":"assistant","content":"\ude00"}}],"usage":{"total_tokens":1}}`, "[DONE]")
		want, outcome := push(OpenAIChat, nil, body)
		p.Write([]byte(left))
		p.Reset()
		l = nil
		p.Write([]byte(body))
		require.NoError(t, p.Close())
		require.Equal(t, want, l, "%q", left)
		require.Equal(t, outcome, p.Outcome(), "%q", left)
		p.Reset()
	}
}

func TestErrorsIsAndAs(t *testing.T) {
	require.ErrorIs(t, ErrTruncated, io.ErrUnexpectedEOF)
	require.NotErrorIs(t, ErrEmpty, io.ErrUnexpectedEOF)
	err := Outcome{State: StateTruncated, Cause: errBoom, Damage: &SyntaxError{Err: &LimitError{"MaxLine", 1}}}.Err()
	several, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok)
	require.Len(t, several.Unwrap(), 3)
	require.True(t, errors.As(err, new(*LimitError)))
}

// A recording that is read as another dialect says which one it is in, unless it
// says nothing that only its own says.
func TestRecordingsInAnotherDialect(t *testing.T) {
	for _, r := range recordings(t) {
		_, o := push(r.dialect, nil, string(r.body))
		if o.State != StateComplete {
			continue
		}
		for i := range dialect.Table {
			if d := Dialect(i); d != r.dialect && d != Auto && !dialect.ID(d).Accepts(dialect.ID(r.dialect)) {
				_, o := push(d, nil, string(r.body))
				if r.dialect == Bedrock && o.State == StateComplete {
					continue // it carries the events of this one
				}
				var e *DialectError
				require.ErrorAs(t, o.Err(), &e, "%s read as %v", r.file, d)
				require.Equal(t, DialectError{Want: d, Looks: r.dialect.String()}, *e, r.file)
			}
		}
	}
}
