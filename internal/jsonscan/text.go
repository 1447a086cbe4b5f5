package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

// Special returns a word whose lowest set bit lies in the first of eight bytes
// that is a quote, a backslash, or with control a control character. It returns 0
// if there is no such byte.
func Special(w uint64, control bool) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote, backslash := w^(ones*'"'), w^(ones*'\\')
	// The lowest high bit that is set marks the first byte that is 0, or in the
	// last term less than 0x20. Higher bits may be set for no reason.
	found := (quote-ones)&^quote | (backslash-ones)&^backslash
	if control {
		found |= (w - ones*0x20) &^ w
	}
	return found & highs
}

// PlainLen returns how many bytes at the start of b are plain, which is the offset
// of the first quote, backslash, or with control control character. It looks at
// eight bytes at a time: long strings are most of a long event.
func PlainLen(b []byte, control bool) int {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		if found := Special(binary.LittleEndian.Uint64(b[i:]), control); found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '"' || c == '\\' || control && c < 0x20 {
			return i
		}
	}
	return i
}

// PlainIn returns how many bytes at the start of two words are plain, control
// characters not among them. It has no branch that could be mispredicted.
func PlainIn(w0, w1 uint64) int {
	n := bits.TrailingZeros64(Special(w0, true)) / 8
	return n + bits.TrailingZeros64(Special(w1, true))/8&-(n>>3) // if all of w0 is plain
}

// LongText is how many plain bytes of a text are worth looking at before CopyPlain
// pays for its call. Most texts are shorter.
const LongText = 16

// CopyPlain is PlainLen with control for the rest of a long text, 32 bytes at a
// time. It copies the plain bytes to the start of to, and perhaps some that follow
// them. A nil to takes nothing. It stops early where b or to has less than 32 bytes
// left.
func CopyPlain(to, b []byte) (n int) {
	for len(b) >= 32 && (to == nil || len(to) >= 32) {
		w0, w1 := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		w2, w3 := binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])
		if to != nil {
			binary.LittleEndian.PutUint64(to, w0)
			binary.LittleEndian.PutUint64(to[8:], w1)
			binary.LittleEndian.PutUint64(to[16:], w2)
			binary.LittleEndian.PutUint64(to[24:], w3)
			to = to[32:]
		}
		f0, f1, f2, f3 := Special(w0, true), Special(w1, true), Special(w2, true), Special(w3, true)
		if f0|f1|f2|f3 != 0 {
			for _, f := range [...]uint64{f0, f1, f2} {
				if f != 0 {
					return n + bits.TrailingZeros64(f)/8
				}
				n += 8
			}
			return n + bits.TrailingZeros64(f3)/8
		}
		b = b[32:]
		n += 32
	}
	return n
}
