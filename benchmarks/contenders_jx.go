package main

import "github.com/go-faster/jx"

// jxLoop decodes the data of each event with jx, member by member: nothing but the
// members of an answer is decoded, and no value is built.
type jxLoop struct {
	decoder jx.Decoder
	delta   jxDelta
	calls   []jxCall
}

// jxDelta holds the texts of a choice until its index is known, which may come after
// them. Its buffers are used again.
type jxDelta struct {
	content, reasoning, finish []byte
}

// jxCall is a fragment of a tool call.
type jxCall struct {
	index           int
	name, arguments string
}

func newJXReader() reader { return newLineLoop(new(jxLoop).event) }

// event folds the data of an event. What comes before damage stays, as with a decoder
// that a gateway drives by hand.
func (l *jxLoop) event(data []byte, to *answer) {
	l.decoder.ResetBytes(data)
	l.decoder.ObjBytes(func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "choices":
			if d.Next() == jx.Array {
				return d.Arr(func(d *jx.Decoder) error { return l.choice(d, to) })
			}
		case "usage":
			if d.Next() == jx.Object {
				return readJXUsage(d, &to.usage)
			}
		}
		return d.Skip()
	})
}

func (l *jxLoop) choice(d *jx.Decoder, to *answer) error {
	index := 0
	l.delta = jxDelta{l.delta.content[:0], l.delta.reasoning[:0], l.delta.finish[:0]}
	l.calls = l.calls[:0]
	err := d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "index":
			index, err = d.Int()
			return err
		case "delta":
			if d.Next() == jx.Object {
				return d.ObjBytes(l.member)
			}
		case "finish_reason":
			return appendJXString(d, &l.delta.finish)
		}
		return d.Skip()
	})
	c := to.choice(index)
	if err != nil || c == nil {
		return err
	}
	c.content = append(c.content, l.delta.content...)
	c.reasoning = append(c.reasoning, l.delta.reasoning...)
	for _, t := range l.calls {
		c.addCall(t.index, t.name, t.arguments)
	}
	if len(l.delta.finish) > 0 {
		c.finish = string(l.delta.finish)
	}
	return nil
}

// member reads a member of a delta.
func (l *jxLoop) member(d *jx.Decoder, key []byte) error {
	switch string(key) {
	case "content":
		return appendJXString(d, &l.delta.content)
	case "reasoning_content":
		return appendJXString(d, &l.delta.reasoning)
	case "tool_calls":
		if d.Next() == jx.Array {
			return d.Arr(l.call)
		}
	}
	return d.Skip()
}

func (l *jxLoop) call(d *jx.Decoder) error {
	var t jxCall
	err := d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "index":
			t.index, err = d.Int()
			return err
		case "function":
			if d.Next() == jx.Object {
				return d.ObjBytes(t.function)
			}
		}
		return d.Skip()
	})
	l.calls = append(l.calls, t)
	return err
}

func (t *jxCall) function(d *jx.Decoder, key []byte) (err error) {
	if d.Next() == jx.String {
		switch string(key) {
		case "name":
			t.name, err = d.Str()
			return err
		case "arguments":
			t.arguments, err = d.Str()
			return err
		}
	}
	return d.Skip()
}

// appendJXString appends a string to a text, and skips null and the like.
func appendJXString(d *jx.Decoder, to *[]byte) (err error) {
	if d.Next() != jx.String {
		return d.Skip()
	}
	*to, err = d.StrAppend(*to)
	return err
}

func readJXUsage(d *jx.Decoder, u *usage) error {
	*u = usage{}
	return d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "prompt_tokens":
			u.input, err = d.Int64()
		case "completion_tokens":
			u.output, err = d.Int64()
		case "total_tokens":
			u.total, err = d.Int64()
		default:
			err = d.Skip()
		}
		return err
	})
}
