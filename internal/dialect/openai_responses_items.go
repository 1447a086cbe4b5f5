package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

// itemTrack is what is remembered of a message or of reasoning. Of all that an
// event says of an item its index alone is the same in every event (O-03).
type itemTrack struct {
	reasoning bool
	done      bool
	index     int
	given     [partKinds]partSet // the parts of which text has come
	annotated partSet            // those of which annotations have come
}

// partSet is a set of parts of an item, by index. Those past the 63rd are one.
type partSet uint64

func (p partSet) has(part int) bool { return p&(1<<min(part, 63)) != 0 }

// add adds a part and tells whether that is news.
func (p *partSet) add(part int) bool {
	before := *p
	*p |= 1 << min(part, 63)
	return *p != before
}

type partKind uint8

const (
	partText partKind = iota
	partRefusal
	partReasoning
	partSummary
	partKinds
)

// noIndex stands for the latest item: an event does not say which it means.
const noIndex = -1

// place returns the number by which an item is known: its index, or where events
// have none, one that is made of its id. !ok: it is no index (C-16).
func (o *Responses) place(s *decode.Context, index, id *fastjson.Value) (n int, ok bool) {
	if decode.IsNull(index) {
		if h := decode.Hash(s.Word(id)); h != 0 {
			return noIndex - 1 - int(h>>34), true
		}
		return noIndex, true
	}
	if n, ok = s.Index(index); !ok || n < 0 {
		s.Malformed(0, 0, len(s.Data), fault.Reason("an item's index is none"))
		return 0, false
	}
	s.Part = n
	return n, true
}

// textIndex returns the index of a text of an item; 0 where there is none.
func (o *Responses) textIndex(s *decode.Context, v *fastjson.Value) int {
	n, _ := s.Index(v)
	return max(0, n)
}

// item returns the latest message or reasoning at a place, and begins one if
// there is none; nil: there are too many.
func (o *Responses) item(s *decode.Context, place int, reasoning bool) *itemTrack {
	list := o.items
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].reasoning == reasoning && (list[i].index == place || place == noIndex) {
			return &list[i]
		}
	}
	return o.newItem(s, place, reasoning)
}

func (o *Responses) newItem(s *decode.Context, place int, reasoning bool) *itemTrack {
	s.Contextual = true
	s.Epoch++
	list := o.items
	if len(list) >= s.Limits.MaxToolCalls {
		s.Malformed(0, 0, len(s.Data), &fault.Limit{Limit: "MaxToolCalls", Max: s.Limits.MaxToolCalls})
		return nil
	}
	o.items = append(list, itemTrack{index: place, reasoning: reasoning})
	return &o.items[len(list)]
}

// itemOf returns the item that an event's text belongs to; nil if there is none.
func (o *Responses) itemOf(s *decode.Context, e *responseEvent, kind partKind) *itemTrack {
	place, ok := o.place(s, e.outputIndex, e.itemID)
	if !ok {
		return nil
	}
	return o.item(s, place, kind >= partReasoning)
}

// addPiece adds an event's delta to a part of an item and tells whether it is any
// text.
func (o *Responses) addPiece(s *decode.Context, t *decode.Choice, e *responseEvent, kind partKind, part *fastjson.Value) bool {
	item := o.itemOf(s, e, kind)
	return item != nil && o.addPart(s, t, item, kind, o.textIndex(s, part), "delta", e.delta)
}

// addWhole adds the whole text of a part, if nothing of it has come, and tells
// whether it did.
func (o *Responses) addWhole(s *decode.Context, t *decode.Choice, e *responseEvent, kind partKind, part, text *fastjson.Value) bool {
	item := o.itemOf(s, e, kind)
	return item != nil && o.addMissing(s, t, item, kind, o.textIndex(s, part), text)
}

func (o *Responses) addMissing(s *decode.Context, t *decode.Choice, item *itemTrack, kind partKind, part int, text *fastjson.Value) bool {
	return !item.given[kind].has(part) && o.addPart(s, t, item, kind, part, "", text)
}

func (o *Responses) addPart(s *decode.Context, t *decode.Choice, item *itemTrack, kind partKind, part int, name string, v *fastjson.Value) bool {
	as, high := decode.KindReasoning, &t.Surrogates.Reasoning
	switch kind {
	case partText:
		as, high = decode.KindContent, &t.Surrogates.Content
	case partRefusal:
		as, high = decode.KindRefusal, &t.Surrogates.Refusal
	}
	text, _ := s.Text(v, high)
	if len(text) == 0 && *high == 0 {
		return false
	}
	item.given[kind].add(part)
	s.AddTextOf(name, as, t.Index, text)
	return true
}

// responsePart are the members of a part of an item.
type responsePart struct {
	typ, text, refusal, annotations, logprobs *fastjson.Value
}

func (p *responsePart) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "type":
			p.typ = v
		case "text":
			p.text = v
		case "refusal":
			p.refusal = v
		case "annotations":
			p.annotations = v
		case "logprobs":
			p.logprobs = v
		}
	})
}

// endPart adds what a part that has ended says and nothing before it has said.
func (o *Responses) endPart(s *decode.Context, t *decode.Choice, e *responseEvent, part *fastjson.Value) {
	place, ok := o.place(s, e.outputIndex, e.itemID)
	if !ok {
		return
	}
	var p responsePart
	p.read(e.part)
	kind, ok := p.kind(s)
	if !ok {
		return
	}
	if item := o.item(s, place, kind >= partReasoning); item != nil {
		o.addMissingPart(s, t, item, kind, o.textIndex(s, part), &p)
	}
}

func (p *responsePart) kind(s *decode.Context) (kind partKind, ok bool) {
	switch string(s.Word(p.typ)) {
	case "output_text", "text":
		return partText, true
	case "refusal":
		return partRefusal, true
	case "reasoning_text":
		return partReasoning, true
	case "summary_text":
		return partSummary, true
	}
	return 0, false
}

func (o *Responses) addMissingPart(s *decode.Context, t *decode.Choice, item *itemTrack, kind partKind, part int, p *responsePart) {
	switch kind {
	case partRefusal:
		o.addMissing(s, t, item, kind, part, p.refusal)
	case partText:
		var annotations []*fastjson.Value
		if !item.annotated.has(part) {
			annotations = p.annotations.GetArray()
		}
		for _, v := range annotations {
			item.annotated.add(part)
			s.Add(decode.KindAnnotation, t.Index).Text = s.Raw(v)
		}
		if o.addMissing(s, t, item, kind, part, p.text) {
			o.addLogprobs(s, t, p.logprobs)
		}
	default:
		o.addMissing(s, t, item, kind, part, p.text)
	}
}

// addMissingParts adds what the parts of a message, or of reasoning, say and
// nothing before them has said. A string is a part by itself, or all there is.
func (o *Responses) addMissingParts(s *decode.Context, t *decode.Choice, item *itemTrack, v *fastjson.Value, plain partKind) {
	for i, v := range v.GetArray() {
		var p responsePart
		p.read(v)
		if kind, ok := p.kind(s); ok && (kind >= partReasoning) == item.reasoning {
			o.addMissingPart(s, t, item, kind, i, &p)
		} else if v.GetObject() == nil {
			o.addMissing(s, t, item, plain, i, v)
		}
	}
	o.addMissing(s, t, item, plain, 0, v)
}

// addAnnotation adds one annotation.
func (o *Responses) addAnnotation(s *decode.Context, t *decode.Choice, e *responseEvent) {
	if e.annotation.GetObject() == nil {
		return
	}
	item := o.itemOf(s, e, partText)
	if item == nil {
		return
	}
	s.Contextual = true
	item.annotated.add(o.textIndex(s, e.contentIndex))
	s.Add(decode.KindAnnotation, t.Index).Text = s.Raw(e.annotation)
}

// responseItem are the members of an item.
type responseItem struct {
	typ, id, callID, name, arguments, input, status *fastjson.Value
	role, content, summary, encrypted, result       *fastjson.Value
}

func (m *responseItem) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "type":
			m.typ = v
		case "id":
			m.id = v
		case "call_id":
			m.callID = v
		case "name":
			m.name = v
		case "arguments":
			m.arguments = v
		case "input":
			m.input = v
		case "status":
			m.status = v
		case "role":
			m.role = v
		case "content":
			m.content = v
		case "summary":
			m.summary = v
		case "encrypted_content":
			m.encrypted = v
		case "result":
			m.result = v
		}
	})
}

// beginItem takes the beginning of an item.
func (o *Responses) beginItem(s *decode.Context, t *decode.Choice, e *responseEvent) {
	var m responseItem
	m.read(e.item)
	if place, ok := o.place(s, e.outputIndex, m.id); ok {
		o.beginItemAt(s, t, place, &m)
	}
}

// beginItemAt takes the beginning of an item. One without a type says nothing
// (O-05).
func (o *Responses) beginItemAt(s *decode.Context, t *decode.Choice, place int, m *responseItem) {
	s.Contextual = true
	if o.again {
		voidBlock(s, t)
	}
	switch typ := s.Word(m.typ); string(typ) {
	case "message", "reasoning":
		if item := o.item(s, place, string(typ) == "reasoning"); item != nil && item.done {
			o.newItem(s, place, item.reasoning) // several at one place, as T-02
		}
		s.AddRole(t, m.role)
	case "function_call", "custom_tool_call":
		at := s.BeginCall(t, place, o.callID(s, m, false), s.Word(m.name), callType(typ))
		if at >= 0 && string(s.Word(m.status)) == "completed" { // all of it at once
			o.argueMissing(s, t, at, m.words())
			t.Calls[at].ArgsWithStart = t.Calls[at].HasArguments
		}
	case "":
	default:
		o.open++
	}
}

// endItem takes an item as a whole.
func (o *Responses) endItem(s *decode.Context, t *decode.Choice, e *responseEvent) {
	var m responseItem
	m.read(e.item)
	place, ok := o.place(s, e.outputIndex, m.id)
	if !ok {
		return
	}
	s.Contextual = true
	switch typ := s.Word(m.typ); string(typ) {
	case "message":
		o.endMessage(s, t, place, &m)
	case "reasoning":
		o.endReasoning(s, t, place, &m)
	case "function_call", "custom_tool_call":
		o.endCall(s, t, place, &m, callType(typ))
	case "":
	default:
		o.open = max(0, o.open-1)
		o.addOther(s, t, e.item, &m)
	}
}

func (o *Responses) endMessage(s *decode.Context, t *decode.Choice, place int, m *responseItem) {
	item := o.item(s, place, false)
	if item == nil {
		return
	}
	item.done = true
	s.AddRole(t, m.role)
	o.addMissingParts(s, t, item, m.content, partText)
}

var typeReasoning, formatResponses = []byte("reasoning"), []byte("openai-responses-v1")

// endReasoning takes reasoning as a whole: its text, and as one detail all that
// has to be sent back (O-11).
func (o *Responses) endReasoning(s *decode.Context, t *decode.Choice, place int, m *responseItem) {
	item := o.item(s, place, true)
	if item == nil || item.done {
		return
	}
	item.done = true
	// Where the one has come in pieces, the other says the same in short, or once more
	// (O-06); the detail has both.
	told, inShort := item.given[partReasoning] != 0, item.given[partSummary] != 0
	if !told {
		o.addMissingParts(s, t, item, m.summary, partSummary)
	}
	if !inShort {
		o.addMissingParts(s, t, item, m.content, partReasoning)
	}
	detail := decode.ReasoningDetail{
		Index: place, Type: typeReasoning, Format: formatResponses,
		ID: s.Word(m.id), Summary: o.joined(s, m.summary), Text: o.joined(s, m.content), Data: s.Word(m.encrypted),
	}
	if place <= endPlace {
		detail.Index = endPlace - place
	} else if place < 0 {
		detail.Index = len(o.items) - 1
	}
	s.AddDetail(t.Index, detail)
}

// joined returns the texts of all parts in v, of which there is mostly one.
func (o *Responses) joined(s *decode.Context, v *fastjson.Value) (text []byte) {
	for i, part := range v.GetArray() {
		piece := s.Word(part)
		if part.GetObject() != nil {
			piece = s.Word(decode.Member(part, "text"))
		}
		if i == 0 {
			text = piece[:len(piece):len(piece)]
		} else {
			text = append(text, piece...)
		}
	}
	return text
}

// addOther adds an item of another kind: an image, or what has to go back as it
// is, such as a call of a tool that the provider runs.
func (o *Responses) addOther(s *decode.Context, t *decode.Choice, v *fastjson.Value, m *responseItem) {
	o.other, s.Delivered = true, true
	kind := decode.KindItem
	if string(s.Word(m.typ)) == "image_generation_call" && !decode.IsNull(m.result) {
		kind = decode.KindMedia
	}
	s.Add(kind, t.Index).Text = s.Raw(v)
}
