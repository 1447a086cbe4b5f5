package dialect_test

import (
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// Each case gives the deltas of a few events.
func TestDeltasOfGemini(t *testing.T) {
	call := func(members string) string {
		return `{"candidates":[{"content":{"parts":[{"functionCall":{` + members + `}}]}}]}`
	}
	for _, c := range []struct {
		name   string
		events []string
		want   streamtest.Lines
	}{
		{"the role by its usual name", []string{`{"candidates":[{"content":{"role":"model","parts":[{"text":"x"}]}}]}`}, streamtest.Lines{"start role=assistant", "content x"}},
		{"another role", []string{`{"candidates":[{"content":{"role":"function"}}]}`}, streamtest.Lines{"start role=function"}},
		{"a prompt that is blocked, told twice", []string{`{"promptFeedback":{"blockReason":"SAFETY"}}`, `{"promptFeedback":{"blockReason":"OTHER"}}`}, streamtest.Lines{"blocked content_filter(SAFETY)", "other"}}, // G-04
		{"feedback that blocks nothing", []string{`{"promptFeedback":{"safetyRatings":[]}}`}, streamtest.Lines{"other"}},
		{"an answer that comes from nowhere", []string{`{"candidates":[{"groundingMetadata":{},"citationMetadata":null}]}`}, streamtest.Lines{"other"}}, // G-15
		{"a call with nothing in it", []string{call("")}, streamtest.Lines{"other"}},                                                                    // T-23
		{"pieces that repeat id and name", []string{
			call(`"id":"a","name":"f","partialArgs":[{"jsonPath":"$.x","stringValue":"1","willContinue":true}],"willContinue":true`),
			call(`"id":"a","name":"f","partialArgs":[{"jsonPath":"$.x","stringValue":"2"}]`),
		}, streamtest.Lines{"tool_call #0 id=a name=f type=function", `tool_call #0 args={"x":"1`, `tool_call #0 args=2"`, "tool_call #0 args=}", "tool_call_end #0 valid"}}, // T-06
		{"another call before the end of one", []string{
			call(`"id":"a","name":"f","partialArgs":[{"jsonPath":"$.x","stringValue":"1","willContinue":true}],"willContinue":true`),
			call(`"id":"b","name":"f","args":{}`),
		}, streamtest.Lines{"tool_call #0 id=a name=f type=function", `tool_call #0 args={"x":"1`, `tool_call #0 args="}`, "tool_call_end #0 valid", "tool_call #1 id=b name=f type=function", "tool_call #1 args={}", "tool_call_end #1 valid"}},
		{"and from somewhere", []string{`{"candidates":[{"groundingMetadata":{},"citationMetadata":{"citationSources":[1]}}]}`}, streamtest.Lines{`annotation {"citationMetadata":{"citationSources":[1]}}`}},
	} {
		l, _ := streamtest.Push(llmstream.Gemini, nil, testkit.SSE(c.events...))
		require.Equal(t, c.want, l, c.name)
	}
}

// C-16
func TestCandidatesPastALimit(t *testing.T) {
	l, o := streamtest.Push(llmstream.Gemini, &llmstream.Options{MaxChoices: 1}, testkit.SSE(`{"candidates":[{"content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b"}]}}]}`))
	require.Equal(t, streamtest.Lines{"content a", "malformed"}, l)
	require.ErrorContains(t, o.Damage, "MaxChoices")
}

// What is counted beside the output stays so where a later report lacks it, and no total
// proves it (G-02, G-03).
func TestThoughtsOfGeminiAreNoOutput(t *testing.T) {
	var a llmstream.Accumulator
	p := llmstream.NewParser(llmstream.Gemini, &a, nil)
	p.Write([]byte(testkit.SSE(
		`{"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"thoughtsTokenCount":3,"cachedContentTokenCount":1,"totalTokenCount":9}}`,
		`{"usageMetadata":{"candidatesTokenCount":4}}`,
	)))
	u := a.Usage()
	require.Equal(t, " in=1 out=4 total=9 cached=1 reasoning=3", streamtest.DescribeUsage(u))
	require.Equal(t, []llmstream.Tri{llmstream.TriNo, llmstream.TriYes}, []llmstream.Tri{u.ReasoningInOutput, u.CachedInInput})
}
