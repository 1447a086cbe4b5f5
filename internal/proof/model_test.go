package proof

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/stretchr/testify/require"
)

// The verdict and the validity of tool calls are what a plain model of contract 7 says,
// for all sequences of events up to a length: 4, or 6 in an exhaustive run. The sequences
// are those that a dialect can express.
func TestModelOfVerdict(t *testing.T) {
	for d := llmstream.OpenAIChat; d.String() != "unknown"; d++ {
		require.Greater(t, len(sheets), int(d-1), "no sheet for %s", d)
		s := &sheets[d-1]
		require.Equal(t, d, s.dialect)
		t.Run(s.dialect.String(), func(t *testing.T) {
			w := walker{sheet: s, longest: 4, known: map[eventKey]string{}}
			switch {
			case exhaustive():
				w.longest = 6
			case testing.Short():
				w.longest = 3
			}
			w.parser = llmstream.NewParser(s.dialect, &w.answer, nil)
			w.walk(model{sheet: s}, make([]byte, 0, 8<<10))
			t.Logf("%d sequences, %d differences", w.count, w.wrong)
			require.Zero(t, w.wrong, "%s", strings.Join(w.shown, "\n"))
			require.Greater(t, w.count, 100)
		})
	}
}

// A walker tries all sequences of letters of a dialect.
type walker struct {
	*sheet
	longest int
	parser  *llmstream.Parser
	answer  llmstream.Accumulator
	known   map[eventKey]string // events that were made before
	path    []letter
	count   int
	wrong   int
	shown   []string // the first differences
}

type eventKey struct {
	letter letter
	position
}

// event returns the bytes of the event for the next letter.
func (w *walker) event(l letter, at position) string {
	key := eventKey{l, at}
	e, ok := w.known[key]
	if !ok {
		e = w.bytes(l, at)
		w.known[key] = e
	}
	return e
}

// walk tries the sequence that has led to m, whose bytes are body, and each that goes on.
func (w *walker) walk(m model, body []byte) {
	w.try(m.clone(), body)
	if len(w.path) == w.longest || m.cut {
		return
	}
	for l := range letters {
		if l != cut && w.events[l].facts == 0 {
			continue
		}
		next := m.clone()
		at := next.place(l, len(w.path))
		next.take(l)
		w.path = append(w.path, l)
		w.walk(next, append(body, w.event(l, at)...))
		w.path = w.path[:len(w.path)-1]
	}
}

var errCut = errors.New("connection reset")

// try compares the verdict on a body with that of the model.
func (w *walker) try(m model, body []byte) {
	w.count++
	w.parser.Reset()
	w.answer.Reset()
	w.parser.Write(body)
	var cause error
	if m.cut {
		cause = errCut
	}
	err := w.parser.CloseWithError(cause)
	got := w.parser.Outcome().State.String() + kindsOf(err) + w.valid(len(m.calls))
	want := m.end()
	if got == want {
		return
	}
	if w.wrong++; w.wrong <= 40 {
		names := make([]string, len(w.path))
		for i, l := range w.path {
			names[i] = letterNames[l]
		}
		w.shown = append(w.shown, fmt.Sprintf("%s\n\tgot  %s\n\twant %s", strings.Join(names, " "), got, want))
	}
}

// valid returns the arguments of the valid calls, each in brackets.
func (w *walker) valid(atLeast int) string {
	var b strings.Builder
	for i := range max(atLeast, w.longest) {
		if call, ok := w.answer.ToolCall(0, i); ok && call.ArgumentsValid {
			fmt.Fprintf(&b, " (%s)", call.Arguments)
		}
	}
	return b.String()
}

// kindsOf returns the kinds of errors that err holds.
func kindsOf(err error) (kinds string) {
	var api *llmstream.APIError
	var syntax *llmstream.SyntaxError
	for _, k := range []struct {
		holds bool
		name  string
	}{
		{errors.Is(err, llmstream.ErrTruncated), "truncated"},
		{errors.As(err, &api), "api"},
		{errors.Is(err, llmstream.ErrEmpty), "empty"},
		{errors.Is(err, llmstream.ErrNotStream), "not-a-stream"},
		{errors.As(err, &syntax), "damage"},
		{errors.Is(err, errCut), "cut"},
	} {
		if k.holds {
			kinds += " " + k.name
		}
	}
	if kinds == "" && err != nil {
		return " " + err.Error()
	}
	return kinds
}
