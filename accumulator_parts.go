package llmstream

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/valyala/fastjson"
)

// partAcc is the text of a part of a message as far as it has come.
type partAcc struct {
	part                        int
	content, reasoning, refusal []byte
}

// maxParts is the number of parts of a message that are kept apart. Recorded answers have
// some tens; a hostile one may have thousands. A text of any further part is joined to
// the part that came last.
const maxParts = 1024

// switchPart returns another part of the message. Texts are joined to that part from now
// on.
func (f *choiceAcc) switchPart(a *Accumulator, part int) *partAcc {
	for i := len(f.parts) - 1; i >= 0; i-- {
		if f.parts[i].part == part {
			f.cur = i
			return &f.parts[i]
		}
	}
	if p := &f.parts[f.cur]; p.empty() {
		p.part = part
		return p
	}
	if len(f.parts) < maxParts {
		if list, ok := addSlot(a, f.parts); ok {
			f.parts, f.cur = list, len(list)-1
			f.parts[f.cur].part = part
		}
	}
	return &f.parts[f.cur]
}

func (p *partAcc) empty() bool { return len(p.content)+len(p.reasoning)+len(p.refusal) == 0 }

// sortedParts returns the parts in the order of their indexes.
func (f *choiceAcc) sortedParts() []partAcc {
	if len(f.parts) == 1 {
		return f.parts
	}
	all := slices.Clone(f.parts)
	slices.SortStableFunc(all, func(a, b partAcc) int { return cmp.Compare(a.part, b.part) })
	return all
}

// texts returns the texts of all parts.
func (f *choiceAcc) texts() (content, reasoning, refusal string) {
	if p := &f.parts[0]; len(f.parts) == 1 {
		return string(p.content), string(p.reasoning), string(p.refusal)
	}
	var all partAcc
	for _, p := range f.sortedParts() {
		all.content = append(all.content, p.content...)
		all.reasoning = append(all.reasoning, p.reasoning...)
		all.refusal = append(all.refusal, p.refusal...)
	}
	return string(all.content), string(all.reasoning), string(all.refusal)
}

// itemAcc is an item of a message; see KindItem.
type itemAcc struct {
	part int
	json []byte
	void bool // the part has begun anew
}

// addItem adds an item. An item that does not fit is dropped whole.
func (a *Accumulator) addItem(f *choiceAcc, d *Delta) {
	if len(f.items) == maxParts || len(d.Text) > a.room() {
		a.dropped += int64(len(d.Text))
		return
	}
	list, ok := addSlot(a, f.items)
	if !ok {
		a.dropped += int64(len(d.Text))
		return
	}
	f.items = list
	item := &f.items[len(list)-1]
	*item = itemAcc{json: item.json, void: true}
	if item.json, ok = a.grow(item.json[:0], len(d.Text)); !ok {
		a.dropped += int64(len(d.Text))
		return
	}
	item.part, item.void, item.json = d.Part, false, a.join(item.json, d.Text)
}

// sortedItems returns the items in the order of their parts. In most answers the items
// came in that order.
func (f *choiceAcc) sortedItems() (list []json.RawMessage) {
	if len(f.items) == 0 {
		return nil
	}
	all := slices.Clone(f.items)
	slices.SortStableFunc(all, func(a, b itemAcc) int { return cmp.Compare(a.part, b.part) })
	for _, item := range all {
		if !item.void {
			eachValue(item.json, func(v *fastjson.Value) { list = append(list, v.MarshalTo(nil)) })
		}
	}
	return list
}

// restart voids what has come of a part that begins anew. The part -1 means that
// another answer begins. Everything outside of the parts is then void. A call whose
// arguments came whole where it began has been answered, and loses its arguments.
func (a *Accumulator) restart(f *choiceAcc, part int) {
	if part < 0 {
		for i := range f.calls {
			if c := &f.calls[i]; c.argsWithStart {
				c.arguments = a.takeBack(c.arguments)
			}
		}
		f.finish = FinishNone
		for _, b := range []*[]byte{&f.native, &f.logprobs, &f.media, &f.annotations, &a.usage.Raw} {
			*b = a.takeBack(*b)
		}
		a.usage = Usage{Raw: a.usage.Raw}
		return
	}
	a.restarts, a.restarted = append(a.restarts, part), f.index
}

// voidRestarted voids what has come of the parts that have begun anew.
func (a *Accumulator) voidRestarted() {
	if len(a.restarts) == 0 {
		return
	}
	f := a.choice(a.restarted)
	slices.Sort(a.restarts)
	restarts := func(part int) bool {
		_, found := slices.BinarySearch(a.restarts, part)
		return found
	}
	for i := range f.parts {
		if p := &f.parts[i]; restarts(p.part) {
			p.content, p.reasoning, p.refusal = a.takeBack(p.content), a.takeBack(p.reasoning), a.takeBack(p.refusal)
		}
	}
	f.detailAt = nil
	for i := range f.details {
		if d := &f.details[i]; !d.void && restarts(d.index) {
			d.void = true
			d.text, d.summary, d.data = a.takeBack(d.text), a.takeBack(d.summary), a.takeBack(d.data)
		}
	}
	for i := range f.calls {
		if c := &f.calls[i]; !c.void && restarts(c.part) {
			c.void = true
			c.arguments, c.extra = a.takeBack(c.arguments), a.takeBack(c.extra)
		}
	}
	for i := range f.items {
		if item := &f.items[i]; !item.void && restarts(item.part) {
			item.void = true
			item.json = a.takeBack(item.json)
		}
	}
	a.restarts = a.restarts[:0]
}
