package jsonscan

import (
	"strconv"

	"github.com/seed-4d65deac/llmstream/internal/fault"
)

// MaxDepth is how deep JSON values may be nested, the innermost one counted. It is
// fastjson's limit, so fastjson never meets deeper values.
const MaxDepth = 300

// No option changes MaxDepth, so this is no fault.Limit.
var errDepth = fault.Reason("nested deeper than " + strconv.Itoa(MaxDepth) + " levels")

// A Scanner checks that bytes form one JSON value, without building it. The bytes
// may come in any number of pieces. It allocates nothing. It serves three ends:
//   - hostile events are refused before fastjson sees them,
//   - the end of a JSON body is found,
//   - the arguments of a tool call are known to be complete.
//
// It accepts what fastjson accepts, which is more than RFC 8259: control characters
// and unknown escapes in strings, any run of number characters as a number, and NaN
// and Inf (J-04, J-08). It also accepts Infinity, which fastjson does not; see
// [NullNonFinite]. If Strict is set, it accepts exactly what encoding/json.Valid
// accepts, except deeper nesting than MaxDepth.
type Scanner struct {
	Strict    bool
	MaxValues int // the limit on Values; 0 means none

	Values int // how many values have begun, the inner ones counted

	state scanState
	depth int                          // open objects and arrays
	kinds [(MaxDepth + 63) / 64]uint64 // a bit for each level: 1 for an object, 0 for an array

	inKey     bool   // stateString: the string is a key
	hexDigits uint8  // stateHex: digits still to come
	rest      string // stateLiteral, stateWord: bytes still to come
}

// scanState is what the next byte is taken for.
type scanState uint8

const (
	stateValue      scanState = iota // the first byte of a value
	stateFirstValue                  // after "[": a value or "]"
	stateKey                         // after "," in an object: a key
	stateFirstKey                    // after "{": a key or "}"
	stateColon                       // after a key
	stateNext                        // after a value in an object or array: "," or the end
	stateDone                        // after the outermost value

	stateString // inside a string
	stateEscape // after a backslash
	stateHex    // strict: in the digits of \u

	stateLiteral // in true, false or null
	stateWord    // in NaN or Infinity, whose letters may be of either case
	stateN       // after "n", which begins null and nan
	stateI       // after "i", which begins Inf and Infinity
	stateIn      // after "in"
	stateInf     // after "inf": the value may end here, or "inity" follow
	stateSign    // after a sign: digits, NaN or Inf follow

	stateNumber   // in a number
	stateMinus    // strict, as all below: after "-"
	stateZero     // after a leading 0
	stateInt      // in the digits before "." and "e"
	statePoint    // after "."
	stateFraction // in the digits after "."
	stateExp      // after "e"
	stateExpSign  // after the sign of the exponent
	stateExpInt   // in the digits of the exponent
)

// Reset makes s ready for another value, with the same settings.
func (s *Scanner) Reset() {
	*s = Scanner{Strict: s.Strict, MaxValues: s.MaxValues}
}

// Complete reports whether the bytes so far are one whole value.
func (s *Scanner) Complete() bool {
	if s.depth > 0 {
		return false
	}
	switch s.state {
	case stateDone, stateInf, stateNumber, stateZero, stateInt, stateFraction, stateExpInt:
		return true
	}
	return false
}

// Ended reports whether the value has ended, so that no further byte can belong to
// it. A number ends only with the byte after it.
func (s *Scanner) Ended() bool { return s.state == stateDone }

// Blank reports whether there was nothing but white space so far.
func (s *Scanner) Blank() bool { return s.Values == 0 }

// Scan takes b up to the end of the value and returns how many bytes it took. If
// err is not nil, the byte at n is not allowed there.
func (s *Scanner) Scan(b []byte) (n int, err error) {
	for n < len(b) && s.state != stateDone {
		if s.state == stateString {
			if n += PlainLen(b[n:], s.Strict); n == len(b) {
				break
			}
		}
		again, err := s.step(b[n])
		if err != nil {
			return n, err
		}
		if !again {
			n++
		}
	}
	return n, nil
}

// ScanAll is like Scan, except that it takes all of b, which may hold nothing but
// white space after the value.
func (s *Scanner) ScanAll(b []byte) (n int, err error) {
	for n, err = s.Scan(b); n < len(b) && err == nil; n++ {
		if !IsSpace(b[n]) {
			err = fault.Reason("unexpected text after the value")
			break
		}
	}
	return n, err
}

// step takes one byte. If again is true, the byte ended a number or Inf, which it is
// no part of, and must be taken once more.
func (s *Scanner) step(c byte) (again bool, err error) {
	switch {
	case stateString <= s.state && s.state <= stateHex:
		return false, s.stepString(c)
	case stateLiteral <= s.state && s.state <= stateSign:
		return s.stepWord(c)
	case s.state == stateNumber:
		if isNumberByte(c) {
			return false, nil
		}
		s.endValue()
		return true, nil
	case s.state >= stateMinus:
		return s.stepStrictNumber(c)
	case IsSpace(c):
		return false, nil
	}
	return false, s.stepStructure(c)
}

// stepStructure takes a byte that is not white space between tokens.
func (s *Scanner) stepStructure(c byte) error {
	switch s.state {
	case stateColon:
		if c != ':' {
			return fault.Reason("no colon after a key")
		}
		s.state = stateValue
		return nil
	case stateNext:
		inObject := s.inObject()
		switch {
		case c == ',' && inObject:
			s.state = stateKey
		case c == ',':
			s.state = stateValue
		case c == '}' && inObject, c == ']' && !inObject:
			s.depth--
			s.endValue()
		default:
			return fault.Reason("no comma between two values")
		}
		return nil
	case stateKey, stateFirstKey:
		switch {
		case c == '"':
			s.state, s.inKey = stateString, true
		case c == '}' && s.state == stateFirstKey:
			s.depth--
			s.endValue()
		default:
			return fault.Reason("no key where one is required")
		}
		return nil
	case stateFirstValue:
		if c == ']' {
			s.depth--
			s.endValue()
			return nil
		}
	}
	return s.beginValue(c)
}

func (s *Scanner) inObject() bool {
	level := s.depth - 1
	return s.kinds[level/64]>>(level%64)&1 == 1
}

// beginValue takes the first byte of a value.
func (s *Scanner) beginValue(c byte) error {
	s.Values++
	if s.MaxValues > 0 && s.Values > s.MaxValues {
		return &fault.Limit{Limit: "MaxValues", Max: s.MaxValues}
	}
	if s.depth >= MaxDepth {
		return errDepth
	}
	switch c {
	case '{':
		s.kinds[s.depth/64] |= 1 << (s.depth % 64)
		s.depth++
		s.state = stateFirstKey
	case '[':
		s.kinds[s.depth/64] &^= 1 << (s.depth % 64)
		s.depth++
		s.state = stateFirstValue
	case '"':
		s.state, s.inKey = stateString, false
	case 't':
		s.state, s.rest = stateLiteral, "rue"
	case 'f':
		s.state, s.rest = stateLiteral, "alse"
	case 'n':
		s.state = stateN
	default:
		if !s.beginNumber(c) {
			return fault.Reason("no value where one is required")
		}
	}
	return nil
}

// endValue sets what may follow a value.
func (s *Scanner) endValue() {
	s.state = stateNext
	if s.depth == 0 {
		s.state = stateDone
	}
}
