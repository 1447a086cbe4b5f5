package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// A nobody is an output without a reader: its Write blocks until it is closed.
type nobody chan struct{}

func (n nobody) Write([]byte) (int, error) { <-n; return 0, errors.New("the test is over") }

func TestProxyNeverWaitsForItsReaders(t *testing.T) {
	upstream, _ := replayServer(t, faults{})
	dead := httptest.NewServer(nil)
	dead.Close()
	for name, to := range map[string]string{"lines": upstream, "complaints": dead.URL} {
		t.Run(name, func(t *testing.T) {
			out := make(nobody)
			t.Cleanup(func() { close(out) })
			p := newPrinter(out, out, false)
			at, err := url.Parse(to)
			require.NoError(t, err)
			server := httptest.NewServer(newProxy(at, p, 0, llmstream.Auto))
			t.Cleanup(server.Close)
			for range maxWaiting + 50 {
				_, _, err := post(t, server.URL+chatPath, "")
				require.NoError(t, err)
			}
			queue := p.lines
			if to == dead.URL {
				queue = p.problems
			}
			queue.mu.Lock()
			defer queue.mu.Unlock()
			require.GreaterOrEqual(t, queue.dropped, int64(49)) // one waits in Write
		})
	}
}

// A reader that leaves ends neither the program nor a stream.
func TestProxyOutlivesItsReader(t *testing.T) {
	upstream, _ := replayServer(t, faults{})
	r := begin(t, "proxy", "-upstream", upstream)
	_, at, _ := strings.Cut(r.line(t), " at ")
	r.output.CloseWithError(io.ErrClosedPipe)
	for range 3 {
		_, body, err := post(t, at+chatPath, "")
		require.NoError(t, err)
		require.Contains(t, body, "[DONE]")
	}
	status := r.interruptOnly(t)
	require.Equal(t, 0, status)
	require.Equal(t, "llmstream proxy: 3 lines were dropped because nobody read them\n", r.stderr.String())
}

// Fields that a server or a client fills have at most 200 bytes and no characters that
// a terminal obeys, in both forms of a line.
func TestProxyLinesCannotBeForged(t *testing.T) {
	const code = `\u001b]0;x\u0007\u009b31m\u202e\nstate=complete`
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		calls := `{"index":0,"id":"a","function":{"name":"` + code + `","arguments":"{}"}}`
		io.WriteString(w, `data: {"id":"i","model":"`+code+strings.Repeat("M", 5000)+`","choices":[{"index":0,"delta":{"tool_calls":[`+calls+`]},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
	}))
	defer upstream.Close()
	for _, asJSON := range []bool{false, true} {
		at, stop := proxyTo(t, upstream.URL, asJSON)
		_, _, err := post(t, at+"/x%0astate=complete%1b%5b31m"+strings.Repeat("p", 5000)+chatPath, "")
		require.NoError(t, err)
		stdout, _ := stop()
		require.Equal(t, 1, strings.Count(stdout, "\n"), stdout)
		require.Less(t, len(stdout), 1200)
		for _, r := range strings.TrimSuffix(stdout, "\n") {
			require.True(t, isPlain(r), "%q in %s", r, stdout)
		}
	}
}

func TestProxyNamesFewToolCalls(t *testing.T) {
	var c llmstream.Completion
	c.Choices = make([]llmstream.Choice, 1)
	for range maxNames + 1 {
		c.Choices[0].Message.ToolCalls = append(c.Choices[0].Message.ToolCalls, llmstream.ToolCall{Name: "f"})
	}
	names := toolNames(&c)
	require.Len(t, names, maxNames+1)
	require.Equal(t, "…", names[maxNames])
}

func TestTypesOfErrorsLookLikeWords(t *testing.T) {
	for _, word := range []string{
		"invalid_request_error", "rate_limit_exceeded", "ThrottlingException", "ServiceQuotaExceededException", "RESOURCE_EXHAUSTED",
		"InvalidParameter.NotSupported", "429", "1302",
	} {
		require.True(t, looksLikeWords(word), word)
	}
	for _, key := range []string{
		"", "_", "sk-secret", "sk-proj-AbC123", "AIzaSyD4x1y2z3", "gsk_a1b2c3d4", "hf_abcdefghijklmnopqrstuvwxyzabcdefgh", "Bearer token",
		"wrong key", "naïve", "1234567890", strings.Repeat("word_", 40), "a\nb",
	} {
		require.False(t, looksLikeWords(key), key)
	}
}

// A response that is not HTTP is not quoted.
func TestProxyDoesNotQuoteAnUpstream(t *testing.T) {
	for _, text := range []string{`malformed HTTP response "sk-secret"`, "net/http: HTTP/1.x transport connection broken: malformed MIME header line: key sk-secret"} {
		require.NotContains(t, upstreamProblem(errors.New(text)), "secret")
		require.Contains(t, upstreamProblem(errors.New(text)), "malformed response")
	}
	require.Equal(t, "EOF", upstreamProblem(io.EOF))
}

func TestProxyUsesTheCredentialsOfItsUpstream(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		io.WriteString(w, req.Header.Get("Authorization"))
	}))
	defer upstream.Close()
	at, stop := proxyTo(t, strings.Replace(upstream.URL, "://", "://user:sk-secret@", 1), false)
	_, got, err := post(t, at+"/v1/models", "")
	require.NoError(t, err)
	require.Equal(t, "Basic dXNlcjpzay1zZWNyZXQ=", got)
	req, err := http.NewRequest(http.MethodPost, at+"/v1/models", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer mine")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, "Bearer mine", string(body))
	stdout, stderr := stop()
	require.NotContains(t, stdout+stderr, "secret")
	require.Equal(t, "http://host/path", shownURL(&url.URL{Scheme: "http", Host: "host", Path: "/path", User: url.UserPassword("user", "sk-secret"), RawQuery: "key=sk-secret"}))
}
