package proof

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// The conformance vectors come from the tests of other libraries. They are not
// part of the repository; LLMSTREAM_CONFORMANCE names their folder.

// answerVector is a stream of a dialect and what a peer makes of it.
type answerVector struct {
	ID, Framing, Input string
	Asserted           []string
	Choice             int
	Expect             struct {
		Content, Reasoning, Refusal string
		ToolCalls                   []struct{ ID, Name, Arguments string } `json:"tool_calls"`
		FinishReason                *string                                `json:"finish_reason"`
		Usage                       map[string]any
		Error                       bool
		ID, Model                   *string
	}
}

// chatExceptions are the vectors, or members of vectors, in which the rules of
// this library differ from the peer's, and why.
var chatExceptions = map[string]string{
	"vercel-xai-reasoning-models-should-deduplicate-repetitive-reasoning-deltas/reasoning": "equal deltas are not dropped: text may repeat itself (R-08)",

	"vercel-openai-should-stream-text-deltas/content":                     byIndex,
	"vercel-openai-reasoning-models-should-stream-text-delta/content":     byIndex,
	"vercel-openai-reasoning-models-should-send-reasoning-tokens/content": byIndex,
	"vercel-oa-annotations/content":                                       byIndex,

	"vercel-oc-done-no-finish/error":   "the end marker without an open tool call is an end (contract 7)",
	"node-no-finish/error":             "the end marker without an open tool call is an end (contract 7)",
	"node-audio-expires/finish_reason": "a finish reason is what the provider says, and this one says nothing",
	"vercel-oc-tool-no-name/error":     "a call without a name is delivered as it came (T-19)",
	"node-role-user/error":             "any role is delivered as it came (J-12)",

	"oaigo-accumulator-tools/usage": "usage is never summed (U-04)",
	"litellm-split-usage/usage":     "a number that is reported wins, zero too (contract 8)",

	"oaigo-bad-index-choice-1/content":         keptBeside,
	"oaigo-bad-index-choice-max-int64/content": keptBeside,
	"oaigo-bad-index-tool-2/content":           keptBeside,
	"oaigo-bad-index-tool-max-int64/content":   keptBeside,
	"oaigo-bad-index-choice-128/content":       identifier,
	"oaigo-bad-index-choice-128/error":         identifier,
	"oaigo-bad-index-tool-sparse-128/content":  identifier,
	"oaigo-bad-index-tool-sparse-128/error":    identifier,
	"node-bad-tool-index-string-0/error":       "an index written as a string is one (J-02)",
	"node-bad-tool-index-string-0/tool_calls":  "an index written as a string is one (J-02)",

	"node-done-exact-no-space/error":    noAnswer,
	"node-done-exact-crlf/error":        noAnswer,
	"node-done-exact-named-event/error": noAnswer,
	"node-error-after-done/error":       noAnswer,
	"litellm-all-empty-choices/error":   noAnswer,

	"goai-299-blank-lines/error":   "blank lines are free (WHATWG)",
	"goai-299-blank-lines/content": "blank lines are free (WHATWG)",

	"lcgo-reasoning-func/error":          "neither a finish reason nor an end marker came (contract 7)",
	"litellm-interleaved-300/error":      openAtEnd,
	"litellm-interleaved-300/tool_calls": "arguments are delivered as they came: empty (T-11)",
	"litellm-40-tools/error":             openAtEnd,
	"litellm-custom-tool/error":          openAtEnd,
	"litellm-custom-tool-no-type/error":  openAtEnd,
}

const (
	byIndex    = "choices are told apart by their index, not their place (C-15)"
	keptBeside = "what stands beside the broken part of a chunk is kept"
	identifier = "an index is an identifier: any that fits in 32 bits will do (C-16)"
	noAnswer   = "a stream without any choice is empty, which is no success (E-12)"
	openAtEnd  = "there is no finish reason, and the arguments are not whole: the call is open (contract 7)"
)

func TestConformanceChat(t *testing.T) {
	testVectors(t, "chat.json", llmstream.OpenAIChat, chatExceptions)
}

func TestConformanceAnthropic(t *testing.T) {
	testVectors(t, "anthropic.json", llmstream.AnthropicMessages, anthropicExceptions)
}

// anthropicExceptions are as chatExceptions.
var anthropicExceptions = map[string]string{
	"go-empty/error": bare,

	"py-fallback/model":       firstModel,
	"go-fallback-model/model": firstModel,
	"vercel-spliced-start/id": "the first id stays (C-04); that another message begins is damage (A-11)",

	"ts-bad-tool-json/error":   "arguments are text: that they are no JSON is a mark on the call, and no fault of the stream (T-19)",
	"go-delta-unknown/content": "what its block has not announced is text all the same (A-04)",
	"envoy-tool-cut/error":     notFinished,
	"envoy-thinking/error":     notFinished,

	"vercel-json-schema-response-format-unsupported-model-should-stream-the-response/content":           jsonTool,
	"vercel-json-schema-response-format-unsupported-model-should-stream-the-response/tool_calls":        jsonTool,
	"vercel-json-schema-response-format-with-text-content-prefix-should-stream-the-response/content":    jsonTool,
	"vercel-json-schema-response-format-with-text-content-prefix-should-stream-the-response/tool_calls": jsonTool,

	"vercel-function-tool-should-support-tools-with-empty-parameters-in-streaming/tool_calls": "arguments are delivered as they came: empty (T-11)",

	"vercel-refusal/error":  gatewayDone,
	"vercel-fallback/error": gatewayDone,
}

const (
	firstModel  = "the first model stays (C-05)"
	notFinished = "neither a stop reason nor the end marker came (contract 7)"
	jsonTool    = "the peer's own tool for JSON answers is a tool like any other here"
	gatewayDone = "an empty event and a gateway's [DONE] after the end are no damage (F-22)"
)

// testVectors compares a dialect with the vectors of a file. Exceptions are members of
// vectors, each with the reason why it differs.
func testVectors(t *testing.T, file string, d llmstream.Dialect, exceptions map[string]string) {
	var vectors []answerVector
	require.NoError(t, json.Unmarshal(testkit.File(t, "LLMSTREAM_CONFORMANCE", file), &vectors))
	require.NotEmpty(t, vectors)
	used := map[string]bool{}
	for _, v := range vectors {
		t.Run(v.ID, func(t *testing.T) {
			for _, as := range []llmstream.Dialect{d, llmstream.Auto} {
				var a llmstream.Accumulator
				p := llmstream.NewParser(as, &a, nil)
				p.Write([]byte(v.Input))
				p.Close()
				for _, differs := range v.differences(a.Completion(), p.Outcome()) {
					member, _, _ := strings.Cut(differs, ":")
					key := v.ID + "/" + member
					if exceptions[key] == "" {
						t.Error(as, differs)
					}
					used[key] = true
				}
			}
		})
	}
	for key := range exceptions {
		if !used[key] {
			t.Errorf("the exception %s does not occur any more", key)
		}
	}
}

// differences returns the members in which the vector and an answer differ.
func (v *answerVector) differences(got *llmstream.Completion, o llmstream.Outcome) (differences []string) {
	differ := func(member string, want, got any) {
		if fmt.Sprint(want) != fmt.Sprint(got) {
			differences = append(differences, fmt.Sprintf("%s: %v, not %v", member, got, want))
		}
	}
	var c llmstream.Choice
	for _, choice := range got.Choices {
		if choice.Index == v.Choice {
			c = choice
		}
	}
	e := &v.Expect
	if slices.Contains(v.Asserted, "id") && e.ID != nil {
		differ("id", *e.ID, got.ID)
	}
	if slices.Contains(v.Asserted, "model") && e.Model != nil {
		differ("model", *e.Model, got.Model)
	}
	differ("error", e.Error, o.Err() != nil)
	differ("content", e.Content, c.Message.Content)
	differ("reasoning", e.Reasoning, c.Message.Reasoning)
	differ("refusal", e.Refusal, c.Message.Refusal)
	finish := ""
	if e.FinishReason != nil {
		finish = *e.FinishReason
	}
	differ("finish_reason", finish, c.NativeFinishReason)
	var want, calls []string
	for _, w := range e.ToolCalls {
		want = append(want, fmt.Sprintf("%q %q %q", w.ID, w.Name, w.Arguments))
	}
	for _, g := range c.Message.ToolCalls {
		if g.SyntheticID {
			g.ID = ""
		}
		calls = append(calls, fmt.Sprintf("%q %q %q", g.ID, g.Name, g.Arguments))
	}
	differ("tool_calls", want, calls)
	for name, n := range map[string]int64{
		"prompt_tokens": got.Usage.Input, "completion_tokens": got.Usage.Output, "total_tokens": got.Usage.Total,
		"cached_tokens": got.Usage.Cached, "reasoning_tokens": got.Usage.Reasoning,
		"input_tokens": got.Usage.Input, "output_tokens": got.Usage.Output,
		"cache_read_input_tokens": got.Usage.Cached, "cache_creation_input_tokens": got.Usage.CacheWrite,
	} {
		if want, ok := e.Usage[name].(float64); ok {
			differ("usage", int64(want), n)
		}
	}
	return differences
}

type geminiVector struct {
	ID, Input string
	Expect    struct {
		Content, Reasoning string
		ToolCalls          []struct{ ID, Name, Arguments string } `json:"tool_calls"`
		FinishReason       *string                                `json:"finish_reason"`
		BlockReason        string                                 `json:"block_reason"`
		Usage              map[string]any
		Error              bool
		ErrorKind          string `json:"error_kind"`
		Chunks             *int64
	}
}

// geminiExceptions are as chatExceptions.
var geminiExceptions = map[string]string{
	"gogenai-pretty/error":           noDataLines,
	"gogenai-pretty/content":         noDataLines,
	"gogenai-pretty/finish_reason":   noDataLines,
	"gogenai-pretty/chunks":          noDataLines,
	"gogenai-two-candidates/content": noDataLines,
	"gogenai-two-candidates/chunks":  noDataLines,

	"vercel-prompt-feedback/block_reason": "a block counts only where no answer has begun (G-19)",

	"gogenai-bad-json/chunks":          "an event that cannot be read is counted too (contract 6)",
	"pygenai-error-after-chunk/chunks": "an error after an answer's beginning is an event of the body",
}

const bare = "a message that begins and ends with nothing in it is no answer (E-17)"

const noDataLines = "lines that do not begin with data: are no data of the event before them (WHATWG), and no server writes them"

func TestConformanceGemini(t *testing.T) {
	var vectors []geminiVector
	require.NoError(t, json.Unmarshal(testkit.File(t, "LLMSTREAM_CONFORMANCE", "gemini.json"), &vectors))
	require.NotEmpty(t, vectors)
	used := map[string]bool{}
	for _, v := range vectors {
		t.Run(v.ID, func(t *testing.T) {
			var a llmstream.Accumulator
			p := llmstream.NewParser(llmstream.Gemini, &a, nil)
			p.Write([]byte(v.Input))
			p.Close()
			for _, d := range geminiDifferences(&v, a.Completion(), p.Outcome()) {
				member, _, _ := strings.Cut(d, ":")
				key := v.ID + "/" + member
				if geminiExceptions[key] == "" {
					t.Error(d)
				}
				used[key] = true
			}
		})
	}
	for key := range geminiExceptions {
		if !used[key] {
			t.Errorf("the exception %s does not occur any more", key)
		}
	}
}

func geminiDifferences(v *geminiVector, got *llmstream.Completion, o llmstream.Outcome) (differences []string) {
	differ := func(member string, want, got any) {
		if fmt.Sprint(want) != fmt.Sprint(got) {
			differences = append(differences, fmt.Sprintf("%s: %v, not %v", member, got, want))
		}
	}
	var c llmstream.Choice
	if len(got.Choices) > 0 {
		c = got.Choices[0]
	}
	e := &v.Expect
	switch {
	case e.ErrorKind == "api_error":
		differ("error", llmstream.StateError, o.State)
	case e.Error:
		differ("error", true, o.Err() != nil)
	case e.FinishReason != nil || e.BlockReason != "":
		differ("error", nil, o.Err())
	}
	differ("content", e.Content, c.Message.Content)
	differ("reasoning", e.Reasoning, c.Message.Reasoning)
	differ("block_reason", e.BlockReason, got.BlockReason)
	finish := ""
	if e.FinishReason != nil {
		finish = *e.FinishReason
	}
	differ("finish_reason", finish, c.NativeFinishReason)
	if finish == "STOP" && len(c.Message.ToolCalls) > 0 { // G-06
		differ("finish_reason", llmstream.FinishToolCalls, c.FinishReason)
	}
	if e.Chunks != nil {
		differ("chunks", *e.Chunks, o.Events)
	}
	differ("tool_calls", len(e.ToolCalls), len(c.Message.ToolCalls))
	for i, call := range c.Message.ToolCalls {
		if i >= len(e.ToolCalls) {
			break
		}
		if call.SyntheticID {
			call.ID = ""
		}
		w := e.ToolCalls[i]
		differ("tool_calls", w.ID+" "+w.Name, call.ID+" "+call.Name)
		if !sameJSON(w.Arguments, call.Arguments) {
			differ("tool_calls", w.Arguments, call.Arguments)
		}
		if !call.ArgumentsValid {
			differ("tool_calls", "valid", call.Arguments)
		}
	}
	for name, n := range map[string]int64{
		"promptTokenCount": got.Usage.Input, "candidatesTokenCount": got.Usage.Output, "totalTokenCount": got.Usage.Total,
		"thoughtsTokenCount": got.Usage.Reasoning, "cachedContentTokenCount": got.Usage.Cached,
	} {
		if want, ok := e.Usage[name].(float64); ok {
			differ("usage", int64(want), n)
		}
	}
	return differences
}
