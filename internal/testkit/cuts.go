// Package testkit holds what the tests of several packages share. Of this module it
// imports testdata alone, so that any package may use it.
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

// EachCut calls f with the positions at which to cut body: no cut, each position
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

// CutsOf makes positions at which to cut a body of this size out of arbitrary
// bytes, each of which is the length of a piece. They are used in turn until the
// body ends, or until a zero in a later round.
func CutsOf(lengths []byte, size int) (cuts []int) {
	at := 0
	for i := 0; len(lengths) > 0 && len(cuts) < 4096; i++ {
		at += int(lengths[i%len(lengths)])
		if at >= size {
			break
		}
		cuts = append(cuts, at)
		if lengths[i%len(lengths)] == 0 && i >= len(lengths) {
			break
		}
	}
	return cuts
}
