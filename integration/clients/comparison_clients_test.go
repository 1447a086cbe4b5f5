package clients

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	goopenai "github.com/sashabaranov/go-openai"
	"github.com/seed-4d65deac/llmstream"
	"github.com/stretchr/testify/require"
	"github.com/tmaxmax/go-sse"
)

// comparedAnswer is what a contender made of a stream.
type comparedAnswer struct {
	err   error
	text  string
	calls []call
	// whole is the number of calls that were reported as whole: by the contender's own
	// sign for that, or, where it has none, by an end without an error.
	whole         int
	input, output int64
}

// endWithoutSign sets whole for a contender that has no sign for the end of a call.
func (a *comparedAnswer) endWithoutSign() {
	if a.err == nil {
		a.whole = len(a.calls)
	}
}

// A contender reads the answer that a server gives. Each is used as its README shows.
type contender struct {
	name string
	// chat and messages read OpenAI's and Anthropic's dialect. One may be nil.
	chat, messages func(t testing.TB, c *http.Client, address string) comparedAnswer
}

var contenders = []contender{
	{"llmstream", llmstreamReader(llmstream.OpenAIChat, "/v1/chat/completions"), llmstreamReader(llmstream.AnthropicMessages, "/v1/messages")},
	{"openai-go", readOpenAIGo, nil},
	{"anthropic-sdk-go", nil, readAnthropicSDK},
	{"go-openai", readGoOpenAI, nil},
	{"go-sse", readGoSSE, nil},
	{"loop by hand", readByHand, nil},
}

func llmstreamReader(d llmstream.Dialect, path string) func(testing.TB, *http.Client, string) comparedAnswer {
	return func(t testing.TB, c *http.Client, address string) (a comparedAnswer) {
		body := post(t, c, address+path)
		defer body.Close()
		var answer llmstream.Accumulator
		r := llmstream.NewReader(body, d, nil)
		ends := 0
		for r.Next() {
			if r.Delta().Kind == llmstream.KindToolCallEnd {
				ends++
			}
			require.NoError(t, answer.HandleDelta(r.Delta()))
		}
		a.err = r.Err()
		folded := answer.Completion()
		for _, choice := range folded.Choices {
			a.text += choice.Message.Content
			for _, x := range choice.Message.ToolCalls {
				a.calls = append(a.calls, call{x.ID, x.Name, x.Arguments})
				if x.Ended {
					a.whole++
				}
			}
		}
		require.Equal(t, ends, a.whole) // the two signs for the end of a call
		a.input, a.output = folded.Usage.Input, folded.Usage.Output
		return a
	}
}

func readOpenAIGo(t testing.TB, c *http.Client, address string) (a comparedAnswer) {
	api := openai.NewClient(openaioption.WithHTTPClient(c), openaioption.WithBaseURL(address+"/v1/"), openaioption.WithAPIKey("none"), openaioption.WithMaxRetries(0))
	stream := api.Chat.Completions.NewStreaming(t.Context(), openai.ChatCompletionNewParams{
		Model: "m", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("x")},
		StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
	})
	defer stream.Close()
	var folded openai.ChatCompletionAccumulator
	for stream.Next() {
		folded.AddChunk(stream.Current())
		if _, ok := folded.JustFinishedToolCall(); ok {
			a.whole++
		}
	}
	a.err = stream.Err()
	for _, choice := range folded.Choices {
		a.text += choice.Message.Content
		for _, x := range choice.Message.ToolCalls {
			a.calls = append(a.calls, call{x.ID, x.Function.Name, x.Function.Arguments})
		}
	}
	a.input, a.output = folded.Usage.PromptTokens, folded.Usage.CompletionTokens
	return a
}

func readAnthropicSDK(t testing.TB, c *http.Client, address string) (a comparedAnswer) {
	api := anthropic.NewClient(anthropicoption.WithHTTPClient(c), anthropicoption.WithBaseURL(address), anthropicoption.WithAPIKey("none"), anthropicoption.WithMaxRetries(0))
	stream := api.Messages.NewStreaming(t.Context(), anthropic.MessageNewParams{
		Model: "m", MaxTokens: 9, Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("x"))},
	})
	defer stream.Close()
	var folded anthropic.Message
	for stream.Next() && a.err == nil {
		event := stream.Current()
		a.err = folded.Accumulate(event)
		if event.Type == "content_block_stop" && a.err == nil && folded.Content[event.Index].Type == "tool_use" {
			a.whole++
		}
	}
	if a.err == nil {
		a.err = stream.Err()
	}
	for _, b := range folded.Content {
		switch b.Type {
		case "text":
			a.text += b.Text
		case "tool_use":
			a.calls = append(a.calls, call{b.ID, b.Name, string(b.Input)})
		}
	}
	a.input, a.output = folded.Usage.InputTokens, folded.Usage.OutputTokens
	return a
}

func readGoOpenAI(t testing.TB, c *http.Client, address string) (a comparedAnswer) {
	config := goopenai.DefaultConfig("none")
	config.BaseURL, config.HTTPClient = address+"/v1", c
	stream, err := goopenai.NewClientWithConfig(config).CreateChatCompletionStream(t.Context(), goopenai.ChatCompletionRequest{
		Model: "m", Messages: []goopenai.ChatCompletionMessage{{Role: goopenai.ChatMessageRoleUser, Content: "x"}},
		Stream: true, StreamOptions: &goopenai.StreamOptions{IncludeUsage: true},
	})
	require.NoError(t, err)
	defer stream.Close()
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			a.err = err
			break
		}
		for _, choice := range chunk.Choices {
			a.text += choice.Delta.Content
			for _, x := range choice.Delta.ToolCalls {
				index := 0
				if x.Index != nil {
					index = *x.Index
				}
				a.addCall(index, x.ID, x.Function.Name, x.Function.Arguments)
			}
		}
		if u := chunk.Usage; u != nil {
			a.input, a.output = int64(u.PromptTokens), int64(u.CompletionTokens)
		}
	}
	a.endWithoutSign()
	return a
}

// addCall folds a piece of a call like the example in OpenAI's guide to function calls:
// the first piece with an index is the call, and later ones add arguments.
func (a *comparedAnswer) addCall(index int, id, name, arguments string) {
	if index < len(a.calls) {
		a.calls[index].Arguments += arguments
		return
	}
	a.calls = append(a.calls, call{id, name, arguments})
}

// chunkByHand has the fields of a chunk that a loop written by hand reads.
type chunkByHand struct {
	Choices []struct {
		Delta struct {
			Content   string `json:"content"`
			ToolCalls []struct {
				Index    int    `json:"index"`
				ID       string `json:"id"`
				Function struct {
					Name      string `json:"name"`
					Arguments string `json:"arguments"`
				} `json:"function"`
			} `json:"tool_calls"`
		} `json:"delta"`
	} `json:"choices"`
	Usage *struct {
		PromptTokens     int64 `json:"prompt_tokens"`
		CompletionTokens int64 `json:"completion_tokens"`
	} `json:"usage"`
}

// addJSON folds a chunk.
func (a *comparedAnswer) addJSON(data []byte) error {
	var chunk chunkByHand
	if err := json.Unmarshal(data, &chunk); err != nil {
		return err
	}
	for _, choice := range chunk.Choices {
		a.text += choice.Delta.Content
		for _, x := range choice.Delta.ToolCalls {
			a.addCall(x.Index, x.ID, x.Function.Name, x.Function.Arguments)
		}
	}
	if u := chunk.Usage; u != nil {
		a.input, a.output = u.PromptTokens, u.CompletionTokens
	}
	return nil
}

func readGoSSE(t testing.TB, c *http.Client, address string) (a comparedAnswer) {
	body := post(t, c, address+"/v1/chat/completions")
	defer body.Close()
	for event, err := range sse.Read(body, nil) {
		if err != nil {
			a.err = err
			break
		}
		if event.Data == "[DONE]" {
			break
		}
		if a.err = a.addJSON([]byte(event.Data)); a.err != nil {
			break
		}
	}
	a.endWithoutSign()
	return a
}

func readByHand(t testing.TB, c *http.Client, address string) (a comparedAnswer) {
	body := post(t, c, address+"/v1/chat/completions")
	defer body.Close()
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok {
			continue
		}
		if string(data) == "[DONE]" {
			break
		}
		if a.err = a.addJSON(data); a.err != nil {
			break
		}
	}
	if a.err == nil {
		a.err = lines.Err()
	}
	a.endWithoutSign()
	return a
}

func post(t testing.TB, c *http.Client, address string) io.ReadCloser {
	resp, err := c.Post(address, "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	return resp.Body
}
