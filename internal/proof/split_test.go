package proof

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/stretchr/testify/require"
)

// A stream means the same wherever its reads cut it (contract 2). The oracle is
// the uncut stream; every piece is overwritten as soon as Write has returned.

// randomCuts returns n positions in a body, each alone. They are the same each time.
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

// splits returns the positions at which to cut a recording once. In an exhaustive run
// these are all, or 2,000 if it is long; else as many as make up 256 KiB to read.
func splits(name string, size int) [][]int {
	if !exhaustive() {
		return randomCuts(name, size, max(10, min(200, (256<<10)/sample(1)/max(1, size))))
	}
	if size > 16<<10 {
		return randomCuts(name, size, 2000)
	}
	var cuts [][]int
	for i := range size + 1 {
		cuts = append(cuts, []int{i})
	}
	return cuts
}

func TestSplitOnce(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.File, func(t *testing.T) {
			t.Parallel()
			want := read(r.Dialect, nil, r.Body)
			for _, cut := range splits(r.File, len(r.Body)) {
				requireSame(t, want, read(r.Dialect, nil, r.Body, cut...), cut)
			}
		})
	}
}

func TestSplitEverywhere(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.File, func(t *testing.T) {
			t.Parallel()
			body := r.Body
			want := read(r.Dialect, nil, body)
			for _, size := range []int{1, 2, 3, 7, 64} {
				var cuts []int
				for i := size; i < len(body); i += size {
					cuts = append(cuts, i)
				}
				requireSame(t, want, read(r.Dialect, nil, body, cuts...), size)
			}
		})
	}
}

// A parser that is reset reads the next stream as a new one does.
func TestSplitAfterReset(t *testing.T) {
	type used struct {
		deltas streamtest.Recorder
		answer llmstream.Accumulator
		parser *llmstream.Parser
	}
	parsers := map[llmstream.Dialect]*used{}
	for _, r := range recordings(t) {
		u := parsers[r.Dialect]
		if u == nil {
			u = &used{}
			u.parser = llmstream.NewParser(r.Dialect, llmstream.Handlers(&u.deltas, &u.answer), nil)
			parsers[r.Dialect] = u
		}
		want := read(r.Dialect, nil, r.Body)
		for _, cut := range randomCuts(r.File, len(r.Body), 5) {
			u.parser.Write(r.Body[:cut[0]]) // left unfinished
			u.parser.Reset()
			u.answer.Reset()
			u.deltas = streamtest.Recorder{}
			streamtest.PushCut(u.parser, r.Body, cut...)
			u.parser.Close()
			requireSame(t, want, reading{Deltas: u.deltas.Deltas, Completion: u.answer.Completion(), Outcome: u.parser.Outcome()}, r.File)
			u.parser.Reset()
			u.answer.Reset()
		}
	}
}

func TestCorpusSplit(t *testing.T) {
	eachCorpus(t, func(t *testing.T, streams []corpusStream) {
		for i, s := range streams {
			if i%sample(4) != 0 {
				continue
			}
			t.Run(s.Path, func(t *testing.T) {
				t.Parallel()
				body := s.Body(t)
				want := read(s.dialect, nil, body)
				for _, cut := range randomCuts(s.Path, len(body), 200/sample(20)) {
					requireSame(t, want, read(s.dialect, nil, body, cut...), cut)
				}
			})
		}
	})
}

// The outcome of a stream that breaks off says so, and the answer has everything that
// came before (contract 7).

func TestTruncation(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.File, func(t *testing.T) {
			t.Parallel()
			testTruncation(t, r.File, r.Dialect, r.Body)
		})
	}
}

func TestCorpusTruncation(t *testing.T) {
	eachCorpus(t, func(t *testing.T, streams []corpusStream) {
		for i, s := range streams {
			if i%sample(4) != 0 {
				continue
			}
			t.Run(s.Path, func(t *testing.T) {
				t.Parallel()
				testTruncation(t, s.Path, s.dialect, s.Body(t))
			})
		}
	})
}

func testTruncation(t *testing.T, name string, d llmstream.Dialect, body []byte) {
	whole := read(d, nil, body)
	var at []int
	for i, end := range eventBoundaries(d, body) {
		if i < 20 || i%sample(4) == 0 {
			at = append(at, end)
		}
	}
	for _, cut := range randomCuts(name, len(body), 50/sample(2)) {
		at = append(at, cut...)
	}
	for _, end := range at {
		got := read(d, nil, body[:end])
		// All deltas that events brought are there. Those after them come from
		// the end of the stream.
		n := 0
		for n < len(got.Deltas) && n < len(whole.Deltas) && streamtest.SameDelta(got.Deltas[n], whole.Deltas[n]) {
			n++
		}
		for _, d := range got.Deltas[n:] {
			broken := d.Kind == llmstream.KindMalformed && got.Outcome.Wire == llmstream.WireLines // a line that is no JSON though it has no end
			require.True(t, d.Raw == nil || got.Outcome.Anomalies.Unterminated || d.Kind == llmstream.KindError || broken, "%s cut at %d: %v", name, end, d.Kind)
		}
		if got.Outcome.State == llmstream.StateError || whole.Outcome.State == llmstream.StateNotStream {
			continue
		}
		finished := len(got.Outcome.Choices) > 0
		for _, c := range got.Outcome.Choices {
			finished = finished && c.FinishReason != llmstream.FinishNone
		}
		complete := finished || got.Outcome.SawDone && got.Outcome.OpenToolCalls == 0 || got.Outcome.BlockReason != ""
		if len(got.Outcome.Choices) > 0 && !reopened(got.Deltas) && (!cutCall(got.Completion) || got.Outcome.SawDone) {
			complete = complete && !unclosed(body[:end]) && !isBare(got)
			require.Equal(t, complete, got.Outcome.State == llmstream.StateComplete, "%s cut at %d: %v", name, end, got.Outcome.State)
		}
		if !complete {
			require.Error(t, got.Outcome.Err(), "%s cut at %d", name, end)
		}
		requireEndedCallsWhole(t, whole, got, name, end)
	}
}

// unclosed reports whether a body is an array that has no end (G-17).
func unclosed(body []byte) bool {
	body = bytes.TrimSpace(body)
	return bytes.HasPrefix(body, []byte("[")) && !bytes.HasSuffix(body, []byte("]"))
}

// requireEndedCallsWhole checks that no cut ends a tool call before its
// arguments have ended.
func requireEndedCallsWhole(t *testing.T, whole, got reading, name string, end int) {
	if slices.ContainsFunc(whole.Deltas, func(d streamtest.Delta) bool { return d.Kind == llmstream.KindRestart || d.ToolCall.Restart }) {
		return // other calls, or other arguments, take their places (A-11, T-33)
	}
	for i, c := range got.Completion.Choices {
		for k, call := range c.Message.ToolCalls {
			if !call.Ended {
				continue
			}
			require.Equal(t, whole.Completion.Choices[i].Message.ToolCalls[k].Arguments, call.Arguments, "%s cut at %d", name, end)
			if got.Outcome.Dialect == llmstream.OpenAIChat { // which has no event for the end of a call
				require.True(t, c.FinishReason != llmstream.FinishNone || got.Outcome.SawDone && json.Valid([]byte(call.ArgumentsJSON())), "%s cut at %d", name, end)
			}
		}
	}
}

// isBare reports whether nothing but roles has come before the end marker (E-17).
func isBare(r streamtest.Reading) bool {
	for _, c := range r.Outcome.Choices {
		if c.FinishReason != llmstream.FinishNone || c.ToolCalls > 0 {
			return false
		}
	}
	return !r.Outcome.Delivered && r.Outcome.BlockReason == ""
}

// reopened reports whether output has come after the finish reason of its choice, which
// may be followed by the same reason once more (C-34).
func reopened(deltas []streamtest.Delta) bool {
	finished := map[int]bool{}
	for _, d := range deltas {
		switch d.Kind {
		case llmstream.KindFinish:
			finished[d.Choice] = true
		case llmstream.KindContent, llmstream.KindReasoning, llmstream.KindRefusal, llmstream.KindToolCall, llmstream.KindMedia:
			if finished[d.Choice] {
				return true
			}
		}
	}
	return false
}

// cutCall reports whether the arguments of a call break off where no limit was reached
// (C-34).
func cutCall(c *llmstream.Completion) bool {
	for _, choice := range c.Choices {
		for _, call := range choice.Message.ToolCalls {
			if call.Type == "function" && !json.Valid([]byte(call.ArgumentsJSON())) && choice.FinishReason != llmstream.FinishLength {
				return true
			}
		}
	}
	return false
}

// eventBoundaries returns the positions in a body at which an event has ended.
func eventBoundaries(d llmstream.Dialect, body []byte) (at []int) {
	p := llmstream.NewParser(d, nil, nil)
	var events int64
	for i := range body {
		p.Write(body[i : i+1])
		if now := p.Outcome().Events; now > events {
			events = now
			at = append(at, i+1)
		}
	}
	return at
}

// Every delta comes with the very Write that brings the last byte of its event
// (contract 3): a parser that waited for one more byte would block here.
func TestPromptness(t *testing.T) {
	for _, end := range []string{"\n\n", "\r\n\r\n", "\r\r", "\r\n\r"} {
		var got int
		p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
			got++
			return nil
		}), &llmstream.Options{Kinds: llmstream.KindContent})
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
	r := llmstream.NewReader(from, llmstream.OpenAIChat, &llmstream.Options{Kinds: llmstream.KindContent})
	for _, text := range []string{"a", "b", "c"} {
		go io.WriteString(to, `data: {"choices":[{"index":0,"delta":{"content":"`+text+`"}}]}`+"\n\n")
		require.True(t, r.Next())
		require.Equal(t, text, string(r.Delta().Text))
	}
}
