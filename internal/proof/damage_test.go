package proof

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// Promptness and the end

func TestOnlyCloseAddsWhatNoByteCanBring(t *testing.T) {
	for _, c := range []struct {
		name, body string
		before     int   // deltas that Write gives
		added      lines // those that Close adds
	}{
		{"nothing", testkit.Whole, 3, nil},
		{"an unfinished last event", testkit.SSE(says("a")) + "data: " + testkit.Stops, 1, lines{"finish stop(stop)"}}, // F-19
		{"half of a pair in the content", testkit.SSE(says(`a\ud83d`), testkit.Stops, "[DONE]"), 3, lines{"content \uFFFD"}},
		{"half of a pair in a refusal", testkit.SSE(chunk(`"delta":{"refusal":"\ud83d"}`)), 1, lines{"refusal \uFFFD"}},
		{"half of a pair in reasoning", testkit.SSE(chunk(`"delta":{"reasoning":"a\ud83d"}`)), 1, lines{"reasoning \uFFFD"}},
		{"the end of tool calls without a marker", testkit.SSE(calls(`{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}`), testkit.Stops), 2, lines{"tool_call_end #0 valid"}},
		{"a text that no blank line has ended", testkit.SSE(says("a")) + "<html>oh no", 1, lines{"error <html>oh no"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l lines
			p := llmstream.NewParser(llmstream.OpenAIChat, &l, nil)
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
	p := llmstream.NewParser(llmstream.OpenAIChat, &l, nil)
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
		state        llmstream.State
	}{
		{"none", "", nil, false, 0, llmstream.StateTruncated},
		{"no newline", "data: " + testkit.Stops, lines{"finish stop(stop)"}, true, 0, llmstream.StateComplete},
		{"one newline", "data: " + testkit.Stops + "\n", lines{"finish stop(stop)"}, true, 0, llmstream.StateComplete},
		{"CRLF", "data: " + testkit.Stops + "\r\n", lines{"finish stop(stop)"}, true, 0, llmstream.StateComplete},
		{"the marker", "data: [DONE]", lines{"done"}, true, 0, llmstream.StateComplete}, // F-40
		{"the marker and spaces", "data:  [DONE] \n", lines{"done"}, true, 0, llmstream.StateComplete},
		{"half an object", "data: {\"choices\":[", nil, false, len("data: {\"choices\":["), llmstream.StateTruncated},
		{"a whole one and the marker", "data: " + testkit.Stops + "\ndata: [DONE]", lines{"finish stop(stop)", "done"}, true, 0, llmstream.StateComplete},
		{"a whole one and half an object", "data: " + testkit.Stops + "\ndata: {\"a\":\n", lines{"finish stop(stop)"}, true, len(`{"a":`), llmstream.StateComplete},
		{"text", "data: tru", nil, false, len("data: tru"), llmstream.StateTruncated},
		{"a type alone", "event: x\n", nil, false, 0, llmstream.StateTruncated},
		{"a comment", ": bye", nil, false, 0, llmstream.StateTruncated},
		{"the lone error field", `error: {"message":"no"}`, lines{"error no"}, false, 0, llmstream.StateError}, // F-37
	} {
		t.Run(c.name, func(t *testing.T) {
			testkit.EachCut(c.rest, func(cuts ...int) {
				var l lines
				p := llmstream.NewParser(llmstream.OpenAIChat, &l, nil)
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
		options     *llmstream.Options
		want        lines
		malformed   int64
		limit       string
	}{
		{"half an object", `{"choices":[`, nil, lines{"malformed"}, 1, ""},
		{"a comma too many", `{"choices":[],}`, nil, lines{"malformed"}, 1, ""},
		{"something behind the object", `{"choices":[]}x`, nil, lines{"malformed"}, 1, ""},
		{"half a string", `"x`, nil, lines{"malformed"}, 1, ""},
		{"half an array", `[1`, nil, lines{"malformed"}, 1, ""},
		{"an index that is not a number", `{"choices":[{"index":"x","delta":{"content":"x"}}]}`, nil, lines{"malformed"}, 1, ""}, // C-16
		{"a negative index", `{"choices":[{"index":-1,"delta":{"content":"x"}}]}`, nil, lines{"malformed"}, 1, ""},
		{"a broken index", `{"choices":[{"index":0.5,"delta":{"content":"x"}}]}`, nil, lines{"malformed"}, 1, ""},
		{"an index past 32 bits", `{"choices":[{"index":4294967296,"delta":{"content":"x"}}]}`, nil, lines{"malformed"}, 1, ""},
		{"a large index is an identifier", `{"choices":[{"index":2147483647,"delta":{"content":"x"}}]}`, nil, lines{"content[2147483647] x"}, 0, ""},
		{"depth 300", deep(300, 0), nil, lines{"other"}, 0, ""}, // J-06
		{"depth 301", deep(301, 0), nil, lines{"malformed"}, 1, ""},
		{"depth 300 in a large event", deep(300, 5000), nil, lines{"other"}, 0, ""},
		{"depth 301 in a large event", deep(301, 5000), nil, lines{"malformed"}, 1, ""},
		{"depth inside a string", sayDeep(400), nil, lines{"content " + strings.Repeat("[", 400)}, 0, ""},
		{"MaxLine", says(strings.Repeat("x", 100)), &llmstream.Options{MaxLine: 120}, lines{"malformed"}, 1, "MaxLine"},
		{"MaxEvent", says(strings.Repeat("x", 100)), &llmstream.Options{MaxEvent: 120}, lines{"malformed"}, 1, "MaxEvent"},
		{"MaxValues", wide(0), &llmstream.Options{MaxValues: 24}, lines{"malformed"}, 1, "MaxValues"},
		{"MaxValues in a large event", wide(5000), &llmstream.Options{MaxValues: 24}, lines{"malformed"}, 1, "MaxValues"},
		{"just MaxValues", wide(5000), &llmstream.Options{MaxValues: 25}, lines{"other"}, 0, ""},
		{"a list of numbers counts once", `{"context":[` + strings.Repeat("1, ", 50) + `2],"choices":[{"delta":{"content":"x"}}]}`, &llmstream.Options{MaxValues: 24}, lines{"content x"}, 0, ""},
		{"MaxChoices", `{"choices":[{"index":0,"delta":{"content":"a"}},{"index":7,"delta":{"content":"b"}},{"index":8,"delta":{"content":"c"}}]}`,
			&llmstream.Options{MaxChoices: 2}, lines{"content a", "content[7] b", "malformed"}, 1, "MaxChoices"},
		{"MaxToolCalls", calls(`{"index":0,"id":"a","function":{"name":"f"}}`, `{"index":1,"id":"b","function":{"name":"f"}}`, `{"index":0,"function":{"arguments":"{}"}}`),
			&llmstream.Options{MaxToolCalls: 1}, lines{"tool_call #0 id=a name=f type=function", "malformed", "tool_call #0 args={}"}, 1, "MaxToolCalls"},
		{"a tool call's index that is none", calls(`{"index":-2,"id":"a"}`, `{"index":"x","id":"a"}`), nil, lines{"malformed"}, 1, ""},
		{"MaxLine at once behind a text", "x\n\n<p>no\ndata: " + strings.Repeat("x", 120), &llmstream.Options{MaxLine: 120}, lines{"error x", "error <p>no", "malformed"}, 1, "MaxLine"},
		{"MaxBadText", "x\n\n<html>1234567890\n", &llmstream.Options{MaxBadText: 8}, lines{"error x", "error <html>12"}, 0, ""}, // F-38
	} {
		t.Run(c.name, func(t *testing.T) {
			body := testkit.SSE(says("before"), c.event, says("behind"), "[DONE]")
			l, o := push(llmstream.OpenAIChat, c.options, body)
			l = slices.DeleteFunc(l, func(line string) bool { return strings.HasPrefix(line, "tool_call_end") })
			require.Equal(t, append(append(lines{"content before"}, c.want...), "content behind", "done"), l)
			require.Equal(t, c.malformed, o.Anomalies.Malformed)
			if c.limit != "" {
				var limit *llmstream.LimitError
				require.ErrorAs(t, o.Err(), &limit)
				require.Equal(t, c.limit, limit.Limit)
			}
			want := read(llmstream.OpenAIChat, c.options, []byte(body))
			for i := 1; i < len(body); i += max(1, len(body)/200) {
				requireSame(t, want, read(llmstream.OpenAIChat, c.options, []byte(body), i), i)
			}
		})
	}
}

func sayDeep(n int) string { return says(strings.Repeat("[", n)) }

// A large event is damage, and so is its unfinished beginning.
func TestUnfinishedEventPastALimit(t *testing.T) {
	l, o := push(llmstream.OpenAIChat, &llmstream.Options{MaxEvent: 10}, "data: 12345678901234")
	require.Equal(t, lines{"malformed"}, l)
	require.Equal(t, llmstream.StateTruncated, o.State)
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
					l, _ := push(llmstream.OpenAIChat, nil, testkit.SSE(warm, warm, c.event))
					require.Equal(t, c.want, l[len(l)-1])
				})
			})
		}
	}
}
