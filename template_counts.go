package llmstream

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// Gemini reports its counts so far in every event. A template of such an event
// has slots for those that differ. The report of one event says all that the
// one before has said, in the same members: so of events in a row only the last
// one's counts are to be read, unless somebody wants those of each.
//
// That is exact since no count in a slot is zero: a report of nothing but zeros
// would change nothing (U-05).

// counts is the report of usage in an event.
type counts struct {
	usage xUsage // as it stands there
	raw   []byte // the same as JSON
	slots [countSlots]countSlot
}

// countSlots is how many counts may have slots. The others do not change while
// an answer comes.
const countSlots = int(slotReasoning-slotOutput) + 1

// countSlot is where the digits of a count stand in the JSON; end 0: they are the
// same in each event.
type countSlot struct{ begin, end uint16 }

// countKind returns the slotKind of a member with this name, if it holds a count.
func (s *step) countKind(name []byte) (_ slotKind, ok bool) {
	if s.counted.names != nil {
		for i, known := range s.counted.names {
			if string(name) == known {
				return slotOutput + slotKind(i), true
			}
		}
	}
	return 0, false
}

// to returns where the count of a slot goes in u.
func (u *xUsage) to(kind slotKind) (xUsageFields, *int64) {
	switch kind {
	case slotOutput:
		return xUsageOutput, &u.Output
	case slotTotal:
		return xUsageTotal, &u.Total
	}
	return xUsageReasoning, &u.Reasoning
}

// findCounts finds the counts that have slots in the JSON of the usage. !ok: not all
// of them were read from there.
func (s *step) findCounts(slots []slot) (found [countSlots]countSlot, ok bool) {
	for _, value := range slots {
		if value.kind < slotOutput || value.kind > slotReasoning {
			continue
		}
		i := value.kind - slotOutput
		key := `"` + s.counted.names[i] + `":`
		begin := bytes.Index(s.counted.raw, []byte(key)) + len(key)
		if field, _ := s.counted.usage.to(value.kind); begin < len(key) || s.counted.usage.Reported&field == 0 {
			return found, false
		}
		found[i] = countSlot{uint16(begin), uint16(begin + value.to - value.from)}
	}
	return found, true
}

// learn takes the counts of the event of s.
func (c *counts) learn(s *step, slots [countSlots]countSlot) {
	c.usage, c.raw, c.slots = s.counted.usage, append(c.raw[:0], s.counted.raw...), slots
}

// countsOf reads the counts of an event that fits t, of which literal 0 ends at
// b[at]. digits are those in slots.
func (t *template) countsOf(b []byte, at int) (u xUsage, digits [countSlots][]byte) {
	u = t.counts.usage
	from := 0
	for i := range int(t.n) {
		begin := at
		if kind := t.slots[i]; kind <= slotString {
			at += jsonscan.StringLen(b[at-1:]) - 2 // from quote to quote
		} else if at = skipValue(b, at, kind); kind >= slotOutput && kind <= slotReasoning {
			digits[kind-slotOutput] = b[begin:at]
			field, to := u.to(kind)
			n, _ := jsonscan.ParseDigits(b[begin:at])
			u.set(field, to, n)
		}
		at += int(t.ends[i]) - from
		from = int(t.ends[i])
	}
	return u, digits
}

// appendRaw appends the counts with these digits as JSON.
func (c *counts) appendRaw(to []byte, digits *[countSlots][]byte) []byte {
	for done := 0; done < len(c.raw); { // one slot a turn, as they stand there
		next, end := -1, len(c.raw)
		for i, slot := range c.slots {
			if slot.end > 0 && int(slot.begin) >= done && int(slot.begin) < end {
				next, end = i, int(slot.begin)
			}
		}
		to = append(to, c.raw[done:end]...)
		if done = end; next >= 0 {
			to = append(to, digits[next]...)
			done = int(c.slots[next].end)
		}
	}
	return to
}

// addCounts adds the usage of an event that fits t.
func (s *step) addCounts(t *template, b []byte, at int) {
	u, digits := t.countsOf(b, at)
	from := len(s.text)
	s.text = t.counts.appendRaw(s.text, &digits)
	s.completeGoogleUsage(&u)
	s.addUsage(&u, s.text[from:len(s.text):len(s.text)])
}

// foldCounts is addCounts for the last of events that were skimmed.
func (p *Parser) foldCounts(t *template, b []byte, at int) {
	u, digits := t.countsOf(b, at)
	p.track.completeGoogleUsage(&u)
	p.track.usage.merge(&u)
	if a := p.fold; a != nil && p.opt.decode.Kinds&xKindUsage != 0 {
		a.kept -= len(a.usage.Raw)
		raw := t.counts.appendRaw(a.usage.Raw[:0], &digits)
		a.usage = usageOf(&p.track.usage)
		a.usage.Raw = raw
		a.kept += len(raw)
	}
}

// roomForCounts is how much room the counts of an event may take in an answer.
const roomForCounts = templateMax

// hasRoomForCounts tells whether those of each event would surely find room.
func (p *Parser) hasRoomForCounts() bool { return p.fold == nil || p.fold.room() > roomForCounts }
