package decode

import "github.com/seed-4d65deac/llmstream/internal/jsonscan"

// CallKey describes the call that a piece of a tool call belongs to.
type CallKey struct {
	ID, Name []byte
	Index    int
	Indexed  bool
	First    bool // no other call of the same list of calls has come before
	Type     ToolType
	// Arguments is set if the piece has arguments. It matters for a piece with an id and
	// no name.
	Arguments bool
}

// MatchCall returns the position of the call that a piece belongs to, or -1 if the piece
// begins a call. Servers number calls in many ways, so the id counts first, then the
// index, then the order (T-01 … T-05). Some servers give every piece a new id (T-28), and
// others give every call the index 0 (T-02). So a second call needs a name to begin.
// conflict reports whether the piece contradicts the call in a way that another reading
// would explain. The call is marked as doubtful if that reading is as likely.
func (ch *Choice) MatchCall(k *CallKey) (at int, conflict bool) {
	id, name := Hash(k.ID), Hash(k.Name)
	if id != 0 {
		at, another := ch.callWithID(k, id)
		switch {
		case at >= 0 && !another:
			return at, ch.Calls[at].checkName(name)
		case at >= 0 && name == 0:
			ch.Calls[at].Doubtful = true
			return at, true
		}
	}
	if !k.Indexed && id != 0 {
		// A new id without an index begins a call, unless the latest call still lacks an
		// id.
		if at = len(ch.Calls) - 1; at >= 0 && k.First && ch.Calls[at].ID == 0 && !ch.Calls[at].Indexed && name == 0 {
			return at, false
		}
		return -1, false
	}
	if at = ch.latest(k); at < 0 {
		return -1, false
	}
	call := &ch.Calls[at]
	switch {
	case name == 0 && id != 0 && call.ID != 0: // T-28
		if call.closed() && k.Arguments {
			return -1, false
		}
		// These servers make up an id for every piece. If an id comes twice, it belongs
		// to a call whose beginning is missing.
		call.Doubtful = call.Doubtful || call.other == id
		call.other = id
		return at, true
	case name == 0:
		return at, false
	case id != 0 && call.ID != 0:
		return -1, false // T-02
	case !k.Indexed && (call.HasArguments || !k.First):
		return -1, false // T-01: one name after another, and nothing else distinguishes the calls
	case k.Indexed && call.List == ch.List && call.whole():
		return -1, false // T-02: two calls of one list, with the same index and no ids
	case call.Renamed(name) && (!k.Indexed || call.whole()) && k.Index != LegacyIndex:
		return -1, false // another tool, and this call needs nothing more
	}
	return at, call.checkName(name)
}

// callWithID returns the latest call with this id, or -1. another reports whether that
// call has another index. The id is then one like "0", which all calls have (N-04): the
// index distinguishes the calls, and a name begins the next one.
func (ch *Choice) callWithID(k *CallKey, id uint64) (at int, another bool) {
	if l := ch.lookup(); l != nil {
		same := l.get(callKey{kind: keyID, id: id})
		if !k.Indexed || same < 0 {
			return same, false
		}
		at = max(l.get(callKey{kind: keyIDAtIndex, id: id, index: k.Index}), l.get(callKey{kind: keyIDWithout, id: id}))
		if at >= 0 {
			return at, false
		}
		return same, true
	}
	same := -1
	for i := len(ch.Calls) - 1; i >= 0; i-- {
		call := &ch.Calls[i]
		if call.ID != id {
			continue
		}
		if !k.Indexed || !call.Indexed || call.Index == k.Index {
			return i, false
		}
		same = max(same, i)
	}
	return same, true
}

// latest returns the latest call with the index of k, or the latest call if k has no
// index. It returns -1 if there is no call.
func (ch *Choice) latest(k *CallKey) int {
	last := len(ch.Calls) - 1
	if !k.Indexed {
		return last
	}
	if at := ch.CallAtWireIndex(k.Index); at >= 0 {
		return at
	}
	// If a call began without an index, its later pieces may have one. SGLang and Nebius
	// give each piece the next index (T-32). A call whose arguments are whole does not
	// continue in this way.
	if last >= 0 && len(k.ID)+len(k.Name) == 0 && k.Index != LegacyIndex && !ch.Calls[last].closed() &&
		(k.Type == ToolUnknown || k.Type == ch.Calls[last].Type) {
		return last
	}
	return -1
}

// Renamed reports whether name differs from the call's name. A name is set once: many
// servers repeat it in full (T-06), and no recording has a name in pieces (T-07).
func (k *Call) Renamed(name uint64) bool {
	return name != 0 && k.Name != 0 && k.Name != name
}

// checkName reports whether a piece with this name belongs to another tool. If it does,
// checkName marks the call as doubtful, since the tool to run is unknown.
func (k *Call) checkName(name uint64) bool {
	renamed := k.Renamed(name)
	k.Doubtful = k.Doubtful || renamed
	return renamed
}

// Repetition is the meaning of a piece that comes after whole arguments (T-33).
type Repetition uint8

const (
	NotRepeated Repetition = iota // the piece continues the call, or the call is not whole
	SameCall                      // the piece repeats the call
	NewValue                      // the piece replaces the arguments
	AnotherCall                   // the piece belongs to another call
)

// Repeats returns the meaning of the arguments in a piece. MatchCall has found the call
// at a position for the piece. A JSON value cannot continue another one, so servers mean
// the same call once more, or the next one.
func (ch *Choice) Repeats(at int, k *CallKey, arguments []byte) Repetition {
	call := &ch.Calls[at]
	value := jsonscan.TrimSpace(arguments)
	if !call.closed() || len(value) == 0 || value[0] != '{' && value[0] != '[' && value[0] != '"' {
		return NotRepeated
	}
	var piece Call
	piece.TakeArguments(value)
	legacy := k.Index == LegacyIndex
	known := len(k.ID) > 0 && call.ID == Hash(k.ID) || legacy
	switch {
	case !piece.whole():
		if len(k.Name) > 0 && !known && piece.State == CallOpen {
			return AnotherCall // the piece begins another call
		}
		return NotRepeated
	case legacy && call.Renamed(Hash(k.Name)):
		return NotRepeated
	case call.List == ch.List && !legacy:
		return AnotherCall // two calls of one list are two calls
	case call.sum.equal(&piece.sum):
		return SameCall
	case known:
		return NewValue
	}
	return AnotherCall
}
