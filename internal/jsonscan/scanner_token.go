package jsonscan

import "github.com/seed-4d65deac/llmstream/internal/fault"

// The tokens of a Scanner, byte by byte: strings, words and numbers.

// stepString takes a byte of a string, which for stateString is not plain.
func (s *Scanner) stepString(c byte) error {
	switch s.state {
	case stateEscape:
		s.state = stateString
		if !s.Strict {
			return nil
		}
		switch c {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			s.state, s.hexDigits = stateHex, 4
		default:
			return fault.Reason("an unknown escape")
		}
		return nil
	case stateHex:
		if _, ok := unhex(c); !ok {
			return fault.Reason("a \\u escape without four hexadecimal digits")
		}
		if s.hexDigits--; s.hexDigits == 0 {
			s.state = stateString
		}
		return nil
	}
	switch {
	case c == '"' && s.inKey:
		s.state = stateColon
	case c == '"':
		s.endValue()
	case c == '\\':
		s.state = stateEscape
	case s.Strict && c < 0x20:
		return fault.Reason("a control character in a string")
	}
	return nil
}

const unknownLiteral = fault.Reason("an unknown literal")

// stepWord takes a byte of a literal, of NaN or Infinity, or the one after a sign.
func (s *Scanner) stepWord(c byte) (again bool, err error) {
	switch s.state {
	case stateN:
		switch {
		case c == 'u':
			s.state, s.rest = stateLiteral, "ll"
			return false, nil
		case c|0x20 == 'a' && !s.Strict:
			s.state, s.rest = stateWord, "n"
			return false, nil
		}
		return false, unknownLiteral
	case stateI, stateIn:
		if c|0x20 != "nf"[s.state-stateI] {
			return false, unknownLiteral
		}
		s.state++
		return false, nil
	case stateInf:
		if c|0x20 == 'i' {
			s.state, s.rest = stateWord, "nity"
			return false, nil
		}
		s.endValue()
		return true, nil
	case stateSign:
		switch {
		case isNumberByte(c):
			s.state = stateNumber
		case !s.beginWord(c):
			return false, fault.Reason("a sign without a number")
		}
		return false, nil
	case stateWord:
		c |= 0x20
	}
	if c != s.rest[0] {
		return false, unknownLiteral
	}
	if s.rest = s.rest[1:]; s.rest == "" {
		s.endValue()
	}
	return false, nil
}

// beginNumber takes the first byte of a number, NaN or Inf. ok is false if it begins none of
// them.
func (s *Scanner) beginNumber(c byte) (ok bool) {
	switch {
	case s.Strict && c == '-':
		s.state = stateMinus
	case s.Strict && c == '0':
		s.state = stateZero
	case s.Strict:
		s.state = stateInt
		return '1' <= c && c <= '9'
	case c == '+' || c == '-':
		s.state = stateSign
	case isNumberByte(c):
		s.state = stateNumber
	default:
		return s.beginWord(c)
	}
	return true
}

// beginWord takes the first letter of NaN or Inf. ok is false if c is neither.
func (s *Scanner) beginWord(c byte) (ok bool) {
	switch c | 0x20 {
	case 'n':
		s.state, s.rest = stateWord, "an"
	case 'i':
		s.state = stateI
	default:
		return false
	}
	return true
}

// stepStrictNumber takes a byte of a number of RFC 8259, section 6, or the one after.
func (s *Scanner) stepStrictNumber(c byte) (again bool, err error) {
	before := s.state
	switch {
	case '0' <= c && c <= '9':
		switch before {
		case stateMinus:
			s.state = stateInt
			if c == '0' {
				s.state = stateZero
			}
		case stateZero:
			return false, fault.Reason("a digit after a leading zero")
		case statePoint:
			s.state = stateFraction
		case stateExp, stateExpSign:
			s.state = stateExpInt
		}
		return false, nil
	case c == '.' && (before == stateZero || before == stateInt):
		s.state = statePoint
		return false, nil
	case c|0x20 == 'e' && (before == stateZero || before == stateInt || before == stateFraction):
		s.state = stateExp
		return false, nil
	case (c == '+' || c == '-') && before == stateExp:
		s.state = stateExpSign
		return false, nil
	case before == stateZero || before == stateInt || before == stateFraction || before == stateExpInt:
		s.endValue()
		return true, nil
	}
	return false, fault.Reason("an unfinished number")
}

// isNumberByte reports whether fastjson takes c for a part of a number.
func isNumberByte(c byte) bool {
	return '0' <= c && c <= '9' || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E'
}
