package dialect_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/seed-4d65deac/llmstream/testdata"
	"github.com/stretchr/testify/require"
)

// What a stream of the Responses API says does not change if its events address their
// items in another way, and a lost piece does not go unnoticed. Each test changes every
// recording in every way that it knows.

// responsesRecordings are the recordings in testdata and in the folders that
// LLMSTREAM_CORPUS and LLMSTREAM_CORPUS2 name.
func responsesRecordings(t *testing.T) map[string][]responsesLine {
	all := map[string][]responsesLine{}
	files, err := fs.Glob(testdata.FS, "openai-responses/*.sse")
	require.NoError(t, err)
	for _, file := range files {
		body, err := testdata.FS.ReadFile(file)
		require.NoError(t, err)
		all[path.Base(file)] = responsesLines(body)
	}
	for _, variable := range []string{"LLMSTREAM_CORPUS", "LLMSTREAM_CORPUS2"} {
		dir := os.Getenv(variable)
		if dir == "" {
			t.Logf("%s is not set: its recordings are not tested", variable)
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
		require.NoError(t, err)
		var manifest struct {
			Streams []struct{ Path, Dialect string }
		}
		require.NoError(t, json.Unmarshal(raw, &manifest))
		for _, s := range manifest.Streams {
			if s.Dialect == "openai-responses" {
				body, err := os.ReadFile(filepath.Join(dir, s.Path))
				require.NoError(t, err)
				all[s.Path] = responsesLines(body)
			}
		}
	}
	for name, lines := range all {
		if lines == nil {
			delete(all, name) // not all of it is JSON
		}
	}
	return all
}

// responsesLine is an event: its type line, its data, and that as an object.
type responsesLine struct {
	event string
	data  string
	value map[string]any
	typ   string
}

// responsesLines splits a stream into events; nil: some are no objects.
func responsesLines(body []byte) (lines []responsesLine) {
	var l responsesLine
	for line := range strings.SplitSeq(strings.ReplaceAll(string(body), "\r\n", "\n"), "\n") {
		if event, ok := strings.CutPrefix(line, "event:"); ok {
			l.event = strings.TrimSpace(event)
		}
		data, ok := strings.CutPrefix(line, "data:")
		if !ok {
			continue
		}
		l.data = strings.TrimSpace(data)
		if l.data != "[DONE]" {
			d := json.NewDecoder(strings.NewReader(l.data))
			d.UseNumber()
			if d.Decode(&l.value) != nil {
				return nil
			}
			if l.typ, _ = l.value["type"].(string); l.typ == "" {
				l.typ = l.event
			}
		}
		lines = append(lines, l)
		l = responsesLine{}
	}
	return lines
}

// index returns the output_index of an event; -1: it has none.
func (l *responsesLine) index() int {
	n, ok := l.value["output_index"].(json.Number)
	if !ok {
		return -1
	}
	i, err := n.Int64()
	if err != nil || i < 0 {
		return -1
	}
	return int(i)
}

// id returns the id of the item that an event is for.
func (l *responsesLine) id() string {
	if item, ok := l.value["item"].(map[string]any); ok {
		id, _ := item["id"].(string)
		return id
	}
	id, _ := l.value["item_id"].(string)
	return id
}

// class returns the class of an event that is for an item; "": it is none.
func (l *responsesLine) class() string {
	name := strings.TrimPrefix(l.typ, "response.")
	switch {
	case name == "output_item.added", strings.HasSuffix(name, "part.added"):
		return "beginnings"
	case name == "output_item.done":
		return "item ends"
	}
	for _, kind := range []string{"output_text", "refusal", "reasoning_text", "reasoning_summary_text", "function_call_arguments", "custom_tool_call_input"} {
		switch name {
		case kind + ".delta":
			return "deltas"
		case kind + ".done":
			return "part ends"
		}
	}
	if strings.HasSuffix(name, "part.done") {
		return "part ends"
	}
	return ""
}

// bodyWith returns the stream with these lines, of which change changes some; false:
// the event is left out.
func bodyWith(lines []responsesLine, change func(i int, value map[string]any) (keep bool)) []byte {
	var b bytes.Buffer
	for i, l := range lines {
		data := l.data
		if l.value != nil && change != nil {
			var value map[string]any
			d := json.NewDecoder(strings.NewReader(data))
			d.UseNumber()
			d.Decode(&value)
			if !change(i, value) {
				continue
			}
			raw, _ := json.Marshal(value)
			data = string(raw)
		}
		if l.event != "" {
			b.WriteString("event: " + l.event + "\n")
		}
		b.WriteString(testkit.SSE(data))
	}
	return b.Bytes()
}

// responsesFold is what a stream says, without the ids and indexes that tests change.
type responsesFold struct {
	Completion *llmstream.Completion
	State      llmstream.State
	Conflicts  int64
}

func foldResponses(t *testing.T, body []byte) (f responsesFold) {
	for _, o := range []*llmstream.Options{{NoFastPath: true}, nil} {
		var a llmstream.Accumulator
		p := llmstream.NewParser(llmstream.OpenAIResponses, &a, o)
		p.Write(body)
		p.Close()
		last := f
		f = responsesFold{a.Completion(), p.Outcome().State, p.Outcome().Anomalies.Conflicts}
		for i := range f.Completion.Choices {
			f.Completion.Choices[i].Logprobs = nil // they come with pieces alone
			m := &f.Completion.Choices[i].Message
			for k := range m.ReasoningDetails {
				m.ReasoningDetails[k].Index, m.ReasoningDetails[k].ID = 0, ""
			}
		}
		if o == nil {
			require.Equal(t, last, f, "the fast path")
		}
	}
	return f
}

// addressing is how the events of a recording name their items.
type addressing struct {
	byID    bool // each event has an id, the same in each event of an item and of no other item
	byIndex bool // each event has an index that no two items have
}

func addressingOf(lines []responsesLine) addressing {
	a := addressing{true, true}
	began := map[int]bool{}
	index, id := map[string]int{}, map[int]string{}
	responses := 0
	for i := range lines {
		l := &lines[i]
		if l.typ == "response.created" {
			responses++
		}
		if l.class() == "" {
			continue
		}
		if l.id() == "" {
			a.byID = false
		}
		if l.index() < 0 {
			a.byIndex = false
		}
		if l.typ == "response.output_item.added" {
			a.byIndex = a.byIndex && !began[l.index()]
			began[l.index()] = true
		} else if known, ok := index[l.id()]; !ok || known != l.index() {
			a.byID = false
		}
		if at, ok := index[l.id()]; ok && at != l.index() {
			a.byID = false
			a.byIndex = a.byIndex && l.id() == ""
		}
		if known, ok := id[l.index()]; ok && known != l.id() {
			a.byID = false
		}
		index[l.id()], id[l.index()] = l.index(), l.id()
	}
	if responses != 1 {
		return addressing{}
	}
	return a
}

// addressChanges are the changes of an event's address. needs reports whether the
// events of a recording still say which item they are for.
var addressChanges = []struct {
	name    string
	classes []string
	needs   func(a addressing) bool
	change  func(value map[string]any)
}{
	{"no output_index", nil, func(a addressing) bool { return a.byID }, func(v map[string]any) { delete(v, "output_index") }},
	{"no item_id", nil, func(a addressing) bool { return a.byIndex }, func(v map[string]any) {
		delete(v, "item_id")
		if item, ok := v["item"].(map[string]any); ok && (item["type"] == "message" || item["type"] == "reasoning" || item["call_id"] != nil && v["type"] == "response.output_item.added") {
			delete(item, "id")
		}
	}},
	{"content_index of the next", nil, func(a addressing) bool { return a.byID || a.byIndex }, func(v map[string]any) { addTo(v, "content_index") }},
	{"summary_index of the next", nil, func(a addressing) bool { return a.byID || a.byIndex }, func(v map[string]any) { addTo(v, "summary_index") }},
	{"output_index of the next", []string{"part ends", "item ends"}, func(a addressing) bool { return a.byID }, func(v map[string]any) { addTo(v, "output_index") }},
}

func addTo(value map[string]any, name string) {
	if n, ok := value[name].(json.Number); ok {
		i, _ := n.Int64()
		value[name] = i + 1
	}
}

// Servers name items in many ways, and in one way in deltas and in another at the end
// (O-15, O-16).
func TestResponsesAddressesChanged(t *testing.T) {
	cases, skipped := 0, 0
	for name, lines := range responsesRecordings(t) {
		a := addressingOf(lines)
		want := foldResponses(t, bodyWith(lines, func(int, map[string]any) bool { return true }))
		for _, c := range addressChanges {
			for _, class := range []string{"beginnings", "deltas", "part ends", "item ends"} {
				if c.classes != nil && !slices.Contains(c.classes, class) {
					continue
				}
				if !c.needs(a) {
					skipped++
					continue
				}
				cases++
				got := foldResponses(t, bodyWith(lines, func(i int, value map[string]any) bool {
					if lines[i].class() == class {
						c.change(value)
					}
					return true
				}))
				if !bytes.Equal(asJSON(t, want), asJSON(t, got)) {
					t.Errorf("%s: %s in %s:\nwant %s\n got %s", name, c.name, class, asJSON(t, want), asJSON(t, got))
				}
			}
		}
	}
	t.Logf("%d recordings changed, %d left out since they do not say which item is meant", cases, skipped)
	require.NotZero(t, cases)
}

func asJSON(t *testing.T, v any) []byte {
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return b
}

// maxPieces is how many pieces of a recording are lost, one after the other.
const maxPieces = 30

// A piece that is lost, in whole or at its end, comes with the whole, or the
// contradiction is counted and no wrong call is valid (O-17).
func TestResponsesPiecesLost(t *testing.T) {
	cases, unknowable := 0, 0
	for name, lines := range responsesRecordings(t) {
		want := foldResponses(t, bodyWith(lines, func(int, map[string]any) bool { return true }))
		var deltas []int
		for i := range lines {
			if text, ok := lines[i].value["delta"].(string); ok && text != "" && lines[i].class() == "deltas" {
				deltas = append(deltas, i)
			}
		}
		step := max(1, len(deltas)/maxPieces)
		for n := 0; n < len(deltas); n += step {
			lost := deltas[n]
			if !hasWhole(lines, lost) {
				unknowable++
				continue
			}
			for _, cut := range []bool{false, true} {
				cases++
				got := foldResponses(t, bodyWith(lines, func(i int, value map[string]any) bool {
					if i == lost && cut {
						text := []rune(value["delta"].(string))
						value["delta"] = string(text[:len(text)-1])
					}
					return i != lost || cut
				}))
				if !bytes.Equal(asJSON(t, want.Completion), asJSON(t, got.Completion)) && got.Conflicts <= want.Conflicts || !onlyRight(want, got) {
					t.Errorf("%s: delta %d lost (cut: %v):\nwant %s\n got %s", name, lost, cut, asJSON(t, want), asJSON(t, got))
				}
			}
		}
	}
	t.Logf("%d pieces lost, %d left out since nothing in the stream could tell", cases, unknowable)
	require.NotZero(t, cases)
}

// onlyRight reports whether every valid call of got is one of want.
func onlyRight(want, got responsesFold) bool {
	right := map[string]bool{}
	for _, c := range want.Completion.Choices {
		for _, call := range c.Message.ToolCalls {
			right[call.Name+" "+call.Arguments] = true
		}
	}
	for _, c := range got.Completion.Choices {
		for _, call := range c.Message.ToolCalls {
			if call.ArgumentsValid && !right[call.Name+" "+call.Arguments] {
				return false
			}
		}
	}
	return true
}

// hasWhole reports whether the stream has the text of which line is a piece as a whole.
func hasWhole(lines []responsesLine, line int) bool {
	l := &lines[line]
	var text strings.Builder
	if !slices.ContainsFunc(lines, func(l responsesLine) bool { return l.typ == "response.created" }) {
		return false // the stream was resumed, and may have begun behind the piece
	}
	for i := range lines {
		if o := &lines[i]; o.typ == l.typ && o.index() == l.index() && (l.index() >= 0 || o.id() == l.id()) {
			piece, _ := o.value["delta"].(string)
			text.WriteString(piece)
		}
	}
	quoted, _ := json.Marshal(text.String())
	whole := string(quoted[1 : len(quoted)-1])
	for i := range lines {
		if lines[i].class() == "deltas" {
			continue
		}
		raw, _ := json.Marshal(lines[i].value)
		if strings.Contains(string(raw), whole) {
			return true
		}
	}
	return false
}
