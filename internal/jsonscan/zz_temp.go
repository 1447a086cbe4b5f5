package jsonscan

// StringLen returns the length of the JSON string that b begins with, quotes
// included; len(b) if it does not end there.
func StringLen(b []byte) int {
	n := 1
	for n < len(b) {
		if n += PlainLen(b[n:], false); n < len(b) && b[n] == '"' {
			return n + 1
		}
		n += 2 // a backslash and the byte that it escapes
	}
	return len(b)
}

// SkipSpace returns the position of the first byte from at on that is no white
// space.
func SkipSpace(b []byte, at int) int {
	for at < len(b) && (b[at] == ' ' || b[at] == '\n' || b[at] == '\r' || b[at] == '\t') {
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

// MaxDigits is how many digits a number may have that surely fits into 64 bits.
const MaxDigits = 18
