package httptee

import (
	"io"

	"github.com/seed-4d65deac/llmstream"
)

// body passes a response's body on and shows its bytes to its watch. It is the watch itself, so that a Read
// needs few lines of the processor's cache. Read and Close do what they do in llmstream.Tee.
type body watch

// The states of a body. Whoever moves it to bodyEnded ends the watching.
const (
	bodyIdle    = iota
	bodyReading // a Read uses the watch
	bodyClosing // a Read uses the watch, and Close was called: that Read has to end the watching
	bodyEnded
)

func (b *body) Read(p []byte) (n int, err error) {
	if !b.state.CompareAndSwap(bodyIdle, bodyReading) {
		n, err = b.from.Read(p)
		return n, b.atEOF(err)
	}
	panicked := true
	defer func() {
		switch {
		case panicked:
			b.end(llmstream.ErrStopped)
		case err != nil:
			b.end((*watch)(b).causeOf(err))
			err = b.atEOF(err)
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
			if (*watch)(b).markerSeen() {
				return b.finishTail()
			}
			defer b.leave()
		case b.state.CompareAndSwap(bodyReading, bodyClosing):
		case b.state.Load() < bodyClosing: // it has just changed
			continue
		}
		return b.from.Close()
	}
}

// finishTail closes a body whose end marker has passed.
func (b *body) finishTail() error {
	rest, err := closeTail(b.from, b.tailWait)
	(*watch)(b).came(rest)
	b.end(nil)
	return err
}

// leave ends the watching of a body that was closed before its end.
func (b *body) leave() {
	b.left = true
	b.end(llmstream.ErrStopped)
}

// end ends the watching. A Read that fails while Close runs was stopped by that; its body has not broken off.
func (b *body) end(cause error) {
	if b.state.Swap(bodyEnded) == bodyClosing && !isEnd(cause) {
		b.left = true
		cause = stoppedBy(cause)
	}
	(*watch)(b).end(cause)
}

func (b *body) atEOF(err error) error { return (*watch)(b).atEOF(err) }

var _ io.ReadCloser = (*body)(nil)
