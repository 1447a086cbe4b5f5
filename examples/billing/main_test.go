package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-4d65deac/llmstream/examples/internal/serve"
	"github.com/seed-4d65deac/llmstream/httptee"
	"github.com/stretchr/testify/require"
)

func TestBilling(t *testing.T) {
	upstream, err := url.Parse(serve.Start(t))
	require.NoError(t, err)
	bills := make(chan string, 1)
	proxy := httptest.NewServer(billing(upstream, func(q *http.Request, r *httptee.Result) {
		var line bytes.Buffer
		record(slog.New(slog.NewJSONHandler(&line, nil)))(q, r)
		bills <- line.String()
	}))
	defer proxy.Close()

	for _, test := range []struct {
		path, body string
		read       int64 // bytes until the client leaves
		bill       string
		seesUsage  bool
	}{
		{"/v1/chat/completions", `{"stream":true}`, 1 << 20, `{"input":24,"output":12,"cached":0,"state":"complete"}`, false},
		{"/v1/chat/completions", `{"stream":true,"stream_options":{"include_usage":true}}`, 1 << 20, `{"input":24,"output":12,"cached":0,"state":"complete"}`, true},
		{"/v1/chat/completions?pace=20ms", `{"stream":true}`, 10, `{"input":24,"output":12,"cached":0,"state":"complete"}`, false},
		{"/v1/chat/completions?cut=3e", `{"stream":true}`, 1 << 20, `{"state":"truncated"}`, false},
		{"/v1/messages", `{"stream":true}`, 1 << 20, `{"input":24,"output":12,"cached":0,"state":"complete"}`, true},
	} {
		req, err := http.NewRequest(http.MethodPost, proxy.URL+test.path, strings.NewReader(test.body))
		require.NoError(t, err)
		req.Header.Set("X-Customer", "ada")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		seen, err := io.ReadAll(io.LimitReader(resp.Body, test.read))
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, test.seesUsage, strings.Contains(string(seen), `"usage":{`), "%s", seen)

		var got, want map[string]any
		select {
		case line := <-bills:
			require.NoError(t, json.Unmarshal([]byte(line), &got))
		case <-time.After(time.Minute):
			t.Fatal("there is no bill")
		}
		require.NoError(t, json.Unmarshal([]byte(test.bill), &want))
		require.Equal(t, "ada", got["customer"])
		for _, field := range []string{"state", "input", "cached", "output"} {
			require.Equal(t, want[field], got[field], "%s of %s", field, test.path)
		}
	}
}
