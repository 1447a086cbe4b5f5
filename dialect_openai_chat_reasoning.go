package llmstream

import "github.com/valyala/fastjson"

// reasoningNames are the members that reasoning stands in, by precedence.
var reasoningNames = [...]string{"reasoning_content", "reasoning", "reasoning_text", "thinking"}

// decodeReasoning adds the reasoning of a delta: the first of its names that
// holds any, since servers repeat the same text under several, and beside
// it the details as they must be sent back.
func (s *step) decodeReasoning(t *choiceTrack, d *chatDelta) {
	plain := false
	for i := range d.reasoning { // not over a copy of them
		v := d.reasoning[i]
		if v == nil {
			continue
		}
		before := s.given
		if o := v.GetObject(); o != nil {
			s.decodeReasoningObject(t, v)
		} else {
			s.decodeContent(t, reasoningNames[i], v, xKindReasoning, &t.high.reasoning)
		}
		if plain = s.given > before; plain {
			t.marks |= sawPlainReasoning
			break
		}
	}
	if d.reasoningDetails != nil {
		s.decodeDetails(t, d.reasoningDetails)
	}
	if d.thinkingBlocks != nil {
		s.decodeDetails(t, d.thinkingBlocks)
	}
	if d.extraContent != nil && member(member(d.extraContent, "google"), "thought_signature") != nil {
		// It may stand on a delta that holds nothing else.
		s.addDetail(t.index, xReasoningDetail{Index: -1, Type: []byte("extra_content"), Data: s.source(d.extraContent)})
	}
	if opaque := s.word(d.opaque); len(opaque) > 0 { // GitHub Copilot's, which is to go back
		s.addDetail(t.index, xReasoningDetail{Index: -1, Type: []byte("reasoning_opaque"), Data: opaque})
	}
}

func (s *step) decodeDetails(t *choiceTrack, list *fastjson.Value) {
	for _, v := range list.GetArray() {
		s.decodeDetail(t, v, t.marks&sawPlainReasoning == 0)
	}
}

// decodeReasoningObject adds reasoning that is an object where others send a
// string: {"text":…}, {"signature":…}, {"reasoningText":{"text":…}}, which may stand
// in a "reasoningContent".
func (s *step) decodeReasoningObject(t *choiceTrack, v *fastjson.Value) {
	for _, name := range [...]string{"reasoningContent", "reasoningText"} {
		if inner := member(v, name); inner.GetObject() != nil {
			v = inner
		}
	}
	if text, _ := s.string(member(v, "text"), &t.high.reasoning); len(text) > 0 {
		s.addText(xKindReasoning, t.index, text)
	}
	if signature := s.word(member(v, "signature")); len(signature) > 0 {
		s.addDetail(t.index, xReasoningDetail{Index: -1, Signature: signature})
	}
}

// decodeDetail adds a piece of structured reasoning. withText: no plain text says
// the same, so that the detail's text is the reasoning.
func (s *step) decodeDetail(t *choiceTrack, v *fastjson.Value, withText bool) {
	if v.GetObject() == nil {
		return
	}
	r := xReasoningDetail{Index: -1}
	var high *uint16
	textMember := ""
	if withText {
		high = &t.high.reasoning
	}
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "index":
			if n, ok := s.index(v); ok {
				r.Index = n
			}
		case "type":
			r.Type = s.word(v)
		case "id":
			r.ID = s.word(v)
		case "format":
			r.Format = s.word(v)
		case "text":
			r.Text, _ = s.string(v, high)
			textMember = "text"
		case "thinking":
			r.Text, _ = s.string(v, high)
			textMember = "thinking"
		case "summary":
			r.Summary = s.word(v)
		case "data":
			r.Data = s.word(v)
		case "signature":
			r.Signature = s.word(v)
		}
	})
	d := s.addDetail(t.index, r)
	if s.detailMember = ""; s.given == 2 && len(s.details) == 1 && !withText && len(r.Text) > 0 && len(r.Summary)+len(r.Data)+len(r.Signature) == 0 {
		s.detailMember = textMember
	}
	if withText {
		if d.Text = r.Text; len(r.Text) == 0 {
			d.Text = r.Summary
		}
		s.delivered = s.delivered || len(d.Text) > 0
	}
}
