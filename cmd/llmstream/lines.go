package main

import (
	"io"
	"sync"
	"time"
)

// A lineQueue writes lines in a goroutine of its own, so that whoever adds one never
// waits for the reader of the output. Lines that find the queue full are dropped and
// counted; the next line that finds room comes after a line with their number.
type lineQueue struct {
	w       io.Writer
	lost    func(n int64) []byte // the line for n dropped lines
	waiting chan []byte
	ended   chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex
	closed  bool  // waiting is closed: nothing is added any more
	unsaid  int64 // dropped since the last line that said how many were
	dropped int64 // in all
	refused int64 // lines that w did not take
}

// maxWaiting is how many lines may wait for the reader. A line has some KB at most.
const maxWaiting = 1024

// newLineQueue returns a queue for w, which is for the queue alone until close returns.
func newLineQueue(w io.Writer, lost func(n int64) []byte) *lineQueue {
	q := &lineQueue{w: w, lost: lost, waiting: make(chan []byte, maxWaiting), ended: make(chan struct{})}
	go q.write()
	return q
}

func (q *lineQueue) write() {
	defer close(q.ended)
	for line := range q.waiting {
		if _, err := q.w.Write(line); err != nil {
			q.mu.Lock()
			q.refused++
			q.mu.Unlock()
		}
	}
}

// add queues a line, or drops it. It never waits.
func (q *lineQueue) add(line []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.unsaid > 0 {
		line = append(q.lost(q.unsaid), line...)
	}
	if !q.closed {
		select {
		case q.waiting <- line:
			q.unsaid = 0
			return
		default:
		}
	}
	q.unsaid++
	q.dropped++
}

// close gives the reader some time for the lines that still wait, and returns how many
// lines were dropped or refused in all. It does not wait for a Write that blocks.
func (q *lineQueue) close(patience time.Duration) (lost int64) {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.waiting)
	}
	q.mu.Unlock()
	unwritten := 0
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-q.ended:
	case <-timer.C:
		unwritten = len(q.waiting) + 1 // with the one that blocks
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped + q.refused + int64(unwritten)
}
