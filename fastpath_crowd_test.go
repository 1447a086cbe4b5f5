package llmstream

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// crowds are answers in which many choices or calls come in turn: a beginning, and
// event i of so many.
var crowds = map[string]struct {
	begin func(many int) string
	event func(i int, text string) string
}{
	"choices": {
		func(int) string { return "" },
		func(i int, text string) string {
			return chunk(fmt.Sprintf(`"index":%d,"delta":{"content":"%s"},"finish_reason":null`, i, text))
		},
	},
	"choices with their index last": {
		func(int) string { return "" },
		func(i int, text string) string {
			return chunk(fmt.Sprintf(`"delta":{"role":"assistant","reasoning":"%s"},"index":%d`, text, i))
		},
	},
	"calls": {
		func(many int) (begin string) {
			for i := range many {
				begin += testkit.SSE(calls(fmt.Sprintf(`{"index":%d,"id":"i%d","function":{"name":"f","arguments":""}}`, i, i)))
			}
			return begin
		},
		func(i int, text string) string {
			return calls(fmt.Sprintf(`{"index":%d,"function":{"arguments":"%s"}}`, i, text))
		},
	},
}

// More choices or calls than there are templates have one in common: nearly all
// events fit, however many there are.
func TestTemplatesOfCrowdsFit(t *testing.T) {
	const rounds = 50
	for name, crowd := range crowds {
		for _, many := range []int{4, 5, 6, 8, 17, 40} {
			body := crowd.begin(many)
			for n := range rounds * many {
				body += testkit.SSE(crowd.event(n%many, fmt.Sprint(" word", n)))
			}
			for who, h := range map[string]Handler{"nobody": nil, "deltas": &lines{}, "answer": new(Accumulator)} {
				p := NewParser(OpenAIChat, h, nil)
				p.Write([]byte(body))
				require.GreaterOrEqual(t, p.fast.Fitted(), int64((rounds-3)*many), "%d %s for %s", many, name, who)
			}
			requireShortcuts(t, OpenAIChat, []byte(body))
		}
	}
}

// Whatever byte of an event of a crowd is another, it is read as it would have been.
func TestTemplatesOfCrowdsAreExact(t *testing.T) {
	for name, crowd := range crowds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const many = 6
			var round []string
			for i := range many {
				round = append(round, crowd.event(i, "a"))
			}
			all := crowd.begin(many) + testkit.SSE(round...) + testkit.SSE(round...) + testkit.SSE(round...)
			second := crowd.event(3, "bc")
			for at := range len(second) {
				if testing.Short() && at%5 != 0 {
					continue
				}
				for _, edit := range append(edits(second[at]), "00", "9", "-1", "1.0", `"index":2,"`) {
					requireShortcuts(t, OpenAIChat, []byte(all+testkit.SSE(second[:at]+edit+second[at+1:])+testkit.SSE(round[3:]...)))
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
			requireShortcuts(t, OpenAIChat, []byte(body))
			for at := 100; at < len(body); at += 97 {
				requireShortcuts(t, OpenAIChat, []byte(body), at)
			}
		})
	}
}

// An event teaches whatever it is that fills its slots: what is kept of it are the
// bytes around them.
func TestTemplatesOfLongEventsFit(t *testing.T) {
	for _, size := range []int{1000, 2000, 20_000} {
		var events []string
		for i := range 50 {
			events = append(events, fmt.Sprintf(providerEvents["openai"], strings.Repeat("word ", size/5)+fmt.Sprint(i)))
		}
		for who, h := range map[string]Handler{"nobody": nil, "deltas": &lines{}, "answer": new(Accumulator)} {
			p := NewParser(OpenAIChat, h, nil)
			p.Write([]byte(testkit.SSE(events...)))
			require.GreaterOrEqual(t, p.fast.Fitted(), int64(48), "%d for %s", size, who)
		}
		requireShortcuts(t, OpenAIChat, []byte(testkit.SSE(events[:5]...)), size, 2*size)
	}
	// There is a limit for the rest of it.
	event := says("a")[:len(says("a"))-1] + `,"x":"` + strings.Repeat("x", 2000) + `"}`
	p := NewParser(OpenAIChat, nil, nil)
	p.Write([]byte(strings.Repeat(testkit.SSE(event), 9)))
	require.Zero(t, p.fast.Fitted())
}
