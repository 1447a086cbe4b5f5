package dialect

import "github.com/seed-4d65deac/llmstream/internal/decode"

// An item that comes as a whole may have come in pieces before, with another id. It is then
// found by its texts or arguments. The size of the event bounds the cost of the search.

// isLike reports whether an item has the type and the name of an item that comes as a whole.
// An unknown name agrees with any.
func (m *outputItem) isLike(end *itemWords) bool {
	switch m.class {
	case classCall:
		return len(m.name) == 0 || len(end.name) == 0 || string(m.name) == string(end.name)
	case classOther:
		return m.typ == end.typ
	}
	return true
}

// itemWords are the name and the type of an item that comes as a whole. They are read once,
// and compared with many items.
type itemWords struct {
	name []byte // at most maxLabel bytes
	typ  uint64 // hash of its type
}

func (m *itemMembers) wordsOf(s *decode.Context) (w itemWords) {
	name := s.Word(m.name)
	return itemWords{name: name[:min(len(name), maxLabel)], typ: decode.Hash(s.Word(m.typ))}
}

// The search for the items of an event may take searchCredit steps, plus searchPerByte for
// each byte of the event. A step is a look at one item, or at two bytes of a text. An event
// of a usual response takes a few hundred steps.
const (
	searchCredit  = 4 << 10
	searchPerByte = 16
)

// spend counts steps of a search. Once the event has taken too many, it adds a KindMalformed
// and ok is false. Only a hostile event has so many items, or repeats so many texts.
func (o *Responses) spend(s *decode.Context, steps int) (ok bool) {
	if o.spent += steps; o.spent <= searchCredit+searchPerByte*len(s.Data) {
		return true
	}
	s.Exceed(0, "MaxToolCalls", s.Limits.MaxToolCalls)
	return false
}

// equalItem returns the item of a class that came with the same texts or arguments, or
// noItem. If ended is set, it also considers items that have ended, unless they have a
// place in the terminal response.
func (o *Responses) equalItem(s *decode.Context, class itemClass, m *itemMembers, ended bool) (at int) {
	if class == classOther {
		return noItem
	}
	if class == classCall {
		return o.equalCall(s, m, ended)
	}
	defer o.forgetWholes()
	var read *outputItem // the item that o.wholes was read for
	size := 0            // total length of o.wholes
	for at = range o.items {
		item := &o.items[at]
		if item.class != class || item.ended && !ended || item.matched != 0 {
			continue
		}
		if read == nil || read.hasKind != item.hasKind || read.thought != item.thought {
			o.forgetWholes()
			o.readWholes(s, item, m)
			read, size = item, 0
			for i := range o.wholes {
				size += len(o.wholes[i].text)
			}
			if !o.spend(s, size/2) {
				break
			}
		}
		if !o.spend(s, 1+len(item.texts)) {
			break
		}
		if !o.mayEqual(item) {
			continue
		}
		if matched, missing, differ := o.match(item); matched && !missing && !differ {
			return at
		}
		if !o.spend(s, size/2) {
			break
		}
	}
	return noItem
}

// mayEqual reports whether the length of a text of an item allows that the text equals one of
// o.wholes, or several of them joined.
func (o *Responses) mayEqual(item *outputItem) bool {
	for i := range item.texts {
		it, all := &item.texts[i], 0
		for k := range o.wholes {
			w := &o.wholes[k]
			if w.kind != it.kind {
				continue
			}
			if w.tally.Size() == it.tally.Size() {
				return true
			}
			all += len(w.text)
		}
		if it.tally.Size() <= all && it.tally.Size() > 0 && len(o.wholes) > 1 {
			return true
		}
	}
	return false
}

// equalCall is equalItem for a call.
func (o *Responses) equalCall(s *decode.Context, m *itemMembers, ended bool) (at int) {
	whole, _ := s.Text(m.argumentsOrInput(), nil) // an object is read once, when it is taken
	arguments := decode.TallyOf(whole)
	if arguments.Blank() {
		return noItem
	}
	words := m.wordsOf(s)
	for at = range o.items {
		item := &o.items[at]
		if item.class != classCall || item.ended && !ended || item.matched != 0 {
			continue
		}
		if !o.spend(s, 1) {
			break
		}
		if len(item.texts) > 0 && item.texts[0].tally.Same(&arguments) && item.isLike(&words) {
			return at
		}
	}
	return noItem
}
