// Package streamtest reads streams through the public API for the tests of other
// packages, and describes what was read.
package streamtest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-4d65deac/llmstream"
)

// Describe returns what a delta says, in one line.
func Describe(d *llmstream.Delta) string {
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
	if d.Kind&(llmstream.KindToolCall|llmstream.KindToolCallEnd) != 0 {
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
	if d.Kind&(llmstream.KindFinish|llmstream.KindBlocked) != 0 {
		fmt.Fprintf(&b, " %s(%s)", d.FinishReason, d.NativeFinishReason)
	}
	if d.Kind == llmstream.KindUsage {
		b.WriteString(DescribeUsage(d.Usage))
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
	var api *llmstream.APIError
	if errors.As(d.Err, &api) {
		fmt.Fprintf(&b, " %s", api.Message)
	}
	return b.String()
}

// DescribeUsage returns the numbers that were reported, each after a space.
func DescribeUsage(u llmstream.Usage) string {
	var b strings.Builder
	for _, f := range []struct {
		field llmstream.UsageFields
		name  string
		n     int64
	}{
		{llmstream.UsageInput, "in", u.Input}, {llmstream.UsageOutput, "out", u.Output}, {llmstream.UsageTotal, "total", u.Total},
		{llmstream.UsageCached, "cached", u.Cached}, {llmstream.UsageCacheWrite, "written", u.CacheWrite}, {llmstream.UsageReasoning, "reasoning", u.Reasoning},
	} {
		if u.Reported&f.field != 0 {
			fmt.Fprintf(&b, " %s=%d", f.name, f.n)
		}
	}
	return b.String()
}

// Lines collects the descriptions of deltas. It is a [llmstream.Handler].
type Lines []string

func (l *Lines) HandleDelta(d *llmstream.Delta) error {
	*l = append(*l, Describe(d))
	return nil
}

// Push writes a body to a parser, whole, and closes it.
func Push(d llmstream.Dialect, o *llmstream.Options, body string) (Lines, llmstream.Outcome) {
	var l Lines
	p := llmstream.NewParser(d, &l, o)
	p.Write([]byte(body))
	p.Close()
	return l, p.Outcome()
}
