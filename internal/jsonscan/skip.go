package jsonscan

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// The functions of this file skip whole values, several times as fast as Scanner.
// They accept less: every value that they accept is one to a lenient Scanner, and
// Scanner has to decide about everything else.

// skipDepth is how deep values may be nested here.
const skipDepth = 64

// Skip returns the position after the JSON value that begins at b[at], and how many
// values that is, the inner ones counted. end is -1 if only a Scanner can say.
func Skip(b []byte, at int) (end, values int) {
	var objects uint64 // a bit for each open value, the innermost last: 1 for an object, 0 for an array
	depth := 0
value:
	for {
		values++
		if at >= len(b) {
			return -1, values
		}
		switch c := b[at]; {
		case c == '"':
			if at = SkipString(b, at); at < 0 {
				return -1, values
			}
		case c == '{' || c == '[':
			if depth++; depth > skipDepth {
				return -1, values
			}
			objects = objects<<1 | uint64(c>>5&1)
			if at = SkipSpace(b, at+1); at < len(b) && b[at] == c+2 {
				break // the value is empty
			}
			if c == '{' {
				if _, at = SkipKey(b, at); at < 0 {
					return -1, values
				}
			}
			continue
		default:
			if at = skipWord(b, at); at < 0 {
				return -1, values
			}
		}
		for depth > 0 {
			if at = SkipSpace(b, at); at >= len(b) {
				return -1, values
			}
			switch c := b[at]; {
			case c == ',':
				if at = SkipSpace(b, at+1); objects&1 == 1 {
					if _, at = SkipKey(b, at); at < 0 {
						return -1, values
					}
				}
				continue value
			case c != "]}"[objects&1]:
				return -1, values
			}
			objects >>= 1
			depth--
			at++
		}
		return at, values
	}
}

// SkipKey returns the body of the key that begins at b[at], still escaped, and the
// position of the key's value. value is -1 if there is no key.
func SkipKey(b []byte, at int) (key []byte, value int) {
	if at >= len(b) || b[at] != '"' {
		return nil, -1
	}
	end := SkipString(b, at)
	if end < 0 {
		return nil, -1
	}
	colon := SkipSpace(b, end)
	if colon >= len(b) || b[colon] != ':' {
		return nil, -1
	}
	return b[at+1 : end-1], SkipSpace(b, colon+1)
}

// SkipString returns the position after the string that begins at b[at], or -1 if
// the string does not end.
func SkipString(b []byte, at int) int {
	at++
	begin := at
	for at+8 <= len(b) && at-begin < LongText {
		found := Special(binary.LittleEndian.Uint64(b[at:]), false)
		if at += bits.TrailingZeros64(found) / 8; found == 0 {
			continue
		}
		if b[at] == '"' {
			return at + 1
		}
		at += 2 // a backslash and what it escapes
	}
	// In a long string it is faster to look for quotes alone. A quote ends the string
	// unless there is an odd number of backslashes before it.
	begin = at
	for at < len(b) {
		n := bytes.IndexByte(b[at:], '"')
		if n < 0 {
			break
		}
		at += n
		first := at
		for first > begin && b[first-1] == '\\' {
			first--
		}
		if at++; (at-first)&1 == 1 {
			return at
		}
	}
	return -1
}

// skipWord returns the position after the number, true, false or null that begins at
// b[at], or -1 if it is something else.
func skipWord(b []byte, at int) int {
	word := "null"
	switch c := b[at]; c {
	case 'n':
	case 't':
		word = "true"
	case 'f':
		word = "false"
	default:
		if c == '-' {
			at++
		}
		if at == len(b) || b[at]-'0' > 9 {
			return -1
		}
		for at < len(b) && isNumberByte(b[at]) {
			at++
		}
		return at
	}
	if len(b)-at < len(word) || string(b[at:at+len(word)]) != word {
		return -1
	}
	return at + len(word)
}

// SkipNumbers returns the position after the array that begins at b[at], if the array
// holds at least one element and each element is a number. Otherwise it returns -1.
func SkipNumbers(b []byte, at int) (end int) {
	for {
		at = SkipSpace(b, at+1)
		if at >= len(b) || b[at] != '-' && b[at]-'0' > 9 {
			return -1
		}
		if at = skipWord(b, at); at < 0 {
			return -1
		}
		switch at = SkipSpace(b, at); {
		case at >= len(b):
			return -1
		case b[at] == ']':
			return at + 1
		case b[at] != ',':
			return -1
		}
	}
}
