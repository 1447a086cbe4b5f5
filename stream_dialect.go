package llmstream

import (
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// carries tells whether a frame is one of InvokeModel.
func (c *core) carries(f *wire.Frame) bool {
	return isCarrier(f.Type) && c.wireKind() == WireFrames
}

// carriedEvent decodes the event that a frame carries. That is the event from there
// on, for offsets and deltas too.
func (c *core) carriedEvent(f *wire.Frame) {
	s := c.begin(f.Type, f.Data)
	data := jsonscan.TrimSpace(f.Data)
	inner, offset, err := s.unwrap(data)
	if inner != nil { // a template of it fits nothing else, since it has the type of the frame
		s.data, s.carried = inner, true
		if c.fast && c.fromTemplate(s) {
			return
		}
	}
	c.countEvent()
	switch {
	case err != nil:
		s.malformed(-1, s.indent()+offset, len(s.data), err)
	case inner == nil: // it carries nothing
		c.decode(s, data)
	default:
		c.decode(s, jsonscan.TrimSpace(inner))
	}
	if s.given == 0 {
		s.add(xKindOther, -1)
	}
	if c.fast && s.carried {
		c.learn(s)
	}
}

// decoder returns the dialect by which an event is decoded: that of the stream,
// but for what InvokeModel carries.
func (c *core) decoder(s *step) Dialect {
	if c.dialect == Bedrock && c.carried == Auto && s.carried {
		if c.carried = carriedBy(s); c.carried != Auto {
			s.layout++ // what is not carried is decoded so too from now on
		}
	}
	if c.dialect == Bedrock && c.carried != Auto {
		return c.carried
	}
	return c.dialect
}
