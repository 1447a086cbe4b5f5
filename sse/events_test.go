package sse

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// pieces is a reader that returns body in the pieces that end at cuts. The bytes of
// the last one come together with err, which is io.EOF if it is nil.
type pieces struct {
	body []byte
	cuts []int
	at   int
	err  error
}

func (p *pieces) Read(b []byte) (n int, err error) {
	end := len(p.body)
	if len(p.cuts) > 0 {
		end = p.cuts[0]
	}
	n = copy(b, p.body[p.at:end])
	if p.at += n; p.at == end && len(p.cuts) > 0 {
		p.cuts = p.cuts[1:]
	}
	if p.at < len(p.body) {
		return n, nil
	}
	if p.err == nil {
		p.err = io.EOF
	}
	return n, p.err
}

// pull returns the events of body as eventLog writes them, and errors after "!".
func pull(r io.Reader, o *Options) []string {
	var l eventLog
	for e, err := range Events(r, o) {
		if err != nil {
			l.add("!" + err.Error())
			continue
		}
		l.HandleEvent(e)
	}
	return l.lines
}

func TestEventsCutAnywhere(t *testing.T) {
	const body = "\uFEFFid: 1\r\ndata: a\r\n\r\n: c\r\ndata: 123456\r\n\r\nevent: t\rdata: b\rdata: c\r\rretry: 5\n\ndata: d\n\ndata: e\n"
	want := []string{"|a|1", "!sse: event left out: it exceeds MaxEvent (5 bytes)", "t|b\nc|1", "|d|1"}
	testkit.EachCut(body, func(cuts ...int) {
		require.Equal(t, want, pull(&pieces{body: []byte(body), cuts: cuts}, &Options{MaxEvent: 5}), "cut at %v", cuts)
	})
}

func TestEventsOfABodyLargerThanTheBuffer(t *testing.T) {
	var want []string
	body := ""
	for i := range 5 {
		data := fmt.Sprint(i, strings.Repeat("x", 3*readSize))
		body += "data: " + data + "\n\n"
		want = append(want, "|"+data+"|")
	}
	require.Equal(t, want, pull(strings.NewReader(body), nil))
	require.Equal(t, want, pull(iotest.OneByteReader(strings.NewReader(body)), nil))
}

// What came before an error is given first. The error is given once a range.
func TestEventsOfAReaderThatFails(t *testing.T) {
	r := &pieces{body: []byte("data: a\n\ndata: b\n\ndata: c"), err: errBoom}
	require.Equal(t, []string{"|a|", "|b|", "!boom"}, pull(r, nil))

	events := Events(&pieces{err: errBoom}, nil)
	for range 2 {
		n := 0
		for e, err := range events {
			require.Nil(t, e)
			require.Equal(t, errBoom, err)
			n++
		}
		require.Equal(t, 1, n)
	}
}

func TestEventsOfAReaderThatReadsNothing(t *testing.T) {
	require.Equal(t, []string{"!" + io.ErrNoProgress.Error()}, pull(emptyReader{}, nil))
	require.Equal(t, []string{"!sse: Events was given no reader"}, pull(nil, nil))
}

type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) { return 0, nil }

// A loop that breaks misses nothing: the next one goes on with the next event.
func TestEventsAfterABreak(t *testing.T) {
	events := Events(strings.NewReader("data: a\n\ndata: b\n\ndata: 123456\n\ndata: c\n\n"), &Options{MaxEvent: 5})
	var got []string
	for range 6 {
		for e, err := range events {
			if err != nil {
				var limit *LimitError
				require.ErrorAs(t, err, &limit)
				require.Equal(t, LimitError{"MaxEvent", 5}, *limit)
				got = append(got, limit.Limit)
			} else {
				got = append(got, string(e.Data))
			}
			break
		}
	}
	require.Equal(t, []string{"a", "b", "MaxEvent", "c"}, got)
}

// An event is given before more is read, so that a live stream is prompt.
func TestEventsArePrompt(t *testing.T) {
	r, w := io.Pipe()
	taken := make(chan string)
	go func() {
		for e, err := range Events(r, nil) {
			if err != nil {
				break
			}
			taken <- string(e.Data)
		}
		close(taken)
	}()
	for _, data := range []string{"a", "b"} {
		io.WriteString(w, "data: "+data+"\n\n")
		require.Equal(t, data, <-taken)
	}
	w.CloseWithError(errors.New("gone"))
	_, more := <-taken
	require.False(t, more)
}
