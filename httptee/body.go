package httptee

import "github.com/seed-4d65deac/llmstream"

// body passes a response's body on and shows its bytes to its watch, which it is
// itself: so a read finds all in one place. It is llmstream's Tee, and does with Read and
// Close just what that does.
type body watch

// The states of a body. Whoever moves it to bodyEnded ends the watching.
const (
	bodyIdle    = iota
	bodyReading // a Read has the watch
	bodyClosing // so, and Close was called: that Read is to end it
	bodyEnded
)

func (b *body) Read(p []byte) (n int, err error) {
	if !b.state.CompareAndSwap(bodyIdle, bodyReading) {
		return b.from.Read(p)
	}
	panicked := true
	defer func() {
		switch {
		case panicked:
			b.end(llmstream.ErrStopped)
		case err != nil:
			b.end((*watch)(b).causeOf(err))
		case !b.state.CompareAndSwap(bodyReading, bodyIdle):
			b.leave()
		}
	}()
	n, err = b.from.Read(p)
	(*watch)(b).came(p[:n])
	panicked = false
	return n, err
}

func (b *body) Close() error {
	for {
		switch {
		case b.state.CompareAndSwap(bodyIdle, bodyEnded):
			defer b.leave()
		case b.state.CompareAndSwap(bodyReading, bodyClosing):
		case b.state.Load() < bodyClosing: // it has just changed
			continue
		}
		return b.from.Close()
	}
}

// leave ends the watching of a body that was closed before its end.
func (b *body) leave() {
	b.result.ClientLeft = true
	b.end(llmstream.ErrStopped)
}

func (b *body) end(cause error) {
	if b.state.Swap(bodyEnded) == bodyClosing && !isEnd(cause) {
		b.result.ClientLeft = true
		cause = stoppedBy(cause) // Close made the Read fail
	}
	(*watch)(b).end(cause)
}
