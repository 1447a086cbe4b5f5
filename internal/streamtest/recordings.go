package streamtest

import (
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/testdata"
	"github.com/stretchr/testify/require"
)

// Recording is a recorded stream of testdata.
type Recording struct {
	File    string // DIALECT/NAME.sse
	Dialect llmstream.Dialect
	Body    []byte
}

// Recordings returns the recordings of all dialects.
func Recordings(t testing.TB) (all []Recording) {
	t.Helper()
	for i := range dialect.Table {
		d := llmstream.Dialect(i)
		entries, err := fs.ReadDir(testdata.FS, d.String())
		if err != nil {
			continue // auto, and a dialect that is not read yet
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".want.json") {
				continue
			}
			file := path.Join(d.String(), e.Name())
			body, err := testdata.Body(file)
			require.NoError(t, err)
			all = append(all, Recording{file, d, body})
		}
	}
	require.NotEmpty(t, all)
	return all
}
