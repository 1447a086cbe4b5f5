package llmstream

import (
	"bytes"
	"cmp"
	"encoding/json"
	"sort"
)

// A message is its parts in the order of their indexes, and not of their arrival.
// Delta.Part is the part of a text. The decoder has decided which tool call a fragment
// belongs to; here ToolCall.Index decides. A call that MaxBytes has cut has not ended,
// whatever the stream says, because a piece of it is missing here.

// An Accumulator is a [Handler] that assembles the deltas of a stream into a
// [Completion]. Its zero value is ready to use. Deltas that Options.Kinds leaves out
// are missing from the completion. Its time and memory are linear in the text.
//
// An Accumulator is not safe for concurrent use.
type Accumulator struct {
	// MaxBytes is the number of bytes of the answer that are kept, all choices
	// together. 0 means 64 MiB, many times the longest answer that a model can write.
	// Further bytes are dropped and counted in Completion.Dropped. An Accumulator holds
	// at most twice MaxBytes plus 1 MiB of memory, even where the provider replaces or
	// retracts parts of the answer.
	MaxBytes int

	// The fields that a text needs stand together, for the processor's cache; see stream.
	choices []choiceAcc
	recent  int // position of the choice that was found last
	kept    int // bytes of the answer that are kept
	held    int // bytes of memory, in use or not
	dropped int64

	id, model, fingerprint, tier []byte
	created                      int64
	usage                        Usage
	citations, block             []byte

	// restarts holds the parts that have begun anew since the last other delta. restarted is
	// the index of their choice. One search then finds what all of them void: a hostile
	// message begins a thousand parts anew.
	restarts  []int
	restarted int
}

var _ Handler = (*Accumulator)(nil)

// choiceAcc is a choice as far as it has come.
type choiceAcc struct {
	index int
	// parts are the parts of the message in the order in which they began. There is at
	// least one. cur is the position of the part that texts are joined to, since the
	// texts of a part usually come in a row.
	parts []partAcc
	cur   int

	role, native, stop, logprobs, media, annotations []byte
	mediaAt                                          []mediaAcc // where the values of media belong
	finish                                           FinishReason
	items                                            []itemAcc
	details                                          []detailAcc
	detailAt                                         map[int]int // positions of details by index; nil until there are many
	calls                                            []callAcc
}

// detailAcc is a piece of structured reasoning.
type detailAcc struct {
	index                                           int
	place                                           position
	typ, id, format, text, summary, data, signature []byte
	void                                            bool // the part has begun anew
}

// HandleDelta adds d to the completion. It always returns nil.
func (a *Accumulator) HandleDelta(d *Delta) error {
	if len(a.restarts) > 0 && (d.Kind != KindRestart || d.Choice != a.restarted || d.Part < 0 || len(a.restarts) == maxParts) {
		a.voidRestarted()
	}
	switch d.Kind {
	case KindContent, KindReasoning, KindRefusal:
		to := a.textOf(d.Kind, d.Choice, d.Part)
		*to = a.joinText(*to, d.Text)
		if d.Detail != nil {
			a.addDetail(a.choice(d.Choice), d.Detail, d.Part)
		}
	case KindToolCall, KindToolCallEnd:
		a.addToolCall(a.choice(d.Choice), d)
	case KindFinish:
		c := a.choice(d.Choice)
		c.finish = d.FinishReason
		c.native = a.set(c.native, d.NativeFinishReason)
		c.stop = a.set(c.stop, d.StopSequence)
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
		a.addMedia(a.choice(d.Choice), d)
	case KindAnnotation:
		if d.Choice < 0 {
			a.citations = a.addToArray(a.citations, d.Text)
			break
		}
		c := a.choice(d.Choice)
		c.annotations = a.addToArray(c.annotations, d.Text)
	case KindItem:
		a.addItem(a.choice(d.Choice), d)
	case KindRestart:
		a.restart(a.choice(d.Choice), d.Part)
	case KindBlocked:
		a.block = a.set(a.block, d.NativeFinishReason)
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
	}
}

// textOf returns the place for a text of this kind: content, reasoning or refusal. The
// place is valid until the next call for another choice or part.
func (a *Accumulator) textOf(k Kind, index, part int) *[]byte {
	return a.choice(index).textOf(a, k, part)
}

// textOf is Accumulator.textOf for one choice.
func (f *choiceAcc) textOf(a *Accumulator, k Kind, part int) *[]byte {
	if len(a.restarts) > 0 { // HandleDelta has done that, but the fast path does not call it
		a.voidRestarted()
	}
	p := &f.parts[f.cur]
	if part != p.part {
		p = f.switchPart(a, part)
	}
	switch k {
	case KindContent:
		return &p.content
	case KindReasoning:
		return &p.reasoning
	}
	return &p.refusal
}

// choice returns the choice with this index. If it is new, the choice begins.
func (a *Accumulator) choice(index int) *choiceAcc {
	if c := a.find(index); c != nil {
		return c
	}
	list, ok := addSlot(a, a.choices)
	if !ok {
		return a.overflow()
	}
	a.choices, a.recent = list, len(list)-1
	c := &a.choices[a.recent]
	c.index = index
	if len(c.parts) == 0 {
		c.parts = append(c.parts[:0], partAcc{})
	}
	return c
}

// overflow returns a choice that is not part of the answer, because there is no memory
// for another one. What goes there is dropped.
func (a *Accumulator) overflow() *choiceAcc {
	a.held = max(a.held, a.mostHeld())
	return &choiceAcc{index: -1, parts: make([]partAcc, 1)}
}

// findAt is find for a choice that is likely to be at this position.
func (a *Accumulator) findAt(place, index int) *choiceAcc {
	if place < len(a.choices) && a.choices[place].index == index {
		a.recent = place
		return &a.choices[place]
	}
	return a.findNext(index)
}

// find returns the choice with this index, or nil if it has not begun. It is usually the
// choice that was found last, or the one after that.
func (a *Accumulator) find(index int) *choiceAcc {
	if a.recent < len(a.choices) && a.choices[a.recent].index == index {
		return &a.choices[a.recent]
	}
	return a.findNext(index)
}

func (a *Accumulator) findNext(index int) *choiceAcc {
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

// maxDetails is the number of pieces of structured reasoning that a choice may have.
// Recorded answers have a few; a hostile one may have thousands.
const maxDetails = 1024

// addDetail merges a piece of structured reasoning with the earlier pieces of its index.
// A piece without an index continues the one before, unless a signature or data has
// closed that one.
func (a *Accumulator) addDetail(c *choiceAcc, d *ReasoningDetail, part int) {
	at := c.findDetail(d.Index)
	if at >= 0 && d.Index < 0 {
		open := &c.details[at]
		if len(open.signature)+len(open.data)+len(d.Data) > 0 || len(d.Type) > 0 && !bytes.Equal(open.typ, d.Type) {
			at = -1
		}
	}
	if at < 0 {
		at = len(c.details)
		list, ok := c.details, at < maxDetails
		if ok {
			list, ok = addSlot(a, c.details)
		}
		if !ok {
			a.dropped += int64(len(d.Text) + len(d.Summary) + len(d.Data))
			return
		}
		c.details = list
		c.details[at].index, c.details[at].place = d.Index, c.positionIn(part)
		if c.detailAt != nil {
			c.detailAt[d.Index] = at
		}
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

// fewDetails is the number of details up to which a search looks at each of them.
const fewDetails = 16

// findDetail returns the latest detail with an index, or -1. A detail without an index
// continues the last one at most.
func (f *choiceAcc) findDetail(index int) (at int) {
	n := len(f.details)
	if index >= 0 && n > fewDetails {
		if f.detailAt == nil {
			f.detailAt = make(map[int]int, n)
			for i := range f.details {
				if d := &f.details[i]; !d.void {
					f.detailAt[d.index] = i
				}
			}
		}
		if at, ok := f.detailAt[index]; ok {
			return at
		}
		return -1
	}
	for at = n - 1; at >= 0; at-- {
		if d := &f.details[at]; d.index == index && !d.void {
			return at
		}
		if index < 0 {
			return -1
		}
	}
	return -1
}

// Usage returns the token counts so far. Its Raw is a copy, or nil if no usage has
// come.
func (a *Accumulator) Usage() Usage {
	u := a.usage
	u.Raw = cloneJSON(u.Raw)
	return u
}

// cloneJSON returns a copy of raw, or nil if raw is empty. NaN and the like are null in the
// copy.
func cloneJSON(raw []byte) json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	return valid(bytes.Clone(raw))
}

// AppendText appends the content of the choice with this index, as far as it has come,
// to dst and returns the result. If there is no such choice, it returns dst.
func (a *Accumulator) AppendText(dst []byte, choice int) []byte {
	a.voidRestarted()
	for i := range a.choices {
		if c := &a.choices[i]; c.index == choice {
			for _, p := range c.sortedParts() {
				dst = append(dst, p.content...)
			}
		}
	}
	return dst
}

// Completion returns the answer so far, whether the stream has ended or not. It is a
// copy and belongs to the caller.
func (a *Accumulator) Completion() *Completion {
	a.voidRestarted()
	out := &Completion{
		ID: string(a.id), Model: string(a.model), Created: a.created,
		SystemFingerprint: string(a.fingerprint), ServiceTier: string(a.tier),
		Citations: cloneJSON(a.citations), BlockReason: string(a.block), Usage: a.Usage(), Dropped: a.dropped,
	}
	for i := range a.choices {
		out.Choices = append(out.Choices, a.choices[i].choice(a, out))
	}
	sort.SliceStable(out.Choices, func(i, j int) bool { return out.Choices[i].Index < out.Choices[j].Index })
	out.Continuation = out.continuation()
	return out
}

func (f *choiceAcc) choice(a *Accumulator, out *Completion) Choice {
	c := Choice{
		Index: f.index, FinishReason: f.finish, NativeFinishReason: string(f.native), StopSequence: string(f.stop),
		Message: Message{Role: cmp.Or(string(f.role), "assistant"), Annotations: cloneJSON(f.annotations)},
	}
	var ok bool
	if c.Logprobs, ok = joinLogprobs(f.logprobs, a.limit()); !ok {
		out.Dropped += int64(len(f.logprobs))
	}
	var pieces pieces
	c.Message.Content, c.Message.Reasoning, c.Message.Refusal = f.texts()
	c.Message.Images, c.Message.Audio = joinMedia(f.media, func(image int) { pieces.addMedia(f, image) })
	c.Message.Items = f.sortedItems(&pieces)
	for i := range f.details {
		d := &f.details[i]
		if d.void {
			continue
		}
		pieces.add(KindReasoning, len(c.Message.ReasoningDetails), d.place)
		c.Message.ReasoningDetails = append(c.Message.ReasoningDetails, ReasoningBlock{
			Index: d.index, Type: string(d.typ), ID: string(d.id), Format: string(d.format),
			Text: string(d.text), Summary: string(d.summary), Data: string(d.data), Signature: string(d.signature),
		})
	}
	for i := range f.calls {
		if f.calls[i].void {
			continue
		}
		pieces.add(KindToolCall, len(c.Message.ToolCalls), f.calls[i].place)
		c.Message.ToolCalls = append(c.Message.ToolCalls, f.calls[i].toolCall(i, f.index, a.seed()))
	}
	c.Message.Parts = pieces.parts(&c.Message, f.sortedParts())
	return c
}
