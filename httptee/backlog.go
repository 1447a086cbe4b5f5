package httptee

import (
	"encoding/binary"
	"time"
)

// With thousands of streams each event finds a cold cache: the memory that parsing needs has to be fetched
// again, which costs many times the parsing. Where nobody can notice, since nothing is reported
// before the end, bytes are kept with their times and parsed when there is enough of them: read by read,
// as they would have been parsed at once.

const (
	backlogSize = 3900  // with a watch it fills 4 KiB, which is one page
	markSize    = 8 + 4 // in front of each read in a backlog: when it came, and its length
)

// patient is a watch with a backlog on the same page of memory: finding
// another page would cost as much as fetching a line.
type patient struct {
	watch
	space [backlogSize]byte
}

// newWatch returns a watch, with a backlog if parsing can wait.
func (w *watcher) newWatch(encoding string) *watch {
	if encoding != "" || w.Begin != nil || w.Deltas != nil {
		return new(watch)
	}
	p := new(patient)
	p.backlog = p.space[:0]
	return &p.watch
}

// putOff keeps bytes for later. It returns false if they have to be taken at once.
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

// catchUp takes the bytes that were put off.
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
