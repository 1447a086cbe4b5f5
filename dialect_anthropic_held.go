package llmstream

import (
	"sync"

	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
	"github.com/valyala/fastjson"
)

// Content blocks that are neither text nor thinking nor calls are given as items,
// each as the JSON object that a body in place of a stream has for it. One
// that may come in pieces, such as the call of a tool that the provider runs, is
// held until it ends.

// heldBlocks are the blocks of a stream that are held, mostly one. A stream has
// them from a pool, and only while there are any.
type heldBlocks struct {
	blocks []heldBlock // as many as MaxToolCalls
	size   int         // bytes of all, as many as MaxEvent: what a block could have that came whole
}

// heldBlock is a block as far as it has come.
type heldBlock struct {
	part    int
	members []byte // its members but for those below, each as ,"name":value
	// What pieces add to, as JSON; nil: the block has no such member.
	input, content, encrypted []byte
	pieces                    []byte // of the input
	scan                      jsonscan.Scanner
	high                      uint16 // as choiceTrack.high, for the input
	broken                    bool   // the pieces are no JSON
}

// maxKeptHeld is how many blocks there is room for in what goes back to the pool.
const maxKeptHeld = 4

var heldPool = sync.Pool{New: func() any { return new(heldBlocks) }}

// hold begins to hold a block.
func (a *anthropic) hold(s *step, t *choiceTrack, v *fastjson.Value) {
	if a.held == nil {
		a.held = heldPool.Get().(*heldBlocks)
	}
	h := a.held
	n := len(h.blocks)
	if n >= s.opt.MaxToolCalls {
		s.malformed(t.index, 0, len(s.data), &fault.Limit{Limit: "MaxToolCalls", Max: s.opt.MaxToolCalls})
		return
	}
	s.layout++ // no delta to this part is for a block of a known type any more
	if n < cap(h.blocks) {
		h.blocks = h.blocks[:n+1]
	} else {
		h.blocks = append(h.blocks, heldBlock{})
	}
	b := &h.blocks[n]
	b.part, b.scan.Strict = s.part, true
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "input":
			b.input = v.MarshalTo(b.input[:0])
		case "content":
			b.content = v.MarshalTo(b.content[:0])
		case "encrypted_content":
			b.encrypted = v.MarshalTo(b.encrypted[:0])
		default:
			b.members = append(jsonscan.AppendQuoted(append(b.members, ','), key), ':')
			b.members = v.MarshalTo(b.members)
		}
	})
	h.size += b.size()
	a.limitHeld(s, t, n)
}

func (b *heldBlock) size() int {
	return len(b.members) + len(b.input) + len(b.content) + len(b.encrypted) + len(b.pieces)
}

// limitHeld lets go of a block that is past the limit.
func (a *anthropic) limitHeld(s *step, t *choiceTrack, at int) {
	if a.held.size > s.opt.MaxEvent {
		s.malformed(t.index, 0, len(s.data), &fault.Limit{Limit: "MaxEvent", Max: s.opt.MaxEvent})
		a.release(at)
	}
}

// heldAt returns where the block with this index is held, or -1.
func (a *anthropic) heldAt(part int) (at int) {
	if a.held == nil {
		return -1
	}
	for at = len(a.held.blocks) - 1; at >= 0 && a.held.blocks[at].part != part; at-- {
	}
	return at
}

// release lets go of a block.
func (a *anthropic) release(at int) {
	h := a.held
	b, last := &h.blocks[at], &h.blocks[len(h.blocks)-1]
	h.size -= b.size()
	*b = heldBlock{
		members: wire.Recycle(b.members), input: wire.Recycle(b.input), content: wire.Recycle(b.content), encrypted: wire.Recycle(b.encrypted), pieces: wire.Recycle(b.pieces),
	}
	*b, *last = *last, *b
	if h.blocks = h.blocks[:len(h.blocks)-1]; len(h.blocks) == 0 {
		a.held = nil
		if cap(h.blocks) <= maxKeptHeld { // else many were held at once, as no honest stream has them
			heldPool.Put(h)
		}
	}
}

// releaseAll lets go of all blocks: another message has begun.
func (a *anthropic) releaseAll() {
	for a.held != nil {
		a.release(len(a.held.blocks) - 1)
	}
}

// addToHeld adds a delta to the block that is held under its index. !ok: it says
// something on its own.
func (a *anthropic) addToHeld(s *step, t *choiceTrack, typ []byte, d *anthropicBlock, v *fastjson.Value) (ok bool) {
	at := a.heldAt(s.part)
	if at < 0 {
		return false
	}
	s.stateful = true
	b := &a.held.blocks[at]
	before := b.size()
	switch string(typ) {
	case "input_json_delta":
		piece, ok := s.string(d.input, &b.high)
		if !ok && (d.input.GetObject() != nil || s.isArray(d.input)) { // T-12
			piece = s.raw(d.input)
		}
		b.addInput(piece)
	case "compaction_delta":
		if raw := a.rawUnlessNull(s, d.content); raw != nil && raw[0] == '"' && len(b.content) > 1 && b.content[0] == '"' {
			b.content = append(b.content[:len(b.content)-1], raw[1:]...)
		} else if raw != nil {
			b.content = append(b.content[:0], raw...)
		}
		if raw := a.rawUnlessNull(s, member(v, "encrypted_content")); raw != nil {
			b.encrypted = append(b.encrypted[:0], raw...)
		}
	default: // nobody knows what it would make of the block
		a.release(at)
		return false
	}
	a.held.size += b.size() - before
	a.limitHeld(s, t, at)
	return true
}

// rawUnlessNull returns v's JSON text; nil: v is absent or null.
func (a *anthropic) rawUnlessNull(s *step, v *fastjson.Value) []byte {
	if v == nil {
		return nil
	}
	if raw := s.raw(v); string(raw) != "null" {
		return raw
	}
	return nil
}

func (b *heldBlock) addInput(piece []byte) {
	if b.broken {
		return
	}
	if _, err := b.scan.ScanAll(piece); err != nil {
		b.broken = true
		return
	}
	b.pieces = append(b.pieces, piece...)
}

// endHeld gives the block with the index of the event as an item. One whose input
// breaks off is none: nothing tells what it was to be.
func (a *anthropic) endHeld(s *step, t *choiceTrack) {
	at := a.heldAt(s.part)
	if at < 0 {
		return
	}
	s.stateful = true
	b := &a.held.blocks[at]
	input := b.input
	if !b.scan.Blank() {
		input = b.pieces
	}
	switch {
	case b.broken:
		s.malformed(t.index, 0, len(s.data), fault.Reason("the input of a content block is no JSON"))
	case b.scan.Blank() || b.scan.Complete():
		from := len(s.text)
		s.text = append(s.text, '{')
		s.text = append(s.text, b.members[1:]...)
		for _, m := range [...]struct {
			name  string
			value []byte
		}{{`,"input":`, input}, {`,"content":`, b.content}, {`,"encrypted_content":`, b.encrypted}} {
			if len(m.value) > 0 {
				s.text = append(append(s.text, m.name...), m.value...)
			}
		}
		s.text = append(s.text, '}')
		s.delivered = true
		s.add(xKindItem, t.index).Text = s.text[from:len(s.text):len(s.text)]
	}
	a.release(at)
}

// endAllHeld is endHeld for blocks whose ends did not come before that of the
// message.
func (a *anthropic) endAllHeld(s *step, t *choiceTrack) {
	for a.held != nil {
		s.part = a.held.blocks[0].part
		for i := range a.held.blocks {
			s.part = min(s.part, a.held.blocks[i].part)
		}
		a.endHeld(s, t)
	}
	s.part = 0
}
