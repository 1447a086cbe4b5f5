package testkit

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/seed-4d65deac/llmstream/testdata"
)

// Bodies calls add with each recorded body of testdata that is smaller than limit
// bytes.
func Bodies(t testing.TB, limit int, add func(body []byte)) {
	t.Helper()
	found := false
	err := fs.WalkDir(testdata.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Dir(name) == "." { // beside the folders lies a cassette, which is no body
			return err
		}
		body, err := testdata.Body(name)
		if err == nil && len(body) < limit {
			found = true
			add(body)
		}
		return err
	})
	if err != nil || !found {
		t.Fatalf("no recordings in testdata: %v", err)
	}
}

// File returns the file of this name in the folder that an environment variable
// names, and skips the test if it is not set.
func File(t testing.TB, variable, name string) []byte {
	t.Helper()
	dir := os.Getenv(variable)
	if dir == "" {
		t.Skipf("%s is not set: its files are not tested", variable)
	}
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
