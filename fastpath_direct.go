package llmstream

import (
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/template"
)

// giveTexts gives the texts of the events at the start of b that fit the expected template to
// a handler that takes texts without deltas. It returns the number of bytes that it read. The
// error is that of the handler, for the last of these events.
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
				p.scratch.begun = 0 // it was about the first of these events
			}
			err = p.texts.EndTexts()
		}
	}
	p.running = handlerIdle
	return n, err
}

// mayGive reports whether the events of a template mean no more than a text, which belongs to
// a choice and to no call.
func (p *Parser) mayGive(m *meaning) bool {
	return m.textOnly && !m.noDelta && !m.hasUsage && m.index < 0 && m.call < 0 && m.owner == 0 &&
		m.epoch == p.seen.Epoch && p.opt.decode.Kinds&m.kind != 0 && *p.seen.Choices[m.choice].Surrogate(m.kind) == 0
}

// textOf returns the text of the event that m has found in b, unescaped.
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
