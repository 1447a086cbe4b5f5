package encode_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// sample has something of everything.
func sample() []llmstream.Delta {
	return []llmstream.Delta{
		begin("x1", "m"), role(0), reasoning("hm"), content("one\ntwo\r\"\\\t\x01 é 😀"), call(0, "c1", "f", "{\"a\":"), call(0, "", "", "\"\\n\"}"),
		callEnd(0, true), finish(llmstream.FinishToolCalls, "tool_calls"), usage(llmstream.Usage{Input: 3, Output: 2}), done(),
	}
}

// eachTarget runs a test for each of the four.
func eachTarget(t *testing.T, do func(*testing.T, llmstream.Dialect)) {
	for _, to := range targets {
		t.Run(to.String(), func(t *testing.T) { do(t, to) })
	}
}

// WG-2, WG-3, WG-4, WG-5, WG-6: framing and JSON; see valid.
func TestWG2To6Framing(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		_, b := written(t, to, options(), sample()...)
		require.NoError(t, valid(to, b.String()))
		for _, never := range []string{"\r", "\ufeff", "id: ", "retry: ", `"error":null`, `"error":{}`} {
			require.NotContains(t, b.String(), never)
		}
		c, _ := read(to, []byte(b.String()))
		require.Equal(t, "one\ntwo\r\"\\\t\x01 é 😀", c.Choices[0].Message.Content)
	})
}

// WG-2, WG-6: JSON of a provider's has no line ends when it is written, and what is not
// strict is left out.
func TestWG6ProvidersJSON(t *testing.T) {
	item := func(v string) llmstream.Delta {
		d := value(llmstream.KindItem, v)
		d.Event = []byte("content_block_start")
		return d
	}
	require.Contains(t, anthropic(t, nil, item("{\"type\":\"x\",\r\n \"a\": \"\\u00e9\\\\ud83d\\ud83d\\ude00\"}"), stop()),
		block(0, `{"type":"x", "a": "\u00e9\\ud83d\ud83d\ude00"}`))
	for _, bad := range []string{`{"type":"x","a":NaN}`, `{"type":"x","a":"\ud83d"}`, `{"type":"x","a":"\ude00"}`, `{"type":"x","a":"\ud83d\u0041"}`, "{\"type\":\"x\",\"a\":\"\xff\"}", `{"type":"x"`} {
		_, lost := answer(t, llmstream.AnthropicMessages, nil, item(bad), stop())
		require.Equal(t, int64(1), lost.Items, bad)
	}
}

// WG-6: a character that the source cut between two deltas is written whole; one that never
// becomes whole is U+FFFD.
func TestWG6CutCharacters(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		const text = "aé渐😀"
		for cut := range len(text) {
			e, b := written(t, to, nil, append([]llmstream.Delta{begin("x1", "m")}, cutDeltas(text, cut)...)...)
			require.NoError(t, e.Close(complete))
			require.NoError(t, valid(to, b.String()))
			require.NotContains(t, b.String(), "\uFFFD")
			c, _ := read(to, []byte(b.String()))
			require.Equal(t, text, c.Choices[0].Message.Content)
			require.Equal(t, `{"a":"`+text+`"}`, c.Choices[0].Message.ToolCalls[0].Arguments)
		}
		e, b := written(t, to, nil, begin("x1", "m"), content("a\xf0\x9f"), reasoning("\xff\xe6\xb8"), call(0, "c", "f", "\"\xc3"), callEnd(0, false), stop())
		require.NoError(t, e.Close(complete))
		require.NoError(t, valid(to, b.String()))
		c, _ := read(to, []byte(b.String()))
		require.Contains(t, c.Choices[0].Message.Content, "a")
		require.Equal(t, 2, strings.Count(c.Choices[0].Message.Content, "\uFFFD"))
	})
}

// cutDeltas are a text and a call's arguments that are cut at a byte.
func cutDeltas(text string, cut int) (all []llmstream.Delta) {
	for _, d := range []llmstream.Delta{
		content(text[:cut]), content(text[cut:]),
		call(0, "c", "f", `{"a":"`+text[:cut]), call(0, "", "", text[cut:]+`"}`), callEnd(0, true), stop(),
	} {
		if d.Kind != llmstream.KindContent || len(d.Text) > 0 {
			all = append(all, d)
		}
	}
	return all
}

// WG-7: nothing follows the end, or an error.
func TestWG7NothingAfterTheEnd(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		e, b := written(t, to, options(), sample()...)
		ended := b.String()
		for _, d := range append(sample(), failed(errors.New("x"))) {
			require.NoError(t, e.HandleDelta(&d))
		}
		require.NoError(t, e.Ping())
		require.NoError(t, e.Error(errors.New("x")))
		require.NoError(t, e.Close(llmstream.Outcome{State: llmstream.StateTruncated}))
		require.Equal(t, ended, b.String())
		require.Equal(t, int64(5), e.Lost().AfterEnd)

		e, b = written(t, to, options(), begin("x1", "m"), content("a"))
		require.NoError(t, e.Error(errors.New("x")))
		ended = b.String()
		require.NoError(t, e.Error(errors.New("y")))
		require.NoError(t, e.Close(complete))
		require.Equal(t, ended, b.String())
	})
}

// WG-8: a source that was cut ends with an error, and so does one that was empty or
// something else; one that was stopped does not end at all.
func TestWG8NoInventedSuccess(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		for _, state := range []llmstream.State{llmstream.StateTruncated, llmstream.StateEmpty, llmstream.StateNotStream, llmstream.StateOpen} {
			e, b := written(t, to, options(), begin("x1", "m"), content("a"), stop())
			require.NoError(t, e.Close(llmstream.Outcome{State: state}))
			_, o := read(to, []byte(b.String()))
			require.Equal(t, llmstream.StateError, o.State, b.String())
			require.NoError(t, valid(to, b.String()))
		}
		e, b := written(t, to, options(), begin("x1", "m"), content("a"), stop())
		before := b.String()
		require.NoError(t, e.Close(llmstream.Outcome{State: llmstream.StateStopped}))
		require.Equal(t, before, b.String())
	})
}

// WG-8: the source's end marker is no end while a choice has no finish reason and a call is
// open.
func TestWG8EndMarkerWithOpenCalls(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		e, b := written(t, to, options(), begin("x1", "m"), call(0, "c1", "f", `{"a`), done())
		before := b.String()
		require.NoError(t, e.Close(llmstream.Outcome{State: llmstream.StateTruncated}))
		_, o := read(to, []byte(b.String()))
		require.Equal(t, llmstream.StateError, o.State)
		require.True(t, strings.HasPrefix(b.String(), before))

		_, b = written(t, to, options(), begin("x1", "m"), call(0, "c1", "f", `{}`), callEnd(0, true), done())
		c, o := read(to, []byte(b.String()))
		require.Equal(t, llmstream.StateComplete, o.State)
		require.Equal(t, llmstream.FinishToolCalls, c.Choices[0].FinishReason)
	})
}

// WG-9: the finish reason follows what was written.
func TestWG9FinishReason(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		for _, reason := range []llmstream.FinishReason{llmstream.FinishStop, llmstream.FinishToolCalls, llmstream.FinishFunctionCall, llmstream.FinishNone} {
			for calls, want := range []llmstream.FinishReason{llmstream.FinishStop, llmstream.FinishToolCalls} {
				deltas := []llmstream.Delta{begin("x1", "m"), content("a")}
				if calls > 0 {
					deltas = append(deltas, call(0, "c1", "f", "{}"), callEnd(0, true))
				}
				e, b := written(t, to, options(), append(deltas, finish(reason, "w"))...)
				require.NoError(t, e.Close(complete))
				c, _ := read(to, []byte(b.String()))
				require.Equal(t, want, c.Choices[0].FinishReason, "%v with %d calls", reason, calls)
			}
		}
	})
}

// WG-10: counts are written once, or set to the same meaning.
func TestWG10UsageOnce(t *testing.T) {
	for _, to := range []llmstream.Dialect{llmstream.OpenAIChat, llmstream.OpenAIResponses, llmstream.Gemini} {
		_, b := written(t, to, options(), begin("x1", "m"), usage(llmstream.Usage{Input: 1, Output: 1}), content("a"), usage(llmstream.Usage{Input: 3, Output: 2}), stop(), done())
		require.Equal(t, 1, strings.Count(b.String(), `"usage`), to)
	}
}

// WG-11: see WA-18; the other way round, the input of OpenAI and Gemini includes the cache.
func TestWG11CachedTokens(t *testing.T) {
	u := usage(llmstream.Usage{
		Input: 10, Output: 5, Cached: 3, CacheWrite: 2, CachedInInput: llmstream.TriNo,
		Reported: llmstream.UsageInput | llmstream.UsageOutput | llmstream.UsageCached | llmstream.UsageCacheWrite,
	})
	require.Contains(t, chat(t, options(), content("a"), stop(), u)[3],
		`"usage":{"prompt_tokens":15,"completion_tokens":5,"total_tokens":20,"prompt_tokens_details":{"cached_tokens":3,"cache_write_tokens":2}}`)
	require.Contains(t, gemini(t, nil, content("a"), stop(), u)[1], `"promptTokenCount":15,"cachedContentTokenCount":3`)
	u.Usage.CachedInInput = llmstream.TriUnknown
	require.Contains(t, chat(t, options(), content("a"), stop(), u)[3], `"prompt_tokens":10,`)
}

// WG-12, WG-13: the source's heartbeats and unknown events are its own affairs.
func TestWG12And13OtherEvents(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		_, plain := written(t, to, options(), sample()...)
		var deltas []llmstream.Delta
		for _, d := range sample() {
			ping := llmstream.Delta{Kind: llmstream.KindPing, Choice: -1, Raw: []byte(`{"type":"ping"}`)}
			other := llmstream.Delta{Kind: llmstream.KindOther, Choice: -1, Raw: []byte(`{"type":"codex.rate_limits"}`)}
			deltas = append(deltas, ping, other, d)
		}
		e, b := written(t, to, options(), deltas...)
		require.Equal(t, plain.String(), b.String())
		require.False(t, e.Lost().Any())
	})
}

// WG-14: a call without an ID gets one, which is the one of llmstream.ToolCall; an ID that
// comes late is waited for.
func TestWG14CallIDs(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		e, b := written(t, to, nil, begin("x1", "m"), ofChoice(0, call(0, "", "f", "{}")), call(1, "", "g", ""), callEnd(0, true),
			call(1, "late", "", ""), call(1, "", "", "{}"), callEnd(1, true), stop())
		require.NoError(t, e.Close(complete))
		c, _ := read(to, []byte(b.String()))
		require.Equal(t, []string{"call_x1_0_0", "late"}, []string{c.Choices[0].Message.ToolCalls[0].ID, c.Choices[0].Message.ToolCalls[1].ID})
	})
}

// WG-15: a call begins when its name is known, and not at all if it never is.
func TestWG15NameFirst(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		e, b := written(t, to, nil, begin("x1", "m"), call(0, "c1", "", `{"a"`), call(0, "", "f", ""), call(0, "", "", `:1}`), call(1, "c2", "", "{}"), callEnd(0, true), stop())
		require.NoError(t, e.Close(complete))
		require.NoError(t, valid(to, b.String()))
		c, _ := read(to, []byte(b.String()))
		require.Len(t, c.Choices[0].Message.ToolCalls, 1)
		require.Equal(t, `{"a":1}`, c.Choices[0].Message.ToolCalls[0].Arguments)
		require.Equal(t, int64(1), e.Lost().ToolCalls)
	})
}

// WG-16: see TestWA9NoArguments and TestWR8NoArguments.
func TestWG16ChatArguments(t *testing.T) {
	require.Contains(t, chat(t, nil, call(0, "c1", "f", ""), callEnd(0, true), stop()), chatCall(`0,"function":{"arguments":"{}"}`))
}

// WG-17, WG-18: one ID, one model, one time: the first, or what the options say.
func TestWG17And18Constant(t *testing.T) {
	second := begin("x2", "n")
	second.Start.Created = 9
	events := chat(t, options(), role(0), second, content("a"), stop(), usage(llmstream.Usage{Input: 1, Output: 1}))
	require.Len(t, events, 5)
	for _, e := range events[:4] {
		require.True(t, strings.HasPrefix(e, chatHead), e)
	}
	events = chat(t, &encode.Options{ID: "mine", Model: "alias"}, content("a"), stop())
	require.True(t, strings.HasPrefix(events[0], `{"id":"mine","object":"chat.completion.chunk","created":7,"model":"alias",`))

	o := &encode.Options{Now: func() time.Time { return time.Unix(5, 1) }}
	for to, want := range map[llmstream.Dialect]string{
		llmstream.OpenAIChat: `"id":"chatcmpl-`, llmstream.AnthropicMessages: `"id":"msg_`, llmstream.OpenAIResponses: `"id":"resp_`, llmstream.Gemini: `"responseId":"`,
	} {
		_, b := written(t, to, o, content("a"), stop(), done())
		require.Contains(t, b.String(), want+"2aovcox")
		require.NoError(t, valid(to, b.String()))
	}
	_, b := written(t, llmstream.OpenAIChat, o, content("a"))
	require.Contains(t, b.String(), `"created":5,`)
}
