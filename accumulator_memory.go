package llmstream

import (
	"slices"
	"unicode/utf8"

	"github.com/seed-4d65deac/llmstream/internal/template"
)

// This file accounts for all memory of an Accumulator. kept counts the bytes of the
// answer, which MaxBytes bounds. held counts the memory that was allocated for them.
// Where bytes are replaced or taken back, held does not shrink.

const defaultMaxBytes = 64 << 20

// slotCost is the assumed cost of a choice, a part, a call, a detail or an item, apart
// from its bytes.
const slotCost = 256

// maxHeldAfterReset is the amount of memory that may be kept for the next stream: many
// times what a usual answer takes.
const maxHeldAfterReset = 128 << 10

func (a *Accumulator) limit() int {
	if a.MaxBytes > 0 {
		return a.MaxBytes
	}
	return defaultMaxBytes
}

// room returns the number of bytes that may still be kept.
func (a *Accumulator) room() int { return max(0, a.limit()-a.kept) }

// mostHeld returns the amount of memory that may be held.
func (a *Accumulator) mostHeld() int { return 2*a.limit() + 512<<10 }

// addSlot returns list with one more element. The element may come from an earlier
// stream, so that its memory is used again. ok is false if there is no memory for it.
func addSlot[T any](a *Accumulator, list []T) (_ []T, ok bool) {
	n := len(list)
	if n < cap(list) {
		return list[:n+1], true
	}
	grown := max(1, n) // number of elements to add
	if a.held+grown*slotCost > a.mostHeld() {
		return list, false
	}
	a.held += grown * slotCost
	longer := make([]T, n+1, n+grown)
	copy(longer, list)
	return longer, true
}

// grow returns to with room for n more bytes. ok is false if there is no memory for them.
func (a *Accumulator) grow(to []byte, n int) (_ []byte, ok bool) {
	need := len(to) + n
	if need <= cap(to) {
		return to, true
	}
	// Texts grow as slices do. To double each of thousands of texts would leave much of
	// their memory unused.
	size := max(need, min(2*cap(to), cap(to)+(cap(to)+3<<8)/4))
	if a.held-cap(to)+size > a.mostHeld() {
		size = need
	}
	if a.held-cap(to)+size > a.mostHeld() {
		return to, false
	}
	longer := append(slices.Grow([]byte(nil), size), to...) // Grow uses all of the memory that it gets
	a.held += cap(longer) - cap(to)
	return longer, true
}

// join appends text, as far as there is room.
func (a *Accumulator) join(to, text []byte) []byte {
	if len(text) == 0 {
		return to
	}
	fits := min(len(text), a.room())
	longer, ok := a.grow(to, fits)
	if !ok {
		fits, longer = 0, to
	}
	if fits < len(text) {
		whole := fits
		for whole > 0 && !utf8.RuneStart(text[whole]) {
			whole--
		}
		a.dropped += int64(len(text) - whole)
		a.kept += fits - whole // no later text may fill the gap
		fits = whole
	}
	a.kept += fits
	return append(longer, text[:fits]...)
}

// copyWidth is the number of bytes that the fast path copies for any short text, whatever
// its length.
const copyWidth = template.OneText

// minTextCap is the number of bytes that a new text has room for. Most answers need more.
// To grow from a few bytes would cost each of thousands of streams several copies.
const minTextCap = 256

// joinText is join for a text that grows. It leaves room for the bytes that foldOne
// copies with the next piece.
func (a *Accumulator) joinText(to, text []byte) []byte {
	if len(text) > 0 && cap(to)-len(to) < len(text)+copyWidth && len(text) <= a.room() {
		to, _ = a.grow(to, max(len(text)+copyWidth, minTextCap-len(to)))
	}
	return a.join(to, text)
}

// joinJSON appends a JSON value to a list of them. A value that does not fit is dropped
// whole.
func (a *Accumulator) joinJSON(to, value []byte) []byte {
	if len(value) >= a.room() {
		a.dropped += int64(len(value))
		return to
	}
	if len(to) == 0 {
		return a.set(to, value)
	}
	longer, ok := a.grow(to, len(value)+1)
	if !ok {
		a.dropped += int64(len(value))
		return to
	}
	a.kept += len(value) + 1
	return append(append(longer, ','), value...)
}

// addToArray appends a JSON value to an array of them.
func (a *Accumulator) addToArray(to, value []byte) []byte {
	longer, ok := to, len(value)+len("[]") <= a.room()
	if ok {
		longer, ok = a.grow(to, len(value)+len("[]"))
	}
	if !ok {
		a.dropped += int64(len(value))
		return to
	}
	before := len(longer)
	if before < len("[]") {
		longer = append(longer, '[')
	} else {
		longer[before-1] = ','
	}
	longer = append(append(longer, value...), ']')
	a.kept += len(longer) - before
	return longer
}

// set replaces to with value, as far as there is room.
func (a *Accumulator) set(to, value []byte) []byte {
	a.kept -= len(to)
	return a.join(to[:0], value)
}

// setJSON replaces to with a JSON value. If there is no room for the value, to stays as
// it is.
func (a *Accumulator) setJSON(to, value []byte) []byte {
	longer, ok := to, len(value) <= a.room()+len(to)
	if ok {
		longer, ok = a.grow(to[:0], len(value))
	}
	if !ok {
		a.dropped += int64(len(value))
		return to
	}
	a.kept += len(value) - len(to)
	return append(longer, value...)
}

// setOnce sets to if it is empty.
func (a *Accumulator) setOnce(to, value []byte) []byte {
	if len(to) > 0 {
		return to
	}
	return a.join(to, value)
}

// takeBack forgets bytes that were kept. Their memory stays.
func (a *Accumulator) takeBack(b []byte) []byte {
	a.kept -= len(b)
	return b[:0]
}

// Reset makes a ready for another stream. It keeps its memory, up to 128 KiB.
func (a *Accumulator) Reset() {
	if a.held > maxHeldAfterReset {
		*a = Accumulator{MaxBytes: a.MaxBytes}
		return
	}
	for i := range a.choices {
		a.choices[i].reset()
	}
	*a = Accumulator{
		MaxBytes: a.MaxBytes, choices: a.choices[:0], held: a.held,
		id: a.id[:0], model: a.model[:0], fingerprint: a.fingerprint[:0], tier: a.tier[:0],
		usage: Usage{Raw: a.usage.Raw[:0]}, citations: a.citations[:0], block: a.block[:0],
	}
}

func (f *choiceAcc) reset() {
	for i := range f.details {
		d := &f.details[i]
		*d = detailAcc{
			typ: d.typ[:0], id: d.id[:0], format: d.format[:0], text: d.text[:0],
			summary: d.summary[:0], data: d.data[:0], signature: d.signature[:0],
		}
	}
	for i := range f.calls {
		c := &f.calls[i]
		*c = callAcc{id: c.id[:0], name: c.name[:0], typ: c.typ[:0], arguments: c.arguments[:0], extra: c.extra[:0]}
	}
	for i := range f.parts {
		p := &f.parts[i]
		*p = partAcc{content: p.content[:0], reasoning: p.reasoning[:0], refusal: p.refusal[:0]}
	}
	for i := range f.items {
		f.items[i] = itemAcc{json: f.items[i].json[:0]}
	}
	*f = choiceAcc{
		parts: f.parts[:1], role: f.role[:0], native: f.native[:0], stop: f.stop[:0], logprobs: f.logprobs[:0], media: f.media[:0],
		annotations: f.annotations[:0], mediaAt: f.mediaAt[:0], items: f.items[:0], details: f.details[:0], calls: f.calls[:0],
	}
}
