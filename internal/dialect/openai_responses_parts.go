package dialect

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// The texts of an item stand in parts, which begin and end with events of their own. A
// part may begin with text (O-18).

// beginPart decodes the beginning of a part, which may have text already.
func (o *Responses) beginPart(s *decode.Context, e *responseEvent, index *fastjson.Value) {
	at, kind, p := o.partOf(s, e, true)
	if at < 0 {
		return
	}
	wireIndex := o.textIndex(s, index)
	text := noItem
	for i := range o.items[at].texts { // a piece of it may have come before
		if t := &o.items[at].texts[i]; t.kind == kind && !t.closed && t.announced == noIndex && t.wireIndex == wireIndex {
			text = i
		}
	}
	if text == noItem {
		text = o.newText(s, at, kind, wireIndex)
	}
	o.noteChange(s)
	t := &o.items[at].texts[text]
	t.announced = wireIndex
	if seed := s.Word(p.value(kind)); len(seed) > 0 && t.tally.Blank() {
		t.seed = bytes.Clone(seed)
	}
}

// partOf returns the part of an event, its kind, and the position of its item, or noItem.
// piece is as for find: the beginning of a part may have a piece of its text.
func (o *Responses) partOf(s *decode.Context, e *responseEvent, piece bool) (at int, kind partKind, p partMembers) {
	p.read(e.part)
	a, ok := o.addressOf(s, e.outputIndex, e.itemID, nil)
	kind, known := p.kind(s)
	if !ok || !known {
		return noItem, kind, p
	}
	if at = o.itemFor(s, a, kind.class(), piece); at < 0 {
		return noItem, kind, p
	}
	return at, o.items[at].kindOf(kind), p
}

// addSeed adds the seed of a text before its first piece, unless that piece repeats it.
func (o *Responses) addSeed(s *decode.Context, t *decode.Choice, at, text int, piece []byte) {
	it := &o.items[at].texts[text]
	if it.seed == nil {
		return
	}
	if bytes.HasPrefix(piece, it.seed) || bytes.HasPrefix(it.seed, piece) {
		it.seed = nil
		o.noteChange(s)
		return
	}
	o.giveSeed(s, t, at, text)
}

// giveSeed adds the seed of a text, since no piece repeats it.
func (o *Responses) giveSeed(s *decode.Context, t *decode.Choice, at, text int) {
	it := &o.items[at].texts[text]
	if seed := it.seed; seed != nil && o.items[at].gives(it.kind) {
		it.seed = nil
		o.noteChange(s)
		o.give(s, t, at, text, "", seed)
	}
}

// endPart decodes a part as a whole.
func (o *Responses) endPart(s *decode.Context, t *decode.Choice, e *responseEvent, index *fastjson.Value) {
	at, kind, p := o.partOf(s, e, false)
	if at < 0 {
		return
	}
	wireIndex := o.textIndex(s, index)
	news := o.takeWhole(s, t, at, kind, wireIndex, wholePart, p.value(kind))
	if list := p.annotations.GetArray(); len(list) > 0 {
		text := o.textForWhole(s, at, kind, wireIndex, 0, s.Word(p.value(kind)))
		o.addAnnotations(s, t, &o.items[at].texts[text], list)
	}
	if news {
		o.addLogprobs(s, t, p.logprobs)
	}
}

// partMembers holds the members of a part of an item.
type partMembers struct {
	typ, text, refusal, annotations, logprobs *fastjson.Value
}

func (p *partMembers) read(v *fastjson.Value) {
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

func (p *partMembers) kind(s *decode.Context) (kind partKind, ok bool) {
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

// value returns the text of the part.
func (p *partMembers) value(kind partKind) *fastjson.Value {
	if kind == partRefusal {
		return p.refusal
	}
	return p.text
}
