package llmstream

import "bytes"

// Events that hold a response repeat the request, with instructions and tools of
// 100 KB and more, and the last one repeats the whole answer too (O-09). What
// nobody looks at is left out before the parser sees it.

// leanResponse appends an event with null in place of what response.read does not
// know, and of the output too where all of that has come before.
func leanResponse(s *step, dst, data []byte) []byte {
	known := len(s.choices) > 0 && s.outputKnown(&s.choices[0])
	dst, _ = appendMembers(dst, data, func(dst, key, rest []byte) ([]byte, int) {
		if string(key) != "response" || rest[0] != '{' {
			return appendValue(dst, rest)
		}
		return appendMembers(dst, rest, func(dst, key, rest []byte) ([]byte, int) {
			escaped := bytes.IndexByte(key, '\\') >= 0 // then it may be any name
			if !escaped && !inResponse(key) || known && string(key) == "output" {
				return append(dst, "null"...), valueLen(rest)
			}
			return appendValue(dst, rest)
		})
	})
	return dst
}

// appendMembers appends the object that b, which is well-formed, begins with, with
// what add appends for each of its values, and returns its length. A key is as it
// stands between its quotes; rest is b from the value on, whose length add returns.
func appendMembers(dst, b []byte, add func(dst, key, rest []byte) ([]byte, int)) ([]byte, int) {
	dst = append(dst, '{')
	at := skipSpace(b, 1)
	for b[at] == '"' {
		n := stringLen(b[at:])
		key := b[at+1 : at+n-1]
		dst = append(append(append(dst, '"'), key...), '"', ':')
		at = skipSpace(b, at+n) // to the colon
		at = skipSpace(b, at+1) // to the value
		dst, n = add(dst, key, b[at:])
		if at = skipSpace(b, at+n); b[at] == ',' {
			dst = append(dst, ',')
			at = skipSpace(b, at+1)
		}
	}
	return append(dst, '}'), at + 1
}

func appendValue(dst, b []byte) ([]byte, int) {
	n := valueLen(b)
	return append(dst, b[:n]...), n
}

// valueLen returns the length of the JSON value that b, which is well-formed,
// begins with.
func valueLen(b []byte) (n int) {
	switch b[0] {
	case '"':
		return stringLen(b)
	case '{', '[':
	default: // a number or a word
		for n < len(b) && !isSpace(b[n]) && b[n] != ',' && b[n] != '}' && b[n] != ']' {
			n++
		}
		return n
	}
	for depth := 0; ; {
		switch b[n] {
		case '"':
			n += stringLen(b[n:])
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
