package llmstream

import (
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
func (o *responses) place(s *step, index, id *fastjson.Value) (n int, ok bool) {
	if isNull(index) {
		if h := hash(s.word(id)); h != 0 {
			return noIndex - 1 - int(h>>34), true
		}
		return noIndex, true
	}
	if n, ok = s.index(index); !ok || n < 0 {
		s.malformed(0, 0, len(s.data), fault.Reason("an item's index is none"))
		return 0, false
	}
	s.part = n
	return n, true
}

// textIndex returns the index of a text of an item; 0 where there is none.
func (o *responses) textIndex(s *step, v *fastjson.Value) int {
	n, _ := s.index(v)
	return max(0, n)
}

// item returns the latest message or reasoning at a place, and begins one if
// there is none; nil: there are too many.
func (o *responses) item(s *step, place int, reasoning bool) *itemTrack {
	list := o.items
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].reasoning == reasoning && (list[i].index == place || place == noIndex) {
			return &list[i]
		}
	}
	return o.newItem(s, place, reasoning)
}

func (o *responses) newItem(s *step, place int, reasoning bool) *itemTrack {
	s.stateful = true
	s.layout++
	list := o.items
	if len(list) >= s.opt.MaxToolCalls {
		s.malformed(0, 0, len(s.data), &fault.Limit{Limit: "MaxToolCalls", Max: s.opt.MaxToolCalls})
		return nil
	}
	o.items = append(list, itemTrack{index: place, reasoning: reasoning})
	return &o.items[len(list)]
}

// itemOf returns the item that an event's text belongs to; nil if there is none.
func (o *responses) itemOf(s *step, e *responseEvent, kind partKind) *itemTrack {
	place, ok := o.place(s, e.outputIndex, e.itemID)
	if !ok {
		return nil
	}
	return o.item(s, place, kind >= partReasoning)
}

// addPiece adds an event's delta to a part of an item and tells whether it is any
// text.
func (o *responses) addPiece(s *step, t *choiceTrack, e *responseEvent, kind partKind, part *fastjson.Value) bool {
	item := o.itemOf(s, e, kind)
	return item != nil && o.addPart(s, t, item, kind, o.textIndex(s, part), "delta", e.delta)
}

// addWhole adds the whole text of a part, if nothing of it has come, and tells
// whether it did.
func (o *responses) addWhole(s *step, t *choiceTrack, e *responseEvent, kind partKind, part, text *fastjson.Value) bool {
	item := o.itemOf(s, e, kind)
	return item != nil && o.addMissing(s, t, item, kind, o.textIndex(s, part), text)
}

func (o *responses) addMissing(s *step, t *choiceTrack, item *itemTrack, kind partKind, part int, text *fastjson.Value) bool {
	return !item.given[kind].has(part) && o.addPart(s, t, item, kind, part, "", text)
}

func (o *responses) addPart(s *step, t *choiceTrack, item *itemTrack, kind partKind, part int, name string, v *fastjson.Value) bool {
	as, high := xKindReasoning, &t.high.reasoning
	switch kind {
	case partText:
		as, high = xKindContent, &t.high.content
	case partRefusal:
		as, high = xKindRefusal, &t.high.refusal
	}
	text, _ := s.string(v, high)
	if len(text) == 0 && *high == 0 {
		return false
	}
	item.given[kind].add(part)
	s.addTextOf(name, as, t.index, text)
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
func (o *responses) endPart(s *step, t *choiceTrack, e *responseEvent, part *fastjson.Value) {
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

func (p *responsePart) kind(s *step) (kind partKind, ok bool) {
	switch string(s.word(p.typ)) {
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

func (o *responses) addMissingPart(s *step, t *choiceTrack, item *itemTrack, kind partKind, part int, p *responsePart) {
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
			s.add(xKindAnnotation, t.index).Text = s.raw(v)
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
func (o *responses) addMissingParts(s *step, t *choiceTrack, item *itemTrack, v *fastjson.Value, plain partKind) {
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
func (o *responses) addAnnotation(s *step, t *choiceTrack, e *responseEvent) {
	if e.annotation.GetObject() == nil {
		return
	}
	item := o.itemOf(s, e, partText)
	if item == nil {
		return
	}
	s.stateful = true
	item.annotated.add(o.textIndex(s, e.contentIndex))
	s.add(xKindAnnotation, t.index).Text = s.raw(e.annotation)
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
func (o *responses) beginItem(s *step, t *choiceTrack, e *responseEvent) {
	var m responseItem
	m.read(e.item)
	if place, ok := o.place(s, e.outputIndex, m.id); ok {
		o.beginItemAt(s, t, place, &m)
	}
}

// beginItemAt takes the beginning of an item. One without a type says nothing
// (O-05).
func (o *responses) beginItemAt(s *step, t *choiceTrack, place int, m *responseItem) {
	s.stateful = true
	if o.again {
		s.voidBlock(t)
	}
	switch typ := s.word(m.typ); string(typ) {
	case "message", "reasoning":
		if item := o.item(s, place, string(typ) == "reasoning"); item != nil && item.done {
			o.newItem(s, place, item.reasoning) // several at one place, as T-02
		}
		s.addRole(t, m.role)
	case "function_call", "custom_tool_call":
		at := s.beginToolCall(t, place, o.callID(s, m, false), s.word(m.name), callType(typ))
		if at >= 0 && string(s.word(m.status)) == "completed" { // all of it at once
			o.argueMissing(s, t, at, m.words())
			t.calls[at].given = t.calls[at].begun
		}
	case "":
	default:
		o.open++
	}
}

// endItem takes an item as a whole.
func (o *responses) endItem(s *step, t *choiceTrack, e *responseEvent) {
	var m responseItem
	m.read(e.item)
	place, ok := o.place(s, e.outputIndex, m.id)
	if !ok {
		return
	}
	s.stateful = true
	switch typ := s.word(m.typ); string(typ) {
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

func (o *responses) endMessage(s *step, t *choiceTrack, place int, m *responseItem) {
	item := o.item(s, place, false)
	if item == nil {
		return
	}
	item.done = true
	s.addRole(t, m.role)
	o.addMissingParts(s, t, item, m.content, partText)
}

var typeReasoning, formatResponses = []byte("reasoning"), []byte("openai-responses-v1")

// endReasoning takes reasoning as a whole: its text, and as one detail all that
// has to be sent back (O-11).
func (o *responses) endReasoning(s *step, t *choiceTrack, place int, m *responseItem) {
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
	detail := xReasoningDetail{
		Index: place, Type: typeReasoning, Format: formatResponses,
		ID: s.word(m.id), Summary: o.joined(s, m.summary), Text: o.joined(s, m.content), Data: s.word(m.encrypted),
	}
	if place <= endPlace {
		detail.Index = endPlace - place
	} else if place < 0 {
		detail.Index = len(o.items) - 1
	}
	s.details = append(s.details, detail)
	s.add(xKindReasoning, t.index).Detail = &s.details[len(s.details)-1]
}

// joined returns the texts of all parts in v, of which there is mostly one.
func (o *responses) joined(s *step, v *fastjson.Value) (text []byte) {
	for i, part := range v.GetArray() {
		piece := s.word(part)
		if part.GetObject() != nil {
			piece = s.word(member(part, "text"))
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
func (o *responses) addOther(s *step, t *choiceTrack, v *fastjson.Value, m *responseItem) {
	o.other, s.delivered = true, true
	kind := xKindItem
	if string(s.word(m.typ)) == "image_generation_call" && !isNull(m.result) {
		kind = xKindMedia
	}
	s.add(kind, t.index).Text = s.raw(v)
}
