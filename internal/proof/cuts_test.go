package proof

import (
	"fmt"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/stretchr/testify/require"
)

// A stream that breaks off is complete only if nothing of the answer is missing (contract
// 7), wherever it is cut.

// completeEarly are the recordings of which a beginning is a whole answer too, and why.
var completeEarly = map[string]string{
	"anthropic-messages/start-behind-end.sse": "two messages: the first is whole, and then void",
	"anthropic-messages/stop-words.sse":       "two stop reasons, of which the last counts",
	"bedrock-agents/text.frames":              "no event says that the answer has ended",
	"gemini/error-behind.sse":                 "a finish reason in every event, and then an error",
	"gemini/stop-everywhere.sse":              "a finish reason in every event",
	"gemini/stop-in-the-middle.sse":           "output after the finish reason",
	"openai-chat/after-finish.sse":            "output after the finish reason",
	"openai-chat/finish-reopened-cut.sse":     "output after the finish reason",
	"openai-chat/finish-reopened.sse":         "output after the finish reason",
	"openai-chat/finish-repeated.sse":         "a finish reason in every event",
	"openai-responses/two-responses-cut.sse":  "two responses: the first is whole, and then void",
	"openai-responses/two-responses.sse":      "two responses: the first is whole, and then void",
}

func TestCompleteLacksNothing(t *testing.T) {
	total := 0
	for _, r := range recordings(t) {
		cuts, early := cutsThatLack(r.File, r.Dialect, r.Body)
		total += cuts
		require.Equal(t, completeEarly[r.File] != "", len(early) > 0, "%s: complete at %d", r.File, early)
	}
	t.Logf("%d cuts", total)
}

func TestCorpusCompleteLacksNothing(t *testing.T) {
	eachCorpus(t, func(t *testing.T, streams []corpusStream) {
		total, goingOn := 0, 0
		for _, s := range streams {
			body := s.Body(t)
			cuts, early := cutsThatLack(s.Path, s.dialect, body)
			total += cuts
			if len(early) > 0 {
				goingOn++
				require.True(t, goesOn(read(s.dialect, nil, body)), "%s: complete at %d", s.Path, early)
			}
		}
		t.Logf("%d cuts of %d streams, %d of which go on after a finish reason", total, len(streams), goingOn)
		require.Less(t, goingOn, len(streams)/20)
	})
}

// goesOn reports whether a stream goes on after it was finished: with output, with another
// finish reason, or with another answer.
func goesOn(r reading) bool {
	finished := map[int]bool{}
	for _, d := range r.Deltas {
		if d.Kind == llmstream.KindRestart && d.Part == -1 || d.Kind == llmstream.KindFinish && finished[d.Choice] {
			return true
		}
		finished[d.Choice] = finished[d.Choice] || d.Kind == llmstream.KindFinish
	}
	return reopened(r.Deltas)
}

// cutsThatLack cuts a body after each event and at 50 other bytes. It returns the number
// of cuts, and those which leave a complete answer that lacks a part of the whole one.
func cutsThatLack(name string, d llmstream.Dialect, body []byte) (cuts int, early []int) {
	at := possibleEnds(d, body)
	for _, cut := range randomCuts(name, len(body), 50) {
		at = append(at, cut...)
	}
	whole := answerOf(streamtest.ReadFolded(d, nil, body))
	for _, end := range at {
		got := streamtest.ReadFolded(d, nil, body[:end])
		if got.Outcome.State == llmstream.StateComplete && answerOf(got) != whole {
			early = append(early, end)
		}
	}
	return len(at), early
}

// possibleEnds returns where events end. It leaves out, except in an exhaustive run, most
// positions before which neither a finish reason nor an end marker came.
func possibleEnds(d llmstream.Dialect, body []byte) (at []int) {
	events := 0
	p := llmstream.NewParser(d, nil, &llmstream.Options{Events: llmstream.EventHandlerFunc(func(*llmstream.Event) error {
		events++
		return nil
	})})
	for i, seen := 0, 0; i < len(body); i++ {
		p.Write(body[i : i+1])
		if events == seen {
			continue
		}
		seen = events
		o := p.Outcome()
		if o.SawFinish || o.SawDone || o.BlockReason != "" || seen < 20 || seen%sample(10) == 0 {
			at = append(at, i+1)
		}
	}
	return at
}

// answerOf returns the answer of a reading: texts, calls and finish reasons.
func answerOf(r reading) string {
	answer := ""
	for _, c := range r.Completion.Choices {
		m := &c.Message
		answer += fmt.Sprintf("%d %q %q %q %s\n", c.Index, m.Content, m.Reasoning, m.Refusal, c.FinishReason)
		for _, call := range m.ToolCalls {
			answer += fmt.Sprintf("%q %q\n", call.Name, call.Arguments)
		}
	}
	return answer
}
