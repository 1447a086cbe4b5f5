package httptee

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// smallSize is what a stream holds while it waits; most of its reads bring an event or two.
const smallSize = 4 << 10

// pump reads a body in a goroutine of its own, so that it can go on when the client
// has left. Until then it reads when the client does.
type pump struct {
	body   io.ReadCloser
	watch  *watch
	cancel context.CancelCauseFunc // breaks the body off; nil: Close does
	unhook func() bool             // from the client's context

	wanted chan struct{} // the client waits for a read, and has copied the one before
	full   chan part     // what that brought
	left   chan struct{} // closed: the client has left
	why    error         // behind left: what the client's Read returns

	mu    sync.Mutex
	timer *time.Timer // not nil: the client has left
	over  bool        // all is read, or nobody will

	rest []byte // of the part that was taken last; the client's
	err  error  // that came with it; so
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
		full: make(chan part), wanted: make(chan struct{}, 1), left: make(chan struct{}),
		unhook: func() bool { return true },
	}
	if ctx := t.req.Context(); cancel != nil {
		p.unhook = context.AfterFunc(ctx, func() { p.leave(context.Cause(ctx)) })
	}
	go p.run()
	return p
}

// Read returns what the body's Read has returned, if need be in pieces.
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
		p.wanted <- struct{}{}
		select {
		case part := <-p.full:
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

// Close tells that the client has left. It waits for nothing.
func (p *pump) Close() error {
	p.leave(http.ErrBodyReadAfterClose)
	return nil
}

// leave makes the client's Read fail with why and starts the budget.
func (p *pump) leave(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over || p.timer != nil {
		return
	}
	p.why = why
	p.timer = time.AfterFunc(p.watch.Drain.Time, p.breakOff)
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

// run reads the body, as long as the client wants it, or when that has left until
// the budget is used up.
func (p *pump) run() {
	small := make([]byte, smallSize)
	var large *[bufferSize]byte // borrowed while reads are large; nil: they are not
	buf := small
	var n int
	var err, cause error
	left := false
	for err == nil && !(left && p.spent()) {
		switch {
		case !left && !p.isWanted():
			left = true
			small, large = make([]byte, smallSize), nil // the client may be copying from the others
			buf = small
		case n == smallSize && large == nil:
			large = buffers.Get().(*[bufferSize]byte)
			buf = large[:]
		case n <= smallSize && large != nil:
			buffers.Put(large)
			large, buf = nil, small
		}
		n, err = p.body.Read(buf)
		cause = p.watch.causeOf(err)
		if left || isClosed(p.left) {
			p.watch.result.Drained += int64(n)
		}
		p.watch.came(buf[:n])
		if !left {
			left = !p.handOver(part{buf[:n], err})
		}
	}
	p.close()
	if left {
		p.watch.result.ClientLeft = true
		if err != io.EOF {
			cause = llmstream.ErrStopped
		}
	}
	p.watch.end(cause)
}

// isWanted waits until the client wants more. It does not, if it has left.
func (p *pump) isWanted() bool {
	select {
	case <-p.wanted:
		return true
	case <-p.left:
		return false
	}
}

// spent tells whether as many bytes were drained as may be.
func (p *pump) spent() bool {
	limit := p.watch.Drain.Bytes
	return limit > 0 && p.watch.result.Drained >= limit
}

// handOver gives the client what a read brought. !ok: it has left.
func (p *pump) handOver(full part) (ok bool) {
	select {
	case p.full <- full:
		return true
	case <-p.left:
		return false
	}
}

// close lets go of the body.
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
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
