package clients

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// A reader is a client that reads streams of a target.
type reader struct {
	to   llmstream.Dialect
	fold func(t testing.TB, c *http.Client, address, model string) answer
	// parses: it gives arguments as what they mean, and not as they are written.
	parses bool
	ids    bool // it gives calls their IDs
	// ends gives the finish reason and the tokens of what was folded.
	ends func(folded string) (finish string, in, out int64)
	// silent: it reports no error where the stream has one, but its end says so.
	silent bool
}

var readers = []reader{
	{to: llmstream.OpenAIChat, fold: foldOpenAI, ids: true, ends: chatEnds},
	{to: llmstream.AnthropicMessages, fold: foldAnthropic, parses: true, ids: true, ends: anthropicEnds},
	{to: llmstream.OpenAIResponses, fold: foldResponses, ids: true, ends: responsesEnds, silent: true},
	{to: llmstream.Gemini, fold: foldGemini, parses: true, ends: geminiEnds},
}

// foldResponses reads events with OpenAI's client, which folds nothing: the last holds
// the answer, and the deltas have to say the same.
func foldResponses(t testing.TB, c *http.Client, address, model string) (a answer) {
	api := openai.NewClient(openaioption.WithHTTPClient(c), openaioption.WithBaseURL(address+"/v1/"), openaioption.WithAPIKey("none"), openaioption.WithMaxRetries(0))
	stream := api.Responses.NewStreaming(t.Context(), responses.ResponseNewParams{Model: model})
	defer stream.Close()
	text, list := "", []call{}
	var last responses.Response
	for stream.Next() {
		switch e := stream.Current().AsAny().(type) {
		case responses.ResponseTextDeltaEvent:
			text += e.Delta
		case responses.ResponseCompletedEvent:
			last = e.Response
		case responses.ResponseIncompleteEvent:
			last = e.Response
		case responses.ResponseFailedEvent:
			last = e.Response
		case nil:
			require.Fail(t, "an event that the client does not know", stream.Current().RawJSON())
		}
	}
	if last.Status != "failed" {
		require.Equal(t, text, last.OutputText())
	}
	for _, item := range last.Output {
		if item.Type == "function_call" {
			list = append(list, call{item.CallID, item.Name, item.Arguments.OfString})
		}
	}
	a.fold(last, stream.Err())
	a.text, a.calls = text, marshal(list)
	return a
}

func chatEnds(folded string) (string, int64, int64) {
	var v struct {
		Choices []struct {
			FinishReason string `json:"finish_reason"`
		}
		Usage struct {
			Prompt     int64 `json:"prompt_tokens"`
			Completion int64 `json:"completion_tokens"`
		}
	}
	json.Unmarshal([]byte(folded), &v)
	finish := ""
	if len(v.Choices) > 0 {
		finish = v.Choices[0].FinishReason
	}
	return finish, v.Usage.Prompt, v.Usage.Completion
}

func anthropicEnds(folded string) (string, int64, int64) {
	var v struct {
		Stop  string `json:"stop_reason"`
		Usage struct {
			In  int64 `json:"input_tokens"`
			Out int64 `json:"output_tokens"`
		}
	}
	json.Unmarshal([]byte(folded), &v)
	words := map[string]string{"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "model_context_window_exceeded": "length", "tool_use": "tool_calls", "refusal": "content_filter"}
	return words[v.Stop], v.Usage.In, v.Usage.Out
}

func responsesEnds(folded string) (string, int64, int64) {
	var v struct {
		Status     string
		Incomplete struct{ Reason string } `json:"incomplete_details"`
		Output     []struct {
			Type string
			Call string `json:"call_id"`
		}
		Usage struct {
			In  int64 `json:"input_tokens"`
			Out int64 `json:"output_tokens"`
		}
	}
	json.Unmarshal([]byte(folded), &v)
	finish := map[string]string{"completed": "stop", "incomplete": map[string]string{"max_output_tokens": "length", "content_filter": "content_filter"}[v.Incomplete.Reason]}[v.Status]
	for _, item := range v.Output {
		run := strings.HasPrefix(item.Call, "xs_call") // O-21: by the provider
		for _, other := range v.Output {
			run = run || other.Type == item.Type+"_output" && other.Call == item.Call
		}
		switch item.Type {
		case "function_call", "custom_tool_call", "shell_call", "local_shell_call", "apply_patch_call", "computer_call":
			if finish == "stop" && !run {
				finish = "tool_calls"
			}
		}
	}
	return finish, v.Usage.In, v.Usage.Out
}

func geminiEnds(folded string) (finish string, in, out int64) {
	var all []struct {
		Candidates []struct {
			Index        int
			FinishReason string
			Content      struct {
				Parts []struct{ FunctionCall json.RawMessage }
			}
		}
		UsageMetadata struct{ PromptTokenCount, CandidatesTokenCount int64 }
	}
	json.Unmarshal([]byte(folded), &all)
	called := false
	for _, r := range all {
		for _, c := range r.Candidates {
			for _, p := range c.Content.Parts {
				called = called || c.Index == 0 && p.FunctionCall != nil
			}
		}
	}
	if len(all) > 0 {
		last := all[len(all)-1]
		if len(last.Candidates) > 0 {
			finish = last.Candidates[0].FinishReason
		}
		in, out = last.UsageMetadata.PromptTokenCount, last.UsageMetadata.CandidatesTokenCount
	}
	switch finish {
	case "STOP":
		finish = "stop"
		if called {
			finish = "tool_calls"
		}
	case "MAX_TOKENS":
		finish = "length"
	case "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION":
		finish = "content_filter"
	}
	return finish, in, out
}

// encoded is a recording in a target's dialect, and what the library reads from it. ping:
// with a heartbeat between any two events.
func encoded(t testing.TB, body []byte, to llmstream.Dialect, ping, data bool) (stream string, c *llmstream.Completion, o llmstream.Outcome) {
	var b strings.Builder
	e, err := encode.New(&b, to, &encode.Options{IncludeUsage: true, DataPing: data, ID: "fixed", Now: func() time.Time { return time.Unix(7, 0) }})
	require.NoError(t, err)
	p := llmstream.NewParser(llmstream.Auto, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		if ping {
			if err := e.Ping(); err != nil {
				return err
			}
		}
		return e.HandleDelta(d)
	}), nil)
	p.Write(body)
	p.Close()
	require.NoError(t, e.Close(p.Outcome()))
	var a llmstream.Accumulator
	back := llmstream.NewParser(to, &a, nil)
	back.Write([]byte(b.String()))
	back.Close()
	return b.String(), a.Completion(), back.Outcome()
}

// answers is a client of HTTP that has the same answer for every request.
func answers(stream string) *http.Client {
	return &http.Client{Transport: roundTrip(func(q *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: q,
			Header: http.Header{"Content-Type": {"text/event-stream; charset=utf-8"}},
			Body:   io.NopCloser(strings.NewReader(stream)),
		}, nil
	})}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }

// bodies are the streams of testdata, and of folders of recordings where variables name them.
func bodies(t testing.TB) (all []recording) {
	all = builtIn(t)
	for _, variable := range []string{"LLMSTREAM_CORPUS", "LLMSTREAM_CORPUS2"} {
		folder := os.Getenv(variable)
		if folder == "" {
			t.Logf("%s is not set: its recordings are not written", variable)
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
		require.NoError(t, err)
		var manifest struct{ Streams []struct{ Path string } }
		require.NoError(t, json.Unmarshal(text, &manifest))
		for _, s := range manifest.Streams {
			body, err := os.ReadFile(filepath.Join(folder, s.Path))
			require.NoError(t, err)
			if strings.HasSuffix(s.Path, ".b64") {
				body, err = base64.StdEncoding.DecodeString(strings.TrimSpace(string(body)))
				require.NoError(t, err)
			}
			all = append(all, recording{name: s.Path, body: body})
		}
	}
	return all
}

// Each official client of Go folds what was written to what the library reads from it, with
// and without heartbeats, and reports a stream that was cut where it can.
func TestClientsReadWhatIsWritten(t *testing.T) {
	all := bodies(t)
	for _, r := range readers {
		t.Run(r.to.String(), func(t *testing.T) {
			whole, broken := 0, 0
			for _, one := range all {
				if r.reads(t, one, func(stream string) answer { return r.fold(t, answers(stream), "http://local.example", "m") }) {
					whole++
				} else {
					broken++
				}
			}
			t.Logf("%d answers and %d errors read", whole, broken)
		})
	}
}

// reads fails the test where the client makes something else of what is written than the
// library does. whole: it was an answer.
func (r *reader) reads(t *testing.T, one recording, fold func(stream string) answer) (whole bool) {
	stream, c, o := encoded(t, one.body, r.to, false, false)
	about := one.name + "\n" + stream
	got := fold(stream)
	if o.State != llmstream.StateComplete {
		if r.silent {
			var v struct {
				Status string
				Answer struct{ Status string }
			}
			require.NoError(t, json.Unmarshal([]byte(got.folded), &v))
			require.Contains(t, []string{"failed", ""}, v.Status+v.Answer.Status, about)
		} else {
			require.NotEmpty(t, got.failure, about)
		}
		return false
	}
	if unreadable(c) {
		return true
	}
	require.Empty(t, got.failure, about)
	text, calls := r.said(c)
	require.Equal(t, text, got.text, about)
	require.Equal(t, calls, r.written(t, got.calls), about)
	if r.ends != nil && len(c.Choices) > 0 {
		finish, in, out := r.ends(got.folded)
		if reason := c.Choices[0].FinishReason; reason != llmstream.FinishUnknown {
			require.Equal(t, reason.String(), finish, about)
		}
		require.Equal(t, []int64{c.Usage.Input, c.Usage.Output}, []int64{in, out}, about)
	}
	for _, data := range []bool{false, true} {
		pinged, _, _ := encoded(t, one.body, r.to, true, data)
		again := fold(pinged)
		require.Empty(t, again.failure, one.name+"\n"+pinged)
		require.Equal(t, []string{got.text, got.calls}, []string{again.text, again.calls}, one.name+"\n"+pinged)
	}
	return true
}

// unreadable reports whether an answer has calls that clients of the target do not fold:
// calls of custom tools, of which OpenAI's client for Node loses the name, and calls whose
// arguments are not the JSON that Anthropic's parse.
func unreadable(c *llmstream.Completion) bool {
	for _, choice := range c.Choices {
		for _, x := range choice.Message.ToolCalls {
			if x.Type == "custom" || !json.Valid([]byte(x.ArgumentsJSON())) {
				return true
			}
		}
	}
	return false
}

// written returns what a client made of calls with their arguments as they are written
// again, where it parses them.
func (r *reader) written(t testing.TB, calls string) string {
	var list []call
	require.NoError(t, json.Unmarshal([]byte(calls), &list))
	for i := range list {
		if r.parses {
			list[i].Arguments = again(list[i].Arguments)
		}
	}
	return marshal(list)
}

func again(text string) string {
	var v any
	json.Unmarshal([]byte(text), &v)
	return marshal(v)
}

func (r *reader) said(c *llmstream.Completion) (text, calls string) {
	list := []call{}
	for _, choice := range c.Choices {
		text += choice.Message.Content
		for _, x := range choice.Message.ToolCalls {
			one := call{x.ID, x.Name, x.ArgumentsJSON()}
			if r.parses {
				one.Arguments = again(one.Arguments)
			}
			if !r.ids {
				one.ID = ""
			}
			list = append(list, one)
		}
	}
	return text, marshal(list)
}

// sample leaves the first streams, and of the others so many at even distances: a client
// of Node takes some milliseconds for each.
func sample(all []recording, first, others int) []recording {
	some := slices.Clone(all[:first])
	rest := all[first:]
	for i := range min(others, len(rest)) {
		some = append(some, rest[i*len(rest)/min(others, len(rest))])
	}
	return some
}

// The clients of Node read it too.
func TestNodeClientsReadWhatIsWritten(t *testing.T) {
	node := startNode(t)
	all := bodies(t)
	all = sample(all, len(builtIn(t)), 400)
	var stream string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		io.WriteString(w, stream)
	}))
	defer server.Close()
	for _, r := range readers {
		if r.to == llmstream.Gemini {
			continue
		}
		r.ends, r.silent = nil, r.to == llmstream.OpenAIResponses
		t.Run(r.to.String(), func(t *testing.T) {
			whole, broken := 0, 0
			for _, one := range all {
				if r.reads(t, one, func(written string) answer {
					stream = written
					return node.fold(t, r.to.String(), server.URL, "m")
				}) {
					whole++
				} else {
					broken++
				}
			}
			t.Logf("%d answers and %d errors read", whole, broken)
		})
	}
}
