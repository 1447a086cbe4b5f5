package httptee

import (
	"encoding/binary"
	"time"
)

// Of thousands of streams each comes to a cold cache with each event, and what
// parsing takes has to be fetched from memory: that costs many times the parsing. So where
// nobody can tell, because nobody is told anything before the end, what comes is kept
// with its times, and parsed when there is enough of it: read by read, as it would
// have been at once.

const (
	backlogSize = 3900  // with a watch nearly 4 KiB, which is one page
	markSize    = 8 + 4 // of a read in a backlog: when it came, and how long it is
)

// patient is a watch that can wait, with its backlog on the same page of memory: to find
// another page would cost as much as to fetch a line.
type patient struct {
	watch
	space [backlogSize]byte
}

// newWatch returns one that puts off what it can.
func (w *watcher) newWatch(encoding string) *watch {
	if encoding != "" || w.Begin != nil || w.Deltas != nil {
		return new(watch)
	}
	p := new(patient)
	p.backlog = p.space[:0]
	return &p.watch
}

// putOff keeps what has come for later. !ok: it is to be taken at once.
func (t *watch) putOff(at time.Duration, b []byte) (ok bool) {
	if t.backlog == nil {
		return false
	}
	n, size := len(t.backlog), markSize+len(b)
	if size > cap(t.backlog)-n {
		t.catchUp()
		if n = 0; size > cap(t.backlog) {
			return false
		}
	}
	t.backlog = t.backlog[:n+size]
	to := t.backlog[n:]
	binary.LittleEndian.PutUint64(to, uint64(at))
	binary.LittleEndian.PutUint32(to[8:], uint32(len(b)))
	copy(to[markSize:], b)
	return true
}

// catchUp takes what was put off.
func (t *watch) catchUp() {
	rest := t.backlog
	t.backlog = rest[:0]
	for len(rest) > 0 {
		at := time.Duration(binary.LittleEndian.Uint64(rest))
		b := rest[markSize:][:binary.LittleEndian.Uint32(rest[8:])]
		rest = rest[markSize+len(b):]
		t.take(at, b)
	}
}
