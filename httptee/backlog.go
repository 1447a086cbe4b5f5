package httptee

import (
	"encoding/binary"
	"sync"
	"time"
)

// Of thousands of streams each comes to a cold cache with each event, and what
// parsing takes has to be fetched from memory: that costs many times the parsing. So where
// nobody can tell, because nobody is told anything before the end, what comes is kept
// with its times, and parsed when there is enough of it: read by read, as it would
// have been at once.

const (
	backlogSize = 4 << 10
	markSize    = 8 + 4 // of a read in a backlog: when it came, and how long it is
)

var backlogs = sync.Pool{New: func() any { return new([backlogSize]byte) }}

// putOff keeps what has come for later. !ok: it is to be taken at once.
func (t *watch) putOff(at time.Duration, b []byte) (ok bool) {
	if t.backlog == nil {
		if !t.unseen() {
			return false
		}
		t.backlog = backlogs.Get().(*[backlogSize]byte)[:0]
	}
	size := markSize + len(b)
	if size > cap(t.backlog)-len(t.backlog) {
		t.catchUp()
		if size > cap(t.backlog) {
			return false
		}
	}
	n := len(t.backlog)
	t.backlog = t.backlog[:n+size]
	to := t.backlog[n:]
	binary.LittleEndian.PutUint64(to, uint64(at))
	binary.LittleEndian.PutUint32(to[8:], uint32(len(b)))
	copy(to[markSize:], b)
	return true
}

// unseen tells whether nobody sees what is found in the body before its end. Its
// first bytes are taken at once: they tell how it is to be read.
func (t *watch) unseen() bool {
	return t.begun && t.inflater == nil && t.progress == nil && t.reading != nil && t.reading.theirs == nil
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

// endBacklog takes what was put off, and gives its place back.
func (t *watch) endBacklog() {
	if t.backlog != nil {
		t.catchUp()
		backlogs.Put((*[backlogSize]byte)(t.backlog[:backlogSize]))
		t.backlog = nil
	}
}
