package dialect

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
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

func (e *converseEvent) read(s *decode.Context) {
	wrapped := false
	s.Root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
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
	if to := e.named(s.Type); to != nil && !wrapped {
		*to = s.Root
	}
}

// speaks tells whether the event is a part of the answer. Metadata alone may be
// any dialect's.
func (e *converseEvent) speaks() bool {
	return e.messageStart != nil || e.blockStart != nil || e.blockDelta != nil || e.blockStop != nil || e.messageStop != nil || e.isWhole()
}

// isWhole tells whether the event is a whole answer, in place of a stream.
func (e *converseEvent) isWhole() bool {
	return e.output != nil && decode.Member(e.output, "message").GetObject() != nil
}

// detectBedrock tells whether an event is one of Converse, or was carried by
// InvokeModel.
func detectBedrock(s *decode.Context) bool {
	var e converseEvent
	e.read(s)
	return s.Embedded || e.speaks()
}

// bedrock decodes Bedrock's streams.
type bedrock struct {
	hasMetadata bool // the metadata, which hold the usage, have come
	// model is the dialect of the events that InvokeModel embeds, and inner decodes
	// them. Auto: no event has shown it. Bedrock: the model has no dialect of its own.
	Model ID
	inner Decoder
	chat  chat // for models that answer as chat completions do
}

func (b *bedrock) Reset() { *b = bedrock{} }

// endsAtClose reports whether the last event may be missing: that of Converse, which
// holds the usage.
func (b *bedrock) EndsAtClose() bool { return b.inner == nil }

func (b *bedrock) Decode(s *decode.Context) {
	if b.Model == Auto && s.Embedded {
		if b.Model = embeddedDialect(s); b.Model != Auto {
			s.Epoch++ // events that are not embedded mean something else from now on
			if b.Model != Bedrock {
				b.inner = b.Model.Row().New()
			}
		}
	}
	if b.inner != nil {
		b.inner.Decode(s)
		return
	}
	var e converseEvent
	e.read(s)
	switch {
	case e.speaks():
		decodeConverseEvent(s, &e)
	case s.Embedded && e.metadata == nil:
		decodeModel(s, &b.chat)
	}
	if e.metadata != nil {
		b.hasMetadata = true
		addBedrockUsage(s, decode.Member(e.metadata, "usage"))
	}
	// Usage comes after messageStop (B-05): the end is where both have come. Where
	// usage never comes, the end of the input is the end.
	if b.hasMetadata && len(s.Choices) > 0 && s.Choices[0].Native != "" {
		s.EndStream()
	}
	if e.failure != nil {
		s.AddNamedError(e.failureName, e.failure)
	} else if s.Emitted == 0 {
		s.AddErrorObject()
	}
}

func decodeConverseEvent(s *decode.Context, e *converseEvent) {
	t := message(s)
	switch {
	case t == nil: // a model that InvokeModel carries has taken all choices
	case e.isWhole():
		decodeWholeConverse(s, t, decode.Member(e.output, "message"))
	default:
		decodeConverse(s, t, e)
	}
}

func decodeConverse(s *decode.Context, t *decode.Choice, e *converseEvent) {
	if e.messageStart != nil {
		s.AddRole(t, decode.Member(e.messageStart, "role"))
	}
	if e.blockStart != nil {
		startConverseBlock(s, t, e.blockStart)
	}
	if e.blockDelta != nil {
		decodeConverseBlock(s, t, e.blockDelta)
	}
	if e.blockStop != nil {
		s.Contextual = true
		if index, ok := blockIndex(s, decode.Member(e.blockStop, "contentBlockIndex")); ok {
			if at := t.CallAtIndex(index); at >= 0 {
				s.EndCall(t, at)
			}
		}
	}
	if e.messageStop != nil {
		s.Part = 0
		s.AddFinish(t, s.Word(decode.Member(e.messageStop, "stopReason")))
	}
}

// blockIndex turns to the block with this index. Models whose events are carried
// by InvokeModel count their pieces in it, so that those are no parts.
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

// startConverseBlock takes the beginning of a block, in which only a call has much
// to say.
func startConverseBlock(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	s.Contextual = true
	call := decode.Member(decode.Member(v, "start"), "toolUse")
	if call.GetObject() == nil {
		return
	}
	if index, ok := blockIndex(s, decode.Member(v, "contentBlockIndex")); ok {
		startConverseCall(s, t, index, call)
	}
}

// startConverseCall begins a call, which in a whole answer has its input. Calls of
// the provider's own tools are not the caller's to make.
func startConverseCall(s *decode.Context, t *decode.Choice, index int, v *fastjson.Value) {
	var id, name, typ []byte
	var input *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "toolUseId":
			id = s.Word(v)
		case "name":
			name = s.Word(v)
		case "type":
			typ = s.Word(v)
		case "input":
			input = v
		}
	})
	if len(id)+len(name) > 0 && string(typ) != "server_tool_use" {
		s.BeginCallWith(t, index, decode.ToolCallDelta{ID: id, Name: name, Type: decode.TypeFunction, Arguments: givenInput(s, input)})
	}
}

// decodeConverseBlock adds what an event brings of a block.
func decodeConverseBlock(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	var at, delta *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "contentBlockIndex":
			at = v
		case "delta":
			delta = v
		}
	})
	if index, ok := blockIndex(s, at); ok {
		decodeConverseDelta(s, t, index, delta)
	}
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
			s.AppendArguments(t, at, "input", decode.Member(call, "input"))
		} else {
			s.Contextual = true
		}
	}
}

// addConverseReasoning adds a piece of reasoning, with what is needed to send it
// back: its text by block, its signature, or what is encrypted in its place.
func addConverseReasoning(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	r := decode.ReasoningDetail{Type: typeReasoningText}
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "text":
			r.Text, _ = s.Text(v, &t.Surrogates.Reasoning)
		case "signature":
			r.Signature = s.Word(v)
		case "redactedContent":
			r.Data, r.Type = s.Word(v), typeRedactedContent
		}
	})
	if len(r.Text)+len(r.Signature)+len(r.Data) > 0 {
		addBlockDetail(s, t, r)
	}
}

var typeReasoningText, typeRedactedContent = []byte("reasoningText"), []byte("redactedContent")

// addBedrockUsage adds a usage of Converse, or the metrics of InvokeModel, which
// name the same numbers otherwise.
func addBedrockUsage(s *decode.Context, v *fastjson.Value) {
	if v.GetObject() == nil {
		return
	}
	raw := s.Raw(v)
	var u decode.Usage
	var cached, written [2]*fastjson.Value // by precedence
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "inputTokens", "inputTokenCount":
			s.SetBestCount(&u, decode.UsageInput, &u.Input, [3]*fastjson.Value{v})
		case "outputTokens", "outputTokenCount":
			s.SetBestCount(&u, decode.UsageOutput, &u.Output, [3]*fastjson.Value{v})
		case "totalTokens":
			s.SetBestCount(&u, decode.UsageTotal, &u.Total, [3]*fastjson.Value{v})
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
	s.SetBestCount(&u, decode.UsageCached, &u.Cached, [3]*fastjson.Value{cached[0], cached[1]})
	s.SetBestCount(&u, decode.UsageCacheWrite, &u.CacheWrite, [3]*fastjson.Value{written[0], written[1]})
	if u.Cached > 0 && u.Reported&decode.UsageTotal != 0 { // the total proves it
		switch u.Total {
		case u.Input + u.Output:
			u.CachedInInput = decode.TriYes
		case u.Input + u.Output + u.Cached + u.CacheWrite:
			u.CachedInInput = decode.TriNo
		}
	}
	s.AddUsage(&u, raw)
}
