package main

import (
	"bytes"
	"io"
)

// readSize is the default number of bytes in a read.
const readSize = 32 << 10

// A stream is the body of a response, cut into reads, with the expected answer.
type stream struct {
	body   []byte
	pieces [][]byte // of body: the bytes of one Write or one Read
	events int
	want   *answer
	text   []byte // content and reasoning of all choices, in order of arrival
}

// newStream returns a stream cut into reads of readSize.
func newStream(body []byte) *stream { return &stream{body: body, pieces: cut(body, readSize)} }

// in returns s cut into other pieces.
func (s *stream) in(pieces [][]byte) *stream {
	c := *s
	c.pieces = pieces
	return &c
}

// cut cuts body into pieces of size bytes.
func cut(body []byte, size int) (pieces [][]byte) {
	for len(body) > size {
		pieces = append(pieces, body[:size:size])
		body = body[size:]
	}
	return append(pieces, body)
}

// cutAfter cuts body after each end.
func cutAfter(body []byte, end string) (pieces [][]byte) {
	for len(body) > 0 {
		n := len(body)
		if at := bytes.Index(body, []byte(end)); at >= 0 {
			n = at + len(end)
		}
		pieces = append(pieces, body[:n:n])
		body = body[n:]
	}
	return pieces
}

// A feed hands out the pieces of streams: by next to contenders that are pushed, and as an
// io.ReadCloser to those that pull, at most one piece a Read. Between pieces, turn may
// stop the clock; see measure.go.
type feed struct {
	pieces [][]byte
	rest   []byte // of the piece that the last Read began

	turn  func() // called after each slice; nil: never
	slice int    // bytes
	left  int    // bytes left of the slice
}

func (f *feed) open(s *stream) { f.pieces, f.rest = s.pieces, nil }

// next returns the next piece, or nil at the end of the stream.
func (f *feed) next() []byte {
	if len(f.pieces) == 0 {
		return nil
	}
	if f.turn != nil && f.left <= 0 {
		f.turn()
		f.left = f.slice
	}
	p := f.pieces[0]
	f.pieces = f.pieces[1:]
	f.left -= len(p)
	return p
}

func (f *feed) Read(b []byte) (int, error) {
	if len(f.rest) == 0 {
		if f.rest = f.next(); f.rest == nil {
			return 0, io.EOF
		}
	}
	n := copy(b, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func (f *feed) Close() error { return nil }
