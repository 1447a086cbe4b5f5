package llmstream

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/seed-4d65deac/llmstream/testdata"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fastjson"
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

// cutsOf makes positions in a body of this size out of arbitrary bytes: each is
// the length of a read.
func cutsOf(lengths []byte, size int) (cuts []int) {
	at := 0
	for i := 0; len(lengths) > 0 && len(cuts) < 4096; i++ {
		at += int(lengths[i%len(lengths)])
		if at >= size {
			break
		}
		cuts = append(cuts, at)
		if lengths[i%len(lengths)] == 0 && i >= len(lengths) {
			break
		}
	}
	return cuts
}

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

// FuzzEvents: an EventParser gives what a plain reading of the standard gives.
func FuzzEvents(f *testing.F) {
	addRecordings(f, func(_ Dialect, body []byte) { f.Add(body, []byte{5}) })
	f.Add([]byte("\xef\xbb\xbfdata: a\r\ndata\n\nid: 1\x00\nid: 2\n\nretry: 10\rdata:  x\r\revent: e\n\n"), []byte{1})
	f.Fuzz(func(t *testing.T, body, lengths []byte) {
		want, wantID, wantRetry := plainEvents(body)
		var got eventRecorder
		p := NewEventParser(&got, nil)
		from := 0
		for _, to := range append(cutsOf(lengths, len(body)), len(body)) {
			p.Write(bytes.Clone(body[from:to]))
			from = to
		}
		require.NoError(t, p.Close())
		require.Equal(t, want, got.events)
		require.Equal(t, wantID, string(p.LastEventID()))
		require.Equal(t, wantRetry, p.Retry())
	})
}

// plainEvents reads a whole stream line by line, as WHATWG HTML section 9.2.6
// has it.
func plainEvents(body []byte) (events []sseEvent, lastID string, lastRetry int) {
	text := strings.TrimPrefix(string(body), "\xef\xbb\xbf")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	lines := strings.Split(text, "\n")
	lines = lines[:len(lines)-1] // what is behind the last line end is no line
	typ, data, id, retry := "", "", "", -1
	lastRetry = -1
	for _, line := range lines {
		if line == "" {
			lastID = id
			if data != "" {
				if typ == "" {
					typ = "message"
				}
				events = append(events, sseEvent{typ, strings.TrimSuffix(data, "\n"), lastID, retry})
			}
			typ, data, retry = "", "", -1
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			typ = value
		case "data":
			data += value + "\n"
		case "id":
			if !strings.Contains(value, "\x00") {
				id = value
			}
		case "retry":
			if value != "" && strings.Trim(value, "0123456789") == "" {
				retry = 1<<31 - 1
				if digits := strings.TrimLeft(value, "0"); len(digits) < 10 || len(digits) == 10 && digits <= "2147483647" {
					retry = 0
					for _, c := range value {
						retry = retry*10 + int(c-'0')
					}
				}
				lastRetry = retry
			}
		}
	}
	return events, lastID, lastRetry
}

// FuzzUnescape: a string is unescaped as encoding/json does it, whole or cut
// between two escapes.
func FuzzUnescape(f *testing.F) {
	for _, s := range []string{``, `a`, `\n\"\\\/\b\f\r\t`, `\u00e9`, `\ud83d\ude00`, `\ud83d`, `\ude00\ud83d`, `\ud83dx\ude00`, `\ud83d\ud83d\ude00`, "\xff\u00e9"} {
		f.Add([]byte(s), 2)
	}
	f.Fuzz(func(t *testing.T, raw []byte, cut int) {
		var want string
		if json.Unmarshal(slices.Concat([]byte{'"'}, raw, []byte{'"'}), &want) != nil {
			t.Skip("no JSON string")
		}
		unescape := func(pieces ...[]byte) string {
			var text []byte
			var high uint16
			for _, piece := range pieces {
				text, high = jsonscan.AppendUnescaped(text, piece, high)
			}
			return string([]rune(string(jsonscan.AppendLoneSurrogate(text, high)))) // as encoding/json replaces bad UTF-8
		}
		require.Equal(t, want, unescape(raw))
		if cut > 0 && cut < len(raw) && json.Valid(slices.Concat([]byte{'"'}, raw[:cut], []byte{'"'})) && json.Valid(slices.Concat([]byte{'"'}, raw[cut:], []byte{'"'})) {
			require.Equal(t, want, unescape(raw[:cut], raw[cut:]))
		}
	})
}

// FuzzStructure: the strict scanner accepts what encoding/json calls valid, the
// other one what fastjson parses, and neither depends on how its input is cut.
func FuzzStructure(f *testing.F) {
	addRecordings(f, func(_ Dialect, body []byte) {
		for line := range bytes.SplitSeq(body, []byte("\n")) {
			if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
				f.Add(bytes.Clone(data))
			}
		}
	})
	for _, s := range []string{`[-0.1e+5,1E9,null,true,false,"\u00e9"]`, `{"a":[NaN,nan,-Inf,+inf,--,+1]}`, "{\"\x01\":\"\\x\"}", `[[[`, `-`, `"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, strict := range []bool{true, false} {
			s := jsonscan.Scanner{Strict: strict}
			n, err := s.ScanAll(data)
			accepts := err == nil && s.Complete()

			bytewise := jsonscan.Scanner{Strict: strict}
			m := 0
			var cutErr error
			for ; m < len(data) && cutErr == nil; m++ {
				_, cutErr = bytewise.ScanAll(data[m : m+1])
			}
			if cutErr != nil {
				m--
			}
			require.Equal(t, [3]any{n, err, accepts}, [3]any{m, cutErr, cutErr == nil && bytewise.Complete()})

			if end, values := jsonscan.Skip(data, jsonscan.SkipSpace(data, 0)); !strict && end > 0 && jsonscan.SkipSpace(data, end) == len(data) {
				require.Equal(t, [2]any{true, s.Values}, [2]any{accepts, values}, "at one go")
			}

			var limit *fault.Limit
			switch {
			case errors.As(err, &limit): // deeper than encoding/json minds
			case strict:
				require.Equal(t, json.Valid(data), accepts, "encoding/json")
			case bytes.Contains(bytes.ToLower(data), []byte("inity")): // which fastjson does not know
			case len(jsonscan.TrimSpace(data)) == 1 && bytes.ContainsAny(data, "+-"): // which fastjson takes for a number
			default:
				var p fastjson.Parser
				_, err := p.ParseBytes(data)
				require.Equal(t, err == nil, accepts, "fastjson: %v", err)
			}
		}
		if mended := jsonscan.NullNonFinite(data); jsonscan.Valid(data) {
			var p fastjson.Parser
			_, err := p.ParseBytes(mended)
			require.NoError(t, err)
		}
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
