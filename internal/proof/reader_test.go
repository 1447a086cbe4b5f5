package proof

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// readerFunc makes an io.Reader of a function.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// pull reads all deltas of r.
func pull(r *llmstream.Reader) (l lines) {
	for r.Next() {
		l.HandleDelta(r.Delta())
	}
	return l
}

// aBitOfAll is a stream with something of everything, up to the end marker.
var aBitOfAll = ": c\n\n" + testkit.SSE(
	`{"id":"a","model":"m","created":1,"choices":[{"index":0,"delta":{"role":"assistant","content":"x\ud83d"}}]}`,
	says(`\ude00`), "", "null", `{"bad`, calls(`{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}`),
) + "data: " + says("g") + "\ndata: " + testkit.Stops + "\n\n" + testkit.SSE(`{"choices":[],"usage":{"total_tokens":3}}`, "[DONE]")

// A Reader gives the same deltas and the same outcome as a Parser, however its
// input comes.
func TestReaderGivesWhatAParserGives(t *testing.T) {
	for name, body := range map[string]string{
		"a bit of all": aBitOfAll, "cut": aBitOfAll[:len(aBitOfAll)-50], "unterminated": strings.TrimSpace(aBitOfAll), "empty": "", "CR": strings.ReplaceAll(aBitOfAll, "\n", "\r"),
		"gzip": "\x1f\x8b\x08", "text": "no\n", "another dialect": testkit.SSE(`{"candidates":[]}`, says("x")), "JSON": `{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}`,
		"no marker": testkit.SSE(calls(`{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}`), testkit.Stops), "half of a pair": testkit.SSE(says(`\ud83d`)), "an error": testkit.SSE(`{"error":"no"}`),
		"large": testkit.SSE(says(strings.Repeat("x", 48<<10)), says("y"), "[DONE]"),
	} {
		want, outcome := push(llmstream.OpenAIChat, nil, body)
		for how, wrap := range map[string]func(io.Reader) io.Reader{
			"whole":         func(r io.Reader) io.Reader { return r },
			"one byte":      iotest.OneByteReader,
			"half":          iotest.HalfReader,
			"data with EOF": iotest.DataErrReader,
			"both":          func(r io.Reader) io.Reader { return iotest.DataErrReader(iotest.OneByteReader(r)) },
		} {
			for _, drain := range []bool{false, true} {
				r := llmstream.NewReader(wrap(strings.NewReader(body)), llmstream.OpenAIChat, &llmstream.Options{Drain: drain})
				require.NoError(t, r.Err())
				require.Equal(t, want, pull(r), "%s, %s", name, how)
				require.Equal(t, outcome, r.Outcome(), "%s, %s", name, how)
				require.Equal(t, outcome.Err(), r.Err())
				require.False(t, r.Next())
			}
		}
	}
}

// Contract 12, F-20: the server may keep the connection open behind the marker.
func TestReaderStopsAtTheEndMarker(t *testing.T) {
	here, there := net.Pipe()
	defer here.Close()
	go there.Write([]byte(testkit.Whole))
	r := llmstream.NewReader(here, llmstream.OpenAIChat, nil)
	done := make(chan lines)
	go func() { done <- pull(r) }()
	select {
	case l := <-done:
		require.Equal(t, lines{"content hi", "finish stop(stop)", "done"}, l)
	case <-time.After(time.Minute):
		t.Fatal("it reads on")
	}
	require.NoError(t, r.Err())
	require.Equal(t, llmstream.StateComplete, r.Outcome().State)
}

func TestReaderIgnoresWhatFollowsTheEndMarker(t *testing.T) {
	body := testkit.Whole + testkit.SSE(says("more")) + "data: {\"unfinished"
	r := llmstream.NewReader(strings.NewReader(body), llmstream.OpenAIChat, nil)
	require.Equal(t, lines{"content hi", "finish stop(stop)", "done"}, pull(r))
	require.Zero(t, r.Outcome().Anomalies.AfterDone)
	require.Zero(t, r.Outcome().Anomalies.PendingBytes)

	r = llmstream.NewReader(strings.NewReader(body), llmstream.OpenAIChat, &llmstream.Options{Drain: true})
	require.Equal(t, lines{"content hi", "finish stop(stop)", "done", "content more"}, pull(r))
	require.EqualValues(t, 1, r.Outcome().Anomalies.AfterDone)
	require.NotZero(t, r.Outcome().Anomalies.PendingBytes)
	require.NoError(t, r.Err())
}

// Also within an event: lines that were meant to be events of their own (F-40).
func TestReaderStopsAtAnEndMarkerThatIsGlued(t *testing.T) {
	r := llmstream.NewReader(strings.NewReader("data: "+testkit.Stops+"\ndata: [DONE]\ndata: "+says("more")+"\n\n"), llmstream.OpenAIChat, nil)
	require.Equal(t, lines{"finish stop(stop)", "done"}, pull(r))
	require.NoError(t, r.Err())
}

// An error that the input ends with counts only if it came before the end.
func TestReaderTellsWhatItsInputFailedWith(t *testing.T) {
	for _, c := range []struct {
		name  string
		src   io.Reader
		want  lines
		state llmstream.State
		is    error
	}{
		{"at once", iotest.ErrReader(errBoom), nil, llmstream.StateTruncated, errBoom},
		{"in the midst", io.MultiReader(strings.NewReader(testkit.SSE(says("a"))), iotest.ErrReader(errBoom)), lines{"content a"}, llmstream.StateTruncated, errBoom},
		{"a timeout", iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(testkit.SSE(says("a"))))), nil, llmstream.StateTruncated, iotest.ErrTimeout},
		{"with the last bytes", readerFunc(func(b []byte) (int, error) { return copy(b, testkit.SSE(says("a"))), errBoom }), lines{"content a"}, llmstream.StateTruncated, errBoom},
		{"behind the end", readerFunc(func(b []byte) (int, error) { return copy(b, testkit.Whole), errBoom }), lines{"content hi", "finish stop(stop)", "done"}, llmstream.StateComplete, nil},
		{"behind an end with no answer", readerFunc(func(b []byte) (int, error) { return copy(b, testkit.SSE("[DONE]")), context.Canceled }), lines{"done"}, llmstream.StateEmpty, llmstream.ErrEmpty},
		{"behind the finish", readerFunc(func(b []byte) (int, error) {
			return copy(b, testkit.SSE(says("a"), testkit.Stops)), io.ErrUnexpectedEOF
		}), lines{"content a", "finish stop(stop)"}, llmstream.StateComplete, nil},
		{"an error of the provider", readerFunc(func(b []byte) (int, error) { return copy(b, testkit.SSE(`{"error":"no"}`)), errBoom }), lines{"error no"}, llmstream.StateError, errBoom},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := llmstream.NewReader(c.src, llmstream.OpenAIChat, nil)
			require.Equal(t, c.want, pull(r))
			require.Equal(t, c.state, r.Outcome().State)
			if c.is == nil {
				require.NoError(t, r.Err())
			} else {
				require.ErrorIs(t, r.Err(), c.is)
			}
		})
	}
}

// emptyReader gives nothing n times before each read of src.
func emptyReader(src io.Reader, n int) io.Reader {
	left := n
	return readerFunc(func(b []byte) (int, error) {
		if left > 0 {
			left--
			return 0, nil
		}
		left = n
		return src.Read(b)
	})
}

func TestReaderGivesUpOnEmptyReads(t *testing.T) {
	r := llmstream.NewReader(emptyReader(iotest.OneByteReader(strings.NewReader(testkit.Whole)), 99), llmstream.OpenAIChat, nil)
	require.Len(t, pull(r), 3)
	require.NoError(t, r.Err())

	reads := 0
	r = llmstream.NewReader(readerFunc(func([]byte) (int, error) { reads++; return 0, nil }), llmstream.OpenAIChat, nil)
	require.False(t, r.Next())
	require.ErrorIs(t, r.Err(), io.ErrNoProgress)
	require.Equal(t, 100, reads)
}

func TestReaderReadsNoFurtherThanItMust(t *testing.T) {
	events, reads := []string{testkit.SSE(says("a"), says("b")), testkit.SSE(says("c"))}, 0
	r := llmstream.NewReader(readerFunc(func(b []byte) (int, error) {
		if reads == len(events) {
			return 0, io.EOF
		}
		reads++
		return copy(b, events[reads-1]), nil
	}), llmstream.OpenAIChat, nil)
	for _, want := range []int{1, 1, 2} {
		require.True(t, r.Next())
		require.Equal(t, want, reads)
	}
}

// Input that is of no use is not read to its end.
func TestReaderStopsReadingWhatIsOfNoUse(t *testing.T) {
	for _, body := range []string{"\x1f\x8b\x08\x00", testkit.SSE(`{"candidates":[]}`)} {
		reads := 0
		r := llmstream.NewReader(readerFunc(func(b []byte) (int, error) {
			reads++
			return copy(b, body), nil // and so on without an end
		}), llmstream.OpenAIChat, nil)
		pull(r)
		require.Equal(t, 1, reads)
		require.Equal(t, llmstream.StateNotStream, r.Outcome().State)
		require.ErrorIs(t, r.Err(), llmstream.ErrNotStream)
	}
}

func TestReaderDeltasGoOnAfterABreak(t *testing.T) {
	r := llmstream.NewReader(strings.NewReader(testkit.SSE(`{"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"}}]}`, says("c"))), llmstream.OpenAIChat, nil)
	var got []string
	for d, err := range r.Deltas() {
		require.NoError(t, err)
		got = append(got, string(d.Text))
		break
	}
	require.NoError(t, r.Err())
	var last error
	for d, err := range r.Deltas() {
		if err != nil {
			require.Nil(t, d)
			last = err
			continue
		}
		got = append(got, string(d.Text))
	}
	require.Equal(t, []string{"a", "b", "c"}, got)
	require.ErrorIs(t, last, llmstream.ErrTruncated)
	require.Equal(t, r.Err(), last)

	for range llmstream.NewReader(strings.NewReader(testkit.Whole), llmstream.OpenAIChat, nil).Deltas() {
		break // and never again
	}
	for _, err := range llmstream.NewReader(strings.NewReader(testkit.Whole), llmstream.OpenAIChat, nil).Deltas() {
		require.NoError(t, err)
	}
}

// A delta is good until the next call of Next, also when its event was the last
// of a read.
func TestReaderLendsItsDeltas(t *testing.T) {
	r := llmstream.NewReader(iotest.OneByteReader(strings.NewReader(testkit.SSE(says("a"), says("b"), says("c")))), llmstream.OpenAIChat, nil)
	other := llmstream.NewReader(strings.NewReader(testkit.SSE(says("other"), says("other"), says("other"))), llmstream.OpenAIChat, nil)
	for _, want := range []string{"a", "b", "c"} {
		require.True(t, r.Next())
		d := r.Delta()
		require.True(t, other.Next()) // which must not have been lent the same memory
		require.Equal(t, want, string(d.Text))
		require.Equal(t, says(want), string(d.Raw))
		require.Same(t, d, r.Delta())
	}
}

func TestReaderReset(t *testing.T) {
	r := llmstream.NewReader(iotest.ErrReader(errBoom), llmstream.OpenAIChat, nil)
	for _, left := range []io.Reader{
		iotest.ErrReader(errBoom), strings.NewReader(aBitOfAll), strings.NewReader(testkit.Whole + testkit.Whole), strings.NewReader("\x1f\x8b"),
		strings.NewReader("data: " + says("a") + "\ndata: " + says("b") + "\n\n"), strings.NewReader("data: {"),
	} {
		for n := range 4 {
			r.Reset(left)
			for range n {
				r.Next()
			}
			r.Reset(strings.NewReader(testkit.Whole))
			require.Equal(t, llmstream.StateOpen, r.Outcome().State)
			require.Equal(t, lines{"content hi", "finish stop(stop)", "done"}, pull(r))
			require.NoError(t, r.Err())
		}
	}
}

func TestReaderStopsAtAnEventHandlersError(t *testing.T) {
	seen := 0
	r := llmstream.NewReader(strings.NewReader(testkit.SSE(says("a"), says("b"))+testkit.Whole), llmstream.OpenAIChat, &llmstream.Options{Events: llmstream.EventHandlerFunc(func(*llmstream.Event) error {
		if seen++; seen == 2 {
			return errBoom
		}
		return nil
	})})
	require.Equal(t, lines{"content a"}, pull(r))
	require.ErrorIs(t, r.Err(), errBoom)
	require.ErrorIs(t, r.Err(), llmstream.ErrStopped)
	require.Equal(t, llmstream.StateStopped, r.Outcome().State)
	require.False(t, r.Next())
	require.Equal(t, 2, seen)
}

// So it does where only the end of the input has brought the event.
func TestReaderStopsAtAnEventHandlersErrorAtTheEnd(t *testing.T) {
	r := llmstream.NewReader(strings.NewReader("data: "+says("a")), llmstream.OpenAIChat, &llmstream.Options{Events: llmstream.EventHandlerFunc(func(*llmstream.Event) error { return errBoom })})
	require.False(t, r.Next())
	require.ErrorIs(t, r.Err(), errBoom)
	require.Equal(t, llmstream.StateStopped, r.Outcome().State)
}

func TestReaderDialect(t *testing.T) {
	r := llmstream.NewReader(strings.NewReader(testkit.SSE("", says("a"))), llmstream.Auto, nil)
	require.True(t, r.Next())
	require.Equal(t, llmstream.Auto, r.Dialect())
	require.True(t, r.Next())
	require.Equal(t, llmstream.OpenAIChat, r.Dialect())
}

func TestReaderKeepsTheCauseOfACancel(t *testing.T) {
	here, there := io.Pipe()
	go func() {
		there.Write([]byte(testkit.SSE(says("a"))))
		there.CloseWithError(errors.Join(errBoom, llmstream.ErrStopped))
	}()
	r := llmstream.NewReader(here, llmstream.OpenAIChat, nil)
	require.Equal(t, lines{"content a"}, pull(r))
	require.Equal(t, llmstream.StateStopped, r.Outcome().State)
	require.ErrorIs(t, r.Err(), errBoom)
}
