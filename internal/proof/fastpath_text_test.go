package proof

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
)

// A long text is read as a short one, whatever stands in it and wherever.
func TestTemplatesOfLongTexts(t *testing.T) {
	const size = 100
	for _, special := range []string{`\n`, `\"`, `\u00e9`, `\ud83d\ude00`, "é", `\`, "\x01", "\x1f", "\x7f", "\n", "\r", " "} {
		var events []string
		add := func(text string) { events = append(events, fmt.Sprintf(testkit.ChatEvents["openai"], text)) }
		for at := range size {
			add(strings.Repeat("z", 50)) // so that the next is compared with a template
			add(strings.Repeat("z", 51))
			add(strings.Repeat("x", at) + special + strings.Repeat("y", size-at))
		}
		requireShortcuts(t, llmstream.OpenAIChat, []byte(testkit.SSE(events...)))
	}
}

// The time of a line may become longer, shorter or empty.
func TestTemplatesWithTimes(t *testing.T) {
	line := func(at, text string) string {
		return `{"model":"m","created_at":"` + at + `","message":{"role":"assistant","content":"` + text + `"},"done":false}` + "\n"
	}
	const long = "2026-11-24T15:04:05.123456789Z"
	first := strings.Repeat(line(long, strings.Repeat("x", 200)), 4)
	for n := range len(long) {
		for _, at := range []string{long[:n], long[:n] + `"`, long[:n] + `\`, long[:n] + `\"` + long[n:], long[:n] + "\x01" + long[n:], long[:n] + long} {
			requireShortcuts(t, llmstream.Ollama, []byte(first+line(at, "a")+line(long, "b")+line(at, "c")+line(at, "d")+line(long, "e")))
		}
	}
}
