package streamtest

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/stretchr/testify/require"
)

// Delta is a copy of a delta that can be compared.
type Delta struct {
	llmstream.Delta
	Error string // the text of Err, which is nil in the copy
}

// Recorder keeps a copy of each delta. It is a [llmstream.Handler].
type Recorder struct{ Deltas []Delta }

func (r *Recorder) HandleDelta(d *llmstream.Delta) error {
	c := Delta{Delta: *d.Clone()}
	if d.Err != nil {
		c.Err, c.Error = nil, d.Err.Error()
	}
	r.Deltas = append(r.Deltas, c)
	return nil
}

// Reading is everything that one way of reading a stream gave.
type Reading struct {
	Deltas     []Delta
	Completion *llmstream.Completion
	Outcome    llmstream.Outcome
}

// Read writes body to a parser in pieces that end at cuts; see [PushCut].
func Read(d llmstream.Dialect, o *llmstream.Options, body []byte, cuts ...int) Reading {
	var r Recorder
	var a llmstream.Accumulator
	p := llmstream.NewParser(d, llmstream.Handlers(&r, &a), o)
	PushCut(p, body, cuts...)
	p.Close()
	return Reading{r.Deltas, a.Completion(), p.Outcome()}
}

// ReadFolded is [Read] with an Accumulator alone as the handler, which needs no
// deltas.
func ReadFolded(d llmstream.Dialect, o *llmstream.Options, body []byte, cuts ...int) Reading {
	var a llmstream.Accumulator
	p := llmstream.NewParser(d, &a, o)
	PushCut(p, body, cuts...)
	p.Close()
	return Reading{nil, a.Completion(), p.Outcome()}
}

// ReadPulled is [Read] with a Reader that reads to the end of the body.
func ReadPulled(d llmstream.Dialect, o *llmstream.Options, body []byte) Reading {
	var r Recorder
	var a llmstream.Accumulator
	var options llmstream.Options
	if o != nil {
		options = *o
	}
	options.ReadToEnd = true
	x := llmstream.NewReader(bytes.NewReader(body), d, &options)
	for x.Next() {
		r.HandleDelta(x.Delta())
		a.HandleDelta(x.Delta())
	}
	return Reading{r.Deltas, a.Completion(), x.Outcome()}
}

// PushCut writes body in pieces that end at cuts. Each piece is a copy, which is
// overwritten after its Write.
func PushCut(p *llmstream.Parser, body []byte, cuts ...int) {
	from := 0
	for _, to := range append(cuts, len(body)) {
		piece := append([]byte(nil), body[from:to]...)
		p.Write(piece)
		for i := range piece {
			piece[i] = 'X'
		}
		from = to
	}
}

// Same reports whether two readings are the same.
func Same(a, b Reading) bool { return reflect.DeepEqual(a, b) }

// SameDelta reports whether two deltas are the same.
func SameDelta(a, b Delta) bool { return reflect.DeepEqual(a, b) }

// RequireSame fails the test unless two readings are the same. It is much faster than
// require.Equal where they are.
func RequireSame(t testing.TB, want, got Reading, context any) {
	t.Helper()
	if !Same(want, got) {
		require.Equal(t, want, got, context)
	}
}

// RequireShortcuts compares each shortcut with the full parse of every event
// (contract 4): single deltas, texts that are folded without deltas, a filter of
// kinds, and a Reader.
func RequireShortcuts(t testing.TB, d llmstream.Dialect, body []byte, cuts ...int) {
	t.Helper()
	full := &llmstream.Options{NoFastPath: true}
	want := Read(d, full, body)
	RequireSame(t, want, Read(d, full, body, cuts...), "cuts")
	RequireSame(t, want, Read(d, nil, body, cuts...), "templates")
	RequireSame(t, want, ReadPulled(d, nil, body), "templates, pulled")

	folded := want
	folded.Deltas = nil
	RequireSame(t, folded, ReadFolded(d, nil, body, cuts...), "texts folded in")
	RequireSame(t, folded, ReadFolded(d, nil, body, EventEnds(body)...), "texts folded in, an event a write")
	two := &llmstream.Options{Kinds: llmstream.KindUsage | llmstream.KindOther}
	filtered := Read(d, &llmstream.Options{NoFastPath: true, Kinds: two.Kinds}, body)
	RequireSame(t, filtered, Read(d, two, body, cuts...), "two kinds alone")
	filtered.Deltas = nil
	RequireSame(t, filtered, ReadFolded(d, two, body, cuts...), "two kinds alone, folded in")
	RequireSame(t, filtered, ReadFolded(d, two, body, EventEnds(body)...), "two kinds alone, an event a write")
}

// EventEnds returns where events end: after blank lines, or after lines where there are
// no blank ones.
func EventEnds(body []byte) (ends []int) {
	for _, end := range []string{"\n\n", "\r\n\r\n", "\n"} {
		for at := 0; len(ends) < 1000; {
			n := bytes.Index(body[at:], []byte(end))
			if n < 0 {
				break
			}
			at += n + len(end)
			ends = append(ends, at)
		}
		if len(ends) > 0 {
			break
		}
	}
	return ends
}
