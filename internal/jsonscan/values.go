package jsonscan

import "bytes"

// trimSpace cuts the white space of JSON off both ends.
func TrimSpace(b []byte) []byte {
	for len(b) > 0 && IsSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && IsSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// skipSpace returns the position of the first byte from at on that is no white
// space.
func SkipSpace(b []byte, at int) int {
	for at < len(b) && IsSpace(b[at]) {
		at++
	}
	return at
}

// SkipDigits returns the position of the first byte from at on that is no digit.
func SkipDigits(b []byte, at int) int {
	for at < len(b) && b[at]-'0' < 10 {
		at++
	}
	return at
}

func IsSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// isJSON tells whether data is one JSON value.
func Valid(data []byte) bool {
	var scan Scanner
	_, err := scan.ScanAll(data)
	return err == nil && scan.Complete()
}

// stringLen returns the length of the JSON string that b begins with.
func StringLen(b []byte) int {
	n := 1
	for n < len(b) {
		if n += PlainLen(b[n:], false); n < len(b) && b[n] == '"' {
			return n + 1
		}
		n += 2 // a backslash and what it escapes
	}
	return len(b)
}

// valueLen returns the length of the JSON value that b, which is well-formed,
// begins with.
func ValueLen(b []byte) (n int) {
	switch b[0] {
	case '"':
		return StringLen(b)
	case '{', '[':
	default: // a number or a word
		for n < len(b) && !IsSpace(b[n]) && b[n] != ',' && b[n] != '}' && b[n] != ']' {
			n++
		}
		return n
	}
	for depth := 0; ; {
		switch b[n] {
		case '"':
			n += StringLen(b[n:])
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if n++; depth == 0 {
			return n
		}
	}
}

// matchSpaced tells whether b begins with compact, but for white space between
// tokens, and how much of b that is; if not, how much of it was alike.
func MatchSpaced(b, compact []byte) (n int, ok bool) {
	for i := 0; i < len(compact); {
		for n < len(b) && IsSpace(b[n]) {
			n++
		}
		k := 1
		if compact[i] == '"' {
			k = StringLen(compact[i:])
		}
		if !bytes.HasPrefix(b[n:], compact[i:i+k]) {
			return n, false
		}
		n += k
		i += k
	}
	return n, true
}

// maxDigits is how many digits a number may have that surely fits into 64 bits.
const MaxDigits = 18

func ParseDigits(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(b) > 0
}
