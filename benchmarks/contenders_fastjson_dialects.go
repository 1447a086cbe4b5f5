package main

import (
	"bytes"
	"io"

	"github.com/valyala/fastjson"
)

// The members that the leanest loop looks up in other dialects: it keeps the texts, and
// checks whether the other members are there.

// eachLine calls f for each line of JSON, without the "data:" of an SSE event.
func eachLine(r io.Reader, buf []byte, f func(data []byte)) {
	for lines := newScanner(r, buf); lines.Scan(); {
		line := bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte("data:")))
		if len(line) > 0 && line[0] == '{' {
			f(line)
		}
	}
}

func (l *fastjsonLoop) foldAnthropic(v *fastjson.Value) {
	switch string(v.GetStringBytes("type")) {
	case "message_start":
		l.look(v, "message", "usage")
	case "content_block_start":
		l.look(v, "content_block", "name")
	case "content_block_delta":
		delta := v.Get("delta")
		switch string(delta.GetStringBytes("type")) {
		case "text_delta":
			l.add(delta, "text")
		case "thinking_delta":
			l.add(delta, "thinking")
		case "input_json_delta":
			l.look(delta, "partial_json")
		}
	case "message_delta":
		l.look(v, "delta", "stop_reason")
		l.look(v, "usage")
	}
}

func (l *fastjsonLoop) foldResponses(v *fastjson.Value) {
	switch string(v.GetStringBytes("type")) {
	case "response.output_text.delta", "response.reasoning_text.delta", "response.reasoning_summary_text.delta":
		l.add(v, "delta")
	case "response.output_item.added":
		l.look(v, "item", "name")
	case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
		l.look(v, "delta")
	case "response.completed", "response.incomplete", "response.failed":
		l.look(v, "response", "usage")
	}
}

func (l *fastjsonLoop) foldGemini(v *fastjson.Value) {
	for _, candidate := range v.GetArray("candidates") {
		for _, part := range candidate.GetArray("content", "parts") {
			l.add(part, "text")
			l.look(part, "functionCall")
		}
		l.look(candidate, "finishReason")
	}
	l.look(v, "usageMetadata")
}

func (l *fastjsonLoop) foldInteractions(v *fastjson.Value) {
	switch string(v.GetStringBytes("event_type")) {
	case "step.start":
		l.look(v, "step", "name")
	case "step.delta":
		delta := v.Get("delta")
		switch string(delta.GetStringBytes("type")) {
		case "text":
			l.add(delta, "text")
		case "thought_summary":
			l.add(delta, "content", "text")
		}
	case "interaction.completed":
		l.look(v, "interaction", "usage")
	}
}

// Version 1 has other names than version 2.
func (l *fastjsonLoop) foldCohere(v *fastjson.Value) {
	if string(v.GetStringBytes("event_type")) == "text-generation" {
		l.add(v, "text")
		return
	}
	switch delta := v.Get("delta"); string(v.GetStringBytes("type")) {
	case "content-delta":
		content := delta.Get("message", "content")
		l.add(content, "text")
		l.add(content, "thinking")
	case "tool-call-start", "tool-call-delta":
		l.look(delta, "message", "tool_calls")
	case "message-end":
		l.look(delta, "finish_reason")
		l.look(delta, "usage")
	}
}

// Answers of /api/generate have no message.
func (l *fastjsonLoop) foldOllama(v *fastjson.Value) {
	message := v.Get("message")
	l.add(message, "thinking")
	l.add(message, "content")
	l.look(message, "tool_calls")
	l.add(v, "thinking")
	l.add(v, "response")
	if v.GetBool("done") {
		l.look(v, "done_reason")
		l.look(v, "eval_count")
	}
}

// foldConverse folds an event of Bedrock's Converse, or an event of an Anthropic or
// Amazon model inside one of InvokeModel.
func (l *fastjsonLoop) foldConverse(v *fastjson.Value) {
	delta := v.Get("delta")
	l.add(delta, "text")
	l.add(delta, "reasoningContent", "text")
	l.look(delta, "toolUse")
	l.look(v, "start", "toolUse")
	l.look(v, "stopReason")
	l.look(v, "usage")
}
