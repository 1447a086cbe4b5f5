package llmstream

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/template"
)

// Gemini reports its cumulative token counts in every event. A template of its events has
// slots for the counts that differ. The report of an event has the same members as the
// report before it, and replaces all of it. So only the counts of the last event in a row
// have to be read, unless a handler needs each report.
//
// That is exact, since no count in a slot is zero. A report with only zeros would change
// nothing (U-05).

// usageSlots is the usage report of an event, with slots.
type usageSlots struct {
	usage decode.Usage // the counts in the event that was learned from
	raw   []byte       // the same report as JSON
	form  *decode.GrowingUsage
	slots [decode.UsageCounts]usageSlot
}

// usageSlot is the place of a count that differs. at is its slot in the template. begin
// and end are the place of its digits in usageSlots.raw. end is 0 if the count is the
// same in each event.
type usageSlot struct {
	at         int8
	begin, end uint16
}

// usageSlotOf is slotOf for a member that holds a count.
func usageSlotOf(s *decode.Context, name []byte) (_ template.SlotKind, use uint8, ok bool) {
	if s.Counted.Form != nil {
		for i, known := range s.Counted.Form.Names {
			if string(name) == known {
				return template.Number1, useUsage + uint8(i), true
			}
		}
	}
	return 0, 0, false
}

// count returns the field of u for count i.
func count(u *decode.Usage, i int) (decode.UsageFields, *int64) {
	switch i {
	case 0:
		return decode.UsageOutput, &u.Output
	case 1:
		return decode.UsageTotal, &u.Total
	}
	return decode.UsageReasoning, &u.Reasoning
}

// findUsage finds the counts that have slots in the JSON of the usage. ok is false if a
// count was read from elsewhere.
func findUsage(s *decode.Context, slots []template.Slot) (found [decode.UsageCounts]usageSlot, ok bool) {
	for at, slot := range slots {
		if slot.Use < useUsage {
			continue
		}
		i := int(slot.Use - useUsage)
		key := `"` + s.Counted.Form.Names[i] + `":`
		begin := bytes.Index(s.Counted.Raw, []byte(key)) + len(key)
		end := begin + slot.To - slot.From
		if field, _ := count(&s.Counted.Usage, i); begin < len(key) || end > maxLearnedUsage || s.Counted.Usage.Reported&field == 0 {
			return found, false
		}
		found[i] = usageSlot{int8(at), uint16(begin), uint16(end)}
	}
	return found, len(s.Counted.Raw) <= maxLearnedUsage || s.Counted.Form == nil
}

// maxLearnedUsage is the number of bytes of JSON that the usage of an event may have if a
// template is learned from it.
const maxLearnedUsage = template.MaxLiterals

// learn stores the counts of the event of s.
func (c *usageSlots) learn(s *decode.Context, slots [decode.UsageCounts]usageSlot) {
	c.usage, c.raw, c.form, c.slots = s.Counted.Usage, append(c.raw[:0], s.Counted.Raw...), s.Counted.Form, slots
}

// read returns the counts of the event in b that m has found. digits are the digits in
// the slots.
func (c *usageSlots) read(b []byte, m *template.Match) (u decode.Usage, digits [decode.UsageCounts][]byte) {
	u = c.usage
	for i := range c.slots {
		if slot := &c.slots[i]; slot.end > 0 {
			span := m.Slot(int(slot.at))
			digits[i] = b[span.From:span.To]
			n, _ := jsonscan.ParseDigits(digits[i])
			field, to := count(&u, i)
			u.Set(field, to, n)
		}
	}
	return u, digits
}

// appendRaw appends the counts with these digits as JSON.
func (c *usageSlots) appendRaw(to []byte, digits *[decode.UsageCounts][]byte) []byte {
	for done := 0; done < len(c.raw); { // each turn replaces one slot, in the order of the JSON
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

// addMatchedUsage adds the usage of the event in b that m has found.
func addMatchedUsage(s *decode.Context, c *usageSlots, b []byte, m *template.Match) {
	u, digits := c.read(b, m)
	from := len(s.Buf)
	s.Buf = c.appendRaw(s.Buf, &digits)
	u = c.form.Complete(&s.Usage, u)
	s.AddUsage(&u, s.Buf[from:len(s.Buf):len(s.Buf)])
}

// foldUsage is addMatchedUsage for the last event of a row whose texts went to the
// Accumulator.
func (p *Parser) foldUsage(c *usageSlots, b []byte, m *template.Match) {
	u, digits := c.read(b, m)
	u = c.form.Complete(&p.seen.Usage, u)
	p.seen.Usage.Merge(&u)
	if a := p.fold; a != nil && p.opt.decode.Kinds&decode.KindUsage != 0 {
		a.kept -= len(a.usage.Raw)
		raw := c.appendRaw(a.usage.Raw[:0], &digits)
		a.usage = usageOf(&p.seen.Usage)
		a.usage.Raw = raw
		a.kept += len(raw)
	}
}

// roomForUsage is the number of bytes that the usage of an event may take in an answer:
// as many as may be learned, with longer numbers.
const roomForUsage = maxLearnedUsage + decode.UsageCounts*jsonscan.MaxDigits

// hasRoomForUsage reports whether there is room for the usage of any event.
func (p *Parser) hasRoomForUsage() bool { return p.fold == nil || p.fold.room() > roomForUsage }
