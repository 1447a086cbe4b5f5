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

// Some items of an answer come in several events, such as the calls of tools that
// the provider runs (A-12, B-08). An assembly puts them together and gives each as
// one JSON object at its end, as a body in place of a stream has it.

// assembly holds the items of a stream that have yet to end. Few streams have such
// items, so they come from a pool; nil means that there are none.
type assembly struct{ *openItems }

type openItems struct {
	items []openItem // at most MaxToolCalls
	size  int        // bytes of all items, at most MaxEvent: what an item may have that comes whole
}

// openItem is an item as far as it has come.
type openItem struct {
	part    int    // of the message
	wrapper string // name of the member that holds the item's members; "": they stand in the item itself
	members []byte // those that do not grow, each as ,"name":value
	grown   [len(grownNames)][]byte
	// pieces are the JSON of the input, which comes as text. scan has read them.
	pieces    []byte
	scan      jsonscan.Scanner
	surrogate uint16 // the pending half of a surrogate pair at the end of the pieces (J-03)
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

// maxKeptItems is how many items there is room for in what goes back to the pool.
const maxKeptItems = 4

var itemsPool = sync.Pool{New: func() any { return new(openItems) }}

// begin begins an item of the current part. It returns nil if too many are open.
// wrapper is as in openItem.
func (a *assembly) begin(s *decode.Context, t *decode.Choice, wrapper string) *openItem {
	if a.openItems == nil {
		a.openItems = itemsPool.Get().(*openItems)
	}
	n := len(a.items)
	if n >= s.Limits.MaxToolCalls {
		s.Malformed(t.Index, 0, len(s.Data), &fault.Limit{Limit: "MaxToolCalls", Max: s.Limits.MaxToolCalls})
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

// addMembers adds the members of v to an item, apart from those named in without. One
// that may grow replaces what came of it.
func (a *assembly) addMembers(s *decode.Context, t *decode.Choice, item *openItem, v *fastjson.Value, without ...string) {
	before := item.size()
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		if slices.Contains(without, string(key)) {
			return
		}
		for i, name := range grownNames {
			if string(key) == name {
				item.grown[i] = v.MarshalTo(item.grown[i][:0])
				return
			}
		}
		item.members = append(jsonscan.AppendQuoted(append(item.members, ','), key), ':')
		item.members = v.MarshalTo(item.members)
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

// resized notes that an item had this size before. It drops an item past the limit.
func (a *assembly) resized(s *decode.Context, t *decode.Choice, item *openItem, before int) {
	a.size += item.size() - before
	if a.size > s.Limits.MaxEvent {
		s.Malformed(t.Index, 0, len(s.Data), &fault.Limit{Limit: "MaxEvent", Max: s.Limits.MaxEvent})
		a.drop(item)
	}
}

// find returns the open item of a part; nil if there is none.
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
		if cap(a.items) <= maxKeptItems { // else many were open at once, as in no honest stream
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

// addInput adds a piece of the JSON of an item's input: a string that holds it, or an
// object or array in place of one (T-12).
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

// addText continues a member that is a string, or replaces it by a value of another
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

// addElements adds the elements of an array to a member that is one.
func (a *assembly) addElements(s *decode.Context, t *decode.Choice, item *openItem, member int, v *fastjson.Value) {
	before, to := item.size(), &item.grown[member]
	for _, one := range v.GetArray() {
		if n := len(*to); n > len("[]") {
			(*to)[n-1] = ','
		} else {
			*to = append((*to)[:0], '[')
		}
		*to = append(one.MarshalTo(*to), ']')
	}
	a.resized(s, t, item, before)
}

// rawUnlessNull returns v's JSON text; nil if v is absent or null.
func rawUnlessNull(s *decode.Context, v *fastjson.Value) []byte {
	if v == nil {
		return nil
	}
	if raw := s.Raw(v); string(raw) != "null" {
		return raw
	}
	return nil
}

// end gives the item of the current part. An item whose input breaks off is not
// given: nobody knows what it was to be.
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

// endAll gives all items, in the order of their parts: their ends did not come before
// that of the message.
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
