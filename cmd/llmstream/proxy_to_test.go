package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// Clients get streams in another dialect. The lines are about what the upstream sent.
func TestProxyTo(t *testing.T) {
	upstream, r := replayServer(t, faults{})
	to, err := url.Parse(upstream)
	require.NoError(t, err)
	var lines, problems bytes.Buffer
	p := newPrinter(&lines, &problems, false)
	server := httptest.NewServer(newProxy(to, p, 0, llmstream.AnthropicMessages))
	defer server.Close()

	req, err := http.NewRequest(http.MethodPost, server.URL+"/v1/chat/completions?recording=tools", strings.NewReader("{}"))
	require.NoError(t, err)
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, "text/event-stream; charset=utf-8", resp.Header.Get("Content-Type"))
	got, o := foldedAs(llmstream.AnthropicMessages, string(body))
	require.Equal(t, llmstream.StateComplete, o.State, "%s", body)
	want, _ := foldedAs(llmstream.OpenAIChat, string(r.find("openai-chat/tools", llmstream.Auto).body))
	require.Equal(t, want.Choices[0].Message.ToolCalls, got.Choices[0].Message.ToolCalls)

	// A cut stream ends with an error of the client's dialect.
	cut := answerOf(t, server.URL+"/v1/chat/completions?recording=tools&cut=2e")
	require.Contains(t, cut, "event: error\n")
	require.NotContains(t, cut, "message_stop")

	// What is no stream passes as it is.
	refused := answerOf(t, server.URL+"/v1/chat/completions?status=429")
	require.Contains(t, refused, "an error that was asked for")
	require.NotContains(t, refused, "event:")
	whole := answerOf(t, server.URL+"/v1/chat/completions?recording=json-completion.json")
	require.Equal(t, string(r.find("openai-chat/json-completion.json", llmstream.Auto).body), whole)

	server.Close()
	p.close()
	require.Empty(t, problems.String())
	require.Contains(t, lines.String(), "state=complete status=200 dialect=openai-chat ")
	require.Contains(t, lines.String(), "state=truncated status=200 dialect=openai-chat ")
}

func TestProxyToIsAFlag(t *testing.T) {
	got := runWith(t, "", "proxy", "-upstream", "http://127.0.0.1:1", "-to", "cohere")
	require.Equal(t, 2, got.status)
	require.Contains(t, got.stderr, "cannot be written")
}
