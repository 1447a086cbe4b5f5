package wire

// MaxKept is the largest buffer that is kept for the next event: the memory for one
// huge event must not stay for the life of a stream or of a pool.
const MaxKept = 64 << 10

// Recycle returns b without its contents for further use, or nil if a huge event has
// grown it past MaxKept.
func Recycle(b []byte) []byte {
	if cap(b) > MaxKept {
		return nil
	}
	return b[:0]
}

// AppendGrowing appends b to buf. Where append would grow a buffer by a quarter, it
// makes it four times as large. So however a huge event is cut, each byte of it is
// copied at most three times, and at most five times its size is allocated.
func AppendGrowing(buf, b []byte) []byte {
	if need := len(buf) + len(b); need > cap(buf) {
		grown := make([]byte, len(buf), max(need, 4*cap(buf)))
		copy(grown, buf)
		buf = grown
	}
	return append(buf, b...)
}
