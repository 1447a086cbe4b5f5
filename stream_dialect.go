package llmstream

import (
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// embeds reports whether a frame is one of InvokeModel.
func (c *core) embeds(f *wire.Frame) bool {
	return isCarrier(f.Type) && c.wireKind() == WireFrames
}

// embeddedEvent decodes the event that a frame embeds, which from there on is the
// event, for offsets and deltas too.
func (c *core) embeddedEvent(f *wire.Frame) {
	s := c.begin(f.Type, f.Data)
	data := jsonscan.TrimSpace(f.Data)
	inner, offset, err := s.unwrap(data)
	if inner != nil { // a template of it fits nothing else, since it has the type of the frame
		s.data, s.embedded = inner, true
		if c.fast.on && c.fromTemplate(s) {
			return
		}
	}
	c.countEvent()
	switch {
	case err != nil:
		s.malformed(-1, s.indent()+offset, len(s.data), err)
	case inner == nil: // it embeds nothing
		c.decode(s, data)
	default:
		c.decode(s, jsonscan.TrimSpace(inner))
	}
	if s.given == 0 {
		s.add(xKindOther, -1)
	}
	if c.fast.on && s.embedded {
		c.learn(s)
	}
}

// setDialect makes d the dialect of the stream, with a decoder that is new or reset.
func (c *core) setDialect(d Dialect) {
	c.dialect = d
	switch {
	case d == Auto:
		return
	case c.decoderOf == d && c.decoder != nil:
		c.decoder.reset()
	default:
		c.decoder, c.decoderOf = xID(d).row().new(), d
	}
}

// settle finds out from an event's JSON object what the dialect of the stream is.
// Until an event shows it, each event is decoded by the dialect that was asked for,
// if any. ok is false if the dialect is another than that, so that the stream is of
// no use (C-24, W-10).
func (c *core) settle(s *step) (ok bool) {
	found := Dialect(detectDialect(s, xID(c.asked)))
	switch {
	case found == Auto, len(c.track.choices) > 0: // it may be any, or the answer has begun
	case xID(c.asked).accepts(xID(found)):
		c.settled = true
		if found != c.dialect {
			c.setDialect(found)
		}
	default:
		c.dead = &DialectError{Want: c.asked, Looks: found.String()}
		return false
	}
	return true
}
