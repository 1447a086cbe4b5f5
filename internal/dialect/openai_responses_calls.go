package dialect

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// The calls of a response are items too. The items of tools that the provider runs
// itself are not the caller's calls; see addOther.

func callType(item []byte) []byte {
	if string(item) == "custom_tool_call" {
		return decode.TypeCustom
	}
	return decode.TypeFunction
}

// callID returns the id by which the result of a call refers to it. An id that is empty
// at the beginning may come with the end.
func callID(s *decode.Context, m *itemMembers, ended bool) []byte {
	id := s.Word(m.callID)
	if len(id) == 0 && (ended || m.callID == nil) {
		return s.Word(m.id)
	}
	return id
}

// argumentsOrInput returns the arguments of a function, or the input of a custom tool.
func (m *itemMembers) argumentsOrInput() *fastjson.Value {
	if m.arguments != nil {
		return m.arguments
	}
	return m.input
}

// wholeArguments returns arguments as text: the text of a string, or the source of an
// object or an array (T-12).
func wholeArguments(s *decode.Context, v *fastjson.Value) (text []byte, ok bool) {
	if text, ok = s.Text(v, nil); !ok && (v.GetObject() != nil || s.IsArray(v)) {
		return s.JSONOf(v), true
	}
	return text, ok
}

// maxLabel is the size of the longest id or name that is kept. They are needed to begin a
// call anew.
const maxLabel = 256

// beginCall decodes the beginning of a call.
func (o *Responses) beginCall(s *decode.Context, t *decode.Choice, at int, m *itemMembers) {
	typ := s.Word(m.typ)
	if o.items[at].call >= 0 {
		o.nameCall(s, t, at, callID(s, m, false), s.Word(m.name))
		return
	}
	if !o.newCall(s, t, at, callID(s, m, false), s.Word(m.name), callType(typ)) {
		return
	}
	seed, _ := wholeArguments(s, m.argumentsOrInput())
	if len(seed) == 0 {
		return
	}
	item := &o.items[at]
	if string(s.Word(m.status)) == "completed" { // the call is whole
		o.appendArguments(s, t, at, "", seed)
		t.Calls[item.call].ArgsWithStart = true
		return
	}
	o.argumentsAt(s, at).seed = bytes.Clone(seed)
}

// newCall begins the call of an item. ok is false if there are too many.
func (o *Responses) newCall(s *decode.Context, t *decode.Choice, at int, id, name, typ []byte) (ok bool) {
	item := &o.items[at]
	s.Part = item.part
	item.call = s.BeginCall(t, item.part, id, name, typ)
	item.typed = typ
	o.label(item, id, name)
	o.noteChange(s)
	if item.call < 0 {
		return false
	}
	t.Calls[item.call].CutOff = item.lostBeginning // until the whole comes
	return true
}

// label keeps the id and the name of a call once they are known.
func (o *Responses) label(item *outputItem, id, name []byte) {
	if len(item.callID) == 0 && len(id) <= maxLabel {
		item.callID = bytes.Clone(id)
	}
	if len(item.name) == 0 {
		item.name = bytes.Clone(name[:min(len(name), maxLabel)])
	}
	if h := decode.Hash(id); h != 0 && !item.hasID(h) {
		item.ids[1] = h
	}
}

// nameCall gives the id and the name of a call that began without them (T-05).
func (o *Responses) nameCall(s *decode.Context, t *decode.Choice, at int, id, name []byte) {
	item := &o.items[at]
	call := &t.Calls[item.call]
	d := decode.ToolCallDelta{Index: item.call}
	if call.ID == 0 && len(id) > 0 {
		t.SetCallID(item.call, id)
		d.ID = id
	}
	if call.Name == 0 && len(name) > 0 {
		call.Name, d.Name = decode.Hash(name), name
	}
	if len(d.ID)+len(d.Name) > 0 {
		o.label(item, d.ID, d.Name)
		s.Part = item.part
		s.Add(decode.KindToolCall, t.Index).ToolCall = d
	}
}

// argumentsAt returns the arguments of the call of the item at a position.
func (o *Responses) argumentsAt(s *decode.Context, at int) *itemText {
	if len(o.items[at].texts) == 0 {
		o.newText(s, at, partArguments, noIndex)
	}
	return &o.items[at].texts[0]
}

// addArguments adds a piece of the arguments of a call. If the beginning of the call was
// not seen, the piece is not the first. The call is then given as a whole, at its end.
func (o *Responses) addArguments(s *decode.Context, t *decode.Choice, e *responseEvent) {
	a, ok := o.addressOf(s, e.outputIndex, e.itemID, nil)
	if !ok {
		return
	}
	at := o.itemFor(s, a, classCall, true)
	if at < 0 {
		return
	}
	item := &o.items[at]
	if item.call < 0 || item.lostBeginning {
		item.lostBeginning = true
		s.Contextual = true
		return
	}
	piece, ok := s.Text(e.delta, &t.Calls[item.call].Surrogate)
	member := "delta"
	if !ok && (e.delta.GetObject() != nil || s.IsArray(e.delta)) {
		piece, member = s.JSONOf(e.delta), ""
	}
	it := o.argumentsAt(s, at)
	if it.seed != nil && len(piece) > 0 {
		if bytes.HasPrefix(piece, it.seed) || bytes.HasPrefix(it.seed, piece) || isWholeJSON(it.seed) {
			it.seed = nil // repeated, or a placeholder such as {}
		} else {
			o.giveArgumentsSeed(s, t, at)
		}
		o.noteChange(s)
	}
	o.appendArguments(s, t, at, member, piece)
}

// isWholeJSON reports whether text is one JSON value, so that no piece can follow.
func isWholeJSON(text []byte) bool {
	var c decode.Call
	c.TakeArguments(text)
	return c.State == decode.CallWhole
}

// giveArgumentsSeed adds the arguments that a call began with, since no piece repeats
// them.
func (o *Responses) giveArgumentsSeed(s *decode.Context, t *decode.Choice, at int) {
	it := o.argumentsAt(s, at)
	if seed := it.seed; seed != nil {
		it.seed = nil
		o.appendArguments(s, t, at, "", seed)
	}
}

// appendArguments adds a piece to the arguments of a call. name is the member whose value
// the piece is, or "" if no template may be learned from it.
func (o *Responses) appendArguments(s *decode.Context, t *decode.Choice, at int, name string, piece []byte) {
	item := &o.items[at]
	s.Part = item.part
	if !s.AppendArgumentText(t, item.call, piece) {
		s.Contextual = true
		return
	}
	o.argumentsAt(s, at).tally.Add(piece)
	o.touch(at)
	if name != "" {
		s.Source = decode.TextSource{Member: name, Kind: decode.KindToolCall, Choice: s.Recent, Call: item.call, Owner: ownerOf(at, 0)}
	}
}

// endArguments decodes the event that has the arguments of a call as a whole.
func (o *Responses) endArguments(s *decode.Context, t *decode.Choice, e *responseEvent, v *fastjson.Value, typ []byte) {
	a, ok := o.addressOf(s, e.outputIndex, e.itemID, nil)
	if !ok {
		return
	}
	at := o.itemFor(s, a, classCall, false)
	if at < 0 {
		return
	}
	name := s.Word(e.name)
	if o.items[at].call >= 0 {
		o.nameCall(s, t, at, nil, name)
	} else if !o.newCall(s, t, at, nil, name, typ) {
		return
	}
	o.takeArguments(s, t, at, v)
}

// takeArguments compares whole arguments with the pieces (O-17). An empty text is a
// placeholder. So is an empty object if arguments have come.
func (o *Responses) takeArguments(s *decode.Context, t *decode.Choice, at int, v *fastjson.Value) {
	s.Contextual = true
	whole, ok := wholeArguments(s, v)
	item := &o.items[at]
	call, it := &t.Calls[item.call], o.argumentsAt(s, at)
	tally := decode.TallyOf(whole)
	if !ok || tally.Blank() {
		return
	}
	call.Surrogate = 0
	empty := call.Type != decode.ToolCustom && string(bytes.TrimSpace(whole)) == "{}"
	if empty && it.seed != nil {
		o.giveArgumentsSeed(s, t, at)
	}
	it.seed = nil
	rest, begins := it.tally.Rest(whole)
	switch {
	case it.tally.Same(&tally) && (len(rest) == 0 || !call.TakesPieces()):
	case empty && !it.tally.Blank() && call.State != decode.CallBroken && call.Arguments.Complete():
	case begins && call.TakesPieces():
		o.appendArguments(s, t, at, "", rest)
	case empty: // the arguments break off, and {} is only a placeholder
		s.Conflicts++
		call.CutOff = true
		return
	default:
		s.Conflicts++
		o.restartCall(s, t, at)
		if item.call < 0 {
			return
		}
		o.appendArguments(s, t, at, "", whole)
	}
	call = &t.Calls[item.call]
	item.lostBeginning, call.CutOff, call.Doubtful = false, false, false // this whole settles it
}

// restartCall begins a call anew. What has come of it is void.
func (o *Responses) restartCall(s *decode.Context, t *decode.Choice, at int) {
	item := &o.items[at]
	t.Calls[item.call].Void()
	o.restart(s, t, at)
	o.newCall(s, t, at, item.callID, item.name, item.typed)
}

// endCall decodes a call as a whole.
func (o *Responses) endCall(s *decode.Context, t *decode.Choice, at int, m *itemMembers) {
	id, name := callID(s, m, true), s.Word(m.name)
	if o.items[at].call >= 0 {
		o.nameCall(s, t, at, id, name)
	} else if !o.newCall(s, t, at, id, name, callType(s.Word(m.typ))) {
		return
	}
	o.takeArguments(s, t, at, m.argumentsOrInput())
	item := &o.items[at]
	if item.call < 0 {
		return
	}
	if o.argumentsAt(s, at).tally.Blank() {
		o.giveArgumentsSeed(s, t, at)
	}
	call := &t.Calls[item.call]
	status := string(s.Word(m.status))
	unsaid := m.argumentsOrInput() == nil && !call.HasArguments // a call without arguments says so
	if unsaid || item.lostBeginning || status == "incomplete" || o.brokenOff && status != "completed" {
		call.CutOff = call.CutOff || !call.HasEnded() // T-19
		return
	}
	o.finishCall(s, t, at)
}

// finishCall ends a call. A call without a name cannot be run.
func (o *Responses) finishCall(s *decode.Context, t *decode.Choice, at int) {
	call := &t.Calls[o.items[at].call]
	if call.Name == 0 {
		call.Break()
	}
	s.Part = o.items[at].part
	s.EndCall(t, o.items[at].call)
}
