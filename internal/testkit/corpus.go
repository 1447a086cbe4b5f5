package testkit

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// CorpusStream is a recorded stream of a corpus: a folder with manifest.json, in which
// each stream has an oracle, which is what an independent program folded it to. The
// corpora are not part of the repository.
type CorpusStream struct {
	Path, Oracle, Provider, Dialect, Subdialect string

	dir string
}

// Corpus returns the recorded streams of the folder that an environment variable
// names. It skips the test if the variable is not set.
func Corpus(t testing.TB, variable string) []CorpusStream {
	t.Helper()
	var manifest struct{ Streams []CorpusStream }
	if err := json.Unmarshal(File(t, variable, "manifest.json"), &manifest); err != nil {
		t.Fatal(err)
	}
	if len(manifest.Streams) == 0 {
		t.Fatalf("%s names a folder without streams", variable)
	}
	for i := range manifest.Streams {
		manifest.Streams[i].dir = os.Getenv(variable)
	}
	return manifest.Streams
}

// Body returns the bytes of the stream.
func (s *CorpusStream) Body(t testing.TB) []byte {
	t.Helper()
	return decoded(t, s.Path, s.read(t, s.Path))
}

// ReadOracle parses the stream's oracle.
func (s *CorpusStream) ReadOracle(t testing.TB, oracle any) {
	t.Helper()
	if err := json.Unmarshal(s.read(t, s.Oracle), oracle); err != nil {
		t.Fatal(err)
	}
}

func (s *CorpusStream) read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// decoded returns the stream that a file holds. Binary streams are stored as base64.
func decoded(t testing.TB, name string, b []byte) []byte {
	t.Helper()
	if !strings.HasSuffix(name, ".b64") {
		return b
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
