package decode

import (
	"bytes"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/valyala/fastjson"
)

// IsError reports whether the value of an "error" member is an error. Gateways also send
// null, {}, or an object with only nulls on healthy events (E-05).
func (c *Context) IsError(v *fastjson.Value) bool {
	if v == nil {
		return false
	}
	if o := v.GetObject(); o != nil {
		says := false
		o.Visit(func(_ []byte, v *fastjson.Value) { says = says || c.IsError(v) })
		return says
	}
	if a := v.GetArray(); len(a) > 0 {
		return true
	}
	switch string(c.peek(v)) {
	case "null", "false", "0", `""`, "[]":
		return false
	}
	return true
}

// isSuccess reports whether the code beside a message means that nothing went wrong.
func (c *Context) isSuccess(code *fastjson.Value) bool {
	n, ok := c.Int(code)
	return ok && (n == 0 || n == 200)
}

// IsFailure reports whether MiniMax's "base_resp" means that the request failed.
func (c *Context) IsFailure(v *fastjson.Value) bool {
	code, ok := c.Int(Member(v, "status_code"))
	return ok && code != 0
}

// AddError adds the error in v: an object, a string, or an array of these (E-02). Members
// that v lacks may stand beside it, in root.
func (c *Context) AddError(choice int, v, root *fastjson.Value) {
	if c.refuseError() {
		return
	}
	e := c.newError(c.Data)
	if a := v.GetArray(); len(a) > 0 {
		v = a[0]
	}
	c.readError(e, v)
	if root != nil && root != v {
		c.readError(e, root)
	}
	e.statusOfCode()
	c.Add(KindError, choice).API = e
}

// statusOfCode sets the status to the code, if the code is an HTTP status.
func (e *APIError) statusOfCode() {
	if n, ok := number(e.Code); ok && e.Status == 0 && n >= 100 && n < 600 {
		e.Status = n
	}
}

// AddErrorOfList adds the error in an array, which is how Gemini sends it. ok is false if
// data is not an array with an error.
func (c *Context) AddErrorOfList(data []byte) (ok bool) {
	if data[0] != '[' {
		return false
	}
	if _, err := c.Parse(data); err != nil {
		return false
	}
	list := c.Root.GetArray()
	if len(list) == 0 || !c.IsError(Member(list[0], "error")) {
		return false
	}
	c.AddError(-1, Member(list[0], "error"), list[0])
	return true
}

// AddErrorText adds an error that consists of a text alone.
func (c *Context) AddErrorText(raw []byte) {
	raw = c.clip(raw)
	e := c.newError(raw)
	e.Message = string(raw)
	c.Add(KindError, -1).API = e
}

// newError begins an error of this event. All errors of an event share one copy of its
// data: a hostile event may hold thousands of errors.
func (c *Context) newError(raw []byte) *APIError {
	c.errors++
	if c.errorRaw == nil {
		c.errorRaw, c.errorType = bytes.Clone(raw), string(c.clip(c.Type))
	}
	e := &APIError{Event: c.errorType, Delivered: c.Delivered, Raw: c.errorRaw}
	if c.FirstError == nil && !c.SawDone { // after the end nothing changes the verdict (F-22)
		c.FirstError = e
	}
	return e
}

// Mistyped notes that a member which carries the answer has the wrong type, so a part of
// the answer is missing (E-20).
func (c *Context) Mistyped() { c.mistyped, c.Contextual = true, true }

// EndEvent is called after the decoder has seen an event. It adds what a decoder has only
// noted:
//
//   - an error for a finish reason that means failure, if the event has no other (C-35);
//   - one KindMalformed for members of a wrong type, however many there are (E-20).
func (c *Context) EndEvent() {
	if c.failure != "" && c.errors == 0 && c.FirstError == nil {
		e := c.newError(c.Data)
		e.Type = c.failure
		c.FirstError = e // this counts even if the event also ends the stream
		c.Add(KindError, c.failed).API = e
	}
	if c.mistyped {
		c.Malformed(-1, 0, len(c.Data), fault.Reason("a member of the answer has the wrong type"))
	}
}

// Malformed adds a KindMalformed for bytes of the event that cannot be read. It adds one for
// each cause: a hostile event has thousands of elements past a limit.
func (c *Context) Malformed(choice, offset, length int, cause error) {
	if c.PiecesOnly { // also for a cause that was reported: a call may have begun since
		c.doubtOpenCalls()
	}
	if slices.ContainsFunc(c.refused, func(e error) bool { return isSameCause(e, cause) }) {
		return
	}
	c.refused = append(c.refused, cause)
	err := &SyntaxError{Event: c.Events, Offset: offset, Length: length, Err: cause}
	c.MalformedCount++
	c.lost = true
	if c.FirstDamage == nil && !c.SawDone { // after the end nothing changes the verdict (F-22)
		c.FirstDamage = err
	}
	c.Add(KindMalformed, choice).Damage = err
}

// Exceed adds a KindMalformed for an element past a limit. option is the name of the limit,
// and most is its value.
func (c *Context) Exceed(choice int, option string, most int) {
	for _, e := range c.refused { // checked here too, so that nothing is allocated for each element
		if l, ok := e.(*fault.Limit); ok && l.Limit == option {
			return
		}
	}
	c.Malformed(choice, 0, len(c.Data), &fault.Limit{Limit: option, Max: most})
}

// isSameCause reports whether two errors have the same cause: one limit, or one reason.
func isSameCause(a, b error) bool {
	x, ok := a.(*fault.Limit)
	y, both := b.(*fault.Limit)
	return ok && both && x.Limit == y.Limit || a == b
}

// refuseError reports whether the event has given its last error, and adds a KindMalformed
// if so. An answer has at most one error for each choice.
func (c *Context) refuseError() bool {
	if c.errors < c.Limits.MaxChoices {
		return false
	}
	c.Exceed(-1, "MaxChoices", c.Limits.MaxChoices)
	return true
}

// AddErrorObject adds an error if Root is one or holds one:
//
//   - a member "error", "errors" or "base_resp";
//   - any object in an event of type error;
//   - vLLM's {"object":"error"};
//   - a gateway's {"message":…} or {"detail":…} where an answer should be.
func (c *Context) AddErrorObject() {
	var err, list, object, message, errorMessage, code, detail, choices, base *fastjson.Value
	c.Root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "error":
			err = v
		case "errors": // IBM's
			list = v
		case "object":
			object = v
		case "message", "Message": // Message is Amazon's
			message = v
		case "error_msg": // Baidu's
			errorMessage = v
		case "code":
			code = v
		case "detail":
			detail = v
		case "choices":
			choices = v
		case "base_resp": // MiniMax's, also on healthy chunks
			base = v
		}
	})
	switch {
	case c.IsError(err):
		c.AddError(-1, err, c.Root)
	case c.IsFailure(base):
		c.AddError(-1, base, nil)
	case IsNull(choices) && c.Emitted == 0 && len(list.GetArray()) > 0:
		c.AddError(-1, list, c.Root)
	case string(c.Type) == "error",
		len(choices.GetArray()) == 0 && (string(c.Word(object)) == "error" || len(c.Word(errorMessage)) > 0),
		IsNull(choices) && c.Emitted == 0 && (len(c.Word(message)) > 0 && !c.isSuccess(code) || c.IsError(detail)):
		c.AddError(-1, c.Root, nil)
	}
}

// readError fills in the fields of e that are empty. If an object has equal keys, the
// last one counts.
func (c *Context) readError(e *APIError, v *fastjson.Value) {
	o := v.GetObject()
	if o == nil {
		if e.Message == "" {
			e.Message = c.label(v)
		}
		return
	}
	var message, detail, err, typ, code, param, request, status *fastjson.Value
	o.Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "message", "Message", "status_msg":
			message = v
		case "detail", "error_message", "error_msg", "msg":
			detail = v
		case "error":
			err = v
		case "type", "error_type", "type_", "__type":
			typ = v
		case "code", "error_code":
			code = v
		case "param":
			param = v
		case "request_id":
			request = v
		case "status", "status_code", "statusCode", "originalStatusCode", "http_status_code":
			status = v
		}
	})
	for _, inner := range [...]*fastjson.Value{message, err, detail} { // one error may wrap another
		if list := inner.GetArray(); len(list) > 0 {
			inner = list[0]
		}
		if inner.GetObject() != nil {
			c.readError(e, inner)
		}
	}
	word := c.label(status)
	if n, ok := number(word); ok {
		if n > 999 && code == nil { // the provider's own number, and not an HTTP status
			code = status
		} else if e.Status == 0 {
			e.Status = n
		}
		word = ""
	}
	for _, m := range [...]struct {
		to *string
		v  *fastjson.Value
	}{
		{&e.Message, message}, {&e.Message, detail}, {&e.Message, err},
		{&e.Type, typ}, {&e.Code, code}, {&e.Param, param}, {&e.RequestID, request},
	} {
		if *m.to == "" {
			*m.to = c.label(m.v)
		}
	}
	if e.Type == "error" || e.Type == "response.error" { // the type only repeats that this is an error
		e.Type = ""
	}
	if e.Type == "" {
		e.Type = word // a word such as Google's NOT_FOUND
	}
}

// number parses a word as a number. Atoi allocates an error for the empty word, which is the
// usual one.
func number(word string) (n int, ok bool) {
	if word == "" {
		return 0, false
	}
	n, err := strconv.Atoi(word)
	return n, err == nil
}

// clip returns the beginning of a text: at most MaxBadText bytes, and no part of a
// character.
func (c *Context) clip(text []byte) []byte {
	if len(text) < c.Limits.MaxBadText {
		return text
	}
	text = text[:c.Limits.MaxBadText]
	for range utf8.UTFMax - 1 {
		if r, size := utf8.DecodeLastRune(text); r == utf8.RuneError && size == 1 {
			text = text[:len(text)-1]
		}
	}
	return text
}

// label returns a string or number as text.
func (c *Context) label(v *fastjson.Value) string {
	if v == nil || v.GetObject() != nil || c.IsArray(v) {
		return ""
	}
	at := len(c.Buf)
	if text, ok := c.Text(v, nil); ok {
		c.Buf = c.Buf[:at] // the label is a copy
		return string(c.clip(text))
	}
	if c.IsNumber(v) {
		return string(c.clip(c.peek(v)))
	}
	return ""
}

// AddException adds an error that came in a frame of its own (B-03). The event's type is
// the error's type, or its code if byCode is set. The data is {"message":…} or a text.
func (c *Context) AddException(byCode bool) {
	e := c.newError(c.Data)
	if e.Type = c.errorType; byCode {
		e.Type, e.Code = "", c.errorType
	}
	data := jsonscan.TrimSpace(c.Data)
	if _, err := c.Check(data); err == nil && data[0] == '{' {
		c.parseUnchecked(data)
		c.readError(e, c.Root)
	}
	if e.Message == "" {
		e.Message = string(c.clip(data))
	}
	e.statusOfCode()
	c.Add(KindError, -1).API = e
}

// AddNamedError adds an error whose type is the name of the member that holds it.
func (c *Context) AddNamedError(name []byte, v *fastjson.Value) {
	if c.refuseError() {
		return
	}
	e := c.newError(c.Data)
	e.Type = string(c.clip(name))
	c.readError(e, v)
	c.Add(KindError, -1).API = e
}
