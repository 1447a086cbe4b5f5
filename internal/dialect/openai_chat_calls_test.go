package dialect_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

func TestToolCallsAreFoundWhateverTheirIndex(t *testing.T) {
	fn := func(name, arguments string) string {
		return `"function":{"name":"` + name + `","arguments":"` + arguments + `"}`
	}
	more := func(arguments string) string { return `"function":{"arguments":"` + arguments + `"}` }
	for _, c := range []struct {
		name   string
		events []string
		want   streamtest.Lines
	}{
		{"T-01 no index, new ids", []string{testkit.Calls(`{"id":"a",` + fn("f", "1") + `}`), testkit.Calls(`{"id":"b",` + fn("g", "2") + `}`)},
			streamtest.Lines{"tool_call #0 id=a name=f type=function args=1", "tool_call #1 id=b name=g type=function args=2"}},
		{"T-01 no index, ids repeated", []string{testkit.Calls(`{"id":"a",`+fn("f", "1")+`}`, `{"id":"b",`+fn("g", "2")+`}`), testkit.Calls(`{"id":"a",` + more("3") + `}`), testkit.Calls(`{` + more("4") + `}`)},
			streamtest.Lines{"tool_call #0 id=a name=f type=function args=1", "tool_call #1 id=b name=g type=function args=2", "tool_call #0 args=3", "tool_call #1 args=4"}},
		{"T-01 names alone", []string{testkit.Calls(`{`+fn("f", "{}")+`}`, `{`+fn("g", "{}")+`}`), testkit.Calls(`{` + fn("f", "{}") + `}`)},
			streamtest.Lines{"tool_call #0 name=f type=function args={}", "tool_call #1 name=g type=function args={}", "tool_call #2 name=f type=function args={}"}},
		{"T-01 one name twice", []string{testkit.Calls(`{` + fn("f", "{}") + `}`), testkit.Calls(`{` + fn("f", "{}") + `}`)},
			streamtest.Lines{"tool_call #0 name=f type=function args={}", "tool_call #1 name=f type=function args={}"}},
		{"T-01 one name twice in a list", []string{testkit.Calls(`{`+fn("f", "")+`}`, `{`+fn("f", "")+`}`)},
			streamtest.Lines{"tool_call #0 name=f type=function", "tool_call #1 name=f type=function"}},
		{"T-01 the name again with the arguments", []string{testkit.Calls(`{` + fn("f", "") + `}`), testkit.Calls(`{` + fn("f", "1") + `}`)},
			streamtest.Lines{"tool_call #0 name=f type=function", "tool_call #0 args=1"}},
		{"T-01 another name in place of the arguments", []string{testkit.Calls(`{` + fn("f", "") + `}`), testkit.Calls(`{` + fn("g", "1") + `}`)},
			streamtest.Lines{"tool_call #0 name=f type=function", "tool_call #1 name=g type=function args=1"}},
		{"T-01 an index from the second piece on", []string{testkit.Calls(`{"id":"a",` + fn("f", "1") + `}`), testkit.Calls(`{"index":1,"id":"a",` + fn("f", "2") + `}`), testkit.Calls(`{"index":1,` + more("3") + `}`)},
			streamtest.Lines{"tool_call #0 id=a name=f type=function args=1", "tool_call #0 args=2", "tool_call #0 args=3"}},
		{"T-01 no index, and a new id with one", []string{testkit.Calls(`{"id":"a",` + fn("f", "1") + `}`), testkit.Calls(`{"index":1,"id":"b",` + more("2") + `}`)},
			streamtest.Lines{"tool_call #0 id=a name=f type=function args=1", "tool_call #1 id=b type=function args=2"}},
		{"T-02 index 0 for all, no ids", []string{testkit.Calls(`{"index":0,` + fn("f", "{}") + `}`), testkit.Calls(`{"index":0,` + fn("g", "{}") + `}`)},
			streamtest.Lines{"tool_call #0 name=f type=function args={}", "tool_call #1 name=g type=function args={}"}},
		{"T-02 pieces of one call in a list", []string{testkit.Calls(`{"index":0,`+fn("f", "{")+`}`, `{"index":0,`+fn("f", "}")+`}`)},
			streamtest.Lines{"tool_call #0 name=f type=function args={", "tool_call #0 args=}"}},
		{"T-02 index 0 for all", []string{testkit.Calls(`{"index":0,"id":"a",` + fn("f", "") + `}`), testkit.Calls(`{"index":0,` + more("1") + `}`), testkit.Calls(`{"index":0,"id":"b",` + fn("f", "") + `}`), testkit.Calls(`{"index":0,` + more("2") + `}`)},
			streamtest.Lines{"tool_call #0 id=a name=f type=function", "tool_call #0 args=1", "tool_call #1 id=b name=f type=function", "tool_call #1 args=2"}},
		{"T-03 sparse and negative", []string{testkit.Calls(`{"index":7,"id":"a",`+fn("f", "1")+`}`, `{"index":-1,"id":"b",`+fn("g", "2")+`}`), testkit.Calls(`{"index":7,`+more("3")+`}`, `{"index":-1,`+more("4")+`}`)},
			streamtest.Lines{"tool_call #0 id=a name=f type=function args=1", "tool_call #1 id=b name=g type=function args=2", "tool_call #0 args=3", "tool_call #1 args=4"}},
		{"T-04 empty ids", []string{testkit.Calls(`{"index":0,"id":"a",` + fn("f", "") + `}`), testkit.Calls(`{"index":0,"id":"","type":"function",` + more("1") + `}`), testkit.Calls(`{"index":0,"id":null,` + fn("", "2") + `}`)},
			streamtest.Lines{"tool_call #0 id=a name=f type=function", "tool_call #0 args=1", "tool_call #0 args=2"}},
		{"T-05 id on every delta", []string{testkit.Calls(`{"index":0,"id":"a",` + fn("f", "1") + `}`), testkit.Calls(`{"index":0,"id":"a",` + more("2") + `}`)},
			streamtest.Lines{"tool_call #0 id=a name=f type=function args=1", "tool_call #0 args=2"}},
		{"T-05 id late", []string{testkit.Calls(`{"index":0,` + fn("f", "1") + `}`), testkit.Calls(`{"index":0,"id":"a",` + more("2") + `}`)},
			streamtest.Lines{"tool_call #0 name=f type=function args=1", "tool_call #0 id=a args=2"}},
		{"T-05 id late, no index", []string{testkit.Calls(`{` + fn("f", "1") + `}`), testkit.Calls(`{"id":"a",` + more("2") + `}`)},
			streamtest.Lines{"tool_call #0 name=f type=function args=1", "tool_call #0 id=a args=2"}},
		{"T-05 id of another call, no index", []string{testkit.Calls(`{` + fn("f", "1") + `}`), testkit.Calls(`{"id":"a",` + fn("g", "2") + `}`)},
			streamtest.Lines{"tool_call #0 name=f type=function args=1", "tool_call #1 id=a name=g type=function args=2"}},
		{"T-05 id of another call, which is the second of a list", []string{testkit.Calls(`{`+fn("f", "1")+`}`, `{"id":"a",`+more("2")+`}`)},
			streamtest.Lines{"tool_call #0 name=f type=function args=1", "tool_call #1 id=a type=function args=2"}},
		{"T-05 id of another call, where the one before has an index", []string{testkit.Calls(`{"index":0,` + fn("f", "1") + `}`), testkit.Calls(`{"id":"a",` + more("2") + `}`)},
			streamtest.Lines{"tool_call #0 name=f type=function args=1", "tool_call #1 id=a type=function args=2"}},
		{"T-06 name on every delta", []string{testkit.Calls(`{"index":0,"id":"a",` + fn("f", "1") + `}`), testkit.Calls(`{"index":0,"id":"a",` + fn("f", "2") + `}`), testkit.Calls(`{"index":0,` + fn("f", "3") + `}`)},
			streamtest.Lines{"tool_call #0 id=a name=f type=function args=1", "tool_call #0 args=2", "tool_call #0 args=3"}},
		{"T-08 name late", []string{testkit.Calls(`{"index":0,"id":"a",` + more("1") + `}`), testkit.Calls(`{"index":0,` + fn("f", "2") + `}`)},
			streamtest.Lines{"tool_call #0 id=a type=function args=1", "tool_call #0 name=f args=2"}},
		{"T-10 type null or odd", []string{testkit.Calls(`{"index":0,"id":"a","type":null,`+fn("f", "")+`}`, `{"index":1,"id":"b","type":"x",`+fn("f", "")+`}`)},
			streamtest.Lines{"tool_call #0 id=a name=f type=function", "tool_call #1 id=b name=f type=function"}},
		{"T-12 arguments as an object", []string{testkit.Calls(`{"index":0,"id":"a","function":{"name":"f","arguments":{"b":1, "a":[2]}}}`)},
			streamtest.Lines{`tool_call #0 id=a name=f type=function args={"b":1, "a":[2]}`}},
		{"T-12 arguments as an array", []string{testkit.Calls(`{"index":0,"id":"a","function":{"name":"f","arguments":[1, 2]}}`)},
			streamtest.Lines{`tool_call #0 id=a name=f type=function args=[1, 2]`}},
		{"T-13 an object for the array", []string{testkit.Chunk(`"delta":{"tool_calls":{"index":0,"id":"a",` + fn("f", "1") + `}}`), testkit.Chunk(`"delta":{"tool_calls":null}`), testkit.Chunk(`"delta":{"tool_calls":[]}`)},
			streamtest.Lines{"tool_call #0 id=a name=f type=function args=1", "other", "other"}},
		{"T-15 with content", []string{testkit.Chunk(`"delta":{"content":"x","tool_calls":[{"index":0,"id":"a",` + fn("f", "1") + `}]}`)},
			streamtest.Lines{"content x", "tool_call #0 id=a name=f type=function args=1"}},
		{"T-16 interleaved", []string{testkit.Calls(`{"index":0,"id":"a",`+fn("f", "")+`}`, `{"index":1,"id":"b",`+fn("g", "")+`}`), testkit.Calls(`{"index":1,` + more("1") + `}`), testkit.Calls(`{"index":0,` + more("2") + `}`)},
			streamtest.Lines{"tool_call #0 id=a name=f type=function", "tool_call #1 id=b name=g type=function", "tool_call #1 args=1", "tool_call #0 args=2"}},
		{"T-22 something to send back", []string{testkit.Calls(`{"index":0,"id":"a","extra_content":{"google":{"thought_signature":"s"}},` + fn("f", "1") + `}`)},
			streamtest.Lines{`tool_call #0 id=a name=f type=function args=1 extra={"google":{"thought_signature":"s"}}`}},
		{"T-23 empty entries", []string{testkit.Calls(`{}`, `{"index":0}`, `{"index":0,"type":"function","function":{}}`, `null`), testkit.Calls(`{"index":1,"id":"a",` + fn("f", "") + `}`)},
			streamtest.Lines{"other", "tool_call #0 id=a name=f type=function"}},
		{"T-24 the old form", []string{testkit.Chunk(`"delta":{"function_call":{"name":"f","arguments":""}}`), testkit.Chunk(`"delta":{"function_call":{"arguments":"{}"}}`), testkit.Chunk(`"delta":{"function_call":null}`)},
			streamtest.Lines{"tool_call #0 name=f type=function", "tool_call #0 args={}", "other"}},
		{"T-24 the old form with another name", []string{testkit.Chunk(`"delta":{"function_call":{"name":"f","arguments":"{}"}}`), testkit.Chunk(`"delta":{"function_call":{"name":"g","arguments":"{}"}}`)},
			streamtest.Lines{"tool_call #0 name=f type=function args={}", "tool_call #0 args={}"}},
		{"T-25 a custom tool", []string{testkit.Calls(`{"index":0,"id":"a","type":"custom","custom":{"name":"f","input":"free "}}`), testkit.Calls(`{"index":0,"custom":{"input":"text"}}`)},
			streamtest.Lines{"tool_call #0 id=a name=f type=custom args=free ", "tool_call #0 args=text"}},
		{"T-28 a new id for every piece", []string{testkit.Calls(`{"index":0,"id":"a",` + fn("f", "") + `}`), testkit.Calls(`{"index":0,"id":"b","function":{"name":null,"arguments":"1"}}`), testkit.Calls(`{"index":0,"id":"c",` + more("2") + `}`)},
			streamtest.Lines{"tool_call #0 id=a name=f type=function", "tool_call #0 args=1", "tool_call #0 args=2"}},
		{"two choices", []string{`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a",` + fn("f", "1") + `}]}},{"index":1,"delta":{"tool_calls":[{"index":0,"id":"a",` + fn("g", "2") + `}]}}]}`},
			streamtest.Lines{"tool_call #0 id=a name=f type=function args=1", "tool_call[1] #0 id=a name=g type=function args=2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, _ := streamtest.Push(llmstream.OpenAIChat, nil, testkit.SSE(c.events...))
			require.Equal(t, c.want, l)
		})
	}
}

func TestFunctionCallIsOneCall(t *testing.T) { // T-24
	function := func(arguments string) string {
		return testkit.Chunk(`"delta":{"function_call":{"name":"f","arguments":"` + arguments + `"}}`)
	}
	var a llmstream.Accumulator
	p := llmstream.NewParser(llmstream.OpenAIChat, &a, nil)
	p.Write([]byte(testkit.SSE(function(`{\"a\"`), function(`:1}`), testkit.Chunk(`"delta":{},"finish_reason":"function_call"`), "[DONE]")))
	require.NoError(t, p.Close())
	require.Len(t, a.Completion().Choices[0].Message.ToolCalls, 1)
	require.Equal(t, `{"a":1}`, a.Completion().Choices[0].Message.ToolCalls[0].Arguments)
}

func TestIndexTellsCallsApartWhoseIdsAreTheSame(t *testing.T) { // N-04, T-16
	l, _ := streamtest.Push(llmstream.OpenAIChat, nil, testkit.SSE(
		testkit.Calls(`{"index":0,"id":"0","function":{"name":"f","arguments":"1"}}`),
		testkit.Calls(`{"index":1,"id":"0","function":{"name":"g","arguments":"2"}}`),
		testkit.Calls(`{"index":0,"id":"0","function":{"arguments":"3"}}`),
		testkit.Calls(`{"index":2,"id":"0","function":{"arguments":"4"}}`), // and no name, so that it begins none
	))
	require.Equal(t, streamtest.Lines{"tool_call #0 id=0 name=f type=function args=1", "tool_call #1 id=0 name=g type=function args=2", "tool_call #0 args=3", "tool_call #1 args=4"}, l)
}

// What a call has to take back is found on either side of its arguments. That it costs the
// same is in internal/proof: TestToolCallsAreLinear.
func TestExtraOnEitherSideOfArguments(t *testing.T) {
	for _, element := range []string{
		`{"index":0,"function":{"arguments":{"a":%}},"extra_content":{"b":%}}`,
		`{"index":0,"extra_content":{"b":%},"function":{"arguments":{"a":%}}}`,
	} {
		var elements []string
		for i := range 100 {
			elements = append(elements, strings.ReplaceAll(element, "%", strconv.Itoa(i)))
		}
		l, _ := streamtest.Push(llmstream.OpenAIChat, nil, testkit.SSE(
			testkit.Chunk(`"delta":{"tool_calls":[`+strings.Join(elements, ",")+`]},"padding":"`+strings.Repeat("{", 256<<10)+`"`)))
		require.Len(t, l, 100)
		require.Equal(t, `tool_call #1 args={"a":1} extra={"b":1}`, l[1])
	}
}

func TestConflictsOfToolCallsAreCounted(t *testing.T) {
	_, o := streamtest.Push(llmstream.OpenAIChat, nil, testkit.SSE(
		testkit.Calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}`),
		testkit.Calls(`{"index":0,"id":"b","function":{"arguments":"}"}}`),           // T-28
		testkit.Calls(`{"index":0,"id":"a","function":{"name":"g","arguments":""}}`), // another name
	))
	require.EqualValues(t, 2, o.Anomalies.Conflicts)
	require.Equal(t, 1, o.Choices[0].ToolCalls)
}

// Contract 13. Each case gives what ends a call and how.
func TestToolCallsEndAtTheEnd(t *testing.T) {
	call := func(arguments string) string {
		return testkit.Calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"` + arguments + `"}}`)
	}
	more := func(arguments string) string {
		return testkit.Calls(`{"index":0,"function":{"arguments":"` + arguments + `"}}`)
	}
	finish := testkit.Chunk(`"index":0,"delta":{},"finish_reason":"tool_calls"`)
	for _, c := range []struct {
		name   string
		events []string
		want   streamtest.Lines // from the first event on that is no beginning of a call
		open   int
	}{
		{"at the marker, not when the JSON does", []string{call(`{}`), finish, "[DONE]"}, streamtest.Lines{"finish tool_calls(tool_calls)", "tool_call_end #0 valid", "done"}, 0},                                 // T-17
		{"behind pieces that follow the finish", []string{call(`{`), finish, more(`}`), "[DONE]"}, streamtest.Lines{"finish tool_calls(tool_calls)", "tool_call #0 args=}", "tool_call_end #0 valid", "done"}, 0}, // T-21
		{"at the end behind a finish", []string{call(`{}`), finish}, streamtest.Lines{"finish tool_calls(tool_calls)", "tool_call_end #0 valid"}, 0},
		{"with stop too", []string{call(`{}`), testkit.Stops}, streamtest.Lines{"finish stop(stop)", "tool_call_end #0 valid"}, 0},                               // T-20
		{"no arguments are valid", []string{call(``), finish, "[DONE]"}, streamtest.Lines{"finish tool_calls(tool_calls)", "tool_call_end #0 valid", "done"}, 0}, // T-11
		{"null arguments too", []string{testkit.Calls(`{"index":0,"id":"a","function":{"name":"f","arguments":null}}`), finish}, streamtest.Lines{"finish tool_calls(tool_calls)", "tool_call_end #0 valid"}, 0},
		{"cut arguments never have", []string{call(`{\"a\":`), testkit.Chunk(`"index":0,"finish_reason":"length"`)}, streamtest.Lines{"finish length(length)"}, 0},                                                                 // T-19
		{"nor has one that another value follows, of which nobody knows whose it is", []string{call(`{\"a\":1}`), more(`{\"b\":1}`), finish}, streamtest.Lines{"tool_call #1 args={\"b\":1}", "finish tool_calls(tool_calls)"}, 0}, // T-18, T-33
		{"broken arguments are not valid", []string{call(`{\"a\":1}`), more(`x`), finish}, streamtest.Lines{"tool_call #0 args=x", "finish tool_calls(tool_calls)", "tool_call_end #0"}, 0},
		{"half of a pair behind them", []string{call(`{}\ud83d`), finish, "[DONE]"}, streamtest.Lines{"finish tool_calls(tool_calls)", "tool_call #0 args=\uFFFD", "tool_call_end #0", "done"}, 0}, // J-03
		{"at the marker without a finish", []string{call(`{}`), "[DONE]"}, streamtest.Lines{"tool_call_end #0 valid", "done"}, 0},
		{"an open one has not ended", []string{call(`{`), "[DONE]"}, streamtest.Lines{"done"}, 1},
		{"whole arguments alone end nothing", []string{call(`{}`)}, nil, 0},
		{"open without any arguments", []string{call(``)}, nil, 1},
		{"spaces are a value with what they surround", []string{call(` {} `), finish}, streamtest.Lines{"finish tool_calls(tool_calls)", "tool_call_end #0 valid"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, o := streamtest.Push(llmstream.OpenAIChat, nil, testkit.SSE(c.events...))
			if len(l) > 1 {
				require.Equal(t, c.want, l[1:])
			} else {
				require.Empty(t, c.want)
			}
			require.Equal(t, c.open, o.OpenToolCalls)
		})
	}
}

func TestFreeTextOfACustomToolIsValid(t *testing.T) {
	l, _ := streamtest.Push(llmstream.OpenAIChat, nil, testkit.SSE(testkit.Calls(`{"index":0,"id":"a","custom":{"name":"f","input":"free {"}}`), testkit.Calls(`{"index":0,"function":{"arguments":"]"}}`), testkit.Stops, "[DONE]"))
	require.Contains(t, l, "tool_call_end #0 valid") // T-25
}
