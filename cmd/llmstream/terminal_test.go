package main

import (
	"io"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestColorIsTheWishOfTheUser(t *testing.T) {
	for _, c := range []struct {
		noColor, term string
		want          bool
	}{{"", "xterm", true}, {"", "", true}, {"1", "xterm", false}, {"0", "xterm", false}, {"", "dumb", false}} {
		t.Setenv("NO_COLOR", c.noColor)
		t.Setenv("TERM", c.term)
		require.Equal(t, c.want, wantsColor(), "%+v", c)
	}
}

// The null device is a character device, as a terminal is.
func TestTerminals(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer null.Close()
	require.True(t, isTerminal(null))
	f, err := os.Create(t.TempDir() + "/file")
	require.NoError(t, err)
	defer f.Close()
	require.False(t, isTerminal(f))
	require.False(t, isTerminal(new(strings.Builder)))

	t.Setenv("TERM", "xterm")
	require.NotNil(t, newProgress(f, null))
	require.Nil(t, newProgress(null, null), "the results are on the terminal")
	require.Nil(t, newProgress(f, f), "not a terminal")
	t.Setenv("TERM", "dumb")
	require.Nil(t, newProgress(f, null), "a line cannot be erased")
}

// testProgress is a progress over a file of 1,000 kB, with a clock of the test.
func testProgress(t *testing.T) (p *progress, out *strings.Builder, pass func(time.Duration)) {
	t.Helper()
	out = new(strings.Builder)
	now := time.Unix(0, 0)
	p = &progress{out: out, now: func() time.Time { return now }}
	p.begin([]string{file(t, "large.sse", strings.Repeat("x", 1_000_000))})
	return p, out, func(d time.Duration) { now = now.Add(d) }
}

func TestProgressIsShownWhileMuchIsLeft(t *testing.T) {
	p, out, pass := testProgress(t)
	p.add(10_000)
	require.Empty(t, out.String(), "it is too early to say")
	pass(time.Second)
	p.add(90_000)
	require.Equal(t, "\r10% of 1 MB, 9s left\x1b[K", out.String())
	out.Reset()
	pass(time.Millisecond)
	p.add(1)
	require.Empty(t, out.String(), "not for each read")
	pass(time.Second)
	p.add(899_999)
	require.Equal(t, "\r100% of 1 MB, 0s left\x1b[K", out.String())
	out.Reset()
	p.clear()
	p.clear()
	require.Equal(t, "\r\x1b[K", out.String())
}

func TestProgressOfAShortRunIsNotShown(t *testing.T) {
	p, out, pass := testProgress(t)
	pass(time.Second)
	p.add(600_000)
	pass(time.Second)
	p.add(400_000)
	p.clear()
	require.Empty(t, out.String())
}

func TestProgressOfUnknownSizeIsNotShown(t *testing.T) {
	var out strings.Builder
	p := &progress{out: &out, now: time.Now}
	p.begin([]string{"-"})
	p.begun = time.Now().Add(-time.Hour)
	p.add(1)
	require.Empty(t, out.String())
}

// A complaint begins on an empty line.
func TestComplaintsEraseTheProgress(t *testing.T) {
	p, out, pass := testProgress(t)
	pass(time.Second)
	p.add(1000)
	s := &invocation{stderr: out, progress: p}
	s.complain("file", os.ErrNotExist)
	require.True(t, strings.HasSuffix(out.String(), "\r\x1b[Kllmstream: file: file does not exist\n"), "%q", out)
}

// Every byte of a file counts.
func TestReadsAreCounted(t *testing.T) {
	for name, content := range map[string]string{"a.sse": wholeStream, "a.yaml": cassetteOf(2, "text/event-stream", "", "", wholeStream)} {
		p := &progress{out: new(strings.Builder), now: time.Now}
		s := &invocation{progress: p}
		path := file(t, name, content)
		require.NoError(t, s.eachStream(path, func(one stream) error {
			_, err := io.Copy(io.Discard, one.body)
			return err
		}))
		require.EqualValues(t, len(content), p.read, name)
	}
}

func TestVersion(t *testing.T) {
	for _, arg := range []string{"version", "-version", "--version"} {
		got := runWith(t, "", arg)
		require.Equal(t, 0, got.status)
		require.Regexp(t, `^llmstream \S+( commit \S+)?( with changes)? go\S+ \w+/\w+\n$`, got.stdout)
		require.Empty(t, got.stderr)
	}
	require.Equal(t, 2, runWith(t, "", "version", "x").status)

	info := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}}
	info.Main.Version = "v1.2.3"
	require.True(t, strings.HasPrefix(versionLine(info), "llmstream v1.2.3 commit abc with changes go"))
	require.True(t, strings.HasPrefix(versionLine(nil), "llmstream (unknown) go"))
}
