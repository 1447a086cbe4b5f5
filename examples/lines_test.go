package examples

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each program says how to run it, fits on two screens, and is in the list.
func TestProgramsAreShort(t *testing.T) {
	programs, err := filepath.Glob("*/main.go")
	require.NoError(t, err)
	require.Len(t, programs, 7)
	list := string(read(t, "README.md"))
	for _, program := range programs {
		folder := filepath.Dir(program)
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		require.NoError(t, err)
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				require.Less(t, strings.Count(string(read(t, file)), "\n"), 120, file)
			}
		}
		text := string(read(t, program))
		require.Regexp(t, `^// [A-Z]`, text, program)
		require.Contains(t, text, "//	go run ./"+folder, program)
		require.Contains(t, list, "["+folder+"]("+folder+"/", program)
		_, err = os.Stat(filepath.Join(folder, "main_test.go"))
		require.NoError(t, err)
	}
}

// So many lines suffice.
func TestLinesThatSuffice(t *testing.T) {
	for _, test := range []struct {
		file, function string
		most           int
	}{
		{"ask/main.go", "fold", 10},
		{"ask/main.go", "printText", 10},
		{"sdks/main.go", "strictOpenAI", 10},
		{"sdks/main.go", "strictAnthropic", 10},
		{"agent/main.go", "answer", 20},
		{"billing/main.go", "billing", 20},
	} {
		require.LessOrEqual(t, lines(t, test.file, test.function), test.most, "%s: %s", test.file, test.function)
	}
}

// lines returns how many lines of code a function or method has, from its first to its last.
// Lines of nothing but a comment do not count.
func lines(t *testing.T, file, name string) (n int) {
	t.Helper()
	text := read(t, file)
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, text, 0)
	require.NoError(t, err)
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != name {
			continue
		}
		for line := range strings.Lines(string(text[files.Position(f.Pos()).Offset:files.Position(f.End()).Offset])) {
			require.LessOrEqual(t, len(line), 120, "this line of %s is long", name)
			line = strings.TrimSpace(line)
			if line != "" && !strings.HasPrefix(line, "//") {
				n++
			}
		}
	}
	require.NotZero(t, n, "%s has no function %s", file, name)
	return n
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return text
}
