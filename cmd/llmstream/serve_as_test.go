package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// foldedAs reads a body in a dialect.
func foldedAs(d llmstream.Dialect, body string) (*llmstream.Completion, llmstream.Outcome) {
	var answer llmstream.Accumulator
	p := llmstream.NewParser(d, &answer, nil)
	p.Write([]byte(body))
	p.Close()
	return answer.Completion(), p.Outcome()
}

// Each recording that is whole says the same in another dialect, and others become errors.
func TestServeAs(t *testing.T) {
	at, r := replayServer(t, faults{as: llmstream.AnthropicMessages})
	for _, one := range r.all {
		if one.status != http.StatusOK || one.isWhole() || one.dialect == llmstream.AnthropicMessages {
			continue
		}
		resp, body, err := post(t, at+"/v1/messages?recording="+url.QueryEscape(one.name), "")
		require.NoError(t, err)
		require.Equal(t, "text/event-stream; charset=utf-8", resp.Header.Get("Content-Type"))
		require.True(t, strings.HasPrefix(body, "event: message_start\n") || strings.HasPrefix(body, "event: error\n"), "%s\n%s", one.name, body)
		require.Equal(t, one.origin(), resp.Header.Get("Llmstream-Origin"))
		_, want := foldedAs(one.dialect, string(one.body))
		_, got := foldedAs(llmstream.AnthropicMessages, body)
		if want.State != llmstream.StateComplete && one.name != "openai-responses/two-responses-cut.sse" { // whose first answer is whole
			require.NotEqual(t, llmstream.StateComplete, got.State, one.name)
		}
	}
	c, o := foldedAs(llmstream.AnthropicMessages, answerOf(t, at+"/v1/messages?recording=openai-chat/tools"))
	require.Equal(t, llmstream.StateComplete, o.State)
	want, _ := foldedAs(llmstream.OpenAIChat, string(r.find("openai-chat/tools", llmstream.Auto).body))
	require.Equal(t, want.Choices[0].Message.ToolCalls, c.Choices[0].Message.ToolCalls)
}

func answerOf(t *testing.T, address string) string {
	t.Helper()
	_, body, err := post(t, address, "")
	require.NoError(t, err)
	return body
}

// A file answers on the path of the dialect that it is translated to, and on its own too.
func TestFilesAnswerAs(t *testing.T) {
	at, _ := replayServer(t, faults{as: llmstream.Gemini}, file(t, "mine.sse", wholeStream))
	want, _ := foldedAs(llmstream.OpenAIChat, wholeStream)
	for _, path := range []string{"/v1beta/models/m:streamGenerateContent?alt=sse", "/v1/chat/completions"} {
		c, o := foldedAs(llmstream.Gemini, answerOf(t, at+path))
		require.Equal(t, llmstream.StateComplete, o.State, path)
		require.Equal(t, want.Choices[0].Message.Content, c.Choices[0].Message.Content, path)
	}
	first, _ := foldedAs(llmstream.AnthropicMessages, answerOf(t, at+"/v1/messages?as=anthropic-messages"))
	require.Equal(t, want.Choices[0].Message.Content, first.Choices[0].Message.Content)
}

// Faults, the pace and whole answers belong to the dialect that is written.
func TestFaultsAs(t *testing.T) {
	at, _ := replayServer(t, faults{})
	body := answerOf(t, at+"/v1/chat/completions?as=anthropic-messages&fail=2e")
	require.Equal(t, 3, strings.Count(body, "\n\n"), body)
	require.Contains(t, body, "event: error\n")
	require.Equal(t, answerOf(t, at+"/v1/responses?as=openai-chat"), answerOf(t, at+"/v1/responses?as=openai-chat"))

	resp, body, err := post(t, at+"/v1/responses?as=openai-chat", `{"input":"x","stream":false}`)
	require.NoError(t, err)
	require.Equal(t, "application/json", resp.Header.Get("Content-Type"))
	require.Contains(t, body, `"object":"chat.completion"`)

	resp, body, err = post(t, at+"/v1/messages?as=ollama", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	require.Contains(t, body, "as: llmstream: streams of dialect ollama cannot be written")
}

func TestServeAsIsAFlag(t *testing.T) {
	got := runWith(t, "", "serve", "-as", "klingon")
	require.Equal(t, 2, got.status)
	require.Contains(t, got.stderr, "klingon")
}
