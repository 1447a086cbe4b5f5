package dialect

import (
	"encoding/base64"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

// Amazon Bedrock's agents, InvokeAgent and InvokeInlineAgent:
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_ResponseStream.html.
// A frame of type chunk has a piece of the answer as base64, with its citations. The
// frame looks like one of InvokeModel, but its payload is text and not an event. A frame
// of another type reports what the agent did, or what the caller has to do. Each becomes
// an item (B-09). There is no finish reason and no end marker: the answer ends with the
// stream.

// bedrockAgent decodes the streams of agents.
type bedrockAgent struct {
	answered bool // a piece of the answer, or a task for the caller, has come
}

func (a *bedrockAgent) Reset() { *a = bedrockAgent{} }

// Close ends the answer, since no event does.
func (a *bedrockAgent) Close(s *decode.Context, clean bool) {
	if a.answered && clean && s.FirstError == nil {
		s.EndStream()
	}
}

// detectBedrockAgent reports whether only agents send a frame of this type. A chunk may
// be InvokeModel's; see HoldsText.
func detectBedrockAgent(s *decode.Context) bool {
	switch string(s.Type) {
	case "trace":
		return decode.Member(s.Root, "trace").GetObject() != nil && decode.Member(s.Root, "sessionId") != nil
	case "returnControl":
		return s.IsArray(decode.Member(s.Root, "invocationInputs"))
	}
	return false
}

// HoldsText reports whether a frame of type chunk is one of an agent, since the decoded
// payload inner is not an event of any model. asked is the dialect that was requested.
func HoldsText(s *decode.Context, inner []byte, asked ID) bool {
	if len(inner) > 0 && inner[0] != '{' {
		return true
	}
	if asked != BedrockAgents {
		return false
	}
	if _, err := s.Parse(inner); err != nil {
		return true
	}
	return embeddedDialect(s) == Auto
}

func (a *bedrockAgent) Decode(s *decode.Context) {
	switch string(s.Type) {
	case "chunk":
		a.decodeChunk(s)
	case "returnControl":
		a.answered = true
		t := s.Choice(0)
		a.addFrame(s, t)
		s.AddFinishAs(t, decode.FinishToolCalls, s.Type)
	case "trace", "files":
		a.addFrame(s, s.Choice(0))
	default:
		s.AddErrorObject()
	}
}

func (a *bedrockAgent) decodeChunk(s *decode.Context) {
	var coded, attribution *fastjson.Value
	decode.Fields(s.Root, "bytes attribution", &coded, &attribution)
	t := s.Choice(0)
	at := len(s.Buf)
	text, err := base64.StdEncoding.AppendDecode(s.Buf, s.Word(coded))
	if err != nil {
		s.Malformed(t.Index, 0, len(s.Data), fault.Reason("the text of an agent is not base64"))
		return
	}
	s.Buf = text
	s.AddText(decode.KindContent, t.Index, s.Since(at))
	a.answered = true
	s.AddCitation(t, decode.Member(attribution, "citations"))
}

// addFrame gives the object of the frame as an item, under the name of the frame's type.
func (a *bedrockAgent) addFrame(s *decode.Context, t *decode.Choice) {
	s.Delivered = true
	s.Add(decode.KindItem, t.Index).Text = s.Wrap(`{"`+string(s.Type)+`":`, s.Root, "}")
}
