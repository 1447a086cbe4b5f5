package llmstream

import (
	"bytes"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
)

// What the tests of dialects in this package share until they move to their dialects.

var framed, edits = testkit.Framed, testkit.Edits

// requireShortcuts compares the fast path with the full parse of every event: single
// deltas, texts that are folded without deltas, and a Reader.
func requireShortcuts(t testing.TB, d Dialect, body []byte, cuts ...int) {
	t.Helper()
	for _, kinds := range []Kind{0, KindUsage | KindOther} {
		want := read(d, &Options{NoFastPath: true, Kinds: kinds}, body)
		requireSame(t, want, read(d, &Options{Kinds: kinds}, body, cuts...), "templates")
		var folded, pulled Accumulator
		p := NewParser(d, &folded, &Options{Kinds: kinds})
		testkit.WriteCut(t, p.Write, string(body), cuts...)
		p.Close()
		r := NewReader(bytes.NewReader(body), d, &Options{Kinds: kinds, Drain: true})
		for r.Next() {
			pulled.HandleDelta(r.Delta())
		}
		want.Deltas = nil
		requireSame(t, want, reading{nil, folded.Completion(), p.Outcome()}, "texts folded in")
		requireSame(t, want, reading{nil, pulled.Completion(), r.Outcome()}, "templates, pulled")
	}
}
