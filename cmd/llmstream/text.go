package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Text from files, servers and clients is printed only after it went through one of
// the functions here. A terminal obeys control characters, a log takes a line feed
// for the end of an entry, and a reader believes what bidirectional characters
// rearrange.

// maxField is how many bytes one field of a line may have, escapes and quotes
// included.
const maxField = 200

const ellipsis = "…"

// isPlain reports whether a character is printed as it is. Controls (C0 and C1),
// format characters (bidirectional ones among them), line and paragraph separators,
// private and unassigned characters are not. Spaces of other widths and the two
// joiners are, because Asian scripts and emoji need them.
func isPlain(r rune) bool {
	if ' ' <= r && r <= '~' {
		return true
	}
	const zeroWidthNonJoiner, zeroWidthJoiner = '\u200c', '\u200d'
	return strconv.IsPrint(r) || unicode.Is(unicode.Zs, r) || r == zeroWidthNonJoiner || r == zeroWidthJoiner
}

// field returns text as one field of a line for people: with escapes as Go writes
// them, and cut to maxField bytes.
func field(text string) string {
	written, _ := escape(text, maxField, appendChar)
	return written
}

// quotedField is field for a line of NAME=VALUE pairs. It quotes text that could be
// taken for more than one value.
func quotedField(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r == ' ' || r == '"' || r == '=' || r == '\\' || !isPlain(r) }) {
		return field(text)
	}
	written, _ := escape(text, maxField-len(`""`), func(b []byte, r rune, raw string) []byte {
		if r == '"' || r == '\\' {
			b = append(b, '\\')
		}
		return appendChar(b, r, raw)
	})
	return `"` + written + `"`
}

// cutField returns the part of text whose JSON string has at most maxField bytes. It
// leaves the escaping to the one who writes JSON.
func cutField(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	_, read := escape(text, maxField-len(`""`), func(b []byte, r rune, raw string) []byte {
		if r == '"' || r == '\\' {
			b = append(b, '\\')
		}
		return appendJSONChar(b, r, raw)
	})
	if read < len(text) {
		return text[:read] + ellipsis
	}
	return text
}

// paragraphs returns a text of many lines for a terminal. Line feeds and tabs stay, a
// carriage return of a line end goes.
func paragraphs(text string) string {
	written, _ := escape(text, 0, func(b []byte, r rune, raw string) []byte {
		switch r {
		case '\n', '\t':
			return append(b, raw...)
		case '\r':
			return b
		}
		return appendChar(b, r, raw)
	})
	return written
}

// escapeJSON escapes the characters of a line of JSON that JSON allows and a
// terminal does not. They occur in strings only, so that the value stays the same.
func escapeJSON(line []byte) []byte {
	if !bytes.ContainsFunc(line, func(r rune) bool { return !isPlain(r) }) {
		return line
	}
	written, _ := escape(string(line), 0, appendJSONChar)
	return []byte(written)
}

// escape writes text with appendOne, which gets each character and its bytes. If that
// takes more than limit bytes (0: no limit) the result is cut at a character and ends
// with an ellipsis. It also returns how many bytes of text are in the result.
func escape(text string, limit int, appendOne func(b []byte, r rune, raw string) []byte) (written string, read int) {
	b := make([]byte, 0, len(text))
	if limit > 0 {
		b = make([]byte, 0, min(len(text), limit)+16)
	}
	fits, fitsRead := 0, 0 // so much leaves room for the ellipsis
	for read < len(text) {
		r, size := utf8.DecodeRuneInString(text[read:])
		b = appendOne(b, r, text[read:read+size])
		if limit > 0 && len(b) > limit {
			return string(b[:fits]) + ellipsis, fitsRead
		}
		read += size
		if len(b) <= limit-len(ellipsis) {
			fits, fitsRead = len(b), read
		}
	}
	return string(b), read
}

// appendChar appends a character, with an escape of Go if it is not plain.
func appendChar(b []byte, r rune, raw string) []byte {
	const hex = "0123456789abcdef"
	switch {
	case r == utf8.RuneError && len(raw) == 1: // not UTF-8
		return append(b, '\\', 'x', hex[raw[0]>>4], hex[raw[0]&15])
	case isPlain(r):
		return append(b, raw...)
	}
	quoted := strconv.QuoteRuneToASCII(r)
	return append(b, quoted[1:len(quoted)-1]...)
}

// appendJSONChar appends a character, with an escape of JSON if it is not plain.
func appendJSONChar(b []byte, r rune, raw string) []byte {
	if isPlain(r) {
		return append(b, raw...)
	}
	for _, unit := range utf16.Encode([]rune{r}) {
		b = fmt.Appendf(b, `\u%04x`, unit)
	}
	return b
}

// errorText returns err in one piece, without the prefix of the library's errors;
// "" for nil. Joined errors have a line each in Error.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	var texts []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		texts = append(texts, strings.TrimPrefix(line, "llmstream: "))
	}
	return strings.Join(texts, "; ")
}
