package llmstream

import (
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
func (s *step) decodeToolCall(t *choiceTrack, v *fastjson.Value, first bool) {
	if v.GetObject() == nil {
		return
	}
	var c chatCall
	c.read(v)
	s.addToolCall(t, &c, first)
}

// decodeFunctionCall adds a call in the API's old form, which has no id and of
// which a choice has one (T-24).
func (s *step) decodeFunctionCall(t *choiceTrack, v *fastjson.Value) {
	var c chatCall
	c.readFunction(v)
	c.legacy = true
	s.addToolCall(t, &c, true)
}

func (s *step) addToolCall(t *choiceTrack, c *chatCall, first bool) {
	s.fragments++
	k := callKey{id: s.word(c.id), name: s.word(c.name), first: first}
	if k.indexed = c.legacy; c.legacy {
		k.index = legacyIndex
	} else if !isNull(c.index) {
		k.indexed = true
		var ok bool
		if k.index, ok = s.index(c.index); !ok || k.index < -1 {
			s.malformed(t.index, 0, len(s.data), fault.Reason("a tool call's index is none"))
			return
		}
	}
	if first {
		t.list++
	}
	at, conflict := t.find(&k)
	if conflict {
		s.conflicts++
		s.stateful = true
	}
	begins := at < 0
	if begins {
		if s.calls >= s.opt.MaxToolCalls {
			s.malformed(t.index, 0, len(s.data), &fault.Limit{Limit: "MaxToolCalls", Max: s.opt.MaxToolCalls})
			return
		}
		at = len(t.calls)
		t.calls = append(t.calls, callTrack{index: k.index, indexed: k.indexed})
	}
	t.calls[at].list = t.list
	told := s.continueCall(t, at, &k, c)
	switch {
	case begins && !told: // an empty entry (T-23)
		t.calls = t.calls[:at]
	case begins:
		s.calls++
	}
}

// continueCall adds what a delta brings to call at, and tells whether that is
// anything.
func (s *step) continueCall(t *choiceTrack, at int, k *callKey, c *chatCall) (told bool) {
	call := &t.calls[at]
	if call.ended { // at the end marker; behind it nothing is said of it any more (F-22)
		s.stateful = true
		s.conflicts++
		return false
	}
	call.custom = call.custom || c.custom.GetObject() != nil
	var d xToolCallDelta
	if call.id == 0 && len(k.id) > 0 {
		call.id, d.ID = hash(k.id), k.id
	}
	if call.name == 0 && len(k.name) > 0 {
		call.name, d.Name = hash(k.name), k.name
	}
	if !call.typed && (call.id != 0 || call.name != 0) {
		call.typed = true
		if d.Type = typeFunction; call.custom { // whatever "type" says, or if it is missing (T-10)
			d.Type = typeCustom
		}
	}
	text, isText := s.string(c.arguments, &call.high)
	if isText {
		d.Arguments = text
	} else if c.arguments.GetObject() != nil || s.isArray(c.arguments) {
		d.Arguments = s.source(c.arguments) // T-12
	}
	if c.extra.GetObject() != nil {
		d.Extra = s.source(c.extra)
	}
	if len(d.ID)+len(d.Name)+len(d.Type)+len(d.Arguments)+len(d.Extra) == 0 {
		return false
	}
	call.argue(d.Arguments)
	s.delivered = s.delivered || len(d.Name)+len(d.Arguments) > 0
	d.Index = at
	s.add(xKindToolCall, t.index).ToolCall = d
	s.role.member = ""
	if isText && len(k.name)+len(d.ID)+len(d.Type)+len(d.Extra) == 0 {
		s.role = textRole{member: c.textMember, kind: xKindToolCall, choice: s.recent, call: at, alone: true, indexed: s.indexed, callIndexed: k.indexed && !c.legacy}
	}
	return true
}
