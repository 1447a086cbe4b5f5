package main

import (
	"net/http"

	anthropic "github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/packages/ssestream"
)

// anthropicSDK is the part of Anthropic's client that follows the HTTP call. It stops
// when accumulating fails, as the SDK's examples do.
type anthropicSDK struct {
	found anthropic.Message
}

func (a *anthropicSDK) read(f *feed) {
	a.found = anthropic.Message{}
	events := ssestream.NewStream[anthropic.MessageStreamEventUnion](ssestream.NewDecoder(&http.Response{Body: f}), nil)
	for events.Next() {
		if a.found.Accumulate(events.Current()) != nil {
			return
		}
	}
}

func (a *anthropicSDK) verify(s *stream) error {
	got := answer{usage: usage{input: a.found.Usage.InputTokens, output: a.found.Usage.OutputTokens}}
	to := got.choice(0)
	to.finish = string(a.found.StopReason)
	for _, block := range a.found.Content {
		switch block.Type {
		case "text":
			to.content = append(to.content, block.Text...)
		case "thinking":
			to.reasoning = append(to.reasoning, block.Thinking...)
		case "tool_use":
			to.addCall(len(to.calls), block.Name, string(block.Input))
		}
	}
	return compare(&got, s.want, allParts)
}
