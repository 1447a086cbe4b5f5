package llmstream

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

var newline, dataField = []byte{'\n'}, []byte("data:")

// repair salvages what it can from an event that is not JSON:
//   - lines that are events of their own are decoded one by one (contract 14, F-40),
//   - an event that breaks off with another one after it on the same line is malformed,
//     and the other one counts (F-41),
//   - a last line that is whole was written into an unfinished event and often says why
//     that was never finished (F-30): the event is malformed, and the line counts,
//   - any other text is an error,
//   - any other JSON is malformed.
func (s *stream) repair(c *decode.Context, data []byte, offset int, err error) {
	json := data[0] == '{' || data[0] == '[' || data[0] == '"'
	data = s.splitJoined(data)
	first, last, lines := bytes.Cut(data, newline)
	if !lines {
		c.Malformed(-1, c.Indent()+offset, len(c.Data), err)
		s.queued = s.wholeTail(data)
		return
	}
	whole := s.isWhole(first)
	for line := range bytes.SplitSeq(last, newline) {
		whole = whole || !json && s.isWhole(line)
		last = line
	}
	switch {
	case whole:
		s.seen.Events-- // counted line by line
		s.seen.Unseparated--
		s.queued = data
		s.nextQueued()
	case json:
		c.Malformed(-1, c.Indent()+offset, len(c.Data), err)
		if s.isWhole(last) {
			s.queued = last
		} else {
			s.queued = s.wholeTail(last)
		}
	default:
		c.AddErrorText(data)
	}
}

// wholeTail returns the part of a line after the last "data:" if that part is a whole
// event, as in `{"a":"heldata: {…}` (F-41). Otherwise it returns nil.
func (s *stream) wholeTail(line []byte) []byte {
	at := bytes.LastIndex(line, dataField)
	if at < 0 {
		return nil
	}
	tail := jsonscan.TrimSpace(line[at+len(dataField):])
	if len(tail) > 0 && tail[0] == '{' && s.isWhole(tail) {
		return tail
	}
	return nil
}

// splitJoined puts events that share a line, as in "{…}data: {…}", on lines of their own.
func (s *stream) splitJoined(data []byte) []byte {
	if !bytes.Contains(data, dataField) {
		return data
	}
	lines := make([]byte, 0, len(data))
	for line := range bytes.SplitSeq(data, newline) {
		if len(lines) > 0 {
			lines = append(lines, '\n')
		}
		lines = s.appendSplit(lines, line)
	}
	return lines
}

// appendSplit appends a line. If the line holds several events, it appends a line for
// each.
func (s *stream) appendSplit(lines, line []byte) []byte {
	for len(line) > 0 && line[0] == '{' {
		scan := jsonscan.Scanner{MaxValues: s.opt.MaxValues}
		n, err := scan.Scan(line)
		next, joined := bytes.CutPrefix(jsonscan.TrimSpace(line[n:]), dataField)
		if err != nil || !joined {
			break
		}
		lines = append(append(lines, line[:n]...), '\n')
		line = jsonscan.TrimSpace(next)
	}
	return append(lines, line...)
}

// nextQueued decodes the next of several events that came as one. The type of the frame
// belongs to the last of them: "data: {…}\nevent: error\ndata: {…}\n\n".
func (s *stream) nextQueued() {
	line, rest, _ := bytes.Cut(s.queued, newline)
	s.queued = jsonscan.TrimSpace(rest)
	typ := s.borrow().frame.Type
	if !s.queuedArray {
		s.seen.Unseparated++
		if len(s.queued) > 0 {
			typ = nil
		}
	}
	if len(s.queued) == 0 {
		s.queued, s.queuedArray = nil, false // the memory may be large
	}
	s.event(typ, line)
}

// acceptUnterminated decides whether a last event counts that has no blank line after it
// (F-19). It counts if its data is a whole object or an end marker. Otherwise its first
// lines count, as far as each is whole.
func (s *stream) acceptUnterminated(f *wire.Frame) (ok bool) {
	f.Data = s.splitJoined(f.Data)
	if s.isWhole(f.Data) {
		s.pending = 0
	} else {
		whole := 0
		for rest := f.Data; len(rest) > 0; {
			line, after, _ := bytes.Cut(rest, newline)
			if !s.isWhole(line) {
				break
			}
			whole = len(f.Data) - len(after)
			rest = after
		}
		if whole == 0 {
			return false
		}
		s.pending = len(f.Data) - whole
		f.Data = f.Data[:whole]
	}
	s.seen.Unterminated = true
	return true
}

// isWhole reports whether data is a whole JSON object or an end marker.
func (s *stream) isWhole(data []byte) bool {
	data = jsonscan.TrimSpace(data)
	return dialect.ID(s.dialect).EndsWith(data) || dialect.IsDoneWord(data) || len(data) > 0 && data[0] == '{' && jsonscan.Valid(data)
}
