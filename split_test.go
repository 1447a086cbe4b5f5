package llmstream

import (
	"encoding/json"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A stream says the same wherever its reads cut it (contract 2). The oracle is
// the uncut stream; every piece is overwritten as soon as Write has returned.

// randomCuts returns n sorted positions in a body. They are the same each time.
func randomCuts(name string, size, n int) [][]int {
	h := fnv.New64a()
	io.WriteString(h, name)
	rng := rand.New(rand.NewPCG(h.Sum64(), uint64(size)))
	cuts := make([][]int, n)
	for i := range cuts {
		cuts[i] = []int{rng.IntN(size + 1)}
	}
	return cuts
}

func TestSplitOnce(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.file, func(t *testing.T) {
			t.Parallel()
			body := r.body
			want := read(r.dialect, nil, body)
			cuts := randomCuts(r.file, len(body), 2000)
			if testing.Short() {
				cuts = cuts[:100]
			} else if len(body) <= 16<<10 {
				cuts = cuts[:0]
				for i := range len(body) + 1 {
					cuts = append(cuts, []int{i})
				}
			}
			for _, cut := range cuts {
				requireSame(t, want, read(r.dialect, nil, body, cut...), cut)
			}
		})
	}
}

func TestSplitEverywhere(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.file, func(t *testing.T) {
			body := r.body
			want := read(r.dialect, nil, body)
			for _, size := range []int{1, 2, 3, 7, 64} {
				var cuts []int
				for i := size; i < len(body); i += size {
					cuts = append(cuts, i)
				}
				requireSame(t, want, read(r.dialect, nil, body, cuts...), size)
			}
		})
	}
}

// A parser that is reset reads the next stream as a new one does.
func TestSplitAfterReset(t *testing.T) {
	type used struct {
		recorder
		Accumulator
		p *Parser
	}
	parsers := map[Dialect]*used{}
	for _, r := range recordings(t) {
		u := parsers[r.dialect]
		if u == nil {
			u = &used{}
			u.p = NewParser(r.dialect, Handlers(&u.recorder, &u.Accumulator), nil)
			parsers[r.dialect] = u
		}
		want := read(r.dialect, nil, r.body)
		for _, cut := range randomCuts(r.file, len(r.body), 5) {
			u.p.Write(r.body[:cut[0]]) // left unfinished
			u.p.Reset()
			u.Accumulator.Reset()
			u.deltas = nil
			pushCut(u.p, r.body, cut...)
			u.p.Close()
			requireSame(t, want, reading{u.deltas, u.Completion(), u.p.Outcome()}, r.file)
			u.p.Reset()
			u.Accumulator.Reset()
		}
	}
}

func TestCorpusSplit(t *testing.T) {
	dir, streams := corpusStreams(t)
	for _, s := range streams {
		t.Run(s.Path, func(t *testing.T) {
			t.Parallel()
			body := s.body(t, dir)
			want := read(s.dialect(), nil, body)
			cuts := randomCuts(s.Path, len(body), 200)
			if testing.Short() {
				cuts = cuts[:5]
			}
			for _, cut := range cuts {
				requireSame(t, want, read(s.dialect(), nil, body, cut...), cut)
			}
		})
	}
}

// requireSame compares two readings; it is much faster than require.Equal where
// they are the same.
func requireSame(t testing.TB, want, got reading, context any) {
	t.Helper()
	if !sameReading(want, got) {
		require.Equal(t, want, got, context)
	}
}

// A stream that is cut off tells so, and keeps all that came before (contract 7).

func TestTruncation(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.file, func(t *testing.T) { testTruncation(t, r.file, r.dialect, r.body) })
	}
}

func TestCorpusTruncation(t *testing.T) {
	dir, streams := corpusStreams(t)
	for _, s := range streams {
		t.Run(s.Path, func(t *testing.T) {
			t.Parallel()
			testTruncation(t, s.Path, s.dialect(), s.body(t, dir))
		})
	}
}

func testTruncation(t *testing.T, name string, d Dialect, body []byte) {
	whole := read(d, nil, body)
	at := eventBoundaries(d, body)
	for _, cut := range randomCuts(name, len(body), 50) {
		at = append(at, cut...)
	}
	for _, end := range at {
		got := read(d, nil, body[:end])
		// All deltas that events brought are there; what comes behind is what
		// only an end can tell.
		n := 0
		for n < len(got.Deltas) && n < len(whole.Deltas) && sameDelta(got.Deltas[n], whole.Deltas[n]) {
			n++
		}
		for _, d := range got.Deltas[n:] {
			broken := d.Kind == KindMalformed && got.Outcome.Wire == WireLines // a line that is no JSON though it has no end
			require.True(t, d.Raw == nil || got.Outcome.Unterminated || d.Kind == KindError || broken, "%s cut at %d: %v", name, end, d.Kind)
		}
		if got.Outcome.State == StateError || whole.Outcome.State == StateNotStream {
			continue
		}
		finished := len(got.Outcome.Choices) > 0
		for _, c := range got.Outcome.Choices {
			finished = finished && c.FinishReason != FinishNone
		}
		complete := finished || got.Outcome.SawDone && got.Outcome.OpenToolCalls == 0 || got.Outcome.BlockReason != ""
		if len(got.Outcome.Choices) > 0 && !reopened(got.Deltas) && (!cutCall(got.Completion) || got.Outcome.SawDone) {
			require.Equal(t, complete, got.Outcome.State == StateComplete, "%s cut at %d: %v", name, end, got.Outcome.State)
		}
		if !complete {
			require.Error(t, got.Outcome.Err(), "%s cut at %d", name, end)
		}
		requireEndedCallsWhole(t, whole, got, name, end)
	}
}

// requireEndedCallsWhole checks that no cut ends a tool call before its
// arguments have ended.
func requireEndedCallsWhole(t *testing.T, whole, got reading, name string, end int) {
	if slices.ContainsFunc(whole.Deltas, func(d recordedDelta) bool { return d.Start != nil && d.Start.Again }) {
		return // other calls take their places
	}
	for i, c := range got.Completion.Choices {
		for k, call := range c.Message.ToolCalls {
			if !call.Ended {
				continue
			}
			require.Equal(t, whole.Completion.Choices[i].Message.ToolCalls[k].Arguments, call.Arguments, "%s cut at %d", name, end)
			if got.Outcome.Dialect == OpenAIChat { // which has no event for the end of a call
				require.True(t, c.FinishReason != FinishNone || got.Outcome.SawDone && json.Valid([]byte(call.ArgumentsJSON())), "%s cut at %d", name, end)
			}
		}
	}
}

// reopened reports whether output has come after the finish reason of its choice, which
// may be followed by the same reason once more (C-34).
func reopened(deltas []recordedDelta) bool {
	finished := map[int]bool{}
	for _, d := range deltas {
		switch d.Kind {
		case KindFinish:
			finished[d.Choice] = true
		case KindContent, KindReasoning, KindRefusal, KindToolCall, KindMedia:
			if finished[d.Choice] {
				return true
			}
		}
	}
	return false
}

// cutCall reports whether the arguments of a call break off where no limit was reached
// (C-34).
func cutCall(c *Completion) bool {
	for _, choice := range c.Choices {
		for _, call := range choice.Message.ToolCalls {
			if call.Type == "function" && !json.Valid([]byte(call.ArgumentsJSON())) && choice.FinishReason != FinishLength {
				return true
			}
		}
	}
	return false
}

// eventBoundaries returns the positions in a body at which an event has ended.
func eventBoundaries(d Dialect, body []byte) (at []int) {
	p := NewParser(d, nil, nil)
	for i := range body {
		before := p.seen.Events
		if p.Write(body[i : i+1]); p.seen.Events > before {
			at = append(at, i+1)
		}
	}
	return at
}

func sameDelta(a, b recordedDelta) bool {
	return sameReading(reading{Deltas: []recordedDelta{a}}, reading{Deltas: []recordedDelta{b}})
}

// Every delta comes with the very Write that brings the last byte of its event
// (contract 3): a parser that waited for one more byte would block here.
func TestPromptness(t *testing.T) {
	for _, end := range []string{"\n\n", "\r\n\r\n", "\r\r", "\r\n\r"} {
		var got int
		p := NewParser(OpenAIChat, HandlerFunc(func(d *Delta) error {
			got++
			return nil
		}), &Options{Kinds: KindContent})
		for i := 1; i <= 3; i++ {
			event := `data: {"choices":[{"index":0,"delta":{"content":"x"}}]}` + end
			for _, b := range []byte(event[:len(event)-1]) {
				p.Write([]byte{b})
			}
			if strings.HasSuffix(end, "\n\n") || strings.HasSuffix(end, "\r\r") {
				require.Equal(t, i-1, got, "%q", end)
			}
			p.Write([]byte(event[len(event)-1:]))
			require.Equal(t, i, got, "%q", end)
		}
	}
}

// A Reader gives a delta as soon as its event has come, while the connection
// stays open.
func TestPromptReader(t *testing.T) {
	from, to := io.Pipe()
	defer to.Close()
	r := NewReader(from, OpenAIChat, &Options{Kinds: KindContent})
	for _, text := range []string{"a", "b", "c"} {
		go io.WriteString(to, `data: {"choices":[{"index":0,"delta":{"content":"`+text+`"}}]}`+"\n\n")
		require.True(t, r.Next())
		require.Equal(t, text, string(r.Delta().Text))
	}
}
