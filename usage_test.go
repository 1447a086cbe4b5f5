package llmstream

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// reported returns a Usage of the numbers that are given: input, output, total,
// cached, cache write, reasoning; -1: not reported.
func reported(n ...int64) (u Usage) {
	for i, to := range []*int64{&u.Input, &u.Output, &u.Total, &u.Cached, &u.CacheWrite, &u.Reasoning} {
		if i < len(n) && n[i] >= 0 {
			u.set(UsageFields(1<<i), to, n[i])
		}
	}
	return u
}

// Contract 8
func TestUsageMerge(t *testing.T) {
	for _, c := range []struct {
		name               string
		older, newer, want Usage
		changed            bool
	}{
		{"first", Usage{}, reported(1, 2, 3), reported(1, 2, 3), true},
		{"what is reported wins", reported(1, 2, 3), reported(4, 5, 9), reported(4, 5, 9), true},
		{"what is not stays", reported(1, 2, 3, 4, 5, 6), reported(-1, 7), reported(1, 7, 3, 4, 5, 6), true},
		{"a zero wins beside a number", reported(1, 2, 3), reported(0, 5), reported(0, 5, 3), true},
		{"nothing but zeros after a real one", reported(1, 2), reported(0, 0, 0), reported(1, 2), false}, // U-05
		{"nothing after a real one", reported(1, 2), Usage{}, reported(1, 2), false},
		{"zeros first", Usage{}, reported(0, 0), reported(0, 0), true},
		{"zeros after zeros", reported(0), reported(-1, 0), reported(0, 0), true},
		{"a real one after zeros", reported(0, 0, 0), reported(1), reported(1, 0, 0), true},
	} {
		u := c.older
		require.Equal(t, c.changed, u.merge(&c.newer), c.name)
		require.Equal(t, c.want, u, c.name)
	}
}

func TestUsageMergeKeepsWhatIsProven(t *testing.T) {
	u := reported(9, 5, 17, 4, 0, 3)
	u.CachedInInput = TriYes
	newer := reported(10)
	u.merge(&newer)
	require.Equal(t, TriYes, u.CachedInInput)
	require.Equal(t, TriUnknown, u.ReasoningInOutput) // 10+5+3 is not 17
	newer = reported(9)
	u.merge(&newer)
	require.Equal(t, TriNo, u.ReasoningInOutput)
	newer = reported(-1, -1, 14)
	newer.CachedInInput = TriNo
	u.merge(&newer)
	require.Equal(t, TriYes, u.ReasoningInOutput)
	require.Equal(t, TriNo, u.CachedInInput)
	newer = reported(9)
	newer.ReasoningInOutput = TriNo
	u.merge(&newer)
	require.Equal(t, TriYes, u.ReasoningInOutput) // whatever the report says
	newer = reported(-1, -1, -1, -1, -1, 0)
	newer.Output, newer.Reported = 5, newer.Reported|UsageOutput
	u.merge(&newer)
	require.Equal(t, TriUnknown, u.ReasoningInOutput) // no reasoning, nothing proven
}

func TestTriString(t *testing.T) {
	require.Equal(t, []string{"unknown", "yes", "no"}, []string{TriUnknown.String(), TriYes.String(), TriNo.String()})
}

// What a report lacks stays, zeros alone erase nothing, and a report past the
// limit stands alone, and so does the next one.
func TestOverlayOfReports(t *testing.T) {
	usage := func(members string) string {
		return `{"type":"message_delta","delta":{},"usage":{` + members + `}}`
	}
	large := `"input_tokens":1,"x":"` + strings.Repeat("x", maxUsageRaw) + `"`
	var a Accumulator
	p := NewParser(AnthropicMessages, &a, nil)
	for _, c := range []struct{ report, want string }{
		{`"cost":1`, `{"cost":1}`},
		{`"a":1,"output_tokens":1`, `{"cost":1,"a":1,"output_tokens":1}`},
		{`"a":2,"output_tokens":0`, `{"cost":1,"a":1,"output_tokens":1}`},
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

// a later report is laid over an earlier one key by key.
func TestOverlay(t *testing.T) {
	var many []string
	for i := range maxUsageMembers {
		many = append(many, fmt.Sprintf(`"m%d":%d`, i, i))
	}
	hostile := "{" + strings.Join(many, ",") + "}"
	for _, c := range []struct{ older, newer, want string }{
		{``, `{"a":1,"b":null,"c":{"d":null}}`, `{"a":1,"c":{"d":null}}`},
		{`{"a":1,"b":2}`, `{"b":3,"c":4}`, `{"a":1,"b":3,"c":4}`},
		{`{"a":1,"b":2}`, `{"b":null}`, `{"a":1,"b":2}`},
		{`{"a":1}`, `{"a":0}`, `{"a":0}`},
		{`{"a":{"x":[1,{"y":"}"}]},"b":-1.5e3}`, `{"c":"\"}"}`, `{"a":{"x":[1,{"y":"}"}]},"b":-1.5e3,"c":"\"}"}`},
		{`{}`, `{}`, `{}`},
		{`{"a":1}`, hostile, hostile},
	} {
		require.Equal(t, c.want, string(appendOverlay(nil, []byte(c.older), []byte(c.newer))))
	}
}
