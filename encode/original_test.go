package encode_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed-4d65deac/llmstream"
)

// An original is a recording, and what it says.
type original struct {
	recording
	answer  *llmstream.Completion
	outcome llmstream.Outcome
	order   []int // of its choices; see survey
	first   []byte
}

func newOriginal(r recording) *original {
	s := &original{recording: r}
	s.order, s.first = survey(r)
	body := r.body
	if s.first != nil { // the end of that answer is written, and nothing after it (WG-7)
		body = s.first
	}
	s.answer, s.outcome = read(r.dialect, body)
	return s
}

// returns writes the original in another dialect, and fails the test unless what is read from
// that is what the original said. Where the target cannot say it, Lost has to have counted it.
// whole reports whether it is an answer, and not an error.
func (s *original) returns(t testing.TB, to llmstream.Dialect) (whole bool) {
	written, lost := transcode(t, s.dialect, to, s.body, options())
	c, o := read(to, []byte(written))
	about := fmt.Sprintf("%s as %v\nlost: %+v\n%s", s.name, to, lost, written)
	assert.NoError(t, validBut(to, written, lost), about)
	if s.first != nil {
		assert.Positive(t, lost.Restarts, about)
	}
	if s.outcome.State != llmstream.StateComplete || lost.Restarts > 0 && s.first == nil {
		requireFailure(t, saidBy(s.answer, s.outcome), c, o, about)
		return false
	}
	said := s.answer
	if lost.Renumbered+lost.Choices > 0 { // in the order in which they appeared (WC-4)
		said = inOrder(said, s.order)
	}
	want, got := expected(said, s.outcome, to, lost), saidBy(c, o)
	if said.ID == "" && said.Created == 0 {
		ignoreMadeIDs(&want, &got)
	}
	if lost.AfterEnd > 0 && s.first == nil || lost.Order > 0 {
		loosen(&want, &got)
	}
	if lost.Refusals > 0 { // which are text there, where they came
		sortContents(&want, &got)
	}
	assert.Equal(t, want, got, about)
	return true
}

func sortContents(all ...*said) {
	for _, s := range all {
		for i := range s.Choices {
			sorted := []byte(s.Choices[i].Content)
			slices.Sort(sorted)
			s.Choices[i].Content = string(sorted)
		}
	}
}

// survey returns the choices of a recording in the order in which they appear, and the
// recording up to the end marker of a whole answer that another one follows; nil: there is
// none.
func survey(r recording) (order []int, first []byte) {
	done, again := false, false
	p := llmstream.NewParser(r.dialect, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		const silent = llmstream.KindPing | llmstream.KindOther | llmstream.KindUsage | llmstream.KindError | llmstream.KindMalformed | llmstream.KindDone
		if d.Choice >= 0 && d.Kind&silent == 0 && !slices.Contains(order, d.Choice) {
			order = append(order, d.Choice)
		}
		done = done || d.Kind == llmstream.KindDone
		again = again || done && d.Kind == llmstream.KindRestart
		return nil
	}), nil)
	p.Write(r.body)
	p.Close()
	if !again {
		return order, nil
	}
	done = false
	p = llmstream.NewParser(r.dialect, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		done = done || d.Kind == llmstream.KindDone
		return nil
	}), nil)
	for n := range r.body {
		if p.Write(r.body[n : n+1]); done {
			first = r.body[:n+1]
			break
		}
	}
	if _, o := read(r.dialect, first); o.State != llmstream.StateComplete {
		return order, nil
	}
	return order, first
}

// inOrder returns an answer with its choices in another order.
func inOrder(c *llmstream.Completion, order []int) *llmstream.Completion {
	sorted := *c
	sorted.Choices = slices.Clone(c.Choices)
	slices.SortStableFunc(sorted.Choices, func(a, b llmstream.Choice) int {
		return slices.Index(order, a.Index) - slices.Index(order, b.Index)
	})
	return &sorted
}
