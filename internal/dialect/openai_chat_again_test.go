package dialect_test

import (
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// doneCall is a call of the answer, as its reader sees it.
type doneCall struct {
	Name, Arguments string
	Ended, Valid    bool
}

// callsOf reads a stream of chat in all ways, which must agree, and returns its calls.
func callsOf(t *testing.T, events ...string) (calls []doneCall, o llmstream.Outcome) {
	t.Helper()
	body := []byte(testkit.SSE(events...))
	streamtest.RequireShortcuts(t, llmstream.OpenAIChat, body)
	r := streamtest.Read(llmstream.OpenAIChat, nil, body)
	for _, c := range r.Completion.Choices {
		for _, call := range c.Message.ToolCalls {
			calls = append(calls, doneCall{call.Name, call.Arguments, call.Ended, call.ArgumentsValid})
		}
	}
	return calls, r.Outcome
}

// wantCalls is a case with the calls that it gives, which end with the finish reason.
type wantCalls struct {
	name      string
	events    []string
	calls     []doneCall
	conflicts int64
}

func testCalls(t *testing.T, cases []wantCalls) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			calls, o := callsOf(t, append(c.events, testkit.Chunk(`"index":0,"delta":{},"finish_reason":"tool_calls"`), "[DONE]")...)
			require.Equal(t, c.calls, calls)
			require.Equal(t, c.conflicts, o.Anomalies.Conflicts)
			require.Equal(t, llmstream.StateComplete, o.State)
		})
	}
}

const (
	beginsA = `{"index":0,"id":"a","function":{"name":"f","arguments":""}}`
	wholeA  = `{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}`
)

// T-32
func TestFragmentsAtAnIndexThatNoCallHas(t *testing.T) {
	testCalls(t, []wantCalls{
		{"each with the next index", []string{testkit.Calls(beginsA), testkit.Calls(`{"index":1,"function":{"arguments":"{\"x\":"}}`), testkit.Calls(`{"index":2,"function":{"arguments":"1}"}}`)},
			[]doneCall{{"f", `{"x":1}`, true, true}}, 0},
		{"all with one", []string{testkit.Calls(beginsA), testkit.Calls(`{"index":3,"function":{"arguments":"{\"x\":"}}`), testkit.Calls(`{"index":3,"function":{"arguments":"1}"}}`)},
			[]doneCall{{"f", `{"x":1}`, true, true}}, 0},
		{"not after whole arguments, which nothing continues", []string{testkit.Calls(wholeA), testkit.Calls(`{"index":1,"function":{"arguments":"{\"y\":"}}`), testkit.Calls(`{"index":1,"function":{"arguments":"2}"}}`)},
			[]doneCall{{"f", `{"x":1}`, true, true}, {"", `{"y":2}`, false, false}}, 0},
		{"with a name it is another call", []string{testkit.Calls(beginsA), testkit.Calls(`{"index":1,"function":{"name":"g","arguments":"{}"}}`)},
			[]doneCall{{"f", ``, true, true}, {"g", `{}`, true, true}}, 0},
		{"a call without a name", []string{testkit.Calls(`{"index":0,"id":"a","function":{"arguments":"{}"}}`)},
			[]doneCall{{"", `{}`, false, false}}, 0},
	})
}

// T-33
func TestTheSameCallOnceMore(t *testing.T) {
	more := func(arguments string) string {
		return testkit.Calls(`{"index":0,"function":{"arguments":"` + arguments + `"}}`)
	}
	again := func(id, name, arguments string) string {
		return testkit.Calls(`{"index":0,"id":"` + id + `","function":{"name":"` + name + `","arguments":"` + arguments + `"}}`)
	}
	one := []doneCall{{"f", `{"x":1}`, true, true}}
	testCalls(t, []wantCalls{
		{"with the id, equal", []string{testkit.Calls(wholeA), testkit.Calls(wholeA)}, one, 0},
		{"with the id, equal but for white space", []string{testkit.Calls(wholeA), again("a", "f", ` { \"x\" : 1 } `)}, one, 0},
		{"with the id, equal to fragments", []string{testkit.Calls(beginsA), more(`{\"x`), more(`\":1}`), testkit.Calls(wholeA)}, one, 0},
		{"with the id, as an object", []string{testkit.Calls(wholeA), testkit.Calls(`{"index":0,"id":"a","function":{"name":"f","arguments":{"x": 1}}}`)}, one, 0},
		{"with the id, different", []string{testkit.Calls(wholeA), again("a", "f", `{\"x\":2}`)}, []doneCall{{"f", `{"x":2}`, true, true}}, 1},
		{"with the id, different, and twice", []string{testkit.Calls(wholeA), again("a", "f", `{\"x\":2}`), again("a", "f", `{\"x\":2}`)}, []doneCall{{"f", `{"x":2}`, true, true}}, 1},
		{"with the id and no name, different", []string{testkit.Calls(wholeA), again("a", "", `{\"x\":2}`)}, []doneCall{{"f", `{"x":2}`, true, true}}, 1},
		{"with the id and another name", []string{testkit.Calls(wholeA), again("a", "g", `{\"x\":1}`)}, []doneCall{{"f", `{"x":1}`, false, false}}, 1},
		{"white space in a string is a difference", []string{testkit.Calls(wholeA), again("a", "f", `{\"x \":1}`)}, []doneCall{{"f", `{"x ":1}`, true, true}}, 1},
		{"without an id, equal", []string{again("", "f", `{\"x\":1}`), again("", "f", `{\"x\":1}`)}, one, 0},
		{"without an id, different", []string{again("", "f", `{\"x\":1}`), again("", "f", `{\"x\":2}`)}, []doneCall{{"f", `{"x":1}`, true, true}, {"f", `{"x":2}`, true, true}}, 0},
		{"without an id, different, in fragments", []string{again("", "f", `{\"x\":1}`), again("", "f", `{\"x\"`), more(`:2}`)}, []doneCall{{"f", `{"x":1}`, true, true}, {"f", `{"x":2}`, true, true}}, 0},
		{"with neither id nor name, equal", []string{testkit.Calls(beginsA), more(`{\"x\":1}`), more(`{\"x\":1}`), more(`{\"x\":1}`)}, one, 0},
		{"with neither id nor name, different: nobody knows whose they are", []string{testkit.Calls(beginsA), more(`{\"x\":1}`), more(`{\"x\":2}`)},
			[]doneCall{{"f", `{"x":1}`, false, false}, {"", `{"x":2}`, false, false}}, 1},
		{"two of one list", []string{testkit.Calls(`{"index":0,"function":{"name":"f","arguments":"{\"x\":1}"}}`, `{"index":0,"function":{"name":"f","arguments":"{\"x\":1}"}}`)},
			[]doneCall{one[0], one[0]}, 0},
		{"a number goes on", []string{testkit.Calls(beginsA), more(`1`), more(`2`)}, []doneCall{{"f", `12`, true, true}}, 0},
		{"what is no value breaks the arguments", []string{testkit.Calls(wholeA), more(`x`)}, []doneCall{{"f", `{"x":1}x`, true, false}}, 0},
		{"white space does not", []string{testkit.Calls(wholeA), more(` `)}, []doneCall{{"f", `{"x":1} `, true, true}}, 0},
		{"the old form, equal", []string{oldForm(`{\"x\":1}`), oldForm(`{\"x\": 1}`)}, one, 0},
		{"the old form, different", []string{oldForm(`{\"x\":1}`), oldForm(`{\"x\":2}`)}, []doneCall{{"f", `{"x":2}`, true, true}}, 1},
	})
}

func oldForm(arguments string) string {
	return testkit.Chunk(`"index":0,"delta":{"function_call":{"name":"f","arguments":"` + arguments + `"}}`)
}

// T-28: one that comes with the same foreign id twice is of a call whose beginning is
// missing.
func TestAForeignIDThatComesTwiceIsDoubtful(t *testing.T) {
	piece := func(id, arguments string) string {
		return testkit.Calls(`{"index":0,"id":"` + id + `","function":{"arguments":"` + arguments + `"}}`)
	}
	testCalls(t, []wantCalls{
		{"an id for each", []string{testkit.Calls(beginsA), piece("b", `{\"x\":`), piece("c", `1}`)}, []doneCall{{"f", `{"x":1}`, true, true}}, 2},
		{"the same one", []string{testkit.Calls(beginsA), piece("b", `{\"x\":`), piece("b", `1}`)}, []doneCall{{"f", `{"x":1}`, false, false}}, 2},
	})
}

// T-34
func TestTheTypeOfACallIsSettledOnce(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []string
		typ    string
		valid  bool
	}{
		{"a late custom", []string{testkit.Calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}`), testkit.Calls(`{"index":0,"custom":{}}`)}, "function", false},
		{"a late custom with something", []string{testkit.Calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}`), testkit.Calls(`{"index":0,"custom":{"input":"y"}}`)}, "function", false},
		{"an empty custom beside a function", []string{testkit.Calls(`{"index":0,"id":"a","custom":{},"function":{"name":"f","arguments":"{\"x\":"}}`)}, "function", false},
		{"an empty function beside a custom", []string{testkit.Calls(`{"index":0,"id":"a","function":{},"custom":{"name":"f","input":"{"}}`)}, "custom", true},
		{"an id alone, and then a custom", []string{testkit.Calls(`{"index":0,"id":"a"}`), testkit.Calls(`{"index":0,"custom":{"name":"f","input":"{"}}`)}, "custom", true},
		{"the word alone, and then the input", []string{testkit.Calls(`{"index":0,"id":"a","type":"custom"}`), testkit.Calls(`{"index":0,"custom":{"name":"f","input":"{"}}`)}, "custom", true},
		{"a word that nobody knows", []string{testkit.Calls(`{"index":0,"id":"a","type":"x","function":{"name":"f","arguments":"{}"}}`)}, "function", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := []byte(testkit.SSE(append(c.events, testkit.Chunk(`"index":0,"delta":{},"finish_reason":"length"`), "[DONE]")...))
			streamtest.RequireShortcuts(t, llmstream.OpenAIChat, body)
			r := streamtest.Read(llmstream.OpenAIChat, nil, body)
			calls := r.Completion.Choices[0].Message.ToolCalls
			require.Len(t, calls, 1)
			require.Equal(t, c.typ, calls[0].Type)
			require.Equal(t, c.valid, calls[0].ArgumentsValid)
		})
	}
}

// A call whose piece may have been lost must not be run, also if the event has lost a piece of
// another call before.
func TestSecondLostPieceOfAnEvent(t *testing.T) {
	const lost = `{"index":"x","function":{"arguments":"1"}}`
	for _, before := range []string{"", lost + ","} {
		calls, o := callsOf(t, testkit.Calls(before+`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}},`+lost+`,{"index":0,"function":{"arguments":"1}"}}`),
			testkit.Chunk(`"index":0,"delta":{},"finish_reason":"tool_calls"`), "[DONE]")
		require.Equal(t, []doneCall{{"f", `{"x":1}`, false, false}}, calls)
		require.Equal(t, int64(1), o.Anomalies.Malformed)
	}
}
