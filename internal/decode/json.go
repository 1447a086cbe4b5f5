package decode

import (
	"bytes"
	"math"
	"strconv"

	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
	"github.com/valyala/fastjson"
)

// structureLimit is the size from which an event is checked for its structure
// before fastjson sees it, which could be made to allocate hundreds of times its
// input. Below it that is too little to matter, once; see track.suspect.
const structureLimit = 4 << 10

// parse reads data, which must be a JSON object, to root. The error is damage or
// a *limitFault, at an offset in data.
func (c *Context) Parse(data []byte) (offset int, err error) {
	if len(data) >= structureLimit || c.suspect || len(data)/2 >= c.Limits.MaxValues { // a value takes two bytes at least
		if offset, err = c.Check(data); err != nil {
			return offset, err
		}
	}
	c.large = c.large || len(data) > wire.MaxKept
	return c.parseUnchecked(data)
}

// parseProven is parse for data that is known to be well-formed.
func (c *Context) ParseValid(data []byte) (ok bool) {
	c.large = c.large || len(data) > wire.MaxKept
	_, err := c.parseUnchecked(data)
	return err == nil
}

// parseUnchecked is parse without the check of the structure.
func (c *Context) parseUnchecked(data []byte) (offset int, err error) {
	c.Escaped = bytes.IndexByte(data, '\\') >= 0
	c.Root, err = c.parser.ParseBytes(data)
	if err != nil {
		// Its own error quotes the event and has no offset.
		c.suspect = true
		if offset, err = c.Check(data); err != nil {
			return offset, err
		}
		// It is well-formed but for the word Infinity, which fastjson does not
		// know: the event must not be lost for that (J-04).
		c.Root, err = c.parser.ParseBytes(jsonscan.NullNonFinite(data))
		if err != nil {
			return 0, fault.Reason("not understood")
		}
	}
	return 0, nil
}

// check looks at the structure of data alone.
func (c *Context) Check(data []byte) (offset int, err error) {
	if end, values := jsonscan.Skip(data, jsonscan.SkipSpace(data, 0)); end > 0 && jsonscan.SkipSpace(data, end) == len(data) && values <= c.Limits.MaxValues {
		return 0, nil
	}
	scan := jsonscan.Scanner{MaxValues: c.Limits.MaxValues}
	if offset, err = scan.ScanAll(data); err == nil && !scan.Complete() {
		err = fault.Reason("unfinished")
	}
	return offset, err
}

// indent is how much white space the event's data begins with, which parsing
// leaves out and offsets count.
func (c *Context) Indent() (n int) {
	for n < len(c.Data) && jsonscan.IsSpace(c.Data[n]) {
		n++
	}
	return n
}

// sourceTry is what a bracket that begins something else costs beside the bytes
// that were compared.
const sourceTry = 8

// source returns v, an object or array, as it stands in the event, white space
// and all (T-12). Where it is not found behind those that were asked for before,
// it is v's own text, which says the same.
func (c *Context) JSONOf(v *fastjson.Value) []byte {
	compact := c.Raw(v)
	for c.sourceAt < len(c.Data) {
		rest := c.Data[c.sourceAt:]
		i := bytes.IndexByte(rest, compact[0])
		if i < 0 {
			break
		}
		n, ok := jsonscan.MatchSpaced(rest[i:], compact)
		if ok {
			c.sourceAt += i + n
			return rest[i : i+n : i+n]
		}
		c.sourceAt += i + 1
		if c.sourceCost += sourceTry + n; c.sourceCost > len(c.Data) {
			break // a hostile event, full of brackets or of what nearly matches
		}
	}
	c.sourceAt = len(c.Data)
	return compact
}

// string returns v's text if it is a string. high is the half of a surrogate
// pair that the text before it ended with, and takes the one that this ends
// with; see appendUnescaped. Nil where a text cannot be continued: a lone half
// then becomes U+FFFD.
func (c *Context) Text(v *fastjson.Value, high *uint16) (text []byte, ok bool) {
	if v == nil {
		return nil, false
	}
	if !c.Escaped && (high == nil || *high == 0) {
		if v.Type() != fastjson.TypeString {
			return nil, false
		}
		text, _ = v.StringBytes()
		return text, true
	}
	if v.GetObject() != nil || v.GetArray() != nil {
		return nil, false
	}
	// The value must be asked for its raw text before anything that unescapes
	// it, its type included.
	raw := c.Raw(v)
	if raw[0] != '"' {
		return nil, false
	}
	var half uint16
	if high == nil {
		high = &half
	}
	at := len(c.Buf)
	c.Buf, *high = jsonscan.AppendUnescaped(c.Buf, raw[1:len(raw)-1], *high)
	c.Buf = jsonscan.AppendLoneSurrogate(c.Buf, half)
	return c.Since(at), true
}

// isArray tells whether v is an array, an empty one too; GetArray may return nil
// for that.
func (c *Context) IsArray(v *fastjson.Value) bool {
	if v == nil || v.GetObject() != nil {
		return false
	}
	return v.GetArray() != nil || c.Raw(v)[0] == '['
}

// member returns a member of an object, the last of that name. It is for what
// stands deep and comes seldom; see chatChunk for the rest.
func Member(v *fastjson.Value, name string) (found *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		if string(key) == name {
			found = v
		}
	})
	return found
}

// word returns v's text if it is a string.
func (c *Context) Word(v *fastjson.Value) []byte {
	text, _ := c.Text(v, nil)
	return text
}

// raw returns v's JSON text. It must come before v's strings are read.
func (c *Context) Raw(v *fastjson.Value) []byte {
	at := len(c.Buf)
	c.Buf = v.MarshalTo(c.Buf)
	return c.Since(at)
}

// wrap returns v's JSON between two texts.
func (c *Context) Wrap(begin string, v *fastjson.Value, end string) []byte {
	at := len(c.Buf)
	c.Buf = append(v.MarshalTo(append(c.Buf, begin...)), end...)
	return c.Since(at)
}

// number returns v as a whole number, if it is one: 12, 12.0 and "12" are (J-01,
// U-13). A fraction is rounded.
func (c *Context) Int(v *fastjson.Value) (n int64, ok bool) {
	n, _, ok = c.readNumber(v)
	return n, ok
}

// index returns v as an index: a whole number that fits in 32 bits, so that it
// means the same on every platform.
func (c *Context) Index(v *fastjson.Value) (n int, ok bool) {
	i, exact, ok := c.readNumber(v)
	return int(i), ok && exact && i == int64(int32(i))
}

// readNumber returns v as a whole number. exact: it has no fraction. fastjson's
// own getters give 0 for a number that they cannot read as well as for 0.
func (c *Context) readNumber(v *fastjson.Value) (n int64, exact, ok bool) {
	if v == nil {
		return 0, false, false
	}
	switch v.Type() {
	case fastjson.TypeNumber, fastjson.TypeString:
	default:
		return 0, false, false
	}
	raw := c.Raw(v)
	if len(raw) > 1 && raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	if len(raw) <= jsonscan.MaxDigits {
		if n, ok = jsonscan.ParseDigits(raw); ok {
			return n, true, true
		}
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	const most = 1 << 63
	if err != nil || !(f >= -most && f < most) {
		return 0, false, false
	}
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return n, true, true
	}
	whole := math.Round(f)
	return int64(whole), whole == f, whole < most
}

// isNull tells whether v is absent or null. It unescapes a string: it is for
// values that are read as none.
func IsNull(v *fastjson.Value) bool { return v == nil || v.Type() == fastjson.TypeNull }

// Fields reads members of the object v into the variables of the same order. names are
// separated by spaces; one with alternatives has them separated by bars. Of several
// members the last one counts, as in most clients (J-05); what is missing is not set.
// It is for what comes seldom: what comes with each event has a reader of its own.
func Fields(v *fastjson.Value, names string, into ...**fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		at := 0
		for rest := names; len(rest) > 0; {
			end := 0
			for end < len(rest) && rest[end] != ' ' && rest[end] != '|' {
				end++
			}
			if string(key) == rest[:end] {
				*into[at] = v
				return
			}
			if end == len(rest) {
				return
			}
			if rest[end] == ' ' {
				at++
			}
			rest = rest[end+1:]
		}
	})
}
