package dialect

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
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

func readInteraction(s *decode.Context) (e interactionEvent) {
	s.Root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "event_type":
			e.typ = s.Word(v)
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
		e.typ = s.Type
	}
	return e
}

func detectInteraction(s *decode.Context) bool {
	e := readInteraction(s)
	return e.is() && e.error == nil
}

func (e *interactionEvent) is() bool {
	return bytes.HasPrefix(e.typ, []byte("interaction.")) ||
		e.index != nil && (bytes.HasPrefix(e.typ, []byte("step.")) || bytes.HasPrefix(e.typ, []byte("content.")))
}

func decodeInteraction(s *decode.Context) {
	e := readInteraction(s)
	if !e.is() {
		s.AddErrorObject()
		return
	}
	t := s.Choice(0)
	if usage := decode.Member(e.metadata, "usage"); usage != nil { // so far
		addInteractionUsage(s, usage)
	}
	switch string(e.typ) {
	case "step.start", "content.start":
		startStep(s, t, e.index, e.step)
	case "step.delta", "content.delta":
		decodeStepDelta(s, t, e.index, e.delta)
	case "step.stop", "content.stop":
		if i, ok := s.Index(e.index); ok {
			if at := t.CallAtIndex(i); at >= 0 {
				s.EndCall(t, at)
			}
		}
	default:
		decodeInteractionStatus(s, t, e.interaction, e.typ)
	}
	if s.IsError(e.error) {
		s.AddError(-1, e.error, nil)
	}
}

// decodeInteractionStatus takes what an event says of the interaction as a whole.
func decodeInteractionStatus(s *decode.Context, t *decode.Choice, v *fastjson.Value, typ []byte) {
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
	told := &s.Stream.Announced
	start := decode.Start{ID: s.WordIfUnknown(told.ID, id), Model: s.WordIfUnknown(told.Model, model), ServiceTier: s.WordIfUnknown(told.Tier, tier)}
	if !told.Created {
		start.Created = seconds(s, created)
	}
	s.EmitStart(start)
	if usage != nil {
		addInteractionUsage(s, usage)
	}
	if s.IsError(failure) {
		s.AddError(-1, failure, nil)
	}
	switch string(typ) {
	case "interaction.completed", "interaction.complete", "interaction.failed", "interaction.cancelled", "interaction.incomplete":
		if native := s.Word(status); t.SetFinish(native) {
			d := s.Add(decode.KindFinish, t.Index)
			d.FinishReason, d.NativeFinishReason = t.Finish, native
		}
		s.EndStream()
	}
}

// interactionStep are the members of a step, or of a delta of one.
type interactionStep struct {
	typ                                   []byte
	id, name, arguments, signature        *fastjson.Value
	text, thought, summary, content, mime *fastjson.Value
	annotations, data, uri                *fastjson.Value
}

func readStep(s *decode.Context, v *fastjson.Value) (p interactionStep) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "type":
			p.typ = s.Word(v)
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
func startStep(s *decode.Context, t *decode.Choice, index, v *fastjson.Value) {
	p := readStep(s, v)
	if string(p.typ) == "function_call" {
		decodeStepCall(s, t, index, &p)
		return
	}
	decodeStep(s, t, v, &p)
}

// decodeStepCall begins a function call, or goes on with it.
func decodeStepCall(s *decode.Context, t *decode.Choice, index *fastjson.Value, p *interactionStep) {
	i, ok := s.Index(index)
	if !ok {
		s.Malformed(t.Index, 0, len(s.Data), fault.Reason("a step's index is none"))
		return
	}
	at := t.CallAtIndex(i)
	id, name := s.Word(p.id), s.Word(p.name)
	if at < 0 && len(id)+len(name) == 0 {
		return // it is told later what is called
	}
	if len(id)+len(name) > 0 {
		if at = s.BeginCall(t, i, id, name, decode.TypeFunction); at < 0 {
			return
		}
	}
	if len(s.Word(p.signature)) > 0 {
		s.Add(decode.KindToolCall, t.Index).ToolCall = decode.ToolCallDelta{Index: at, Extra: signedExtra(s, p.signature)}
	}
	if p.arguments.GetObject() == nil || p.arguments.GetObject().Len() > 0 {
		s.AppendArguments(t, at, "", p.arguments)
	}
}

func decodeStepDelta(s *decode.Context, t *decode.Choice, index, v *fastjson.Value) {
	p := readStep(s, v)
	switch string(p.typ) {
	case "function_call", "arguments_delta":
		decodeStepCall(s, t, index, &p)
	default:
		decodeStep(s, t, v, &p)
	}
}

// decodeStep adds what a step or a delta says, if it is no function call.
func decodeStep(s *decode.Context, t *decode.Choice, v *fastjson.Value, p *interactionStep) {
	switch string(p.typ) {
	case "text", "model_output":
		text, _ := s.Text(p.text, &t.Surrogates.Content)
		s.AddTextOf("text", decode.KindContent, t.Index, text)
		for _, part := range p.content.GetArray() {
			inner := readStep(s, part)
			decodeStep(s, t, part, &inner)
		}
	case "thought", "thought_summary":
		for i, v := range [...]*fastjson.Value{p.text, p.thought, decode.Member(p.content, "text")} {
			text, _ := s.Text(v, &t.Surrogates.Reasoning)
			s.AddTextOf([...]string{"text", "thought", "text"}[i], decode.KindReasoning, t.Index, text)
		}
		for _, part := range p.summary.GetArray() {
			text, _ := s.Text(decode.Member(part, "text"), &t.Surrogates.Reasoning)
			s.AddText(decode.KindReasoning, t.Index, text)
		}
		addThoughtSignature(s, t, p.signature, true, nil)
	case "thought_signature":
		addThoughtSignature(s, t, p.signature, true, nil)
	case "image", "audio", "video", "document":
		if p.data != nil || p.uri != nil {
			s.AddMedia(t, v)
		}
	}
	for _, one := range p.annotations.GetArray() {
		s.AddCitation(t, one)
	}
}

// addInteractionUsage adds the counts so far.
func addInteractionUsage(s *decode.Context, v *fastjson.Value) {
	if v.GetObject() == nil {
		return
	}
	raw := s.Raw(v)
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
	var u decode.Usage
	s.SetCount(&u, decode.UsageInput, &u.Input, input)
	s.SetCount(&u, decode.UsageOutput, &u.Output, output)
	s.SetCount(&u, decode.UsageTotal, &u.Total, total)
	s.SetCount(&u, decode.UsageCached, &u.Cached, cached)
	s.SetCount(&u, decode.UsageReasoning, &u.Reasoning, reasoning)
	u = completeGoogleUsage(&s.Usage, u)
	s.AddUsage(&u, raw)
}
