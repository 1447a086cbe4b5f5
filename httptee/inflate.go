package httptee

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"sync"

	"github.com/seed-4d65deac/llmstream"
)

const (
	defaultMaxInflated = 256 << 20
	defaultMaxRatio    = 100
	defaultMaxLate     = 16 << 20

	// freeRatio is how many decoded bytes the ratio does not apply to: the events of a short answer differ in a
	// few bytes, and compress well.
	freeRatio = 256 << 10
	// lateAfterLeaving is how many decoded bytes are parsed after the client has closed the body: enough to find an end
	// marker that the client has read and the inflater has not.
	lateAfterLeaving = 64 << 10
)

// inflater decodes a compressed body for parsing, in a goroutine of its own.
type inflater struct {
	pipe     pipe
	watch    *watch
	inflated int64 // bytes decoded so far
	late     int64 // of these, the bytes decoded after the body had ended
}

// canDecode reports whether a body in this encoding may be decoded.
func (w *watcher) canDecode(encoding string) bool {
	return w.Decoder != nil || isGzip(encoding) || encoding == "deflate"
}

func isGzip(encoding string) bool { return encoding == "gzip" || encoding == "x-gzip" }

const gzipMagic = 0x1f

// errLeft ends an inflater whose client has left.
var errLeft = errors.New("the client has left")

// newInflater starts an inflater for a body that begins with b. It returns nil for a body that is not compressed.
func (t *watch) newInflater(b []byte) *inflater {
	encoding := t.result.Encoding
	if encoding == "" || isGzip(encoding) && b[0] != gzipMagic {
		// A handler that compresses below a Middleware has set the header already, and the Middleware sees plain bytes.
		return nil
	}
	in := &inflater{watch: t}
	in.pipe.init(t.MaxLag)
	if t.Strict {
		t.verdictReady = make(chan struct{})
	}
	go in.run()
	return in
}

var (
	gzips   sync.Pool // of *gzip.Reader
	buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}
)

// run decodes and parses until the pipe ends, waits for the end of the body, and reports the result.
func (in *inflater) run() {
	t := in.watch
	t.apart = true
	err := in.parse()
	cause := in.pipe.wait()
	var limit *InflateError
	switch {
	case t.panicked: // a handler or the decoder
		cause = stoppedBy(t.result.Err)
	case err == llmstream.ErrCompressed:
		t.giveBack(t.reading)
		t.reading = nil
	case in.pipe.lagged:
		t.result.Err = &LagError{Max: t.MaxLag}
		cause = stoppedBy(t.result.Err)
	case err == errLeft:
		cause = llmstream.ErrStopped
	case errors.As(err, &limit):
		t.result.Err = err
		cause = stoppedBy(err)
	case !isEnd(err) && isEnd(cause):
		t.result.Err = err
		cause = err
	}
	t.at = t.result.Timings.End
	t.finish(cause)
	if t.verdictReady != nil {
		close(t.verdictReady)
	}
}

// parse decodes and parses. It returns the reason why it ended: io.EOF at the end of the compressed data, and
// llmstream.ErrCompressed if there is no decoder for the encoding.
func (in *inflater) parse() (err error) {
	t := in.watch
	defer t.catch()
	r, release, err := t.decoder(&in.pipe)
	if err != nil {
		return err
	}
	panicked := true
	defer func() { release(panicked) }()
	buf := buffers.Get().(*[bufferSize]byte)
	for err == nil {
		var n int
		n, err = r.Read(buf[:])
		if n == 0 {
			continue
		}
		if over := in.count(n); over != nil {
			err = over
			break
		}
		t.at = t.clock()
		t.parse(buf[:n])
	}
	buffers.Put(buf)
	panicked = false
	return err
}

// count counts n more decoded bytes. It returns an error if they may not be parsed any more.
func (in *inflater) count(n int) error {
	in.inflated += int64(n)
	at := in.pipe.progress()
	if at.ended {
		in.late += int64(n)
	}
	t := in.watch
	switch {
	case at.ended && t.left && in.late > lateAfterLeaving:
		return errLeft
	case in.late > t.MaxLate:
		return &InflateError{Limit: "MaxLate", Max: t.MaxLate}
	case in.inflated > t.MaxInflated:
		return &InflateError{Limit: "MaxInflated", Max: t.MaxInflated}
	case in.inflated > freeRatio && in.inflated/int64(t.MaxRatio) > at.taken:
		return &InflateError{Limit: "MaxRatio", Max: int64(t.MaxRatio)}
	}
	return nil
}

// decoder returns a decoder for r, and a function that releases it after its use.
func (t *watch) decoder(r io.Reader) (_ io.Reader, release func(panicked bool), _ error) {
	encoding := t.result.Encoding
	if t.Decoder != nil {
		d, err := t.Decoder(encoding, r)
		if err != nil {
			return nil, nil, err
		}
		if d != nil {
			return d, func(bool) {
				if c, ok := d.(io.Closer); ok {
					c.Close()
				}
			}, nil
		}
	}
	switch {
	case isGzip(encoding):
		z, ok := gzips.Get().(*gzip.Reader)
		if !ok {
			z = new(gzip.Reader)
		}
		if err := z.Reset(r); err != nil {
			return nil, nil, err
		}
		return z, func(panicked bool) {
			if !panicked { // its state is unknown after a panic
				gzips.Put(z)
			}
		}, nil
	case encoding == "deflate":
		// The standard means zlib's format; many servers send bare deflate data.
		b := bufio.NewReader(r)
		if head, err := b.Peek(2); err == nil && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
			z, err := zlib.NewReader(b)
			return z, func(bool) {}, err
		}
		return flate.NewReader(b), func(bool) {}, nil
	}
	return nil, nil, llmstream.ErrCompressed
}
