package llmstream

import (
	"bytes"
	"slices"
	"sort"
	"unicode/utf8"

	"github.com/seed-4d65deac/llmstream/internal/template"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// A message is its parts in the order of their indexes, not of their arrival:
// Delta.Part is the part that a text belongs to, and texts are kept apart as soon as
// there are two parts. Which tool call a fragment belongs to was decided when it was
// decoded; here ToolCall.Index decides. A call that MaxBytes has cut has not ended,
// whatever the stream says, because a part of it is missing here.

const defaultMaxBytes = 64 << 20

// An Accumulator is a [Handler] that assembles the deltas of a stream into a
// [Completion]. Its zero value is ready to use. Deltas that Options.Kinds leaves out
// are missing in the completion. Its time and memory are linear in the text.
//
// An Accumulator is not safe for concurrent use.
type Accumulator struct {
	// MaxBytes is the number of bytes of the answer that are kept, all choices
	// together. 0 means 64 MiB, many times the longest answer that a model can
	// write. Further bytes are dropped and counted in Completion.Dropped. Memory that
	// a call, an item or a piece of reasoning takes beside its text is not counted:
	// Options.MaxToolCalls limits calls, and a choice has at most 1,024 items and
	// 1,024 pieces of reasoning.
	MaxBytes int

	// What a text takes stands together, for the processor's cache; see core.
	choices []choiceFold
	recent  int // the choice that was found last
	kept    int
	dropped int64

	id, model, fingerprint, tier []byte
	created                      int64
	usage                        Usage
	citations, block             []byte
	large                        bool // some text has more than maxKeptBuffer of memory from the stream before
}

var _ Handler = (*Accumulator)(nil)

// choiceFold is a choice as far as it has come.
type choiceFold struct {
	index                                int
	partFold                                        // that came last
	parts                                []partFold // the others
	role                                 []byte
	native, logprobs, media, annotations []byte
	items                                []itemFold
	finish                               FinishReason
	details                              []detailFold
	calls                                []callFold
}

// detailFold is a piece of structured reasoning.
type detailFold struct {
	index                                           int
	typ, id, format, text, summary, data, signature []byte
	void                                            bool // another part has taken its place
}

// HandleDelta adds d to the completion. It always returns nil.
func (a *Accumulator) HandleDelta(d *Delta) error {
	switch d.Kind {
	case KindContent, KindReasoning, KindRefusal:
		to := a.textOf(d.Kind, d.Choice, d.Part)
		*to = a.joinText(*to, d.Text)
		if d.Detail != nil {
			a.addDetail(a.choice(d.Choice), d.Detail)
		}
	case KindToolCall, KindToolCallEnd:
		a.addToolCall(a.choice(d.Choice), d)
	case KindFinish:
		if d.Choice < 0 {
			a.block = a.set(a.block, d.NativeFinishReason)
			break
		}
		c := a.choice(d.Choice)
		c.finish = d.FinishReason
		c.native = a.set(c.native, d.NativeFinishReason)
	case KindUsage:
		raw := a.setJSON(a.usage.Raw, d.Usage.Raw)
		a.usage = d.Usage
		a.usage.Raw = raw
	case KindStart:
		a.start(d)
	case KindLogprobs:
		c := a.choice(d.Choice)
		c.logprobs = a.joinJSON(c.logprobs, d.Text)
	case KindMedia:
		c := a.choice(d.Choice)
		c.media = a.joinJSON(c.media, d.Text)
	case KindAnnotation:
		if d.Choice < 0 {
			a.citations = a.setJSON(a.citations, d.Text)
			break
		}
		c := a.choice(d.Choice)
		if len(d.Text) > 0 && d.Text[0] == '{' {
			c.annotations = a.addToArray(c.annotations, d.Text)
		} else {
			c.annotations = a.setJSON(c.annotations, d.Text)
		}
	case KindItem:
		a.addItem(a.choice(d.Choice), d)
	}
	return nil
}

func (a *Accumulator) start(d *Delta) {
	s := d.Start
	if s == nil {
		return
	}
	if len(s.ID) > 0 {
		a.id = a.set(a.id, s.ID)
	}
	a.model = a.setOnce(a.model, s.Model)
	a.fingerprint = a.setOnce(a.fingerprint, s.SystemFingerprint)
	a.tier = a.setOnce(a.tier, s.ServiceTier)
	if a.created == 0 {
		a.created = s.Created
	}
	if d.Choice >= 0 {
		c := a.choice(d.Choice)
		c.role = a.setOnce(c.role, s.Role)
		if s.Again {
			a.startAgain(c, d.Part)
		}
	}
}

// textOf returns where the text of a kind goes, which is content, reasoning or a
// refusal. It is good until the next call for another choice or part.
func (a *Accumulator) textOf(k Kind, index, part int) *[]byte {
	return a.choice(index).textOf(k, part)
}

// textOf is Accumulator.textOf within the choice.
func (f *choiceFold) textOf(k Kind, part int) *[]byte {
	if part != f.part {
		f.turnTo(part)
	}
	switch k {
	case KindContent:
		return &f.content
	case KindReasoning:
		return &f.reasoning
	}
	return &f.refusal
}

// choice returns the choice with this index and begins it if there is none.
func (a *Accumulator) choice(index int) *choiceFold {
	if c := a.find(index); c != nil {
		return c
	}
	a.recent = len(a.choices)
	if a.recent < cap(a.choices) { // one of an earlier stream, for its memory
		a.choices = a.choices[:a.recent+1]
	} else {
		a.choices = append(a.choices, choiceFold{})
	}
	c := &a.choices[a.recent]
	c.index = index
	return c
}

// findAt is find for a choice that has most likely begun as the one at this place.
func (a *Accumulator) findAt(place, index int) *choiceFold {
	if place < len(a.choices) && a.choices[place].index == index {
		a.recent = place
		return &a.choices[place]
	}
	return a.findNext(index)
}

// find returns the choice with this index; nil: it has not begun. Mostly it is the
// one that was found last, or the one behind that.
func (a *Accumulator) find(index int) *choiceFold {
	if a.recent < len(a.choices) && a.choices[a.recent].index == index {
		return &a.choices[a.recent]
	}
	return a.findNext(index)
}

func (a *Accumulator) findNext(index int) *choiceFold {
	for range a.choices {
		if a.recent++; a.recent >= len(a.choices) {
			a.recent = 0
		}
		if c := &a.choices[a.recent]; c.index == index {
			return c
		}
	}
	return nil
}

// room is how many bytes may yet be kept.
func (a *Accumulator) room() int {
	return max(0, a.limit()-a.kept)
}

func (a *Accumulator) limit() int {
	if a.MaxBytes > 0 {
		return a.MaxBytes
	}
	return defaultMaxBytes
}

// join appends text, as far as there is room.
func (a *Accumulator) join(to, text []byte) []byte {
	if len(text) == 0 {
		return to
	}
	if room := a.room(); len(text) > room {
		fits := room
		for fits > 0 && !utf8.RuneStart(text[fits]) {
			fits--
		}
		a.dropped += int64(len(text) - fits)
		a.kept += room - fits // which nothing behind the gap may fill
		text = text[:fits]
	}
	a.kept += len(text)
	return append(to, text...)
}

// textStart is how many bytes a text begins with room for: most answers need more, and
// to grow from a few bytes on would cost each of thousands of streams several moves.
const textStart = 256

// copyWidth is how many bytes the fast path copies of a short text, however long it is.
const copyWidth = template.OneText

// joinText is join for a text that grows, and leaves room for what foldOne copies of the
// next piece.
func (a *Accumulator) joinText(to, text []byte) []byte {
	if len(text) > 0 && cap(to)-len(to) < len(text)+copyWidth && len(text) <= a.room() {
		to = slices.Grow(to, max(len(text)+copyWidth, textStart-len(to)))
	}
	return a.join(to, text)
}

// joinJSON appends a JSON value to a list of them. One that does not fit is
// dropped whole: the beginning of a value is none.
func (a *Accumulator) joinJSON(to, value []byte) []byte {
	if len(value) >= a.room() {
		a.dropped += int64(len(value))
		return to
	}
	if len(to) > 0 {
		to = append(to, ',')
	}
	return a.join(to, value)
}

// addToArray appends a JSON value to an array of them.
func (a *Accumulator) addToArray(to, value []byte) []byte {
	if len(value)+len("[]") > a.room() {
		a.dropped += int64(len(value))
		return to
	}
	if len(to) < len("[]") {
		to = a.join(to, []byte("["))
	} else {
		to[len(to)-1] = ','
	}
	return a.join(a.join(to, value), []byte("]"))
}

// set replaces to.
func (a *Accumulator) set(to, value []byte) []byte {
	a.kept -= len(to)
	return a.join(to[:0], value)
}

// setJSON replaces to by a JSON value, or leaves it where there is no room for
// that.
func (a *Accumulator) setJSON(to, value []byte) []byte {
	if len(value) > a.room()+len(to) {
		a.dropped += int64(len(value))
		return to
	}
	return a.set(to, value)
}

// setOnce sets to if it is empty.
func (a *Accumulator) setOnce(to, value []byte) []byte {
	if len(to) > 0 {
		return to
	}
	return a.join(to, value)
}

// maxDetails is how many pieces of structured reasoning a choice may have. Those
// of a recorded answer are a few; a hostile one may number thousands.
const maxDetails = 1024

// addDetail merges a piece of structured reasoning with those of its index. A
// piece without an index continues the one before, unless a signature or a data
// has closed that.
func (a *Accumulator) addDetail(c *choiceFold, d *ReasoningDetail) {
	at := -1
	for i := len(c.details) - 1; i >= 0 && at < 0; i-- {
		if c.details[i].index == d.Index && !c.details[i].void {
			at = i
		}
		if d.Index < 0 {
			break
		}
	}
	if at >= 0 && d.Index < 0 {
		open := &c.details[at]
		if len(open.signature)+len(open.data)+len(d.Data) > 0 || len(d.Type) > 0 && !bytes.Equal(open.typ, d.Type) {
			at = -1
		}
	}
	if at < 0 {
		if at = len(c.details); at == maxDetails {
			a.dropped += int64(len(d.Text) + len(d.Summary) + len(d.Data))
			return
		}
		if at < cap(c.details) {
			c.details = c.details[:at+1]
		} else {
			c.details = append(c.details, detailFold{})
		}
		c.details[at].index = d.Index
	}
	f := &c.details[at]
	f.typ = a.setOnce(f.typ, d.Type)
	f.id = a.setOnce(f.id, d.ID)
	f.format = a.setOnce(f.format, d.Format)
	f.signature = a.setOnce(f.signature, d.Signature)
	f.text = a.join(f.text, d.Text)
	f.summary = a.join(f.summary, d.Summary)
	f.data = a.join(f.data, d.Data)
}

// Usage returns the token counts so far. Its Raw is a copy, or nil if no usage has
// come.
func (a *Accumulator) Usage() Usage {
	u := a.usage
	u.Raw = cloneJSON(u.Raw)
	return u
}

// cloneJSON returns a copy of raw; nil if there is none.
func cloneJSON(raw []byte) []byte {
	if len(raw) == 0 {
		return nil
	}
	return bytes.Clone(raw)
}

// AppendText appends the content of the choice with this index, as far as it has come,
// to dst and returns the result. If there is no such choice, it returns dst.
func (a *Accumulator) AppendText(dst []byte, choice int) []byte {
	for i := range a.choices {
		if c := &a.choices[i]; c.index == choice {
			if len(c.parts) == 0 {
				return append(dst, c.content...)
			}
			for _, p := range c.inOrder() {
				dst = append(dst, p.content...)
			}
		}
	}
	return dst
}

// Completion returns the answer so far, whether the stream has ended or not. It is a
// copy and belongs to the caller.
func (a *Accumulator) Completion() *Completion {
	out := &Completion{
		ID: string(a.id), Model: string(a.model), Created: a.created,
		SystemFingerprint: string(a.fingerprint), ServiceTier: string(a.tier),
		Citations: cloneJSON(a.citations), BlockReason: string(a.block), Usage: a.Usage(), Dropped: a.dropped,
	}
	for i := range a.choices {
		out.Choices = append(out.Choices, a.choices[i].choice(a.seed()))
	}
	sort.SliceStable(out.Choices, func(i, j int) bool { return out.Choices[i].Index < out.Choices[j].Index })
	return out
}

func (f *choiceFold) choice(seed string) Choice {
	c := Choice{
		Index: f.index, FinishReason: f.finish, NativeFinishReason: string(f.native),
		Logprobs: joinLogprobs(f.logprobs),
		Message:  Message{Role: string(f.role), Annotations: cloneJSON(f.annotations)},
	}
	c.Message.Content, c.Message.Reasoning, c.Message.Refusal = f.texts()
	c.Message.Images, c.Message.Audio = joinMedia(f.media)
	c.Message.Items = f.itemsInOrder()
	for i := range f.details {
		d := &f.details[i]
		if d.void {
			continue
		}
		c.Message.ReasoningDetails = append(c.Message.ReasoningDetails, ReasoningBlock{
			Index: d.index, Type: string(d.typ), ID: string(d.id), Format: string(d.format),
			Text: string(d.text), Summary: string(d.summary), Data: string(d.data), Signature: string(d.signature),
		})
	}
	for i := range f.calls {
		if f.calls[i].void {
			continue
		}
		c.Message.ToolCalls = append(c.Message.ToolCalls, f.calls[i].toolCall(i, f.index, seed))
	}
	return c
}

// Reset makes a ready for another stream. It keeps its memory, except buffers that a
// huge answer has grown: the buffer of a text is kept up to 64 KiB, and up to 1 MiB if
// at least a quarter of it was in use.
func (a *Accumulator) Reset() {
	choices, large := a.choices, a.large
	if large {
		choices = choices[:cap(choices)]
	}
	a.large = false
	for i := range choices {
		choices[i].reset(a, large)
	}
	*a = Accumulator{
		MaxBytes: a.MaxBytes, choices: a.choices[:0], large: a.large,
		id: wire.Recycle(a.id), model: wire.Recycle(a.model), fingerprint: wire.Recycle(a.fingerprint), tier: wire.Recycle(a.tier),
		usage: Usage{Raw: wire.Recycle(a.usage.Raw)}, citations: wire.Recycle(a.citations), block: wire.Recycle(a.block),
	}
}

// reset is Reset for a choice; all: what this stream has not used may hold large
// texts of the one before, and is looked at too.
func (f *choiceFold) reset(a *Accumulator, all bool) {
	details, calls, parts, items := f.details, f.calls, f.parts, f.items
	if all {
		details, calls, parts, items = details[:cap(details)], calls[:cap(calls)], parts[:cap(parts)], items[:cap(items)]
	}
	for i := range details {
		d := &details[i]
		*d = detailFold{
			typ: wire.Recycle(d.typ), id: wire.Recycle(d.id), format: wire.Recycle(d.format), text: a.letGo(d.text),
			summary: a.letGo(d.summary), data: a.letGo(d.data), signature: wire.Recycle(d.signature),
		}
	}
	for i := range calls {
		calls[i].reset(a)
	}
	for i := range parts {
		parts[i].letGo(a)
	}
	for i := range items {
		items[i] = itemFold{json: a.letGo(items[i].json)}
	}
	f.partFold.letGo(a)
	f.toFirstPart()
	*f = choiceFold{
		partFold: f.partFold, parts: f.parts[:0], role: wire.Recycle(f.role),
		native: wire.Recycle(f.native), logprobs: a.letGo(f.logprobs), media: a.letGo(f.media), annotations: a.letGo(f.annotations),
		items:   f.items[:0],
		details: f.details[:0], calls: f.calls[:0],
	}
}

// maxKeptText is the longest text whose buffer is kept for the next stream: many
// times a usual answer, and little beside what a stream of that length costs.
const maxKeptText = 1 << 20

// letGo is letGo for a text: where answers are long, to grow each anew would cost
// more than to read it.
func (a *Accumulator) letGo(b []byte) []byte {
	if cap(b) > wire.MaxKept && cap(b) <= maxKeptText && len(b) >= cap(b)/4 {
		a.large = true
		return b[:0]
	}
	return wire.Recycle(b)
}
