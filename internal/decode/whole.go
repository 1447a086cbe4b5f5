package decode

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Some dialects send a text in pieces and then once more as a whole. A Tally remembers
// the length and the hash of the pieces, so that they can be compared with the whole
// without a second copy. White space at the ends does not count, since some servers trim
// it.

// Tally sums up a text as far as it has come.
type Tally struct {
	lead int     // white space before the first other byte
	body rolling // up to the last byte that is no white space
	all  rolling // everything after lead
}

// textSpace is the white space that servers trim.
const textSpace = " \t\n\v\f\r"

// Add adds the next piece.
func (t *Tally) Add(piece []byte) {
	if t.all.size == 0 {
		rest := bytes.TrimLeft(piece, textSpace)
		t.lead += len(piece) - len(rest)
		piece = rest
	}
	if body := bytes.TrimRight(piece, textSpace); len(body) > 0 {
		t.all.add(body)
		t.body = t.all
		piece = piece[len(body):]
	}
	t.all.add(piece)
}

// Blank reports whether nothing but white space has come.
func (t *Tally) Blank() bool { return t.body.size == 0 }

// Size returns the number of bytes without the white space at the ends.
func (t *Tally) Size() int { return t.body.size }

// Same reports whether both texts are equal, apart from white space at their ends.
func (t *Tally) Same(u *Tally) bool { return t.body.equal(&u.body) }

// Rest returns the part of whole that follows the pieces. ok is false if whole does not
// begin with the pieces.
func (t *Tally) Rest(whole []byte) (rest []byte, ok bool) {
	rest = bytes.TrimLeft(whole, textSpace)
	if t.all.size == 0 { // nothing has come, or white space
		return whole[min(t.lead, len(whole)-len(rest)):], true
	}
	if len(rest) < t.all.size || !t.all.equal(rollingOf(rest[:t.all.size])) {
		return nil, false
	}
	return rest[t.all.size:], true
}

// EndsIn reports whether whole ends with the pieces, apart from white space at the ends.
func (t *Tally) EndsIn(whole []byte) bool {
	whole = bytes.TrimRight(whole, textSpace)
	return len(whole) >= t.body.size && t.body.equal(rollingOf(whole[len(whole)-t.body.size:]))
}

// TallyOf returns the tally of a text that has come in one piece.
func TallyOf(text []byte) (t Tally) {
	t.Add(text)
	return t
}

// rolling is the hash of bytes that come in pieces. It does not depend on where the
// pieces end.
type rolling struct {
	sum  uint64 // hash of the full words of eight bytes
	word uint64 // the bytes after the full words
	size int
}

// The multipliers are odd numbers without structure.
const (
	mixWord uint64 = 0xa0761d6478bd642f
	mixSum  uint64 = 0xe7037ed1a0b428db
)

func (r *rolling) add(b []byte) {
	for len(b) > 0 {
		if r.size%8 == 0 {
			for ; len(b) >= 8; b = b[8:] {
				r.sum = mix(r.sum, binary.LittleEndian.Uint64(b))
				r.size += 8
			}
			if len(b) == 0 {
				return
			}
		}
		r.word |= uint64(b[0]) << (r.size % 8 * 8)
		b = b[1:]
		if r.size++; r.size%8 == 0 {
			r.sum, r.word = mix(r.sum, r.word), 0
		}
	}
}

func mix(sum, word uint64) uint64 {
	high, low := bits.Mul64(sum^mixSum, word^mixWord)
	return high ^ low
}

func (r *rolling) equal(o *rolling) bool { return *r == *o }

func rollingOf(b []byte) *rolling {
	r := new(rolling)
	r.add(b)
	return r
}

// VoidAnswer voids what a choice has said outside of the parts of the message, because
// another answer begins in the same stream: the finish reason, the end marker, the usage,
// the error, and all calls. The verdict on the stream is the verdict on the new answer.
func (s *Context) VoidAnswer(t *Choice) {
	s.Part = -1
	s.AddRestart(t.Index)
	s.Part = 0
	for at := range t.Calls {
		t.Calls[at].Void()
	}
	t.Finish, t.Native, t.Surrogates, t.annotations = FinishNone, "", surrogates{}, Distinct{}
	s.SawDone, s.FirstError, s.Answered, s.finished, s.lost = false, nil, false, false, false
	s.Usage, s.usageRaw = Usage{}, s.usageRaw[:0]
	s.Contextual = true
	s.Epoch++
}
