package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/examples/internal/serve"
	"github.com/stretchr/testify/require"
)

const hello = `{"stream":true,"messages":[{"role":"user","content":"Hello?"}]}`

func TestTranslate(t *testing.T) {
	served := serve.Start(t)
	chat := served + "/v1/chat/completions"
	const anthropic, openai = "/v1/messages", "/v1/chat/completions"
	for name, test := range map[string]struct {
		upstreams []string
		path      string
		status    int
		fails     bool
	}{
		"first answers":              {[]string{chat}, anthropic, 200, false},
		"in its own dialect":         {[]string{chat}, openai, 200, false},
		"an upstream of any dialect": {[]string{served + "/api/chat"}, anthropic, 200, false},
		"first refuses":              {[]string{chat + "?status=503", chat}, anthropic, 200, false},
		"first is not there":         {[]string{"http://127.0.0.1:1", chat}, anthropic, 200, false},
		"first fails at once":        {[]string{chat + "?fail=1e", chat}, anthropic, 200, false},
		"first is cut at once":       {[]string{chat + "?cut=1e", chat}, openai, 200, false},
		"first fails after output":   {[]string{chat + "?reset=4e", chat}, anthropic, 200, true},
		"none answers":               {[]string{chat + "?status=503", "http://127.0.0.1:1"}, anthropic, 502, false},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := httptest.NewServer(translator(test.upstreams))
			defer proxy.Close()
			resp, err := http.Post(proxy.URL+test.path, "application/json", strings.NewReader(hello))
			require.NoError(t, err)
			defer resp.Body.Close()
			require.Equal(t, test.status, resp.StatusCode)
			if test.status != 200 {
				return
			}
			answer, err := llmstream.Fold(resp.Body, llmstream.DetectDialect("", test.path), nil)
			if test.fails {
				var failure *llmstream.APIError
				require.ErrorAs(t, err, &failure)
				return
			}
			require.NoError(t, err)
			require.NotEmpty(t, answer.Choices[0].Message.Content)
			require.EqualValues(t, 12, answer.Usage.Output)
		})
	}
}

func TestChatRequest(t *testing.T) {
	got, err := chatRequest([]byte(`{"model":"m","max_tokens":9,"stream":true,"system":"Be brief.","messages":[{"role":"user","content":"Hello?"}]}`), llmstream.AnthropicMessages)
	require.NoError(t, err)
	require.JSONEq(t, `{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello?"}]}`, string(got))
	for _, body := range []string{
		`{"messages":[]}`,
		`{"stream":true,"tools":[]}`,
		`{"stream":true,"messages":[{"role":"user","content":[{"type":"image"}]}]}`,
	} {
		proxy := httptest.NewServer(translator{"http://127.0.0.1:1"})
		resp, err := http.Post(proxy.URL+"/v1/messages", "application/json", strings.NewReader(body))
		require.NoError(t, err)
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		proxy.Close()
		require.Equal(t, http.StatusBadRequest, resp.StatusCode, body)
	}
}
