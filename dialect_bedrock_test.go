package llmstream

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/testdata"
	"github.com/stretchr/testify/require"
)

// recordedFrames returns a recording of Bedrock.
func recordedFrames(t *testing.T, name string) []byte {
	t.Helper()
	body, err := testdata.Body("bedrock/" + name + ".frames")
	require.NoError(t, err)
	return body
}

// What InvokeModel carries may be asked for as what it is; Auto finds Bedrock.
func TestInvokeModelInTheDialectOfTheModel(t *testing.T) {
	for _, c := range []struct {
		name           string
		dialect, found Dialect
	}{
		{"invoke-anthropic", Bedrock, Bedrock},
		{"invoke-anthropic", Auto, Bedrock},
		{"invoke-anthropic", AnthropicMessages, AnthropicMessages},
		{"invoke-chat", Auto, Bedrock},
		{"invoke-chat", OpenAIChat, OpenAIChat},
		{"invoke-llama", Auto, Bedrock},
	} {
		body := recordedFrames(t, c.name)
		want, got := read(Bedrock, nil, body), read(c.dialect, nil, body)
		require.Equal(t, c.found, got.Outcome.Dialect, c.name)
		got.Outcome.Dialect = want.Outcome.Dialect
		requireSame(t, want, got, c.name)
	}
}

// Asked for in another dialect, Bedrock is told (C-24).
func TestBedrockIsNoOther(t *testing.T) {
	for _, name := range []string{"converse-text", "invoke-nova", "invoke-anthropic"} {
		_, o := push(OpenAIChat, nil, string(recordedFrames(t, name)))
		require.Equal(t, StateNotStream, o.State, name)
		var e *DialectError
		require.ErrorAs(t, o.Err(), &e)
		require.Equal(t, DialectError{Want: OpenAIChat, Looks: "bedrock"}, *e)
	}
	_, o := push(Bedrock, nil, whole)
	require.ErrorContains(t, o.Err(), "it looks like openai-chat")

	l, o := push(Auto, nil, framed(`event PayloadPart {"x":1}`, `event Stats {}`))
	require.Equal(t, lines{"other", "other"}, l)
	require.Equal(t, StateNotStream, o.State)
	require.ErrorContains(t, o.Err(), "not known")
}

// An EventHandler sees the frame, a delta what it carries.
func TestInvokeModelRaw(t *testing.T) {
	const inner = `{"outputText":"hi", "x":[1, 2]}`
	var typ, payload, raw string
	events := EventHandlerFunc(func(e *Event) error {
		typ, payload = string(e.Type), string(e.Data)
		return nil
	})
	p := NewParser(Bedrock, HandlerFunc(func(d *Delta) error {
		raw = string(d.Raw)
		return nil
	}), &Options{Events: events})
	p.Write([]byte(framed("chunk " + inner)))
	require.Equal(t, "chunk", typ)
	require.Regexp(t, `^\{"bytes":"[A-Za-z0-9+/]+=*","p":"[a-z]+"\}$`, payload)
	require.Equal(t, inner, raw)
}

// Damage is told in offsets of what is carried.
func TestInvokeModelDamage(t *testing.T) {
	for _, c := range []struct {
		line   string
		offset int
	}{
		{`event chunk {"bytes":"!"}`, 0},
		{`event chunk {"bytes":"eyJ"}`, 0},
		{`chunk {"outputText":"hi"`, len(`{"outputText":"hi"`)},
		{`chunk {"outputText":hi}`, len(`{"outputText":`)},
		{`event chunk {"bytes":`, len(`{"bytes":`)},
	} {
		l, o := push(Bedrock, nil, framed(c.line, `chunk {"outputText":"x","completionReason":"FINISH"}`))
		require.Equal(t, lines{"malformed", "content x", "finish stop(FINISH)", "done"}, l, c.line)
		var e *SyntaxError
		require.ErrorAs(t, o.Damage, &e)
		require.Equal(t, c.offset, e.Offset, c.line)
	}
}

// Usage follows the finish reason: a Reader goes on until it has come, and no
// further.
func TestBedrockReaderStops(t *testing.T) {
	for _, name := range []string{"converse-text", "converse-tools", "invoke-nova", "invoke-titan", "invoke-anthropic"} {
		body := recordedFrames(t, name)
		var a Accumulator
		r := NewReader(bytes.NewReader(append(body, "behind"...)), Bedrock, nil)
		for r.Next() {
			a.HandleDelta(r.Delta())
		}
		require.NoError(t, r.Err(), name)
		require.NotZero(t, a.Usage().Reported, name)
		require.True(t, r.Outcome().SawDone)
		require.Zero(t, r.Outcome().PendingBytes, name)
	}
}

// The end of a stream without metadata is told with its end, once.
func TestBedrockEndWithoutUsage(t *testing.T) {
	l, o := push(Bedrock, nil, framed(saysHi, endsTurn))
	require.Equal(t, lines{"content hi", "finish stop(end_turn)", "done"}, l)
	require.True(t, o.SawDone)
	l, o = push(Bedrock, nil, framed(saysHi))
	require.Equal(t, lines{"content hi"}, l)
	require.False(t, o.SawDone)
	l, _ = push(Bedrock, nil, framed(tellsUsage, saysHi, endsTurn, tellsUsage))
	require.Equal(t, lines{"usage in=1 out=2 total=3", "content hi", "finish stop(end_turn)", "done", "usage in=1 out=2 total=3"}, l)
	var failed bool
	p := NewParser(Bedrock, HandlerFunc(func(d *Delta) error {
		failed = failed || d.Kind == KindDone
		return errBoom
	}), nil)
	_, err := p.Write([]byte(framed(saysHi, endsTurn)))
	require.ErrorIs(t, err, errBoom)
	require.ErrorIs(t, p.Close(), errBoom)
	require.False(t, failed)
}

func TestExceptions(t *testing.T) {
	for _, c := range []struct {
		line string
		want APIError
		pass bool
	}{
		{`exception throttlingException {"message":"slow down"}`, APIError{Message: "slow down", Type: "throttlingException"}, true},
		{`exception internalServerException {}`, APIError{Message: "{}", Type: "internalServerException"}, true},
		{`exception validationException {"message":"bad"}`, APIError{Message: "bad", Type: "validationException"}, false},
		{`exception validationException {"message":`, APIError{Message: `{"message":`, Type: "validationException"}, false},
		{`exception validationException`, APIError{Type: "validationException"}, false},
		{`exception modelStreamErrorException {"message":"m","originalStatusCode":424}`, APIError{Message: "m", Type: "modelStreamErrorException", Status: 424}, true},
		{`error 400 no good`, APIError{Message: "no good", Code: "400", Status: 400}, false},
		{`error InternalError broken`, APIError{Message: "broken", Code: "InternalError"}, false},
	} {
		body := framed(saysHi, c.line)
		for _, d := range []Dialect{Bedrock, Auto, AnthropicMessages} {
			p := NewParser(d, nil, nil)
			if d == AnthropicMessages {
				body = framed(c.line)
			}
			p.Write([]byte(body))
			var e *APIError
			require.True(t, errors.As(p.Close(), &e), c.line)
			require.Equal(t, c.pass, e.Retryable(), c.line)
			require.Equal(t, d != AnthropicMessages, e.Delivered)
			got := *e
			got.Event, got.Raw, got.Delivered = "", nil, false
			require.Equal(t, c.want, got, c.line)
			require.NotEmpty(t, e.Event)
		}
	}
}

// What an error says in its payload goes before the message in its header, which may
// be all there is.
func TestErrorFrames(t *testing.T) {
	header := func(name, value string) string {
		return string(rune(len(name))) + name + "\x07\x00" + string(rune(len(value))) + value
	}
	headers := header(":message-type", "error") + header(":error-code", "400") + header(":error-message", "no good")
	for payload, want := range map[string]string{"": "no good", "no good at all": "no good at all", `{"message":"no, no"}`: "no, no"} {
		_, o := push(Bedrock, nil, rawFrame(headers, payload))
		require.NotNil(t, o.APIError)
		require.Equal(t, []string{want, "400"}, []string{o.APIError.Message, o.APIError.Code})
	}
}

// The shortcut for payloads gives what reading them in full gives, or nothing.
func TestCodedBytes(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{`{"bytes":"YQ=="}`, "YQ=="},
		{`{"bytes":"YQ==","p":"abc"}`, "YQ=="},
		{`{"bytes":"","p":""}`, ""},
		{`{"bytes":"YQ==","p":"a\"c"}`, "-"},
		{`{"bytes":"YQ==","p":"abc","p":""}`, "-"},
		{`{"bytes":"YQ==","p":"abc"`, "-"},
		{`{"bytes":"YQ==","p":"abc`, "-"},
		{`{"bytes":"YQ==","p":"abc\}`, "-"},
		{`{"bytes":"YQ==","p":1}`, "-"},
		{`{"bytes":"YQ==" }`, "-"},
		{`{"bytes":"YQ`, "-"},
		{`{"bytes":"Y\u0051"}`, "-"},
		{`{ "bytes":"YQ=="}`, "-"},
		{`{"bytes":null}`, "-"},
		{"{\"bytes\":\"YQ==\",\"p\":\"a\x01\"}", "-"},
		{``, "-"},
	} {
		got, ok := dialect.CodedBytes([]byte(c.data))
		if !ok {
			got = []byte("-")
		}
		require.Equal(t, c.want, string(got), c.data)
	}
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
			p := NewParser(Bedrock, h, &Options{Events: &eventLog{}})
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

// A model that InvokeModel carries may take all choices, so that none is left for
// what Converse says.
func TestConverseWithoutAChoice(t *testing.T) {
	for _, event := range []string{
		`event messageStart {"role":"assistant"}`, `event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"x"}}`,
		`event contentBlockStop {"contentBlockIndex":0}`, `event messageStop {"stopReason":"end_turn"}`,
		`chunk {"contentBlockDelta":{"delta":{"text":"x"}}}`, `chunk {"output":{"message":{"role":"assistant","content":[]}}}`,
	} {
		_, o := push(Auto, &Options{MaxChoices: 1}, framed(`chunk {"outputs":[{"text":"x","index":1}]}`, event))
		var limit *LimitError
		require.ErrorAs(t, o.Err(), &limit, event)
		require.Equal(t, "MaxChoices", limit.Limit)
		require.Len(t, o.Choices, 1)
	}
}

// A text whose index is none has its place in the list.
func TestModelsTextIndexes(t *testing.T) {
	for index, want := range map[string]int{"3": 3, "-1": 0} {
		_, o := push(Bedrock, nil, framed(`chunk {"outputs":[{"text":"x","index":`+index+`}]}`))
		require.Len(t, o.Choices, 1)
		require.Equal(t, want, o.Choices[0].Index)
	}
}

// A choice whose index is none has no finish reason either.
func TestModelsChoiceIndexes(t *testing.T) {
	for _, index := range []string{"-1", "-2", `"x"`, "{}"} {
		var a Accumulator
		p := NewParser(Bedrock, &a, nil)
		p.Write([]byte(framed(`chunk {"choices":[{"index":` + index + `,"text":"x","stop_reason":"stop"},1]}`)))
		require.Error(t, p.Close())
		require.Empty(t, p.Outcome().Choices, index)
		require.Empty(t, a.Completion().BlockReason, index)
	}
}

// What an event of Converse is, its members tell before its type, if they are objects.
func TestConverseEventsThatHoldMore(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  lines
	}{
		{[]string{`event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"hi"},"messageStop":"x"}`}, lines{"content hi"}},
		{[]string{saysHi, `event metadata {"messageStop":{"stopReason":"end_turn"}}`, tellsUsage}, lines{"content hi", "finish stop(end_turn)", "usage in=1 out=2 total=3", "done"}},
		{[]string{`event Other {"output":{"x":1}}`, saysHi}, lines{"other", "content hi"}},
		{[]string{`event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"hi"},"message":"x","error":{"message":"no"}}`}, lines{"content hi"}},
		{[]string{`event contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{}}}`}, lines{"other"}},
		{[]string{`event metadata {"usage":{"cacheReadInputTokens":1,"cacheReadInputTokenCount":2,"cacheWriteInputTokens":3,"cacheWriteInputTokenCount":4}}`}, lines{"usage cached=1 written=3"}},
		{[]string{`event metadata {"usage":{"cacheReadInputTokenCount":2,"cacheReadInputTokens":1}}`}, lines{"usage cached=1"}},
		{[]string{`chunk {"other":1}`, `event chunk {"bytes":""}`}, lines{"other", "other"}},
		{[]string{`chunk {"outputText":"x","completionReason":"FINISH","amazon-bedrock-invocationMetric\u0073":{"inputTokenCount":1}}`}, lines{"content x", "finish stop(FINISH)", "usage in=1", "done"}},
	} {
		l, o := push(Bedrock, nil, framed(c.lines...))
		require.Equal(t, c.want, l)
		require.NotEqual(t, StateError, o.State)
	}
	_, o := push(Bedrock, nil, framed(`event Other {"output":{"x":1}}`))
	require.Empty(t, o.Choices)
}

// What Converse answers in place of a stream: its calls are whole, and its finish reason
// is of no part.
func TestConverseAnswersAsAWhole(t *testing.T) {
	var got []string
	p := NewParser(Bedrock, HandlerFunc(func(d *Delta) error {
		got = append(got, fmt.Sprintf("%d %s", d.Part, describe(d)))
		return nil
	}), nil)
	p.Write([]byte(`{"output":{"message":{"role":"assistant","content":[{"text":"a"},{"toolUse":{"toolUseId":"c","name":"f","input":{"x":1}}}]}},"stopReason":"tool_use"}`))
	require.NoError(t, p.Close())
	require.Equal(t, []string{"0 start role=assistant", "0 content a", "1 tool_call #0 id=c name=f type=function args={\"x\":1}", "1 tool_call_end #0 valid", "0 finish tool_calls(tool_use)", "0 done"}, got)
}

// Models whose events InvokeModel carries count their pieces where Converse counts
// blocks: their text is as it comes.
func TestCarriedBlocksAreNoParts(t *testing.T) {
	const second, first = `{"contentBlockDelta":{"delta":{"text":"a"},"contentBlockIndex":1}}`, `{"contentBlockDelta":{"delta":{"text":"b"},"contentBlockIndex":0}}`
	for how, want := range map[string]string{"chunk ": "ab", "event Other ": "ba"} {
		var a Accumulator
		p := NewParser(Bedrock, &a, nil)
		p.Write([]byte(framed(how+second, how+first)))
		require.Equal(t, want, string(a.AppendText(nil, 0)), how)
	}
}

// Whose events InvokeModel carries is asked anew in the next stream.
func TestBedrockForgetsTheModel(t *testing.T) {
	var a Accumulator
	p := NewParser(Bedrock, &a, nil)
	p.Write(recordedFrames(t, "invoke-anthropic"))
	require.Equal(t, AnthropicMessages, Dialect(p.decoder.(*dialect.BedrockDecoder).Model))
	p.Reset()
	a.Reset()
	require.Equal(t, Auto, Dialect(p.decoder.(*dialect.BedrockDecoder).Model))
	p.Write([]byte(framed(`chunk {"outputText":"x","completionReason":"FINISH"}`)))
	p.Close()
	require.Equal(t, "x", a.Completion().Choices[0].Message.Content)
}

// Whose events InvokeModel carries is asked until one tells, as Nova's first does.
func TestBedrockKnowsNova(t *testing.T) {
	p := NewParser(Bedrock, nil, nil)
	p.Write([]byte(framed(`chunk {"other":1}`)))
	require.Equal(t, Auto, Dialect(p.decoder.(*dialect.BedrockDecoder).Model))
	p.Write([]byte(framed(`chunk {"messageStart":{"role":"assistant"}}`)))
	require.Equal(t, Bedrock, Dialect(p.decoder.(*dialect.BedrockDecoder).Model))
}

// Choices are OpenAI's, unless they name their end as others do.
func TestBedrockKnowsChoices(t *testing.T) {
	for members, want := range map[string]Dialect{
		`"delta":{"content":"x"}`:                                      OpenAIChat,
		`"delta":{"content":"x"},"finish_reason":null`:                 OpenAIChat,
		`"delta":{"content":"x"},"finish_reason":null,"stop_reason":1`: OpenAIChat,
		`"text":"x","stop_reason":null`:                                Bedrock,
	} {
		p := NewParser(Bedrock, nil, nil)
		p.Write([]byte(framed("chunk " + chunk(members))))
		require.Equal(t, want, Dialect(p.decoder.(*dialect.BedrockDecoder).Model), members)
	}
}

// Events are carried in frames alone: elsewhere one of that type is like any other.
func TestOnlyFramesCarryEvents(t *testing.T) {
	l, _ := push(Bedrock, nil, "event: chunk\ndata: {\"bytes\":\"eyJvdXRwdXRUZXh0IjoiaGkifQ==\"}\n\n")
	require.Equal(t, lines{"other"}, l)
	l, _ = push(Bedrock, nil, framed(`event chunk {"bytes":"eyJvdXRwdXRUZXh0IjoiaGkifQ=="}`))
	require.Equal(t, lines{"content hi"}, l)
}
