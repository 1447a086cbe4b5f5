package llmstream

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

// Google's Interactions API: https://ai.google.dev/api/interactions-api. It shares
// a model with streamGenerateContent and not one event: an interaction is a row of
// steps, each with a type, of which deltas come by index between a start and a
// stop. Its earlier form calls the steps contents and its events otherwise.

// interactionEvent are the members of an event.
type interactionEvent struct {
	typ                                              []byte
	index, interaction, step, delta, metadata, error *fastjson.Value
}

func readInteraction(s *step) (e interactionEvent) {
	s.root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "event_type":
			e.typ = s.word(v)
		case "index":
			e.index = v
		case "interaction":
			e.interaction = v
		case "step", "content":
			e.step = v
		case "delta":
			e.delta = v
		case "metadata":
			e.metadata = v
		case "error":
			e.error = v
		}
	})
	if len(e.typ) == 0 {
		e.typ = s.typ
	}
	return e
}

func detectInteraction(s *step) bool {
	e := readInteraction(s)
	return e.is() && e.error == nil
}

func (e *interactionEvent) is() bool {
	return bytes.HasPrefix(e.typ, []byte("interaction.")) ||
		e.index != nil && (bytes.HasPrefix(e.typ, []byte("step.")) || bytes.HasPrefix(e.typ, []byte("content.")))
}

func decodeInteraction(s *step) {
	e := readInteraction(s)
	if !e.is() {
		s.addErrorObject()
		return
	}
	t := s.track.choice(0, s.opt.MaxChoices)
	if usage := member(e.metadata, "usage"); usage != nil { // so far
		s.addInteractionUsage(usage)
	}
	switch string(e.typ) {
	case "step.start", "content.start":
		s.startStep(t, e.index, e.step)
	case "step.delta", "content.delta":
		s.decodeStepDelta(t, e.index, e.delta)
	case "step.stop", "content.stop":
		if i, ok := s.index(e.index); ok {
			if at := t.callAt(i); at >= 0 {
				s.endToolCall(t, at)
			}
		}
	default:
		s.decodeInteraction(t, e.interaction, e.typ)
	}
	if s.isError(e.error) {
		s.addError(-1, e.error, nil)
	}
}

// decodeInteraction takes what an event says of the interaction as a whole.
func (s *step) decodeInteraction(t *choiceTrack, v *fastjson.Value, typ []byte) {
	var id, model, created, tier, status, usage, failure *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			id = v
		case "model":
			model = v
		case "created":
			created = v
		case "service_tier":
			tier = v
		case "status":
			status = v
		case "usage":
			usage = v
		case "error":
			failure = v
		}
	})
	told := &s.track.told
	start := xStart{ID: s.wordUnless(told.id, id), Model: s.wordUnless(told.model, model), ServiceTier: s.wordUnless(told.tier, tier)}
	if !told.created {
		start.Created = s.seconds(created)
	}
	s.tellStart(start)
	if usage != nil {
		s.addInteractionUsage(usage)
	}
	if s.isError(failure) {
		s.addError(-1, failure, nil)
	}
	switch string(typ) {
	case "interaction.completed", "interaction.complete", "interaction.failed", "interaction.cancelled", "interaction.incomplete":
		if native := s.word(status); t.finished(native) {
			d := s.add(xKindFinish, t.index)
			d.FinishReason, d.NativeFinishReason = t.finish, native
		}
		s.endStream()
	}
}

// interactionStep are the members of a step, or of a delta of one.
type interactionStep struct {
	typ                                   []byte
	id, name, arguments, signature        *fastjson.Value
	text, thought, summary, content, mime *fastjson.Value
	annotations, data, uri                *fastjson.Value
}

func (s *step) readStep(v *fastjson.Value) (p interactionStep) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "type":
			p.typ = s.word(v)
		case "id":
			p.id = v
		case "name":
			p.name = v
		case "arguments":
			p.arguments = v
		case "signature":
			p.signature = v
		case "text":
			p.text = v
		case "thought":
			p.thought = v
		case "summary":
			p.summary = v
		case "content":
			p.content = v
		case "mime_type":
			p.mime = v
		case "annotations":
			p.annotations = v
		case "data":
			p.data = v
		case "uri":
			p.uri = v
		}
	})
	return p
}

// startStep begins a step. What it holds already is as good as a delta's, but for
// arguments that are {}: the real ones follow (as A-09).
func (s *step) startStep(t *choiceTrack, index, v *fastjson.Value) {
	p := s.readStep(v)
	if string(p.typ) == "function_call" {
		s.decodeStepCall(t, index, &p)
		return
	}
	s.decodeStep(t, v, &p)
}

// decodeStepCall begins a function call, or goes on with it.
func (s *step) decodeStepCall(t *choiceTrack, index *fastjson.Value, p *interactionStep) {
	i, ok := s.index(index)
	if !ok {
		s.malformed(t.index, 0, len(s.data), fault.Reason("a step's index is none"))
		return
	}
	at := t.callAt(i)
	id, name := s.word(p.id), s.word(p.name)
	if at < 0 && len(id)+len(name) == 0 {
		return // it is told later what is called
	}
	if len(id)+len(name) > 0 {
		if at = s.beginToolCall(t, i, id, name, typeFunction); at < 0 {
			return
		}
	}
	if len(s.word(p.signature)) > 0 {
		s.add(xKindToolCall, t.index).ToolCall = xToolCallDelta{Index: at, Extra: s.signedExtra(p.signature)}
	}
	if p.arguments.GetObject() == nil || p.arguments.GetObject().Len() > 0 {
		s.argueToolCall(t, at, "", p.arguments)
	}
}

func (s *step) decodeStepDelta(t *choiceTrack, index, v *fastjson.Value) {
	p := s.readStep(v)
	switch string(p.typ) {
	case "function_call", "arguments_delta":
		s.decodeStepCall(t, index, &p)
	default:
		s.decodeStep(t, v, &p)
	}
}

// decodeStep adds what a step or a delta says, if it is no function call.
func (s *step) decodeStep(t *choiceTrack, v *fastjson.Value, p *interactionStep) {
	switch string(p.typ) {
	case "text", "model_output":
		text, _ := s.string(p.text, &t.high.content)
		s.addTextOf("text", xKindContent, t.index, text)
		for _, part := range p.content.GetArray() {
			inner := s.readStep(part)
			s.decodeStep(t, part, &inner)
		}
	case "thought", "thought_summary":
		for i, v := range [...]*fastjson.Value{p.text, p.thought, member(p.content, "text")} {
			text, _ := s.string(v, &t.high.reasoning)
			s.addTextOf([...]string{"text", "thought", "text"}[i], xKindReasoning, t.index, text)
		}
		for _, part := range p.summary.GetArray() {
			text, _ := s.string(member(part, "text"), &t.high.reasoning)
			s.addText(xKindReasoning, t.index, text)
		}
		s.addThoughtSignature(t, p.signature, true, nil)
	case "thought_signature":
		s.addThoughtSignature(t, p.signature, true, nil)
	case "image", "audio", "video", "document":
		if p.data != nil || p.uri != nil {
			s.addMedia(t, v)
		}
	}
	for _, one := range p.annotations.GetArray() {
		s.addCitation(t, one)
	}
}

// addInteractionUsage adds the counts so far.
func (s *step) addInteractionUsage(v *fastjson.Value) {
	if v.GetObject() == nil {
		return
	}
	raw := s.raw(v)
	var input, output, total, cached, reasoning *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "total_input_tokens":
			input = v
		case "total_output_tokens":
			output = v
		case "total_tokens":
			total = v
		case "total_cached_tokens":
			cached = v
		case "total_thought_tokens", "total_reasoning_tokens":
			reasoning = v
		}
	})
	var u xUsage
	s.count(&u, xUsageInput, &u.Input, input)
	s.count(&u, xUsageOutput, &u.Output, output)
	s.count(&u, xUsageTotal, &u.Total, total)
	s.count(&u, xUsageCached, &u.Cached, cached)
	s.count(&u, xUsageReasoning, &u.Reasoning, reasoning)
	u = completeGoogleUsage(&s.usage, u)
	s.addUsage(&u, raw)
}
