package dialect_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// dashScope returns events with these texts. Each reports one more token than the one
// before it, unless its text ends with "=".
func dashScope(texts ...string) string {
	var b strings.Builder
	output := 0
	for _, text := range texts {
		text, same := strings.CutSuffix(text, "=")
		if !same {
			output++
		}
		fmt.Fprintf(&b, "event:result\ndata:{\"output\":{\"finish_reason\":\"null\",\"text\":%q},\"usage\":{\"output_tokens\":%d}}\n\n", text, output)
	}
	return b.String()
}

// Texts come in pieces or as a whole so far; each event adds what is new (N-13).
func TestTextsOfDashScope(t *testing.T) {
	for _, c := range []struct {
		texts     []string
		want      string
		conflicts int64
	}{
		{[]string{"a", "b", "c"}, "abc", 0},
		{[]string{"a", "ab", "abc"}, "abc", 0},
		{[]string{"a", "ab", "abc", "abc="}, "abc", 0},
		{[]string{"a", "a=", "ab"}, "ab", 0},
		{[]string{"a", "a", "b"}, "aab", 0},
		{[]string{"a", "ab", "b"}, "aabb", 0},
		{[]string{"a", "ab", "aba", "c"}, "aababac", 0},
		{[]string{"a", "ab", "abc", "abcd", "abcde", "x"}, "x", 1},
		{[]string{"a", "ab", "abc", "abcd", "abcdX", "abcdXY"}, "abcdXY", 0},
		{[]string{"", "a", "", "b"}, "ab", 0},
		{[]string{"é", "é盐", "é盐🧂"}, "é盐🧂", 0},
	} {
		r := streamtest.Read(llmstream.DashScope, nil, []byte(dashScope(c.texts...)))
		require.Equal(t, c.want, r.Completion.Choices[0].Message.Content, "%q", c.texts)
		require.Equal(t, c.conflicts, r.Outcome.Anomalies.Conflicts, "%q", c.texts)
	}
}

// Text that comes in pieces, and the same so far, fold to the same answer, and what was
// remembered of one stream is forgotten in the next.
func TestPiecesAndWholesOfDashScopeAreTheSame(t *testing.T) {
	text := strings.Split("The quick brown fox jumps over the lazy dog and the cat", "")
	so := make([]string, len(text))
	for i := range text {
		so[i] = strings.Join(text[:i+1], "")
	}
	var a llmstream.Accumulator
	p := llmstream.NewParser(llmstream.DashScope, &a, nil)
	for range 2 {
		for _, texts := range [][]string{text, so} {
			p.Write([]byte(dashScope(texts...)))
			p.Close()
			require.Equal(t, so[len(so)-1], a.Completion().Choices[0].Message.Content)
			p.Reset()
			a.Reset()
		}
	}
}

// C-16
func TestManyChoicesOfDashScope(t *testing.T) {
	l, o := streamtest.Push(llmstream.DashScope, &llmstream.Options{MaxChoices: 100},
		testkit.SSE(`{"output":{"choices":[`+strings.Repeat(`{"message":{"content":"x"}},`, 300)+`1]}}`))
	require.Len(t, o.Choices, 100)
	require.Contains(t, l[len(l)-1], "malformed")
	require.ErrorContains(t, o.Damage, "MaxChoices")
}

// The members of a token decide what it says (N-14).
func TestTokensOfTextGeneration(t *testing.T) {
	for event, want := range map[string]streamtest.Lines{
		`{"token":{"text":"a","special":false},"generated_text":null}`:                                          {"content a"},
		`{"token":{"text":"</s>","special":true},"generated_text":null}`:                                        {"other"},
		`{"token":{"text":"a","special":false},"generated_text":"a"}`:                                           {"content a", "done"},
		`{"token":{"text":"</s>","special":true},"generated_text":"a","details":{"finish_reason":"eos_token"}}`: {"content a", "finish stop(eos_token)", "done"},
		`{"generated_text":"a"}`:                           {"content a", "done"},
		`{"content":"a","stop":false}`:                     {"content a"},
		`{"content":"","stop":true,"stop_type":"limit"}`:   {"finish length(limit)"},
		`{"content":"","stop":true,"stop_type":"none"}`:    {"finish unknown(none)"},
		`{"content":"","stop":true,"stopped_eos":true}`:    {"finish stop(eos)"},
		`{"content":"","stop":true,"stopped_word":true}`:   {"finish stop(word)"},
		`{"content":"a","stop":false,"index":-1}`:          {"malformed"},
		`{"content":"a","stop":"\n"}`:                      {"other"},
		`{"token":{"id":1}}`:                               {"other"},
		`{"error":"overloaded","error_type":"overloaded"}`: {"error overloaded"},
	} {
		l, _ := streamtest.Push(llmstream.TextGeneration, nil, testkit.SSE(event))
		require.Equal(t, want, l, event)
	}
}

// What the events of a conversation say (N-15).
func TestEventsOfMistralConversations(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []string
		want   streamtest.Lines
	}{
		{"arguments of nobody's", []string{`{"type":"function.call.delta","output_index":0,"arguments":"{}"}`}, streamtest.Lines{"malformed"}},
		{"another call at the same index", []string{`{"type":"function.call.delta","output_index":0,"tool_call_id":"a","name":"f","arguments":"{}"}`, `{"type":"function.call.delta","output_index":0,"tool_call_id":"b","name":"f","arguments":"[]"}`},
			streamtest.Lines{"tool_call #0 id=a name=f type=function", "tool_call #0 args={}", "tool_call #1 id=b name=f type=function", "tool_call #1 args=[]"}},
		{"an index that is not a number", []string{`{"type":"message.output.delta","output_index":"x","content":"a"}`}, streamtest.Lines{"malformed"}},
		{"an item that begins anew", []string{`{"type":"tool.execution.started","output_index":0,"id":"a"}`, `{"type":"tool.execution.started","output_index":0,"id":"b"}`, `{"type":"tool.execution.done","output_index":0,"id":"b"}`},
			streamtest.Lines{"other", `item {"type":"tool.execution","id":"a"}`, `item {"type":"tool.execution","id":"b"}`}},
		{"thinking as a text", []string{`{"type":"message.output.delta","content":{"type":"thinking","thinking":"a"}}`}, streamtest.Lines{"reasoning a"}},
		{"an event that is not known", []string{`{"type":"message.output.other"}`}, streamtest.Lines{"other"}},
		{"the end, without usage", []string{`{"type":"conversation.response.done"}`}, streamtest.Lines{"finish stop(done)", "done"}},
		{"a gateway's error", []string{`{"message":"no"}`}, streamtest.Lines{"error no"}},
	} {
		l, _ := streamtest.Push(llmstream.MistralConversations, nil, testkit.SSE(c.events...))
		require.Equal(t, c.want, l, c.name)
	}
}

// B-09: an agent's frames are found by what they hold, and a request for Bedrock may be
// answered in them.
func TestAgentsOfBedrock(t *testing.T) {
	text := framed(`event chunk {"bytes":"aGk="}`)
	for _, d := range []llmstream.Dialect{llmstream.Auto, llmstream.Bedrock, llmstream.BedrockAgents} {
		l, o := streamtest.Push(d, nil, text)
		require.Equal(t, streamtest.Lines{"content hi", "done"}, l, d)
		require.Equal(t, llmstream.StateComplete, o.State, d)
		require.Equal(t, llmstream.BedrockAgents, o.Dialect, d)
	}
	// Text that is JSON is an agent's if that was asked for, or if another frame shows it.
	json := `event chunk {"bytes":"eyJhIjoxfQ=="}`
	l, _ := streamtest.Push(llmstream.BedrockAgents, nil, framed(json))
	require.Equal(t, streamtest.Lines{`content {"a":1}`, "done"}, l)
	l, _ = streamtest.Push(llmstream.Bedrock, nil, framed(json))
	require.Equal(t, streamtest.Lines{"other"}, l)

	l, o := streamtest.Push(llmstream.BedrockAgents, nil, framed(`event chunk {"bytes":"aGk="}`, `event chunk {"bytes":"!"}`))
	require.Equal(t, streamtest.Lines{"content hi", "malformed", "done"}, l)
	require.ErrorContains(t, o.Damage, "base64")

	_, o = streamtest.Push(llmstream.BedrockAgents, nil, string(recordedFrames(t, "invoke-anthropic")))
	require.Equal(t, llmstream.StateNotStream, o.State)
	_, o = streamtest.Push(llmstream.AnthropicMessages, nil, framed(`event trace {"sessionId":"s","trace":{"a":1}}`))
	require.ErrorContains(t, o.Err(), "bedrock-agents")
}

// An answer that ends nowhere but with the input is complete only if that ends well.
func TestAgentsThatBreakOff(t *testing.T) {
	text := framed(`event chunk {"bytes":"aGk="}`)
	for cut := 1; cut < len(text); cut++ {
		_, o := streamtest.Push(llmstream.BedrockAgents, nil, text+text[:cut])
		require.Equal(t, llmstream.StateTruncated, o.State, cut)
	}
	l, o := streamtest.Push(llmstream.BedrockAgents, nil, framed(`event trace {"sessionId":"s","trace":{"a":1}}`))
	require.Equal(t, streamtest.Lines{`item {"trace":{"sessionId":"s","trace":{"a":1}}}`}, l)
	require.Equal(t, llmstream.StateTruncated, o.State, "no answer has come")
}

// An empty list means the same whether the JSON parser is new, or has read a list before:
// fastjson gives nil for it only if it is new.
func TestEmptyListsDoNotDependOnThePool(t *testing.T) {
	for _, c := range []struct {
		dialect llmstream.Dialect
		body    string
	}{
		{llmstream.DashScope, "data: {\"output\":{\"choices\":[]},\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}\n\n"},
		{llmstream.Cohere, `{"id":"i","generations":[]}`},
		{llmstream.Gemini, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"partialArgs\":[]}}]}}]}\n\n"},
	} {
		runtime.GC()
		runtime.GC() // the second one empties pools
		fresh := streamtest.Read(c.dialect, nil, []byte(c.body))
		streamtest.Read(c.dialect, nil, []byte(strings.Replace(c.body, "[]", "[1]", 1))) // a list at the same place
		require.Equal(t, fresh, streamtest.Read(c.dialect, nil, []byte(c.body)), c.body)
	}
}
