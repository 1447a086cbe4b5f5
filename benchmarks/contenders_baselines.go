package main

import (
	"bytes"
	"fmt"
	"hash/crc32"

	"github.com/seed-4d65deac/llmstream"
)

// The baselines look at nothing in a stream. They are the floor.
func baselines() []contender {
	lines := func(d llmstream.Dialect) reader {
		if isFramed(d) {
			return nil
		}
		return newScannerReader()
	}
	return []contender{
		{scannerName, "bufio.Scanner over the lines: the yardstick, in the reads of the workload", lines},
		{"Baseline-IndexByte", "bytes.IndexByte over the line feeds", chatOnly(func() reader { return new(indexByteReader) })},
		{"Baseline-copy", "copy", chatOnly(func() reader { return new(copyReader) })},
		{checksumName, "copy and a checksum of it: the yardstick of binary frames", only(llmstream.Bedrock, func() reader { return new(checksumReader) })},
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

// checksumReader is what whoever reads frames has to do at least: take the bytes
// and sum them up.
type checksumReader struct {
	copyReader
	sum uint32
}

func (r *checksumReader) read(f *feed) {
	r.size, r.sum = 0, 0
	for piece := f.next(); piece != nil; piece = f.next() {
		n := copy(r.to[:], piece)
		r.size += n
		r.sum = crc32.Update(r.sum, crc32.IEEETable, r.to[:n])
	}
}

func (r *checksumReader) verify(s *stream) error {
	if want := crc32.ChecksumIEEE(s.body); r.sum != want {
		return fmt.Errorf("the checksum is %08x, not %08x", r.sum, want)
	}
	return r.copyReader.verify(s)
}

func counted(what string, got, want int) error {
	if got != want {
		return fmt.Errorf("%d %s, not %d", got, what, want)
	}
	return nil
}
