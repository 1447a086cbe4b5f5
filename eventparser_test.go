package llmstream

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// eventLog writes down events and comments, a line each. It is a [CommentHandler].
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
func TestEventParserFollowsTheStandard(t *testing.T) {
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
		{"type behind the data", "data: a\nevent: t\n\n", []string{"t|a|"}},
		{"the last type counts", "event: t\nevent: u\ndata: a\n\n", []string{"u|a|"}},
		{"no space behind the colon", "data:a\n\n", []string{"|a|"}}, // F-01
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
				p := NewEventParser(&l, nil)
				testkit.WriteCut(t, p.Write, c.body, cuts...)
				require.NoError(t, p.Close())
				require.Equal(t, c.want, l.lines, "cut at %v", cuts)
			})
		})
	}
}

// An event is given by the very Write that brings its last byte; a CR is one,
// though a LF may follow.
func TestEventParserIsPrompt(t *testing.T) {
	for _, end := range []string{"\n\n", "\r\n\r", "\r\r", "\n\r", "\r\n\n"} {
		var l eventLog
		p := NewEventParser(&l, nil)
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

func TestEventParserLeavesOutWhatIsTooLarge(t *testing.T) {
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
				p := NewEventParser(&l, &c.options)
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

func TestEventParserStopsAtAHandlersError(t *testing.T) {
	const first, second, rest = "data: a\r\n\r\n", "data: b\r\n\r\n", "data: c\r\n\r\n"
	l := eventLog{fail: func(line string) error {
		if line == "|b|" {
			return errBoom
		}
		return nil
	}}
	p := NewEventParser(&l, nil)
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

func TestEventParserStopsAtACommentHandlersError(t *testing.T) {
	p := NewEventParser(&eventLog{fail: func(string) error { return errBoom }}, nil)
	n, err := p.Write([]byte(": a\ndata: b\n\n"))
	require.Equal(t, len(": a\n"), n)
	require.Equal(t, errBoom, err)
}

func TestEventParserWithoutACommentHandler(t *testing.T) {
	var got []string
	p := NewEventParser(EventHandlerFunc(func(e *Event) error {
		got = append(got, string(e.Data))
		return nil
	}), nil)
	testkit.WriteCut(t, p.Write, ": a\ndata: b\n:c\n\n", 1, 6)
	require.NoError(t, p.Close())
	require.Equal(t, []string{"b"}, got)
}

func TestEventParserIsClosed(t *testing.T) {
	p := NewEventParser(&eventLog{}, nil)
	require.NoError(t, p.Close())
	n, err := p.Write([]byte("data: a\n\n"))
	require.Zero(t, n)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.NoError(t, p.Close())
}

func TestEventParserTellsLastEventIDAndRetry(t *testing.T) {
	p := NewEventParser(&eventLog{}, nil)
	require.Empty(t, p.LastEventID())
	require.Equal(t, -1, p.Retry())
	p.Write([]byte("id: 1\nretry: 250\ndata: a\n\nid: 2\n"))
	require.Equal(t, "1", string(p.LastEventID())) // the second is of an unfinished event
	require.Equal(t, 250, p.Retry())
	p.Write([]byte("\nretry: x\n\n"))
	require.Equal(t, "2", string(p.LastEventID()))
	require.Equal(t, 250, p.Retry())
}

// Nothing of a stream is left behind, wherever it was left.
func TestEventParserReset(t *testing.T) {
	var l eventLog
	p := NewEventParser(&l, &Options{MaxEvent: 10})
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
	p := NewEventParser(&eventLog{}, &Options{MaxEvent: 4})
	p.Write([]byte("data: secret\n\n"))
	err := p.Close()
	require.NotContains(t, err.Error(), "secret") // J-07
	require.True(t, errors.As(err, new(*LimitError)))
}

// What comes behind an event that a handler has panicked on would lack that: no
// more is read until Reset, as by a Parser.
func TestEventParserAfterAPanic(t *testing.T) {
	l := &eventLog{fail: func(line string) error {
		if line == "|b|" {
			panic(line)
		}
		return nil
	}}
	p := NewEventParser(l, nil)
	require.PanicsWithValue(t, "|b|", func() { p.Write([]byte("data: a\n\ndata: b\n\ndata: c\n\n")) })
	n, err := p.Write([]byte("data: d\n\n"))
	require.Zero(t, n)
	require.ErrorIs(t, err, errPanicked)
	require.ErrorIs(t, p.Close(), errPanicked)
	require.Equal(t, []string{"|a|", "|b|"}, l.lines)

	p.Reset()
	p.Write([]byte("data: e\n\n"))
	require.NoError(t, p.Close())
	require.Equal(t, []string{"|a|", "|b|", "|e|"}, l.lines)
}

// Close tells what was left out as other errors are told.
func TestEventParserTellsWhatItLeftOut(t *testing.T) {
	p := NewEventParser(&eventLog{}, &Options{MaxEvent: 5})
	p.Write([]byte("data: 123456\n\n"))
	require.EqualError(t, p.Close(), "llmstream: an event was left out: more than MaxEvent allows: 5")
}

// A comment past a limit is counted, and not shown as an empty one.
func TestLongCommentsAreNotShown(t *testing.T) {
	var log eventLog
	p := NewParser(OpenAIChat, nil, &Options{MaxLine: 200, Events: &log})
	p.Write([]byte(":" + strings.Repeat("x", 300) + "\n:short\n\n" + whole))
	require.NoError(t, p.Close())
	require.EqualValues(t, 2, p.Outcome().Comments)
	require.Equal(t, ":short", log.lines[0])
	require.Len(t, log.lines, 4)
}
