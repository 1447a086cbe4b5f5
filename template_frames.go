package llmstream

// skimFrames is skim for binary frames: it reads those at the start of b that lie
// whole there, have the headers of the one before, and fit the template that is
// expected. It returns how many bytes that were.
func (p *Parser) skimFrames(b []byte) (n int) {
	w := p.frames
	if !p.skims || p.wire != w || w.size > 0 || w.lost || !p.mayRun() {
		return 0
	}
	ts := &p.track.templates
	events := int64(0)
	for {
		frame := w.wholeFrame(b[n:])
		at := ts.list[ts.recent].next
		t := &ts.list[at]
		if frame == nil || len(frame) > p.longest || !w.repeats(frame) || isCarrier(w.headers.eventType) ||
			string(w.headers.eventType) != string(t.typ()) || !p.skimFrame(t, b[n:], len(frame)) {
			break
		}
		ts.recent, t.used = at, true
		n += len(frame)
		events++
	}
	if events > 0 {
		p.track.countFitted(events)
		p.track.delivered = true
		ts.earn(events)
	}
	return n
}

// skimFrame appends the text of the frame of this size that b begins with to the
// answer, if it fits t. What lies behind the frame spares looking at its last bytes
// one by one.
func (p *Parser) skimFrame(t *template, b []byte, size int) (ok bool) {
	choice := &p.track.choices[t.choice]
	if t.n == 0 || !t.plain || t.again || t.call >= 0 || t.counted || choice.high != (halves{}) || t.layout != p.track.layout {
		return false
	}
	m := match{start: preludeSize + int(p.frames.head.headers)}
	if !t.begins(b, &m, int(t.frame)) {
		return false
	}
	var into *[]byte
	var text []byte
	if p.fold != nil && p.opt.Kinds&t.kind != 0 {
		fold := p.fold.findAt(int(t.choice), choice.index)
		if fold == nil { // it was reset
			return false
		}
		into = fold.textOf(t.kind, t.part)
		text = (*into)[len(*into):min(cap(*into), len(*into)+p.fold.room())]
		if len(text) == 0 {
			return false
		}
	}
	end, length, _, _, _ := t.skim(b, m.start, m.at, text)
	if end != size-crcSize {
		return false
	}
	if into != nil {
		*into = (*into)[:len(*into)+length]
		p.fold.kept += length
	}
	return true
}
