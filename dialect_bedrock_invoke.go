package llmstream

import (
	"bytes"
	"encoding/base64"
	"slices"
)

// Bedrock's InvokeModelWithResponseStream carries the events of the model's own
// dialect: {"bytes":"<base64 of the event>","p":"<padding>"} (B-01).

// carries tells whether a frame is one of InvokeModel.
func (c *core) carries(f *frame) bool {
	return isCarrier(f.Type) && c.wireKind() == WireFrames
}

// isCarrier tells whether frames of this type are those of InvokeModel.
func isCarrier(typ []byte) bool { return string(typ) == "chunk" }

// carriedEvent decodes the event that a frame carries. That is the event from there
// on, for offsets and deltas too.
func (c *core) carriedEvent(f *frame) {
	s := c.begin(f.Type, f.Data)
	data := trimSpace(f.Data)
	inner, offset, err := s.unwrap(data)
	if inner != nil { // a template of it fits nothing else, since it has the type of the frame
		s.data, s.carried = inner, true
		if c.fast.on && c.fromTemplate(s) {
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
		c.decode(s, trimSpace(inner))
	}
	if s.given == 0 {
		s.add(KindOther, -1)
	}
	if c.fast.on && s.carried {
		c.learn(s)
	}
}

// unwrap returns what a payload carries, in a buffer of the step; nil: nothing.
func (s *step) unwrap(data []byte) (inner []byte, offset int, err error) {
	coded, ok := codedBytes(data)
	if !ok || s.opt.NoFastPath {
		if len(data) == 0 || data[0] != '{' {
			return nil, 0, nil
		}
		if offset, err = s.parse(data); err != nil {
			return nil, offset, err
		}
		if coded, ok = s.string(member(s.root, "bytes"), nil); !ok {
			return nil, 0, nil
		}
	}
	size := base64.StdEncoding.DecodedLen(len(coded))
	s.inner = slices.Grow(s.inner[:0], size)[:size]
	n, err := base64.StdEncoding.Decode(s.inner, coded)
	if err != nil {
		return nil, 0, damage("what InvokeModel carries is not base64")
	}
	if n == 0 {
		return nil, 0, nil
	}
	return s.inner[:n:n], 0, nil
}

// codedBytes is the shortcut for payloads as Bedrock writes them: the bytes first,
// and behind them nothing or the padding. A backslash is not base64, so that it
// comes to nothing here.
func codedBytes(data []byte) (coded []byte, ok bool) {
	const begin, padding = `{"bytes":"`, `,"p":"`
	if !bytes.HasPrefix(data, []byte(begin)) {
		return nil, false
	}
	data = data[len(begin):]
	end := bytes.IndexByte(data, '"')
	if end < 0 {
		return nil, false
	}
	coded, data = data[:end], data[end+1:]
	if bytes.HasPrefix(data, []byte(padding)) {
		data = data[len(padding):]
		n := plainString(data, true)
		if n == len(data) || data[n] != '"' {
			return nil, false
		}
		data = data[n+1:]
	}
	return coded, string(data) == "}" && bytes.IndexByte(coded, '\\') < 0
}

// addInvocationMetrics takes the metrics that Bedrock puts into the last event of
// every model: they end the stream, and they are its usage where the model itself
// has reported none (B-06).
func (s *step) addInvocationMetrics() {
	const name = "amazon-bedrock-invocationMetrics"
	if !s.escaped && !bytes.Contains(s.data, []byte(name)) {
		return
	}
	if metrics := member(s.root, name); metrics.GetObject() != nil {
		s.stateful = true
		if s.usage.Reported == 0 {
			s.addBedrockUsage(metrics)
		}
		s.endStream()
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

// carriedBy finds the dialect of an event that InvokeModel carries:
// another row's, or Bedrock itself for models that have none of their own, Nova
// among them. Auto: the event does not tell.
func carriedBy(s *step) Dialect {
	var m modelEvent
	m.read(s)
	if m.choices != nil && m.stopsOtherwise() {
		return Bedrock
	}
	for d := range dialects {
		if row := &dialects[d]; Dialect(d) != Bedrock && row.detect != nil && row.detect(s) {
			return Dialect(d)
		}
	}
	var e converseEvent
	if e.read(s); m.speaks() || e.speaks() {
		return Bedrock
	}
	return Auto
}
