package proof

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// responsesVector is a vector of OpenAI's Responses.
type responsesVector struct {
	answerVector
	Final *string           `json:"-"` // the text of the response at the end
	Extra map[string]string `json:"expect_extra"`
}

func (v *responsesVector) UnmarshalJSON(b []byte) error {
	var more struct {
		Expect struct {
			Final *string `json:"final_content"`
		}
		Extra map[string]string `json:"expect_extra"`
	}
	if err := json.Unmarshal(b, &more); err != nil {
		return err
	}
	v.Final, v.Extra = more.Expect.Final, more.Extra
	return json.Unmarshal(b, &v.answerVector)
}

// responsesExceptions are as chatExceptions.
var responsesExceptions = map[string]string{
	"node-failed/error":               failedIsError,
	"node-authoritative-failed/error": failedIsError,

	"node-refusal/error":                 notEnded,
	"node-keepalive/error":               notEnded,
	"node-item-done/error":               notEnded,
	"node-part-done/error":               notEnded,
	"node-done-authoritative/error":      notEnded,
	"node-tool-function-call/error":      notEnded,
	"node-tool-custom-tool-call/error":   notEnded,
	"node-reasoning-authoritative/error": notEnded,

	"node-done-authoritative/refusal":                                      toldOnce,
	"node-reasoning-authoritative/reasoning":                               toldOnce,
	citations + "container-file-citation-annotations-in-streaming/content": toldOnce,
	citations + "file-path-annotations-in-streaming/content":               toldOnce,

	"vercel-openai-dostream-should-send-streaming-tool-calls/tool_calls":  "the id of a call is delivered where it begins and set once (T-05); here its end has another",
	"vercel-openai-custom-tool-should-stream-custom-tool-call/tool_calls": "the input of a custom tool is text and stays so (T-25)",

	"vercel-openai-local-shell-tool-should-stream-code-local-shell-results/tool_calls":                           ownTool,
	"vercel-openai-apply-patch-tool-streaming-should-handle-apply-patch-tool-calls-in-streaming-mode/tool_calls": ownTool,
	"vercel-openai-apply-patch-tool-streaming-should-stream-apply-patch-delete-file-calls/tool_calls":            ownTool,

	"vercel-openai-errors-should-expose-raw-finish-reason-from-late-response-failed-incomplete-details/finish_reason":     "the event itself says that the response failed, where its status is missing",
	"vercel-openai-shell-tool-with-container-no-skills-should-stream-shell-tool-results-with-container-execution/content": wholeCounts,

	"vercel-openai-error-before-output/finish_reason": "after an error reading goes on, to the status (O-02)",
}

const (
	citations     = "vercel-openai-mixed-citation-types-should-handle-"
	failedIsError = "a response that failed is an error, also where it gives no reason (O-02)"
	notEnded      = "the stream ends without a terminal event (E-08)"
	toldOnce      = "what was delivered once is not delivered again in other words (O-06)"
	wholeCounts   = "the whole text is longer than its pieces, which were shortened by hand (O-17)"
	ownTool       = "a call of a tool of the provider's own is an item as it came, and none of the caller's functions"
)

func TestConformanceResponses(t *testing.T) {
	var vectors []responsesVector
	require.NoError(t, json.Unmarshal(testkit.File(t, "LLMSTREAM_CONFORMANCE", "responses.json"), &vectors))
	require.NotEmpty(t, vectors)
	used := map[string]bool{}
	for _, v := range vectors {
		t.Run(v.ID, func(t *testing.T) {
			for _, o := range []*llmstream.Options{nil, {NoFastPath: true}} {
				var a llmstream.Accumulator
				p := llmstream.NewParser(llmstream.OpenAIResponses, &a, o)
				p.Write([]byte(v.Input))
				p.Close()
				for _, d := range responsesDifferences(&v, a.Completion(), p.Outcome()) {
					member, _, _ := strings.Cut(d, ":")
					key := v.ID + "/" + member
					if responsesExceptions[key] == "" {
						t.Error(d)
					}
					used[key] = true
				}
			}
		})
	}
	for key := range responsesExceptions {
		if !used[key] {
			t.Errorf("the exception %s does not occur any more", key)
		}
	}
}

func responsesDifferences(v *responsesVector, got *llmstream.Completion, o llmstream.Outcome) (differences []string) {
	if v.Expect.FinishReason != nil && *v.Expect.FinishReason == "in_progress" {
		v.Expect.FinishReason = nil // a response that goes on has no finish reason
	}
	if v.Final != nil && v.Expect.Content == "" {
		v.Expect.Content = *v.Final // it stands in for deltas that are missing (O-06)
	}
	for _, name := range [...][2]string{{"input_tokens", "prompt_tokens"}, {"output_tokens", "completion_tokens"}} {
		if n, ok := v.Expect.Usage[name[0]]; ok {
			v.Expect.Usage[name[1]] = n
		}
	}
	differences = v.answerVector.differences(got, o)
	for name, want := range v.Extra {
		var e llmstream.APIError
		if o.APIError != nil {
			e = *o.APIError
		}
		_, name, _ = strings.Cut(strings.TrimPrefix(name, "response."), ".")
		if g := map[string]string{"code": e.Code, "message": e.Message, "param": e.Param}[name]; g != want {
			differences = append(differences, fmt.Sprintf("error_%s: %q, not %q", name, g, want))
		}
	}
	return differences
}
