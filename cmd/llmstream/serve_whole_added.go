package main

import (
	"strings"

	"github.com/seed-4d65deac/llmstream"
)

// wholeOfAddedDialect is wholeBody for DashScope, Text Generation and Mistral's Conversations.
func wholeOfAddedDialect(d llmstream.Dialect, path string, c *llmstream.Completion) (body any, ok bool) {
	switch d {
	case llmstream.DashScope:
		return wholeDashScope(c), true
	case llmstream.TextGeneration:
		if strings.HasSuffix(path, "/generate") {
			return wholeGenerated(c), true
		}
		return wholeContent(c), true
	case llmstream.MistralConversations:
		return wholeConversation(c), true
	}
	return nil, false // Bedrock's agents only stream
}

func wholeDashScope(c *llmstream.Completion) object {
	choices := []object{}
	for _, choice := range c.Choices {
		m := &choice.Message
		message := object{"role": "assistant", "content": m.Content}
		if m.Reasoning != "" {
			message["reasoning_content"] = m.Reasoning
		}
		calls := []object{}
		for i, call := range m.ToolCalls {
			calls = append(calls, object{
				"index": i, "id": call.ID, "type": "function", "function": object{"name": call.Name, "arguments": call.Arguments},
			})
		}
		if len(calls) > 0 {
			message["tool_calls"] = calls
		}
		choices = append(choices, object{"finish_reason": orElse(choice.NativeFinishReason, "stop"), "message": message})
	}
	return object{
		"status_code": 200, "request_id": c.ID, "code": "", "message": "", "output": object{"text": nil, "finish_reason": nil, "choices": choices},
		"usage": usageOf(&c.Usage, "input_tokens", "output_tokens", "total_tokens", "", ""),
	}
}

func wholeGenerated(c *llmstream.Completion) object {
	choice := &c.Choices[0]
	details := usageOf(&c.Usage, "input_length", "generated_tokens", "", "", "")
	details["finish_reason"] = orElse(choice.NativeFinishReason, "eos_token")
	return object{"generated_text": choice.Message.Content, "details": details}
}

func wholeContent(c *llmstream.Completion) object {
	choice := &c.Choices[0]
	answer := usageOf(&c.Usage, "tokens_evaluated", "tokens_predicted", "", "", "")
	answer["index"], answer["content"], answer["model"] = choice.Index, choice.Message.Content, c.Model
	answer["stop"], answer["stop_type"] = true, orElse(choice.NativeFinishReason, "eos")
	return answer
}

func wholeConversation(c *llmstream.Completion) object {
	m := &c.Choices[0].Message
	outputs, content := []object{}, []object{}
	if m.Reasoning != "" {
		content = append(content, object{"type": "thinking", "thinking": []object{{"type": "text", "text": m.Reasoning}}})
	}
	if m.Content != "" {
		content = append(content, object{"type": "text", "text": m.Content})
	}
	if len(content) > 0 {
		outputs = append(outputs, object{"object": "entry", "type": "message.output", "model": c.Model, "role": "assistant", "content": content})
	}
	for _, call := range m.ToolCalls {
		outputs = append(outputs, object{
			"object": "entry", "type": "function.call", "tool_call_id": call.ID, "name": call.Name, "arguments": call.Arguments,
		})
	}
	return object{
		"object": "conversation.response", "conversation_id": c.ID, "outputs": outputs,
		"usage": usageOf(&c.Usage, "prompt_tokens", "completion_tokens", "total_tokens", "", ""),
	}
}
