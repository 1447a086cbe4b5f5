package llmstream_test

import (
	"cmp"
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/seed-4d65deac/llmstream/testdata"
	"github.com/stretchr/testify/require"
)

// Every fuzz target has an oracle: another way to the same answer. Run one with
//
//	go test -run '^$' -fuzz '^FuzzSplit$'

// addRecordings makes the recordings of testdata seeds.
func addRecordings(f *testing.F, add func(d llmstream.Dialect, body []byte)) {
	for _, r := range streamtest.Recordings(f) {
		if len(r.Body) < 8<<10 {
			add(r.Dialect, r.Body)
		}
	}
}

// anyDialect makes a dialect out of any number.
func anyDialect(n uint8) llmstream.Dialect { return llmstream.Dialect(int(n) % len(dialect.Table)) }

// FuzzSplit: a stream that is cut means what the uncut one means, also on a parser
// that has read another stream before, with small limits, and under Auto.
func FuzzSplit(f *testing.F) {
	addRecordings(f, func(d llmstream.Dialect, body []byte) {
		f.Add(uint8(d), body, []byte{1})
		f.Add(uint8(d), body, []byte{7, 200, 0, 3})
	})
	small := &llmstream.Options{MaxLine: 300, MaxEvent: 250, MaxValues: 40, MaxChoices: 2, MaxToolCalls: 2, MaxBadText: 20}
	f.Fuzz(func(t *testing.T, dialect uint8, body, lengths []byte) {
		cuts := testkit.CutsOf(lengths, len(body))
		for _, d := range []llmstream.Dialect{anyDialect(dialect), llmstream.Auto} {
			for _, o := range []*llmstream.Options{nil, small} {
				streamtest.RequireSame(t, streamtest.Read(d, o, body), streamtest.Read(d, o, body, cuts...), cuts)
			}
		}
	})
}

// FuzzTemplate: what is known without a parser is what the parser says.
func FuzzTemplate(f *testing.F) {
	addRecordings(f, func(d llmstream.Dialect, body []byte) {
		f.Add(uint8(d), body, []byte{})
		f.Add(uint8(d), body, []byte{90, 255, 31})
	})
	for _, events := range [][]string{
		{`{"id":"1","system_fingerprint":"x","choices":[],"system_fingerprint":null}`, `{"id":"1","system_fingerprint":"x","choices":[]}`},
		{`{"id":"a","type":"ping","choices":[]}`, `{"id":"a","type":"ping","choices":[]}`},
		{`{"id":"a","type":"message_start","choices":[]}`, `{"id":"a","type":"message_start","x":1}`},
		{`{"id":"x","choices":[],"i\u0064":""}`, `{"id":"x","choices":[]}`},
		{`{"id":"a","x":Infinity,"choices":[]}`, `{"id":"a","x":Infinity,"choices":[{"delta":{},"logprobs":{"content":[NaN]}}]}`},
	} {
		f.Add(uint8(llmstream.OpenAIChat), []byte(testkit.SSE(events...)), []byte{})
	}
	f.Add(uint8(llmstream.OpenAIChat), []byte(testkit.SSE(`{"id":"a","code":"c1","choices":[]}`)+"error: {\"id\":\"a\",\"code\":\"c1\",\"detail\":\"boo\"}\n\n"), []byte{})
	f.Fuzz(func(t *testing.T, dialect uint8, body, lengths []byte) {
		streamtest.RequireShortcuts(t, anyDialect(dialect), body, testkit.CutsOf(lengths, len(body))...)
	})
}

// FuzzFrames: a stream of binary frames means the same however it is cut, and whether
// shortcuts are taken or not. The frames are made of their description, so that
// their checksums are right.
func FuzzFrames(f *testing.F) {
	files, err := fs.Glob(testdata.FS, "*/*.frames")
	require.NoError(f, err)
	for _, file := range files {
		text, err := fs.ReadFile(testdata.FS, file)
		require.NoError(f, err)
		f.Add(string(text), []byte{7, 200, 0, 3})
	}
	small := &llmstream.Options{MaxEvent: 150, MaxValues: 40, MaxChoices: 2, MaxToolCalls: 2}
	f.Fuzz(func(t *testing.T, text string, lengths []byte) {
		body, err := testdata.Frames(text)
		if err != nil {
			t.Skip()
		}
		want := streamtest.Read(llmstream.Bedrock, nil, body)
		streamtest.RequireSame(t, want, streamtest.Read(llmstream.Bedrock, nil, body, testkit.CutsOf(lengths, len(body))...), lengths)
		streamtest.RequireSame(t, want, streamtest.Read(llmstream.Bedrock, &llmstream.Options{NoFastPath: true}, body), nil)
		streamtest.RequireSame(t, streamtest.Read(llmstream.Auto, small, body), streamtest.Read(llmstream.Auto, small, body, testkit.CutsOf(lengths, len(body))...), lengths)
	})
}

// FuzzAccumulator: a completion is what joining the texts of the deltas gives.
func FuzzAccumulator(f *testing.F) {
	addRecordings(f, func(d llmstream.Dialect, body []byte) { f.Add(uint8(d), body) })
	var used llmstream.Accumulator // one that has folded other streams before
	// fastjson takes a control character in a string, and encoding/json does not.
	f.Add(uint8(llmstream.OpenAIChat), []byte("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"x\u0001\":2}}\n\n"))
	f.Fuzz(func(t *testing.T, dialect uint8, body []byte) {
		var r streamtest.Recorder
		var fresh llmstream.Accumulator
		used.Reset()
		p := llmstream.NewParser(anyDialect(dialect), llmstream.Handlers(&r, &fresh, &used), nil)
		p.Write(body)
		p.Close()
		got := fresh.Completion()
		require.Equal(t, got, used.Completion())
		want := joinDeltas(r.Deltas)
		if raw := want.usage.Raw; len(raw) > 0 && !json.Valid(raw) { // a Completion has JSON in its place
			require.True(t, json.Valid(got.Usage.Raw))
			want.usage.Raw = got.Usage.Raw
		}
		require.Equal(t, want, shortForm(got))
		_, err := json.Marshal(got)
		require.NoError(t, err)
	})
}

// folded is a completion in the plainest form.
type folded struct {
	id, model, finish string
	blocked           string
	texts             map[[2]any]string // by choice and kind
	calls             map[[2]int][3]string
	usage             llmstream.Usage
}

// joinDeltas joins deltas as they are documented: the texts part by part, without
// what is taken back.
func joinDeltas(deltas []streamtest.Delta) folded {
	f := folded{texts: map[[2]any]string{}, calls: map[[2]int][3]string{}}
	finish := map[int]string{}
	type part struct{ choice, part int }
	texts := map[part]map[llmstream.Kind]string{}
	callsOf := map[part][]int{}
	given := map[[2]int]bool{}
	for _, d := range deltas {
		at := part{d.Choice, d.Part}
		switch d.Kind {
		case llmstream.KindStart:
			f.id = first(string(d.Start.ID), f.id) // the last (O-03)
			f.model = first(f.model, string(d.Start.Model))
		case llmstream.KindRestart:
			if d.Part < 0 { // with what belongs to no part
				delete(finish, d.Choice)
				f.usage = llmstream.Usage{}
			}
			delete(texts, at)
			for _, i := range callsOf[at] {
				delete(f.calls, [2]int{d.Choice, i})
			}
			for key, call := range f.calls {
				if d.Part < 0 && given[key] {
					call[2] = ""
					f.calls[key] = call
				}
			}
		case llmstream.KindContent, llmstream.KindReasoning, llmstream.KindRefusal:
			if len(d.Text) > 0 {
				if texts[at] == nil {
					texts[at] = map[llmstream.Kind]string{}
				}
				texts[at][d.Kind] += string(d.Text)
			}
		case llmstream.KindToolCall:
			key := [2]int{d.Choice, d.ToolCall.Index}
			call, known := f.calls[key]
			if !known {
				callsOf[at] = append(callsOf[at], d.ToolCall.Index)
			}
			given[key] = given[key] || len(d.ToolCall.ID) > 0 && len(d.ToolCall.Arguments) > 0
			call[0] = first(call[0], string(d.ToolCall.ID))
			call[1] = first(call[1], string(d.ToolCall.Name))
			if d.ToolCall.Restart {
				call[2] = ""
			}
			call[2] += string(d.ToolCall.Arguments)
			f.calls[key] = call
		case llmstream.KindFinish:
			finish[d.Choice] = string(d.NativeFinishReason)
		case llmstream.KindBlocked:
			f.blocked = string(d.NativeFinishReason)
		case llmstream.KindUsage:
			f.usage = d.Usage
		}
	}
	parts := slices.SortedFunc(maps.Keys(texts), func(a, b part) int { return cmp.Compare(a.part, b.part) })
	for _, at := range parts {
		for kind, text := range texts[at] {
			f.texts[[2]any{at.choice, kind}] += text
		}
	}
	for _, i := range slices.Sorted(maps.Keys(finish)) {
		f.finish += finish[i] + ";"
	}
	return f
}

// shortForm is the part of a completion that joinDeltas knows.
func shortForm(c *llmstream.Completion) folded {
	f := folded{id: c.ID, model: c.Model, blocked: c.BlockReason, usage: c.Usage, texts: map[[2]any]string{}, calls: map[[2]int][3]string{}}
	for _, choice := range c.Choices {
		m := &choice.Message
		for kind, text := range map[llmstream.Kind]string{llmstream.KindContent: m.Content, llmstream.KindReasoning: m.Reasoning, llmstream.KindRefusal: m.Refusal} {
			if text != "" {
				f.texts[[2]any{choice.Index, kind}] = text
			}
		}
		for _, call := range m.ToolCalls {
			if call.SyntheticID {
				call.ID = ""
			}
			f.calls[[2]int{choice.Index, call.Index}] = [3]string{call.ID, call.Name, call.Arguments}
		}
		if choice.NativeFinishReason != "" {
			f.finish += choice.NativeFinishReason + ";"
		}
	}
	return f
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
