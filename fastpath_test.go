package llmstream

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// What the fast path yields is what the full parse yields, on every input
// (contract 4). FuzzTemplate holds the two together at random; here it is every
// single edit of an event that others of its form surround.

// providerEvents are events in the forms of several providers; %s is the text.
var providerEvents = map[string]string{
	"openai":        `{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767000000,"model":"gpt","service_tier":"default","system_fingerprint":"fp","choices":[{"index":0,"delta":{"content":"%s"},"logprobs":null,"finish_reason":null}],"obfuscation":"aB3"}`,
	"usage null":    `{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":null,"reasoning_content":"%s"},"finish_reason":null}],"usage":null}`,
	"mirrored":      `{"id":"c1","created":1,"model":"m","choices":[{"index":1,"delta":{"role":"assistant","content":"","reasoning":"%s","reasoning_content":""},"finish_reason":null}]}`,
	"choices first": `{"choices":[{"content_filter_results":{},"delta":{"content":"%s"},"finish_reason":null,"index":0,"logprobs":null}],"created":1,"id":"i","model":"m","p":"abc"}`,
	"spaced":        `{"id": "c1", "created": 1, "model": "m", "choices": [ {"index": 0, "delta": {"content": "%s"} } ] }`,
}

func TestTemplatesAreExact(t *testing.T) {
	for name, event := range providerEvents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second, third := fmt.Sprintf(event, "one"), fmt.Sprintf(event, "two"), fmt.Sprintf(event, "six")
			for at := range len(second) {
				for _, edit := range edits(second[at]) {
					if testing.Short() && at%7 != 0 {
						continue
					}
					body := []byte(testkit.SSE(first, third, second[:at]+edit+second[at+1:], third))
					requireShortcuts(t, OpenAIChat, body)
				}
			}
		})
	}
}

// edits are what a byte may be replaced by: nothing, itself and something more,
// or something else.
func edits(b byte) (edits []string) {
	edits = []string{"", string(b) + string(b)}
	for _, other := range []string{`"`, `\`, `\"`, `\u0041`, `\ud83d`, `,`, `:`, `}`, `]`, `{`, ` `, "0", "x", "\x01", "\x7f", "\xff", "é", `","content":"`, `"},{"delta":{"content":"`, `"usage":{"total_tokens":1},"`} {
		edits = append(edits, other, string(b)+other)
	}
	return edits
}

// Events between two of the same form change what is behind them no less with
// templates than without.
func TestTemplatesSeeWhatComesBetween(t *testing.T) {
	between := []string{
		`{"choices":[{"index":0,"delta":{"content":"\ud83d"}}]}`,
		`{"choices":[{"index":0,"delta":{"reasoning":"\ud83d"}}]}`,
		`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`,
		`{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"length"}]}`,
		`{"choices":[{"index":1,"delta":{"content":"other"}}]}`,
		`{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`,
		`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}}]}`,
		`{"error":{"message":"no"}}`, `[DONE]`, `null`, `{}`, `{`,
	}
	for _, event := range providerEvents {
		for _, one := range between {
			for _, two := range between {
				body := []byte(testkit.SSE(fmt.Sprintf(event, "a"), fmt.Sprintf(event, "b"), one, fmt.Sprintf(event, "c"), two, fmt.Sprintf(event, `\u00e9`), fmt.Sprintf(event, ""), fmt.Sprintf(event, "d")))
				requireShortcuts(t, OpenAIChat, body)
			}
		}
	}
}

// An event whose SSE type is error is one, whatever it looks like.
func TestTemplatesHeedTheEventType(t *testing.T) {
	event := fmt.Sprintf(providerEvents["openai"], "x")
	body := []byte(testkit.SSE(event, event) + "event: error\n" + testkit.SSE(event) + "event: ping\n" + testkit.SSE(event))
	requireShortcuts(t, OpenAIChat, body)
}

// Most events of a usual stream fit a template, whatever carries it.
func TestTemplatesFit(t *testing.T) {
	for name, event := range providerEvents {
		var events []string
		for i := range 100 {
			e := fmt.Sprintf(event, fmt.Sprint("word ", i))
			events = append(events, strings.ReplaceAll(e, "aB3", strings.Repeat("z", i%9)))
		}
		for _, o := range []*Options{nil, {Events: &eventLog{}}} {
			p := NewParser(OpenAIChat, nil, o)
			p.Write([]byte(testkit.SSE(events...)))
			require.GreaterOrEqual(t, p.fast.Fitted(), int64(98), name)
		}
	}
	for shape := range longShapes {
		if shape == "misses" {
			continue
		}
		p := NewParser(OpenAIChat, nil, nil)
		p.Write(longAnswer(shape, ""))
		require.GreaterOrEqual(t, p.fast.Fitted(), int64(longEvents-5), shape)
	}
}

// So do events that are told as KindOther, and those of an answer behind another's end.
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
			require.EqualValues(t, 1, p.Outcome().AfterDone, name)
			require.Equal(t, test.event == piece, p.Outcome().Delivered, name)
		}
	}
}

// Where LLMSTREAM_CORPUS names recorded streams, this tells by provider how many
// of their events fit a template.
func TestTemplatesFitRecordedStreams(t *testing.T) {
	type row struct{ streams, events, fitted int64 }
	rows := map[string]*row{}
	var chat row
	dir, streams := corpusStreams(t)
	for _, s := range streams {
		p := NewParser(Auto, nil, nil)
		p.Write(s.body(t, dir))
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

// A stream in which templates are of no use costs little more with them than
// without: one whose every event has another form, and one with so many forms in
// turn that they push each other out.
func TestTemplatesCost(t *testing.T) {
	if os.Getenv("LLMSTREAM_RATIOS") == "" {
		t.Skip("LLMSTREAM_RATIOS is not set: nothing is measured")
	}
	const most = 1.2
	for _, forms := range []int{2, 3, 4, 5, 6, 8, 12, 16, longEvents} {
		name := fmt.Sprint(forms, " in turn")
		set := benchSet{name: name}
		set.add(longForms("misses", "", forms))
		push := benchReader{"push", pushBench(nil, benchReadSize)}
		full := benchReader{"full-parse", pushBench(&Options{NoFastPath: true}, benchReadSize)}
		ratio := medianRatio(set, push, full)
		t.Logf("%s: %.2f", name, ratio)
		require.LessOrEqual(t, ratio, most, name)
	}
}
