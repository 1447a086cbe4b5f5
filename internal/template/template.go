// Package template reads events that differ from an earlier one in few values.
//
// Most events of a stream have the same JSON as one before, apart from a text and
// perhaps some padding. A Template is such an event: literal bytes with slots for
// the values that differ. An event that fits needs no JSON parser: its text is what
// stands in the slot.
//
// That is exact. A literal that ends inside a string brings any JSON parser to one
// known state, the body of a string leaves it there, and the next literal goes on
// from there. So everything outside the slots is read as it was read before.
//
// This package knows bytes and slots, and nothing of what they mean. What fits no
// template is left to the caller, who reads it in full.
package template

// Count is how many templates a Set has: enough for the answer, the reasoning and
// the tool calls of one choice. Each one more makes an event that fits none more
// expensive.
const Count = 4

// MaxLiterals is how many bytes of literals are worth keeping per template.
const MaxLiterals = 1 << 10

// MaxSlots is how many values of an event may differ.
const MaxSlots = 4

// maxType is how long the SSE type of an event may be.
const maxType = 100

// SlotKind is what may stand in a slot.
type SlotKind uint8

// Up to String a slot is the body of a string, without its quotes.
const (
	Text    SlotKind = iota // the body of a string, the text of the event; it is unescaped
	String                  // the body of another string
	Digits                  // any number of digits, but at least one
	Number                  // at most 18 digits
	Index                   // at most 4 digits, the first of several is not zero
	Number1                 // at most 18 digits, the first of which is not zero
	Space                   // any number of spaces between two tokens
)

// Slot is where a value stands in the data of an event.
type Slot struct {
	Kind     SlotKind
	Use      uint8 // what the caller needs the value for; 0: nothing
	From, To int
}

// Template is an event with slots. The bytes of "data: {"a":"…","b":7}\n\n" with the
// slots … and 7, and with the type t, are kept as
//
//	literal 1   literal 2   literal 0      type
//	│ ","b":    │ }\n\n     │ data: {"a":" │ t │
//	│           │           │              │   │
//	0        ends[0]   ends[1] = last    head  len(literals)
//
// Literal 0, which an event begins with, stands after literal n. So the end of an
// event and the beginning of the next one of the same form are one string, and one
// comparison is cheaper than two.
type Template struct {
	literals []byte
	ends     [MaxSlots]uint16 // where literals 1 to n end
	last     uint16           // where literal n ends and literal 0 begins
	head     uint16           // where literal 0 ends
	slots    [MaxSlots]SlotKind
	n        uint8 // number of slots; 0: the template is not in use
	text     uint8 // which slot is the text
	// front and back are how many bytes of literal 0 and of the last literal frame
	// the data: "data: " and "\n\n". back 0: events of this form do not stand in a row.
	front, back uint8
	next        uint8 // the template that fitted the event after the last one of this form
	used        bool  // it has fitted since free looked at it
}

// Span is where a value stands in what was matched.
type Span struct{ From, To int }

// Empty reports whether nothing stands there.
func (s Span) Empty() bool { return s.From == s.To }

// Match is what Read has found out. Offsets are of the bytes that were read.
type Match struct {
	Start  int // of the last event that fits
	End    int // of it
	Size   int // bytes of text that were written, of all events
	Events int // how many fit
	// More reports that every event up to End was read. Other events may follow.
	// Else something stopped the reading that a template cannot decide.
	More bool
	// Escaped reports that there are escapes in the text of the last event.
	Escaped bool

	begin int // after literal 0 of the event at Start
	next  int // after literal 0 of the event at End, if that begins alike; else 0
	// slots are those of the last event that fits, and of the one after it, which
	// may have turned out not to fit, in turn.
	slots [2][MaxSlots]Span
}

// Slot returns where slot i of the last event stands.
func (m *Match) Slot(i int) Span { return m.slots[m.Events&1^1][i] }

// Known returns how many bytes after the last event were found to begin the next one,
// if that has the same form.
func (m *Match) Known() int { return max(0, m.next-m.End) }

// Text returns where the text of the last event stands.
func (m *Match) Text(t *Template) Span { return m.Slot(int(t.text)) }

// InUse reports whether t is a template.
func (t *Template) InUse() bool { return t.n > 0 }

// Row reports whether the event after the last one of this form had it too.
func (s *Set) Row(at uint8) bool { return s.List[at].next == at }

// Type is the SSE type of the event; nil: it has none.
func (t *Template) Type() []byte {
	if int(t.head) == len(t.literals) {
		return nil
	}
	return t.literals[t.head:len(t.literals):len(t.literals)]
}

// Len is how many bytes of literals an event has.
func (t *Template) Len() int { return int(t.head) }

// Data returns the data of the event that m found in b.
func (t *Template) Data(b []byte, m *Match) []byte {
	end := m.End - int(t.back)
	return b[m.Start+int(t.front) : end : end]
}

// Framed reports whether the event that b begins with is framed as t is.
func (t *Template) Framed(b []byte) bool {
	from := int(t.last)
	return t.back > 0 && len(b) > int(t.front) && string(b[:t.front]) == string(t.literals[from:from+int(t.front)])
}

// begins compares literal 0 with what stands at b[at], apart from its first
// without bytes. It returns where literal 0 ends; 0: it does not stand there.
func (t *Template) begins(b []byte, at, without int) int {
	literal := t.literals[int(t.last)+without : t.head]
	if len(b)-at < len(literal) || string(b[at:at+len(literal)]) != string(literal) {
		return 0
	}
	return at + len(literal)
}

// set makes t the template of an event: its data with these slots, and the bytes
// before and after the data.
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
