package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

// longText is how many bytes of a text, without anything special in them, are looked
// at before copyPlain is worth a call: most texts are shorter.
const LongText = 16

// copyPlain is plainString for the rest of a long text, 32 bytes at a time. It copies
// them to the start of to, perhaps with some that lie behind; nil: nobody wants them.
// It stops where there are less than 32 bytes, or there is room for less.
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

// isPlain tells whether all of b[from:to] are ordinary characters of a string. Up to 64
// of them cost the same, since one cannot guess how many there are.
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
	case to >= 8: // what stands in front of them is replaced
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

// unusual returns a word none of whose highBits are set if all of its bytes are
// ASCII, greater than a quote, and no backslash. Else there may be something
// special among them.
func unusual(w uint64) uint64 {
	// Of the lowest byte that is not so, the high bit is set, whatever is borrowed above it.
	return w | (w - onesInBytes*('"'+1)) | ((w ^ onesInBytes*'\\') - onesInBytes)
}

func UnusualIn(b []byte) uint64 { return unusual(binary.LittleEndian.Uint64(b)) }

// plainIn returns how many bytes at the start of two words are plain. It guesses
// nothing: there is no branch in it.
func PlainIn(w0, w1 uint64) int {
	n := bits.TrailingZeros64(Special(w0, true)) / 8
	return n + bits.TrailingZeros64(Special(w1, true))/8&-(n>>3) // if all of w0 are
}

// plainString returns how many bytes at the start of b are of a string and
// nothing special in it: the offset of the first quote or backslash, with
// control also of the first control character, or len(b). It looks at eight
// bytes at a time, since long strings are most of a long event.
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

// specialBytes returns a word whose lowest bit that is set is in the first of
// eight bytes that is a quote, a backslash, or with control a control character; 0:
// there is none.
func Special(w uint64, control bool) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote, backslash := w^(ones*'"'), w^(ones*'\\')
	// The lowest high bit that is set marks the first byte that is 0, or in the
	// last term less than 0x20; higher ones may be false.
	found := (quote-ones)&^quote | (backslash-ones)&^backslash
	if control {
		found |= (w - ones*0x20) &^ w
	}
	return found & highs
}
