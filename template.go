package llmstream

import (
	"encoding/binary"
	"math/bits"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// Most events of a stream have the same JSON as one before, but for a text and
// perhaps some padding. From an event that was read in full a template is
// learned: its bytes, with slots for those values. An event that fits a template
// needs no parser: its text is what stands in the slot.
//
// That is exact. A literal that ends inside a string brings any JSON parser to
// one known state, a string body leaves it there, and the next literal goes on
// from there; so all but the slots reads as it did before. And an event is only
// learned from if it gave nothing but texts, in no way that depends on what came
// before it. Whatever does not fit is not the template's: it is read in full.
//
// This file matches; template_learn.go learns; template_run.go, template_skim.go and
// template_frames.go read events in a row where they lie in a read, and
// template_text.go their long texts; template_counts.go has what events say of usage.

// templateCount is how many templates a stream has: enough for the answer, the
// reasoning and the tool calls of one choice, or the texts of a few. Each one
// more makes what fits none dearer.
const templateCount = 4

// templateMax is how many bytes of literals are worth keeping per template.
const templateMax = 1 << 10

// maxSlots is how many values of an event may differ. Hugging Face's differ in
// three, events of OpenAI's Responses too.
const maxSlots = 4

// templates are those of a stream.
type templates struct {
	recent uint8 // that fitted last
	oldest uint8 // that was replaced last
	// credit bounds what a stream costs whose events fit no template: learning
	// takes some, each fit gives some back, and a miss a little, so that a
	// stream that becomes regular late is learned from too.
	credit int16
	// misses counts the events in a row that fitted none. After some, comparing
	// is left out for rest events, full-parsed ones, so that it costs next to
	// nothing where it is of no use.
	misses, rest uint8
	fitted       int64 // events that were read by a template

	list [templateCount]template
}

const (
	creditStart = 320 // of a new stream: ten templates
	creditMax   = 320
	creditLearn = 32 // what learning takes
	creditFit   = 8
	creditMiss  = 1
)

const (
	missesMax  = 4  // in a row, before a rest
	missesNew  = 3  // that a new template begins with: it is tried at least once
	restEvents = 32 // that a rest takes
)

// slotKind is what may stand in a slot.
type slotKind uint8

const (
	slotText      slotKind = iota // the body of a string, which is the delta's text
	slotDetail                    // the body of a string, which is the text of a detail
	slotTime                      // the body of a string that nobody reads, and is a time
	slotString                    // that of any other that nobody reads
	slotNumber                    // digits that nobody reads
	slotSequence                  // digits, which are the number of the event
	slotOutput                    // digits of a count, which is not zero; see template_counts.go
	slotTotal                     // likewise
	slotReasoning                 // likewise
	slotSpace                     // any number of spaces between two tokens
)

// template is an event with slots.
type template struct {
	// literals are the bytes between the slots: literal 1, …, literal n and at
	// the end literal 0, which an event begins with, so that the end of one
	// event and the beginning of the next are one string. Behind them stands the
	// SSE type of the event.
	literals []byte
	ends     [maxSlots]uint16 // where literal 1, …, n end
	last     uint16           // where literal n ends and literal 0 begins
	head     uint16           // where literal 0 ends
	// compared are the ends of what is compared behind each slot: those of the
	// literals; but behind the last slot it is literal 0 too, if again: the last
	// time another event of this form came next. One comparison is cheaper than
	// two.
	compared [maxSlots]uint16
	again    bool
	used     bool // it has fitted since place looked at it the last time
	// frame and tail are how many bytes of the first and the last literal are
	// not of the event's data: "data: " and "\n\n". No tail: the event does not
	// stand in a row of others.
	frame, tail uint8

	slots [maxSlots]slotKind
	n     uint8 // how many slots there are; 0: the template is not in use
	width uint8 // how long the rest of a time was; see skipTime
	next  uint8 // the template that came next the last time

	// noEmpty: with an empty text the event means something else, such as a
	// text under another name.
	noEmpty bool
	// plain: the event gives a text, and no detail.
	plain bool
	// silent: the event says nothing, and what would be its text is nobody's.
	silent bool
	// detailed: the detail has no text of its own and belongs to the same delta.
	detailed bool
	// counted: the event reports usage behind its text; counts says which.
	counted bool
	kind    xKind
	choice  int32 // place in track.choices
	// call is the place of the tool call that the text belongs to, among so many
	// calls of the choice: with another the same event may belong to that.
	call, calls int32
	layout      int32 // as track.layout was
	part        int   // of the message
	// detail is what does not differ of a piece of structured reasoning, which
	// has the same text once more; nil: there is none.
	detail *xReasoningDetail
	counts *counts
}

// match is an event that fits a template; offsets are of the bytes it lies in.
type match struct {
	start, end  int // of the event
	at          int // behind literal 0
	next        int // behind literal 0 of the next event, if that begins in the same way; else 0
	text, after int // the text, as it stands there
	// detail and detailEnd are the text of the detail, likewise.
	detail, detailEnd int
	// sequence and sequenceEnd are the number of the event, likewise.
	sequence, sequenceEnd int
	escaped               bool // there are escapes in the text
}

// fits tells whether the event whose literal 0 has been compared, up to m.at,
// fits t, and fills in m. cut is how many bytes of the last literal do not stand
// there, since b is the data of an event alone.
func (t *template) fits(b []byte, m *match, cut int) bool {
	if m.escaped { // as was the event before; so this one may be too
		return t.fitsEscaped(b, m, cut)
	}
	at, from := m.at, 0
	m.sequence, m.sequenceEnd = 0, 0
	glued := t.again
	for i := range int(t.n) {
		begin := at
		if t.slots[i] > slotString {
			at = skipValue(b, at, t.slots[i])
		} else if at+8 > len(b) {
			at += jsonscan.PlainLen(b[at:], true)
		} else if found := jsonscan.Special(binary.LittleEndian.Uint64(b[at:]), true); found != 0 {
			at += bits.TrailingZeros64(found) / 8
		} else {
			at += 8 + jsonscan.PlainLen(b[at+8:], true)
		}
		switch t.slots[i] {
		case slotText:
			m.text, m.after = begin, at
		case slotDetail:
			m.detail, m.detailEnd = begin, at
		case slotSequence:
			m.sequence, m.sequenceEnd = begin, at
		}
		literal := t.literals[from:t.compared[i]]
		if len(b)-at >= len(literal) && string(b[at:at+len(literal)]) == string(literal) {
			at += len(literal)
		} else if at < len(b) && b[at] == '\\' {
			return t.fitsEscaped(b, m, cut)
		} else if at = t.fitsLast(b, at, i, from, cut); at < 0 {
			return false
		} else {
			glued = false
		}
		from = int(t.ends[i])
	}
	m.endAt(t, at, glued)
	return true
}

// fitsEscaped is fits for an event that may have escapes in its strings.
func (t *template) fitsEscaped(b []byte, m *match, cut int) bool {
	at, from := m.at, 0
	m.escaped, m.sequence, m.sequenceEnd = false, 0, 0
	glued := t.again
	for i := range int(t.n) {
		begin := at
		if t.slots[i] > slotString {
			at = skipValue(b, at, t.slots[i])
		} else {
			at += jsonscan.PlainLen(b[at:], true)
			for at+1 < len(b) && b[at] == '\\' && b[at+1] >= ' ' {
				m.escaped = m.escaped || t.slots[i] == slotText
				at += 2
				at += jsonscan.PlainLen(b[at:], true)
			}
		}
		switch t.slots[i] {
		case slotText:
			m.text, m.after = begin, at
		case slotDetail:
			m.detail, m.detailEnd = begin, at
		case slotSequence:
			m.sequence, m.sequenceEnd = begin, at
		}
		literal := t.literals[from:t.compared[i]]
		if len(b)-at >= len(literal) && string(b[at:at+len(literal)]) == string(literal) {
			at += len(literal)
		} else if at = t.fitsLast(b, at, i, from, cut); at < 0 {
			return false
		} else {
			glued = false
		}
		from = int(t.ends[i])
	}
	m.endAt(t, at, glued)
	return true
}

// endAt notes where the event has ended, or with it the beginning of the next.
func (m *match) endAt(t *template, at int, glued bool) {
	m.end, m.next = at, 0
	if glued {
		m.end, m.next = at-int(t.head-t.last), at
	}
}

// fitsLast compares the last literal alone, where another event of this form was
// expected behind it and does not come. It returns where it ends; -1: it does not
// fit either.
func (t *template) fitsLast(b []byte, at, slot, from, cut int) int {
	if slot != int(t.n)-1 {
		return -1
	}
	t.expect(false)
	literal := t.literals[from : int(t.ends[slot])-cut]
	if len(b)-at < len(literal) || string(b[at:at+len(literal)]) != string(literal) {
		return -1
	}
	return at + len(literal)
}

// skipValue returns where the number or the white space at b[at] ends.
func skipValue(b []byte, at int, kind slotKind) int {
	begin := at
	if kind == slotSpace {
		for at < len(b) && b[at] == ' ' {
			at++
		}
		return at
	}
	for at < len(b) && b[at]-'0' < 10 {
		at++
	}
	if at == begin || kind >= slotOutput && (b[begin] == '0' || at-begin > jsonscan.MaxDigits) {
		return len(b) // where no literal fits
	}
	return at
}

// begins compares the literal 0, without the first bytes of it that do not stand
// there, and tells in m where it ends.
func (t *template) begins(b []byte, m *match, without int) bool {
	literal := t.literals[int(t.last)+without : t.head]
	rest := b[m.start:]
	m.at = m.start + len(literal)
	return len(rest) >= len(literal) && string(rest[:len(literal)]) == string(literal)
}

// typ is the SSE type of the event; nil: none was given.
func (t *template) typ() []byte {
	if int(t.head) == len(t.literals) {
		return nil
	}
	return t.literals[t.head:len(t.literals):len(t.literals)]
}

// find returns the template that the event at m.start fits, first the one that
// came next the last time; nil: there is none.
func (ts *templates) find(b []byte, m *match) *template {
	guess := ts.list[ts.recent].next
	for i := range uint8(templateCount) {
		at := guess ^ i
		t := &ts.list[at]
		if t.tail > 0 && t.begins(b, m, 0) && t.fits(b, m, 0) {
			t.used = true
			if at != ts.recent {
				ts.follow(at)
			} else if t.next = at; m.start > 0 && !t.again {
				t.expect(true)
			}
			return t
		}
	}
	return nil
}

// findData is find for the data of an event.
func (ts *templates) findData(data, typ []byte, m *match) *template {
	m.start = 0
	guess := ts.list[ts.recent].next
	for i := range uint8(templateCount) {
		at := guess ^ i
		t := &ts.list[at]
		if t.n == 0 || !t.begins(data, m, int(t.frame)) || string(typ) != string(t.typ()) {
			continue
		}
		if t.fits(data, m, int(t.tail)) && m.end == len(data) {
			t.used = true
			ts.follow(at)
			return t
		}
	}
	return nil
}

// worthwhile tells whether to compare the next event with templates.
func (ts *templates) worthwhile() bool { return ts.last().n > 0 && ts.rest == 0 }

// last is the template that fitted last.
func (ts *templates) last() *template { return &ts.list[ts.recent] }

// framed tells whether an event that begins so is framed as that of t.
func (t *template) framed(b []byte) bool {
	from := int(t.last)
	return t.tail > 0 && len(b) > int(t.frame) && string(b[:t.frame]) == string(t.literals[from:from+int(t.frame)])
}

// miss notes that an event fits no template, and gives a little credit for it.
func (ts *templates) miss() {
	ts.credit = min(ts.credit+creditMiss, creditMax)
	if ts.misses++; ts.misses >= missesMax {
		ts.misses, ts.rest = missesMax, restEvents
	}
}

// countFitted notes events that fit templates.
func (t *track) countFitted(events int64) {
	if t.events += events; t.sawDone {
		t.afterDone += events
	}
}

// earn gives credit for events that fitted.
func (ts *templates) earn(events int64) {
	ts.fitted += events
	ts.misses = 0
	if ts.credit < creditMax {
		ts.credit = int16(min(int64(ts.credit)+events*creditFit, creditMax))
	}
}

// follow notes that the event fits the template at this place.
func (ts *templates) follow(at uint8) {
	last := &ts.list[ts.recent]
	if at != ts.recent {
		last.next = at
		last.expect(false)
		ts.recent = at
	}
}

// expect notes whether another event of this form comes next, as a rule.
func (t *template) expect(again bool) {
	t.again = again
	if t.compared = t.ends; again {
		t.compared[t.n-1] = t.head
	}
}

// reset forgets the templates and keeps their memory.
func (ts *templates) reset() {
	for i := range ts.list {
		ts.list[i] = template{literals: ts.list[i].literals[:0], counts: ts.list[i].counts}
	}
	*ts = templates{list: ts.list, credit: creditStart}
}
