package llmstream

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// maxType is how long the SSE type of an event may be.
const maxType = 100

// learn makes a template of the event of s, if that gave a text and nothing else,
// in no way that depends on other events.
func (c *core) learn(s *step) {
	ts := &s.track.templates
	if !s.teaches() || ts.credit < creditLearn {
		return
	}
	at, ok := ts.place()
	if !ok {
		return
	}
	ts.credit -= creditLearn
	s.role.alone = s.role.alone && len(s.typ) == 0
	slots, ok := s.findSlots(make([]slot, 0, maxSlots))
	if !ok {
		return
	}
	counts, ok := s.findCounts(slots)
	if !ok {
		return
	}
	f, _ := c.wire.Framing()
	if !fits(&f, s.typ, s.data) {
		f = wire.Framing{}
	}
	ts.list[at].set(s, f, slots, counts)
	ts.follow(at)
	ts.list[at].next = at
	ts.misses, ts.rest = min(ts.misses, missesNew), 0
}

// fits tells whether an event of this type with this data may be framed so.
func fits(f *wire.Framing, typ, data []byte) bool {
	return bytes.IndexByte(data, '\n') < 0 && bytes.IndexByte(data, '\r') < 0 &&
		(f.Data != "data:" || data[0] != ' ' && (len(typ) == 0 || typ[0] != ' '))
}

// teaches tells whether the event gave a text, perhaps with a detail that says the
// same, and nothing else.
func (s *step) teaches() bool {
	gave := 1
	if s.detailMember != "" {
		gave++
	}
	if s.counted.names != nil {
		gave++
	}
	return s.given == gave && s.role.member != "" && !s.stateful &&
		(s.fragments == 0 || s.fragments == 1 && s.role.call >= 0) &&
		len(s.data) <= templateMax && len(s.typ) <= maxType
}

// slot is where a value stands in an event.
type slot struct {
	kind     slotKind
	from, to int
}

// findSlots appends the slots of the event to slots. !ok: it is not clear where they
// are. The member with the text must be the only one of its name in the whole
// event, and no name may be written with escapes, so that no other can be taken for
// it.
func (s *step) findSlots(slots []slot) (_ []slot, ok bool) {
	var found [slotSpace]bool
	for at := 0; at < len(s.data); {
		if s.data[at] != '"' {
			at++
			continue
		}
		end := at + jsonscan.StringLen(s.data[at:])
		name := s.data[at+1 : max(at+1, end-1)]
		at = end
		colon := jsonscan.SkipSpace(s.data, end)
		if colon == len(s.data) || s.data[colon] != ':' {
			continue
		}
		switch string(name) {
		case "type", "message", "detail": // of a ping or an error, if there is no text
			s.role.alone = false
		}
		kind, ok := s.slotOf(name)
		if !ok {
			continue
		}
		value := slotAt(s.data, jsonscan.SkipSpace(s.data, colon+1), kind)
		if kind <= slotDetail || kind >= slotSequence {
			if found[kind] || value.to == 0 && kind < slotOutput {
				return slots, false
			}
			found[kind] = true
		}
		if value.to > 0 {
			if len(slots) == maxSlots {
				return slots, false
			}
			slots = append(slots, value)
			if at = value.to; kind <= slotString {
				at++ // behind the quote
			}
		}
	}
	if end := len(s.data) - 1; len(slots) > 0 && len(slots) < maxSlots && s.data[end] == '}' && s.data[end-1] == ' ' {
		// Anthropic pads its events there, with more spaces or fewer.
		slots = append(slots, slot{slotSpace, len(bytes.TrimRight(s.data[:end], " ")), end})
	}
	from := 0
	for _, value := range slots {
		if bytes.IndexByte(s.data[from:value.from], '\\') >= 0 {
			return slots, false
		}
		from = value.to
	}
	return slots, found[slotText] && found[slotDetail] == (s.detailMember != "") && bytes.IndexByte(s.data[from:], '\\') < 0
}

// slotOf tells what the members of this name hold, if it may differ: a text, or what
// nobody reads wherever it stands.
func (s *step) slotOf(name []byte) (slotKind, bool) {
	switch string(name) {
	case s.role.member:
		return slotText, true
	case s.detailMember:
		return slotDetail, len(name) > 0
	case "obfuscation", "p": // C-17
		return slotString, true
	case "token_id":
		return slotNumber, true
	case "sequence_number":
		return slotSequence, s.sequence != 0
	case "created_at": // Ollama's
		return slotTime, s.told.created
	case "text": // beside a delta
		return slotString, s.role.member == "content"
	}
	return s.countKind(name)
}

// slotAt returns the value at b[at] as a slot; its end is 0 if it is of another kind.
func slotAt(b []byte, at int, kind slotKind) slot {
	end := at
	switch kind {
	case slotNumber, slotSequence, slotOutput, slotTotal, slotReasoning:
		if kind >= slotOutput && at < len(b) && b[at] == '0' {
			return slot{}
		}
		for end < len(b) && b[end]-'0' < 10 {
			end++
		}
		if end == at || end == len(b) || bytes.IndexByte([]byte(",}] "), b[end]) < 0 {
			return slot{}
		}
	default:
		if at == len(b) || b[at] != '"' {
			return slot{}
		}
		at++
		end = at + jsonscan.StringLen(b[at-1:]) - 2
	}
	return slot{kind, at, end}
}

// place returns where to keep another template: where there is none yet, or one that
// has fitted nothing since it was looked at the last time. !ok: they are all of use,
// and to replace one would be to learn that one again.
func (ts *templates) place() (at uint8, ok bool) {
	for at = range uint8(templateCount) {
		if ts.list[at].n == 0 {
			return at, true
		}
	}
	ts.oldest = (ts.oldest + 1) % templateCount
	t := &ts.list[ts.oldest]
	ok = !t.used
	t.used = false
	return ts.oldest, ok
}

// set makes t the template of the event of s with these slots.
func (t *template) set(s *step, f wire.Framing, slots []slot, found [countSlots]countSlot) {
	literals := t.literals[:0]
	from := slots[0].to
	for i := range slots {
		to := len(s.data)
		if i+1 < len(slots) {
			to = slots[i+1].from
		}
		literals = append(literals, s.data[from:to]...)
		if i+1 < len(slots) {
			from = slots[i+1].to
		} else {
			literals = append(append(literals, f.End...), f.Blank...)
		}
		t.ends[i], t.slots[i] = uint16(len(literals)), slots[i].kind
	}
	t.last = uint16(len(literals))
	frame := len(literals)
	if len(s.typ) > 0 {
		literals = append(append(append(literals, f.Event...), s.typ...), f.End...)
	}
	literals = append(literals, f.Data...)
	frame = len(literals) - frame
	literals = append(literals, s.data[:slots[0].from]...)
	t.frame, t.tail = uint8(frame), uint8(len(f.End)+len(f.Blank))
	t.head = uint16(len(literals))
	t.literals = append(literals, s.typ...)
	t.n, t.again, t.used, t.compared = uint8(len(slots)), false, false, t.ends
	t.silent = s.role.kind == xKindOther
	t.plain = s.detailMember == "" && !s.role.detailed && !t.silent
	t.layout, t.detail, t.detailed = s.layout, nil, s.role.detailed
	if s.detailMember != "" || t.detailed {
		t.detail = (*xReasoningDetail)((*ReasoningDetail)(&s.details[0]).clone())
	}
	t.part = s.part
	t.kind, t.choice, t.call, t.noEmpty = s.role.kind, int32(s.role.choice), int32(s.role.call), !s.role.alone
	if t.counted = s.counted.names != nil; t.counted {
		if t.noEmpty = true; t.counts == nil {
			t.counts = new(counts)
		}
		t.counts.learn(s, found)
	}
	if t.call >= 0 {
		t.calls = int32(len(s.choices[t.choice].calls))
	}
}
