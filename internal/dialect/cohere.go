package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

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

func readCohere(s *decode.Context, v *fastjson.Value) (e cohereEvent) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "type", "event_type":
			e.typ = s.Word(v)
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
		e.typ = s.Type
	}
	return e
}

func detectCohere(s *decode.Context) bool {
	e := readCohere(s, s.Root)
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

func decodeCohere(s *decode.Context) {
	e := readCohere(s, s.Root)
	if e.finished == nil && !e.isAnswer() && !isCohereType(e.typ) {
		s.AddErrorObject()
		return
	}
	t := s.Choice(0)
	if e.isAnswer() {
		startCohere(s, t, &e)
		decodeCohereAnswer(s, t, &e)
		return
	}
	var m cohereMessage
	delta := readCohere(s, e.delta)
	m.read(delta.message)
	switch string(e.typ) {
	case "message-start", "stream-start":
		startCohere(s, t, &e)
		s.AddRole(t, m.role)
		decodeCohereMessage(s, t, &m)
	case "tool-call-start":
		decodeCohereCalls(s, t, m.calls, cohereIndex(s, t, e.index, len(t.Calls)))
	case "tool-call-delta":
		decodeCohereCalls(s, t, m.calls, cohereIndex(s, t, e.index, len(t.Calls)-1))
	case "tool-call-end":
		if at := t.CallAtIndex(cohereIndex(s, t, e.index, len(t.Calls)-1)); at >= 0 {
			s.EndCall(t, at)
		}
	case "message-end":
		if v := decode.Member(e.delta, "error"); s.IsError(v) {
			s.AddError(-1, v, nil)
		}
		endCohere(s, t, delta.finish, delta.usage)
	case "tool-calls-generation", "tool-calls-chunk":
		if t.Marks&sawToolPlan == 0 || string(e.typ) == "tool-calls-chunk" { // else it is there once more
			addToolPlan(s, t, e.text)
		}
		decodeCohereV1Calls(s, t, &e)
	case "stream-end":
		decodeCohereEnd(s, t, &e)
	default:
		if e.finished.GetBool() { // of the older generate
			decodeCohereEnd(s, t, &e)
			return
		}
		text, _ := s.Text(e.text, &t.Surrogates.Content)
		if len(text) > 0 {
			t.Marks |= sawDelta
		}
		s.AddTextOf("text", decode.KindContent, t.Index, text)
		s.AddCitation(t, e.citations)
		decodeCohereMessage(s, t, &m)
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
func startCohere(s *decode.Context, t *decode.Choice, e *cohereEvent) {
	id := e.id
	if id == nil {
		id = e.generation
	}
	s.EmitStart(decode.Start{ID: s.WordIfUnknown(s.Announced.ID, id)})
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
func decodeCohereMessage(s *decode.Context, t *decode.Choice, m *cohereMessage) {
	addToolPlan(s, t, m.plan)
	if text, ok := s.Text(m.content, &t.Surrogates.Content); ok {
		s.AddText(decode.KindContent, t.Index, text)
	}
	decodeCohereContent(s, t, m.content)
	for _, v := range m.content.GetArray() {
		decodeCohereContent(s, t, v)
	}
	s.AddCitation(t, m.citations)
}

func decodeCohereContent(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	var text, thinking *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "text":
			text = v
		case "thinking":
			thinking = v
		}
	})
	reasoning, _ := s.Text(thinking, &t.Surrogates.Reasoning)
	s.AddTextOf("thinking", decode.KindReasoning, t.Index, reasoning)
	content, _ := s.Text(text, &t.Surrogates.Content)
	s.AddTextOf("text", decode.KindContent, t.Index, content)
}

var typeToolPlan = []byte("tool_plan")

// addToolPlan adds what the model says about the calls that it is going to make.
// It is neither answer nor reasoning, but has to be sent back with the calls: it
// is a detail beside the reasoning.
func addToolPlan(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	if text := s.Word(v); len(text) > 0 {
		s.Delivered, s.Contextual = true, true
		t.Marks |= sawToolPlan
		s.AddDetail(t.Index, decode.ReasoningDetail{Index: -1, Type: typeToolPlan, Text: text})
	}
}

// cohereIndex returns the index of an event, or without one the other.
func cohereIndex(s *decode.Context, t *decode.Choice, v *fastjson.Value, other int) int {
	if n, ok := s.Index(v); ok {
		return n
	}
	return other
}

// decodeCohereCalls begins or continues the call at an index. tool_calls is mostly
// an object, of one call (N-01).
func decodeCohereCalls(s *decode.Context, t *decode.Choice, v *fastjson.Value, index int) {
	for i, one := range v.GetArray() {
		decodeCohereCalls(s, t, one, index+i)
	}
	if v.GetObject() == nil {
		return
	}
	var c chatCall
	c.read(v)
	at := t.CallAtIndex(index)
	if id, name := s.Word(c.id), s.Word(c.name); len(id)+len(name) > 0 || at < 0 {
		if at = s.BeginCall(t, index, id, name, decode.TypeFunction); at < 0 {
			return
		}
	}
	s.AppendArguments(t, at, c.textMember, c.arguments)
}

// decodeCohereV1Calls adds calls of version 1: in pieces, and then once more as a
// whole, or only that. They have no ids.
func decodeCohereV1Calls(s *decode.Context, t *decode.Choice, e *cohereEvent) {
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
		at := t.CallAtIndex(cohereIndex(s, t, index, len(t.Calls)-1))
		if word := s.Word(name); len(word) > 0 {
			at = s.BeginCall(t, cohereIndex(s, t, index, len(t.Calls)), nil, word, decode.TypeFunction)
		}
		if at >= 0 {
			s.AppendArguments(t, at, "", parameters)
		}
	}
	for at, v := range e.calls.GetArray() {
		if at == len(t.Calls) {
			read(v)
			if s.BeginCall(t, at, nil, s.Word(name), decode.TypeFunction) < 0 {
				return
			}
			s.AppendArguments(t, at, "", parameters)
		}
		s.EndCall(t, at)
	}
}

// decodeCohereEnd takes the last event of version 1. It has the whole answer once
// more.
func decodeCohereEnd(s *decode.Context, t *decode.Choice, e *cohereEvent) {
	answer := readCohere(s, e.response)
	if answer.finish == nil {
		answer.finish = e.finish
	}
	startCohere(s, t, &answer)
	decodeCohereAnswer(s, t, &answer)
	if v := decode.Member(s.Root, "error"); s.IsError(v) {
		s.AddError(-1, v, nil)
	}
	if !s.SawDone {
		s.EndStream()
	}
}

// decodeCohereAnswer takes a whole answer, of which the text may be known.
func decodeCohereAnswer(s *decode.Context, t *decode.Choice, e *cohereEvent) {
	var m cohereMessage
	s.Contextual = true
	m.read(e.message)
	s.AddRole(t, m.role)
	if t.Marks&sawDelta == 0 {
		if t.Marks&sawToolPlan == 0 { // else the text is the plan
			text, _ := s.Text(e.text, &t.Surrogates.Content)
			s.AddText(decode.KindContent, t.Index, text)
		}
		decodeCohereMessage(s, t, &m)
		s.AddCitation(t, e.citations)
	}
	decodeCohereCalls(s, t, m.calls, 0)
	decodeCohereV1Calls(s, t, e)
	usage := e.usage
	if usage == nil {
		usage = e.meta
	}
	finishCohere(s, t, e.finish, usage)
}

func endCohere(s *decode.Context, t *decode.Choice, finish, usage *fastjson.Value) {
	finishCohere(s, t, finish, usage)
	s.EndStream()
}

func finishCohere(s *decode.Context, t *decode.Choice, finish, usage *fastjson.Value) {
	addCohereUsage(s, usage)
	s.AddFinishOrCalls(t, s.Word(finish))
}

// addCohereUsage adds the counts of the tokens that were read and written, or
// where there are none of those that are paid for. Version 1 calls the latter its
// usage, so that they are the raw one there.
func addCohereUsage(s *decode.Context, v *fastjson.Value) {
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
	text := s.Raw(raw)
	var u decode.Usage
	for _, counts := range [...]*fastjson.Value{billed, tokens} {
		counts.GetObject().Visit(func(key []byte, v *fastjson.Value) {
			switch string(key) {
			case "input_tokens":
				s.SetCount(&u, decode.UsageInput, &u.Input, v)
			case "output_tokens":
				s.SetCount(&u, decode.UsageOutput, &u.Output, v)
			}
		})
	}
	if s.SetCount(&u, decode.UsageCached, &u.Cached, cached); u.Reported&decode.UsageCached != 0 {
		u.CachedInInput = decode.TriYes // they are those of the prompt that were in the cache
	}
	s.AddUsage(&u, text)
}
