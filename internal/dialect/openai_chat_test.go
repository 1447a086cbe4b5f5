package dialect_test

import (
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// The order of an event's deltas, and each kind once.
func TestDeltasOfEveryKind(t *testing.T) {
	l, o := streamtest.Push(llmstream.OpenAIChat, nil, testkit.SSE(
		`{"id":"","model":"","created":0,"choices":[]}`, // C-03
		`{"id":"a","model":"m","created":7,"system_fingerprint":"s","service_tier":"t","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}`,
		`{"id":"b","model":"n","choices":[{"delta":{"role":"assistant","content":"C","reasoning":"R","reasoning_content":"R","refusal":"F","annotations":[1],"images":[{"type":"image_url"}]},"logprobs":{"content":[]},"finish_reason":"recitation"}],"citations":["u"],"usage":{"prompt_tokens":1}}`,
		`{"choices":[{"index":1,"text":"T"}],"citations":["u"]}`, // C-26, C-19
		"[DONE]",
	))
	require.Equal(t, streamtest.Lines{
		"other",
		"start id=a model=m fingerprint=s tier=t created=7", "start role=assistant",
		"reasoning R", "content C", "refusal F", "annotation 1", `media {"type":"image_url"}`, `logprobs {"content":[]}`,
		"finish content_filter(recitation)", `annotation "u"`, "usage in=1",
		"content[1] T",
		"done",
	}, l)
	require.Equal(t, []llmstream.ChoiceOutcome{{Index: 0, FinishReason: llmstream.FinishContentFilter, NativeFinishReason: "recitation"}, {Index: 1}}, o.Choices)
	require.Equal(t, llmstream.StateComplete, o.State)
}

// A finish reason is told when it is news; nothing ends at it (C-06, C-09, C-29).
func TestNothingEndsAtAFinishReason(t *testing.T) {
	l, o := streamtest.Push(llmstream.OpenAIChat, nil, testkit.SSE(
		testkit.Chunk(`"index":0,"delta":{"content":"a"},"finish_reason":"stop"`),
		testkit.Chunk(`"index":0,"delta":{"content":"b"},"finish_reason":"stop"`),
		testkit.Chunk(`"index":0,"delta":{"content":"c"},"finish_reason":null`),
		testkit.Chunk(`"index":0,"delta":{},"finish_reason":"length"`),
		testkit.Chunk(`"index":0,"delta":{},"finish_reason":""`),
		`{"choices":[],"usage":{"total_tokens":2}}`,
		testkit.Says("d"),
	))
	require.Equal(t, streamtest.Lines{"content a", "finish stop(stop)", "content b", "content c", "finish length(length)", "other", "usage total=2", "content d"}, l)
	require.Equal(t, llmstream.FinishLength, o.Choices[0].FinishReason)
}

// Two halves of a surrogate pair find each other over events (J-03).
func TestSurrogatePairsOverEvents(t *testing.T) {
	refuses := func(text string) string { return testkit.Chunk(`"index":0,"delta":{"refusal":"` + text + `"}`) }
	thinks := func(text string) string { return testkit.Chunk(`"index":0,"delta":{"reasoning":"` + text + `"}`) }
	for _, c := range []struct {
		name   string
		events []string
		want   streamtest.Lines
	}{
		{"content", []string{testkit.Says(`a\ud83d`), testkit.Says(`\ude00b`)}, streamtest.Lines{"content a", "content 😀b"}},
		{"with others between", []string{testkit.Says(`\ud83d`), testkit.Chunk(`"index":1,"delta":{"content":"x"}`), testkit.Says(`\ude00`)}, streamtest.Lines{"other", "content[1] x", "content 😀"}},
		{"no other half", []string{testkit.Says(`\ud83d`), testkit.Says(`b`)}, streamtest.Lines{"other", "content \uFFFDb"}},
		{"arguments", []string{testkit.Calls(`{"index":0,"id":"c","function":{"arguments":"\ud83d"}}`), testkit.Calls(`{"index":0,"function":{"arguments":"\ude00"}}`)},
			streamtest.Lines{"tool_call #0 id=c type=function", "tool_call #0 args=😀"}},
		{"a refusal, behind others", []string{refuses("a"), refuses("b"), refuses(`\ud83d`), refuses("c"), refuses(`\ud83d`), refuses(`\ude00`)}, streamtest.Lines{"refusal a", "refusal b", "other", "refusal \uFFFDc", "other", "refusal 😀"}},
		{"reasoning, behind others", []string{thinks("a"), thinks("b"), thinks(`\ud83d`), thinks("c"), thinks(`\ud83d`), thinks(`\ude00`)}, streamtest.Lines{"reasoning a", "reasoning b", "other", "reasoning \uFFFDc", "other", "reasoning 😀"}},
		{"reasoning, with a detail between", []string{thinks("a"), testkit.Chunk(`"index":0,"delta":{"reasoning":"\ud83d","reasoning_details":[{"text":"b"}]}`), thinks(`\ude00`)}, streamtest.Lines{"reasoning a", "reasoning", "reasoning 😀"}},
		{"within a text", []string{testkit.Says(`\ud83d\u0041\ude00\ud83d\ude00`)}, streamtest.Lines{"content \uFFFDA\uFFFD😀"}},
	} {
		l, _ := streamtest.Push(llmstream.OpenAIChat, nil, testkit.SSE(c.events...))
		require.Equal(t, c.want, l, c.name)
	}
}

// J-04
func TestNumbersThatAreNoJSONCostNothing(t *testing.T) {
	for _, word := range []string{"NaN", "-Infinity", "Infinity", "-inf"} {
		l, o := streamtest.Push(llmstream.OpenAIChat, nil, testkit.SSE(testkit.Chunk(`"index":0,"delta":{"content":"Infinity"},"logprobs":{"content":[{"logprob":`+word+`}]},"finish_reason":"stop"`)))
		require.Contains(t, l, "content Infinity", word)
		require.NoError(t, o.Err(), word)
	}
}

// Contract 14: the last of two equal keys wins (J-05).
func TestLastOfEqualKeysWins(t *testing.T) {
	for _, c := range []struct{ name, event, want string }{
		{"content", testkit.Chunk(`"delta":{"content":"a","content":"b"}`), "content b"},
		{"delta", testkit.Chunk(`"delta":{"content":"a"},"delta":{"content":"b"}`), "content b"},
		{"choices", `{"choices":[{"delta":{"content":"a"}}],"choices":[{"delta":{"content":"b"}}]}`, "content b"},
		{"choices, the last of which are none", `{"choices":[{"delta":{"content":"a"}}],"choices":null}`, "other"},
		{"content parts", testkit.Chunk(`"delta":{"content":[{"type":"text","text":"a","text":"b"}]}`), "content b"},
		{"arguments", testkit.Calls(`{"id":"c","function":{"name":"f","arguments":"a","arguments":"b"}}`), "tool_call #0 id=c name=f type=function args=b"},
		{"name", testkit.Calls(`{"id":"c","function":{"name":"safe","name":"f","arguments":"b"}}`), "tool_call #0 id=c name=f type=function args=b"},
		{"finish", testkit.Chunk(`"finish_reason":"stop","finish_reason":"length"`), "finish length(length)"},
		{"usage", `{"choices":[],"usage":{"total_tokens":1},"usage":{"total_tokens":2}}`, "usage total=2"},
		{"a token count", `{"choices":[],"usage":{"total_tokens":1,"total_tokens":2}}`, "usage total=2"},
		{"x_groq", `{"choices":[],"x_groq":{"usage":{"total_tokens":1},"usage":{"total_tokens":2}}}`, "usage total=2"},
		{"reasoning object", testkit.Chunk(`"delta":{"reasoning":{"text":"a","text":"b"}}`), "reasoning b"},
		{"an escaped key", testkit.Chunk(`"delta":{"content":"a","cont\u0065nt":"b"}`), "content b"},
		{"an error", `{"error":{"message":"a"},"error":{"message":"b"}}`, "error b"},
		{"an error's message", `{"error":{"message":"a","message":"b"}}`, "error b"},
	} {
		l, _ := streamtest.Push(llmstream.OpenAIChat, nil, testkit.SSE(c.event))
		require.Equal(t, streamtest.Lines{c.want}, l, c.name)
	}
}
