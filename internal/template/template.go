// Package template reads events that differ from an earlier event in few values.
//
// Most events of a stream have the same JSON as an earlier one, apart from a text and
// perhaps some padding. A Template keeps that event: literal bytes, with slots for the
// values that differ. An event that fits needs no JSON parser, since its text is the
// value in the slot.
//
// That is exact. A literal that ends inside a string brings any JSON parser to one known
// state. The body of a string does not change that state, and the next literal continues
// from it. So everything outside the slots is read as it was read before.
//
// This package knows bytes and slots, but not their meaning. The caller reads an event
// that fits no template in full.
package template

// Count is the number of templates in a Set: enough for the answer, the reasoning and the
// tool calls of one choice. Each further template would add to the cost of an event that
// fits no template.
const Count = 4

// MaxLiterals is the number of bytes of literals that are worth keeping for one template.
const MaxLiterals = 1 << 10

// MaxSlots is the number of values of an event that may differ.
const MaxSlots = 4

// maxType is the number of bytes that the SSE type of an event may have.
const maxType = 100

// SlotKind is the form of the value in a slot.
type SlotKind uint8

// The kinds up to String are bodies of strings, without their quotes.
const (
	Text    SlotKind = iota // the body of the string that is the event's text; it is unescaped
	String                  // the body of another string
	Digits                  // one or more digits
	Number                  // at most 18 digits
	Index                   // at most 4 digits; the first of several is not zero
	Number1                 // at most 18 digits, the first of which is not zero
	Decimal                 // a number as JSON has it
	Space                   // any number of spaces between two tokens
)

// Slot is the position of a value in the data of an event.
type Slot struct {
	Kind     SlotKind
	Use      uint8 // the use that the caller has for the value, or 0
	From, To int
}

// Template is an event with slots. For example, the event "data: {"a":"…","b":7}\n\n" has
// the slots … and 7, and the type t. Its bytes are kept as
//
//	literal 1   literal 2   literal 0      type
//	│ ","b":    │ }\n\n     │ data: {"a":" │ t │
//	│           │           │              │   │
//	0        ends[0]   ends[1] = last    head  len(literals)
//
// An event begins with literal 0, which is stored after literal n. So the end of an event
// and the beginning of the next one of the same form are one string. One comparison is
// cheaper than two.
type Template struct {
	literals []byte
	ends     [MaxSlots]uint16 // where literals 1 to n end
	last     uint16           // where literal n ends and literal 0 begins
	head     uint16           // where literal 0 ends
	slots    [MaxSlots]SlotKind
	n        uint8 // number of slots, or 0 if the template is not in use
	text     uint8 // the slot of the text
	// front and back are the numbers of bytes of literal 0 and of the last literal that
	// frame the data: "data: " and "\n\n". back is 0 if events of this form do not come
	// in a row.
	front, back uint8
	next        uint8 // the template that fitted the event after the latest one of this form
	used        bool  // the template has fitted since Free looked at it
}

// Span is the position of a value in the bytes that were matched.
type Span struct{ From, To int }

// Empty reports whether the value is empty.
func (s Span) Empty() bool { return s.From == s.To }

// Match is the result of Read. Its offsets count from the start of the bytes that were
// read.
type Match struct {
	Start  int // start of the last event that fits
	End    int // end of that event
	Size   int // bytes of text that were written, for all events
	Events int // number of events that fit
	// More reports that every event up to End was read, so other events may follow. If it
	// is false, the reading stopped at something that a template cannot decide.
	More bool
	// Escaped reports whether the text of the last event has escapes.
	Escaped bool

	begin int // end of literal 0 of the event at Start
	next  int // end of literal 0 of the event at End, or 0 if that event begins otherwise
	// slots holds the slots of the last event that fits and, in turn, of the event after
	// it, which may have turned out not to fit.
	slots [2][MaxSlots]Span
}

// Slot returns the position of slot i of the last event.
func (m *Match) Slot(i int) Span { return m.slots[m.Events&1^1][i] }

// Known returns the number of bytes after the last event that were found to begin the
// next one. It is 0 if the next event has another form.
func (m *Match) Known() int { return max(0, m.next-m.End) }

// Text returns the position of the text of the last event.
func (m *Match) Text(t *Template) Span { return m.Slot(int(t.text)) }

// InUse reports whether t holds an event.
func (t *Template) InUse() bool { return t.n > 0 }

// Row reports whether two events of this form have come in a row, the last time that one
// came.
func (s *Set) Row(at uint8) bool { return s.List[at].next == at }

// Type returns the SSE type of the event, or nil.
func (t *Template) Type() []byte {
	if int(t.head) == len(t.literals) {
		return nil
	}
	return t.literals[t.head:len(t.literals):len(t.literals)]
}

// Len returns the number of bytes of literals in an event.
func (t *Template) Len() int { return int(t.head) }

// Data returns the data of the event that m found in b.
func (t *Template) Data(b []byte, m *Match) []byte {
	end := m.End - int(t.back)
	return b[m.Start+int(t.front) : end : end]
}

// Framed reports whether the event at the start of b has the same framing as t.
func (t *Template) Framed(b []byte) bool {
	from := int(t.last)
	return t.back > 0 && len(b) > int(t.front) && string(b[:t.front]) == string(t.literals[from:from+int(t.front)])
}

// begins compares literal 0, except its first without bytes, with the bytes at b[at]. It
// returns the end of literal 0, or 0 if the bytes differ.
func (t *Template) begins(b []byte, at, without int) int {
	literal := t.literals[int(t.last)+without : t.head]
	if len(b)-at < len(literal) || string(b[at:at+len(literal)]) != string(literal) {
		return 0
	}
	return at + len(literal)
}

// set makes t the template of an event: its data with these slots, and the bytes before
// and after the data.
func (t *Template) set(before, typ, data, after []byte, slots []Slot) {
	literals := t.literals[:0]
	for i, slot := range slots {
		to := len(data)
		if i+1 < len(slots) {
			to = slots[i+1].From
		}
		literals = append(literals, data[slot.To:to]...)
		if i+1 == len(slots) {
			literals = append(literals, after...)
		}
		t.ends[i], t.slots[i] = uint16(len(literals)), slot.Kind
		if slot.Kind == Text {
			t.text = uint8(i)
		}
	}
	t.last = uint16(len(literals))
	literals = append(append(literals, before...), data[:slots[0].From]...)
	t.head = uint16(len(literals))
	t.literals = append(literals, typ...)
	t.n, t.used = uint8(len(slots)), false
	t.front, t.back = uint8(len(before)), uint8(len(after))
}
