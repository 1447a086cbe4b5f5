package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/seed-4d65deac/llmstream"
)

// isWhole reports whether the body is a whole answer already, or an error in place of
// one, and not a stream.
func (one *recording) isWhole() bool {
	return one.wire == llmstream.WireJSON && bytes.HasPrefix(bytes.TrimSpace(one.body), []byte("{")) && json.Valid(one.body)
}

// whole returns the answer of a stream as the provider gives it in one piece on a path.
// It fails for a stream that is not complete, and for models on Bedrock whose own form
// it does not know.
func (one *recording) whole(path string) (*recording, error) {
	var answer llmstream.Accumulator
	anthropic := false // on Bedrock: the model is one of Anthropic
	p := llmstream.NewParser(one.dialect, llmstream.Handlers(&answer, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		anthropic = anthropic || bytes.Contains(d.Raw, []byte(`"message_start"`))
		return nil
	})), nil)
	p.Write(one.body)
	p.Close()
	if outcome := p.Outcome(); outcome.State != llmstream.StateComplete {
		return nil, fmt.Errorf("the recording has no whole answer: %w", outcome.Err())
	}
	c := answer.Completion()
	if len(c.Choices) == 0 {
		c.Choices = []llmstream.Choice{{}} // the provider has refused to answer
	}
	body, ok := wholeBody(one.dialect, strings.TrimSuffix(path, "/"), c, anthropic)
	if !ok {
		return nil, fmt.Errorf("%s has no whole answer on this path", one.name)
	}
	whole := *one
	whole.wire, whole.media, whole.status = llmstream.WireJSON, "application/json", http.StatusOK
	whole.body = append(asJSON(body), '\n')
	whole.pieces = func() [][]byte { return [][]byte{whole.body} }
	return &whole, nil
}

func wholeBody(d llmstream.Dialect, path string, c *llmstream.Completion, anthropic bool) (body any, ok bool) {
	switch d {
	case llmstream.OpenAIChat:
		if strings.HasSuffix(path, "/completions") && !strings.HasSuffix(path, "/chat/completions") {
			return wholeLegacy(c), true
		}
		return c, true
	case llmstream.OpenAIResponses:
		return wholeResponse(c), true
	case llmstream.AnthropicMessages:
		return wholeMessage(c), true
	case llmstream.Gemini:
		return wholeGemini(c), true
	case llmstream.GeminiInteractions:
		return wholeInteraction(c), true
	case llmstream.Cohere:
		if strings.HasSuffix(path, "/v1/chat") {
			return wholeCohere1(c), true
		}
		return wholeCohere(c), true
	case llmstream.Ollama:
		return wholeOllama(c, strings.HasSuffix(path, "/api/generate")), true
	case llmstream.Cloudflare:
		return wholeCloudflare(c), true
	case llmstream.Bedrock:
		if strings.HasSuffix(path, "/invoke") {
			return wholeMessage(c), anthropic
		}
		return wholeConverse(c), true
	}
	return wholeOfAddedDialect(d, path, c)
}

// A counts writes the numbers of tokens that were reported into an object.
type counts struct {
	*llmstream.Usage
	object
}

func (c counts) set(name string, field llmstream.UsageFields, tokens int64) {
	if c.Reported&field != 0 {
		c.object[name] = tokens
	}
}

// usageOf returns the numbers of tokens under the names that a provider has for input,
// output, total, cached, and reasoning tokens; "" is for numbers that it does not report.
func usageOf(u *llmstream.Usage, input, output, total, cached, reasoning string) object {
	c := counts{u, object{}}
	for _, f := range [...]struct {
		name   string
		field  llmstream.UsageFields
		tokens int64
	}{
		{input, llmstream.UsageInput, u.Input}, {output, llmstream.UsageOutput, u.Output}, {total, llmstream.UsageTotal, u.Total},
		{cached, llmstream.UsageCached, u.Cached}, {reasoning, llmstream.UsageReasoning, u.Reasoning},
	} {
		if f.name != "" {
			c.set(f.name, f.field, f.tokens)
		}
	}
	return c.object
}

// argumentsOf returns the arguments of a call as an object.
func argumentsOf(call *llmstream.ToolCall) json.RawMessage {
	if arguments := []byte(call.Arguments); json.Valid(arguments) {
		return arguments
	}
	return json.RawMessage("{}")
}

// orElse returns word, or other if it is empty.
func orElse(word, other string) string {
	if word == "" {
		return other
	}
	return word
}

func wholeLegacy(c *llmstream.Completion) object {
	choices := []object{}
	for _, choice := range c.Choices {
		choices = append(choices, object{
			"index": choice.Index, "text": choice.Message.Content, "logprobs": nil, "finish_reason": choice.FinishReason.String(),
		})
	}
	return object{
		"id": c.ID, "object": "text_completion", "created": c.Created, "model": c.Model, "choices": choices,
		"usage": usageOf(&c.Usage, "prompt_tokens", "completion_tokens", "total_tokens", "", ""),
	}
}

func wholeResponse(c *llmstream.Completion) object {
	m := &c.Choices[0].Message
	output := []object{}
	if m.Reasoning != "" {
		output = append(output, object{
			"id": "rs_1", "type": "reasoning", "summary": []object{{"type": "summary_text", "text": m.Reasoning}},
		})
	}
	parts := []object{}
	if m.Content != "" {
		parts = append(parts, object{"type": "output_text", "text": m.Content, "annotations": []object{}, "logprobs": []object{}})
	}
	if m.Refusal != "" {
		parts = append(parts, object{"type": "refusal", "refusal": m.Refusal})
	}
	if len(parts) > 0 {
		output = append(output, object{"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": parts})
	}
	for i, call := range m.ToolCalls {
		item := object{"id": fmt.Sprintf("fc_%d", i+1), "call_id": call.ID, "name": call.Name, "status": "completed"}
		if call.Type == "custom" {
			item["type"], item["input"] = "custom_tool_call", call.Arguments
		} else {
			item["type"], item["arguments"] = "function_call", call.Arguments
		}
		output = append(output, item)
	}
	response := object{
		"id": c.ID, "object": "response", "created_at": c.Created, "status": "completed", "background": false, "error": nil,
		"incomplete_details": nil, "instructions": nil, "model": c.Model, "output": output, "parallel_tool_calls": true,
		"temperature": 1, "tool_choice": "auto", "tools": []object{}, "top_p": 1, "truncation": "disabled", "metadata": object{},
	}
	switch c.Choices[0].FinishReason {
	case llmstream.FinishLength:
		response["status"], response["incomplete_details"] = "incomplete", object{"reason": "max_output_tokens"}
	case llmstream.FinishContentFilter:
		response["status"], response["incomplete_details"] = "incomplete", object{"reason": "content_filter"}
	}
	usage := usageOf(&c.Usage, "input_tokens", "output_tokens", "total_tokens", "", "")
	usage["input_tokens_details"] = object{"cached_tokens": c.Usage.Cached}
	usage["output_tokens_details"] = object{"reasoning_tokens": c.Usage.Reasoning}
	response["usage"] = usage
	return response
}

func wholeMessage(c *llmstream.Completion) object {
	choice := &c.Choices[0]
	content := []object{}
	for _, block := range choice.Message.ReasoningDetails {
		if block.Text != "" || block.Signature != "" {
			content = append(content, object{"type": "thinking", "thinking": block.Text, "signature": block.Signature})
		}
		if block.Data != "" {
			content = append(content, object{"type": "redacted_thinking", "data": block.Data})
		}
	}
	if choice.Message.Content != "" {
		content = append(content, object{"type": "text", "text": choice.Message.Content})
	}
	for _, call := range choice.Message.ToolCalls {
		content = append(content, object{"type": "tool_use", "id": call.ID, "name": call.Name, "input": argumentsOf(&call)})
	}
	usage := usageOf(&c.Usage, "input_tokens", "output_tokens", "", "cache_read_input_tokens", "")
	counts{&c.Usage, usage}.set("cache_creation_input_tokens", llmstream.UsageCacheWrite, c.Usage.CacheWrite)
	return object{
		"id": c.ID, "type": "message", "role": "assistant", "model": c.Model, "content": content,
		"stop_reason": orElse(choice.NativeFinishReason, "end_turn"), "stop_sequence": nil, "usage": usage,
	}
}
