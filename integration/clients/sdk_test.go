package clients

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/seed-4d65deac/llmstream/httptee"
	"github.com/stretchr/testify/require"
	"google.golang.org/genai"
)

// answer is what a client made of a stream, as JSON, and how that ended for it.
type answer struct {
	folded, failure string
	// text and calls are what the client and the library must agree on.
	text, calls string
}

func (a *answer) fold(v any, err error) {
	b, _ := json.Marshal(v)
	a.folded = string(b)
	if err != nil {
		a.failure = err.Error()
	}
}

// An sdk folds the answer that a server gives.
type sdk struct {
	dialect string
	// parses: it gives arguments as what they mean, and not as they are written.
	parses bool
	// fold asks for an answer by a model, which names a recording for those who have many.
	fold func(t testing.TB, c *http.Client, address, model string) answer
	// differs are recordings of which the client makes something else than was said,
	// with what that is.
	differs map[string]string
	// hangs are those that one request is not enough for, or that it is never done with.
	hangs []string
}

var sdks = []sdk{
	{dialect: "openai-chat", fold: foldOpenAI, differs: map[string]string{
		"choice-index-hostile.sse":       "a negative index is taken for the first choice",
		"choice-index-huge.sse":          "a choice of a large index is dropped",
		"choices-without-index.sse":      "all are the first choice",
		"content-parts.sse":              "parts are kept as JSON",
		"content-parts-others.sse":       "parts are kept as JSON",
		"duplicate-keys.sse":             "not the last of two equal keys",
		"function-call.sse":              "the old form is not folded",
		"gemini-compat.sse":              "thoughts are content",
		"json-behind-blank-lines.json":   "no stream, no answer",
		"json-completion-tools.json":     "no stream, no answer",
		"json-completion.json":           "no stream, no answer",
		"json-glued-done.txt":            "no stream, no answer",
		"legacy-completions.sse":         "another API of theirs",
		"legacy-empty-delta.sse":         "another API of theirs",
		"message-empty-delta.sse":        "a message in place of a delta is ignored",
		"message.sse":                    "a message in place of a delta is ignored",
		"message-beside-empty-delta.sse": "a message in place of a delta is ignored",
		"metadata-changes.sse":           "a chunk with another id is dropped",
		"odd-types.sse":                  "a number in place of a text is text",
		"no-choice-first.sse":            "what follows a first chunk with no id is dropped",
		"reasoning-summary-parts.sse":    "parts are kept as JSON",
		"surrogate-halves.sse":           "halves are not joined",
		"text-cr.sse":                    "a lone CR ends no line",
		"tools-arguments-resent.sse":     "arguments that are sent again are joined",
		"tools-call-again.sse":           "a call that is sent again is joined",
		"tools-late-custom.sse":          "custom calls are not folded",
		"tools-nameless.sse":             "a call with no id gets none",
		"tools-next-index.sse":           "an entry of another index is a call",
		"tools-whole-in-turn.sse":        "all are one call",
		"tools-custom.sse":               "custom calls are not folded",
		"tools-empty-entries.sse":        "empty entries are calls",
		"tools-id-late.sse":              "an entry of another index is a call",
		"tools-id-repeated.sse":          "a name that is repeated is joined",
		"tools-index-from-one.sse":       "there is an empty call at zero",
		"tools-index-huge.sse":           "a call of a large index is dropped",
		"tools-index-missing.sse":        "all are one call",
		"tools-index-zero.sse":           "all are one call",
		"tools-one-list-same-index.sse":  "all are one call",
		"tools-list-repeats-names.sse":   "a name that is repeated is joined",
		"tools-object.sse":               "an object in place of an array is ignored",
		"tools-random-ids.sse":           "not the first id, but the last",
		"unterminated-last-event.sse":    "a last event with no blank line is dropped",
	}},
	{dialect: "anthropic-messages", fold: foldAnthropic, differs: map[string]string{
		"completion.sse":         "another API of theirs",
		"crlf-glued.sse":         "events that were joined are dropped",
		"data-only.sse":          "events with no event line are dropped",
		"duplicate-keys.sse":     "not the last of two equal keys",
		"event-line-only.sse":    "events with no type in the JSON are dropped",
		"json-message.json":      "no stream, no answer",
		"json-server-tools.json": "no stream, no answer",
		"surrogate-halves.sse":   "halves are not joined",
		"tools-cut-length.sse":   "arguments that are no JSON are dropped",
		"tools-input-given.sse":  "input of the block's start is dropped",
		"tools-invalid.sse":      "arguments that are no JSON are dropped",
	}},
	// This client asks again for the rest of an answer that is to be continued.
	{dialect: "gemini", parses: true, fold: foldGemini, hangs: []string{"continuation.sse"}, differs: map[string]string{
		"call-again.sse":               "a call that is sent again is another",
		"partial-unknown-kind.sse":     "arguments in pieces are not joined",
		"candidates-without-index.sse": "all are the first candidate",
		"code-assist.sse":              "another API's envelope",
		"surrogate-halves.sse":         "halves are not joined",
		"tools-partial-cut.sse":        "arguments in pieces are not joined",
		"tools-partial-odd.sse":        "arguments in pieces are not joined",
		"tools-partial.sse":            "arguments in pieces are not joined",
	}},
}

// Each client gets and makes of each recording what it does with nobody in the path,
// and what is told is what it folded.
func TestClientsNoticeNothing(t *testing.T) { noticeNothing(t, sdks, paths) }

func noticeNothing(t *testing.T, sdks []sdk, paths []path) {
	server := startServe(t)
	for _, s := range sdks {
		for _, r := range recordings(t) {
			name, ok := strings.CutPrefix(r.name, s.dialect+"/")
			if !ok || slices.Contains(s.hangs, name) {
				continue
			}
			for _, p := range paths {
				t.Run(r.name+"/"+p.name, func(t *testing.T) {
					c, address := p.without(t, r, nil)
					want := s.fold(t, c, address, "m")
					s.notices(t, p, r, "m", want, s.differs[name])
					served := s.fold(t, c, server, r.name)
					s.notices(t, p, passOn(t, server), r.name, served, s.differs[name])
				})
			}
		}
	}
}

// notices fails the test if the client makes something else than want of the answer
// when the library looks on, or that tells something else.
func (s *sdk) notices(t *testing.T, p path, upstream http.Handler, model string, want answer, differs string) {
	var w watched
	c, address := p.open(t, upstream, &w)
	got := s.fold(t, c, address, model)
	require.Equal(t, want.failure == "", got.failure == "", "without: %q, with: %q", want.failure, got.failure)
	require.Equal(t, want.folded, got.folded)
	told := w.wait(t, 1)[0]
	if got.failure != "" {
		return
	}
	text, calls := said(told, s.parses, s.dialect != "gemini")
	if differs != "" {
		require.False(t, got.text == text && got.calls == calls, "it does not differ: %s", differs)
		return
	}
	require.Equal(t, got.text, text)
	require.JSONEq(t, got.calls, calls)
}

// A call as both sides tell it.
type call struct{ ID, Name, Arguments string }

// said is what was told. parsed: with arguments as they are written again. Without
// ids where a server need give none, and the library does.
func said(r *httptee.Result, parsed, ids bool) (text, calls string) {
	list := []call{}
	for _, c := range r.Completion.Choices {
		text += c.Message.Content
		for _, x := range c.Message.ToolCalls {
			one := call{x.ID, x.Name, x.Arguments}
			arguments := map[string]any{}
			if parsed && (x.Arguments == "" || json.Unmarshal([]byte(x.Arguments), &arguments) == nil) {
				one.Arguments = marshal(arguments)
			}
			if !ids {
				one.ID = ""
			}
			list = append(list, one)
		}
	}
	return text, marshal(list)
}

func marshal(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func foldOpenAI(t testing.TB, c *http.Client, address, model string) (a answer) {
	api := openai.NewClient(openaioption.WithHTTPClient(c), openaioption.WithBaseURL(address+"/v1/"), openaioption.WithAPIKey("none"), openaioption.WithMaxRetries(0))
	stream := api.Chat.Completions.NewStreaming(t.Context(), openai.ChatCompletionNewParams{Model: model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("x")}})
	defer stream.Close()
	var folded openai.ChatCompletionAccumulator
	for stream.Next() {
		folded.AddChunk(stream.Current())
	}
	a.fold(folded.ChatCompletion, stream.Err())
	list := []call{}
	for _, choice := range folded.Choices {
		a.text += choice.Message.Content
		for _, x := range choice.Message.ToolCalls {
			list = append(list, call{x.ID, x.Function.Name, x.Function.Arguments})
		}
	}
	a.calls = marshal(list)
	return a
}

func foldAnthropic(t testing.TB, c *http.Client, address, model string) (a answer) {
	api := anthropic.NewClient(anthropicoption.WithHTTPClient(c), anthropicoption.WithBaseURL(address), anthropicoption.WithAPIKey("none"), anthropicoption.WithMaxRetries(0))
	stream := api.Messages.NewStreaming(t.Context(), anthropic.MessageNewParams{Model: model, MaxTokens: 9, Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("x"))}})
	defer stream.Close()
	var folded anthropic.Message
	var failure error
	for stream.Next() && failure == nil {
		failure = folded.Accumulate(stream.Current())
	}
	if failure == nil {
		failure = stream.Err()
	}
	a.fold(folded, failure)
	list := []call{}
	for _, b := range folded.Content {
		switch b.Type {
		case "text":
			a.text += b.Text
		case "tool_use":
			list = append(list, call{b.ID, b.Name, string(b.Input)})
		}
	}
	a.calls = marshal(list)
	return a
}

func foldGemini(t testing.TB, c *http.Client, address, model string) (a answer) {
	api, err := genai.NewClient(t.Context(), &genai.ClientConfig{APIKey: "none", Backend: genai.BackendGeminiAPI, HTTPClient: c, HTTPOptions: genai.HTTPOptions{BaseURL: address}})
	require.NoError(t, err)
	var all []*genai.GenerateContentResponse
	list := []call{}
	texts := map[int32]string{}
	var failure error
	defer func() {
		if p := recover(); p != nil { // as a candidate that is null makes it do
			a.fold(all, fmt.Errorf("panic: %v", p))
		}
	}()
	for r, err := range api.Models.GenerateContentStream(t.Context(), model, genai.Text("x"), nil) {
		if failure = err; err != nil {
			break
		}
		if h := r.SDKHTTPResponse; h != nil {
			h.Headers.Del("Date")
		}
		all = append(all, r)
		for _, candidate := range r.Candidates {
			if candidate.Content == nil {
				continue
			}
			for _, part := range candidate.Content.Parts {
				if !part.Thought {
					texts[candidate.Index] += part.Text
				}
				if f := part.FunctionCall; f != nil {
					if f.Args == nil {
						f.Args = map[string]any{}
					}
					list = append(list, call{"", f.Name, marshal(f.Args)})
				}
			}
		}
	}
	a.fold(all, failure)
	for i := range int32(len(texts)) {
		a.text += texts[i]
	}
	a.calls = marshal(list)
	return a
}
