package dialect

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/valyala/fastjson"
)

// Events that hold a response repeat the request, with instructions and tools of
// 100 KB and more; those that end a part, an item and the response each repeat the
// whole text of it (O-06, O-09). What nobody looks at is left out before the parser
// sees it, in the one pass that proves the event to be JSON.

const (
	// leanEvent is the size from which an event is worth to be gone over.
	LeanEvent = 4 << 10
	// leanText is the size from which a text is worth to be left out.
	leanText = 512
)

// leanPlace is which object of an event a member is in.
type leanPlace uint8

const (
	inEvent leanPlace = iota
	inResponse
	inItem
	inPart
)

// leanCopy is an event without what nobody looks at, as far as it has come.
type leanCopy struct {
	data   []byte // the event
	lean   []byte // so far, with null for each value that is left out
	copied int    // how much of data is in it
	values int    // that have come
	// output: the output of the response is needed. texts: a text was left out, which
	// may be needed; see textsKnown.
	output, texts bool
}

// parseLeanResponse parses the event, data, without what decodeResponses will not
// look at. !ok: it is to be parsed as it is.
func (o *Responses) ParseLeanResponse(s *decode.Context, data []byte) (ok bool) {
	if len(data) < LeanEvent {
		return false
	}
	l := leanCopy{data: data, lean: s.Pruned[:0], output: len(s.Choices) == 0 || !o.outputKnown(s, &s.Choices[0])}
	if l.object(0, inEvent) != len(data) || l.values > s.Limits.MaxValues {
		return false
	}
	if l.copied > 0 {
		if s.Pruned = append(l.lean, data[l.copied:]...); s.ParseValid(s.Pruned) && (!l.texts || o.textsKnown(s)) {
			return true
		}
	}
	return s.ParseValid(data)
}

// object goes over the object at an offset and returns where it ends; -1: that is
// not known, as in skipJSON.
func (l *leanCopy) object(at int, in leanPlace) (end int) {
	l.values++
	if at = jsonscan.SkipSpace(l.data, at+1); at < len(l.data) && l.data[at] == '}' {
		return at + 1
	}
	for {
		var key []byte
		if key, at = jsonscan.SkipKey(l.data, at); at < 0 || at == len(l.data) {
			return -1
		}
		if at = l.member(key, at, in); at < 0 {
			return -1
		}
		var done bool
		if at, done = l.goOn(at, '}'); done {
			return at
		}
	}
}

// goOn goes from behind one element of an object or a list to the next. done: there is
// none, since what ends with this byte ends there; or, where at is -1, that is not known.
func (l *leanCopy) goOn(from int, closing byte) (at int, done bool) {
	at = jsonscan.SkipSpace(l.data, from)
	switch {
	case at == len(l.data):
	case l.data[at] == ',':
		return jsonscan.SkipSpace(l.data, at+1), false
	case l.data[at] == closing:
		return at + 1, true
	}
	return -1, true
}

// member goes over the value at an offset, which has this key there. A key that
// holds escapes may be any.
func (l *leanCopy) member(key []byte, at int, in leanPlace) (end int) {
	c := l.data[at]
	leave := false
	switch in {
	case inEvent:
		switch string(key) {
		case "response":
			if c == '{' {
				return l.object(at, inResponse)
			}
		case "item":
			if c == '{' {
				return l.object(at, inItem)
			}
		case "part":
			if c == '{' {
				return l.object(at, inPart)
			}
		}
	case inItem:
		if c == '[' && string(key) == "content" {
			return l.parts(at)
		}
	case inResponse:
		leave = !isResponseMember(key) && bytes.IndexByte(key, '\\') < 0 || !l.output && string(key) == "output"
	}
	end, values := jsonscan.Skip(l.data, at)
	l.values += values
	if c == '"' && end-at > leanText && string(key) == "text" {
		leave, l.texts = true, true
	}
	if leave && end > 0 {
		l.lean = append(append(l.lean, l.data[l.copied:at]...), "null"...)
		l.copied = end
	}
	return end
}

// parts goes over a list of parts.
func (l *leanCopy) parts(at int) (end int) {
	l.values++
	if at = jsonscan.SkipSpace(l.data, at+1); at < len(l.data) && l.data[at] == ']' {
		return at + 1
	}
	for at < len(l.data) && l.data[at] == '{' {
		if at = l.object(at, inPart); at < 0 {
			return -1
		}
		var done bool
		if at, done = l.goOn(at, ']'); done {
			return at
		}
	}
	return -1
}

// textsKnown tells whether all that an event says under "text" has come in pieces, so
// that nobody will look at it.
func (o *Responses) textsKnown(s *decode.Context) bool {
	var e responseEvent
	e.read(s.Root)
	place, ok := s.Index(e.outputIndex)
	if !ok {
		return false
	}
	switch string(s.Word(e.typ)) {
	case "response.output_text.done":
		return o.isGiven(s, place, partText, o.textIndex(s, e.contentIndex))
	case "response.reasoning_summary_text.done":
		return o.isGiven(s, place, partSummary, o.textIndex(s, e.summaryIndex))
	case "response.content_part.done":
		return o.partKnown(s, place, e.part, o.textIndex(s, e.contentIndex))
	case "response.reasoning_summary_part.done":
		return o.partKnown(s, place, e.part, o.textIndex(s, e.summaryIndex))
	case "response.output_item.done":
		var m responseItem
		m.read(e.item)
		known := string(s.Word(m.typ)) == "message"
		for i, v := range m.content.GetArray() {
			known = known && o.partKnown(s, place, v, i)
		}
		return known
	}
	return false
}

// partKnown tells whether the text of a part has come in pieces.
func (o *Responses) partKnown(s *decode.Context, place int, v *fastjson.Value, part int) bool {
	var p responsePart
	p.read(v)
	kind, ok := p.kind(s)
	return ok && o.isGiven(s, place, kind, part)
}

// isGiven tells whether text has come of a part of the item at a place.
func (o *Responses) isGiven(s *decode.Context, place int, kind partKind, part int) bool {
	list := o.items
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].index == place && list[i].reasoning == (kind >= partReasoning) {
			return list[i].given[kind].has(part)
		}
	}
	return false
}
