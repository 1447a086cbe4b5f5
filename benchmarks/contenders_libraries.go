package main

import (
	"context"
	"encoding/json"
	"net/http"

	openai "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/ssestream"
	goopenai "github.com/sashabaranov/go-openai"
	"github.com/seed-4d65deac/llmstream"
	"github.com/tmaxmax/go-sse"
)

func libraries() []contender {
	return []contender{
		{"go-sse", "tmaxmax/go-sse and encoding/json into a struct", chatOnly(func() reader { return new(goSSE) })},
		{"go-openai", "sashabaranov/go-openai, its client and stream, folded by hand", chatOnly(func() reader { return newGoOpenAI() })},
		{openAIGo, "openai/openai-go v3, ssestream and ChatCompletionAccumulator; keeps no reasoning", chatOnly(func() reader { return new(openAIGoSDK) })},
		{anthropicGo, "anthropics/anthropic-sdk-go, ssestream and Message.Accumulate", only(llmstream.AnthropicMessages, func() reader { return new(anthropicSDK) })},
	}
}

// goSSE takes the events from a library, and does the rest like a loop.
type goSSE struct{ found answer }

func (g *goSSE) read(f *feed) {
	g.found.reset()
	event := unmarshalEvent(json.Unmarshal)
	for e, err := range sse.Read(f, &sse.ReadConfig{MaxEventSize: maxLine}) {
		if err != nil || e.Data == "[DONE]" {
			return
		}
		event([]byte(e.Data), &g.found)
	}
}

func (g *goSSE) verify(s *stream) error { return compare(&g.found, s.want, allParts) }

// openAIGoSDK is the part of OpenAI's client that follows the HTTP call.
type openAIGoSDK struct {
	found openai.ChatCompletionAccumulator
}

func (o *openAIGoSDK) read(f *feed) {
	o.found = openai.ChatCompletionAccumulator{}
	chunks := ssestream.NewStream[openai.ChatCompletionChunk](ssestream.NewDecoder(&http.Response{Body: f}), nil)
	for chunks.Next() {
		o.found.AddChunk(chunks.Current())
	}
}

func (o *openAIGoSDK) verify(s *stream) error {
	u := o.found.Usage
	got := answer{usage: usage{u.PromptTokens, u.CompletionTokens, u.TotalTokens}}
	for _, c := range o.found.Choices {
		to := got.choice(int(c.Index))
		to.content, to.finish = []byte(c.Message.Content), c.FinishReason
		for i, t := range c.Message.ToolCalls {
			to.addCall(i, t.Function.Name, t.Function.Arguments)
		}
	}
	return compare(&got, s.want, allParts&^partReasoning)
}

// goOpenAI has to go through the library's client. Its HTTP client, Do, answers each
// request from memory.
type goOpenAI struct {
	client *goopenai.Client
	body   *feed
	found  answer
}

func newGoOpenAI() *goOpenAI {
	g := new(goOpenAI)
	config := goopenai.DefaultConfig("")
	config.HTTPClient = g
	g.client = goopenai.NewClientWithConfig(config)
	return g
}

func (g *goOpenAI) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: g.body}, nil
}

func (g *goOpenAI) read(f *feed) {
	g.found.reset()
	g.body = f
	chunks, err := g.client.CreateChatCompletionStream(context.Background(), goopenai.ChatCompletionRequest{Model: goopenai.GPT4o})
	if err != nil {
		return
	}
	for {
		c, err := chunks.Recv()
		if err != nil {
			return
		}
		g.add(&c)
	}
}

func (g *goOpenAI) add(c *goopenai.ChatCompletionStreamResponse) {
	for i := range c.Choices {
		from := &c.Choices[i]
		to := g.found.choice(from.Index)
		if to == nil {
			continue
		}
		to.content = append(to.content, from.Delta.Content...)
		to.reasoning = append(to.reasoning, from.Delta.ReasoningContent...)
		for _, t := range from.Delta.ToolCalls {
			index := 0
			if t.Index != nil {
				index = *t.Index
			}
			to.addCall(index, t.Function.Name, t.Function.Arguments)
		}
		if from.FinishReason != "" {
			to.finish = string(from.FinishReason)
		}
	}
	if u := c.Usage; u != nil {
		g.found.usage = usage{int64(u.PromptTokens), int64(u.CompletionTokens), int64(u.TotalTokens)}
	}
}

func (g *goOpenAI) verify(s *stream) error { return compare(&g.found, s.want, allParts) }
