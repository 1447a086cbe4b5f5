package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDeltas(t *testing.T) {
	for _, c := range []struct {
		name, input string
		want        result
	}{
		{"whole", wholeStream, result{0, `{"source":"-","event_index":0,"kind":"start","choice":-1,"start":{"id":"c1","model":"m","created":7}}
{"source":"-","event_index":0,"kind":"start","choice":0,"start":{"role":"assistant"}}
{"source":"-","event_index":0,"kind":"content","choice":0,"text":"a < b"}
{"source":"-","event_index":1,"kind":"content","choice":0,"text":" && c\\u003c"}
{"source":"-","event_index":1,"kind":"finish","choice":0,"finish_reason":"stop","native_finish_reason":"stop"}
{"source":"-","event_index":2,"kind":"usage","choice":-1,"usage":{"input":3,"output":0,"total":3,"raw":{"prompt_tokens":3,"completion_tokens":0,"total_tokens":3}}}
{"source":"-","event_index":3,"kind":"done","choice":-1}
`, ""}},
		{"cut", cutStream, result{1, `{"source":"-","event_index":0,"kind":"start","choice":-1,"start":{"id":"c2","model":"m"}}
{"source":"-","event_index":0,"kind":"tool_call","choice":0,"tool_call":{"index":0,"id":"t1","name":"weather","type":"function","arguments":"{\"a\":"}}
`, "llmstream: -: stream ended before the answer was complete\n"}},
		{"failed", failedStream, result{1, `{"source":"-","event_index":0,"kind":"start","choice":-1,"start":{"id":"c4","model":"m"}}
{"source":"-","event_index":0,"kind":"content","choice":0,"text":"hi"}
{"source":"-","event_index":1,"kind":"error","choice":-1,"error":{"message":"too\nmany","type":"rate_limit_error","code":"429","status":429,"delivered":true,"retryable":true}}
`, "llmstream: -: the provider reported an error rate_limit_error 429: too; many\n"}},
		{"other", "event: greeting\ndata: {\"x\":NaN}\n\n", result{1,
			`{"source":"-","event_index":0,"kind":"other","choice":-1,"event":"greeting","raw":"{\"x\":NaN}"}` + "\n",
			"llmstream: -: the body is not a stream of events; the dialect of the stream is not known\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, runWith(t, c.input, "deltas", "-"))
			require.Equal(t, c.want, runWith(t, c.input, "deltas", "-read", "1", "-"))
		})
	}
}

func TestDeltasReportDamage(t *testing.T) {
	got := runWith(t, malformedStream, "deltas", "-")
	require.Equal(t, 1, got.status)
	require.Contains(t, got.stdout, `"kind":"malformed","choice":-1,"damage":"cannot read event 2`)
	require.Contains(t, got.stdout, `"raw":"{\"id\":\"c3\",]"`)
	require.Contains(t, got.stderr, "cannot read event 2")
}

func TestDeltasOfEachKind(t *testing.T) {
	for member, want := range map[string]string{
		`"delta":{"refusal":"no"}`:          `"kind":"refusal","choice":0,"text":"no"`,
		`"delta":{"reasoning_content":"?"}`: `"kind":"reasoning","choice":0,"text":"?"`,
		`"delta":{"reasoning_details":[{"type":"reasoning.text","index":0,"text":"?"}]}`: `"text":"?","detail":{"index":0,"type":"reasoning.text","text":"?"}`,
		`"delta":{"content":"x"},"logprobs":{"content":[{"token":"x"}]}`:                 `"kind":"logprobs","choice":0,"value":{"content":[{"token":"x"}]}`,
		`"delta":{"annotations":[{"type":"url"}]}`:                                       `"kind":"annotation","choice":0,"value":{"type":"url"}`,
	} {
		input := `data: {"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,` + member + "}]}\n\ndata: [DONE]\n\n"
		require.Contains(t, runWith(t, input, "deltas", "-").stdout, want)
	}
}

func TestDeltasReportTheEndOfToolCalls(t *testing.T) {
	require.Contains(t, runWith(t, "", "deltas", cassettePath).stdout,
		`"kind":"tool_call_end","choice":0,"tool_call":{"index":0,"arguments_valid":true}`)
}
