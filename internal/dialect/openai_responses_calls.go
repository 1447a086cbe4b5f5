package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// The calls of a response are items too. Those of tools that the provider runs
// itself are none of the caller's; see addOther.

func callType(item []byte) []byte {
	if string(item) == "custom_tool_call" {
		return decode.TypeCustom
	}
	return decode.TypeFunction
}

// callID returns the id by which the result of a call refers to it. Where it is empty
// at the beginning, it may come with the end.
func (o *Responses) callID(s *decode.Context, m *responseItem, ended bool) []byte {
	id := s.Word(m.callID)
	if len(id) == 0 && (ended || m.callID == nil) {
		return s.Word(m.id)
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
func callOf(c *decode.Choice, place int) int {
	if place == noIndex {
		return len(c.Calls) - 1
	}
	return c.CallAtIndex(place)
}

// addArguments adds a piece of the arguments of a call. Where the beginning of
// the call was not seen, the piece is none of its first ones either: the call is
// then told as a whole, at its end.
func (o *Responses) addArguments(s *decode.Context, t *decode.Choice, e *responseEvent) {
	place, ok := o.place(s, e.outputIndex, e.itemID)
	if !ok {
		return
	}
	if at := callOf(t, place); at >= 0 {
		s.AppendArguments(t, at, "delta", e.delta)
	}
}

// addAllArguments takes the arguments of a call as a whole.
func (o *Responses) addAllArguments(s *decode.Context, t *decode.Choice, e *responseEvent, v *fastjson.Value, typ []byte) {
	place, ok := o.place(s, e.outputIndex, e.itemID)
	if !ok {
		return
	}
	at := callOf(t, place)
	if at < 0 {
		at = s.BeginCall(t, place, nil, s.Word(e.name), typ)
	}
	if at >= 0 {
		o.argueMissing(s, t, at, v)
	}
}

// argueMissing adds whole arguments if nothing of them has come.
func (o *Responses) argueMissing(s *decode.Context, t *decode.Choice, at int, v *fastjson.Value) {
	if call := &t.Calls[at]; !call.HasArguments && call.Surrogate == 0 {
		s.AppendArguments(t, at, "", v)
	}
}

// endCall takes a call as a whole.
func (o *Responses) endCall(s *decode.Context, t *decode.Choice, place int, m *responseItem, typ []byte) {
	id, name := o.callID(s, m, true), s.Word(m.name)
	at := callOf(t, place)
	if at < 0 || t.Calls[at].ID != decode.Hash(id) {
		if known := callByID(t, id); known >= 0 {
			at = known
		} else if at < 0 || t.Calls[at].HasEnded() || t.Calls[at].Renamed(decode.Hash(name)) {
			at = s.BeginCall(t, place, id, name, typ)
		} // else its id is new in every event, or it had none yet
	}
	if at < 0 {
		return
	}
	o.nameCall(s, t, at, id, name)
	o.argueMissing(s, t, at, m.words())
	if string(s.Word(m.status)) == "incomplete" {
		t.Calls[at].CutOff = true // T-19
		return
	}
	s.EndCall(t, at)
}

// nameCall tells the id and the name of a call that was begun without (T-05).
func (o *Responses) nameCall(s *decode.Context, t *decode.Choice, at int, id, name []byte) {
	call := &t.Calls[at]
	d := decode.ToolCallDelta{Index: at}
	if call.ID == 0 {
		call.ID, d.ID = decode.Hash(id), id
	}
	if call.Name == 0 {
		call.Name, d.Name = decode.Hash(name), name
	}
	if len(d.ID)+len(d.Name) > 0 {
		s.Add(decode.KindToolCall, t.Index).ToolCall = d
	}
}

// callByID returns the position of the call with an id; -1: there is none.
func callByID(c *decode.Choice, id []byte) int {
	h := decode.Hash(id)
	for at := range c.Calls {
		if h != 0 && c.Calls[at].ID == h {
			return at
		}
	}
	return -1
}
