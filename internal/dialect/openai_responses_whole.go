package dialect

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// An item begins with one event and ends with another, which has the whole item. The
// terminal response repeats all items.

// classOf returns the class of an item. ok is false if the item has no type, so that its
// meaning is unknown (O-05).
func classOf(s *decode.Context, m *itemMembers) (class itemClass, ok bool) {
	switch string(s.Word(m.typ)) {
	case "":
		return 0, false
	case "message":
		return classMessage, true
	case "reasoning":
		return classReasoning, true
	case "function_call":
		return classCall, true
	case "custom_tool_call":
		if !bytes.HasPrefix(s.Word(m.callID), []byte("xs_call")) { // xAI runs a call with this id itself (O-21)
			return classCall, true
		}
	}
	return classOther, true
}

// beginItem decodes the beginning of an item.
func (o *Responses) beginItem(s *decode.Context, t *decode.Choice, e *responseEvent) {
	var m itemMembers
	m.read(e.item)
	if a, ok := o.addressOf(s, e.outputIndex, m.id, m.ownCallID(s)); ok {
		o.beginItemAt(s, t, a, &m)
	}
}

func (o *Responses) beginItemAt(s *decode.Context, t *decode.Choice, a address, m *itemMembers) {
	s.Contextual = true
	class, ok := classOf(s, m)
	if !ok {
		return
	}
	at := o.announce(s, a, class)
	if at < 0 {
		return
	}
	item := &o.items[at]
	item.typ, s.Part = decode.Hash(s.Word(m.typ)), item.part
	switch class {
	case classMessage, classReasoning:
		s.AddRole(t, m.role)
	case classCall:
		o.beginCall(s, t, at, m)
	}
}

// ownCallID returns the id of the call that an item is. It returns nil if the item is the
// output of a call.
func (m *itemMembers) ownCallID(s *decode.Context) *fastjson.Value {
	if isOutput(s, m) {
		return nil
	}
	return m.callID
}

// endItem decodes an item as a whole.
func (o *Responses) endItem(s *decode.Context, t *decode.Choice, e *responseEvent) {
	var m itemMembers
	m.read(e.item)
	class, known := classOf(s, &m)
	a, ok := o.addressOf(s, e.outputIndex, m.id, m.ownCallID(s))
	if !ok || !known {
		return
	}
	s.Contextual = true
	o.endItemAt(s, t, o.itemEnding(s, t, a, class, &m), class, e.item, &m)
}

// endItemAt decodes an item as a whole. at is its position, or noItem if it is not in the
// table.
func (o *Responses) endItemAt(s *decode.Context, t *decode.Choice, at int, class itemClass, v *fastjson.Value, m *itemMembers) {
	if at >= 0 {
		s.Part = o.items[at].part
		o.noteChange(s)
	} else if class != classOther {
		return
	}
	switch class {
	case classMessage:
		s.AddRole(t, m.role)
		o.endTexts(s, t, at, m)
	case classReasoning:
		o.endReasoning(s, t, at, m)
	case classCall:
		o.endCall(s, t, at, m)
	default:
		o.addOther(s, t, at, v, m)
	}
	if at >= 0 {
		o.items[at].ended = true
	}
}

// itemEnding returns the item that an event ends.
func (o *Responses) itemEnding(s *decode.Context, t *decode.Choice, a address, class itemClass, m *itemMembers) (at int) {
	if at = o.byID(a, class); at >= 0 && o.items[at].class == class {
		if !o.items[at].isMistaken(s, a, m) {
			o.learn(s, at, a)
			return at
		}
		o.unlearn(s, t, at)
	}
	words := m.wordsOf(s)
	at = o.find(s, address{index: a.index}, class, true)
	if at >= 0 && (o.items[at].ended && a.id|a.callID != 0 || !o.items[at].isLike(&words)) { // the event has other ids than that item
		at = noItem
	}
	if at < 0 {
		at = o.equalItem(s, class, m, false)
	}
	if at < 0 {
		return o.add(s, a, class)
	}
	o.learn(s, at, a)
	return at
}

// isMistaken reports whether the end of a call shows that the id was given to the wrong item.
// The item has learned the id from an event that did not announce the item, and the end has
// another name or call id. So the beginning of the item with the id was lost.
func (m *outputItem) isMistaken(s *decode.Context, a address, end *itemMembers) bool {
	if m.class != classCall || a.id == 0 || m.ids[2] != a.id || m.ids[0] == a.id {
		return false
	}
	id := decode.Hash(s.Word(end.callID))
	words := end.wordsOf(s)
	return !m.isLike(&words) || id != 0 && m.ids[1] != 0 && m.ids[1] != id
}

// unlearn takes an id back that belongs to another item. Arguments of that item may have been
// added to the call, so the call is cut off, unless its own end has settled its arguments.
func (o *Responses) unlearn(s *decode.Context, t *decode.Choice, at int) {
	item := &o.items[at]
	item.ids[2] = 0
	s.Conflicts++
	if item.call >= 0 && !t.Calls[item.call].HasEnded() {
		item.lostBeginning, t.Calls[item.call].CutOff = true, true
	}
	o.noteChange(s)
}

// endTexts decodes the texts of a message, or of reasoning, as wholes.
func (o *Responses) endTexts(s *decode.Context, t *decode.Choice, at int, m *itemMembers) {
	item := &o.items[at]
	if len(item.texts) == maxResponseTexts {
		return // the texts were not kept apart
	}
	o.readWholes(s, item, m)
	defer o.forgetWholes()
	if o.hasText() {
		for i := range item.texts {
			o.dropSurrogate(t, at, item.texts[i].kind)
		}
	}
	_, _, differ := o.match(item)
	if differ {
		if o.beganBefore(item) {
			return // the client has the texts from before the stream was resumed
		}
		if !item.contradicted {
			s.Conflicts++
		}
		item.contradicted = false
		if !o.hasAll(item) {
			return
		}
		o.restart(s, t, at)
		for i := range o.wholes {
			o.wholes[i].matches, o.wholes[i].rest = noItem, nil
		}
	}
	for i := range o.wholes {
		o.addWhole(s, t, at, &o.wholes[i], !differ)
	}
	for i := range o.items[at].texts {
		if it := &o.items[at].texts[i]; it.tally.Blank() {
			o.giveSeed(s, t, at, i)
		}
		o.close(s, &o.items[at].texts[i])
	}
}

// hasAll reports whether a whole has come for every kind of text that the item has.
func (o *Responses) hasAll(item *outputItem) bool {
	for i := range item.texts {
		known := item.texts[i].tally.Blank()
		for k := range o.wholes {
			known = known || o.wholes[k].kind == item.texts[i].kind
		}
		if !known {
			return false
		}
	}
	return true
}

// addWhole adds what an item lacks of one of its texts. news reports whether the log
// probabilities of the text did not come with pieces.
func (o *Responses) addWhole(s *decode.Context, t *decode.Choice, at int, w *textOfWhole, news bool) {
	if w.tally.Blank() && w.matches == noItem {
		return
	}
	if w.matches == noItem {
		for i := range o.items[at].texts { // the text may have begun
			if it := &o.items[at].texts[i]; it.kind == w.kind && it.tally.Blank() {
				w.matches = i
				break
			}
		}
		if w.matches == noItem {
			w.matches = o.newText(s, at, w.kind, noIndex)
		}
		o.items[at].texts[w.matches].seed = nil
		o.give(s, t, at, w.matches, "", w.text)
		if news {
			o.addLogprobs(s, t, w.part.logprobs)
		}
	} else if len(w.rest) > 0 {
		o.give(s, t, at, w.matches, "", w.rest)
	}
	o.addAnnotations(s, t, &o.items[at].texts[w.matches], w.part.annotations.GetArray())
}

// addAnnotations adds the annotations of a text, unless some have come.
func (o *Responses) addAnnotations(s *decode.Context, t *decode.Choice, it *itemText, list []*fastjson.Value) {
	if it.annotated {
		return
	}
	for _, v := range list {
		it.annotated = true
		s.Add(decode.KindAnnotation, t.Index).Text = s.Raw(v)
	}
}

// addAnnotation adds one annotation.
func (o *Responses) addAnnotation(s *decode.Context, t *decode.Choice, e *responseEvent) {
	if e.annotation.GetObject() == nil {
		return
	}
	a, ok := o.addressOf(s, e.outputIndex, e.itemID, nil)
	if !ok {
		return
	}
	at := o.itemFor(s, a, classMessage, false)
	if at < 0 {
		return
	}
	s.Contextual = true
	text := o.textForPiece(s, at, partText, o.textIndex(s, e.contentIndex))
	o.items[at].texts[text].annotated = true
	s.Part = o.items[at].part
	s.Add(decode.KindAnnotation, t.Index).Text = s.Raw(e.annotation)
}

var typeReasoning, formatResponses = []byte("reasoning"), []byte("openai-responses-v1")

// endReasoning decodes reasoning as a whole. It gives the text, and one detail with
// everything that has to be sent back (O-11).
func (o *Responses) endReasoning(s *decode.Context, t *decode.Choice, at int, m *itemMembers) {
	o.endTexts(s, t, at, m)
	item := &o.items[at]
	if item.detailed {
		return
	}
	item.detailed = true
	s.Part = item.part
	s.AddDetail(t.Index, decode.ReasoningDetail{
		Index: item.part, Type: typeReasoning, Format: formatResponses,
		ID: s.Word(m.id), Summary: o.joined(s, m.summary), Text: o.joined(s, m.content), Data: s.Word(m.encrypted),
	})
}

// joined returns the texts of all parts in v, of which there is one in most cases.
func (o *Responses) joined(s *decode.Context, v *fastjson.Value) (text []byte) {
	for i, part := range v.GetArray() {
		piece := s.Word(part)
		if part.GetObject() != nil {
			piece = s.Word(decode.Member(part, "text"))
		}
		if i == 0 {
			text = piece[:len(piece):len(piece)]
		} else {
			text = append(text, piece...)
		}
	}
	return text
}

// addOther adds an item of another kind: an image, or an item that has to be sent back
// unchanged, such as a call of a tool that the provider runs.
func (o *Responses) addOther(s *decode.Context, t *decode.Choice, at int, v *fastjson.Value, m *itemMembers) {
	if at >= 0 {
		item := &o.items[at]
		if item.ended {
			return
		}
		item.typ, item.waiting = decode.Hash(s.Word(m.typ)), waits(s, m)
		if isOutput(s, m) {
			item.outputOf = decode.Hash(s.Word(m.callID))
		}
	}
	s.Delivered = true
	kind := decode.KindItem
	if string(s.Word(m.typ)) == "image_generation_call" && !decode.IsNull(m.result) {
		kind = decode.KindMedia
	}
	s.Add(kind, t.Index).Text = s.Raw(v)
}

// isOutput reports whether an item is the output of another, which has the same call id.
func isOutput(s *decode.Context, m *itemMembers) bool {
	return bytes.HasSuffix(s.Word(m.typ), []byte("_output"))
}

// waits reports whether the caller has to run an item, unless the response has its
// output.
func waits(s *decode.Context, m *itemMembers) bool {
	switch string(s.Word(m.typ)) {
	case "shell_call", "local_shell_call", "apply_patch_call", "computer_call":
		return true
	}
	return false
}
