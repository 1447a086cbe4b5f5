package proof

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// The second set of vectors, from newer versions of other libraries and from more of
// them. LLMSTREAM_CONFORMANCE2 names its folder.

// bodyVector is a body of a dialect and what another library makes of it. Members that
// the other library's test says nothing about are left out.
type bodyVector struct {
	ID, Dialect string
	Input       []byte `json:"input_b64"`
	Expect      struct {
		Content, Reasoning, Refusal *string
		ToolCalls                   *[]bodyCall `json:"tool_calls"`
		FinishReason                *string     `json:"finish_reason"`
		Usage                       map[string]any
		Error                       any             // true, false or what is wrong
		ErrorMessage                json.RawMessage `json:"error_message"`
		Damaged                     *bool           // set where frames are tested and not their payloads
	}
}

// bodyCall is a tool call of a vector. Calls of a tool of the provider's own are items
// here, and none of the caller's functions.
type bodyCall struct {
	ID, Name, Arguments string
	Provider            bool
}

// bodyFiles are the files of the second set.
var bodyFiles = []string{"chat.json", "responses.json", "anthropic.json", "gemini.json", "cohere.json", "bedrock.json"}

func TestConformance2(t *testing.T) {
	used := map[string]bool{}
	for _, file := range bodyFiles {
		var vectors []bodyVector
		require.NoError(t, json.Unmarshal(testkit.File(t, "LLMSTREAM_CONFORMANCE2", file), &vectors))
		require.NotEmpty(t, vectors)
		for _, v := range vectors {
			if v.Expect.Damaged != nil {
				continue // see internal/wire
			}
			t.Run(file+"/"+v.ID, func(t *testing.T) {
				d, err := llmstream.ParseDialect(v.Dialect)
				require.NoError(t, err)
				got := readAlike(t, d, v.Input)
				for _, differs := range v.differences(got) {
					member, _, _ := strings.Cut(differs, ":")
					key := v.ID + "/" + member
					if bodyExceptions[key] == "" {
						t.Error(differs)
					}
					used[key] = true
				}
			})
		}
	}
	for key := range bodyExceptions {
		if !used[key] {
			t.Errorf("the exception %s does not occur any more", key)
		}
	}
}

// readAlike reads a body whole, byte by byte, folded and without the fast path, which
// must all give the same.
func readAlike(t *testing.T, d llmstream.Dialect, body []byte) reading {
	t.Helper()
	every := make([]int, 0, len(body))
	for i := 1; i < len(body); i++ {
		every = append(every, i)
	}
	whole := read(d, nil, body)
	requireSame(t, whole, read(d, nil, body, every...), "byte by byte")
	requireSame(t, whole, read(d, &llmstream.Options{NoFastPath: true}, body), "without the fast path")
	folded := whole
	folded.Deltas = nil
	requireSame(t, folded, streamtest.ReadFolded(d, nil, body), "folded")
	return whole
}

// differences returns in which members the vector and a reading differ.
func (v *bodyVector) differences(got reading) (differences []string) {
	differ := func(member string, want, got any) {
		if fmt.Sprint(want) != fmt.Sprint(got) {
			differences = append(differences, fmt.Sprintf("%s: %v, not %v", member, got, want))
		}
	}
	var c llmstream.Choice
	if len(got.Completion.Choices) > 0 {
		c = got.Completion.Choices[0]
	}
	e, o := &v.Expect, got.Outcome
	for _, text := range []struct {
		member string
		want   *string
		got    string
	}{
		{"content", e.Content, c.Message.Content}, {"reasoning", e.Reasoning, c.Message.Reasoning},
		{"refusal", e.Refusal, c.Message.Refusal}, {"finish_reason", e.FinishReason, c.NativeFinishReason},
	} {
		if text.want != nil {
			differ(text.member, *text.want, text.got)
		}
	}
	if e.Error != nil {
		differ("error", e.Error != false, o.Err() != nil)
	}
	if want := messageOf(e.ErrorMessage); want != "" && o.APIError != nil {
		differ("error_message", want, o.APIError.Message)
	}
	differences = append(differences, v.callDifferences(c.Message.ToolCalls)...)
	raw, ok := e.Usage["raw"].(map[string]any)
	if !ok {
		raw = e.Usage
	}
	u := got.Completion.Usage
	for name, n := range map[string]int64{
		"prompt_tokens": u.Input, "completion_tokens": u.Output, "total_tokens": u.Total,
		"input_tokens": u.Input, "output_tokens": u.Output, "cache_read_input_tokens": u.Cached, "cache_creation_input_tokens": u.CacheWrite,
		"promptTokenCount": u.Input, "candidatesTokenCount": u.Output, "totalTokenCount": u.Total, "thoughtsTokenCount": u.Reasoning, "cachedContentTokenCount": u.Cached,
		"total_input_tokens": u.Input, "total_output_tokens": u.Output,
	} {
		if want, ok := raw[name].(float64); ok {
			differ("usage", fmt.Sprint(name, "=", int64(want)), fmt.Sprint(name, "=", n))
		}
	}
	return differences
}

// messageOf returns the message of an error, which a vector has as a text or as the JSON
// of an object in a text.
func messageOf(raw json.RawMessage) (message string) {
	if json.Unmarshal(raw, &message) != nil {
		return ""
	}
	var object struct{ Message string }
	if json.Unmarshal([]byte(message), &object) == nil {
		return object.Message
	}
	return message
}

// callDifferences compares the calls of functions. Where a vector has no ids, its test
// says nothing about them.
func (v *bodyVector) callDifferences(got []llmstream.ToolCall) (differences []string) {
	if v.Expect.ToolCalls == nil {
		return nil
	}
	var want, calls []string
	for _, w := range *v.Expect.ToolCalls {
		if w.Provider {
			continue
		}
		if i := len(want); i < len(got) {
			if w.ID == "" || got[i].SyntheticID {
				w.ID = got[i].ID
			}
			if sameJSON(w.Arguments, got[i].Arguments) { // written anew by the other library
				w.Arguments = got[i].Arguments
			}
		}
		want = append(want, fmt.Sprintf("%q %q %q", w.ID, w.Name, w.Arguments))
	}
	for _, g := range got {
		calls = append(calls, fmt.Sprintf("%q %q %q", g.ID, g.Name, g.Arguments))
	}
	if fmt.Sprint(want) != fmt.Sprint(calls) {
		return []string{fmt.Sprintf("tool_calls: %v, not %v", calls, want)}
	}
	return nil
}

// bodyExceptions are as chatExceptions.
var bodyExceptions = map[string]string{
	"vercel-openai-compatible-dostream-should-handle-error-stream-parts/error_message":                           "the vector has the beginning of the message",
	"vercel-huggingface-huggingfaceresponseslanguagemodel-dostream-should-handle-streaming-errors/error_message": "the message is that of the other library's parser",

	"vercel-openai-citation-types-phase-should-include-phase-in-provider-metadata-for-streamed-message-items/content": wholeCounts,
	"effect-emits-tool-call-from-function-call-arguments-done-when-output-item-done-is-missing-28/tool_calls":         "the pieces break off, and the whole arguments count (O-17)",

	"oaigo-reconstruct-explicit_nonempty_output_wins/content": deliveredOnce,
	"oaigo-reconstruct-explicit_nonempty_output_wins/refusal": deliveredOnce,
}

const deliveredOnce = "a text that was delivered is not taken back for another in the last event (O-06)"
