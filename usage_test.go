package llmstream

import (
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

func TestTriString(t *testing.T) {
	require.Equal(t, []string{"unknown", "yes", "no"}, []string{TriUnknown.String(), TriYes.String(), TriNo.String()})
}

// What a report lacks stays, the last word on the output counts (U-20), and a report past the
// limit stands alone, and so does the next one.
func TestOverlayOfReports(t *testing.T) {
	usage := func(members string) string {
		return `{"type":"message_delta","delta":{},"usage":{` + members + `}}`
	}
	large := `"input_tokens":1,"x":"` + strings.Repeat("x", decode.MaxUsageRaw) + `"`
	var a Accumulator
	p := NewParser(AnthropicMessages, &a, nil)
	for _, c := range []struct{ report, want string }{
		{`"cost":1`, ""}, // no count has come (U-12)
		{`"a":1,"output_tokens":1`, `{"cost":1,"a":1,"output_tokens":1}`},
		{`"a":2,"output_tokens":0`, `{"cost":1,"a":2,"output_tokens":0}`}, // U-20: the last word on the output
		{large, `{` + large + `}`},
		{`"output_tokens":2`, `{"output_tokens":2}`},
		{`"b":3`, `{"output_tokens":2,"b":3}`},
	} {
		p.Write([]byte(testkit.SSE(usage(c.report))))
		require.Equal(t, c.want, string(a.Usage().Raw))
	}
	require.Equal(t, [2]int64{1, 2}, [2]int64{a.Usage().Input, a.Usage().Output})
}

// Anthropic's cached tokens are none of the input, unless a gateway says that they are (U-09).
func TestCachedTokensOfAnthropic(t *testing.T) {
	for usage, want := range map[string]Tri{
		`{"input_tokens":9,"cache_read_input_tokens":4}`:                 TriNo,
		`{"input_tokens":9,"cache_creation_input_tokens":4}`:             TriNo,
		`{"input_tokens":9,"input_tokens_details":{"cached_tokens":4}}`:  TriYes,
		`{"input_tokens":9,"cache_read_input_tokens":null,"x":{"y":[]}}`: TriUnknown,
	} {
		var a Accumulator
		p := NewParser(AnthropicMessages, &a, nil)
		p.Write([]byte(testkit.SSE(`{"type":"message_delta","delta":{},"usage":` + usage + `}`)))
		require.Equal(t, want, a.Usage().CachedInInput, usage)
	}
}

// Nothing is computed where the provider has not said whether one number is part of another.
func TestUsageArithmetic(t *testing.T) {
	all := UsageInput | UsageOutput | UsageCached | UsageCacheWrite | UsageReasoning
	for _, c := range []struct {
		u                       Usage
		total, uncached, output int64
		in, out                 bool
	}{
		{Usage{}, 0, 0, 0, false, false},
		{Usage{Input: 5, Output: 7, Reported: UsageInput | UsageOutput}, 5, 5, 7, true, true},
		{Usage{Input: 5, Cached: 3, CacheWrite: 1, Output: 7, Reasoning: 2, CachedInInput: TriYes, ReasoningInOutput: TriYes, Reported: all}, 5, 2, 7, true, true},
		{Usage{Input: 5, Cached: 3, CacheWrite: 1, Output: 7, Reasoning: 2, CachedInInput: TriNo, ReasoningInOutput: TriNo, Reported: all}, 9, 6, 9, true, true},
		{Usage{Input: 5, Cached: 3, Output: 7, Reasoning: 2, Reported: all}, 0, 0, 0, false, false},
	} {
		total, in := c.u.InputTotal()
		require.Equal(t, c.in, in)
		uncached, in := c.u.InputUncached()
		require.Equal(t, c.in, in)
		output, out := c.u.OutputTotal()
		require.Equal(t, c.out, out)
		if c.in {
			require.Equal(t, [2]int64{c.total, c.uncached}, [2]int64{total, uncached})
		}
		require.Equal(t, c.output, output)
	}
}
