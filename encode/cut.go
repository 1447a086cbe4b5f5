package encode

import (
	"unicode/utf8"

	"github.com/seed-4d65deac/llmstream"
)

// A cutTail is the beginning of a character whose rest has not come: some servers cut
// their text between two bytes. It waits for the next piece of the same text, since each
// event has to be valid UTF-8 by itself (WG-6).
type cutTail struct {
	kind               llmstream.Kind
	choice, part, call int
	bytes              [utf8.UTFMax - 1]byte
	n                  int
}

// cutLen returns how many bytes at the end of text begin a character and do not end it.
func cutLen(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if c := text[len(text)-n]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(text[len(text)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// textField returns the text of a delta that may be cut inside a character, or nil.
func textField(d *llmstream.Delta) *[]byte {
	switch d.Kind {
	case llmstream.KindContent, llmstream.KindReasoning, llmstream.KindRefusal:
		return &d.Text
	case llmstream.KindToolCall:
		return &d.ToolCall.Arguments
	}
	return nil
}

// mend returns a delta whose text begins and ends with whole characters: with what was
// left of the piece before, and without the beginning of a character at its end. Mostly
// that is d itself.
func (e *Encoder) mend(d *llmstream.Delta) *llmstream.Delta {
	text := textField(d)
	if text == nil || len(*text) == 0 {
		return d
	}
	cut := 0
	if (*text)[len(*text)-1] >= utf8.RuneSelf {
		cut = cutLen(*text)
	}
	if cut == 0 && len(e.tails) == 0 {
		return d
	}
	e.mendedText = e.mendedText[:0]
	for i := range e.tails {
		if tail := &e.tails[i]; tail.is(d) {
			e.mendedText = append(e.mendedText, tail.bytes[:tail.n]...)
			e.tails = append(e.tails[:i], e.tails[i+1:]...)
			break
		}
	}
	e.mendedText = append(e.mendedText, *text...)
	if cut = cutLen(e.mendedText); cut > 0 {
		tail := cutTail{kind: d.Kind, choice: d.Choice, part: d.Part, call: d.ToolCall.Index, n: cut}
		copy(tail.bytes[:], e.mendedText[len(e.mendedText)-cut:])
		e.tails = append(e.tails, tail)
	}
	e.mended = *d
	*textField(&e.mended) = e.mendedText[:len(e.mendedText)-cut]
	return &e.mended
}

// is reports whether d continues the text that the tail is of.
func (t *cutTail) is(d *llmstream.Delta) bool {
	return t.kind == d.Kind && t.choice == d.Choice && t.part == d.Part && t.call == d.ToolCall.Index
}

// dropTails forgets the tails of texts that are void.
func (e *Encoder) dropTails(isVoid func(*cutTail) bool) {
	kept := e.tails[:0]
	for i := range e.tails {
		if !isVoid(&e.tails[i]) {
			kept = append(kept, e.tails[i])
		}
	}
	e.tails = kept
}

// flushTails writes the characters that were never completed: of a call that ends,
// or all at the end of the answer.
func (e *Encoder) flushTails(end *llmstream.Delta) {
	tails := e.tails
	e.tails = nil
	for i := range tails {
		tail := tails[i]
		if end != nil && !(tail.kind == llmstream.KindToolCall && tail.choice == end.Choice && tail.call == end.ToolCall.Index) {
			e.tails = append(e.tails, tail)
			continue
		}
		d := llmstream.Delta{Kind: tail.kind, Choice: tail.choice, Part: tail.part}
		d.ToolCall.Index = tail.call
		*textField(&d) = tail.bytes[:tail.n]
		e.target.delta(e.choice(tail.choice), &d)
	}
}
