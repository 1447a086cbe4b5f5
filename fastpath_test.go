package llmstream

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// How much of a stream the fast path takes, which nothing shows outside this package. That
// it yields what the full parse yields is tested in internal/proof.

// Most events of a usual stream fit a template, whatever carries it.
func TestTemplatesFit(t *testing.T) {
	for name, event := range testkit.ChatEvents {
		var events []string
		for i := range 100 {
			e := fmt.Sprintf(event, fmt.Sprint("word ", i))
			events = append(events, strings.ReplaceAll(e, "aB3", strings.Repeat("z", i%9)))
		}
		for _, o := range []*Options{nil, {Events: EventHandlerFunc(func(*Event) error { return nil })}} {
			p := NewParser(OpenAIChat, nil, o)
			p.Write([]byte(testkit.SSE(events...)))
			require.GreaterOrEqual(t, p.fast.Fitted(), int64(98), name)
		}
	}
	for shape := range testkit.LongShapes {
		if shape == "misses" {
			continue
		}
		p := NewParser(OpenAIChat, nil, nil)
		p.Write(testkit.LongAnswer(shape, ""))
		require.GreaterOrEqual(t, p.fast.Fitted(), int64(testkit.LongEvents-5), shape)
	}
}

// So do events that are delivered as KindOther, and events of an answer that follows
// another's end.
func TestTemplatesFitResponses(t *testing.T) {
	piece := `{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"x","sequence_number":%d}`
	tool := `{"type":"response.code_interpreter_call_code.delta","output_index":0,"delta":"x","sequence_number":%d}`
	for _, test := range []struct {
		event  string
		misses int64
	}{{piece, 1}, {tool, 1}} {
		events := []string{`{"type":"response.created","response":{"id":"a"}}`, `{"type":"response.completed","response":{"id":"a"}}`,
			`{"type":"response.created","response":{"id":"b"}}`, `{"type":"response.output_item.added","output_index":0,"item":{"type":"message"}}`}
		for i := range 50 {
			events = append(events, fmt.Sprintf(test.event, i+5))
		}
		for name, h := range map[string]Handler{"nobody": nil, "deltas": &lines{}, "answer": new(Accumulator)} {
			p := NewParser(OpenAIResponses, h, nil)
			p.Write([]byte(testkit.SSE(events...)))
			require.Equal(t, 50-test.misses, p.fast.Fitted(), name)
			require.EqualValues(t, 1, p.Outcome().Anomalies.AfterDone, name)
			require.Equal(t, test.event == piece, p.Outcome().Delivered, name)
		}
	}
}

// Where LLMSTREAM_CORPUS names recorded streams, this logs by provider how many
// of their events fit a template.
func TestTemplatesFitRecordedStreams(t *testing.T) {
	type row struct{ streams, events, fitted int64 }
	rows := map[string]*row{}
	var chat row
	for _, s := range testkit.Corpus(t, "LLMSTREAM_CORPUS") {
		p := NewParser(Auto, nil, nil)
		p.Write(s.Body(t))
		p.Close()
		name := p.Dialect().String() + " " + s.Provider
		if rows[name] == nil {
			rows[name] = &row{}
		}
		for _, r := range []*row{rows[name], &chat} {
			if r == &chat && s.Dialect != "openai-chat" {
				continue
			}
			r.streams++
			r.events += p.Outcome().Events
			r.fitted += p.fast.Fitted()
			if p.Outcome().SawDone && p.Dialect() == OpenAIChat {
				r.events-- // [DONE] takes no parser
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		r := rows[name]
		t.Logf("%-36s %4d streams %6d events %5.1f %% fit", name, r.streams, r.events, 100*float64(r.fitted)/float64(r.events))
	}
	share := float64(chat.fitted) / float64(chat.events)
	t.Logf("%-36s %4d streams %6d events %5.1f %% fit", "chat, all", chat.streams, chat.events, 100*share)
	require.Greater(t, share, 0.93)
}

// Most events of a usual stream of Gemini fit a template.
func TestTemplatesOfCountsFit(t *testing.T) {
	for name, form := range testkit.CountedEvents {
		var events []string
		for i := range 100 {
			events = append(events, testkit.CountedEvent(form, fmt.Sprint("word ", i), 5+17*i))
		}
		for _, h := range []Handler{nil, new(Accumulator), HandlerFunc(func(*Delta) error { return nil })} {
			p := NewParser(Gemini, h, nil)
			p.Write([]byte(strings.ReplaceAll(testkit.SSE(events...), "\n", "\r\n")))
			require.GreaterOrEqual(t, p.fast.Fitted(), int64(97), name)
		}
	}
}

// More choices or calls than there are templates have one in common: nearly all
// events fit, however many there are.
func TestTemplatesOfCrowdsFit(t *testing.T) {
	const rounds = 50
	for name, crowd := range testkit.Crowds {
		for _, many := range []int{4, 5, 6, 8, 17, 40} {
			body := crowd.Begin(many)
			for n := range rounds * many {
				body += testkit.SSE(crowd.Event(n%many, fmt.Sprint(" word", n)))
			}
			for who, h := range map[string]Handler{"nobody": nil, "deltas": &lines{}, "answer": new(Accumulator)} {
				p := NewParser(OpenAIChat, h, nil)
				p.Write([]byte(body))
				require.GreaterOrEqual(t, p.fast.Fitted(), int64((rounds-3)*many), "%d %s for %s", many, name, who)
			}
		}
	}
}

// An event teaches whatever it is that fills its slots: what is kept of it are the
// bytes around them.
func TestTemplatesOfLongEventsFit(t *testing.T) {
	for _, size := range []int{1000, 2000, 20_000} {
		var events []string
		for i := range 50 {
			events = append(events, fmt.Sprintf(testkit.ChatEvents["openai"], strings.Repeat("word ", size/5)+fmt.Sprint(i)))
		}
		for who, h := range map[string]Handler{"nobody": nil, "deltas": &lines{}, "answer": new(Accumulator)} {
			p := NewParser(OpenAIChat, h, nil)
			p.Write([]byte(testkit.SSE(events...)))
			require.GreaterOrEqual(t, p.fast.Fitted(), int64(48), "%d for %s", size, who)
		}
	}
	// There is a limit for the rest of it.
	event := says("a")[:len(says("a"))-1] + `,"x":"` + strings.Repeat("x", 2000) + `"}`
	p := NewParser(OpenAIChat, nil, nil)
	p.Write([]byte(strings.Repeat(testkit.SSE(event), 9)))
	require.Zero(t, p.fast.Fitted())
}

// Nearly all frames of a long answer are skimmed, as far as the answer may grow.
func TestTemplatesOfFramesFit(t *testing.T) {
	var lines []string
	for i := range 300 {
		lines = append(lines, strings.Replace(testkit.BlockDelta(fmt.Sprint("word ", i)), "abcdefghijkl", "abcdefghijkl"[i%12:], 1))
	}
	body := []byte(testkit.Framed(lines...))
	for _, limit := range []int{0, 1, 500, 1500} {
		folded := func(o *Options) (*Parser, *Completion) {
			a := &Accumulator{MaxBytes: limit}
			p := NewParser(Bedrock, a, o)
			p.Write(body)
			return p, a.Completion()
		}
		p, got := folded(nil)
		_, want := folded(&Options{NoFastPath: true})
		require.Equal(t, want, got)
		require.GreaterOrEqual(t, p.fast.Fitted(), int64(298))
		require.EqualValues(t, 300, p.Outcome().Events)
	}
	p := NewParser(Bedrock, nil, nil)
	p.Write([]byte(testkit.Framed(lines[:10]...)))
	rest := []byte(testkit.Framed(lines[10:]...))
	require.Greater(t, p.foldFrames(rest), len(rest)-200) // all but the last
}

// After a panic in a handler each further Write returns that error, an empty one too.
func TestEmptyWriteBehindAPanic(t *testing.T) {
	n := 0
	p := NewParser(OpenAIChat, HandlerFunc(func(*Delta) error {
		if n++; n == 4 {
			panic("boom")
		}
		return nil
	}), nil)
	require.Panics(t, func() { p.Write([]byte(testkit.SSE(says("a"), says("b"), says("c"), says("d"), says("e")))) })
	for range 2 {
		_, err := p.Write(nil)
		require.Equal(t, errPanicked, err)
	}
}

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

// Counts that do not grow have no slots, and are delivered all the same.
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

// What InvokeModel carries is read by templates, as the full parse reads it.
func TestTemplatesOfCarriedEvents(t *testing.T) {
	for _, form := range []string{
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%s"}}`,
		`{"contentBlockDelta":{"delta":{"text":"%s"},"contentBlockIndex":1}}`,
		`{"id":"c","choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}`,
	} {
		event := func(text string) string { return fmt.Sprintf(form, text) }
		var lines []string
		for i := range 50 {
			lines = append(lines, "chunk "+event(fmt.Sprint("word ", i)))
		}
		for _, h := range []Handler{nil, new(Accumulator), HandlerFunc(func(*Delta) error { return nil })} {
			p := NewParser(Bedrock, h, &Options{Events: EventHandlerFunc(func(*Event) error { return nil })})
			p.Write([]byte(framed(lines...)))
			require.GreaterOrEqual(t, p.fast.Fitted(), int64(47), form)
			require.EqualValues(t, 50, p.Outcome().Events)
		}
		long := strings.Repeat("x", 300)
		one, two, six := event("one"), event("two"), event("six")
		for at := range len(two) {
			if testing.Short() && at%5 != 0 {
				continue
			}
			for _, edit := range edits(two[at]) {
				if !strings.Contains(edit, "\n") {
					requireShortcuts(t, Bedrock, []byte(framed("chunk "+one, "chunk "+six, "chunk "+two[:at]+edit+two[at+1:], "chunk "+six)))
				}
			}
		}
		for _, between := range []string{
			"event chunk " + two, "event other " + two, "chunk " + event(`\n`), "chunk " + event(`\ud83d`), "chunk " + event(""), `event chunk {"bytes":"!"}`,
			`chunk {"amazon-bedrock-invocationMetrics":{"inputTokenCount":1,"outputTokenCount":2}}`, "chunk " + event(`x","amazon-bedrock-invocationMetrics":{"inputTokenCount":1},"y":"`),
			`event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"x"}}`,
		} {
			for _, d := range []Dialect{Bedrock, Auto} {
				requireShortcuts(t, d, []byte(framed("chunk "+event(long), "chunk "+event(long), "chunk "+one, "chunk "+six, between, between, between, "chunk "+six, "chunk "+one)))
				requireShortcuts(t, d, []byte(framed("event chunk "+event(long), "event chunk "+event(long), "event chunk "+one, "chunk "+six, between, "chunk "+six, "event chunk "+one, "chunk "+one)))
			}
		}
	}
}

// Deltas of a step that differ in their text alone are read by templates, as the full
// parse reads them.
func TestTemplatesOfInteractions(t *testing.T) {
	for _, form := range []string{
		`{"index":1,"delta":{"text":"%s","type":"text"},"event_type":"step.delta"}`,
		`{"index":0,"delta":{"content":{"text":"%s","type":"text"},"type":"thought_summary"},"event_type":"step.delta"}`,
		`{"index":0,"delta":{"thought":"%s","type":"thought"},"event_type":"content.delta"}`,
	} {
		event := func(text string) string { return "event: step.delta\n" + testkit.SSE(fmt.Sprintf(form, text)) }
		body := ""
		for i := range 50 {
			body += event(fmt.Sprint("word ", i))
		}
		p := NewParser(GeminiInteractions, nil, nil)
		p.Write([]byte(body))
		require.GreaterOrEqual(t, p.fast.Fitted(), int64(48), form)
		requireShortcuts(t, GeminiInteractions, []byte(body))
		for _, text := range []string{"", `\n`, `\ud83d`, `\ude00`, `x","text":"y`, `x","annotations":[{"a":1}],"x":"`, `x","content":{"text":"z"},"x":"`} {
			requireShortcuts(t, GeminiInteractions, []byte(event("a")+event("b")+event("c")+event(text)+event("d")+event(text)+event(text)))
		}
	}
}

// Most events of the dialects that were added last fit a template, whoever reads them.
// The events of Bedrock's agents fit none, because they are base64.
func TestTemplatesFitOtherDialects(t *testing.T) {
	for _, c := range []struct {
		dialect Dialect
		stream  string
	}{
		{DashScope, "text"}, {DashScope, "plain text"}, {DashScope, "reasoning"}, {DashScope, "tool calls"},
		{TextGeneration, "content"}, {TextGeneration, "tokens"},
		{MistralConversations, "text"}, {MistralConversations, "tool calls"},
		{Gemini, "text"}, {AnthropicMessages, "text"}, {Bedrock, "converse text"},
	} {
		event := steadyStreams[c.dialect][c.stream]
		require.NotNil(t, event, "%v %s", c.dialect, c.stream)
		body := ""
		for i := range 100 {
			body += event(i)
		}
		for name, h := range map[string]Handler{"nobody": nil, "deltas": &lines{}, "answer": new(Accumulator)} {
			p := NewParser(c.dialect, h, nil)
			p.Write([]byte(body))
			require.GreaterOrEqual(t, p.fast.Fitted(), int64(95), "%v %s, %s", c.dialect, c.stream, name)
		}
		requireShortcuts(t, c.dialect, []byte(body))
	}
}

// Any number may stand in the members of a token that no code reads, and nothing else.
func TestTemplatesOfTokens(t *testing.T) {
	event := func(text, number string) string {
		return "data:{\"index\":" + number + ",\"token\":{\"id\":" + number + ",\"text\":\"" + text + "\",\"logprob\":" + number + ",\"special\":false},\"generated_text\":null,\"details\":null}\n\n"
	}
	begin := event(" a", "1") + event(" b", "-0.25") + event(" c", "0")
	for _, number := range []string{"-1.5e-05", "0.0", "-0", "1E+9", "12345678901234567890"} {
		body := begin + event(" d", number) + event(" e", "2")
		p := NewParser(TextGeneration, nil, nil)
		p.Write([]byte(body))
		require.EqualValues(t, 4, p.fast.Fitted(), number)
		requireShortcuts(t, TextGeneration, []byte(body))
	}
	for _, number := range []string{"null", "01", "-", ".5", "1.", "1e", "1e+", "+1", "1.e5", "NaN", `"1"`, "", "[1]", `1,"text":"x"`, "- 1", "0x1"} {
		body := begin + event(" d", number) + event(" e", "2") + event(" f", "3")
		p := NewParser(TextGeneration, nil, nil)
		p.Write([]byte(body))
		require.LessOrEqual(t, p.fast.Fitted(), int64(4), number)
		requireShortcuts(t, TextGeneration, []byte(body))
	}
	special := `data:{"index":4,"token":{"id":4,"text":"</s>","logprob":0,"special":true},"generated_text":"abc","details":null}` + "\n\n"
	requireShortcuts(t, TextGeneration, []byte(begin+event("", "1")+event(`\n`, "1")+event(`\ud83d`, "1")+event(`\ude00`, "1")+special+event("d", "1")))
}

// What DashScope's texts are is known from the first that differ: after that they are
// read by templates, as the full parse reads them.
func TestTemplatesOfDashScope(t *testing.T) {
	for _, texts := range [][]string{
		{"a", "b", "c", "d", "c", "e"}, {"a", "ab", "abc", "abcd", "abcde"}, {"a", "ab", "c", "d", "e", "f"}, {"a", "a", "a", "a"}, {"a", "", "b", "", "c", "d"},
		{"a", "b", `\ud83d`, `\ude00`, "c", "d"}, {"a", "b", "c", `x","finish_reason":"stop`, "d", "e"}, {"a", "b", "c", `x"},"text":{"`, "d"},
	} {
		body := ""
		for i, text := range texts {
			body += dashScopeEvent(i, `"finish_reason":"null","text":"`+text+`"`)
		}
		requireShortcuts(t, DashScope, []byte(body))
		requireShortcuts(t, Auto, []byte(body))
	}
}

var framed, edits = testkit.Framed, testkit.Edits

// requireShortcuts compares the fast path with the full parse of every event: single
// deltas, texts that are folded without deltas, and a Reader.
func requireShortcuts(t testing.TB, d Dialect, body []byte, cuts ...int) {
	t.Helper()
	for _, kinds := range []Kind{0, KindUsage | KindOther} {
		want := read(d, &Options{NoFastPath: true, Kinds: kinds}, body)
		requireSame(t, want, read(d, &Options{Kinds: kinds}, body, cuts...), "templates")
		var folded, pulled Accumulator
		p := NewParser(d, &folded, &Options{Kinds: kinds})
		testkit.WriteCut(t, p.Write, string(body), cuts...)
		p.Close()
		r := NewReader(bytes.NewReader(body), d, &Options{Kinds: kinds, ReadToEnd: true})
		for r.Next() {
			pulled.HandleDelta(r.Delta())
		}
		want.Deltas = nil
		requireSame(t, want, reading{nil, folded.Completion(), p.Outcome()}, "texts folded in")
		requireSame(t, want, reading{nil, pulled.Completion(), r.Outcome()}, "templates, pulled")
	}
}
