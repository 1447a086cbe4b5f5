package llmstream

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// growTexts makes room in the texts, as a long answer has.
func (a *Accumulator) growTexts() {
	for i := range a.choices {
		c := &a.choices[i].parts[0]
		c.content, c.refusal, c.reasoning = slices.Grow(c.content, 64), slices.Grow(c.refusal, 64), slices.Grow(c.reasoning, 64)
	}
}

// What skimOne takes, and what it leaves: after some events one more comes, alone.
func TestSkimOne(t *testing.T) {
	chunk := func(delta string) string {
		return "data: " + `{"choices":[{"index":0,"delta":{` + delta + `},"logprobs":null,"finish_reason":null}]}` + "\n\n"
	}
	says := func(text string) string { return chunk(`"content":"` + text + `"`) }
	calls := func(piece string) string {
		return chunk(`"tool_calls":[{"index":0,"function":{"arguments":"` + piece + `"}}]`)
	}
	call := chunk(`"tool_calls":[{"index":0,"id":"i","function":{"name":"f","arguments":""}}]`)
	thinks := func(text string) string {
		return chunk(`"reasoning":"` + text + `","reasoning_details":[{"type":"reasoning.text","text":"` + text + `"}]`)
	}
	padded := func(text, padding string) string {
		return strings.Replace(says(text), `}]}`, `}],"p":"`+padding+`"}`, 1)
	}
	for _, test := range []struct {
		name   string
		before string
		event  string
		takes  bool
	}{
		{"a text", says("a") + says("b"), says("c"), true},
		{"eight bytes", says("a") + says("b"), says("12345678"), true},
		{"nine bytes", says("a") + says("b"), says("123456789"), true},
		{"sixteen bytes", says("a") + says("b"), says("0123456789abcdef"), true},
		{"not ASCII", says("a") + says("b"), says("grün 🍵"), true},
		{"seventeen bytes", says("a") + says("b"), says("0123456789abcdefg"), false},
		{"no text", says("a") + says("b"), says(""), false},
		{"an escape", says("a") + says("b"), says(`a\n`), false},
		{"an escape behind eight bytes", says("a") + says("b"), says(`12345678\"`), false},
		{"a control character", says("a") + says("b"), says("a\x01"), false},
		{"another member where the text may be", says("a") + says("b"), says(`c","x":"d`), false},
		{"another beginning", says("a") + says("b"), strings.Replace(says("c"), `"index":0`, `"index":1`, 1), false},
		{"another end", says("a") + says("b"), strings.Replace(says("c"), `null}]`, `true}]`, 1), false},
		{"two events", says("a") + says("b"), says("c") + says("d"), false},
		{"part of an event", says("a") + says("b"), says("cd")[:len(says("c"))], false},
		{"half a pair in front of it", says("a") + says("b") + says(`b\ud83d`), says("c"), false},
		{"arguments", call + calls("1") + calls("2"), calls("3"), false},
		{"a detail beside the text", thinks("a") + thinks("b"), thinks("c"), false},
		{"padding", padded("a", "x") + padded("b", "xy"), padded("c", "xyz"), false},
	} {
		for _, kinds := range []Kind{0, KindUsage} {
			var a, whole Accumulator
			p := NewParser(OpenAIChat, &a, &Options{Kinds: kinds})
			p.Write([]byte(test.before))
			a.growTexts()
			events := p.Outcome().Events
			require.Equal(t, test.takes, p.foldOne([]byte(test.event)), test.name)
			if !test.takes {
				require.Equal(t, events, p.Outcome().Events, test.name)
				p.Write([]byte(test.event))
			}
			q := NewParser(OpenAIChat, &whole, &Options{Kinds: kinds, NoFastPath: true})
			q.Write([]byte(test.before + test.event))
			require.Equal(t, whole.Completion(), a.Completion(), test.name)
			require.Equal(t, q.Outcome(), p.Outcome(), test.name)
		}
	}
}

// An answer that has no room left, or was reset, is left to the others.
func TestSkimOneWithoutRoom(t *testing.T) {
	event := []byte("data: " + `{"choices":[{"index":0,"delta":{"content":"abcdefgh"},"finish_reason":null}]}` + "\n\n")
	a := Accumulator{MaxBytes: 30}
	p := NewParser(OpenAIChat, &a, nil)
	p.Write(event)
	p.Write(event)
	a.growTexts()
	require.False(t, p.foldOne(event))
	p.Write(event)
	p.Write(event)
	require.Equal(t, strings.Repeat("abcdefgh", 4)[:30], string(a.AppendText(nil, 0)))
	require.EqualValues(t, 2, a.Completion().Dropped)

	a = Accumulator{}
	require.False(t, p.foldOne(event))

	a = Accumulator{}
	p = NewParser(OpenAIChat, &a, &Options{MaxEvent: len(event) - 5})
	shorter := bytes.Replace(event, []byte("abcdefgh"), []byte("a"), 1)
	p.Write(shorter)
	p.Write(shorter)
	a.growTexts()
	require.True(t, p.foldOne(shorter))
	require.False(t, p.foldOne(event), "it may be past a limit")
}

// Counts that do not grow have no slots, and are told all the same.
func TestSkimOneLeavesCounts(t *testing.T) {
	var a Accumulator
	p := NewParser(Gemini, &a, nil)
	counts := func(n string) []byte {
		return []byte(testkit.SSE(`{"candidates":[{"content":{"parts":[{"text":"a"}]},"index":0}],"usageMetadata":{"promptTokenCount":` + n + `}}`))
	}
	for range 3 {
		p.Write(counts("10"))
		p.Write(counts("20"))
	}
	require.NotZero(t, p.fast.Fitted())
	a.growTexts()
	for _, n := range []string{"10", "20", "10"} {
		require.False(t, p.foldOne(counts(n)))
		p.Write(counts(n))
	}
	require.EqualValues(t, 10, a.Usage().Input)
}

// Thinking is a detail too.
func TestSkimOneLeavesDetails(t *testing.T) {
	var a Accumulator
	p := NewParser(AnthropicMessages, &a, nil)
	piece := []byte(testkit.SSE(`{"type":"content_block_delta","delta":{"thinking":"a","type":"thinking_delta"},"index":0}`))
	p.Write(piece)
	p.Write(piece)
	a.growTexts()
	require.False(t, p.foldOne(piece))
	require.EqualValues(t, 1, p.fast.Fitted())
}

// The text of another item of a response means another thing.
func TestSkimOneBehindAnotherItem(t *testing.T) {
	var a Accumulator
	p := NewParser(OpenAIResponses, &a, nil)
	piece := testkit.SSE(`{"type":"response.output_text.delta","delta":"a","output_index":0,"content_index":0}`)
	p.Write([]byte(testkit.SSE(`{"type":"response.created","response":{"id":"r"}}`, `{"type":"response.output_item.added","output_index":0,"item":{"type":"message"}}`) + piece + piece))
	a.growTexts()
	require.True(t, p.foldOne([]byte(piece)))
	p.seen.Epoch++
	require.False(t, p.foldOne([]byte(piece)))
}
