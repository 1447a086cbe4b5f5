package dialect_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
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
		dialect, found llmstream.Dialect
	}{
		{"invoke-anthropic", llmstream.Bedrock, llmstream.Bedrock},
		{"invoke-anthropic", llmstream.Auto, llmstream.Bedrock},
		{"invoke-anthropic", llmstream.AnthropicMessages, llmstream.AnthropicMessages},
		{"invoke-chat", llmstream.Auto, llmstream.Bedrock},
		{"invoke-chat", llmstream.OpenAIChat, llmstream.OpenAIChat},
		{"invoke-llama", llmstream.Auto, llmstream.Bedrock},
	} {
		body := recordedFrames(t, c.name)
		want, got := streamtest.Read(llmstream.Bedrock, nil, body), streamtest.Read(c.dialect, nil, body)
		require.Equal(t, c.found, got.Outcome.Dialect, c.name)
		got.Outcome.Dialect = want.Outcome.Dialect
		streamtest.RequireSame(t, want, got, c.name)
	}
}

// Asked for in another dialect, Bedrock is told (C-24).
func TestBedrockIsNoOther(t *testing.T) {
	for _, name := range []string{"converse-text", "invoke-nova", "invoke-anthropic"} {
		_, o := streamtest.Push(llmstream.OpenAIChat, nil, string(recordedFrames(t, name)))
		require.Equal(t, llmstream.StateNotStream, o.State, name)
		var e *llmstream.DialectError
		require.ErrorAs(t, o.Err(), &e)
		require.Equal(t, llmstream.DialectError{Want: llmstream.OpenAIChat, Looks: "bedrock"}, *e)
	}
	_, o := streamtest.Push(llmstream.Bedrock, nil, testkit.SSE(`{"choices":[{"index":0,"delta":{"content":"hi"}}]}`))
	require.ErrorContains(t, o.Err(), "it looks like openai-chat")

	l, o := streamtest.Push(llmstream.Auto, nil, framed(`event PayloadPart {"x":1}`, `event Stats {}`))
	require.Equal(t, streamtest.Lines{"other", "other"}, l)
	require.Equal(t, llmstream.StateNotStream, o.State)
	require.ErrorContains(t, o.Err(), "not known")
}

// An EventHandler sees the frame, a delta what it carries.
func TestInvokeModelRaw(t *testing.T) {
	const inner = `{"outputText":"hi", "x":[1, 2]}`
	var typ, payload, raw string
	events := llmstream.EventHandlerFunc(func(e *llmstream.Event) error {
		typ, payload = string(e.Type), string(e.Data)
		return nil
	})
	p := llmstream.NewParser(llmstream.Bedrock, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		raw = string(d.Raw)
		return nil
	}), &llmstream.Options{Events: events})
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
		l, o := streamtest.Push(llmstream.Bedrock, nil, framed(c.line, `chunk {"outputText":"x","completionReason":"FINISH"}`))
		require.Equal(t, streamtest.Lines{"malformed", "content x", "finish stop(FINISH)", "done"}, l, c.line)
		var e *llmstream.SyntaxError
		require.ErrorAs(t, o.Damage, &e)
		require.Equal(t, c.offset, e.Offset, c.line)
	}
}

// Usage follows the finish reason: a Reader goes on until it has come, and no
// further.
func TestBedrockReaderStops(t *testing.T) {
	for _, name := range []string{"converse-text", "converse-tools", "invoke-nova", "invoke-titan", "invoke-anthropic"} {
		body := recordedFrames(t, name)
		var a llmstream.Accumulator
		r := llmstream.NewReader(bytes.NewReader(append(body, "behind"...)), llmstream.Bedrock, nil)
		for r.Next() {
			a.HandleDelta(r.Delta())
		}
		require.NoError(t, r.Err(), name)
		require.NotZero(t, a.Usage().Reported, name)
		require.True(t, r.Outcome().SawDone)
		require.Zero(t, r.Outcome().Anomalies.PendingBytes, name)
	}
}

// The end of a stream without metadata is told with its end, once.
func TestBedrockEndWithoutUsage(t *testing.T) {
	l, o := streamtest.Push(llmstream.Bedrock, nil, framed(saysHi, endsTurn))
	require.Equal(t, streamtest.Lines{"content hi", "finish stop(end_turn)", "done"}, l)
	require.True(t, o.SawDone)
	l, o = streamtest.Push(llmstream.Bedrock, nil, framed(saysHi))
	require.Equal(t, streamtest.Lines{"content hi"}, l)
	require.False(t, o.SawDone)
	l, _ = streamtest.Push(llmstream.Bedrock, nil, framed(tellsUsage, saysHi, endsTurn, tellsUsage))
	require.Equal(t, streamtest.Lines{"usage in=1 out=2 total=3", "content hi", "finish stop(end_turn)", "done", "usage in=1 out=2 total=3"}, l)
	var failed bool
	p := llmstream.NewParser(llmstream.Bedrock, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		failed = failed || d.Kind == llmstream.KindDone
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
		want llmstream.APIError
		pass bool
	}{
		{`exception throttlingException {"message":"slow down"}`, llmstream.APIError{Message: "slow down", Type: "throttlingException"}, true},
		{`exception internalServerException {}`, llmstream.APIError{Message: "{}", Type: "internalServerException"}, true},
		{`exception validationException {"message":"bad"}`, llmstream.APIError{Message: "bad", Type: "validationException"}, false},
		{`exception validationException {"message":`, llmstream.APIError{Message: `{"message":`, Type: "validationException"}, false},
		{`exception validationException`, llmstream.APIError{Type: "validationException"}, false},
		{`exception modelStreamErrorException {"message":"m","originalStatusCode":424}`, llmstream.APIError{Message: "m", Type: "modelStreamErrorException", Status: 424}, true},
		{`error 400 no good`, llmstream.APIError{Message: "no good", Code: "400", Status: 400}, false},
		{`error InternalError broken`, llmstream.APIError{Message: "broken", Code: "InternalError"}, false},
	} {
		body := framed(saysHi, c.line)
		for _, d := range []llmstream.Dialect{llmstream.Bedrock, llmstream.Auto, llmstream.AnthropicMessages} {
			p := llmstream.NewParser(d, nil, nil)
			if d == llmstream.AnthropicMessages {
				body = framed(c.line)
			}
			p.Write([]byte(body))
			var e *llmstream.APIError
			require.True(t, errors.As(p.Close(), &e), c.line)
			require.Equal(t, c.pass, e.Retryable(), c.line)
			require.Equal(t, d != llmstream.AnthropicMessages, e.Delivered)
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
		_, o := streamtest.Push(llmstream.Bedrock, nil, rawFrame(headers, payload))
		require.NotNil(t, o.APIError)
		require.Equal(t, []string{want, "400"}, []string{o.APIError.Message, o.APIError.Code})
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
		_, o := streamtest.Push(llmstream.Auto, &llmstream.Options{MaxChoices: 1}, framed(`chunk {"outputs":[{"text":"x","index":1}]}`, event))
		var limit *llmstream.LimitError
		require.ErrorAs(t, o.Err(), &limit, event)
		require.Equal(t, "MaxChoices", limit.Limit)
		require.Len(t, o.Choices, 1)
	}
}

// A text whose index is none has its place in the list.
func TestModelsTextIndexes(t *testing.T) {
	for index, want := range map[string]int{"3": 3, "-1": 0} {
		_, o := streamtest.Push(llmstream.Bedrock, nil, framed(`chunk {"outputs":[{"text":"x","index":`+index+`}]}`))
		require.Len(t, o.Choices, 1)
		require.Equal(t, want, o.Choices[0].Index)
	}
}

// A choice whose index is none has no finish reason either.
func TestModelsChoiceIndexes(t *testing.T) {
	for _, index := range []string{"-1", "-2", `"x"`, "{}"} {
		var a llmstream.Accumulator
		p := llmstream.NewParser(llmstream.Bedrock, &a, nil)
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
		want  streamtest.Lines
	}{
		{[]string{`event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"hi"},"messageStop":"x"}`}, streamtest.Lines{"content hi"}},
		{[]string{saysHi, `event metadata {"messageStop":{"stopReason":"end_turn"}}`, tellsUsage}, streamtest.Lines{"content hi", "finish stop(end_turn)", "usage in=1 out=2 total=3", "done"}},
		{[]string{`event Other {"output":{"x":1}}`, saysHi}, streamtest.Lines{"other", "content hi"}},
		{[]string{`event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"hi"},"message":"x","error":{"message":"no"}}`}, streamtest.Lines{"content hi"}},
		{[]string{`event contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{}}}`}, streamtest.Lines{"other"}},
		{[]string{`event metadata {"usage":{"cacheReadInputTokens":1,"cacheReadInputTokenCount":2,"cacheWriteInputTokens":3,"cacheWriteInputTokenCount":4}}`}, streamtest.Lines{"usage cached=1 written=3"}},
		{[]string{`event metadata {"usage":{"cacheReadInputTokenCount":2,"cacheReadInputTokens":1}}`}, streamtest.Lines{"usage cached=1"}},
		{[]string{`chunk {"other":1}`, `event chunk {"bytes":""}`}, streamtest.Lines{"other", "other"}},
		{[]string{`chunk {"outputText":"x","completionReason":"FINISH","amazon-bedrock-invocationMetric\u0073":{"inputTokenCount":1}}`}, streamtest.Lines{"content x", "finish stop(FINISH)", "usage in=1", "done"}},
	} {
		l, o := streamtest.Push(llmstream.Bedrock, nil, framed(c.lines...))
		require.Equal(t, c.want, l)
		require.NotEqual(t, llmstream.StateError, o.State)
	}
	_, o := streamtest.Push(llmstream.Bedrock, nil, framed(`event Other {"output":{"x":1}}`))
	require.Empty(t, o.Choices)
}

// What Converse answers in place of a stream: its calls are whole, and its finish reason
// is of no part.
func TestConverseAnswersAsAWhole(t *testing.T) {
	var got []string
	p := llmstream.NewParser(llmstream.Bedrock, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		got = append(got, fmt.Sprintf("%d %s", d.Part, streamtest.Describe(d)))
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
		var a llmstream.Accumulator
		p := llmstream.NewParser(llmstream.Bedrock, &a, nil)
		p.Write([]byte(framed(how+second, how+first)))
		require.Equal(t, want, string(a.AppendText(nil, 0)), how)
	}
}

// Events are carried in frames alone: elsewhere one of that type is like any other.
func TestOnlyFramesCarryEvents(t *testing.T) {
	l, _ := streamtest.Push(llmstream.Bedrock, nil, "event: chunk\ndata: {\"bytes\":\"eyJvdXRwdXRUZXh0IjoiaGkifQ==\"}\n\n")
	require.Equal(t, streamtest.Lines{"other"}, l)
	l, _ = streamtest.Push(llmstream.Bedrock, nil, framed(`event chunk {"bytes":"eyJvdXRwdXRUZXh0IjoiaGkifQ=="}`))
	require.Equal(t, streamtest.Lines{"content hi"}, l)
}

var framed, rawFrame = testkit.Framed, testkit.RawFrame

const (
	saysHi     = `event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"hi"}}`
	endsTurn   = `event messageStop {"stopReason":"end_turn"}`
	tellsUsage = `event metadata {"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}`
)

var errBoom = errors.New("boom")
