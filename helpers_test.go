package llmstream

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
)

// What the tests of several files share. See corpus_test.go for recorder, read
// and pushCut.

var errBoom = errors.New("boom")

// chunk returns the JSON of a chunk with one choice, which has these members.
func chunk(members string) string { return `{"choices":[{` + members + `}]}` }

// says returns the JSON of a chunk that adds text to the first choice.
func says(text string) string { return chunk(`"index":0,"delta":{"content":"` + text + `"}`) }

// calls returns the JSON of a chunk with these elements of tool_calls.
func calls(elements ...string) string {
	return chunk(`"index":0,"delta":{"tool_calls":[` + strings.Join(elements, ",") + `]}`)
}

var (
	stops = chunk(`"index":0,"delta":{},"finish_reason":"stop"`)
	whole = testkit.SSE(says("hi"), stops, "[DONE]") // a small stream that is complete
)

// describe tells what a delta says, in one line.
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

// describeUsage tells the numbers that were reported.
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

// push pushes a body through a parser, whole, and closes it.
func push(d Dialect, o *Options, body string) (lines, Outcome) {
	var l lines
	p := NewParser(d, &l, o)
	p.Write([]byte(body))
	p.Close()
	return l, p.Outcome()
}
