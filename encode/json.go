package encode

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"unicode/utf8"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// The JSON of events is written by appending. Text is escaped as it is copied, so that a
// data line never has a raw line end (WG-2) and is always valid UTF-8 (WG-6).

// appendString appends text as a JSON string.
func appendString(dst, text []byte) []byte {
	return append(appendEscaped(append(dst, '"'), text), '"')
}

// appendStringOf is appendString for a string.
func appendStringOf(dst []byte, text string) []byte { return appendString(dst, []byte(text)) }

// appendEscaped appends text as it stands inside a JSON string. Bytes that are no UTF-8
// become U+FFFD (WG-6).
func appendEscaped(dst, text []byte) []byte {
	if plain, ok := appendPlain(dst, text); ok {
		return plain
	}
	for !utf8.Valid(text) {
		good := 0
		for good < len(text) {
			r, size := utf8.DecodeRune(text[good:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			good += size
		}
		dst = append(appendEscapedUTF8(dst, text[:good]), "\uFFFD"...)
		text = text[good+1:]
	}
	return appendEscapedUTF8(dst, text)
}

// appendEscapedUTF8 is appendEscaped for valid UTF-8.
func appendEscapedUTF8(dst, text []byte) []byte {
	for {
		n := jsonscan.PlainLen(text, true)
		dst = append(dst, text[:n]...)
		if n == len(text) {
			return dst
		}
		dst = appendEscape(dst, text[n])
		text = text[n+1:]
	}
}

// appendPlain appends text if it is ASCII without a byte that needs an escape, as most texts
// are. ok is false for any other text, and if dst has no room. Most texts have a few bytes,
// so they are copied as two words that overlap.
func appendPlain(dst, text []byte) (_ []byte, ok bool) {
	at, n := len(dst), len(text)
	if cap(dst)-at < n {
		return dst, false
	}
	to := dst[at : at+n]
	switch {
	case n > 16:
		return append(dst, text...), isPlain(text)
	case n >= 8:
		first, last := binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[n-8:])
		binary.LittleEndian.PutUint64(to, first)
		binary.LittleEndian.PutUint64(to[n-8:], last)
		ok = !hasOther(first) && !hasOther(last)
	case n >= 4:
		first, last := binary.LittleEndian.Uint32(text), binary.LittleEndian.Uint32(text[n-4:])
		binary.LittleEndian.PutUint32(to, first)
		binary.LittleEndian.PutUint32(to[n-4:], last)
		ok = !hasOther(uint64(first) | uint64(last)<<32)
	case n > 0:
		first, middle, last := text[0], text[n/2], text[n-1]
		to[0], to[n/2], to[n-1] = first, middle, last
		const letters = 'x' * 0x0101010101000000
		ok = !hasOther(letters | uint64(first)<<16 | uint64(middle)<<8 | uint64(last))
	default:
		ok = true
	}
	return dst[:at+n], ok
}

func isPlain(text []byte) bool {
	n := len(text)
	for i := 0; i+8 < n; i += 8 {
		if hasOther(binary.LittleEndian.Uint64(text[i:])) {
			return false
		}
	}
	return !hasOther(binary.LittleEndian.Uint64(text[n-8:]))
}

// hasOther reports whether one of eight bytes is not ASCII or needs an escape.
func hasOther(word uint64) bool {
	const highs = 0x8080808080808080
	return word&highs|jsonscan.Special(word, true) != 0
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xF])
}

// appendJSON appends a JSON value of a provider as it came, without line ends between
// its tokens (WG-2). If the value is not strict JSON (WG-6), it returns dst and ok is false.
func appendJSON(dst, value []byte) (_ []byte, ok bool) {
	if !isStrict(value) {
		return dst, false
	}
	for len(value) > 0 {
		n := bytes.IndexAny(value, "\r\n") // in a valid value they are white space
		if n < 0 {
			n = len(value)
		}
		dst = append(dst, value[:n]...)
		value = value[min(n+1, len(value)):]
	}
	return dst, true
}

// hasLoneSurrogate reports whether valid JSON has the escape of half a surrogate pair
// whose other half does not follow: "\ud83d" alone is no character (WG-6).
func hasLoneSurrogate(value []byte) bool {
	for {
		i := bytes.Index(value, []byte(`\u`))
		if i < 0 {
			return false
		}
		slashes := 1
		for i-slashes >= 0 && value[i-slashes] == '\\' {
			slashes++
		}
		value = value[i+len(`\u`):]
		if slashes%2 == 0 { // it is an escaped backslash in front of a "u"
			continue
		}
		switch surrogate(value) {
		case 'h':
			if !bytes.HasPrefix(value[4:], []byte(`\u`)) || surrogate(value[6:]) != 'l' {
				return true
			}
			value = value[10:]
		case 'l':
			return true
		}
	}
}

// surrogate returns 'h' if four hex digits are the high half of a surrogate pair, 'l' if they
// are the low half, and otherwise 0.
func surrogate(hex []byte) byte {
	if len(hex) < 4 || hex[0]|0x20 != 'd' {
		return 0
	}
	switch c := hex[1] | 0x20; {
	case '8' <= hex[1] && hex[1] <= '9', c == 'a', c == 'b':
		return 'h'
	case 'c' <= c && c <= 'f':
		return 'l'
	}
	return 0
}

// member returns the JSON of an object's member, or nil if the object has no such member. The
// object must be valid JSON. If the member comes several times, the last one counts.
func member(object []byte, name string) (value []byte) {
	eachMember(object, func(key, v []byte) {
		if string(key) == name {
			value = v
		}
	})
	return value
}

// eachMember calls f with each key, which is not unescaped, and value of an object.
// What is no object has no members.
func eachMember(object []byte, f func(key, value []byte)) {
	at := skipSpace(object, 0)
	if at == len(object) || object[at] != '{' {
		return
	}
	for at = skipSpace(object, at+1); at < len(object) && object[at] == '"'; {
		end := skipValue(object, at)
		if end-at < len(`""`) {
			return // the object is cut
		}
		key := object[at+1 : end-1]
		at = skipSpace(object, skipSpace(object, end)+len(":"))
		end = skipValue(object, at)
		f(key, object[at:end])
		if at = skipSpace(object, end); at < len(object) && object[at] == ',' {
			at = skipSpace(object, at+1)
		}
	}
}

// eachElement calls f with each element of a valid array. It ignores other values.
func eachElement(array []byte, f func(value []byte)) {
	at := skipSpace(array, 0)
	if at == len(array) || array[at] != '[' {
		return
	}
	for at = skipSpace(array, at+1); at < len(array) && array[at] != ']'; {
		end := skipValue(array, at)
		f(array[at:end])
		if at = skipSpace(array, end); at < len(array) && array[at] == ',' {
			at = skipSpace(array, at+1)
		}
	}
}

func skipSpace(b []byte, at int) int {
	for at < len(b) && (b[at] == ' ' || b[at] == '\t' || b[at] == '\n' || b[at] == '\r') {
		at++
	}
	return at
}

// skipValue returns where the value that begins at a place of valid JSON ends.
func skipValue(b []byte, at int) int {
	depth := 0
	for at < len(b) {
		switch b[at] {
		case '"':
			for at++; at < len(b) && b[at] != '"'; at++ {
				if b[at] == '\\' {
					at++
				}
			}
		case '{', '[':
			depth++
		case '}', ']', ',':
			if depth == 0 { // the end of a number or a word
				return at
			}
			if b[at] != ',' {
				depth--
			}
		case ' ', '\t', '\r', '\n', ':':
			if depth == 0 {
				return at
			}
			at++
			continue
		default:
			at++
			continue
		}
		if at++; depth == 0 {
			return min(at, len(b))
		}
	}
	return len(b)
}

// textOf returns the text of a JSON string, or "" for any other value.
func textOf(value []byte) (text string) {
	if len(value) > 0 && value[0] == '"' {
		_ = json.Unmarshal(value, &text) // a caller passes valid JSON alone
	}
	return text
}

// isObject reports whether text is one JSON object, and nothing but.
func isObject(text []byte) bool {
	at := skipSpace(text, 0)
	return at < len(text) && text[at] == '{' && json.Valid(text)
}

// isWholeValue reports whether text looks like one JSON object, array or string, and nothing
// but: it begins and ends like one, and its first value ends where it does.
func isWholeValue(text []byte) bool {
	text = bytes.TrimSpace(text)
	if len(text) < len(`""`) {
		return false
	}
	switch [2]byte{text[0], text[len(text)-1]} {
	case [2]byte{'{', '}'}, [2]byte{'[', ']'}, [2]byte{'"', '"'}:
		return skipValue(text, 0) == len(text)
	}
	return false
}

// isStrict reports whether a value can be written as it is; see appendJSON.
func isStrict(value []byte) bool {
	return json.Valid(value) && utf8.Valid(value) && !hasLoneSurrogate(value)
}
