package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/httptee"
)

// A proxyLine is what a proxy prints about a stream. Its texts are cut with cutField.
type proxyLine struct {
	State     string     `json:"state"`
	Status    int        `json:"status"`
	Dialect   string     `json:"dialect"`
	Model     string     `json:"model,omitempty"`
	Finish    []string   `json:"finish_reasons"` // one a choice, at most maxNames
	Usage     *usageJSON `json:"usage"`
	FirstByte *float64   `json:"first_byte_ms"` // null if no byte came
	First     *float64   `json:"first_output_ms"`
	End       *float64   `json:"end_ms"`
	Gaps      gapsJSON   `json:"gaps"`
	ToolCalls []string   `json:"tool_calls"` // names, at most maxNames
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
		State: r.Outcome.State.String(), Status: r.Status, Dialect: r.Dialect.String(), Model: cutField(r.Model),
		Finish: []string{}, Usage: newUsageJSON(&r.Usage),
		FirstByte: milliseconds(r.Timings.FirstByte), First: milliseconds(r.Timings.FirstOutput), End: milliseconds(r.Timings.End),
		Gaps:      gapsJSON{N: gaps.N()},
		ToolCalls: []string{}, Events: r.Events, Malformed: r.Outcome.Anomalies.Malformed, Bytes: r.Bytes, Encoding: cutField(r.Encoding), Left: r.ClientLeft,
		Error: cutField(proxyError(&r.Outcome)), Path: cutField(path), result: r,
	}
	l.Usage.Raw = nil
	if l.Gaps.N > 0 {
		l.Gaps.P50, l.Gaps.P99, l.Gaps.Max = milliseconds(gaps.Quantile(0.5)), milliseconds(gaps.Quantile(0.99)), milliseconds(gaps.Max)
	}
	for _, c := range r.Outcome.Choices[:min(maxNames, len(r.Outcome.Choices))] {
		l.Finish = append(l.Finish, c.FinishReason.String())
	}
	if r.Completion != nil {
		l.ToolCalls = toolNames(r.Completion)
	}
	return l
}

// maxNames is how many finish reasons and tool calls a line names. An answer may have
// hundreds.
const maxNames = 20

// toolNames returns the names of the tool calls, and an ellipsis for those past maxNames.
func toolNames(c *llmstream.Completion) []string {
	names := []string{}
	for _, choice := range c.Choices {
		for _, call := range choice.Message.ToolCalls {
			if len(names) == maxNames {
				return append(names, ellipsis)
			}
			names = append(names, cutField(call.Name))
		}
	}
	return names
}

// proxyError returns what went wrong. It leaves out the message of a provider's error,
// because some providers repeat the key that they refuse, and types and codes that
// could be a key as well.
func proxyError(o *llmstream.Outcome) string {
	e := o.APIError
	if e == nil {
		return errorText(o.Cause)
	}
	var words []string
	for _, word := range [...]string{e.Type, e.Code} {
		if looksLikeWords(word) && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	if status := strconv.Itoa(e.Status); e.Status != 0 && !slices.Contains(words, status) {
		words = append(words, status)
	}
	return strings.Join(words, " ")
}

// looksLikeWords reports whether text is like the types and codes of providers' errors
// (rate_limit_exceeded, ThrottlingException, Quota.Exceeded, 1302) and unlike a key,
// which has hyphens, digits between letters, or a long row of letters.
func looksLikeWords(text string) bool {
	const maxLetters, maxDigits, maxWords = 32, 5, 10
	words := strings.FieldsFunc(text, func(r rune) bool { return r == '_' || r == '.' })
	for _, word := range words {
		letters, digits := 0, 0
		for i := range len(word) {
			switch c := word[i]; {
			case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
				letters++
			case '0' <= c && c <= '9':
				digits++
			default:
				return false
			}
		}
		if letters > 0 && digits > 0 || letters > maxLetters || digits > maxDigits {
			return false
		}
	}
	return len(words) > 0 && len(words) <= maxWords
}

// String returns the line for people: NAME=VALUE pairs.
func (l *proxyLine) String() string {
	var b strings.Builder
	add := func(name, value string) {
		if value == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(name + "=" + quotedField(value))
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

// shortTime returns d with about three digits.
func shortTime(d time.Duration) string {
	if d < time.Millisecond {
		return d.Round(time.Microsecond).String()
	}
	if d < time.Second {
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(time.Millisecond).String()
}
