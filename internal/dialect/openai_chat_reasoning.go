package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// reasoningNames are the members that hold reasoning, by precedence.
var reasoningNames = [...]string{"reasoning_content", "reasoning", "reasoning_text", "thinking"}

// decodeReasoning adds the reasoning of a delta. Servers repeat the same text under
// several names, so the first name with a text counts. It also adds the details,
// in the form in which they must be sent back.
func decodeReasoning(s *decode.Context, t *decode.Choice, d *chatDelta) {
	plain := false
	for i := range d.reasoning { // a range over the values would copy the array
		v := d.reasoning[i]
		if v == nil {
			continue
		}
		before := s.Emitted
		if o := v.GetObject(); o != nil {
			decodeReasoningObject(s, t, v)
		} else {
			decodeContent(s, t, reasoningNames[i], v, decode.KindReasoning, &t.Surrogates.Reasoning)
		}
		if plain = s.Emitted > before; plain {
			t.Marks |= sawPlainReasoning
			break
		}
	}
	if d.reasoningDetails != nil {
		decodeDetails(s, t, d.reasoningDetails)
	}
	if d.thinkingBlocks != nil {
		decodeDetails(s, t, d.thinkingBlocks)
	}
	if d.extraContent != nil && decode.Member(decode.Member(d.extraContent, "google"), "thought_signature") != nil {
		// A thought signature may stand on a delta that holds nothing else.
		s.AddDetail(t.Index, decode.ReasoningDetail{Index: -1, Type: []byte("extra_content"), Data: s.JSONOf(d.extraContent)})
	}
	if opaque := s.Word(d.opaque); len(opaque) > 0 { // GitHub Copilot's, which has to be sent back
		s.AddDetail(t.Index, decode.ReasoningDetail{Index: -1, Type: []byte("reasoning_opaque"), Data: opaque})
	}
}

func decodeDetails(s *decode.Context, t *decode.Choice, list *fastjson.Value) {
	for _, v := range list.GetArray() {
		decodeDetail(s, t, v, t.Marks&sawPlainReasoning == 0)
	}
}

// decodeReasoningObject adds reasoning that is an object where others send a
// string: {"text":…}, {"content":…}, {"signature":…}, or
// {"reasoningText":{"text":…}}, which may stand in a "reasoningContent".
func decodeReasoningObject(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	for _, name := range [...]string{"reasoningContent", "reasoningText"} {
		if inner := decode.Member(v, name); inner.GetObject() != nil {
			v = inner
		}
	}
	var text, signature *fastjson.Value
	decode.Fields(v, "text|content signature", &text, &signature)
	if piece, _ := s.Text(text, &t.Surrogates.Reasoning); len(piece) > 0 {
		s.AddText(decode.KindReasoning, t.Index, piece)
	}
	if sign := s.Word(signature); len(sign) > 0 {
		s.AddDetail(t.Index, decode.ReasoningDetail{Index: -1, Signature: sign})
	}
}

// decodeDetail adds a piece of structured reasoning. If withText is set, no plain text
// repeats the detail's text, so that text is the reasoning.
func decodeDetail(s *decode.Context, t *decode.Choice, v *fastjson.Value, withText bool) {
	if v.GetObject() == nil {
		return
	}
	r := decode.ReasoningDetail{Index: -1}
	var high *uint16
	textMember := ""
	if withText {
		high = &t.Surrogates.Reasoning
	}
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "index":
			if n, ok := s.Index(v); ok {
				r.Index = n
			}
		case "type":
			r.Type = s.Word(v)
		case "id":
			r.ID = s.Word(v)
		case "format":
			r.Format = s.Word(v)
		case "text":
			r.Text, _ = s.Text(v, high)
			textMember = "text"
		case "thinking":
			r.Text, _ = s.Text(v, high)
			textMember = "thinking"
		case "summary":
			r.Summary = s.Word(v)
		case "data":
			r.Data = s.Word(v)
		case "signature":
			r.Signature = s.Word(v)
		}
	})
	d := s.AddDetail(t.Index, r)
	if s.DetailMember = ""; s.Emitted == 2 && len(s.Details) == 1 && !withText && len(r.Text) > 0 && len(r.Summary)+len(r.Data)+len(r.Signature) == 0 {
		s.DetailMember = textMember
	}
	if withText {
		if d.Text = r.Text; len(r.Text) == 0 {
			d.Text = r.Summary
		}
		s.Delivered = s.Delivered || len(d.Text) > 0
	}
}
