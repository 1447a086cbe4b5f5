package llmstream

import (
	"bytes"

	"github.com/valyala/fastjson"
)

// Most events of a stream differ from one before in one string, or in two with
// the padding that some servers add. From an event that was read in full a
// template is learned: literal bytes, and between them slots for those strings.
// An event that fits needs no parser: its text is what stands in the slot.
//
// That is exact. A literal that ends inside a string brings any JSON parser to
// one known state, a plain string body leaves it there, and the next literal goes
// on from there; so all but the slots reads as it did before. And an event is
// only learned from if it gave its text and nothing else, in no way that depends
// on what came before it. Whatever does not fit is not the template's: it is read
// in full.

// templateCount is how many templates a stream has: for the answer and the
// reasoning before it, of two choices in turn.
const templateCount = 4

// templateMax is how many bytes of literals are worth keeping per stream.
const templateMax = 1 << 10

// templates are those of a stream.
type templates struct {
	list   [templateCount]template
	recent int // that fitted last
	// credit bounds what a stream costs whose events fit no template: learning
	// takes some, each fit gives some back.
	credit int8
}

const templateCredit = 10 // of a new stream

// template is an event with slots for its strings.
type template struct {
	// literals are the bytes in front of the slots and behind the last one, one
	// after the other. ends tells where those in front of slots end.
	literals []byte
	ends     [2]uint16
	slots    uint8 // 0: the template is not in use
	text     uint8 // which slot is the text; another is padding
	kind     Kind
	choice   int // place in track.choices
}

// fit returns the text of an event that has the form of t.
func (t *template) fit(data []byte) (text []byte, ok bool) {
	at, from := 0, uint16(0)
	for i := range t.slots {
		literal := t.literals[from:t.ends[i]]
		if !bytes.HasPrefix(data[at:], literal) {
			return nil, false
		}
		at, from = at+len(literal), t.ends[i]
		n := plainString(data[at:], true)
		if at+n == len(data) || data[at+n] != '"' {
			return nil, false // an escape, or what is no plain string
		}
		if i == t.text {
			text = data[at : at+n : at+n]
		}
		at += n
	}
	return text, len(text) > 0 && bytes.Equal(data[at:], t.literals[from:])
}

// fromTemplate adds the delta of an event that fits a template.
func (s *step) fromTemplate(data []byte) bool {
	if string(s.typ) == "error" {
		return false
	}
	ts := &s.track.templates
	for i := range ts.list {
		at := (ts.recent + i) % templateCount
		t := &ts.list[at]
		if t.slots == 0 {
			continue
		}
		text, ok := t.fit(data)
		if !ok {
			continue
		}
		c := &s.choices[t.choice]
		if t.kind == KindContent && c.high.content != 0 || t.kind == KindReasoning && c.high.reasoning != 0 {
			return false // half of a surrogate pair is waiting for this text
		}
		ts.recent = at
		ts.credit = min(ts.credit+1, templateCredit)
		s.addText(t.kind, c.index, text)
		return true
	}
	return false
}

// templateNames are the members of a delta whose text may be a slot; those of the
// reasoning by precedence, as in chatDelta.
var templateNames = [...]string{"content", "reasoning_content", "reasoning", "reasoning_text", "thinking"}

// templatePadding are members of a chunk that say nothing (C-17).
var templatePadding = [...]string{"obfuscation", "p"}

// The strings that stand in for slots while it is proved where they are.
const probeText, probePadding = "\x7ftext\x7f", "\x7fpadding\x7f"

// learnTemplate learns from the event of s, if that gave a text and nothing else.
func (s *step) learnTemplate() {
	ts := &s.track.templates
	if s.given != 1 || s.stateful || s.escaped || ts.credit <= 0 {
		return
	}
	d := &s.unheard
	if len(s.deltas) == 1 {
		d = &s.deltas[0]
	}
	data := trimSpace(s.data)
	if d.Kind != KindContent && d.Kind != KindReasoning || d.Detail != nil || len(data) > templateMax {
		return
	}
	ts.credit -= 2
	var slots [2]slot
	n := 0
	if v, ok := findString(data, d.Text); ok {
		slots[n] = slot{v, v + len(d.Text), probeText}
		n++
	} else {
		return
	}
	padding := ""
	for _, name := range templatePadding {
		if text := s.word(member(s.root, name)); len(text) > 0 {
			v, ok := findString(data, text)
			if !ok {
				return
			}
			padding = name
			slots[n] = slot{v, v + len(text), probePadding}
			n++
			break
		}
	}
	if n == 2 && slots[0].from > slots[1].from {
		slots[0], slots[1] = slots[1], slots[0]
	}
	if n == 2 && slots[0].to >= slots[1].from || !s.prove(data, slots[:n], d.Kind, padding) {
		return
	}
	choice := s.track.recent // decodeChat has just found it
	at := (ts.recent + 1) % templateCount
	for i := range ts.list { // an older one for the same
		if t := &ts.list[i]; t.slots > 0 && t.kind == d.Kind && t.choice == choice {
			at = i
			break
		}
	}
	ts.recent = at
	ts.list[at].set(data, slots[:n], d.Kind)
	ts.list[at].choice = choice
}

// slot is where a string stands in an event, and what stands in for it.
type slot struct {
	from, to int
	probe    string
}

// findString returns where text first stands in data as a whole string, without
// its quotes.
func findString(data, text []byte) (at int, ok bool) {
	for from := 0; ; {
		i := bytes.Index(data[from:], text)
		if i < 0 {
			return 0, false
		}
		at = from + i
		if end := at + len(text); at > 0 && data[at-1] == '"' && end < len(data) && data[end] == '"' {
			return at, true
		}
		from = at + 1
	}
}

// prove tells whether the slots are what they were taken for: with other strings
// in them, the event has those strings as its text and its padding.
func (s *step) prove(data []byte, slots []slot, kind Kind, padding string) bool {
	s.rest = s.rest[:0]
	at := 0
	for _, slot := range slots {
		s.rest = append(append(s.rest, data[at:slot.from]...), slot.probe...)
		at = slot.to
	}
	s.rest = append(s.rest, data[at:]...)
	other := stepPool.Get().(*step) // the deltas still live in this one's parser
	defer stepPool.Put(other)
	root, err := other.parser.ParseBytes(s.rest)
	if err != nil || padding != "" && string(member(root, padding).GetStringBytes()) != probePadding {
		return false
	}
	choices := member(root, "choices").GetArray()
	if len(choices) != 1 {
		return false
	}
	delta := member(choices[0], "delta")
	if kind == KindContent {
		return string(member(delta, "content").GetStringBytes()) == probeText && member(delta, "extra_content") == nil
	}
	for _, name := range templateNames[1:] {
		switch v := member(delta, name); {
		case v == nil || v.Type() == fastjson.TypeNull:
		case v.Type() != fastjson.TypeString:
			return false
		case len(v.GetStringBytes()) > 0: // the first that is not empty counts
			return string(v.GetStringBytes()) == probeText
		}
	}
	return false
}

// set makes t the template of an event with these slots.
func (t *template) set(data []byte, slots []slot, kind Kind) {
	t.literals = t.literals[:0]
	at := 0
	for i, slot := range slots {
		t.literals = append(t.literals, data[at:slot.from]...)
		t.ends[i] = uint16(len(t.literals)) // templateMax is less
		at = slot.to
		if slot.probe == probeText {
			t.text = uint8(i)
		}
	}
	t.literals = append(t.literals, data[at:]...)
	t.slots, t.kind = uint8(len(slots)), kind
}

// reset forgets the templates and keeps their memory.
func (ts *templates) reset() {
	for i := range ts.list {
		ts.list[i] = template{literals: ts.list[i].literals[:0]}
	}
	ts.recent, ts.credit = 0, templateCredit
}
