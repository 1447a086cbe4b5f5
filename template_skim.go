package llmstream

import (
	"encoding/binary"
	"math/bits"
)

// The tightest of all loops: events of usual form, in a row, whose texts are
// appended to an answer. What is not quite usual is left to run, which does all
// that skim does; FuzzTemplate holds the two together.

// skim reads the events at the start of b that fit the templates which are
// expected, and folds in their texts, if anybody wants them. It returns how many
// bytes that were.
func (p *Parser) skim(b []byte) (n int) {
	ts := &p.track.templates
	at := int(ts.list[ts.recent].next)
	t := &ts.list[at]
	pos := t.skipHead(b, 0)
	for pos > 0 && t.plain {
		choice := &p.track.choices[t.choice]
		if choice.high != (halves{}) {
			break
		}
		ts.recent = uint8(at)
		var to *[]byte
		var text []byte
		room := 1 << 30
		if p.opt.Kinds&t.kind != 0 && p.fold != nil {
			to = p.fold.textOf(t.kind, choice.index)
			text, room = *to, p.fold.room()
		}
		k, events, next, kept := t.skim(b, n, pos, p.longest, to != nil, text, room)
		if to != nil {
			p.fold.kept += len(kept) - len(text)
			*to = kept
		}
		n = k
		p.track.events += events
		p.track.delivered = p.track.delivered || events > 0
		ts.earn(events)
		if pos = 0; !next || n == len(b) {
			break
		}
		at = int(t.next)
		if t = &ts.list[at]; at == int(ts.recent) {
			t.expect(true)
		}
		pos = t.skipHead(b, n)
	}
	return n
}

// skipHead returns where literal 0 ends, if the event at b[at] begins with it,
// else 0.
func (t *template) skipHead(b []byte, at int) int {
	if t.n == 0 {
		return 0
	}
	head := t.literals[t.ends[t.n-1]:t.head]
	if len(b)-at < len(head) || string(b[at:at+len(head)]) != string(head) {
		return 0
	}
	return at + len(head)
}

// skim reads events that fit t, of which the first begins at b[start] and its
// literal 0 ends at b[at], and appends their texts to text if keep is set. It
// returns where it has come to, and how many events that were. next: behind them
// comes another event, which may be of another form.
func (t *template) skim(b []byte, start, at, longest int, keep bool, text []byte, room int) (_ int, events int64, next bool, _ []byte) {
	head := int(t.head) - int(t.ends[t.n-1])
	room += len(text)
	for {
		pos, size, from := at, len(text), 0
		next = !t.again
		for i := range int(t.n) {
			kept := keep && t.slots[i] == slotText
			begin := pos
			for pos+8 <= len(b) {
				w := binary.LittleEndian.Uint64(b[pos:])
				n := bits.TrailingZeros64(specialBytes(w, true)) / 8
				if kept {
					end := len(text)
					if cap(text)-end < 16 || end+8 > room {
						return start, events, false, text[:size]
					}
					binary.LittleEndian.PutUint64(text[end:end+8], w)
					text = text[:end+n]
				}
				if pos += n; n == 8 {
					continue
				}
				if b[pos] != '\\' {
					break
				}
				if pos+1 == len(b) {
					return start, events, false, text[:size]
				}
				c := simpleEscapes[b[pos+1]]
				if c == 0 {
					return start, events, false, text[:size]
				}
				if kept {
					text = append(text, c)
				}
				pos += 2
			}
			if pos == begin && t.slots[i] == slotText {
				return start, events, false, text[:size]
			}
			literal := t.literals[from:t.compared[i]]
			if len(b)-pos >= len(literal) && string(b[pos:pos+len(literal)]) == string(literal) {
				pos += len(literal)
			} else if pos = t.fitsLast(b, pos, i, from, 0); pos < 0 {
				return start, events, false, text[:size]
			} else {
				next = true
			}
			from = int(t.ends[i])
		}
		end := pos
		if !next {
			end -= head
		}
		if end-start > longest {
			return start, events, false, text[:size]
		}
		start, at = end, pos
		events++
		if next {
			return start, events, true, text
		}
	}
}

// simpleEscapes are the bytes that stand for the escapes of one character; 0 for
// others.
var simpleEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}
