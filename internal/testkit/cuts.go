// Package testkit holds what the tests of several packages share. It imports
// nothing of this module.
package testkit

import (
	"bytes"
	"strings"
	"testing"
)

// SSE returns a stream with one server-sent event for each of data.
func SSE(data ...string) string {
	var b strings.Builder
	for _, d := range data {
		b.WriteString("data: " + d + "\n\n")
	}
	return b.String()
}

// EachCut calls f with the positions at which to cut body: none, each position
// alone, each pair of positions if body is short, and all of them.
func EachCut(body string, f func(cuts ...int)) {
	f()
	every := []int{}
	for i := 1; i < len(body); i++ {
		f(i)
		every = append(every, i)
		for j := i + 1; j < len(body) && len(body) <= 100; j++ {
			f(i, j)
		}
	}
	f(every...)
}

// WriteCut writes body in pieces that end at cuts. It overwrites each piece after
// its Write, which must have taken all of it and changed none of it.
func WriteCut(t testing.TB, write func([]byte) (int, error), body string, cuts ...int) {
	t.Helper()
	from := 0
	for _, to := range append(cuts, len(body)) {
		piece := []byte(body[from:to])
		if n, err := write(piece); n != len(piece) || err != nil {
			t.Fatalf("Write returned %d, %v for %d bytes", n, err, len(piece))
		}
		if string(piece) != body[from:to] {
			t.Fatalf("Write has changed its argument")
		}
		copy(piece, bytes.Repeat([]byte{'X'}, len(piece)))
		from = to
	}
}
