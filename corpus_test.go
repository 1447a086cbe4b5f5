package llmstream

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The corpus is a folder of recorded streams, each with an oracle: what an
// independent program folded it to. It is not part of the repository.

type corpusStream struct {
	Path, Oracle, Provider, Dialect, Subdialect string
}

// corpusDialects are the dialects of the corpus that are read, by its names for them.
var corpusDialects = map[string]Dialect{
	"converse":              Bedrock,
	"invoke":                Bedrock,
	"bedrock-converse-json": Bedrock,
	"messages":              AnthropicMessages,
	"responses":             OpenAIResponses,
	"chat":                  OpenAIChat,
	"openai-completions":    OpenAIChat,
	"gemini":                Gemini,
	"json-error-body":       Gemini,
	"gemini-interactions":   GeminiInteractions,
	"cohere":                Cohere,
	"cohere-ndjson":         Cohere,
	"ollama-ndjson":         Ollama,
}

// corpusWithoutCalls are the streams whose oracles leave out tool calls that are
// there, and why.
var corpusWithoutCalls = map[string]string{
	"vercel-ai/other/gemini-api/google-interactions-tool-call-step1-0.sse": "the oracle knows no tool calls of Interactions; the stream has a step of type function_call, and waits for its result",
}

func (s *corpusStream) dialect() Dialect { return corpusDialects[s.Subdialect] }

// body returns the stream itself.
func (s *corpusStream) body(t testing.TB, dir string) []byte {
	body := readFile(t, dir, s.Path)
	if filepath.Ext(s.Path) != ".b64" {
		return body
	}
	body, err := base64.StdEncoding.DecodeString(string(body))
	require.NoError(t, err)
	return body
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

// corpusFolder returns the folder that an environment variable names, or skips.
func corpusFolder(t testing.TB, variable string) string {
	dir := os.Getenv(variable)
	if dir == "" {
		t.Skipf("%s is not set: its recordings are not tested", variable)
	}
	return dir
}

// corpusStreams returns the recorded streams of the dialects that are read.
func corpusStreams(t testing.TB) (dir string, streams []corpusStream) {
	dir = corpusFolder(t, "LLMSTREAM_CORPUS")
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	require.NoError(t, err)
	var manifest struct{ Streams []corpusStream }
	require.NoError(t, json.Unmarshal(b, &manifest))
	for _, s := range manifest.Streams {
		if s.dialect() != Auto {
			streams = append(streams, s)
		}
	}
	require.NotEmpty(t, streams)
	return dir, streams
}

func readFile(t testing.TB, path ...string) []byte {
	b, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return b
}

func TestCorpus(t *testing.T) {
	dir, streams := corpusStreams(t)
	for _, s := range streams {
		t.Run(s.Path, func(t *testing.T) {
			body := s.body(t, dir)
			var want oracle
			require.NoError(t, json.Unmarshal(readFile(t, dir, s.Oracle), &want))
			for i, d := range []Dialect{s.dialect(), Auto, s.dialect()} {
				var a Accumulator
				p := NewParser(d, &a, &Options{NoFastPath: i == 2})
				p.Write(body)
				p.Close()
				if want.Plain.Events > 0 || d != Auto { // an error alone may be of any dialect
					require.Equal(t, s.dialect(), p.Dialect())
				}
				got := a.Completion()
				if corpusWithoutCalls[s.Path] != "" {
					require.NotEmpty(t, got.Choices[0].Message.ToolCalls)
					got.Choices[0].Message.ToolCalls = nil
				}
				compareOracle(t, &want, got, p.Outcome(), corpusDamaged[path.Base(s.Path)] != "")
			}
		})
	}
}

// corpusDamaged are the streams that are complete and damaged, and what is wrong.
var corpusDamaged = map[string]string{
	"anthropic-spliced-message-start-0.sse": "another message begins inside one (A-11)",
}

// compareOracle compares what was folded with what the oracle says.
func compareOracle(t *testing.T, want *oracle, got *Completion, o Outcome, damaged bool) {
	t.Helper()
	n := want.Plain.Choices
	perChoice := func(raw json.RawMessage) []json.RawMessage {
		var list []json.RawMessage
		if n > 1 && json.Unmarshal(raw, &list) == nil && len(list) == n {
			return list
		}
		return []json.RawMessage{raw}
	}
	texts := func(raw json.RawMessage) (texts []string) {
		for _, r := range perChoice(raw) {
			var s string
			json.Unmarshal(r, &s)
			texts = append(texts, s)
		}
		return texts
	}
	choices := append([]Choice(nil), got.Choices...)
	for len(choices) < max(n, 1) {
		choices = append(choices, Choice{})
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
			if o.Dialect != OpenAIChat && sameJSON(w.Arguments, g.Arguments) { // written anew by the oracle
				w.Arguments = g.Arguments
			}
			require.Equal(t, w, oracleCall{g.ID, g.Name, g.Arguments})
		}
	}
	require.Equal(t, want.Plain.ID, got.ID)
	require.Equal(t, want.Plain.Model, got.Model)
	require.Equal(t, want.Plain.Events, int(o.Events))
	require.Equal(t, want.Plain.Done, o.SawDone)
	usage := want.Plain.Usage
	if !isNullJSON(want.Extra.UsageMerged) {
		usage = want.Extra.UsageMerged
	}
	if isNullJSON(usage) {
		usage = want.Extra.UsageAlt.Value
	}
	if isNullJSON(usage) {
		require.Empty(t, got.Usage.Raw)
	} else {
		require.JSONEq(t, string(usage), string(got.Usage.Raw))
	}
	complete := want.Plain.Done || want.Extra.Feedback.BlockReason != ""
	require.Equal(t, want.Extra.Feedback.BlockReason, got.BlockReason)
	if !complete {
		complete = true
		for _, f := range finish {
			complete = complete && f != ""
		}
	}
	switch {
	case !isNullJSON(want.Plain.Error), strings.Contains(strings.Join(want.Extra.NonSSELines, "\n"), `"error"`):
		require.Equal(t, StateError, o.State)
	case complete:
		require.Equal(t, StateComplete, o.State)
		require.Equal(t, damaged, o.Err() != nil, "%v", o.Err())
	default:
		require.Equal(t, StateTruncated, o.State)
	}
}

// sameJSON tells whether two texts are the same JSON value; none at all is {}.
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

// comparable deltas, for tests that compare two ways of reading.
type recordedDelta struct {
	Delta
	Error string
}

// recorder keeps a copy of every delta.
type recorder struct{ deltas []recordedDelta }

func (r *recorder) HandleDelta(d *Delta) error {
	c := recordedDelta{Delta: *d.Clone()}
	if d.Err != nil {
		c.Error = d.Err.Error()
		c.Err = nil
	}
	r.deltas = append(r.deltas, c)
	return nil
}

// reading is all that one way of reading a stream gave.
type reading struct {
	Deltas     []recordedDelta
	Completion *Completion
	Outcome    Outcome
}

// read pushes body through a parser, cut at the given positions.
func read(d Dialect, o *Options, body []byte, cuts ...int) reading {
	var r recorder
	var a Accumulator
	p := NewParser(d, Handlers(&r, &a), o)
	pushCut(p, body, cuts...)
	p.Close()
	return reading{r.deltas, a.Completion(), p.Outcome()}
}

// pushCut writes body in pieces that end at cuts. Each piece is a copy that is
// overwritten as soon as Write has returned.
func pushCut(p *Parser, body []byte, cuts ...int) {
	from := 0
	for _, to := range append(cuts, len(body)) {
		piece := append([]byte(nil), body[from:to]...)
		p.Write(piece)
		for i := range piece {
			piece[i] = 'X'
		}
		from = to
	}
}

func sameReading(a, b reading) bool {
	return reflect.DeepEqual(a, b)
}
