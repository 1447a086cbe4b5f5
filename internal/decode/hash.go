package decode

import (
	"encoding/binary"
	"math/bits"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// argumentsHash is a hash of JSON that comes in pieces. It leaves out white space between
// tokens, and does not depend on where the pieces end.
type argumentsHash struct {
	sum    uint64
	word   uint64 // up to seven bytes that are not in sum yet
	n      uint8  // number of bytes in word
	size   int64
	string bool // inside a string
	escape bool // after a backslash
}

// add hashes the next piece.
func (h *argumentsHash) add(b []byte) {
	for len(b) > 0 {
		if h.string && !h.escape {
			n := jsonscan.PlainLen(b, false)
			h.addBytes(b[:n])
			if b = b[n:]; len(b) == 0 {
				return
			}
		}
		switch {
		case h.escape:
			h.escape = false
		case b[0] == '"':
			h.string = !h.string
		case h.string:
			h.escape = true // b[0] is the backslash that ended the plain bytes
		case jsonscan.IsSpace(b[0]):
			b = b[1:]
			continue
		}
		h.addBytes(b[:1])
		b = b[1:]
	}
}

// addBytes hashes bytes, eight at a time.
func (h *argumentsHash) addBytes(b []byte) {
	h.size += int64(len(b))
	shift := 8 * uint(h.n)
	for ; len(b) >= 8; b = b[8:] {
		w := binary.LittleEndian.Uint64(b)
		h.mix(h.word | w<<shift)
		h.word = w >> (64 - shift) // a shift of 64 gives 0
	}
	for _, x := range b {
		h.word |= uint64(x) << (8 * h.n)
		if h.n++; h.n == 8 {
			h.mix(h.word)
			h.word, h.n = 0, 0
		}
	}
}

// mixSeed makes it hard to construct a collision.
var mixSeed = Hash([]byte("arguments"))

func (h *argumentsHash) mix(word uint64) {
	hi, lo := bits.Mul64(h.sum^word^mixSeed, 0xd6e8feb86659fd93)
	h.sum = bits.RotateLeft64(hi^lo, 29) + word
}

// equal reports whether both hashes have the same bytes.
func (h *argumentsHash) equal(other *argumentsHash) bool {
	return h.sum == other.sum && h.word == other.word && h.size == other.size
}
