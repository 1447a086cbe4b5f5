package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// Cloudflare's Workers AI in its own API: https://developers.cloudflare.com/workers-ai/.
// An event has the next piece of the response and hardly anything else (N-05). There is
// no finish reason.

// cloudflareEvent holds the members of an event, or of the result of a whole answer.
type cloudflareEvent struct {
	response, calls, usage  *fastjson.Value
	result, success, errors *fastjson.Value
	others                  bool // there are members that no event has
}

func readCloudflare(v *fastjson.Value) (e cloudflareEvent) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "response":
			e.response = v
		case "tool_calls":
			e.calls = v
		case "usage":
			e.usage = v
		case "result":
			e.result = v
		case "success":
			e.success = v
		case "errors":
			e.errors = v
		case "p", "messages": // padding, and a member that holds nothing
		default:
			e.others = true
		}
	})
	return e
}

// detectCloudflare reports whether an object is an event. An event has no other members,
// since streams of other dialects may have a response too.
func detectCloudflare(s *decode.Context) bool {
	e := readCloudflare(s.Root)
	switch {
	case e.others:
		return false
	case e.success != nil && e.result.GetObject() != nil:
		return readCloudflare(e.result).response != nil
	case e.success != nil && decode.IsNull(e.result):
		return len(e.errors.GetArray()) > 0
	}
	if e.response == nil { // perhaps a call alone, in a form that no other dialect has
		calls := e.calls.GetArray()
		return len(calls) > 0 && (decode.Member(calls[0], "function") != nil || decode.Member(calls[0], "name") != nil && decode.Member(calls[0], "arguments") != nil)
	}
	return e.response.GetObject() == nil
}

func decodeCloudflare(s *decode.Context) {
	e := readCloudflare(s.Root)
	whole := false // the answer stands in place of a stream
	if len(e.errors.GetArray()) > 0 {
		s.AddError(-1, e.errors, nil)
		return
	}
	if e.success != nil {
		if whole = e.result.GetObject() != nil; whole {
			e = readCloudflare(e.result)
		}
	}
	if e.response == nil && len(e.calls.GetArray()) == 0 && e.usage == nil {
		s.AddErrorObject()
		return
	}
	t := s.Choice(0)
	if text, ok := s.Text(e.response, &t.Surrogates.Content); ok {
		s.AddTextOf("response", decode.KindContent, t.Index, text)
	} else if s.IsNumber(e.response) { // a token of digits, which comes as a number
		s.AddText(decode.KindContent, t.Index, s.Raw(e.response))
	}
	for i, v := range e.calls.GetArray() {
		if decode.Member(v, "function") != nil { // calls in pieces, as in OpenAI's streams
			s.PiecesOnly = true
			decodeToolCall(s, t, v, i == 0)
			continue
		}
		var c chatCall
		c.readFunction(v)
		if name := s.Word(c.name); len(name) > 0 {
			if at := s.BeginCall(t, len(t.Calls), nil, name, decode.TypeFunction); at >= 0 {
				s.AppendArguments(t, at, "", c.arguments)
				s.EndCall(t, at)
			}
		}
	}
	if e.usage.GetObject() != nil {
		raw := s.Raw(e.usage)
		var u decode.Usage
		readChatUsage(s, &u, e.usage)
		s.AddUsage(&u, raw)
	}
	if whole {
		s.EndStream()
	}
}
