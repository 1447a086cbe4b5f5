package jsonscan

import (
	"bytes"
	"unicode/utf8"
)

// Strings that hold a \u escape are unescaped here and not by fastjson, which keeps
// a lone surrogate as six characters and can swallow the escape after it (J-03).

// AppendUnescaped appends the text of the JSON string body raw to dst.
//
// Servers cut surrogate pairs between two chunks: "\ud83d" | "\ude00". So a high
// surrogate at the end of raw is not appended but returned as pending, and is to be
// passed with the body that follows; 0 means none. A surrogate without the other one
// becomes U+FFFD. An unknown or incomplete escape is kept as it is written, as by
// fastjson.
func AppendUnescaped(dst, raw []byte, pendingSurrogate uint16) (_ []byte, pending uint16) {
	pending = pendingSurrogate
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			n := bytes.IndexByte(raw[i:], '\\')
			if n < 0 {
				n = len(raw) - i
			}
			dst = append(AppendLoneSurrogate(dst, pending), raw[i:i+n]...)
			pending = 0
			i += n
			continue
		}
		if u, ok := unicodeEscape(raw[i:]); ok {
			dst, pending = appendCodeUnit(dst, u, pending)
			i += 6
			continue
		}
		dst = AppendLoneSurrogate(dst, pending)
		pending = 0
		if i+1 == len(raw) {
			return append(dst, '\\'), 0
		}
		dst = appendEscape(dst, raw[i+1])
		i += 2
	}
	return dst, pending
}

// appendCodeUnit appends a UTF-16 code unit, of which pending may be the first half.
func appendCodeUnit(dst []byte, u, pending uint16) (_ []byte, stillPending uint16) {
	switch {
	case pending != 0 && isLowSurrogate(u):
		return utf8.AppendRune(dst, 0x10000+(rune(pending)-0xD800)<<10+(rune(u)-0xDC00)), 0
	case isHighSurrogate(u):
		return AppendLoneSurrogate(dst, pending), u
	}
	return utf8.AppendRune(AppendLoneSurrogate(dst, pending), rune(u)), 0 // a lone low surrogate becomes U+FFFD
}

// appendEscape appends the meaning of a backslash and c.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	default:
		dst = append(dst, '\\')
	}
	return append(dst, c)
}

// AppendLoneSurrogate appends U+FFFD for a high surrogate that no low one followed.
// It appends nothing for 0.
func AppendLoneSurrogate(dst []byte, surrogate uint16) []byte {
	if surrogate != 0 {
		dst = append(dst, "\uFFFD"...)
	}
	return dst
}

func isHighSurrogate(u uint16) bool { return u&0xFC00 == 0xD800 }
func isLowSurrogate(u uint16) bool  { return u&0xFC00 == 0xDC00 }

// unicodeEscape returns the code unit of the escape such as \u00e9 that b begins
// with. ok is false if there is none.
func unicodeEscape(b []byte) (u uint16, ok bool) {
	if len(b) < 6 || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		d, ok := unhex(c)
		if !ok {
			return 0, false
		}
		u = u<<4 | uint16(d)
	}
	return u, true
}

// unhex returns the value of a hexadecimal digit.
func unhex(c byte) (digit byte, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
