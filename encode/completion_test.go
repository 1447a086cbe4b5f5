package encode_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// Each recording that is complete, as the whole body of each target, read again.
func TestCompletions(t *testing.T) { wholeBodies(t, recordings(t)) }

func TestCompletionsOfCorpus(t *testing.T) { wholeBodies(t, folder(t, "LLMSTREAM_CORPUS")) }

func wholeBodies(t *testing.T, all []recording) {
	count, refused := 0, 0
	for _, r := range all {
		c, o := read(r.dialect, r.body)
		if o.State != llmstream.StateComplete {
			continue
		}
		for _, to := range targets {
			body, err := encode.AppendCompletion([]byte("x"), to, c)
			about := r.name + " as " + to.String() + "\n" + string(body)
			_, lost := transcode(t, r.dialect, to, r.body, options())
			if err != nil {
				assert.Equal(t, "x", string(body), about)
				assert.ErrorContains(t, err, "not a JSON object", about)
				refused++
				continue
			}
			assert.NoError(t, strict(string(body[1:])), about)
			got, outcome := read(to, body[1:])
			assert.Equal(t, llmstream.WireJSON, outcome.Wire, about)
			want, is := expected(c, o, to, lost), saidBy(got, outcome)
			assert.Equal(t, want, is, about)
			count++
		}
	}
	t.Logf("%d bodies as expected, %d refused for arguments that are no JSON object", count, refused)
}

func TestCompletionAsAnotherTarget(t *testing.T) {
	_, err := encode.AppendCompletion(nil, llmstream.Ollama, &llmstream.Completion{})
	require.ErrorContains(t, err, "ollama")
}

// Signatures go back to whom they are from.
func TestCompletionSignatures(t *testing.T) {
	c := &llmstream.Completion{ID: "x", Choices: []llmstream.Choice{{Message: llmstream.Message{
		Reasoning: "hm", Content: "a",
		ReasoningDetails: []llmstream.ReasoningBlock{
			{Type: "thinking", Text: "hm", Signature: "A"}, {Type: "redacted_thinking", Data: "D"},
			{Index: -1, Type: "text", Signature: "RzE="}, {Index: 2, Type: "reasoning", Format: "openai-responses-v1", Data: "O"},
		},
	}}}}
	for to, want := range map[llmstream.Dialect]string{
		llmstream.AnthropicMessages: `[{"type":"thinking","thinking":"hm","signature":"A"},{"type":"redacted_thinking","data":"D"},{"type":"text","text":"a"}]`,
		llmstream.Gemini:            `[{"text":"hm","thought":true},{"text":"a"},{"text":"","thoughtSignature":"RzE="}]`,
		llmstream.OpenAIResponses:   `"encrypted_content":"O"`,
		llmstream.OpenAIChat:        `{"type":"reasoning.text","index":0,"format":"anthropic-claude-v1","text":"hm","signature":"A"}`,
	} {
		body, err := encode.AppendCompletion(nil, to, c)
		require.NoError(t, err)
		require.Contains(t, string(body), want)
		require.Equal(t, 1, strings.Count(string(body), `"a"`))
	}
}
