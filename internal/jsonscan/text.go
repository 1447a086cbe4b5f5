package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

// LongText is how many plain bytes a text begins with before CopyPlain is worth a
// call. Most texts are shorter.
const LongText = 16

// CopyPlain returns how many plain bytes b begins with, control characters excluded,
// and copies them to the start of to, 32 at a time. It may overwrite further bytes of
// to. If to is nil, nothing is copied. It stops early where less than 32 bytes are
// left in b or to, so that the rest has to be looked at in another way.
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
			f := f0
			if f0 == 0 {
				n += 8
				if f = f1; f == 0 {
					n += 8
					if f = f2; f == 0 {
						n += 8
						f = f3
					}
				}
			}
			return n + bits.TrailingZeros64(f)/8
		}
		b = b[32:]
		n += 32
	}
	return n
}

// IsPlain reports whether all of b[from:to] are plain, control characters excluded.
// Up to 64 bytes take the same steps: a branch on their number would be mispredicted.
func IsPlain(b []byte, from, to int) bool {
	text := b[from:to]
	switch last := len(text) - 8; {
	case last > 64-8:
	case last >= 0:
		f0 := UnusualIn(text) | UnusualIn(text[min(8, last):]) | UnusualIn(text[min(16, last):]) | UnusualIn(text[min(24, last):])
		f1 := UnusualIn(text[min(32, last):]) | UnusualIn(text[min(40, last):]) | UnusualIn(text[min(48, last):]) | UnusualIn(text[last:])
		if (f0|f1)&HighBits == 0 {
			return true
		}
	case to >= 8: // fewer than eight bytes: those before them are replaced with zeros
		const zeros = '0' * onesInBytes
		w := binary.LittleEndian.Uint64(b[to-8:])
		if front := 8 * (8 - len(text)); unusual(w>>front|zeros<<(64-front))&HighBits == 0 {
			return true
		}
	}
	return PlainLen(text, true) == len(text)
}

const (
	onesInBytes = 0x0101010101010101
	HighBits    = 0x80 * onesInBytes
)

// unusual returns a word that has none of HighBits set if all bytes of w are ASCII,
// greater than a quote and no backslash. Otherwise w may hold a special byte.
func unusual(w uint64) uint64 {
	// The lowest byte that is not as described has its high bit set; a borrow reaches
	// only the bytes above it.
	return w | (w - onesInBytes*('"'+1)) | ((w ^ onesInBytes*'\\') - onesInBytes)
}

// UnusualIn is unusual for the first eight bytes of b.
func UnusualIn(b []byte) uint64 { return unusual(binary.LittleEndian.Uint64(b)) }

// PlainIn returns how many bytes at the start of two words are plain, control
// characters excluded. It has no branch that could be mispredicted.
func PlainIn(w0, w1 uint64) int {
	n := bits.TrailingZeros64(Special(w0, true)) / 8
	return n + bits.TrailingZeros64(Special(w1, true))/8&-(n>>3) // w1 counts if all of w0 is plain: n>>3 is 1
}

// PlainLen returns how many plain bytes b begins with: the offset of the first quote,
// backslash or, if control is set, control character, or else len(b). It looks at
// eight bytes at a time, since most of a long event is long strings.
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

// Special returns a word whose lowest set bit is in the first byte of w that is a
// quote, a backslash or, if control is set, a control character. It returns 0 if no
// byte is.
func Special(w uint64, control bool) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote, backslash := w^(ones*'"'), w^(ones*'\\')
	// The lowest high bit that is set marks the first byte that is 0, or less than
	// 0x20 in the last term. Higher ones may be wrong.
	found := (quote-ones)&^quote | (backslash-ones)&^backslash
	if control {
		found |= (w - ones*0x20) &^ w
	}
	return found & highs
}
