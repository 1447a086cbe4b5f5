package encode

import "strconv"

// appendModel appends the model's name: one for the whole stream (WG-17).
func (e *Encoder) appendModel(dst []byte) []byte {
	if e.opt.Model != "" {
		return appendStringOf(dst, e.opt.Model)
	}
	return appendString(dst, e.model)
}

// appendID appends the answer's ID, with the prefix that the target's IDs have, as it
// stands inside a JSON string. It is the same in every event (WG-18). Where there is none,
// one is made up that begins with made.
func (e *Encoder) appendID(dst []byte, prefix, made string) []byte {
	id := e.id
	switch {
	case e.opt.ID != "":
		id = []byte(e.opt.ID)
	case len(id) == 0:
		id = e.madeID(made)
	}
	if len(id) < len(prefix) || string(id[:len(prefix)]) != prefix {
		dst = append(dst, prefix...)
	}
	return appendEscaped(dst, id)
}

func (e *Encoder) madeID(made string) []byte {
	if len(e.made) == 0 {
		e.made = strconv.AppendInt(append(e.made, made...), e.opt.Now().UnixNano(), 36)
	}
	return e.made
}

// appendCallID appends the ID of a call as it stands inside a JSON string: the source's,
// or one that is made up of the answer's, as llmstream.ToolCall.SyntheticID says (WG-14).
func (e *Encoder) appendCallID(dst []byte, c *choice, index int) []byte {
	if id := c.calls[index].id; len(id) > 0 {
		return appendEscaped(dst, id)
	}
	dst = append(dst, "call_"...)
	switch {
	case len(e.id) > 0:
		dst = appendEscaped(dst, e.id)
	case e.created != 0:
		dst = strconv.AppendInt(dst, e.created, 10)
	default:
		dst = append(dst, e.madeID("")...)
	}
	dst = append(strconv.AppendInt(append(dst, '_'), int64(c.index), 10), '_')
	return strconv.AppendInt(dst, int64(index), 10)
}

// errArguments is what a stream ends with whose call has arguments that its client could
// not read.
var errArguments = failure{status: 502, typ: "server_error", message: "the model's arguments for a tool call are not valid JSON"}

// appendArguments appends all arguments of a call for a target, or an option, that wants
// them in one piece: a JSON object, "{}" if there are none (WG-16), and free text as its
// member "input". Others become {"__raw":"…"} if the options say so; else !ok.
func (e *Encoder) appendArguments(dst []byte, k *call) (_ []byte, ok bool) {
	switch {
	case k.isCustom():
		return append(appendString(append(dst, `{"input":`...), k.held), '}'), true
	case len(k.held) == 0:
		return append(dst, "{}"...), true
	case k.ended && isObject(k.held):
		if dst, ok = appendJSON(dst, k.held); ok {
			return dst, true
		}
	}
	e.lost.Arguments++
	if e.opt.RawArguments {
		return append(appendString(append(dst, `{"__raw":`...), k.held), '}'), true
	}
	return dst, false
}
