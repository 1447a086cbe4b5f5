package proof

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
)

// Short names for what other packages of tests share; see package streamtest and
// package testkit.
type (
	lines     = streamtest.Lines
	reading   = streamtest.Reading
	recording = streamtest.Recording
)

var (
	push             = streamtest.Push
	read             = streamtest.Read
	requireSame      = streamtest.RequireSame
	requireShortcuts = streamtest.RequireShortcuts
	recordings       = streamtest.Recordings

	chunk, says, calls = testkit.Chunk, testkit.Says, testkit.Calls
	framed             = testkit.Framed
)

var errBoom = errors.New("boom")

// exhaustive reports whether all cases are to be tried, and not a sample of them.
func exhaustive() bool { return os.Getenv("LLMSTREAM_EXHAUSTIVE") != "" }

// sample returns every how manieth case to try: each of them in an exhaustive run, and
// fewer still with -short.
func sample(usual int) int {
	switch {
	case exhaustive():
		return 1
	case testing.Short():
		return 5 * usual
	}
	return usual
}

// numbered repeats s with the number of the repetition in place of "%".
func numbered(s string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(s, "%", strconv.Itoa(i)))
	}
	return b.String()
}
