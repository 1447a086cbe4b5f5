package llmstream

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/template"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// The fast path reads events that differ from an earlier one in few values without
// a JSON parser. Package template compares; the files fastpath*.go know what the
// events mean. fastpath_fold.go appends texts straight to the answer of an
// Accumulator, fastpath_run.go makes deltas of single events, fastpath_frames.go
// reads binary frames, and fastpath_usage.go usage that comes in every event.
//
// A template is learned from an event that was read in full, if that gave texts and
// nothing else, in no way that depends on what came before it. Whatever does not
// fit is read in full.

// fastPath is what a stream has for its fast path.
type fastPath struct {
	learned
	// on: events may be read by templates; see Options.NoFastPath.
	on bool
	// folds: texts need not become deltas, since an Accumulator takes them or
	// nobody does.
	folds bool
	at    place
}

// place is where the next byte stands, as far as the fast path has to know.
type place uint8

const (
	placeOther place = iota // anywhere: the wire reads on from there
	placeNext               // at the beginning of an event that may fit a template
	placeUnfit              // likewise, and it was compared and fits none
	placeCut                // within an event that the wire has only the beginning of; see Parser.hold
)

// learned is the templates of a stream and what they mean.
type learned struct {
	template.Set
	means [template.Count]meaning
	// indexed: so many choices or calls come in turn that there is no template for
	// each. Their index has a slot.
	indexed bool
}

// meaning is what an event means that fits a template.
type meaning struct {
	kind        xKind
	choice      int32 // place in track.choices; of the event that was learned from, if index is a slot
	call, calls int32 // place of the tool call among so many calls of the choice, likewise; call -1: no call
	epoch       int32 // as track.layout was
	part        int   // of the message

	// index, detail and sequence are slots; -1: there is none. index is that of the
	// choice, or of the call if the text belongs to one.
	index, detail, sequence int8

	noEmpty      bool // with an empty text the event means something else, such as a text under another name
	noDelta      bool // the event says nothing, and nobody has a use for its text
	textOnly     bool // the event gives a text, and no detail
	textInDetail bool // the detail has no text of its own and belongs to the same delta
	hasUsage     bool // the event reports usage after its text; see usage

	// fixed is what does not differ of a piece of structured reasoning, which has
	// the same text once more; nil: there is none.
	fixed *xReasoningDetail
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

// The uses of slots; what nobody reads has none.
const (
	useText uint8 = 1 + iota
	useDetail
	useSequence
	useIndex
	useUsage // and those after it, one for each count
)

// learn makes a template of the event of s, if that gave a text and nothing else,
// in no way that depends on other events.
func (c *core) learn(s *step) {
	if !s.teaches() {
		return
	}
	at, ok := c.fast.Free()
	crowded := !c.fast.indexed && c.fast.crowded(&s.role)
	if !ok && !crowded {
		return
	}
	s.role.alone = s.role.alone && len(s.typ) == 0
	slots, found := s.findSlots(make([]template.Slot, 0, template.MaxSlots), c.fast.indexed || crowded)
	switch {
	case found && crowded:
		c.fast.indexed, at = true, 0
		c.fast.Clear()
	case !found && ok && (c.fast.indexed || crowded):
		slots, found = s.findSlots(slots[:0], false)
	}
	usage, ok := s.findUsage(slots)
	if !ok || !found {
		return
	}
	var frame [maxFrame]byte
	before, after := c.around(s, frame[:0:maxFrame/2], frame[maxFrame/2:maxFrame/2])
	if c.fast.LearnAt(at, before, s.typ, s.data, after, slots) {
		c.fast.means[at].set(s, slots, usage)
	}
}

// crowded reports whether templates of other choices or calls fill the set, where one
// with a slot for the index would do for all.
func (l *learned) crowded(r *textRole) bool {
	others := 0
	for i := range l.List {
		m := &l.means[i]
		if !l.List[i].InUse() {
			return false
		}
		if m.kind == r.kind && (int(m.choice) != r.choice || int(m.call) != r.call) {
			others++
		}
	}
	return others > 1 && (r.call < 0 && r.indexed || r.call >= 0 && r.callIndexed)
}

// maxFrame is how many bytes around an event take no memory of their own.
const maxFrame = 256

// around appends what stands around the data of the event of s where the next event
// follows in the same read; nothing: that is not known.
func (c *core) around(s *step, before, after []byte) (_, _ []byte) {
	f, _ := c.wire.Framing()
	if !framable(&f, s.typ, s.data) {
		return before, after
	}
	if len(s.typ) > 0 {
		before = append(append(append(before, f.Event...), s.typ...), f.End...)
	}
	return append(before, f.Data...), append(append(after, f.End...), f.Blank...)
}

// framable reports whether an event of this type with this data may be framed so.
func framable(f *wire.Framing, typ, data []byte) bool {
	return bytes.IndexByte(data, '\n') < 0 && bytes.IndexByte(data, '\r') < 0 &&
		(f.Data != "data:" || data[0] != ' ' && (len(typ) == 0 || typ[0] != ' '))
}

// teaches reports whether the event gave a text, perhaps with a detail that says the
// same, and nothing else.
func (s *step) teaches() bool {
	gave := 1
	if s.detailMember != "" {
		gave++
	}
	if s.counted.form != nil {
		gave++
	}
	return s.given == gave && s.role.member != "" && !s.stateful &&
		(s.fragments == 0 || s.fragments == 1 && s.role.call >= 0)
}

// findSlots appends the slots of the event to slots. !ok: it is not clear where they
// are. indexed: the index of the choice or the call has one.
func (s *step) findSlots(slots []template.Slot, indexed bool) (_ []template.Slot, ok bool) {
	known := 0 // members named index whose meaning is known
	if s.role.indexed {
		known++
	}
	if s.role.callIndexed {
		known++
	}
	if s.role.call >= 0 && !s.role.callIndexed {
		known, indexed = 0, false
	}
	slots, ok = template.FindSlots(s.data, slots, func(name, rest []byte) (template.SlotKind, uint8, bool) {
		switch string(name) {
		case "type", "message", "detail": // of a ping or an error, if there is no text
			s.role.alone = false
		case "index":
			known--
			if indexed && known >= 0 && !s.isChoiceIndex(rest) {
				return template.Index, useIndex, true
			}
		}
		return s.slotOf(name)
	})
	has := [useUsage]bool{}
	for _, slot := range slots {
		if slot.Use < useUsage {
			has[slot.Use] = true
		}
	}
	if wants := indexed && s.role.wantsIndex(); wants && (known != 0 || !has[useIndex]) {
		return slots, false
	}
	return slots, ok && has[useText] && has[useDetail] == (s.detailMember != "")
}

// wantsIndex reports whether the event has an index that tells choices or calls apart.
func (r *textRole) wantsIndex() bool {
	return r.call < 0 && r.indexed || r.call >= 0 && r.callIndexed
}

// isChoiceIndex reports whether the value of a member named index, which rest begins
// with, is that of the choice, in an event whose text belongs to a call. The two are
// told apart by their values: where these are equal, each is taken for the choice's,
// and nothing is learned.
func (s *step) isChoiceIndex(rest []byte) bool {
	if s.role.call < 0 || !s.role.indexed {
		return false
	}
	end := 0
	for end < len(rest) && rest[end]-'0' < 10 {
		end++
	}
	n, ok := jsonscan.ParseDigits(rest[:min(end, jsonscan.MaxDigits)])
	return ok && n == int64(s.choices[s.role.choice].index)
}

// slotOf returns what the members of this name hold, if it may differ: a text, or what
// nobody reads wherever it stands.
func (s *step) slotOf(name []byte) (template.SlotKind, uint8, bool) {
	switch string(name) {
	case s.role.member:
		return template.Text, useText, true
	case s.detailMember:
		return template.String, useDetail, len(name) > 0
	case "obfuscation", "p": // C-17
		return template.String, 0, true
	case "token_id":
		return template.Digits, 0, true
	case "sequence_number":
		return template.Number, useSequence, s.sequence != 0
	case "created_at": // Ollama's
		return template.String, 0, s.told.created
	case "text": // beside a delta
		return template.String, 0, s.role.member == "content"
	}
	return s.usageSlot(name)
}

// set makes m the meaning of the event of s, which has these slots.
func (m *meaning) set(s *step, slots []template.Slot, usage [usageCounts]usageSlot) {
	r := &s.role
	*m = meaning{
		kind: r.kind, choice: int32(r.choice), call: int32(r.call), epoch: s.layout, part: s.part,
		index: -1, detail: -1, sequence: -1, usage: m.usage,
		noDelta: r.kind == xKindOther, textInDetail: r.detailed, hasUsage: s.counted.form != nil,
	}
	m.noEmpty = !r.alone || m.hasUsage
	m.textOnly = s.detailMember == "" && !m.textInDetail && !m.noDelta
	if s.detailMember != "" || m.textInDetail {
		m.fixed = s.details[0].clone()
	}
	if m.call >= 0 {
		m.calls = int32(len(s.choices[m.choice].calls))
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
