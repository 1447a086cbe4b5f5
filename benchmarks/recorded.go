package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/testdata"
)

// corpusVariable is the environment variable with a folder of recorded streams and their
// oracles. The folder is not part of the repository.
const corpusVariable = "LLMSTREAM_CORPUS"

// recordings are the recorded streams of a dialect.
type recordings struct {
	name, about string
	dialect     llmstream.Dialect
	corpus      []string // their dialect in the corpus
	plain       []string // the recordings in ../testdata that have no errors or oddities
}

var chatRecordings = recordings{
	recordedStreams, "chat", llmstream.OpenAIChat, []string{"chat"},
	[]string{
		"text.sse", "long-text.sse", "usage-final-chunk.sse", "azure.sse", "openai-obfuscation.sse", "openai-tools.sse", "mistral.sse", "deepseek-reasoning.sse",
	},
}

// loadRecorded returns the recorded streams of the corpus, or without one the plain
// streams of ../testdata. The expected answers come from their oracles, and not from a
// contender.
func loadRecorded(r *recordings) (*workload, error) {
	dir := os.Getenv(corpusVariable)
	w := &workload{name: r.name, about: "recorded streams, most of them short: " + r.about, dialect: r.dialect}
	load := r.loadCorpus
	files := os.DirFS(dir)
	if dir == "" {
		w.about = "streams of ../testdata, all short: " + r.about
		load, files = r.loadTestdata, testdata.FS
	}
	var err error
	if w.streams, err = load(files); err != nil {
		return nil, fmt.Errorf("recorded streams: %w", err)
	}
	return w, nil
}

// untold lists what the oracles of some streams leave out, or read differently from the
// others.
var untold = map[string]parts{
	"vercel-ai/other/gemini-api/google-interactions-tool-call-step1-0.sse":                            partCalls,
	"openllmetry/other/cohere/cohere-test_chat-test_cohere_chat_legacy_with_streaming-0.ndjson":       partUsage, // what was billed
	"openllmetry/other/cohere/cohere-test_chat-test_cohere_chat_legacy_with_streaming_async-0.ndjson": partUsage,

	// A later message or a whole item replaces what these oracles keep.
	"vercel-ai/openai-responses/xai/xai-xai-x-search-tool-0.sse":                                   allParts,
	"vercel-ai/openai-responses/openai/openai-openai-shell-container.1-0.sse":                      allParts,
	"vercel-ai/openai-responses/openai/openai-openai-phase.1-0.sse":                                allParts,
	"vercel-ai/openai-responses/openai/openai-openai-apply-patch-tool.1-0.sse":                     allParts,
	"vercel-ai/openai-responses/openai/openai-openai-apply-patch-tool-delete.1-0.sse":              allParts,
	"vercel-ai/anthropic-messages/anthropic/anthropic-anthropic-tool-search-regex.1-0.sse":         allParts,
	"vercel-ai/anthropic-messages/anthropic/anthropic-anthropic-tool-search-bm25.1-0.sse":          allParts,
	"vercel-ai/anthropic-messages/anthropic/anthropic-anthropic-tool-search-deferred-bm25-0.sse":   allParts,
	"vercel-ai/anthropic-messages/anthropic/anthropic-anthropic-programmatic-tool-calling.1-0.sse": allParts,
}

func (r *recordings) loadCorpus(files fs.FS) (streams []*stream, err error) {
	var manifest struct {
		Streams []struct{ Path, Oracle, Subdialect string }
	}
	if err := readJSON(files, "manifest.json", &manifest); err != nil {
		return nil, err
	}
	for _, entry := range manifest.Streams {
		if !slices.Contains(r.corpus, entry.Subdialect) {
			continue
		}
		var o oracle
		if err := readJSON(files, entry.Oracle, &o); err != nil {
			return nil, err
		}
		want, err := o.answer()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Oracle, err)
		}
		want.untold = untold[entry.Path]
		body, err := fs.ReadFile(files, entry.Path)
		if err != nil {
			return nil, err
		}
		if path.Ext(entry.Path) == ".b64" {
			if body, err = base64.StdEncoding.AppendDecode(nil, bytes.TrimSpace(body)); err != nil {
				return nil, fmt.Errorf("%s: %w", entry.Path, err)
			}
		}
		streams = append(streams, r.stream(body, want))
	}
	return streams, nil
}

// An oracle is the reading of a recorded stream by another program. With several choices,
// its members are arrays.
type oracle struct {
	Plain struct {
		Choices            int
		Content, Reasoning json.RawMessage
		ToolCalls          json.RawMessage `json:"tool_calls"`
		Finish             json.RawMessage `json:"finish_reason"`
		Usage              oracleUsage
	}
	Extra struct {
		UsageAlt    struct{ Value oracleUsage } `json:"usage_alt"`    // from places that few servers use
		UsageMerged oracleUsage                 `json:"usage_merged"` // from the beginning and the end
	}
}

// An oracleUsage is a provider's usage, under the provider's names.
type oracleUsage map[string]json.RawMessage

var (
	inputNames  = [...]string{"prompt_tokens", "input_tokens", "promptTokenCount", "total_input_tokens", "inputTokens", "inputTokenCount", "prompt_eval_count"}
	outputNames = [...]string{"completion_tokens", "output_tokens", "candidatesTokenCount", "total_output_tokens", "outputTokens", "outputTokenCount", "eval_count"}
	totalNames  = [...]string{"total_tokens", "totalTokenCount", "totalTokens"}
)

func (o oracleUsage) usage() (u usage) {
	if tokens := o["tokens"]; tokens != nil { // Cohere has other counts for billing
		json.Unmarshal(tokens, &o)
	}
	number := func(names []string) (n int64) {
		for _, name := range names {
			if raw, ok := o[name]; ok {
				json.Unmarshal(raw, &n) // anything but a number stays 0
				break
			}
		}
		return n
	}
	return usage{number(inputNames[:]), number(outputNames[:]), number(totalNames[:])}
}

type oracleCall struct{ Name, Arguments string }

func (o *oracle) answer() (*answer, error) {
	var a answer
	for _, u := range [...]oracleUsage{o.Extra.UsageMerged, o.Plain.Usage, o.Extra.UsageAlt.Value} {
		if u != nil {
			a.usage = u.usage()
			break
		}
	}
	content, err1 := perChoice[string](o.Plain.Content, o.Plain.Choices)
	reasoning, err2 := perChoice[string](o.Plain.Reasoning, o.Plain.Choices)
	finish, err3 := perChoice[string](o.Plain.Finish, o.Plain.Choices)
	calls, err4 := perChoice[[]oracleCall](o.Plain.ToolCalls, o.Plain.Choices)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	for i := range content {
		c := a.choice(i)
		c.content, c.reasoning, c.finish = []byte(content[i]), []byte(reasoning[i]), finish[i]
		for k, t := range calls[i] {
			c.addCall(k, t.Name, t.Arguments)
		}
	}
	return &a, nil
}

func perChoice[T any](raw json.RawMessage, choices int) ([]T, error) {
	if choices > 1 {
		all := make([]T, choices)
		return all, json.Unmarshal(raw, &all)
	}
	one := make([]T, 1)
	return one, json.Unmarshal(raw, &one[0])
}

func (r *recordings) loadTestdata(files fs.FS) (streams []*stream, err error) {
	for _, name := range r.plain {
		name = r.dialect.String() + "/" + name
		var want struct {
			Content, Reasoning string
			ToolCalls          []oracleCall `json:"tool_calls"`
			Finish             string       `json:"native_finish_reason"`
			Usage              struct{ Input, Output, Total int64 }
		}
		if err := readJSON(files, strings.TrimSuffix(name, path.Ext(name))+".want.json", &want); err != nil {
			return nil, err
		}
		body, err := testdata.Body(name)
		if err != nil {
			return nil, err
		}
		a := &answer{usage: usage{want.Usage.Input, want.Usage.Output, want.Usage.Total}}
		c := a.choice(0)
		c.content, c.reasoning, c.finish = []byte(want.Content), []byte(want.Reasoning), want.Finish
		for i, t := range want.ToolCalls {
			c.addCall(i, t.Name, t.Arguments)
		}
		streams = append(streams, r.stream(body, a))
	}
	return streams, nil
}

// stream counts the events of a body and collects its text in order of arrival, which no
// oracle has.
func (r *recordings) stream(body []byte, want *answer) *stream {
	s := newStream(body)
	s.want = want
	s.want.rewritten = r.dialect != llmstream.OpenAIChat
	p := llmstream.NewParser(r.dialect, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		if d.Kind&(llmstream.KindContent|llmstream.KindReasoning) != 0 {
			s.text = append(s.text, d.Text...)
		}
		return nil
	}), nil)
	p.Write(body)
	p.Close()
	s.events = int(p.Outcome().Events)
	return s
}

func readJSON(files fs.FS, name string, to any) error {
	b, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, to); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
