package encode_test

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// WG-19: what was lost is counted; see each target's tests for what that is.
func TestWG19Lost(t *testing.T) {
	malformed := llmstream.Delta{Kind: llmstream.KindMalformed, Choice: -1, Err: &llmstream.SyntaxError{}}
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		e, b := written(t, to, nil, begin("x1", "m"), malformed, part(1, content("b")), part(0, content("a")), stop(), done())
		require.Equal(t, encode.Lost{Malformed: 1, Order: 1}, e.Lost())
		require.True(t, e.Lost().Any())
		require.NoError(t, valid(to, b.String()))
		_, b = written(t, to, &encode.Options{MalformedAsError: true}, begin("x1", "m"), content("a"), malformed, stop(), done())
		_, o := read(to, []byte(b.String()))
		require.Equal(t, llmstream.StateError, o.State)
	})
	for _, to := range []llmstream.Dialect{llmstream.AnthropicMessages, llmstream.OpenAIResponses} {
		_, lost := answer(t, to, nil, ofChoice(0, content("a")), ofChoice(1, content("b")), ofChoice(0, stop()), ofChoice(1, stop()))
		require.Equal(t, int64(2), lost.Choices)
	}
}

// WG-20: an answer that begins again is fine before any output, and an error after it.
func TestWG20Again(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		e, b := written(t, to, nil, begin("x1", "m"), again(-1), content("a"), stop(), done())
		_, o := read(to, []byte(b.String()))
		require.Equal(t, llmstream.StateComplete, o.State)
		require.Zero(t, e.Lost().Restarts)

		e, b = written(t, to, nil, begin("x1", "m"), content("a"), again(-1), content("b"), stop(), done())
		_, o = read(to, []byte(b.String()))
		require.Equal(t, llmstream.StateError, o.State)
		require.Equal(t, int64(1), e.Lost().Restarts)
		require.NoError(t, valid(to, b.String()))
	})
}

// WG-20: a client may run a call that has ended, so the stream fails if arguments come after
// that end.
func TestWG20CallGoesOnAfterItsEnd(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		deltas := []llmstream.Delta{begin("x1", "m"), call(0, "c1", "f", "{}"), callEnd(0, true), callEnd(0, false), finish(llmstream.FinishToolCalls, "tool_calls"), done()}
		e, b := written(t, to, nil, deltas...)
		_, o := read(to, []byte(b.String()))
		require.Equal(t, llmstream.StateError, o.State)
		require.Equal(t, int64(1), e.Lost().Restarts)
		require.NoError(t, valid(to, b.String()))
	})
}

// WG-21: with HoldStart nothing is written before the first output, errors neither.
func TestWG21HoldStart(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		o := &encode.Options{HoldStart: true}
		cause := &llmstream.APIError{Message: "busy", Status: 503}
		e, b := written(t, to, o, begin("x1", "m"), role(0), usage(llmstream.Usage{Input: 1, Output: 1}), failed(cause))
		outcome := llmstream.Outcome{State: llmstream.StateError, APIError: cause}
		require.ErrorIs(t, e.Close(outcome), cause)
		require.Empty(t, b.String())
		require.False(t, e.Started())

		// Another source takes over.
		e.Reset(b)
		for _, d := range []llmstream.Delta{begin("x2", "m"), role(0), content("a"), stop(), done()} {
			require.NoError(t, e.HandleDelta(&d))
			require.Equal(t, d.Kind != llmstream.KindStart, e.Started())
		}
		c, outcome := read(to, []byte(b.String()))
		require.Equal(t, llmstream.StateComplete, outcome.State)
		require.Equal(t, "a", c.Choices[0].Message.Content)

		// Or none does, and the client is told.
		b.Reset()
		e.Reset(b)
		require.Error(t, e.Close(llmstream.Outcome{State: llmstream.StateEmpty}))
		require.NoError(t, e.Error(cause))
		require.Contains(t, b.String(), "busy")
		require.NoError(t, valid(to, b.String()))
	})
}

// Without HoldStart the beginning is written as soon as the source's is known.
func TestStartIsWrittenEarly(t *testing.T) {
	other := llmstream.Delta{Kind: llmstream.KindOther, Choice: -1}
	for _, to := range []llmstream.Dialect{llmstream.OpenAIChat, llmstream.AnthropicMessages, llmstream.OpenAIResponses} {
		e, b := written(t, to, nil, begin("x1", "m"), role(0), other)
		require.NotEmpty(t, b.String(), to)
		require.True(t, e.Started())
	}
}

// WH-1, H: a heartbeat between any two events changes nothing.
func TestWH1PingAnywhere(t *testing.T) {
	for _, data := range []bool{false, true} {
		eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
			o := options()
			o.DataPing = data
			_, plain := written(t, to, o, sample()...)
			want, _ := read(to, []byte(plain.String()))
			var b strings.Builder
			e, err := encode.New(&b, to, o)
			require.NoError(t, err)
			for _, d := range sample() {
				require.NoError(t, e.Ping())
				require.NoError(t, e.HandleDelta(&d))
			}
			require.NoError(t, e.Ping())
			require.NoError(t, valid(to, b.String()), b.String())
			got, o2 := read(to, []byte(b.String()))
			require.Equal(t, llmstream.StateComplete, o2.State)
			require.Equal(t, want, got)
			if to == llmstream.OpenAIChat || to == llmstream.OpenAIResponses {
				require.Contains(t, b.String(), ": ping\n")
				require.NotContains(t, b.String(), ": ping\n\n", "a blank line after a comment breaks clients")
			}
		})
	}
}

// WH-3: a heartbeat counts as written.
func TestWH3PingCostsTheStatus(t *testing.T) {
	e, _ := written(t, llmstream.OpenAIChat, &encode.Options{HoldStart: true})
	require.False(t, e.Started())
	require.NoError(t, e.Ping())
	require.True(t, e.Started())
}

// brokenWriter fails after some writes.
type brokenWriter struct{ left int }

func (w *brokenWriter) Write(b []byte) (int, error) {
	if w.left--; w.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

// The writer's error is returned at once and ever after.
func TestWriterFails(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		e, err := encode.New(&brokenWriter{left: 1}, to, nil)
		require.NoError(t, err)
		failedAt := -1
		for i, d := range sample() {
			if err = e.HandleDelta(&d); err != nil && failedAt < 0 {
				failedAt = i
			}
		}
		require.ErrorIs(t, err, io.ErrClosedPipe)
		require.Positive(t, failedAt)
		require.ErrorIs(t, e.Ping(), io.ErrClosedPipe)
		require.ErrorIs(t, e.Close(complete), io.ErrClosedPipe)
		require.ErrorIs(t, e.Error(nil), io.ErrClosedPipe)
	})
}

// countingWriter notes each Write and each Flush.
type countingWriter struct {
	writes  []string
	flushes int
}

func (w *countingWriter) Write(b []byte) (int, error) {
	w.writes = append(w.writes, string(b))
	return len(b), nil
}
func (w *countingWriter) Flush() { w.flushes++ }

// WG-1: each delta is one Write of whole events, and is flushed.
func TestWG1FlushEachWrite(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		var w countingWriter
		e, err := encode.New(&w, to, nil)
		require.NoError(t, err)
		for _, d := range sample() {
			before := len(w.writes)
			require.NoError(t, e.HandleDelta(&d))
			require.LessOrEqual(t, len(w.writes), before+1)
		}
		require.Equal(t, len(w.writes), w.flushes)
		for _, written := range w.writes {
			require.True(t, strings.HasSuffix(written, "\n\n"))
		}
	})
}

// What is held is bounded.
func TestMaxHeld(t *testing.T) {
	for _, to := range targets {
		e, b := written(t, to, &encode.Options{MaxHeld: 64, HoldArguments: true}, begin("x1", "m"), call(0, "c1", "f", ""))
		for range 10 {
			d := call(0, "", "", strings.Repeat(" ", 16))
			require.NoError(t, e.HandleDelta(&d))
		}
		require.NoError(t, e.Close(complete))
		_, o := read(to, []byte(b.String()))
		require.Equal(t, llmstream.StateError, o.State, to)
		require.NoError(t, valid(to, b.String()))
	}
}

// An index that is far off belongs to no call.
func TestCallIndexIsBounded(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		e, b := written(t, to, nil, begin("x1", "m"), content("a"), call(1<<30, "c1", "f", "{}"), call(-1, "c1", "f", "{}"), stop())
		require.NoError(t, e.Close(complete))
		require.NoError(t, valid(to, b.String()))
		require.Equal(t, int64(2), e.Lost().ToolCalls)
	})
}

// WG-21: a source that fails before its first output does not end well, whatever follows.
func TestWG21FailureIsKept(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		cause := &llmstream.APIError{Message: "busy", Status: 503}
		e, b := written(t, to, &encode.Options{HoldStart: true}, begin("x1", "m"), failed(cause), content("a"), stop(), done())
		require.ErrorIs(t, e.Close(llmstream.Outcome{State: llmstream.StateError, APIError: cause}), cause)
		require.Empty(t, b.String())

		// So is one that was cut, and after Close nothing is written but the error.
		e, b = written(t, to, &encode.Options{HoldStart: true}, begin("x1", "m"))
		require.ErrorIs(t, e.Close(llmstream.Outcome{State: llmstream.StateTruncated}), llmstream.ErrTruncated)
		d := content("a")
		require.NoError(t, e.HandleDelta(&d))
		require.NoError(t, e.Ping())
		require.Empty(t, b.String())
	})
}

// WG-14: an ID is made up of the answer's made-up ID where the source says nothing at all.
func TestWG14MadeUpOfNothing(t *testing.T) {
	e, b := written(t, llmstream.Gemini, options(), call(0, "", "f", "{}"), callEnd(0, true), stop())
	require.NoError(t, e.Close(complete))
	require.Regexp(t, `"id":"call_[0-9a-z]{6,}_0_0"`, b.String())
}

// WG-19: what comes in front of the first output, and has no place there, is counted.
func TestWG19LostBeforeTheStart(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		e, b := written(t, to, &encode.Options{HoldStart: true}, begin("x1", "m"), value(llmstream.KindAnnotation, `[]`), value(llmstream.KindLogprobs, `{}`))
		require.Empty(t, b.String())
		require.Equal(t, encode.Lost{Annotations: 1, Logprobs: 1}, e.Lost())
	})
}

// WA-11, WC-12: the text of a custom tool may be held too.
func TestWA11HeldCustomTool(t *testing.T) {
	events, _ := answer(t, llmstream.OpenAIChat, &encode.Options{HoldArguments: true}, custom(0, "c1", "sql", "SELECT"), callEnd(0, true), stop())
	require.Contains(t, events, chatCall(`0,"custom":{"input":"SELECT"}`))
}
