package encode_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
	"github.com/seed-4d65deac/llmstream/testdata"
)

// restarted is a piece of arguments in front of which all others are void.
func restarted(index int, arguments string) llmstream.Delta {
	d := call(index, "", "", arguments)
	d.ToolCall.Restart = true
	return d
}

// again begins a part anew; -1: the answer.
func again(n int) llmstream.Delta {
	return part(n, llmstream.Delta{Kind: llmstream.KindRestart})
}

// requireAnswer reads what was written: one whole answer with this text and these calls.
func requireAnswer(t *testing.T, to llmstream.Dialect, e *encode.Encoder, stream, text string, arguments ...string) {
	t.Helper()
	require.NoError(t, validBut(to, stream, e.Lost()), stream)
	c, o := read(to, []byte(stream))
	require.Equal(t, llmstream.StateComplete, o.State, stream)
	require.Zero(t, e.Lost().Restarts)
	require.Equal(t, text, c.Choices[0].Message.Content)
	var got []string
	for _, call := range c.Choices[0].Message.ToolCalls {
		require.True(t, call.ArgumentsValid)
		got = append(got, call.Arguments)
	}
	require.Equal(t, arguments, got, stream)
}

// requireTakenBack reads what was written: an error, since what is void was written.
func requireTakenBack(t *testing.T, to llmstream.Dialect, e *encode.Encoder, stream string) {
	t.Helper()
	require.NoError(t, validBut(to, stream, e.Lost()), stream)
	_, o := read(to, []byte(stream))
	require.Equal(t, llmstream.StateError, o.State, stream)
	require.Equal(t, int64(1), e.Lost().Restarts)
}

// WG-20: arguments that begin anew replace those that wait.
func TestWG20RestartOfHeldArguments(t *testing.T) {
	for _, o := range []*encode.Options{nil, {HoldArguments: true}} {
		eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
			if o == nil && to != llmstream.Gemini {
				return // they do not wait there
			}
			e, b := written(t, to, o, begin("x1", "m"), call(0, "c1", "f", `{"a":"`), restarted(0, `{"b":`), call(0, "", "", `2}`),
				call(1, "c2", "g", `{}`), callEnd(0, true), callEnd(1, true), stop(), done())
			requireAnswer(t, to, e, b.String(), "", `{"b":2}`, `{}`)
			require.False(t, e.Lost().Any())
		})
	}
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) { // the name is not known yet
		e, b := written(t, to, nil, begin("x1", "m"), call(0, "c1", "", `{"a":1}`), restarted(0, `{"b":2}`), call(0, "", "f", ""), callEnd(0, true), stop(), done())
		requireAnswer(t, to, e, b.String(), "", `{"b":2}`)
	})
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) { // half of a character is void too
		e, b := written(t, to, nil, begin("x1", "m"), call(0, "c1", "", "{\"a\":\"\xc3"), restarted(0, ""), call(0, "", "f", `{"b":2}`), callEnd(0, true), stop(), done())
		requireAnswer(t, to, e, b.String(), "", `{"b":2}`)
	})
}

// WG-20: arguments that were written cannot be taken back, but Responses have them once
// more at the call's end, and that is what counts.
func TestWG20RestartOfWrittenArguments(t *testing.T) {
	deltas := []llmstream.Delta{
		begin("x1", "m"), call(0, "c1", "f", `{"a":1}`), call(1, "c2", "g", `{"c":3}`), restarted(0, `{"b"`), call(0, "", "", `:2}`),
		callEnd(0, true), callEnd(1, true), stop(), done(),
	}
	for _, to := range []llmstream.Dialect{llmstream.OpenAIChat, llmstream.AnthropicMessages} {
		e, b := written(t, to, nil, deltas...)
		requireTakenBack(t, to, e, b.String())
	}
	e, b := written(t, llmstream.OpenAIResponses, nil, deltas...)
	requireAnswer(t, llmstream.OpenAIResponses, e, b.String(), "", `{"b":2}`, `{"c":3}`)
	require.Equal(t, encode.Lost{Replaced: 1}, e.Lost())
	require.Error(t, valid(llmstream.OpenAIResponses, b.String()), "the pieces are others")

	// An empty whole replaces nothing: clients keep the pieces.
	e, b = written(t, llmstream.OpenAIResponses, nil, begin("x1", "m"), call(0, "c1", "f", `{"a":1}`), restarted(0, `{ }`), callEnd(0, true), stop(), done())
	requireTakenBack(t, llmstream.OpenAIResponses, e, b.String())

	// A call that has ended is written, whatever the target.
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		e, b := written(t, to, nil, begin("x1", "m"), call(0, "c1", "f", `{"a":1}`), callEnd(0, true), restarted(0, `{"b":2}`), callEnd(0, true), stop(), done())
		requireTakenBack(t, to, e, b.String())
	})
}

// WG-20: a part that begins anew drops what waits of it, and nothing else.
func TestWG20PartAgain(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) { // a call without a name waits
		e, b := written(t, to, nil, begin("x1", "m"), part(0, content("a")), part(1, call(0, "c1", "", `{"a":1}`)), again(1),
			part(1, call(1, "c2", "g", `{"b":2}`)), part(1, callEnd(1, true)), stop(), done())
		requireAnswer(t, to, e, b.String(), "a", `{"b":2}`)
		require.False(t, e.Lost().Any())
	})
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) { // text was written
		e, b := written(t, to, nil, begin("x1", "m"), part(0, content("a")), part(1, content("b")), again(1), part(1, content("c")), stop(), done())
		requireTakenBack(t, to, e, b.String())
	})
	for _, to := range []llmstream.Dialect{llmstream.AnthropicMessages, llmstream.OpenAIResponses} { // text waits for the call before it
		e, b := written(t, to, nil, begin("x1", "m"), part(0, call(0, "c1", "f", "{")), part(1, content("a")), again(1), part(1, content("b")),
			part(0, call(0, "", "", "}")), part(0, callEnd(0, true)), stop(), done())
		requireAnswer(t, to, e, b.String(), "b", `{}`)
	}
}

// WG-20: Responses begins a call anew, with the same ID and name, when its whole arguments
// are not what its pieces were. What was written of it then stands for the other.
func TestWG20CallAgain(t *testing.T) {
	deltas := func(pieces string) []llmstream.Delta {
		return []llmstream.Delta{
			begin("x1", "m"), part(1, call(0, "c1", "f", "")), part(1, call(0, "", "", pieces)), again(1),
			part(1, call(1, "c1", "f", "")), part(1, call(1, "", "", `{"b":2}`)), part(1, callEnd(1, true)), stop(), done(),
		}
	}
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		e, b := written(t, to, nil, deltas("")...)
		requireAnswer(t, to, e, b.String(), "", `{"b":2}`)
		require.False(t, e.Lost().Any())

		e, b = written(t, to, &encode.Options{HoldArguments: true}, deltas(`{"a":1}`)...)
		requireAnswer(t, to, e, b.String(), "", `{"b":2}`)

		e, b = written(t, to, nil, deltas(`{"a":1}`)...)
		switch to {
		case llmstream.OpenAIChat, llmstream.AnthropicMessages:
			requireTakenBack(t, to, e, b.String())
		default: // Gemini's waited
			requireAnswer(t, to, e, b.String(), "", `{"b":2}`)
		}

		// Another call is no substitute for one that was written.
		e, b = written(t, to, nil, begin("x1", "m"), part(1, call(0, "c1", "f", "")), again(1), part(1, call(1, "c2", "g", "{}")), part(1, callEnd(1, true)), stop(), done())
		if to == llmstream.Gemini {
			requireAnswer(t, to, e, b.String(), "", `{}`)
		} else {
			requireTakenBack(t, to, e, b.String())
		}
	})
}

// WG-20: with the answer its finish reason and its counts are void, and an answer that
// begins after the end is not written.
func TestWG20AnswerAgain(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		e, b := written(t, to, options(), begin("x1", "m"), role(0), finish(llmstream.FinishLength, "length"), usage(llmstream.Usage{Input: 5, Output: 6}),
			again(-1), content("a"), stop(), done())
		requireAnswer(t, to, e, b.String(), "a")
		c, _ := read(to, []byte(b.String()))
		require.Equal(t, llmstream.FinishStop, c.Choices[0].FinishReason)
		require.Empty(t, usageOf(c.Usage))

		e, b = written(t, to, nil, begin("x1", "m"), content("a"), stop(), done(), again(-1), content("b"), stop(), done())
		require.Equal(t, encode.Lost{Restarts: 1, AfterEnd: 1}, e.Lost())
		c, o := read(to, []byte(b.String()))
		require.Equal(t, llmstream.StateComplete, o.State)
		require.Equal(t, "a", c.Choices[0].Message.Content)
	})
}

// WG-7: what follows the end of an answer is not written, be it an answer that breaks off.
func TestWG7AnswerAfterTheEnd(t *testing.T) {
	body, err := testdata.Body("openai-responses/two-responses.sse")
	require.NoError(t, err)
	body = body[:bytes.LastIndex(body, []byte("event: response.completed"))]
	_, first := survey(recording{"", llmstream.OpenAIResponses, body})
	require.NotEmpty(t, first)
	_, o := read(llmstream.OpenAIResponses, body)
	require.Equal(t, llmstream.StateTruncated, o.State)
	for _, to := range targets {
		one, _ := transcode(t, llmstream.OpenAIResponses, to, first, options())
		both, lost := transcode(t, llmstream.OpenAIResponses, to, body, options())
		require.Equal(t, one, both)
		require.Equal(t, int64(1), lost.Restarts)
	}
}

// WG-8: an end marker ends what is whole. A role is no answer, a reason without a known
// meaning may be a failure, and output after a finish reason needs another one.
func TestWG8EndMarkerIsNotEnough(t *testing.T) {
	for _, deltas := range [][]llmstream.Delta{
		{begin("x1", "m"), role(0), done()},
		{begin("x1", "m"), content("a"), finish(llmstream.FinishUnknown, "ERROR"), done()},
		{begin("x1", "m"), content("a"), finish(llmstream.FinishToolCalls, "tool_calls"), call(0, "c1", "f", `{"a":`), done()},
	} {
		eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
			e, b := written(t, to, nil, deltas...)
			_, o := read(to, []byte(b.String()))
			require.NotEqual(t, llmstream.StateComplete, o.State)
			require.NoError(t, e.Close(llmstream.Outcome{State: llmstream.StateTruncated}))
			require.NoError(t, valid(to, b.String()))
			_, o = read(to, []byte(b.String()))
			require.Equal(t, llmstream.StateError, o.State)
		})
	}
}

// Arguments that are two JSON values stay what they are: a client that takes the second
// for the same call once more would run what is not valid.
func TestSecondValueIsNoCallOfItsOwn(t *testing.T) {
	for _, second := range []string{`{"x":1}`, ` [{"x":"]"}] `, `"a"`} {
		events, lost := answer(t, llmstream.OpenAIChat, nil, call(0, "c1", "f", `{"x":1}`), call(0, "", "", second), callEnd(0, false), stop())
		require.Equal(t, encode.Lost{Arguments: 1}, lost)
		stream := ""
		for _, data := range events {
			stream += "data: " + data + "\n\n"
		}
		c, _ := read(llmstream.OpenAIChat, []byte(stream))
		require.Len(t, c.Choices[0].Message.ToolCalls, 1)
		require.Equal(t, `{"x":1}`+second, c.Choices[0].Message.ToolCalls[0].Arguments)
		require.False(t, c.Choices[0].Message.ToolCalls[0].ArgumentsValid)
	}
}

// WG-9: the wish to have calls run, without a call that was written, is a plain stop. Items
// of Responses that the client has to run say so themselves.
func TestWG9ItemsThatTheClientRuns(t *testing.T) {
	item := value(llmstream.KindItem, `{"id":"sh_1","type":"shell_call","status":"completed","call_id":"call_1","action":{"commands":["ls"]}}`)
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		e, b := written(t, to, nil, begin("x1", "m"), content("a"), part(1, item), finish(llmstream.FinishToolCalls, "completed"), done())
		require.NoError(t, valid(to, b.String()))
		c, o := read(to, []byte(b.String()))
		require.Equal(t, llmstream.StateComplete, o.State)
		want, items := llmstream.FinishStop, int64(1)
		if to == llmstream.OpenAIResponses {
			want, items = llmstream.FinishToolCalls, 0
		}
		require.Equal(t, want, c.Choices[0].FinishReason)
		require.Equal(t, encode.Lost{Items: items}, e.Lost())
	})
}
