package llmstream

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/valyala/fastjson"
)

// partAcc is the text of a part of a message as far as it has come.
type partAcc struct {
	part                        int
	content, reasoning, refusal []byte
}

// maxParts is the number of parts of a message that are kept apart. Recorded answers have
// some tens; a hostile one may have thousands. A text of any further part is joined to
// the part that came last.
const maxParts = 1024

// switchPart returns another part of the message. Texts are joined to that part from now
// on.
func (f *choiceAcc) switchPart(a *Accumulator, part int) *partAcc {
	for i := len(f.parts) - 1; i >= 0; i-- {
		if f.parts[i].part == part {
			f.cur = i
			return &f.parts[i]
		}
	}
	if p := &f.parts[f.cur]; p.empty() {
		p.part = part
		return p
	}
	if len(f.parts) < maxParts {
		if list, ok := addSlot(a, f.parts); ok {
			f.parts, f.cur = list, len(list)-1
			f.parts[f.cur].part = part
		}
	}
	return &f.parts[f.cur]
}

func (p *partAcc) empty() bool { return len(p.content)+len(p.reasoning)+len(p.refusal) == 0 }

// sortedParts returns the parts in the order of their indexes.
func (f *choiceAcc) sortedParts() []partAcc {
	if len(f.parts) == 1 {
		return f.parts
	}
	all := slices.Clone(f.parts)
	slices.SortStableFunc(all, func(a, b partAcc) int { return cmp.Compare(a.part, b.part) })
	return all
}

// texts returns the texts of all parts.
func (f *choiceAcc) texts() (content, reasoning, refusal string) {
	if p := &f.parts[0]; len(f.parts) == 1 {
		return string(p.content), string(p.reasoning), string(p.refusal)
	}
	var all partAcc
	for _, p := range f.sortedParts() {
		all.content = append(all.content, p.content...)
		all.reasoning = append(all.reasoning, p.reasoning...)
		all.refusal = append(all.refusal, p.refusal...)
	}
	return string(all.content), string(all.reasoning), string(all.refusal)
}

// itemAcc is an item of a message; see KindItem.
type itemAcc struct {
	place position
	json  []byte
	void  bool // the part has begun anew
}

// addItem adds an item. An item that does not fit is dropped whole.
func (a *Accumulator) addItem(f *choiceAcc, d *Delta) {
	if len(f.items) == maxParts || len(d.Text) > a.room() {
		a.dropped += int64(len(d.Text))
		return
	}
	list, ok := addSlot(a, f.items)
	if !ok {
		a.dropped += int64(len(d.Text))
		return
	}
	f.items = list
	item := &f.items[len(list)-1]
	*item = itemAcc{json: item.json, void: true}
	if item.json, ok = a.grow(item.json[:0], len(d.Text)); !ok {
		a.dropped += int64(len(d.Text))
		return
	}
	item.place, item.void, item.json = f.positionIn(d.Part), false, a.join(item.json, d.Text)
}

// sortedItems returns the items in the order of their parts. In most answers the items
// came in that order.
func (f *choiceAcc) sortedItems(p *pieces) (list []json.RawMessage) {
	if len(f.items) == 0 {
		return nil
	}
	all := slices.Clone(f.items)
	slices.SortStableFunc(all, func(a, b itemAcc) int { return cmp.Compare(a.place.part, b.place.part) })
	for _, item := range all {
		if !item.void {
			eachValue(item.json, func(raw []byte, v *fastjson.Value) {
				p.add(KindItem, len(list), item.place)
				list = append(list, cloneValue(raw, v))
			})
		}
	}
	return list
}

// restart voids what has come of a part that begins anew. The part -1 means that
// another answer begins. Everything outside of the parts is then void. A call whose
// arguments came whole where it began has been answered, and loses its arguments.
func (a *Accumulator) restart(f *choiceAcc, part int) {
	if part < 0 {
		for i := range f.calls {
			if c := &f.calls[i]; c.argsWithStart {
				c.arguments = a.takeBack(c.arguments)
			}
		}
		f.finish = FinishNone
		for _, b := range []*[]byte{&f.native, &f.stop, &f.logprobs, &f.media, &f.annotations} {
			*b = a.takeBack(*b)
		}
		f.mediaAt = f.mediaAt[:0]
		a.usage = Usage{Raw: a.takeBack(a.usage.Raw)}
		return
	}
	a.restarts, a.restarted = append(a.restarts, part), f.index
}

// voidRestarted voids what has come of the parts that have begun anew.
func (a *Accumulator) voidRestarted() {
	if len(a.restarts) == 0 {
		return
	}
	f := a.choice(a.restarted)
	slices.Sort(a.restarts)
	restarts := func(part int) bool {
		_, found := slices.BinarySearch(a.restarts, part)
		return found
	}
	for i := range f.parts {
		if p := &f.parts[i]; restarts(p.part) {
			p.content, p.reasoning, p.refusal = a.takeBack(p.content), a.takeBack(p.reasoning), a.takeBack(p.refusal)
		}
	}
	f.detailAt = nil
	for i := range f.details {
		if d := &f.details[i]; !d.void && restarts(d.index) {
			d.void = true
			d.text, d.summary, d.data = a.takeBack(d.text), a.takeBack(d.summary), a.takeBack(d.data)
		}
	}
	for i := range f.calls {
		if c := &f.calls[i]; !c.void && restarts(c.place.part) {
			c.void = true
			c.arguments, c.extra = a.takeBack(c.arguments), a.takeBack(c.extra)
		}
	}
	for i := range f.items {
		if item := &f.items[i]; !item.void && restarts(item.place.part) {
			item.void = true
			item.json = a.takeBack(item.json)
		}
	}
	a.restarts = a.restarts[:0]
}

// position is a place in a message: in this part, after at bytes of the part's content.
type position struct{ part, at int }

// maxSearched is the number of parts in which positionIn looks for a part. Recorded answers
// have fewer. In a hostile answer a piece may stand at the start of its part.
const maxSearched = 64

// positionIn returns the current end of a part.
func (f *choiceAcc) positionIn(part int) position {
	for i := len(f.parts) - 1; i >= max(0, len(f.parts)-maxSearched); i-- {
		if p := &f.parts[i]; p.part == part {
			return position{part, len(p.content)}
		}
	}
	return position{part, 0}
}

// mediaAcc is the place of count consecutive values of choiceAcc.media.
type mediaAcc struct {
	place position
	count int
}

// addMedia adds a media value.
func (a *Accumulator) addMedia(f *choiceAcc, d *Delta) {
	before := len(f.media)
	if f.media = a.joinJSON(f.media, d.Text); len(f.media) == before {
		return
	}
	at, n := f.positionIn(d.Part), len(f.mediaAt)
	if n == 0 || f.mediaAt[n-1].place != at && n < maxParts {
		if list, ok := addSlot(a, f.mediaAt); ok {
			f.mediaAt = list
			f.mediaAt[n] = mediaAcc{place: at}
			n++
		}
	}
	if n > 0 {
		f.mediaAt[n-1].count++
	}
}

// The parts of a message are made with its completion. While the answer comes, the
// Accumulator only keeps the place of each piece that is not text.

// piece is a piece of a message that is not text.
type piece struct {
	position
	kind  Kind
	index int // see Part.Index
}

// pieces are the pieces of a message.
type pieces struct {
	list []piece
	// media and taken are the place of the next media value: the entry of choiceAcc.mediaAt,
	// and the number of its values that were added.
	media, taken int
	sound        bool // a piece of audio was added
}

func (p *pieces) add(kind Kind, index int, at position) {
	p.list = append(p.list, piece{at, kind, index})
}

// addMedia adds the next media value of a choice, unless it is more of the same audio.
func (p *pieces) addMedia(f *choiceAcc, image int) {
	var at position
	if p.media < len(f.mediaAt) {
		entry := &f.mediaAt[p.media]
		at = entry.place
		if p.taken++; p.taken == entry.count {
			p.media, p.taken = p.media+1, 0
		}
	}
	if image >= 0 || !p.sound {
		p.add(KindMedia, image, at)
	}
	p.sound = p.sound || image < 0
}

// partKinds is the order of the kinds of pieces at the same place.
var partKinds = [...]Kind{KindReasoning, KindToolCall, KindItem, KindMedia}

// sort sorts the pieces by their places.
func (p *pieces) sort() {
	slices.SortStableFunc(p.list, func(a, b piece) int {
		return cmp.Or(cmp.Compare(a.part, b.part), cmp.Compare(a.at, b.at),
			cmp.Compare(slices.Index(partKinds[:], a.kind), slices.Index(partKinds[:], b.kind)))
	})
}

// partsOf splits a message into its parts.
type partsOf struct {
	message *Message
	// content, reasoning and refusal are the texts that are not in parts yet.
	content, reasoning, refusal string
	parts                       []Part
}

// parts returns the parts of m. texts are its texts by the index of the part; joined, they are
// the texts of m.
func (p *pieces) parts(m *Message, texts []partAcc) []Part {
	p.sort()
	rest := p.list
	s := partsOf{message: m, content: m.Content, reasoning: m.Reasoning, refusal: m.Refusal}
	for i := range texts {
		t := &texts[i]
		n := 0
		for n < len(rest) && rest[n].part <= t.part {
			n++
		}
		before := slices.IndexFunc(rest[:n], func(q piece) bool { return q.part == t.part })
		if before < 0 {
			before = n
		}
		s.addPart(rest[:before], 0, 0, 0)
		s.addPart(rest[before:n], len(t.content), len(t.reasoning), len(t.refusal))
		rest = rest[n:]
	}
	s.addPart(rest, 0, 0, 0)
	return s.parts
}

// wholeParts returns the parts of a message whose order is not known: reasoning first, then
// the content, and then all other pieces.
func (m *Message) wholeParts() []Part {
	var p pieces
	end := position{at: len(m.Content)}
	for i := range m.ReasoningDetails {
		p.add(KindReasoning, i, position{})
	}
	for i := range m.ToolCalls {
		p.add(KindToolCall, i, end)
	}
	for i := range m.Items {
		p.add(KindItem, i, end)
	}
	for i := range m.Images {
		p.add(KindMedia, i, end)
	}
	if m.Audio != nil {
		p.add(KindMedia, -1, end)
	}
	p.sort()
	s := partsOf{message: m, content: m.Content, reasoning: m.Reasoning, refusal: m.Refusal}
	s.addPart(p.list, len(m.Content), len(m.Reasoning), len(m.Refusal))
	return s.parts
}

// addPart adds a part of the message with texts of these lengths: reasoning first, the
// content with the pieces where they came, and a refusal.
func (s *partsOf) addPart(own []piece, content, reasoning, refusal int) {
	n := 0
	for n < len(own) && own[n].kind == KindReasoning && own[n].at == 0 {
		n++
	}
	s.addReasoning(own[:n], take(&s.reasoning, reasoning))
	text, at := take(&s.content, content), 0
	for _, p := range own[n:] {
		to := min(max(p.at, at), len(text))
		s.addText(KindContent, text[at:to])
		at = to
		s.parts = append(s.parts, Part{Kind: p.kind, Index: p.index})
	}
	s.addText(KindContent, text[at:])
	s.addText(KindRefusal, take(&s.refusal, refusal))
}

// take cuts n bytes off the start of text.
func take(text *string, n int) (start string) {
	n = min(n, len(*text))
	start, *text = (*text)[:n], (*text)[n:]
	return start
}

func (s *partsOf) addText(kind Kind, text string) {
	if text != "" {
		s.parts = append(s.parts, Part{Kind: kind, Text: text, Index: -1})
	}
}

// addReasoning adds a text of reasoning with its details. If the texts of the details make up
// the text, each detail gets its own. Otherwise a single detail gets the whole text. If there
// are several, or the detail signs other text, the text becomes a part of its own.
func (s *partsOf) addReasoning(details []piece, text string) {
	all := s.message.ReasoningDetails
	size, typed := 0, false
	for _, d := range details {
		size += len(all[d.index].Text) + len(all[d.index].Summary)
		typed = typed || all[d.index].Type == signatureOfText
	}
	split := size == len(text)
	for at, i := 0, 0; split && i < len(details); i++ {
		d := &all[details[i].index]
		split = text[at:at+len(d.Text)] == d.Text && text[at+len(d.Text):at+len(d.Text)+len(d.Summary)] == d.Summary
		at += len(d.Text) + len(d.Summary)
	}
	if !split && (len(details) != 1 || typed) {
		s.addText(KindReasoning, text)
		text = ""
	}
	for _, d := range details {
		own := text
		if split {
			own = take(&text, len(all[d.index].Text)+len(all[d.index].Summary))
		}
		s.parts = append(s.parts, Part{Kind: KindReasoning, Text: own, Index: d.index})
	}
}

// signatureOfText is the type of a detail that signs a text of the answer, and not of the
// reasoning.
const signatureOfText = "text"
