package llmstream

import "bytes"

// Events that lie whole in a read, framing and all, are compared with templates
// where they lie, one after the other: neither the wire nor a step sees them.

// canRun tells whether the next byte begins an event that may be read by a
// template: nothing is unfinished, and nobody wants to see the event itself.
func (c *core) canRun() bool {
	return c.fast && c.track.templates.learned() && c.wire == &c.sse && !c.track.sawDone && c.opt.Events == nil &&
		len(c.glued) == 0 && c.dead == nil && !c.sse.busy()
}

// fromTemplate reads the event of s, the data of which may have come in pieces.
func (c *core) fromTemplate(s *step) bool {
	ts := &c.track.templates
	if !ts.learned() || c.missed || c.track.sawDone {
		return false
	}
	var m match
	t := ts.findData(s.data, s.typ, &m)
	if t == nil {
		ts.miss()
		return false
	}
	text, ok := c.accept(t, s.data, &m)
	if !ok {
		return false
	}
	s.given = 1
	if t.wanted(c.opt.Kinds, text) {
		d := s.first()
		t.fill(d, c, text)
		d.Raw, d.Event = s.data, s.typ
	}
	return true
}

// framing is what the wire puts around the data of an event, as a rule.
func (c *core) framing() framing {
	if c.wire == &c.sse {
		return c.sse.framing()
	}
	return framing{}
}

// accept notes an event that fits t and returns its text, unescaped. !ok: there
// is more to it than t tells, and it has to be read in full.
func (c *core) accept(t *template, b []byte, m *match) (text []byte, ok bool) {
	choice := &c.track.choices[t.choice]
	high := choice.half(t.kind)
	if t.call >= 0 {
		if int(t.calls) != len(choice.calls) {
			return nil, false
		}
		high = &choice.calls[t.call].high
	}
	text = b[m.text:m.after:m.after]
	if *high != 0 || m.end-m.start > c.longest {
		return nil, false
	}
	if m.escaped {
		if text, ok = c.unescape(t, text, high); !ok {
			return nil, false
		}
	}
	if len(text) == 0 {
		if t.noEmpty {
			return nil, false
		}
	} else {
		c.track.delivered = true
		if t.call >= 0 {
			choice.calls[t.call].argue(text)
		}
	}
	c.track.events++
	c.track.templates.earn()
	return text, true
}

// unescape returns the text that is escaped in raw. What nobody wants is not
// unescaped where that changes nothing.
func (c *core) unescape(t *template, raw []byte, high *uint16) (text []byte, ok bool) {
	if c.opt.Kinds&t.kind == 0 && t.call < 0 && bytes.Index(raw, escapeU) < 0 {
		return raw, true
	}
	if c.step == nil {
		c.step = borrowStep(&c.track, c.opt)
	}
	s := c.step
	var half uint16
	s.text, half = appendUnescaped(s.text[:0], raw, 0)
	if len(s.text) == 0 {
		return nil, false
	}
	*high = half
	return s.text, true
}

var escapeU = []byte(`\u`)

// fill makes d the delta of an event that fits t, with this text.
func (t *template) fill(d *Delta, c *core, text []byte) {
	*d = Delta{}
	d.Kind, d.Choice, d.Text = t.kind, c.track.choices[t.choice].index, text
	switch {
	case len(text) == 0:
		d.Kind, d.Choice, d.Text = KindOther, -1, nil
	case t.call >= 0:
		d.Text, d.ToolCall.Index, d.ToolCall.Arguments = nil, int(t.call), text
	}
}

// data returns the data of the event.
func (t *template) data(b []byte, m *match) []byte {
	return b[m.start+int(t.frame) : m.end-int(t.tail) : m.end-int(t.tail)]
}

// wanted tells whether a delta of t is to be delivered.
func (t *template) wanted(kinds Kind, text []byte) bool {
	if len(text) == 0 {
		return kinds&KindOther != 0
	}
	return kinds&t.kind != 0
}

// run reads the events at the start of b as long as they fit templates, and
// returns how many bytes that were.
func (p *Parser) run(b []byte) (n int, err error) {
	var m match
	ts := &p.track.templates
	t := ts.find(b, &m)
	for t != nil {
		text, ok := p.accept(t, b, &m)
		if !ok {
			break
		}
		n = m.end
		switch {
		case !t.wanted(p.opt.Kinds, text):
		case p.fold != nil:
			p.fold.add(t, p.track.choices[t.choice].index, text)
		case p.handler != nil:
			if p.step == nil {
				p.step = borrowStep(&p.track, p.opt)
			}
			d := p.step.first()
			t.fill(d, &p.core, text)
			d.Raw, d.Event = t.data(b, &m), t.typ()
			if err = p.handler.HandleDelta(d); err != nil {
				p.sse.noCR -= n
				return n, err
			}
		}
		m.start = n
		if m.next > 0 {
			if m.at = m.next; t.fits(b, &m, 0) {
				continue
			}
		}
		t = ts.find(b, &m)
	}
	p.sse.noCR -= n
	p.missed = ts.list[ts.recent].framed(b[n:])
	if p.missed {
		ts.miss()
	}
	return n, nil
}

// add folds in the text of an event that fits t, as HandleDelta would.
func (a *Accumulator) add(t *template, choice int, text []byte) {
	if len(text) == 0 {
		return
	}
	c := a.choice(choice)
	switch t.kind {
	case KindContent:
		c.content = a.join(c.content, text)
	case KindReasoning:
		c.reasoning = a.join(c.reasoning, text)
	case KindRefusal:
		c.refusal = a.join(c.refusal, text)
	case KindToolCall:
		d := Delta{Kind: KindToolCall, ToolCall: ToolCallDelta{Index: int(t.call), Arguments: text}}
		a.addToolCall(c, &d)
	}
}
