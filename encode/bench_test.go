package encode_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// longEvents is how many events a long answer has, its beginning and end not counted.
const longEvents = 5000

// longAnthropic is a long answer of Anthropic's, as a model writes it.
func longAnthropic() []byte {
	words := []string{" the", " quick", "brown", ",", " fox", " jumps", " over", " implementation", " é", "'s", ` \"not\"`, `\n`}
	var b strings.Builder
	b.WriteString("event: message_start\ndata: " + `{"type":"message_start","message":{"id":"msg_01","type":"message","role":"assistant","model":"claude-test-1","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":20,"output_tokens":1}}}` + "\n\n")
	b.WriteString("event: content_block_start\ndata: " + `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}` + "\n\n")
	for i := range longEvents {
		fmt.Fprintf(&b, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"%s\"}}\n\n", words[i%len(words)])
	}
	b.WriteString("event: content_block_stop\ndata: " + `{"type":"content_block_stop","index":0}` + "\n\n")
	b.WriteString("event: message_delta\ndata: " + `{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5000}}` + "\n\n")
	b.WriteString("event: message_stop\ndata: " + `{"type":"message_stop"}` + "\n\n")
	return []byte(b.String())
}

// nothing takes deltas and does nothing: what is left is the cost of reading.
type nothing struct{}

func (nothing) HandleDelta(*llmstream.Delta) error { return nil }

// BenchmarkEncode compares reading a long answer with reading and writing it. One operation
// is the whole answer; ns/event is the cost of one of its events. The module benchmarks
// compares it with what gateways write by hand.
func BenchmarkEncode(b *testing.B) {
	body := longAnthropic()
	run := func(name string, do func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for range b.N {
				do()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*longEvents), "ns/event")
		})
	}
	reader := llmstream.NewParser(llmstream.AnthropicMessages, nothing{}, nil)
	run("read", func() {
		reader.Reset()
		reader.Write(body)
		reader.Close()
	})
	for _, to := range targets {
		e, err := encode.New(io.Discard, to, options())
		require.NoError(b, err)
		p := llmstream.NewParser(llmstream.AnthropicMessages, e, nil)
		run("read+write/"+to.String(), func() {
			e.Reset(io.Discard)
			p.Reset()
			p.Write(body)
			p.Close()
			_ = e.Close(p.Outcome())
		})
	}
	for _, to := range targets {
		e, err := encode.New(io.Discard, to, options())
		require.NoError(b, err)
		deltas := deltasOf(body)
		run("write/"+to.String(), func() {
			e.Reset(io.Discard)
			for i := range deltas {
				_ = e.HandleDelta(&deltas[i])
			}
		})
	}
}

func deltasOf(body []byte) (all []llmstream.Delta) {
	p := llmstream.NewParser(llmstream.AnthropicMessages, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		all = append(all, *d.Clone())
		return nil
	}), nil)
	p.Write(body)
	p.Close()
	return all
}
