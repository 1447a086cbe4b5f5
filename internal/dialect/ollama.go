package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// Ollama's own API, /api/chat and /api/generate:
// https://github.com/ollama/ollama/blob/main/docs/api.md. Each line is a JSON object with
// the next piece of the message or of the response. The last line has "done":true and the
// counts (N-03).

// ollamaLine holds the members of a line.
type ollamaLine struct {
	model, created, message, response, thinking *fastjson.Value
	done, reason, input, output, logprobs, err  *fastjson.Value
}

func readOllama(root *fastjson.Value) (l ollamaLine) {
	root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "model":
			l.model = v
		case "created_at":
			l.created = v
		case "message":
			l.message = v
		case "response":
			l.response = v
		case "thinking":
			l.thinking = v
		case "done":
			l.done = v
		case "done_reason":
			l.reason = v
		case "prompt_eval_count":
			l.input = v
		case "eval_count":
			l.output = v
		case "logprobs":
			l.logprobs = v
		case "error":
			l.err = v
		}
	})
	return l
}

func detectOllama(s *decode.Context) bool {
	l := readOllama(s.Root)
	return l.done != nil && l.isAnswer()
}

// isAnswer reports whether the line has a piece of an answer. Servers that imitate this
// API leave out done (N-11).
func (l *ollamaLine) isAnswer() bool { return l.message.GetObject() != nil || l.response != nil }

// isLast reports whether the line is the last one.
func (l *ollamaLine) isLast() bool {
	return l.done.GetBool() || l.done == nil && !decode.IsNull(l.reason)
}

func decodeOllama(s *decode.Context) {
	l := readOllama(s.Root)
	if l.isAnswer() {
		decodeOllamaLine(s, &l)
	}
	if s.IsError(l.err) {
		s.AddError(-1, l.err, nil)
	} else if !l.isAnswer() {
		s.AddErrorObject()
	}
}

func decodeOllamaLine(s *decode.Context, l *ollamaLine) {
	t := s.Choice(0)
	startOllama(s, l)
	thinking, _ := s.Text(l.thinking, &t.Surrogates.Reasoning)
	s.AddTextOf("thinking", decode.KindReasoning, t.Index, thinking)
	text, _ := s.Text(l.response, &t.Surrogates.Content)
	s.AddTextOf("response", decode.KindContent, t.Index, text)
	decodeOllamaMessage(s, t, l.message)
	if s.IsFilledArray(l.logprobs) {
		s.Add(decode.KindLogprobs, t.Index).Text = s.Wrap(`{"content":`, l.logprobs, "}")
	}
	if !l.isLast() {
		return
	}
	addOllamaUsage(s, l)
	s.AddFinishOrCalls(t, s.Word(l.reason)) // older servers send no reason
	s.EndStream()
}

// startOllama gives the model and the time when the answer began. There is no id.
func startOllama(s *decode.Context, l *ollamaLine) {
	t := &s.Stream.Announced
	if t.Model && t.Created {
		return
	}
	start := decode.Start{Model: s.WordIfUnknown(t.Model, l.model)}
	if !t.Created {
		start.Created = seconds(s, l.created)
	}
	s.EmitStart(start)
}

func decodeOllamaMessage(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	var role, content, thinking, calls, images *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "role":
			role = v
		case "content":
			content = v
		case "thinking":
			thinking = v
		case "tool_calls":
			calls = v
		case "images":
			images = v
		}
	})
	s.AddRole(t, role)
	reasoning, _ := s.Text(thinking, &t.Surrogates.Reasoning)
	s.AddTextOf("thinking", decode.KindReasoning, t.Index, reasoning)
	text, _ := s.Text(content, &t.Surrogates.Content)
	s.AddTextOf("content", decode.KindContent, t.Index, text)
	for _, image := range images.GetArray() {
		s.AddMedia(t, image)
	}
	for _, call := range calls.GetArray() {
		decodeOllamaCall(s, t, call)
	}
}

// decodeOllamaCall adds a tool call, which is whole. Its index may be missing or repeated
// (T-01, T-02), so its position among the calls counts.
func decodeOllamaCall(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	var c chatCall
	c.read(v)
	id, name := s.Word(c.id), s.Word(c.name)
	if len(id)+len(name) == 0 { // T-23
		return
	}
	if at := s.BeginCall(t, len(t.Calls), id, name, decode.TypeFunction); at >= 0 {
		s.AppendArguments(t, at, "", c.arguments)
		s.EndCall(t, at)
	}
}

// addOllamaUsage adds the counts of the last line. The line has no usage object, so the
// raw usage is made from the counts. The prompt's count is missing if the prompt was in
// the cache.
func addOllamaUsage(s *decode.Context, l *ollamaLine) {
	var u decode.Usage
	s.SetCount(&u, decode.UsageInput, &u.Input, l.input)
	s.SetCount(&u, decode.UsageOutput, &u.Output, l.output)
	if u.Reported == 0 {
		return
	}
	s.AddUsage(&u, appendCounts(s, [...]rawCount{{"prompt_eval_count", l.input}, {"eval_count", l.output}}))
}
