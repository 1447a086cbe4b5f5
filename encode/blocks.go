package encode

import (
	"bytes"
	"slices"

	"github.com/seed-4d65deac/llmstream"
)

// Anthropic's content blocks and the items of Responses are written one after the other:
// the API never sends two in turn, and clients exist that look at the last one alone
// (WA-5, WA-7, WR-18). Sources do send them in turn, as chat may with parallel calls. So
// blocks stand in a queue: the first is being written, the others hold what came of them.

type blockKind uint8

const (
	blockText blockKind = iota
	blockRefusal
	blockReasoning
	blockRedacted // reasoning that is encrypted as a whole
	blockCall
	blockItem // an item or an image, which comes whole
)

// A block is a content block or an item.
type block struct {
	kind   blockKind
	part   int  // of the source's message
	detail int  // the index of its structured reasoning, or -1 if none was given
	form   byte // form of its reasoning; see formOf
	call   int  // index of its call in the choice
	begun  bool // its start was written
	closed bool // nothing more of it comes
	id     []byte
	// held is what came of it while others were being written: text, or the data of what
	// comes whole. Of a call, the call holds it.
	held      []byte
	signature []byte
	data      []byte // encrypted reasoning that goes with the text
}

// A blockWriter writes the events of a block, which is always the first of the queue.
type blockWriter interface {
	startBlock(c *choice, b *block)
	writeText(b *block, text []byte)
	writeArguments(c *choice, b *block, text []byte)
	// keepArguments adds arguments to those that the call's end repeats.
	keepArguments(text []byte)
	endBlock(c *choice, b *block)
}

// A blockQueue is the blocks of an answer that are not finished.
type blockQueue struct {
	e    *Encoder
	to   blockWriter
	list []block
	args []byte // scratch for arguments in one piece
	// The reasoning that was finished last. A signature of it that comes late is lost.
	donePart, doneDetail int
	done                 bool
}

func (q *blockQueue) reset() {
	q.list, q.done = q.list[:0], false
}

// push adds a block after the others. What stands before it, and is not a call, has
// nothing more to come: a part of another kind has begun (WA-6, WR-22).
func (q *blockQueue) push(c *choice, kind blockKind, part int) *block {
	if last := q.last(); last != nil && last.kind != blockCall {
		last.closed = true
		q.advance(c)
	}
	n := len(q.list)
	q.list = slices.Grow(q.list, 1)[:n+1]
	b := &q.list[n]
	*b = block{
		kind: kind, part: part, detail: -1,
		id: b.id[:0], held: b.held[:0], signature: b.signature[:0], data: b.data[:0],
	}
	return b
}

func (q *blockQueue) last() *block {
	if len(q.list) == 0 {
		return nil
	}
	return &q.list[len(q.list)-1]
}

// advance writes what its turn has come for.
func (q *blockQueue) advance(c *choice) {
	n := 0
	for ; n < len(q.list) && !q.e.ended; n++ {
		b := &q.list[n]
		if b.kind == blockCall {
			if !q.writeCall(c, b) {
				break
			}
			continue
		}
		if !b.begun {
			b.begun = true
			c.writes(b.part)
			q.to.startBlock(c, b)
			if len(b.held) > 0 && (b.kind == blockText || b.kind == blockRefusal || b.kind == blockReasoning) {
				q.to.writeText(b, b.held)
			}
		}
		if !b.closed {
			break
		}
		q.to.endBlock(c, b)
		if b.kind == blockReasoning {
			q.done, q.donePart, q.doneDetail = true, b.part, b.detail
		}
	}
	q.drop(n)
}

// drop removes the first blocks, and keeps their memory after the others.
func (q *blockQueue) drop(n int) {
	if n == 0 {
		return
	}
	all := q.list
	for i := n; i < len(all); i++ {
		all[i-n], all[i] = all[i], all[i-n]
	}
	q.list = all[:len(all)-n]
}

// writeCall writes what can be written of a call that is first in the queue, and reports
// whether that is all of it.
func (q *blockQueue) writeCall(c *choice, b *block) (all bool) {
	k := &c.calls[b.call]
	if !b.begun {
		if !q.e.mayStart(k) {
			return false
		}
		b.begun, k.started, c.called = true, true, true
		q.to.startBlock(c, b)
	}
	if !q.waits(k) && len(k.held) > 0 {
		q.to.writeArguments(c, b, k.held)
		k.told, k.held = true, k.held[:0]
	}
	if !k.ended {
		return false
	}
	k.closed = true
	q.lastArguments(c, b, k)
	if !q.e.ended {
		q.to.endBlock(c, b)
	}
	return true
}

// waits reports whether the arguments of a call are written only at its end (WA-11).
func (q *blockQueue) waits(k *call) bool {
	return q.e.opt.HoldArguments || k.replaced || q.wrapsText(k)
}

// wrapsText reports whether the arguments are free text that becomes a member of an
// object, so that they have to be whole.
func (q *blockQueue) wrapsText(k *call) bool {
	return k.isCustom() && q.e.to == llmstream.AnthropicMessages
}

// lastArguments writes what is held of the arguments of a call that has ended.
func (q *blockQueue) lastArguments(c *choice, b *block, k *call) {
	switch {
	case k.replaced:
		if isEmptyArguments(k.held) { // clients keep the pieces then
			q.e.failAgain("the upstream took back the arguments of a tool call")
			return
		}
		q.to.keepArguments(k.held)
		if !k.valid {
			q.e.lost.Arguments++
		}
	case k.isCustom() && !q.wrapsText(k):
		if len(k.held) > 0 {
			q.to.writeArguments(c, b, k.held)
		}
	case q.e.opt.HoldArguments && !k.empty || q.wrapsText(k):
		var ok bool
		if q.args, ok = q.e.appendArguments(q.args[:0], k); !ok {
			q.e.abort(errArguments)
			return
		}
		q.to.writeArguments(c, b, q.args)
	case k.empty:
		if q.e.to == llmstream.OpenAIResponses { // Anthropic's block begins with {} (WG-16)
			q.to.writeArguments(c, b, []byte("{}"))
		}
	case !k.valid:
		q.e.lost.Arguments++
	}
}

// delta handles the kinds of deltas that become the same blocks in each API with blocks. ok is
// false for the other kinds.
func (q *blockQueue) delta(c *choice, d *llmstream.Delta) (ok bool) {
	switch d.Kind {
	case llmstream.KindContent:
		q.text(c, blockText, d)
	case llmstream.KindToolCall, llmstream.KindToolCallEnd:
		if len(d.ToolCall.Extra) > 0 {
			q.e.lost.CallExtras++
		}
		q.toolCall(c, d)
	default:
		return false
	}
	return true
}

// reasoningText adds the text of reasoning. It returns the detail if that has a signature or
// encrypted data, which has to go back to the provider. Otherwise it returns nil.
func (q *blockQueue) reasoningText(c *choice, d *llmstream.Delta) (back *llmstream.ReasoningDetail) {
	if len(d.Text) > 0 {
		q.text(c, blockReasoning, d)
	}
	if r := d.Detail; r != nil && len(r.Signature)+len(r.Data) > 0 {
		return r
	}
	return nil
}

// text adds text of a kind to the last block, or to a new one.
func (q *blockQueue) text(c *choice, kind blockKind, d *llmstream.Delta) {
	b := q.last()
	if b == nil || b.kind != kind || b.part != d.Part || b.closed || kind == blockReasoning && !b.continues(d) {
		b = q.push(c, kind, d.Part)
		if kind == blockReasoning {
			b.form = formOf(d)
		}
	}
	if d.Detail != nil && d.Detail.Index >= 0 {
		b.detail = d.Detail.Index
	}
	if b == &q.list[0] {
		if !b.begun {
			q.advance(c)
			b = q.last()
		}
		q.to.writeText(b, d.Text)
		if kind != blockRefusal && d.Kind != llmstream.KindRefusal {
			q.e.beginRun(c, d)
		}
		return
	}
	if q.e.hold(len(d.Text)) {
		b.held = append(b.held, d.Text...)
	}
}

// more writes text to the block that is open.
func (q *blockQueue) more(text []byte) { q.to.writeText(&q.list[0], text) }

// continues reports whether a piece of reasoning belongs to the block: another index, a
// text after the signature of what came before, or a summary in place of a text, begins
// another.
func (b *block) continues(d *llmstream.Delta) bool {
	if len(b.signature) > 0 {
		return false
	}
	if r := d.Detail; r != nil && b.detail >= 0 && r.Index >= 0 && b.detail != r.Index {
		return false
	}
	return b.form == formOf(d)
}

// formOf returns the form of a piece of reasoning: 's' for a summary and 't' for text.
// Responses writes the two in different places (WR-16).
func formOf(d *llmstream.Delta) byte {
	if d.Detail != nil && len(d.Detail.Summary) > 0 {
		return 's'
	}
	return formOfEvent(d.Event)
}

func formOfEvent(typ []byte) byte {
	if bytes.HasPrefix(typ, []byte("response.reasoning_summary")) {
		return 's'
	}
	return 't'
}

// reasoningOf returns the block of reasoning that a signature or encrypted data belongs to. It
// returns nil if that block is finished (WA-13).
func (q *blockQueue) reasoningOf(c *choice, d *llmstream.Delta) *block {
	if b := q.last(); b != nil && b.kind == blockReasoning && b.part == d.Part && !b.closed && len(b.signature) == 0 &&
		(b.detail < 0 || d.Detail.Index < 0 || b.detail == d.Detail.Index) {
		if d.Detail.Index >= 0 {
			b.detail = d.Detail.Index
		}
		return b
	}
	for i := range q.list {
		if b := &q.list[i]; b.kind == blockReasoning && b.part == d.Part && b.detail == d.Detail.Index && len(b.signature) == 0 {
			return b // it waits for its turn
		}
	}
	if q.done && q.donePart == d.Part && (q.doneDetail == d.Detail.Index || q.doneDetail < 0) {
		return nil
	}
	b := q.push(c, blockReasoning, d.Part)
	b.detail, b.form = d.Detail.Index, formOf(d)
	q.advance(c)
	return q.last()
}

// whole adds a block that comes whole.
func (q *blockQueue) whole(c *choice, kind blockKind, d *llmstream.Delta, data []byte) {
	if !q.e.hold(len(data)) {
		return
	}
	b := q.push(c, kind, d.Part)
	b.held = append(b.held, data...)
	b.closed = true
	q.advance(c)
}

// toolCall adds a piece of a call, or its end.
func (q *blockQueue) toolCall(c *choice, d *llmstream.Delta) {
	index := d.ToolCall.Index
	for n := len(c.calls); n <= index; n++ {
		if c.call(index, d.Part) == nil {
			break
		}
		q.push(c, blockCall, d.Part).call = n
	}
	k := c.call(index, d.Part)
	switch {
	case k != nil && k.void:
		return
	case k != nil && d.ToolCall.Restart:
		if !q.e.voidArguments(k) {
			return
		}
	case k == nil || k.closed:
		q.e.lost.ToolCalls++
		return
	}
	k.note(d, &q.e.lost)
	if from := c.takeOver(k); from >= 0 {
		q.takeOver(from, index)
	}
	arguments := d.ToolCall.Arguments
	if b := &q.list[0]; b.kind == blockCall && b.call == index && b.begun && !k.ended && !q.waits(k) {
		if len(arguments) > 0 {
			k.told = true
			q.to.writeArguments(c, b, arguments)
		}
		return
	}
	if !q.e.hold(len(arguments)) {
		return
	}
	k.held = append(k.held, arguments...)
	q.advance(c)
}

// takeOver gives the block of a void call, which was begun, to the call that has come in its
// place. The block that waited for the latter is removed.
func (q *blockQueue) takeOver(from, index int) {
	kept := 0
	for i := range q.list {
		if b := &q.list[i]; b.kind == blockCall && b.call == index {
			continue
		} else if b.kind == blockCall && b.call == from {
			b.call = index
		}
		q.list[kept], q.list[i] = q.list[i], q.list[kept]
		kept++
	}
	q.list = q.list[:kept]
}

// forget removes what waits of a part that begins anew, and writes what waited for it.
func (q *blockQueue) forget(c *choice, part int) {
	kept := 0
	for i := range q.list {
		if b := &q.list[i]; b.part == part && !b.begun {
			continue
		}
		q.list[kept], q.list[i] = q.list[i], q.list[kept]
		kept++
	}
	q.list = q.list[:kept]
	q.advance(c)
}

// close finishes all blocks at the end of the answer, in their order. Calls that have no
// name by now cannot be written.
func (q *blockQueue) close(c *choice) {
	kept := 0
	for i := range q.list {
		b := &q.list[i]
		if b.kind == blockCall {
			k := &c.calls[b.call]
			if len(k.name) == 0 {
				q.e.lost.ToolCalls++
				continue
			}
			if !k.ended {
				k.ended, k.valid = true, isObject(k.held)
			}
		}
		b.closed = true
		q.list[kept], q.list[i] = q.list[i], q.list[kept]
		kept++
	}
	q.list = q.list[:kept]
	q.advance(c)
}
