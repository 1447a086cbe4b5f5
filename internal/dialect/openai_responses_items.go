package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

// One table holds the items of a response, and only find decides which item an event
// means. Servers name an item by its id, by the id of its call, by its index, or not at
// all. They may name it in one way in deltas and in another at the end (O-15).

// itemClass is the use that the caller has for an item.
type itemClass uint8

const (
	classMessage itemClass = iota
	classReasoning
	classCall  // a call that the caller has to make
	classOther // work of the provider's tools, images and the like
	itemClasses
)

// outputItem is the state of an item.
type outputItem struct {
	class itemClass
	typ   uint64    // hash of its type
	ids   [3]uint64 // hashes of its id, of its call's id, and of the first other id that an event named it by
	index int       // on the wire, or noIndex if no event had one
	part  int       // part of the message; no other item of the response has the same
	// touched orders the items by the time of their latest text.
	touched uint32

	announced bool // its beginning has come
	ended     bool // it has come as a whole
	// contradicted is set if a whole text contradicts the pieces, but other texts of the item
	// would be lost if the item began anew. The item begins anew once all of its texts have
	// come as wholes.
	contradicted bool
	detailed     bool     // its detail was given
	hasKind      bool     // reasoning: a text of the kind thought was given
	thought      partKind // reasoning: the kind that is given as text (O-19)
	texts        []itemText

	call          int    // position of the call, or -1 if it has not begun
	callID        []byte // id of the call, kept to begin the call anew; nil if it is too long
	name          []byte
	typed         []byte // its type
	lostBeginning bool   // the first pieces of the arguments could not be used, and the whole has not come

	outputOf uint64 // hash of the call id of the item that it is the output of; 0: it is no output
	waiting  bool   // the caller has to run it, unless the response has its output (O-21)
	matched  int    // place of the item in the terminal response, counted from 1; 0 if not found yet
}

// hasID reports whether h is the hash of one of the item's ids.
func (m *outputItem) hasID(h uint64) bool {
	return h != 0 && (m.ids[0] == h || m.ids[1] == h || m.ids[2] == h)
}

// takes reports whether an event for items of a class may be for this item. Servers mix
// up messages and reasoning.
func (m *outputItem) takes(class itemClass) bool {
	return m.class == class || m.class <= classReasoning && class <= classReasoning
}

const (
	// noIndex stands for an index that an event does not have.
	noIndex = -1
	// noItem stands for the position of an item that is not in the table.
	noItem = -1
	// otherItem stands for the position of an item that does not take the event.
	otherItem = -2
)

// address holds the names by which an event means its item.
type address struct {
	id, callID uint64 // hashes, or 0 if not given
	index      int    // noIndex if not given
}

// addressOf reads an address. ok is false if the index is not a valid one (C-16).
func (o *Responses) addressOf(s *decode.Context, index, id, callID *fastjson.Value) (a address, ok bool) {
	a = address{id: decode.Hash(s.Word(id)), callID: decode.Hash(s.Word(callID)), index: noIndex}
	if decode.IsNull(index) {
		return a, true
	}
	if a.index, ok = s.Index(index); !ok || a.index < 0 {
		s.Malformed(0, 0, len(s.Data), fault.Reason("an item's index is none"))
		return a, false
	}
	s.Part = a.index
	return a, true
}

// find returns the position of the item that an event is for. A known id counts first,
// then the index, then the open item with the latest text. piece reports whether the
// event has a piece. A piece belongs to an item that has ended only if the event names
// that item.
func (o *Responses) find(s *decode.Context, a address, class itemClass, piece bool) (at int) {
	if at = o.byID(a, class); at != noItem {
		return at
	}
	if a.index != noIndex {
		if at = o.byIndex(a, class); at == noItem {
			at = o.latestOpen(s, class, true)
		}
		return at
	}
	if at = o.latestOpen(s, class, false); at == noItem && !piece && a.id|a.callID == 0 {
		for at = len(o.items) - 1; at >= 0 && o.items[at].class != class; at-- {
		}
	}
	return at
}

// byID returns the latest item with an id of the address, or noItem. It returns otherItem
// if that item does not take the event.
func (o *Responses) byID(a address, class itemClass) (found int) {
	found = noItem
	for at := len(o.items) - 1; at >= 0 && a.id|a.callID != 0; at-- {
		item := &o.items[at]
		switch {
		case !item.hasID(a.id) && !item.hasID(a.callID):
		case item.class == class:
			return at
		case found < 0 && item.takes(class):
			found = at
		case found == noItem && item.class == classOther:
			found = otherItem
		}
	}
	return found
}

// byIndex returns the latest open item with the index of the address. If there is no open
// one and the event has no id, it returns the latest of all. An unknown id at the index
// of an item that has ended means another item (T-02). It returns otherItem if the event
// has arguments of a tool that the provider runs.
func (o *Responses) byIndex(a address, class itemClass) (at int) {
	found := noItem
	for at = len(o.items) - 1; at >= 0; at-- {
		item := &o.items[at]
		switch {
		case item.index != a.index:
		case item.class != class:
			if found == noItem && class == classCall && item.class == classOther {
				found = otherItem
			}
		case !item.ended:
			return at
		case found < 0 && a.id|a.callID == 0:
			found = at
		}
	}
	return found
}

// latestOpen returns the open item of a class with the latest text. If withoutIndex is
// set, it skips items that have an index.
func (o *Responses) latestOpen(s *decode.Context, class itemClass, withoutIndex bool) (found int) {
	found = noItem
	for at := range o.items {
		item := &o.items[at]
		if item.class != class || item.ended || withoutIndex && item.index != noIndex {
			continue
		}
		if found != noItem {
			s.Contextual = true // the next event of this form may be for another item
			if item.touched < o.items[found].touched {
				continue
			}
		}
		found = at
	}
	return found
}

// itemFor returns the item that an event is for. If there is no item yet, it adds one,
// which a later announcement takes over. The result is negative if there are too many
// items, or if the item does not take the event.
func (o *Responses) itemFor(s *decode.Context, a address, class itemClass, piece bool) (at int) {
	at = o.find(s, a, class, piece)
	if at == noItem {
		return o.add(s, a, class)
	}
	if at >= 0 {
		o.learn(s, at, a)
	}
	return at
}

// learn adds the ids and the index of an address to an item.
func (o *Responses) learn(s *decode.Context, at int, a address) {
	item := &o.items[at]
	if item.index == noIndex && a.index != noIndex {
		item.index = a.index
		o.noteChange(s)
	}
	if a.id != 0 && !item.hasID(a.id) && item.ids[2] == 0 && o.byID(address{id: a.id}, item.class) == noItem {
		item.ids[2] = a.id
		o.noteChange(s)
	}
}

// noteChange notes that the same event may mean another item from now on.
func (o *Responses) noteChange(s *decode.Context) {
	s.Contextual = true
	s.Epoch++
}

// add adds an item to the table. It returns noItem if there are too many.
func (o *Responses) add(s *decode.Context, a address, class itemClass) (at int) {
	if o.counts[class] >= s.Limits.MaxToolCalls {
		if class == classOther { // the item is given even so
			return noItem
		}
		s.Exceed(0, "MaxToolCalls", s.Limits.MaxToolCalls)
		return noItem
	}
	o.counts[class]++
	o.noteChange(s)
	part := o.freePart(a.index)
	if at = len(o.items); at < cap(o.items) {
		o.items = o.items[:at+1] // one of an earlier stream, for the memory of its texts
	} else {
		o.items = append(o.items, outputItem{})
	}
	o.items[at] = outputItem{
		class: class, ids: [3]uint64{a.id, a.callID}, index: a.index, part: part, call: -1, texts: o.items[at].texts[:0],
	}
	o.touch(at)
	return at
}

// freePart returns the part of the message for an item with this index. That is the
// index, or the next number if there is no index or another item has that part.
func (o *Responses) freePart(index int) (part int) {
	part = max(index, 0)
	next, free := 0, index != noIndex
	for at := range o.items {
		used := o.items[at].part
		free = free && used != part
		next = max(next, used+1)
	}
	if free {
		return part
	}
	return next
}

// touch makes an item the one with the latest text.
func (o *Responses) touch(at int) {
	o.clock++
	o.items[at].touched = o.clock
}

// announce returns the item that begins with an event: a new one, or one that deltas have
// begun before. It returns noItem if there are too many.
func (o *Responses) announce(s *decode.Context, a address, class itemClass) (at int) {
	at = o.byID(a, class)
	if at < 0 || o.items[at].class != class || o.items[at].announced && o.items[at].ended {
		if at = o.byIndex(a, class); a.index == noIndex || at == noItem {
			at = o.latestOpen(s, class, a.index != noIndex)
		}
		if at < 0 || o.items[at].announced {
			at = o.add(s, a, class)
		}
	}
	if at < 0 {
		return at
	}
	item := &o.items[at]
	item.announced = true
	if item.index == noIndex {
		item.index = a.index
	}
	for i, id := range [...]uint64{a.id, a.callID} {
		if id != 0 {
			item.ids[i] = id
		}
	}
	o.touch(at)
	o.noteChange(s)
	return at
}

// itemMembers holds the members of an item.
type itemMembers struct {
	typ, id, callID, name, arguments, input, status *fastjson.Value
	role, content, summary, encrypted, result       *fastjson.Value
}

func (m *itemMembers) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "type":
			m.typ = v
		case "id":
			m.id = v
		case "call_id":
			m.callID = v
		case "name":
			m.name = v
		case "arguments":
			m.arguments = v
		case "input":
			m.input = v
		case "status":
			m.status = v
		case "role":
			m.role = v
		case "content":
			m.content = v
		case "summary":
			m.summary = v
		case "encrypted_content":
			m.encrypted = v
		case "result":
			m.result = v
		}
	})
}
