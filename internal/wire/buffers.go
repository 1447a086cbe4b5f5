package wire

// maxKeptBuffer is the largest buffer that is kept for the next event: one huge
// event must not pin its size for the life of a stream, or of a pool.
const MaxKept = 64 << 10

// letGo empties b for further use, or drops it if a huge event has grown it.
func Recycle(b []byte) []byte {
	if cap(b) > MaxKept {
		return nil
	}
	return b[:0]
}

// appendGrowing appends b to buf. It makes the buffer four times as large where
// append would grow it by a quarter: a huge event is then copied a third time at
// the most, and allocates some five times its size at the worst, however it is
// cut.
func AppendGrowing(buf, b []byte) []byte {
	if need := len(buf) + len(b); need > cap(buf) {
		grown := make([]byte, len(buf), max(need, 4*cap(buf)))
		copy(grown, buf)
		buf = grown
	}
	return append(buf, b...)
}
