package proof

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
)

// More choices or calls than there are templates have one in common, which means the
// same for each of them.
func TestTemplatesOfCrowds(t *testing.T) {
	for name, crowd := range testkit.Crowds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, many := range []int{4, 5, 6, 8, 17, 40} {
				body := crowd.Begin(many)
				for n := range 50 * many {
					body += testkit.SSE(crowd.Event(n%many, fmt.Sprint(" word", n)))
				}
				requireShortcuts(t, llmstream.OpenAIChat, []byte(body))
			}
		})
	}
}

// Long texts are read as short ones, wherever reads cut them.
func TestTemplatesOfLongEvents(t *testing.T) {
	for _, size := range []int{1000, 2000, 20_000} {
		var events []string
		for i := range 5 {
			events = append(events, fmt.Sprintf(testkit.ChatEvents["openai"], strings.Repeat("word ", size/5)+fmt.Sprint(i)))
		}
		requireShortcuts(t, llmstream.OpenAIChat, []byte(testkit.SSE(events...)), size, 2*size)
	}
}

// Whatever byte of an event of a crowd is another, it is read as it would have been.
func TestTemplatesOfCrowdsAreExact(t *testing.T) {
	for name, crowd := range testkit.Crowds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const many = 6
			var round []string
			for i := range many {
				round = append(round, crowd.Event(i, "a"))
			}
			all := crowd.Begin(many) + testkit.SSE(round...) + testkit.SSE(round...) + testkit.SSE(round...)
			second := crowd.Event(3, "bc")
			for at := range len(second) {
				for i, edit := range append(testkit.Edits(second[at]), "00", "9", "-1", "1.0", `"index":2,"`) {
					if (at+i)%sample(5) != 0 {
						continue
					}
					requireShortcuts(t, llmstream.OpenAIChat, []byte(all+testkit.SSE(second[:at]+edit+second[at+1:])+testkit.SSE(round[3:]...)))
				}
			}
		})
	}
}

// A choice of a crowd that is not as the others is read in full.
func TestTemplatesOfUnevenCrowds(t *testing.T) {
	delta := func(i int, members string) string {
		return chunk(fmt.Sprintf(`"index":%d,"delta":{%s}`, i, members))
	}
	says := func(i int) string { return delta(i, `"content":"a"`) }
	assistant := func(i int) string { return delta(i, `"role":"assistant","content":"a"`) }
	piece := func(i int) string { return calls(fmt.Sprintf(`{"index":%d,"function":{"arguments":"1"}}`, i)) }
	custom := func(i int) string { return calls(fmt.Sprintf(`{"index":%d,"custom":{"input":"1"}}`, i)) }
	call := func(i int) string {
		return calls(fmt.Sprintf(`{"index":%d,"id":"i%d","function":{"name":"f","arguments":""}}`, i, i))
	}
	each := func(from, to int, event func(int) string) (events string) {
		for range 3 {
			for i := from; i < to; i++ {
				events += testkit.SSE(event(i))
			}
		}
		return events
	}
	for name, body := range map[string]string{
		"a choice that is new":      each(0, 6, says) + testkit.SSE(says(6), says(6), says(7)),
		"a choice without a role":   each(0, 6, assistant) + testkit.SSE(says(7), assistant(7), assistant(7), assistant(5)),
		"a choice of messages":      testkit.SSE(chunk(`"index":7,"message":{"content":"m"}`)) + each(0, 6, says) + testkit.SSE(says(7), says(7)),
		"half a pair":               each(0, 6, says) + testkit.SSE(delta(5, `"content":"\ud83d"`), says(4), says(5), delta(5, `"content":"\ude00"`)),
		"a choice with reasoning":   each(0, 6, says) + each(0, 7, func(i int) string { return delta(i, `"reasoning":"r"`) }) + each(0, 7, says),
		"a choice that has ended":   each(0, 6, says) + testkit.SSE(chunk(`"index":3,"delta":{},"finish_reason":"stop"`), says(3), says(2), "[DONE]", says(3)),
		"a choice without an index": each(0, 6, says) + testkit.SSE(chunk(`"delta":{"content":"a"}`), says(1), `{"choices":[{},{"delta":{"content":"b"}}],"x":{"index":4}}`),
		"indexes of something else": each(0, 6, func(i int) string {
			return fmt.Sprintf(`{"x":{"index":%d},"choices":[{"index":%d,"delta":{"content":"a"}}]}`, i, 5-i)
		}),
		"an index that is elsewhere": each(0, 6, func(i int) string {
			return fmt.Sprintf(`{"x":{"index":%d},"choices":[%s{"delta":{"content":"a"}}]}`, i, strings.Repeat("{},", i))
		}),
		"a call that is new":       each(0, 6, call) + each(0, 6, piece) + testkit.SSE(piece(6), piece(7), call(7), piece(7), piece(3)),
		"a call that has ended":    each(0, 6, call) + each(0, 6, piece) + testkit.SSE("[DONE]", piece(3), piece(4)),
		"a call that begins again": each(0, 6, call) + each(0, 6, piece) + testkit.SSE(calls(`{"index":3,"id":"x","function":{"name":"g","arguments":""}}`), piece(3), piece(3), piece(4)),
		"a custom tool":            each(0, 6, call) + each(0, 6, custom) + testkit.SSE(call(6), custom(6), piece(6), custom(6)),
		"a function beside custom": each(0, 3, custom) + each(3, 7, call) + each(0, 7, piece) + each(0, 7, custom),
		"calls of two choices": each(0, 6, call) + each(0, 6, piece) + strings.ReplaceAll(each(0, 6, call)+each(0, 6, piece), `[{"index":0`, `[{"index":1`) +
			each(0, 6, piece) + each(0, 6, says),
		"the same index for both": each(0, 6, call) + strings.Repeat(each(0, 1, piece)+each(2, 6, piece), 2) + each(0, 6, piece),
		"half a pair of a call":   each(0, 6, call) + each(0, 6, piece) + testkit.SSE(calls(`{"index":3,"function":{"arguments":"\"\ud83d"}}`), piece(2), piece(3), calls(`{"index":3,"function":{"arguments":"\ude00\""}}`)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireShortcuts(t, llmstream.OpenAIChat, []byte(body))
			for at := 100; at < len(body); at += 97 * sample(4) {
				requireShortcuts(t, llmstream.OpenAIChat, []byte(body), at)
			}
		})
	}
}
