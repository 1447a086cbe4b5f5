package jsonscan

// AppendQuoted appends text to dst as a JSON string. Invalid UTF-8 is kept.
func AppendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	for _, c := range text {
		dst = AppendEscaped(dst, c)
	}
	return append(dst, '"')
}

// AppendEscaped appends one byte of a text to the body of a JSON string.
func AppendEscaped(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c < ' ':
		return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
	}
	return append(dst, c)
}
