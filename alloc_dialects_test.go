package llmstream

import (
	"fmt"
	"strings"
)

// Steady streams of dialects; see alloc_test.go.

var steadyAnthropic = map[string]func(i int) string{
	"text":       steadyBlock(`{"type":"text","text":""}`, `{"type":"text_delta","text":"word %03d "}`),
	"thinking":   steadyBlock(`{"type":"thinking","thinking":""}`, `{"type":"thinking_delta","thinking":"why %03d "}`),
	"tool calls": steadyBlock(`{"type":"tool_use","id":"toolu_1","name":"f","input":{}}`, `{"type":"input_json_delta","partial_json":"\"%03d\""}`),
	"escapes":    steadyBlock(`{"type":"text","text":""}`, `{"type":"text_delta","text":"\"%03d\"\n\u00e9\ud83d\ude00"}`),
	"server tool": func(i int) string {
		block := steadyBlock(`{"type":"server_tool_use","id":"s","name":"f","input":{}}`, `{"type":"input_json_delta","partial_json":",%03d"}`)
		if i == 0 {
			return block(0) + strings.Replace(block(100), `",100`, `"[100`, 1)
		}
		return block(100 + i%900)
	},
	"citations": steadyBlock(`{"type":"text","text":""}`, `{"type":"citations_delta","citation":{"cited_text":"%03d"}}`),
	"pings":     func(i int) string { return "event: ping\ndata: {\"type\":\"ping\"}\n\n" },
	"usage in each": func(i int) string {
		return fmt.Sprintf("data: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"input_tokens\":7,\"output_tokens\":%d}}\n\n", i)
	},
}

// steadyBlock returns the events of a content block that begins again and again,
// with a delta that holds a number.
func steadyBlock(block, delta string) func(i int) string {
	return func(i int) string {
		if i == 0 {
			return "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":" + block + "}\n\n"
		}
		return "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":" + fmt.Sprintf(delta, i%1000) + "}\n\n"
	}
}

// dashScopeEvent returns event i of DashScope's, with these members of its output.
func dashScopeEvent(i int, output string) string {
	return fmt.Sprintf("id:%d\nevent:result\n:HTTP_STATUS/200\ndata:{\"output\":{%s},\"usage\":{\"total_tokens\":%d,\"output_tokens\":%d,\"input_tokens\":21,\"prompt_tokens_details\":{\"cached_tokens\":0}},\"request_id\":\"r\"}\n\n", i+1, output, 31+i, 10+i)
}

// dashScopeMessage is dashScopeEvent for these members of a message.
func dashScopeMessage(i int, members string) string {
	return dashScopeEvent(i, `"choices":[{"message":{`+members+`,"role":"assistant"},"finish_reason":"null"}]`)
}

var steadyDashScope = map[string]func(i int) string{
	"text": func(i int) string { return dashScopeMessage(i, fmt.Sprintf(`"content":"word %03d "`, i%1000)) },
	"plain text": func(i int) string {
		return dashScopeEvent(i, fmt.Sprintf(`"finish_reason":"null","text":"word %03d "`, i%1000))
	},
	"reasoning": func(i int) string {
		return dashScopeMessage(i, fmt.Sprintf(`"content":"","reasoning_content":"why %03d "`, i%1000))
	},
	"tool calls": func(i int) string {
		call := `"content":"","tool_calls":[{"index":0,"id":"","type":"function","function":{"arguments":",%03d"}}]`
		if i == 0 {
			call = `"content":"","tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":"[1"}}]`
			return dashScopeMessage(i, call)
		}
		return dashScopeMessage(i, fmt.Sprintf(call, 100+i%900))
	},
	"text so far": func(i int) string { return dashScopeMessage(i, `"content":"the same text"`) },
	"text in a list": func(i int) string {
		return dashScopeMessage(i, fmt.Sprintf(`"content":[{"text":"word %03d "}]`, i%1000))
	},
}

var steadyTextGeneration = map[string]func(i int) string{
	"tokens": func(i int) string {
		return fmt.Sprintf("data:{\"index\":%d,\"token\":{\"id\":%d,\"text\":\" word\",\"logprob\":-0.%d,\"special\":false},\"generated_text\":null,\"details\":null}\n\n", i+1, 100+i, 1+i%97)
	},
	"content": func(i int) string {
		return fmt.Sprintf("data: {\"index\":0,\"content\":\" word %03d\",\"tokens\":[],\"stop\":false,\"id_slot\":0,\"tokens_predicted\":%d,\"tokens_evaluated\":16}\n\n", i%1000, i+1)
	},
	"escapes": func(i int) string {
		return fmt.Sprintf("data: {\"content\":\"\\\"%03d\\\"\\n\\u00e9\",\"stop\":false}\n\n", i%1000)
	},
}

// conversationEvent returns event i of a conversation of Mistral's, with these members.
func conversationEvent(i int, typ, members string) string {
	return fmt.Sprintf("event: %[1]s\ndata: {\"type\":\"%[1]s\",\"created_at\":\"2026-05-01T10:00:%02[2]dZ\",%[3]s}\n\n", typ, i%60, members)
}

var steadyConversations = map[string]func(i int) string{
	"text": func(i int) string {
		return conversationEvent(i, "message.output.delta", fmt.Sprintf(`"output_index":0,"id":"msg_1","content_index":0,"model":"m","agent_id":null,"role":"assistant","content":"word %03d "`, i%1000))
	},
	"chunks": func(i int) string {
		return conversationEvent(i, "message.output.delta", `"output_index":0,"id":"msg_1","model":"m","content":[{"type":"text","text":"word"},{"type":"thinking","thinking":[{"type":"text","text":"why"}]}]`)
	},
	"tool calls": func(i int) string {
		arguments := fmt.Sprintf(",%03d", 100+i%900)
		if i == 0 {
			arguments = "[1"
		}
		return conversationEvent(i, "function.call.delta", fmt.Sprintf(`"output_index":1,"id":"fc_1","name":"f","tool_call_id":"c","arguments":%q`, arguments))
	},
	"server tool": func(i int) string {
		return conversationEvent(i, "tool.execution.started", `"output_index":2,"id":"t","name":"f","arguments":""`) +
			conversationEvent(i, "tool.execution.delta", `"output_index":2,"id":"t","arguments":"{}"`) +
			conversationEvent(i, "tool.execution.done", `"output_index":2,"id":"t","info":{}`)
	},
}

var steadyAgents = map[string]func(i int) string{
	"text":  func(int) string { return framed(`event chunk {"bytes":"d29yZCA="}`) },
	"trace": func(i int) string { return framed(fmt.Sprintf(`event trace {"sessionId":"s","trace":{"n":%d}}`, i)) },
}
