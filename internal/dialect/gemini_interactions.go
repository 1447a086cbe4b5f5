package dialect

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

// Google's Interactions API: https://ai.google.dev/api/interactions-api. The models are
// the same as in streamGenerateContent, but the events differ: an interaction is a list
// of steps, each with a type. The deltas of a step come between its start and its stop,
// under its index. An earlier form calls the steps contents.

// interaction decodes the streams of the Interactions API.
type interaction struct {
	// gave holds the kinds of deltas that steps have given. The last event repeats all
	// steps: its steps of these kinds are not new.
	gave decode.Kind
}

func (i *interaction) Reset() { *i = interaction{} }

// interactionEvent holds the members of an event.
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
	return (e.isEvent() || isWholeInteraction(s)) && e.error == nil
}

func (e *interactionEvent) isEvent() bool {
	return bytes.HasPrefix(e.typ, []byte("interaction.")) ||
		e.index != nil && (bytes.HasPrefix(e.typ, []byte("step.")) || bytes.HasPrefix(e.typ, []byte("content.")))
}

// isWholeInteraction reports whether an object is an interaction in place of a stream.
func isWholeInteraction(s *decode.Context) bool {
	var typ, id, status, steps *fastjson.Value
	decode.Fields(s.Root, "event_type id status steps|outputs", &typ, &id, &status, &steps)
	return typ == nil && id != nil && status != nil && s.IsArray(steps)
}

func (i *interaction) Decode(s *decode.Context) {
	s.PiecesOnly = true
	e := readInteraction(s)
	if !e.isEvent() {
		if isWholeInteraction(s) {
			i.decodeStatus(s, s.Choice(0), s.Root, true)
		} else {
			s.AddErrorObject()
		}
		return
	}
	t := s.Choice(0)
	if usage := decode.Member(e.metadata, "usage"); usage != nil { // the usage so far
		addInteractionUsage(s, usage)
	}
	switch string(e.typ) {
	case "step.start", "content.start":
		startStep(s, t, e.index, e.step)
		i.note(s)
	case "step.delta", "content.delta":
		decodeStepDelta(s, t, e.index, e.delta)
		i.note(s)
	case "step.stop", "content.stop":
		if i, ok := s.Index(e.index); ok {
			if at := t.CallAtIndex(i); at >= 0 {
				s.EndCall(t, at)
			}
		}
	default:
		i.decodeStatus(s, t, e.interaction, isLastOfInteraction(e.typ))
	}
	if s.IsError(e.error) {
		s.AddError(-1, e.error, nil)
	}
}

// stepKinds are the kinds of deltas that steps give.
const stepKinds = decode.KindContent | decode.KindReasoning | decode.KindToolCall | decode.KindMedia

// note remembers what kinds of deltas have come in steps.
func (i *interaction) note(s *decode.Context) {
	i.gave |= s.Gave & stepKinds
}

// isLastOfInteraction reports whether nothing follows an event of this type.
func isLastOfInteraction(typ []byte) bool {
	switch string(typ) {
	case "interaction.completed", "interaction.complete", "interaction.failed", "interaction.cancelled", "interaction.incomplete":
		return true
	}
	return false
}

// decodeStatus decodes the members that describe the interaction as a whole.
func (i *interaction) decodeStatus(s *decode.Context, t *decode.Choice, v *fastjson.Value, last bool) {
	var id, model, created, tier, status, usage, failure, steps *fastjson.Value
	decode.Fields(v, "id model created service_tier status usage error steps|outputs", &id, &model, &created, &tier, &status, &usage, &failure, &steps)
	known := &s.Announced
	start := decode.Start{ID: s.WordIfUnknown(known.ID, id), Model: s.WordIfUnknown(known.Model, model), ServiceTier: s.WordIfUnknown(known.Tier, tier)}
	if !known.Created {
		start.Created = seconds(s, created)
	}
	s.EmitStart(start)
	if last {
		i.addMissingSteps(s, t, steps)
		addContinuation(s, t, "continuation_token", decode.Member(v, "continuation_token"))
	}
	if usage != nil {
		addInteractionUsage(s, usage)
	}
	if s.IsError(failure) {
		s.AddError(-1, failure, nil)
	}
	if last {
		if native := s.Word(status); string(native) == "requires_continuation" { // G-20
			s.AddFinishAs(t, decode.FinishLength, native)
		} else {
			s.AddFinish(t, native)
		}
		s.EndStream()
	}
}

// addMissingSteps gives the steps of a whole interaction whose kind no event has given
// (G-22).
func (i *interaction) addMissingSteps(s *decode.Context, t *decode.Choice, steps *fastjson.Value) {
	gave := i.gave
	if len(t.Calls) > 0 { // also if Limits.Kinds drops the deltas of calls
		gave |= decode.KindToolCall
	}
	for at, v := range steps.GetArray() {
		p := readStep(s, v)
		kind := decode.KindContent
		switch string(p.typ) {
		case "function_call":
			kind = decode.KindToolCall
		case "thought":
			kind = decode.KindReasoning
		case "model_output", "text":
		case "image", "audio", "video", "document":
			kind = decode.KindMedia
		default: // steps of the caller and of the provider's own tools
			continue
		}
		if gave&kind != 0 {
			continue
		}
		if kind == decode.KindToolCall {
			addStepCall(s, t, at, &p)
		} else {
			decodeStep(s, t, v, &p)
		}
	}
}

// addStepCall adds a function call that stands as a whole under an index of its own.
func addStepCall(s *decode.Context, t *decode.Choice, index int, p *interactionStep) {
	if at := s.BeginCall(t, index, s.Word(p.id), s.Word(p.name), decode.TypeFunction); at >= 0 {
		s.AppendArguments(t, at, "", p.arguments)
		s.EndCall(t, at)
	}
}

// nestedCalls is the first index of the calls that stand inside a step. It is greater
// than any index of a step.
const nestedCalls = 1 << 20

// interactionStep holds the members of a step, or of a delta of one.
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

// startStep begins a step. Its members count as a delta's do. The exception is arguments
// of {}: the real ones follow (as A-09).
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
		if len(s.Word(p.arguments)) > 0 {
			lostBeginning(s, t)
		}
		return // the name comes later
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

// decodeStep adds a step or a delta that is not a function call.
func decodeStep(s *decode.Context, t *decode.Choice, v *fastjson.Value, p *interactionStep) {
	switch string(p.typ) {
	case "text", "model_output":
		text, _ := s.Text(p.text, &t.Surrogates.Content)
		s.AddTextOf("text", decode.KindContent, t.Index, text)
		for _, part := range p.content.GetArray() {
			inner := readStep(s, part)
			if string(inner.typ) == "function_call" { // G-22
				addStepCall(s, t, nestedCalls+len(t.Calls), &inner)
			} else {
				decodeStep(s, t, part, &inner)
			}
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
	u := s.ReadCounts(v, "total_input_tokens total_output_tokens total_tokens total_cached_tokens total_thought_tokens|total_reasoning_tokens")
	u = completeGoogleUsage(&s.Usage, u)
	s.AddUsage(&u, raw)
}
