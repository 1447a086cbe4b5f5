package httptee

import (
	"io"
	"time"
)

// Many clients stop reading at the end marker, "data: [DONE]", and close the body. After the marker there is
// mostly nothing but the last chunk of HTTP/1, "0\r\n\r\n". If the body is closed before that was read, net/http
// closes the connection, and the next request pays for another one.

const (
	// defaultTailWait is how long Close waits for the end of a body whose end marker has passed. The end is mostly there
	// already; a client that asks again at once then gets the same connection.
	defaultTailWait = 25 * time.Millisecond
	// tailTime is how long a body is read on after its end marker. Some servers keep the connection open.
	tailTime = time.Second
	// tailSize is how many bytes are read on.
	tailSize = 4 << 10
)

// closeTail reads a body on to its end in a goroutine of its own, as far as tailTime and tailSize allow, and closes it.
// It returns what that brought within the time to wait, and the error of Close; after that time it returns without.
func closeTail(body io.ReadCloser, atMost time.Duration) (rest []byte, err error) {
	t := &tail{body: body, ended: make(chan struct{})}
	go t.run()
	wait := time.NewTimer(atMost)
	defer wait.Stop()
	select {
	case <-t.ended:
		return t.rest, t.err
	case <-wait.C:
		return nil, nil
	}
}

// tail is a body that is read on after its end marker. rest and err may be read once ended is closed.
type tail struct {
	body  io.ReadCloser
	rest  []byte
	err   error // of Close
	ended chan struct{}
}

func (t *tail) run() {
	defer close(t.ended)
	limit := time.AfterFunc(tailTime, func() { t.body.Close() })
	defer limit.Stop()
	buf := make([]byte, tailSize)
	n := 0
	for n < len(buf) {
		k, err := t.body.Read(buf[n:])
		n += k
		if err != nil {
			break
		}
	}
	t.rest = buf[:n]
	t.err = t.body.Close()
}
