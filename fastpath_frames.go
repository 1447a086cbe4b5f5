package llmstream

import (
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/template"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// foldFrames is foldRow for binary frames. It reads the frames at the start of b that are
// whole, have the headers of the frame before, and fit the expected template. It returns
// the number of bytes that it read.
func (p *Parser) foldFrames(b []byte) (n int) {
	w := p.wire.FrameReader()
	if w == nil || !p.mayRun() {
		return 0
	}
	typ, headers := w.LastEvent()
	if typ == nil || dialect.IsEnvelope(typ) || len(headers) > wire.MaxKnownHeaders {
		return 0
	}
	var m template.Match
	var room textRoom
	known := p.borrow().knownFrames(headers)
	for {
		at := p.fast.Expected()
		t, means := &p.fast.List[at], &p.fast.means[at]
		if !t.InUse() || !means.textOnly || means.hasUsage || means.call >= 0 || string(typ) != string(t.Type()) {
			return n
		}
		if !p.roomFor(means, &room) {
			return n
		}
		size, events := 0, 0
		for row := true; row; row = p.fast.Row(at) {
			frame := known.Frame(b[n:])
			if frame == nil || len(frame) > p.longest {
				break
			}
			var text []byte
			if room.into != nil {
				text = room.text[size:]
			}
			// ReadData may look at the bytes after the payload, so it need not read the
			// payload's last bytes one by one.
			if !t.ReadData(b[n:], wire.PreludeSize+len(known.Headers), &m, text) || m.End != len(frame)-wire.CrcSize || m.Text(t).Empty() {
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
