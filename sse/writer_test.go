package sse_test

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream/sse"
)

func ExampleWriter() {
	w := sse.NewWriter(os.Stdout)
	w.WriteComment("ping")
	w.WriteEvent("greeting", []byte(`{"text":"Hi"}`))
	w.WriteEvent("", []byte("two\nlines"))
	w.Flush()
	// Output:
	// : ping
	// event: greeting
	// data: {"text":"Hi"}
	//
	// data: two
	// data: lines
}

func ExampleNewWriter() {
	var body strings.Builder
	w := sse.NewWriter(&body)
	w.SetID("7")
	w.SetRetry(3000)
	w.WriteEvent("", []byte("x"))
	w.Flush()
	os.Stdout.WriteString(body.String())
	// Output:
	// id: 7
	// retry: 3000
	// data: x
}

func write(t *testing.T, do func(*sse.Writer)) string {
	t.Helper()
	var b bytes.Buffer
	w := sse.NewWriter(&b)
	do(w)
	require.NoError(t, w.Flush())
	return b.String()
}

func TestDataLines(t *testing.T) {
	for data, want := range map[string]string{
		"":           "data: \n\n",
		"a":          "data: a\n\n",
		"a\nb":       "data: a\ndata: b\n\n",
		"a\r\nb":     "data: a\ndata: b\n\n",
		"a\rb":       "data: a\ndata: b\n\n",
		"a\r":        "data: a\ndata: \n\n",
		"a\n":        "data: a\ndata: \n\n",
		"\n\r\n\r":   "data: \ndata: \ndata: \ndata: \n\n",
		"a\r\r\nb\n": "data: a\ndata: \ndata: b\ndata: \n\n",
		" a":         "data:  a\n\n",
	} {
		require.Equal(t, want, write(t, func(w *sse.Writer) { require.NoError(t, w.WriteEvent("", []byte(data))) }), "%q", data)
	}
}

// An ID and a reconnection time belong to one event alone.
func TestFieldsOfTheNextEvent(t *testing.T) {
	got := write(t, func(w *sse.Writer) {
		require.NoError(t, w.SetID(""))
		w.SetRetry(0)
		require.NoError(t, w.WriteEvent("e", []byte("1")))
		require.NoError(t, w.WriteEvent("e", []byte("2")))
	})
	require.Equal(t, "id: \nretry: 0\nevent: e\ndata: 1\n\nevent: e\ndata: 2\n\n", got)
}

func TestFieldsThatCannotBeWritten(t *testing.T) {
	got := write(t, func(w *sse.Writer) {
		require.ErrorIs(t, w.WriteEvent("a\nb", nil), sse.ErrField)
		require.ErrorIs(t, w.WriteEvent("a\rb", nil), sse.ErrField)
		require.ErrorIs(t, w.SetID("a\nb"), sse.ErrField)
		require.ErrorIs(t, w.SetID("a\x00b"), sse.ErrField)
	})
	require.Empty(t, got)
}

func TestCommentsHaveNoBlankLine(t *testing.T) {
	got := write(t, func(w *sse.Writer) { require.NoError(t, w.WriteComment("a\r\nb\rc\nd")) })
	require.Equal(t, ": a\n: b\n: c\n: d\n", got)
}

// writes keeps each Write, and how often it was flushed.
type writes struct {
	each    []string
	flushed int
	err     error
}

func (w *writes) Write(b []byte) (int, error) {
	w.each = append(w.each, string(b))
	return len(b), w.err
}

func (w *writes) Flush() { w.flushed++ }

func TestFlushIsOneWrite(t *testing.T) {
	var to writes
	w := sse.NewWriter(&to)
	require.NoError(t, w.Flush())
	require.Empty(t, to.each, "nothing was there to be written")
	require.NoError(t, w.WriteComment("c"))
	require.NoError(t, w.WriteEvent("", []byte("1")))
	require.Equal(t, len(": c\ndata: 1\n\n"), w.Buffered())
	require.NoError(t, w.Flush())
	require.Equal(t, []string{": c\ndata: 1\n\n"}, to.each)
	require.Equal(t, 1, to.flushed)
	require.Zero(t, w.Buffered())
}

func TestFlushOfABufferedWriter(t *testing.T) {
	var b bytes.Buffer
	w := sse.NewWriter(bufio.NewWriter(&b))
	require.NoError(t, w.WriteEvent("", []byte("1")))
	require.NoError(t, w.Flush())
	require.Equal(t, "data: 1\n\n", b.String())
}

func ExampleWriter_BeginEvent() {
	w := sse.NewWriter(os.Stdout)
	buf := w.BeginEvent("count")
	buf = strconv.AppendInt(buf, 7, 10)
	w.EndEvent(buf)
	w.Flush()
	// Output:
	// event: count
	// data: 7
}

// An event that is not ended leaves no trace.
func TestBeginWithoutEnd(t *testing.T) {
	got := write(t, func(w *sse.Writer) {
		require.NoError(t, w.SetID("1"))
		_ = append(w.BeginEvent("a"), "data"...)
		w.EndEvent(append(w.BeginEvent("b"), "x"...))
		require.NoError(t, w.WriteEvent("", []byte("y")))
	})
	require.Equal(t, "id: 1\nevent: b\ndata: x\n\ndata: y\n\n", got)
}

func TestErrorsStay(t *testing.T) {
	to := writes{err: errors.New("gone")}
	w := sse.NewWriter(&to)
	require.NoError(t, w.WriteEvent("", []byte("1")))
	require.ErrorIs(t, w.Flush(), to.err)
	require.ErrorIs(t, w.WriteEvent("", []byte("2")), to.err)
	require.ErrorIs(t, w.WriteComment("c"), to.err)
	require.ErrorIs(t, w.Flush(), to.err)
	require.Len(t, to.each, 1)

	var b bytes.Buffer
	w.Reset(&b)
	require.NoError(t, w.WriteEvent("", []byte("3")))
	require.NoError(t, w.Flush())
	require.Equal(t, "data: 3\n\n", b.String())
}

func TestWriterAllocates(t *testing.T) {
	var to discard
	w := sse.NewWriter(&to)
	data := []byte(`{"a":1}`)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		w.WriteEvent("e", data)
		w.Flush()
	}))
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
