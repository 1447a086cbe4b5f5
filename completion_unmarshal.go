package llmstream

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"slices"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// A chat.completion object is read twice. First a Parser reads it as it reads the object that
// a server sends in place of a stream. Then the members that MarshalJSON writes replace what
// the Parser has read, unless their type is not the one that MarshalJSON gives them.

// UnmarshalJSON sets c to a chat.completion object, from [Completion.MarshalJSON] or from any
// server that is compatible with OpenAI's. A tool call has ended unless its arguments break
// off. If the object is an error, UnmarshalJSON returns an *[APIError]. If it
// has more than 4,096 choices or tool calls, the error holds a *[LimitError]. Text that is not
// UTF-8, and the way in which raw JSON is written, do not survive MarshalJSON.
func (c *Completion) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	read, err := readCompletion(data)
	if err == nil {
		*c = *read
	}
	return err
}

// UnmarshalJSON sets c to an element of choices; see [Completion.UnmarshalJSON].
func (c *Choice) UnmarshalJSON(data []byte) error {
	read, err := readWrapped(`{"choices":[`, data, `]}`)
	if err == nil && len(read.Choices) > 0 {
		*c = read.Choices[0]
	}
	return err
}

// UnmarshalJSON sets m to a message; see [Completion.UnmarshalJSON].
func (m *Message) UnmarshalJSON(data []byte) error {
	read, err := readWrapped(`{"choices":[{"message":`, data, `}]}`)
	if err == nil && len(read.Choices) > 0 {
		*m = read.Choices[0].Message
	}
	return err
}

// UnmarshalJSON sets c to an element of tool_calls; see [Completion.UnmarshalJSON].
func (c *ToolCall) UnmarshalJSON(data []byte) error {
	read, err := readWrapped(`{"choices":[{"message":{"tool_calls":[`, data, `]}}]}`)
	if err == nil && len(read.Choices) > 0 && len(read.Choices[0].Message.ToolCalls) > 0 {
		*c = read.Choices[0].Message.ToolCalls[0]
	}
	return err
}

// readWrapped reads a part of a chat.completion object. If data is null, it returns an empty
// completion.
func readWrapped(before string, data []byte, after string) (*Completion, error) {
	if string(data) == "null" {
		return &Completion{}, nil
	}
	if data = jsonscan.TrimSpace(data); len(data) == 0 || data[0] != '{' {
		return nil, errNoCompletion
	}
	return readCompletion(slices.Concat([]byte(before), data, []byte(after)))
}

// maxRead is the number of choices, and of tool calls, that are read from JSON. Each new one
// is compared with those before.
const maxRead = 4096

var errNoCompletion = errors.New(errorPrefix + "the JSON is not a chat.completion object")

// readCompletion reads a chat.completion object.
func readCompletion(data []byte) (*Completion, error) {
	var own ownCompletion
	if err := json.Unmarshal(data, &own); err != nil {
		return nil, err
	}
	if list := own.Choices.value; list != nil && len(*list) > maxRead {
		return nil, &SyntaxError{Event: 1, Length: len(data), Err: &LimitError{Limit: "MaxChoices", Max: maxRead}}
	}
	size := len(data) + 1 // the limits in bytes and values are past what the data may hold
	answer := Accumulator{MaxBytes: 2 * size}
	p := NewParser(OpenAIChat, &answer, &Options{
		MaxLine: size, MaxEvent: size, MaxValues: size, MaxChoices: maxRead, MaxToolCalls: maxRead, NoFastPath: true,
	})
	p.Write(data)
	p.Close()
	o := p.Outcome()
	switch {
	case o.Damage != nil:
		return nil, o.Damage
	case own.Choices.value == nil && o.APIError != nil:
		return nil, o.APIError
	case own.Choices.value == nil && (own.Object.value == nil || *own.Object.value != chatCompletion):
		return nil, errNoCompletion
	}
	c := answer.Completion()
	own.apply(c)
	return c, nil
}

// own is a member that MarshalJSON writes. value is nil if the member is absent, null or of
// another type.
type own[T any] struct{ value *T }

func (o *own[T]) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	o.value = nil // of two equal members the last one counts
	if v := new(T); json.Unmarshal(data, v) == nil {
		o.value = v
	}
	return nil
}

// setTo sets to to the member's value, if there is one.
func (o own[T]) setTo(to *T) {
	if o.value != nil {
		*to = *o.value
	}
}

type ownCompletion struct {
	ID            own[string]       `json:"id"`
	Object        own[string]       `json:"object"`
	Model         own[string]       `json:"model"`
	Choices       own[[]ownChoice]  `json:"choices"`
	UsageReported own[reportedJSON] `json:"usage_reported"`
	UsageRaw      json.RawMessage   `json:"usage_raw"`
	Citations     json.RawMessage   `json:"citations"`
	BlockReason   own[string]       `json:"block_reason"`
	DroppedBytes  own[int64]        `json:"dropped_bytes"`
}

type ownChoice struct {
	Index              own[int]          `json:"index"`
	Message            own[ownMessage]   `json:"message"`
	Logprobs           json.RawMessage   `json:"logprobs"`
	FinishReason       own[FinishReason] `json:"finish_reason"`
	NativeFinishReason own[string]       `json:"native_finish_reason"`
	StopSequence       own[string]       `json:"stop_sequence"`
}

type ownMessage struct {
	Role             own[string]            `json:"role"`
	Content          own[string]            `json:"content"`
	Reasoning        own[string]            `json:"reasoning_content"`
	ReasoningDetails own[[]detailJSON]      `json:"reasoning_details"`
	Refusal          own[string]            `json:"refusal"`
	ToolCalls        own[[]toolCallJSON]    `json:"tool_calls"`
	Annotations      json.RawMessage        `json:"annotations"`
	Images           own[[]json.RawMessage] `json:"images"`
	Audio            own[Audio]             `json:"audio"`
	Items            own[[]json.RawMessage] `json:"items"`
	Parts            own[[]Part]            `json:"parts"`
}

// apply sets the fields of c that o has.
func (o *ownCompletion) apply(c *Completion) {
	o.ID.setTo(&c.ID)
	o.Model.setTo(&c.Model)
	if r := o.UsageReported.value; r != nil {
		raw := c.Usage.Raw
		c.Usage = r.usage()
		c.Usage.Raw = raw
	}
	if raw := compact(o.UsageRaw, '{'); raw != nil {
		c.Usage.Raw = raw
	}
	if raw := compact(o.Citations, '['); raw != nil {
		c.Citations = raw
	}
	o.BlockReason.setTo(&c.BlockReason)
	o.DroppedBytes.setTo(&c.Dropped)
	if o.Choices.value == nil {
		return
	}
	for i := range *o.Choices.value {
		x := &(*o.Choices.value)[i]
		index := i
		x.Index.setTo(&index)
		x.apply(c.choice(index), c)
	}
	c.Continuation = c.continuation()
}

// choice returns the choice with this index. If the choice has not begun, it adds one.
func (c *Completion) choice(index int) *Choice {
	at := slices.IndexFunc(c.Choices, func(x Choice) bool { return x.Index >= index })
	if at < 0 {
		at = len(c.Choices)
	}
	if at == len(c.Choices) || c.Choices[at].Index != index {
		c.Choices = slices.Insert(c.Choices, at, Choice{Index: index})
	}
	return &c.Choices[at]
}

func (o *ownChoice) apply(x *Choice, c *Completion) {
	if raw := compact(o.Logprobs, '{'); raw != nil {
		x.Logprobs = raw
	}
	if o.NativeFinishReason.value != nil {
		x.NativeFinishReason, x.FinishReason = *o.NativeFinishReason.value, FinishNone
		o.FinishReason.setTo(&x.FinishReason)
	}
	o.StopSequence.setTo(&x.StopSequence)
	if m := o.Message.value; m != nil {
		m.apply(x, c)
	}
}

func (o *ownMessage) apply(x *Choice, c *Completion) {
	m := &x.Message
	o.Role.setTo(&m.Role)
	o.Content.setTo(&m.Content)
	o.Reasoning.setTo(&m.Reasoning)
	o.Refusal.setTo(&m.Refusal)
	if list := o.ReasoningDetails.value; list != nil {
		m.ReasoningDetails = nil
		for i := range *list {
			m.ReasoningDetails = append(m.ReasoningDetails, (*list)[i].block())
		}
	}
	if raw := compact(o.Annotations, '['); raw != nil {
		m.Annotations = raw
	}
	if list := o.Images.value; list != nil {
		m.Images = compactAll(*list)
	}
	if list := o.Items.value; list != nil {
		m.Items = compactAll(*list)
	}
	if o.Audio.value != nil {
		m.Audio = o.Audio.value
	}
	for i := range m.ToolCalls {
		m.ToolCalls[i].settle(x.FinishReason)
	}
	if calls := o.calls(); len(calls) > 0 {
		m.ToolCalls = make([]ToolCall, len(calls))
		for i := range calls {
			m.ToolCalls[i] = calls[i].call(i, x.Index, callSeed(c.ID, c.Created), x.FinishReason)
		}
	}
	m.Parts = m.wholeParts()
	if o.Parts.value != nil && !slices.ContainsFunc(*o.Parts.value, m.lacks) {
		m.Parts = *o.Parts.value
	}
}

// lacks reports whether m has nothing that p may refer to.
func (m *Message) lacks(p Part) bool {
	length := 0
	switch p.Kind {
	case KindContent, KindRefusal:
	case KindReasoning:
		length = len(m.ReasoningDetails)
	case KindToolCall:
		length = len(m.ToolCalls)
	case KindItem:
		length = len(m.Items)
	case KindMedia:
		length = len(m.Images)
	default:
		return true
	}
	return p.Index < -1 || p.Index >= length
}

// calls returns the tool calls, or nil if they are not in the form that MarshalJSON writes.
func (o *ownMessage) calls() (calls []toolCallJSON) {
	o.ToolCalls.setTo(&calls)
	for i := range calls {
		if calls[i].Function == nil && calls[i].Custom == nil {
			return nil
		}
	}
	return calls
}

// call returns the call, which stands at this position of a choice.
func (j *toolCallJSON) call(at, choice int, seed string, finish FinishReason) ToolCall {
	c := ToolCall{Index: at, ID: j.ID, Type: cmp.Or(j.Type, functionTool)}
	if j.Index != nil {
		c.Index = *j.Index
	}
	if j.Custom != nil {
		c.Name, c.Arguments = j.Custom.Name, j.Custom.Input
	} else {
		c.Name, c.Arguments = j.Function.Name, j.Function.Arguments
	}
	if all := compactAll([]json.RawMessage{j.Extra}); len(all) > 0 {
		c.Extra = all[0]
	}
	made := syntheticID(seed, choice, c.Index)
	c.ID = cmp.Or(c.ID, made)
	c.SyntheticID = c.ID == made
	c.settle(finish)
	switch {
	case j.Incomplete:
		c.Ended, c.ArgumentsValid = false, false
	case j.ArgumentsValid != nil:
		c.Ended, c.ArgumentsValid = true, *j.ArgumentsValid
	}
	return c
}

// settle ends a call of a whole answer, unless it has no name or its arguments break off.
func (c *ToolCall) settle(finish FinishReason) {
	arguments := jsonscan.TrimSpace([]byte(c.Arguments))
	c.Ended = c.Name != "" && (len(arguments) == 0 || c.Type == customTool || jsonscan.Valid(arguments))
	c.ArgumentsValid = c.Ended && finish != FinishUnknown
}

func (d *detailJSON) block() ReasoningBlock {
	b := ReasoningBlock{Index: -1, Type: d.Type, ID: d.ID, Format: d.Format, Text: d.Text, Summary: d.Summary, Data: d.Data, Signature: d.Signature}
	if d.Index != nil {
		b.Index = *d.Index
	}
	return b
}

// compact returns raw without white space if it begins with this byte, and otherwise nil.
func compact(raw json.RawMessage, first byte) json.RawMessage {
	raw = jsonscan.TrimSpace(raw)
	if len(raw) == 0 || raw[0] != first {
		return nil
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return nil
	}
	return b.Bytes()
}

func compactAll(list []json.RawMessage) []json.RawMessage {
	var all []json.RawMessage
	for _, raw := range list {
		if raw = jsonscan.TrimSpace(raw); len(raw) > 0 {
			all = append(all, compact(raw, raw[0]))
		}
	}
	return all
}
