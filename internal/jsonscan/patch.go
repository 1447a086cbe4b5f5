package jsonscan

import "strings"

// NullNonFinite returns a copy of data, which [Valid] accepts, with null in place of
// the numbers that JSON does not have: NaN, Inf and Infinity, with their signs.
func NullNonFinite(data []byte) []byte {
	out := make([]byte, 0, len(data))
	for i := 0; i < len(data); {
		n, word := 1, false
		switch c := data[i]; c | 0x20 {
		case '"' | 0x20:
			n = StringLen(data[i:])
		case 'i', 'n', '+', '-':
			n, word = nonFinite(data[i:])
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

// nonFinite returns the length of the NaN, Inf or Infinity that b begins with. If
// there is none, ok is false and n is 1.
func nonFinite(b []byte) (n int, ok bool) {
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
