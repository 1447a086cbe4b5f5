package dialect

import "github.com/seed-4d65deac/llmstream/internal/decode"

// soFar finds out whether the texts of a stream come in pieces, or whether each event
// repeats the whole text so far. It returns what each event adds.
//
// A text that does not begin with everything before it is a piece, and then all texts
// are. A text that does is taken for a whole. The exception is a second text that equals
// the first while its event reports more output: that is the same piece twice. A piece
// may look like a whole too: "a", "ab". The next piece then does not begin with
// everything before it, and the text begins anew, with its pieces joined.
type soFar struct {
	pieces bool // the texts are pieces; nothing else is remembered then
	texts  []textSoFar
}

// textKey identifies a text of a stream.
type textKey struct{ choice, part int }

// textSoFar is what is remembered of a text: the hash of its bytes, and not the bytes.
type textSoFar struct {
	key   textKey
	size  int
	hash  uint64
	times int    // number of events that had the text
	join  []byte // the texts of the first events, joined; nil once there were enough
}

const (
	// surelyWhole is the number of events after which a text counts as a whole, if each
	// event began with everything of the one before it.
	surelyWhole = 4
	// maxJoined is the number of bytes that are kept of the first texts.
	maxJoined = 4 << 10
	// maxTexts is the number of texts that are kept apart: a hostile stream may have
	// thousands.
	maxTexts = 256
)

func (w *soFar) reset() {
	for i := range w.texts {
		w.texts[i] = textSoFar{join: w.texts[i].join[:0]}
	}
	w.pieces, w.texts = false, w.texts[:0]
}

// add returns what text adds to the text of key. text is not empty. grew reports whether
// the event reports more output than the one before it. anew reports whether everything
// that was returned before for this key is void.
func (w *soFar) add(s *decode.Context, key textKey, text []byte, grew bool) (news []byte, anew bool) {
	x := w.find(key)
	if x == nil {
		return text, false
	}
	if x.times == 0 {
		x.begin(text)
		return text, false
	}
	nested := len(text) >= x.size && hashOn(hashStart, text[:x.size]) == x.hash
	if x.times == 1 && len(text) == x.size && grew { // the same piece came twice
		nested = false
	}
	switch {
	case nested:
		news = text[x.size:]
		x.times, x.size, x.hash = x.times+1, len(text), hashOn(x.hash, news)
		if x.times >= surelyWhole || len(x.join)+len(text) > maxJoined {
			x.join = x.join[:0]
		} else {
			x.join = append(x.join, text...)
		}
		return news, false
	case x.times == 1:
		w.settle(s)
		return text, false
	case len(x.join) > 0:
		w.settle(s)
		at := len(s.Buf)
		s.Buf = append(append(s.Buf, x.join...), text...)
		return s.Since(at), true
	}
	s.Conflicts++ // a whole that differs from the one before it (O-17)
	x.size, x.hash = len(text), hashOn(hashStart, text)
	return text, true
}

// settle notes that the texts are pieces.
func (w *soFar) settle(s *decode.Context) {
	w.pieces = true
	s.Epoch++
}

// find returns what is remembered of a text, or nil if there are too many texts.
func (w *soFar) find(key textKey) *textSoFar {
	for i := range w.texts {
		if w.texts[i].key == key {
			return &w.texts[i]
		}
	}
	n := len(w.texts)
	if n == maxTexts {
		return nil
	}
	if n < cap(w.texts) {
		w.texts = w.texts[:n+1]
	} else {
		w.texts = append(w.texts, textSoFar{})
	}
	w.texts[n].key = key
	return &w.texts[n]
}

func (x *textSoFar) begin(text []byte) {
	x.times, x.size, x.hash = 1, len(text), hashOn(hashStart, text)
	if x.join = x.join[:0]; len(text) <= maxJoined {
		x.join = append(x.join, text...)
	}
}

// hashStart is the hash of an empty text, and hashOn continues a hash with more text
// (FNV-1a). The hash must be one that can be continued. Only the provider could forge a
// collision.
const hashStart = 14695981039346656037

func hashOn(h uint64, text []byte) uint64 {
	for _, b := range text {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}
