package llmstream

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// Events that lie whole in a read, framing and all, are compared with templates
// where they lie, one after the other: neither the wire nor a step sees them.

// canRun tells whether the next byte begins an event that may be read by a
// template: nothing is unfinished, and nobody wants to see the event itself.
func (c *core) canRun() bool {
	if !c.mayRun() {
		return false
	}
	_, ok := c.wire.Framing()
	return ok
}

// mayRun is canRun if the wire has nothing unfinished.
func (c *core) mayRun() bool {
	return c.fast && c.track.templates.worthwhile() && c.opt.Events == nil &&
		len(c.glued) == 0 && c.dead == nil
}

// accept notes an event that fits t and returns its text, unescaped. !ok: there
// is more to it than t tells, and it has to be read in full.
func (c *core) accept(t *template, b []byte, m *match) (text []byte, ok bool) {
	choice := &c.track.choices[t.choice]
	high := choice.half(t.kind)
	if t.call >= 0 {
		call := choice.fittingCall(t)
		if call == nil {
			return nil, false
		}
		high = &call.high
	}
	text = b[m.text:m.after:m.after]
	if *high != 0 || m.end-m.start > c.longest || t.layout != c.track.layout || m.sequenceEnd-m.sequence > jsonscan.MaxDigits {
		return nil, false
	}
	if m.escaped && !t.silent {
		if text, ok = c.unescape(t, text, high); !ok {
			return nil, false
		}
	}
	if len(text) == 0 {
		if t.noEmpty {
			return nil, false
		}
	} else if !t.silent {
		c.track.delivered = true
		if t.call >= 0 {
			choice.calls[t.call].argue(text)
		}
	}
	c.track.countFitted(1)
	return text, true
}

// unescape returns the text that is escaped in raw. What nobody wants is not
// unescaped where that changes nothing.
func (c *core) unescape(t *template, raw []byte, high *uint16) (text []byte, ok bool) {
	if c.opt.decode.Kinds&t.kind == 0 && t.call < 0 && !bytes.Contains(raw, escapeU) {
		return raw, true
	}
	s := c.borrow()
	var half uint16
	s.text, half = jsonscan.AppendUnescaped(s.text[:0], raw, 0)
	if len(s.text) == 0 {
		return nil, false
	}
	*high = half
	return s.text, true
}

var escapeU = []byte(`\u`)

// addFitted adds the deltas of the event in m, which fits t and has this text.
func (s *step) addFitted(t *template, b []byte, m *match, text []byte) {
	index := s.choices[t.choice].index
	s.part = t.part
	s.sequence, _ = jsonscan.ParseDigits(b[m.sequence:m.sequenceEnd])
	switch {
	case len(text) == 0, t.silent:
		s.add(xKindOther, -1)
	case t.call >= 0:
		s.add(t.kind, index).ToolCall = xToolCallDelta{Index: int(t.call), Arguments: text}
	case t.detailed:
		r := *t.detail
		r.Text = text
		s.addDetail(index, r).Text = text
	default:
		s.addText(t.kind, index, text)
	}
	if t.detail != nil && !t.detailed {
		r, raw := *t.detail, b[m.detail:m.detailEnd]
		if r.Text = raw; bytes.IndexByte(raw, '\\') >= 0 {
			at := len(s.text)
			var half uint16
			s.text, half = jsonscan.AppendUnescaped(s.text, raw, 0)
			s.text = jsonscan.AppendLoneSurrogate(s.text, half)
			r.Text = s.text[at:len(s.text):len(s.text)]
		}
		s.addDetail(index, r)
	}
	if t.counted {
		s.addCounts(t, b, m.at)
	}
}

// fromTemplate reads the event of s, the data of which may have come in pieces.
func (c *core) fromTemplate(s *step) bool {
	ts := &c.track.templates
	if ts.rest > 0 {
		ts.rest--
		ts.credit = min(ts.credit+creditMiss, creditMax)
		return false
	}
	if !ts.worthwhile() || c.missed {
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
	ts.earn(1)
	s.addFitted(t, s.data, &m, text)
	return true
}

// data returns the data of the event.
func (t *template) data(b []byte, m *match) []byte {
	return b[m.start+int(t.frame) : m.end-int(t.tail) : m.end-int(t.tail)]
}

// handOut puts the deltas of the event in m, which fits t, into the step.
func (c *core) handOut(t *template, b []byte, m *match, text []byte) {
	s := c.borrow()
	s.typ, s.data, s.deltas, s.details = t.typ(), t.data(b, m), s.deltas[:0], s.details[:0]
	if !m.escaped { // else the text is there
		s.text = s.text[:0]
	}
	s.addFitted(t, b, m, text)
}

// nextFitted is next for events that fit templates. !ok: the event behind those it
// has taken is to be read by next.
func (c *core) nextFitted(b []byte) (n int, ok bool) {
	var m match
	ts := &c.track.templates
	for m.start < len(b) {
		t := ts.find(b, &m)
		if t == nil {
			if c.missed = ts.last().framed(b[m.start:]); c.missed {
				ts.miss()
			}
			break
		}
		text, accepted := c.accept(t, b, &m)
		if !accepted {
			break
		}
		ts.earn(1)
		n = m.end
		if len(text) == 0 || c.opt.decode.Kinds&t.kind != 0 || t.counted {
			c.handOut(t, b, &m, text)
			ok = true
			break
		}
		m.start = n
	}
	return n, ok
}

// run reads the events at the start of b as long as they fit templates, and
// returns how many bytes that were.
func (p *Parser) run(b []byte) (n int, err error) {
	var m match
	ts := &p.track.templates
	b = b[:len(b):len(b)] // what lies behind it is not ours, nor is it to be read
	for err == nil && m.start < len(b) {
		before := p.track.events
		t := ts.find(b, &m)
		if t == nil {
			break
		}
		var ok bool
		ok, err = p.runOf(t, b, &m)
		ts.earn(p.track.events - before)
		if !ok {
			break
		}
		if p.skims {
			m.start += p.skim(b[m.start:])
		}
	}
	n = m.start
	if n < len(b) && ts.list[ts.recent].framed(b[n:]) {
		p.missed = true
		ts.miss()
	}
	return n, err
}

// runOf hands out the text of the event in m, which fits t, and of those that
// follow it and fit t too, if they are not to be skimmed.
func (p *Parser) runOf(t *template, b []byte, m *match) (ok bool, err error) {
	choice := &p.track.choices[t.choice]
	wanted := p.handler != nil && p.opt.decode.Kinds&t.kind != 0 || t.counted
	plain := t.call < 0 && t.detail == nil && !t.counted && !t.silent
	folds := p.fold != nil && wanted && plain // that is all there is to do
	var into *[]byte
	for {
		text := b[m.text:m.after]
		if m.escaped || len(text) == 0 || choice.high.wait() || !plain || m.end-m.start > p.longest ||
			t.layout != p.track.layout || m.sequenceEnd-m.sequence > jsonscan.MaxDigits {
			if text, ok = p.accept(t, b, m); !ok {
				return false, nil
			}
		} else { // nearly always
			p.track.delivered = true
			p.track.countFitted(1)
		}
		switch {
		case folds && len(text) == 0: // which begins no choice
		case folds:
			if into == nil {
				into = p.fold.textOf(Kind(t.kind), choice.index, t.part)
			}
			*into = p.fold.joinWide(*into, text)
		case wanted, len(text) == 0 && p.handler != nil:
			p.handOut(t, b, m, text)
			err = p.deliver()
		}
		m.start = m.end
		if err != nil || m.next == 0 {
			return true, err
		}
		if m.at = m.next; p.skims || !t.fits(b, m, 0) {
			return true, nil
		}
	}
}
