package decode

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/valyala/fastjson"
)

// isError tells whether the value of an "error" member is an error. Gateways
// send null, {}, objects of nothing but such and the like on healthy events (E-05).
func (s *Context) IsError(v *fastjson.Value) bool {
	if v == nil {
		return false
	}
	if o := v.GetObject(); o != nil {
		says := false
		o.Visit(func(_ []byte, v *fastjson.Value) { says = says || s.IsError(v) })
		return says
	}
	if a := v.GetArray(); len(a) > 0 {
		return true
	}
	switch string(s.Raw(v)) {
	case "null", "false", "0", `""`, "[]":
		return false
	}
	return true
}

// isSuccess tells whether the code beside a message says that nothing went wrong.
func (s *Context) isSuccess(code *fastjson.Value) bool {
	n, ok := s.Int(code)
	return ok && (n == 0 || n == 200)
}

// isFailure tells whether MiniMax's "base_resp" says that the request failed.
func (s *Context) IsFailure(v *fastjson.Value) bool {
	code, ok := s.Int(Member(v, "status_code"))
	return ok && code != 0
}

// addError adds the error that v tells of: an object, a string, or an array of
// these (E-02). Members that v lacks may stand beside it, in root.
func (s *Context) AddError(choice int, v, root *fastjson.Value) {
	e := s.newError(s.Data)
	if a := v.GetArray(); len(a) > 0 {
		v = a[0]
	}
	s.readError(e, v)
	if root != nil && root != v {
		s.readError(e, root)
	}
	e.statusOfCode()
	s.Add(KindError, choice).API = e
}

// statusOfCode takes the code for a status where it is one.
func (e *APIError) statusOfCode() {
	if n, err := strconv.Atoi(e.Code); err == nil && e.Status == 0 && n >= 100 && n < 600 {
		e.Status = n
	}
}

// addErrorOfList adds the error in an array, as Gemini writes it. !ok: data is none.
func (s *Context) AddErrorOfList(data []byte) (ok bool) {
	if data[0] != '[' {
		return false
	}
	if _, err := s.Parse(data); err != nil {
		return false
	}
	list := s.Root.GetArray()
	if len(list) == 0 || !s.IsError(Member(list[0], "error")) {
		return false
	}
	s.AddError(-1, Member(list[0], "error"), list[0])
	return true
}

// addErrorText adds an error of which there is no more than a text.
func (s *Context) AddErrorText(raw []byte) {
	raw = s.clip(raw)
	e := s.newError(raw)
	e.Message = string(raw)
	s.Add(KindError, -1).API = e
}

// newError begins an error of this event. All errors of an event share one copy
// of it: a hostile one may hold thousands.
func (s *Context) newError(raw []byte) *APIError {
	if s.errorRaw == nil {
		s.errorRaw, s.errorType = bytes.Clone(raw), string(s.clip(s.Type))
	}
	e := &APIError{Event: s.errorType, Delivered: s.Delivered, Raw: s.errorRaw}
	if s.FirstError == nil && !s.SawDone { // behind the end nothing changes the verdict (F-22)
		s.FirstError = e
	}
	return e
}

// addErrorObject adds an error if s.root is one or holds one: in a member
// "error", "errors" or "base_resp", by the event's type, as vLLM's {"object":"error"}, or as the bare
// {"message":…} or {"detail":…} of a gateway where an answer should be.
func (s *Context) AddErrorObject() {
	var err, list, object, message, errorMessage, code, detail, choices, base *fastjson.Value
	s.Root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "error":
			err = v
		case "errors": // IBM's
			list = v
		case "object":
			object = v
		case "message", "Message": // the latter Amazon's
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
	case s.IsError(err):
		s.AddError(-1, err, s.Root)
	case s.IsFailure(base):
		s.AddError(-1, base, nil)
	case IsNull(choices) && s.Emitted == 0 && len(list.GetArray()) > 0:
		s.AddError(-1, list, s.Root)
	case string(s.Type) == "error",
		len(choices.GetArray()) == 0 && (string(s.Word(object)) == "error" || len(s.Word(errorMessage)) > 0),
		IsNull(choices) && s.Emitted == 0 && (len(s.Word(message)) > 0 && !s.isSuccess(code) || s.IsError(detail)):
		s.AddError(-1, s.Root, nil)
	}
}

// readError fills in what e does not know yet. Of two equal members of an object
// the last counts.
func (s *Context) readError(e *APIError, v *fastjson.Value) {
	o := v.GetObject()
	if o == nil {
		if e.Message == "" {
			e.Message = s.label(v)
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
	for _, inner := range [...]*fastjson.Value{message, err, detail} { // an error wrapped in an error
		if list := inner.GetArray(); len(list) > 0 {
			inner = list[0]
		}
		if inner.GetObject() != nil {
			s.readError(e, inner)
		}
	}
	word := s.label(status)
	if n, err := strconv.Atoi(word); err == nil {
		if n > 999 && code == nil { // a number of the provider's own
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
			*m.to = s.label(m.v)
		}
	}
	if e.Type == "error" || e.Type == "response.error" { // that it is one is known
		e.Type = ""
	}
	if e.Type == "" {
		e.Type = word // such as Google's NOT_FOUND
	}
}

// clip returns the beginning of a text, which is at most MaxBadText bytes of whole
// characters.
func (s *Context) clip(text []byte) []byte {
	if len(text) < s.Limits.MaxBadText {
		return text
	}
	text = text[:s.Limits.MaxBadText]
	for range utf8.UTFMax - 1 {
		if r, size := utf8.DecodeLastRune(text); r == utf8.RuneError && size == 1 {
			text = text[:len(text)-1]
		}
	}
	return text
}

// label returns a string or number as text.
func (s *Context) label(v *fastjson.Value) string {
	if v == nil || v.GetObject() != nil || s.IsArray(v) {
		return ""
	}
	if text, ok := s.Text(v, nil); ok {
		return string(s.clip(text))
	}
	if v.Type() == fastjson.TypeNumber {
		return string(s.clip(s.Raw(v)))
	}
	return ""
}

// addException adds an error that came in a frame of its own (B-03): the event's
// type is its name, or its code, and the data is {"message":…} or a text.
func (s *Context) AddException(byCode bool) {
	e := s.newError(s.Data)
	if e.Type = s.errorType; byCode {
		e.Type, e.Code = "", s.errorType
	}
	data := jsonscan.TrimSpace(s.Data)
	if _, err := s.Check(data); err == nil && data[0] == '{' {
		s.parseUnchecked(data)
		s.readError(e, s.Root)
	}
	if e.Message == "" {
		e.Message = string(s.clip(data))
	}
	e.statusOfCode()
	s.Add(KindError, -1).API = e
}

// addNamedError adds an error whose type is the name of the member that holds it.
func (s *Context) AddNamedError(name []byte, v *fastjson.Value) {
	e := s.newError(s.Data)
	e.Type = string(s.clip(name))
	s.readError(e, v)
	s.Add(KindError, -1).API = e
}
