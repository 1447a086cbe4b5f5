package llmstream

import (
	"fmt"
	"strings"
	"testing"

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
		requireShortcuts(t, OpenAIChat, []byte(sse(events...)))
	}
}

// There may be room for the beginning of a text alone.
func TestCopyPlainWithinItsRoom(t *testing.T) {
	b := []byte(strings.Repeat("x", 80) + `"` + strings.Repeat("x", 80))
	for from := range len(b) {
		for room := range 100 {
			to := make([]byte, room+1)
			n := copyPlain(to[:room], b[from:])
			require.Equal(t, string(b[from:from+n]), string(to[:n]))
			require.NotContains(t, string(to[:n]), `"`)
			require.Zero(t, to[room])
		}
	}
}
