package decode

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
type Stream struct {
	Choices []Choice
	Recent  int // the choice that was found last
	Calls   int // tool calls of all choices

	Events    int64 // that have come
	Delivered bool  // output was given
	SawDone   bool  // the end marker came
	// layout changes whenever the same event may mean something else than before,
	// such as a text of another item of a response.
	Epoch int32
	// told: what the stream has said of itself, so that it is not told twice.
	Announced struct{ ID, Model, Fingerprint, Tier, Created bool }

	Usage    Usage
	usageRaw []byte // the usage objects so far, one over the other; see overlayUsage

	// The outcome's parts; see Outcome.
	Skipped, MalformedCount                     int64
	Comments, Unseparated, AfterDone, Conflicts int64
	Skips                                       Skips
	Unterminated                                bool
	Unknown                                     bool // an event was an object of no known dialect

	// suspect: an event was no JSON. fastjson may take milliseconds to find that
	// out, of a few hundred brackets; from now on events are checked first.
	suspect bool

	BlockReason string
	FirstError  *APIError
	FirstDamage *SyntaxError
}

// choiceTrack is what is remembered of a choice.
type Choice struct {
	Index int
	// high are the halves of surrogate pairs that the texts of this choice
	// ended with so far: "\ud83d" | "\ude00" (J-03).
	Surrogates surrogates
	Finish     FinishReason
	Native     string // the provider's word for it, shortened where it is absurdly long
	RoleKnown  bool   // its role was told
	// marks are bits in which the dialect remembers what has come of the choice. An
	// event of the same form does the same to two choices with equal marks.
	Marks uint8
	// list counts the lists of tool calls that have come, so that two calls of one
	// list can be told from pieces of one call (T-02).
	List       uint32
	Calls      []Call
	recentCall int
}

// halves are of surrogate pairs.
type surrogates struct{ Content, Reasoning, Refusal uint16 }

// wait tells whether there is one.
func (h *surrogates) Wait() bool { return h.Content|h.Reasoning|h.Refusal != 0 }

// callTrack is what is remembered of a tool call. Its id and name are kept as
// hashes: a hostile stream may repeat a thousand of any length.
type Call struct {
	ID, Name      uint64 // 0: not given yet
	Index         int    // the wire's
	Indexed       bool   // the wire gave an index
	State         CallState
	Type          ToolType
	TypeGiven     bool   // its type was told
	HasArguments  bool   // arguments have come
	ArgsWithStart bool   // its arguments came whole where it began
	CutOff        bool   // its dialect says that it breaks off
	List          uint32 // the list of calls that its last piece came in; see choiceTrack
	Surrogate     uint16 // as choiceTrack.high, for the arguments
	Arguments     jsonscan.Scanner
}

// CallState is how far a tool call has come.
type CallState uint8

const (
	CallOpen   CallState = iota // its arguments may go on
	CallWhole                   // its arguments are one JSON value
	CallBroken                  // its arguments are not JSON, whatever follows
	CallEnded                   // KindToolCallEnd was added
	CallVoid                    // another call has taken its place
)

// ToolType is the type of a tool.
type ToolType uint8

const (
	ToolUnknown  ToolType = iota // nothing has told it
	ToolFunction                 // it takes JSON
	ToolCustom                   // it takes any text
)

func (t *Stream) Reset() {
	choices, usage := t.Choices, wire.Recycle(t.usageRaw)
	clear(choices) // so that no call and no text of the last stream is kept
	*t = Stream{
		Choices: choices[:0], usageRaw: usage,
	}
}

// FindChoice returns the choice with this index; nil: it has not begun.
func (t *Stream) FindChoice(index int) *Choice {
	if t.Recent < len(t.Choices) && t.Choices[t.Recent].Index == index {
		return &t.Choices[t.Recent]
	}
	for i := range t.Choices {
		if t.Choices[i].Index == index {
			t.Recent = i
			return &t.Choices[i]
		}
	}
	return nil
}

// Choice returns the choice with this index, and begins it where there is none. It
// returns nil, and adds a KindMalformed, if there are Limits.MaxChoices others.
func (s *Context) Choice(index int) *Choice {
	if t := s.FindChoice(index); t != nil {
		return t
	}
	if len(s.Choices) >= s.Limits.MaxChoices {
		s.Malformed(-1, 0, len(s.Data), &fault.Limit{Limit: "MaxChoices", Max: s.Limits.MaxChoices})
		return nil
	}
	if len(s.Choices) == 0 && s.BlockReason == "" && s.FirstError == nil {
		s.SawDone = false // an end marker before any output ends nothing that follows (E-19)
	}
	s.Recent = len(s.Choices)
	s.Choices = append(s.Choices, Choice{Index: index})
	return &s.Choices[s.Recent]
}

// maxNativeWord is how much of a finish reason is kept for the outcome.
const MaxNativeWord = 64

// finished notes a finish reason and tells whether it is news. The last one that
// is not empty counts (C-06).
func (c *Choice) SetFinish(native []byte) bool {
	word := native[:min(len(native), MaxNativeWord)]
	if len(word) == 0 || c.Native == string(word) {
		return false
	}
	c.Finish = FinishReasonOf(native)
	if c.Native = c.Finish.String(); c.Native != string(word) {
		c.Native = string(word)
	}
	return true
}

// half returns the half of a surrogate pair that the texts of this kind ended
// with.
func (c *Choice) Surrogate(k Kind) *uint16 {
	switch k {
	case KindContent:
		return &c.Surrogates.Content
	case KindReasoning:
		return &c.Surrogates.Reasoning
	}
	return &c.Surrogates.Refusal
}

// open tells whether call i may still grow: its choice has no finish reason, its
// dialect has not ended it, and its arguments are not one whole JSON value
// (contract 7).
func (c *Choice) IsOpen(i int) bool {
	return c.Native == "" && !c.Calls[i].HasEnded() && !c.Calls[i].whole()
}

// HasEnded reports whether the call takes nothing more: KindToolCallEnd was added, or
// another call has taken its place.
func (c *Call) HasEnded() bool { return c.State >= CallEnded }

// TakesPieces reports whether a piece of arguments belongs to what has come of them.
func (c *Call) TakesPieces() bool { return !c.HasEnded() && !c.ArgsWithStart }

// Void ends a call that another has taken the place of. No index finds it.
func (c *Call) Void() { c.State, c.Index = CallVoid, VoidIndex }

// Break notes that the arguments are not JSON, whatever follows.
func (c *Call) Break() {
	if !c.HasEnded() {
		c.State = CallBroken
	}
}

// whole reports whether the arguments are one JSON value.
func (c *Call) whole() bool { return c.Type != ToolCustom && c.State == CallWhole }

// valid reports whether a call that ends may be run: its arguments are JSON, or there
// are none (T-11), or its tool takes any text.
func (c *Call) valid() bool {
	return c.Type == ToolCustom || c.whole() || c.State != CallBroken && c.Arguments.Blank()
}

// truncated reports whether the arguments break off: they have begun to be a JSON value
// and are none yet, or the dialect says so.
func (c *Call) truncated() bool {
	return c.CutOff || c.Type != ToolCustom && c.State == CallOpen && !c.Arguments.Blank()
}

// TakeArguments notes a piece of the arguments.
func (c *Call) TakeArguments(piece []byte) {
	if len(piece) == 0 {
		return
	}
	c.HasArguments = true
	if c.Type == ToolCustom || c.State > CallWhole {
		return
	}
	c.Arguments.Strict = true
	switch _, err := c.Arguments.ScanAll(piece); {
	case err != nil:
		c.State = CallBroken
	case c.Arguments.Complete():
		c.State = CallWhole
	default:
		c.State = CallOpen // a number goes on
	}
}

var hashSeed = maphash.MakeSeed()

// hash returns 0 for nothing and for nothing else.
func Hash(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	return maphash.Bytes(hashSeed, b) | 1
}

// legacyIndex stands for the function_call of the API's old form, of which a
// choice has one (T-24). No index on the wire is less than -1.
const LegacyIndex = -2

// voidIndex stands for a call that another has taken the place of.
const VoidIndex = -3

// callKey is what a delta says of the tool call that it belongs to.
type CallKey struct {
	ID, Name []byte
	Index    int
	Indexed  bool
	First    bool // no other call of the same list of calls has come before
}

// find returns the position of the call that a delta belongs to, or -1 if it
// begins a new one. Servers number calls in so many ways that the id counts
// first, then the index, then the order (T-01 … T-05); and since some give every
// fragment a new id (T-28) and some give every call the index 0 (T-02), it takes
// a name to begin a call where there is one already. conflict: the delta
// contradicts the call in a way that another reading would explain.
func (c *Choice) MatchCall(k *CallKey) (at int, conflict bool) {
	id, name := Hash(k.ID), Hash(k.Name)
	if id != 0 {
		// Calls with the same id and other indexes have ids that are none, such
		// as "0" (N-04): the index tells them apart, and a name begins another.
		same := -1
		for i := len(c.Calls) - 1; i >= 0; i-- {
			call := &c.Calls[i]
			if call.ID != id {
				continue
			}
			if !k.Indexed || !call.Indexed || call.Index == k.Index {
				return i, call.Renamed(name)
			}
			same = max(same, i)
		}
		if same >= 0 && name == 0 {
			return same, true
		}
	}
	if !k.Indexed && id != 0 {
		// A new id without an index opens a call, unless the latest still waits
		// for its own.
		if at = len(c.Calls) - 1; at >= 0 && k.First && c.Calls[at].ID == 0 && !c.Calls[at].Indexed && name == 0 {
			return at, false
		}
		return -1, false
	}
	at = c.latest(k)
	if at < 0 {
		return -1, false
	}
	call := &c.Calls[at]
	switch {
	case name == 0:
		return at, id != 0 && call.ID != 0 // T-28
	case id != 0 && call.ID != 0:
		return -1, false // T-02
	case !k.Indexed && (call.HasArguments || !k.First):
		return -1, false // T-01: one name after another, nothing else to tell them apart
	case k.Indexed && call.List == c.List && call.whole():
		return -1, false // T-02: two calls of one list, with the same index and no ids
	case call.Renamed(name) && (!k.Indexed || call.whole()) && k.Index != LegacyIndex:
		return -1, false // another tool, and this one has all that it needs
	}
	return at, call.Renamed(name)
}

// latest returns the latest call with the index of k, or without one the latest
// call; -1 if there is none.
func (c *Choice) latest(k *CallKey) int {
	if !k.Indexed {
		return len(c.Calls) - 1
	}
	if r := c.recentCall; r < len(c.Calls) && c.Calls[r].Indexed && c.Calls[r].Index == k.Index && r == len(c.Calls)-1 {
		return r
	}
	for i := len(c.Calls) - 1; i >= 0; i-- {
		if c.Calls[i].Indexed && c.Calls[i].Index == k.Index {
			return i
		}
	}
	if last := len(c.Calls) - 1; last >= 0 && !c.Calls[last].Indexed && len(k.ID)+len(k.Name) == 0 {
		return last // the index was left out where the call began
	}
	return -1
}

// renamed tells whether name is another than the call's. A name is set once:
// many servers repeat it in full (T-06), and pieces of names were never recorded
// (T-07).
func (c *Call) Renamed(name uint64) bool {
	return name != 0 && c.Name != 0 && c.Name != name
}

// skip notes that an event says nothing but that the stream lives.
func (s *Context) Skip(as *int64) {
	s.Skipped++
	*as++
	s.Source.Member = ""
	s.Add(KindPing, -1)
}

// complete tells whether the answer is whole: each choice that began has its
// finish reason, or the end marker came with no tool call open (contract 7), or
// there is to be none because the prompt was blocked (G-04).
func (t *Stream) Complete() bool {
	open := false
	for i := range t.Choices {
		c := &t.Choices[i]
		for k := range c.Calls {
			open = open || c.IsOpen(k)
		}
	}
	return t.Finished() || t.SawDone && !open || t.BlockReason != ""
}

// finished tells whether there are choices, each with its finish reason.
func (t *Stream) Finished() bool {
	for i := range t.Choices {
		if t.Choices[i].Native == "" {
			return false
		}
	}
	return len(t.Choices) > 0
}

// flushHalves tells of surrogate halves whose other halves never came.
func (s *Context) FlushSurrogates() {
	for i := range s.Choices {
		c := &s.Choices[i]
		for _, f := range [...]struct {
			kind Kind
			high *uint16
		}{{KindReasoning, &c.Surrogates.Reasoning}, {KindContent, &c.Surrogates.Content}, {KindRefusal, &c.Surrogates.Refusal}} {
			s.AddText(f.kind, c.Index, jsonscan.AppendLoneSurrogate(nil, *f.high))
			*f.high = 0
		}
		for at := range c.Calls {
			s.flushSurrogate(c, at)
		}
	}
}

// flushHalf is flushHalves for the arguments of a call.
func (s *Context) flushSurrogate(c *Choice, at int) {
	if call := &c.Calls[at]; call.Surrogate != 0 {
		half := jsonscan.AppendLoneSurrogate(nil, call.Surrogate)
		call.Surrogate = 0
		call.TakeArguments(half)
		s.Add(KindToolCall, c.Index).ToolCall = ToolCallDelta{Index: at, Arguments: half}
	}
}

// endToolCalls tells of the calls that have ended: those of choices with a
// finish reason, and behind the end marker those with whole arguments. Arguments
// that break off have not ended whatever comes: a limit or a cut was there first
// (contract 13, T-19).
func (s *Context) EndCalls() {
	for i := range s.Choices {
		c := &s.Choices[i]
		for at := range c.Calls {
			if !c.IsOpen(at) && (c.Native != "" || s.SawDone) {
				s.EndCall(c, at)
			}
		}
	}
}

// endStream takes the end marker of the dialect. One that is repeated says
// nothing (F-22).
func (s *Context) EndStream() {
	if s.SawDone {
		return
	}
	s.SawDone = true
	s.EndCalls()
	s.Add(KindDone, -1)
}

// The next four are for dialects that number what they stream and say where each
// part of it begins and ends. Where servers do not agree on that, see find.

// callAt returns the position of the latest call that began under an index of the
// wire; -1: none did.
func (c *Choice) CallAtIndex(index int) (at int) {
	for at = len(c.Calls) - 1; at >= 0 && c.Calls[at].Index != index; at-- {
	}
	return at
}

// beginToolCall begins a call under an index of the wire and returns its position
// among the calls of its choice; -1: there are too many already. One that has the
// same index and the same id is not begun a second time. typ is "function" or
// "custom".
func (s *Context) BeginCall(t *Choice, index int, id, name, typ []byte) (at int) {
	return s.BeginCallWith(t, index, ToolCallDelta{ID: id, Name: name, Type: typ})
}

// newToolCall is beginToolCall for a call that may have its arguments, whole,
// where it begins.
func (s *Context) BeginCallWith(t *Choice, index int, d ToolCallDelta) (at int) {
	s.Contextual = true
	if at = t.CallAtIndex(index); at >= 0 && len(d.ID) > 0 && t.Calls[at].ID == Hash(d.ID) {
		return at
	}
	if s.Calls >= s.Limits.MaxToolCalls {
		s.Malformed(t.Index, 0, len(s.Data), &fault.Limit{Limit: "MaxToolCalls", Max: s.Limits.MaxToolCalls})
		return -1
	}
	s.Calls++
	d.Index = len(t.Calls)
	t.Calls = append(t.Calls, Call{
		Index: index, Indexed: true, ID: Hash(d.ID), Name: Hash(d.Name), Type: toolType(d.Type), TypeGiven: true,
		ArgsWithStart: len(d.Arguments) > 0,
	})
	t.Calls[d.Index].TakeArguments(d.Arguments)
	s.Delivered = s.Delivered || len(d.Name)+len(d.Arguments) > 0
	s.Add(KindToolCall, t.Index).ToolCall = d
	return d.Index
}

// argueToolCall adds a piece of the arguments of the call at a position, of which
// name is the member if a template may be learned from that: the text
// of a string, or else the source of an object or array (T-12). A call that has
// ended takes no more.
func (s *Context) AppendArguments(t *Choice, at int, name string, v *fastjson.Value) {
	call := &t.Calls[at]
	piece, ok := s.Text(v, &call.Surrogate)
	if !ok && (v.GetObject() != nil || s.IsArray(v)) {
		piece = s.JSONOf(v)
	}
	if s.AppendArgumentText(t, at, piece) && ok && name != "" {
		s.Source = TextSource{Member: name, Kind: KindToolCall, Choice: s.Recent, Call: at}
	}
}

// argueText is argueToolCall for a piece that is no value of the event.
func (s *Context) AppendArgumentText(t *Choice, at int, piece []byte) (ok bool) {
	call := &t.Calls[at]
	if len(piece) == 0 || !call.TakesPieces() {
		s.Contextual = true
		if len(piece) > 0 && !call.HasEnded() { // they would be there twice
			s.Conflicts++
		}
		return false
	}
	s.Delivered = true
	call.TakeArguments(piece)
	s.Add(KindToolCall, t.Index).ToolCall = ToolCallDelta{Index: at, Arguments: piece}
	s.Source.Member = ""
	return true
}

// endToolCall ends the call at a position, once, as its dialect says (contract
// 13). Arguments that break off have not ended all the same (T-19).
func (s *Context) EndCall(t *Choice, at int) {
	call := &t.Calls[at]
	s.Contextual = true
	if call.HasEnded() || call.truncated() {
		return
	}
	s.flushSurrogate(t, at)
	valid := call.valid()
	call.State = CallEnded
	s.Add(KindToolCallEnd, t.Index).ToolCall = ToolCallDelta{Index: at, ArgumentsValid: valid}
}

// addFinish adds the finish reason of a choice, if it is news. Behind the end marker
// another one is none (F-22).
func (s *Context) AddFinish(t *Choice, native []byte) {
	s.Contextual = s.Contextual || len(native) > 0
	if s.SawDone && t.Native != "" {
		return
	}
	if t.SetFinish(native) {
		d := s.Add(KindFinish, t.Index)
		d.FinishReason, d.NativeFinishReason = t.Finish, native
	}
}

// addFinishOrCalls is addFinish for dialects that have no word for tool calls: a
// plain stop with calls is one, whichever comes first (G-06, T-20).
func (s *Context) AddFinishOrCalls(t *Choice, native []byte) {
	s.Contextual = s.Contextual || len(native) > 0
	before := t.Finish
	news := t.SetFinish(native)
	if t.Finish == FinishStop && len(t.Calls) > 0 {
		t.Finish = FinishToolCalls
	}
	if news || t.Finish != before {
		d := s.Add(KindFinish, t.Index)
		d.FinishReason, d.NativeFinishReason = t.Finish, native
		if len(native) == 0 {
			d.NativeFinishReason = s.appendWord(t.Native)
		}
	}
}

// appendWord returns word as bytes that live as long as the event.
func (s *Context) appendWord(word string) []byte {
	at := len(s.Buf)
	s.Buf = append(s.Buf, word...)
	return s.Since(at)
}

// addRole tells the role of a choice, once.
func (s *Context) AddRole(t *Choice, v *fastjson.Value) {
	if !t.RoleKnown {
		s.EmitRole(t, s.Word(v))
	}
}

func (s *Context) EmitRole(t *Choice, role []byte) {
	if len(role) > 0 && !t.RoleKnown {
		t.RoleKnown = true
		s.AddStart(t.Index, Start{Role: role})
	}
}

// The types of tools.
var TypeFunction, TypeCustom = []byte("function"), []byte("custom")

// toolType returns the type with this name.
func toolType(name []byte) ToolType {
	if string(name) == string(TypeCustom) {
		return ToolCustom
	}
	return ToolFunction
}
