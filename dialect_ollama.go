package llmstream

import "github.com/valyala/fastjson"

// Ollama's own API, /api/chat and /api/generate:
// https://github.com/ollama/ollama/blob/main/docs/api.md. Lines of JSON, each with
// the next piece of the message or of the response; the last is done and has the
// counts (N-03).

// ollamaLine are the members of a line.
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

func detectOllama(s *step) bool {
	l := readOllama(s.root)
	return l.is()
}

func (l *ollamaLine) is() bool {
	return l.done != nil && (l.message.GetObject() != nil || l.response != nil)
}

func decodeOllama(s *step) {
	l := readOllama(s.root)
	if l.is() {
		s.decodeOllama(&l)
	}
	if s.isError(l.err) {
		s.addError(-1, l.err, nil)
	} else if !l.is() {
		s.addErrorObject()
	}
}

func (s *step) decodeOllama(l *ollamaLine) {
	t := s.track.choice(0, s.opt.MaxChoices)
	s.startOllama(l)
	thinking, _ := s.string(l.thinking, &t.high.reasoning)
	s.addTextOf("thinking", xKindReasoning, t.index, thinking)
	text, _ := s.string(l.response, &t.high.content)
	s.addTextOf("response", xKindContent, t.index, text)
	s.decodeOllamaMessage(t, l.message)
	if len(l.logprobs.GetArray()) > 0 {
		s.add(xKindLogprobs, t.index).Text = s.wrap(`{"content":`, l.logprobs, "}")
	}
	if !l.done.GetBool() {
		return
	}
	s.addOllamaUsage(l)
	s.addFinishOrCalls(t, s.word(l.reason)) // of which older servers give none
	s.endStream()
}

// startOllama tells the model and when the answer began. There is no id.
func (s *step) startOllama(l *ollamaLine) {
	t := &s.track.told
	if t.model && t.created {
		return
	}
	start := xStart{Model: s.wordUnless(t.model, l.model)}
	if !t.created {
		start.Created = s.seconds(l.created)
	}
	s.tellStart(start)
}

func (s *step) decodeOllamaMessage(t *choiceTrack, v *fastjson.Value) {
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
	s.addRole(t, role)
	reasoning, _ := s.string(thinking, &t.high.reasoning)
	s.addTextOf("thinking", xKindReasoning, t.index, reasoning)
	text, _ := s.string(content, &t.high.content)
	s.addTextOf("content", xKindContent, t.index, text)
	for _, image := range images.GetArray() {
		s.addMedia(t, image)
	}
	for _, call := range calls.GetArray() {
		s.decodeOllamaCall(t, call)
	}
}

// decodeOllamaCall adds a tool call, which is whole. Its index may be missing or
// repeat itself (T-01, T-02), so that its place counts.
func (s *step) decodeOllamaCall(t *choiceTrack, v *fastjson.Value) {
	var c chatCall
	c.read(v)
	id, name := s.word(c.id), s.word(c.name)
	if len(id)+len(name) == 0 { // T-23
		return
	}
	if at := s.beginToolCall(t, len(t.calls), id, name, typeFunction); at >= 0 {
		s.argueToolCall(t, at, "", c.arguments)
		s.endToolCall(t, at)
	}
}

// addOllamaUsage adds the counts of the last line, of which the raw usage is made:
// there is no object of them. The prompt's is missing where it was in the cache.
func (s *step) addOllamaUsage(l *ollamaLine) {
	var u xUsage
	s.count(&u, xUsageInput, &u.Input, l.input)
	s.count(&u, xUsageOutput, &u.Output, l.output)
	if u.Reported == 0 {
		return
	}
	at := len(s.text)
	begin := "{"
	for _, m := range [...]struct {
		field xUsageFields
		name  string
		v     *fastjson.Value
	}{{xUsageInput, `"prompt_eval_count":`, l.input}, {xUsageOutput, `"eval_count":`, l.output}} {
		if u.Reported&m.field != 0 {
			s.text = m.v.MarshalTo(append(append(s.text, begin...), m.name...))
			begin = ","
		}
	}
	s.text = append(s.text, '}')
	s.addUsage(&u, s.text[at:len(s.text):len(s.text)])
}
