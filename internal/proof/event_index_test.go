package proof

import (
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// indexed records which event each delta names, and which event was being handled. It is a
// Handler and an EventHandler.
type indexed struct {
	named   []int64
	handled []int64
	events  int64
}

func (x *indexed) HandleEvent(*llmstream.Event) error { x.events++; return nil }

func (x *indexed) HandleDelta(d *llmstream.Delta) error {
	x.named, x.handled = append(x.named, d.EventIndex), append(x.handled, x.events-1)
	return nil
}

// The deltas of an event name it by its number. Events that came as one have numbers of
// their own; see TestEventIndexOfEachPath.
func TestEventIndexOfRecordings(t *testing.T) {
	compared := 0
	for _, r := range streamtest.Recordings(t) {
		var x indexed
		p := llmstream.NewParser(r.Dialect, &x, &llmstream.Options{Events: &x})
		p.Write(r.Body)
		atEnd := len(x.named)
		p.Close()
		o := p.Outcome()
		for i := 1; i < len(x.named); i++ {
			require.LessOrEqual(t, x.named[i-1], x.named[i], r.File)
		}
		for _, at := range x.named {
			require.LessOrEqual(t, at, max(o.Events, 1), r.File)
		}
		if o.Anomalies.Unseparated > 0 || o.Anomalies.Malformed > 0 || o.APIError != nil || x.events != o.Events || o.Anomalies.PendingBytes > 0 || o.Anomalies.Unterminated {
			continue
		}
		require.Equal(t, x.handled[:atEnd], x.named[:atEnd], r.File)
		for _, at := range x.named[atEnd:] {
			require.Equal(t, o.Events, at, "%s: a delta that only the end brings", r.File)
		}
		compared++
	}
	require.Greater(t, compared, 100)
}

// Each way of reading gives the same numbers: with and without templates, pushed and pulled,
// cut at any place.
func TestEventIndexOfEachPath(t *testing.T) {
	chunk := func(text string) string {
		return `{"id":"c","choices":[{"index":0,"delta":{"content":"` + text + `"}}]}`
	}
	tool := `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]}}]}`
	body := testkit.SSE(chunk("a"), chunk("b"), chunk("c"), chunk("d"), chunk("\\u00e9")) + // templates from the second one on
		"data: " + chunk("e") + "\ndata: " + chunk("f") + "\n\n" + // two events that came as one
		"data: {\"choices\":[{\"ind\n\n" + // malformed
		": a comment\n\n" +
		testkit.SSE("["+chunk("g")+","+chunk("h")+"]", tool, `{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}`)
	want := []struct {
		kind  llmstream.Kind
		index int64
	}{
		{llmstream.KindStart, 0}, {llmstream.KindContent, 0}, {llmstream.KindContent, 1}, {llmstream.KindContent, 2}, {llmstream.KindContent, 3},
		{llmstream.KindContent, 4}, {llmstream.KindContent, 5}, {llmstream.KindContent, 6}, {llmstream.KindMalformed, 7},
		{llmstream.KindContent, 8}, {llmstream.KindContent, 9}, {llmstream.KindToolCall, 10}, {llmstream.KindFinish, 11},
		{llmstream.KindToolCallEnd, 12}, // the end of the stream shows it
	}
	check := func(r streamtest.Reading, how string) {
		require.Len(t, r.Deltas, len(want), how)
		for i, d := range r.Deltas {
			require.Equal(t, want[i].kind, d.Kind, "%s %d", how, i)
			require.Equal(t, want[i].index, d.EventIndex, "%s %d", how, i)
		}
		require.Equal(t, int64(12), r.Outcome.Events)
	}
	check(streamtest.Read(llmstream.OpenAIChat, nil, []byte(body)), "pushed")
	check(streamtest.Read(llmstream.OpenAIChat, &llmstream.Options{NoFastPath: true}, []byte(body)), "pushed, without templates")
	check(streamtest.ReadPulled(llmstream.OpenAIChat, nil, []byte(body)), "pulled")
	for cut := range len(body) {
		check(streamtest.Read(llmstream.OpenAIChat, nil, []byte(body), cut), "cut")
	}
}

// An error in place of a stream is not in Outcome.Events. Events after it have other numbers
// even so.
func TestEventIndexAfterAnErrorBody(t *testing.T) {
	for body, want := range map[string][]int64{
		"data: {\"choices\":[]}\n\n{\"error\":{\"message\":\"no\"}}\n\ndata: {\"choices\":[]}\n\n": {0, 1, 2},
		"{\"error\":{\"message\":\"no\"}}{\"choices\":[]}\n":                                       {0, 1},
	} {
		r := streamtest.Read(llmstream.OpenAIChat, nil, []byte(body))
		var got []int64
		for _, d := range r.Deltas {
			got = append(got, d.EventIndex)
		}
		require.Equal(t, want, got, body)
	}
}
