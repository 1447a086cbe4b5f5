package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// DashScope's own API: https://www.alibabacloud.com/help/en/model-studio/qwen-api-via-dashscope.
// An event has the next piece of each text. Unless the request sets incremental_output,
// it has each text so far instead. The events do not show which; see soFar. There is no
// end marker: the finish reason is the end. Until then the reason is the word "null".

// dashScope decodes the streams of DashScope's own API.
type dashScope struct {
	texts soFar
	// output is the number of output tokens in the latest report. grew reports whether
	// the current event reports more.
	output int64
	grew   bool
}

func (d *dashScope) Reset() {
	d.texts.reset()
	*d = dashScope{texts: d.texts}
}

// dashScopeOutput holds the members of an event's output.
type dashScopeOutput struct {
	choices, text, finish *fastjson.Value
}

func (o *dashScopeOutput) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "choices":
			o.choices = v
		case "text":
			o.text = v
		case "finish_reason":
			o.finish = v
		}
	})
}

// isAnswer reports whether this is the output of a text model. The output of an image
// model, for one, has other members.
func (o *dashScopeOutput) isAnswer(s *decode.Context) bool {
	return s.IsArray(o.choices) || o.text != nil && o.finish != nil
}

func detectDashScope(s *decode.Context) bool {
	var o dashScopeOutput
	o.read(decode.Member(s.Root, "output"))
	return o.isAnswer(s)
}

func (d *dashScope) Decode(s *decode.Context) {
	var output, usage, id *fastjson.Value
	s.Root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "output":
			output = v
		case "usage":
			usage = v
		case "request_id":
			id = v
		}
	})
	var o dashScopeOutput
	o.read(output)
	if !o.isAnswer(s) || string(s.Type) == "error" {
		s.AddErrorObject()
		return
	}
	if !s.Announced.ID {
		s.EmitStart(decode.Start{ID: s.Word(id)})
	}
	s.PiecesOnly = true
	d.compareUsage(s, usage)
	for position, v := range o.choices.GetArray() {
		d.decodeChoice(s, v, position)
	}
	if o.text != nil {
		t := s.Choice(0)
		d.addText(s, t, decode.KindContent, "text", o.text)
		addDashScopeFinish(s, t, o.finish)
	}
	addDashScopeUsage(s, usage)
	s.Contextual = s.Contextual || !d.texts.pieces
}

// compareUsage notes whether the event reports more output than the one before it.
func (d *dashScope) compareUsage(s *decode.Context, usage *fastjson.Value) {
	n, _ := s.Int(decode.Member(usage, "output_tokens"))
	d.grew = n > d.output
	d.output = max(d.output, n)
}

func (d *dashScope) decodeChoice(s *decode.Context, v *fastjson.Value, position int) {
	var index, message, finish *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "index":
			index = v
		case "message":
			message = v
		case "finish_reason":
			finish = v
		}
	})
	if n, ok := s.Index(index); ok && n >= 0 {
		position = n
	}
	t := s.Choice(position)
	if t == nil {
		return
	}
	d.decodeMessage(s, t, message)
	addDashScopeFinish(s, t, finish)
}

// decodeMessage adds a message. Its content is a text. Models that see or hear send a
// list of texts and media instead.
func (d *dashScope) decodeMessage(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	var role, content, reasoning, calls *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "role":
			role = v
		case "content":
			content = v
		case "reasoning_content":
			reasoning = v
		case "tool_calls":
			calls = v
		}
	})
	s.AddRole(t, role)
	d.addText(s, t, decode.KindReasoning, "reasoning_content", reasoning)
	d.addText(s, t, decode.KindContent, "content", content)
	for _, part := range content.GetArray() {
		d.addText(s, t, decode.KindContent, "text", decode.Member(part, "text"))
		for _, name := range [...]string{"image", "audio", "video"} {
			if media := decode.Member(part, name); media != nil {
				s.AddMedia(t, part)
			}
		}
	}
	for i, call := range calls.GetArray() {
		d.decodeCall(s, t, call, i)
	}
}

// The parts of a message. Each text has a part of its own, so that it can begin anew
// without the others.
const (
	dashScopeReasoning = iota
	dashScopeContent
	dashScopeCalls
)

// addText adds what is new in a text of a choice.
func (d *dashScope) addText(s *decode.Context, t *decode.Choice, kind decode.Kind, member string, v *fastjson.Value) {
	var text []byte
	if d.texts.pieces {
		text, _ = s.Text(v, t.Surrogate(kind))
	} else {
		text = s.Word(v)
	}
	if len(text) == 0 {
		return
	}
	s.Part = dashScopeContent
	if kind == decode.KindReasoning {
		s.Part = dashScopeReasoning
	}
	if d.texts.pieces {
		s.AddTextOf(member, kind, t.Index, text)
		return
	}
	text, anew := d.texts.add(s, textKey{choice: t.Index, part: s.Part}, text, d.grew)
	if anew {
		s.AddRestart(t.Index)
	}
	s.AddText(kind, t.Index, text)
}

// decodeCall begins or continues a tool call.
func (d *dashScope) decodeCall(s *decode.Context, t *decode.Choice, v *fastjson.Value, index int) {
	var c chatCall
	c.read(v)
	if n, ok := s.Index(c.index); ok && n >= 0 {
		index = n
	}
	s.Part = dashScopeCalls
	id, name := s.Word(c.id), s.Word(c.name)
	at := t.CallAtIndex(index)
	if at < 0 || len(name) > 0 && len(id) > 0 && t.Calls[at].ID != decode.Hash(id) {
		if len(id)+len(name) == 0 {
			if len(s.Word(c.arguments)) > 0 { // else it is no call (T-23)
				lostBeginning(s, t)
			}
			return
		}
		if at = s.BeginCall(t, index, id, name, decode.TypeFunction); at < 0 {
			return
		}
	}
	if d.texts.pieces {
		s.AppendArguments(t, at, c.textMember, c.arguments)
		return
	}
	if text := s.Word(c.arguments); len(text) > 0 {
		text, anew := d.texts.add(s, textKey{choice: t.Index, part: s.Part + at}, text, d.grew)
		if anew { // arguments that were delivered cannot be taken back
			s.Conflicts++
			t.Calls[at].Break()
		}
		s.AppendArgumentText(t, at, text)
	}
}

// addDashScopeFinish adds a finish reason. Until there is a reason, the word is "null".
func addDashScopeFinish(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	if native := s.Word(v); string(native) != "null" {
		s.AddFinishOrCalls(t, native)
	}
}

func addDashScopeUsage(s *decode.Context, v *fastjson.Value) {
	if v.GetObject() == nil {
		return
	}
	raw := s.Raw(v)
	var u decode.Usage
	readChatUsage(s, &u, v)
	s.AddGrowingUsage(&dashScopeCounts, &u, raw)
}

// dashScopeCounts are the counts that grow during an answer.
var dashScopeCounts = decode.GrowingUsage{
	Names: [decode.UsageCounts]string{"output_tokens", "total_tokens", "reasoning_tokens"},
	Complete: func(_ *decode.Usage, u decode.Usage) decode.Usage {
		return u
	},
}
