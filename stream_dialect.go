package llmstream

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// In Bedrock's InvokeModel the embedded event takes the place of the frame's payload.
// Delta.Raw, the offsets of damage and the templates refer to the embedded event, while
// Event.Data is the payload. Joined lines in an embedded event are not unwrapped again.

// embeds reports whether a frame is one of InvokeModel, or has the same type.
func (s *stream) embeds(f *wire.Frame) bool {
	return dialect.IsEnvelope(f.Type) && s.wireKind() == WireFrames && !(s.settled && s.dialect == BedrockAgents)
}

// holdsText reports whether a frame with the type of InvokeModel's is one of an agent. A
// frame of an agent shows the dialect of the stream (B-09).
func (s *stream) holdsText(c *decode.Context, inner []byte) bool {
	if inner == nil || s.settled || len(s.seen.Choices) > 0 || !dialect.HoldsText(c, inner, dialect.ID(s.asked)) {
		return false
	}
	if dialect.ID(s.asked).Accepts(dialect.BedrockAgents) {
		s.setDialect(BedrockAgents)
		s.settled = true
	} else {
		s.fatal = &DialectError{Want: s.asked, Got: BedrockAgents}
	}
	return true
}

// embeddedEvent decodes the event that a frame embeds.
func (s *stream) embeddedEvent(f *wire.Frame) {
	c := s.begin(f.Type, f.Data)
	data := jsonscan.TrimSpace(f.Data)
	inner, offset, err := dialect.Unwrap(c, data)
	if s.holdsText(c, inner) {
		inner = nil
	}
	if inner != nil { // a template of the embedded event has the type of the frame, so it fits nothing else
		c.Data, c.Embedded = inner, true
		if s.fast.on && s.fromTemplate(c) {
			return
		}
	}
	s.countEvent()
	switch {
	case err != nil:
		c.Malformed(-1, c.Indent()+offset, len(c.Data), err)
	case inner == nil: // the frame embeds nothing
		s.decode(c, data)
	default:
		s.decode(c, jsonscan.TrimSpace(inner))
	}
	if c.Emitted == 0 {
		c.Add(decode.KindOther, -1)
	}
	if s.fast.on && c.Embedded {
		s.learn(c)
	}
}

// setDialect makes d the dialect of the stream, and gives it a decoder that is new or
// reset.
func (s *stream) setDialect(d Dialect) {
	s.dialect = d
	switch {
	case d == Auto:
		return
	case s.decoderOf == d && s.decoder != nil:
		s.decoder.Reset()
	default:
		s.decoder, s.decoderOf = dialect.ID(d).Row().New(), d
	}
}

// Once maxUntelling events have not shown the dialect, events shorter than smallestTelling
// bytes are not examined for it. A hostile stream has millions of them, and every dialect
// would examine each.
const (
	smallestTelling = 48
	maxUntelling    = 256
)

// mayShowDialect reports whether an event is examined for the dialect.
func (s *stream) mayShowDialect(c *decode.Context) bool {
	if len(c.Type) == 0 && c.Root.GetObject().Len() == 0 {
		return false
	}
	return s.seen.Events <= maxUntelling || len(c.Data) >= smallestTelling
}

// settle detects the dialect of the stream from an event's JSON object. Until an event
// shows it, each event is decoded by the requested dialect, if any. ok is false if
// another dialect was requested, so the stream cannot be read (C-24, W-10).
func (s *stream) settle(c *decode.Context) (ok bool) {
	found := Dialect(dialect.Detect(c, dialect.ID(s.asked)))
	switch {
	case found == Auto, len(s.seen.Choices) > 0: // any dialect may have this event, or the answer has begun
	case dialect.ID(s.asked).Accepts(dialect.ID(found)):
		s.settled = true
		if found != s.dialect {
			s.setDialect(found)
		}
	default:
		s.fatal = &DialectError{Want: s.asked, Got: found}
		return false
	}
	return true
}
