package llmstream

import "github.com/valyala/fastjson"

// decodeWholeConverse takes the message of a whole answer of Converse:
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html.
// Its blocks are those of a stream, but for what a stream has in pieces.
func (s *step) decodeWholeConverse(t *choiceTrack, message *fastjson.Value) {
	s.stateful = true
	s.addRole(t, member(message, "role"))
	for i, block := range member(message, "content").GetArray() {
		s.part = i
		s.decodeWholeBlock(t, block)
	}
	s.part = 0
	s.addFinish(t, s.word(member(s.root, "stopReason")))
	s.addBedrockUsage(member(s.root, "usage"))
}

func (s *step) decodeWholeBlock(t *choiceTrack, v *fastjson.Value) {
	var text, call, reasoning, cited, image *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "text":
			text = v
		case "toolUse":
			call = v
		case "reasoningContent":
			reasoning = v
		case "citationsContent":
			cited = v
		case "image":
			image = v
		}
	})
	s.addText(KindContent, t.index, s.word(text))
	if plain := member(reasoning, "reasoningText"); plain != nil {
		reasoning = plain
	}
	if reasoning.GetObject() != nil {
		s.addConverseReasoning(t, reasoning)
	}
	for _, part := range member(cited, "content").GetArray() {
		s.addText(KindContent, t.index, s.word(member(part, "text")))
	}
	s.addCitation(t, member(cited, "citations"))
	if image.GetObject() != nil {
		s.addMedia(t, image)
	}
	s.startConverseCall(t, s.part, call)
	if at := t.callAt(s.part); at >= 0 {
		s.endToolCall(t, at)
	}
}
