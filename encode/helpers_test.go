package encode_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// The functions below make deltas, as a parser would.

func begin(id, model string) llmstream.Delta {
	return llmstream.Delta{Kind: llmstream.KindStart, Choice: -1, Start: &llmstream.Start{ID: []byte(id), Model: []byte(model), Created: 7}}
}

func role(choice int) llmstream.Delta {
	return llmstream.Delta{Kind: llmstream.KindStart, Choice: choice, Start: &llmstream.Start{Role: []byte("assistant")}}
}

func content(text string) llmstream.Delta {
	return llmstream.Delta{Kind: llmstream.KindContent, Text: []byte(text)}
}

func refusal(text string) llmstream.Delta {
	return llmstream.Delta{Kind: llmstream.KindRefusal, Text: []byte(text)}
}

func reasoning(text string) llmstream.Delta {
	return llmstream.Delta{Kind: llmstream.KindReasoning, Text: []byte(text)}
}

// detail is a piece of reasoning without plain text.
func detail(r llmstream.ReasoningDetail) llmstream.Delta {
	return llmstream.Delta{Kind: llmstream.KindReasoning, Detail: &r}
}

func part(n int, d llmstream.Delta) llmstream.Delta { d.Part = n; return d }

func ofChoice(n int, d llmstream.Delta) llmstream.Delta { d.Choice = n; return d }

func call(index int, id, name, arguments string) llmstream.Delta {
	return llmstream.Delta{Kind: llmstream.KindToolCall, ToolCall: llmstream.ToolCallDelta{
		Index: index, ID: []byte(id), Name: []byte(name), Arguments: []byte(arguments),
	}}
}

func custom(index int, id, name, input string) llmstream.Delta {
	d := call(index, id, name, input)
	d.ToolCall.Type = []byte("custom")
	return d
}

func extra(index int, value string) llmstream.Delta {
	return llmstream.Delta{Kind: llmstream.KindToolCall, ToolCall: llmstream.ToolCallDelta{Index: index, Extra: []byte(value)}}
}

func callEnd(index int, valid bool) llmstream.Delta {
	return llmstream.Delta{Kind: llmstream.KindToolCallEnd, ToolCall: llmstream.ToolCallDelta{Index: index, ArgumentsValid: valid}}
}

func finish(reason llmstream.FinishReason, native string) llmstream.Delta {
	return llmstream.Delta{Kind: llmstream.KindFinish, FinishReason: reason, NativeFinishReason: []byte(native)}
}

func stop() llmstream.Delta { return finish(llmstream.FinishStop, "stop") }

func usage(u llmstream.Usage) llmstream.Delta {
	if u.Reported == 0 {
		u.Reported = llmstream.UsageInput | llmstream.UsageOutput
	}
	return llmstream.Delta{Kind: llmstream.KindUsage, Choice: -1, Usage: u}
}

func value(kind llmstream.Kind, json string) llmstream.Delta {
	return llmstream.Delta{Kind: kind, Text: []byte(json)}
}

func failed(err error) llmstream.Delta {
	return llmstream.Delta{Kind: llmstream.KindError, Choice: -1, Err: err}
}

func done() llmstream.Delta { return llmstream.Delta{Kind: llmstream.KindDone, Choice: -1} }

// complete is the outcome of an answer that is whole.
var complete = llmstream.Outcome{State: llmstream.StateComplete}

// written hands deltas to an encoder, without closing it.
func written(t testing.TB, to llmstream.Dialect, o *encode.Options, deltas ...llmstream.Delta) (*encode.Encoder, *strings.Builder) {
	t.Helper()
	var b strings.Builder
	e, err := encode.New(&b, to, o)
	require.NoError(t, err)
	for i := range deltas {
		require.NoError(t, e.HandleDelta(&deltas[i]))
	}
	return e, &b
}

// answer is what is written of an answer that is whole, as the data of its events. It is
// valid.
func answer(t testing.TB, to llmstream.Dialect, o *encode.Options, deltas ...llmstream.Delta) ([]string, encode.Lost) {
	t.Helper()
	e, b := written(t, to, o, append([]llmstream.Delta{begin("x1", "m")}, deltas...)...)
	require.NoError(t, e.Close(complete))
	require.NoError(t, valid(to, b.String()), b.String())
	return dataOf(b.String()), e.Lost()
}

// dataOf returns the data of each event of a stream.
func dataOf(stream string) (all []string) {
	for line := range strings.Lines(stream) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			all = append(all, strings.TrimSuffix(data, "\n"))
		}
	}
	return all
}

// typesOf returns the event lines of a stream.
func typesOf(stream string) (all []string) {
	for line := range strings.Lines(stream) {
		if typ, ok := strings.CutPrefix(line, "event: "); ok {
			all = append(all, strings.TrimSuffix(typ, "\n"))
		}
	}
	return all
}
