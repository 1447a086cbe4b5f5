package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// toolTurns are requests with the result of a call, as each dialect writes them.
var toolTurns = map[string]string{
	"/v1/chat/completions":              `{"messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[]},{"role":"tool","tool_call_id":"1","content":"9"}]`,
	"/v1/responses":                     `{"input":[{"type":"function_call","call_id":"1"},{"type":"function_call_output","call_id":"1","output":"9"}]`,
	"/v1/messages":                      `{"messages":[{"role":"user","content":"x"},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1"},{"type":"text","text":"and?"}]}]`,
	"/v1beta/models/m:generateContent":  `{"contents":[{"role":"user","parts":[{"functionResponse":{"name":"get_weather"}}]}]`,
	"/v1beta/interactions":              `{"input":[{"type":"function_result","call_id":"1","result":"9"}]`,
	"/v2/chat":                          `{"messages":[{"role":"tool","content":"9"}]`,
	"/v1/chat":                          `{"message":"x","tool_results":[{"outputs":[]}]`,
	"/api/chat":                         `{"messages":[{"role":"tool","content":"9"}]`,
	"/model/m/converse":                 `{"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"1"}}]}]`,
	"/model/m/invoke":                   `{"messages":[{"role":"user","content":[{"type":"tool_result"}]}]`,
	"/client/v4/accounts/a/ai/run/@x/y": `{"messages":[{"role":"tool","content":"9"}]`,
	dashScopePath:                       `{"input":{"messages":[{"role":"tool","content":"9"}]}`,
	"/v1/conversations":                 `{"inputs":[{"type":"function.result","tool_call_id":"1","result":"9"}]`,
}

// A loop of tool calls ends: its second turn gets the answer, in the form of the path.
func TestSecondTurnGetsTheAnswer(t *testing.T) {
	at, _ := replayServer(t, faults{})
	for path, second := range toolTurns {
		for _, c := range []struct {
			body, content string
			calls         int
		}{
			{`{"messages":[{"role":"user","content":"weather?"}],"stream":true}`, "", 1},
			{second + `,"stream":true}`, "It is 9 °C in Oslo, with light rain.", 0},
		} {
			resp, body, err := post(t, at+path+"?recording=tools", c.body)
			require.NoError(t, err)
			require.Equal(t, 200, resp.StatusCode, body)
			d := dialectOfPath(t, path)
			if path == "/model/m/invoke" {
				d = llmstream.AnthropicMessages
			}
			got, _ := foldBody(t, d, []byte(body))
			require.Equal(t, c.content, got.Content, path)
			require.Len(t, got.Calls, c.calls, path)
		}
	}
}

// An agent of Bedrock's asks the client to act, and answers when it has.
func TestSecondTurnOfAnAgent(t *testing.T) {
	at, _ := replayServer(t, faults{})
	for body, want := range map[string]string{
		`{"inputText":"weather?"}`: "bedrock-agents/tools",
		`{"sessionState":{"invocationId":"fixture-1","returnControlInvocationResults":[{"functionResult":{}}]}}`: "bedrock-agents/text",
	} {
		resp, answer, err := post(t, at+agentPath+"?recording=tools", body)
		require.NoError(t, err)
		require.Equal(t, "application/vnd.amazon.eventstream", resp.Header.Get("Content-Type"))
		require.Equal(t, want, resp.Header.Get("Llmstream-Recording"))
		_, outcome := foldBody(t, llmstream.BedrockAgents, []byte(answer))
		require.NoError(t, outcome.Err())
	}
}

// A new question after the result is a first turn, and so is a turn of another form.
func TestTurnsWithoutToolResults(t *testing.T) {
	for _, body := range []string{
		``, `[]`, `{`, `{"messages":[]}`, `{"messages":"x"}`, `{"messages":[5]}`, `{"messages":[{"role":"tool"},{"role":"user","content":"x"}]}`,
		`{"messages":[{"role":5,"content":[{"type":5}]}]}`, `{"input":"function_call_output"}`, `{"tool_results":[]}`,
	} {
		asked := readAsking([]byte(body))
		require.False(t, asked.done, body)
	}
}

// A recorded conversation goes on with its own answer.
func TestSecondTurnOfACassette(t *testing.T) {
	at, _ := replayServer(t, faults{}, cassettePath)
	name := filepath.Base(cassettePath)
	for body, want := range map[string]string{
		`{"messages":[{"role":"user"}],"stream":true}`: "openai-chat/" + name + "#0",
		`{"messages":[{"role":"tool"}],"stream":true}`: "openai-chat/" + name + "#1",
	} {
		resp, _, err := post(t, at+chatPath, body)
		require.NoError(t, err)
		require.Equal(t, want, resp.Header.Get("Llmstream-Recording"))
		require.Equal(t, "recorded", resp.Header.Get("Llmstream-Origin"))
	}
}

// The answer may also be another file.
func TestSecondTurnIsAnotherFile(t *testing.T) {
	calls := `data: {"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}` + "\n\ndata: [DONE]\n\n"
	at, _ := replayServer(t, faults{}, file(t, "calls.sse", calls), file(t, "answer.sse", wholeStream))
	_, body, err := post(t, at+chatPath, `{"messages":[{"role":"tool"}],"stream":true}`)
	require.NoError(t, err)
	require.Equal(t, wholeStream, body)
}
