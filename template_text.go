package llmstream

import "github.com/seed-4d65deac/llmstream/internal/jsonscan"

// maxWidth is how long the rest of a time may be to be expected so again.
const maxWidth = 32

// skipTime returns how long the rest of a time is that b begins with: nearly always as
// long as the last time.
func (t *template) skipTime(b []byte) int {
	if n := int(t.width); n >= 8 && n < len(b) && b[n] == '"' {
		last := n - 8
		if (jsonscan.UnusualIn(b)|jsonscan.UnusualIn(b[min(8, last):])|jsonscan.UnusualIn(b[min(16, last):])|jsonscan.UnusualIn(b[last:]))&jsonscan.HighBits == 0 {
			return n
		}
	}
	n := jsonscan.PlainLen(b, true)
	t.width = uint8(min(n, maxWidth))
	return n
}
