package encode_test

import (
	"fmt"
	"strings"

	"github.com/seed-4d65deac/llmstream"
)

// documented are the members that the providers document of their events, by the path of the
// object that has them: "[]" is an element of an array, and "*" any member. What a provider
// itself wrote, such as an item of its tools, is not followed. Some members of chat are those
// of OpenRouter and LiteLLM.
var documented = map[llmstream.Dialect]map[string]string{
	llmstream.OpenAIChat: {
		"":                                "id object created model choices usage error",
		"error":                           "message type param code",
		"usage":                           "prompt_tokens completion_tokens total_tokens prompt_tokens_details completion_tokens_details",
		"usage.prompt_tokens_details":     "cached_tokens cache_write_tokens",
		"usage.completion_tokens_details": "reasoning_tokens",
		"choices.[]":                      "index delta finish_reason native_finish_reason logprobs",
		"choices.[].delta":                "role content refusal reasoning_content reasoning reasoning_details reasoning_opaque thinking_blocks tool_calls annotations images audio extra_content",
		"choices.[].delta.tool_calls.[]":  "index id type function custom extra_content",
		"choices.[].delta.tool_calls.[].function":      "name arguments",
		"choices.[].delta.tool_calls.[].custom":        "name input",
		"choices.[].delta.reasoning_details.[]":        "type index id format text summary data signature",
		"choices.[].delta.thinking_blocks.[]":          "type thinking signature data",
		"choices.[].delta.annotations.[]":              "type url_citation",
		"choices.[].delta.annotations.[].url_citation": "start_index end_index url title",
		"choices.[].delta.images.[]":                   "type image_url",
		"choices.[].delta.images.[].image_url":         "url",
	},
	llmstream.AnthropicMessages: {
		"":                            "type message index content_block delta usage error",
		"message":                     "id type role model content stop_reason stop_sequence usage",
		"message.usage":               "input_tokens output_tokens cache_creation_input_tokens cache_read_input_tokens output_tokens_details",
		"usage":                       "input_tokens output_tokens cache_creation_input_tokens cache_read_input_tokens output_tokens_details",
		"usage.output_tokens_details": "thinking_tokens",
		"delta":                       "type text thinking signature partial_json citation stop_reason stop_sequence",
		"error":                       "type message",
	},
	llmstream.OpenAIResponses: {
		"":                                     "type sequence_number response item item_id output_index content_index summary_index annotation_index part delta text refusal arguments input logprobs annotation",
		"response":                             "id object created_at status error incomplete_details model output parallel_tool_calls tool_choice tools usage",
		"response.error":                       "code message",
		"response.incomplete_details":          "reason",
		"response.usage":                       "input_tokens input_tokens_details output_tokens output_tokens_details total_tokens",
		"response.usage.input_tokens_details":  "cached_tokens",
		"response.usage.output_tokens_details": "reasoning_tokens",
		"part":                                 "type text refusal annotations logprobs",
	},
	llmstream.Gemini: {
		"":                      "candidates promptFeedback usageMetadata modelVersion responseId error",
		"error":                 "code message status",
		"promptFeedback":        "blockReason",
		"usageMetadata":         "promptTokenCount cachedContentTokenCount candidatesTokenCount thoughtsTokenCount totalTokenCount",
		"candidates.[]":         "content finishReason index",
		"candidates.[].content": "role parts",
		"candidates.[].content.parts.[].functionCall": "id name args",
	},
}

// undocumented reports a member of an event that its provider does not document.
func undocumented(to llmstream.Dialect, path string, v any) error {
	names, known := documented[to][path]
	at := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			if err := undocumented(to, at("[]"), element); err != nil {
				return err
			}
		}
	case object:
		for name, value := range v {
			if known && !strings.Contains(" "+names+" ", " "+name+" ") {
				return fmt.Errorf("the member %q of %q is not documented", name, path)
			}
			if err := undocumented(to, at(name), value); err != nil {
				return err
			}
		}
	}
	return nil
}
