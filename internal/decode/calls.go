package decode

import (
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/valyala/fastjson"
)

// Call is the state of a tool call. It keeps the id, name and arguments as hashes: a
// hostile stream may have a thousand calls with texts of any length.
type Call struct {
	ID, Name uint64 // 0 if not given yet
	other    uint64 // hash of the latest id of a piece that differs from ID; see MatchCall
	Index    int    // the index on the wire
	Indexed  bool   // the wire gave an index
	State    CallState
	Type     ToolType
	// TypeGiven is set once a delta with the type was added.
	TypeGiven    bool
	HasArguments bool // a piece of arguments has come
	// ArgsWithStart is set if the arguments came whole where the call began. Further
	// arguments would only repeat them.
	ArgsWithStart bool
	CutOff        bool // the dialect says that the arguments break off
	// Doubtful is set if a piece contradicted the call and may belong to another one. The
	// call is not ended, and must not be run.
	Doubtful  bool
	runnable  bool   // KindToolCallEnd has reported valid arguments
	List      uint32 // the list of calls that held its latest piece; see Choice.List
	Surrogate uint16 // the pending surrogate of the arguments; see Choice.Surrogates
	Arguments jsonscan.Scanner
	sum       argumentsHash
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
	ToolUnknown  ToolType = iota // the stream has not shown the type
	ToolFunction                 // it takes JSON
	ToolCustom                   // it takes any text
)

// TypeFunction and TypeCustom are the names of the types in a delta.
var TypeFunction, TypeCustom = []byte("function"), []byte("custom")

// toolType returns the type with this name.
func toolType(name []byte) ToolType {
	if string(name) == string(TypeCustom) {
		return ToolCustom
	}
	return ToolFunction
}

// These indexes stand for calls without an index on the wire, where -1 is the least.
const (
	LegacyIndex = -2 // the function_call of the API's old form, one in each choice (T-24)
	VoidIndex   = -3 // a call whose place another has taken
)

// HasEnded reports whether the call takes no further pieces: KindToolCallEnd was added,
// or another call has taken its place.
func (k *Call) HasEnded() bool { return k.State >= CallEnded }

// TakesPieces reports whether any further piece of arguments continues the earlier ones.
func (k *Call) TakesPieces() bool { return k.takesMore() && !k.closed() }

func (k *Call) takesMore() bool { return !k.HasEnded() && !k.ArgsWithStart }

// Void ends a call whose place another has taken. No index finds it afterwards.
func (k *Call) Void() { k.State, k.Index = CallVoid, VoidIndex }

// Break notes that the arguments are not JSON. No later piece changes that.
func (k *Call) Break() {
	if !k.HasEnded() {
		k.State = CallBroken
	}
}

// whole reports whether the arguments are one JSON value.
func (k *Call) whole() bool { return k.Type != ToolCustom && k.State == CallWhole }

// closed reports whether no further byte can belong to the arguments. A number may go on.
func (k *Call) closed() bool { return k.whole() && k.Arguments.Ended() }

// truncated reports whether the arguments break off: they are the beginning of a JSON
// value, or the dialect has set CutOff.
func (k *Call) truncated() bool {
	return !k.HasEnded() && (k.CutOff || k.Type != ToolCustom && k.State == CallOpen && !k.Arguments.Blank())
}

// valid reports whether a call that ends may be run. No other function decides that. The
// arguments must be JSON or empty (T-11), or the tool must take any text. The finish
// reason must be a known one (C-35).
func (ch *Choice) valid(k *Call) bool {
	arguments := k.Type == ToolCustom || k.State == CallWhole || k.State == CallOpen && k.Arguments.Blank()
	return arguments && ch.Finish != FinishUnknown
}

// mayEnd reports whether the end of a call may be given out. It may not if the tool is
// uncertain (T-32), or the arguments are (T-19, T-28).
func (k *Call) mayEnd() bool {
	return !k.HasEnded() && !k.truncated() && k.Name != 0 && !k.Doubtful
}

// doubtOpenCalls marks the calls that may have lost a piece with a lost event.
func (t *Stream) doubtOpenCalls() {
	if t.doubted {
		return
	}
	t.doubted = true
	for i := range t.Choices {
		for at := range t.Choices[i].Calls {
			if k := &t.Choices[i].Calls[at]; !k.HasEnded() && !k.closed() && k.State != CallBroken {
				k.Doubtful = true
			}
		}
	}
}

// IsOpen reports whether call i may still grow: its choice is not finished, its dialect
// has not ended it, and its arguments are not one JSON value (contract 7).
func (ch *Choice) IsOpen(i int) bool {
	return (!ch.IsFinished() || ch.Failed) && !ch.Calls[i].HasEnded() && !ch.Calls[i].whole()
}

// TakeArguments notes a piece of the arguments.
func (k *Call) TakeArguments(piece []byte) {
	if len(piece) == 0 {
		return
	}
	k.HasArguments = true
	if k.Type == ToolCustom || k.State > CallWhole {
		return
	}
	k.sum.add(piece)
	k.Arguments.Strict = true
	_, err := k.Arguments.ScanAll(piece)
	k.setState(err)
}

// TryArguments is TakeArguments for several pieces at once, which an Accumulator has
// read. If the pieces would break the arguments, it does nothing and ok is false: the
// caller then needs to know where each piece ends.
func (k *Call) TryArguments(pieces []byte) (ok bool) {
	if k.Type == ToolCustom || k.State > CallWhole {
		k.TakeArguments(pieces)
		return true
	}
	scan := k.Arguments
	scan.Strict = true
	if _, err := scan.ScanAll(pieces); err != nil {
		return false
	}
	k.HasArguments = k.HasArguments || len(pieces) > 0
	k.sum.add(pieces)
	k.Arguments = scan
	k.setState(nil)
	return true
}

func (k *Call) setState(err error) {
	switch {
	case err != nil:
		k.State = CallBroken
	case k.Arguments.Complete():
		k.State = CallWhole
	default:
		k.State = CallOpen // a number goes on
	}
}

// HasCalls reports whether the choice has calls that are not void.
func (ch *Choice) HasCalls() bool {
	for at := range ch.Calls {
		if ch.Calls[at].State != CallVoid {
			return true
		}
	}
	return false
}

// CallAtIndex returns the position of the latest call with an index on the wire, or -1.
// It is for dialects that number the parts of an answer.
func (ch *Choice) CallAtIndex(index int) (at int) {
	return ch.withIndex(keyIndex, index)
}

// BeginCall begins a call with an index on the wire. It returns the call's position in
// its choice, or -1 if there are too many calls. If the latest call with the index has
// the same id, it returns that call. typ is TypeFunction or TypeCustom.
func (c *Context) BeginCall(t *Choice, index int, id, name, typ []byte) (at int) {
	return c.BeginCallWith(t, index, ToolCallDelta{ID: id, Name: name, Type: typ})
}

// BeginCallWith is BeginCall for a call that may begin with its whole arguments.
func (c *Context) BeginCallWith(t *Choice, index int, d ToolCallDelta) (at int) {
	c.Contextual = true
	if at = t.CallAtIndex(index); at >= 0 && len(d.ID) > 0 && t.Calls[at].ID == Hash(d.ID) {
		return at
	}
	if at = c.NewCall(t, Call{
		Index: index, Indexed: true, ID: Hash(d.ID), Name: Hash(d.Name), Type: toolType(d.Type), TypeGiven: true,
		ArgsWithStart: len(d.Arguments) > 0,
	}); at < 0 {
		return -1
	}
	d.Index = at
	t.Calls[at].TakeArguments(d.Arguments)
	c.Delivered = c.Delivered || len(d.Name)+len(d.Arguments) > 0
	c.Add(KindToolCall, t.Index).ToolCall = d
	return at
}

// NewCall appends a call to the calls of a choice and returns its position. If there are
// Limits.MaxToolCalls already, it adds a KindMalformed and returns -1.
func (c *Context) NewCall(t *Choice, k Call) (at int) {
	if c.Calls >= c.Limits.MaxToolCalls {
		c.Exceed(t.Index, "MaxToolCalls", c.Limits.MaxToolCalls)
		return -1
	}
	c.Calls++
	if !c.Answered {
		c.answer()
	}
	k.Doubtful = k.Doubtful || c.SawDone // nothing after the end is part of the answer (F-22)
	c.doubted = false
	t.Calls = append(t.Calls, k)
	return len(t.Calls) - 1
}

// DropCall removes the call that NewCall has appended last.
func (c *Context) DropCall(t *Choice) {
	c.Calls--
	t.Calls = t.Calls[:len(t.Calls)-1]
}

// AppendArguments adds a piece of the arguments of the call at a position: the text of a
// string, or the source of an object or array (T-12). name is the name of the member, or
// empty if no template may be learned from it. A call that has ended takes no further
// arguments.
func (c *Context) AppendArguments(t *Choice, at int, name string, v *fastjson.Value) {
	call := &t.Calls[at]
	piece, ok := c.Text(v, &call.Surrogate)
	if !ok && (v.GetObject() != nil || c.IsArray(v)) {
		piece = c.JSONOf(v)
	}
	if c.AppendArgumentText(t, at, piece) && ok && name != "" {
		c.Source = TextSource{Member: name, Kind: KindToolCall, Choice: c.Recent, Call: at}
	}
}

// AppendArgumentText is AppendArguments for a piece that is not a value of the event.
func (c *Context) AppendArgumentText(t *Choice, at int, piece []byte) (ok bool) {
	call := &t.Calls[at]
	if len(piece) == 0 || !call.takesMore() {
		c.Contextual = true
		if len(piece) > 0 && !call.HasEnded() { // the arguments would be there twice
			c.Conflicts++
		}
		return false
	}
	c.Delivered = true
	call.TakeArguments(piece)
	c.Add(KindToolCall, t.Index).ToolCall = ToolCallDelta{Index: at, Arguments: piece}
	c.Source.Member = ""
	return true
}

// RestartCall replaces the arguments of a call by a whole value that contradicts them
// (T-33).
func (c *Context) RestartCall(t *Choice, at int, arguments []byte) {
	call := &t.Calls[at]
	c.Contextual, c.Delivered = true, true
	c.Conflicts++
	c.Source.Member, c.doubted = "", false
	call.State, call.sum, call.Surrogate = CallOpen, argumentsHash{}, 0
	call.Arguments.Reset()
	call.TakeArguments(arguments)
	c.Add(KindToolCall, t.Index).ToolCall = ToolCallDelta{Index: at, Arguments: arguments, Restart: true}
}

// EndCall ends the call at a position, once, when its dialect decides that it has ended
// (contract 13). A call whose arguments break off does not end: a limit or a cut came
// before the end (T-19).
func (c *Context) EndCall(t *Choice, at int) {
	c.Contextual = true
	call := &t.Calls[at]
	if !call.mayEnd() || c.PiecesOnly && call.State == CallOpen && !call.HasArguments && c.lostArguments(t) {
		return
	}
	c.flushArguments(t, at)
	valid := t.valid(call)
	call.State, call.runnable = CallEnded, valid
	c.Add(KindToolCallEnd, t.Index).ToolCall = ToolCallDelta{Index: at, ArgumentsValid: valid}
}

// TakeLate notes arguments that come after the end of their call. They are not added to the
// call. If its end has said that the call may be run, a second end takes that back.
func (c *Context) TakeLate(t *Choice, at int) {
	call := &t.Calls[at]
	c.Contextual = true
	c.Conflicts++
	if call.runnable {
		call.runnable = false
		c.Add(KindToolCallEnd, t.Index).ToolCall = ToolCallDelta{Index: at}
	}
}

// lostArguments reports whether a call without arguments may have lost them. That is
// possible if an event could not be read, if a limit was reached (T-19), or if another
// call has arguments but no name.
func (c *Context) lostArguments(t *Choice) bool {
	if c.lost || t.Finish == FinishLength {
		return true
	}
	for i := range t.Calls {
		if t.Calls[i].Name == 0 && t.Calls[i].HasArguments {
			return true
		}
	}
	return false
}

// EndCalls ends the calls of finished choices. After the end marker it also ends calls
// with whole arguments.
func (c *Context) EndCalls() {
	for i := range c.Choices {
		ch := &c.Choices[i]
		for at := range ch.Calls {
			lost := !ch.Calls[at].HasArguments && c.lostArguments(ch) // no event has ended this very call
			if !ch.IsOpen(at) && !ch.Failed && !lost && (ch.IsFinished() || c.SawDone) {
				c.EndCall(ch, at)
			}
		}
	}
}

// flushArguments adds U+FFFD for a pending surrogate in the arguments of a call, since
// its other half never came.
func (c *Context) flushArguments(ch *Choice, at int) {
	if call := &ch.Calls[at]; call.Surrogate != 0 {
		half := jsonscan.AppendLoneSurrogate(nil, call.Surrogate)
		call.Surrogate = 0
		call.TakeArguments(half)
		c.Add(KindToolCall, ch.Index).ToolCall = ToolCallDelta{Index: at, Arguments: half}
	}
}
