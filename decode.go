package llmstream

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// event decodes one event.
func (c *core) event(typ, data []byte) {
	s := c.begin(typ, data)
	if c.fast.on && c.fromTemplate(s) {
		return
	}
	c.countEvent()
	c.decode(s, jsonscan.TrimSpace(data))
	if s.given == 0 {
		s.add(xKindOther, -1)
	}
	if c.fast.on {
		c.learn(s)
	}
}

func (c *core) decode(s *step, data []byte) {
	switch {
	case len(data) == 0: // F-05
		s.skip(&s.skips.Empty)
	case xID(c.dialect).endsWith(data):
		s.endStream()
	case isDoneWord(data): // a gateway's, in a dialect that it does not end
	case data[0] == '{':
		if !c.prune(s, data) {
			if offset, err := s.parse(data); err != nil {
				c.recover(s, data, offset, err)
				return
			}
		}
		c.decodeObject(s)
	case bytes.IndexByte(data, '\n') >= 0 && !jsonscan.Valid(data):
		offset, err := s.check(data)
		c.recover(s, data, offset, err)
	case isKeepAlive(data):
		s.skip(&s.skips.KeepAlive)
	case string(s.typ) == "error":
		if !s.addErrorOfList(data) {
			s.addErrorText(data)
		}
	case jsonscan.Valid(data):
		c.decodeOther(s, data)
	case data[0] == '[', data[0] == '"':
		offset, err := s.check(data)
		s.malformed(-1, s.indent()+offset, len(s.data), err)
	case c.dialect == Auto && len(s.typ) > 0: // of a stream of another kind, such as Replicate's
		s.unknown = true
	default: // "error: …", or any text (F-39)
		s.addErrorText(data)
	}
}

// prune parses an event without what its dialect does not read. ok is false if it has
// to be parsed as a whole.
func (c *core) prune(s *step, data []byte) (ok bool) {
	p, ok := c.decoder.(xPruner)
	return ok && c.dialect != Auto && !s.opt.Whole && p.prune(s, data)
}

var newline = []byte{'\n'}

// decodeOther decodes data that is JSON and no object: null and the like, which
// say nothing (F-35), or an error in an array, as Gemini writes it.
func (c *core) decodeOther(s *step, data []byte) {
	if s.addErrorOfList(data) {
		return
	}
	s.skipped++
	s.skips.NotObject++
}

// isKeepAlive tells whether data is a sign of life and nothing else: a comment
// that a proxy wrapped into an event (F-04), or a word.
func isKeepAlive(data []byte) bool {
	if data[0] == ':' {
		return true
	}
	switch string(data) {
	case "ping", "keepalive", "keep-alive", "heartbeat":
		return true
	}
	return false
}

// recover makes the best of data that cannot be read. Lines that were meant to be
// events of their own are taken so (contract 14, F-40). Text is an error. Else the
// event is malformed; but where its last line alone can be read, that was put
// into an unfinished event, and mostly tells why it was never finished (F-30).
func (c *core) recover(s *step, data []byte, offset int, err error) {
	json := data[0] == '{' || data[0] == '[' || data[0] == '"'
	data = c.unglue(data)
	first, last, lines := bytes.Cut(data, newline)
	if !lines {
		s.malformed(-1, s.indent()+offset, len(s.data), err)
		return
	}
	whole := c.isWhole(first)
	for line := range bytes.SplitSeq(last, newline) {
		whole = whole || !json && c.isWhole(line)
		last = line
	}
	switch {
	case whole:
		c.track.events-- // counted line by line
		c.track.glued--
		c.glued = data
		c.nextGlued()
	case json:
		s.malformed(-1, s.indent()+offset, len(s.data), err)
		if c.isWhole(last) {
			c.glued = last
		}
	default:
		s.addErrorText(data)
	}
}

// unglue puts events that share a line into lines of their own: "{…}data: {…}".
func (c *core) unglue(data []byte) []byte {
	if !bytes.Contains(data, []byte("data:")) {
		return data
	}
	lines := make([]byte, 0, len(data))
	for line := range bytes.SplitSeq(data, newline) {
		if len(lines) > 0 {
			lines = append(lines, '\n')
		}
		lines = c.appendUnglued(lines, line)
	}
	return lines
}

// appendUnglued appends a line, or as many as there are events in it.
func (c *core) appendUnglued(lines, line []byte) []byte {
	for len(line) > 0 && line[0] == '{' {
		scan := jsonscan.Scanner{MaxValues: c.opt.MaxValues}
		n, err := scan.Scan(line)
		next, glued := bytes.CutPrefix(jsonscan.TrimSpace(line[n:]), []byte("data:"))
		if err != nil || !glued {
			break
		}
		lines = append(append(lines, line[:n]...), '\n')
		line = jsonscan.TrimSpace(next)
	}
	return append(lines, line...)
}

// nextGlued decodes the next of several events that came as one. Of their types the
// last one is known, which is that of the last event:
// "data: {…}\nevent: error\ndata: {…}\n\n".
func (c *core) nextGlued() {
	line, rest, _ := bytes.Cut(c.glued, newline)
	c.glued = jsonscan.TrimSpace(rest)
	c.track.glued++
	typ := c.borrow().frame.Type
	if len(c.glued) > 0 {
		typ = nil
	} else {
		c.glued = nil // it may be large
	}
	c.event(typ, line)
}

// decodeObject decodes an event that is a JSON object, by its dialect.
func (c *core) decodeObject(s *step) {
	if !c.settled && !c.settle(s) {
		return
	}
	if c.dialect != Auto {
		c.decoder.decode(s)
	} else {
		s.addErrorObject()
	}
	if s.embedded {
		s.addInvocationMetrics()
	}
	if s.given > 0 {
		return
	}
	if isPing(s) {
		s.skip(&s.skips.KeepAlive)
		return
	}
	if s.root.GetObject().Len() == 0 { // {} (F-35)
		s.skipped++
		s.skips.Empty++
		return
	}
	s.unknown = s.unknown || !c.settled
}

// takeText takes a text that stands where none belongs: nearly always an error,
// as JSON or as a page (F-37, F-38).
func (c *core) takeText(s *step, text []byte) {
	if len(text) == 0 {
		return
	}
	if text[0] == '[' && (s.addErrorOfList(text) || !bytes.Contains(text, []byte(`"error"`))) {
		return // an error, or nothing
	}
	if text[0] != '{' {
		s.addErrorText(text)
		return
	}
	if _, err := s.parse(text); err != nil {
		s.addErrorText(text)
		return
	}
	if s.addErrorObject(); s.given == 0 {
		s.addError(-1, s.root, nil)
	}
}

// salvage makes the best of a last event that has no blank line behind it (F-19):
// it counts if its data is a whole object or an end marker, or as far as it is a
// row of such.
func (c *core) salvage(f *wire.Frame) (ok bool) {
	f.Data = c.unglue(f.Data)
	if c.isWhole(f.Data) {
		c.pending = 0
	} else {
		whole := 0
		for rest := f.Data; len(rest) > 0; {
			line, after, _ := bytes.Cut(rest, newline)
			if !c.isWhole(line) {
				break
			}
			whole = len(f.Data) - len(after)
			rest = after
		}
		if whole == 0 {
			return false
		}
		c.pending = len(f.Data) - whole
		f.Data = f.Data[:whole]
	}
	c.track.unterminated = true
	return true
}

// isWhole tells whether data is a whole JSON object or an end marker.
func (c *core) isWhole(data []byte) bool {
	data = jsonscan.TrimSpace(data)
	return xID(c.dialect).endsWith(data) || isDoneWord(data) || len(data) > 0 && data[0] == '{' && jsonscan.Valid(data)
}
