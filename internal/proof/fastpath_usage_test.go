package proof

import (
	"fmt"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// What the fast path makes of events with counts is what the full parse makes of
// them, whatever byte is another.
func TestTemplatesOfCountsAreExact(t *testing.T) {
	for name, form := range testkit.CountedEvents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			event := func(n int) string { return testkit.CountedEvent(form, fmt.Sprint("word ", n), 1+n) }
			second := event(2)
			for at := range len(second) {
				for i, edit := range append(testkit.Edits(second[at]), `1`, `-`, `.5`, `"totalTokenCount":3,"`, `"usageMetadata":{"totalTokenCount":1},"`) {
					if (at+i)%sample(10) != 0 {
						continue
					}
					body := []byte(testkit.SSE(event(1), event(2), event(3), second[:at]+edit+second[at+1:], event(12), event(123)))
					requireShortcuts(t, llmstream.Gemini, body)
					var all []string // each with the same edit
					for n := range 6 {
						all = append(all, event(n)[:at]+edit+event(n)[at+1:])
					}
					requireShortcuts(t, llmstream.Gemini, []byte(testkit.SSE(all...)))
				}
			}
		})
	}
}

// Reports of nothing but zeros change nothing (U-05), so that the last report is not
// the only one that counts where it is one.
func TestTemplatesOfZeroCounts(t *testing.T) {
	form := `{"candidates":[{"content":{"parts":[{"text":"%s"}]}}],"usageMetadata":{"candidatesTokenCount":%d,"totalTokenCount":%d}}`
	for _, counts := range [][][2]int{
		{{0, 0}, {0, 0}, {1, 1}, {2, 2}, {0, 0}}, {{1, 2}, {3, 4}, {0, 0}, {5, 6}, {0, 7}, {8, 0}, {0, 0}},
		{{0, 0}, {0, 0}, {0, 0}, {1, 2}, {1, 3}, {1, 4}, {0, 0}, {1, 5}, {0, 0}, {1, 6}, {0, 0}, {1, 7}, {0, 0}}, {{0, 1}, {0, 2}, {0, 3}, {0, 0}},
	} {
		var events []string
		for i, c := range counts {
			events = append(events, fmt.Sprintf(form, fmt.Sprint("a", i), c[0], c[1]))
		}
		requireShortcuts(t, llmstream.Gemini, []byte(testkit.SSE(events...)))
	}
}

// A count that stands there twice, or that is not the usage's own, is not read by a
// template.
func TestTemplatesOfOtherCounts(t *testing.T) {
	const candidates = `{"candidates":[{"content":{"parts":[{"text":"a"}]}}],`
	for _, members := range []string{
		`"usageMetadata":{"totalTokenCount":%[1]d,"totalTokenCount":%[2]d}`,
		`"usageMetadata":{"totalTokenCount":%[1]d},"usageMetadata":{"totalTokenCount":%[2]d}`,
		`"usageMetadata":{"totalTokenCount":%[1]d},"usageMetadata":{"promptTokenCount":4}`,
		`"usageMetadata":{"promptTokenCount":4,"x":{"totalTokenCount":%[1]d}}`,
		`"usageMetadata":{"promptTokenCount":4,"x":{"totalTokenCount":%[1]d},"totalTokenCount":%[2]d}`,
		`"usageMetadata":{"promptTokenCount":4},"x":{"totalTokenCount":%[1]d}`,
		`"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":%[1]d,"x":"totalTokenCount","totalTokenCount":%[2]d}`,
		`"usageMetadata":{"totalTokenCount":%[1]d,"totalTokenCount":%[2]d}`,
	} {
		var events []string
		for i := range 12 {
			events = append(events, candidates+fmt.Sprintf(members, 1+i, 1+i/2)+"}")
		}
		requireShortcuts(t, llmstream.Gemini, []byte(testkit.SSE(events...)))
	}
}

// An accumulator has what it would have if it had been given each report, also
// where there is no room for some of them.
func TestCountsAreFoldedWithinMaxBytes(t *testing.T) {
	var events []string
	for i := range 60 {
		events = append(events, testkit.CountedEvent(testkit.CountedEvents["answer"], "some words and more of them", 3*i*i))
	}
	body := []byte(testkit.SSE(events...))
	for limit := 1; limit < 4000; limit += 3 * sample(3) {
		folded := func(o *llmstream.Options) *llmstream.Completion {
			a := llmstream.Accumulator{MaxBytes: limit}
			p := llmstream.NewParser(llmstream.Gemini, &a, o)
			p.Write(body)
			return a.Completion()
		}
		require.Equal(t, folded(&llmstream.Options{NoFastPath: true}), folded(nil), limit)
	}
}
