package llmstream

import (
	"encoding/binary"
	"slices"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/template"
)

// These functions move texts from a read straight into an answer, without a delta, if the
// handler is an Accumulator or nil. They leave any unusual event to runMatched, which may
// leave it to the wire.

// foldMatched reads what it can at the start of b, and returns the number of bytes that
// it read. done reports whether all of b was read, so that nothing is left to do.
func (p *Parser) foldMatched(b []byte) (n int, done bool) {
	switch p.fast.at {
	case placeCut:
		p.fast.at = placeOther
		if n = p.foldHeld(b); n == 0 {
			return 0, false
		}
		p.fast.at = placeNext
	case placeNext:
		if p.foldOne(b) {
			return len(b), true
		}
	default:
		return p.foldFrames(b), false
	}
	n += p.foldRow(b[n:])
	if n < len(b) && p.hold(b[n:]) {
		n = len(b)
	}
	return n, n == len(b)
}

// hold gives b to the wire, if b is only the beginning of an event. The next read usually
// has the rest of it.
func (p *Parser) hold(b []byte) bool {
	if !p.wire.Hold(b, maxHeld) {
		return false
	}
	p.fast.at = placeCut
	return true
}

// maxHeld is the number of bytes of a cut event that the wire may hold. It is more than
// the literals of a template.
const maxHeld = 2 * template.MaxLiterals

// cutText is the number of bytes that the text of a cut event may have to be folded even
// so.
const cutText = 64

// foldHeld reads an event whose beginning the wire holds and whose rest b begins with.
func (p *Parser) foldHeld(b []byte) (n int) {
	begun := p.wire.Held()
	held := len(begun)
	missing := p.fast.List[p.fast.Expected()].Len() + cutText - held
	if missing <= 0 {
		return 0
	}
	both := append(begun, b[:min(len(b), missing)]...)
	if n = p.foldRow(both); n <= held {
		p.wire.Keep(both[:held])
		return 0
	}
	p.wire.Keep(both[:0])
	return n - held
}

// textRoom is the place for the texts of events.
type textRoom struct {
	into *[]byte      // a text of the Accumulator, or nil if the Accumulator does not take the texts
	call *decode.Call // the call that the texts belong to, or nil
	text []byte       // the room in into, or other room if only call or follower need the texts; nil if the texts are not needed
	// follower is the decoder if it keeps account of the text, and owner is its number
	// for the text.
	follower dialect.Follower
	owner    int32
}

// commit notes that a text of this size was written. If the call cannot take all of it,
// commit does nothing and ok is false: one JSON value follows another (T-33).
func (r *textRoom) commit(a *Accumulator, size int) (ok bool) {
	if r.call != nil && !r.call.TryArguments(r.text[:size]) {
		return false
	}
	if r.into != nil {
		*r.into = (*r.into)[:len(*r.into)+size]
		a.kept += size
	}
	if r.follower != nil {
		r.follower.Follow(r.owner, r.text[:size])
	}
	return true
}

// roomFor finds the place for the texts of events with this meaning. ok is false if the
// events are unusual, or if there may be no room.
func (p *Parser) roomFor(m *meaning, r *textRoom) (ok bool) {
	r.into, r.call, r.text, r.follower = nil, nil, nil, nil
	if !m.textOnly && !m.noDelta || m.index >= 0 || m.epoch != p.seen.Epoch || m.hasUsage && !p.hasRoomForUsage() {
		return false
	}
	choice := &p.seen.Choices[m.choice]
	if choice.Surrogates.Wait() {
		return false
	}
	if m.call >= 0 {
		if r.call = openCall(choice, m); r.call == nil || r.call.Surrogate != 0 {
			return false
		}
	}
	if m.owner != 0 {
		r.follower, r.owner = p.decoder.(dialect.Follower), m.owner
	}
	if m.noDelta || p.fold == nil || p.opt.decode.Kinds&m.kind == 0 {
		if r.call != nil || r.follower != nil { // call and follower need the text even so
			s := p.borrow()
			s.Buf = slices.Grow(s.Buf[:0], maxFoldedArguments)
			r.text = s.Buf[:maxFoldedArguments]
		}
		return true
	}
	p.fold.voidRestarted()
	fold := p.fold.findAt(int(m.choice), choice.Index)
	if fold == nil || int(m.call) >= len(fold.calls) { // it was reset
		return false
	}
	if r.call != nil {
		r.into = &fold.calls[m.call].arguments
	} else {
		r.into = fold.textOf(p.fold, Kind(m.kind), m.part)
	}
	room := p.fold.room()
	if m.hasUsage {
		room -= roomForUsage
	}
	to := *r.into
	r.text = to[len(to):min(cap(to), len(to)+room)]
	return len(r.text) > 0
}

// maxFoldedArguments is the number of bytes of arguments that are unescaped at a time if
// no answer takes them.
const maxFoldedArguments = 1 << 10

// foldRow reads the events at the start of b that fit the expected templates. It returns
// the number of bytes that it read.
func (p *Parser) foldRow(b []byte) (n int) {
	if len(b) > p.longest { // an event in b may be past the limit
		return 0
	}
	b = b[:len(b):len(b)] // the bytes after the read must be neither written nor read
	var m template.Match
	var room textRoom
	for m.More = true; m.More && n < len(b); {
		at := p.fast.Expected()
		t, means := &p.fast.List[at], &p.fast.means[at]
		if !t.Begin(b, n, &m) {
			break
		}
		if means.index < 0 {
			if !p.roomFor(means, &room) {
				break
			}
			t.Read(b, &m, room.text, p.fast.Row(at))
			if m.Events == 0 {
				break
			}
			if room.commit(p.fold, m.Size) {
				if means.hasUsage {
					p.foldUsage(means.usage, b, &m)
				}
				p.matchedRow(at, m.Events)
				n = m.End
				continue
			}
			t.Begin(b, n, &m) // foldEach reads the row once; trying it again after each event would be quadratic
		}
		k := p.foldEach(b, at, &m)
		if n += k; k == 0 {
			break
		}
	}
	return n
}

// foldEach is foldRow for events that have to be handled one by one. In events with an index,
// the index decides where the text goes. In a row of arguments that are not JSON, the first
// piece that breaks the JSON has to be found. The first event begins at m.Start. foldEach
// returns the number of bytes that it read.
func (p *Parser) foldEach(b []byte, at uint8, m *template.Match) (n int) {
	begin := m.Start
	e := matched{t: &p.fast.List[at], means: &p.fast.means[at]}
	for more := true; more; more = m.Next() {
		e.t.ReadOne(b, m, p.fast.Row(at))
		if m.Events == 0 || !p.admit(&e, b, m) {
			break
		}
		p.fast.Fit(at, 1)
		n = m.End - begin
		if p.emit(&e, b, m) && p.deliver() != nil {
			break // an Accumulator returns no error
		}
	}
	return n
}

// matchedRow notes that a number of events in a row have fitted a template.
func (p *Parser) matchedRow(at uint8, events int) {
	p.fast.Fit(at, events)
	countMatched(&p.seen, events)
	if p.fast.means[at].textOnly {
		p.seen.Delivered = true
	}
}

// foldOne is foldRow for a read that is exactly one event, as most reads are during an
// answer. If the read is something else, foldOne does nothing and ok is false.
func (p *Parser) foldOne(b []byte) (ok bool) {
	at := p.fast.Expected()
	t, means := &p.fast.List[at], &p.fast.means[at]
	size := t.OneLen(len(b))
	if size == 0 || !means.textOnly || means.hasUsage || means.call >= 0 || len(b) > p.longest {
		return false
	}
	var room textRoom
	if !p.roomFor(means, &room) || room.text != nil && len(room.text) < template.OneText {
		return false
	}
	w0, w1, ok := t.MatchOne(b, size)
	if !ok {
		return false
	}
	if room.text != nil {
		binary.LittleEndian.PutUint64(room.text, w0)
		binary.LittleEndian.PutUint64(room.text[8:], w1)
	}
	room.commit(p.fold, size)
	p.matchedRow(at, 1)
	return true
}
