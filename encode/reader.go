package encode

import (
	"bytes"
	"errors"
	"io"

	"github.com/seed-4d65deac/llmstream"
)

// NewReader returns body in another dialect. Its bytes are the stream that an [Encoder]
// writes for the deltas of body. A Read returns as soon as at least one whole event is
// ready, and reads no more of body than that takes. Closing the reader closes body.
//
// If body is cut or fails, the stream ends with an error in the target's form and
// io.EOF, so that the client can read the error. If the context of a request was
// cancelled, the reader fails as body does. If the target cannot be written, the first
// Read fails. With Options.HoldStart, Read returns an error that comes before the first
// output, and writes nothing.
//
// The reader is for one goroutine; Close may be called while a Read waits for body.
func NewReader(body io.ReadCloser, from, to llmstream.Dialect, o *Options) io.ReadCloser {
	r := &reader{body: body}
	r.enc, r.err = New(&r.out, to, o)
	if r.err == nil {
		r.parser = llmstream.NewParser(from, r.enc, nil)
	}
	return r
}

type reader struct {
	body   io.ReadCloser
	parser *llmstream.Parser
	enc    *Encoder
	out    bytes.Buffer // events that were not read yet
	buf    []byte
	err    error // what follows them
}

// readSize is how many bytes are asked of the body at a time: the most that a TLS record
// holds.
const readSize = 16 << 10

// maxEmptyReads is how often in a row the body may return nothing.
const maxEmptyReads = 100

func (r *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	empty := 0
	for r.out.Len() == 0 && r.err == nil {
		if r.buf == nil {
			r.buf = make([]byte, readSize)
		}
		n, err := r.body.Read(r.buf)
		r.parser.Write(r.buf[:n]) // the encoder writes to memory, and never fails
		if n > 0 {
			empty = 0
		} else if empty++; empty == maxEmptyReads && err == nil {
			err = io.ErrNoProgress
		}
		if err != nil {
			r.end(err)
		}
	}
	if r.out.Len() > 0 {
		return r.out.Read(p)
	}
	return 0, r.err
}

// end ends the stream after the body has ended or failed.
func (r *reader) end(cause error) {
	r.parser.CloseWithError(cause)
	outcome := r.parser.Outcome()
	if r.err = r.enc.Close(outcome); r.err != nil {
		return
	}
	if r.err = io.EOF; outcome.State == llmstream.StateStopped && !errors.Is(cause, io.EOF) {
		r.err = cause
	}
}

func (r *reader) Close() error { return r.body.Close() }
