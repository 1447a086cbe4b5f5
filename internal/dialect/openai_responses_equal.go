package dialect

import "github.com/seed-4d65deac/llmstream/internal/decode"

// An item that has come as a whole may be one that came before under another id. It is
// then found by its texts or arguments. What that costs is bounded by the event's bytes.

// isLike reports whether an item has the type and the name of one that has come as a
// whole.
func (m *outputItem) isLike(end *itemWords) bool {
	switch m.class {
	case classCall:
		return len(m.name) == 0 || len(end.name) == 0 || string(m.name) == string(end.name)
	case classOther:
		return m.typ == end.typ
	}
	return true
}

// itemWords are the words of an item that has come as a whole. They are read once for all
// items that they are compared with.
type itemWords struct {
	name []byte // at most maxLabel bytes
	typ  uint64 // hash of its type
}

func (m *itemMembers) wordsOf(s *decode.Context) (w itemWords) {
	name := s.Word(m.name)
	return itemWords{name: name[:min(len(name), maxLabel)], typ: decode.Hash(s.Word(m.typ))}
}

// An event may cost searchCredit steps and searchPerByte for each of its bytes while its
// items are looked for. A step is a look at an item, or two bytes of a text. The answers
// of usual responses take a few hundred steps for an event.
const (
	searchCredit  = 4 << 10
	searchPerByte = 16
)

// spend counts steps of a search. ok is false once the event has cost too much: it then
// has more items than the table can hold, or repeats texts of very many.
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
	size := 0            // of the texts
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

// mayEqual reports whether a text of an item is as long as one of o.wholes, or as all of
// them.
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
