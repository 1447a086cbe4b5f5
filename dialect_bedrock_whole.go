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
	s.addText(xKindContent, t.index, s.word(member(v, "text")))
	reasoning := member(v, "reasoningContent")
	if plain := member(reasoning, "reasoningText"); plain != nil {
		reasoning = plain
	}
	if reasoning.GetObject() != nil {
		s.addConverseReasoning(t, reasoning)
	}
	cited := member(v, "citationsContent")
	for _, part := range member(cited, "content").GetArray() {
		s.addText(xKindContent, t.index, s.word(member(part, "text")))
	}
	s.addCitation(t, member(cited, "citations"))
	if image := member(v, "image"); image.GetObject() != nil {
		s.addMedia(t, image)
	}
	s.startConverseCall(t, s.part, member(v, "toolUse"))
	if at := t.callAt(s.part); at >= 0 {
		s.endToolCall(t, at)
	}
}
