package llmstream

import "github.com/seed-4d65deac/llmstream/internal/template"

// foldFrames is foldRow for binary frames: it reads the frames at the start of b that
// lie whole there, have the headers of the one before, and fit the template that is
// expected. It returns how many bytes that were.
func (p *Parser) foldFrames(b []byte) (n int) {
	w := p.frames
	if w == nil || p.wire != w || w.size > 0 || w.lost || !p.mayRun() ||
		!w.headers.isEvent() || isCarrier(w.headers.eventType) || len(w.last) > maxKnownHeaders {
		return 0
	}
	var m template.Match
	var room textRoom
	known := p.borrow().knownFrames(w.last)
	for {
		at := p.fast.Expected()
		t, means := &p.fast.List[at], &p.fast.means[at]
		if !t.InUse() || !means.textOnly || means.hasUsage || means.call >= 0 || string(w.headers.eventType) != string(t.Type()) {
			return n
		}
		if !p.roomFor(means, &room) {
			return n
		}
		size, events := 0, 0
		for row := true; row; row = p.fast.Row(at) {
			frame := known.frame(b[n:])
			if frame == nil || len(frame) > p.longest {
				break
			}
			var text []byte
			if room.into != nil {
				text = room.text[size:]
			}
			// What lies after the payload spares looking at its last bytes one by one.
			if !t.ReadData(b[n:], preludeSize+len(known.headers), &m, text) || m.End != len(frame)-crcSize || m.Text(t).Empty() {
				break
			}
			size += m.Size
			n += len(frame)
			events++
		}
		if events == 0 {
			return n
		}
		room.commit(p.fold, size)
		p.matchedRow(at, events)
	}
}
