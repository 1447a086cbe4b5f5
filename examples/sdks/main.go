// SDKs asks a question with openai-go and with anthropic-sdk-go, and prints how the
// answers end. Both clients take a cut stream for a whole answer, unless the two lines
// of the function strict are below them.
//
//	go run ../cmd/llmstream serve -addr 127.0.0.1:8081 -cut 3e &
//	go run ./sdks               # the stream ended before the answer was complete
//	go run ./sdks -strict=false # half an answer, and no error
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/seed-4d65deac/llmstream/httptee"
)

// strictOpenAI returns a client of openai-go that fails on a cut stream.
func strictOpenAI(options ...openaioption.RequestOption) openai.Client {
	strict := &http.Client{Transport: httptee.Transport(nil, &httptee.Options{Strict: true})}
	return openai.NewClient(append(options, openaioption.WithHTTPClient(strict))...)
}

// strictAnthropic returns a client of anthropic-sdk-go that fails on a cut stream.
func strictAnthropic(options ...anthropicoption.RequestOption) anthropic.Client {
	strict := &http.Client{Transport: httptee.Transport(nil, &httptee.Options{Strict: true})}
	return anthropic.NewClient(append(options, anthropicoption.WithHTTPClient(strict))...)
}

func askOpenAI(ctx context.Context, client openai.Client, model, question string) (string, error) {
	stream := client.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{
		Model:    model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(question)},
	})
	defer stream.Close()
	var text strings.Builder
	for stream.Next() {
		for _, choice := range stream.Current().Choices {
			text.WriteString(choice.Delta.Content)
		}
	}
	return text.String(), stream.Err()
}

func askAnthropic(ctx context.Context, client anthropic.Client, model, question string) (string, error) {
	stream := client.Messages.NewStreaming(ctx, anthropic.MessageNewParams{
		Model:     model,
		MaxTokens: 1000,
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(question))},
	})
	defer stream.Close()
	var text strings.Builder
	for stream.Next() {
		text.WriteString(stream.Current().Delta.Text)
	}
	return text.String(), stream.Err()
}

func main() {
	url := flag.String("url", "http://127.0.0.1:8081", "ask the server at this `address`")
	strict := flag.Bool("strict", true, "fail on a cut stream")
	flag.Parse()
	ofOpenAI := []openaioption.RequestOption{openaioption.WithBaseURL(*url + "/v1/"), openaioption.WithAPIKey("none")}
	ofAnthropic := []anthropicoption.RequestOption{anthropicoption.WithBaseURL(*url), anthropicoption.WithAPIKey("none")}
	one, other := openai.NewClient(ofOpenAI...), anthropic.NewClient(ofAnthropic...)
	if *strict {
		one, other = strictOpenAI(ofOpenAI...), strictAnthropic(ofAnthropic...)
	}
	text, err := askOpenAI(context.Background(), one, "text", "Hello?")
	fmt.Printf("openai-go: %q, error: %v\n", text, err)
	text, err = askAnthropic(context.Background(), other, "text", "Hello?")
	fmt.Printf("anthropic-sdk-go: %q, error: %v\n", text, err)
}
