package dialect

import (
	"sync"

	"github.com/seed-4d65deac/llmstream/internal/decode"
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
	Blocks []heldBlock // as many as MaxToolCalls
	Size   int         // bytes of all, as many as MaxEvent: what a block could have that came whole
}

// heldBlock is a block as far as it has come.
type heldBlock struct {
	part    int
	members []byte // its members but for those below, each as ,"name":value
	// What pieces add to, as JSON; nil: the block has no such member.
	input, content, encrypted []byte
	Pieces                    []byte // of the input
	scan                      jsonscan.Scanner
	high                      uint16 // as choiceTrack.high, for the input
	broken                    bool   // the pieces are no JSON
}

// maxKeptHeld is how many blocks there is room for in what goes back to the pool.
const maxKeptHeld = 4

var heldPool = sync.Pool{New: func() any { return new(heldBlocks) }}

// hold begins to hold a block.
func (a *Anthropic) hold(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	if a.Held == nil {
		a.Held = heldPool.Get().(*heldBlocks)
	}
	h := a.Held
	n := len(h.Blocks)
	if n >= s.Limits.MaxToolCalls {
		s.Malformed(t.Index, 0, len(s.Data), &fault.Limit{Limit: "MaxToolCalls", Max: s.Limits.MaxToolCalls})
		return
	}
	s.Epoch++ // no delta to this part is for a block of a known type any more
	if n < cap(h.Blocks) {
		h.Blocks = h.Blocks[:n+1]
	} else {
		h.Blocks = append(h.Blocks, heldBlock{})
	}
	b := &h.Blocks[n]
	b.part, b.scan.Strict = s.Part, true
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
	h.Size += b.size()
	a.limitHeld(s, t, n)
}

func (b *heldBlock) size() int {
	return len(b.members) + len(b.input) + len(b.content) + len(b.encrypted) + len(b.Pieces)
}

// limitHeld lets go of a block that is past the limit.
func (a *Anthropic) limitHeld(s *decode.Context, t *decode.Choice, at int) {
	if a.Held.Size > s.Limits.MaxEvent {
		s.Malformed(t.Index, 0, len(s.Data), &fault.Limit{Limit: "MaxEvent", Max: s.Limits.MaxEvent})
		a.release(at)
	}
}

// heldAt returns where the block with this index is held, or -1.
func (a *Anthropic) heldAt(part int) (at int) {
	if a.Held == nil {
		return -1
	}
	for at = len(a.Held.Blocks) - 1; at >= 0 && a.Held.Blocks[at].part != part; at-- {
	}
	return at
}

// release lets go of a block.
func (a *Anthropic) release(at int) {
	h := a.Held
	b, last := &h.Blocks[at], &h.Blocks[len(h.Blocks)-1]
	h.Size -= b.size()
	*b = heldBlock{
		members: wire.Recycle(b.members), input: wire.Recycle(b.input), content: wire.Recycle(b.content), encrypted: wire.Recycle(b.encrypted), Pieces: wire.Recycle(b.Pieces),
	}
	*b, *last = *last, *b
	if h.Blocks = h.Blocks[:len(h.Blocks)-1]; len(h.Blocks) == 0 {
		a.Held = nil
		if cap(h.Blocks) <= maxKeptHeld { // else many were held at once, as no honest stream has them
			heldPool.Put(h)
		}
	}
}

// releaseAll lets go of all blocks: another message has begun.
func (a *Anthropic) releaseAll() {
	for a.Held != nil {
		a.release(len(a.Held.Blocks) - 1)
	}
}

// addToHeld adds a delta to the block that is held under its index. !ok: it says
// something on its own.
func (a *Anthropic) addToHeld(s *decode.Context, t *decode.Choice, typ []byte, d *anthropicBlock, v *fastjson.Value) (ok bool) {
	at := a.heldAt(s.Part)
	if at < 0 {
		return false
	}
	s.Contextual = true
	b := &a.Held.Blocks[at]
	before := b.size()
	switch string(typ) {
	case "input_json_delta":
		piece, ok := s.Text(d.input, &b.high)
		if !ok && (d.input.GetObject() != nil || s.IsArray(d.input)) { // T-12
			piece = s.Raw(d.input)
		}
		b.addInput(piece)
	case "compaction_delta":
		if raw := a.rawUnlessNull(s, d.content); raw != nil && raw[0] == '"' && len(b.content) > 1 && b.content[0] == '"' {
			b.content = append(b.content[:len(b.content)-1], raw[1:]...)
		} else if raw != nil {
			b.content = append(b.content[:0], raw...)
		}
		if raw := a.rawUnlessNull(s, decode.Member(v, "encrypted_content")); raw != nil {
			b.encrypted = append(b.encrypted[:0], raw...)
		}
	default: // nobody knows what it would make of the block
		a.release(at)
		return false
	}
	a.Held.Size += b.size() - before
	a.limitHeld(s, t, at)
	return true
}

// rawUnlessNull returns v's JSON text; nil: v is absent or null.
func (a *Anthropic) rawUnlessNull(s *decode.Context, v *fastjson.Value) []byte {
	if v == nil {
		return nil
	}
	if raw := s.Raw(v); string(raw) != "null" {
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
	b.Pieces = append(b.Pieces, piece...)
}

// endHeld gives the block with the index of the event as an item. One whose input
// breaks off is none: nothing tells what it was to be.
func (a *Anthropic) endHeld(s *decode.Context, t *decode.Choice) {
	at := a.heldAt(s.Part)
	if at < 0 {
		return
	}
	s.Contextual = true
	b := &a.Held.Blocks[at]
	input := b.input
	if !b.scan.Blank() {
		input = b.Pieces
	}
	switch {
	case b.broken:
		s.Malformed(t.Index, 0, len(s.Data), fault.Reason("the input of a content block is no JSON"))
	case b.scan.Blank() || b.scan.Complete():
		from := len(s.Buf)
		s.Buf = append(s.Buf, '{')
		s.Buf = append(s.Buf, b.members[1:]...)
		for _, m := range [...]struct {
			name  string
			value []byte
		}{{`,"input":`, input}, {`,"content":`, b.content}, {`,"encrypted_content":`, b.encrypted}} {
			if len(m.value) > 0 {
				s.Buf = append(append(s.Buf, m.name...), m.value...)
			}
		}
		s.Buf = append(s.Buf, '}')
		s.Delivered = true
		s.Add(decode.KindItem, t.Index).Text = s.Buf[from:len(s.Buf):len(s.Buf)]
	}
	a.release(at)
}

// endAllHeld is endHeld for blocks whose ends did not come before that of the
// message.
func (a *Anthropic) endAllHeld(s *decode.Context, t *decode.Choice) {
	for a.Held != nil {
		s.Part = a.Held.Blocks[0].part
		for i := range a.Held.Blocks {
			s.Part = min(s.Part, a.Held.Blocks[i].part)
		}
		a.endHeld(s, t)
	}
	s.Part = 0
}
