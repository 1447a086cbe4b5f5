package dialect

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// anthropicBlock holds the members of a content block, or of a delta to one.
type anthropicBlock struct {
	typ, text, thinking, signature, data *fastjson.Value
	id, name, input, citations, content  *fastjson.Value
	inputMember, thinkingMember          string // the names of the members input and thinking were read from
}

func (b *anthropicBlock) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "type":
			b.typ = v
		case "text":
			b.text = v
		case "thinking":
			b.thinking, b.thinkingMember = v, "thinking"
		case "reasoning":
			b.thinking, b.thinkingMember = v, "reasoning"
		case "signature":
			b.signature = v
		case "data":
			b.data = v
		case "id":
			b.id = v
		case "name":
			b.name = v
		case "input":
			b.input, b.inputMember = v, "input"
		case "partial_json":
			b.input, b.inputMember = v, "partial_json"
		case "citations", "citation":
			b.citations = v
		case "content":
			b.content = v
		}
	})
}

// textIsReasoning takes the text of the block as its thinking, unless it has thinking of
// its own.
func (b *anthropicBlock) textIsReasoning() {
	if b.thinking == nil {
		b.thinking, b.thinkingMember = b.text, "text"
	}
}

// startBlock begins a content block with what its first event holds.
func (a *anthropic) startBlock(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	s.Contextual = true
	if item := a.open.find(s.Part); item != nil {
		a.open.drop(item)
	}
	var b anthropicBlock
	b.read(v)
	typ := s.Word(b.typ)
	a.setThinking(s, string(typ) == "thinking" || string(typ) == "reasoning")
	switch string(typ) {
	case "text":
		text, _ := s.Text(b.text, &t.Surrogates.Content)
		s.AddText(decode.KindContent, t.Index, text)
		s.AddCitation(t, b.citations)
	case "thinking":
		addThinking(s, t, &b)
	case "reasoning": // compatible servers send it in place of thinking
		b.textIsReasoning()
		addThinking(s, t, &b)
	case "redacted_thinking":
		addBlockDetail(s, t, decode.ReasoningDetail{Type: typ, Data: s.Word(b.data)})
	case "tool_use":
		s.BeginCallWith(t, s.Part, decode.ToolCallDelta{ID: s.Word(b.id), Name: s.Word(b.name), Type: decode.TypeFunction, Arguments: givenInput(s, b.input)})
	case "":
	default:
		if b.isWhole(typ) {
			s.Delivered = true
			s.Add(decode.KindItem, t.Index).Text = s.Raw(v)
		} else if item := a.open.begin(s, t, ""); item != nil {
			a.open.addMembers(s, t, item, v)
		}
	}
}

// isWhole reports whether the first event of a block of another type has all of its
// members. That is so for a result of the provider's own tools, for a switch to another
// model, and for a call of the provider's tools that has its input. A call of the
// caller's tools may have its input there too.
func (b *anthropicBlock) isWhole(typ []byte) bool {
	if string(typ) == "fallback" || bytes.HasSuffix(typ, []byte("_result")) {
		return true
	}
	input := b.input.GetObject()
	return input != nil && input.Len() > 0
}

// givenInput returns the input that a call begins with, as text. Usually that is {}, and
// the input follows in pieces.
func givenInput(s *decode.Context, v *fastjson.Value) []byte {
	if o := v.GetObject(); o != nil {
		if o.Len() == 0 {
			return nil
		}
		return s.JSONOf(v)
	}
	return s.Word(v)
}

// decodeBlockDelta adds a delta to a content block.
func (a *anthropic) decodeBlockDelta(s *decode.Context, e *anthropicEvent) {
	t := a.blockOf(s, e)
	if t == nil {
		return
	}
	var d anthropicBlock
	d.read(e.delta)
	typ := s.Word(d.typ)
	if item := a.open.find(s.Part); item != nil && a.addToItem(s, t, item, typ, &d, e.delta) {
		return
	}
	switch string(typ) {
	case "text_delta":
		text, _ := s.Text(d.text, &t.Surrogates.Content)
		s.AddTextOf("text", decode.KindContent, t.Index, text)
	case "thinking_delta":
		addThinking(s, t, &d)
	case "reasoning_delta":
		d.textIsReasoning()
		addThinking(s, t, &d)
	case "signature_delta":
		s.Contextual = true
		if a.mayThink(s) {
			addThinking(s, t, &d)
		}
	case "input_json_delta":
		if at := t.CallAtIndex(s.Part); at >= 0 {
			appendArguments(s, t, at, d.inputMember, d.input)
		} else if a.mayThink(s) { // no block of another type has begun here
			lostBeginning(s, t)
		}
	case "citations_delta":
		s.AddCitation(t, d.citations)
	}
}

// addToItem adds a delta to the open item of its part. ok is false if the delta is not
// part of the item.
func (a *anthropic) addToItem(s *decode.Context, t *decode.Choice, item *openItem, typ []byte, d *anthropicBlock, v *fastjson.Value) (ok bool) {
	s.Contextual = true
	switch string(typ) {
	case "input_json_delta":
		a.open.addInput(s, t, item, d.input)
	case "compaction_delta":
		if a.open.addText(s, t, item, grownContent, d.content); a.open.find(s.Part) == item {
			a.open.replace(s, t, item, grownEncrypted, decode.Member(v, "encrypted_content"))
		}
	default: // the effect of an unknown delta on the item is unknown
		a.open.drop(item)
		return false
	}
	return true
}

var typeThinking = []byte("thinking")

// addThinking adds a piece of thinking, or the signature that ends it. It becomes a
// detail that can be sent back unchanged.
func addThinking(s *decode.Context, t *decode.Choice, b *anthropicBlock) {
	text, _ := s.Text(b.thinking, &t.Surrogates.Reasoning)
	signature := s.Word(b.signature)
	if len(text)+len(signature) == 0 {
		return
	}
	addBlockDetail(s, t, decode.ReasoningDetail{Type: typeThinking, Text: text, Signature: signature})
	s.Source = decode.TextSource{Member: b.thinkingMember, Kind: decode.KindReasoning, Choice: s.Recent, Call: -1, InDetail: true}
}

// addBlockDetail adds a detail of the current part, and its text as reasoning.
func addBlockDetail(s *decode.Context, t *decode.Choice, r decode.ReasoningDetail) {
	r.Index = s.Part
	s.Delivered = s.Delivered || len(r.Text) > 0
	s.AddDetail(t.Index, r).Text = r.Text
}

// setThinking notes whether the current block is one of thinking. It keeps that for the
// first 64 blocks.
func (a *anthropic) setThinking(s *decode.Context, thinking bool) {
	if s.Part >= 64 {
		return
	}
	if bit := uint64(1) << s.Part; thinking {
		a.notThinking &^= bit
	} else {
		a.notThinking |= bit
	}
}

func (a *anthropic) mayThink(s *decode.Context) bool {
	return s.Part >= 64 || a.notThinking&(1<<s.Part) == 0
}
