package llmstream

import "github.com/valyala/fastjson"

// Cohere's chat API: https://docs.cohere.com/v2/docs/streaming. Version 2 sends
// events with a type, a delta and mostly an index; version 1 sends lines with an
// event_type and is_finished. Both end with an event that has the finish reason
// and the counts.

// cohereEvent are the members of an event of either version, and of a whole answer.
type cohereEvent struct {
	typ                   []byte
	index, delta          *fastjson.Value // version 2
	finished, text, calls *fastjson.Value // version 1
	call, citations       *fastjson.Value
	response, meta        *fastjson.Value
	id, generation        *fastjson.Value // of 2 and 1
	message, usage        *fastjson.Value // of a whole answer of version 2
	finish                *fastjson.Value
}

func readCohere(s *step, v *fastjson.Value) (e cohereEvent) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "type", "event_type":
			e.typ = s.word(v)
		case "index":
			e.index = v
		case "delta":
			e.delta = v
		case "is_finished":
			e.finished = v
		case "text":
			e.text = v
		case "tool_calls":
			e.calls = v
		case "tool_call_delta":
			e.call = v
		case "citations":
			e.citations = v
		case "response":
			e.response = v
		case "meta":
			e.meta = v
		case "id":
			e.id = v
		case "generation_id":
			e.generation = v
		case "message":
			e.message = v
		case "usage":
			e.usage = v
		case "finish_reason":
			e.finish = v
		}
	})
	if len(e.typ) == 0 {
		e.typ = s.typ
	}
	return e
}

func detectCohere(s *step) bool {
	e := readCohere(s, s.root)
	switch string(e.typ) {
	case "message-start", "content-start", "content-delta", "tool-plan-delta", "tool-call-start", "message-end":
		return true
	}
	return e.finished != nil || e.isAnswer()
}

// isAnswer tells whether the object is no event but a whole answer (F-26).
func (e *cohereEvent) isAnswer() bool {
	return e.finish != nil && len(e.typ) == 0 && e.finished == nil &&
		(e.message.GetObject() != nil && e.id != nil || e.generation != nil && e.text != nil)
}

func decodeCohere(s *step) {
	e := readCohere(s, s.root)
	if e.finished == nil && !e.isAnswer() && !isCohereType(e.typ) {
		s.addErrorObject()
		return
	}
	t := s.track.choice(0, s.opt.MaxChoices)
	if e.isAnswer() {
		s.startCohere(t, &e)
		s.decodeCohereAnswer(t, &e)
		return
	}
	var m cohereMessage
	delta := readCohere(s, e.delta)
	m.read(delta.message)
	switch string(e.typ) {
	case "message-start", "stream-start":
		s.startCohere(t, &e)
		s.addRole(t, m.role)
		s.decodeCohereMessage(t, &m)
	case "tool-call-start":
		s.decodeCohereCalls(t, m.calls, s.cohereIndex(t, e.index, len(t.calls)))
	case "tool-call-delta":
		s.decodeCohereCalls(t, m.calls, s.cohereIndex(t, e.index, len(t.calls)-1))
	case "tool-call-end":
		if at := t.callAt(s.cohereIndex(t, e.index, len(t.calls)-1)); at >= 0 {
			s.endToolCall(t, at)
		}
	case "message-end":
		if v := member(e.delta, "error"); s.isError(v) {
			s.addError(-1, v, nil)
		}
		s.endCohere(t, delta.finish, delta.usage)
	case "tool-calls-generation", "tool-calls-chunk":
		if t.marks&sawToolPlan == 0 || string(e.typ) == "tool-calls-chunk" { // else it is there once more
			s.addToolPlan(t, e.text)
		}
		s.decodeCohereV1Calls(t, &e)
	case "stream-end":
		s.decodeCohereEnd(t, &e)
	default:
		if e.finished.GetBool() { // of the older generate
			s.decodeCohereEnd(t, &e)
			return
		}
		text, _ := s.string(e.text, &t.high.content)
		if len(text) > 0 {
			t.marks |= sawDelta
		}
		s.addTextOf("text", xKindContent, t.index, text)
		s.addCitation(t, e.citations)
		s.decodeCohereMessage(t, &m)
	}
}

func isCohereType(typ []byte) bool {
	switch string(typ) {
	case "message-start", "content-start", "content-delta", "content-end", "message-end",
		"tool-plan-delta", "tool-call-start", "tool-call-delta", "tool-call-end",
		"citation-start", "citation-end":
		return true
	}
	return false
}

// startCohere tells the id of the stream.
func (s *step) startCohere(t *choiceTrack, e *cohereEvent) {
	id := e.id
	if id == nil {
		id = e.generation
	}
	s.tellStart(xStart{ID: s.wordUnless(s.told.id, id)})
}

// cohereMessage are the members of a message, whole or in a delta.
type cohereMessage struct {
	role, content, plan, calls, citations *fastjson.Value
}

func (m *cohereMessage) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "role":
			m.role = v
		case "content":
			m.content = v
		case "tool_plan":
			m.plan = v
		case "tool_calls":
			m.calls = v
		case "citations":
			m.citations = v
		}
	})
}

// decodeCohereMessage adds what a message says but for its tool calls.
func (s *step) decodeCohereMessage(t *choiceTrack, m *cohereMessage) {
	s.addToolPlan(t, m.plan)
	if text, ok := s.string(m.content, &t.high.content); ok {
		s.addText(xKindContent, t.index, text)
	}
	s.decodeCohereContent(t, m.content)
	for _, v := range m.content.GetArray() {
		s.decodeCohereContent(t, v)
	}
	s.addCitation(t, m.citations)
}

func (s *step) decodeCohereContent(t *choiceTrack, v *fastjson.Value) {
	var text, thinking *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "text":
			text = v
		case "thinking":
			thinking = v
		}
	})
	reasoning, _ := s.string(thinking, &t.high.reasoning)
	s.addTextOf("thinking", xKindReasoning, t.index, reasoning)
	content, _ := s.string(text, &t.high.content)
	s.addTextOf("text", xKindContent, t.index, content)
}

var typeToolPlan = []byte("tool_plan")

// addToolPlan adds what the model says about the calls that it is going to make.
// It is neither answer nor reasoning, but has to be sent back with the calls: it
// is a detail beside the reasoning.
func (s *step) addToolPlan(t *choiceTrack, v *fastjson.Value) {
	if text := s.word(v); len(text) > 0 {
		s.delivered, s.stateful = true, true
		t.marks |= sawToolPlan
		s.details = append(s.details, xReasoningDetail{Index: -1, Type: typeToolPlan, Text: text})
		s.add(xKindReasoning, t.index).Detail = &s.details[len(s.details)-1]
	}
}

// cohereIndex returns the index of an event, or without one the other.
func (s *step) cohereIndex(t *choiceTrack, v *fastjson.Value, other int) int {
	if n, ok := s.index(v); ok {
		return n
	}
	return other
}

// decodeCohereCalls begins or continues the call at an index. tool_calls is mostly
// an object, of one call (N-01).
func (s *step) decodeCohereCalls(t *choiceTrack, v *fastjson.Value, index int) {
	for i, one := range v.GetArray() {
		s.decodeCohereCalls(t, one, index+i)
	}
	if v.GetObject() == nil {
		return
	}
	var c chatCall
	c.read(v)
	at := t.callAt(index)
	if id, name := s.word(c.id), s.word(c.name); len(id)+len(name) > 0 || at < 0 {
		if at = s.beginToolCall(t, index, id, name, typeFunction); at < 0 {
			return
		}
	}
	s.argueToolCall(t, at, c.textMember, c.arguments)
}

// decodeCohereV1Calls adds calls of version 1: in pieces, and then once more as a
// whole, or only that. They have no ids.
func (s *step) decodeCohereV1Calls(t *choiceTrack, e *cohereEvent) {
	var name, parameters, index *fastjson.Value
	read := func(v *fastjson.Value) {
		name, parameters, index = nil, nil, nil
		v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
			switch string(key) {
			case "name":
				name = v
			case "parameters":
				parameters = v
			case "index":
				index = v
			}
		})
	}
	if e.call.GetObject() != nil {
		read(e.call)
		at := t.callAt(s.cohereIndex(t, index, len(t.calls)-1))
		if word := s.word(name); len(word) > 0 {
			at = s.beginToolCall(t, s.cohereIndex(t, index, len(t.calls)), nil, word, typeFunction)
		}
		if at >= 0 {
			s.argueToolCall(t, at, "", parameters)
		}
	}
	for at, v := range e.calls.GetArray() {
		if at == len(t.calls) {
			read(v)
			if s.beginToolCall(t, at, nil, s.word(name), typeFunction) < 0 {
				return
			}
			s.argueToolCall(t, at, "", parameters)
		}
		s.endToolCall(t, at)
	}
}

// decodeCohereEnd takes the last event of version 1. It has the whole answer once
// more.
func (s *step) decodeCohereEnd(t *choiceTrack, e *cohereEvent) {
	answer := readCohere(s, e.response)
	if answer.finish == nil {
		answer.finish = e.finish
	}
	s.startCohere(t, &answer)
	s.decodeCohereAnswer(t, &answer)
	if v := member(s.root, "error"); s.isError(v) {
		s.addError(-1, v, nil)
	}
	if !s.sawDone {
		s.endStream()
	}
}

// decodeCohereAnswer takes a whole answer, of which the text may be known.
func (s *step) decodeCohereAnswer(t *choiceTrack, e *cohereEvent) {
	var m cohereMessage
	s.stateful = true
	m.read(e.message)
	s.addRole(t, m.role)
	if t.marks&sawDelta == 0 {
		if t.marks&sawToolPlan == 0 { // else the text is the plan
			text, _ := s.string(e.text, &t.high.content)
			s.addText(xKindContent, t.index, text)
		}
		s.decodeCohereMessage(t, &m)
		s.addCitation(t, e.citations)
	}
	s.decodeCohereCalls(t, m.calls, 0)
	s.decodeCohereV1Calls(t, e)
	usage := e.usage
	if usage == nil {
		usage = e.meta
	}
	s.finishCohere(t, e.finish, usage)
}

func (s *step) endCohere(t *choiceTrack, finish, usage *fastjson.Value) {
	s.finishCohere(t, finish, usage)
	s.endStream()
}

func (s *step) finishCohere(t *choiceTrack, finish, usage *fastjson.Value) {
	s.addCohereUsage(usage)
	s.addFinishOrCalls(t, s.word(finish))
}

// addCohereUsage adds the counts of the tokens that were read and written, or
// where there are none of those that are paid for. Version 1 calls the latter its
// usage, so that they are the raw one there.
func (s *step) addCohereUsage(v *fastjson.Value) {
	if v.GetObject() == nil {
		return
	}
	var tokens, billed, cached, version *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "tokens":
			tokens = v
		case "billed_units":
			billed = v
		case "cached_tokens":
			cached = v
		case "api_version":
			version = v
		}
	})
	raw := v
	if version != nil && billed != nil {
		raw = billed
	}
	text := s.raw(raw)
	var u xUsage
	for _, counts := range [...]*fastjson.Value{billed, tokens} {
		counts.GetObject().Visit(func(key []byte, v *fastjson.Value) {
			switch string(key) {
			case "input_tokens":
				s.count(&u, xUsageInput, &u.Input, v)
			case "output_tokens":
				s.count(&u, xUsageOutput, &u.Output, v)
			}
		})
	}
	if s.count(&u, xUsageCached, &u.Cached, cached); u.Reported&xUsageCached != 0 {
		u.CachedInInput = xTriYes // they are those of the prompt that were in the cache
	}
	s.addUsage(&u, text)
}
