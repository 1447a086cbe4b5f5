package llmstream

import "fmt"

var steadyAnthropic = map[string]func(i int) string{
	"text":        steadyBlock(`{"type":"text","text":""}`, `{"type":"text_delta","text":"word %03d "}`),
	"thinking":    steadyBlock(`{"type":"thinking","thinking":""}`, `{"type":"thinking_delta","thinking":"why %03d "}`),
	"tool calls":  steadyBlock(`{"type":"tool_use","id":"toolu_1","name":"f","input":{}}`, `{"type":"input_json_delta","partial_json":"\"%03d\""}`),
	"escapes":     steadyBlock(`{"type":"text","text":""}`, `{"type":"text_delta","text":"\"%03d\"\n\u00e9\ud83d\ude00"}`),
	"server tool": steadyBlock(`{"type":"server_tool_use","id":"s","name":"f","input":{}}`, `{"type":"input_json_delta","partial_json":"%03d"}`),
	"citations":   steadyBlock(`{"type":"text","text":""}`, `{"type":"citations_delta","citation":{"cited_text":"%03d"}}`),
	"pings":       func(i int) string { return "event: ping\ndata: {\"type\":\"ping\"}\n\n" },
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
