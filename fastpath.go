package llmstream

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/template"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// The fast path reads events that differ from an earlier one in few values without a JSON
// parser. Package template compares the bytes, and the files fastpath*.go know what the
// events mean. fastpath_fold.go appends texts straight to the answer of an Accumulator.
// fastpath_run.go makes deltas of single events. fastpath_frames.go reads binary frames.
// fastpath_usage.go reads usage that comes in every event.
//
// A template is learned from an event that was parsed in full, if the event gave only one
// text and did so in a way that no earlier event affects. A decoder whose event has an
// effect without a delta therefore sets Context.Contextual. An event that fits no
// template is parsed in full. docs/fastpath.md says why that is exact.

// fastPath is the state of the fast path of a stream.
type fastPath struct {
	learned
	// on reports whether events may be read by templates; see Options.NoFastPath.
	on bool
	// folds is set if texts need not become deltas: an Accumulator takes them, or there
	// is no handler for them.
	folds bool
	at    place
}

// place is the position of the next byte, as far as the fast path has to know it.
type place uint8

const (
	placeOther place = iota // any other position; the wire continues there
	placeNext               // at the beginning of an event that may fit a template
	placeUnfit              // the same, but the event was compared and fits no template
	placeCut                // within an event of which the wire holds only the beginning; see Parser.hold
)

// learned holds the templates of a stream and their meanings.
type learned struct {
	template.Set
	means [template.Count]meaning
	// indexed is set if more choices or calls take turns than there are templates.
	// Templates then have a slot for the index.
	indexed bool
}

// meaning is the meaning of an event that fits a template.
type meaning struct {
	kind        decode.Kind
	choice      int32 // position in Stream.Choices; if index is a slot, the position in the event that was learned from
	call, calls int32 // position of the tool call, and the number of calls in the choice, likewise; call is -1 if there is no call
	epoch       int32 // the Epoch of the stream when the template was learned
	part        int   // part of the message
	owner       int32 // the decoder's number for the text, or 0 if the decoder does not follow it

	// index, detail and sequence are slots, or -1. index is the index of the choice, or
	// of the call if the text belongs to a call.
	index, detail, sequence int8

	noEmpty      bool // with an empty text the event has another meaning, such as a text under another name
	noDelta      bool // the event gives no delta, and no handler uses its text
	textOnly     bool // the event gives a text, and no detail
	textInDetail bool // the detail has no text of its own and belongs to the same delta
	hasUsage     bool // the event reports usage after its text; see usage

	// fixed is the constant part of a piece of structured reasoning, which repeats the
	// text. It is nil if there is no detail.
	fixed *decode.ReasoningDetail
	usage *usageSlots
}

// reset forgets the templates and keeps their memory.
func (f *fastPath) reset() {
	f.Set.Reset()
	f.indexed, f.at = false, placeOther
	for i := range f.means {
		f.means[i] = meaning{usage: f.means[i].usage}
	}
}

// These are the uses of slots. A slot that is not read has no use.
const (
	useText uint8 = 1 + iota
	useDetail
	useSequence
	useIndex
	useUsage // the use of the first count; the other counts follow
)

// learn makes a template of the event of s, if the event gave only one text and did so in
// a way that no other event affects.
func (c *stream) learn(s *decode.Context) {
	if !teaches(s) {
		return
	}
	at, ok := c.fast.Free()
	crowded := !c.fast.indexed && c.fast.crowded(&s.Source)
	if !ok && !crowded {
		return
	}
	s.Source.OnlyText = s.Source.OnlyText && len(s.Type) == 0
	slots, found := findSlots(s, make([]template.Slot, 0, template.MaxSlots), c.fast.indexed || crowded)
	switch {
	case found && crowded:
		c.fast.indexed, at = true, 0
		c.fast.Clear()
	case !found && ok && (c.fast.indexed || crowded):
		slots, found = findSlots(s, slots[:0], false)
	}
	usage, ok := findUsage(s, slots)
	if !ok || !found {
		return
	}
	var frame [maxFrame]byte
	before, after := c.around(s, frame[:0:maxFrame/2], frame[maxFrame/2:maxFrame/2])
	if c.fast.LearnAt(at, before, s.Type, s.Data, after, slots) {
		c.fast.means[at].set(s, slots, usage)
	}
}

// crowded reports whether templates of other choices or calls fill the set. One template
// with a slot for the index would then do for all of them.
func (l *learned) crowded(r *decode.TextSource) bool {
	others := 0
	for i := range l.List {
		m := &l.means[i]
		if !l.List[i].InUse() {
			return false
		}
		if m.kind == r.Kind && (int(m.choice) != r.Choice || int(m.call) != r.Call) {
			others++
		}
	}
	return others > 1 && (r.Call < 0 && r.Indexed || r.Call >= 0 && r.CallIndexed)
}

// maxFrame is the number of bytes around an event that take no memory of their own.
const maxFrame = 256

// around appends the bytes before and after the data of the event of s, if the next event
// follows in the same read. It appends nothing if these bytes are unknown.
func (c *stream) around(s *decode.Context, before, after []byte) (_, _ []byte) {
	f, _ := c.wire.Framing()
	if !framable(&f, s.Type, s.Data) {
		return before, after
	}
	if len(s.Type) > 0 {
		before = append(append(append(before, f.Event...), s.Type...), f.End...)
	}
	return append(before, f.Data...), append(append(after, f.End...), f.Blank...)
}

// framable reports whether an event with this type and data may have this framing.
func framable(f *wire.Framing, typ, data []byte) bool {
	return bytes.IndexByte(data, '\n') < 0 && bytes.IndexByte(data, '\r') < 0 &&
		(f.Data != "data:" || data[0] != ' ' && (len(typ) == 0 || typ[0] != ' '))
}

// teaches reports whether the event gave one text and nothing else. A detail may repeat
// the text.
func teaches(s *decode.Context) bool {
	gave := 1
	if s.DetailMember != "" {
		gave++
	}
	if s.Counted.Form != nil {
		gave++
	}
	return s.Emitted == gave && s.Source.Member != "" && !s.Contextual &&
		(s.Fragments == 0 || s.Fragments == 1 && s.Source.Call >= 0)
}

// findSlots appends the slots of the event to slots. ok is false if it is not clear where
// the slots are. indexed reports whether the index of the choice or the call becomes a
// slot.
func findSlots(s *decode.Context, slots []template.Slot, indexed bool) (_ []template.Slot, ok bool) {
	known := 0 // members named index whose meaning is known
	if s.Source.Indexed {
		known++
	}
	if s.Source.CallIndexed {
		known++
	}
	if s.Source.Call >= 0 && !s.Source.CallIndexed {
		known, indexed = 0, false
	}
	slots, ok = template.FindSlots(s.Data, slots, func(name, rest []byte) (template.SlotKind, uint8, bool) {
		switch string(name) {
		case "type", "message", "detail": // of a ping or an error, if there is no text
			s.Source.OnlyText = false
		case "index":
			known--
			if indexed && known >= 0 && !isChoiceIndex(s, rest) {
				return template.Index, useIndex, true
			}
		}
		return slotOf(s, name)
	})
	has := [useUsage]bool{}
	for _, slot := range slots {
		if slot.Use < useUsage {
			has[slot.Use] = true
		}
	}
	if wants := indexed && wantsIndex(&s.Source); wants && (known != 0 || !has[useIndex]) {
		return slots, false
	}
	return slots, ok && has[useText] && has[useDetail] == (s.DetailMember != "")
}

// wantsIndex reports whether the event has an index of its choice, or of its call if the
// text belongs to a call.
func wantsIndex(r *decode.TextSource) bool {
	return r.Call < 0 && r.Indexed || r.Call >= 0 && r.CallIndexed
}

// isChoiceIndex reports whether a member named index holds the index of the choice, in an
// event whose text belongs to a call. rest begins with the value of the member. Only the
// values distinguish the two indexes. If they are equal, each is taken for the choice's,
// and nothing is learned.
func isChoiceIndex(s *decode.Context, rest []byte) bool {
	if s.Source.Call < 0 || !s.Source.Indexed {
		return false
	}
	end := 0
	for end < len(rest) && rest[end]-'0' < 10 {
		end++
	}
	n, ok := jsonscan.ParseDigits(rest[:min(end, jsonscan.MaxDigits)])
	return ok && n == int64(s.Choices[s.Source.Choice].Index)
}

// slotOf returns the form and the use of the members with this name, if their values may
// differ. They hold a text, or something that no code reads, wherever they stand.
func slotOf(s *decode.Context, name []byte) (template.SlotKind, uint8, bool) {
	switch string(name) {
	case s.Source.Member:
		return template.Text, useText, true
	case s.DetailMember:
		return template.String, useDetail, len(name) > 0
	case "obfuscation", "p": // C-17
		return template.String, 0, true
	case "token_id":
		return template.Digits, 0, true
	case "sequence_number":
		return template.Number, useSequence, s.Sequence != 0
	case "created_at": // Ollama's
		return template.String, 0, s.Announced.Created
	case "text": // beside a delta
		return template.String, 0, s.Source.Member == "content"
	}
	if s.Source.Unread != nil && s.Source.Unread(name) {
		return template.Decimal, 0, true
	}
	return usageSlotOf(s, name)
}

// set makes m the meaning of the event of s with these slots.
func (m *meaning) set(s *decode.Context, slots []template.Slot, usage [decode.UsageCounts]usageSlot) {
	r := &s.Source
	*m = meaning{
		kind: r.Kind, choice: int32(r.Choice), call: int32(r.Call), epoch: s.Epoch, part: s.Part, owner: r.Owner,
		index: -1, detail: -1, sequence: -1, usage: m.usage,
		noDelta: r.Kind == decode.KindOther, textInDetail: r.InDetail, hasUsage: s.Counted.Form != nil,
	}
	m.noEmpty = !r.OnlyText || m.hasUsage
	m.textOnly = s.DetailMember == "" && !m.textInDetail && !m.noDelta
	if s.DetailMember != "" || m.textInDetail {
		m.fixed = s.Details[0].Clone()
	}
	if m.call >= 0 {
		m.calls = int32(len(s.Choices[m.choice].Calls))
	}
	if m.hasUsage {
		if m.usage == nil {
			m.usage = new(usageSlots)
		}
		m.usage.learn(s, usage)
	}
	for i, slot := range slots {
		switch slot.Use {
		case useDetail:
			m.detail = int8(i)
		case useSequence:
			m.sequence = int8(i)
		case useIndex:
			m.index = int8(i)
		}
	}
}
