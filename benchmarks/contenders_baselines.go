package main

import (
	"bytes"
	"fmt"
)

// The baselines look at nothing in a stream. They are the floor.
func baselines() []contender {
	return []contender{
		{scannerName, "bufio.Scanner over the lines: the yardstick, in the reads of the workload", func() reader { return newScannerReader() }},
		{"Baseline-IndexByte", "bytes.IndexByte over the line feeds", func() reader { return new(indexByteReader) }},
		{"Baseline-copy", "copy", func() reader { return new(copyReader) }},
	}
}

type scannerReader struct {
	buf   []byte
	lines int
	bytes int
}

func newScannerReader() *scannerReader { return &scannerReader{buf: make([]byte, scanBuffer)} }

func (r *scannerReader) read(f *feed) {
	r.lines, r.bytes = 0, 0
	for lines := newScanner(f, r.buf); lines.Scan(); {
		r.lines++
		r.bytes += len(lines.Bytes())
	}
}

func (r *scannerReader) verify(s *stream) error {
	lines := bytes.Count(s.body, []byte("\n"))
	if !bytes.HasSuffix(s.body, []byte("\n")) && len(s.body) > 0 {
		lines++
	}
	return counted("lines", r.lines, lines)
}

type indexByteReader struct{ lines int }

func (r *indexByteReader) read(f *feed) {
	r.lines = 0
	for piece := f.next(); piece != nil; piece = f.next() {
		for {
			n := bytes.IndexByte(piece, '\n')
			if n < 0 {
				break
			}
			r.lines++
			piece = piece[n+1:]
		}
	}
}

func (r *indexByteReader) verify(s *stream) error {
	return counted("line feeds", r.lines, bytes.Count(s.body, []byte("\n")))
}

type copyReader struct {
	to   [readSize]byte
	size int
}

func (r *copyReader) read(f *feed) {
	r.size = 0
	for piece := f.next(); piece != nil; piece = f.next() {
		r.size += copy(r.to[:], piece)
	}
}

func (r *copyReader) verify(s *stream) error { return counted("bytes", r.size, len(s.body)) }

func counted(what string, got, want int) error {
	if got != want {
		return fmt.Errorf("%d %s, not %d", got, what, want)
	}
	return nil
}
