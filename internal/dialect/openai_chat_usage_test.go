package dialect_test

import (
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// Contract 8. Each case gives the usage that is known at the end.
func TestUsageIsSetFieldByField(t *testing.T) {
	usage := func(members string) string { return `{"choices":[],"usage":` + members + `}` }
	for _, c := range []struct {
		name   string
		events []string
		want   string
	}{
		{"never", []string{testkit.Says("x")}, ""}, // U-07
		{"at the end", []string{usage(`null`), usage(`{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}`)}, " in=1 out=2 total=3"},
		{"never summed", []string{usage(`{"prompt_tokens":1,"completion_tokens":1}`), usage(`{"prompt_tokens":1,"completion_tokens":2}`)}, " in=1 out=2"}, // U-04
		{"what is not reported stays", []string{usage(`{"prompt_tokens":5}`), usage(`{"completion_tokens":2}`)}, " in=5 out=2"},
		{"a zero wins", []string{usage(`{"prompt_tokens":5,"completion_tokens":2}`), usage(`{"prompt_tokens":0,"completion_tokens":3}`)}, " in=0 out=3"},
		{"null, absent and {} erase nothing", []string{usage(`{"total_tokens":5}`), usage(`null`), usage(`{}`), `{"choices":[]}`, usage(`{"total_tokens":null}`)}, " total=5"}, // U-06
		{"nothing but zeros erases nothing", []string{usage(`{"total_tokens":5}`), usage(`{"prompt_tokens":0,"total_tokens":0}`)}, " total=5"},                                 // U-05
		{"zeros first", []string{usage(`{"prompt_tokens":0,"total_tokens":0}`), usage(`{"prompt_tokens":5}`)}, " in=5 total=0"},
		{"zeros alone are reported", []string{usage(`{"prompt_tokens":0}`)}, " in=0"},
		{"in a choice", []string{testkit.Chunk(`"index":0,"usage":{"total_tokens":5}`)}, " total=5"}, // U-03
		{"in x_groq", []string{`{"choices":[],"x_groq":{"usage":{"total_tokens":5}}}`}, " total=5"},  // U-08
		{"top level before choice before x_groq", []string{`{"choices":[{"usage":{"total_tokens":2}}],"usage":{"total_tokens":1},"x_groq":{"usage":{"total_tokens":3}}}`}, " total=1"},
		{"choice before x_groq", []string{`{"choices":[{"usage":{"total_tokens":2}}],"usage":{},"x_groq":{"usage":{"total_tokens":3}}}`}, " total=2"},
		{"also when it came earlier", []string{usage(`{"total_tokens":1}`), `{"choices":[{"usage":{"total_tokens":2}}]}`}, " total=1"},
		{"zeros at the top level hide nothing", []string{`{"choices":[{"usage":{"total_tokens":2}}],"usage":{"total_tokens":0}}`}, " total=2"},
		{"floats and strings", []string{usage(`{"prompt_tokens":12.0,"completion_tokens":"7","total_tokens":1.9e1,"queue_time":0.04}`)}, " in=12 out=7 total=19"}, // J-01, U-13
		{"what is no number", []string{usage(`{"prompt_tokens":[1],"completion_tokens":"x","total_tokens":3}`)}, " total=3"},
		{"details", []string{usage(`{"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":2},"completion_tokens_details":{"reasoning_tokens":3}}`)}, " in=9 cached=4 written=2 reasoning=3"},
		{"details that are null", []string{usage(`{"prompt_tokens":9,"prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":null}}`)}, " in=9"}, // U-11
		{"DeepSeek's cache", []string{usage(`{"prompt_tokens":9,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":5}`)}, " in=9 cached=4"},                       // U-09
		{"Anthropic's cache", []string{usage(`{"prompt_tokens":9,"cache_read_input_tokens":4,"cache_creation_input_tokens":5}`)}, " in=9 cached=4 written=5"},
		{"others' cache", []string{usage(`{"prompt_tokens":9,"num_cached_tokens":4}`)}, " in=9 cached=4"},
		{"details under another name", []string{usage(`{"prompt_tokens":9,"prompt_token_details":{"cached_tokens":4,"cache_creation_tokens":2}}`)}, " in=9 cached=4 written=2"},
		{"details under the names of Responses", []string{usage(`{"input_tokens":9,"input_tokens_details":{"cached_tokens":4,"cache_creation_input_tokens":2},"output_tokens_details":{"thinking_tokens":3}}`)}, " in=9 cached=4 written=2 reasoning=3"},
		{"beside details that are null", []string{usage(`{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"prompt_tokens_details":null,"output_tokens_details":{"reasoning_tokens":3},"completion_tokens_details":null}`)}, " in=9 cached=4 reasoning=3"},
		{"and behind others", []string{usage(`{"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":4},"input_tokens_details":{"cached_tokens":1},"completion_tokens_details":{"reasoning_tokens":3},"output_tokens_details":{"reasoning_tokens":1}}`)}, " in=9 cached=4 reasoning=3"},
		{"reasoning at the top", []string{usage(`{"completion_tokens":9,"reasoning_tokens":4}`)}, " out=9 reasoning=4"},                                  // U-10
		{"a total that is no sum", []string{usage(`{"prompt_tokens":951,"completion_tokens":6000,"total_tokens":6952}`)}, " in=951 out=6000 total=6952"}, // U-14
	} {
		t.Run(c.name, func(t *testing.T) {
			var a llmstream.Accumulator
			p := llmstream.NewParser(llmstream.OpenAIChat, &a, nil)
			p.Write([]byte(testkit.SSE(c.events...)))
			require.Equal(t, c.want, streamtest.DescribeUsage(a.Usage()))
		})
	}
}

func TestUsageTellsWhatContainsWhat(t *testing.T) {
	for _, c := range []struct {
		usage             string
		cached, reasoning llmstream.Tri
	}{
		{`{"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":4}}`, llmstream.TriYes, llmstream.TriUnknown},
		{`{"prompt_tokens":9,"cache_read_input_tokens":4}`, llmstream.TriUnknown, llmstream.TriUnknown},
		{`{"prompt_tokens":9,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":5}`, llmstream.TriYes, llmstream.TriUnknown},
		{`{"prompt_tokens":9,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":9}`, llmstream.TriUnknown, llmstream.TriUnknown},
		{`{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,"reasoning_tokens":3}`, llmstream.TriUnknown, llmstream.TriYes},
		{`{"prompt_tokens":9,"completion_tokens":5,"total_tokens":17,"reasoning_tokens":3}`, llmstream.TriUnknown, llmstream.TriNo},
		{`{"prompt_tokens":9,"completion_tokens":5,"total_tokens":15,"reasoning_tokens":3}`, llmstream.TriUnknown, llmstream.TriUnknown},
	} {
		var a llmstream.Accumulator
		p := llmstream.NewParser(llmstream.OpenAIChat, &a, nil)
		p.Write([]byte(testkit.SSE(`{"choices":[],"usage":` + c.usage + `}`)))
		u := a.Usage()
		require.Equal(t, c.cached, u.CachedInInput, c.usage)
		require.Equal(t, c.reasoning, u.ReasoningInOutput, c.usage)
		require.Equal(t, c.usage, string(u.Raw))
	}
}

// U-09: gateways fill in the names of other dialects with zeros.
func TestUsageUnderSeveralNames(t *testing.T) {
	var a llmstream.Accumulator
	p := llmstream.NewParser(llmstream.OpenAIChat, &a, nil)
	p.Write([]byte(testkit.SSE(`{"choices":[],"usage":{"input_tokens":0,"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"output_tokens":0,"reasoning_tokens":4,"completion_tokens_details":{"reasoning_tokens":0}}}`)))
	u := a.Usage()
	require.Equal(t, [4]int64{10, 5, 15, 4}, [4]int64{u.Input, u.Output, u.Total, u.Reasoning})
}
