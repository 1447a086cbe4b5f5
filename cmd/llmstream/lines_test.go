package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func lostLine(n int64) []byte { return fmt.Appendf(nil, "dropped=%d\n", n) }

func TestLinesAreWrittenInOrder(t *testing.T) {
	var out bytes.Buffer
	q := newLineQueue(&out, lostLine)
	var want strings.Builder
	for i := range maxWaiting {
		q.add(fmt.Appendf(nil, "%d\n", i))
		fmt.Fprintf(&want, "%d\n", i)
	}
	require.Zero(t, q.close(time.Minute))
	require.Equal(t, want.String(), out.String())
}

// The reader pauses for a while: the lines that find no room are counted, and the count
// stands in their place.
func TestLinesAreDroppedAndCounted(t *testing.T) {
	r, w := io.Pipe()
	q := newLineQueue(w, lostLine)
	q.add([]byte("first\n"))
	one := make([]byte, 1)
	_, err := r.Read(one) // now the goroutine is inside Write
	require.NoError(t, err)
	for range maxWaiting + 7 {
		q.add([]byte("more\n"))
	}
	read := make(chan string)
	go func() {
		rest, _ := io.ReadAll(r)
		read <- string(rest)
	}()
	require.Eventually(t, func() bool { return len(q.waiting) == 0 }, time.Minute, time.Millisecond)
	q.add([]byte("last\n"))
	require.EqualValues(t, 7, q.close(time.Minute))
	w.Close()
	require.Equal(t, "irst\n"+strings.Repeat("more\n", maxWaiting)+"dropped=7\nlast\n", <-read)
}

func TestLinesThatAreRefusedAreCounted(t *testing.T) {
	q := newLineQueue(full{}, lostLine)
	q.add([]byte("a\n"))
	q.add([]byte("b\n"))
	require.EqualValues(t, 2, q.close(time.Minute))
	q.add([]byte("late\n"))
	require.EqualValues(t, 3, q.close(time.Minute))
}

// A reader that never comes delays the end by the patience alone.
func TestCloseLeavesABlockedWriteBehind(t *testing.T) {
	r, w := io.Pipe()
	defer r.CloseWithError(errors.New("the test is over"))
	q := newLineQueue(w, lostLine)
	for range 5 {
		q.add([]byte("x\n"))
	}
	require.EqualValues(t, 5, q.close(10*time.Millisecond))
}
