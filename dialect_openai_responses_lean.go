package llmstream

// Events that hold a response repeat the request, with instructions and tools of
// 100 KB and more, and the last one repeats the whole answer too (O-09). What
// nobody looks at is left out before the parser sees it.

var jsonNull = []byte("null")

// leanResponse appends an event with null in place of what response.read does not
// know, and of the output too where all of that has come before.
func leanResponse(s *step, dst, data []byte) []byte {
	known := len(s.choices) > 0 && s.outputKnown(&s.choices[0])
	return appendMembers(dst, data, func(dst, key, value []byte) []byte {
		if string(key) != "response" || value[0] != '{' {
			return append(dst, value...)
		}
		return appendMembers(dst, value, func(dst, key, value []byte) []byte {
			if !inResponse(key) || known && string(key) == "output" {
				value = jsonNull
			}
			return append(dst, value...)
		})
	})
}

// appendMembers appends an object, which is well-formed, with what add appends for
// each of its values. A key is as it stands between its quotes.
func appendMembers(dst, object []byte, add func(dst, key, value []byte) []byte) []byte {
	dst = append(dst, '{')
	for at := skipSpace(object, 1); object[at] == '"'; {
		n := stringLen(object[at:])
		key := object[at+1 : at+n-1]
		dst = append(append(append(dst, '"'), key...), '"', ':')
		at = skipSpace(object, at+n) // to the colon
		at = skipSpace(object, at+1) // to the value
		n = valueLen(object[at:])
		dst = add(dst, key, object[at:at+n])
		if at = skipSpace(object, at+n); object[at] == ',' {
			dst = append(dst, ',')
			at = skipSpace(object, at+1)
		}
	}
	return append(dst, '}')
}

// skipSpace returns the position of the first byte from at on that is no white
// space.
func skipSpace(b []byte, at int) int {
	for isSpace(b[at]) {
		at++
	}
	return at
}

// valueLen returns the length of the JSON value that b, which is well-formed,
// begins with.
func valueLen(b []byte) (n int) {
	for depth := 0; ; {
		switch b[n] {
		case '"':
			n += stringLen(b[n:])
		case '{', '[':
			depth++
			n++
		case '}', ']':
			depth--
			n++
		case ' ', '\n', '\r', '\t', ',', ':':
			n++
			continue
		default: // a number or a word
			for n < len(b) && !isSpace(b[n]) && b[n] != ',' && b[n] != '}' && b[n] != ']' {
				n++
			}
		}
		if depth == 0 {
			return n
		}
	}
}
