package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/examples/internal/serve"
	"github.com/stretchr/testify/require"
)

// The second request repeats the call and brings its result, and the answer to it is the answer.
func TestAgent(t *testing.T) {
	to, err := url.Parse(serve.Start(t))
	require.NoError(t, err)
	var requests []string
	between := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		body, err := io.ReadAll(r.In.Body)
		require.NoError(t, err)
		requests = append(requests, string(body))
		r.SetURL(to)
		r.Out.Body = io.NopCloser(strings.NewReader(string(body)))
	}}
	server := httptest.NewServer(between)
	defer server.Close()

	a := &agent{url: server.URL + "/v1/chat/completions", model: "tools"}
	text, err := a.answer(context.Background(), "What is the weather in Oslo?")
	require.NoError(t, err)
	require.Equal(t, "It is 9 °C in Oslo, with light rain.", text)
	require.Len(t, requests, 2)
	var second struct{ Messages []json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(requests[1]), &second))
	require.Len(t, second.Messages, 3)
	require.JSONEq(t, `{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"call_fixture_1","type":"function",
		"function":{"name":"get_weather","arguments":"{\"city\":\"Oslo\"}"}}]}`, string(second.Messages[1]))
	require.JSONEq(t, `{"role":"tool","content":"9 °C and light rain in Oslo","tool_call_id":"call_fixture_1"}`, string(second.Messages[2]))

	// No tool runs where the answer is cut, though the arguments are whole by then.
	a.url += "?cut=4e"
	_, err = a.answer(context.Background(), "What is the weather in Oslo?")
	require.ErrorIs(t, err, llmstream.ErrTruncated)
	require.Len(t, requests, 3)
}

// An error of a tool goes to the model.
func TestToolThatFails(t *testing.T) {
	require.Contains(t, run(context.Background(), llmstream.ToolCall{Name: "other", ArgumentsValid: true}), "error: ")
	require.Contains(t, run(context.Background(), llmstream.ToolCall{Name: "get_weather", Arguments: `{"city"`}), "error: ")
	require.Contains(t, run(context.Background(), llmstream.ToolCall{Name: "get_weather", Arguments: `[]`, ArgumentsValid: true}), "error: ")
}

// An error of the provider is an error of the agent.
func TestAgentThatIsRefused(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, `{"error":{"message":"slow down"}}`, http.StatusTooManyRequests)
	}))
	defer server.Close()
	_, err := (&agent{url: server.URL}).answer(context.Background(), "?")
	require.ErrorContains(t, err, "slow down")
}
