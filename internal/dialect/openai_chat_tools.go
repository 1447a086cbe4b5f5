package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

// chatCall are the members of a tool call and of the function in it.
type chatCall struct {
	index, id, extra *fastjson.Value
	function, custom *fastjson.Value
	name, arguments  *fastjson.Value // of the function or the custom tool
	textMember       string          // the name of the arguments
	legacy           bool            // it is the one function_call of its choice
}

func (c *chatCall) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "index":
			c.index = v
		case "id":
			c.id = v
		case "extra_content":
			c.extra = v
		case "function":
			c.function = v
		case "custom":
			c.custom = v
		}
	})
	if c.custom.GetObject() != nil {
		c.readFunction(c.custom)
	} else {
		c.readFunction(c.function)
	}
}

func (c *chatCall) readFunction(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "name":
			c.name = v
		case "arguments":
			c.arguments, c.textMember = v, "arguments"
		case "input":
			c.arguments, c.textMember = v, "input"
		}
	})
}

// decodeToolCall adds one element of tool_calls. first: it is the first of them.
func decodeToolCall(s *decode.Context, t *decode.Choice, v *fastjson.Value, first bool) {
	if v.GetObject() == nil {
		return
	}
	var c chatCall
	c.read(v)
	addToolCall(s, t, &c, first)
}

// decodeFunctionCall adds a call in the API's old form, which has no id and of
// which a choice has one (T-24).
func decodeFunctionCall(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	var c chatCall
	c.readFunction(v)
	c.legacy = true
	addToolCall(s, t, &c, true)
}

func addToolCall(s *decode.Context, t *decode.Choice, c *chatCall, first bool) {
	s.Fragments++
	k := decode.CallKey{ID: s.Word(c.id), Name: s.Word(c.name), First: first}
	if k.Indexed = c.legacy; c.legacy {
		k.Index = decode.LegacyIndex
	} else if !decode.IsNull(c.index) {
		k.Indexed = true
		var ok bool
		if k.Index, ok = s.Index(c.index); !ok || k.Index < -1 {
			s.Malformed(t.Index, 0, len(s.Data), fault.Reason("a tool call's index is none"))
			return
		}
	}
	if first {
		t.List++
	}
	at, conflict := t.MatchCall(&k)
	if conflict {
		s.Conflicts++
		s.Contextual = true
	}
	begins := at < 0
	if begins {
		if s.Calls >= s.Limits.MaxToolCalls {
			s.Malformed(t.Index, 0, len(s.Data), &fault.Limit{Limit: "MaxToolCalls", Max: s.Limits.MaxToolCalls})
			return
		}
		at = len(t.Calls)
		t.Calls = append(t.Calls, decode.Call{Index: k.Index, Indexed: k.Indexed})
	}
	t.Calls[at].List = t.List
	told := continueCall(s, t, at, &k, c)
	switch {
	case begins && !told: // an empty entry (T-23)
		t.Calls = t.Calls[:at]
	case begins:
		s.Calls++
	}
}

// continueCall adds what a delta brings to call at, and tells whether that is
// anything.
func continueCall(s *decode.Context, t *decode.Choice, at int, k *decode.CallKey, c *chatCall) (told bool) {
	call := &t.Calls[at]
	if call.HasEnded() { // at the end marker; behind it nothing is said of it any more (F-22)
		s.Contextual = true
		s.Conflicts++
		return false
	}
	if c.custom.GetObject() != nil {
		call.Type = decode.ToolCustom
	}
	var d decode.ToolCallDelta
	if call.ID == 0 && len(k.ID) > 0 {
		call.ID, d.ID = decode.Hash(k.ID), k.ID
	}
	if call.Name == 0 && len(k.Name) > 0 {
		call.Name, d.Name = decode.Hash(k.Name), k.Name
	}
	if !call.TypeGiven && (call.ID != 0 || call.Name != 0) {
		call.TypeGiven = true
		if d.Type = decode.TypeFunction; call.Type == decode.ToolCustom { // whatever "type" says, or if it is missing (T-10)
			d.Type = decode.TypeCustom
		}
	}
	text, isText := s.Text(c.arguments, &call.Surrogate)
	if isText {
		d.Arguments = text
	} else if c.arguments.GetObject() != nil || s.IsArray(c.arguments) {
		d.Arguments = s.JSONOf(c.arguments) // T-12
	}
	if c.extra.GetObject() != nil {
		d.Extra = s.JSONOf(c.extra)
	}
	if len(d.ID)+len(d.Name)+len(d.Type)+len(d.Arguments)+len(d.Extra) == 0 {
		return false
	}
	call.TakeArguments(d.Arguments)
	s.Delivered = s.Delivered || len(d.Name)+len(d.Arguments) > 0
	d.Index = at
	s.Add(decode.KindToolCall, t.Index).ToolCall = d
	s.Source.Member = ""
	if isText && len(k.Name)+len(d.ID)+len(d.Type)+len(d.Extra) == 0 {
		s.Source = decode.TextSource{Member: c.textMember, Kind: decode.KindToolCall, Choice: s.Recent, Call: at, OnlyText: true, Indexed: s.Indexed, CallIndexed: k.Indexed && !c.legacy}
	}
	return true
}
