package llmstream

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/seed-4d65deac/llmstream/testdata"
	"github.com/stretchr/testify/require"
)

// What the tests of this package share. Those of other packages have the same in
// internal/streamtest, which imports this one.

var errBoom = errors.New("boom")

// Short names for the JSON of chunks; see package testkit.
var chunk, says, calls = testkit.Chunk, testkit.Says, testkit.Calls

const stops, whole = testkit.Stops, testkit.Whole

// describe returns what a delta says, in one line.
func describe(d *Delta) string {
	var b strings.Builder
	b.WriteString(d.Kind.String())
	add := func(name string, value []byte) {
		if len(value) > 0 {
			fmt.Fprintf(&b, " %s=%s", name, value)
		}
	}
	if d.Choice > 0 {
		fmt.Fprintf(&b, "[%d]", d.Choice)
	}
	if d.Kind&(KindToolCall|KindToolCallEnd) != 0 {
		c := &d.ToolCall
		fmt.Fprintf(&b, " #%d", c.Index)
		add("id", c.ID)
		add("name", c.Name)
		add("type", c.Type)
		add("args", c.Arguments)
		add("extra", c.Extra)
		if c.ArgumentsValid {
			b.WriteString(" valid")
		}
	}
	if len(d.Text) > 0 {
		fmt.Fprintf(&b, " %s", d.Text)
	}
	if d.Kind == KindFinish {
		fmt.Fprintf(&b, " %s(%s)", d.FinishReason, d.NativeFinishReason)
	}
	if d.Kind == KindUsage {
		b.WriteString(describeUsage(d.Usage))
	}
	if s := d.Start; s != nil {
		add("id", s.ID)
		add("model", s.Model)
		add("fingerprint", s.SystemFingerprint)
		add("tier", s.ServiceTier)
		add("role", s.Role)
		if s.Created != 0 {
			fmt.Fprintf(&b, " created=%d", s.Created)
		}
	}
	var api *APIError
	if errors.As(d.Err, &api) {
		fmt.Fprintf(&b, " %s", api.Message)
	}
	return b.String()
}

// describeUsage returns the numbers that were reported.
func describeUsage(u Usage) string {
	var b strings.Builder
	for _, f := range []struct {
		field UsageFields
		name  string
		n     int64
	}{
		{UsageInput, "in", u.Input}, {UsageOutput, "out", u.Output}, {UsageTotal, "total", u.Total},
		{UsageCached, "cached", u.Cached}, {UsageCacheWrite, "written", u.CacheWrite}, {UsageReasoning, "reasoning", u.Reasoning},
	} {
		if u.Reported&f.field != 0 {
			fmt.Fprintf(&b, " %s=%d", f.name, f.n)
		}
	}
	return b.String()
}

// lines collects the descriptions of deltas. It is a [Handler].
type lines []string

func (l *lines) HandleDelta(d *Delta) error {
	*l = append(*l, describe(d))
	return nil
}

// push writes a body to a parser, whole, and closes it.
func push(d Dialect, o *Options, body string) (lines, Outcome) {
	var l lines
	p := NewParser(d, &l, o)
	p.Write([]byte(body))
	p.Close()
	return l, p.Outcome()
}

// recordedDelta is a copy of a delta that can be compared.
type recordedDelta struct {
	Delta
	Error string // the text of Err, which is nil in the copy
}

// reading is everything that one way of reading a stream gave.
type reading struct {
	Deltas     []recordedDelta
	Completion *Completion
	Outcome    Outcome
}

// read writes body to a parser in pieces that end at cuts.
func read(d Dialect, o *Options, body []byte, cuts ...int) (r reading) {
	var a Accumulator
	record := HandlerFunc(func(d *Delta) error {
		c := recordedDelta{Delta: *d.Clone()}
		if d.Err != nil {
			c.Err, c.Error = nil, d.Err.Error()
		}
		r.Deltas = append(r.Deltas, c)
		return nil
	})
	p := NewParser(d, Handlers(record, &a), o)
	from := 0
	for _, to := range append(cuts, len(body)) {
		p.Write(body[from:to])
		from = to
	}
	p.Close()
	r.Completion, r.Outcome = a.Completion(), p.Outcome()
	return r
}

// requireSame fails the test unless two readings are the same.
func requireSame(t testing.TB, want, got reading, context any) {
	t.Helper()
	if !reflect.DeepEqual(want, got) {
		require.Equal(t, want, got, context)
	}
}

// recording is a recorded stream of testdata.
type recording struct {
	dialect Dialect
	file    string // DIALECT/NAME.sse
	body    []byte
}

// recordings returns the recordings of all dialects.
func recordings(t testing.TB) (all []recording) {
	t.Helper()
	for d := range dialect.Table {
		files, err := fs.Glob(testdata.FS, Dialect(d).String()+"/*")
		require.NoError(t, err)
		for _, file := range files {
			if !strings.HasSuffix(file, ".want.json") {
				body, err := testdata.Body(file)
				require.NoError(t, err)
				all = append(all, recording{Dialect(d), file, body})
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

// readFile returns a file of the repository.
func readFile(t testing.TB, name ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(name...))
	require.NoError(t, err)
	return b
}
