package dialect_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/stretchr/testify/require"
)

// oneMutation is a stream in which something has happened to one event.
type oneMutation struct {
	how  string
	at   int
	body []byte
}

// mutations returns what becomes of a stream whose events are dropped, doubled, swapped
// with the next, or cut, one at a time.
func mutations(events [][]byte) (all []oneMutation) {
	join := func(list ...[][]byte) []byte { return bytes.Join(slices.Concat(list...), nil) }
	for i, e := range events {
		all = append(all,
			oneMutation{"drop", i, join(events[:i], events[i+1:])},
			oneMutation{"double", i, join(events[:i+1], events[i:])})
		if i+1 < len(events) {
			all = append(all, oneMutation{"swap", i, join(events[:i], [][]byte{events[i+1], e}, events[i+2:])})
		}
		for _, cut := range []int{len(e) / 4, len(e) / 2, len(e) * 3 / 4, len(e) - 3} {
			if cut > 0 {
				all = append(all, oneMutation{"cut", i, join(events[:i], [][]byte{append(bytes.Clone(e[:cut]), "\n\n"...)}, events[i+1:])})
			}
		}
	}
	return all
}

// splitEvents returns the events of a body, each with the blank line after it.
func splitEvents(body []byte) (events [][]byte) {
	from := 0
	for _, end := range streamtest.EventEnds(body) {
		events, from = append(events, body[from:end]), end
	}
	if from < len(body) {
		events = append(events, body[from:])
	}
	return events
}

// runnable returns the calls that may be made, as text.
func runnable(r streamtest.Reading) (calls []string) {
	for _, c := range r.Completion.Choices {
		for _, call := range c.Message.ToolCalls {
			if call.ArgumentsValid {
				calls = append(calls, call.Name+" "+compactJSON(call.Arguments))
			}
		}
	}
	return calls
}

func compactJSON(s string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(s)) != nil {
		return s
	}
	return b.String()
}

// nothingCouldTell are mutations after which no byte of the stream contradicts another,
// with how many calls they make valid:
//
//   - A fragment within a string, at the edge of one, or of free text was lost, came twice
//     or elsewhere: the arguments are JSON just the same.
//   - All arguments of a call were lost: many calls have none (T-11).
//   - What corrects the arguments was lost (T-33).
//
// An event that is cut shows that something is missing. It makes no wrong call valid,
// unless the arguments were whole before and the event would have corrected them.
var nothingCouldTell = map[string]int{
	"duplicate-keys.sse drop":           1,
	"openai-tools.sse double":           15,
	"openai-tools.sse drop":             15,
	"openai-tools.sse swap":             15,
	"tools-call-again.sse cut":          4,
	"tools-call-again.sse drop":         1,
	"tools-custom.sse double":           2,
	"tools-custom.sse drop":             2,
	"tools-custom.sse swap":             1,
	"tools-index-from-one.sse drop":     2,
	"tools-index-missing.sse drop":      1,
	"tools-late-custom.sse double":      2,
	"tools-late-custom.sse drop":        1,
	"tools-late-custom.sse swap":        1,
	"tools-list-repeats-names.sse drop": 1,
	"tools-random-ids.sse drop":         1,
}

// No mutation of one event makes a call valid whose arguments differ from what the
// recording says, unless nothing in the stream could tell.
func TestNoMutationMakesAWrongCallValid(t *testing.T) {
	found, tried := map[string]int{}, 0
	for _, r := range streamtest.Recordings(t) {
		if r.Dialect != llmstream.OpenAIChat || bytes.HasPrefix(r.Body, []byte{0x1f}) {
			continue
		}
		right := streamtest.ReadFolded(r.Dialect, nil, r.Body)
		whole := []string{}
		for _, c := range right.Completion.Choices {
			for _, call := range c.Message.ToolCalls {
				whole = append(whole, call.Name+" "+compactJSON(call.Arguments))
			}
		}
		if len(whole) == 0 {
			continue
		}
		for _, m := range mutations(splitEvents(r.Body)) {
			tried++
			got := streamtest.ReadFolded(r.Dialect, nil, m.body)
			for _, call := range runnable(got) {
				if !slices.Contains(whole, call) {
					found[strings.TrimPrefix(r.File, "openai-chat/")+" "+m.how]++
				}
			}
		}
	}
	require.Greater(t, tried, 1000)
	require.Equal(t, nothingCouldTell, found)
	t.Logf("%d mutations", tried)
}
