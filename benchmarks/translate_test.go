package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/bytedance/sonic"
	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// A translator reads a stream of Anthropic's and writes it in another dialect.
type translator struct {
	to    llmstream.Dialect
	write func(w io.Writer, f *feed)
}

// read writes what it makes of the stream to nowhere.
func (t *translator) read(f *feed) { t.write(io.Discard, f) }

// verify translates s once more, and reads the result.
func (t *translator) verify(s *stream) error {
	var b bytes.Buffer
	var f feed
	f.open(s)
	t.write(&b, &f)
	var a llmstream.Accumulator
	p := llmstream.NewParser(t.to, &a, nil)
	p.Write(b.Bytes())
	if err := p.Close(); err != nil {
		return err
	}
	c := a.Completion()
	if got := c.Choices[0].Message.Reasoning + c.Choices[0].Message.Content; got != string(s.text) {
		return fmt.Errorf("%d bytes of text, and not the %d of the stream", len(got), len(s.text))
	}
	return nil
}

// translators are this library, and the program that gateways write by hand.
func translators() map[string]*translator {
	all := map[string]*translator{
		"structs-encoding-json": byHand(json.Unmarshal, json.Marshal),
		"structs-sonic":         byHand(sonic.Unmarshal, sonic.Marshal),
	}
	for _, to := range []llmstream.Dialect{llmstream.OpenAIChat, llmstream.AnthropicMessages, llmstream.OpenAIResponses, llmstream.Gemini} {
		all["llmstream-"+to.String()] = byEncoder(to)
	}
	return all
}

func byEncoder(to llmstream.Dialect) *translator {
	e, err := encode.New(io.Discard, to, nil)
	if err != nil {
		panic(err)
	}
	p := llmstream.NewParser(llmstream.AnthropicMessages, e, nil)
	return &translator{to, func(w io.Writer, f *feed) {
		e.Reset(w)
		p.Reset()
		for piece := f.next(); piece != nil; piece = f.next() {
			p.Write(piece)
		}
		p.Close()
		e.Close(p.Outcome())
	}}
}

// The structs of the program by hand, with no more than it needs.
type anthropicEvent struct {
	Type    string `json:"type"`
	Message *struct {
		ID    string `json:"id"`
		Model string `json:"model"`
	} `json:"message"`
	Delta *struct {
		Text string `json:"text"`
	} `json:"delta"`
}

// byHand translates line by line: each event is decoded into a struct, and a chunk is encoded
// from another.
func byHand(unmarshal func([]byte, any) error, marshal func(any) ([]byte, error)) *translator {
	buf := make([]byte, scanBuffer)
	return &translator{llmstream.OpenAIChat, func(w io.Writer, f *feed) {
		c := chunk{Object: "chat.completion.chunk", Created: 7}
		send := func(delta chunkDelta, finish *string) {
			c.Choices = []chunkChoice{{Delta: delta, FinishReason: finish}}
			data, _ := marshal(&c)
			fmt.Fprintf(w, "data: %s\n\n", data)
		}
		eachData(f, buf, func(data []byte) {
			var e anthropicEvent
			if unmarshal(data, &e) != nil {
				return
			}
			switch e.Type {
			case "message_start":
				c.ID, c.Model = e.Message.ID, e.Message.Model
				send(chunkDelta{Role: "assistant"}, nil)
			case "content_block_delta":
				send(chunkDelta{Content: &e.Delta.Text}, nil)
			case "message_delta":
				stop := "stop"
				send(chunkDelta{}, &stop)
			case "message_stop":
				fmt.Fprint(w, "data: [DONE]\n\n")
			}
		})
	}}
}

// longAnthropicStreams returns the long answer of Anthropic's that is translated.
func longAnthropicStreams(t testing.TB, s scale) []*stream {
	all, err := workloads(s)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(all, func(w *workload) bool { return w.name == longAnthropic })
	return all[at].streams
}

func TestTranslatorsAreRight(t *testing.T) {
	streams := longAnthropicStreams(t, small)
	for name, one := range translators() {
		for range 2 {
			if r := newRacer(one, streams); r.right() != len(streams) {
				t.Errorf("%s: %v", name, one.verify(streams[0]))
			}
		}
	}
}

func BenchmarkTranslate(b *testing.B) {
	streams := longAnthropicStreams(b, full)
	for name, one := range translators() {
		b.Run("contender="+name, func(b *testing.B) {
			r := newRacer(one, streams)
			var f feed
			b.SetBytes(int64(r.size()))
			b.ReportAllocs()
			for b.Loop() {
				r.read(&f)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(streams[0].events), "ns/event")
		})
	}
}

// TestTranslationRatios compares the least processor time that each needs for a long answer,
// and has a bound. It runs where LLMSTREAM_RATIOS is set.
func TestTranslationRatios(t *testing.T) {
	if os.Getenv("LLMSTREAM_RATIOS") == "" {
		t.Skip("LLMSTREAM_RATIOS is not set: nothing is measured")
	}
	streams := longAnthropicStreams(t, full)
	all := translators()
	least := map[string]time.Duration{}
	for range 60 { // in turn, so that all of them meet quiet moments
		for name, one := range all {
			took := processorTime(newRacer(one, streams))
			if before, ok := least[name]; !ok || took < before {
				least[name] = took
			}
		}
	}
	ours := least["llmstream-openai-chat"]
	for _, name := range slices.Sorted(maps.Keys(least)) {
		t.Logf("%-28s %6.1f ns an event, %5.1f times as long as llmstream-openai-chat",
			name, float64(least[name])/float64(streams[0].events), float64(least[name])/float64(ours))
	}
	if ratio := float64(least["structs-encoding-json"]) / float64(ours); ratio < 20 {
		t.Errorf("structs with encoding/json take %.1f times as long, and not 20 times or more", ratio)
	}
}

// processorTime returns the processor time of reading the streams, averaged over some rounds.
func processorTime(r *racer) time.Duration {
	const rounds = 4
	var f feed
	var before, after syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	for range rounds {
		r.read(&f)
	}
	syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	return time.Duration(used / rounds)
}
