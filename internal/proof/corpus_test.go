package proof

import (
	"bytes"
	"encoding/json"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// corpora are the environment variables that name folders of recorded streams; see
// [testkit.CorpusStream].
var corpora = []string{"LLMSTREAM_CORPUS", "LLMSTREAM_CORPUS2"}

// corpusDialects are the dialects of the corpus that are read, by its names for them.
var corpusDialects = map[string]llmstream.Dialect{
	"converse":              llmstream.Bedrock,
	"invoke":                llmstream.Bedrock,
	"bedrock-converse-json": llmstream.Bedrock,
	"messages":              llmstream.AnthropicMessages,
	"responses":             llmstream.OpenAIResponses,
	"chat":                  llmstream.OpenAIChat,
	"openai-completions":    llmstream.OpenAIChat,
	"gemini":                llmstream.Gemini,
	"json-error-body":       llmstream.Gemini,
	"gemini-interactions":   llmstream.GeminiInteractions,
	"cohere":                llmstream.Cohere,
	"cohere-ndjson":         llmstream.Cohere,
	"json-array":            llmstream.Gemini,
	"ollama-ndjson":         llmstream.Ollama,
}

// corpusWithoutCalls are the streams whose oracles leave out tool calls that are
// there, and why.
var corpusWithoutCalls = map[string]string{
	"vercel-ai/other/gemini-api/google-interactions-tool-call-step1-0.sse": "the oracle knows no tool calls of Interactions; the stream has a step of type function_call, and waits for its result",
}

// oracle is the part of an oracle that is compared.
type oracle struct {
	Plain struct {
		Content, Reasoning, Refusal json.RawMessage
		ToolCalls                   json.RawMessage `json:"tool_calls"`
		Finish                      json.RawMessage `json:"finish_reason"`
		Usage                       json.RawMessage
		ID, Model                   string
		Choices, Events             int
		Done                        bool
		Error                       json.RawMessage
	}
	Extra struct {
		NonSSELines []string                        `json:"non_sse_lines"`
		UsageAlt    struct{ Value json.RawMessage } `json:"usage_alt"`
		UsageMerged json.RawMessage                 `json:"usage_merged"`
		Feedback    struct{ BlockReason string }    `json:"promptFeedback"`
	}
}

type oracleCall struct {
	ID, Name, Arguments string
}

// corpusStream is a stream of a corpus and the dialect in which it is read.
type corpusStream struct {
	testkit.CorpusStream
	dialect llmstream.Dialect
}

// eachCorpus runs f for each corpus, with its streams of the dialects that are read. It
// skips corpora that are not there.
func eachCorpus(t *testing.T, f func(t *testing.T, streams []corpusStream)) {
	for _, variable := range corpora {
		t.Run(variable, func(t *testing.T) {
			var streams []corpusStream
			for _, s := range testkit.Corpus(t, variable) {
				if d := corpusDialects[s.Subdialect]; d != llmstream.Auto {
					streams = append(streams, corpusStream{s, d})
				}
			}
			require.NotEmpty(t, streams)
			f(t, streams)
		})
	}
}

func TestCorpus(t *testing.T) {
	eachCorpus(t, func(t *testing.T, streams []corpusStream) {
		for _, s := range streams {
			t.Run(s.Path, func(t *testing.T) {
				t.Parallel()
				testCorpusStream(t, s)
			})
		}
	})
}

// testCorpusStream compares what a stream is read as with its oracle: in its dialect,
// in the one that it shows, and without the fast path.
func testCorpusStream(t *testing.T, s corpusStream) {
	body := s.Body(t)
	var want oracle
	s.ReadOracle(t, &want)
	for i, d := range []llmstream.Dialect{s.dialect, llmstream.Auto, s.dialect} {
		var a llmstream.Accumulator
		p := llmstream.NewParser(d, &a, &llmstream.Options{NoFastPath: i == 2})
		p.Write(body)
		p.Close()
		if want.Plain.Events > 0 || d != llmstream.Auto { // an error alone may be of any dialect
			require.Equal(t, s.dialect, p.Dialect())
		}
		got := a.Completion()
		if corpusWithoutCalls[s.Path] != "" {
			require.NotEmpty(t, got.Choices[0].Message.ToolCalls)
			got.Choices[0].Message.ToolCalls = nil
		}
		if corpusOverruled[s.Path] != "" {
			require.Equal(t, llmstream.StateComplete, p.Outcome().State)
			continue
		}
		ownWords(&want, got, body)
		compareOracle(t, &want, got, p.Outcome(), corpusDamaged[path.Base(s.Path)] != "")
	}
}

// corpusDamaged are the streams that are complete and damaged, and what is wrong.
var corpusDamaged = map[string]string{
	"anthropic-spliced-message-start-0.sse": "another message begins inside one (A-11)",

	"Connectors-Connectors.OpenAI.UnitTests-TestData-chat_completion_invalid_streaming_test_response-0.sse": "an event is no JSON",
}

// corpusOverruled are the streams that a ruling reads otherwise than their oracles.
var corpusOverruled = map[string]string{
	vercelResponses + "xai/xai-xai-x-search-tool-0.sse":                       "the provider runs the calls whose ids begin with xs_call (O-21)",
	vercelResponses + "openai/openai-openai-shell-container.1-0.sse":          "its pieces were shortened by hand: the whole counts (O-17)",
	vercelResponses + "openai/openai-openai-phase.1-0.sse":                    "its pieces were shortened by hand: the whole counts (O-17)",
	vercelAnthropic + "anthropic-anthropic-tool-search-regex.1-0.sse":         secondMessage,
	vercelAnthropic + "anthropic-anthropic-tool-search-bm25.1-0.sse":          secondMessage,
	vercelAnthropic + "anthropic-anthropic-tool-search-deferred-bm25-0.sse":   secondMessage,
	vercelAnthropic + "anthropic-anthropic-programmatic-tool-calling.1-0.sse": secondMessage,
}

const (
	vercelResponses = "vercel-ai/openai-responses/"
	vercelAnthropic = "vercel-ai/anthropic-messages/anthropic/"
	secondMessage   = "a second message voids the first one (O-22)"
)

// ownWords replaces the finish reason of the oracle where the stream has the provider's own
// word beside it, which counts (C-33).
func ownWords(want *oracle, got *llmstream.Completion, body []byte) {
	for i := range got.Choices {
		word, err := json.Marshal(got.Choices[i].NativeFinishReason)
		if err == nil && len(got.Choices) == 1 && nativeWord(body, word) {
			want.Plain.Finish = word
		}
	}
}

// nativeWord reports whether the stream has a native_finish_reason with this JSON.
func nativeWord(body, word []byte) bool {
	for _, colon := range []string{":", ": "} {
		if bytes.Contains(body, append([]byte(`"native_finish_reason"`+colon), word...)) {
			return true
		}
	}
	return false
}

// compareOracle compares what was folded with what the oracle says.
func compareOracle(t *testing.T, want *oracle, got *llmstream.Completion, o llmstream.Outcome, damaged bool) {
	t.Helper()
	n := want.Plain.Choices
	perChoice := func(raw json.RawMessage) []json.RawMessage {
		var list []json.RawMessage
		if n > 1 && json.Unmarshal(raw, &list) == nil && len(list) == n {
			return list
		}
		list = []json.RawMessage{raw}
		for len(list) < n { // it is the same for all choices
			list = append(list, raw)
		}
		return list
	}
	texts := func(raw json.RawMessage) (texts []string) {
		for _, r := range perChoice(raw) {
			var s string
			json.Unmarshal(r, &s)
			texts = append(texts, s)
		}
		return texts
	}
	choices := append([]llmstream.Choice(nil), got.Choices...)
	for len(choices) < max(n, 1) {
		choices = append(choices, llmstream.Choice{})
	}
	require.Len(t, choices, max(n, 1))
	var content, reasoning, refusal, finish []string
	for _, c := range choices {
		content = append(content, c.Message.Content)
		reasoning = append(reasoning, c.Message.Reasoning)
		refusal = append(refusal, c.Message.Refusal)
		finish = append(finish, c.NativeFinishReason)
	}
	require.Equal(t, texts(want.Plain.Content), content)
	require.Equal(t, texts(want.Plain.Reasoning), reasoning)
	require.Equal(t, texts(want.Plain.Refusal), refusal)
	require.Equal(t, texts(want.Plain.Finish), finish)
	for i, raw := range perChoice(want.Plain.ToolCalls) {
		var calls []oracleCall
		json.Unmarshal(raw, &calls)
		require.Len(t, choices[i].Message.ToolCalls, len(calls))
		for k, w := range calls {
			g := choices[i].Message.ToolCalls[k]
			if g.SyntheticID {
				g.ID = ""
			}
			if o.Dialect != llmstream.OpenAIChat && sameJSON(w.Arguments, g.Arguments) { // written anew by the oracle
				w.Arguments = g.Arguments
			}
			require.Equal(t, w, oracleCall{g.ID, g.Name, g.Arguments})
		}
	}
	require.Equal(t, want.Plain.ID, got.ID)
	require.Equal(t, want.Plain.Model, got.Model)
	require.Equal(t, want.Plain.Events, int(o.Events))
	require.Equal(t, want.Plain.Done, o.SawDone)
	compareUsage(t, want, got)
	require.Equal(t, want.Extra.Feedback.BlockReason, got.BlockReason)
	compareState(t, want, finish, o, damaged)
}

func compareUsage(t *testing.T, want *oracle, got *llmstream.Completion) {
	t.Helper()
	usage := want.Plain.Usage
	if !isNullJSON(want.Extra.UsageMerged) {
		usage = want.Extra.UsageMerged
	}
	if isNullJSON(usage) {
		usage = want.Extra.UsageAlt.Value
	}
	if isNullJSON(usage) || string(usage) == "{}" {
		require.Empty(t, got.Usage.Raw)
	} else {
		require.JSONEq(t, string(usage), string(got.Usage.Raw))
	}
}

// compareState compares what the outcome says with what the oracle's finish reasons,
// end marker and error do.
func compareState(t *testing.T, want *oracle, finish []string, o llmstream.Outcome, damaged bool) {
	t.Helper()
	complete := want.Plain.Done || want.Extra.Feedback.BlockReason != ""
	if !complete {
		complete = true
		for _, f := range finish {
			complete = complete && f != ""
		}
	}
	switch {
	case !isNullJSON(want.Plain.Error), strings.Contains(strings.Join(want.Extra.NonSSELines, "\n"), `"error"`):
		require.Equal(t, llmstream.StateError, o.State)
	case complete:
		require.Equal(t, llmstream.StateComplete, o.State)
		require.Equal(t, damaged, o.Err() != nil, "%v", o.Err())
	default:
		require.Equal(t, llmstream.StateTruncated, o.State)
	}
}

// sameJSON reports whether two texts are the same JSON value. An empty text is {}.
func sameJSON(a, b string) bool {
	var values [2]any
	for i, text := range [...]string{a, b} {
		if text == "" {
			text = "{}"
		}
		if json.Unmarshal([]byte(text), &values[i]) != nil {
			return false
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}

func isNullJSON(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }
