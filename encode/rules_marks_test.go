package encode_test

import (
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// responsesTypes are the types of the events that OpenAI documents and that are written.
var responsesTypes = strings.Fields(`
	response.created response.in_progress response.completed response.incomplete response.failed
	response.output_item.added response.output_item.done response.content_part.added response.content_part.done
	response.output_text.delta response.output_text.done response.output_text.annotation.added
	response.refusal.delta response.refusal.done response.reasoning_text.delta response.reasoning_text.done
	response.reasoning_summary_part.added response.reasoning_summary_part.done
	response.reasoning_summary_text.delta response.reasoning_summary_text.done
	response.function_call_arguments.delta response.function_call_arguments.done
	response.custom_tool_call_input.delta response.custom_tool_call_input.done`)

// WR-15: no event has another type, whatever the source is and whenever a heartbeat comes.
func TestWR15NoOtherTypes(t *testing.T) {
	for _, r := range recordings(t) {
		for _, o := range []*encode.Options{options(), {DataPing: true, Now: options().Now}} {
			got := transcribe(t, &r, llmstream.OpenAIResponses, o, 0, func(e *encode.Encoder) llmstream.Handler { return pinging{e, e} })
			for _, typ := range typesOf(got.stream) {
				require.Contains(t, responsesTypes, typ, r.name)
			}
		}
	}
}

// WH-2: an encoder starts no goroutine, so nothing is written while the source is silent.
func TestWH2NoTimer(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		goroutines := runtime.NumGoroutine()
		e, b := written(t, to, &encode.Options{DataPing: true}, begin("x1", "m"), content("a"))
		before := b.String()
		require.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
		time.Sleep(time.Millisecond)
		require.Equal(t, before, b.String())
		require.NoError(t, e.Ping())
		require.NotEqual(t, before, b.String())
		require.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
	})
}

// WG-8: a prompt that was blocked is a whole answer at the end marker.
func TestWG8BlockedPromptEndsAtTheMarker(t *testing.T) {
	blocked := llmstream.Delta{Kind: llmstream.KindBlocked, Choice: -1, FinishReason: llmstream.FinishContentFilter, NativeFinishReason: []byte("SAFETY")}
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		e, b := written(t, to, nil, begin("x1", "m"), blocked, done())
		ended := b.String()
		require.NoError(t, valid(to, ended), ended)
		require.NoError(t, e.Close(complete))
		require.Equal(t, ended, b.String(), "nothing was left to write")
		_, o := read(to, []byte(ended))
		require.Equal(t, llmstream.StateComplete, o.State)
	})
}

// WG-7, WG-21: an answer without output, whose beginning was held, has its beginning.
func TestWG21HeldAnswerWithoutOutput(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		_, b := written(t, to, &encode.Options{HoldStart: true}, begin("x1", "m"), role(0), stop(), done())
		require.NoError(t, valid(to, b.String()), b.String())
		c, o := read(to, []byte(b.String()))
		require.Equal(t, llmstream.StateComplete, o.State)
		require.Equal(t, "m", c.Model)
		require.Contains(t, c.ID, "x1")
	})
}

// WM-3: also in a whole body parts are not empty, and there is always one.
func TestWM3PartsOfACompletion(t *testing.T) {
	parts := func(m llmstream.Message) (all []map[string]any) {
		body, err := encode.AppendCompletion(nil, llmstream.Gemini, &llmstream.Completion{Choices: []llmstream.Choice{{Message: m}}})
		require.NoError(t, err)
		var v struct {
			Candidates []struct {
				Content struct{ Parts []map[string]any }
			}
		}
		require.NoError(t, json.Unmarshal(body, &v))
		return v.Candidates[0].Content.Parts
	}
	call := llmstream.ToolCall{ID: "c1", Type: "function", Name: "f", Arguments: "{}", ArgumentsValid: true}
	require.Equal(t, []map[string]any{{"text": ""}}, parts(llmstream.Message{}))
	require.Equal(t, []map[string]any{{"text": "hi"}}, parts(llmstream.Message{Content: "hi"}))
	require.Equal(t, []map[string]any{{"text": "hm", "thought": true}}, parts(llmstream.Message{Reasoning: "hm"}))
	require.Len(t, parts(llmstream.Message{ToolCalls: []llmstream.ToolCall{call}}), 1)
}

// WG-15: a call without a name is not in a whole body either, which always has a choice.
func TestWG15CallsOfACompletion(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		nameless := llmstream.ToolCall{ID: "c1", Type: "function", Arguments: "{}"}
		for _, choices := range [][]llmstream.Choice{nil, {{Message: llmstream.Message{Content: "hi", ToolCalls: []llmstream.ToolCall{nameless}}}}} {
			body, err := encode.AppendCompletion(nil, to, &llmstream.Completion{ID: "x1", Choices: choices})
			require.NoError(t, err)
			require.NotContains(t, string(body), "c1")
			c, o := read(to, body)
			require.Equal(t, llmstream.StateComplete, o.State, "%s", body)
			require.Len(t, c.Choices, 1)
			require.True(t, slices.ContainsFunc(c.Choices, func(one llmstream.Choice) bool { return len(one.Message.ToolCalls) == 0 }))
		}
	})
}
