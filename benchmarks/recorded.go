package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/testdata"
)

// corpusVariable names a folder of recorded streams with oracles, which is not
// part of the repository.
const corpusVariable = "LLMSTREAM_CORPUS"

// loadRecorded returns the recorded chat streams of the corpus, or without one
// the plain streams of ../testdata. What they say is what their oracles tell,
// and not what any contender has found.
func loadRecorded() (*workload, error) {
	dir := os.Getenv(corpusVariable)
	w := &workload{name: recordedStreams, about: "recorded chat streams of many providers, most of them short"}
	load := loadCorpus
	files := os.DirFS(dir)
	if dir == "" {
		w.about = "chat streams of ../testdata, all short"
		load, files = loadTestdata, testdata.FS
	}
	var err error
	if w.streams, err = load(files); err != nil {
		return nil, fmt.Errorf("recorded streams: %w", err)
	}
	return w, nil
}

func loadCorpus(files fs.FS) (streams []*stream, err error) {
	var manifest struct {
		Streams []struct{ Path, Oracle, Dialect string }
	}
	if err := readJSON(files, "manifest.json", &manifest); err != nil {
		return nil, err
	}
	for _, entry := range manifest.Streams {
		if entry.Dialect != llmstream.OpenAIChat.String() {
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
		body, err := fs.ReadFile(files, entry.Path)
		if err != nil {
			return nil, err
		}
		streams = append(streams, recordedStream(body, want))
	}
	return streams, nil
}

// oracle is what another program has made of a recorded stream. With several
// choices, its members are arrays.
type oracle struct {
	Plain struct {
		Choices            int
		Content, Reasoning json.RawMessage
		ToolCalls          json.RawMessage `json:"tool_calls"`
		Finish             json.RawMessage `json:"finish_reason"`
		Usage              *oracleUsage
	}
	Extra struct {
		UsageAlt struct{ Value *oracleUsage } `json:"usage_alt"` // found where few servers put it
	}
}

type oracleUsage struct {
	Input  int64 `json:"prompt_tokens"`
	Output int64 `json:"completion_tokens"`
	Total  int64 `json:"total_tokens"`
}

type oracleCall struct{ Name, Arguments string }

func (o *oracle) answer() (*answer, error) {
	var a answer
	if u := o.Plain.Usage; u != nil {
		a.usage = usage{u.Input, u.Output, u.Total}
	} else if u := o.Extra.UsageAlt.Value; u != nil {
		a.usage = usage{u.Input, u.Output, u.Total}
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

// plainStreams are the recordings of ../testdata that show how providers write
// and not how they err.
var plainStreams = [...]string{
	"text", "long-text", "usage-final-chunk", "azure", "openai-obfuscation", "openai-tools", "mistral", "deepseek-reasoning",
}

func loadTestdata(files fs.FS) (streams []*stream, err error) {
	for _, name := range plainStreams {
		path := llmstream.OpenAIChat.String() + "/" + name
		var want struct {
			Content, Reasoning string
			ToolCalls          []oracleCall `json:"tool_calls"`
			Finish             string       `json:"native_finish_reason"`
			Usage              struct{ Input, Output, Total int64 }
		}
		if err := readJSON(files, path+".want.json", &want); err != nil {
			return nil, err
		}
		body, err := fs.ReadFile(files, path+".sse")
		if err != nil {
			return nil, err
		}
		a := &answer{usage: usage{want.Usage.Input, want.Usage.Output, want.Usage.Total}}
		c := a.choice(0)
		c.content, c.reasoning, c.finish = []byte(want.Content), []byte(want.Reasoning), want.Finish
		for i, t := range want.ToolCalls {
			c.addCall(i, t.Name, t.Arguments)
		}
		streams = append(streams, recordedStream(body, a))
	}
	return streams, nil
}

// recordedStream counts the events of a body and notes its text in the order in
// which it comes: that is the one thing that no oracle tells.
func recordedStream(body []byte, want *answer) *stream {
	s := newStream(body)
	s.want = want
	p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
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
