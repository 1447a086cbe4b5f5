package sse

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

var errBoom = errors.New("boom")

// eventLog records events and comments, a line each. It is a [CommentHandler].
type eventLog struct {
	lines []string
	fail  func(line string) error
}

func (l *eventLog) HandleEvent(e *Event) error {
	line := fmt.Sprintf("%s|%s|%s", e.Type, e.Data, e.ID)
	if e.Retry >= 0 {
		line += fmt.Sprintf("|%d", e.Retry)
	}
	return l.add(line)
}

func (l *eventLog) HandleComment(comment []byte) error { return l.add(":" + string(comment)) }

func (l *eventLog) add(line string) error {
	l.lines = append(l.lines, line)
	if l.fail != nil {
		return l.fail(line)
	}
	return nil
}

// Each case is read whole, cut at every position, cut at every two positions and
// byte by byte.
func TestParserFollowsTheStandard(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       []string // type|data|id|retry
	}{
		{"one event", "data: a\n\n", []string{"|a|"}},
		{"line ends of LF", "data: a\ndata: b\n\ndata: c\n\n", []string{"|a\nb|", "|c|"}},
		{"line ends of CRLF", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", []string{"|a\nb|", "|c|"}}, // F-07, F-08
		{"line ends of CR", "data: a\rdata: b\r\rdata: c\r\r", []string{"|a\nb|", "|c|"}},             // F-09
		{"line ends mixed", "data: a\rdata: b\r\n\ndata: c\n\r\ndata: d\n\rdata: e\r\r\n", []string{"|a\nb|", "|c|", "|d|", "|e|"}},
		{"type of an event with several lines", "event: longer\ndata: first\ndata: second\ndata: third\n\n", []string{"longer|first\nsecond\nthird|"}}, // F-18
		{"type after the data", "data: a\nevent: t\n\n", []string{"t|a|"}},
		{"the last type counts", "event: t\nevent: u\ndata: a\n\n", []string{"u|a|"}},
		{"no space after the colon", "data:a\n\n", []string{"|a|"}},  // F-01
		{"one space is removed", "data:  a \n\n", []string{"| a |"}}, // F-02
		{"a tab is not", "data:\ta\n\n", []string{"|\ta|"}},          // F-02
		{"colons in the value", "data: a: b:c\n\n", []string{"|a: b:c|"}},
		{"empty data", "data:\n\ndata\n\ndata: \n\n", []string{"||", "||", "||"}}, // F-05, F-33
		{"two empty lines of data", "data\ndata\n\n", []string{"|\n|"}},
		{"an event without data resets its type", "event: t\n\ndata: a\n\n", []string{"|a|"}}, // F-25
		{"fields without a colon", "event: t\nevent\ndata: a\nid\nretry\n\n", []string{"|a|"}},
		{"unknown fields", "foo: 1\nfoo\ndatabase: x\ndata: a\n Data: b\nDATA: c\n data: d\n\n", []string{"|a|"}}, // F-32, F-33
		{"no error field and no text", "error: {\"a\":1}\n\n{\"a\":1}\n<html>\n\ndata: a\n\n", []string{"|a|"}},
		{"comments", ": a\n:b\n:\ndata: x\n: c\ndata: y\n\n", []string{": a", ":b", ":", ": c", "|x\ny|"}}, // F-03
		{"comments alone", ": a\n\n: b\n\n", []string{": a", ": b"}},
		{"ids", "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", []string{"|a|1", "|b|1", "|c|"}},
		{"an id without data", "id: 1\n\ndata: a\n\n", []string{"|a|1"}},                                                                                   // F-25
		{"an id with NUL keeps the one before", "id: 1\ndata: a\n\nid: 2\x003\ndata: b\n\nid: 4\nid: \x00\ndata: c\n\n", []string{"|a|1", "|b|1", "|c|4"}}, // F-24
		{"retry", "retry: 10\ndata: a\n\ndata: b\n\nretry: 1x\ndata: c\n\nretry: -1\ndata: d\n\n", []string{"|a||10", "|b|", "|c|", "|d|"}},
		{"a huge retry", "retry: 99999999999999999999\ndata: a\n\n", []string{"|a||2147483647"}},
		{"a retry that is just too large", "retry: 2147483648\ndata: a\n\n", []string{"|a||2147483647"}},
		{"a byte order mark once", "\uFEFFdata: a\n\n\uFEFFdata: b\n\n", []string{"|a|"}}, // F-10
		{"two byte order marks", "\uFEFF\uFEFFdata: a\n\ndata: b\n\n", []string{"|b|"}},
		{"half of a byte order mark", "\xEF\xBBdata: a\n\ndata: b\n\n", []string{"|b|"}},
		{"blank lines first", "\r\n\n\r\ndata: a\n\n", []string{"|a|"}},
		{"broken UTF-8", "data: \xff\xfe\x00\n\n", []string{"|\xff\xfe\x00|"}}, // F-11, F-12
		{"an unfinished event", "data: a\n\nid: 1\ndata: b\n", []string{"|a|"}},
		{"an unfinished line", "data: a\n\ndata: b", []string{"|a|"}},
		{"an end in CRLF and half a blank line", "data: a\r\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			testkit.EachCut(c.body, func(cuts ...int) {
				var l eventLog
				p := NewParser(&l, nil)
				testkit.WriteCut(t, p.Write, c.body, cuts...)
				require.NoError(t, p.Close())
				require.Equal(t, c.want, l.lines, "cut at %v", cuts)
			})
		})
	}
}

// An event comes with the Write of its last byte. A CR is one, although a LF may
// follow.
func TestParserIsPrompt(t *testing.T) {
	for _, end := range []string{"\n\n", "\r\n\r", "\r\r", "\n\r", "\r\n\n"} {
		var l eventLog
		p := NewParser(&l, nil)
		event := "data: a" + end
		for i := range len(event) {
			require.Empty(t, l.lines, "%q", event[:i])
			p.Write([]byte{event[i]})
		}
		require.Equal(t, []string{"|a|"}, l.lines, "%q", end)
		p.Write([]byte("\n: c\n"))
		require.Equal(t, []string{"|a|", ": c"}, l.lines, "%q", end)
	}
}

func TestParserLeavesOutWhatIsTooLarge(t *testing.T) {
	for _, c := range []struct {
		name, body string
		options    Options
		want       []string
		limit      string
	}{
		{"a line of just MaxLine", "data: 4\n\n", Options{MaxLine: 7}, []string{"|4|"}, ""},
		{"a line past it", "data: 45\n\ndata: b\n\n", Options{MaxLine: 7}, []string{"|b|"}, "MaxLine"},
		{"one of several lines", "data: a\ndata: 45\ndata: c\n\ndata: b\n\n", Options{MaxLine: 7}, []string{"|b|"}, "MaxLine"},
		{"a comment of just MaxLine", ": 34567\ndata: b\n\n", Options{MaxLine: 7}, []string{": 34567", "|b|"}, ""},
		{"a comment past it, which is none", ": 345678\ndata: b\n\n", Options{MaxLine: 7}, []string{"|b|"}, ""},
		{"an unknown field", "unknown: 1\ndata: b\n\n", Options{MaxLine: 7}, []string{"|b|"}, ""},
		{"data of just MaxEvent", "data: 12345\n\n", Options{MaxEvent: 5}, []string{"|12345|"}, ""},
		{"data past it", "data: 123456\n\ndata: b\n\n", Options{MaxEvent: 5}, []string{"|b|"}, "MaxEvent"},
		{"lines of just MaxEvent, with the LF between", "data: 12\ndata: 45\n\n", Options{MaxEvent: 5}, []string{"|12\n45|"}, ""},
		{"lines past it", "data: 12\ndata: 456\ndata\n\ndata: b\n\n", Options{MaxEvent: 5}, []string{"|b|"}, "MaxEvent"},
		{"its id still counts", "id: 7\ndata: 123456\n\ndata: b\n\n", Options{MaxEvent: 5}, []string{"|b|7"}, "MaxEvent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			testkit.EachCut(c.body, func(cuts ...int) {
				var l eventLog
				p := NewParser(&l, &c.options)
				testkit.WriteCut(t, p.Write, c.body, cuts...)
				err := p.Close()
				require.Equal(t, c.want, l.lines, "cut at %v", cuts)
				var limit *LimitError
				if c.limit == "" {
					require.NoError(t, err)
				} else {
					require.ErrorAs(t, err, &limit, "cut at %v", cuts)
					require.Equal(t, c.limit, limit.Limit)
				}
			})
		})
	}
}

func TestParserStopsAtAHandlersError(t *testing.T) {
	const first, second, rest = "data: a\r\n\r\n", "data: b\r\n\r\n", "data: c\r\n\r\n"
	l := eventLog{fail: func(line string) error {
		if line == "|b|" {
			return errBoom
		}
		return nil
	}}
	p := NewParser(&l, nil)
	n, err := p.Write([]byte(first + second + rest))
	require.Equal(t, len(first+second), n)
	require.Equal(t, errBoom, err)
	for range 2 {
		n, err = p.Write([]byte(rest))
		require.Zero(t, n)
		require.Equal(t, errBoom, err)
	}
	require.Equal(t, errBoom, p.Close())
	require.Equal(t, []string{"|a|", "|b|"}, l.lines)

	p.Reset()
	n, err = p.Write([]byte(rest))
	require.Equal(t, len(rest), n)
	require.NoError(t, err)
	require.NoError(t, p.Close())
	require.Equal(t, []string{"|a|", "|b|", "|c|"}, l.lines)
}

func TestParserStopsAtACommentHandlersError(t *testing.T) {
	p := NewParser(&eventLog{fail: func(string) error { return errBoom }}, nil)
	n, err := p.Write([]byte(": a\ndata: b\n\n"))
	require.Equal(t, len(": a\n"), n)
	require.Equal(t, errBoom, err)
}

func TestParserWithoutACommentHandler(t *testing.T) {
	var got []string
	p := NewParser(HandlerFunc(func(e *Event) error {
		got = append(got, string(e.Data))
		return nil
	}), nil)
	testkit.WriteCut(t, p.Write, ": a\ndata: b\n:c\n\n", 1, 6)
	require.NoError(t, p.Close())
	require.Equal(t, []string{"b"}, got)
}

func TestParserIsClosed(t *testing.T) {
	p := NewParser(&eventLog{}, nil)
	require.NoError(t, p.Close())
	n, err := p.Write([]byte("data: a\n\n"))
	require.Zero(t, n)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.NoError(t, p.Close())
}

func TestParserReturnsLastEventIDAndRetry(t *testing.T) {
	p := NewParser(&eventLog{}, nil)
	require.Empty(t, p.LastEventID())
	require.Equal(t, -1, p.Retry())
	p.Write([]byte("id: 1\nretry: 250\ndata: a\n\nid: 2\n"))
	require.Equal(t, "1", string(p.LastEventID())) // the event of the second is unfinished
	require.Equal(t, 250, p.Retry())
	p.Write([]byte("\nretry: x\n\n"))
	require.Equal(t, "2", string(p.LastEventID()))
	require.Equal(t, 250, p.Retry())
}

// Reset leaves nothing of a stream, wherever that broke off.
func TestParserReset(t *testing.T) {
	var l eventLog
	p := NewParser(&l, &Options{MaxEvent: 10})
	for _, left := range []string{
		"id: 1\nretry: 5\ndata: a\n\n", "event: t\ndata: b", "data: b\r", "id: 2\n", "\xEF\xBB", ": c", "data: 12345678901\n\n", "data: 12345678901\n",
	} {
		p.Write([]byte(left))
		p.Reset()
		l.lines = nil
		require.Empty(t, p.LastEventID())
		require.Equal(t, -1, p.Retry())
		p.Write([]byte("\xEF\xBB\xBFdata: x\n\n"))
		require.Equal(t, []string{"|x|"}, l.lines, "%q", left)
		require.NoError(t, p.Close(), "%q", left)
		p.Reset()
	}
}

func TestLimitErrorIsTypedAndQuotesNothing(t *testing.T) {
	p := NewParser(&eventLog{}, &Options{MaxEvent: 4})
	p.Write([]byte("data: secret\n\n"))
	err := p.Close()
	require.NotContains(t, err.Error(), "secret") // J-07
	require.True(t, errors.As(err, new(*LimitError)))
}

// After a panic of the handler its event is missing, so nothing more is read until
// Reset.
func TestParserAfterAPanic(t *testing.T) {
	l := &eventLog{fail: func(line string) error {
		if line == "|b|" {
			panic(line)
		}
		return nil
	}}
	p := NewParser(l, nil)
	require.PanicsWithValue(t, "|b|", func() { p.Write([]byte("data: a\n\ndata: b\n\ndata: c\n\n")) })
	n, err := p.Write([]byte("data: d\n\n"))
	require.Zero(t, n)
	require.ErrorIs(t, err, ErrPanicked)
	require.ErrorIs(t, p.Close(), ErrPanicked)
	require.Equal(t, []string{"|a|", "|b|"}, l.lines)

	p.Reset()
	p.Write([]byte("data: e\n\n"))
	require.NoError(t, p.Close())
	require.Equal(t, []string{"|a|", "|b|", "|e|"}, l.lines)
}

func TestParserReportsWhatItLeftOut(t *testing.T) {
	p := NewParser(&eventLog{}, &Options{MaxEvent: 5})
	p.Write([]byte("data: 123456\n\n"))
	require.EqualError(t, p.Close(), "sse: event left out: it exceeds MaxEvent (5 bytes)")
}

// The next connection of a stream knows the last event ID and the reconnection time,
// and nothing else of the one before, wherever that was left.
func TestParserResume(t *testing.T) {
	for _, left := range []string{
		"", "event: t\ndata: b", "data: b\r", "id: 2\n", "id: 2\ndata: b\n", ": c", "data: 12345678901\n\n", "data: 12345678901\n", "\ndata",
	} {
		var l eventLog
		p := NewParser(&l, &Options{MaxEvent: 10})
		p.Write([]byte("id: 1\nretry: 5\ndata: a\n\n" + left))
		p.Close()
		for range 2 {
			p.Resume()
			require.Equal(t, "1", string(p.LastEventID()), "%q", left)
			require.Equal(t, 5, p.Retry(), "%q", left)
		}
		l.lines = nil
		p.Write([]byte("\xEF\xBB\xBFdata: x\n\nid: 3\ndata: y\n\nid\ndata: z\n\n"))
		require.Equal(t, []string{"|x|1", "|y|3", "|z|"}, l.lines, "%q", left)
		require.NoError(t, p.Close(), "%q", left)
	}
}

func TestParserResumesAfterAHandlersError(t *testing.T) {
	p := NewParser(&eventLog{fail: func(line string) error {
		if line == "|b|1" {
			return errBoom
		}
		return nil
	}}, nil)
	_, err := p.Write([]byte("id: 1\ndata: a\n\ndata: b\n\n"))
	require.Equal(t, errBoom, err)
	p.Resume()
	_, err = p.Write([]byte("data: c\n\n"))
	require.NoError(t, err)
	require.NoError(t, p.Close())
}

func TestParserWithoutAHandler(t *testing.T) {
	var zero Parser
	for _, p := range []*Parser{&zero, NewParser(nil, nil), NewParser(HandlerFunc(nil), nil)} {
		for range 2 {
			n, err := p.Write([]byte("data: a\n\n"))
			require.Zero(t, n)
			require.ErrorIs(t, err, ErrNoHandler)
			require.ErrorIs(t, p.Close(), ErrNoHandler)
			require.Empty(t, p.LastEventID())
			require.Equal(t, -1, p.Retry())
			p.Reset()
			p.Resume()
		}
	}
}

// A handler that calls its parser gets an error and does no harm.
func TestParserIsNotReentrant(t *testing.T) {
	const body = "id: 1\ndata: a\n\ndata: b\n\n"
	var p *Parser
	var call func() error
	l := &eventLog{fail: func(string) error { return call() }}
	p = NewParser(l, nil)

	call = func() error { // and takes no notice of the error
		n, err := p.Write([]byte("data: x\n\n"))
		require.Zero(t, n)
		require.ErrorIs(t, err, ErrReentrant)
		require.ErrorIs(t, p.Close(), ErrReentrant)
		require.Equal(t, "1", string(p.LastEventID()))
		return nil
	}
	n, err := p.Write([]byte(body))
	require.Equal(t, len(body), n)
	require.NoError(t, err)
	require.NoError(t, p.Close())
	require.Equal(t, []string{"|a|1", "|b|1"}, l.lines)

	for _, begin := range []func(){p.Reset, p.Resume} {
		l.lines = nil
		p.Reset()
		call = func() error { begin(); return nil }
		n, err = p.Write([]byte(body))
		require.Equal(t, len("id: 1\ndata: a\n\n"), n)
		require.ErrorIs(t, err, ErrReentrant)
		require.ErrorIs(t, p.Close(), ErrReentrant)
		require.Equal(t, []string{"|a|1"}, l.lines)
	}
}

// A handler that ends its goroutine, as FailNow of package testing does, stops the
// parser as a panic does.
func TestParserAfterGoexit(t *testing.T) {
	p := NewParser(HandlerFunc(func(*Event) error { runtime.Goexit(); return nil }), nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.Write([]byte("data: a\n\n"))
	}()
	<-done
	require.ErrorIs(t, p.Close(), ErrPanicked)
}

// A stream costs no allocation once the parser has its buffers, split or not.
func TestParserDoesNotAllocate(t *testing.T) {
	p := NewParser(HandlerFunc(func(*Event) error { return nil }), nil)
	body := []byte("id: 7\nevent: add\ndata: one\ndata: two\n\n: comment\ndata: three\n\n")
	for _, size := range []int{len(body), 11, 1} {
		require.Zero(t, testing.AllocsPerRun(100, func() {
			for at := 0; at < len(body); at += size {
				p.Write(body[at:min(at+size, len(body))])
			}
		}), "pieces of %d bytes", size)
	}
}

// A huge event costs time in proportion to its size, though it comes in small
// pieces, and its buffer does not stay.
func TestParserKeepsNoHugeBuffer(t *testing.T) {
	p := NewParser(HandlerFunc(func(*Event) error { return nil }), nil)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	p.Write([]byte("data: "))
	piece := []byte(strings.Repeat("x", 1000))
	for range 4000 {
		p.Write(piece)
	}
	p.Write([]byte("\n\n"))
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(6*4_000_000))
	p.Write([]byte("data: a\n\n"))
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(1<<20))
	runtime.KeepAlive(p)
}
