package llmstream

import (
	"bytes"

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
func detectAnthropic(s *step) bool {
	switch string(s.eventType()) {
	case "message_start", "message_delta", "message_stop",
		"content_block_start", "content_block_delta", "content_block_stop":
		return true
	case "message": // in place of a stream (F-26)
		return s.isArray(member(s.root, "content"))
	case "completion":
		return member(s.root, "completion") != nil
	}
	return false
}

// anthropic decodes the streams of the Messages API.
type anthropic struct {
	answer uint64 // hash of the id of the message that began last
	again  bool   // that message is not the first of the stream
	// notThinking has a bit for each of the first 64 blocks that began as something
	// else than thinking. A signature that follows one is not a signature of thinking.
	notThinking uint64
	// held are the content blocks that are being assembled; nil if there are none.
	held *heldBlocks
}

func (a *anthropic) reset() {
	a.releaseAll()
	*a = anthropic{}
}

func (a *anthropic) decode(s *step) {
	var e anthropicEvent
	e.read(s.root)
	typ := s.word(e.typ)
	if len(typ) == 0 {
		typ = s.typ
	}
	s.noPing = !isPingType(typ)
	switch string(typ) {
	case "content_block_delta":
		a.decodeBlockDelta(s, &e)
	case "content_block_start":
		if t := a.blockOf(s, &e); t != nil {
			a.startBlock(s, t, e.block)
		}
	case "content_block_stop":
		if t := a.blockOf(s, &e); t != nil {
			if at := t.callAt(s.part); at >= 0 {
				s.endToolCall(t, at)
			}
			a.endHeld(s, t)
		}
	case "message_start":
		a.startMessage(s, e.message)
	case "message_delta":
		if native := s.word(member(e.delta, "stop_reason")); len(native) > 0 {
			s.addFinish(s.message(), native)
		}
		a.addAnthropicUsage(s, e.usage)
	case "message_stop":
		if len(s.choices) > 0 {
			a.endAllHeld(s, &s.choices[0])
		}
		s.endStream()
	case "message":
		a.startMessage(s, s.root)
	case "completion":
		s.decodeCompletion()
	case "error":
		if s.addErrorObject(); s.given == 0 {
			s.addError(-1, s.root, nil)
		}
		return
	case "": // the error of a gateway, mostly (E-03)
		s.addErrorObject()
		return
	}
	if s.isError(e.err) {
		s.addError(-1, e.err, s.root)
	}
}

// message is the only choice that there is.
func (s *step) message() *choiceTrack { return s.track.choice(0, s.opt.MaxChoices) }

// blockOf turns to the content block of an event. Nil: its index is none, so that
// nobody can tell where it belongs.
func (a *anthropic) blockOf(s *step, e *anthropicEvent) *choiceTrack {
	if !isNull(e.index) {
		index, ok := s.index(e.index)
		if !ok || index < 0 {
			s.malformed(-1, 0, len(s.data), fault.Reason("a content block's index is none"))
			return nil
		}
		s.part = index
	}
	return s.message()
}

// startMessage takes the message of message_start, which may hold all of it.
func (a *anthropic) startMessage(s *step, v *fastjson.Value) {
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
	s.startChat(&chatChunk{id: id, model: model})
	begun := len(s.choices) > 0
	t := s.message()
	s.addRole(t, role)
	if !begun || a.isAnother(s, t, s.word(id)) {
		a.answer = hash(s.word(id))
		for i, block := range content.GetArray() {
			s.part = i
			a.startBlock(s, t, block)
			if at := t.callAt(i); at >= 0 {
				s.endToolCall(t, at)
			}
			a.endHeld(s, t) // here a block stands as a whole
		}
		s.part = 0
	}
	s.addFinish(t, s.word(finish))
	a.addAnthropicUsage(s, usage)
}

// decodeCompletion takes a piece of the older text completions, of which the last
// has the reason.
func (s *step) decodeCompletion() {
	var id, model, text, finish *fastjson.Value
	s.root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
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
	s.startChat(&chatChunk{id: id, model: model})
	t := s.message()
	piece, _ := s.string(text, &t.high.content)
	s.addTextOf("completion", xKindContent, t.index, piece)
	if native := s.word(finish); len(native) > 0 {
		s.addFinish(t, native)
		s.endStream()
	}
}

// isAnother tells whether a message that begins where one has begun already is
// another one, and not the same once more. Its blocks then take the places
// of those before. Behind the end of the other that is no fault of the stream, and
// calls whose arguments stood where they began have been answered by then.
func (a *anthropic) isAnother(s *step, t *choiceTrack, id []byte) bool {
	if a.answer == 0 || len(id) == 0 || a.answer == hash(id) {
		return false
	}
	if !s.sawDone {
		s.malformed(t.index, 0, len(s.data), fault.Reason("another message begins inside this one"))
	}
	a.again = true
	t.finish, t.native = xFinishNone, "" // of the other
	a.releaseAll()
	s.part = -1
	s.addStart(t.index, xStart{Again: true})
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
func (a *anthropic) startBlock(s *step, t *choiceTrack, v *fastjson.Value) {
	s.stateful = true
	if a.again {
		s.voidBlock(t)
	}
	if at := a.heldAt(s.part); at >= 0 {
		a.release(at)
	}
	var b anthropicBlock
	b.read(v)
	typ := s.word(b.typ)
	a.setThinking(s, t, string(typ) == "thinking")
	switch string(typ) {
	case "text":
		text, _ := s.string(b.text, &t.high.content)
		s.addText(xKindContent, t.index, text)
		s.addCitation(t, b.citations)
	case "thinking":
		a.addThinking(s, t, &b)
	case "redacted_thinking":
		s.addBlockDetail(t, xReasoningDetail{Type: typ, Data: s.word(b.data)})
	case "tool_use":
		s.newToolCall(t, s.part, xToolCallDelta{ID: s.word(b.id), Name: s.word(b.name), Type: typeFunction, Arguments: s.givenInput(b.input)})
	case "":
	default:
		if b.isWhole(typ) {
			s.delivered = true
			s.add(xKindItem, t.index).Text = s.raw(v)
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
func (s *step) voidBlock(t *choiceTrack) {
	s.addStart(t.index, xStart{Again: true})
	if at := t.callAt(s.part); at >= 0 {
		t.calls[at].ended, t.calls[at].index = true, voidIndex
	}
}

// givenInput returns the input of a call that begins with it, as text. Mostly it
// is {} there and comes in pieces.
func (s *step) givenInput(v *fastjson.Value) []byte {
	if o := v.GetObject(); o != nil {
		if o.Len() == 0 {
			return nil
		}
		return s.source(v)
	}
	return s.word(v)
}

// decodeBlockDelta adds a delta to a content block.
func (a *anthropic) decodeBlockDelta(s *step, e *anthropicEvent) {
	t := a.blockOf(s, e)
	if t == nil {
		return
	}
	var d anthropicBlock
	d.read(e.delta)
	typ := s.word(d.typ)
	if a.held != nil && a.addToHeld(s, t, typ, &d, e.delta) {
		return
	}
	switch string(typ) {
	case "text_delta":
		text, _ := s.string(d.text, &t.high.content)
		s.addTextOf("text", xKindContent, t.index, text)
	case "thinking_delta":
		a.addThinking(s, t, &d)
	case "signature_delta":
		s.stateful = true
		if a.mayThink(s, t) {
			a.addThinking(s, t, &d)
		}
	case "input_json_delta":
		if at := t.callAt(s.part); at >= 0 {
			s.argueToolCall(t, at, d.inputMember, d.input)
		}
	case "citations_delta":
		s.addCitation(t, d.citations)
	}
}

var typeThinking = []byte("thinking")

// addThinking adds a piece of thinking, or the signature that ends it, in the form
// in which it has to be sent back.
func (a *anthropic) addThinking(s *step, t *choiceTrack, b *anthropicBlock) {
	text, _ := s.string(b.thinking, &t.high.reasoning)
	signature := s.word(b.signature)
	if len(text)+len(signature) == 0 {
		return
	}
	s.addBlockDetail(t, xReasoningDetail{Type: typeThinking, Text: text, Signature: signature})
	s.role = textRole{member: "thinking", kind: xKindReasoning, choice: s.recent, call: -1, detailed: true}
}

func (s *step) addBlockDetail(t *choiceTrack, r xReasoningDetail) {
	r.Index = s.part
	s.details = append(s.details, r)
	s.delivered = s.delivered || len(r.Text) > 0
	d := s.add(xKindReasoning, t.index)
	d.Text, d.Detail = r.Text, &s.details[len(s.details)-1]
}

// setThinking notes whether the current block, if it is one of the first, is one
// of thinking.
func (a *anthropic) setThinking(s *step, t *choiceTrack, thinking bool) {
	if s.part >= 64 {
		return
	}
	if bit := uint64(1) << s.part; thinking {
		a.notThinking &^= bit
	} else {
		a.notThinking |= bit
	}
}

func (a *anthropic) mayThink(s *step, t *choiceTrack) bool {
	return s.part >= 64 || a.notThinking&(1<<s.part) == 0
}

// addAnthropicUsage lays the usage of message_start or message_delta over what is
// known (A-01 … ).
func (a *anthropic) addAnthropicUsage(s *step, v *fastjson.Value) {
	if v.GetObject() == nil {
		return
	}
	var u xUsage
	s.readChatUsage(&u, v)
	if u.Reported != 0 && u.empty() && !s.usage.empty() {
		return // a row of zeros
	}
	if u.Reported&(xUsageCached|xUsageCacheWrite) != 0 && u.CachedInInput == xTriUnknown {
		u.CachedInInput = xTriNo
	}
	if u.Reported != 0 {
		s.usage.merge(&u)
	}
	raw := s.overlayUsage(v)
	if s.usage.Reported == 0 {
		s.addUncounted(raw)
		return
	}
	d := s.add(xKindUsage, -1)
	d.Usage = s.usage
	d.Usage.Raw = raw
}
