package main

import (
	"time"

	"github.com/seed-4d65deac/llmstream"
)

func wholeGemini(c *llmstream.Completion) object {
	candidates := []object{}
	for _, choice := range c.Choices {
		parts := []object{}
		if choice.Message.Reasoning != "" {
			parts = append(parts, object{"text": choice.Message.Reasoning, "thought": true})
		}
		if choice.Message.Content != "" {
			parts = append(parts, object{"text": choice.Message.Content})
		}
		for _, call := range choice.Message.ToolCalls {
			parts = append(parts, object{"functionCall": object{"name": call.Name, "args": argumentsOf(&call)}})
		}
		candidates = append(candidates, object{
			"index": choice.Index, "content": object{"role": "model", "parts": parts},
			"finishReason": orElse(choice.NativeFinishReason, "STOP"),
		})
	}
	answer := object{
		"responseId": c.ID, "modelVersion": c.Model,
		"usageMetadata": usageOf(&c.Usage, "promptTokenCount", "candidatesTokenCount", "totalTokenCount", "cachedContentTokenCount", "thoughtsTokenCount"),
	}
	if c.BlockReason != "" {
		answer["promptFeedback"] = object{"blockReason": c.BlockReason}
	} else {
		answer["candidates"] = candidates
	}
	return answer
}

func wholeInteraction(c *llmstream.Completion) object {
	choice := &c.Choices[0]
	steps := []object{}
	if choice.Message.Reasoning != "" {
		steps = append(steps, object{"type": "thought", "summary": []object{{"type": "text", "text": choice.Message.Reasoning}}})
	}
	if choice.Message.Content != "" {
		steps = append(steps, object{"type": "model_output", "content": []object{{"type": "text", "text": choice.Message.Content}}})
	}
	for _, call := range choice.Message.ToolCalls {
		steps = append(steps, object{"type": "function_call", "id": call.ID, "name": call.Name, "arguments": argumentsOf(&call)})
	}
	return object{
		"id": c.ID, "object": "interaction", "model": c.Model, "status": orElse(choice.NativeFinishReason, "completed"), "steps": steps,
		"usage": usageOf(&c.Usage, "total_input_tokens", "total_output_tokens", "total_tokens", "total_cached_tokens", "total_thought_tokens"),
	}
}

func wholeCohere(c *llmstream.Completion) object {
	choice := &c.Choices[0]
	content, calls := []object{}, []object{}
	if choice.Message.Reasoning != "" {
		content = append(content, object{"type": "thinking", "thinking": choice.Message.Reasoning})
	}
	if choice.Message.Content != "" {
		content = append(content, object{"type": "text", "text": choice.Message.Content})
	}
	for _, call := range choice.Message.ToolCalls {
		calls = append(calls, object{"id": call.ID, "type": "function", "function": object{"name": call.Name, "arguments": call.Arguments}})
	}
	message := object{"role": "assistant", "content": content}
	if len(calls) > 0 {
		message["tool_calls"] = calls
	}
	tokens := usageOf(&c.Usage, "input_tokens", "output_tokens", "", "", "")
	return object{
		"id": c.ID, "message": message, "finish_reason": orElse(choice.NativeFinishReason, "COMPLETE"),
		"usage": object{"billed_units": tokens, "tokens": tokens},
	}
}

func wholeCohere1(c *llmstream.Completion) object {
	choice := &c.Choices[0]
	tokens := usageOf(&c.Usage, "input_tokens", "output_tokens", "", "", "")
	answer := object{
		"response_id": c.ID, "generation_id": c.ID, "text": choice.Message.Content, "chat_history": []object{},
		"finish_reason": orElse(choice.NativeFinishReason, "COMPLETE"),
		"meta":          object{"api_version": object{"version": "1"}, "billed_units": tokens, "tokens": tokens},
	}
	if calls := plainCalls(choice.Message.ToolCalls, "parameters"); len(calls) > 0 {
		answer["tool_calls"] = calls
	}
	return answer
}

// plainCalls returns calls as a name and an object of arguments.
func plainCalls(calls []llmstream.ToolCall, arguments string) (list []object) {
	for _, call := range calls {
		list = append(list, object{"name": call.Name, arguments: argumentsOf(&call)})
	}
	return list
}

func wholeOllama(c *llmstream.Completion, generate bool) object {
	choice := &c.Choices[0]
	answer := usageOf(&c.Usage, "prompt_eval_count", "eval_count", "", "", "")
	answer["model"], answer["created_at"] = c.Model, time.Unix(c.Created, 0).UTC().Format(time.RFC3339)
	answer["done"], answer["done_reason"] = true, orElse(choice.NativeFinishReason, "stop")
	message := answer
	if generate {
		answer["response"] = choice.Message.Content
	} else {
		message = object{"role": "assistant", "content": choice.Message.Content}
		answer["message"] = message
	}
	if choice.Message.Reasoning != "" {
		message["thinking"] = choice.Message.Reasoning
	}
	calls := []object{}
	for _, function := range plainCalls(choice.Message.ToolCalls, "arguments") {
		calls = append(calls, object{"function": function})
	}
	if len(calls) > 0 {
		message["tool_calls"] = calls
	}
	return answer
}

func wholeCloudflare(c *llmstream.Completion) object {
	message := &c.Choices[0].Message
	result := object{
		"response": message.Content, "usage": usageOf(&c.Usage, "prompt_tokens", "completion_tokens", "total_tokens", "", ""),
	}
	if calls := plainCalls(message.ToolCalls, "arguments"); len(calls) > 0 {
		result["tool_calls"] = calls
	}
	return object{"result": result, "success": true, "errors": []object{}, "messages": []object{}}
}

func wholeConverse(c *llmstream.Completion) object {
	choice := &c.Choices[0]
	content := []object{}
	for _, block := range choice.Message.ReasoningDetails {
		if block.Text != "" || block.Signature != "" {
			content = append(content, object{"reasoningContent": object{"reasoningText": object{"text": block.Text, "signature": block.Signature}}})
		}
		if block.Data != "" {
			content = append(content, object{"reasoningContent": object{"redactedContent": block.Data}})
		}
	}
	if choice.Message.Content != "" {
		content = append(content, object{"text": choice.Message.Content})
	}
	for _, call := range choice.Message.ToolCalls {
		content = append(content, object{"toolUse": object{"toolUseId": call.ID, "name": call.Name, "input": argumentsOf(&call)}})
	}
	return object{
		"output":     object{"message": object{"role": "assistant", "content": content}},
		"stopReason": orElse(choice.NativeFinishReason, "end_turn"), "metrics": object{"latencyMs": 0},
		"usage": usageOf(&c.Usage, "inputTokens", "outputTokens", "totalTokens", "cacheReadInputTokens", ""),
	}
}
