package llmstream

import (
	"encoding/json"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/wire"
	"github.com/stretchr/testify/require"
)

// What README.md, DESIGN.md and docs/ say about the code is checked here.

// codeBlocks returns the blocks of a language in a Markdown file.
func codeBlocks(markdown, language string) (blocks []string) {
	for _, part := range strings.Split(markdown, "\n```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(part, "\n```\n")
		blocks = append(blocks, block+"\n")
	}
	return blocks
}

// tableRows returns the cells of all rows in the tables of a Markdown section,
// headings of columns included, without back quotes.
func tableRows(t *testing.T, markdown, heading string) (rows [][]string) {
	_, section, ok := strings.Cut(markdown, "\n"+heading+"\n")
	require.True(t, ok, "there is no section %q", heading)
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		var cells []string
		for _, cell := range strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			cells = append(cells, strings.TrimSpace(strings.ReplaceAll(cell, "`", "")))
		}
		rows = append(rows, cells)
	}
	require.NotEmpty(t, rows, "the section %q has no table", heading)
	return rows
}

// rowOf returns the row that begins with a cell.
func rowOf(rows [][]string, first string) []string {
	for _, row := range rows {
		if row[0] == first {
			return row
		}
	}
	return nil
}

// .ci/run takes the commands from README.md's first block: the second one first,
// since it is the tests.
func TestReadmeCommands(t *testing.T) {
	readme := string(readFile(t, "README.md"))
	require.Equal(t,
		"go run ./cmd/llmstream show testdata/cerebras-qwen-3-coder-480b-multi_tool_streaming.yaml\ngo test ./...\n",
		codeBlocks(readme, "sh")[0])
}

// readmeImports are the packages that the code in README.md may use.
var readmeImports = []string{
	"context", "encoding/json", "errors", "fmt", "io", "log/slog", "net/http", "net/http/httputil", "net/url", "os", "strings", "sync", "time",
	"github.com/seed-4d65deac/llmstream", "github.com/seed-4d65deac/llmstream/httptee", "github.com/seed-4d65deac/llmstream/encode/httpencode",
}

// Each block of Go code in README.md is a part of example_test.go, where it runs
// and vet reads it, and compiles by itself as well.
func TestReadmeCode(t *testing.T) {
	blocks := codeBlocks(string(readFile(t, "README.md")), "go")
	require.GreaterOrEqual(t, len(blocks), 3, "one for each way to use the package")
	examples := string(readFile(t, "example_test.go"))
	here, err := os.Getwd()
	require.NoError(t, err)
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	var packages []string
	for i, block := range blocks {
		require.Contains(t, examples, block, "block %d is not in example_test.go", i+1)
		name := "readme" + strconv.Itoa(i+1)
		source := "package " + name + "\n\nimport (\n"
		code := regexp.MustCompile(`//.*`).ReplaceAllString(block, "")
		for _, path := range readmeImports {
			if regexp.MustCompile(`\b` + filepath.Base(path) + `\.`).MatchString(code) {
				source += strconv.Quote(path) + "\n"
			}
		}
		formatted, err := format.Source([]byte(source + ")\n\n" + block))
		require.NoError(t, err, "block %d", i+1)
		require.Contains(t, string(formatted), block, "block %d is not formatted", i+1)
		file := filepath.Join(dir, name+".go")
		require.NoError(t, os.WriteFile(file, formatted, 0o600))
		// The package stands in this module for the go command alone.
		overlay.Replace[filepath.Join(here, "internal", name, name+".go")] = file
		packages = append(packages, "./internal/"+name)
	}
	list, err := json.Marshal(overlay)
	require.NoError(t, err)
	listFile := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(listFile, list, 0o600))
	goCommand, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go command to compile with")
	}
	out, err := exec.Command(goCommand, append([]string{"build", "-overlay", listFile}, packages...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// size reads a number as README.md writes it: 65,536 or 32 MiB.
func size(t *testing.T, text string) int64 {
	number, unit, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(strings.ReplaceAll(number, ",", ""), 10, 64)
	require.NoError(t, err)
	switch unit {
	case "MiB":
		return n << 20
	case "KiB":
		return n << 10
	}
	require.Empty(t, unit)
	return n
}

func TestLimitsPage(t *testing.T) {
	rows := tableRows(t, "\n"+string(readFile(t, "docs", "limits.md")), "# Limits")
	defaults := reflect.ValueOf((*Options)(nil).withDefaults().Options)
	limits := 0
	for i := range defaults.NumField() {
		name := defaults.Type().Field(i).Name
		if !strings.HasPrefix(name, "Max") {
			continue
		}
		row := rowOf(rows, name)
		require.NotNil(t, row, "%s has no row", name)
		require.Equal(t, defaults.Field(i).Int(), size(t, row[1]), name)
		limits++
	}
	require.Equal(t, len(rows)-2, limits, "a row is for no option") // the others are the header and the Accumulator's
	require.EqualValues(t, defaultMaxBytes, size(t, rowOf(rows, "Accumulator.MaxBytes")[1]))
}

// README.md is for a first visit. What it takes longer to read is in docs/.
func TestReadmeIsShort(t *testing.T) {
	require.LessOrEqual(t, len(readFile(t, "README.md")), 10_000)
}

func TestReadmeStates(t *testing.T) {
	rows := tableRows(t, string(readFile(t, "README.md")), "## What complete means")
	for _, name := range stateNames {
		require.NotNil(t, rowOf(rows, name), "the state %s has no row", name)
	}
	require.Len(t, rows, len(stateNames)+1, "a state is not one of the package's")
}

// The table shows what was measured last.
func TestPerformancePage(t *testing.T) {
	var measured struct {
		Cells []struct {
			Workload, Contender  string
			NsPerEvent, XScanner struct{ Median float64 }
		}
	}
	require.NoError(t, json.Unmarshal(readFile(t, "benchmarks", "results", "results.json"), &measured))
	rows := tableRows(t, "\n"+string(readFile(t, "docs", "performance.md")), "# Performance")
	require.Greater(t, len(rows), 5)
	for _, row := range rows[1:] {
		for _, c := range measured.Cells {
			if row[0] != c.Contender {
				continue
			}
			switch c.Workload {
			case "long-answer":
				require.Equal(t, []string{figure(c.NsPerEvent.Median), figure(c.XScanner.Median)}, row[1:3], row[0])
			case "recorded":
				require.Equal(t, []string{figure(c.NsPerEvent.Median), figure(c.XScanner.Median)}, row[3:5], row[0])
			}
		}
	}
}

// figure returns a number with three digits.
func figure(f float64) string {
	return strconv.FormatFloat(f, 'f', max(0, 2-int(math.Floor(math.Log10(f)))), 64)
}

func TestFinishReasonsInDialectsPage(t *testing.T) {
	rows := tableRows(t, string(readFile(t, "docs", "dialects.md")), "## Finish reasons")
	_, code, _ := strings.Cut(string(readFile(t, "internal/decode/finish.go")), "func FinishReasonOf(")
	code, _, _ = strings.Cut(code, "\n}\n")
	var inCode, inPage []string
	for _, quoted := range regexp.MustCompile(`"\w+"`).FindAllString(code, -1) {
		inCode = append(inCode, strings.Trim(quoted, `"`))
	}
	for _, row := range rows[1:] {
		if row[0] == "unknown" {
			break // after it comes the table by dialect
		}
		for _, word := range strings.Split(row[1], ", ") {
			require.Equal(t, row[0], decode.FinishReasonOf([]byte(word)).String(), word)
			inPage = append(inPage, word)
		}
	}
	require.ElementsMatch(t, inCode, inPage)
}

// A request path on the page selects the dialect that the page gives for it. The
// page and the table give the same wires.
func TestTableInDialectsPage(t *testing.T) {
	rows := tableRows(t, string(readFile(t, "docs", "dialects.md")), "## Dialects")
	for d := Auto + 1; int(d) < len(dialect.Table); d++ {
		row := rowOf(rows, d.String())
		require.NotNil(t, row, "%s has no row", d)
		for _, end := range strings.Split(row[2], ", ") {
			require.Equal(t, d, DetectDialect("", "/x"+strings.ReplaceAll(end, "*", "y")), end)
		}
		for w := WireSSE; w <= WireFrames; w++ {
			onPage := slices.Contains(strings.Split(row[1], ", "), w.String())
			require.Equal(t, dialect.Table[d].Wires.Has(wire.Kind(w)), onPage, "%s over %s", d, w)
		}
	}
	require.Len(t, rows, len(dialect.Table), "a dialect is not one of the package's")
}

// What an id in a comment means can be looked up.
func TestQuirksPage(t *testing.T) {
	_, page, _ := strings.Cut(string(readFile(t, "docs", "quirks.md")), "\n## ")
	rows := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z]-[0-9]{2})` \\| .+ \\|$").FindAllStringSubmatch(page, -1) {
		require.False(t, rows[row[1]], "%s has two rows", row[1])
		rows[row[1]] = true
	}
	require.Greater(t, len(rows), 200)
	names := []string{"testdata/README.md"}
	for _, pattern := range []string{"*.go", "*/*.go", "*/*/*.go", "docs/*.md"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		names = append(names, files...)
	}
	id := regexp.MustCompile(`\b[FJCTUREAOGBNW]-[0-9]{2}\b`)
	for _, name := range names {
		for _, quirk := range id.FindAllString(string(readFile(t, name)), -1) {
			require.True(t, rows[quirk], "%s names %s, which docs/quirks.md does not explain", name, quirk)
		}
	}
}

// maxDesign is how many bytes DESIGN.md may have: it is to be read in one go.
const maxDesign = 12_500

func TestDesignIsShort(t *testing.T) {
	require.LessOrEqual(t, len(readFile(t, "DESIGN.md")), maxDesign)
}

// The map of packages has all of them, each with what it imports of this module.
func TestDesignPackages(t *testing.T) {
	const module = "github.com/seed-4d65deac/llmstream"
	rows := tableRows(t, string(readFile(t, "DESIGN.md")), "## Packages")[1:]
	mapped := map[string]bool{}
	for _, row := range rows {
		mapped[row[0]] = true
		dir := row[0]
		if dir == "llmstream" {
			dir = "."
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files, "there is no package %s", row[0])
		imports := map[string]bool{}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			require.NoError(t, err)
			for _, spec := range file.Imports {
				path, err := strconv.Unquote(spec.Path.Value)
				require.NoError(t, err)
				if path == module {
					imports["llmstream"] = true
				} else if rest, ok := strings.CutPrefix(path, module+"/"); ok {
					imports[rest] = true
				}
			}
		}
		require.ElementsMatch(t, strings.Fields(row[2]), slices.Collect(maps.Keys(imports)), "imports of %s", row[0])
	}
	internal, err := filepath.Glob("internal/*")
	require.NoError(t, err)
	for _, dir := range internal {
		require.True(t, mapped[filepath.ToSlash(dir)], "%s is not on the map", dir)
	}
}

// The order of files has each file of the root once.
func TestDesignOrder(t *testing.T) {
	var ordered, files []string
	for _, block := range codeBlocks(string(readFile(t, "DESIGN.md")), "order") {
		ordered = append(ordered, strings.Fields(block)...)
	}
	all, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range all {
		if !strings.HasSuffix(name, "_test.go") {
			files = append(files, name)
		}
	}
	require.ElementsMatch(t, files, ordered)
}

// Links between pages lead somewhere.
func TestPagesLinks(t *testing.T) {
	var pages []string
	for _, pattern := range []string{"*.md", "docs/*.md", ".github/*.md", "examples/*.md", "testdata/*.md", "benchmarks/*.md"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, found, pattern)
		pages = append(pages, found...)
	}
	for _, page := range pages {
		for _, link := range regexp.MustCompile(`\]\(([^)#]+)`).FindAllStringSubmatch(string(readFile(t, page)), -1) {
			if !strings.Contains(link[1], "://") {
				_, err := os.Stat(filepath.Join(filepath.Dir(page), link[1]))
				require.NoError(t, err, "a link of %s", page)
			}
		}
	}
}
