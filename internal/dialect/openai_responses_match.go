package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// An item that has come as a whole has all of its texts. They are matched with the texts
// that came in pieces, by kind and by order (O-16).

// textOfWhole is a text of an item that has come as a whole.
type textOfWhole struct {
	kind    partKind
	text    []byte
	tally   decode.Tally
	part    partMembers
	matches int    // the text of the item that equals it or that it continues; noItem if there is no match
	rest    []byte // the end of this text that the item's text lacks
}

// readWholes reads the texts of an item that has come as a whole to o.wholes. Reasoning
// has a summary and a content. It reads the one that pieces have given, or else the first
// of the two that has a text.
func (o *Responses) readWholes(s *decode.Context, item *outputItem, m *itemMembers) {
	if item.class == classMessage {
		o.readList(s, m.content, partText, false)
		return
	}
	if !item.hasKind || item.thought == partSummary {
		if o.readList(s, m.summary, partSummary, true); item.hasKind || o.hasText() {
			return
		}
		o.forgetWholes()
	}
	o.readList(s, m.content, partReasoning, true)
}

// readList reads a list of parts. A string is a part, in the list or in place of it. If
// only is set, every part is a text of the kind plain.
func (o *Responses) readList(s *decode.Context, list *fastjson.Value, plain partKind, only bool) {
	add := func(kind partKind, v *fastjson.Value, p partMembers) {
		if text, ok := s.Text(v, nil); ok {
			o.wholes = append(o.wholes, textOfWhole{kind: kind, text: text, tally: decode.TallyOf(text), part: p, matches: noItem})
		}
	}
	if !s.IsArray(list) {
		add(plain, list, partMembers{})
		return
	}
	for _, v := range list.GetArray() {
		var p partMembers
		if v.GetObject() == nil {
			add(plain, v, p)
			continue
		}
		p.read(v)
		if kind, ok := p.kind(s); only {
			add(plain, p.text, p)
		} else if ok && kind.class() == classMessage {
			add(kind, p.value(kind), p)
		}
	}
}

func (o *Responses) hasText() bool {
	for i := range o.wholes {
		if !o.wholes[i].tally.Blank() {
			return true
		}
	}
	return false
}

// forgetWholes clears o.wholes, which holds slices of the event.
func (o *Responses) forgetWholes() {
	clear(o.wholes)
	if o.wholes = o.wholes[:0]; cap(o.wholes) > maxResponseTexts {
		o.wholes = nil
	}
}

// match finds the texts of an item among o.wholes. matched: one was found, or more.
// missing: some of the wholes are not among them. differ: so that the item has to begin
// anew, since texts are contradicted, or others belong between them.
func (o *Responses) match(item *outputItem) (matched, missing, differ bool) {
	for kind := partText; kind < partArguments; kind++ {
		next := item.nextText(kind, 0)
		if next != noItem && item.nextText(kind, next+1) == noItem && o.matchAll(kind, item, next) {
			matched = true
			continue
		}
		skipped, between := false, false
		for i := range o.wholes {
			w := &o.wholes[i]
			if w.kind != kind || w.tally.Blank() {
				continue
			}
			if next != noItem {
				it := &item.texts[next]
				after := item.nextText(kind, next+1)
				rest, begins := it.tally.Rest(w.text)
				if same := it.tally.Same(&w.tally); same || begins && after == noItem {
					if w.matches = next; begins && after == noItem {
						w.rest = rest
					}
					missing = missing || !same
					matched, between, next = true, between || skipped, after
					continue
				}
			}
			skipped = true
		}
		missing = missing || skipped
		differ = differ || between || skipped && next != noItem
	}
	return matched, missing, differ
}

// matchAll reports whether one text equals all wholes of its kind joined. That is so if
// no event showed where one ended and the next began.
func (o *Responses) matchAll(kind partKind, item *outputItem, text int) bool {
	var all decode.Tally
	only, last := true, noItem
	for i := range o.wholes {
		if o.wholes[i].kind == kind {
			all.Add(o.wholes[i].text)
			only, last = last == noItem, i
		}
	}
	if !all.Same(&item.texts[text].tally) {
		return false
	}
	for i := range o.wholes {
		if o.wholes[i].kind == kind {
			o.wholes[i].matches = text
		}
	}
	if only { // white space at the end may be missing
		o.wholes[last].rest, _ = item.texts[text].tally.Rest(o.wholes[last].text)
	}
	return true
}

// nextText returns the next text of a kind that is more than white space.
func (m *outputItem) nextText(kind partKind, from int) int {
	for i := from; i < len(m.texts); i++ {
		if m.texts[i].kind == kind && !m.texts[i].tally.Blank() {
			return i
		}
	}
	return noItem
}
