// Agent asks a model a question, runs the tools that it calls, and sends their results back
// until it answers without a call. No tool runs if the answer is cut or its arguments are bad.
//
//	go run ../cmd/llmstream serve -addr 127.0.0.1:8081 &
//	go run ./agent 'What is the weather in Oslo?'
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/seed-4d65deac/llmstream"
)

// definitions describe the tools to the model.
const definitions = `[{"type":"function","function":{"name":"get_weather","description":"the weather in a city",
	"parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]`

// tools are the functions that the model may call.
var tools = map[string]func(ctx context.Context, arguments []byte) (string, error){"get_weather": weather}

func weather(_ context.Context, arguments []byte) (string, error) {
	var place struct{ City string }
	if err := json.Unmarshal(arguments, &place); err != nil {
		return "", err
	}
	return "9 °C and light rain in " + place.City, nil
}

type object map[string]any

type agent struct{ url, model, key string }

// answer is the loop: it returns the first answer that calls no tool.
func (a *agent) answer(ctx context.Context, question string) (string, error) {
	messages := []any{object{"role": "user", "content": question}}
	for range 10 {
		answer, err := a.ask(ctx, messages)
		if err != nil {
			return "", err
		}
		said := answer.Choices[0].Message
		if len(said.ToolCalls) == 0 {
			return said.Content, nil
		}
		messages = append(messages, said) // as the next request repeats it
		for _, call := range said.ToolCalls {
			messages = append(messages, object{"role": "tool", "tool_call_id": call.ID, "content": run(ctx, call)})
		}
	}
	return "", errors.New("the model goes on calling tools")
}

// ask returns the next answer, or an error unless it is whole and undamaged.
func (a *agent) ask(ctx context.Context, messages []any) (*llmstream.Completion, error) {
	tools := json.RawMessage(definitions)
	body, err := json.Marshal(object{"model": a.model, "stream": true, "messages": messages, "tools": tools})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+a.key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := llmstream.Fold(resp.Body, llmstream.OpenAIChat, nil)
	if err == nil && (len(answer.Choices) == 0 || !answer.Choices[0].FinishReason.Success()) {
		err = errors.New("the model could not finish its answer") // blocked, or too long
	}
	return answer, err
}

// run returns the result of a call. An error is a result too, so that the model can try again.
func run(ctx context.Context, call llmstream.ToolCall) string {
	result, err := "", errors.New("there is no such tool, or its arguments are not JSON")
	if tool := tools[call.Name]; tool != nil && call.ArgumentsValid {
		result, err = tool(ctx, []byte(call.ArgumentsJSON()))
	}
	if err != nil {
		return "error: " + err.Error()
	}
	return result
}

func main() {
	url := flag.String("url", "http://127.0.0.1:8081/v1/chat/completions", "ask the server at this `address`")
	model := flag.String("model", "tools", "ask this `model`")
	flag.Parse()
	a := &agent{*url, *model, os.Getenv("OPENAI_API_KEY")}
	text, err := a.answer(context.Background(), strings.Join(flag.Args(), " "))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
}
