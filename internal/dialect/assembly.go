package dialect

import (
	"slices"
	"sync"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
	"github.com/valyala/fastjson"
)

// Some items of an answer come in several events, such as the calls of tools that the
// provider runs (A-12, B-08). An assembly joins the events. At the end of an item it
// gives one JSON object, in the form that a body in place of a stream has.

// assembly holds the items of a stream that have begun and not ended. Few streams have
// items, so their memory comes from a pool. It is nil if no item is open.
type assembly struct{ *openItems }

type openItems struct {
	items []openItem // at most MaxToolCalls
	size  int        // bytes of all items, at most MaxEvent, as for an item that comes whole
}

// openItem is an item as far as it has come.
type openItem struct {
	part    int    // part of the message
	wrapper string // name of the member that holds the item's members, or "" if the item itself holds them
	members []byte // members that do not grow, each as ,"name":value
	grown   [len(grownNames)][]byte
	// pieces holds the input's JSON, which comes as text. scan has read all of it.
	pieces    []byte
	scan      jsonscan.Scanner
	surrogate uint16 // the high surrogate that the pieces end with, or 0 (J-03)
	broken    bool   // the pieces are not JSON
}

// grownNames are the members that later events may continue or replace.
var grownNames = [...]string{"input", "content", "encrypted_content", "arguments"}

const (
	grownInput = iota
	grownContent
	grownEncrypted
	grownArguments
)

// maxKeptItems is the number of items whose memory may go back to the pool.
const maxKeptItems = 4

var itemsPool = sync.Pool{New: func() any { return new(openItems) }}

// begin begins an item of the current part, with this openItem.wrapper. It returns nil if
// too many items are open.
func (a *assembly) begin(s *decode.Context, t *decode.Choice, wrapper string) *openItem {
	if a.openItems == nil {
		a.openItems = itemsPool.Get().(*openItems)
	}
	n := len(a.items)
	if n >= s.Limits.MaxToolCalls {
		s.Exceed(t.Index, "MaxToolCalls", s.Limits.MaxToolCalls)
		return nil
	}
	s.Epoch++ // deltas of this part mean something else from now on
	if n < cap(a.items) {
		a.items = a.items[:n+1]
	} else {
		a.items = append(a.items, openItem{})
	}
	item := &a.items[n]
	item.part, item.wrapper, item.scan.Strict = s.Part, wrapper, true
	return item
}

// addMembers adds the members of v to an item, except the names in without. A member that
// may grow replaces what has come of it.
func (a *assembly) addMembers(s *decode.Context, t *decode.Choice, item *openItem, v *fastjson.Value, without ...string) {
	before := item.size()
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		if slices.Contains(without, string(key)) {
			return
		}
		for i, name := range grownNames {
			if string(key) == name {
				item.grown[i] = s.AppendRaw(item.grown[i][:0], v)
				return
			}
		}
		item.members = append(jsonscan.AppendQuoted(append(item.members, ','), key), ':')
		item.members = s.AppendRaw(item.members, v)
	})
	a.resized(s, t, item, before)
}

func (item *openItem) size() int {
	n := len(item.members) + len(item.pieces)
	for _, value := range item.grown {
		n += len(value)
	}
	return n
}

// resized updates the size of all items after an item had the size before. It drops the
// item if the limit is passed.
func (a *assembly) resized(s *decode.Context, t *decode.Choice, item *openItem, before int) {
	a.size += item.size() - before
	if a.size > s.Limits.MaxEvent {
		s.Exceed(t.Index, "MaxEvent", s.Limits.MaxEvent)
		a.drop(item)
	}
}

// find returns the open item of a part, or nil.
func (a *assembly) find(part int) *openItem {
	if a.openItems == nil {
		return nil
	}
	for i := len(a.items) - 1; i >= 0; i-- {
		if a.items[i].part == part {
			return &a.items[i]
		}
	}
	return nil
}

// drop forgets an item.
func (a *assembly) drop(item *openItem) {
	last := &a.items[len(a.items)-1]
	a.size -= item.size()
	empty := openItem{members: wire.Recycle(item.members), pieces: wire.Recycle(item.pieces)}
	for i, value := range item.grown {
		empty.grown[i] = wire.Recycle(value)
	}
	*item = empty
	*item, *last = *last, *item
	if a.items = a.items[:len(a.items)-1]; len(a.items) == 0 {
		if cap(a.items) <= maxKeptItems { // an honest stream never has more open at once
			itemsPool.Put(a.openItems)
		}
		a.openItems = nil
	}
}

// dropAll forgets all items.
func (a *assembly) dropAll() {
	for a.openItems != nil {
		a.drop(&a.items[len(a.items)-1])
	}
}

// addInput adds a piece of an item's input: a string that holds JSON, or an object or
// array in its place (T-12).
func (a *assembly) addInput(s *decode.Context, t *decode.Choice, item *openItem, v *fastjson.Value) {
	before := item.size()
	piece, ok := s.Text(v, &item.surrogate)
	if !ok && (v.GetObject() != nil || s.IsArray(v)) {
		piece = s.Raw(v)
	}
	if item.broken {
		return
	}
	if _, err := item.scan.ScanAll(piece); err != nil {
		item.broken = true
		return
	}
	item.pieces = append(item.pieces, piece...)
	a.resized(s, t, item, before)
}

// addText appends a string to a member, or replaces the member by a value of another
// type. Null changes nothing.
func (a *assembly) addText(s *decode.Context, t *decode.Choice, item *openItem, member int, v *fastjson.Value) {
	raw := rawUnlessNull(s, v)
	if raw == nil {
		return
	}
	before, to := item.size(), &item.grown[member]
	if raw[0] == '"' && len(*to) > 1 && (*to)[0] == '"' {
		*to = append((*to)[:len(*to)-1], raw[1:]...)
	} else {
		*to = append((*to)[:0], raw...)
	}
	a.resized(s, t, item, before)
}

// replace replaces a member, unless v is null.
func (a *assembly) replace(s *decode.Context, t *decode.Choice, item *openItem, member int, v *fastjson.Value) {
	if raw := rawUnlessNull(s, v); raw != nil {
		before := item.size()
		item.grown[member] = append(item.grown[member][:0], raw...)
		a.resized(s, t, item, before)
	}
}

// addElements appends the elements of an array to a member that is an array.
func (a *assembly) addElements(s *decode.Context, t *decode.Choice, item *openItem, member int, v *fastjson.Value) {
	before, to := item.size(), &item.grown[member]
	for _, one := range v.GetArray() {
		if n := len(*to); n > len("[]") {
			(*to)[n-1] = ','
		} else {
			*to = append((*to)[:0], '[')
		}
		*to = append(s.AppendRaw(*to, one), ']')
	}
	a.resized(s, t, item, before)
}

// rawUnlessNull returns v's JSON text, or nil if v is absent or null.
func rawUnlessNull(s *decode.Context, v *fastjson.Value) []byte {
	if v == nil {
		return nil
	}
	if raw := s.Raw(v); string(raw) != "null" {
		return raw
	}
	return nil
}

// end gives the item of the current part. It drops an item whose input breaks off, since
// the rest of the input is unknown.
func (a *assembly) end(s *decode.Context, t *decode.Choice) {
	item := a.find(s.Part)
	if item == nil {
		return
	}
	s.Contextual = true
	switch {
	case item.broken:
		s.Malformed(t.Index, 0, len(s.Data), fault.Reason("the input of a content block is no JSON"))
	case item.scan.Blank() || item.scan.Complete():
		addItem(s, t, item.appendTo)
	}
	a.drop(item)
}

// endAll gives all open items in the order of their parts. The message has ended before
// they did.
func (a *assembly) endAll(s *decode.Context, t *decode.Choice) {
	for a.openItems != nil {
		s.Part = a.items[0].part
		for i := range a.items {
			s.Part = min(s.Part, a.items[i].part)
		}
		a.end(s, t)
	}
	s.Part = 0
}

// appendTo appends the item's JSON.
func (item *openItem) appendTo(dst []byte) []byte {
	if item.wrapper != "" {
		dst = append(jsonscan.AppendQuoted(append(dst, '{'), []byte(item.wrapper)), ':')
	}
	begin := len(dst)
	dst = append(dst, item.members...)
	for i, value := range item.grown {
		if i == grownInput && !item.scan.Blank() {
			value = item.pieces
		}
		if len(value) > 0 {
			dst = append(append(append(dst, ',', '"'), grownNames[i]...), '"', ':')
			dst = append(dst, value...)
		}
	}
	if len(dst) == begin {
		dst = append(dst, '{')
	} else {
		dst[begin] = '{'
	}
	if dst = append(dst, '}'); item.wrapper != "" {
		dst = append(dst, '}')
	}
	return dst
}

// addItem adds an item of the answer whose JSON appendTo appends.
func addItem(s *decode.Context, t *decode.Choice, appendTo func(dst []byte) []byte) {
	at := len(s.Buf)
	s.Buf = appendTo(s.Buf)
	s.Delivered = true
	s.Add(decode.KindItem, t.Index).Text = s.Since(at)
}
