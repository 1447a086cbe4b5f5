package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/examples/internal/serve"
	"github.com/stretchr/testify/require"
)

func TestGateway(t *testing.T) {
	upstream, err := url.Parse(serve.Start(t))
	require.NoError(t, err)
	server := httptest.NewServer(gateway(upstream))
	defer server.Close()
	get := func(method, path string) string {
		req, err := http.NewRequest(method, server.URL+path, strings.NewReader(`{"stream":true}`))
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return string(body)
	}
	get(http.MethodPost, "/v1/messages")
	get(http.MethodPost, "/v1/messages?pace=5ms") // else all comes in one read, and there are no gaps
	get(http.MethodPost, "/v1/chat/completions?cut=3e")
	get(http.MethodPost, "/v1/chat/completions?status=429")
	get(http.MethodGet, "/v1/models")

	// The Result of an answer is there before its last byte has left the proxy.
	metrics := get(http.MethodGet, "/metrics")
	for _, line := range []string{
		`llm_answers_total{model="fixture-model",state="complete",status="200"} 2`,
		`llm_answers_total{model="fixture-model",state="truncated",status="200"} 1`,
		`llm_answers_total{model="",state="error",status="429"} 1`,
		`llm_tokens_total{direction="input",model="fixture-model"} 48`,
		`llm_tokens_total{direction="output",model="fixture-model"} 24`,
		`llm_first_output_seconds_count{model="fixture-model"} 3`,
	} {
		require.Contains(t, metrics, line+"\n")
	}
	require.Regexp(t, `(?m)^llm_output_gap_seconds_count [1-9]`, metrics)
	require.Equal(t, 3, strings.Count(metrics, "\nllm_answers_total{"), metrics)
}
