package llmstream

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/seed-4d65deac/llmstream/testdata"
	"github.com/stretchr/testify/require"
)

// Every fuzz target has an oracle: another way to the same answer. Run one with
//
//	go test -run '^$' -fuzz '^FuzzSplit$' .

// addRecordings makes the recordings of testdata seeds.
func addRecordings(f *testing.F, add func(d Dialect, body []byte)) {
	for _, r := range recordings(f) {
		if len(r.body) < 8<<10 {
			add(r.dialect, r.body)
		}
	}
}

// anyDialect makes a dialect out of any number.
func anyDialect(n uint8) Dialect { return Dialect(int(n) % len(dialect.Table)) }

// cutsOf returns where to split a body; see [testkit.CutsOf].
func cutsOf(lengths []byte, size int) []int { return testkit.CutsOf(lengths, size) }

// FuzzSplit: a stream that is cut says what the uncut one says, also on a parser
// that has read another stream before, with small limits, and under Auto.
func FuzzSplit(f *testing.F) {
	addRecordings(f, func(d Dialect, body []byte) {
		f.Add(uint8(d), body, []byte{1})
		f.Add(uint8(d), body, []byte{7, 200, 0, 3})
	})
	small := &Options{MaxLine: 300, MaxEvent: 250, MaxValues: 40, MaxChoices: 2, MaxToolCalls: 2, MaxBadText: 20}
	f.Fuzz(func(t *testing.T, dialect uint8, body, lengths []byte) {
		cuts := cutsOf(lengths, len(body))
		for _, d := range []Dialect{anyDialect(dialect), Auto} {
			for _, o := range []*Options{nil, small} {
				requireSame(t, read(d, o, body), read(d, o, body, cuts...), cuts)
			}
		}
	})
}

// requireShortcuts holds every shortcut to the oracle, which is the full parse of
// every event (contract 4): deltas that are handed out, texts that are folded in
// without, kinds that nobody wants, and pulling.
func requireShortcuts(t testing.TB, d Dialect, body []byte, cuts ...int) {
	t.Helper()
	want := read(d, &Options{NoFastPath: true}, body)
	requireSame(t, want, read(d, &Options{NoFastPath: true}, body, cuts...), "cuts")
	requireSame(t, want, read(d, nil, body, cuts...), "templates")
	requireSame(t, want, readPulled(d, nil, body), "templates, pulled")

	folded := want
	folded.Deltas = nil
	requireSame(t, folded, readFolded(d, nil, body, cuts...), "texts folded in")
	requireSame(t, folded, readFolded(d, nil, body, eventEnds(body)...), "texts folded in, an event a write")
	filtered := read(d, &Options{NoFastPath: true, Kinds: KindUsage | KindOther}, body)
	requireSame(t, filtered, read(d, &Options{Kinds: KindUsage | KindOther}, body, cuts...), "two kinds alone")
	filtered.Deltas = nil
	requireSame(t, filtered, readFolded(d, &Options{Kinds: KindUsage | KindOther}, body, cuts...), "two kinds alone, folded in")
	requireSame(t, filtered, readFolded(d, &Options{Kinds: KindUsage | KindOther}, body, eventEnds(body)...), "two kinds alone, an event a write")
}

// eventEnds returns where events end that have a blank line behind them, or else a line
// of their own.
func eventEnds(body []byte) (ends []int) {
	for _, end := range []string{"\n\n", "\r\n\r\n", "\n"} {
		for at := 0; len(ends) < 1000; {
			n := bytes.Index(body[at:], []byte(end))
			if n < 0 {
				break
			}
			at += n + len(end)
			ends = append(ends, at)
		}
		if len(ends) > 0 {
			break
		}
	}
	return ends
}

// readFolded is read with an Accumulator as the handler, which needs no deltas.
func readFolded(d Dialect, o *Options, body []byte, cuts ...int) reading {
	var a Accumulator
	p := NewParser(d, &a, o)
	pushCut(p, body, cuts...)
	p.Close()
	return reading{nil, a.Completion(), p.Outcome()}
}

// readPulled is read by a Reader that goes on to the end.
func readPulled(d Dialect, o *Options, body []byte) reading {
	var r recorder
	var a Accumulator
	options := Options{}
	if o != nil {
		options = *o
	}
	options.Drain = true
	x := NewReader(bytes.NewReader(body), d, &options)
	for x.Next() {
		r.HandleDelta(x.Delta())
		a.HandleDelta(x.Delta())
	}
	return reading{r.deltas, a.Completion(), x.Outcome()}
}

// FuzzTemplate: what is known without a parser is what the parser says.
func FuzzTemplate(f *testing.F) {
	addRecordings(f, func(d Dialect, body []byte) {
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
		f.Add(uint8(OpenAIChat), []byte(testkit.SSE(events...)), []byte{})
	}
	f.Add(uint8(OpenAIChat), []byte(testkit.SSE(`{"id":"a","code":"c1","choices":[]}`)+"error: {\"id\":\"a\",\"code\":\"c1\",\"detail\":\"boo\"}\n\n"), []byte{})
	f.Fuzz(func(t *testing.T, dialect uint8, body, lengths []byte) {
		requireShortcuts(t, anyDialect(dialect), body, cutsOf(lengths, len(body))...)
	})
}

// FuzzFrames: a stream of binary frames says the same however it is cut, and whether
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
	small := &Options{MaxEvent: 150, MaxValues: 40, MaxChoices: 2, MaxToolCalls: 2}
	f.Fuzz(func(t *testing.T, text string, lengths []byte) {
		body, err := testdata.Frames(text)
		if err != nil {
			t.Skip()
		}
		want := read(Bedrock, nil, body)
		requireSame(t, want, read(Bedrock, nil, body, cutsOf(lengths, len(body))...), lengths)
		requireSame(t, want, read(Bedrock, &Options{NoFastPath: true}, body), nil)
		requireSame(t, read(Auto, small, body), read(Auto, small, body, cutsOf(lengths, len(body))...), lengths)
	})
}

// FuzzAccumulator: a completion is what joining the texts of the deltas gives.
func FuzzAccumulator(f *testing.F) {
	addRecordings(f, func(d Dialect, body []byte) { f.Add(uint8(d), body) })
	var used Accumulator // one that has folded other streams before
	f.Fuzz(func(t *testing.T, dialect uint8, body []byte) {
		var r recorder
		var fresh Accumulator
		used.Reset()
		p := NewParser(anyDialect(dialect), Handlers(&r, &fresh, &used), nil)
		p.Write(body)
		p.Close()
		got := fresh.Completion()
		require.Equal(t, got, used.Completion())
		require.Equal(t, joinDeltas(r.deltas), shortForm(got))
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
	usage             Usage
}

// joinDeltas joins deltas as they are documented: the texts part by part, without
// what is taken back.
func joinDeltas(deltas []recordedDelta) folded {
	f := folded{texts: map[[2]any]string{}, calls: map[[2]int][3]string{}}
	finish := map[int]string{}
	type part struct{ choice, part int }
	texts := map[part]map[Kind]string{}
	callsOf := map[part][]int{}
	given := map[[2]int]bool{}
	for _, d := range deltas {
		at := part{d.Choice, d.Part}
		switch d.Kind {
		case KindStart:
			f.id = first(string(d.Start.ID), f.id) // the last (O-03)
			f.model = first(f.model, string(d.Start.Model))
			if !d.Start.Again {
				break
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
		case KindContent, KindReasoning, KindRefusal:
			if len(d.Text) > 0 {
				if texts[at] == nil {
					texts[at] = map[Kind]string{}
				}
				texts[at][d.Kind] += string(d.Text)
			}
		case KindToolCall:
			key := [2]int{d.Choice, d.ToolCall.Index}
			call, known := f.calls[key]
			if !known {
				callsOf[at] = append(callsOf[at], d.ToolCall.Index)
			}
			given[key] = given[key] || len(d.ToolCall.ID) > 0 && len(d.ToolCall.Arguments) > 0
			call[0] = first(call[0], string(d.ToolCall.ID))
			call[1] = first(call[1], string(d.ToolCall.Name))
			call[2] += string(d.ToolCall.Arguments)
			f.calls[key] = call
		case KindFinish:
			if d.Choice < 0 {
				f.blocked = string(d.NativeFinishReason)
				break
			}
			finish[d.Choice] = string(d.NativeFinishReason)
		case KindUsage:
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

func shortForm(c *Completion) folded {
	f := folded{id: c.ID, model: c.Model, blocked: c.BlockReason, usage: c.Usage, texts: map[[2]any]string{}, calls: map[[2]int][3]string{}}
	for _, choice := range c.Choices {
		m := &choice.Message
		for kind, text := range map[Kind]string{KindContent: m.Content, KindReasoning: m.Reasoning, KindRefusal: m.Refusal} {
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
