package proof

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/seed-4d65deac/llmstream/internal/wire"
	"github.com/stretchr/testify/require"
)

func TestWriteReturnsWhatItTook(t *testing.T) {
	first, second := testkit.SSE(says("a")), testkit.SSE(says("b"))
	p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		if string(d.Text) == "b" {
			return errBoom
		}
		return nil
	}), nil)
	n, err := p.Write([]byte(first[:10]))
	require.Equal(t, 10, n)
	require.NoError(t, err)
	n, err = p.Write([]byte(first[10:] + second + testkit.Whole))
	require.Equal(t, len(first)-10+len(second), n) // up to the end of the event
	require.Equal(t, errBoom, err)
	for range 2 {
		n, err = p.Write([]byte(testkit.Whole))
		require.Zero(t, n)
		require.Equal(t, errBoom, err)
	}
	require.ErrorIs(t, p.Close(), errBoom)
	require.Equal(t, llmstream.StateStopped, p.Outcome().State)

	p.Reset()
	require.Equal(t, llmstream.StateOpen, p.Outcome().State)
	n, err = p.Write([]byte(testkit.Whole))
	require.Equal(t, len(testkit.Whole), n)
	require.NoError(t, err)
	require.NoError(t, p.Close())
}

func TestWriteBehindClose(t *testing.T) {
	p := llmstream.NewParser(llmstream.OpenAIChat, nil, nil)
	p.Close()
	n, err := p.Write([]byte("x"))
	require.Zero(t, n)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.ErrorIs(t, p.CloseWithError(errBoom), llmstream.ErrEmpty) // the first call counts
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
		p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(*llmstream.Delta) error {
			if seen++; seen == 1 {
				panic(errBoom)
			}
			return nil
		}), nil)
		require.PanicsWithValue(t, errBoom, func() {
			p.Write([]byte(body))
			p.Close()
		})
		n, err := p.Write([]byte(testkit.Whole))
		require.Zero(t, n)
		require.ErrorIs(t, err, llmstream.ErrStopped)
		require.ErrorIs(t, p.Close(), llmstream.ErrStopped)
		require.Equal(t, 1, seen)
		require.Equal(t, llmstream.StateStopped, p.Outcome().State)

		p.Reset()
		_, err = p.Write([]byte(testkit.Whole))
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
		r := llmstream.NewReader(body, llmstream.OpenAIChat, &llmstream.Options{Events: llmstream.EventHandlerFunc(func(e *llmstream.Event) error {
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
		require.ErrorIs(t, r.Err(), llmstream.ErrStopped, name)
		require.Equal(t, llmstream.StateStopped, r.Outcome().State, name)
	}
}

func TestHandlersErrorInClose(t *testing.T) {
	p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(*llmstream.Delta) error { return errBoom }), nil)
	_, err := p.Write([]byte("data: " + says("x")))
	require.NoError(t, err)
	require.ErrorIs(t, p.Close(), errBoom)
	require.Equal(t, llmstream.StateStopped, p.Outcome().State)
}

// What is unknown, and what says nothing

func TestEventsThatSayNothingStayVisible(t *testing.T) {
	for _, c := range []struct {
		name, event string
		want        llmstream.Kind
		raw         string
		skips       llmstream.SkippedEvents
	}{
		{"an unknown object", testkit.SSE(`{"type":"new_thing"}`), llmstream.KindOther, `{"type":"new_thing"}`, llmstream.SkippedEvents{}}, // O-07
		{"an empty delta", testkit.SSE(chunk(`"index":0,"delta":{}`)), llmstream.KindOther, chunk(`"index":0,"delta":{}`), llmstream.SkippedEvents{}},
		{"a null error", testkit.SSE(`{"error":null,"choices":[]}`), llmstream.KindOther, `{"error":null,"choices":[]}`, llmstream.SkippedEvents{}}, // E-05
		{"log probabilities that are null", testkit.SSE(chunk(`"index":0,"delta":{},"logprobs":null`)), llmstream.KindOther, chunk(`"index":0,"delta":{},"logprobs":null`), llmstream.SkippedEvents{}},
		{"an empty list of citations", testkit.SSE(`{"choices":[],"citations":[]}`), llmstream.KindOther, `{"choices":[],"citations":[]}`, llmstream.SkippedEvents{}}, // C-19
		{"null", testkit.SSE(`null`), llmstream.KindOther, `null`, llmstream.SkippedEvents{NotObject: 1}},                                                             // F-35
		{"a number", testkit.SSE(`1`), llmstream.KindOther, `1`, llmstream.SkippedEvents{NotObject: 1}},
		{"a string", testkit.SSE(`"x"`), llmstream.KindOther, `"x"`, llmstream.SkippedEvents{NotObject: 1}},
		{"an array", testkit.SSE(`[1]`), llmstream.KindOther, `[1]`, llmstream.SkippedEvents{NotObject: 1}},
		{"no data", "data:\n\n", llmstream.KindPing, ``, llmstream.SkippedEvents{Empty: 1}},                                                                 // F-05
		{"a comment as data", testkit.SSE(`: OPENROUTER PROCESSING`), llmstream.KindPing, `: OPENROUTER PROCESSING`, llmstream.SkippedEvents{KeepAlive: 1}}, // F-04
		{"a word", testkit.SSE(`keep-alive`), llmstream.KindPing, `keep-alive`, llmstream.SkippedEvents{KeepAlive: 1}},
		{"another", testkit.SSE(`heartbeat`), llmstream.KindPing, `heartbeat`, llmstream.SkippedEvents{KeepAlive: 1}},
		{"a heartbeat", testkit.SSE(`{"type":"heartbeat"}`), llmstream.KindPing, `{"type":"heartbeat"}`, llmstream.SkippedEvents{KeepAlive: 1}},
		{"an empty object", testkit.SSE(`{}`), llmstream.KindOther, `{}`, llmstream.SkippedEvents{Empty: 1}},                                         // F-35
		{"a typed ping", "event: ping\ndata: {\"type\":\"ping\"}\n\n", llmstream.KindPing, `{"type":"ping"}`, llmstream.SkippedEvents{KeepAlive: 1}}, // F-06
		{"a keepalive", testkit.SSE(`{"type":"keepalive","sequence_number":466}`), llmstream.KindPing, `{"type":"keepalive","sequence_number":466}`, llmstream.SkippedEvents{KeepAlive: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := read(llmstream.OpenAIChat, nil, []byte(testkit.SSE(says("x"))+c.event+testkit.SSE("[DONE]")))
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
	got := read(llmstream.OpenAIChat, nil, []byte("event: e\ndata: "+data+"\n\n"))
	require.Len(t, got.Deltas, 3)
	for _, d := range got.Deltas {
		require.Equal(t, data, string(d.Raw))
		require.Equal(t, "e", string(d.Event))
	}
}

// Behind the end marker a parser reads on, and counts (F-22).
func TestParserReadsOnBehindTheEndMarker(t *testing.T) {
	l, o := push(llmstream.OpenAIChat, nil, testkit.Whole+testkit.SSE("[DONE]", `{"choices":[],"usage":{"total_tokens":2}}`, `{"bad`))
	require.Equal(t, lines{"content hi", "finish stop(stop)", "done", "other", "usage total=2", "malformed"}, l)
	require.EqualValues(t, 3, o.Anomalies.AfterDone)
	require.NoError(t, o.Err())
}

func TestEndMarkerMustBeAllOfTheData(t *testing.T) {
	for data, done := range map[string]bool{ // F-20, F-21
		"[DONE]": true, " [DONE] ": true, "[DONE]\t": true,
		"[DONE]x": false, "[done]": false, `"[DONE]"`: false, "[DONE] [DONE]": false, "DONE": false,
	} {
		_, o := push(llmstream.OpenAIChat, nil, testkit.SSE(says("x"), data))
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
		state      llmstream.State
	}{
		{"a whole answer", answer, want, llmstream.StateComplete},
		{"behind blank lines", "\n\n\r\n  " + answer + "\n", want, llmstream.StateComplete},
		{"with a byte order mark", wire.ByteOrderMark + answer, want, llmstream.StateComplete},
		{"as the data of an event", testkit.SSE(answer, "[DONE]"), append(want[:len(want):len(want)], "done"), llmstream.StateComplete},
		{"and the marker glued to it", answer + "data: [DONE]\n\n", append(want[:len(want):len(want)], "done"), llmstream.StateComplete},
		{"behind spaces and the marker glued to it", "  " + answer + "data: [DONE]\n\n", append(want[:len(want):len(want)], "done"), llmstream.StateComplete},
		{"over lines", "{\"choices\":\n[{\"message\":\n{\"content\":\"x\"},\n\n\"finish_reason\":\"stop\"}]}", lines{"content x", "finish stop(stop)"}, llmstream.StateComplete},
		{"an array of chunks", "[" + says("x") + "\n,\r\n" + testkit.Stops + "]", lines{"content x", "finish stop(stop)"}, llmstream.StateComplete}, // G-01
		{"chunks one behind the other", says("x") + "\n" + testkit.Stops + "\n", lines{"content x", "finish stop(stop)"}, llmstream.StateComplete},
		{"an error", `{"error":{"message":"no"}}`, lines{"error no"}, llmstream.StateError},
		{"an error in an array", `[{"error":{"message":"no"}}]`, lines{"error no"}, llmstream.StateError},
		{"half an answer", answer[:50], nil, llmstream.StateTruncated},
		{"a broken one", `{"id":]`, lines{"malformed"}, llmstream.StateTruncated},
		{"a broken one over lines in front of a stream", "{\n\"a\" [1,\n2]\n\n" + testkit.SSE(says("x")), lines{"malformed", "content x"}, llmstream.StateTruncated},
		{"an error in front of a stream", `{"error":{"message":"no"}}` + "\n\n" + testkit.SSE(says("x")), lines{"error no", "content x"}, llmstream.StateError},
	} {
		t.Run(c.name, func(t *testing.T) {
			testkit.EachCut(c.body, func(cuts ...int) {
				var l lines
				p := llmstream.NewParser(llmstream.OpenAIChat, &l, nil)
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
		{"three and the marker", "data: " + a + "\ndata: " + b + "\ndata: " + testkit.Stops + "\ndata: [DONE]\n\n", lines{"content a", "content b", "finish stop(stop)", "done"}, 4, 3},
		{"two in a line", "data: " + a + "data: " + b + "\n\n", lines{"content a", "content b"}, 2, 1},
		{"two in one of several lines", "data: " + a + "\ndata: " + b + "data: " + a + "\ndata: " + b + " data:" + testkit.Stops + "\n\n",
			lines{"content a", "content b", "content a", "content b", "finish stop(stop)"}, 5, 4},
		{"one in front of half of one", "data: " + a + "data: " + b[:20] + "\n\n", lines{"content a", "malformed"}, 2, 1},
		{"data in a text", "data: " + says("data: {}") + "x\n\n", lines{"malformed"}, 1, 0},
		{"one over lines is one", "data: {\"choices\":\ndata: [{\"delta\":\ndata: {\"content\":\"a\"}}]}\n\n", lines{"content a"}, 1, 0}, // F-18
		{"a broken one over lines, of which one is an object", "data: {\"choices\":[\ndata: {}\ndata: }]}\n\n", lines{"malformed"}, 1, 0},
		{"an error put into an unfinished event", "data: {\"choices\":[{\ndata: {\"error\":{\"message\":\"no\"}}\n\n", lines{"malformed", "error no"}, 2, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var first llmstream.Outcome
			testkit.EachCut(c.body, func(cuts ...int) {
				var l lines
				p := llmstream.NewParser(llmstream.OpenAIChat, &l, nil)
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

func (l *eventsAndDeltas) HandleDelta(d *llmstream.Delta) error {
	l.lines = append(l.lines, streamtest.Describe(d))
	return nil
}

func TestEventsAreSeenBeforeTheirDeltas(t *testing.T) {
	var l eventsAndDeltas
	p := llmstream.NewParser(llmstream.OpenAIChat, &l, &llmstream.Options{Events: &l})
	p.Write([]byte(": c\nid: 7\nevent: e\ndata: " + says("a") + "\n\n: d\n\ndata: " + testkit.Stops + "\n\ndata: null\n\ndata: [DONE]"))
	p.Close()
	require.Equal(t, []string{
		": c", "e|" + says("a") + "|7", "content a", ": d", "|" + testkit.Stops + "|7", "finish stop(stop)", "|null|7", "other", "|[DONE]|7", "done",
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
		p := llmstream.NewParser(llmstream.OpenAIChat, &l, &llmstream.Options{Events: &l})
		first := testkit.SSE(says("a")) + ": c\n" + testkit.SSE(says("b"))
		n, err := p.Write([]byte(first + testkit.Whole))
		require.Equal(t, errBoom, err)
		require.Equal(t, strings.Index(first, strings.Trim(at, "|"))+len(strings.Trim(at, "|"))+map[bool]int{true: 1, false: 2}[at == ": c"], n)
		require.Equal(t, at, l.lines[len(l.lines)-1]) // none of its deltas
		require.ErrorIs(t, p.Close(), errBoom)
		require.Equal(t, llmstream.StateStopped, p.Outcome().State)
	}
}

func TestKindsChooseTheDeltas(t *testing.T) {
	body := []byte(testkit.SSE(`{"id":"a","choices":[{"index":0,"delta":{"role":"assistant","content":"x","reasoning":"r","refusal":"f"}}]}`,
		calls(`{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}`), testkit.Stops, "null", "", `{"bad`, `{"error":{"message":"no"}}`,
		`{"choices":[],"usage":{"total_tokens":1}}`, "[DONE]"))
	all := read(llmstream.OpenAIChat, nil, body)
	for k := llmstream.KindStart; k <= llmstream.KindDone; k <<= 1 {
		got := read(llmstream.OpenAIChat, &llmstream.Options{Kinds: k | llmstream.KindContent}, body)
		var want []streamtest.Delta
		for _, d := range all.Deltas {
			if d.Kind&(k|llmstream.KindContent) != 0 {
				want = append(want, d)
			}
		}
		require.Equal(t, want, got.Deltas, "%v", k)
		require.Equal(t, all.Outcome, got.Outcome, "%v", k)
	}
}

// What a handler does to its delta does not reach the next one. A nil handler is left
// out.
func TestHandlerMayChangeItsDelta(t *testing.T) {
	var got []string
	p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		got = append(got, streamtest.Describe(d))
		for _, b := range [][]byte{d.Text, d.NativeFinishReason, d.ToolCall.ID, d.ToolCall.Name, d.ToolCall.Arguments} {
			for i := range b {
				b[i] = 'X'
			}
		}
		*d = llmstream.Delta{Kind: llmstream.KindError, Choice: 99, Err: errBoom}
		return nil
	}), nil)
	p.Write(bytes.Clone([]byte(testkit.SSE(says("a"), says("b"), calls(`{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}`), testkit.Stops, "[DONE]"))))
	p.Close()
	require.Equal(t, []string{"content a", "content b", "tool_call #0 id=c name=f type=function args={}", "finish stop(stop)", "tool_call_end #0 valid", "done"}, got)
	require.NoError(t, p.Outcome().Err())

	p = llmstream.NewParser(llmstream.OpenAIChat, nil, nil)
	p.Write([]byte(testkit.Whole))
	require.NoError(t, p.Close())
}

func TestHandlersInOrder(t *testing.T) {
	var got []string
	h := func(name string, err error) llmstream.Handler {
		return llmstream.HandlerFunc(func(*llmstream.Delta) error {
			got = append(got, name)
			return err
		})
	}
	require.ErrorIs(t, llmstream.Handlers(h("a", nil), nil, h("b", errBoom), h("c", nil)).HandleDelta(&llmstream.Delta{}), errBoom)
	require.Equal(t, []string{"a", "b"}, got)
	require.NoError(t, llmstream.Handlers().HandleDelta(&llmstream.Delta{}))
}

// Nothing of a stream is left behind, wherever it was left.
func TestParserReset(t *testing.T) {
	var l lines
	p := llmstream.NewParser(llmstream.OpenAIChat, &l, &llmstream.Options{MaxEvent: 1000})
	for _, left := range []string{
		testkit.Whole, testkit.SSE(says(`\ud83d`)), "data: {", "event: error\n", "id: 1\n", "data: x\r", "\x1f", "\x1f\x8b", "\xEF\xBB", "<html>", "{\"a\":", "[1,", "error: x\n",
		testkit.SSE(`{"candidates":[]}`), testkit.SSE(`{"id":"a","model":"m","created":1,"choices":[{"index":0,"delta":{"role":"assistant"}}]}`), testkit.SSE(`{"choices":[],"usage":{"total_tokens":9}}`),
		testkit.SSE(calls(`{"index":0,"id":"c","function":{"name":"f"}}`)), "data: {\"a\ndata: {}\n\n", "data: " + strings.Repeat("x", 1001), testkit.SSE(`{"choices":[],"citations":["u"]}`),
	} {
		body := testkit.SSE(`{"id":"a","model":"m","created":1,"citations":["u"],"choices":[{"index":0,"delta":{"role":"assistant","content":"\ude00"}}],"usage":{"total_tokens":1}}`, "[DONE]")
		want, outcome := push(llmstream.OpenAIChat, nil, body)
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
