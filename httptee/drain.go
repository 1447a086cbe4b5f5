package httptee

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// smallSize is the buffer that a waiting stream holds; most of its reads bring an event or two.
const smallSize = 4 << 10

// pump reads a body in a goroutine of its own, so that it can read on after the client
// has left. Until then it reads when the client does.
type pump struct {
	body   io.ReadCloser
	watch  *watch
	cancel context.CancelCauseFunc // breaks the body off; nil: Close does
	unhook func() bool             // from the client's context

	wanted   chan struct{} // the client waits for a read, and has copied the one before
	full     chan part     // what the read brought
	left     chan struct{} // closed: the client has left
	why      error         // what the client's Read returns after that
	ended    chan struct{} // closed: Close need not wait: the body was closed, or its end may be far
	released bool          // ended is closed; the goroutine's
	// busy: the client has asked for a read, and the body has not answered yet.
	busy atomic.Bool

	// feeding is held while the watch is fed, so that leave can look into the watch when the goroutine waits for the body.
	feeding sync.Mutex

	mu    sync.Mutex
	timer *time.Timer // not nil: the client has left
	over  bool        // the body was closed

	rest []byte // the part that was taken last, without what was copied; the client's
	err  error  // the error of that part; the client's
}

// part is what a Read of the body returned.
type part struct {
	b   []byte
	err error
}

func newPump(t *watch, body io.ReadCloser, cancel context.CancelCauseFunc) *pump {
	t.apart = true
	p := &pump{
		body: body, watch: t, cancel: cancel,
		full: make(chan part), wanted: make(chan struct{}, 1), left: make(chan struct{}), ended: make(chan struct{}),
		unhook: func() bool { return true },
	}
	if ctx := t.req.Context(); cancel != nil {
		p.unhook = context.AfterFunc(ctx, func() { p.leave(context.Cause(ctx)) })
	}
	go p.run()
	return p
}

// Read returns what the body's Read has returned, in pieces if b is smaller.
func (p *pump) Read(b []byte) (int, error) {
	select {
	case <-p.left:
		return 0, p.why
	default:
	}
	if len(p.rest) == 0 {
		if p.err != nil || len(b) == 0 {
			return 0, p.err
		}
		p.busy.Store(true)
		p.wanted <- struct{}{}
		select {
		case part := <-p.full:
			if isClosed(p.left) { // both were ready, and the error may be that of breakOff
				return 0, p.why
			}
			p.rest, p.err = part.b, part.err
		case <-p.left:
			return 0, p.why
		}
	}
	n := copy(b, p.rest)
	if p.rest = p.rest[n:]; len(p.rest) > 0 {
		return n, nil
	}
	return n, p.err
}

// Close notes that the client has left. After the end marker it waits a moment for the end of the body, as a body's
// Close does; else it waits for nothing.
func (p *pump) Close() error {
	p.leave(http.ErrBodyReadAfterClose)
	if p.busy.Load() {
		return nil
	}
	wait := time.NewTimer(p.watch.tailWait)
	defer wait.Stop()
	select {
	case <-p.ended:
	case <-wait.C:
	}
	return nil
}

// leave makes the client's Read fail with why and starts the budget. After the end marker that is tailTime.
func (p *pump) leave(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over || p.timer != nil {
		return
	}
	p.why = why
	budget := p.watch.Drain.Time
	if p.feeding.TryLock() { // else the goroutine calls clientLeft soon
		if p.watch.markerSeen() {
			budget = min(budget, tailTime)
		}
		p.feeding.Unlock()
	}
	p.timer = time.AfterFunc(budget, p.breakOff)
	close(p.left)
}

// breakOff makes the body's Read fail.
func (p *pump) breakOff() {
	if p.cancel != nil {
		p.cancel(llmstream.ErrStopped)
		return
	}
	p.body.Close()
}

// run reads the body while the client wants it; after the client has left, until the budget is used up.
func (p *pump) run() {
	b := pumpBuffer{small: make([]byte, smallSize)}
	var n int
	var err, cause error
	left := false
	for err == nil && !(left && p.spent()) {
		if !left && !p.isWanted() {
			left = true
			p.clientLeft()
			b = pumpBuffer{small: make([]byte, smallSize)} // the client may still be copying from the others
			n = 0
		}
		buf := b.next(n)
		n, err = p.body.Read(buf)
		cause = p.watch.causeOf(err)
		p.feed(buf[:n], left || isClosed(p.left))
		if left {
			continue
		}
		if err == io.EOF && p.watch.Strict {
			p.endStrictly(part{buf[:n], err})
			return
		}
		p.busy.Store(false)
		if left = !p.handOver(part{buf[:n], err}); left {
			p.clientLeft()
		}
	}
	p.close()
	if left {
		p.watch.left = true
		if err != io.EOF {
			cause = llmstream.ErrStopped
		}
	}
	p.watch.end(cause)
}

// feed shows bytes to the watch.
func (p *pump) feed(b []byte, drained bool) {
	p.feeding.Lock()
	defer p.feeding.Unlock()
	if drained {
		p.watch.result.Drained += int64(len(b))
	}
	p.watch.came(b)
}

// endStrictly ends the watching before the client gets the last part, since the verdict takes the place of its io.EOF.
func (p *pump) endStrictly(last part) {
	p.close()
	p.watch.end(nil)
	last.err = p.watch.atEOF(last.err)
	p.handOver(last)
}

// clientLeft lets Close return, unless the end of the body is near. After the end marker the body is read on
// for no longer than tailTime.
func (p *pump) clientLeft() {
	if !p.watch.markerSeen() {
		p.release()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer.Reset(min(tailTime, p.watch.Drain.Time))
}

// release lets Close return.
func (p *pump) release() {
	if !p.released {
		p.released = true
		close(p.ended)
	}
}

// isWanted waits until the client wants more. It returns false if the client has left.
func (p *pump) isWanted() bool {
	select {
	case <-p.wanted:
		return true
	case <-p.left:
		return false
	}
}

// spent reports whether as many bytes were drained as Drain.Bytes allows.
func (p *pump) spent() bool {
	limit := p.watch.Drain.Bytes
	return limit > 0 && p.watch.result.Drained >= limit
}

// handOver gives the client what a read brought. It returns false if the client has left.
func (p *pump) handOver(full part) (ok bool) {
	select {
	case p.full <- full:
		return true
	case <-p.left:
		return false
	}
}

// close closes the body and releases what belongs to it.
func (p *pump) close() {
	p.mu.Lock()
	p.over = true
	if p.timer != nil {
		p.timer.Stop()
	}
	p.mu.Unlock()
	p.unhook()
	p.body.Close()
	if p.cancel != nil {
		p.cancel(nil)
	}
	p.release()
}

// pumpBuffer is what a pump reads into: a small buffer of its own, and a large one borrowed while reads fill the small one.
type pumpBuffer struct {
	small []byte
	large *[bufferSize]byte // nil: not borrowed
}

// next returns the buffer for the next read, after one of so many bytes that the client has copied.
func (b *pumpBuffer) next(last int) []byte {
	switch {
	case last == smallSize && b.large == nil:
		b.large = buffers.Get().(*[bufferSize]byte)
	case last <= smallSize && b.large != nil:
		buffers.Put(b.large)
		b.large = nil
	}
	if b.large != nil {
		return b.large[:]
	}
	return b.small
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
