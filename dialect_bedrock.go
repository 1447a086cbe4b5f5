package llmstream

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

// Amazon Bedrock's ConverseStream:
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html.
// In a frame the event's type names what the object is. Elsewhere, and where
// InvokeModel carries the events of Amazon's own models, the object has a member of
// that name that holds it: {"contentBlockDelta":{…}}. There is one choice. What
// Converse answers in place of a stream is read too.

// converseEvent are the members of an event.
type converseEvent struct {
	messageStart, blockStart, blockDelta, blockStop *fastjson.Value
	messageStop, metadata                           *fastjson.Value
	failure                                         *fastjson.Value // of a name that ends in Exception
	failureName                                     []byte
	output                                          *fastjson.Value // of a whole answer
}

// named returns where the member of a name is noted; nil: it is none of them.
func (e *converseEvent) named(name []byte) **fastjson.Value {
	switch string(name) {
	case "messageStart":
		return &e.messageStart
	case "contentBlockStart":
		return &e.blockStart
	case "contentBlockDelta":
		return &e.blockDelta
	case "contentBlockStop":
		return &e.blockStop
	case "messageStop":
		return &e.messageStop
	case "metadata":
		return &e.metadata
	}
	return nil
}

func (e *converseEvent) read(s *step) {
	wrapped := false
	s.root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		if v.GetObject() == nil {
			return
		}
		if string(key) == "output" {
			e.output = v
		} else if to := e.named(key); to != nil {
			*to, wrapped = v, true
		} else if bytes.HasSuffix(key, []byte("Exception")) {
			e.failure, e.failureName = v, key
		}
	})
	if to := e.named(s.typ); to != nil && !wrapped {
		*to = s.root
	}
}

// speaks tells whether the event is a part of the answer. Metadata alone may be
// any dialect's.
func (e *converseEvent) speaks() bool {
	return e.messageStart != nil || e.blockStart != nil || e.blockDelta != nil || e.blockStop != nil || e.messageStop != nil || e.isWhole()
}

// isWhole tells whether the event is a whole answer, in place of a stream.
func (e *converseEvent) isWhole() bool {
	return e.output != nil && member(e.output, "message").GetObject() != nil
}

// detectBedrock tells whether an event is one of Converse, or was carried by
// InvokeModel.
func detectBedrock(s *step) bool {
	var e converseEvent
	e.read(s)
	return s.embedded || e.speaks()
}

// bedrock decodes Bedrock's streams.
type bedrock struct {
	hasMetadata bool // the metadata, which hold the usage, have come
	// model is the dialect of the events that InvokeModel embeds, and inner decodes
	// them. Auto: no event has shown it. Bedrock: the model has no dialect of its own.
	model xID
	inner xDecoder
	chat  chat // for models that answer as chat completions do
}

func (b *bedrock) reset() { *b = bedrock{} }

// endsAtClose reports whether the last event may be missing: that of Converse, which
// holds the usage.
func (b *bedrock) endsAtClose() bool { return b.inner == nil }

func (b *bedrock) decode(s *step) {
	if b.model == xAuto && s.embedded {
		if b.model = embeddedDialect(s); b.model != xAuto {
			s.layout++ // events that are not embedded mean something else from now on
			if b.model != xBedrock {
				b.inner = b.model.row().new()
			}
		}
	}
	if b.inner != nil {
		b.inner.decode(s)
		return
	}
	var e converseEvent
	e.read(s)
	switch {
	case e.speaks():
		s.decodeConverseEvent(&e)
	case s.embedded && e.metadata == nil:
		s.decodeModel(&b.chat)
	}
	if e.metadata != nil {
		b.hasMetadata = true
		s.addBedrockUsage(member(e.metadata, "usage"))
	}
	// Usage comes after messageStop (B-05): the end is where both have come. Where
	// usage never comes, the end of the input is the end.
	if b.hasMetadata && len(s.choices) > 0 && s.choices[0].native != "" {
		s.endStream()
	}
	if e.failure != nil {
		s.addNamedError(e.failureName, e.failure)
	} else if s.given == 0 {
		s.addErrorObject()
	}
}

func (s *step) decodeConverseEvent(e *converseEvent) {
	t := s.message()
	switch {
	case t == nil: // a model that InvokeModel carries has taken all choices
		s.malformed(-1, 0, len(s.data), &fault.Limit{Limit: "MaxChoices", Max: s.opt.MaxChoices})
	case e.isWhole():
		s.decodeWholeConverse(t, member(e.output, "message"))
	default:
		s.decodeConverse(t, e)
	}
}

func (s *step) decodeConverse(t *choiceTrack, e *converseEvent) {
	if e.messageStart != nil {
		s.addRole(t, member(e.messageStart, "role"))
	}
	if e.blockStart != nil {
		s.startConverseBlock(t, e.blockStart)
	}
	if e.blockDelta != nil {
		s.decodeConverseBlock(t, e.blockDelta)
	}
	if e.blockStop != nil {
		s.stateful = true
		if index, ok := s.blockIndex(member(e.blockStop, "contentBlockIndex")); ok {
			if at := t.callAt(index); at >= 0 {
				s.endToolCall(t, at)
			}
		}
	}
	if e.messageStop != nil {
		s.part = 0
		s.addFinish(t, s.word(member(e.messageStop, "stopReason")))
	}
}

// blockIndex turns to the block with this index. Models whose events are carried
// by InvokeModel count their pieces in it, so that those are no parts.
func (s *step) blockIndex(v *fastjson.Value) (index int, ok bool) {
	if !isNull(v) {
		if index, ok = s.index(v); !ok || index < 0 {
			s.malformed(0, 0, len(s.data), fault.Reason("a block's index is none"))
			return 0, false
		}
	}
	if !s.embedded {
		s.part = index
	}
	return index, true
}

// startConverseBlock takes the beginning of a block, in which only a call has much
// to say.
func (s *step) startConverseBlock(t *choiceTrack, v *fastjson.Value) {
	s.stateful = true
	call := member(member(v, "start"), "toolUse")
	if call.GetObject() == nil {
		return
	}
	if index, ok := s.blockIndex(member(v, "contentBlockIndex")); ok {
		s.startConverseCall(t, index, call)
	}
}

// startConverseCall begins a call, which in a whole answer has its input. Calls of
// the provider's own tools are not the caller's to make.
func (s *step) startConverseCall(t *choiceTrack, index int, v *fastjson.Value) {
	var id, name, typ []byte
	var input *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "toolUseId":
			id = s.word(v)
		case "name":
			name = s.word(v)
		case "type":
			typ = s.word(v)
		case "input":
			input = v
		}
	})
	if len(id)+len(name) > 0 && string(typ) != "server_tool_use" {
		s.newToolCall(t, index, xToolCallDelta{ID: id, Name: name, Type: typeFunction, Arguments: s.givenInput(input)})
	}
}

// decodeConverseBlock adds what an event brings of a block.
func (s *step) decodeConverseBlock(t *choiceTrack, v *fastjson.Value) {
	var at, delta *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "contentBlockIndex":
			at = v
		case "delta":
			delta = v
		}
	})
	if index, ok := s.blockIndex(at); ok {
		s.decodeConverseDelta(t, index, delta)
	}
}

func (s *step) decodeConverseDelta(t *choiceTrack, index int, delta *fastjson.Value) {
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
		piece, _ := s.string(text, &t.high.content)
		s.addTextOf("text", xKindContent, t.index, piece)
	}
	if reasoning.GetObject() != nil {
		s.addConverseReasoning(t, reasoning)
	}
	if citation != nil {
		s.addCitation(t, citation)
	}
	if image.GetObject() != nil {
		s.addMedia(t, image)
	}
	if call.GetObject() != nil {
		if at := t.callAt(index); at >= 0 {
			s.argueToolCall(t, at, "input", member(call, "input"))
		} else {
			s.stateful = true
		}
	}
}

// addConverseReasoning adds a piece of reasoning, with what is needed to send it
// back: its text by block, its signature, or what is encrypted in its place.
func (s *step) addConverseReasoning(t *choiceTrack, v *fastjson.Value) {
	r := xReasoningDetail{Type: typeReasoningText}
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "text":
			r.Text, _ = s.string(v, &t.high.reasoning)
		case "signature":
			r.Signature = s.word(v)
		case "redactedContent":
			r.Data, r.Type = s.word(v), typeRedactedContent
		}
	})
	if len(r.Text)+len(r.Signature)+len(r.Data) > 0 {
		s.addBlockDetail(t, r)
	}
}

var typeReasoningText, typeRedactedContent = []byte("reasoningText"), []byte("redactedContent")

// addBedrockUsage adds a usage of Converse, or the metrics of InvokeModel, which
// name the same numbers otherwise.
func (s *step) addBedrockUsage(v *fastjson.Value) {
	if v.GetObject() == nil {
		return
	}
	raw := s.raw(v)
	var u xUsage
	var cached, written [2]*fastjson.Value // by precedence
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "inputTokens", "inputTokenCount":
			s.setCount(&u, xUsageInput, &u.Input, [3]*fastjson.Value{v})
		case "outputTokens", "outputTokenCount":
			s.setCount(&u, xUsageOutput, &u.Output, [3]*fastjson.Value{v})
		case "totalTokens":
			s.setCount(&u, xUsageTotal, &u.Total, [3]*fastjson.Value{v})
		case "cacheReadInputTokens":
			cached[0] = v
		case "cacheReadInputTokenCount":
			cached[1] = v
		case "cacheWriteInputTokens":
			written[0] = v
		case "cacheWriteInputTokenCount":
			written[1] = v
		}
	})
	s.setCount(&u, xUsageCached, &u.Cached, [3]*fastjson.Value{cached[0], cached[1]})
	s.setCount(&u, xUsageCacheWrite, &u.CacheWrite, [3]*fastjson.Value{written[0], written[1]})
	if u.Cached > 0 && u.Reported&xUsageTotal != 0 { // the total proves it
		switch u.Total {
		case u.Input + u.Output:
			u.CachedInInput = xTriYes
		case u.Input + u.Output + u.Cached + u.CacheWrite:
			u.CachedInInput = xTriNo
		}
	}
	s.addUsage(&u, raw)
}
