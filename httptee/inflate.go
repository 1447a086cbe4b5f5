package httptee

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"sync"

	"github.com/seed-4d65deac/llmstream"
)

// inflater decodes a compressed body for parsing, in a goroutine of its own.
type inflater struct {
	pipe  pipe
	watch *watch
}

// canDecode tells whether a body in this encoding may be decoded.
func (w *watcher) canDecode(encoding string) bool {
	return w.Decoder != nil || isGzip(encoding) || encoding == "deflate"
}

func isGzip(encoding string) bool { return encoding == "gzip" || encoding == "x-gzip" }

// newInflater returns what decodes a body that begins with b; nil: it needs none.
func (t *watch) newInflater(b []byte) *inflater {
	encoding := t.result.Encoding
	if encoding == "" || isGzip(encoding) && b[0] != gzipMagic {
		// The header speaks of what a writer below a Middleware will make of it.
		return nil
	}
	in := &inflater{watch: t}
	in.pipe.init(t.MaxLag)
	go in.run()
	return in
}

const gzipMagic = 0x1f

var (
	gzips   sync.Pool // of *gzip.Reader
	buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}
)

// run decodes and parses until the pipe ends, and gives the result.
func (in *inflater) run() {
	t := in.watch
	t.apart = true
	err := in.parse()
	cause := in.pipe.wait()
	switch {
	case t.panicked: // a handler or the decoder
		cause = stoppedBy(t.result.Err)
	case err == llmstream.ErrCompressed:
		t.giveBack(t.reading)
		t.reading = nil
	case in.pipe.lagged:
		t.result.Err = &LagError{Max: t.MaxLag}
		cause = stoppedBy(t.result.Err)
	case !isEnd(err) && isEnd(cause):
		t.result.Err = err
		cause = err
	}
	t.at = t.result.Timings.End
	t.finish(cause)
}

// parse decodes and parses. It returns what ended that, io.EOF at the end of what was
// compressed, and llmstream.ErrCompressed if nobody can decode it.
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
		if n > 0 {
			t.at = t.clock()
			t.parse(buf[:n])
		}
	}
	buffers.Put(buf)
	panicked = false
	return err
}

// decoder returns a decoder for r, and what to do when it is not used any more.
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
			if !panicked { // else it may be in the midst of something
				gzips.Put(z)
			}
		}, nil
	case encoding == "deflate":
		// Its name says zlib's format, and many send bare deflate data.
		b := bufio.NewReader(r)
		if head, err := b.Peek(2); err == nil && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
			z, err := zlib.NewReader(b)
			return z, func(bool) {}, err
		}
		return flate.NewReader(b), func(bool) {}, nil
	}
	return nil, nil, llmstream.ErrCompressed
}

// pipe holds the bytes that wait to be decoded. To write never waits.
type pipe struct {
	mu     sync.Mutex
	some   sync.Cond // there is something to read, or the end
	buf    []byte
	off    int // what is before was read
	max    int
	lagged bool  // it was full: what came behind is missing
	unread bool  // nobody reads it any more
	closed bool  // nothing more comes
	cause  error // why
}

func (p *pipe) init(limit int) {
	p.some.L = &p.mu
	p.max = limit
}

// write adds b, or ends the pipe where it would be too full.
func (p *pipe) write(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lagged || p.closed || p.unread {
		return
	}
	if len(p.buf)-p.off+len(b) > p.max {
		p.lagged = true
		p.some.Broadcast()
		return
	}
	if p.off > 0 && len(p.buf)+len(b) > cap(p.buf) {
		p.buf = p.buf[:copy(p.buf, p.buf[p.off:])]
		p.off = 0
	}
	p.buf = append(p.buf, b...)
	p.some.Broadcast()
}

// Read waits for bytes. Behind the last it fails as the body did.
func (p *pipe) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.off == len(p.buf) {
		switch {
		case p.lagged:
			return 0, &LagError{Max: p.max}
		case p.closed:
			return 0, p.cause
		}
		p.some.Wait()
	}
	n := copy(b, p.buf[p.off:])
	if p.off += n; p.off == len(p.buf) {
		p.buf, p.off = p.buf[:0], 0
	}
	return n, nil
}

// close tells that the body has ended, by cause if it broke off.
func (p *pipe) close(cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cause == nil {
		cause = io.EOF
	}
	p.closed, p.cause = true, cause
	p.some.Broadcast()
}

// wait waits for the body's end and returns its cause. What was not read is let go.
func (p *pipe) wait() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unread, p.buf, p.off = true, nil, 0
	for !p.closed {
		p.some.Wait()
	}
	return p.cause
}
