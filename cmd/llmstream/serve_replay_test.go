package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// replayServer serves recordings from files, and those that are built in.
func replayServer(t *testing.T, f faults, files ...string) (at string, r *recordings) {
	t.Helper()
	r, err := new(invocation).recordings(files)
	require.NoError(t, err)
	server := httptest.NewServer(&replay{recordings: r, faults: f})
	t.Cleanup(server.Close)
	return server.URL, r
}

// post sends a request and returns as much of the answer as arrived.
func post(t *testing.T, url, body string) (resp *http.Response, answer string, err error) {
	t.Helper()
	resp, err = http.Post(url, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, string(b), err
}

// paths has a path of each form of each dialect, and the recording that answers there.
var paths = map[string]string{
	"/v1/chat/completions":                             "openai-chat/text",
	"/openai/deployments/x/chat/completions":           "openai-chat/text",
	"/v1/completions":                                  "openai-chat/legacy-text",
	"/v1/responses":                                    "openai-responses/text",
	"/v1/messages":                                     "anthropic-messages/text",
	"/v1beta/models/gemini-x:streamGenerateContent":    "gemini/array-text",
	"/v1beta/models/g-x:streamGenerateContent?alt=sse": "gemini/text",
	"/v1beta/interactions":                             "gemini-interactions/text",
	"/v2/chat":                                         "cohere/text",
	"/v1/chat":                                         "cohere/v1-text",
	"/api/chat":                                        "ollama/text",
	"/api/generate":                                    "ollama/generate-text",
	"/model/anthropic.x-v1:0/converse-stream":          "bedrock/text",
	"/model/anthropic.x/invoke-with-response-stream":   "bedrock/invoke-text",
	"/client/v4/accounts/a/ai/run/@cf/meta/llama-3-8b": "cloudflare/text",
	dashScopePath:                                      "dashscope/text",
	"/generate_stream":                                 "text-generation/text",
	"/completion":                                      "text-generation/content-text",
	"/v1/conversations":                                "mistral-conversations/text",
	"/v1/conversations/c/x":                            "mistral-conversations/text",
	"/agents/A/agentAliases/B/sessions/c/text":         "bedrock-agents/text",
}

const agentPath = "/agents/A/agentAliases/B/sessions/c/text"

func TestEachPathAnswersInItsDialect(t *testing.T) {
	at, r := replayServer(t, faults{})
	for path, name := range paths {
		t.Run(path, func(t *testing.T) {
			resp, body, err := post(t, at+path, `{"model":"some-model","stream":true}`)
			require.NoError(t, err)
			require.Equal(t, 200, resp.StatusCode)
			require.Equal(t, name, resp.Header.Get("Llmstream-Recording"))
			require.Equal(t, string(r.find(name, llmstream.Auto).body), body)

			p := llmstream.NewParser(llmstream.DetectDialect(resp.Header.Get("Content-Type"), path), nil, nil)
			p.Write([]byte(body))
			require.NoError(t, p.Close())
			require.Equal(t, llmstream.StateComplete, p.Outcome().State)
		})
	}
}

func TestContentTypeFitsTheWire(t *testing.T) {
	at, _ := replayServer(t, faults{})
	for name, want := range map[string]string{
		"openai-chat/text.sse":         "text/event-stream",
		"openai-chat/json-error.json":  "application/json",
		"openai-chat/html-page.txt":    "text/html; charset=utf-8",
		"openai-chat/plain-text.txt":   "text/plain; charset=utf-8",
		"openai-chat/gzip.bin":         "text/event-stream",
		"ollama/chat.ndjson":           "application/x-ndjson",
		"bedrock/converse-text.frames": "application/vnd.amazon.eventstream",
		"gemini/array.json":            "application/json",
	} {
		resp, _, err := post(t, at+"/v1/chat/completions?recording="+name, "")
		require.NoError(t, err)
		require.Equal(t, want, resp.Header.Get("Content-Type"), name)
	}
}

func TestRequestsNameRecordings(t *testing.T) {
	at, _ := replayServer(t, faults{})
	for _, c := range []struct{ path, body, want string }{
		{"/v1/chat/completions?recording=openai-chat/refusal.sse", "", "openai-chat/refusal.sse"},
		{"/v1/chat/completions?recording=refusal.sse", "", "openai-chat/refusal.sse"},
		{"/v1/chat/completions?recording=refusal", "", "openai-chat/refusal.sse"},
		{"/v1/responses?recording=refusal", "", "openai-responses/refusal.sse"},
		{"/v1/responses?recording=openai-chat/refusal", "", "openai-chat/refusal.sse"},
		{"/v1/messages", `{"model":"thinking"}`, "anthropic-messages/thinking.sse"},
		{"/v1/messages", `{"model":5}`, "anthropic-messages/text"},
		{"/v1beta/models/thoughts:streamGenerateContent", "", "gemini/thoughts.sse"},
		{"/v1beta/models/gemini/thoughts.sse:streamGenerateContent", "", "gemini/thoughts.sse"},
		{"/model/converse-tools/converse-stream", "", "bedrock/converse-tools.frames"},
		{"/client/v4/accounts/a/ai/run/tools.sse", "", "cloudflare/tools.sse"},
		{"/v1/chat/completions?recording=cerebras-qwen-3-coder-480b-multi_tool_streaming.yaml%231", "", "openai-chat/cerebras-qwen-3-coder-480b-multi_tool_streaming.yaml#1"},
	} {
		resp, _, err := post(t, at+c.path, c.body)
		require.NoError(t, err)
		require.Equal(t, c.want, resp.Header.Get("Llmstream-Recording"), c.path)
	}
	req, err := http.NewRequest(http.MethodPost, at+"/v1/chat/completions", nil)
	require.NoError(t, err)
	req.Header.Set("Llmstream-Recording", "reasoning")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, "openai-chat/reasoning.sse", resp.Header.Get("Llmstream-Recording"))
}

func TestRequestsThatAreRefused(t *testing.T) {
	at, _ := replayServer(t, faults{})
	for path, want := range map[string]string{
		"/v1/embeddings":                         "no provider answers on this path",
		"/v1/chat/completions?recording=klingon": "there is no such recording",
		"/v1/chat/completions?cut=x":             `cut: \"x\" is not a place`,
		"/v1/chat/completions?status=200":        "is not the status of an error",
		"/v1/chat/completions?pace=-1s":          "pace: it is negative",
		"/v1/chat/completions?pace=%zz":          "the query cannot be read",
	} {
		resp, body, err := post(t, at+path, "")
		require.NoError(t, err)
		require.GreaterOrEqual(t, resp.StatusCode, 400)
		require.Contains(t, body, want, path)
	}
}

func TestListOfRecordings(t *testing.T) {
	at, r := replayServer(t, faults{}, file(t, "mine.sse", wholeStream))
	resp, err := http.Get(at)
	require.NoError(t, err)
	defer resp.Body.Close()
	list, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(list), "openai-chat/mine.sse\ttext/event-stream\trecorded\n"), "%.80s", list)
	require.Equal(t, len(r.all), strings.Count(string(list), "\n"))
	require.Greater(t, len(r.all), 300)
}

func TestFilesComeFirst(t *testing.T) {
	at, _ := replayServer(t, faults{},
		file(t, "mine.sse", wholeStream),
		file(t, "taped.yaml", cassetteOf(2, "text/event-stream; charset=utf-8", "/v1/messages", "", "data: {}\n\n")))
	_, body, err := post(t, at+"/v1/chat/completions", "")
	require.NoError(t, err)
	require.Equal(t, wholeStream, body)
	resp, body, err := post(t, at+"/v1/messages", "")
	require.NoError(t, err)
	require.Equal(t, "data: {}\n\n", body)
	require.Equal(t, "text/event-stream; charset=utf-8", resp.Header.Get("Content-Type"))
	require.Equal(t, "anthropic-messages/taped.yaml#41", resp.Header.Get("Llmstream-Recording"))
}

// Cutting loses nothing. There are as many pieces as events and comments.
func TestPiecesAreTheBody(t *testing.T) {
	_, r := replayServer(t, faults{})
	for _, one := range r.all {
		var whole strings.Builder
		for _, piece := range one.pieces() {
			require.NotEmpty(t, piece, one.name)
			whole.Write(piece)
		}
		require.Equal(t, string(one.body), whole.String(), one.name)
	}
	for name, want := range map[string]int{
		"openai-chat/text.sse": 6, "openai-chat/text-crlf.sse": 6, "bedrock/converse-text.frames": 7, "ollama/chat.ndjson": 4,
	} {
		require.Len(t, r.find(name, llmstream.Auto).pieces(), want, name)
	}
	for _, piece := range r.find("openai-chat/text-crlf.sse", llmstream.Auto).pieces() {
		require.True(t, strings.HasSuffix(string(piece), "\r\n\r\n"), "%q", piece)
	}
}

// The client has each event before the next one is due.
func TestEventsAreFlushedOneByOne(t *testing.T) {
	at, r := replayServer(t, faults{})
	resp, err := http.Post(at+"/v1/chat/completions?pace=1h", "", nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	first := r.find("openai-chat/text", llmstream.Auto).pieces()[0]
	got := make([]byte, len(first))
	_, err = io.ReadFull(resp.Body, got)
	require.NoError(t, err)
	require.Equal(t, string(first), string(got))
}

func TestPace(t *testing.T) {
	const pace = 20 * time.Millisecond
	at, r := replayServer(t, faults{pace: pace})
	begin := time.Now()
	_, _, err := post(t, at+"/v1/chat/completions", "")
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(begin), pace*time.Duration(len(r.find("text", llmstream.OpenAIChat).pieces())-1))
}

func TestManyRequestsAtOnce(t *testing.T) {
	at, r := replayServer(t, faults{})
	want := string(r.find("text", llmstream.OpenAIChat).body)
	done := make(chan string)
	for range 50 {
		go func() {
			resp, err := http.Post(at+"/v1/chat/completions?recording=text", "", nil)
			if err != nil {
				done <- err.Error()
				return
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			done <- string(body)
		}()
	}
	for range 50 {
		require.Equal(t, want, <-done)
	}
}
