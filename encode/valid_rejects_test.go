package encode_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// free are events that may be missing, come twice, or change places with another of them:
// pieces of text and of arguments, in targets whose last events do not repeat them.
var free = map[llmstream.Dialect]*regexp.Regexp{
	llmstream.OpenAIChat:        regexp.MustCompile(`"(content|reasoning_content|arguments)":"[^"]|"reasoning_details"`),
	llmstream.AnthropicMessages: regexp.MustCompile(`"type":"(text|thinking|input_json)_delta"`),
	llmstream.OpenAIResponses:   regexp.MustCompile(`^$`),
	llmstream.Gemini:            regexp.MustCompile(`"(text":"[^"]|functionCall)`),
}

// An event that is missing, comes twice, comes early or has a strange member is noticed. So
// the checks of what is written can fail.
func TestChecksNoticeDamage(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		signed := detail(llmstream.ReasoningDetail{Index: -1, Type: []byte("thinking"), Signature: []byte("c2ln")})
		e, b := written(t, to, options(), begin("x1", "m"), reasoning("hm"), signed, part(1, content("Hi")),
			call(0, "c1", "f", `{"a":1}`), callEnd(0, true), call(1, "c2", "g", `{"b":2}`), callEnd(1, true),
			stop(), usage(llmstream.Usage{Input: 1, Output: 2}))
		require.NoError(t, e.Close(complete))
		require.NoError(t, valid(to, b.String()))
		blocks := strings.SplitAfter(strings.TrimSuffix(b.String(), "\n\n"), "\n\n")
		blocks[len(blocks)-1] += "\n\n"
		require.GreaterOrEqual(t, len(blocks), 5)
		rejects := func(what string, i int, changed []string) {
			require.Error(t, valid(to, strings.Join(changed, "")), "%s event %d:\n%s", what, i, blocks[i])
		}
		for i, block := range blocks {
			isFree := free[to].MatchString(block)
			isLast := i == len(blocks)-1 // a stream may break off
			if !isFree && !isLast && !canMiss(to, block) {
				rejects("without", i, slices.Delete(slices.Clone(blocks), i, i+1))
			}
			if !isFree {
				rejects("twice", i, slices.Insert(slices.Clone(blocks), i, block))
			}
			// In chat a call may begin in front of a text, as the model has it.
			moves := isFree && !isLast && (free[to].MatchString(blocks[i+1]) || to == llmstream.OpenAIChat && strings.Contains(blocks[i+1], "tool_calls"))
			if !isLast && !moves {
				swapped := slices.Clone(blocks)
				swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
				rejects("early", i+1, swapped)
			}
			if strange := strings.Replace(block, "data: {", `data: {"strange":1,`, 1); strange != block {
				rejects("a strange member in", i, append(append(slices.Clone(blocks[:i]), strange), blocks[i+1:]...))
			}
		}
	})
}

// canMiss reports whether a stream without an event is a stream that another answer would
// have: without a signature, or without counts.
func canMiss(to llmstream.Dialect, block string) bool {
	return strings.Contains(block, "signature_delta") || to == llmstream.OpenAIChat && strings.Contains(block, `"usage"`)
}
