package llmstream

import (
	"encoding/binary"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// skimFrames is skim for binary frames: it reads those at the start of b that lie
// whole there, have the headers of the one before, and fit the template that is
// expected. It returns how many bytes that were.
func (p *Parser) skimFrames(b []byte) (n int) {
	w := p.wire.FrameReader()
	if !p.skims || w == nil || !p.mayRun() ||
		!w.Headers.IsEvent() || isCarrier(w.Headers.EventType) || len(w.Last) > wire.MaxKnownHeaders {
		return 0
	}
	ts := &p.track.templates
	events := int64(0)
	for more := true; more; {
		at := ts.list[ts.recent].next
		t := &ts.list[at]
		k, fitted := p.skimFramesOf(t, b[n:], t.next == at)
		if more = fitted > 0; more {
			ts.recent, t.used = at, true
			n += k
			events += fitted
		}
	}
	if events > 0 {
		p.track.countFitted(events)
		p.track.delivered = true
		ts.earn(events)
	}
	return n
}

// skimFramesOf reads frames at the start of b that fit t: one, or as many as there
// are. It returns how many bytes and events that were.
func (p *Parser) skimFramesOf(t *template, b []byte, row bool) (n int, events int64) {
	choice := &p.track.choices[t.choice]
	if t.n == 0 || !t.plain || t.again || t.call >= 0 || t.counted || choice.high.wait() || t.layout != p.track.layout ||
		string(p.wire.Frames.Headers.EventType) != string(t.typ()) {
		return 0, 0
	}
	var into *[]byte
	var text []byte // the end of it, as far as there is room for more
	if p.fold != nil && p.opt.decode.Kinds&t.kind != 0 {
		fold := p.fold.findAt(int(t.choice), choice.index)
		if fold == nil { // it was reset
			return 0, 0
		}
		into = fold.textOf(Kind(t.kind), t.part)
		text = (*into)[len(*into):min(cap(*into), len(*into)+p.fold.room())]
		if len(text) == 0 {
			return 0, 0
		}
	}
	known := p.borrow().knownFrames(p.wire.Frames.Last)
	size := 0
	for more := true; more; more = row {
		frame := known.Frame(b[n:])
		if frame == nil || len(frame) > p.longest {
			break
		}
		k, ok := t.skimFrame(b[n:], wire.PreludeSize+len(known.Headers), len(frame)-wire.CrcSize, text[size:])
		if !ok {
			break
		}
		if into != nil {
			size += k
		}
		n += len(frame)
		events++
	}
	if into != nil {
		*into = (*into)[:len(*into)+size]
		p.fold.kept += size
	}
	return n, events
}

// skimFrame reads the payload b[pos:end] of a frame, if it fits t. It writes the
// text to text, which is nil if nobody wants it, and returns how long it is. What
// lies behind the payload spares looking at its last bytes one by one.
func (t *template) skimFrame(b []byte, pos, end int, text []byte) (size int, ok bool) {
	head := t.literals[int(t.last)+int(t.frame) : t.head]
	if end-pos < len(head) || string(b[pos:pos+len(head)]) != string(head) {
		return 0, false
	}
	pos += len(head)
	from := 0
	for i := range int(t.n) {
		literal := t.literals[from:t.ends[i]]
		from = int(t.ends[i])
		var n int
		switch kind := t.slots[i]; {
		case kind == slotText:
			if size, n = skimText(text, b[pos:]); n == 0 {
				return 0, false
			}
		case kind > slotString:
			n = skipValue(b, pos, kind) - pos
		case from == int(t.last): // the padding, of which the end is known
			n = end - len(literal) - pos
			if n < 0 || !jsonscan.IsPlain(b, pos, pos+n) {
				return 0, false
			}
		default:
			n = jsonscan.PlainLen(b[pos:], true)
		}
		pos += n
		if len(b)-pos < len(literal) || string(b[pos:pos+len(literal)]) != string(literal) {
			return 0, false
		}
		pos += len(literal)
	}
	return size, pos == end
}

// skimText reads the text that b begins with, up to the quote, and writes it to to,
// which is nil if nobody wants it. It returns how long the text is, and how long in
// b; 0: it is not to be read here, since it is empty, has an unusual escape, or
// there may be no room for it.
func skimText(to, b []byte) (size, n int) {
	for len(b)-n >= 17 && (to == nil || len(to)-size >= 17) {
		w0, w1 := binary.LittleEndian.Uint64(b[n:]), binary.LittleEndian.Uint64(b[n+8:])
		k := jsonscan.PlainIn(w0, w1)
		if to != nil {
			binary.LittleEndian.PutUint64(to[size:], w0)
			binary.LittleEndian.PutUint64(to[size+8:], w1)
		}
		if k == jsonscan.LongText {
			if to != nil {
				k += jsonscan.CopyPlain(to[size+k:], b[n+k:])
			} else {
				k += jsonscan.CopyPlain(nil, b[n+k:])
			}
			size, n = size+k, n+k
			continue
		}
		size, n = size+k, n+k
		if b[n] != '\\' {
			return size, n
		}
		c := simpleEscapes[b[n+1]]
		if c == 0 {
			break
		}
		if to != nil {
			to[size] = c
		}
		size, n = size+1, n+2
	}
	return 0, 0
}
