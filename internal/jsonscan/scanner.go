package jsonscan

import "github.com/seed-4d65deac/llmstream/internal/fault"

// maxDepth is how deep JSON values may be nested, the innermost one counted. It
// is fastjson's limit; deeper values never reach it.
const MaxDepth = 300

// jsonScanner checks that bytes form one JSON value, without building anything
// of it. It is fed any number of pieces, allocates nothing and keeps what fits
// into a few words, so that it serves three ends: to shield fastjson from
// hostile events, to find the end of a JSON body, and to tell whether the
// arguments of a tool call have ended.
//
// It accepts what fastjson accepts, which is more than the standard: control
// characters and unknown escapes in strings, numbers of any run of number
// characters, NaN and Inf (J-04, J-08). It also takes "Infinity", which fastjson
// does not; see withoutWords. With strict it is a validator of RFC 8259, as
// encoding/json's Valid is, but for the depth.
type Scanner struct {
	Strict    bool
	MaxValues int // 0: any number

	state  jsonState
	depth  int                          // open objects and arrays
	object [(MaxDepth + 63) / 64]uint64 // a bit per level: 1 for an object, 0 for an array
	Values int                          // that have begun

	key     bool   // in a string: it is a key
	hex     uint8  // of jsonHex: digits still to come
	literal string // of jsonLiteral: what is still to come
	word    bool   // of jsonLiteral: it is NaN or Infinity, in either case of letters
	inf     bool   // of jsonLiteral: it is the Inf of Infinity
}

type jsonState uint8

const (
	jsonValue      jsonState = iota // a value must come
	jsonFirstValue                  // a value, or "]"
	jsonKey                         // a key
	jsonFirstKey                    // a key, or "}"
	jsonColon                       // ":"
	jsonNext                        // "," or the end of the object or array
	done                            // the value has ended
	jsonString                      // inside a string
	jsonEscape                      // behind a backslash
	jsonHex                         // strict: inside the digits of \u
	jsonLiteral                     // inside true, false, null, NaN or Infinity
	jsonN                           // behind "n": null or nan
	jsonInf                         // behind Inf, which "inity" may follow
	jsonSign                        // behind a sign: digits, NaN or Inf
	jsonNumber                      // inside a number
	jsonMinus                       // strict: behind "-"; the others below likewise
	jsonZero                        // behind a leading 0
	jsonInt                         // in the digits before "." and "e"
	jsonPoint                       // behind "."
	jsonFraction                    // in the digits behind "."
	jsonExp                         // behind "e"
	jsonExpSign                     // behind the sign of the exponent
	jsonExpInt                      // in the digits of the exponent
)

// reset makes s ready for another value.
func (s *Scanner) Reset() {
	*s = Scanner{Strict: s.Strict, MaxValues: s.MaxValues}
}

// complete tells whether what came is one whole value.
func (s *Scanner) Complete() bool {
	if s.depth > 0 {
		return false
	}
	switch s.state {
	case done, jsonInf, jsonNumber, jsonZero, jsonInt, jsonFraction, jsonExpInt:
		return true
	}
	return false
}

// ended reports whether the value has ended, so that no further byte can belong to
// it. A number ends only with the byte after it.
func (s *Scanner) Ended() bool { return s.state == done }

// blank tells whether nothing but white space has come.
func (s *Scanner) Blank() bool { return s.Values == 0 }

// scan takes b up to the end of the value and returns how many bytes it took. If
// err is not nil, the byte behind them cannot stand there.
func (s *Scanner) Scan(b []byte) (n int, err error) {
	for n < len(b) && s.state != done {
		if s.state == jsonString {
			if n += PlainLen(b[n:], s.Strict); n == len(b) {
				break
			}
		}
		again, err := s.stepByte(b[n])
		if err != nil {
			return n, err
		}
		if !again {
			n++
		}
	}
	return n, nil
}

// scanAll is as scan, but b must hold nothing but white space behind the value.
func (s *Scanner) ScanAll(b []byte) (n int, err error) {
	for n, err = s.Scan(b); n < len(b) && err == nil; n++ {
		if !IsSpace(b[n]) {
			err = fault.Reason("something behind the value")
			break
		}
	}
	return n, err
}

// step takes one byte. again: it ended a number and is to be taken once more.
func (s *Scanner) stepByte(c byte) (again bool, err error) {
	switch s.state {
	case jsonString:
		switch {
		case c == '"' && s.key:
			s.state = jsonColon
		case c == '"':
			s.endValue()
		case c == '\\':
			s.state = jsonEscape
		case s.Strict && c < 0x20:
			return false, fault.Reason("a control character in a string")
		}
		return false, nil
	case jsonEscape:
		s.state = jsonString
		if s.Strict {
			switch c {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				s.state, s.hex = jsonHex, 4
			default:
				return false, fault.Reason("an unknown escape")
			}
		}
		return false, nil
	case jsonHex:
		if _, ok := unhex(c); !ok {
			return false, fault.Reason("an escape without its hexadecimal digits")
		}
		if s.hex--; s.hex == 0 {
			s.state = jsonString
		}
		return false, nil
	case jsonLiteral:
		if c != s.literal[0] && !(s.word && c|0x20 == s.literal[0]) {
			return false, fault.Reason("an unknown literal")
		}
		if s.literal = s.literal[1:]; s.literal == "" {
			if s.inf {
				s.state, s.inf = jsonInf, false
			} else {
				s.endValue()
			}
		}
		return false, nil
	case jsonN:
		switch {
		case c == 'u':
			s.state, s.literal, s.word = jsonLiteral, "ll", false
		case c|0x20 == 'a' && !s.Strict:
			s.state, s.literal, s.word = jsonLiteral, "n", true
		default:
			return false, fault.Reason("an unknown literal")
		}
		return false, nil
	case jsonInf:
		if c|0x20 == 'i' {
			s.state, s.literal, s.word = jsonLiteral, "nity", true
			return false, nil
		}
		s.endValue()
		return true, nil
	case jsonSign:
		if isNumberByte(c) {
			s.state = jsonNumber
			return false, nil
		}
		if !s.beginWord(c) {
			return false, fault.Reason("a sign without a number")
		}
		return false, nil
	case jsonNumber:
		if isNumberByte(c) {
			return false, nil
		}
		s.endValue()
		return true, nil
	case jsonMinus, jsonZero, jsonInt, jsonPoint, jsonFraction, jsonExp, jsonExpSign, jsonExpInt:
		return s.strictNumber(c)
	}
	if IsSpace(c) {
		return false, nil
	}
	return false, s.structure(c)
}

// structure takes a byte between values, keys and white space.
func (s *Scanner) structure(c byte) error {
	switch s.state {
	case jsonColon:
		if c != ':' {
			return fault.Reason("no colon behind a key")
		}
		s.state = jsonValue
		return nil
	case jsonNext:
		inObject := s.inObject()
		switch {
		case c == ',' && inObject:
			s.state = jsonKey
		case c == ',':
			s.state = jsonValue
		case c == '}' && inObject, c == ']' && !inObject:
			s.depth--
			s.endValue()
		default:
			return fault.Reason("no comma between two values")
		}
		return nil
	case jsonKey, jsonFirstKey:
		switch {
		case c == '"':
			s.state, s.key = jsonString, true
		case c == '}' && s.state == jsonFirstKey:
			s.depth--
			s.endValue()
		default:
			return fault.Reason("no key where one must stand")
		}
		return nil
	case jsonFirstValue:
		if c == ']' {
			s.depth--
			s.endValue()
			return nil
		}
	}
	return s.beginValue(c)
}

func (s *Scanner) inObject() bool {
	at := s.depth - 1
	return s.object[at/64]>>(at%64)&1 == 1
}

// endValue tells what may follow a value.
func (s *Scanner) endValue() {
	s.state = jsonNext
	if s.depth == 0 {
		s.state = done
	}
}

// beginValue takes the first byte of a value.
func (s *Scanner) beginValue(c byte) error {
	s.Values++
	if s.MaxValues > 0 && s.Values > s.MaxValues {
		return &fault.Limit{Limit: "MaxValues", Max: s.MaxValues}
	}
	if s.depth >= MaxDepth {
		return &fault.Limit{Limit: "depth", Max: MaxDepth}
	}
	switch c {
	case '{':
		s.object[s.depth/64] |= 1 << (s.depth % 64)
		s.depth++
		s.state = jsonFirstKey
	case '[':
		s.object[s.depth/64] &^= 1 << (s.depth % 64)
		s.depth++
		s.state = jsonFirstValue
	case '"':
		s.state, s.key = jsonString, false
	case 't':
		s.state, s.literal, s.word = jsonLiteral, "rue", false
	case 'f':
		s.state, s.literal, s.word = jsonLiteral, "alse", false
	case 'n':
		s.state = jsonN
	default:
		if !s.beginNumber(c) {
			return fault.Reason("no value where one must stand")
		}
	}
	return nil
}

func (s *Scanner) beginNumber(c byte) bool {
	switch {
	case s.Strict && c == '-':
		s.state = jsonMinus
	case s.Strict && c == '0':
		s.state = jsonZero
	case s.Strict:
		s.state = jsonInt
		return '1' <= c && c <= '9'
	case c == '+' || c == '-':
		s.state = jsonSign
	case isNumberByte(c):
		s.state = jsonNumber
	default:
		return s.beginWord(c)
	}
	return true
}

// beginWord takes the first letter of NaN or Inf.
func (s *Scanner) beginWord(c byte) bool {
	s.state, s.word = jsonLiteral, true
	switch c | 0x20 {
	case 'n':
		s.literal = "an"
	case 'i':
		s.literal, s.inf = "nf", true
	default:
		return false
	}
	return true
}

// strictNumber takes one byte of a number of RFC 8259, section 6.
func (s *Scanner) strictNumber(c byte) (again bool, err error) {
	was := s.state
	switch {
	case '0' <= c && c <= '9':
		switch was {
		case jsonMinus:
			s.state = jsonInt
			if c == '0' {
				s.state = jsonZero
			}
		case jsonZero:
			return false, fault.Reason("a digit behind a leading zero")
		case jsonPoint:
			s.state = jsonFraction
		case jsonExp, jsonExpSign:
			s.state = jsonExpInt
		}
		return false, nil
	case c == '.' && (was == jsonZero || was == jsonInt):
		s.state = jsonPoint
		return false, nil
	case c|0x20 == 'e' && (was == jsonZero || was == jsonInt || was == jsonFraction):
		s.state = jsonExp
		return false, nil
	case (c == '+' || c == '-') && was == jsonExp:
		s.state = jsonExpSign
		return false, nil
	case was == jsonZero || was == jsonInt || was == jsonFraction || was == jsonExpInt:
		s.endValue()
		return true, nil
	}
	return false, fault.Reason("an unfinished number")
}

// isNumberByte tells whether fastjson takes c for a part of a number.
func isNumberByte(c byte) bool {
	return '0' <= c && c <= '9' || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E'
}
