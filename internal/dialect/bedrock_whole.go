package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// decodeWholeConverse decodes the message of a whole answer of Converse:
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html.
// Its blocks are the same as in a stream, except that they do not come in pieces.
func decodeWholeConverse(s *decode.Context, t *decode.Choice, message *fastjson.Value) {
	s.Contextual = true
	s.AddRole(t, decode.Member(message, "role"))
	for i, block := range decode.Member(message, "content").GetArray() {
		s.Part = i
		decodeWholeBlock(s, t, block)
	}
	s.Part = 0
	s.AddFinish(t, s.Word(decode.Member(s.Root, "stopReason")))
	addBedrockUsage(s, decode.Member(s.Root, "usage"))
}

func decodeWholeBlock(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	s.AddText(decode.KindContent, t.Index, s.Word(decode.Member(v, "text")))
	reasoning := decode.Member(v, "reasoningContent")
	if plain := decode.Member(reasoning, "reasoningText"); plain != nil {
		reasoning = plain
	}
	if reasoning.GetObject() != nil {
		addConverseReasoning(s, t, reasoning)
	}
	cited := decode.Member(v, "citationsContent")
	for _, part := range decode.Member(cited, "content").GetArray() {
		s.AddText(decode.KindContent, t.Index, s.Word(decode.Member(part, "text")))
	}
	s.AddCitation(t, decode.Member(cited, "citations"))
	if image := decode.Member(v, "image"); image.GetObject() != nil {
		s.AddMedia(t, image)
	}
	if _, server := serverTool(s, v); server != nil { // B-08
		s.Delivered = true
		s.Add(decode.KindItem, t.Index).Text = s.Raw(v)
		return
	}
	startConverseCall(s, t, s.Part, decode.Member(v, "toolUse"))
	if at := t.CallAtIndex(s.Part); at >= 0 {
		s.EndCall(t, at)
	}
}
