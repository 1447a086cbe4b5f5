package llmstream

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// embeds reports whether a frame is one of InvokeModel, or may be.
func (c *stream) embeds(f *wire.Frame) bool {
	return dialect.IsEnvelope(f.Type) && c.wireKind() == WireFrames && !(c.settled && c.dialect == BedrockAgents)
}

// embeddedEvent decodes the event that a frame embeds, which from there on is the
// event, for offsets and deltas too.
func (c *stream) embeddedEvent(f *wire.Frame) {
	s := c.begin(f.Type, f.Data)
	data := jsonscan.TrimSpace(f.Data)
	inner, offset, err := dialect.Unwrap(s, data)
	if inner != nil && c.mayBeAgents() && dialect.HoldsText(s, inner, dialect.ID(c.dialect)) {
		c.setDialect(BedrockAgents)
		c.settled, inner = true, nil
	}
	if inner != nil { // a template of it fits nothing else, since it has the type of the frame
		s.Data, s.Embedded = inner, true
		if c.fast.on && c.fromTemplate(s) {
			return
		}
	}
	c.countEvent()
	switch {
	case err != nil:
		s.Malformed(-1, s.Indent()+offset, len(s.Data), err)
	case inner == nil: // it embeds nothing
		c.decode(s, data)
	default:
		c.decode(s, jsonscan.TrimSpace(inner))
	}
	if s.Emitted == 0 {
		s.Add(decode.KindOther, -1)
	}
	if c.fast.on && s.Embedded {
		c.learn(s)
	}
}

// mayBeAgents reports whether a frame that looks like one of InvokeModel may be one of an
// agent.
func (c *stream) mayBeAgents() bool {
	return !c.settled && len(c.seen.Choices) == 0 && dialect.ID(c.asked).Accepts(dialect.BedrockAgents)
}

// setDialect makes d the dialect of the stream, with a decoder that is new or reset.
func (c *stream) setDialect(d Dialect) {
	c.dialect = d
	switch {
	case d == Auto:
		return
	case c.decoderOf == d && c.decoder != nil:
		c.decoder.Reset()
	default:
		c.decoder, c.decoderOf = dialect.ID(d).Row().New(), d
	}
}

// settle finds out from an event's JSON object what the dialect of the stream is.
// Until an event shows it, each event is decoded by the dialect that was asked for,
// if any. ok is false if the dialect is another than that, so that the stream is of
// no use (C-24, W-10).
func (c *stream) settle(s *decode.Context) (ok bool) {
	found := Dialect(dialect.Detect(s, dialect.ID(c.asked)))
	switch {
	case found == Auto, len(c.seen.Choices) > 0: // it may be any, or the answer has begun
	case dialect.ID(c.asked).Accepts(dialect.ID(found)):
		c.settled = true
		if found != c.dialect {
			c.setDialect(found)
		}
	default:
		c.fatal = &DialectError{Want: c.asked, Looks: found.String()}
		return false
	}
	return true
}
