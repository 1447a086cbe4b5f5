package proof

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seed-4d65deac/llmstream"
)

// A model is what a sequence of letters means by contract 7 of DESIGN.md, by contract 13,
// and by the quirks that are named below. It was written from these and shares no code
// with the library.
type model struct {
	*sheet
	begun    bool // an answer has begun
	gave     bool // there was output
	stopped  bool // there is a finish reason
	limited  bool // the finish reason is a limit
	reopened bool // output came after the finish reason (C-34)
	counted  bool // usage has come
	done     bool // the end marker has come
	failed   bool // the provider has reported an error
	damaged  bool // some event could not be read
	lost     bool // the same, of this answer
	harmed   bool // the same, before the end marker
	cut      bool // the connection has failed
	known    bool // the id of the answer is known
	answer   int  // number of the answer
	half     int  // the half of the arguments that comes next
	started  int  // number of calls that have begun in all answers, so the index of the latest
	missed   int  // index of a call whose arguments came before it; 0 if every call came first
	calls    []modelCall
}

type modelCall struct {
	named     bool
	arguments string
	ended     bool
	revoked   bool // arguments came after its end
	doubtful  bool // an event was lost while the call was open, or it began after the end
	missed    bool // its first pieces were lost, so the others mean nothing
}

func (m *model) clone() model {
	c := *m
	c.calls = slices.Clone(m.calls)
	return c
}

// place counts what the bytes of l depend on, and returns it.
func (m *model) place(l letter, at int) position {
	switch l {
	case toolStart:
		m.started++
		m.half = 0
	case anotherAnswer:
		m.answer++
	}
	return position{m.index(), m.half, m.answer, at}
}

// index returns the index of the latest call on the wire.
func (m *model) index() int { return max(m.started, 1) }

// take notes what the event of l means.
func (m *model) take(l letter) {
	if l == cut {
		m.cut = true
		return
	}
	f := m.events[l].facts
	if f&argues != 0 && len(m.calls) == 0 {
		f = m.orphan(f)
	}
	if f&begins != 0 && !m.begun {
		m.begun, m.done = true, m.done && m.failed // E-19
	}
	if f&breaks != 0 {
		m.loseEvent()
	}
	if f&fails != 0 {
		m.failed = m.failed || !m.done // F-22
	}
	if f&renews != 0 {
		m.name(l)
	}
	if f&gives != 0 {
		m.give()
	}
	if f&startsCall != 0 {
		m.beginCall(f)
	}
	if f&argues != 0 {
		m.argue()
	}
	m.counted = m.counted || f&counts != 0
	if f&(stops|limits) != 0 {
		m.finish(f&limits != 0)
	}
	if (f&ends != 0 || m.usageEnds && m.counted && m.stopped) && !m.done {
		m.done = true
		m.endCalls()
	}
}

// orphan returns what arguments mean whose call has not begun.
func (m *model) orphan(f fact) fact {
	switch m.orphans {
	case malformed:
		return begins | breaks
	case waiting:
		m.missed = m.index()
		return begins
	}
	return f
}

func (m *model) loseEvent() {
	m.damaged, m.lost, m.harmed = true, true, m.harmed || !m.done
	for i := range m.calls {
		if c := &m.calls[i]; !c.ended && !c.whole() {
			c.doubtful = true
		}
	}
}

// name takes the id of the answer. Another id, or an answer that begins after the end
// marker, makes all of the first answer void (O-22).
func (m *model) name(l letter) {
	if m.known && l == anotherAnswer || !m.known && m.done && (l == role || l == anotherAnswer) {
		if m.interrupts && !m.done {
			m.damaged, m.harmed = true, true
		}
		*m = model{sheet: m.sheet, begun: true, damaged: m.damaged, harmed: m.harmed, answer: m.answer, started: m.started}
	}
	m.known = true
}

func (m *model) give() {
	if !m.gave && !m.stopped && !m.failed {
		m.done = false // E-19
	}
	m.gave = true
	m.reopened = m.reopened || m.stopped && !m.done // C-34
}

func (m *model) beginCall(f fact) {
	if n := len(m.calls); n > 0 && !m.calls[n-1].named && m.orphans == namedLater {
		m.calls[n-1].named = true // T-08
		return
	}
	missed := m.missed == m.started
	m.missed = 0
	c := modelCall{named: true, doubtful: m.done || missed, missed: missed} // F-22
	if f&endsCall != 0 {
		c.arguments, c.ended = fmt.Sprintf(`{"a":%d}`, m.started), !m.done
	}
	m.calls = append(m.calls, c)
}

func (m *model) argue() {
	if len(m.calls) == 0 {
		m.calls = append(m.calls, modelCall{doubtful: m.done}) // T-32
	}
	if c := &m.calls[len(m.calls)-1]; !c.ended && !c.missed {
		c.arguments += halves[m.half]
	}
	if c := &m.calls[len(m.calls)-1]; c.ended && m.revokes {
		c.revoked = true
	}
	m.half = 1 - m.half
}

// finish notes a finish reason. The last counts (C-06), but none after the end (F-22).
func (m *model) finish(limit bool) {
	for i := range m.calls {
		c := &m.calls[i]
		c.doubtful = c.doubtful || m.itemsEnd && (limit || c.arguments == "")
	}
	if m.done && m.stopped {
		return
	}
	m.stopped, m.reopened, m.limited = true, false, limit
}

func (m *model) finished() bool { return m.stopped && !m.reopened }

// isOpen is contract 7: the choice has no finish reason, and the arguments are not JSON.
func (m *model) isOpen(c *modelCall) bool { return !m.finished() && !c.ended && !c.whole() }

// endCalls ends the calls whose end no event has given, at the end marker or at the end of
// the input (contract 13).
func (m *model) endCalls() {
	for i := range m.calls {
		c := &m.calls[i]
		if !c.named || c.doubtful || c.breaksOff() || m.isOpen(c) || !m.finished() && !m.done {
			continue
		}
		c.ended = c.ended || c.arguments != "" || !m.mayLack()
	}
}

// mayLack reports whether a call without arguments may have lost them (T-19, T-32).
func (m *model) mayLack() bool {
	return m.lost || m.limited || slices.ContainsFunc(m.calls, func(c modelCall) bool { return !c.named && c.arguments != "" })
}

// complete is contract 7 with C-34 and E-17.
func (m *model) complete() bool {
	open, cut := false, false
	for i := range m.calls {
		open = open || m.isOpen(&m.calls[i])
		cut = cut || m.calls[i].breaksOff() && !m.limited
	}
	switch {
	case !m.gave && !m.stopped:
		return false
	case m.done:
		return m.finished() || !open
	}
	return m.finished() && !cut
}

// empty reports whether the stream ended and had no answer, or only a role (E-17).
func (m *model) empty() bool {
	return !m.cut && !m.damaged && (!m.begun || m.done && !m.gave && !m.stopped)
}

// end ends the input and returns the state, the kinds of errors, and the arguments of the
// valid calls.
func (m *model) end() string {
	if m.inputEnds && (m.gave || m.stopped) && !m.cut && !m.failed {
		m.done = true
	}
	m.endCalls()
	state, kinds := llmstream.StateTruncated, " truncated"
	switch {
	case m.failed:
		state, kinds = llmstream.StateError, " api"
	case m.empty():
		state, kinds = llmstream.StateEmpty, " empty"
	case m.complete():
		state, kinds = llmstream.StateComplete, ""
	}
	if m.harmed {
		kinds += " damage"
	}
	if m.cut && state != llmstream.StateComplete {
		kinds += " cut"
	}
	var valid strings.Builder
	for i := range m.calls {
		if c := &m.calls[i]; c.ended && !c.revoked && (c.arguments == "" || c.whole()) {
			fmt.Fprintf(&valid, " (%s)", c.arguments)
		}
	}
	return state.String() + kinds + valid.String()
}

// whole reports whether the arguments are one JSON value.
func (c *modelCall) whole() bool { return formOf(c.arguments) == jsonWhole }

// breaksOff reports whether the arguments are the beginning of a JSON value.
func (c *modelCall) breaksOff() bool { return !c.ended && formOf(c.arguments) == jsonBegun }

type jsonForm int

const (
	jsonNone jsonForm = iota
	jsonBegun
	jsonWhole
	jsonBroken
)

var jsonForms = map[string]jsonForm{"": jsonNone}

// formOf returns how far a text is JSON, by encoding/json.
func formOf(s string) jsonForm {
	form, known := jsonForms[s]
	if known {
		return form
	}
	var v any
	switch err := json.NewDecoder(strings.NewReader(s)).Decode(&v); {
	case json.Valid([]byte(s)):
		form = jsonWhole
	case err == io.ErrUnexpectedEOF:
		form = jsonBegun
	default:
		form = jsonBroken
	}
	jsonForms[s] = form
	return form
}
