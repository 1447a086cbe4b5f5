package llmstream

import "github.com/valyala/fastjson"

// The calls of a response are items too. Those of tools that the provider runs
// itself are none of the caller's; see addOther.

func callType(item []byte) []byte {
	if string(item) == "custom_tool_call" {
		return typeCustom
	}
	return typeFunction
}

// callID returns the id by which the result of a call refers to it. Where it is empty
// at the beginning, it may come with the end.
func (o *responses) callID(s *step, m *responseItem, ended bool) []byte {
	id := s.word(m.callID)
	if len(id) == 0 && (ended || m.callID == nil) {
		return s.word(m.id)
	}
	return id
}

// words returns the arguments of a function or the input of a custom tool.
func (m *responseItem) words() *fastjson.Value {
	if m.arguments != nil {
		return m.arguments
	}
	return m.input
}

// callOf returns the position of the call at a place, -1: none.
func (c *choiceTrack) callOf(place int) int {
	if place == noIndex {
		return len(c.calls) - 1
	}
	return c.callAt(place)
}

// addArguments adds a piece of the arguments of a call. Where the beginning of
// the call was not seen, the piece is none of its first ones either: the call is
// then told as a whole, at its end.
func (o *responses) addArguments(s *step, t *choiceTrack, e *responseEvent) {
	place, ok := o.place(s, e.outputIndex, e.itemID)
	if !ok {
		return
	}
	if at := t.callOf(place); at >= 0 {
		s.argueToolCall(t, at, "delta", e.delta)
	}
}

// addAllArguments takes the arguments of a call as a whole.
func (o *responses) addAllArguments(s *step, t *choiceTrack, e *responseEvent, v *fastjson.Value, typ []byte) {
	place, ok := o.place(s, e.outputIndex, e.itemID)
	if !ok {
		return
	}
	at := t.callOf(place)
	if at < 0 {
		at = s.beginToolCall(t, place, nil, s.word(e.name), typ)
	}
	if at >= 0 {
		o.argueMissing(s, t, at, v)
	}
}

// argueMissing adds whole arguments if nothing of them has come.
func (o *responses) argueMissing(s *step, t *choiceTrack, at int, v *fastjson.Value) {
	if call := &t.calls[at]; !call.begun && call.high == 0 {
		s.argueToolCall(t, at, "", v)
	}
}

// endCall takes a call as a whole.
func (o *responses) endCall(s *step, t *choiceTrack, place int, m *responseItem, typ []byte) {
	id, name := o.callID(s, m, true), s.word(m.name)
	at := t.callOf(place)
	if at < 0 || t.calls[at].id != hash(id) {
		if known := t.callByID(id); known >= 0 {
			at = known
		} else if at < 0 || t.calls[at].ended || t.calls[at].renamed(hash(name)) {
			at = s.beginToolCall(t, place, id, name, typ)
		} // else its id is new in every event, or it had none yet
	}
	if at < 0 {
		return
	}
	o.nameCall(s, t, at, id, name)
	o.argueMissing(s, t, at, m.words())
	if string(s.word(m.status)) == "incomplete" {
		t.calls[at].short = true // T-19
		return
	}
	s.endToolCall(t, at)
}

// nameCall tells the id and the name of a call that was begun without (T-05).
func (o *responses) nameCall(s *step, t *choiceTrack, at int, id, name []byte) {
	call := &t.calls[at]
	d := xToolCallDelta{Index: at}
	if call.id == 0 {
		call.id, d.ID = hash(id), id
	}
	if call.name == 0 {
		call.name, d.Name = hash(name), name
	}
	if len(d.ID)+len(d.Name) > 0 {
		s.add(xKindToolCall, t.index).ToolCall = d
	}
}

// callByID returns the position of the call with an id; -1: there is none.
func (c *choiceTrack) callByID(id []byte) int {
	h := hash(id)
	for at := range c.calls {
		if h != 0 && c.calls[at].id == h {
			return at
		}
	}
	return -1
}
