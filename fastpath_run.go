package llmstream

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/template"
)

// Single events that fit templates, as deltas. Neither the wire nor the JSON parser
// sees an event that lies whole in a read, framing and all.

// countMatched notes events that fit templates.
func (t *track) countMatched(events int) {
	if t.events += int64(events); t.sawDone {
		t.afterDone += int64(events)
	}
}

// canRun reports whether the next byte begins an event that may be read by a
// template: nothing is unfinished, and nobody wants to see the event itself.
func (c *core) canRun() bool {
	if !c.mayRun() {
		return false
	}
	_, ok := c.wire.framing()
	return ok
}

// mayRun is canRun if the wire has nothing unfinished.
func (c *core) mayRun() bool {
	return c.fast.on && c.fast.Ready() && c.wire != nil && c.opt.Events == nil &&
		len(c.glued) == 0 && c.dead == nil
}

// advance takes bytes from b up to the end of the next event that gives deltas, which
// are then in c.step.deltas. It returns how many bytes it took. !more: it has taken
// all of b. err is that of an EventHandler.
func (c *core) advance(b []byte) (n int, more bool, err error) {
	if c.fast.at == placeNext {
		if n, more = c.runMatched(b); more || n == len(b) {
			return n, more, nil
		}
	}
	k, more, err := c.next(b[n:])
	c.fast.at = placeOther
	if more && err == nil && c.canRun() {
		c.fast.at = placeNext
	}
	return n + k, more, err
}

// runMatched reads events at the start of b as long as they fit templates and give no
// deltas. more: the last one has given some, or may be followed by others that an
// Accumulator takes without deltas.
func (c *core) runMatched(b []byte) (n int, more bool) {
	s := c.borrow()
	m, begun := &s.match, s.begun
	s.begun = 0
	for n < len(b) {
		at := c.fast.Find(b, n, begun, m)
		if at == template.None {
			if c.fast.Framed(b[n:]) {
				c.fast.at = placeUnfit
				c.fast.Miss()
			}
			return n, false
		}
		e := matched{t: &c.fast.List[at], means: &c.fast.means[at]}
		if !c.admit(&e, b, m) {
			return n, false
		}
		c.fast.Fit(uint8(at), 1)
		n, begun = m.End, m.Known()
		if c.fast.folds {
			c.emit(&e, b, m)
			return n, true
		}
		if c.emit(&e, b, m) {
			s.begun = begun // nothing but this function reads on from here
			return n, true
		}
	}
	return n, false
}

// matched is an event that fits a template.
type matched struct {
	t      *template.Template
	means  *meaning
	choice *choiceTrack
	call   int    // place of the tool call; -1: the text belongs to none
	text   []byte // unescaped
}

// admit finds out what the event in b means that m has found, and notes it. !ok: there
// is more to it than its template knows. It has to be read in full, and nothing was
// done.
func (c *core) admit(e *matched, b []byte, m *template.Match) (ok bool) {
	if m.End-m.Start > c.longest || e.means.epoch != c.track.layout || !c.locate(e, b, m) {
		return false
	}
	span := m.Text(e.t)
	e.text = b[span.From:span.To:span.To]
	if len(e.text) == 0 && e.means.noEmpty {
		return false
	}
	if m.Escaped && (c.opt.Kinds&e.means.kind != 0 || e.call >= 0) {
		s := c.borrow()
		s.text, _ = appendUnescaped(s.text[:0], e.text, 0)
		e.text = s.text
	}
	c.track.countMatched(1)
	if len(e.text) > 0 && !e.means.noDelta {
		c.track.delivered = true
		if e.call >= 0 {
			e.choice.calls[e.call].argue(e.text)
		}
	}
	return true
}

// locate finds the choice and the call of an event. !ok: they are not known, or half
// of a surrogate pair is pending there.
func (c *core) locate(e *matched, b []byte, m *template.Match) (ok bool) {
	means := e.means
	e.choice, e.call = &c.track.choices[means.choice], int(means.call)
	if means.index < 0 {
		if e.call < 0 {
			return *e.choice.half(means.kind) == 0
		}
		call := e.choice.openCall(means)
		return call != nil && call.high == 0
	}
	span := m.Slot(int(means.index))
	index, _ := parseDigits(b[span.From:span.To])
	if e.call >= 0 {
		like := e.choice.calls[e.call].custom
		if e.call = e.choice.indexedCall(int(index)); e.call < 0 {
			return false
		}
		call := &e.choice.calls[e.call]
		return !call.ended && !call.given && call.custom == like && call.high == 0
	}
	like := e.choice
	e.choice = c.track.knownChoice(int(index))
	return e.choice != nil && e.choice.isLike(like) && *e.choice.half(means.kind) == 0
}

// knownChoice returns the choice with this index; nil: there is none yet.
func (t *track) knownChoice(index int) *choiceTrack {
	if index < len(t.choices) && t.choices[index].index == index {
		return &t.choices[index]
	}
	for i := range t.choices {
		if t.choices[i].index == index {
			return &t.choices[i]
		}
	}
	return nil
}

// isLike reports whether an event of the same form does to both choices the same.
func (c *choiceTrack) isLike(d *choiceTrack) bool {
	return c.role == d.role && c.delta == d.delta && c.whole == d.whole && c.planned == d.planned && c.plainReasoning == d.plainReasoning
}

// indexedCall returns the place of the latest call that began with this index; -1:
// there is none.
func (c *choiceTrack) indexedCall(index int) (at int) {
	for at = len(c.calls) - 1; at >= 0 && !(c.calls[at].indexed && c.calls[at].index == index); at-- {
	}
	return at
}

// openCall returns the call that the text of an event with this meaning belongs to;
// nil: that is not known, since calls have begun or ended.
func (c *choiceTrack) openCall(m *meaning) *callTrack {
	if int(m.calls) != len(c.calls) {
		return nil
	}
	if call := &c.calls[m.call]; !call.ended && !call.given {
		return call
	}
	return nil
}

// emit gives out what the event says: to the Accumulator if that takes it without a
// delta, or as deltas in c.step. It reports whether there are deltas.
func (c *core) emit(e *matched, b []byte, m *template.Match) bool {
	means := e.means
	wanted := c.opt.Kinds&means.kind != 0
	switch {
	case len(e.text) > 0 && !wanted && !means.hasUsage, c.fast.folds && c.fold == nil && !means.hasUsage:
		c.dropDeltas()
		return false
	case c.fast.folds && means.textOnly && !means.hasUsage && len(e.text) > 0:
		if to := c.textIn(e); to != nil {
			*to = c.fold.joinText(*to, e.text)
			c.dropDeltas()
			return false
		}
	}
	s := c.borrow()
	s.typ, s.data, s.deltas = e.t.Type(), e.t.Data(b, m), s.deltas[:0]
	if means.textOnly && !means.hasUsage && len(e.text) > 0 {
		d := s.onlyDelta(means.kind, e.choice.index)
		d.Part = means.part
		if means.sequence >= 0 {
			d.Sequence = means.sequenceOf(b, m)
		}
		if e.call < 0 {
			d.Text = e.text
		} else {
			d.ToolCall.Index, d.ToolCall.Arguments = e.call, e.text
		}
		return true
	}
	s.details = s.details[:0]
	if !m.Escaped { // else the text is there
		s.text = s.text[:0]
	}
	s.addMatched(e, b, m)
	return true
}

// textIn returns where the Accumulator joins the text of an event to; nil: there is more
// to do than that.
func (c *core) textIn(e *matched) *[]byte {
	if e.call < 0 {
		return c.fold.textOf(e.means.kind, e.choice.index, e.means.part)
	}
	f := c.fold.find(e.choice.index)
	if f == nil || e.call >= len(f.calls) || c.fold.room() < len(e.text) {
		return nil
	}
	return &f.calls[e.call].arguments
}

// dropDeltas forgets the deltas of the event before.
func (c *core) dropDeltas() {
	if c.step != nil {
		c.step.deltas = c.step.deltas[:0]
	}
}

// onlyDelta is add for the only delta of an event that somebody wants. It is the
// quickest way to one: nothing else of s is touched.
func (s *step) onlyDelta(k Kind, choice int) *Delta {
	if cap(s.deltas) == 0 {
		s.deltas = make([]Delta, 1, 4)
	}
	s.deltas = s.deltas[:1]
	d := &s.deltas[0]
	*d = Delta{}
	d.Kind, d.Choice, d.Raw, d.Event = k, choice, s.data, s.typ
	return d
}

// sequenceOf returns the provider's number of an event.
func (m *meaning) sequenceOf(b []byte, at *template.Match) (n int64) {
	if m.sequence >= 0 {
		span := at.Slot(int(m.sequence))
		n, _ = parseDigits(b[span.From:span.To])
	}
	return n
}

// addMatched adds the deltas of an event of any form.
func (s *step) addMatched(e *matched, b []byte, m *template.Match) {
	means, index := e.means, e.choice.index
	s.part, s.sequence = means.part, means.sequenceOf(b, m)
	switch {
	case len(e.text) == 0, means.noDelta:
		s.add(KindOther, -1)
	case e.call >= 0:
		s.add(means.kind, index).ToolCall = ToolCallDelta{Index: e.call, Arguments: e.text}
	case means.textInDetail:
		r := *means.fixed
		r.Text = e.text
		s.addDetail(index, r).Text = e.text
	default:
		s.addText(means.kind, index, e.text)
	}
	if means.detail >= 0 {
		span := m.Slot(int(means.detail))
		r, raw := *means.fixed, b[span.From:span.To]
		if r.Text = raw; bytes.IndexByte(raw, '\\') >= 0 {
			at := len(s.text)
			var half uint16
			s.text, half = appendUnescaped(s.text, raw, 0)
			s.text = appendLoneHalf(s.text, half)
			r.Text = s.text[at:len(s.text):len(s.text)]
		}
		s.addDetail(index, r)
	}
	if means.hasUsage {
		s.addMatchedUsage(means.usage, b, m)
	}
}

// fromTemplate reads the event of s by a template. Its data may have come in pieces,
// or in a frame.
func (c *core) fromTemplate(s *step) bool {
	if c.fast.Rest() || !c.fast.Ready() || c.fast.at == placeUnfit {
		return false
	}
	var m template.Match
	at := c.fast.FindData(s.data, s.typ, &m)
	if at == template.None {
		c.fast.Miss()
		return false
	}
	e := matched{t: &c.fast.List[at], means: &c.fast.means[at]}
	if !c.admit(&e, s.data, &m) {
		return false
	}
	c.fast.Fit(uint8(at), 1)
	s.addMatched(&e, s.data, &m)
	return true
}
