package dialect

import "github.com/seed-4d65deac/llmstream/internal/decode"

// soFar finds out whether the texts of a stream come in pieces, or each time as a
// whole so far, and returns what each adds.
//
// A text that does not begin with everything before it is a piece, and then all are. A
// text that does, and whose event reports more output if it is longer, is taken for a
// whole. A piece may look like that too: "a", "ab". The next one then does not begin
// with all before it, and the text begins anew, with its pieces joined.
type soFar struct {
	pieces bool // the texts are pieces; nothing else is remembered then
	texts  []textSoFar
}

// textKey tells the texts of a stream apart.
type textKey struct{ choice, part int }

// textSoFar is what is remembered of a text: not its bytes, but their hash.
type textSoFar struct {
	key   textKey
	size  int
	hash  uint64
	times int    // how many events had it
	join  []byte // the texts of the first events, joined; nil after enough of them
}

const (
	// surelyWhole is how many events have to have a text, each beginning with what
	// the one before it had, for it to be no row of pieces.
	surelyWhole = 4
	// maxJoined is how many bytes are kept of the first texts.
	maxJoined = 4 << 10
	// maxTexts is how many texts are told apart: a hostile stream may have thousands.
	maxTexts = 256
)

func (w *soFar) reset() {
	for i := range w.texts {
		w.texts[i] = textSoFar{join: w.texts[i].join[:0]}
	}
	w.pieces, w.texts = false, w.texts[:0]
}

// add returns what text, which is not empty, adds to the text that key names. grew is
// whether its event reports more output than the one before it. anew reports that
// everything that was returned before of this text is void.
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
	if x.times == 1 && len(text) == x.size && grew { // the same piece twice
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

// find returns what is remembered of a text; nil if there are too many.
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

// hashStart is the hash of nothing, and hashOn that of one text after another (FNV-1a).
// A hash that can be continued is needed; nobody but the provider could forge one.
const hashStart = 14695981039346656037

func hashOn(h uint64, text []byte) uint64 {
	for _, b := range text {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}
