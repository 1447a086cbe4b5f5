package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/seed-4d65deac/llmstream"
)

// A table has aligned rows of a name and a value. Empty values and counts of zero are
// left out, so that anything unusual about a stream catches the eye.
type table struct{ out *tabwriter.Writer }

func writeTable(w io.Writer, source string, c *llmstream.Completion, o *llmstream.Outcome) {
	t := table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	t.text("source", source)
	t.text("dialect", o.Dialect.String()+" over "+o.Wire.String())
	t.text("id", c.ID)
	t.text("model", c.Model)
	t.usage(&c.Usage)
	t.outcome(o)
	t.oddities(o)
	t.count("dropped bytes", c.Dropped)
	t.out.Flush() // w keeps its error for the invocation
}

func (t table) usage(u *llmstream.Usage) {
	if u.Reported == 0 {
		t.text("tokens", "not reported")
	}
	for _, row := range [...]struct {
		name   string
		field  llmstream.UsageFields
		tokens int64
	}{
		{"input tokens", llmstream.UsageInput, u.Input},
		{"cached tokens", llmstream.UsageCached, u.Cached},
		{"cache write tokens", llmstream.UsageCacheWrite, u.CacheWrite},
		{"output tokens", llmstream.UsageOutput, u.Output},
		{"reasoning tokens", llmstream.UsageReasoning, u.Reasoning},
		{"total tokens", llmstream.UsageTotal, u.Total},
	} {
		if u.Reported&row.field != 0 {
			t.number(row.name, row.tokens)
		}
	}
}

func (t table) outcome(o *llmstream.Outcome) {
	t.text("state", o.State.String())
	for _, c := range o.Choices {
		name := "finish reason"
		if len(o.Choices) > 1 {
			name = fmt.Sprintf("finish reason %d", c.Index)
		}
		t.text(name, finishText(&c))
	}
	t.flag("end marker", o.SawDone)
	t.number("events", o.Events)
	if o.APIError != nil {
		t.text("error", errorText(o.APIError))
	}
	t.text("cause", errorText(o.Cause))
}

// finishText adds the provider's own word to the reason if it is a different one.
func finishText(c *llmstream.ChoiceOutcome) string {
	reason := c.FinishReason.String()
	switch c.NativeFinishReason {
	case "":
		return "none"
	case reason:
		return reason
	}
	return fmt.Sprintf("%s (%s)", reason, c.NativeFinishReason)
}

func (t table) oddities(o *llmstream.Outcome) {
	t.count("malformed", o.Anomalies.Malformed)
	t.text("damage", errorText(o.Damage))
	t.count("skipped: empty", o.Anomalies.Skipped.Empty)
	t.count("skipped: keep-alive", o.Anomalies.Skipped.KeepAlive)
	t.count("skipped: no object", o.Anomalies.Skipped.NotObject)
	t.count("comments", o.Comments)
	t.count("unseparated events", o.Anomalies.Unseparated)
	t.count("after end marker", o.Anomalies.AfterDone)
	t.count("tool call conflicts", o.Anomalies.Conflicts)
	t.count("open tool calls", int64(o.OpenToolCalls))
	t.count("pending bytes", int64(o.Anomalies.PendingBytes))
	t.flag("unterminated", o.Anomalies.Unterminated)
}

func (t table) text(name, value string) {
	if value != "" {
		fmt.Fprintf(t.out, "%s\t%s\n", name, field(value))
	}
}

func (t table) number(name string, n int64) { t.text(name, fmt.Sprint(n)) }

func (t table) count(name string, n int64) {
	if n != 0 {
		t.number(name, n)
	}
}

func (t table) flag(name string, set bool) {
	if set {
		t.text(name, "yes")
	}
}
