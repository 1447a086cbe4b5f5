package llmstream

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/valyala/fastjson"
)

// partFold is the text of a part of a message as far as it has come.
type partFold struct {
	part                        int
	content, reasoning, refusal []byte
}

// maxParts is how many parts of a message are told apart. Recorded answers have
// some tens; a hostile one may number thousands. What is past it is joined to the
// part that came last.
const maxParts = 1024

// turnTo makes another part of the message the one that texts are joined to. The
// texts of a part mostly come in a row.
func (f *choiceFold) turnTo(part int) {
	for i := len(f.parts) - 1; i >= 0; i-- {
		if f.parts[i].part == part {
			f.partFold, f.parts[i] = f.parts[i], f.partFold
			return
		}
	}
	if f.empty() {
		f.part = part
		return
	}
	n := len(f.parts)
	if n == maxParts {
		return
	}
	f.parts = slices.Grow(f.parts, 1)[:n+1]
	f.partFold, f.parts[n] = f.parts[n], f.partFold // one of an earlier stream, for its memory
	f.partFold.clear()
	f.part = part
}

// toFirstPart makes ready for another message, the parts of which find the memory of
// those at the same place in this one, if they come in a row.
func (f *choiceFold) toFirstPart() {
	if n := len(f.parts); n > 0 {
		last := f.partFold
		f.partFold = f.parts[0]
		copy(f.parts, f.parts[1:])
		f.parts[n-1] = last
	}
}

func (p *partFold) empty() bool { return len(p.content)+len(p.reasoning)+len(p.refusal) == 0 }

func (p *partFold) clear() {
	p.content, p.reasoning, p.refusal = p.content[:0], p.reasoning[:0], p.refusal[:0]
}

func (p *partFold) letGo(a *Accumulator) {
	*p = partFold{content: a.letGo(p.content), reasoning: a.letGo(p.reasoning), refusal: a.letGo(p.refusal)}
}

// inOrder returns all parts in the order of their indexes.
func (f *choiceFold) inOrder() []partFold {
	all := append(slices.Clone(f.parts), f.partFold)
	slices.SortStableFunc(all, func(a, b partFold) int { return cmp.Compare(a.part, b.part) })
	return all
}

// texts returns the texts of all parts.
func (f *choiceFold) texts() (content, reasoning, refusal string) {
	if len(f.parts) == 0 {
		return string(f.content), string(f.reasoning), string(f.refusal)
	}
	var all partFold
	for _, p := range f.inOrder() {
		all.content = append(all.content, p.content...)
		all.reasoning = append(all.reasoning, p.reasoning...)
		all.refusal = append(all.refusal, p.refusal...)
	}
	return string(all.content), string(all.reasoning), string(all.refusal)
}

// itemFold is an item of a message; see KindItem.
type itemFold struct {
	part int
	json []byte
	void bool // another part has taken its place
}

// addItem adds an item. One that does not fit is dropped whole.
func (a *Accumulator) addItem(f *choiceFold, d *Delta) {
	n := len(f.items)
	if n == maxParts || len(d.Text) > a.room() {
		a.dropped += int64(len(d.Text))
		return
	}
	f.items = slices.Grow(f.items, 1)[:n+1] // one of an earlier stream, for its memory
	f.items[n] = itemFold{part: d.Part, json: a.join(f.items[n].json[:0], d.Text)}
}

// itemsInOrder returns the items in the order of their parts, which mostly is the
// one in which they came.
func (f *choiceFold) itemsInOrder() (list []json.RawMessage) {
	if len(f.items) == 0 {
		return nil
	}
	all := slices.Clone(f.items)
	slices.SortStableFunc(all, func(a, b itemFold) int { return cmp.Compare(a.part, b.part) })
	for _, item := range all {
		if !item.void {
			eachValue(item.json, func(v *fastjson.Value) { list = append(list, v.MarshalTo(nil)) })
		}
	}
	return list
}

// startAgain takes back what has come of a part that another takes the place of
// and of calls that have been answered, where another answer begins, what
// had come of their arguments in no pieces; and then also what belongs to no part.
func (a *Accumulator) startAgain(f *choiceFold, part int) {
	if part < 0 {
		for i := range f.calls {
			if c := &f.calls[i]; c.given {
				a.kept -= len(c.arguments)
				c.arguments = c.arguments[:0]
			}
		}
		f.finish = FinishNone
		for _, b := range []*[]byte{&f.native, &f.logprobs, &f.media, &f.annotations, &a.usage.Raw} {
			a.kept -= len(*b)
			*b = (*b)[:0]
		}
		a.usage = Usage{Raw: a.usage.Raw}
		return
	}
	for i := range f.parts {
		a.takeBack(&f.parts[i], part)
	}
	a.takeBack(&f.partFold, part)
	for i := range f.details {
		if d := &f.details[i]; d.index == part {
			d.void = true
		}
	}
	for i := range f.calls {
		if c := &f.calls[i]; c.part == part {
			c.void = true
		}
	}
	for i := range f.items {
		if item := &f.items[i]; item.part == part && !item.void {
			item.void = true
			a.kept -= len(item.json)
			item.json = item.json[:0]
		}
	}
}

func (a *Accumulator) takeBack(p *partFold, part int) {
	if p.part == part {
		a.kept -= len(p.content) + len(p.reasoning) + len(p.refusal)
		p.clear()
	}
}
