package main

import (
	"strings"
	"unicode"
)

// printable makes a text of a model or a server fit for a terminal, which obeys
// control characters: it must not be moved, renamed or recoloured by an answer.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\r':
			return -1
		case unicode.IsControl(r):
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// oneLine is printable text without line ends and tabs.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(printable(text), func(r rune) bool { return r == '\n' || r == '\t' }), " ")
}

// errorText is err without the prefixes by which a program tells the library's
// errors from others; "" for nil. Joined errors have a line each.
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
