package llmstream

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"sync"

	"github.com/valyala/fastjson"
)

// structureLimit is the size from which an event is checked for its structure
// before fastjson sees it. Below it, hostile JSON costs no more than 4 KiB can;
// above it, fastjson could be made to allocate hundreds of times its input.
const structureLimit = 4 << 10

// step is what it takes to decode one event: the JSON parser with all that its
// values live in, and the deltas. It is borrowed from a pool and not kept by an
// idle stream, of which there are thousands.
type step struct {
	*track
	opt *Options

	parser fastjson.Parser
	data   []byte          // the event's data
	typ    []byte          // its SSE type
	root   *fastjson.Value // its JSON object
	// escaped: the event holds a backslash, so that its strings are unescaped by
	// appendUnescaped and not by fastjson.
	escaped bool
	cut     bool   // root lacks the members of the preamble
	rest    []byte // the event without them
	// sourceAt is how far source has looked: values are asked for in the order
	// in which they stand, and each byte must be looked at once.
	sourceAt int
	large    bool // a large event has grown the parser: not to go back to the pool

	deltas  []Delta
	given   int // how many deltas the event has given, wanted or not
	unheard Delta
	starts  []Start
	details []ReasoningDetail
	text    []byte // what Text, Raw JSON and the like of the deltas are slices of
}

// maxKeptDeltas is how many deltas a step may have room for to go back to the
// pool: more than any honest event brings.
const maxKeptDeltas = 256

var stepPool = sync.Pool{New: func() any { return new(step) }}

func borrowStep(t *track, o *Options) *step {
	s := stepPool.Get().(*step)
	s.track, s.opt = t, o
	return s
}

// release gives s back. Nothing that it lent may be used any more.
func (s *step) release() {
	if s.large || cap(s.text) > maxKeptBuffer || cap(s.rest) > maxKeptBuffer ||
		max(cap(s.deltas), cap(s.starts), cap(s.details)) > maxKeptDeltas {
		return
	}
	s.begin(nil, nil)
	s.track, s.opt, s.root = nil, nil, nil
	stepPool.Put(s)
}

// begin makes s ready for an event with this type and data.
func (s *step) begin(typ, data []byte) {
	s.typ, s.data = typ, data
	s.deltas, s.given = s.deltas[:0], 0
	s.starts, s.details, s.text, s.sourceAt = s.starts[:0], s.details[:0], s.text[:0], 0
}

// parse reads data, which must be a JSON object, to root. The error is damage or
// a *LimitError, at an offset in data.
func (s *step) parse(data []byte) (offset int, err error) {
	if len(data) >= structureLimit {
		if offset, err = s.check(data); err != nil {
			return offset, err
		}
	}
	s.large = s.large || len(data) > maxKeptBuffer
	if len(data) < structureLimit {
		if s.rest, s.cut = s.preamble.cut(s.rest[:0], data); s.cut {
			if s.root, err = s.parser.ParseBytes(s.rest); err == nil {
				s.escaped = bytes.IndexByte(s.rest, '\\') >= 0
				return 0, nil
			}
		}
	}
	return s.parseWhole(data)
}

// parseWhole is parse without the shortcut of the preamble.
func (s *step) parseWhole(data []byte) (offset int, err error) {
	s.cut = false
	s.escaped = bytes.IndexByte(data, '\\') >= 0
	s.root, err = s.parser.ParseBytes(data)
	if err != nil {
		// Its own error quotes the event and has no offset.
		if offset, err = s.check(data); err != nil {
			return offset, err
		}
		// It is well-formed but for the word Infinity, which fastjson does not
		// know: the event must not be lost for that (J-04).
		s.root, err = s.parser.ParseBytes(withoutWords(data))
		if err != nil {
			return 0, damage("not understood")
		}
	}
	return 0, nil
}

// check looks at the structure of data alone.
func (s *step) check(data []byte) (offset int, err error) {
	scan := jsonScanner{maxValues: s.opt.MaxValues}
	if offset, err = scan.scanAll(data); err == nil && !scan.complete() {
		err = damage("unfinished")
	}
	return offset, err
}

// isJSON tells whether data is one JSON value.
func isJSON(data []byte) bool {
	var scan jsonScanner
	_, err := scan.scanAll(data)
	return err == nil && scan.complete()
}

// withoutWords returns a copy of data, which is well-formed, with null in place
// of the numbers that JSON does not have: NaN, Inf and Infinity with their signs.
func withoutWords(data []byte) []byte {
	out := make([]byte, 0, len(data))
	for i := 0; i < len(data); {
		n, word := 1, false
		switch c := data[i]; c | 0x20 {
		case '"' | 0x20:
			n = stringLen(data[i:])
		case 'i', 'n', '+', '-':
			n, word = numberWord(data[i:])
		}
		if word {
			out = append(out, "null"...)
		} else {
			out = append(out, data[i:i+n]...)
		}
		i += n
	}
	return out
}

// stringLen returns the length of the JSON string that b begins with.
func stringLen(b []byte) int {
	n := 1
	for n < len(b) {
		if n += plainString(b[n:], false); n < len(b) && b[n] == '"' {
			return n + 1
		}
		n += 2 // a backslash and what it escapes
	}
	return len(b)
}

// numberWord returns the length of the word for a number that b begins with, or
// 1 if there is none.
func numberWord(b []byte) (n int, ok bool) {
	sign := 0
	if b[0] == '+' || b[0] == '-' {
		sign = 1
	}
	for _, word := range [...]string{"infinity", "inf", "nan"} {
		if n = sign + len(word); n <= len(b) && strings.EqualFold(string(b[sign:n]), word) {
			return n, true
		}
	}
	return 1, false
}

// source returns v, an object or array, as it stands in the event, white space
// and all (T-12). Where it cannot be found there, as with the same value twice,
// it is v's own text, which says the same.
func (s *step) source(v *fastjson.Value) []byte {
	compact := s.raw(v)
	for at := s.sourceAt; at < len(s.data); {
		i := bytes.IndexByte(s.data[at:], compact[0])
		if i < 0 {
			break
		}
		at += i
		if n := matchSpaced(s.data[at:], compact); n > 0 {
			s.sourceAt = at + n
			return s.data[at : at+n : at+n]
		}
		at++
	}
	return compact
}

// matchSpaced tells how much of b is compact with white space between tokens; 0:
// b is something else.
func matchSpaced(b, compact []byte) (n int) {
	for i := 0; i < len(compact); {
		for n < len(b) && isSpace(b[n]) {
			n++
		}
		k := 1
		if compact[i] == '"' {
			k = stringLen(compact[i:])
		}
		if !bytes.HasPrefix(b[n:], compact[i:i+k]) {
			return 0
		}
		n += k
		i += k
	}
	return n
}

// string returns v's text if it is a string. high is the half of a surrogate
// pair that the text before it ended with, and takes the one that this ends
// with; see appendUnescaped. Nil where a text cannot be continued: a lone half
// then becomes U+FFFD.
func (s *step) string(v *fastjson.Value, high *uint16) (text []byte, ok bool) {
	if v == nil {
		return nil, false
	}
	if !s.escaped && (high == nil || *high == 0) {
		if v.Type() != fastjson.TypeString {
			return nil, false
		}
		text, _ = v.StringBytes()
		return text, true
	}
	if v.GetObject() != nil {
		return nil, false
	}
	// The value must be asked for its raw text before anything that unescapes
	// it, its type included.
	raw := s.raw(v)
	if raw[0] != '"' {
		return nil, false
	}
	raw = raw[1 : len(raw)-1]
	if len(raw) == 0 {
		return nil, true
	}
	var half uint16
	if high == nil {
		high = &half
	}
	if *high != 0 { // what is added for it may not fit in place
		text, *high = appendUnescaped(nil, raw, *high)
	} else {
		text, *high = appendUnescaped(raw[:0], raw, 0)
	}
	return appendLoneHalf(text, half), true
}

// isArray tells whether v is an array, an empty one too; GetArray may return nil
// for that.
func (s *step) isArray(v *fastjson.Value) bool {
	if v == nil || v.GetObject() != nil {
		return false
	}
	return v.GetArray() != nil || s.raw(v)[0] == '['
}

// member returns a member of an object, the last of that name. It is for what
// stands deep and comes seldom; see chatChunk for the rest.
func member(v *fastjson.Value, name string) (found *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		if string(key) == name {
			found = v
		}
	})
	return found
}

// word returns v's text if it is a string.
func (s *step) word(v *fastjson.Value) []byte {
	text, _ := s.string(v, nil)
	return text
}

// keep copies b to memory that lasts as long as the deltas.
func (s *step) keep(b []byte) []byte {
	at := len(s.text)
	s.text = append(s.text, b...)
	return s.text[at:len(s.text):len(s.text)]
}

// raw returns v's JSON text. It must come before v's strings are read.
func (s *step) raw(v *fastjson.Value) []byte {
	at := len(s.text)
	s.text = v.MarshalTo(s.text)
	return s.text[at:len(s.text):len(s.text)]
}

// number returns v as a whole number, if it is one: 12, 12.0 and "12" are (J-01,
// U-13). A fraction is rounded.
func (s *step) number(v *fastjson.Value) (n int64, ok bool) {
	n, _, ok = s.readNumber(v)
	return n, ok
}

// index returns v as an index: a whole number that fits in 32 bits, so that it
// means the same on every platform.
func (s *step) index(v *fastjson.Value) (n int, ok bool) {
	i, exact, ok := s.readNumber(v)
	return int(i), ok && exact && i == int64(int32(i))
}

// readNumber returns v as a whole number. exact: it has no fraction. fastjson's
// own getters give 0 for a number that they cannot read as well as for 0.
func (s *step) readNumber(v *fastjson.Value) (n int64, exact, ok bool) {
	if v == nil {
		return 0, false, false
	}
	switch v.Type() {
	case fastjson.TypeNumber, fastjson.TypeString:
	default:
		return 0, false, false
	}
	raw := s.raw(v)
	if len(raw) > 1 && raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	if len(raw) <= 18 { // it cannot overflow
		if n, ok = parseDigits(raw); ok {
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

func parseDigits(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(b) > 0
}

// isNull tells whether v is absent or null. It unescapes a string: it is for
// values that are read as none.
func isNull(v *fastjson.Value) bool { return v == nil || v.Type() == fastjson.TypeNull }

// add appends a delta of kind k to those of the event. What nobody wants is
// filled in and forgotten.
func (s *step) add(k Kind, choice int) *Delta {
	s.given++
	d := &s.unheard
	if s.opt.Kinds&k != 0 {
		if n := len(s.deltas); n < cap(s.deltas) {
			s.deltas = s.deltas[:n+1] // not appended to: it is filled below
		} else {
			s.deltas = append(s.deltas, Delta{})
		}
		d = &s.deltas[len(s.deltas)-1]
	}
	*d = Delta{} // and not with the fields: that would be built aside and copied
	d.Kind, d.Choice, d.Raw, d.Event = k, choice, s.data, s.typ
	return d
}

// addText adds text to the answer; no text is no delta.
func (s *step) addText(k Kind, choice int, text []byte) {
	if len(text) == 0 {
		return
	}
	s.delivered = true
	s.add(k, choice).Text = text
}

// malformed adds a delta for what cannot be read.
func (s *step) malformed(choice, offset, length int, cause error) {
	err := &SyntaxError{Event: s.events, Offset: offset, Length: length, Err: cause}
	s.malformedCount++
	if s.damage == nil && !s.sawDone { // behind the end nothing changes the verdict (F-22)
		s.damage = err
	}
	s.add(KindMalformed, choice).Err = err
}
