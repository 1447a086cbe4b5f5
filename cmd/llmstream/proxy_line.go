package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/httptee"
)

// A printer prints a line for each stream of a proxy.
type printer struct {
	mu sync.Mutex
	*invocation
	json bool
}

// done prints the line of a response, if it was a stream or should have been one.
func (p *printer) done(req *http.Request, r *httptee.Result) {
	if r.Outcome.State == llmstream.StateNotStream && llmstream.DetectDialect("", req.URL.Path) == llmstream.Auto {
		return
	}
	line := newProxyLine(req.URL.Path, r)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.json {
		p.writeLine(line)
	} else {
		fmt.Fprintln(p.stdout, line)
	}
	p.stdout.Flush() // a proxy goes on, whether anybody reads its lines or not
}

// complain tells what went wrong with a request that got no response.
func (p *printer) complain(path string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.invocation.complain(path, err)
}

// proxyLine is what is printed of a stream.
type proxyLine struct {
	State     string     `json:"state"`
	Status    int        `json:"status"`
	Dialect   string     `json:"dialect"`
	Model     string     `json:"model,omitempty"`
	Finish    []string   `json:"finish_reasons"` // of each choice
	Usage     *usageJSON `json:"usage"`
	FirstByte *float64   `json:"first_byte_ms"` // null: there was none
	First     *float64   `json:"first_output_ms"`
	End       *float64   `json:"end_ms"`
	Gaps      gapsJSON   `json:"gaps"`
	ToolCalls []string   `json:"tool_calls"` // by name
	Events    int64      `json:"events"`
	Malformed int64      `json:"malformed"`
	Bytes     int64      `json:"bytes"`
	Encoding  string     `json:"encoding,omitempty"`
	Left      bool       `json:"client_left"`
	Error     string     `json:"error,omitempty"`
	Path      string     `json:"path"`

	result *httptee.Result
}

type gapsJSON struct {
	N   int64    `json:"n"`
	P50 *float64 `json:"p50_ms"`
	P99 *float64 `json:"p99_ms"`
	Max *float64 `json:"max_ms"`
}

func newProxyLine(path string, r *httptee.Result) *proxyLine {
	gaps := &r.Timings.Gaps
	l := &proxyLine{
		State: r.Outcome.State.String(), Status: r.Status, Dialect: r.Dialect.String(), Model: r.Model,
		Finish: []string{}, Usage: newUsageJSON(&r.Usage),
		FirstByte: milliseconds(r.Timings.FirstByte), First: milliseconds(r.Timings.FirstOutput), End: milliseconds(r.Timings.End),
		Gaps:      gapsJSON{N: gaps.N()},
		ToolCalls: []string{}, Events: r.Events, Malformed: r.Outcome.Malformed, Bytes: r.Bytes, Encoding: r.Encoding, Left: r.ClientLeft,
		Error: proxyError(&r.Outcome), Path: path, result: r,
	}
	l.Usage.Raw = nil
	if l.Gaps.N > 0 {
		l.Gaps.P50, l.Gaps.P99, l.Gaps.Max = milliseconds(gaps.Quantile(0.5)), milliseconds(gaps.Quantile(0.99)), milliseconds(gaps.Max)
	}
	for _, c := range r.Outcome.Choices {
		l.Finish = append(l.Finish, c.FinishReason.String())
	}
	if r.Completion != nil {
		for _, c := range r.Completion.Choices {
			for _, t := range c.Message.ToolCalls {
				l.ToolCalls = append(l.ToolCalls, t.Name)
			}
		}
	}
	return l
}

// proxyError is what went wrong, without the text of a provider's error: some
// repeat the key that they refuse.
func proxyError(o *llmstream.Outcome) string {
	if e := o.APIError; e != nil {
		words := []string{e.Type, e.Code}
		if e.Status != 0 {
			words = append(words, strconv.Itoa(e.Status))
		}
		words = slices.DeleteFunc(slices.Compact(words), func(word string) bool { return word == "" })
		return strings.Join(words, " ")
	}
	return oneLine(errorText(o.Cause))
}

// String is the line for people: names and values.
func (l *proxyLine) String() string {
	var b strings.Builder
	add := func(name, value string) {
		if value == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r == '"' || r == '=' || !strconv.IsPrint(r) }) {
			value = strconv.Quote(value)
		}
		b.WriteString(name + "=" + value)
	}
	tokens := func(name string, n *int64) {
		if n != nil {
			add(name, strconv.FormatInt(*n, 10))
		}
	}
	add("state", l.State)
	add("status", strconv.Itoa(l.Status))
	add("dialect", l.Dialect)
	add("model", l.Model)
	add("finish", strings.Join(slices.Compact(slices.Clone(l.Finish)), ","))
	tokens("input", l.Usage.Input)
	tokens("output", l.Usage.Output)
	times, gaps := &l.result.Timings, &l.result.Timings.Gaps
	if times.FirstOutput != httptee.Never {
		add("first_output", shortTime(times.FirstOutput))
	}
	if l.Gaps.N > 0 {
		add("gaps", strconv.FormatInt(l.Gaps.N, 10))
		add("gap_p50", shortTime(gaps.Quantile(0.5)))
		add("gap_p99", shortTime(gaps.Quantile(0.99)))
		add("gap_max", shortTime(gaps.Max))
	}
	add("tool_calls", strings.Join(l.ToolCalls, ","))
	if l.Malformed > 0 {
		add("malformed", strconv.FormatInt(l.Malformed, 10))
	}
	if l.Left {
		add("client", "left")
	}
	add("error", l.Error)
	add("path", l.Path)
	return b.String()
}

// shortTime is d with three digits or so.
func shortTime(d time.Duration) string {
	if d < time.Millisecond {
		return d.Round(time.Microsecond).String()
	}
	if d < time.Second {
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(time.Millisecond).String()
}
