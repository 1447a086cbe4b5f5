package llmstream

// maxWidth is how long the rest of a time may be to be expected so again.
const maxWidth = 32

// skipTime returns how long the rest of a time is that b begins with: nearly always as
// long as the last time.
func (t *template) skipTime(b []byte) int {
	if n := int(t.width); n >= 8 && n < len(b) && b[n] == '"' {
		last := n - 8
		if (unusualIn(b)|unusualIn(b[min(8, last):])|unusualIn(b[min(16, last):])|unusualIn(b[last:]))&highBits == 0 {
			return n
		}
	}
	n := plainString(b, true)
	t.width = uint8(min(n, maxWidth))
	return n
}
