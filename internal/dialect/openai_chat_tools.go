package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

// chatCall holds the members of a tool call and of the function in it.
type chatCall struct {
	index, id, typ   *fastjson.Value
	extra            *fastjson.Value
	function, custom *fastjson.Value
	name, arguments  *fastjson.Value // of the function or the custom tool
	textMember       string          // the name of the member that holds the arguments
	source           []byte          // the JSON of arguments that are not a string, once it was read
	legacy           bool            // the call is the one function_call of its choice
}

func (c *chatCall) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "index":
			c.index = v
		case "id":
			c.id = v
		case "type":
			c.typ = v
		case "extra_content":
			c.extra = v
		case "function":
			c.function = v
		case "custom":
			c.custom = v
		}
	})
	if custom := c.custom.GetObject(); custom != nil && custom.Len() > 0 {
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

// decodeToolCall adds one element of tool_calls. first reports whether it is the first
// element.
func decodeToolCall(s *decode.Context, t *decode.Choice, v *fastjson.Value, first bool) {
	if v.GetObject() == nil {
		return
	}
	var c chatCall
	c.read(v)
	addToolCall(s, t, &c, first)
}

// decodeFunctionCall adds a call in the API's old form. The call has no id, and a choice
// has at most one (T-24).
func decodeFunctionCall(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	var c chatCall
	c.readFunction(v)
	c.legacy = true
	addToolCall(s, t, &c, true)
}

func addToolCall(s *decode.Context, t *decode.Choice, c *chatCall, first bool) {
	s.NoteFragment()
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
	if len(k.Name) == 0 {
		if k.Type = c.typeOf(s); len(k.ID) > 0 {
			k.Arguments = c.hasArguments(s)
		}
	}
	at, conflict := t.MatchCall(&k)
	if conflict {
		s.Conflicts++
		s.Contextual = true
	}
	if at >= 0 && c.arguments != nil && !t.Calls[at].TakesPieces() {
		text, _ := argumentsOf(s, c, nil)
		switch t.Repeats(at, &k, text) {
		case decode.SameCall:
			s.Contextual = true
			return
		case decode.NewValue:
			t.Calls[at].List = t.List
			s.RestartCall(t, at, text)
			return
		case decode.AnotherCall:
			if len(k.ID)+len(k.Name) == 0 { // a call whose beginning is missing, or this one anew
				t.Calls[at].Doubtful = true
				s.Conflicts++
			}
			at = -1
		}
	}
	if at >= 0 {
		t.Calls[at].List = t.List
		continueCall(s, t, at, &k, c)
		return
	}
	at = s.NewCall(t, decode.Call{Index: k.Index, Indexed: k.Indexed, List: t.List})
	if at >= 0 && !continueCall(s, t, at, &k, c) { // an empty entry (T-23)
		s.DropCall(t)
	}
}

// hasArguments reports whether a fragment has arguments that are not empty. It looks at
// their raw text first, since asking for the type unescapes a string.
func (c *chatCall) hasArguments(s *decode.Context) bool {
	if c.arguments == nil {
		return false
	}
	raw := string(s.Raw(c.arguments))
	return raw != "null" && raw != `""`
}

// argumentsOf returns the arguments in a fragment, and whether they are a string. high is
// the surrogate that the arguments before ended with.
func argumentsOf(s *decode.Context, c *chatCall, high *uint16) (text []byte, isText bool) {
	if text, isText = s.Text(c.arguments, high); isText {
		return text, true
	}
	if c.arguments.GetObject() != nil || s.IsArray(c.arguments) {
		if c.source == nil { // the search runs once
			c.source = s.JSONOf(c.arguments) // T-12
		}
		return c.source, false
	}
	expect(s, c.arguments)
	return nil, false
}

// typeOf returns the type of the call that a fragment shows. Empty objects show no type,
// and "type" counts only if neither object shows the type (T-10, T-34).
func (c *chatCall) typeOf(s *decode.Context) decode.ToolType {
	switch custom, function := c.custom.GetObject(), c.function.GetObject(); {
	case custom != nil && custom.Len() > 0:
		return decode.ToolCustom
	case function != nil && function.Len() > 0, c.legacy:
		return decode.ToolFunction
	}
	switch string(s.Word(c.typ)) {
	case "custom":
		return decode.ToolCustom
	case "function":
		return decode.ToolFunction
	}
	return decode.ToolUnknown
}

// continueCall adds a fragment to the call at a position, and reports whether the
// fragment added anything.
func continueCall(s *decode.Context, t *decode.Choice, at int, k *decode.CallKey, c *chatCall) (news bool) {
	call := &t.Calls[at]
	if call.HasEnded() { // at the end marker; after it nothing is added (F-22)
		s.Contextual = true
		s.Conflicts++
		return false
	}
	if call.Type == decode.ToolUnknown {
		call.Type = c.typeOf(s)
	}
	var d decode.ToolCallDelta
	if call.ID == 0 && len(k.ID) > 0 {
		t.SetCallID(at, k.ID)
		d.ID = k.ID
	}
	if call.Name == 0 && len(k.Name) > 0 {
		call.Name, d.Name = decode.Hash(k.Name), k.Name
	}
	if !call.TypeGiven && call.Type != decode.ToolUnknown && (call.ID != 0 || call.Name != 0) {
		call.TypeGiven = true
		if d.Type = decode.TypeFunction; call.Type == decode.ToolCustom {
			d.Type = decode.TypeCustom
		}
	}
	text, isText := argumentsOf(s, c, &call.Surrogate)
	d.Arguments = text
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
