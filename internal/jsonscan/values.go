package jsonscan

import "bytes"

// TrimSpace returns b without the white space of JSON at both ends.
func TrimSpace(b []byte) []byte {
	for len(b) > 0 && IsSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && IsSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// SkipSpace returns the position of the first byte, from at on, that is not white
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

// IsSpace reports whether c is white space of JSON.
func IsSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// Valid reports whether data is one JSON value to a lenient [Scanner].
func Valid(data []byte) bool {
	var scan Scanner
	_, err := scan.ScanAll(data)
	return err == nil && scan.Complete()
}

// StringLen returns the length of the JSON string that b begins with, quotes
// included. A string that does not end is as long as b.
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

// ValueLen returns the length of the JSON value that b begins with. b must be valid.
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

// MatchSpaced reports whether b begins with compact, if white space between the
// tokens of b is ignored. n is how many bytes of b were matched, also if ok is false.
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

// MaxDigits is how many digits always fit into an int64.
const MaxDigits = 18

// ParseDigits returns the number that b, which may have up to MaxDigits bytes, writes
// in decimal. ok is false if b is empty or holds anything but digits.
func ParseDigits(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(b) > 0
}

// AppendCompact appends valid JSON without the white space between its tokens.
func AppendCompact(dst, data []byte) []byte {
	for at := 0; at < len(data); {
		n := 1
		if data[at] == '"' {
			n = StringLen(data[at:])
		}
		if n > 1 || !IsSpace(data[at]) {
			dst = append(dst, data[at:at+n]...)
		}
		at += n
	}
	return dst
}
