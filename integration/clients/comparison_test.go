package clients

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// comparisonHeading is the heading of the table in README.md.
const comparisonHeading = "## What others get wrong"

// A comparedCase is a stream and what is right to make of it.
type comparedCase struct {
	streams dialectStreams
	right   func(comparedAnswer) bool
}

// A comparedRow is a line of the table. Its label says what is right. A cell is yes or no
// for one case, and a count for several.
type comparedRow struct {
	label string
	cases []comparedCase
}

func comparedRows() []comparedRow {
	failed := func(a comparedAnswer) bool { return a.err != nil }
	noCallIsWhole := func(a comparedAnswer) bool { return a.whole == 0 }
	usage := func(a comparedAnswer) bool { return a.err == nil && a.input == 11 && a.output == 7 }
	hello := textStreams("Hello", ", world")
	long := strings.Repeat("x", 70_000)
	return []comparedRow{
		{"Cut in the middle of a text: an error is reported", []comparedCase{{cutTextStreams, failed}}},
		{"Cut in a tool call whose arguments parse so far: the call is not reported as whole", []comparedCase{{cutCallStreams, noCallIsWhole}}},
		{"Error object after some text: an error is reported", []comparedCase{{errorStreams, failed}}},
		{"Three tool calls whose pieces interleave: all are right", []comparedCase{{parallelStreams, hasCalls(parallelCalls)}}},
		{"Tool calls without an index; all with index 0; id and name in each piece: all are right", []comparedCase{
			{withoutIndexStreams, hasCalls(numberedCalls)},
			{indexZeroStreams, hasCalls(numberedCalls)},
			{repeatedNameStreams, hasCalls(numberedCalls)},
		}},
		{"Usage in a chunk without choices, after the finish reason: it is there", []comparedCase{{hello, usage}}},
		{"Line longer than 64 KiB: the text is right", []comparedCase{{textStreams(long, "y"), hasText(long + "y")}}},
		{"JSON on several `data` lines; CRLF; lone CR: the text is right", []comparedCase{
			{hello.rewritten(splitData), hasText("Hello, world")},
			{hello.rewritten(endLinesWith("\r\n")), hasText("Hello, world")},
			{hello.rewritten(endLinesWith("\r")), hasText("Hello, world")},
		}},
	}
}

func hasText(want string) func(comparedAnswer) bool {
	return func(a comparedAnswer) bool { return a.err == nil && a.text == want }
}

func hasCalls(want []call) func(comparedAnswer) bool {
	return func(a comparedAnswer) bool { return a.err == nil && slices.Equal(a.calls, want) }
}

// TestComparison measures the table in README.md that compares the library with others.
func TestComparison(t *testing.T) {
	// A contender that fails here would be used wrongly.
	for _, c := range contenders {
		for _, text := range c.read(t, textStreams("Hello", ", world")) {
			require.NoError(t, text.err, c.name)
			require.Equal(t, "Hello, world", text.text, c.name)
		}
		for _, called := range c.read(t, callStreams) {
			require.NoError(t, called.err, c.name)
			require.Equal(t, []call{{"a", "list", `{"path":"/tmp"}`}}, called.calls, c.name)
			require.Equal(t, 1, called.whole, c.name)
		}
	}
	header, rule := []string{"stream with status 200"}, []string{"---"}
	for _, c := range contenders {
		header, rule = append(header, c.name), append(rule, "---")
	}
	measured := []string{tableRow(header), tableRow(rule)}
	for _, row := range comparedRows() {
		cells := []string{row.label}
		for _, c := range contenders {
			cells = append(cells, c.cell(t, row.cases))
		}
		measured = append(measured, tableRow(cells))
	}
	fmt.Println(strings.Join(measured, "\n"))
	t.Run("README", func(t *testing.T) { compareWithReadme(t, measured) })
}

func tableRow(cells []string) string { return "| " + strings.Join(cells, " | ") + " |" }

// read returns what the contender makes of the streams, one answer for each dialect that
// it reads and that has the case.
func (c contender) read(t testing.TB, streams dialectStreams) (answers []comparedAnswer) {
	for _, d := range []struct {
		stream string
		read   func(testing.TB, *http.Client, string) comparedAnswer
	}{{streams.chat, c.chat}, {streams.messages, c.messages}} {
		if d.stream == "" || d.read == nil {
			continue
		}
		server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.Write([]byte(d.stream))
		}))
		answers = append(answers, d.read(t, client(t, server), server.URL))
	}
	return answers
}

// cell measures the cases. A case is right if it is in each dialect. A dash stands for
// cases that the contender's dialect does not have.
func (c contender) cell(t testing.TB, cases []comparedCase) string {
	right, measured := 0, 0
	for _, one := range cases {
		answers := c.read(t, one.streams)
		if len(answers) == 0 {
			continue
		}
		measured++
		wrong := slices.IndexFunc(answers, func(a comparedAnswer) bool { return !one.right(a) })
		if wrong < 0 {
			right++
			continue
		}
		a := answers[wrong]
		t.Logf("%s: error %v, text %.40q, calls %v, %d whole", c.name, a.err, a.text, a.calls, a.whole)
	}
	switch {
	case measured == 0:
		return "–"
	case len(cases) > 1:
		return fmt.Sprintf("%d of %d", right, measured)
	case right == 1:
		return "yes"
	}
	return "no"
}

// compareWithReadme fails the test if the table in README.md differs from what was
// measured. Spaces around cells do not count, and neither do colons that align columns.
func compareWithReadme(t *testing.T, measured []string) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	_, section, ok := strings.Cut("\n"+string(readme), "\n"+comparisonHeading+"\n")
	if !ok {
		t.Skipf("README.md has no heading %q, so there is no table to compare with", comparisonHeading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var written []string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "|") {
			written = append(written, plainRow(line))
		} else if len(written) > 0 {
			break
		}
	}
	for i, line := range measured {
		measured[i] = plainRow(line)
	}
	require.Equal(t, strings.Join(measured, "\n"), strings.Join(written, "\n"), "the table in README.md differs from what was measured")
}

// plainRow returns a row of a table as tableRow writes it.
func plainRow(line string) string {
	cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
	for i, c := range cells {
		if cells[i] = strings.TrimSpace(c); cells[i] != "" && strings.Trim(cells[i], ":-") == "" {
			cells[i] = "---"
		}
	}
	return tableRow(cells)
}
