package llmstream

import "encoding/binary"

// longText is how many bytes of a text, without anything special in them, are looked
// at before copyPlain is worth a call: most texts are shorter.
const longText = 24

// copyPlain is for the middle of a long text: it returns how many bytes at the start
// of b, in blocks of 32, are of a string and nothing special, and copies them to the
// start of to, as far as there is room; nil: nobody wants them.
func copyPlain(to, b []byte) (n int) {
	for len(b) >= 32 && (to == nil || len(to) >= 32) {
		w0, w1 := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		w2, w3 := binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])
		if specialBytes(w0, true)|specialBytes(w1, true)|specialBytes(w2, true)|specialBytes(w3, true) != 0 {
			break
		}
		if to != nil {
			binary.LittleEndian.PutUint64(to, w0)
			binary.LittleEndian.PutUint64(to[8:], w1)
			binary.LittleEndian.PutUint64(to[16:], w2)
			binary.LittleEndian.PutUint64(to[24:], w3)
			to = to[32:]
		}
		b = b[32:]
		n += 32
	}
	return n
}
