package llmstream

import (
	"encoding/binary"
	"math/bits"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// The tightest of all loops: events that follow one another and give a text of a
// choice, which is appended to the answer, if anybody wants it. What is not quite
// so is left to run, which does all that skim does; FuzzTemplate holds the two
// together.

// skimCut is skim for a whole read, which may begin within an event and end within
// another.
func (p *Parser) skimCut(b []byte) (n int) {
	if !p.skims {
		return 0
	}
	if p.held {
		p.held = false
		if n = p.skimHeld(b); n == 0 {
			return 0
		}
		p.ready = true
	}
	n += p.skim(b[n:])
	if n < len(b) && p.hold(b[n:]) {
		n = len(b)
	}
	return n
}

// hold leaves b to the wire, if it is the beginning of an event and nothing else,
// and notes that.
func (p *Parser) hold(b []byte) bool {
	if !p.skims || !p.wire.Hold(b, 2*templateMax) {
		return false
	}
	p.ready, p.held = false, true
	return true
}

// cutText is how long the text of an event may be that is cut and skimmed all the
// same.
const cutText = 64

// skimHeld reads the event of which the wire holds the beginning, and b begins with
// the rest.
func (p *Parser) skimHeld(b []byte) (n int) {
	buf := p.wire.Held()
	held := len(buf)
	missing := len(p.track.templates.last().literals) + cutText - held
	if missing <= 0 {
		return 0
	}
	both := append(buf, b[:min(len(b), missing)]...)
	if n = p.skim(both); n <= held {
		p.wire.Keep(both[:held])
		return 0
	}
	p.wire.Keep(both[:0])
	return n - held
}

// skim reads the events at the start of b that fit the templates which are
// expected. It returns how many bytes that were.
func (p *Parser) skim(b []byte) (n int) {
	if len(b) > p.longest { // an event may be too
		return 0
	}
	ts := &p.track.templates
	at := ts.list[ts.recent].next
	t := &ts.list[at]
	fitted, delivered := int64(0), false
	for pos := t.skipHead(b, 0); pos > 0 && (t.plain || t.silent); pos = t.skipHead(b, n) {
		choice := &p.track.choices[t.choice]
		if choice.high.wait() || t.layout != p.track.layout || t.counted && !p.hasRoomForCounts() {
			break
		}
		var call *callTrack
		if t.call >= 0 {
			if call = choice.fittingCall(t); call == nil || call.high != 0 {
				break
			}
		}
		var into *[]byte
		var text []byte // the end of it, as far as there is room for more
		if t.plain && p.fold != nil && p.opt.decode.Kinds&t.kind != 0 {
			fold := p.fold.findAt(int(t.choice), choice.index)
			if fold == nil || int(t.call) >= len(fold.calls) { // it was reset
				break
			}
			if call != nil {
				into = &fold.calls[t.call].arguments
			} else {
				into = fold.textOf(Kind(t.kind), t.part)
			}
			to := *into
			text = to[len(to):cap(to)]
			if room := p.fold.room() - roomForCounts; len(text) > room {
				text = text[:max(0, room)]
			}
			if len(text) == 0 {
				break
			}
		} else if call != nil { // whether its arguments are whole is to be known all the same
			var unheard [256]byte
			text = unheard[:]
		}
		k, size, events, last, more := t.skim(b, n, pos, text)
		if into != nil {
			*into = (*into)[:len(*into)+size]
			p.fold.kept += size
		}
		if call != nil {
			call.argue(text[:size])
		}
		if t.counted && events > 0 {
			p.foldCounts(t, b, last+pos-n)
		}
		n = k
		if events > 0 {
			ts.recent, t.used = at, true
			delivered = delivered || t.plain
		}
		fitted += events
		if !more || n == len(b) {
			break
		}
		at = t.next
		if t = &ts.list[at]; at == ts.recent {
			t.expect(true)
		}
	}
	if fitted > 0 {
		p.track.countFitted(fitted)
		p.track.delivered = p.track.delivered || delivered
		ts.earn(fitted)
	}
	return n
}

// skipHead returns where literal 0 ends if the event at b[at] begins with it, else
// 0.
func (t *template) skipHead(b []byte, at int) int {
	if t.tail == 0 {
		return 0
	}
	head := t.literals[t.last:t.head]
	if len(b)-at < len(head) || string(b[at:at+len(head)]) != string(head) {
		return 0
	}
	return at + len(head)
}

// skim reads events that fit t. The first begins at b[n], and its literal 0 ends at
// b[pos]. It writes their texts to text, which is nil if nobody wants them. It
// returns how far it has come, how long the texts are, how many events that were,
// where the last of them begins, and whether events of other forms may follow.
func (t *template) skim(b []byte, n, pos int, text []byte) (_, size int, events int64, last int, more bool) {
	head := int(t.head - t.last)
	for end := 0; ; size = end {
		glued, from := t.again, 0
		for i := range int(t.n) {
			keep := text != nil && t.slots[i] == slotText
			begin, plain := pos, 0
			if t.slots[i] > slotString {
				pos = skipValue(b, pos, t.slots[i])
			}
			for t.slots[i] <= slotString {
				if len(b)-pos < 9 {
					return n, size, events, last, false
				}
				w := binary.LittleEndian.Uint64(b[pos:])
				k := bits.TrailingZeros64(jsonscan.Special(w, true)) / 8
				if keep {
					if len(text)-end < 9 {
						return n, size, events, last, false
					}
					binary.LittleEndian.PutUint64(text[end:], w)
					end += k
				}
				if pos += k; k == 8 {
					if plain += k; plain >= jsonscan.LongText {
						if keep {
							k = jsonscan.CopyPlain(text[end:], b[pos:])
							end += k
						} else if t.slots[i] == slotTime {
							k = t.skipTime(b[pos:])
						} else {
							k = jsonscan.CopyPlain(nil, b[pos:])
						}
						pos += k
					}
					continue
				}
				if b[pos] != '\\' {
					break
				}
				c := simpleEscapes[b[pos+1]]
				if c == 0 {
					return n, size, events, last, false
				}
				if pos += 2; keep {
					text[end] = c
					end++
				}
			}
			if pos == begin && t.slots[i] == slotText {
				return n, size, events, last, false
			}
			literal := t.literals[from:t.compared[i]]
			if len(b)-pos >= len(literal) && string(b[pos:pos+len(literal)]) == string(literal) {
				pos += len(literal)
			} else if pos = t.fitsLast(b, pos, i, from, 0); pos < 0 {
				return n, size, events, last, false
			} else {
				glued = false
			}
			from = int(t.ends[i])
		}
		events++
		last = n
		if n = pos; !glued {
			return n, end, events, last, true
		}
		n -= head
	}
}

// simpleEscapes are the bytes that escapes of one character stand for; 0 for all
// other bytes behind a backslash.
var simpleEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}
