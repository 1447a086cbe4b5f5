package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/seed-4d65deac/llmstream"
)

// The baselines ignore what a stream says. They show the least time possible.
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
		{"Baseline-copy-frames", "copy and both checksums of each frame", only(llmstream.Bedrock, func() reader { return new(framesReader) })},
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

// checksumReader copies the bytes and takes one checksum of each read. That verifies no
// frame, and costs a fifth of the checksums of the single frames.
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

// framesReader does the least that reading frames takes: it copies the bytes, finds the
// frames and verifies both checksums of each.
type framesReader struct {
	buf    []byte
	frames int
	size   int
	broken bool
}

func (r *framesReader) read(f *feed) {
	r.buf, r.frames, r.size, r.broken = r.buf[:0], 0, 0, false
	for piece := f.next(); piece != nil && !r.broken; piece = f.next() {
		r.buf = append(r.buf, piece...)
		r.size += len(piece)
		n := 0
		for len(r.buf)-n >= preludeSize {
			frame := r.buf[n:]
			size := binary.BigEndian.Uint32(frame)
			if r.broken = size < preludeSize+checksumSize || crc32.ChecksumIEEE(frame[:8]) != binary.BigEndian.Uint32(frame[8:]); r.broken {
				return
			}
			if uint64(size) > uint64(len(frame)) {
				break
			}
			end := size - checksumSize
			if r.broken = crc32.ChecksumIEEE(frame[:end]) != binary.BigEndian.Uint32(frame[end:]); r.broken {
				return
			}
			r.frames++
			n += int(size)
		}
		r.buf = append(r.buf[:0], r.buf[n:]...)
	}
}

func (r *framesReader) verify(s *stream) error {
	if r.broken || len(r.buf) > 0 {
		return fmt.Errorf("frame %d is damaged or broken off", r.frames)
	}
	return counted("bytes", r.size, len(s.body))
}

func counted(what string, got, want int) error {
	if got != want {
		return fmt.Errorf("%d %s, not %d", got, what, want)
	}
	return nil
}
