package encode

import (
	"slices"

	"github.com/seed-4d65deac/llmstream"
)

// An answer holds what the source has given so far.
type answer struct {
	id, model []byte // the first that were given (WG-18)
	created   int64  // Unix seconds, or 0 if not given
	usage     llmstream.Usage
	blocked   []byte // the provider's word for why the prompt is blocked
	isBlocked bool   // the prompt is blocked
	choices   []choice
}

// A choice is one of the alternative answers.
type choice struct {
	index    int   // index in the source
	place    int   // position in order of appearance
	begun    bool  // something of it was written
	refused  bool  // it has text of a refusal
	finished bool  // a finish reason has come, and no output after it
	called   bool  // a call of it was written
	part     int   // the highest part of the message whose text was written
	output   bool  // output of it has come
	wrote    []int // parts of the message that were written, at least partly; at most maxWrote
	reason   llmstream.FinishReason
	native   []byte // the source's word for the reason
	stopText []byte // the stop sequence that ended it, if the source gave one
	calls    []call
}

// A call is a tool call, by its index in the source.
type call struct {
	id, name, typ, extra []byte
	held                 []byte // arguments that wait: for the name, the ID, their turn, or their end
	extraTold            bool
	part                 int  // of the source's message
	started              bool // its beginning was written
	told                 bool // arguments of it were written
	replaced             bool // arguments were written that are void: the whole is written at the call's end
	closed               bool // all of it was written, or given up
	void                 bool // its part has begun anew, and it is written no more
	again                bool // it is void, but its beginning was written: a call of the same ID and name has to take it over
	argsWithStart        bool // its arguments came whole where it began
	ended                bool // the source says so
	valid                bool // the arguments, when they ended
	empty                bool // no arguments have come
	place                int  // among the calls written, from 0 without gaps (WC-9)
}

func (a *answer) reset() {
	*a = answer{
		id: a.id[:0], model: a.model[:0], blocked: a.blocked[:0], choices: a.choices[:0],
	}
}

// choice returns the choice with an index of the source. If it is new, the choice begins.
func (a *answer) choice(index int) *choice {
	for i := range a.choices {
		if a.choices[i].index == index {
			return &a.choices[i]
		}
	}
	n := len(a.choices)
	a.choices = slices.Grow(a.choices, 1)[:n+1] // its memory may be of an earlier stream
	c := &a.choices[n]
	*c = choice{index: index, place: n, native: c.native[:0], stopText: c.stopText[:0], calls: c.calls[:0], wrote: c.wrote[:0]}
	return c
}

// maxCallGap bounds how far a call's index may run ahead of the calls that are there. The
// deltas of this library never do.
const maxCallGap = 1024

// call returns a call by its index in the source. Calls that are missing up to it begin in
// this part of the message. It returns nil if the index is out of range.
func (c *choice) call(index, part int) *call {
	if index < 0 || index > len(c.calls)+maxCallGap {
		return nil
	}
	for len(c.calls) <= index {
		n := len(c.calls)
		c.calls = slices.Grow(c.calls, 1)[:n+1]
		k := &c.calls[n]
		*k = call{id: k.id[:0], name: k.name[:0], typ: k.typ[:0], extra: k.extra[:0], held: k.held[:0], empty: true, place: -1, part: part}
	}
	return &c.calls[index]
}

// note takes what a delta adds to the call. Its arguments are left to the caller.
func (k *call) note(d *llmstream.Delta, lost *Lost) {
	t := &d.ToolCall
	if d.Kind == llmstream.KindToolCallEnd {
		k.ended, k.valid = true, t.ArgumentsValid
		return
	}
	if t.Restart {
		k.empty, k.ended, k.valid = true, false, false
	}
	k.argsWithStart = k.argsWithStart || len(t.ID) > 0 && len(t.Arguments) > 0
	if len(t.ID) > 0 {
		if k.started {
			lost.CallIDs++
		} else if len(k.id) == 0 {
			k.id = append(k.id, t.ID...)
		}
	}
	if len(k.name) == 0 {
		k.name = append(k.name, t.Name...)
	}
	if len(k.typ) == 0 {
		k.typ = append(k.typ, t.Type...)
	}
	if len(t.Extra) > 0 {
		k.extra = append(k.extra[:0], t.Extra...)
	}
	k.empty = k.empty && len(t.Arguments) == 0
}

// isCustom reports whether the tool takes free text in place of JSON.
func (k *call) isCustom() bool { return string(k.typ) == "custom" }

// mayStart reports whether the beginning of the call can be written: its name is known
// (WG-15), and so is its ID, or there will be none (WG-14). With Options.HoldArguments a
// call waits until it has ended: till then all of it may turn out to be void (WG-20).
func (e *Encoder) mayStart(k *call) bool {
	return len(k.name) > 0 && (k.ended || len(k.id) > 0 && !e.opt.HoldArguments)
}

// whole reports, at the source's end marker, whether the answer is: every choice has its
// finish reason, or output and no open call. It is never surer than llmstream's verdict
// (WG-8): a role alone is no answer, and a finish reason without a known meaning, such as
// Cohere's "ERROR", may be a failure, of which Close is told.
func (a *answer) whole() bool {
	if a.isBlocked {
		return true
	}
	for i := range a.choices {
		c := &a.choices[i]
		if c.reason == llmstream.FinishUnknown || !c.finished && !c.output {
			return false
		}
		for k := range c.calls {
			if !c.finished && !c.calls[k].void && !(c.calls[k].ended && c.calls[k].valid) {
				return false
			}
		}
	}
	return len(a.choices) > 0
}

// noteBlock takes the reason why the prompt is not answered.
func (a *answer) noteBlock(d *llmstream.Delta) {
	a.isBlocked = true
	a.blocked = append(a.blocked[:0], d.NativeFinishReason...)
}

// noteFinish takes the finish reason of a choice.
func (a *answer) noteFinish(d *llmstream.Delta) {
	c := a.choice(d.Choice)
	c.finished, c.reason = true, d.FinishReason
	c.native = append(c.native[:0], d.NativeFinishReason...)
	c.stopText = append(c.stopText[:0], d.StopSequence...)
}
