package httpencode_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode/httpencode"
)

const source = "data: " + `{"id":"x1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"},"finish_reason":null}]}` + "\n\n" +
	"data: " + `{"id":"x1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"

// answered is the response of a proxy in front of an upstream.
func answered(t *testing.T, to llmstream.Dialect, method string, upstream http.HandlerFunc) (*http.Response, string) {
	t.Helper()
	server := httptest.NewServer(upstream)
	t.Cleanup(server.Close)
	target, err := url.Parse(server.URL)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = httpencode.ModifyResponse(to, nil)
	proxy.ErrorLog = nil
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	request, err := http.NewRequest(method, front.URL+"/v1/chat/completions", nil)
	require.NoError(t, err)
	request.Header.Set("Accept-Encoding", "identity")
	resp, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}

func streamed(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Content-Length", "473")
	w.Header().Set("ETag", `"e"`)
	w.Header().Del("Content-Length")
	io.WriteString(w, source)
}

// WG-1: the header of the stream that the client gets.
func TestWG1Header(t *testing.T) {
	resp, body := answered(t, llmstream.AnthropicMessages, http.MethodPost, streamed)
	require.Equal(t, "text/event-stream; charset=utf-8", resp.Header.Get("Content-Type"))
	require.Equal(t, "no-cache", resp.Header.Get("Cache-Control"))
	require.Equal(t, "no", resp.Header.Get("X-Accel-Buffering"))
	require.Empty(t, resp.Header.Get("ETag"))
	require.Equal(t, int64(-1), resp.ContentLength)
	require.True(t, strings.HasPrefix(body, "event: message_start\n"), body)
	require.True(t, strings.HasSuffix(body, "data: {\"type\":\"message_stop\"}\n\n"), body)
}

// Responses that are no streams stay as they are.
func TestOtherResponses(t *testing.T) {
	answer := func(status int, header, value, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			if header != "" {
				w.Header().Set(header, value)
			}
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	for _, upstream := range []http.HandlerFunc{
		answer(http.StatusTooManyRequests, "", "", "as it is"),
		answer(http.StatusOK, "Content-Type", "application/json", "as it is"),
		answer(http.StatusOK, "Content-Encoding", "br", "as it is"),
	} {
		_, body := answered(t, llmstream.AnthropicMessages, http.MethodPost, upstream)
		require.Equal(t, "as it is", body)
	}
	resp, _ := answered(t, llmstream.AnthropicMessages, http.MethodHead, streamed)
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
}

// A body that Go's transport decompresses itself is a stream like any other.
func TestDecompressedBody(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, source)
		z.Close()
	}))
	defer upstream.Close()
	resp, err := http.Get(upstream.URL + "/v1/chat/completions")
	require.NoError(t, err)
	defer resp.Body.Close()
	require.NoError(t, httpencode.ModifyResponse(llmstream.Gemini, nil)(resp))
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), `"text":"Hi"`)
}

func TestAnotherTarget(t *testing.T) {
	err := httpencode.ModifyResponse(llmstream.Ollama, nil)(&http.Response{StatusCode: http.StatusOK})
	require.ErrorContains(t, err, "ollama")
}
