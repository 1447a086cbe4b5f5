package llmstream

import "github.com/valyala/fastjson"

// Cloudflare's Workers AI, where it is not asked for OpenAI's API:
// https://developers.cloudflare.com/workers-ai/. Events with the next piece of the
// response and hardly anything else (N-05). There is no finish reason.

// cloudflareEvent are the members of an event, or of the result of a whole answer.
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
		case "p", "messages": // padding, and nothing
		default:
			e.others = true
		}
	})
	return e
}

// detectCloudflare wants an event that has nothing else, since others have a
// response too.
func detectCloudflare(s *step) bool {
	e := readCloudflare(s.root)
	switch {
	case e.others:
		return false
	case e.success != nil && e.result.GetObject() != nil:
		return readCloudflare(e.result).response != nil
	case e.success != nil && isNull(e.result):
		return len(e.errors.GetArray()) > 0
	}
	if e.response == nil { // perhaps a call alone, as no other dialect writes it
		calls := e.calls.GetArray()
		return len(calls) > 0 && (member(calls[0], "function") != nil || member(calls[0], "name") != nil && member(calls[0], "arguments") != nil)
	}
	return e.response.GetObject() == nil
}

func decodeCloudflare(s *step) {
	e := readCloudflare(s.root)
	whole := false // in place of a stream
	if len(e.errors.GetArray()) > 0 {
		s.addError(-1, e.errors, nil)
		return
	}
	if e.success != nil {
		if whole = e.result.GetObject() != nil; whole {
			e = readCloudflare(e.result)
		}
	}
	if e.response == nil && len(e.calls.GetArray()) == 0 && e.usage == nil {
		s.addErrorObject()
		return
	}
	t := s.track.choice(0, s.opt.MaxChoices)
	if text, ok := s.string(e.response, &t.high.content); ok {
		s.addTextOf("response", xKindContent, t.index, text)
	} else if e.response != nil && e.response.Type() == fastjson.TypeNumber { // a token of digits
		s.addText(xKindContent, t.index, s.raw(e.response))
	}
	for i, v := range e.calls.GetArray() {
		if member(v, "function") != nil { // in pieces, as OpenAI's
			s.decodeToolCall(t, v, i == 0)
			continue
		}
		var c chatCall
		c.readFunction(v)
		if name := s.word(c.name); len(name) > 0 {
			if at := s.beginToolCall(t, len(t.calls), nil, name, typeFunction); at >= 0 {
				s.argueToolCall(t, at, "", c.arguments)
				s.endToolCall(t, at)
			}
		}
	}
	if e.usage.GetObject() != nil {
		raw := s.raw(e.usage)
		var u xUsage
		s.readChatUsage(&u, e.usage)
		s.addUsage(&u, raw)
	}
	if whole {
		s.endStream()
	}
}
