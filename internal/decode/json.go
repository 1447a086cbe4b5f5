package decode

import (
	"bytes"
	"math"
	"strconv"

	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/valyala/fastjson"
)

// structureLimit is the event size from which the structure is checked before fastjson
// sees the event: hostile input makes fastjson allocate hundreds of times its size. A
// smaller event is checked in two cases. One came before that was not JSON; see
// Stream.suspect. Or it has more brackets than bracketLimit: fastjson wraps its error once
// for each level.
const (
	structureLimit = 4 << 10
	bracketLimit   = 48
)

// brackets returns the number of objects and arrays that may begin in data.
func brackets(data []byte) int { return bytes.Count(data, bracket) + bytes.Count(data, brace) }

var bracket, brace = []byte{'['}, []byte{'{'}

// Parse parses data, which must be a JSON object, to Root. The error is a fault.Reason or
// a *fault.Limit, and offset is its place in data.
func (c *Context) Parse(data []byte) (offset int, err error) {
	if len(data) >= structureLimit || c.suspect || len(data)/2 >= c.Limits.MaxValues || // a value takes two bytes at least
		len(data) > tinyEvent && brackets(data) > bracketLimit {
		if offset, err = c.Check(data); err != nil {
			if limit, ok := err.(*fault.Limit); ok && limit.Limit == "MaxValues" && c.parsePacked(data) {
				return 0, nil
			}
			return offset, err
		}
	}
	return c.parseUnchecked(data)
}

// ParseValid is Parse for data that is known to be well-formed.
func (c *Context) ParseValid(data []byte) (ok bool) {
	_, err := c.parseUnchecked(data)
	return err == nil
}

// parseUnchecked is Parse without the check of the structure.
func (c *Context) parseUnchecked(data []byte) (offset int, err error) {
	c.packed, c.packedFrom = nil, nil
	parser := c.parserFor(data)
	c.Escaped = bytes.IndexByte(data, '\\') >= 0
	c.Root, err = parser.ParseBytes(data)
	if err != nil {
		// fastjson's own error quotes the event and has no offset.
		c.suspect = true
		if offset, err = c.Check(data); err != nil {
			return offset, err
		}
		// The event is well-formed, except for a word such as Infinity, which fastjson
		// does not know. The event must not be lost for that (J-04).
		c.Root, err = parser.ParseBytes(jsonscan.NullNonFinite(data))
		if err != nil {
			return 0, fault.Reason("not understood")
		}
	}
	return 0, nil
}

// Check checks the structure of data without building values.
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

// Indent returns the size of the white space before the event's data. Offsets count it,
// but the parsed text does not have it.
func (c *Context) Indent() (n int) {
	for n < len(c.Data) && jsonscan.IsSpace(c.Data[n]) {
		n++
	}
	return n
}

// sourceTry is the cost of a bracket that begins another value. It is added to the number
// of bytes that were compared.
const sourceTry = 8

// JSONOf returns the original bytes of v, an object or array, including white space
// (T-12). It searches for them after the bytes of the values before. If it does not find
// them, it returns v's JSON without white space, which means the same.
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
			break // a hostile event is full of brackets or of near matches
		}
	}
	c.sourceAt = len(c.Data)
	return compact
}

// Text returns v's text if v is a string. high holds the high surrogate that the text
// before it ended with, and takes the one that this text ends with. It is nil for a text
// that is complete by itself: a lone surrogate then becomes U+FFFD.
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
	// The raw text must be read before anything unescapes the value. Reading its type
	// does that.
	at := len(c.Buf)
	raw := c.Raw(v)
	if raw[0] != '"' {
		c.Buf = c.Buf[:at]
		return nil, false
	}
	var half uint16
	if high == nil {
		high = &half
	}
	if *high == 0 {
		c.Buf = c.Buf[:at] // no text is longer than its JSON, so it takes the place of that
	} else {
		at = len(c.Buf)
	}
	c.Buf, *high = jsonscan.AppendUnescaped(c.Buf, raw[1:len(raw)-1], *high)
	c.Buf = jsonscan.AppendLoneSurrogate(c.Buf, half)
	return c.Since(at), true
}

// IsArray reports whether v is an array. GetArray cannot be used for that: it may return
// nil for an empty array.
func (c *Context) IsArray(v *fastjson.Value) bool {
	if v == nil || v.GetObject() != nil {
		return false
	}
	if v.GetArray() != nil {
		return true
	}
	first := c.firstByte(v)
	return first == '[' || first == packedMark && len(c.packed) > 0
}

// IsFilledArray reports whether v is an array that is not empty, packed or not.
func (c *Context) IsFilledArray(v *fastjson.Value) bool {
	return len(v.GetArray()) > 0 || len(c.packed) > 0 && v != nil && c.firstByte(v) == packedMark
}

// Member returns the last member with this name of an object. It is for single members
// that are rare; Fields reads several.
func Member(v *fastjson.Value, name string) (found *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		if string(key) == name {
			found = v
		}
	})
	return found
}

// Word returns v's text if it is a string that is complete by itself.
func (c *Context) Word(v *fastjson.Value) []byte {
	text, _ := c.Text(v, nil)
	return text
}

// Raw returns v's JSON without white space. It must be called before v's strings are read.
func (c *Context) Raw(v *fastjson.Value) []byte {
	at := len(c.Buf)
	c.Buf = c.AppendRaw(c.Buf, v)
	return c.Since(at)
}

// firstByte returns the first byte of v's JSON, or packedMark for a packed list.
func (c *Context) firstByte(v *fastjson.Value) byte {
	at := len(c.Buf)
	c.Buf = v.MarshalTo(c.Buf)
	first := c.Buf[at]
	c.Buf = c.Buf[:at]
	return first
}

// peek is Raw for a result that is used before anything else is decoded.
func (c *Context) peek(v *fastjson.Value) []byte {
	at := len(c.Buf)
	raw := c.Raw(v)
	c.Buf = c.Buf[:at]
	return raw
}

// Wrap returns v's JSON between two texts.
func (c *Context) Wrap(begin string, v *fastjson.Value, end string) []byte {
	at := len(c.Buf)
	c.Buf = append(c.AppendRaw(append(c.Buf, begin...), v), end...)
	return c.Since(at)
}

// Int returns v as a whole number: 12, 12.0 and "12" are the same number (J-01, U-13). It
// rounds a fraction.
func (c *Context) Int(v *fastjson.Value) (n int64, ok bool) {
	n, _, ok = c.readNumber(v)
	return n, ok
}

// Index returns v as an index: a whole number that fits in 32 bits, and so means the same
// on every platform.
func (c *Context) Index(v *fastjson.Value) (n int, ok bool) {
	i, exact, ok := c.readNumber(v)
	return int(i), ok && exact && i == int64(int32(i))
}

// maxNumber is the length of the longest number that is read, many times what any writer
// of numbers gives.
const maxNumber = 1024

// readNumber returns v as a whole number. exact reports whether it has no fraction.
// fastjson's own getters return 0 for a number that they cannot read.
func (c *Context) readNumber(v *fastjson.Value) (n int64, exact, ok bool) {
	if v == nil {
		return 0, false, false
	}
	switch v.Type() {
	case fastjson.TypeNumber, fastjson.TypeString:
	default:
		return 0, false, false
	}
	raw := c.peek(v)
	if len(raw) > 1 && raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	if len(raw) > maxNumber {
		return 0, false, false
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

// IsNull reports whether v is absent or null. It unescapes a string, so it must not be
// used for a value whose text is read.
func IsNull(v *fastjson.Value) bool { return v == nil || v.Type() == fastjson.TypeNull }

// Fields reads members of the object v into variables, in the order of names. Spaces
// separate the names, and bars separate alternative names of one member. If a member
// comes several times, the last one counts, as in most clients (J-05). The variable of a
// missing member is not set. Fields is for rare members: a member that comes with each
// event has a faster reader.
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
