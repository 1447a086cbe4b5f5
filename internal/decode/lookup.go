package decode

// fewCalls is the number of calls up to which a search looks at each of them. Above it a map
// is used: a hostile choice has a thousand calls, and events of a few bytes that name them.
const fewCalls = 16

// callKey is what calls are searched by. A field that its kind does not use is 0.
type callKey struct {
	id    uint64
	index int
	kind  keyKind
}

type keyKind uint8

const (
	keyIndex     keyKind = iota // the index of any call
	keyWireIndex                // the index of a call with an index on the wire
	keyID                       // the id of any call
	keyIDAtIndex                // the id and the index of a call with an index on the wire
	keyIDWithout                // the id of a call without an index on the wire
)

// callLookup finds the latest call with a key. It covers the first n calls of a choice.
type callLookup struct {
	n      int
	latest map[callKey]int
}

// lookup returns the lookup of a choice, after adding the calls that it does not cover yet.
// It returns nil if the choice has few calls.
func (ch *Choice) lookup() *callLookup {
	if len(ch.Calls) <= fewCalls {
		return nil
	}
	if ch.found == nil || ch.found.n > len(ch.Calls) { // a call that was added last was dropped
		ch.found = &callLookup{latest: map[callKey]int{}}
	}
	l := ch.found
	for ; l.n < len(ch.Calls); l.n++ {
		call := &ch.Calls[l.n]
		l.latest[callKey{kind: keyIndex, index: call.Index}] = l.n
		if call.Indexed {
			l.latest[callKey{kind: keyWireIndex, index: call.Index}] = l.n
		}
		l.addID(l.n, call)
	}
	return l
}

// addID adds the id of a call, unless a later call has the same key.
func (l *callLookup) addID(at int, call *Call) {
	if call.ID == 0 {
		return
	}
	keys := [2]callKey{{kind: keyID, id: call.ID}, {kind: keyIDWithout, id: call.ID}}
	if call.Indexed {
		keys[1] = callKey{kind: keyIDAtIndex, id: call.ID, index: call.Index}
	}
	for _, k := range keys {
		if before, ok := l.latest[k]; !ok || before < at {
			l.latest[k] = at
		}
	}
}

// get returns the latest call with a key, or -1.
func (l *callLookup) get(k callKey) int {
	if at, ok := l.latest[k]; ok {
		return at
	}
	return -1
}

// SetCallID gives a call that began without an id its id.
func (ch *Choice) SetCallID(at int, id []byte) {
	call := &ch.Calls[at]
	call.ID = Hash(id)
	if ch.found != nil && at < ch.found.n {
		ch.found.addID(at, call)
	}
}

// CallAtWireIndex returns the position of the latest call that the wire gave this index, or -1.
func (ch *Choice) CallAtWireIndex(index int) (at int) { return ch.withIndex(keyWireIndex, index) }

// withIndex returns the latest call with an index, or -1. kind is keyIndex or
// keyWireIndex.
func (ch *Choice) withIndex(kind keyKind, index int) (at int) {
	matches := func(at int) bool {
		return ch.Calls[at].Index == index && (kind == keyIndex || ch.Calls[at].Indexed)
	}
	from := len(ch.Calls) - 1
	l, key := ch.lookup(), callKey{kind: kind, index: index}
	if l != nil {
		if from = l.get(key); from < 0 || matches(from) {
			return from
		}
	}
	for at = from; at >= 0 && !matches(at); at-- {
	}
	if l != nil { // the latest call with the index was voided
		l.latest[key] = at
	}
	return at
}
