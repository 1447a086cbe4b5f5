package llmstream

import (
	"hash/maphash"

	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
	"github.com/valyala/fastjson"
)

// track is what a stream has to remember to decode its next event and to give
// its verdict. It holds no text of the answer, but for what is held until it is
// whole; what it holds is bounded by MaxChoices, MaxToolCalls and MaxEvent.
type track struct {
	choices []choiceTrack
	recent  int // the choice that was found last
	calls   int // tool calls of all choices

	events    int64 // that have come
	delivered bool  // output was given
	sawDone   bool  // the end marker came
	// layout changes whenever the same event may mean something else than before,
	// such as a text of another item of a response.
	layout int32
	// told: what the stream has said of itself, so that it is not told twice.
	told struct{ id, model, fingerprint, tier, created bool }

	usage    xUsage
	usageRaw []byte // the usage objects so far, one over the other; see overlayUsage

	// The outcome's parts; see Outcome.
	skipped, malformedCount               int64
	comments, glued, afterDone, conflicts int64
	skips                                 xSkips
	unterminated                          bool
	unknown                               bool // an event was an object of no known dialect

	// suspect: an event was no JSON. fastjson may take milliseconds to find that
	// out, of a few hundred brackets; from now on events are checked first.
	suspect bool

	blockReason string
	apiError    *xAPIError
	damage      *xSyntaxError
}

// choiceTrack is what is remembered of a choice.
type choiceTrack struct {
	index int
	// high are the halves of surrogate pairs that the texts of this choice
	// ended with so far: "\ud83d" | "\ude00" (J-03).
	high   halves
	finish xFinishReason
	native string // the provider's word for it, shortened where it is absurdly long
	role   bool   // its role was told
	// marks are bits in which the dialect remembers what has come of the choice. An
	// event of the same form does the same to two choices with equal marks.
	marks uint8
	// list counts the lists of tool calls that have come, so that two calls of one
	// list can be told from pieces of one call (T-02).
	list       uint32
	calls      []callTrack
	recentCall int
}

// halves are of surrogate pairs.
type halves struct{ content, reasoning, refusal uint16 }

// wait tells whether there is one.
func (h *halves) wait() bool { return h.content|h.reasoning|h.refusal != 0 }

// callTrack is what is remembered of a tool call. Its id and name are kept as
// hashes: a hostile stream may repeat a thousand of any length.
type callTrack struct {
	id, name  uint64 // 0: not given yet
	index     int    // the wire's
	indexed   bool   // the wire gave an index
	custom    bool   // a custom tool, which takes text and not JSON
	typed     bool   // its type was told
	begun     bool   // arguments have come
	ended     bool   // its end was told, or it is void
	given     bool   // its arguments came whole where it began
	short     bool   // its dialect says that it breaks off
	list      uint32 // the list of calls that its last piece came in; see choiceTrack
	broken    bool   // its arguments are not JSON
	high      uint16 // as choiceTrack.high, for the arguments
	arguments jsonscan.Scanner
}

func (t *track) reset() {
	choices, usage := t.choices, wire.Recycle(t.usageRaw)
	clear(choices) // so that no call and no text of the last stream is kept
	*t = track{
		choices: choices[:0], usageRaw: usage,
	}
}

// choice returns the choice with this index. It begins one if there is none, and
// returns nil if there are already as many as max.
func (t *track) choice(index, max int) *choiceTrack {
	if t.recent < len(t.choices) && t.choices[t.recent].index == index {
		return &t.choices[t.recent]
	}
	for i := range t.choices {
		if t.choices[i].index == index {
			t.recent = i
			return &t.choices[i]
		}
	}
	if len(t.choices) >= max {
		return nil
	}
	t.recent = len(t.choices)
	t.choices = append(t.choices, choiceTrack{index: index})
	return &t.choices[t.recent]
}

// maxNativeWord is how much of a finish reason is kept for the outcome.
const maxNativeWord = 64

// finished notes a finish reason and tells whether it is news. The last one that
// is not empty counts (C-06).
func (c *choiceTrack) finished(native []byte) bool {
	word := native[:min(len(native), maxNativeWord)]
	if len(word) == 0 || c.native == string(word) {
		return false
	}
	c.finish = finishReasonOf(native)
	if c.native = c.finish.String(); c.native != string(word) {
		c.native = string(word)
	}
	return true
}

// half returns the half of a surrogate pair that the texts of this kind ended
// with.
func (c *choiceTrack) half(k xKind) *uint16 {
	switch k {
	case xKindContent:
		return &c.high.content
	case xKindReasoning:
		return &c.high.reasoning
	}
	return &c.high.refusal
}

// open tells whether call i may still grow: its choice has no finish reason, its
// dialect has not ended it, and its arguments are not one whole JSON value
// (contract 7).
func (c *choiceTrack) open(i int) bool {
	return c.native == "" && !c.calls[i].ended && !c.calls[i].whole()
}

// whole tells whether the arguments are one JSON value.
func (c *callTrack) whole() bool {
	return !c.custom && !c.broken && c.arguments.Complete()
}

// valid tells whether a call that has ended may be run: its arguments are JSON,
// or there are none (T-11), or its tool takes any text.
func (c *callTrack) valid() bool {
	return c.custom || c.whole() || !c.broken && c.arguments.Blank()
}

// cut tells whether the arguments break off: they have begun to be a JSON value
// and are none yet, or the dialect says so.
func (c *callTrack) cut() bool {
	return c.short || !c.custom && !c.broken && !c.arguments.Blank() && !c.arguments.Complete()
}

// argue takes a piece of the arguments.
func (c *callTrack) argue(piece []byte) {
	if len(piece) == 0 {
		return
	}
	c.begun = true
	if c.custom || c.broken {
		return
	}
	c.arguments.Strict = true
	if _, err := c.arguments.ScanAll(piece); err != nil {
		c.broken = true
	}
}

var hashSeed = maphash.MakeSeed()

// hash returns 0 for nothing and for nothing else.
func hash(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	return maphash.Bytes(hashSeed, b) | 1
}

// legacyIndex stands for the function_call of the API's old form, of which a
// choice has one (T-24). No index on the wire is less than -1.
const legacyIndex = -2

// voidIndex stands for a call that another has taken the place of.
const voidIndex = -3

// callKey is what a delta says of the tool call that it belongs to.
type callKey struct {
	id, name []byte
	index    int
	indexed  bool
	first    bool // no other call of the same list of calls has come before
}

// find returns the position of the call that a delta belongs to, or -1 if it
// begins a new one. Servers number calls in so many ways that the id counts
// first, then the index, then the order (T-01 … T-05); and since some give every
// fragment a new id (T-28) and some give every call the index 0 (T-02), it takes
// a name to begin a call where there is one already. conflict: the delta
// contradicts the call in a way that another reading would explain.
func (c *choiceTrack) find(k *callKey) (at int, conflict bool) {
	id, name := hash(k.id), hash(k.name)
	if id != 0 {
		// Calls with the same id and other indexes have ids that are none, such
		// as "0" (N-04): the index tells them apart, and a name begins another.
		same := -1
		for i := len(c.calls) - 1; i >= 0; i-- {
			call := &c.calls[i]
			if call.id != id {
				continue
			}
			if !k.indexed || !call.indexed || call.index == k.index {
				return i, call.renamed(name)
			}
			same = max(same, i)
		}
		if same >= 0 && name == 0 {
			return same, true
		}
	}
	if !k.indexed && id != 0 {
		// A new id without an index opens a call, unless the latest still waits
		// for its own.
		if at = len(c.calls) - 1; at >= 0 && k.first && c.calls[at].id == 0 && !c.calls[at].indexed && name == 0 {
			return at, false
		}
		return -1, false
	}
	at = c.latest(k)
	if at < 0 {
		return -1, false
	}
	call := &c.calls[at]
	switch {
	case name == 0:
		return at, id != 0 && call.id != 0 // T-28
	case id != 0 && call.id != 0:
		return -1, false // T-02
	case !k.indexed && (call.begun || !k.first):
		return -1, false // T-01: one name after another, nothing else to tell them apart
	case k.indexed && call.list == c.list && call.whole():
		return -1, false // T-02: two calls of one list, with the same index and no ids
	case call.renamed(name) && (!k.indexed || call.whole()) && k.index != legacyIndex:
		return -1, false // another tool, and this one has all that it needs
	}
	return at, call.renamed(name)
}

// latest returns the latest call with the index of k, or without one the latest
// call; -1 if there is none.
func (c *choiceTrack) latest(k *callKey) int {
	if !k.indexed {
		return len(c.calls) - 1
	}
	if r := c.recentCall; r < len(c.calls) && c.calls[r].indexed && c.calls[r].index == k.index && r == len(c.calls)-1 {
		return r
	}
	for i := len(c.calls) - 1; i >= 0; i-- {
		if c.calls[i].indexed && c.calls[i].index == k.index {
			return i
		}
	}
	if last := len(c.calls) - 1; last >= 0 && !c.calls[last].indexed && len(k.id)+len(k.name) == 0 {
		return last // the index was left out where the call began
	}
	return -1
}

// renamed tells whether name is another than the call's. A name is set once:
// many servers repeat it in full (T-06), and pieces of names were never recorded
// (T-07).
func (c *callTrack) renamed(name uint64) bool {
	return name != 0 && c.name != 0 && c.name != name
}

// skip notes that an event says nothing but that the stream lives.
func (s *step) skip(as *int64) {
	s.skipped++
	*as++
	s.role.member = ""
	s.add(xKindPing, -1)
}

// complete tells whether the answer is whole: each choice that began has its
// finish reason, or the end marker came with no tool call open (contract 7), or
// there is to be none because the prompt was blocked (G-04).
func (t *track) complete() bool {
	open := false
	for i := range t.choices {
		c := &t.choices[i]
		for k := range c.calls {
			open = open || c.open(k)
		}
	}
	return t.finished() || t.sawDone && !open || t.blockReason != ""
}

// finished tells whether there are choices, each with its finish reason.
func (t *track) finished() bool {
	for i := range t.choices {
		if t.choices[i].native == "" {
			return false
		}
	}
	return len(t.choices) > 0
}

// flushHalves tells of surrogate halves whose other halves never came.
func (s *step) flushHalves() {
	for i := range s.choices {
		c := &s.choices[i]
		for _, f := range [...]struct {
			kind xKind
			high *uint16
		}{{xKindReasoning, &c.high.reasoning}, {xKindContent, &c.high.content}, {xKindRefusal, &c.high.refusal}} {
			s.addText(f.kind, c.index, jsonscan.AppendLoneSurrogate(nil, *f.high))
			*f.high = 0
		}
		for at := range c.calls {
			s.flushHalf(c, at)
		}
	}
}

// flushHalf is flushHalves for the arguments of a call.
func (s *step) flushHalf(c *choiceTrack, at int) {
	if call := &c.calls[at]; call.high != 0 {
		half := jsonscan.AppendLoneSurrogate(nil, call.high)
		call.high = 0
		call.argue(half)
		s.add(xKindToolCall, c.index).ToolCall = xToolCallDelta{Index: at, Arguments: half}
	}
}

// endToolCalls tells of the calls that have ended: those of choices with a
// finish reason, and behind the end marker those with whole arguments. Arguments
// that break off have not ended whatever comes: a limit or a cut was there first
// (contract 13, T-19).
func (s *step) endToolCalls() {
	for i := range s.choices {
		c := &s.choices[i]
		for at := range c.calls {
			if !c.open(at) && (c.native != "" || s.sawDone) {
				s.endToolCall(c, at)
			}
		}
	}
}

// endStream takes the end marker of the dialect. One that is repeated says
// nothing (F-22).
func (s *step) endStream() {
	if s.sawDone {
		return
	}
	s.sawDone = true
	s.endToolCalls()
	s.add(xKindDone, -1)
}

// The next four are for dialects that number what they stream and say where each
// part of it begins and ends. Where servers do not agree on that, see find.

// callAt returns the position of the latest call that began under an index of the
// wire; -1: none did.
func (c *choiceTrack) callAt(index int) (at int) {
	for at = len(c.calls) - 1; at >= 0 && c.calls[at].index != index; at-- {
	}
	return at
}

// beginToolCall begins a call under an index of the wire and returns its position
// among the calls of its choice; -1: there are too many already. One that has the
// same index and the same id is not begun a second time. typ is "function" or
// "custom".
func (s *step) beginToolCall(t *choiceTrack, index int, id, name, typ []byte) (at int) {
	return s.newToolCall(t, index, xToolCallDelta{ID: id, Name: name, Type: typ})
}

// newToolCall is beginToolCall for a call that may have its arguments, whole,
// where it begins.
func (s *step) newToolCall(t *choiceTrack, index int, d xToolCallDelta) (at int) {
	s.stateful = true
	if at = t.callAt(index); at >= 0 && len(d.ID) > 0 && t.calls[at].id == hash(d.ID) {
		return at
	}
	if s.calls >= s.opt.MaxToolCalls {
		s.malformed(t.index, 0, len(s.data), &fault.Limit{Limit: "MaxToolCalls", Max: s.opt.MaxToolCalls})
		return -1
	}
	s.calls++
	d.Index = len(t.calls)
	t.calls = append(t.calls, callTrack{
		index: index, indexed: true, id: hash(d.ID), name: hash(d.Name), typed: true,
		custom: string(d.Type) == string(typeCustom), given: len(d.Arguments) > 0,
	})
	t.calls[d.Index].argue(d.Arguments)
	s.delivered = s.delivered || len(d.Name)+len(d.Arguments) > 0
	s.add(xKindToolCall, t.index).ToolCall = d
	return d.Index
}

// argueToolCall adds a piece of the arguments of the call at a position, of which
// name is the member if a template may be learned from that: the text
// of a string, or else the source of an object or array (T-12). A call that has
// ended takes no more.
func (s *step) argueToolCall(t *choiceTrack, at int, name string, v *fastjson.Value) {
	call := &t.calls[at]
	piece, ok := s.string(v, &call.high)
	if !ok && (v.GetObject() != nil || s.isArray(v)) {
		piece = s.source(v)
	}
	if s.argueText(t, at, piece) && ok && name != "" {
		s.role = textRole{member: name, kind: xKindToolCall, choice: s.recent, call: at}
	}
}

// argueText is argueToolCall for a piece that is no value of the event.
func (s *step) argueText(t *choiceTrack, at int, piece []byte) (ok bool) {
	call := &t.calls[at]
	if len(piece) == 0 || call.ended || call.given {
		s.stateful = true
		if len(piece) > 0 && !call.ended { // they would be there twice
			s.conflicts++
		}
		return false
	}
	s.delivered = true
	call.argue(piece)
	s.add(xKindToolCall, t.index).ToolCall = xToolCallDelta{Index: at, Arguments: piece}
	s.role.member = ""
	return true
}

// endToolCall ends the call at a position, once, as its dialect says (contract
// 13). Arguments that break off have not ended all the same (T-19).
func (s *step) endToolCall(t *choiceTrack, at int) {
	call := &t.calls[at]
	s.stateful = true
	if call.ended || call.cut() {
		return
	}
	call.ended = true
	s.flushHalf(t, at)
	s.add(xKindToolCallEnd, t.index).ToolCall = xToolCallDelta{Index: at, ArgumentsValid: call.valid()}
}

// addFinish adds the finish reason of a choice, if it is news. Behind the end marker
// another one is none (F-22).
func (s *step) addFinish(t *choiceTrack, native []byte) {
	s.stateful = s.stateful || len(native) > 0
	if s.sawDone && t.native != "" {
		return
	}
	if t.finished(native) {
		d := s.add(xKindFinish, t.index)
		d.FinishReason, d.NativeFinishReason = t.finish, native
	}
}

// addFinishOrCalls is addFinish for dialects that have no word for tool calls: a
// plain stop with calls is one, whichever comes first (G-06, T-20).
func (s *step) addFinishOrCalls(t *choiceTrack, native []byte) {
	s.stateful = s.stateful || len(native) > 0
	before := t.finish
	news := t.finished(native)
	if t.finish == xFinishStop && len(t.calls) > 0 {
		t.finish = xFinishToolCalls
	}
	if news || t.finish != before {
		d := s.add(xKindFinish, t.index)
		d.FinishReason, d.NativeFinishReason = t.finish, native
		if len(native) == 0 {
			d.NativeFinishReason = s.appendWord(t.native)
		}
	}
}

// appendWord returns word as bytes that live as long as the event.
func (s *step) appendWord(word string) []byte {
	at := len(s.text)
	s.text = append(s.text, word...)
	return s.text[at:len(s.text):len(s.text)]
}

// addRole tells the role of a choice, once.
func (s *step) addRole(t *choiceTrack, v *fastjson.Value) {
	if !t.role {
		s.tellRole(t, s.word(v))
	}
}

func (s *step) tellRole(t *choiceTrack, role []byte) {
	if len(role) > 0 && !t.role {
		t.role = true
		s.addStart(t.index, xStart{Role: role})
	}
}

// The types of tools.
var typeFunction, typeCustom = []byte("function"), []byte("custom")
