package proof

import (
	"bytes"
	"encoding/json"
	"slices"
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
// with the next, or cut, one at a time. end ends an event that is cut.
func mutations(events [][]byte, end string) (all []oneMutation) {
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
				all = append(all, oneMutation{"cut", i, join(events[:i], [][]byte{append(bytes.Clone(e[:cut]), end...)}, events[i+1:])})
			}
		}
	}
	return all
}

// splitEvents returns the events of a body, and what ends an event that is cut.
func splitEvents(d llmstream.Dialect, body []byte) (events [][]byte, end string) {
	from := 0
	for _, at := range eventBoundaries(d, body) {
		events, from = append(events, body[from:at]), at
	}
	if from < len(body) {
		events = append(events, body[from:])
	}
	switch streamtest.ReadFolded(d, nil, body).Outcome.Wire {
	case llmstream.WireSSE:
		end = "\n\n"
	case llmstream.WireLines:
		end = "\n"
	}
	return events, end
}

// callsOf returns the calls of a reading as text: all of them, or the valid ones.
func callsOf(r streamtest.Reading, valid bool) (calls []string) {
	for _, c := range r.Completion.Choices {
		for _, call := range c.Message.ToolCalls {
			if call.ArgumentsValid || !valid {
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
//   - What was cut was the event line, and without data there is no event (F-25).
//
// Any other event that is cut shows that something is missing. It makes no wrong call
// valid, unless the arguments were whole before and the event would have corrected them.
var nothingCouldTell = map[string]int{
	"anthropic-messages/start-spliced.sse drop":        1,
	"anthropic-messages/tools-cut-length.sse drop":     1,
	"anthropic-messages/tools-cut.sse drop":            1,
	"anthropic-messages/tools-input-given.sse cut":     1,
	"anthropic-messages/tools-input-given.sse drop":    1,
	"anthropic-messages/tools-no-stop-events.sse drop": 1,
	"bedrock/converse-lines.json drop":                 1,
	"bedrock/converse-tools-length.frames drop":        1,
	"bedrock/invoke-nova.frames drop":                  1,
	"gemini/call-again.sse cut":                        4,
	"gemini/call-again.sse drop":                       1,
	"gemini/call-again.sse swap":                       1,
	"gemini/surrogate-halves.sse double":               1,
	"gemini/surrogate-halves.sse drop":                 2,
	"gemini/surrogate-halves.sse swap":                 2,
	"gemini/tools-partial.sse double":                  3,
	"gemini/tools-partial.sse drop":                    4,
	"gemini/tools-partial.sse swap":                    2,
	"openai-chat/duplicate-keys.sse drop":              1,
	"openai-chat/openai-tools.sse double":              15,
	"openai-chat/openai-tools.sse drop":                15,
	"openai-chat/openai-tools.sse swap":                15,
	"openai-chat/tools-call-again.sse cut":             4,
	"openai-chat/tools-call-again.sse drop":            1,
	"openai-chat/tools-custom.sse double":              2,
	"openai-chat/tools-custom.sse drop":                2,
	"openai-chat/tools-custom.sse swap":                1,
	"openai-chat/tools-index-from-one.sse drop":        2,
	"openai-chat/tools-index-missing.sse drop":         1,
	"openai-chat/tools-late-custom.sse double":         2,
	"openai-chat/tools-late-custom.sse drop":           1,
	"openai-chat/tools-late-custom.sse swap":           1,
	"openai-chat/tools-list-repeats-names.sse drop":    1,
	"openai-chat/tools-random-ids.sse drop":            1,
}

// No mutation of one event makes a call valid whose arguments differ from what the
// recording says, unless nothing in the stream could tell.
func TestNoMutationMakesAWrongCallValid(t *testing.T) {
	found := map[string]int{}
	tried := map[llmstream.Dialect]int{}
	for _, r := range recordings(t) {
		if bytes.HasPrefix(r.Body, []byte{0x1f}) { // compressed
			continue
		}
		right := callsOf(streamtest.ReadFolded(r.Dialect, nil, r.Body), false)
		if len(right) == 0 {
			continue
		}
		for _, m := range mutations(splitEvents(r.Dialect, r.Body)) {
			tried[r.Dialect]++
			for _, call := range callsOf(streamtest.ReadFolded(r.Dialect, nil, m.body), true) {
				if !slices.Contains(right, call) {
					found[r.File+" "+m.how]++
				}
			}
		}
	}
	for d := llmstream.OpenAIChat; d.String() != "unknown"; d++ {
		t.Logf("%s: %d mutations", d, tried[d])
		if d != llmstream.TextGeneration && d != llmstream.BedrockAgents { // which have no tools
			require.Greater(t, tried[d], 10, d)
		}
	}
	require.Equal(t, nothingCouldTell, found)
}
