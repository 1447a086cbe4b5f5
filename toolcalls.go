package llmstream

import (
	"cmp"
	"encoding/json"
	"strconv"
)

// callAcc is a tool call as far as it has come. Which call a delta belongs to was
// decided when the stream was decoded; see decode.Choice.MatchCall.
type callAcc struct {
	id, name, typ, arguments, extra []byte
	ended, valid                    bool
	place                           position
	argsWithStart                   bool // the arguments came whole where the call began
	void                            bool // the part of the call has begun anew
	truncated                       bool // there was no room for all of the call
}

// maxCallGap bounds how far the index of a delta may be past the known calls. The deltas
// of a Parser never run ahead, but other code may call HandleDelta.
const maxCallGap = defaultMaxToolCalls

// addToolCall adds a piece of a tool call, or its end.
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
		f.arguments, f.truncated = a.takeBack(f.arguments), false
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

// call returns the call at a position. If calls up to that position are missing, they
// begin as calls of this part of the message. It returns nil if there is no memory for
// them.
func (c *choiceAcc) call(a *Accumulator, at, part int) *callAcc {
	for len(c.calls) <= at {
		list, ok := addSlot(a, c.calls)
		if !ok {
			return nil
		}
		c.calls = list
		c.calls[len(c.calls)-1].place = c.positionIn(part)
	}
	return &c.calls[at]
}

// ToolCall returns a copy of call i of the choice with this index, as far as it has
// come. Calls are counted in order of appearance, from 0. ok is false if there is no
// such call.
func (a *Accumulator) ToolCall(choice, i int) (call ToolCall, ok bool) {
	a.voidRestarted()
	for k := range a.choices {
		if c := &a.choices[k]; c.index == choice && i >= 0 && i < len(c.calls) && !c.calls[i].void {
			return c.calls[i].toolCall(i, choice, a.seed()), true
		}
	}
	return ToolCall{}, false
}

// seed returns the beginning of synthetic call ids: the completion's id, or its time if
// it has no id.
func (a *Accumulator) seed() string { return callSeed(string(a.id), a.created) }

func callSeed(id string, created int64) string {
	if id == "" && created != 0 {
		return strconv.FormatInt(created, 10)
	}
	return id
}

// syntheticID returns the id of a call without an id (T-05).
func syntheticID(seed string, choice, i int) string {
	return "call_" + seed + "_" + strconv.Itoa(choice) + "_" + strconv.Itoa(i)
}

// toolCall returns a copy of the call. A call without an id gets one that is made of seed
// and of its position.
func (f *callAcc) toolCall(i, choice int, seed string) ToolCall {
	c := ToolCall{
		Index: i, ID: string(f.id), Type: string(f.typ), Name: string(f.name),
		Arguments: string(f.arguments), Extra: cloneJSON(f.extra),
		Ended: f.ended && !f.truncated, ArgumentsValid: f.valid && !f.truncated,
	}
	c.Type = cmp.Or(c.Type, functionTool)
	if c.ID == "" {
		c.ID, c.SyntheticID = syntheticID(seed, choice, i), true
	}
	return c
}

// ToolCall is a call that the model requests.
type ToolCall struct {
	Index     int    // among the calls of its choice, in order of appearance
	ID        string // never empty; see SyntheticID
	Type      string // "function" or "custom"
	Name      string
	Arguments string          // as the model wrote them: "", JSON, or what should have been JSON
	Extra     json.RawMessage // to be sent back with the call, or nil

	// SyntheticID reports that the provider gave no id and that this library made
	// one up. If the completion has no id either, calls of other completions may
	// have the same id.
	SyntheticID bool
	// Ended reports that the arguments are whole, and that MaxBytes has not cut the
	// call. Do not run a call that has not ended, even if its arguments are JSON.
	Ended bool
	// ArgumentsValid reports that the call has ended, and that its arguments are one
	// JSON value, or empty, or the text of a custom tool.
	ArgumentsValid bool
}

// ArgumentsJSON returns "{}" if there are no arguments, and otherwise the arguments
// unchanged. ArgumentsValid reports whether they are JSON.
func (c *ToolCall) ArgumentsJSON() string {
	if c.Arguments == "" {
		return "{}"
	}
	return c.Arguments
}
