package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// A text comes in pieces and then as a whole, up to four times: with its own end, and
// with the ends of its part, of its item and of the response (O-06). A whole decides what
// the text is (O-17).

type partKind uint8

const (
	partText partKind = iota
	partRefusal
	partReasoning
	partSummary
	partArguments // of a call, or the input of a custom tool
)

// class returns the class of the items that have texts of this kind.
func (k partKind) class() itemClass {
	switch k {
	case partText, partRefusal:
		return classMessage
	case partArguments:
		return classCall
	}
	return classReasoning
}

// delta returns the kind of the deltas that give texts of this kind.
func (k partKind) delta() decode.Kind {
	switch k {
	case partText:
		return decode.KindContent
	case partRefusal:
		return decode.KindRefusal
	case partArguments:
		return decode.KindToolCall
	}
	return decode.KindReasoning
}

// itemText is a text of an item as far as it has come.
type itemText struct {
	kind      partKind
	wireIndex int  // content_index or summary_index of the latest piece, or noIndex
	announced int  // the same of its beginning, or noIndex
	ending    int  // the same of its latest end, if closed
	closed    bool // the text has come as a whole
	annotated bool // annotations have come
	wholes    wholeSource
	seed      []byte // the text that it began with, which the first piece may repeat (O-18)
	tally     decode.Tally
}

// wholeSource is the kind of event that a whole text came with.
type wholeSource uint8

const (
	wholeText wholeSource = 1 << iota // the end of the text itself
	wholePart                         // the end of its part
)

// maxResponseTexts is the number of texts of an item that are kept apart. Any further
// text belongs to the last one.
const maxResponseTexts = 64

// ownerOf returns the name of a text for templates, in the form that Follow reads.
func ownerOf(at, text int) int32 { return int32(at*maxResponseTexts + text + 1) }

// Follow notes a piece of a text that a template has read.
func (o *Responses) Follow(owner int32, piece []byte) {
	at, text := int(owner-1)/maxResponseTexts, int(owner-1)%maxResponseTexts
	if at < len(o.items) && text < len(o.items[at].texts) {
		o.items[at].texts[text].tally.Add(piece)
		o.touch(at)
	}
}

// textIndex returns the index of a text in its item, or noIndex.
func (o *Responses) textIndex(s *decode.Context, v *fastjson.Value) int {
	if n, ok := s.Index(v); ok && n >= 0 {
		return n
	}
	return noIndex
}

// newText begins a text of an item.
func (o *Responses) newText(s *decode.Context, at int, kind partKind, wireIndex int) (text int) {
	item := &o.items[at]
	s.Epoch++ // the next event of the same form continues this text
	if text = len(item.texts); text == maxResponseTexts {
		text--
		item.texts[text] = itemText{kind: kind, wireIndex: wireIndex, announced: noIndex}
		return text
	}
	item.texts = append(item.texts, itemText{kind: kind, wireIndex: wireIndex, announced: noIndex})
	return text
}

// textForPiece returns the text that a piece belongs to. Indexes are only hints: they may
// grow with each piece (vLLM), go on from item to item, or begin with 1 (O-16).
func (o *Responses) textForPiece(s *decode.Context, at int, kind partKind, wireIndex int) (text int) {
	item := &o.items[at]
	latest := noItem
	for text = len(item.texts) - 1; text >= 0; text-- {
		t := &item.texts[text]
		if t.kind != kind {
			continue
		}
		if wireIndex != noIndex && t.announced == wireIndex && !t.closed {
			return text
		}
		if latest == noItem {
			latest = text
		}
	}
	if latest == noItem {
		return o.newText(s, at, kind, wireIndex)
	}
	t := &item.texts[latest]
	if t.wireIndex != wireIndex {
		if t.closed {
			return o.newText(s, at, kind, wireIndex)
		}
		t.wireIndex = wireIndex
		o.noteChange(s)
	}
	return latest
}

// textForWhole returns the text that a whole belongs to: an equal one, the one with the
// same index, or the first of its kind that has not come as a whole yet.
func (o *Responses) textForWhole(s *decode.Context, at int, kind partKind, wireIndex int, source wholeSource, whole []byte) (text int) {
	item := &o.items[at]
	tally := decode.TallyOf(whole)
	byHint, first, known := noItem, noItem, noItem
	for i := range item.texts {
		t := &item.texts[i]
		if t.kind != kind {
			continue
		}
		same := t.tally.Same(&tally)
		if t.wholes&source != 0 {
			if same || wireIndex != noIndex && t.ending == wireIndex {
				known = i // the same whole came twice
			}
			continue
		}
		if same {
			return i
		}
		if wireIndex != noIndex && t.announced == wireIndex {
			byHint = i
		}
		if first == noItem {
			first = i
		}
	}
	switch {
	case byHint != noItem:
		return byHint
	case known != noItem && (first == noItem || !item.texts[first].tally.Blank()):
		return known
	case first != noItem && (wireIndex == noIndex || !item.texts[first].closed || wireIndex == item.texts[first].ending):
		return first
	}
	return o.newText(s, at, kind, wireIndex)
}

// kindOf returns the kind of a text in this item. Every text of reasoning is reasoning,
// even if its part has the type of an answer (LocalAI).
func (m *outputItem) kindOf(kind partKind) partKind {
	if m.class == classReasoning && kind == partText {
		return partReasoning
	}
	return kind
}

// gives reports whether a text of this kind is delivered as text. Reasoning and its
// summary may both come (O-19). The second of them goes into the details alone.
func (m *outputItem) gives(kind partKind) bool {
	return kind.class() != classReasoning || !m.hasKind || m.thought == kind
}

// addPiece adds a piece of a text. It reports whether the event gave text.
func (o *Responses) addPiece(s *decode.Context, t *decode.Choice, e *responseEvent, kind partKind, index *fastjson.Value) bool {
	a, ok := o.addressOf(s, e.outputIndex, e.itemID, nil)
	if !ok {
		return false
	}
	at := o.itemFor(s, a, kind.class(), true)
	if at < 0 {
		return false
	}
	if !o.items[at].gives(kind) {
		s.Source = decode.TextSource{Member: "delta", Kind: decode.KindOther, Choice: s.Recent, Call: -1}
		return false
	}
	high := t.Surrogate(kind.delta())
	piece, _ := s.Text(e.delta, high)
	if len(piece) == 0 && *high == 0 {
		return false
	}
	text := o.textForPiece(s, at, kind, o.textIndex(s, index))
	o.addSeed(s, t, at, text, piece)
	o.give(s, t, at, text, "delta", piece)
	return true
}

// give adds a piece to a text. name is the member whose value the piece is, or "" if the
// piece is only a part of a value.
func (o *Responses) give(s *decode.Context, t *decode.Choice, at, text int, name string, piece []byte) {
	item := &o.items[at]
	it := &item.texts[text]
	s.Part = item.part
	if kind := it.kind; kind.class() == classReasoning && !item.hasKind {
		item.hasKind, item.thought = true, kind
		s.Epoch++
	}
	it.tally.Add(piece)
	o.touch(at)
	if len(piece) == 0 {
		s.Contextual = true
		return
	}
	if name == "" {
		s.AddText(it.kind.delta(), t.Index, piece)
		return
	}
	s.AddTextOf(name, it.kind.delta(), t.Index, piece)
	s.Source.Owner = ownerOf(at, text)
}

// endText decodes the event with a text as a whole.
func (o *Responses) endText(s *decode.Context, t *decode.Choice, e *responseEvent, kind partKind, index, v *fastjson.Value) (news bool) {
	a, ok := o.addressOf(s, e.outputIndex, e.itemID, nil)
	if !ok {
		return false
	}
	at := o.itemFor(s, a, kind.class(), false)
	return at >= 0 && o.takeWhole(s, t, at, kind, o.textIndex(s, index), wholeText, v)
}

// takeWhole compares a whole text with its pieces. It reports whether the text is new,
// since no piece of it has come.
func (o *Responses) takeWhole(s *decode.Context, t *decode.Choice, at int, kind partKind, wireIndex int, source wholeSource, v *fastjson.Value) (news bool) {
	s.Contextual = true
	whole, ok := s.Text(v, nil)
	if !ok || !o.items[at].gives(kind) {
		return false
	}
	text := o.textForWhole(s, at, kind, wireIndex, source, whole)
	item := &o.items[at]
	it := &item.texts[text]
	if len(whole) > 0 {
		it.seed = nil
	} else {
		o.giveSeed(s, t, at, text)
	}
	it.wholes |= source
	it.ending = wireIndex
	o.close(s, it)
	o.dropSurrogate(t, at, kind)
	news = it.tally.Blank()
	tally := decode.TallyOf(whole)
	same := it.tally.Same(&tally)
	rest, ok := it.tally.Rest(whole)
	switch {
	case tally.Blank(), same && len(rest) == 0:
	case ok && (news || item.isLast(text)):
		o.give(s, t, at, text, "", rest)
	case same:
	case o.beganBefore(item) && it.tally.EndsIn(whole): // the client has the beginning
	case item.contradicted:
	default:
		s.Conflicts++
		if item.contradicted = !item.isOnly(text); !item.contradicted {
			o.restart(s, t, at)
			o.give(s, t, at, text, "", whole)
		}
	}
	return news && !tally.Blank()
}

func (o *Responses) close(s *decode.Context, it *itemText) {
	if !it.closed {
		it.closed = true
		o.noteChange(s)
	}
}

// dropSurrogate forgets the pending surrogate of a text, since the whole text has come.
func (o *Responses) dropSurrogate(t *decode.Choice, at int, kind partKind) {
	if o.items[at].touched == o.clock {
		*t.Surrogate(kind.delta()) = 0
	}
}

// beganBefore reports whether pieces of an item may have come before a stream that was
// resumed (O-12).
func (o *Responses) beganBefore(item *outputItem) bool { return !o.begun && !item.announced }

// isLast reports whether a text is the last one of its item that was given, among the
// texts that are joined in the message.
func (m *outputItem) isLast(text int) bool {
	for i := text + 1; i < len(m.texts); i++ {
		if it := &m.texts[i]; it.kind.delta() == m.texts[text].kind.delta() && !it.tally.Blank() {
			return false
		}
	}
	return true
}

// isOnly reports whether no other text of its item was given.
func (m *outputItem) isOnly(text int) bool {
	for i := range m.texts {
		if i != text && !m.texts[i].tally.Blank() {
			return false
		}
	}
	return true
}

// restart begins an item anew. What has come of it is void.
func (o *Responses) restart(s *decode.Context, t *decode.Choice, at int) {
	item := &o.items[at]
	s.Part = item.part
	s.AddRestart(t.Index)
	for i := range item.texts {
		item.texts[i].tally = decode.Tally{}
	}
	item.detailed, item.hasKind, item.contradicted = false, false, false
	o.noteChange(s)
}
