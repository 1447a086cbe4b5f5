package encode

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// AppendCompletion appends an answer to dst as the JSON body with which the target answers a
// request without "stream". The target is OpenAIChat, AnthropicMessages,
// OpenAIResponses or Gemini. What the target cannot express is left out, as by an
// [Encoder]; docs/transcoding.md lists it. Of several choices, Anthropic and Responses
// get the first.
//
// AppendCompletion does not know how the stream ended: check the outcome first. It fails if
// the target is any other dialect. It also fails if a call's arguments are not a JSON
// object and the target is Anthropic or Gemini, whose bodies need one. On failure it
// returns dst unchanged.
func AppendCompletion(dst []byte, to llmstream.Dialect, c *llmstream.Completion) ([]byte, error) {
	e, err := New(io.Discard, to, &Options{IncludeUsage: true, Now: func() time.Time { return time.Unix(c.Created, 0) }})
	if err != nil {
		return dst, err
	}
	e.id, e.model = []byte(c.ID), []byte(c.Model)
	e.created, e.at, e.usage = c.Created, c.Created, c.Usage
	e.isBlocked, e.blocked = c.BlockReason != "", []byte(c.BlockReason)
	var out []byte
	switch t := e.target.(type) {
	case *chatTarget:
		out = t.appendWhole(dst, c)
	case *anthropicTarget:
		out, err = t.appendWhole(dst, c)
	case *responsesTarget:
		out, err = t.appendWhole(dst, c)
	case *geminiTarget:
		out, err = t.appendWhole(dst, c)
	}
	if err != nil {
		return dst, err
	}
	return out, nil
}

// chosen returns the choices that are written, never none, without what no target is
// given: calls without a name (WG-15), and Cohere's plans.
func chosen(c *llmstream.Completion) []llmstream.Choice {
	if len(c.Choices) == 0 {
		return make([]llmstream.Choice, 1)
	}
	all := slices.Clone(c.Choices)
	for i := range all {
		m := &all[i].Message
		m.ToolCalls = slices.DeleteFunc(slices.Clone(m.ToolCalls), func(call llmstream.ToolCall) bool { return call.Name == "" })
		m.ReasoningDetails = slices.DeleteFunc(slices.Clone(m.ReasoningDetails), func(b llmstream.ReasoningBlock) bool { return b.Type == "tool_plan" })
	}
	return all
}

// reason returns why a choice ended.
func (e *Encoder) reason(x *llmstream.Choice) llmstream.FinishReason {
	if e.isBlocked {
		return llmstream.FinishContentFilter
	}
	return reasonOf(x.FinishReason, len(x.Message.ToolCalls) > 0)
}

// detailOf returns a block of reasoning as the delta that it would be in one piece.
func detailOf(b *llmstream.ReasoningBlock) llmstream.ReasoningDetail {
	return llmstream.ReasoningDetail{
		Index: b.Index, Type: []byte(b.Type), ID: []byte(b.ID), Format: []byte(b.Format),
		Text: []byte(b.Text), Summary: []byte(b.Summary), Data: []byte(b.Data), Signature: []byte(b.Signature),
	}
}

// separator appends a comma, except before the first element.
func separator(dst []byte, i int) []byte {
	if i > 0 {
		return append(dst, ',')
	}
	return dst
}

func (t *chatTarget) appendWhole(dst []byte, c *llmstream.Completion) []byte {
	dst = t.appendHead(dst, "chat.completion")
	all := chosen(c)
	for i := range all {
		x := &all[i]
		dst = strconv.AppendInt(append(separator(dst, i), `{"index":`...), int64(i), 10)
		dst = t.appendMessage(append(dst, `,"message":`...), &x.Message)
		dst = append(dst, `,"logprobs":`...)
		if value, ok := appendJSON(dst, x.Logprobs); ok && isChatLogprobs(x.Logprobs) {
			dst = value
		} else {
			dst = append(dst, "null"...)
		}
		word, _ := chatFinish(t.reason(x))
		dst = append(append(append(dst, `,"finish_reason":"`...), word...), `"}`...)
	}
	dst = append(dst, ']')
	if c.Usage.Reported != 0 {
		dst = appendChatUsage(append(dst, `,"usage":`...), &c.Usage)
	}
	return append(dst, '}')
}

func (t *chatTarget) appendMessage(dst []byte, m *llmstream.Message) []byte {
	dst = append(dst, `{"role":"assistant","content":`...)
	if m.Content == "" && len(m.ToolCalls)+len(m.Refusal) > 0 {
		dst = append(dst, "null"...)
	} else {
		dst = appendStringOf(dst, m.Content)
	}
	dst = append(dst, `,"refusal":`...)
	if m.Refusal == "" {
		dst = append(dst, "null"...)
	} else {
		dst = appendStringOf(dst, m.Refusal)
	}
	if m.Reasoning != "" {
		dst = appendStringOf(append(dst, `,"reasoning_content":`...), m.Reasoning)
	}
	if len(m.ReasoningDetails) > 0 {
		dst = append(dst, `,"reasoning_details":[`...)
		for i := range m.ReasoningDetails {
			d := detailOf(&m.ReasoningDetails[i])
			dst = appendDetails(separator(dst, i), &d)
		}
		dst = append(dst, ']')
	}
	if len(m.ToolCalls) > 0 {
		dst = append(dst, `,"tool_calls":[`...)
		for i := range m.ToolCalls {
			dst = appendChatCall(separator(dst, i), &m.ToolCalls[i])
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

func appendChatCall(dst []byte, call *llmstream.ToolCall) []byte {
	dst = appendStringOf(append(dst, `{"id":`...), call.ID)
	if call.Type == "custom" {
		dst = appendStringOf(append(dst, `,"type":"custom","custom":{"name":`...), call.Name)
		dst = append(appendStringOf(append(dst, `,"input":`...), call.Arguments), '}')
	} else {
		dst = appendStringOf(append(dst, `,"type":"function","function":{"name":`...), call.Name)
		dst = append(appendStringOf(append(dst, `,"arguments":`...), call.ArgumentsJSON()), '}')
	}
	if value, ok := appendJSON(append(dst, `,"extra_content":`...), []byte(call.Extra)); ok {
		dst = value
	}
	return append(dst, '}')
}

// appendInput appends the arguments of a call as a JSON object.
func appendInput(dst []byte, call *llmstream.ToolCall) ([]byte, error) {
	if call.Type == "custom" {
		return append(appendStringOf(append(dst, `{"input":`...), call.Arguments), '}'), nil
	}
	arguments := []byte(call.ArgumentsJSON())
	if isObject(arguments) {
		if dst, ok := appendJSON(dst, arguments); ok {
			return dst, nil
		}
	}
	return dst, fmt.Errorf("llmstream: the arguments of tool call %d are not a JSON object", call.Index)
}

func (t *anthropicTarget) appendWhole(dst []byte, c *llmstream.Completion) (_ []byte, err error) {
	x := &chosen(c)[0]
	dst = append(t.appendHead(dst), `,"content":[`...)
	from := len(dst)
	next := func() {
		if len(dst) > from {
			dst = append(dst, ',')
		}
	}
	dst = appendThinking(dst, &x.Message)
	if text := x.Message.Content + x.Message.Refusal; text != "" {
		next()
		dst = append(appendStringOf(append(dst, `{"type":"text","text":`...), text), '}')
	}
	for i := range x.Message.ToolCalls {
		call := &x.Message.ToolCalls[i]
		next()
		dst = appendStringOf(append(dst, `{"type":"tool_use","id":`...), call.ID)
		dst = appendStringOf(append(dst, `,"name":`...), call.Name)
		if dst, err = appendInput(append(dst, `,"input":`...), call); err != nil {
			return nil, err
		}
		dst = append(dst, '}')
	}
	for _, item := range x.Message.Items {
		if isAnthropicItem(&llmstream.Delta{Text: item}) {
			next()
			dst, _ = appendJSON(dst, item)
		}
	}
	reason := t.reason(x)
	if x.Message.Refusal != "" && reason == llmstream.FinishStop {
		reason = llmstream.FinishContentFilter
	}
	word, _ := anthropicStop(reason, []byte(x.NativeFinishReason))
	dst = append(append(append(dst, `],"stop_reason":"`...), word...), `","stop_sequence":null,"usage":`...)
	usage := c.Usage
	usage.Reported |= llmstream.UsageInput // a number that clients read unasked
	return append(appendAnthropicUsage(dst, &usage), '}'), nil
}

// appendThinking appends the blocks of thinking: as Anthropic signed them, if their texts
// add up to the answer's, or else all of it in one.
func appendThinking(dst []byte, m *llmstream.Message) []byte {
	text, signature := "", ""
	for i := range m.ReasoningDetails {
		if d := detailOf(&m.ReasoningDetails[i]); ownerOf(&d) == ownerAnthropic {
			text += m.ReasoningDetails[i].Text
			if signature == "" {
				signature = m.ReasoningDetails[i].Signature
			}
		}
	}
	n := 0
	thinking := func(text, signature string) {
		dst = appendStringOf(append(separator(dst, n), `{"type":"thinking","thinking":`...), text)
		dst = append(appendStringOf(append(dst, `,"signature":`...), signature), '}')
		n++
	}
	if text != m.Reasoning {
		thinking(m.Reasoning, signature)
	}
	for i := range m.ReasoningDetails {
		d := detailOf(&m.ReasoningDetails[i])
		switch {
		case ownerOf(&d) != ownerAnthropic:
		case len(d.Data) > 0:
			dst = appendString(append(separator(dst, n), `{"type":"redacted_thinking","data":`...), d.Data)
			dst = append(dst, '}')
			n++
		case text == m.Reasoning:
			thinking(string(d.Text), string(d.Signature))
		}
	}
	return dst
}

// appendWhole writes the answer as a stream, of which the body is what its last event
// holds.
func (t *responsesTarget) appendWhole(dst []byte, c *llmstream.Completion) ([]byte, error) {
	x := &chosen(c)[0]
	t.begin()
	for _, d := range deltasOf(x) {
		if err := t.HandleDelta(&d); err != nil {
			return nil, err
		}
	}
	t.finish()
	status := "completed"
	if t.cut {
		status = "incomplete"
	}
	return t.appendResponse(dst, status, nil), nil
}

// deltasOf returns the deltas that a choice would come in, were it in as few as possible.
func deltasOf(x *llmstream.Choice) (all []llmstream.Delta) {
	m := &x.Message
	add := func(kind llmstream.Kind, text string) *llmstream.Delta {
		all = append(all, llmstream.Delta{Kind: kind, Choice: x.Index, Text: []byte(text), Part: len(all)})
		return &all[len(all)-1]
	}
	if m.Reasoning != "" {
		add(llmstream.KindReasoning, m.Reasoning)
	}
	for i := range m.ReasoningDetails {
		detail := detailOf(&m.ReasoningDetails[i])
		if detail.Text = nil; len(detail.Data) > 0 {
			part := len(all)
			if i == 0 && part > 0 {
				part-- // that of the text
			}
			d := add(llmstream.KindReasoning, "")
			d.Part, d.Detail = part, &detail
		}
	}
	if m.Content != "" {
		add(llmstream.KindContent, m.Content)
	}
	if m.Refusal != "" {
		add(llmstream.KindRefusal, m.Refusal)
	}
	for i := range m.ToolCalls {
		call := &m.ToolCalls[i]
		d := add(llmstream.KindToolCall, "")
		d.ToolCall = llmstream.ToolCallDelta{
			Index: i, ID: []byte(call.ID), Name: []byte(call.Name), Type: []byte(call.Type), Arguments: []byte(call.Arguments),
		}
		if call.Ended {
			d = add(llmstream.KindToolCallEnd, "")
			d.ToolCall = llmstream.ToolCallDelta{Index: i, ArgumentsValid: call.ArgumentsValid}
		}
	}
	for _, item := range m.Items {
		add(llmstream.KindItem, string(item))
	}
	for _, image := range m.Images {
		add(llmstream.KindMedia, string(image))
	}
	d := add(llmstream.KindFinish, "")
	d.FinishReason, d.NativeFinishReason = x.FinishReason, []byte(x.NativeFinishReason)
	return all
}

func (t *geminiTarget) appendWhole(dst []byte, c *llmstream.Completion) (_ []byte, err error) {
	t.start()
	if t.isBlocked && len(c.Choices) == 0 {
		dst = appendString(append(dst, `{"promptFeedback":{"blockReason":`...), t.blocked)
		dst = append(dst, '}')
	} else {
		dst = append(dst, `{"candidates":[`...)
		all := chosen(c)
		for i := range all {
			if dst, err = t.appendCandidate(separator(dst, i), &all[i]); err != nil {
				return nil, err
			}
		}
		dst = append(dst, ']')
	}
	if c.Usage.Reported != 0 {
		dst = appendGeminiUsage(append(dst, `,"usageMetadata":`...), &c.Usage)
	}
	return append(dst, t.tail...), nil
}

func (t *geminiTarget) appendCandidate(dst []byte, x *llmstream.Choice) (_ []byte, err error) {
	m := &x.Message
	dst = append(dst, `{"content":{"role":"model","parts":[`...)
	from := len(dst)
	part := func(text string) {
		if len(dst) > from {
			dst = append(dst, ',')
		}
		dst = appendStringOf(append(dst, `{"text":`...), text)
	}
	if m.Reasoning != "" {
		part(m.Reasoning)
		dst = append(dst, `,"thought":true}`...)
	}
	signatures := slices.DeleteFunc(slices.Clone(m.ReasoningDetails), func(b llmstream.ReasoningBlock) bool {
		d := detailOf(&b)
		return ownerOf(&d) != ownerGoogle || !t.isBase64(d.Signature)
	})
	if text := m.Content + m.Refusal; text != "" || m.Reasoning == "" && len(m.ToolCalls)+len(signatures) == 0 { // WM-3
		part(text)
		dst = append(dst, '}')
	}
	for i := range signatures {
		part("")
		dst = append(appendStringOf(append(dst, `,"thoughtSignature":`...), signatures[i].Signature), '}')
	}
	for i := range m.ToolCalls {
		call := &m.ToolCalls[i]
		if len(dst) > from {
			dst = append(dst, ',')
		}
		dst = appendStringOf(append(dst, `{"functionCall":{"id":`...), call.ID)
		dst = appendStringOf(append(dst, `,"name":`...), call.Name)
		if dst, err = appendInput(append(dst, `,"args":`...), call); err != nil {
			return nil, err
		}
		dst = append(dst, '}')
		if signature := googleSignature([]byte(call.Extra)); t.isBase64(signature) {
			dst = appendString(append(dst, `,"thoughtSignature":`...), signature)
		}
		dst = append(dst, '}')
	}
	word, _ := geminiFinish(t.reason(x), []byte(x.NativeFinishReason))
	dst = append(append(append(dst, `]},"finishReason":"`...), word...), `","index":`...)
	return append(strconv.AppendInt(dst, int64(x.Index), 10), '}'), nil
}
