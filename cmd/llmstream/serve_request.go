package main

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/seed-4d65deac/llmstream"
)

// An asking holds the facts of a request that matter for the answer. A member of an
// unexpected type counts as absent.
type asking struct {
	model  string
	stream *bool // whether a stream is wanted, or nil if the request does not say
	turns  bool  // it has a conversation or a prompt
	done   bool  // its last turn is the result of a tool call
}

// readAsking reads a body in any dialect. A body that is not a JSON object asks for
// nothing.
func readAsking(body []byte) (a asking) {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return a
	}
	json.Unmarshal(members["model"], &a.model)
	if json.Unmarshal(members["stream"], &a.stream) != nil {
		a.stream = nil
	}
	for _, name := range [...]string{"messages", "input", "contents", "inputs", "inputText", "prompt", "message"} {
		turns, ok := members[name]
		if !ok {
			continue
		}
		a.turns = true
		a.done = a.done || endsInResult(turns)
	}
	var results []json.RawMessage // Cohere's version 1 has them in a member of their own
	json.Unmarshal(members["tool_results"], &results)
	var state struct { // Bedrock's agents take the results in "sessionState"
		Results []json.RawMessage `json:"returnControlInvocationResults"`
	}
	json.Unmarshal(members["sessionState"], &state)
	a.done = a.done || len(results)+len(state.Results) > 0
	return a
}

// endsInResult reports whether the last of the turns is the result of a tool call. The turns
// are an array, or for DashScope the messages of an object.
func endsInResult(turns json.RawMessage) bool {
	var input struct{ Messages []json.RawMessage }
	if json.Unmarshal(turns, &input.Messages) != nil {
		json.Unmarshal(turns, &input)
	}
	n := len(input.Messages)
	return n > 0 && isToolResult(input.Messages[n-1])
}

// readHeader reads from the header whether a stream is wanted. Only DashScope's clients ask
// for a stream there.
func (a *asking) readHeader(d llmstream.Dialect, h http.Header) {
	if d == llmstream.DashScope && a.stream == nil {
		stream := h.Get("X-DashScope-SSE") == "enable" || strings.Contains(h.Get("Accept"), "text/event-stream")
		a.stream = &stream
	}
}

// isToolResult reports whether a turn is the result of a tool call:
//
//	{"role":"tool"}                                   chat, Cohere, Ollama, Cloudflare, DashScope
//	{"type":"function_call_output"}                   Responses
//	{"type":"function_result"}                        Interactions
//	{"type":"function.result"}                        Conversations
//	{"content":[{"type":"tool_result"}]}              Messages
//	{"content":[{"toolResult":{}}]}                   Converse
//	{"parts":[{"functionResponse":{}}]}               Gemini
//
// Text may follow a result inside the same turn.
func isToolResult(turn json.RawMessage) bool {
	var head struct{ Role, Type string }
	var lists struct{ Content, Parts json.RawMessage }
	json.Unmarshal(turn, &head) // as far as its members are strings
	if json.Unmarshal(turn, &lists) != nil {
		return false
	}
	if head.Role == "tool" || head.Role == "function" || isResultType(head.Type) {
		return true
	}
	for _, list := range [...]json.RawMessage{lists.Content, lists.Parts} {
		var parts []struct {
			Type             string
			ToolResult       json.RawMessage
			FunctionResponse json.RawMessage
		}
		if json.Unmarshal(list, &parts) != nil {
			continue
		}
		for _, part := range parts {
			if isResultType(part.Type) || part.ToolResult != nil || part.FunctionResponse != nil {
				return true
			}
		}
	}
	return false
}

func isResultType(typ string) bool {
	switch typ {
	case "tool_result", "function_call_output", "custom_tool_call_output", "function_result", "function.result":
		return true
	}
	return false
}

// wantsWhole reports whether a request asks for an answer in one piece. Gemini and
// Bedrock have separate paths for that, and so has Text Generation Inference. Ollama
// streams by default.
func (a *asking) wantsWhole(d llmstream.Dialect, path string) bool {
	switch d {
	case llmstream.Gemini:
		return strings.HasSuffix(path, ":generateContent")
	case llmstream.Bedrock:
		return strings.HasSuffix(path, "/converse") || strings.HasSuffix(path, "/invoke")
	case llmstream.BedrockAgents:
		return false
	case llmstream.TextGeneration:
		if strings.HasSuffix(path, "/generate") || strings.HasSuffix(path, "/generate_stream") {
			return strings.HasSuffix(path, "/generate")
		}
	}
	if a.stream != nil {
		return !*a.stream
	}
	return a.turns && d != llmstream.Ollama
}

// dialectOf returns the dialect of a request; Auto if its path is not one of a provider.
func dialectOf(req *http.Request) llmstream.Dialect {
	path := strings.TrimSuffix(req.URL.Path, "/")
	if strings.Contains(path, "/model/") && strings.HasSuffix(path, "/invoke") {
		return llmstream.Bedrock // the library reads streams, and this is the path of a whole answer
	}
	return llmstream.DetectDialect("", path)
}

// modelOfPath returns the model in a path, or "". Like the name
// of a recording it may contain a slash.
func modelOfPath(path string) string {
	for _, around := range [...][2]string{
		{"/models/", ":"}, {"/model/", "/converse-stream"}, {"/model/", "/converse"},
		{"/model/", "/invoke-with-response-stream"}, {"/model/", "/invoke"}, {"/ai/run/", ""},
	} {
		if _, rest, ok := strings.Cut(path, around[0]); ok {
			if around[1] == "" {
				return rest
			}
			if i := strings.LastIndex(rest, around[1]); i >= 0 {
				return rest[:i]
			}
		}
	}
	return ""
}
