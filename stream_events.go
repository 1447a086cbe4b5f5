package llmstream

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// event decodes one event.
func (c *stream) event(typ, data []byte) {
	s := c.begin(typ, data)
	if c.fast.on && c.fromTemplate(s) {
		return
	}
	c.countEvent()
	c.decode(s, jsonscan.TrimSpace(data))
	if s.Emitted == 0 {
		s.Add(decode.KindOther, -1)
	}
	if c.fast.on {
		c.learn(s)
	}
}

func (c *stream) decode(s *decode.Context, data []byte) {
	switch {
	case len(data) == 0: // F-05
		s.Skip(&s.Skips.Empty)
	case dialect.ID(c.dialect).EndsWith(data):
		s.EndStream()
	case dialect.IsDoneWord(data): // a gateway's, in a dialect that it does not end
	case data[0] == '{':
		if !c.prune(s, data) {
			if offset, err := s.Parse(data); err != nil {
				c.repair(s, data, offset, err)
				return
			}
		}
		c.decodeObject(s)
	case bytes.IndexByte(data, '\n') >= 0 && !jsonscan.Valid(data):
		offset, err := s.Check(data)
		c.repair(s, data, offset, err)
	case isKeepAlive(data):
		s.Skip(&s.Skips.KeepAlive)
	case string(s.Type) == "error":
		if !s.AddErrorOfList(data) {
			s.AddErrorText(data)
		}
	case jsonscan.Valid(data):
		c.decodeOther(s, data)
	case data[0] == '[', data[0] == '"':
		offset, err := s.Check(data)
		s.Malformed(-1, s.Indent()+offset, len(s.Data), err)
	case c.dialect == Auto && len(s.Type) > 0: // of a stream of another kind, such as Replicate's
		s.Unknown = true
	default: // "error: …", or any text (F-39)
		s.AddErrorText(data)
	}
}

// prune parses an event without what its dialect does not read. ok is false if it has
// to be parsed as a whole.
func (c *stream) prune(s *decode.Context, data []byte) (ok bool) {
	p, ok := c.decoder.(dialect.Pruner)
	return ok && c.dialect != Auto && !s.Limits.Whole && p.Prune(s, data)
}

var newline = []byte{'\n'}

// decodeOther decodes data that is JSON and no object: null and the like, which
// say nothing (F-35), or an error in an array, as Gemini writes it.
func (c *stream) decodeOther(s *decode.Context, data []byte) {
	if s.AddErrorOfList(data) {
		return
	}
	s.Skipped++
	s.Skips.NotObject++
}

// isKeepAlive tells whether data is a sign of life and nothing else: a comment
// that a proxy wrapped into an event (F-04), or a word.
func isKeepAlive(data []byte) bool {
	return data[0] == ':' || decode.IsKeepAlive(data)
}

// recover makes the best of data that cannot be read. Lines that were meant to be
// events of their own are taken so (contract 14, F-40). Text is an error. Else the
// event is malformed; but where its last line alone can be read, that was put
// into an unfinished event, and mostly tells why it was never finished (F-30).
func (c *stream) repair(s *decode.Context, data []byte, offset int, err error) {
	json := data[0] == '{' || data[0] == '[' || data[0] == '"'
	data = c.splitJoined(data)
	first, last, lines := bytes.Cut(data, newline)
	if !lines {
		s.Malformed(-1, s.Indent()+offset, len(s.Data), err)
		return
	}
	whole := c.isWhole(first)
	for line := range bytes.SplitSeq(last, newline) {
		whole = whole || !json && c.isWhole(line)
		last = line
	}
	switch {
	case whole:
		c.seen.Events-- // counted line by line
		c.seen.Unseparated--
		c.queued = data
		c.nextQueued()
	case json:
		s.Malformed(-1, s.Indent()+offset, len(s.Data), err)
		if c.isWhole(last) {
			c.queued = last
		}
	default:
		s.AddErrorText(data)
	}
}

// unglue puts events that share a line into lines of their own: "{…}data: {…}".
func (c *stream) splitJoined(data []byte) []byte {
	if !bytes.Contains(data, []byte("data:")) {
		return data
	}
	lines := make([]byte, 0, len(data))
	for line := range bytes.SplitSeq(data, newline) {
		if len(lines) > 0 {
			lines = append(lines, '\n')
		}
		lines = c.appendSplit(lines, line)
	}
	return lines
}

// appendUnglued appends a line, or as many as there are events in it.
func (c *stream) appendSplit(lines, line []byte) []byte {
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
func (c *stream) nextQueued() {
	line, rest, _ := bytes.Cut(c.queued, newline)
	c.queued = jsonscan.TrimSpace(rest)
	c.seen.Unseparated++
	typ := c.borrow().frame.Type
	if len(c.queued) > 0 {
		typ = nil
	} else {
		c.queued = nil // it may be large
	}
	c.event(typ, line)
}

// decodeObject decodes an event that is a JSON object, by its dialect.
func (c *stream) decodeObject(s *decode.Context) {
	if !c.settled && !c.settle(s) {
		return
	}
	if c.dialect != Auto {
		c.decoder.Decode(s)
	} else {
		s.AddErrorObject()
	}
	if s.Embedded {
		dialect.AddInvocationMetrics(s)
	}
	if s.Emitted > 0 {
		return
	}
	if s.IsPing() {
		s.Skip(&s.Skips.KeepAlive)
		return
	}
	if s.Root.GetObject().Len() == 0 { // {} (F-35)
		s.Skipped++
		s.Skips.Empty++
		return
	}
	s.Unknown = s.Unknown || !c.settled
}

// takeText takes a text that stands where none belongs: nearly always an error,
// as JSON or as a page (F-37, F-38).
func (c *stream) takeText(s *decode.Context, text []byte) {
	if len(text) == 0 {
		return
	}
	if text[0] == '[' && (s.AddErrorOfList(text) || !bytes.Contains(text, []byte(`"error"`))) {
		return // an error, or nothing
	}
	if text[0] != '{' {
		s.AddErrorText(text)
		return
	}
	if _, err := s.Parse(text); err != nil {
		s.AddErrorText(text)
		return
	}
	if s.AddErrorObject(); s.Emitted == 0 {
		s.AddError(-1, s.Root, nil)
	}
}

// salvage makes the best of a last event that has no blank line behind it (F-19):
// it counts if its data is a whole object or an end marker, or as far as it is a
// row of such.
func (c *stream) acceptUnterminated(f *wire.Frame) (ok bool) {
	f.Data = c.splitJoined(f.Data)
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
	c.seen.Unterminated = true
	return true
}

// isWhole tells whether data is a whole JSON object or an end marker.
func (c *stream) isWhole(data []byte) bool {
	data = jsonscan.TrimSpace(data)
	return dialect.ID(c.dialect).EndsWith(data) || dialect.IsDoneWord(data) || len(data) > 0 && data[0] == '{' && jsonscan.Valid(data)
}
