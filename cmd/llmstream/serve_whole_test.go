package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// wholePaths are the paths of whole answers, each with the path of the same stream.
var wholePaths = map[string]string{
	"/v1/chat/completions":                 "/v1/chat/completions",
	"/v1/completions":                      "/v1/completions",
	"/v1/responses":                        "/v1/responses",
	"/v1/messages":                         "/v1/messages",
	"/v1beta/models/MODEL:generateContent": "/v1beta/models/MODEL:streamGenerateContent?alt=sse",
	"/v1beta/interactions":                 "/v1beta/interactions",
	"/v2/chat":                             "/v2/chat",
	"/v1/chat":                             "/v1/chat",
	"/api/chat":                            "/api/chat",
	"/api/generate":                        "/api/generate",
	"/model/MODEL/converse":                "/model/MODEL/converse-stream",
	"/model/MODEL/invoke":                  "/model/MODEL/invoke-with-response-stream",
	"/client/v4/accounts/a/ai/run/@cf/meta/llama-3-8b": "/client/v4/accounts/a/ai/run/@cf/meta/llama-3-8b",
	dashScopePath:       dashScopePath,
	"/generate":         "/generate_stream",
	"/completion":       "/completion",
	"/v1/conversations": "/v1/conversations",
}

const dashScopePath = "/api/v1/services/aigc/text-generation/generation"

// A said is the part of an answer that both forms have in common.
type said struct {
	Content, Reasoning string
	Calls              []string
	Finish             llmstream.FinishReason
	Input, Output      int64
}

func foldBody(t *testing.T, d llmstream.Dialect, body []byte) (said, llmstream.Outcome) {
	t.Helper()
	var answer llmstream.Accumulator
	p := llmstream.NewParser(d, &answer, nil)
	p.Write(body)
	p.Close()
	c := answer.Completion()
	require.NotEmpty(t, c.Choices, "%s", body)
	m := c.Choices[0].Message
	s := said{Content: m.Content, Reasoning: m.Reasoning, Finish: c.Choices[0].FinishReason, Input: c.Usage.Input, Output: c.Usage.Output}
	for _, call := range m.ToolCalls {
		var arguments bytes.Buffer
		require.NoError(t, json.Compact(&arguments, []byte(call.ArgumentsJSON())))
		s.Calls = append(s.Calls, call.Name+arguments.String())
	}
	return s, p.Outcome()
}

// Each dialect has "text" and "tools", clean and with usage, as a stream and whole, and
// both forms agree.
func TestTextAndToolsOfEachDialect(t *testing.T) {
	at, _ := replayServer(t, faults{})
	for whole, streamed := range wholePaths {
		for _, name := range []string{"text", "tools"} {
			switch whole {
			case "/v1/completions", "/api/generate", "/generate", "/completion":
				if name == "tools" {
					continue // these know no tools
				}
			}
			t.Run(strings.Trim(whole, "/")+" "+name, func(t *testing.T) {
				body := `{"model":"` + name + `","messages":[{"role":"user","content":"weather?"}],"stream":`
				query := "?recording=" + name
				if strings.Contains(streamed, "?") {
					query = "&recording=" + name
				}
				resp, stream, err := post(t, at+streamed+query, body+"true}")
				require.NoError(t, err)
				require.Equal(t, "fixture", resp.Header.Get("Llmstream-Origin"))
				d := llmstream.DetectDialect("", streamed)
				want, outcome := foldBody(t, d, []byte(stream))
				require.NoError(t, outcome.Err())
				require.Equal(t, llmstream.StateComplete, outcome.State)
				require.Zero(t, outcome.Anomalies.Malformed+outcome.Anomalies.Skipped.Total()+outcome.Anomalies.AfterDone+outcome.Comments+outcome.Anomalies.Unseparated+outcome.Anomalies.Conflicts)
				require.Positive(t, want.Input)
				require.Positive(t, want.Output)
				if name == "text" {
					require.Equal(t, "It is 9 °C in Oslo, with light rain.", want.Content)
					require.Empty(t, want.Calls)
				} else {
					require.Equal(t, []string{`get_weather{"city":"Oslo"}`}, want.Calls)
				}

				resp, answer, err := post(t, at+whole+"?recording="+name, body+"false}")
				require.NoError(t, err)
				require.Equal(t, 200, resp.StatusCode, answer)
				require.Equal(t, "application/json", resp.Header.Get("Content-Type"))
				require.True(t, json.Valid([]byte(answer)), answer)
				if d == llmstream.GeminiInteractions {
					requireInteraction(t, name, answer) // the library reads its streams alone
					return
				}
				if strings.HasSuffix(whole, "/invoke") {
					d = llmstream.AnthropicMessages
				}
				got, outcome := foldBody(t, d, []byte(answer))
				require.Equal(t, llmstream.StateComplete, outcome.State, answer)
				require.Equal(t, want, got, answer)
			})
		}
	}
}

func requireInteraction(t *testing.T, name, answer string) {
	var got struct {
		Status string
		Steps  []struct {
			Type, Name string
			Content    []struct{ Text string }
			Arguments  map[string]string
		}
		Usage map[string]int
	}
	require.NoError(t, json.Unmarshal([]byte(answer), &got))
	require.Len(t, got.Steps, 1)
	if name == "text" {
		require.Equal(t, "completed", got.Status)
		require.Equal(t, "It is 9 °C in Oslo, with light rain.", got.Steps[0].Content[0].Text)
		require.Equal(t, 36, got.Usage["total_tokens"])
		return
	}
	require.Equal(t, "requires_action", got.Status)
	require.Equal(t, "get_weather", got.Steps[0].Name)
	require.Equal(t, map[string]string{"city": "Oslo"}, got.Steps[0].Arguments)
}

// The whole forms keep reasoning and several calls.
func TestWholeAnswersOfOtherRecordings(t *testing.T) {
	at, r := replayServer(t, faults{})
	for path, name := range map[string]string{
		"/v1/chat/completions":  "openai-chat/openai-tools.sse",
		"/v1/responses":         "openai-responses/tools.sse",
		"/v1/messages":          "anthropic-messages/thinking.sse",
		"/v2/chat":              "cohere/thinking.sse",
		"/api/chat":             "ollama/thinking.ndjson",
		"/api/generate":         "ollama/generate-thinking.ndjson",
		"/model/MODEL/converse": "bedrock/converse-tools.frames",
	} {
		want, _ := foldBody(t, dialectOfPath(t, path), r.find(name, llmstream.Auto).body)
		_, answer, err := post(t, at+path+"?recording="+name, `{"stream":false}`)
		require.NoError(t, err)
		got, outcome := foldBody(t, dialectOfPath(t, path), []byte(answer))
		require.Equal(t, llmstream.StateComplete, outcome.State, answer)
		require.Equal(t, want, got, "%s %s", path, answer)
	}
}

func dialectOfPath(t *testing.T, path string) llmstream.Dialect {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, path, nil)
	require.NoError(t, err)
	return dialectOf(req)
}

func TestWhenAnAnswerIsWhole(t *testing.T) {
	at, _ := replayServer(t, faults{})
	const talk = `"messages":[{"role":"user","content":"x"}]`
	for _, c := range []struct {
		path, body string
		whole      bool
	}{
		{chatPath, `{` + talk + `}`, true},
		{chatPath, `{` + talk + `,"stream":null}`, true},
		{chatPath, `{"stream":false}`, true},
		{chatPath, `{` + talk + `,"stream":true}`, false},
		{chatPath, `{}`, false}, // a first try by hand
		{chatPath, ``, false},
		{chatPath, `{"stream":"no",` + talk + `}`, true},
		{chatPath, `{"stream":"no"}`, false},
		{"/v1/responses", `{"input":"x"}`, true},
		{"/v1/completions", `{"prompt":"x"}`, true},
		{"/v1/chat", `{"message":"x"}`, true},
		{"/api/chat", `{` + talk + `}`, false},
		{"/api/chat", `{` + talk + `,"stream":false}`, true},
		{"/v1beta/models/m:streamGenerateContent?alt=sse", `{"contents":[],"stream":false}`, false},
		{"/model/m/converse-stream", `{` + talk + `}`, false},
		{dashScopePath, `{"input":{` + talk + `}}`, true},
		{dashScopePath, `{}`, true},
		{"/generate", `{"inputs":"x"}`, true},
		{"/generate_stream", `{"inputs":"x"}`, false},
		{"/completion", `{"prompt":"x"}`, true},
		{"/completion", `{"prompt":"x","stream":true}`, false},
		{"/v1/conversations", `{"inputs":"x"}`, true},
		{agentPath, `{"inputText":"x"}`, false},
	} {
		resp, body, err := post(t, at+c.path, c.body)
		require.NoError(t, err)
		require.Equal(t, c.whole, resp.Header.Get("Content-Type") == "application/json", "%s %s", c.path, c.body)
		require.Equal(t, c.whole, json.Valid([]byte(body)), "%s %s", c.path, c.body)
	}
}

// DashScope streams if the header asks for it.
func TestHeaderAsksDashScopeToStream(t *testing.T) {
	at, _ := replayServer(t, faults{})
	for name, value := range map[string]string{"X-DashScope-SSE": "enable", "Accept": "text/event-stream", "X-Other": ""} {
		req, err := http.NewRequest(http.MethodPost, at+dashScopePath, strings.NewReader(`{"input":{"messages":[]}}`))
		require.NoError(t, err)
		req.Header.Set(name, value)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, name != "X-Other", resp.Header.Get("Content-Type") == "text/event-stream", name)
	}
}

// Whole answers have faults too. A recording without a whole answer leads to an error in
// the form of the provider.
func TestWholeAnswersThatFail(t *testing.T) {
	at, _ := replayServer(t, faults{})
	_, body, err := post(t, at+chatPath+"?cut=10", `{"stream":false}`)
	require.NoError(t, err)
	require.Len(t, body, 10)
	resp, body, err := post(t, at+"/v1/messages?recording=truncated", `{"stream":false}`)
	require.NoError(t, err)
	require.Equal(t, 500, resp.StatusCode)
	require.Contains(t, body, `"type":"api_error"`)
	require.Contains(t, body, "the recording has no whole answer")
	resp, body, err = post(t, at+"/model/m/invoke?recording=invoke-llama", "")
	require.NoError(t, err)
	require.Equal(t, 500, resp.StatusCode)
	require.Contains(t, body, "has no whole answer on this path")
	resp, body, err = post(t, at+chatPath+"?recording=json-error", `{"stream":false}`) // whole already
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
	require.Contains(t, body, `"error"`)
}

func TestModels(t *testing.T) {
	at, r := replayServer(t, faults{}, cassettePath)
	resp, err := http.Get(at + "/v1/models")
	require.NoError(t, err)
	defer resp.Body.Close()
	var models struct {
		Object  string
		Data    []struct{ ID, Object, Type, OwnedBy string }
		FirstID string `json:"first_id"`
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&models))
	require.Equal(t, "list", models.Object)
	require.Len(t, models.Data, len(r.all))
	require.Equal(t, "model", models.Data[0].Object)
	require.Equal(t, models.Data[0].ID, models.FirstID)
	_, body, err := post(t, at+chatPath, `{"model":"`+models.FirstID+`","stream":true}`) // each id can be requested as a model
	require.NoError(t, err)
	require.Equal(t, string(r.all[0].body), body)
}
