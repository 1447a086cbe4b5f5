package llmstream

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// An error body in place of a stream is not an event, and neither is a page. An error
// after the first event counts as an event. After the end marker, errors and damage are
// reported but do not change the verdict: the answer was whole before.

// take decodes a frame. ok reports whether there are deltas to hand out.
func (s *stream) take(f *wire.Frame) (ok bool, err error) {
	switch f.Kind {
	case wire.FrameComment:
		s.seen.Comments++
		return false, s.handleComment(f.Data)
	case wire.FrameErrorField, wire.FrameText:
		c := s.begin(nil, f.Data)
		s.takeText(c, jsonscan.TrimSpace(f.Data))
		if c.Emitted > 0 {
			s.seen.Uncounted++
		}
		return c.Emitted > 0, nil
	case wire.FrameTooLarge, wire.FrameMalformed:
		c := s.begin(f.Type, f.Data)
		s.countEvent()
		c.Malformed(-1, len(f.Data), f.Size, f.Err)
		return true, nil
	case wire.FrameUnterminated:
		if ok := s.acceptUnterminated(f); !ok {
			return false, nil
		}
	}
	if err := s.handleEvent(f); err != nil {
		return false, err
	}
	first := s.seen.Events == 0 && s.seen.FirstError == nil && s.wireKind() == WireJSON
	switch {
	case f.Kind == wire.FrameException || f.Kind == wire.FrameError:
		c := s.begin(f.Type, f.Data)
		s.countEvent()
		c.AddException(f.Kind == wire.FrameError)
		return true, nil
	case s.embeds(f):
		s.embeddedEvent(f)
	default:
		s.event(f.Type, f.Data)
	}
	if first && s.seen.FirstError != nil && len(s.seen.Choices) == 0 {
		// An error body in place of a stream is not an event, but its deltas have an index.
		s.seen.Events, s.seen.Uncounted = 0, s.seen.Uncounted+uint32(s.seen.Events)
	}
	return true, nil
}

// handleEvent hands an event to the handler of events, if there is one.
func (s *stream) handleEvent(f *wire.Frame) (err error) {
	if s.opt.Events == nil {
		return nil
	}
	s.running = handlerRuns
	defer s.handlerReturned()
	err = s.opt.Events.HandleEvent((*Event)(&f.Event))
	s.running = handlerIdle
	return err
}

// handleComment hands a comment to the handler of comments, if there is one.
func (s *stream) handleComment(comment []byte) (err error) {
	h, ok := s.opt.Events.(CommentHandler)
	if !ok || comment == nil {
		return nil
	}
	s.running = handlerRuns
	defer s.handlerReturned()
	err = h.HandleComment(comment)
	s.running = handlerIdle
	return err
}

func (s *stream) countEvent() {
	s.seen.Events++
	if s.seen.SawDone {
		s.seen.AfterDone++
	}
}

// event decodes one event.
func (s *stream) event(typ, data []byte) {
	c := s.begin(typ, data)
	if s.fast.on && s.fromTemplate(c) {
		return
	}
	s.countEvent()
	s.decode(c, jsonscan.TrimSpace(data))
	if c.Emitted == 0 {
		c.Add(decode.KindOther, -1)
	}
	if s.fast.on {
		s.learn(c)
	}
}

// decode determines what the data of an event is, and adds its deltas.
func (s *stream) decode(c *decode.Context, data []byte) {
	switch {
	case len(data) == 0: // F-05
		c.Skip(&c.Skips.Empty)
	case dialect.ID(s.dialect).EndsWith(data):
		c.EndStream()
	case dialect.IsDoneWord(data): // a gateway has added it; it does not end this dialect
	case s.dialect == Auto && string(data) == "{}" && len(c.Type) == 0: // what decodeObject does, without the parser
		c.Skips.Empty++
	case data[0] == '{':
		if !s.prune(c, data) {
			if offset, err := c.Parse(data); err != nil {
				s.repair(c, data, offset, err)
				return
			}
		}
		s.decodeObject(c)
	case bytes.IndexByte(data, '\n') >= 0 && !jsonscan.Valid(data):
		offset, err := c.Check(data)
		s.repair(c, data, offset, err)
	case decode.IsKeepAlive(data):
		c.Skip(&c.Skips.KeepAlive)
	case string(c.Type) == "error":
		if !c.AddErrorOfList(data) {
			c.AddErrorText(data)
		}
	case jsonscan.Valid(data):
		s.decodeOther(c, data)
	case data[0] == '[', data[0] == '"':
		offset, err := c.Check(data)
		c.Malformed(-1, c.Indent()+offset, len(c.Data), err)
	case s.dialect == Auto && len(c.Type) > 0: // a stream of another kind, such as Replicate's
		c.Unknown = true
	default: // "error: …", or any other text (F-39)
		c.AddErrorText(data)
	}
}

// prune parses an event and leaves out the members that its dialect does not read. ok is
// false if the event has to be parsed as a whole.
func (s *stream) prune(c *decode.Context, data []byte) (ok bool) {
	p, ok := s.decoder.(dialect.Pruner)
	return ok && s.dialect != Auto && !c.Limits.Whole && p.Prune(c, data)
}

// decodeObject decodes an event that is a JSON object.
func (s *stream) decodeObject(c *decode.Context) {
	if !s.settled && s.mayShowDialect(c) && !s.settle(c) {
		return
	}
	if s.dialect != Auto {
		s.decoder.Decode(c)
		c.EndEvent()
	} else {
		c.AddErrorObject()
	}
	if c.Embedded {
		dialect.AddInvocationMetrics(c)
	}
	switch {
	case c.Emitted > 0:
	case c.IsPing():
		c.Skip(&c.Skips.KeepAlive)
	case c.Root.GetObject().Len() == 0: // {} (F-35)
		c.Skips.Empty++
	default:
		c.Unknown = c.Unknown || !s.settled
	}
}

// decodeOther decodes data that is JSON and no object:
//   - an array with an error, as Gemini writes it,
//   - an array of objects, each of which is an event (F-42),
//   - null, a number and the like, which say nothing (F-35).
func (s *stream) decodeOther(c *decode.Context, data []byte) {
	switch {
	case c.AddErrorOfList(data):
	case data[0] == '[' && s.queueElements(data):
		s.seen.Events-- // its elements are counted instead
		s.nextQueued()
	default:
		c.Skips.NotObject++
	}
}

// queueElements queues the elements of an array, if all of them are objects.
func (s *stream) queueElements(data []byte) (ok bool) {
	var lines []byte
	for at := jsonscan.SkipSpace(data, 1); at < len(data) && data[at] == '{'; {
		n := jsonscan.ValueLen(data[at:])
		for _, b := range data[at : at+n] {
			if b == '\n' || b == '\r' { // white space would end the line
				b = ' '
			}
			lines = append(lines, b)
		}
		lines = append(lines, '\n')
		at = jsonscan.SkipSpace(data, at+n)
		if data[at] == ']' {
			s.queued, s.queuedArray = lines, true
			return true
		}
		at = jsonscan.SkipSpace(data, at+1)
	}
	return false
}

// takeText handles a text that stands where no text belongs. It is nearly always an
// error, as JSON or as a page (F-37, F-38).
func (s *stream) takeText(c *decode.Context, text []byte) {
	if len(text) == 0 {
		return
	}
	if text[0] == '[' && (c.AddErrorOfList(text) || !bytes.Contains(text, []byte(`"error"`))) {
		return // the text was an error, or empty
	}
	if text[0] != '{' {
		c.AddErrorText(text)
		return
	}
	if _, err := c.Parse(text); err != nil {
		c.AddErrorText(text)
		return
	}
	if c.AddErrorObject(); c.Emitted == 0 {
		c.AddError(-1, c.Root, nil)
	}
}
