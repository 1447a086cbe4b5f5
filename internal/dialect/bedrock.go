package dialect

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// Amazon Bedrock's ConverseStream:
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html.
// In a frame, the type of the event names its object. Elsewhere, and where InvokeModel
// carries the events of Amazon's own models, the object is the only member of another
// one, under that name: {"contentBlockDelta":{…}}. There is one choice. The answer of
// Converse in place of a stream is read too.

// converseEvent holds the members of an event.
type converseEvent struct {
	messageStart, blockStart, blockDelta, blockStop *fastjson.Value
	messageStop, metadata                           *fastjson.Value
	failure                                         *fastjson.Value // of a name that ends in Exception
	failureName                                     []byte
	output                                          *fastjson.Value // of a whole answer
}

// named returns the field for the member with this name, or nil if there is no field for
// it.
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

// hasAnswer reports whether the event is part of the answer. Metadata alone may belong to
// any dialect.
func (e *converseEvent) hasAnswer() bool {
	return e.messageStart != nil || e.blockStart != nil || e.blockDelta != nil || e.blockStop != nil || e.messageStop != nil || e.isWhole()
}

// isWhole reports whether the event is a whole answer in place of a stream.
func (e *converseEvent) isWhole() bool {
	return e.output != nil && decode.Member(e.output, "message").GetObject() != nil
}

// detectBedrock reports whether an event is one of Converse, or was carried by
// InvokeModel.
func detectBedrock(s *decode.Context) bool {
	var e converseEvent
	e.read(s)
	return s.Embedded || e.hasAnswer()
}

// bedrock decodes Bedrock's streams.
type bedrock struct {
	hasMetadata bool // the metadata, which hold the usage, have come
	// model is the dialect of the events that InvokeModel embeds, and inner decodes them.
	// It is Auto until an event shows the dialect, and Bedrock if the model has no
	// dialect of its own.
	model ID
	inner Decoder
	chat  chat // for models that answer as chat completions do
	// open holds the calls of the provider's own tools, and their results, that have
	// begun and not ended (B-08).
	open assembly
}

func (b *bedrock) Reset() {
	b.open.dropAll()
	*b = bedrock{}
}

// Close ends an answer that lacks its last event, the one with the usage.
func (b *bedrock) Close(s *decode.Context, _ bool) {
	if b.inner == nil && len(s.Choices) > 0 && s.Complete() {
		s.EndStream()
	}
}

func (b *bedrock) Decode(s *decode.Context) {
	if b.model == Auto && s.Embedded {
		if b.model = embeddedDialect(s); b.model != Auto {
			s.Epoch++ // events that are not embedded mean something else from now on
			if b.model != Bedrock {
				b.inner = b.model.Row().New()
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
	case e.hasAnswer():
		s.PiecesOnly = true
		b.decodeConverseEvent(s, &e)
	case s.Embedded && e.metadata == nil:
		decodeModel(s, &b.chat)
	}
	if e.metadata != nil {
		b.hasMetadata = true
		addBedrockUsage(s, decode.Member(e.metadata, "usage"))
	}
	// Usage comes after messageStop (B-05), so the stream ends when both have come. If
	// usage never comes, the stream ends with the input.
	if b.hasMetadata && len(s.Choices) > 0 && s.Choices[0].Native != "" {
		s.EndStream()
	}
	if e.failure != nil {
		s.AddNamedError(e.failureName, e.failure)
	} else if s.Emitted == 0 {
		s.AddErrorObject()
	}
}

// addBedrockUsage adds the usage of Converse, or the metrics of InvokeModel, which have
// the same counts under other names.
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
