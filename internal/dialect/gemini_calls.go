package dialect

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/valyala/fastjson"
)

// geminiCall holds the members of a functionCall.
type geminiCall struct {
	id, name, args, partial, more *fastjson.Value
	signature                     *fastjson.Value // some gateways put it here (G-21)
}

func (c *geminiCall) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			c.id = v
		case "name":
			c.name = v
		case "args":
			c.args = v
		case "partialArgs":
			c.partial = v
		case "willContinue":
			c.more = v
		case "thought_signature", "thoughtSignature":
			c.signature = v
		}
	})
}

// decodeGeminiCall adds a functionCall, which is usually whole (G-07). A call that will
// continue goes on in others without a name (G-08). The last of these may be missing.
func (g *gemini) decodeGeminiCall(s *decode.Context, t *decode.Choice, v, signature *fastjson.Value) {
	var c geminiCall
	c.read(v)
	s.Contextual = true
	id, name := s.Word(c.id), s.Word(c.name)
	at := g.partialCall(t)
	if at < 0 || len(name) > 0 && (len(id) == 0 || t.Calls[at].ID != decode.Hash(id)) {
		g.endPartialCall(s, t)
		if len(id)+len(name) == 0 && c.args == nil && c.partial == nil {
			return // the end of a call that has ended, or nothing (T-23)
		}
		if repeated := t.CallByID(id); repeated >= 0 && c.partial == nil {
			g.repeatCall(s, t, repeated, &c, signature)
			return
		}
		if at = s.BeginCall(t, len(t.Calls), id, name, decode.TypeFunction); at < 0 {
			return
		}
		if at > 0 {
			doubtNeighbour(s, t, at)
		}
	}
	c.sign(s, t, at, signature)
	s.AppendArguments(t, at, "", c.args)
	if s.IsArray(c.partial) || c.more.GetBool() {
		s.PiecesOnly = true
		p := g.streamCall(t, at)
		for _, piece := range c.partial.GetArray() {
			if text, err := p.take(s, piece); err != nil {
				t.Calls[at].Break() // later pieces cannot mend the arguments
				s.Malformed(t.Index, 0, len(s.Data), err)
			} else {
				s.AppendArgumentText(t, at, text)
			}
		}
	}
	if !c.more.GetBool() {
		g.endGeminiCall(s, t, at)
	}
}

// doubtNeighbour handles a call without a name, at this position or before it. Its arguments
// belong to the call before it, which has ended too early, or to the call after it, whose name
// comes late. Neither may be run.
func doubtNeighbour(s *decode.Context, t *decode.Choice, at int) {
	if t.Calls[at].Name == 0 && !t.Calls[at-1].HasArguments {
		s.TakeLate(t, at-1)
	}
	if before := &t.Calls[at-1]; before.Name == 0 && before.HasArguments {
		t.Calls[at].Doubtful = true
	}
}

// sign adds the signature that stands beside a call or inside it (G-09, G-21).
func (c *geminiCall) sign(s *decode.Context, t *decode.Choice, at int, signature *fastjson.Value) {
	if signature == nil {
		signature = c.signature
	}
	if len(s.Word(signature)) > 0 {
		s.Add(decode.KindToolCall, t.Index).ToolCall = decode.ToolCallDelta{Index: at, Extra: signedExtra(s, signature)}
	}
}

// repeatCall decodes a call whose id has come before. It is the same call (T-33). If its
// arguments have changed, the later ones count.
func (g *gemini) repeatCall(s *decode.Context, t *decode.Choice, at int, c *geminiCall, signature *fastjson.Value) {
	c.sign(s, t, at, signature)
	if c.args.GetObject() == nil {
		return
	}
	if arguments := s.JSONOf(c.args); !t.Calls[at].HasArgumentsOf(arguments) {
		s.RestartCall(t, at, arguments)
		s.EndCall(t, at)
	}
}

// endGeminiCall ends a call that does not continue.
func (g *gemini) endGeminiCall(s *decode.Context, t *decode.Choice, at int) {
	if g.partialCall(t) == at {
		text := g.partialOf(t.Index).finish(s)
		s.AppendArgumentText(t, at, text)
	}
	s.EndCall(t, at)
}

// endPartialCall ends the call that is being streamed, if there is one. If no arguments
// have come, the call breaks off, since it was to continue.
func (g *gemini) endPartialCall(s *decode.Context, t *decode.Choice) {
	if at := g.partialCall(t); at >= 0 {
		call := &t.Calls[at]
		call.CutOff = call.CutOff || call.State == decode.CallOpen && !call.HasArguments
		g.endGeminiCall(s, t, at)
	}
}

// signedExtra returns a thought signature in the form in which Google's compatible
// endpoint puts it beside a tool call (T-22).
func signedExtra(s *decode.Context, signature *fastjson.Value) []byte {
	return s.Wrap(`{"google":{"thought_signature":`, signature, "}}")
}

// partialArguments writes the JSON of arguments that come as pairs of a path and a value,
// {"jsonPath":"$.to[0].name","stringValue":"Ad","willContinue":true}, in the order in
// which the model writes them. It keeps its position in the JSON. When the path leads
// elsewhere, it closes what it has opened.
type partialArguments struct {
	choice   int    // index of the choice
	call     int    // the call of the arguments, or -1
	path     []byte // of the last value, without the "$"
	inString bool   // the last value is a string, which may go on
	// keys holds the names in the open objects, outermost first. A name must not be
	// written twice, since the last one would hide the first.
	keys []partialKey
}

type partialKey struct {
	depth int
	hash  uint64
}

const (
	maxPartialPath = 4 << 10 // bytes of a path
	maxPartialKeys = 1 << 10 // members of an object
)

// partialOf returns the arguments that come in pieces in a choice, or nil.
func (g *gemini) partialOf(choice int) *partialArguments {
	for i := range g.partial {
		if g.partial[i].choice == choice {
			return &g.partial[i]
		}
	}
	return nil
}

// partialCall returns the position of the call that is being streamed, or -1.
func (g *gemini) partialCall(t *decode.Choice) int {
	if p := g.partialOf(t.Index); p != nil {
		return p.call
	}
	return -1
}

// streamCall begins to stream the arguments of a call, or goes on with it.
func (g *gemini) streamCall(t *decode.Choice, at int) *partialArguments {
	p := g.partialOf(t.Index)
	if p == nil {
		g.partial = append(g.partial, partialArguments{choice: t.Index, call: -1})
		p = &g.partial[len(g.partial)-1]
	}
	if p.call != at {
		*p = partialArguments{choice: t.Index, call: at, path: p.path[:0], keys: p.keys[:0]}
	}
	return p
}

// take returns what a pair adds to the arguments.
func (p *partialArguments) take(s *decode.Context, v *fastjson.Value) (text []byte, err error) {
	var path, value, str, more *fastjson.Value
	unknown := false // the value has an unknown type
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "jsonPath":
			path = v
		case "stringValue":
			str = v
		case "numberValue", "boolValue", "nullValue":
			value = v
		case "willContinue":
			more = v
		default:
			unknown = unknown || bytes.HasSuffix(key, []byte("Value"))
		}
	})
	if unknown && str == nil && value == nil { // G-21
		return nil, fault.Reason("a piece of arguments of an unknown kind")
	}
	var body []byte // of a string or another value, as JSON
	isString := str != nil
	if isString {
		if body = s.Raw(str); len(body) < 2 || body[0] != '"' {
			return nil, fault.Reason("a piece of arguments that is no string")
		}
		body = body[1 : len(body)-1]
	} else if value != nil {
		if body = s.Raw(value); body[0] == '"' { // the "NULL_VALUE" of protocol buffers
			body = []byte("null")
		}
	}
	to := s.Word(path)
	if len(to) == 0 || to[0] != '$' {
		return nil, fault.Reason("arguments without a path")
	}
	to = to[1:]
	at := len(s.Buf)
	switch {
	case p.inString && string(to) == string(p.path) && (isString || value == nil):
		s.Buf = append(s.Buf, body...)
	case value == nil && !isString:
		return nil, nil // nothing is said yet
	default:
		inString := p.inString
		if s.Buf, err = p.move(p.close(s.Buf), to); err != nil {
			s.Buf, p.inString = s.Buf[:at], inString
			return nil, err
		}
		if isString {
			s.Buf = append(s.Buf, '"')
		}
		p.inString = isString
		s.Buf = append(s.Buf, body...)
	}
	if p.inString && !more.GetBool() {
		s.Buf = p.close(s.Buf)
	}
	return s.Since(at), nil
}

// close ends the string that is being written.
func (p *partialArguments) close(dst []byte) []byte {
	if p.inString {
		p.inString = false
		dst = append(dst, '"')
	}
	return dst
}

// finish returns the JSON that closes the arguments.
func (p *partialArguments) finish(s *decode.Context) []byte {
	at := len(s.Buf)
	s.Buf = p.close(s.Buf)
	if len(p.path) > 0 {
		s.Buf, _ = appendClosing(s.Buf, p.path)
	}
	p.call = -1
	return s.Since(at)
}

// move appends the JSON between the value at p.path and the one at path. That is the ends
// of the objects and arrays that only the old path leads into, a comma, and the names and
// beginnings of those on the new path.
func (p *partialArguments) move(dst, path []byte) ([]byte, error) {
	if len(path) > maxPartialPath {
		return dst, fault.Reason("a path that is too long")
	}
	from, to, depth := p.path, path, 0
	for len(from) > 0 {
		old, oldRest, _ := nextStep(from) // the step was read before, so it is valid
		next, rest, ok := nextStep(to)
		if !ok || next.isIndex != old.isIndex {
			return dst, fault.Reason("a path that leads nowhere, or into another value")
		}
		if string(next.name) != string(old.name) || next.index != old.index {
			if next.isIndex && next.index != old.index+1 {
				return dst, errElementOrder
			}
			dst, _ = appendClosing(dst, oldRest)
			dst = append(dst, ',')
			break
		}
		from, to, depth = oldRest, rest, depth+1
		if len(from) == 0 {
			return dst, fault.Reason("a path to a value that has been given")
		}
	}
	for len(p.keys) > 0 && p.keys[len(p.keys)-1].depth > depth {
		p.keys = p.keys[:len(p.keys)-1]
	}
	begun := len(from) > 0 // the object or array that the first step leads into
	if !begun && len(to) == 0 {
		return dst, fault.Reason("a path that leads nowhere")
	}
	for ; len(to) > 0; depth++ {
		next, rest, ok := nextStep(to)
		if !ok || depth >= jsonscan.MaxDepth-1 {
			return dst, fault.Reason("a path that leads nowhere")
		}
		switch {
		case next.isIndex && !begun && next.index != 0:
			return dst, errElementOrder
		case next.isIndex && !begun:
			dst = append(dst, '[')
		case !next.isIndex:
			if !p.note(depth, next.name) {
				return dst, fault.Reason("a member that was given before, or too many of them")
			}
			if !begun {
				dst = append(dst, '{')
			}
			dst = append(appendKey(dst, next), ':')
		}
		begun, to = false, rest
	}
	p.path = append(p.path[:0], path...)
	return dst, nil
}

const errElementOrder = fault.Reason("an element of an array out of order")

// note remembers a member of the object at this depth. ok is false if the object has the
// member already, or has too many members.
func (p *partialArguments) note(depth int, name []byte) (ok bool) {
	key := partialKey{depth, decode.Hash(name)}
	for i := len(p.keys) - 1; i >= 0 && p.keys[i].depth == depth; i-- {
		if p.keys[i] == key || len(p.keys)-i >= maxPartialKeys {
			return false
		}
	}
	p.keys = append(p.keys, key)
	return true
}

// appendClosing appends the ends of the objects and arrays that a path leads into,
// the innermost first.
func appendClosing(dst, path []byte) ([]byte, bool) {
	step, rest, ok := nextStep(path)
	if !ok {
		return dst, false
	}
	dst, _ = appendClosing(dst, rest)
	if step.isIndex {
		return append(dst, ']'), true
	}
	return append(dst, '}'), true
}

// pathStep is one step of a JSON path (RFC 9535): .name, ['name'] or [0].
type pathStep struct {
	name    []byte // as the path has it, without quotes
	quote   byte   // the quotes around the name, or 0
	index   int
	isIndex bool
}

// nextStep reads the first step of a path. ok is false if there is no step.
func nextStep(path []byte) (step pathStep, rest []byte, ok bool) {
	if len(path) < 2 {
		return step, nil, false
	}
	n := 1
	switch {
	case path[0] == '.':
		for n < len(path) && path[n] != '.' && path[n] != '[' {
			n++
		}
		step.name = path[1:n]
		return step, path[n:], n > 1
	case path[0] != '[':
		return step, nil, false
	case path[1] == '\'' || path[1] == '"':
		step.quote = path[1]
		for n = 2; n < len(path) && path[n] != step.quote; n++ {
			if path[n] == '\\' {
				n++
			}
		}
		if n+1 >= len(path) || path[n+1] != ']' {
			return step, nil, false
		}
		step.name = path[2:n]
		return step, path[n+2:], true
	}
	for n < len(path) && '0' <= path[n] && path[n] <= '9' && n < len("[999999999") {
		step.index = step.index*10 + int(path[n]-'0')
		n++
	}
	if step.isIndex = n > 1 && n < len(path) && path[n] == ']'; !step.isIndex || step.index < 0 {
		return step, nil, false
	}
	return step, path[n+1:], true
}

// appendKey appends the name of a step as a JSON string. A name in quotes is escaped as
// in JSON, except for the quotes.
func appendKey(dst []byte, step pathStep) []byte {
	if step.quote == 0 {
		return jsonscan.AppendQuoted(dst, step.name)
	}
	dst = append(dst, '"')
	for i := 0; i < len(step.name); i++ {
		c := step.name[i]
		if c == '\\' && i+1 < len(step.name) {
			i++
			if c = step.name[i]; c != '\'' {
				dst = append(dst, '\\')
			}
			dst = append(dst, c)
			continue
		}
		dst = jsonscan.AppendEscaped(dst, c)
	}
	return append(dst, '"')
}
