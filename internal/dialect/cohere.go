package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// Cohere's chat API: https://docs.cohere.com/v2/docs/streaming. Version 2 sends events
// with a type, a delta and usually an index. Version 1 sends lines with an event_type and
// is_finished. Both end with an event that has the finish reason and the counts.

// cohere decodes the streams of both versions.
type cohere struct {
	gaveText bool // text has come in pieces of version 1, whose last event repeats the whole text
	gavePlan bool // the plan for the calls has come; see addToolPlan
}

func (h *cohere) Reset() { *h = cohere{} }

// cohereEvent holds the members of an event of either version, and of a whole answer.
type cohereEvent struct {
	typ                   []byte
	index, delta          *fastjson.Value // version 2
	finished, text, calls *fastjson.Value // version 1
	call, citations       *fastjson.Value
	response, meta        *fastjson.Value
	id, generation        *fastjson.Value // of version 2 and of version 1
	message, usage        *fastjson.Value // of a whole answer of version 2
	finish, generations   *fastjson.Value // generations is the whole answer of the older generate
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
		case "generations":
			e.generations = v
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
	case "message-start", "content-start", "content-delta", "tool-plan-delta", "tool-call-start", "message-end",
		"stream-start", "text-generation", "stream-end":
		return true
	}
	return e.finished != nil || e.isAnswer(s)
}

// isAnswer reports whether the object is a whole answer, and not an event (F-26). The
// older forms have no finish reason (N-12).
func (e *cohereEvent) isAnswer(s *decode.Context) bool {
	return len(e.typ) == 0 && e.finished == nil &&
		(e.finish != nil && e.id != nil && e.message.GetObject() != nil || e.generation != nil && e.text != nil ||
			s.IsArray(e.generations) && e.id != nil)
}

func (h *cohere) Decode(s *decode.Context) {
	e := readCohere(s, s.Root)
	// Some servers leave out is_finished, and some leave out event_type too (N-11).
	if e.finished == nil && !e.isAnswer(s) && !isCohereType(e.typ) && e.text == nil {
		s.AddErrorObject()
		return
	}
	if e.isAnswer(s) {
		h.decodeWhole(s, &e)
		return
	}
	t := s.Choice(0)
	var m cohereMessage
	delta := readCohere(s, e.delta)
	m.read(delta.message)
	switch string(e.typ) {
	case "message-start", "stream-start":
		startCohere(s, t, &e)
		s.AddRole(t, m.role)
		h.decodeMessage(s, t, &m)
	case "tool-call-start":
		s.PiecesOnly = true
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
		if !h.gavePlan || string(e.typ) == "tool-calls-chunk" { // else the event repeats the plan
			h.addToolPlan(s, t, e.text)
		}
		decodeCohereV1Calls(s, t, &e)
	case "stream-end":
		h.decodeEnd(s, t, &e)
	default:
		if e.finished.GetBool() { // of the older generate
			h.decodeEnd(s, t, &e)
			return
		}
		text, _ := s.Text(e.text, &t.Surrogates.Content)
		if len(text) > 0 {
			h.gaveText = true
		}
		s.AddTextOf("text", decode.KindContent, t.Index, text)
		s.AddCitation(t, e.citations)
		h.decodeMessage(s, t, &m)
	}
}

// isCohereType reports whether an event of either version has this type.
func isCohereType(typ []byte) bool {
	switch string(typ) {
	case "message-start", "content-start", "content-delta", "content-end", "message-end",
		"tool-plan-delta", "tool-call-start", "tool-call-delta", "tool-call-end",
		"citation-start", "citation-end",
		"stream-start", "search-queries-generation", "search-results", "text-generation", "citation-generation",
		"tool-calls-generation", "tool-calls-chunk", "stream-end":
		return true
	}
	return false
}

// startCohere gives the id of the stream.
func startCohere(s *decode.Context, t *decode.Choice, e *cohereEvent) {
	id := e.id
	if id == nil {
		id = e.generation
	}
	s.EmitStart(decode.Start{ID: s.WordIfUnknown(s.Announced.ID, id)})
}

// cohereMessage holds the members of a message, whole or in a delta.
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

// decodeMessage adds all of a message except its tool calls.
func (h *cohere) decodeMessage(s *decode.Context, t *decode.Choice, m *cohereMessage) {
	h.addToolPlan(s, t, m.plan)
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

// addToolPlan adds the text in which the model announces its calls. The text is neither
// answer nor reasoning, but it has to be sent back with the calls. So it becomes a detail
// beside the reasoning.
func (h *cohere) addToolPlan(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	if text := s.Word(v); len(text) > 0 {
		s.Delivered, s.Contextual = true, true
		h.gavePlan = true
		s.AddDetail(t.Index, decode.ReasoningDetail{Index: -1, Type: typeToolPlan, Text: text})
	}
}

// cohereIndex returns the index of an event, or other if the event has no index.
func cohereIndex(s *decode.Context, t *decode.Choice, v *fastjson.Value, other int) int {
	if n, ok := s.Index(v); ok {
		return n
	}
	return other
}

// decodeCohereCalls begins or continues the calls of an event. index is the index of the
// first call. tool_calls is usually an object with one call (N-01).
func decodeCohereCalls(s *decode.Context, t *decode.Choice, v *fastjson.Value, index int) {
	t.List++
	for i, one := range v.GetArray() {
		decodeCohereCall(s, t, one, index+i)
	}
	decodeCohereCall(s, t, v, index)
}

func decodeCohereCall(s *decode.Context, t *decode.Choice, v *fastjson.Value, index int) {
	if v.GetObject() == nil {
		return
	}
	var c chatCall
	c.read(v)
	at := t.CallAtIndex(index)
	key := decode.CallKey{ID: s.Word(c.id), Name: s.Word(c.name), Index: index, Indexed: true}
	if len(key.ID)+len(key.Name) > 0 || at < 0 {
		if at = s.BeginCall(t, index, key.ID, key.Name, decode.TypeFunction); at < 0 {
			return
		}
	}
	text, _ := s.Text(c.arguments, nil)
	switch t.Repeats(at, &key, text) {
	case decode.SameCall: // T-33
		s.Contextual = true
	case decode.NewValue, decode.AnotherCall: // the index says that it is this call
		s.RestartCall(t, at, text)
	default:
		s.AppendArguments(t, at, c.textMember, c.arguments)
	}
	t.Calls[at].List = t.List
}

// decodeCohereV1Calls adds calls of version 1, which have no ids. They come in pieces and
// then as a whole, or only as a whole.
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
		read(v)
		if at == len(t.Calls) {
			if s.BeginCall(t, at, nil, s.Word(name), decode.TypeFunction) < 0 {
				return
			}
			s.AppendArguments(t, at, "", parameters)
		} else if !t.Calls[at].HasEnded() {
			settleCohereV1Call(s, t, at, s.Word(name), parameters)
		}
		s.EndCall(t, at)
	}
}

// settleCohereV1Call compares a whole call with what the pieces gave (O-17).
func settleCohereV1Call(s *decode.Context, t *decode.Choice, at int, name []byte, parameters *fastjson.Value) {
	call := &t.Calls[at]
	if len(name) > 0 && call.Name != decode.Hash(name) { // another call, or one more, was lost
		s.Conflicts++
		call.Break()
		return
	}
	if parameters.GetObject() == nil {
		return
	}
	if whole := s.JSONOf(parameters); !call.HasArgumentsOf(whole) && (len(whole) > len("{}") || call.HasArguments) {
		s.RestartCall(t, at, whole)
	}
}

// decodeEnd decodes the last event of version 1, which repeats the whole answer.
func (h *cohere) decodeEnd(s *decode.Context, t *decode.Choice, e *cohereEvent) {
	answer := readCohere(s, e.response)
	if answer.finish == nil {
		answer.finish = e.finish
	}
	startCohere(s, t, &answer)
	h.decodeAnswer(s, t, &answer)
	if v := decode.Member(s.Root, "error"); s.IsError(v) {
		s.AddError(-1, v, nil)
	}
	if !s.SawDone {
		s.EndStream()
	}
}

// decodeWhole decodes an answer in place of a stream. The answer is complete.
func (h *cohere) decodeWhole(s *decode.Context, e *cohereEvent) {
	t := s.Choice(0)
	startCohere(s, t, e)
	h.decodeAnswer(s, t, e)
	for i, v := range e.generations.GetArray() {
		one := readCohere(s, v)
		t := s.Choice(i)
		if t == nil {
			return
		}
		text, _ := s.Text(one.text, &t.Surrogates.Content)
		s.AddText(decode.KindContent, t.Index, text)
		s.AddFinish(t, s.Word(one.finish))
	}
	if !s.Finished() {
		s.EndStream()
	}
}

// decodeAnswer decodes a whole answer. Its text may have come before.
func (h *cohere) decodeAnswer(s *decode.Context, t *decode.Choice, e *cohereEvent) {
	var m cohereMessage
	s.Contextual = true
	m.read(e.message)
	s.AddRole(t, m.role)
	if !h.gaveText {
		if !h.gavePlan { // else the text is the plan
			text, _ := s.Text(e.text, &t.Surrogates.Content)
			s.AddText(decode.KindContent, t.Index, text)
		}
		h.decodeMessage(s, t, &m)
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

// addCohereUsage adds the counts of the tokens that were read and written. If these are
// missing, it adds the billed ones. Version 1 calls the billed counts its usage, so there
// they are the raw usage.
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
			case "reasoning_tokens": // U-19
				s.SetCount(&u, decode.UsageReasoning, &u.Reasoning, v)
			}
		})
	}
	if s.SetCount(&u, decode.UsageCached, &u.Cached, cached); u.Reported&decode.UsageCached != 0 {
		u.CachedInInput = decode.TriYes // the cached tokens are a part of the prompt
	}
	s.AddUsage(&u, text)
}
