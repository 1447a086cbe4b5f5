package llmstream

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/template"
)

// These functions make deltas of single events that fit templates. An event that is whole
// in a read, with its framing, passes neither through the wire nor through the JSON
// parser.
//
// Delta.Raw and Delta.Text of an event read in this way are slices of the read itself.
// The read is gone when Write has returned, and a tee passes it on.

// countMatched counts events that fit templates.
func countMatched(t *decode.Stream, events int) {
	if t.Events += int64(events); t.SawDone {
		t.AfterDone += int64(events)
	}
}

// canRun reports whether the next byte begins an event that a template may read. Nothing
// may be unfinished, and there may be no EventHandler.
func (c *stream) canRun() bool {
	if !c.mayRun() {
		return false
	}
	_, ok := c.wire.Framing()
	return ok
}

// mayRun is canRun for a wire that has nothing unfinished.
func (c *stream) mayRun() bool {
	return c.fast.on && c.fast.Ready() && c.opt.Events == nil &&
		len(c.queued) == 0 && c.fatal == nil
}

// advance takes bytes from b up to the end of the next event that gives deltas, which are
// then in the scratch. It returns the number of bytes that it took. more is false if it
// took all of b. err is the error of an EventHandler.
func (c *stream) advance(b []byte) (n int, more bool, err error) {
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
// deltas. more reports whether the last event has given deltas, or may be followed by
// events that an Accumulator takes without deltas.
func (c *stream) runMatched(b []byte) (n int, more bool) {
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
			s.begun = begun // only this function continues from here
			return n, true
		}
	}
	return n, false
}

// matched is an event that fits a template.
type matched struct {
	t      *template.Template
	means  *meaning
	choice *decode.Choice
	call   int    // position of the tool call, or -1 if the text belongs to no call
	text   []byte // unescaped
}

// admit finds the meaning of the event in b that m has found, and notes it. If the event
// means more than its template knows, admit does nothing and ok is false. The event then
// has to be parsed in full.
func (c *stream) admit(e *matched, b []byte, m *template.Match) (ok bool) {
	if m.End-m.Start > c.longest || e.means.epoch != c.seen.Epoch || !c.locate(e, b, m) {
		return false
	}
	span := m.Text(e.t)
	e.text = b[span.From:span.To:span.To]
	if len(e.text) == 0 && e.means.noEmpty {
		return false
	}
	if m.Escaped && (c.opt.decode.Kinds&e.means.kind != 0 || e.call >= 0 || e.means.owner != 0) {
		s := c.borrow()
		s.Buf, _ = jsonscan.AppendUnescaped(s.Buf[:0], e.text, 0)
		e.text = s.Buf
	}
	countMatched(&c.seen, 1)
	if len(e.text) > 0 && !e.means.noDelta {
		c.seen.Delivered = true
		if e.call >= 0 {
			e.choice.Calls[e.call].TakeArguments(e.text)
		}
		if e.means.owner != 0 {
			c.decoder.(dialect.Follower).Follow(e.means.owner, e.text)
		}
	}
	return true
}

// locate finds the choice and the call of an event. ok is false if they are unknown, or
// if a surrogate is pending there.
func (c *stream) locate(e *matched, b []byte, m *template.Match) (ok bool) {
	means := e.means
	e.choice, e.call = &c.seen.Choices[means.choice], int(means.call)
	if means.index < 0 {
		if e.call < 0 {
			return *e.choice.Surrogate(means.kind) == 0
		}
		call := openCall(e.choice, means)
		return call != nil && call.Surrogate == 0
	}
	span := m.Slot(int(means.index))
	index, _ := jsonscan.ParseDigits(b[span.From:span.To])
	if e.call >= 0 {
		like := e.choice.Calls[e.call].Type
		if e.call = e.choice.CallAtWireIndex(int(index)); e.call < 0 {
			return false
		}
		call := &e.choice.Calls[e.call]
		return call.TakesPieces() && call.Type == like && call.Surrogate == 0
	}
	like := e.choice
	e.choice = knownChoice(&c.seen, int(index))
	return e.choice != nil && isLike(e.choice, like) && *e.choice.Surrogate(means.kind) == 0
}

// knownChoice returns the choice with this index, or nil.
func knownChoice(t *decode.Stream, index int) *decode.Choice {
	if index < len(t.Choices) && t.Choices[index].Index == index {
		return &t.Choices[index]
	}
	for i := range t.Choices {
		if t.Choices[i].Index == index {
			return &t.Choices[i]
		}
	}
	return nil
}

// isLike reports whether an event of the same form does the same to both choices. Output
// reopens a finished choice.
func isLike(c *decode.Choice, d *decode.Choice) bool {
	return c.RoleKnown == d.RoleKnown && c.Marks == d.Marks && c.IsFinished() == d.IsFinished()
}

// openCall returns the call that the text of an event with this meaning belongs to. It
// returns nil if calls have begun or ended since, because the call is then unknown.
func openCall(c *decode.Choice, m *meaning) *decode.Call {
	if int(m.calls) != len(c.Calls) {
		return nil
	}
	if call := &c.Calls[m.call]; call.TakesPieces() {
		return call
	}
	return nil
}

// emit delivers the meaning of the event: to the Accumulator if that takes it without a
// delta, or as deltas in the scratch. It reports whether there are deltas.
func (c *stream) emit(e *matched, b []byte, m *template.Match) bool {
	means := e.means
	wanted := c.opt.decode.Kinds&means.kind != 0
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
	s.drop()
	s.Type, s.Data = e.t.Type(), e.t.Data(b, m)
	s.EventIndex = c.seen.NextIndex() - 1 // admit has counted the event
	if means.textOnly && !means.hasUsage && len(e.text) > 0 {
		d := s.only()
		d.Kind, d.Choice, d.Raw, d.Event = Kind(means.kind), e.choice.Index, s.Data, s.Type
		d.EventIndex, d.Part = s.EventIndex, means.part
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
	s.Details = s.Details[:0]
	if !m.Escaped { // else Buf holds the unescaped text
		s.Buf = s.Buf[:0]
	}
	addMatched(&s.Context, e, b, m)
	return true
}

// textIn returns the text of the Accumulator that the event's text is joined to. It
// returns nil if the event needs more than that.
func (c *stream) textIn(e *matched) *[]byte {
	if e.call < 0 {
		return c.fold.textOf(Kind(e.means.kind), e.choice.Index, e.means.part)
	}
	c.fold.voidRestarted()
	f := c.fold.find(e.choice.Index)
	if f == nil || e.call >= len(f.calls) || c.fold.room() < len(e.text) {
		return nil
	}
	return &f.calls[e.call].arguments
}

// dropDeltas forgets the deltas of the event before.
func (c *stream) dropDeltas() {
	if c.scratch != nil {
		c.scratch.drop()
	}
}

// sequenceOf returns the provider's number of an event.
func (m *meaning) sequenceOf(b []byte, at *template.Match) (n int64) {
	if m.sequence >= 0 {
		span := at.Slot(int(m.sequence))
		n, _ = jsonscan.ParseDigits(b[span.From:span.To])
	}
	return n
}

// addMatched adds the deltas of any event that fits a template.
func addMatched(s *decode.Context, e *matched, b []byte, m *template.Match) {
	means, index := e.means, e.choice.Index
	s.Part, s.Sequence = means.part, means.sequenceOf(b, m)
	switch {
	case len(e.text) == 0, means.noDelta:
		s.Add(decode.KindOther, -1)
	case e.call >= 0:
		s.Add(means.kind, index).ToolCall = decode.ToolCallDelta{Index: e.call, Arguments: e.text}
	case means.textInDetail:
		r := *means.fixed
		r.Text = e.text
		s.AddDetail(index, r).Text = e.text
	default:
		s.AddText(means.kind, index, e.text)
	}
	if means.detail >= 0 {
		span := m.Slot(int(means.detail))
		r, raw := *means.fixed, b[span.From:span.To]
		if r.Text = raw; bytes.IndexByte(raw, '\\') >= 0 {
			at := len(s.Buf)
			var half uint16
			s.Buf, half = jsonscan.AppendUnescaped(s.Buf, raw, 0)
			s.Buf = jsonscan.AppendLoneSurrogate(s.Buf, half)
			r.Text = s.Since(at)
		}
		s.AddDetail(index, r)
	}
	if means.hasUsage {
		addMatchedUsage(s, means.usage, b, m)
	}
}

// fromTemplate reads the event of s by a template. The data of the event may have come in
// pieces, or in a frame.
func (c *stream) fromTemplate(s *decode.Context) bool {
	if c.fast.Rest() || !c.fast.Ready() || c.fast.at == placeUnfit {
		return false
	}
	var m template.Match
	at := c.fast.FindData(s.Data, s.Type, &m)
	if at == template.None {
		c.fast.Miss()
		return false
	}
	e := matched{t: &c.fast.List[at], means: &c.fast.means[at]}
	if !c.admit(&e, s.Data, &m) {
		return false
	}
	c.fast.Fit(uint8(at), 1)
	addMatched(s, &e, s.Data, &m)
	return true
}

// giveTexts is for a handler that takes texts without deltas; see package direct. It reads the
// events at the start of b that fit the expected template, and returns the number of bytes
// that it read. The error is the handler's, and belongs to the last of these events.
func (p *Parser) giveTexts(b []byte) (n int, err error) {
	at := p.fast.Expected()
	t, means := &p.fast.List[at], &p.fast.means[at]
	if !p.mayGive(means) {
		return 0, nil
	}
	var m template.Match
	choice, row := &p.seen.Choices[means.choice], p.fast.Row(at)
	p.running = handlerRuns
	defer p.handlerReturned()
	if p.texts.Takes(uint32(means.kind), choice.Index, means.part, t.Type()) && t.Begin(b, 0, &m) {
		events := 0
		for more := true; more; more = m.Next() {
			t.ReadOne(b, &m, row)
			if m.Events == 0 || m.End-m.Start > p.longest || !p.texts.TakeText(p.textOf(b, t, &m)) {
				break
			}
			events++
			n = m.End
		}
		if events > 0 {
			p.matchedRow(at, events)
			if p.scratch != nil {
				p.scratch.begun = 0 // it belonged to the first of these events
			}
			err = p.texts.EndTexts()
		}
	}
	p.running = handlerIdle
	return n, err
}

// mayGive reports whether the events of a template hold a text of a choice, and nothing that
// the decoder or the caller has to see besides.
func (p *Parser) mayGive(m *meaning) bool {
	return m.textOnly && !m.noDelta && !m.hasUsage && m.index < 0 && m.call < 0 && m.owner == 0 &&
		m.epoch == p.seen.Epoch && p.opt.decode.Kinds&m.kind != 0 && *p.seen.Choices[m.choice].Surrogate(m.kind) == 0
}

// textOf returns the unescaped text of the event that m has found in b.
func (p *Parser) textOf(b []byte, t *template.Template, m *template.Match) []byte {
	span := m.Text(t)
	text := b[span.From:span.To:span.To]
	if m.Escaped {
		s := p.borrow()
		s.Buf, _ = jsonscan.AppendUnescaped(s.Buf[:0], text, 0)
		text = s.Buf
	}
	return text
}
