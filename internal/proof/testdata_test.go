package proof

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/testdata"
	"github.com/stretchr/testify/require"
)

// wantRecording is what a recording in testdata means: NAME.want.json. Members
// are left out where they are empty.
type wantRecording struct {
	Quirks []string `json:"quirks,omitempty"`

	ID    string `json:"id,omitempty"`
	Model string `json:"model,omitempty"`
	wantChoice
	Choices   []wantChoice `json:"choices,omitempty"`
	Citations any          `json:"citations,omitempty"`
	Blocked   string       `json:"block_reason,omitempty"`
	Usage     *wantUsage   `json:"usage,omitempty"`

	State         string     `json:"state"`
	SawDone       bool       `json:"saw_done,omitempty"`
	SawFinish     bool       `json:"saw_finish,omitempty"`
	Events        int64      `json:"events,omitempty"`
	Malformed     int64      `json:"malformed,omitempty"`
	Skipped       int64      `json:"skipped,omitempty"`
	Unseparated   int64      `json:"unseparated,omitempty"`
	AfterDone     int64      `json:"after_done,omitempty"`
	Conflicts     int64      `json:"conflicts,omitempty"`
	Comments      int64      `json:"comments,omitempty"`
	OpenToolCalls int        `json:"open_tool_calls,omitempty"`
	PendingBytes  int        `json:"pending_bytes,omitempty"`
	Unterminated  bool       `json:"unterminated,omitempty"`
	Error         *wantError `json:"error,omitempty"`
}

// wantChoice is a choice. The only choice of an answer, if its index is 0,
// stands in the recording itself.
type wantChoice struct {
	Index            int            `json:"index,omitempty"`
	Content          string         `json:"content,omitempty"`
	Reasoning        string         `json:"reasoning,omitempty"`
	Refusal          string         `json:"refusal,omitempty"`
	ReasoningDetails []wantDetail   `json:"reasoning_details,omitempty"`
	ToolCalls        []wantToolCall `json:"tool_calls,omitempty"`
	Annotations      any            `json:"annotations,omitempty"`
	Images           []any          `json:"images,omitempty"`
	Audio            any            `json:"audio,omitempty"`
	Items            []any          `json:"items,omitempty"`
	Logprobs         any            `json:"logprobs,omitempty"`
	FinishReason     string         `json:"finish_reason,omitempty"`
	NativeFinish     string         `json:"native_finish_reason,omitempty"`
	StopSequence     string         `json:"stop_sequence,omitempty"`
}

type wantDetail struct {
	Index     int    `json:"index"`
	Type      string `json:"type,omitempty"`
	ID        string `json:"id,omitempty"`
	Format    string `json:"format,omitempty"`
	Text      string `json:"text,omitempty"`
	Summary   string `json:"summary,omitempty"`
	Data      string `json:"data,omitempty"`
	Signature string `json:"signature,omitempty"`
}

type wantToolCall struct {
	ID          string `json:"id,omitempty"`
	SyntheticID bool   `json:"synthetic_id,omitempty"`
	Type        string `json:"type,omitempty"`
	Name        string `json:"name,omitempty"`
	Arguments   string `json:"arguments,omitempty"`
	Ended       bool   `json:"ended,omitempty"`
	Valid       bool   `json:"valid,omitempty"`
	Extra       any    `json:"extra,omitempty"`
}

// wantUsage holds the numbers that were reported; nil: it was not.
type wantUsage struct {
	Input             *int64 `json:"input,omitempty"`
	Output            *int64 `json:"output,omitempty"`
	Total             *int64 `json:"total,omitempty"`
	Cached            *int64 `json:"cached,omitempty"`
	CacheWrite        *int64 `json:"cache_write,omitempty"`
	Reasoning         *int64 `json:"reasoning,omitempty"`
	CachedInInput     string `json:"cached_in_input,omitempty"`
	ReasoningInOutput string `json:"reasoning_in_output,omitempty"`
}

type wantError struct {
	Message   string `json:"message,omitempty"`
	Type      string `json:"type,omitempty"`
	Code      string `json:"code,omitempty"`
	Status    int    `json:"status,omitempty"`
	Delivered bool   `json:"delivered,omitempty"`
}

// recorded puts what was read of a stream into the form of a recording.
func recorded(c *llmstream.Completion, o llmstream.Outcome) wantRecording {
	r := wantRecording{
		ID: c.ID, Model: c.Model, Citations: recordedJSON(c.Citations), Blocked: c.BlockReason, Usage: recordedUsage(c.Usage),
		State: o.State.String(), SawDone: o.SawDone, SawFinish: o.SawFinish,
		Events: o.Events, Malformed: o.Anomalies.Malformed, Skipped: o.Anomalies.Skipped.Total(), Unseparated: o.Anomalies.Unseparated, AfterDone: o.Anomalies.AfterDone,
		Conflicts: o.Anomalies.Conflicts, Comments: o.Comments, OpenToolCalls: o.OpenToolCalls,
		PendingBytes: o.Anomalies.PendingBytes, Unterminated: o.Anomalies.Unterminated,
	}
	if e := o.APIError; e != nil {
		r.Error = &wantError{Message: e.Message, Type: e.Type, Code: e.Code, Status: e.Status, Delivered: e.Delivered}
	}
	for i := range c.Choices {
		r.Choices = append(r.Choices, recordedChoice(&c.Choices[i]))
	}
	if len(r.Choices) == 1 && r.Choices[0].Index == 0 {
		r.wantChoice, r.Choices = r.Choices[0], nil
	}
	return r
}

func recordedChoice(c *llmstream.Choice) wantChoice {
	m := &c.Message
	w := wantChoice{
		Index: c.Index, Content: m.Content, Reasoning: m.Reasoning, Refusal: m.Refusal,
		Annotations: recordedJSON(m.Annotations), Logprobs: recordedJSON(c.Logprobs),
		FinishReason: c.FinishReason.String(), NativeFinish: c.NativeFinishReason, StopSequence: c.StopSequence,
	}
	for _, d := range m.ReasoningDetails {
		w.ReasoningDetails = append(w.ReasoningDetails, wantDetail(d))
	}
	for _, i := range m.Images {
		w.Images = append(w.Images, recordedJSON(i))
	}
	for _, i := range m.Items {
		w.Items = append(w.Items, recordedJSON(i))
	}
	if m.Audio != nil {
		audio, _ := json.Marshal(m.Audio)
		w.Audio = recordedJSON(audio)
	}
	for _, t := range m.ToolCalls {
		w.ToolCalls = append(w.ToolCalls, wantToolCall{
			ID: t.ID, SyntheticID: t.SyntheticID, Type: t.Type, Name: t.Name, Arguments: t.Arguments,
			Ended: t.Ended, Valid: t.ArgumentsValid, Extra: recordedJSON([]byte(t.Extra)),
		})
	}
	return w
}

func recordedUsage(u llmstream.Usage) *wantUsage {
	if u.Reported == 0 {
		return nil
	}
	reported := func(f llmstream.UsageFields, n int64) *int64 {
		if u.Reported&f == 0 {
			return nil
		}
		return &n
	}
	known := func(t llmstream.Tri) string {
		if t == llmstream.TriUnknown {
			return ""
		}
		return t.String()
	}
	return &wantUsage{
		Input: reported(llmstream.UsageInput, u.Input), Output: reported(llmstream.UsageOutput, u.Output), Total: reported(llmstream.UsageTotal, u.Total),
		Cached: reported(llmstream.UsageCached, u.Cached), CacheWrite: reported(llmstream.UsageCacheWrite, u.CacheWrite), Reasoning: reported(llmstream.UsageReasoning, u.Reasoning),
		CachedInInput: known(u.CachedInInput), ReasoningInOutput: known(u.ReasoningInOutput),
	}
}

// recordedJSON returns the value of raw, or raw itself where it is no JSON.
func recordedJSON(raw []byte) (v any) {
	if len(raw) == 0 {
		return nil
	}
	if json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	return v
}

// readRecording reads what a recording in testdata means.
func readRecording(t *testing.T, file string) (w wantRecording) {
	t.Helper()
	raw, err := fs.ReadFile(testdata.FS, strings.TrimSuffix(file, path.Ext(file))+".want.json")
	require.NoError(t, err, "a recording needs a .want.json beside it")
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&w), "the .want.json of the recording")
	require.NotEmpty(t, w.Quirks, "a recording shows some quirk")
	require.NotEmpty(t, w.State, "a recording has a state")
	return w
}

// requireRecording compares what was read of a stream with what it means.
func requireRecording(t *testing.T, want wantRecording, c *llmstream.Completion, o llmstream.Outcome, how string) {
	t.Helper()
	got := recorded(c, o)
	want.Quirks = nil
	requireSameText(t, indentedJSON(t, want), indentedJSON(t, got), how+"\nquirks and causes: "+fmt.Sprint(o.Err()))
}

func indentedJSON(t *testing.T, v any) string {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	require.NoError(t, e.Encode(v))
	return b.String()
}

// requireSameText fails with the lines that differ and not with all of them.
func requireSameText(t *testing.T, want, got, how string) {
	t.Helper()
	if want == got {
		return
	}
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	start := 0
	for start < min(len(w), len(g)) && w[start] == g[start] {
		start++
	}
	end := 0
	for end < min(len(w), len(g))-start && w[len(w)-1-end] == g[len(g)-1-end] {
		end++
	}
	const most = 40
	wd, gd := w[start:len(w)-end], g[start:len(g)-end]
	require.Failf(t, "not what the recording means", "%s\nfrom line %d on, want:\n%s\ngot:\n%s", how, start+1,
		strings.Join(wd[:min(most, len(wd))], "\n"), strings.Join(gd[:min(most, len(gd))], "\n"))
}

// deltaLines describes deltas, a line each, so that they can be compared and
// read. It is a [Handler].
type deltaLines struct{ strings.Builder }

func (l *deltaLines) HandleDelta(d *llmstream.Delta) error {
	fmt.Fprintf(l, "%v choice=%d part=%d sequence=%d", d.Kind, d.Choice, d.Part, d.Sequence)
	for _, m := range [...]struct {
		name  string
		value []byte
	}{
		{"text", d.Text}, {"finish", d.NativeFinishReason}, {"usage", d.Usage.Raw}, {"event", d.Event},
		{"id", d.ToolCall.ID}, {"name", d.ToolCall.Name}, {"type", d.ToolCall.Type},
		{"arguments", d.ToolCall.Arguments}, {"extra", d.ToolCall.Extra}, {"raw", d.Raw},
	} {
		if len(m.value) > 0 {
			fmt.Fprintf(l, " %s=%q", m.name, m.value)
		}
	}
	if d.Kind&(llmstream.KindToolCall|llmstream.KindToolCallEnd) != 0 {
		fmt.Fprintf(l, " call=%d valid=%t", d.ToolCall.Index, d.ToolCall.ArgumentsValid)
	}
	if d.Sequence != 0 {
		fmt.Fprintf(l, " sequence=%d", d.Sequence)
	}
	if d.Kind == llmstream.KindUsage {
		u := d.Usage
		u.Raw = nil
		fmt.Fprintf(l, " counts=%v", u)
	}
	if d.Start != nil {
		fmt.Fprintf(l, " start=%q created=%d", [][]byte{d.Start.ID, d.Start.Model, d.Start.SystemFingerprint, d.Start.ServiceTier, d.Start.Role}, d.Start.Created)
	}
	if d.Detail != nil {
		fmt.Fprintf(l, " detail=%q", *d.Detail)
	}
	if d.Err != nil {
		fmt.Fprintf(l, " err=%v", d.Err)
	}
	if d.FinishReason != llmstream.FinishNone {
		fmt.Fprintf(l, " reason=%v", d.FinishReason)
	}
	l.WriteByte('\n')
	return nil
}

// Each dialect that is read has recordings, and each folder belongs to a dialect.
func TestRecordingsOfEachDialect(t *testing.T) {
	count := map[string]int{}
	for _, r := range recordings(t) {
		count[r.Dialect.String()]++
	}
	for _, d := range dialect.Table {
		if d.New != nil {
			require.NotZero(t, count[d.Name], "testdata/%s", d.Name)
		}
	}
	entries, err := fs.ReadDir(testdata.FS, ".")
	require.NoError(t, err)
	for _, e := range entries {
		if e.IsDir() {
			require.NotZero(t, count[e.Name()], "testdata/%s belongs to no dialect", e.Name())
		}
	}
}

// TestRecordings reads each recording in testdata in every way that there is and
// compares what was read with what the recording means.
func TestRecordings(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.File, func(t *testing.T) {
			body, want := r.Body, readRecording(t, r.File)

			var acc llmstream.Accumulator
			var pushed deltaLines
			p := llmstream.NewParser(r.Dialect, llmstream.Handlers(&acc, &pushed), nil)
			lines := make([]string, 2)
			for round := range lines { // the second round shows whether Reset forgets
				for _, b := range cutUp(body, round) {
					n, err := p.Write(b)
					require.NoError(t, err)
					require.Equal(t, len(b), n)
				}
				err := p.Close()
				requireRecording(t, want, acc.Completion(), p.Outcome(), fmt.Sprintf("Parser, round %d", round+1))
				if want.State == llmstream.StateComplete.String() && want.Malformed == 0 {
					require.NoError(t, err)
				} else {
					require.Error(t, err)
				}
				lines[round] = pushed.String()
				p.Reset()
				acc.Reset()
				pushed.Reset()
			}
			requireSameText(t, lines[0], lines[1], "Parser: the deltas of the body byte by byte differ from the deltas of the body as a whole")

			t.Run("Reader", func(t *testing.T) {
				var acc llmstream.Accumulator
				var pulled deltaLines
				h := llmstream.Handlers(&acc, &pulled)
				reader := llmstream.NewReader(bytes.NewReader(body), r.Dialect, &llmstream.Options{ReadToEnd: true})
				for reader.Next() {
					require.NoError(t, h.HandleDelta(reader.Delta()))
				}
				requireRecording(t, want, acc.Completion(), reader.Outcome(), "Reader")
				requireSameText(t, lines[0], pulled.String(), "Reader: its deltas are not the Parser's")
			})
			t.Run("Tee", func(t *testing.T) {
				var acc llmstream.Accumulator
				var seen deltaLines
				var outcomes []llmstream.Outcome
				tee := llmstream.Tee(io.NopCloser(bytes.NewReader(body)), llmstream.NewParser(r.Dialect, llmstream.Handlers(&acc, &seen), nil),
					func(o llmstream.Outcome) { outcomes = append(outcomes, o) })
				passed, err := io.ReadAll(tee)
				require.NoError(t, err)
				require.NoError(t, tee.Close())
				require.True(t, bytes.Equal(body, passed), "the tee has changed the body")
				require.Len(t, outcomes, 1, "done runs once")
				requireRecording(t, want, acc.Completion(), outcomes[0], "Tee")
				requireSameText(t, lines[0], seen.String(), "Tee: its deltas are not the Parser's")
			})
			t.Run("Auto", func(t *testing.T) {
				if slices.Contains(want.Quirks, "C-24") {
					t.Skip("the stream is in another dialect")
				}
				runtime.GC() // empties the pool of steps: what one has parsed before
				runtime.GC() // must not count
				var acc llmstream.Accumulator
				p := llmstream.NewParser(llmstream.Auto, &acc, nil)
				_, err := p.Write(body)
				require.NoError(t, err)
				p.Close()
				requireRecording(t, want, acc.Completion(), p.Outcome(), "Auto")
			})
		})
	}
}

// cutUp returns body as a whole in round 0 and byte by byte after that.
func cutUp(body []byte, round int) [][]byte {
	if round == 0 {
		return [][]byte{body}
	}
	return slices.Collect(slices.Chunk(body, 1))
}
