package llmstream

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// A long text is read as a short one, whatever stands in it and wherever.
func TestTemplatesOfLongTexts(t *testing.T) {
	const size = 100
	for _, special := range []string{`\n`, `\"`, `\u00e9`, `\ud83d\ude00`, "é", `\`, "\x01", "\x1f", "\x7f", "\n", "\r", " "} {
		var events []string
		add := func(text string) { events = append(events, fmt.Sprintf(providerEvents["openai"], text)) }
		for at := range size {
			add(strings.Repeat("z", 50)) // so that the next is compared with a template
			add(strings.Repeat("z", 51))
			add(strings.Repeat("x", at) + special + strings.Repeat("y", size-at))
		}
		requireShortcuts(t, OpenAIChat, []byte(testkit.SSE(events...)))
	}
}

// There may be room for the beginning of a text alone.
func TestCopyPlainWithinItsRoom(t *testing.T) {
	for _, special := range []string{`"`, `\`, "\x1f", "é"} {
		b := []byte(strings.Repeat("x", 80) + special + strings.Repeat("x", 80))
		for from := range len(b) {
			for room := range 100 {
				to := make([]byte, room+1)
				n := jsonscan.CopyPlain(to[:room], b[from:])
				require.Equal(t, string(b[from:from+n]), string(to[:n]))
				require.Zero(t, to[room])
				plain := jsonscan.PlainLen(b[from:], true)
				require.LessOrEqual(t, n, plain)
				require.True(t, n == plain || room-n < 32 || len(b)-from-n < 32)
				require.Equal(t, n, jsonscan.CopyPlain(nil, b[from:from+min(len(b)-from, room)]), room)
			}
		}
	}
}

// isPlain has a way of its own for each length.
func TestIsPlain(t *testing.T) {
	const before, behind = `"` + "\x00\\", `"`
	for n := range 80 {
		for front := range 10 {
			b := []byte(strings.Repeat(before, 4)[:front] + strings.Repeat("x", n) + behind)
			require.True(t, jsonscan.IsPlain(b, front, front+n))
			for at := front; at < front+n; at++ {
				for _, c := range []byte{0, 0x1f, ' ', '!', '"', '#', '[', '\\', ']', 0x7f, 0x80, 0xa2, 0xdc, 0xff} {
					b[at] = c
					require.Equal(t, c >= ' ' && c != '"' && c != '\\', jsonscan.IsPlain(b, front, front+n), "%q", b)
				}
				b[at] = 'x'
			}
		}
	}
}

// The time of a line may become longer or shorter, or be none.
func TestTemplatesWithTimes(t *testing.T) {
	line := func(at, text string) string {
		return `{"model":"m","created_at":"` + at + `","message":{"role":"assistant","content":"` + text + `"},"done":false}` + "\n"
	}
	const long = "2026-11-24T15:04:05.123456789Z"
	first := strings.Repeat(line(long, strings.Repeat("x", 200)), 4)
	for n := range len(long) {
		for _, at := range []string{long[:n], long[:n] + `"`, long[:n] + `\`, long[:n] + `\"` + long[n:], long[:n] + "\x01" + long[n:], long[:n] + long} {
			requireShortcuts(t, Ollama, []byte(first+line(at, "a")+line(long, "b")+line(at, "c")+line(at, "d")+line(long, "e")))
		}
	}
}
