package encode_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
	"github.com/seed-4d65deac/llmstream/testdata"
)

var targets = []llmstream.Dialect{llmstream.OpenAIChat, llmstream.AnthropicMessages, llmstream.OpenAIResponses, llmstream.Gemini}

// options are such that everything that a target can say is written, at a fixed time.
func options() *encode.Options {
	return &encode.Options{IncludeUsage: true, Now: func() time.Time { return time.Unix(1700000000, 0) }}
}

// A recording is a stream of testdata, or of a folder of recordings beside the repository.
type recording struct {
	name    string
	dialect llmstream.Dialect
	body    []byte
}

// recordings returns the streams of testdata.
func recordings(t testing.TB) (all []recording) {
	for d := llmstream.OpenAIChat; d.String() != "unknown"; d++ {
		entries, err := fs.ReadDir(testdata.FS, d.String())
		require.NoError(t, err)
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".want.json") {
				continue
			}
			name := path.Join(d.String(), e.Name())
			body, err := testdata.Body(name)
			require.NoError(t, err)
			all = append(all, recording{name, d, body})
		}
	}
	require.NotEmpty(t, all)
	return all
}

// folder returns the recordings that the manifest of a folder lists.
func folder(t testing.TB, variable string) (all []recording) {
	dir := os.Getenv(variable)
	if dir == "" {
		t.Skipf("%s is not set: its recordings are not tested", variable)
	}
	list, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	require.NoError(t, err)
	var manifest struct {
		Streams []struct{ Path string }
	}
	require.NoError(t, json.Unmarshal(list, &manifest))
	for _, s := range manifest.Streams {
		body, err := os.ReadFile(filepath.Join(dir, s.Path))
		require.NoError(t, err)
		if filepath.Ext(s.Path) == ".b64" {
			body, err = base64.StdEncoding.DecodeString(string(body))
			require.NoError(t, err)
		}
		all = append(all, recording{s.Path, llmstream.Auto, body})
	}
	require.NotEmpty(t, all)
	return all
}

// read folds a stream.
func read(d llmstream.Dialect, body []byte) (*llmstream.Completion, llmstream.Outcome) {
	var a llmstream.Accumulator
	p := llmstream.NewParser(d, &a, nil)
	p.Write(body)
	p.Close()
	return a.Completion(), p.Outcome()
}

// transcode writes a stream in another dialect.
func transcode(t testing.TB, from, to llmstream.Dialect, body []byte, o *encode.Options) (string, encode.Lost) {
	t.Helper()
	var out bytes.Buffer
	e, err := encode.New(&out, to, o)
	require.NoError(t, err)
	p := llmstream.NewParser(from, e, nil)
	p.Write(body)
	p.Close()
	require.NoError(t, e.Close(p.Outcome()))
	return out.String(), e.Lost()
}

// said is what a stream says, as far as each target can say it.
type said struct {
	State   string
	Choices []saidChoice
	Usage   string
	Blocked bool
}

type saidChoice struct {
	Content, Reasoning, Refusal string
	Calls                       []string
	Finish                      string
}

// usageOf gives the counts in one arithmetic: input with cache, output with reasoning.
// Where it is not known which the source follows, its numbers are as they came.
func usageOf(u llmstream.Usage) string {
	if u.Reported == 0 {
		return ""
	}
	in, out := u.Input, u.Output
	if u.CachedInInput == llmstream.TriNo {
		in += u.Cached + u.CacheWrite
	}
	if u.ReasoningInOutput == llmstream.TriNo {
		out += u.Reasoning
	}
	if in|out|u.Cached|u.Reasoning == 0 {
		return "" // some clients need a number, which is 0 where none is known
	}
	return fmt.Sprintf("in %d out %d cached %d reasoning %d", in, out, u.Cached, u.Reasoning)
}

func saidBy(c *llmstream.Completion, o llmstream.Outcome) said {
	s := said{State: o.State.String(), Usage: usageOf(c.Usage), Blocked: c.BlockReason != ""}
	for i := range c.Choices {
		m := &c.Choices[i].Message
		x := saidChoice{Content: m.Content, Reasoning: m.Reasoning, Refusal: m.Refusal, Finish: c.Choices[i].FinishReason.String()}
		for k := range m.ToolCalls {
			call := &m.ToolCalls[k]
			arguments := call.ArgumentsJSON()
			if call.Type == "custom" {
				arguments = call.Arguments
			}
			x.Calls = append(x.Calls, call.ID+" "+call.Name+" "+call.Type+" "+compact(arguments))
		}
		s.Choices = append(s.Choices, x)
	}
	return s
}

func TestRoundTrip(t *testing.T) { roundTrip(t, recordings(t)) }

func TestRoundTripOfCorpus(t *testing.T) { roundTrip(t, folder(t, "LLMSTREAM_CORPUS")) }

func TestRoundTripOfCorpus2(t *testing.T) { roundTrip(t, folder(t, "LLMSTREAM_CORPUS2")) }

// roundTrip writes each recording in each dialect and reads it again.
func roundTrip(t *testing.T, all []recording) {
	count, cut := 0, 0
	for _, r := range all {
		one := newOriginal(r)
		for _, to := range targets {
			count++
			if !one.returns(t, to) {
				cut++
			}
		}
	}
	t.Logf("%d streams × %d targets = %d, of which %d errors; all as expected", len(all), len(targets), count, cut)
}

// requireFailure: a source that was cut or failed never becomes an answer (WG-8). What
// came before is there, as far as it was not waiting for its turn.
func requireFailure(t testing.TB, want said, c *llmstream.Completion, o llmstream.Outcome, about string) {
	assert.Equal(t, "error", o.State.String(), about)
	for _, choice := range c.Choices {
		if o.Dialect != llmstream.OpenAIResponses { // whose word for it is "failed"
			assert.Equal(t, llmstream.FinishNone, choice.FinishReason, about)
		}
		some := false
		for _, w := range want.Choices {
			whole := w.Content + w.Refusal
			some = some || strings.HasPrefix(whole, choice.Message.Content) || len(choice.Message.Content) <= len(whole)
		}
		assert.True(t, some || choice.Message.Content == "", about)
	}
}

// loosen leaves in both what does not depend on the order of texts, nor on those that came
// after the end.
func loosen(want, got *said) {
	for _, s := range []*said{want, got} {
		for i := range s.Choices {
			s.Choices[i].Content, s.Choices[i].Reasoning, s.Choices[i].Refusal, s.Choices[i].Calls, s.Choices[i].Finish = "", "", "", nil, ""
		}
		s.Usage = ""
	}
}

// ignoreMadeIDs leaves out IDs that were made up of nothing that the source says.
func ignoreMadeIDs(all ...*said) {
	for _, s := range all {
		for i := range s.Choices {
			for k, call := range s.Choices[i].Calls {
				if strings.HasPrefix(call, "call_") {
					_, s.Choices[i].Calls[k], _ = strings.Cut(call, " ")
				}
			}
		}
	}
}

// expected is what the target can say of an answer.
func expected(c *llmstream.Completion, o llmstream.Outcome, to llmstream.Dialect, lost encode.Lost) said {
	s := saidBy(c, o)
	s.Usage = expectedUsage(c.Usage, to)
	if s.Blocked && to != llmstream.Gemini {
		s.Blocked = false
		s.Choices = []saidChoice{{Finish: "content_filter"}}
		return s
	}
	if len(s.Choices) == 0 && !s.Blocked {
		s.Choices = []saidChoice{{Finish: "stop"}}
	}
	if (to == llmstream.AnthropicMessages || to == llmstream.OpenAIResponses) && len(s.Choices) > 1 && lost.Choices > 0 {
		s.Choices = s.Choices[:1]
	}
	for i := range s.Choices {
		x := &s.Choices[i]
		var message *llmstream.Message
		if i < len(c.Choices) {
			message = &c.Choices[i].Message
		} else {
			message = new(llmstream.Message)
		}
		x.Calls = expectedCalls(message, to, lost)
		if to == llmstream.AnthropicMessages || to == llmstream.Gemini {
			if x.Refusal != "" && lost.Refusals > 0 {
				x.Content, x.Refusal = x.Content+x.Refusal, ""
				if x.Finish == "stop" && to == llmstream.AnthropicMessages {
					x.Finish = "content_filter"
				}
			}
		}
		x.Finish = expectedFinish(x, to, lost, message.Items)
	}
	return s
}

func expectedFinish(x *saidChoice, to llmstream.Dialect, lost encode.Lost, items []json.RawMessage) string {
	reason := x.Finish
	if reason == "unknown" && (lost.FinishReasons > 0 || to == llmstream.OpenAIResponses) {
		if to == llmstream.Gemini || to == llmstream.OpenAIChat {
			return map[llmstream.Dialect]string{llmstream.Gemini: "unknown", llmstream.OpenAIChat: "stop"}[to]
		}
		if reason = "stop"; to == llmstream.AnthropicMessages {
			return reason
		}
	}
	if to == llmstream.Gemini && lost.Arguments > 0 && reason != "length" {
		return "unknown" // MALFORMED_FUNCTION_CALL
	}
	switch reason {
	case "stop", "", "tool_calls", "function_call":
		// Responses have no word for it: items that the client has to run say so themselves.
		if len(x.Calls) > 0 || to == llmstream.OpenAIResponses && reason == "tool_calls" && waitForClient(items) {
			return "tool_calls"
		}
		return "stop"
	}
	return reason
}

// waitForClient reports whether one of the items of a Responses answer has to be run by the
// client: a call of such a type, whose output is not in the answer.
func waitForClient(items []json.RawMessage) bool {
	waiting := map[string]bool{}
	for _, text := range items {
		var item struct {
			ID, Type string
			CallID   string `json:"call_id"`
		}
		if json.Unmarshal(text, &item) != nil || item.ID == "" { // what has no ID is not written
			continue
		}
		switch item.Type {
		case "shell_call", "local_shell_call", "apply_patch_call", "computer_call":
			waiting[item.CallID] = true
		case "shell_call_output", "local_shell_call_output", "apply_patch_call_output", "computer_call_output":
			delete(waiting, item.CallID)
		}
	}
	return len(waiting) > 0
}

func expectedCalls(m *llmstream.Message, to llmstream.Dialect, lost encode.Lost) (calls []string) {
	for i := range m.ToolCalls {
		call := m.ToolCalls[i]
		arguments, typ := call.ArgumentsJSON(), call.Type
		switch {
		case call.Name == "" && lost.ToolCalls > 0:
			continue
		case typ == "custom":
			arguments = call.Arguments
			if to == llmstream.AnthropicMessages || to == llmstream.Gemini {
				var text bytes.Buffer
				toText := json.NewEncoder(&text)
				toText.SetEscapeHTML(false)
				_ = toText.Encode(map[string]string{"input": arguments})
				arguments, typ = text.String(), "function"
			}
		case to == llmstream.Gemini && lost.Arguments > 0 && !strings.HasPrefix(arguments, "{"):
			continue
		case to == llmstream.Gemini && lost.Arguments > 0 && !json.Valid([]byte(arguments)):
			continue
		}
		calls = append(calls, call.ID+" "+call.Name+" "+typ+" "+compact(arguments))
	}
	return calls
}

// compact gives JSON without the white space that it may have between its tokens.
func compact(arguments string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(arguments)) != nil {
		return arguments
	}
	return b.String()
}

// expectedUsage is usageOf, after what a target makes of counts whose arithmetic is not
// known.
func expectedUsage(u llmstream.Usage, to llmstream.Dialect) string {
	const details = llmstream.UsageCached | llmstream.UsageCacheWrite
	if to == llmstream.AnthropicMessages && u.Reported&details != 0 {
		if u.CachedInInput == llmstream.TriUnknown {
			u.CachedInInput = llmstream.TriNo
		} else if u.CachedInInput == llmstream.TriYes {
			u.Input = max(u.Input, u.Cached+u.CacheWrite)
		}
	}
	contradicts := u.ReasoningInOutput == llmstream.TriYes && u.Reasoning > u.Output
	if to == llmstream.Gemini && (u.ReasoningInOutput == llmstream.TriUnknown || contradicts) {
		u.ReasoningInOutput = llmstream.TriNo
	}
	return usageOf(u)
}
