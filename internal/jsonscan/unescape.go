package jsonscan

import (
	"bytes"
	"unicode/utf8"
)

// Strings that hold a \u escape are unescaped here and not by fastjson, which
// keeps a lone surrogate as six characters and can swallow the escape behind it
// (J-03). Half of a pair at the end of a string is held back, since servers do
// cut pairs between two chunks: "\ud83d" | "\ude00".

// appendUnescaped appends the JSON string body raw to dst. high is the first
// half of a pair that the string before this one ended with, or 0; the half that
// this one ends with is returned. Any other lone half becomes U+FFFD. An escape
// that is none is kept as it stands, as fastjson does.
func AppendUnescaped(dst, raw []byte, high uint16) (_ []byte, pending uint16) {
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			if high != 0 {
				dst, high = AppendLoneSurrogate(dst, high), 0
			}
			n := bytes.IndexByte(raw[i:], '\\')
			if n < 0 {
				n = len(raw) - i
			}
			dst = append(dst, raw[i:i+n]...)
			i += n
			continue
		}
		if i+1 == len(raw) {
			dst = append(AppendLoneSurrogate(dst, high), raw[i])
			high = 0
			i++
			continue
		}
		e := raw[i+1]
		if e == 'u' {
			if u, ok := parseHex4(raw[i+2:]); ok {
				i += 6
				switch {
				case high != 0 && isLowSurrogate(u):
					dst = utf8.AppendRune(dst, 0x10000+(rune(high)-0xD800)<<10+(rune(u)-0xDC00))
					high = 0
				case isHighSurrogate(u):
					dst = AppendLoneSurrogate(dst, high)
					high = u
				default:
					dst = AppendLoneSurrogate(dst, high)
					dst, high = utf8.AppendRune(dst, rune(u)), 0 // a lone low half becomes U+FFFD here
				}
				continue
			}
		}
		dst, high = AppendLoneSurrogate(dst, high), 0
		i += 2
		switch e {
		case '"', '\\', '/':
		case 'b':
			e = '\b'
		case 'f':
			e = '\f'
		case 'n':
			e = '\n'
		case 'r':
			e = '\r'
		case 't':
			e = '\t'
		default:
			dst = append(dst, '\\')
		}
		dst = append(dst, e)
	}
	return dst, high
}

// appendLoneHalf appends U+FFFD for half of a pair whose other half never came.
func AppendLoneSurrogate(dst []byte, half uint16) []byte {
	if half != 0 {
		dst = append(dst, "\uFFFD"...)
	}
	return dst
}

func isHighSurrogate(u uint16) bool { return u&0xFC00 == 0xD800 }
func isLowSurrogate(u uint16) bool  { return u&0xFC00 == 0xDC00 }

func parseHex4(b []byte) (u uint16, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		d, ok := unhex(c)
		if !ok {
			return 0, false
		}
		u = u<<4 | uint16(d)
	}
	return u, true
}

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
