package dialect

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

// Mistral's Conversations API: https://docs.mistral.ai/api/endpoint/beta/conversations.
// An answer is a list of outputs, each with its output_index. An output is a message, a
// call of the caller's functions, or work of the provider, which becomes an item. There
// is no finish reason: conversation.response.done is the end.

// mistralConversation decodes the streams of the Conversations API.
type mistralConversation struct {
	// open holds the provider's own outputs that have begun and not ended.
	open assembly
}

func (m *mistralConversation) Reset() { m.open.dropAll() }

// conversationEvent holds the members of an event, or of an output of a whole answer.
type conversationEvent struct {
	typ                                    []byte
	index, conversation, created           *fastjson.Value
	model, role, content                   *fastjson.Value // of a message
	name, call, arguments                  *fastjson.Value // of a function call or a tool
	object, outputs, usage, err, errorText *fastjson.Value
}

func (e *conversationEvent) read(s *decode.Context, v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "type":
			e.typ = s.Word(v)
		case "output_index":
			e.index = v
		case "conversation_id":
			e.conversation = v
		case "created_at":
			e.created = v
		case "model":
			e.model = v
		case "role":
			e.role = v
		case "content":
			e.content = v
		case "name":
			e.name = v
		case "tool_call_id":
			e.call = v
		case "arguments":
			e.arguments = v
		case "object":
			e.object = v
		case "outputs":
			e.outputs = v
		case "usage":
			e.usage = v
		case "error":
			e.err = v
		case "message":
			e.errorText = v
		}
	})
	if len(e.typ) == 0 {
		e.typ = s.Type
	}
}

// isEvent reports whether only this API has events of this type.
func (e *conversationEvent) isEvent() bool {
	for _, family := range [...]string{"conversation.response.", "message.output.", "function.call.", "tool.execution.", "agent.handoff."} {
		if bytes.HasPrefix(e.typ, []byte(family)) {
			return true
		}
	}
	return false
}

// isWhole reports whether the object is an answer in place of a stream.
func (e *conversationEvent) isWhole(s *decode.Context) bool {
	return string(s.Word(e.object)) == "conversation.response" && e.outputs != nil
}

func detectMistralConversation(s *decode.Context) bool {
	var e conversationEvent
	e.read(s, s.Root)
	return e.isEvent() && string(e.typ) != "conversation.response.error" || e.isWhole(s)
}

func (m *mistralConversation) Decode(s *decode.Context) {
	s.PiecesOnly = true
	var e conversationEvent
	e.read(s, s.Root)
	switch {
	case string(e.typ) == "conversation.response.error":
		s.AddError(-1, s.Root, nil)
		return
	case e.isWhole(s):
		m.decodeWhole(s, &e)
		return
	case !e.isEvent():
		s.AddErrorObject()
		return
	}
	t := s.Choice(0)
	index, ok := s.Index(e.index)
	if !decode.IsNull(e.index) && (!ok || index < 0) {
		s.Malformed(t.Index, 0, len(s.Data), fault.Reason("an output's index is none"))
		return
	}
	s.Part = index
	announceConversation(s, &e)
	switch string(e.typ) {
	case "message.output.delta":
		s.AddRole(t, e.role)
		m.decodeContent(s, t, e.content)
	case "function.call.delta":
		decodeConversationCall(s, t, &e)
	case "tool.execution.started":
		m.beginItem(s, t, "tool.execution")
	case "agent.handoff.started":
		m.beginItem(s, t, "agent.handoff")
	case "tool.execution.delta":
		if item := m.open.find(s.Part); item != nil {
			m.open.addText(s, t, item, grownArguments, e.arguments)
		}
		s.Contextual = true
	case "tool.execution.done":
		m.endItem(s, t, "tool.execution")
	case "agent.handoff.done":
		m.endItem(s, t, "agent.handoff")
	case "conversation.response.done":
		m.end(s, t, e.usage)
	}
	if s.IsError(e.err) {
		s.AddError(-1, e.err, s.Root)
	}
}

// announceConversation gives the id, the time and the model of the answer when an event
// first has them.
func announceConversation(s *decode.Context, e *conversationEvent) {
	known := &s.Announced
	if known.ID && known.Created && (known.Model || e.model == nil) {
		return
	}
	start := decode.Start{ID: s.WordIfUnknown(known.ID, e.conversation), Model: s.WordIfUnknown(known.Model, e.model)}
	if !known.Created {
		start.Created = seconds(s, e.created)
	}
	s.EmitStart(start)
}

// decodeContent adds a message's content: a text, a chunk, or a list of them.
func (m *mistralConversation) decodeContent(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	if text, ok := s.Text(v, &t.Surrogates.Content); ok {
		s.AddTextOf("content", decode.KindContent, t.Index, text)
		return
	}
	for _, chunk := range v.GetArray() {
		m.decodeContent(s, t, chunk)
	}
	if v.GetObject() == nil {
		return
	}
	var typ []byte
	var text, thinking *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "type":
			typ = s.Word(v)
		case "text":
			text = v
		case "thinking":
			thinking = v
		}
	})
	switch string(typ) {
	case "text", "":
		piece, _ := s.Text(text, &t.Surrogates.Content)
		s.AddText(decode.KindContent, t.Index, piece)
	case "thinking":
		piece, _ := s.Text(thinking, &t.Surrogates.Reasoning)
		s.AddText(decode.KindReasoning, t.Index, piece)
		for _, one := range thinking.GetArray() {
			piece, _ := s.Text(decode.Member(one, "text"), &t.Surrogates.Reasoning)
			s.AddText(decode.KindReasoning, t.Index, piece)
		}
	case "image_url":
		s.AddMedia(t, v)
	default: // a reference, a file, or an unknown type
		s.Delivered = true
		s.Add(decode.KindItem, t.Index).Text = s.Raw(v)
	}
}

// decodeConversationCall begins or continues a call of one of the caller's functions.
func decodeConversationCall(s *decode.Context, t *decode.Choice, e *conversationEvent) {
	id, name := s.Word(e.call), s.Word(e.name)
	at := t.CallAtIndex(s.Part)
	if at < 0 || len(id) > 0 && t.Calls[at].ID != decode.Hash(id) {
		if len(id)+len(name) == 0 { // the call of these arguments is unknown
			lostBeginning(s, t)
			return
		}
		if at = s.BeginCall(t, s.Part, id, name, decode.TypeFunction); at < 0 {
			return
		}
	}
	s.AppendArguments(t, at, "arguments", e.arguments)
}

// beginItem begins an item with the members of the event, under the type that it has in
// a whole answer.
func (m *mistralConversation) beginItem(s *decode.Context, t *decode.Choice, typ string) *openItem {
	s.Contextual = true
	m.open.end(s, t) // end an item whose end was lost
	item := m.open.begin(s, t, "")
	if item != nil {
		item.members = append(append(append(item.members, `,"type":"`...), typ...), '"')
		m.open.addMembers(s, t, item, s.Root, "type", "output_index")
	}
	return item
}

// endItem adds the members of the event to the item that it ends, and gives the item.
func (m *mistralConversation) endItem(s *decode.Context, t *decode.Choice, typ string) {
	s.Contextual = true
	if item := m.open.find(s.Part); item == nil { // its beginning was lost
		m.beginItem(s, t, typ)
	} else {
		m.open.addMembers(s, t, item, s.Root, "type", "output_index", "created_at", "id", "name", "model", "agent_id")
	}
	m.open.end(s, t)
}

// end ends the answer.
func (m *mistralConversation) end(s *decode.Context, t *decode.Choice, usage *fastjson.Value) {
	m.open.endAll(s, t)
	if usage.GetObject() != nil {
		raw := s.Raw(usage)
		var u decode.Usage
		readChatUsage(s, &u, usage)
		s.AddUsage(&u, raw)
	}
	s.AddFinishAs(t, stopOrCalls(t), wordDone)
	s.EndStream()
}

var wordDone = []byte("done")

// decodeWhole decodes an answer in place of a stream.
func (m *mistralConversation) decodeWhole(s *decode.Context, e *conversationEvent) {
	t := s.Choice(0)
	s.Contextual = true
	announceConversation(s, e)
	for i, v := range e.outputs.GetArray() {
		var output conversationEvent
		output.read(s, v)
		s.Part = i
		switch string(output.typ) {
		case "message.output":
			announceConversation(s, &output)
			s.AddRole(t, output.role)
			m.decodeContent(s, t, output.content)
		case "function.call":
			decodeConversationCall(s, t, &output)
		default:
			s.Delivered = true
			s.Add(decode.KindItem, t.Index).Text = s.Raw(v)
		}
	}
	s.Part = 0
	m.end(s, t, e.usage)
}
