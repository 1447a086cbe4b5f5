package llmstream

import (
	"strconv"
)

// callAcc is a tool call as far as it has come. Which call a delta belongs to
// was decided where the stream was decoded; see decode.Choice.MatchCall.
type callAcc struct {
	id, name, typ, arguments, extra []byte
	ended, valid                    bool
	part                            int  // of the message
	argsWithStart                   bool // the arguments came whole where it began
	void                            bool // its part has begun anew
	truncated                       bool // there was no room for all of it
}

// maxCallGap bounds how far a delta's index may run ahead of the calls that are
// there. A parser's deltas never do; a handler may be fed by others.
const maxCallGap = defaultMaxToolCalls

// addToolCall folds in a piece of a tool call, or its end.
func (a *Accumulator) addToolCall(c *choiceAcc, d *Delta) {
	at := d.ToolCall.Index
	if at < 0 || at >= len(c.calls)+maxCallGap {
		a.dropped += int64(len(d.ToolCall.Arguments))
		return
	}
	f := c.call(a, at, d.Part)
	if f == nil {
		a.dropped += int64(len(d.ToolCall.Arguments))
		return
	}
	if d.Kind == KindToolCallEnd {
		f.ended, f.valid = true, d.ToolCall.ArgumentsValid
		return
	}
	if d.ToolCall.Restart {
		a.kept -= len(f.arguments)
		f.arguments = f.arguments[:0]
	}
	dropped := a.dropped
	f.argsWithStart = f.argsWithStart || len(d.ToolCall.ID) > 0 && len(d.ToolCall.Arguments) > 0
	f.id = a.setOnce(f.id, d.ToolCall.ID)
	f.name = a.setOnce(f.name, d.ToolCall.Name)
	f.typ = a.setOnce(f.typ, d.ToolCall.Type)
	f.arguments = a.join(f.arguments, d.ToolCall.Arguments)
	if len(d.ToolCall.Extra) > 0 {
		f.extra = a.setJSON(f.extra, d.ToolCall.Extra)
	}
	f.truncated = f.truncated || a.dropped > dropped
}

// call returns the call at a position, and begins the calls that are missing up to it as
// calls of this part of the message. It returns nil if there is no memory for them.
func (c *choiceAcc) call(a *Accumulator, at, part int) *callAcc {
	for len(c.calls) <= at {
		list, ok := addSlot(a, c.calls)
		if !ok {
			return nil
		}
		c.calls = list
		c.calls[len(c.calls)-1].part = part
	}
	return &c.calls[at]
}

// ToolCall returns a copy of call i, counted in order of appearance from 0, of the
// choice with this index, as far as it has come. ok is false if there is no such call.
func (a *Accumulator) ToolCall(choice, i int) (call ToolCall, ok bool) {
	for k := range a.choices {
		if c := &a.choices[k]; c.index == choice && i >= 0 && i < len(c.calls) && !c.calls[i].void {
			return c.calls[i].toolCall(i, choice, a.seed()), true
		}
	}
	return ToolCall{}, false
}

// seed is what made-up ids of calls begin with: the completion's id, or else its time.
func (a *Accumulator) seed() string {
	if len(a.id) == 0 && a.created != 0 {
		return strconv.FormatInt(a.created, 10)
	}
	return string(a.id)
}

// toolCall returns a copy. A call that never got an id gets one that is made of seed
// and of where it stands (T-05).
func (f *callAcc) toolCall(i, choice int, seed string) ToolCall {
	c := ToolCall{
		Index: i, ID: string(f.id), Type: string(f.typ), Name: string(f.name),
		Arguments: string(f.arguments), Extra: string(f.extra),
		Ended: f.ended && !f.truncated, ArgumentsValid: f.valid && !f.truncated,
	}
	if c.Type == "" {
		c.Type = "function"
	}
	if c.ID == "" {
		c.SyntheticID = true
		c.ID = "call_" + seed + "_" + strconv.Itoa(choice) + "_" + strconv.Itoa(i)
	}
	return c
}

// ToolCall is a call that the model wants made.
type ToolCall struct {
	Index     int    // among the calls of its choice, in order of appearance
	ID        string // never empty; see SyntheticID
	Type      string // "function" or "custom"
	Name      string
	Arguments string // as the model wrote them: "", JSON, or what should have been JSON
	Extra     string // JSON that has to be sent back with the call; "": none

	// SyntheticID: the provider gave no id, and this library made one up. Where the
	// completion has no id either, calls of other completions may have the same.
	SyntheticID bool
	// Ended: the arguments are whole, and MaxBytes has cut none of the call. One
	// that has not ended must not be made, even if its arguments are JSON (T-17,
	// T-19).
	Ended bool
	// ArgumentsValid: it has ended, and the arguments are one JSON value, or
	// empty, or the text of a custom tool.
	ArgumentsValid bool
}

// ArgumentsJSON returns "{}" where there are no arguments at all (T-11), and else
// the arguments as they are; whether they are JSON is in ArgumentsValid.
func (c *ToolCall) ArgumentsJSON() string {
	if c.Arguments == "" {
		return "{}"
	}
	return c.Arguments
}
