package llmstream

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// jsonScanner takes JSON in pieces and tells what is wrong with it. What lies whole
// in an event, and is as everybody writes it, is gone over here at one go, several
// times as fast. What is found to be one value is one to jsonScanner too; of all
// else that has to decide.

// skipDepth is how deep values may be nested here.
const skipDepth = 64

// skipJSON returns where the JSON value ends that begins at b[at], and how many
// values it is, with those inside it. -1: that is not known.
func skipJSON(b []byte, at int) (end, values int) {
	var objects uint64 // a bit for each value that is open: 1 for an object
	depth := 0
value:
	for {
		values++
		if at >= len(b) {
			return -1, values
		}
		switch c := b[at]; {
		case c == '"':
			if at = skipString(b, at); at < 0 {
				return -1, values
			}
		case c == '{' || c == '[':
			if depth++; depth > skipDepth {
				return -1, values
			}
			objects = objects<<1 | uint64(c>>5&1)
			if at = skipSpace(b, at+1); at < len(b) && b[at] == c+2 {
				break // it is empty
			}
			if c == '{' {
				if _, at = skipKey(b, at); at < 0 {
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
			if at = skipSpace(b, at); at >= len(b) {
				return -1, values
			}
			switch c := b[at]; {
			case c == ',':
				if at = skipSpace(b, at+1); objects&1 == 1 {
					if _, at = skipKey(b, at); at < 0 {
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

// skipKey returns the key that begins at b[at], as it stands between its quotes, and
// where its value begins; -1: there is none.
func skipKey(b []byte, at int) (key []byte, value int) {
	if at >= len(b) || b[at] != '"' {
		return nil, -1
	}
	end := skipString(b, at)
	if end < 0 {
		return nil, -1
	}
	colon := skipSpace(b, end)
	if colon >= len(b) || b[colon] != ':' {
		return nil, -1
	}
	return b[at+1 : end-1], skipSpace(b, colon+1)
}

// skipString returns where the string ends that begins at b[at]; -1: it does not.
func skipString(b []byte, at int) int {
	at++
	begin := at
	for at+8 <= len(b) && at-begin < jsonscan.LongText {
		found := specialBytes(binary.LittleEndian.Uint64(b[at:]), false)
		if at += bits.TrailingZeros64(found) / 8; found == 0 {
			continue
		}
		if b[at] == '"' {
			return at + 1
		}
		at += 2 // a backslash and what it escapes
	}
	// A quote ends the string unless there is an odd number of backslashes before it.
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

// skipWord returns where the number, or true, false or null, ends that begins at
// b[at]; -1: it is something else.
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
