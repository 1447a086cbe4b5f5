package llmstream

import (
	"encoding/binary"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// oneText is how long the text of an event may be that skimOne reads.
const oneText = 16

// skimOne is skim for a read that is one event and nothing else, as most reads are
// while an answer comes. Where its only text ends follows from how long the read is, so
// that nothing has to be searched for. !ok: it is something else, and nothing was done.
func (p *Parser) skimOne(b []byte) (ok bool) {
	ts := &p.track.templates
	at := ts.list[ts.recent].next
	t := &ts.list[at]
	last, size := int(t.last), len(b)-int(t.head)
	if t.n != 1 || !t.plain || t.counted || t.call >= 0 || t.tail == 0 || last < oneText || uint(size-1) >= oneText || len(b) > p.longest {
		return false
	}
	choice := &p.track.choices[t.choice]
	if choice.high.wait() || t.layout != p.track.layout {
		return false
	}
	var into *[]byte
	if p.fold != nil && p.opt.decode.Kinds&t.kind != 0 {
		fold := p.fold.findAt(int(t.choice), choice.index)
		if fold == nil { // it was reset
			return false
		}
		into = fold.textOf(Kind(t.kind), t.part)
		if cap(*into)-len(*into) < oneText || p.fold.room() < oneText {
			return false
		}
	}
	text := b[int(t.head)-last:]
	w0, w1 := binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[8:])
	// The text is plain if the first special byte is the quote behind it.
	if jsonscan.PlainIn(w0, w1) != size || string(text[size:]) != string(t.literals[:last]) || string(b[:len(b)-len(text)]) != string(t.literals[last:t.head]) {
		return false
	}
	if into != nil {
		n := len(*into)
		room := (*into)[n : n+oneText]
		binary.LittleEndian.PutUint64(room, w0)
		binary.LittleEndian.PutUint64(room[8:], w1)
		*into = (*into)[:n+size]
		p.fold.kept += size
	}
	ts.recent, t.used = at, true
	p.track.countFitted(1)
	p.track.delivered = true
	ts.earn(1)
	return true
}
