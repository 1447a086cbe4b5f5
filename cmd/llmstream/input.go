package main

import (
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-4d65deac/llmstream"
)

// A stream is the body of one response, and what is known about it beforehand.
type stream struct {
	source  string
	dialect llmstream.Dialect
	body    io.Reader
	status  int    // status of the response, or 0 if not known
	media   string // its Content-Type, or "" if not known
}

// eachStream calls do for every stream in the named file.
func (s *invocation) eachStream(name string, do func(stream) error) error {
	if name == "-" {
		return do(stream{source: name, body: s.stdin})
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return errors.New("is a directory")
	}
	content := s.progress.reader(f)
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml":
		return eachInteraction(name, content, do)
	case ".b64":
		return do(stream{source: name, body: base64.NewDecoder(base64.StdEncoding, withoutSpace{content})})
	}
	return do(stream{source: name, body: content})
}

// withoutSpace skips white space. The base64 decoder skips line ends only.
type withoutSpace struct{ io.Reader }

func (r withoutSpace) Read(p []byte) (n int, err error) {
	for n == 0 && err == nil && len(p) > 0 {
		var m int
		m, err = r.Reader.Read(p)
		for _, c := range p[:m] {
			if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
				p[n] = c
				n++
			}
		}
	}
	return n, err
}
