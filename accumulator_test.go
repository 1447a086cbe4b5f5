package llmstream

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// fold folds a body into a and returns what it says.
func fold(a *Accumulator, body string) *Completion {
	p := NewParser(OpenAIChat, a, nil)
	p.Write([]byte(body))
	p.Close()
	return a.Completion()
}

func TestAccumulatorResetLeavesNothingBehind(t *testing.T) {
	var used, fresh Accumulator
	fold(&used, testkit.SSE(`{"id":"a","model":"m","created":1,"choices":[{"index":0,"delta":{"role":"r","content":"x"}},{"index":1,"delta":{"content":"x"}}],"citations":["u"]}`,
		calls(`{"index":0,"id":"c","type":"custom","custom":{"name":"f","input":"x"}}`, `{"index":1,"id":"d","function":{"name":"f","arguments":"{}"},"extra_content":{"a":1}}`),
		chunk(`"index":0,"delta":{"reasoning_details":[{"index":0,"text":"t","signature":"s"},{"index":1,"text":"t"}]},"finish_reason":"stop"`), "[DONE]"))
	for _, events := range [][]string{
		{says("y")},
		{calls(`{"index":0,"function":{"name":"g"}}`), calls(`{"index":1,"function":{"name":"g"}}`)},
		{`{"choices":[{"index":5,"delta":{"reasoning_details":[{"index":0,"text":"u"}]}},{"index":6,"delta":{}}]}`},
		nil,
	} {
		used.Reset()
		require.Equal(t, fold(&fresh, testkit.SSE(events...)), fold(&used, testkit.SSE(events...)))
		fresh = Accumulator{}
	}
}

func TestAccumulatorResetKeepsItsMemory(t *testing.T) {
	body := []byte(testkit.SSE(`{"id":"a","choices":[{"index":0,"delta":{"role":"r","content":"x"}},{"index":1,"delta":{"content":"x"}}]}`, calls(`{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}`), "[DONE]"))
	var a Accumulator
	p := NewParser(OpenAIChat, &a, nil)
	once := func() {
		p.Write(body)
		p.Close()
		p.Reset()
		a.Reset()
	}
	once()
	a.MaxBytes = 1000
	a.Reset()
	require.Equal(t, 1000, a.MaxBytes)
	handle := Delta{Kind: KindContent, Choice: 1, Text: []byte("x")}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		a.HandleDelta(&handle)
		a.Reset()
	}))
}

func TestAccumulatorDropsWhatIsPastMaxBytes(t *testing.T) {
	content := func(choice int, text string) *Delta {
		return &Delta{Kind: KindContent, Choice: choice, Text: []byte(text)}
	}
	a := Accumulator{MaxBytes: 10}
	a.HandleDelta(content(0, "123456"))
	a.HandleDelta(content(1, "abcdef"))
	a.HandleDelta(content(0, "7"))
	c := a.Completion()
	require.Equal(t, "123456", c.Choices[0].Message.Content)
	require.Equal(t, "abcd", c.Choices[1].Message.Content)
	require.EqualValues(t, 3, c.Dropped)
	require.Equal(t, "123456", string(a.AppendText(nil, 0)))

	a.Reset()
	a.HandleDelta(content(0, "1234567890"))
	require.Zero(t, a.Completion().Dropped)
}

// A character is kept whole or not at all, and nothing is kept behind a gap.
func TestAccumulatorCutsBetweenCharacters(t *testing.T) {
	a := Accumulator{MaxBytes: 6}
	for _, text := range []string{"é€", "é", "a"} {
		a.HandleDelta(&Delta{Kind: KindContent, Text: []byte(text)})
	}
	c := a.Completion()
	require.Equal(t, "é€", c.Choices[0].Message.Content)
	require.EqualValues(t, len("éa"), c.Dropped)
}

// What MaxBytes has cut is not passed off as whole: neither JSON nor a tool call.
func TestAccumulatorCutsNoJSON(t *testing.T) {
	body := testkit.SSE(`{"choices":[{"index":0,"delta":{"annotations":[1,2,3,4,5,6,7,8],"tool_calls":[{"index":0,"id":"c","extra_content":{"a":"b"}}]}}],"citations":["u","v"],"usage":{"prompt_tokens":1,"completion_tokens":2}}`)
	for limit := 1; limit < 100; limit++ {
		a := Accumulator{MaxBytes: limit}
		c := fold(&a, body)
		message := &c.Choices[0].Message
		for _, raw := range []json.RawMessage{c.Usage.Raw, c.Citations, message.Annotations, json.RawMessage(message.ToolCalls[0].Extra)} {
			require.True(t, len(raw) == 0 || json.Valid(raw), "MaxBytes %d: %s", limit, raw)
		}
		require.EqualValues(t, 2, c.Usage.Output) // numbers are kept whatever the limit
	}
}

// Nor are annotations that come one by one.
func TestAccumulatorCutsNoAnnotation(t *testing.T) {
	for limit := 1; limit < 40; limit++ {
		a := Accumulator{MaxBytes: limit}
		for range 3 {
			a.HandleDelta(&Delta{Kind: KindAnnotation, Text: []byte(`{"url":1}`)})
		}
		raw := a.Completion().Choices[0].Message.Annotations
		require.True(t, len(raw) == 0 || json.Valid(raw), "MaxBytes %d: %s", limit, raw)
		require.Equal(t, limit >= len(`[{"url":1}]`), len(raw) > 0)
	}
}

// What another takes the place of makes room for that.
func TestAccumulatorMakesRoom(t *testing.T) {
	content := func(text string) Delta { return Delta{Kind: KindContent, Part: 1, Text: []byte(text)} }
	usage := func(raw string) Delta { return Delta{Kind: KindUsage, Usage: Usage{Raw: []byte(raw)}} }
	finish := func(word string) Delta { return Delta{Kind: KindFinish, NativeFinishReason: []byte(word)} }
	again := func(part int) Delta { return Delta{Kind: KindRestart, Part: part} }
	call := Delta{Kind: KindToolCall, Part: 1, ToolCall: ToolCallDelta{ID: []byte("c"), Arguments: []byte("[12]")}}
	for name, deltas := range map[string][]Delta{
		"a usage":         {usage("[123]"), usage("[124]")},
		"a finish reason": {finish("first"), finish("other")},
		"a part":          {content("first"), again(1), content("other")},
		"an answer":       {call, again(-1), content("more")},
	} {
		a := Accumulator{MaxBytes: 5}
		for i := range deltas {
			a.HandleDelta(&deltas[i])
		}
		require.Zero(t, a.Completion().Dropped, name)
		last := content("!")
		a.HandleDelta(&last)
		require.EqualValues(t, 1, a.Completion().Dropped, name)
	}
}

// Parts past the bound are joined to the one that came last, and reasoning past its own
// is dropped.
func TestAccumulatorBoundsItsPieces(t *testing.T) {
	var a Accumulator
	for i := range maxParts + 50 {
		a.HandleDelta(&Delta{Kind: KindContent, Part: i, Text: []byte("x")})
	}
	require.Len(t, a.AppendText(nil, 0), maxParts+50)
	require.Len(t, a.choices[0].parts, maxParts)
	for i := range maxDetails + 2 {
		a.HandleDelta(&Delta{Kind: KindReasoning, Detail: &ReasoningDetail{Index: i, Text: []byte("a"), Summary: []byte("b"), Data: []byte("c")}})
	}
	require.Len(t, a.Completion().Choices[0].Message.ReasoningDetails, maxDetails)
	require.EqualValues(t, 2*3, a.Completion().Dropped)
}

// What a stream says of itself stays as it was first told.
func TestAccumulatorKeepsTheFirst(t *testing.T) {
	var a Accumulator
	c := fold(&a, testkit.SSE(`{"id":"a","model":"m","created":7,"choices":[{"index":0,"delta":{"role":"r"}}]}`, `{"id":"b","model":"n","created":8,"choices":[{"index":0,"delta":{"role":"s"}}]}`))
	require.EqualValues(t, 7, c.Created)
	a.HandleDelta(&Delta{Kind: KindStart, Start: &Start{Model: []byte("n"), Created: 9, Role: []byte("s")}})
	a.HandleDelta(&Delta{Kind: KindStart, Choice: -1, Start: &Start{Created: 9}})
	c = a.Completion()
	require.Equal(t, []any{"m", int64(7), "r", 1}, []any{c.Model, c.Created, c.Choices[0].Message.Role, len(c.Choices)})
}

func TestAccumulatorCutsNoToolCallThatMayBeRun(t *testing.T) {
	body := testkit.SSE(calls(`{"index":0,"id":"c","function":{"name":"fetch","arguments":"123456789"}}`), stops, "[DONE]")
	for limit := 1; limit < 50; limit++ {
		a := Accumulator{MaxBytes: limit}
		c := fold(&a, body)
		if call := c.Choices[0].Message.ToolCalls[0]; call.Name != "fetch" || call.Arguments != "123456789" {
			require.NotZero(t, c.Dropped)
			require.False(t, call.Ended || call.ArgumentsValid, "MaxBytes %d: %+v", limit, call)
		}
	}
}

func TestAccumulatorTellsPartsCheaply(t *testing.T) {
	var a Accumulator
	require.Equal(t, Usage{}, a.Usage())
	_, ok := a.ToolCall(0, 0)
	require.False(t, ok)
	require.Equal(t, "x", string(a.AppendText([]byte("x"), 0)))

	fold(&a, testkit.SSE(says("hel"), says("lo"), `{"choices":[{"index":1,"delta":{"tool_calls":[{"index":4,"function":{"name":"f","arguments":"{"}}]}}],"usage":{"total_tokens":3}}`))
	require.Equal(t, "> hello", string(a.AppendText([]byte("> "), 0)))
	require.Equal(t, ">", string(a.AppendText([]byte(">"), 2)))
	require.Equal(t, int64(3), a.Usage().Total)
	call, ok := a.ToolCall(1, 0)
	require.True(t, ok)
	require.Equal(t, ToolCall{ID: "call__1_0", SyntheticID: true, Type: "function", Name: "f", Arguments: "{"}, call)
	for _, at := range [][2]int{{0, 0}, {1, 1}, {1, -1}, {2, 0}} {
		_, ok := a.ToolCall(at[0], at[1])
		require.False(t, ok, "%v", at)
	}
}

// T-05: an id that was made up tells where the call stands.
func TestSyntheticIDs(t *testing.T) {
	var a Accumulator
	c := fold(&a, testkit.SSE(`{"id":"x1","choices":[{"index":1,"delta":{"tool_calls":[{"function":{"name":"f","arguments":"{}"}},{"function":{"name":"g","arguments":"{}"}},{"id":"own","function":{"name":"h"}}]}}]}`))
	var ids []string
	for _, call := range c.Choices[0].Message.ToolCalls {
		ids = append(ids, call.ID)
		require.Equal(t, call.ID != "own", call.SyntheticID)
	}
	require.Equal(t, []string{"call_x1_1_0", "call_x1_1_1", "own"}, ids)
}

func TestToolCallsTellWhetherTheyHaveEnded(t *testing.T) {
	for _, c := range []struct {
		arguments, json string
		last            string
		ended, valid    bool
	}{
		{``, `{}`, stops, true, true}, // T-11
		{`{\"a\":1}`, `{"a":1}`, stops, true, true},
		{`{\"a\":1}`, `{"a":1}`, "[DONE]", true, true},
		{`{\"a\":1}`, `{"a":1}`, says("x"), false, false}, // T-17
		{`{\"a\":`, `{"a":`, stops, false, false},         // T-19
		{`{}{}`, `{}{}`, stops, true, false},              // T-18
		{`oops`, `oops`, stops, true, false},
	} {
		var a Accumulator
		call := fold(&a, testkit.SSE(calls(`{"index":0,"id":"c","function":{"name":"f","arguments":"`+c.arguments+`"}}`), c.last)).Choices[0].Message.ToolCalls[0]
		require.Equal(t, c.json, call.ArgumentsJSON(), c.arguments)
		require.Equal(t, c.ended, call.Ended, c.arguments)
		require.Equal(t, c.valid, call.ArgumentsValid, c.arguments)
	}
}

// An accumulator may be fed by others than a parser.
func TestAccumulatorTakesAnyDelta(t *testing.T) {
	var a Accumulator
	for _, d := range []Delta{
		{}, {Kind: KindStart}, {Kind: KindStart, Choice: -1}, {Kind: KindUsage}, {Kind: KindReasoning}, {Kind: KindFinish}, {Kind: KindDone, Choice: -1}, {Kind: KindError}, {Kind: KindMalformed},
		{Kind: KindToolCall, ToolCall: ToolCallDelta{Index: -1, Arguments: []byte("123")}}, {Kind: KindToolCall, ToolCall: ToolCallDelta{Index: 1 << 30, Arguments: []byte("456")}},
		{Kind: KindToolCall, ToolCall: ToolCallDelta{Index: maxCallGap, Arguments: []byte("789")}},
		{Kind: KindToolCallEnd, ToolCall: ToolCallDelta{Index: 1}}, {Kind: KindAnnotation, Choice: -1}, {Kind: 1 << 31},
	} {
		require.NoError(t, a.HandleDelta(&d))
	}
	c := a.Completion()
	require.EqualValues(t, 9, c.Dropped)
	_, err := json.Marshal(c)
	require.NoError(t, err)
}

// A call that another part has taken the place of is none any more. Where
// another answer begins, a call whose arguments came whole has been answered. A call
// whose arguments came in pieces is kept.
func TestCallsOfAnotherAnswer(t *testing.T) {
	var a Accumulator
	call := func(index, part int, id, arguments string) {
		a.HandleDelta(&Delta{Kind: KindToolCall, Part: part, ToolCall: ToolCallDelta{Index: index, ID: []byte(id), Arguments: []byte(arguments)}})
	}
	arguments := func() (all []string) {
		for i := range 3 {
			if c, ok := a.ToolCall(0, i); ok {
				all = append(all, c.ID+c.Arguments)
			}
		}
		return all
	}
	call(0, 1, "a", "{}")
	call(1, 2, "b", "")
	call(1, 2, "", "[]")
	call(2, 3, "c", "7")
	a.HandleDelta(&Delta{Kind: KindRestart, Part: -1})
	require.Equal(t, []string{"a", "b[]", "c"}, arguments())
	a.HandleDelta(&Delta{Kind: KindRestart, Part: 2})
	require.Equal(t, []string{"a", "c"}, arguments())
	require.Len(t, a.Completion().Choices[0].Message.ToolCalls, 2)
}

// Items stand in the order of their parts, whatever comes first.
func TestItemsInOrder(t *testing.T) {
	a := Accumulator{MaxBytes: 60}
	for range 2 {
		for _, part := range []int{2, 0, 1, 0, 7} {
			a.HandleDelta(&Delta{Kind: KindItem, Part: part, Text: []byte(`{"part":` + strconv.Itoa(part) + "}")})
		}
		a.HandleDelta(&Delta{Kind: KindRestart, Part: 1})
		a.HandleDelta(&Delta{Kind: KindItem, Part: 9, Text: []byte(`{"too long for what is left":0}`)})
		a.HandleDelta(&Delta{Kind: KindItem, Part: 1, Text: []byte(`{"one":2}`)})
		c := a.Completion()
		require.Equal(t, []json.RawMessage{
			json.RawMessage(`{"part":0}`), json.RawMessage(`{"part":0}`), json.RawMessage(`{"one":2}`), json.RawMessage(`{"part":2}`), json.RawMessage(`{"part":7}`),
		}, c.Choices[0].Message.Items)
		require.EqualValues(t, 31, c.Dropped)
		a.Reset()
	}
	for range maxParts + 3 {
		a.MaxBytes = 0
		a.HandleDelta(&Delta{Kind: KindItem, Text: []byte("{}")})
	}
	require.Len(t, a.Completion().Choices[0].Message.Items, maxParts)
	require.EqualValues(t, 6, a.Completion().Dropped)
}

// F-12: the server itself cut a character between two chunks.
func TestHalvesOfACharacterRejoin(t *testing.T) {
	var a Accumulator
	c := fold(&a, testkit.SSE(says("\xf0\x9f"), says("\x98\x80")))
	require.Equal(t, "😀", c.Choices[0].Message.Content)
}

// pieces without an index continue the one before, until it is signed.
func TestReasoningDetailsWithoutAnIndex(t *testing.T) {
	var a Accumulator
	detail := func(members string) string { return chunk(`"delta":{"reasoning_details":[{` + members + `}]}`) }
	c := fold(&a, testkit.SSE(detail(`"type":"t","text":"a"`), detail(`"type":"t","text":"b"`), detail(`"signature":"s"`), detail(`"type":"t","text":"c"`), detail(`"type":"u","data":"d"`), detail(`"type":"u","data":"e"`)))
	require.Equal(t, []ReasoningBlock{
		{Index: -1, Type: "t", Text: "ab", Format: "anthropic-claude-v1", Signature: "s"}, {Index: -1, Type: "t", Text: "c"}, {Index: -1, Type: "u", Data: "d"}, {Index: -1, Type: "u", Data: "e"},
	}, c.Choices[0].Message.ReasoningDetails)
	require.Equal(t, "abc", c.Choices[0].Message.Reasoning)

	// Nor do they continue one of another type, one whose data is whole, or one before another.
	for i, c := range [][]ReasoningBlock{
		{{Index: -1, Type: "t", Text: "a"}, {Index: -1, Type: "u", Text: "b"}},
		{{Index: -1, Type: "t", Data: "a"}, {Index: -1, Type: "t", Text: "b"}},
		{{Index: -1, Type: "t", Text: "a"}, {Index: 0, Type: "t", Text: "b"}, {Index: -1, Type: "t", Text: "c"}},
	} {
		a.Reset()
		for _, b := range c {
			a.HandleDelta(&Delta{Kind: KindReasoning, Detail: &ReasoningDetail{Index: b.Index, Type: []byte(b.Type), Text: []byte(b.Text), Data: []byte(b.Data)}})
		}
		require.Equal(t, c, a.Completion().Choices[0].Message.ReasoningDetails, i)
	}
}

// What one huge answer has grown is not kept for ever, in whatever place of the answer it
// is, and what a usual answer has grown is.
func TestResetBoundsTheMemory(t *testing.T) {
	for name, add := range map[string]func(text []byte, part int) Delta{
		"content":   func(text []byte, part int) Delta { return Delta{Kind: KindContent, Part: part, Text: text} },
		"reasoning": func(text []byte, part int) Delta { return Delta{Kind: KindReasoning, Part: part, Text: text} },
		"detail": func(text []byte, part int) Delta {
			return Delta{Kind: KindReasoning, Detail: &ReasoningDetail{Index: part, Text: text}}
		},
		"item": func(text []byte, part int) Delta { return Delta{Kind: KindItem, Part: part, Text: text} },
		"call": func(text []byte, part int) Delta {
			return Delta{Kind: KindToolCall, ToolCall: ToolCallDelta{Index: part, Arguments: text}}
		},
		"citations": func(text []byte, _ int) Delta { return Delta{Kind: KindAnnotation, Choice: -1, Text: text} },
	} {
		t.Run(name, func(t *testing.T) {
			var a Accumulator
			fill := func(size, parts int) {
				for i := range parts {
					d := add(make([]byte, size), i)
					a.HandleDelta(&d)
				}
			}
			fill(1000, 4)
			a.Reset()
			require.NotZero(t, a.held)
			small := Delta{Kind: KindContent, Text: []byte("x")}
			require.Zero(t, testing.AllocsPerRun(10, func() {
				a.HandleDelta(&small)
				a.Reset()
			}))
			fill(maxHeldAfterReset+1, 1)
			a.Reset()
			require.LessOrEqual(t, a.held, maxHeldAfterReset)
			fill(1000, 1000)
			a.Reset()
			require.LessOrEqual(t, a.held, maxHeldAfterReset)
		})
	}
}

// The memory is bounded whatever is replaced or taken back.
func TestMemoryIsBounded(t *testing.T) {
	const limit = 1 << 20
	text := make([]byte, limit-100)
	usage := Delta{Kind: KindUsage, Usage: Usage{Raw: text}}
	for name, fill := range map[string]func(a *Accumulator, i int){
		"texts taken back": func(a *Accumulator, i int) {
			a.HandleDelta(&Delta{Kind: KindContent, Part: i, Text: text})
			a.HandleDelta(&Delta{Kind: KindRestart, Part: i})
		},
		"annotations replaced": func(a *Accumulator, i int) {
			a.HandleDelta(&Delta{Kind: KindAnnotation, Choice: i, Text: text})
			a.HandleDelta(&Delta{Kind: KindAnnotation, Choice: i, Text: []byte("[]")})
		},
		"words replaced": func(a *Accumulator, i int) {
			a.HandleDelta(&Delta{Kind: KindFinish, Choice: i, NativeFinishReason: text})
			a.HandleDelta(&Delta{Kind: KindFinish, Choice: i, NativeFinishReason: []byte("stop")})
		},
		"extras replaced": func(a *Accumulator, i int) {
			a.HandleDelta(&Delta{Kind: KindToolCall, ToolCall: ToolCallDelta{Index: i, Extra: text}})
			a.HandleDelta(&Delta{Kind: KindToolCall, ToolCall: ToolCallDelta{Index: i, Extra: []byte("{}")}})
		},
		"usage": func(a *Accumulator, _ int) { a.HandleDelta(&usage) },
		"empty details": func(a *Accumulator, i int) {
			for k := range maxDetails {
				a.HandleDelta(&Delta{Kind: KindReasoning, Choice: i, Detail: &ReasoningDetail{Index: k}})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := Accumulator{MaxBytes: limit}
			for i := range 64 {
				fill(&a, i)
			}
			require.LessOrEqual(t, a.held, a.mostHeld())
		})
	}
}
