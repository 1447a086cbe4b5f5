package llmstream

import (
	"encoding/binary"
	"math/bits"
)

// longText is how many bytes of a text, without anything special in them, are looked
// at before copyPlain is worth a call: most texts are shorter.
const longText = 16

// copyPlain is plainString for the rest of a long text, 32 bytes at a time. It copies
// them to the start of to, perhaps with some that lie behind; nil: nobody wants them.
// It stops where there are less than 32 bytes, or there is room for less.
func copyPlain(to, b []byte) (n int) {
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
		f0, f1, f2, f3 := specialBytes(w0, true), specialBytes(w1, true), specialBytes(w2, true), specialBytes(w3, true)
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
