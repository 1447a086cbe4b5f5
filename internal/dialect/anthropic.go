package dialect

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

// Anthropic's Messages API: https://docs.anthropic.com/en/api/messages-streaming.
// A message is made of content blocks, which are told apart by their index.
// What a delta says is decided by its own type, not by that of its block: a block
// whose beginning was lost, or whose type is not known, loses no text. The older text
// completions are read too.

// anthropicEvent are the members of an event.
type anthropicEvent struct {
	typ, index, delta, block, message, usage, err *fastjson.Value
}

func (e *anthropicEvent) read(root *fastjson.Value) {
	root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "type":
			e.typ = v
		case "index":
			e.index = v
		case "delta":
			e.delta = v
		case "content_block":
			e.block = v
		case "message":
			e.message = v
		case "usage":
			e.usage = v
		case "error":
			e.err = v
		}
	})
}

// detectAnthropic tells whether an object is an event of a message, or a message.
// A ping or an error may be any dialect's.
func detectAnthropic(s *decode.Context) bool {
	switch string(s.EventType()) {
	case "message_start", "message_delta", "message_stop",
		"content_block_start", "content_block_delta", "content_block_stop":
		return true
	case "message": // in place of a stream (F-26)
		return s.IsArray(decode.Member(s.Root, "content"))
	case "completion":
		return decode.Member(s.Root, "completion") != nil
	}
	return false
}

// anthropic decodes the streams of the Messages API.
type Anthropic struct {
	answer uint64 // hash of the id of the message that began last
	again  bool   // that message is not the first of the stream
	// notThinking has a bit for each of the first 64 blocks that began as something
	// else than thinking. A signature that follows one is not a signature of thinking.
	notThinking uint64
	// held are the content blocks that are being assembled; nil if there are none.
	Held *heldBlocks
}

func (a *Anthropic) Reset() {
	a.releaseAll()
	*a = Anthropic{}
}

func (a *Anthropic) Decode(s *decode.Context) {
	var e anthropicEvent
	e.read(s.Root)
	typ := s.Word(e.typ)
	if len(typ) == 0 {
		typ = s.Type
	}
	s.NoPing = !decode.IsKeepAlive(typ)
	switch string(typ) {
	case "content_block_delta":
		a.decodeBlockDelta(s, &e)
	case "content_block_start":
		if t := a.blockOf(s, &e); t != nil {
			a.startBlock(s, t, e.block)
		}
	case "content_block_stop":
		if t := a.blockOf(s, &e); t != nil {
			if at := t.CallAtIndex(s.Part); at >= 0 {
				s.EndCall(t, at)
			}
			a.endHeld(s, t)
		}
	case "message_start":
		a.startMessage(s, e.message)
	case "message_delta":
		if native := s.Word(decode.Member(e.delta, "stop_reason")); len(native) > 0 {
			s.AddFinish(message(s), native)
		}
		a.addAnthropicUsage(s, e.usage)
	case "message_stop":
		if len(s.Choices) > 0 {
			a.endAllHeld(s, &s.Choices[0])
		}
		s.EndStream()
	case "message":
		a.startMessage(s, s.Root)
	case "completion":
		decodeCompletion(s)
	case "error":
		if s.AddErrorObject(); s.Emitted == 0 {
			s.AddError(-1, s.Root, nil)
		}
		return
	case "": // the error of a gateway, mostly (E-03)
		s.AddErrorObject()
		return
	}
	if s.IsError(e.err) {
		s.AddError(-1, e.err, s.Root)
	}
}

// message is the only choice that there is.
func message(s *decode.Context) *decode.Choice { return s.Choice(0) }

// blockOf turns to the content block of an event. Nil: its index is none, so that
// nobody can tell where it belongs.
func (a *Anthropic) blockOf(s *decode.Context, e *anthropicEvent) *decode.Choice {
	if !decode.IsNull(e.index) {
		index, ok := s.Index(e.index)
		if !ok || index < 0 {
			s.Malformed(-1, 0, len(s.Data), fault.Reason("a content block's index is none"))
			return nil
		}
		s.Part = index
	}
	return message(s)
}

// startMessage takes the message of message_start, which may hold all of it.
func (a *Anthropic) startMessage(s *decode.Context, v *fastjson.Value) {
	var id, model, role, content, finish, usage *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			id = v
		case "model":
			model = v
		case "role":
			role = v
		case "content":
			content = v
		case "stop_reason":
			finish = v
		case "usage":
			usage = v
		}
	})
	s.AnnounceStream(decode.StreamInfo{ID: id, Model: model})
	begun := len(s.Choices) > 0
	t := message(s)
	s.AddRole(t, role)
	if !begun || a.isAnother(s, t, s.Word(id)) {
		a.answer = decode.Hash(s.Word(id))
		for i, block := range content.GetArray() {
			s.Part = i
			a.startBlock(s, t, block)
			if at := t.CallAtIndex(i); at >= 0 {
				s.EndCall(t, at)
			}
			a.endHeld(s, t) // here a block stands as a whole
		}
		s.Part = 0
	}
	s.AddFinish(t, s.Word(finish))
	a.addAnthropicUsage(s, usage)
}

// decodeCompletion takes a piece of the older text completions, of which the last
// has the reason.
func decodeCompletion(s *decode.Context) {
	var id, model, text, finish *fastjson.Value
	s.Root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			id = v
		case "model":
			model = v
		case "completion":
			text = v
		case "stop_reason":
			finish = v
		}
	})
	s.AnnounceStream(decode.StreamInfo{ID: id, Model: model})
	t := message(s)
	piece, _ := s.Text(text, &t.Surrogates.Content)
	s.AddTextOf("completion", decode.KindContent, t.Index, piece)
	if native := s.Word(finish); len(native) > 0 {
		s.AddFinish(t, native)
		s.EndStream()
	}
}

// isAnother tells whether a message that begins where one has begun already is
// another one, and not the same once more. Its blocks then take the places
// of those before. Behind the end of the other that is no fault of the stream, and
// calls whose arguments stood where they began have been answered by then.
func (a *Anthropic) isAnother(s *decode.Context, t *decode.Choice, id []byte) bool {
	if a.answer == 0 || len(id) == 0 || a.answer == decode.Hash(id) {
		return false
	}
	if !s.SawDone {
		s.Malformed(t.Index, 0, len(s.Data), fault.Reason("another message begins inside this one"))
	}
	a.again = true
	t.Finish, t.Native = decode.FinishNone, "" // of the other
	a.releaseAll()
	s.Part = -1
	s.AddStart(t.Index, decode.Start{Again: true})
	return true
}

// anthropicBlock are the members of a content block, or of a delta to one.
type anthropicBlock struct {
	typ, text, thinking, signature, data *fastjson.Value
	id, name, input, citations, content  *fastjson.Value
	inputMember                          string // the name of the input
}

func (b *anthropicBlock) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "type":
			b.typ = v
		case "text":
			b.text = v
		case "thinking":
			b.thinking = v
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

// startBlock begins a content block, with what it holds from the beginning.
func (a *Anthropic) startBlock(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	s.Contextual = true
	if a.again {
		voidBlock(s, t)
	}
	if at := a.heldAt(s.Part); at >= 0 {
		a.release(at)
	}
	var b anthropicBlock
	b.read(v)
	typ := s.Word(b.typ)
	a.setThinking(s, t, string(typ) == "thinking")
	switch string(typ) {
	case "text":
		text, _ := s.Text(b.text, &t.Surrogates.Content)
		s.AddText(decode.KindContent, t.Index, text)
		s.AddCitation(t, b.citations)
	case "thinking":
		a.addThinking(s, t, &b)
	case "redacted_thinking":
		addBlockDetail(s, t, decode.ReasoningDetail{Type: typ, Data: s.Word(b.data)})
	case "tool_use":
		s.BeginCallWith(t, s.Part, decode.ToolCallDelta{ID: s.Word(b.id), Name: s.Word(b.name), Type: decode.TypeFunction, Arguments: givenInput(s, b.input)})
	case "":
	default:
		if b.isWhole(typ) {
			s.Delivered = true
			s.Add(decode.KindItem, t.Index).Text = s.Raw(v)
		} else {
			a.hold(s, t, v)
		}
	}
}

// isWhole tells whether a block of another type stands there as a whole already:
// what a tool of the provider's own has found, a switch to another model, and such
// a tool's call that has its input, as a call of the caller's may.
func (b *anthropicBlock) isWhole(typ []byte) bool {
	if string(typ) == "fallback" || bytes.HasSuffix(typ, []byte("_result")) {
		return true
	}
	input := b.input.GetObject()
	return input != nil && input.Len() > 0
}

// voidBlock tells that a block takes the place of another.
func voidBlock(s *decode.Context, t *decode.Choice) {
	s.AddStart(t.Index, decode.Start{Again: true})
	if at := t.CallAtIndex(s.Part); at >= 0 {
		t.Calls[at].Void()
	}
}

// givenInput returns the input of a call that begins with it, as text. Mostly it
// is {} there and comes in pieces.
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
func (a *Anthropic) decodeBlockDelta(s *decode.Context, e *anthropicEvent) {
	t := a.blockOf(s, e)
	if t == nil {
		return
	}
	var d anthropicBlock
	d.read(e.delta)
	typ := s.Word(d.typ)
	if a.Held != nil && a.addToHeld(s, t, typ, &d, e.delta) {
		return
	}
	switch string(typ) {
	case "text_delta":
		text, _ := s.Text(d.text, &t.Surrogates.Content)
		s.AddTextOf("text", decode.KindContent, t.Index, text)
	case "thinking_delta":
		a.addThinking(s, t, &d)
	case "signature_delta":
		s.Contextual = true
		if a.mayThink(s, t) {
			a.addThinking(s, t, &d)
		}
	case "input_json_delta":
		if at := t.CallAtIndex(s.Part); at >= 0 {
			s.AppendArguments(t, at, d.inputMember, d.input)
		}
	case "citations_delta":
		s.AddCitation(t, d.citations)
	}
}

var typeThinking = []byte("thinking")

// addThinking adds a piece of thinking, or the signature that ends it, in the form
// in which it has to be sent back.
func (a *Anthropic) addThinking(s *decode.Context, t *decode.Choice, b *anthropicBlock) {
	text, _ := s.Text(b.thinking, &t.Surrogates.Reasoning)
	signature := s.Word(b.signature)
	if len(text)+len(signature) == 0 {
		return
	}
	addBlockDetail(s, t, decode.ReasoningDetail{Type: typeThinking, Text: text, Signature: signature})
	s.Source = decode.TextSource{Member: "thinking", Kind: decode.KindReasoning, Choice: s.Recent, Call: -1, InDetail: true}
}

func addBlockDetail(s *decode.Context, t *decode.Choice, r decode.ReasoningDetail) {
	r.Index = s.Part
	s.Delivered = s.Delivered || len(r.Text) > 0
	s.AddDetail(t.Index, r).Text = r.Text
}

// setThinking notes whether the current block, if it is one of the first, is one
// of thinking.
func (a *Anthropic) setThinking(s *decode.Context, t *decode.Choice, thinking bool) {
	if s.Part >= 64 {
		return
	}
	if bit := uint64(1) << s.Part; thinking {
		a.notThinking &^= bit
	} else {
		a.notThinking |= bit
	}
}

func (a *Anthropic) mayThink(s *decode.Context, t *decode.Choice) bool {
	return s.Part >= 64 || a.notThinking&(1<<s.Part) == 0
}

// addAnthropicUsage lays the usage of message_start or message_delta over what is
// known (A-01 … ).
func (a *Anthropic) addAnthropicUsage(s *decode.Context, v *fastjson.Value) {
	if v.GetObject() == nil {
		return
	}
	var u decode.Usage
	readChatUsage(s, &u, v)
	if u.Reported != 0 && u.Empty() && !s.Usage.Empty() {
		return // a row of zeros
	}
	if u.Reported&(decode.UsageCached|decode.UsageCacheWrite) != 0 && u.CachedInInput == decode.TriUnknown {
		u.CachedInInput = decode.TriNo
	}
	if u.Reported != 0 {
		s.Usage.Merge(&u)
	}
	raw := s.OverlayUsage(v)
	if s.Usage.Reported == 0 {
		s.AddUncounted(raw)
		return
	}
	d := s.Add(decode.KindUsage, -1)
	d.Usage = s.Usage
	d.Usage.Raw = raw
}
