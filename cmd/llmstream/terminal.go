package main

import (
	"io"
	"os"
)

// isTerminal reports whether w is a character device, which is as much as the standard
// library can say about terminals.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// wantsColor reports whether the environment allows escape sequences on a terminal:
// NO_COLOR is unset or empty (no-color.org), and TERM is not dumb.
func wantsColor() bool {
	return os.Getenv("NO_COLOR") == "" && !isDumb()
}

// isDumb reports whether the terminal understands no escape sequences.
func isDumb() bool { return os.Getenv("TERM") == "dumb" }
