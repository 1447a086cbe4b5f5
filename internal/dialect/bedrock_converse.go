package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

func (b *bedrock) decodeConverseEvent(s *decode.Context, e *converseEvent) {
	t := message(s)
	switch {
	case t == nil: // a model that InvokeModel embeds has taken all choices
	case e.isWhole():
		decodeWholeConverse(s, t, decode.Member(e.output, "message"))
	default:
		b.decodeConverse(s, t, e)
	}
}

func (b *bedrock) decodeConverse(s *decode.Context, t *decode.Choice, e *converseEvent) {
	if e.messageStart != nil {
		s.AddRole(t, decode.Member(e.messageStart, "role"))
	}
	if e.blockStart != nil {
		b.startBlock(s, t, e.blockStart)
	}
	if e.blockDelta != nil {
		b.decodeBlockDelta(s, t, e.blockDelta)
	}
	if e.blockStop != nil {
		s.Contextual = true
		if index, ok := blockIndex(s, decode.Member(e.blockStop, "contentBlockIndex")); ok {
			if at := t.CallAtIndex(index); at >= 0 {
				s.EndCall(t, at)
			}
			b.open.end(s, t)
		}
	}
	if e.messageStop != nil {
		b.open.endAll(s, t)
		s.Part = 0
		s.AddFinish(t, s.Word(decode.Member(e.messageStop, "stopReason")))
	}
}

// blockIndex makes the block with this index the current part. In an event that
// InvokeModel embeds, the index counts pieces, so the part does not change.
func blockIndex(s *decode.Context, v *fastjson.Value) (index int, ok bool) {
	if !decode.IsNull(v) {
		if index, ok = s.Index(v); !ok || index < 0 {
			s.Malformed(0, 0, len(s.Data), fault.Reason("a block's index is none"))
			return 0, false
		}
	}
	if !s.Embedded {
		s.Part = index
	}
	return index, true
}

// serverTools are the members of a block that hold a call or a result of the provider's
// own tools. A toolUse is the provider's if its type says so.
var serverTools = [...]string{"toolUse", "serverToolUse", "toolResult", "serverToolResult"}

// serverTool returns the member of a block, or of its start, that holds a call or a
// result of the provider's own tools. v is nil if there is no member of this kind.
func serverTool(s *decode.Context, block *fastjson.Value) (name string, v *fastjson.Value) {
	for _, name := range serverTools {
		v := decode.Member(block, name)
		if v.GetObject() != nil && (name != "toolUse" || string(s.Word(decode.Member(v, "type"))) == "server_tool_use") {
			return name, v
		}
	}
	return "", nil
}

// startBlock decodes the start of a block. Only the starts of calls and results hold
// anything.
func (b *bedrock) startBlock(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	s.Contextual = true
	start := decode.Member(v, "start")
	if start.GetObject() == nil {
		return
	}
	index, ok := blockIndex(s, decode.Member(v, "contentBlockIndex"))
	if !ok {
		return
	}
	if name, v := serverTool(s, start); v != nil { // B-08
		b.open.end(s, t) // end an item whose end was lost
		if item := b.open.begin(s, t, name); item != nil {
			b.open.addMembers(s, t, item, v)
		}
		return
	}
	startConverseCall(s, t, index, decode.Member(start, "toolUse"))
}

// startConverseCall begins a call of the caller's tools. In a whole answer the call has
// its input.
func startConverseCall(s *decode.Context, t *decode.Choice, index int, v *fastjson.Value) {
	var id, name, input *fastjson.Value
	decode.Fields(v, "toolUseId name input", &id, &name, &input)
	if id, name := s.Word(id), s.Word(name); len(id)+len(name) > 0 {
		s.BeginCallWith(t, index, decode.ToolCallDelta{ID: id, Name: name, Type: decode.TypeFunction, Arguments: givenInput(s, input)})
	}
}

// decodeBlockDelta adds the delta of a block.
func (b *bedrock) decodeBlockDelta(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	var at, delta *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "contentBlockIndex":
			at = v
		case "delta":
			delta = v
		}
	})
	index, ok := blockIndex(s, at)
	if !ok {
		return
	}
	if item := b.open.find(s.Part); item != nil && b.addToItem(s, t, item, delta) {
		return
	}
	decodeConverseDelta(s, t, index, delta)
}

// addToItem adds a delta to the open item of its part. ok is false if the delta has
// another form.
func (b *bedrock) addToItem(s *decode.Context, t *decode.Choice, item *openItem, delta *fastjson.Value) (ok bool) {
	s.Contextual = true
	var call, result *fastjson.Value
	decode.Fields(delta, "toolUse|serverToolUse toolResult|serverToolResult", &call, &result)
	switch {
	case call.GetObject() != nil:
		b.open.addInput(s, t, item, decode.Member(call, "input"))
	case result.GetObject() != nil:
		b.open.addElements(s, t, item, grownContent, decode.Member(result, "content"))
	case result != nil:
		b.open.addElements(s, t, item, grownContent, result)
	default:
		return false
	}
	return true
}

func decodeConverseDelta(s *decode.Context, t *decode.Choice, index int, delta *fastjson.Value) {
	var text, call, reasoning, citation, image *fastjson.Value
	delta.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "text":
			text = v
		case "toolUse":
			call = v
		case "reasoningContent":
			reasoning = v
		case "citation":
			citation = v
		case "image":
			image = v
		}
	})
	if text != nil {
		piece, _ := s.Text(text, &t.Surrogates.Content)
		s.AddTextOf("text", decode.KindContent, t.Index, piece)
	}
	if reasoning.GetObject() != nil {
		addConverseReasoning(s, t, reasoning)
	}
	if citation != nil {
		s.AddCitation(t, citation)
	}
	if image.GetObject() != nil {
		s.AddMedia(t, image)
	}
	if call.GetObject() != nil {
		if at := t.CallAtIndex(index); at >= 0 {
			appendArguments(s, t, at, "input", decode.Member(call, "input"))
		} else {
			lostBeginning(s, t)
		}
	}
}

// addConverseReasoning adds a piece of reasoning as a detail that can be sent back: the
// text of the block, its signature, or encrypted content in place of both.
func addConverseReasoning(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	r := decode.ReasoningDetail{Type: typeReasoningText}
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "text":
			r.Text, _ = s.Text(v, &t.Surrogates.Reasoning)
		case "signature":
			r.Signature = s.Word(v)
		case "redactedContent", "data": // some reasoning models answer with data (B-07)
			r.Data, r.Type = s.Word(v), typeRedactedContent
		}
	})
	if len(r.Text)+len(r.Signature)+len(r.Data) > 0 {
		addBlockDetail(s, t, r)
	}
}

var typeReasoningText, typeRedactedContent = []byte("reasoningText"), []byte("redactedContent")
