package httptee

import (
	"io"
	"sync"
)

// pipe holds the compressed bytes that wait to be decoded. A write never waits: a pipe that is full ends instead.
type pipe struct {
	mu      sync.Mutex
	changed sync.Cond // there is something to read, or the end
	buf     []byte
	off     int   // buf[:off] was read
	taken   int64 // bytes read so far
	max     int   // unread bytes at most
	lagged  bool  // a write did not fit: the bytes from there on are missing
	unread  bool  // the reader has ended: writes are dropped
	closed  bool  // the body has ended
	cause   error // closed: why it ended; io.EOF for its ordinary end
}

// pipeProgress is how far a pipe has come.
type pipeProgress struct {
	taken int64 // bytes read so far
	ended bool  // the body has ended
}

func (p *pipe) init(limit int) {
	p.changed.L = &p.mu
	p.max = limit
}

// write adds b, or ends the pipe where that would exceed its limit.
func (p *pipe) write(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lagged || p.closed || p.unread {
		return
	}
	if len(p.buf)-p.off+len(b) > p.max {
		p.lagged = true
		p.changed.Broadcast()
		return
	}
	if len(p.buf)+len(b) > cap(p.buf) && p.off > len(p.buf)/2 { // moving less than half is linear in sum
		p.buf = p.buf[:copy(p.buf, p.buf[p.off:])]
		p.off = 0
	}
	p.buf = append(p.buf, b...)
	p.changed.Broadcast()
}

// Read waits for bytes. After the last one it fails as the body did.
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
		p.changed.Wait()
	}
	n := copy(b, p.buf[p.off:])
	p.taken += int64(n)
	if p.off += n; p.off == len(p.buf) {
		p.buf, p.off = p.buf[:0], 0
	}
	return n, nil
}

// progress returns how far the pipe has come.
func (p *pipe) progress() pipeProgress {
	p.mu.Lock()
	defer p.mu.Unlock()
	return pipeProgress{taken: p.taken, ended: p.closed}
}

// close ends the pipe when the body has ended. cause is nil or io.EOF for its ordinary end.
func (p *pipe) close(cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cause == nil {
		cause = io.EOF
	}
	p.closed, p.cause = true, cause
	p.changed.Broadcast()
}

// wait drops all bytes, those to come too, waits for the end of the body, and returns its cause.
func (p *pipe) wait() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unread, p.buf, p.off = true, nil, 0
	for !p.closed {
		p.changed.Wait()
	}
	return p.cause
}
