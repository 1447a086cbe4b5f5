package encode_test

import (
	"bytes"
	"encoding/json"
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

// BenchmarkEncode compares reading a long answer with reading and writing it, and with
// what gateways write by hand: each event decoded into a struct and encoded from one.
// One operation is the whole answer; ns/event is the cost of one of its events.
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
	run("structs", func() { structs(io.Discard, body) })
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

// The structs of the program by hand, with no more than it needs.
type anthropicEvent struct {
	Type    string `json:"type"`
	Index   int    `json:"index"`
	Message *struct {
		ID    string          `json:"id"`
		Model string          `json:"model"`
		Usage *anthropicUsage `json:"usage"`
	} `json:"message"`
	Delta *struct {
		Type        string `json:"type"`
		Text        string `json:"text"`
		PartialJSON string `json:"partial_json"`
		StopReason  string `json:"stop_reason"`
	} `json:"delta"`
	Usage *anthropicUsage `json:"usage"`
}

type anthropicUsage struct {
	InputTokens  int `json:"input_tokens"`
	OutputTokens int `json:"output_tokens"`
}

type chatChunkOf struct {
	ID      string         `json:"id"`
	Object  string         `json:"object"`
	Created int64          `json:"created"`
	Model   string         `json:"model"`
	Choices []chatChoiceOf `json:"choices"`
	Usage   *chatUsageOf   `json:"usage,omitempty"`
}

type chatChoiceOf struct {
	Index        int         `json:"index"`
	Delta        chatDeltaOf `json:"delta"`
	FinishReason *string     `json:"finish_reason"`
}

type chatDeltaOf struct {
	Role    string `json:"role,omitempty"`
	Content string `json:"content,omitempty"`
}

type chatUsageOf struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

// structs is a translation as gateways write it: line by line, with encoding/json.
func structs(w io.Writer, body []byte) {
	chunk := chatChunkOf{Object: "chat.completion.chunk", Created: 7}
	send := func(delta chatDeltaOf, finish *string) {
		chunk.Choices = []chatChoiceOf{{Delta: delta, FinishReason: finish}}
		data, _ := json.Marshal(&chunk)
		fmt.Fprintf(w, "data: %s\n\n", data)
	}
	for line := range bytes.Lines(body) {
		data, ok := bytes.CutPrefix(bytes.TrimSuffix(line, []byte("\n")), []byte("data: "))
		if !ok {
			continue
		}
		var e anthropicEvent
		if json.Unmarshal(data, &e) != nil {
			return
		}
		switch e.Type {
		case "message_start":
			chunk.ID, chunk.Model = e.Message.ID, e.Message.Model
			send(chatDeltaOf{Role: "assistant"}, nil)
		case "content_block_delta":
			send(chatDeltaOf{Content: e.Delta.Text}, nil)
		case "message_delta":
			stop := "stop"
			send(chatDeltaOf{}, &stop)
		case "message_stop":
			fmt.Fprint(w, "data: [DONE]\n\n")
		}
	}
}

// The program by hand says what the encoder says, so that they can be compared.
func TestStructsSayTheSame(t *testing.T) {
	body := longAnthropic()
	var b bytes.Buffer
	structs(&b, body)
	byHand, o := read(llmstream.OpenAIChat, b.Bytes())
	require.Equal(t, llmstream.StateComplete, o.State)
	written, _ := transcode(t, llmstream.AnthropicMessages, llmstream.OpenAIChat, body, nil)
	c, _ := read(llmstream.OpenAIChat, []byte(written))
	require.Equal(t, byHand.Choices[0].Message.Content, c.Choices[0].Message.Content)
}
