package proof

import (
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// line returns a line of Ollama's that adds text.
func line(text string) string {
	return `{"model":"m","message":{"content":"` + text + `"},"done":false}`
}

const lastLine = `{"model":"m","message":{"content":""},"done":true,"done_reason":"stop"}`

// N-03
func TestLinesOfJSON(t *testing.T) {
	start, a, b := "start model=m", "content a", "content b"
	end := []string{"finish stop(stop)", "done"}
	whole := append(lines{start, a, b}, end...)
	for _, c := range []struct {
		name, body string
		want       lines
		state      llmstream.State
		reader     llmstream.Wire
	}{
		{"lines", line("a") + "\n" + line("b") + "\n" + lastLine + "\n", whole, llmstream.StateComplete, llmstream.WireLines},
		{"no end of the last line", line("a") + "\n" + line("b") + "\n" + lastLine, whole, llmstream.StateComplete, llmstream.WireLines},
		{"CRLF", line("a") + "\r\n" + line("b") + "\r\n" + lastLine + "\r\n", whole, llmstream.StateComplete, llmstream.WireLines},
		{"blank lines and spaces", "\n" + line("a") + " \n\n\r\n" + line("b") + "\n \n\t" + lastLine + " \n", whole, llmstream.StateComplete, llmstream.WireLines},
		{"one line", line("a") + "\n", lines{start, a}, llmstream.StateTruncated, llmstream.WireJSON},
		{"values that are no lines", line("a") + line("b") + lastLine, whole, llmstream.StateComplete, llmstream.WireJSON},
		{"values over several lines", "{\"message\":\n{\"content\":\"a\"},\"done\":false}\n{\"message\":\n{\"content\":\"b\"},\"done\":true}\n", lines{a, b, "done"}, llmstream.StateComplete, llmstream.WireJSON},
		{"an array behind a value", line("a") + "[\n" + line("b") + "\n,\n" + lastLine + "]\n", whole, llmstream.StateComplete, llmstream.WireJSON},
		{"a value over lines, and then lines", "{\"message\":\n{\"content\":\"a\"},\"done\":false}\n" + line("b") + "\n" + lastLine + "\n", lines{a, start, b, end[0], end[1]}, llmstream.StateComplete, llmstream.WireLines},
		{"a line that is none", line("a") + "\n{]\n" + line("b") + "\n" + lastLine + "\n", append(lines{start, a, "malformed", b}, end...), llmstream.StateComplete, llmstream.WireLines},
		{"a first line that is none", "{]\n" + line("a") + "\n" + line("b") + "\n" + lastLine + "\n", append(lines{"malformed", start, a, b}, end...), llmstream.StateComplete, llmstream.WireLines},
		{"half a line", line("a") + "\n" + line("b")[:20] + "\n" + line("b") + "\n" + lastLine + "\n", append(lines{start, a, "malformed", b}, end...), llmstream.StateComplete, llmstream.WireLines},
		{"lines that say nothing", line("a") + "\nnull\n[]\n7\n" + line("b") + "\n" + lastLine + "\n", append(lines{start, a, "other", "other", "other", b}, end...), llmstream.StateComplete, llmstream.WireLines},
		{"an error", line("a") + "\n" + `{"error":"no"}`, lines{start, a, "error no"}, llmstream.StateError, llmstream.WireLines},
		{"a word", line("a") + "\n" + "Not today\n", lines{start, a, "error Not today"}, llmstream.StateError, llmstream.WireLines},
		{"a page", line("a") + "\n<html>\n</html>\n", lines{start, a, "error <html>\n</html>"}, llmstream.StateError, llmstream.WireJSON},
		{"server-sent events behind an error", `{"error":"no"}` + "\n\n" + testkit.SSE(line("a")), lines{"error no", start, a}, llmstream.StateError, llmstream.WireJSON},
		{"server-sent events behind CRLF", line("a") + "\r\n" + line("b") + "\r\n" + testkit.SSE(lastLine), whole, llmstream.StateComplete, llmstream.WireLines},
		{"server-sent events that begin with an id", line("a") + "\nid: 1\n" + testkit.SSE(lastLine), append(lines{start, a}, end...), llmstream.StateComplete, llmstream.WireJSON},
		{"with a time to reconnect", line("a") + "\nretry: 1\n" + testkit.SSE(lastLine), append(lines{start, a}, end...), llmstream.StateComplete, llmstream.WireJSON},
		{"with a type", line("a") + "\nevent: x\n" + testkit.SSE(lastLine), append(lines{start, a}, end...), llmstream.StateComplete, llmstream.WireJSON},
		{"with a comment", line("a") + "\n: x\n" + testkit.SSE(lastLine), append(lines{start, a}, end...), llmstream.StateComplete, llmstream.WireJSON},
		{"server-sent events behind lines", line("a") + "\n" + line("b") + "\n" + testkit.SSE(lastLine), whole, llmstream.StateComplete, llmstream.WireLines},
		{"a broken last line", line("a") + "\n{]", lines{start, a, "malformed"}, llmstream.StateTruncated, llmstream.WireLines},
		{"a word with no end", line("a") + "\nNot today", lines{start, a, "error Not today"}, llmstream.StateError, llmstream.WireLines},
		{"a cut line", line("a") + "\n" + line("b")[:20], lines{start, a}, llmstream.StateTruncated, llmstream.WireLines},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			testkit.EachCut(c.body, func(cuts ...int) {
				var l lines
				p := llmstream.NewParser(llmstream.Ollama, &l, nil)
				testkit.WriteCut(t, p.Write, c.body, cuts...)
				p.Close()
				require.Equal(t, c.want, l, "cut at %v", cuts)
				require.Equal(t, c.state, p.Outcome().State, "cut at %v", cuts)
				require.Equal(t, c.reader, p.Wire(), "cut at %v", cuts)
			})
		})
	}
}

// A line's deltas come with the Write that brings its end. The deltas of the first line
// come with its last brace, because it may be a whole body.
func TestLinesArePrompt(t *testing.T) {
	var got int
	p := llmstream.NewParser(llmstream.Ollama, llmstream.HandlerFunc(func(*llmstream.Delta) error { got++; return nil }), &llmstream.Options{Kinds: llmstream.KindContent})
	p.Write([]byte(line("a")))
	require.Equal(t, 1, got)
	for i, end := range []string{"\n", "\r"} {
		p.Write([]byte("\n" + line("b")))
		require.Equal(t, 1+i, got)
		p.Write([]byte(end))
		require.Equal(t, 2+i, got)
	}
}

func TestLinesPastALimit(t *testing.T) {
	long := line(strings.Repeat("x", 200))
	for _, c := range []struct {
		options llmstream.Options
		limit   string
	}{
		{llmstream.Options{MaxLine: 150}, "MaxLine"},
		{llmstream.Options{MaxEvent: 150}, "MaxEvent"},
		{llmstream.Options{MaxEvent: 150, MaxLine: 140}, "MaxLine"},
	} {
		for _, body := range []string{
			line("a") + "\n" + long + "\n" + lastLine + "\n",
			line("a") + "\r\n" + long + "\r\n" + lastLine + "\r\n",
			line("a") + "\n" + long[:len(long)-1] + "\n" + lastLine + "\n",
			line("a") + "\n" + strings.Repeat(" ", 200) + "\n" + lastLine + "\n",
		} {
			want := read(llmstream.Ollama, &c.options, []byte(body))
			require.Equal(t, llmstream.StateComplete, want.Outcome.State)
			require.EqualValues(t, 1, want.Outcome.Anomalies.Malformed)
			var limit *llmstream.LimitError
			var damage *llmstream.SyntaxError
			require.ErrorAs(t, want.Outcome.Damage, &limit)
			require.Equal(t, c.limit, limit.Limit)
			require.ErrorAs(t, want.Outcome.Damage, &damage)
			require.Equal(t, len(strings.Split(strings.ReplaceAll(body, "\r", ""), "\n")[1]), damage.Length)
			testkit.EachCut(body, func(cuts ...int) {
				requireSame(t, want, read(llmstream.Ollama, &c.options, []byte(body), cuts...), cuts)
			})
		}
	}
	// The first line is read as a body may be, so that its limit is another.
	o := &llmstream.Options{MaxEvent: 150, MaxLine: 1 << 20}
	body := long + "\n" + lastLine + "\n"
	want := read(llmstream.Ollama, o, []byte(body))
	require.EqualValues(t, 1, want.Outcome.Anomalies.Malformed)
	testkit.EachCut(body, func(cuts ...int) { requireSame(t, want, read(llmstream.Ollama, o, []byte(body), cuts...), cuts) })
	just := &llmstream.Options{MaxEvent: len(long), MaxLine: 100}
	want = read(llmstream.Ollama, just, []byte(long))
	require.Zero(t, want.Outcome.Anomalies.Malformed)
	testkit.EachCut(long, func(cuts ...int) { requireSame(t, want, read(llmstream.Ollama, just, []byte(long), cuts...), cuts) })
	// And so is one that is no JSON, however much of it was kept.
	body = `{"x":"` + strings.Repeat("x", 200) + `"]` + "\n" + lastLine + "\n"
	want = read(llmstream.Ollama, o, []byte(body))
	require.EqualValues(t, 1, want.Outcome.Anomalies.Malformed)
	require.True(t, want.Outcome.SawDone)
	testkit.EachCut(body, func(cuts ...int) { requireSame(t, want, read(llmstream.Ollama, o, []byte(body), cuts...), cuts) })
}

// A line that never ends is damage. That it is not kept is tested in internal/wire.
func TestLineThatNeverEnds(t *testing.T) {
	p := llmstream.NewParser(llmstream.Ollama, nil, &llmstream.Options{MaxLine: 1 << 10})
	p.Write([]byte(line("a") + "\n" + `{"`))
	for range 1 << 10 {
		p.Write([]byte(strings.Repeat("x", 1<<10)))
	}
	require.Error(t, p.Close())
	require.EqualValues(t, 1, p.Outcome().Anomalies.Malformed)
	require.Zero(t, p.Outcome().Anomalies.PendingBytes) // they are counted as damage
	require.Equal(t, llmstream.WireLines, p.Wire())
}

// G-01: what cannot be read of an array costs one element where the server writes
// the commas in lines of their own.
func TestArrayIsReadOnBehindDamage(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       lines
	}{
		{"a broken element", "[" + line("a") + "\n,\n{\"x\" 1}\n,\n" + line("b") + "\n]\n", lines{"start model=m", "content a", "malformed", "content b"}},
		{"a broken first element", "[{]\n,\r\n" + line("a") + "\n]", lines{"malformed", "start model=m", "content a"}},
		{"over lines", "[{\n \"x\": [,\n ],\n \"y\": 1\n}\n,\n" + line("a") + "\n]", lines{"malformed", "start model=m", "content a"}},
		{"no line of its own", "[{]," + line("a") + "]", lines{"malformed"}},
		{"behind the array", "[{]\n]\n" + line("a"), lines{"malformed", "start model=m", "content a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			testkit.EachCut(c.body, func(cuts ...int) {
				var l lines
				p := llmstream.NewParser(llmstream.Ollama, &l, nil)
				testkit.WriteCut(t, p.Write, c.body, cuts...)
				p.Close()
				require.Equal(t, c.want, l, "cut at %v", cuts)
			})
		})
	}
}
