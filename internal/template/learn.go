package template

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// Free returns the place for another template, and takes the credit for learning it. The
// place is not in use, or its template has fitted nothing since Free looked at it before.
// ok is false if there is no credit. It is also false if the template at the place has
// fitted, since the stream would only learn that one again.
func (s *Set) Free() (at uint8, ok bool) {
	if s.credit < creditLearn {
		return 0, false
	}
	if at, ok = s.unused(); ok {
		s.credit -= creditLearn
	}
	return at, ok
}

func (s *Set) unused() (at uint8, ok bool) {
	for at = range uint8(Count) {
		if s.List[at].n == 0 {
			return at, true
		}
	}
	s.oldest = (s.oldest + 1) % Count
	t := &s.List[s.oldest]
	ok = !t.used
	t.used = false
	return s.oldest, ok
}

// LearnAt makes a template of an event and keeps it at this place. before and after are
// the bytes around the event's data, for events that come in a row. after is empty for
// all others. ok is false if the event is too long.
func (s *Set) LearnAt(at uint8, before, typ, data, after []byte, slots []Slot) (ok bool) {
	size := len(before) + len(data) + len(after)
	for _, slot := range slots {
		size -= slot.To - slot.From
	}
	if size > MaxLiterals || len(typ) > maxType {
		return false
	}
	s.List[at].set(before, typ, data, after, slots)
	s.List[s.recent].next, s.recent = at, at
	s.List[at].next = at
	s.misses, s.rest = min(s.misses, missesNew), 0
	return true
}

// FindSlots appends the slots of an event to slots, up to its capacity. slotOf returns
// what the member with this name holds, if its value may differ. rest is the event from
// that value on.
//
// ok is false if it is not clear where the slots are. A value that the caller uses must
// be the only one with that use in the whole event. No name may be written with escapes,
// so that no other value can be taken for it.
func FindSlots(data []byte, slots []Slot, slotOf func(name, rest []byte) (kind SlotKind, use uint8, ok bool)) (_ []Slot, ok bool) {
	var found [1 << 8 / 64]uint64 // uses, a bit for each
	for at := 0; at < len(data); {
		if data[at] != '"' {
			at++
			continue
		}
		end := at + jsonscan.StringLen(data[at:])
		name := data[at+1 : max(at+1, end-1)]
		at = end
		colon := jsonscan.SkipSpace(data, end)
		if colon == len(data) || data[colon] != ':' {
			continue
		}
		begin := jsonscan.SkipSpace(data, colon+1)
		kind, use, ok := slotOf(name, data[begin:])
		if !ok {
			continue
		}
		slot := slotAt(data, begin, kind)
		if use > 0 {
			bit := uint64(1) << (use % 64)
			if found[use/64]&bit != 0 || slot.To == 0 && kind != Number1 {
				return slots, false
			}
			found[use/64] |= bit
		}
		if slot.To > 0 {
			if len(slots) == cap(slots) {
				return slots, false
			}
			slot.Use = use
			slots = append(slots, slot)
			if at = slot.To; kind <= String {
				at++ // the quote
			}
		}
	}
	if end := len(data) - 1; len(slots) > 0 && len(slots) < cap(slots) && data[end] == '}' && data[end-1] == ' ' {
		// Anthropic pads its events there, with more spaces or fewer.
		slots = append(slots, Slot{Kind: Space, From: len(bytes.TrimRight(data[:end], " ")), To: end})
	}
	from := 0
	for _, slot := range slots {
		if bytes.IndexByte(data[from:slot.From], '\\') >= 0 {
			return slots, false
		}
		from = slot.To
	}
	return slots, bytes.IndexByte(data[from:], '\\') < 0
}

// slotAt returns the value at b[at] as a slot. The end of the slot is 0 if the value has
// another kind.
func slotAt(b []byte, at int, kind SlotKind) Slot {
	if kind > String {
		end := skipValue(b, at, kind)
		if end == at || end >= len(b) || bytes.IndexByte([]byte(",}] "), b[end]) < 0 {
			return Slot{}
		}
		return Slot{Kind: kind, From: at, To: end}
	}
	if at == len(b) || b[at] != '"' {
		return Slot{}
	}
	at++
	return Slot{Kind: kind, From: at, To: at + jsonscan.StringLen(b[at-1:]) - 2}
}
