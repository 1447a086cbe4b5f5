package proof

import (
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// teeBody is a body whose reads and Close are as a test says.
type teeBody struct {
	io.Reader
	closed int
	err    error
}

func (b *teeBody) Close() error { b.closed++; return b.err }

// teeLog notes the outcomes that done was called with.
type teeLog struct{ outcomes []llmstream.Outcome }

func (l *teeLog) done(o llmstream.Outcome) { l.outcomes = append(l.outcomes, o) }

// step is what one call of a reader gave.
type readStep struct {
	data string
	err  error
}

// steps reads r to its first error.
func steps(r io.Reader, size int) (all []readStep) {
	for {
		b := make([]byte, size)
		n, err := r.Read(b)
		all = append(all, readStep{string(b[:n]), err})
		if err != nil {
			return all
		}
	}
}

// The client sees each read as the body gave it.
func TestTeePassesEverythingOn(t *testing.T) {
	n := 0
	odd := func(body string) io.Reader { // zero reads, and the last bytes with an error
		r := strings.NewReader(body)
		return readerFunc(func(b []byte) (int, error) {
			if n++; n%3 == 0 {
				return 0, nil
			}
			k, _ := r.Read(b[:min(len(b), 7)])
			if r.Len() == 0 {
				return k, errBoom
			}
			return k, nil
		})
	}
	for name, wrap := range map[string]func(string) io.Reader{
		"whole":         func(s string) io.Reader { return strings.NewReader(s) },
		"one byte":      func(s string) io.Reader { return iotest.OneByteReader(strings.NewReader(s)) },
		"data with EOF": func(s string) io.Reader { return iotest.DataErrReader(strings.NewReader(s)) },
		"fails":         func(s string) io.Reader { return io.MultiReader(strings.NewReader(s), iotest.ErrReader(errBoom)) },
		"odd":           odd,
	} {
		for _, body := range []string{aBitOfAll, "", "\x1f\x8b\x08", "no stream", testkit.SSE(`{"candidates":[]}`, says("x")), testkit.SSE(strings.Repeat("x", 2000))} {
			for _, size := range []int{1, 64, 1 << 16} {
				var l teeLog
				n = 0
				want := steps(wrap(body), size)
				n = 0
				p := llmstream.NewParser(llmstream.OpenAIChat, nil, &llmstream.Options{MaxEvent: 1000})
				got := steps(llmstream.Tee(&teeBody{Reader: wrap(body)}, p, l.done), size)
				require.Equal(t, want, got, name)
				require.Len(t, l.outcomes, 1, name)
			}
		}
	}
}

func TestTeeIsDoneOnce(t *testing.T) {
	for _, c := range []struct {
		name  string
		body  io.Reader
		reads int // before Close; -1: to the end
		state llmstream.State
		is    error
	}{
		{"at the end", strings.NewReader(testkit.Whole), -1, llmstream.StateComplete, nil},
		{"at the end of a cut one", strings.NewReader(testkit.SSE(says("a"))), -1, llmstream.StateTruncated, io.ErrUnexpectedEOF},
		{"with the last bytes", iotest.DataErrReader(strings.NewReader(testkit.Whole)), -1, llmstream.StateComplete, nil},
		{"at an error", io.MultiReader(strings.NewReader(testkit.SSE(says("a"))), iotest.ErrReader(errBoom)), -1, llmstream.StateTruncated, errBoom},
		{"at an error behind the end", io.MultiReader(strings.NewReader(testkit.Whole), iotest.ErrReader(errBoom)), -1, llmstream.StateComplete, nil},
		{"closed before anything", strings.NewReader(testkit.Whole), 0, llmstream.StateStopped, llmstream.ErrStopped},
		{"closed before the end", strings.NewReader(testkit.SSE(says("a"))), 1, llmstream.StateStopped, llmstream.ErrStopped},
		{"closed behind the end", strings.NewReader(testkit.Whole), 1, llmstream.StateComplete, nil},
		{"closed behind a finish", strings.NewReader(testkit.SSE(says("a"), testkit.Stops)), 1, llmstream.StateComplete, nil},
		{"closed behind an error", strings.NewReader(testkit.SSE(`{"error":"no"}`)), 1, llmstream.StateError, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l teeLog
			body := &teeBody{Reader: c.body, err: errBoom}
			tee := llmstream.Tee(body, llmstream.NewParser(llmstream.OpenAIChat, nil, nil), l.done)
			if c.reads < 0 {
				io.Copy(io.Discard, tee)
				require.Len(t, l.outcomes, 1)
				tee.Read(make([]byte, 10))
				require.Zero(t, body.closed)
			}
			for range c.reads {
				tee.Read(make([]byte, 10000))
				require.Empty(t, l.outcomes)
			}
			require.Equal(t, errBoom, tee.Close())
			require.Equal(t, errBoom, tee.Close()) // the body's, each time
			require.Equal(t, 2, body.closed)
			tee.Read(make([]byte, 10000))
			require.Len(t, l.outcomes, 1)
			require.Equal(t, c.state, l.outcomes[0].State)
			if c.state == llmstream.StateComplete {
				require.NoError(t, l.outcomes[0].Err())
			} else {
				require.Error(t, l.outcomes[0].Err())
			}
			if c.is != nil {
				require.ErrorIs(t, l.outcomes[0].Err(), c.is)
			}
			if c.reads >= 0 {
				require.NoError(t, l.outcomes[0].Cause) // that it was closed is the state
			}
		})
	}
}

// Reads behind Close go to the body alone, whatever it gives.
func TestTeeReadBehindClose(t *testing.T) {
	p := llmstream.NewParser(llmstream.OpenAIChat, nil, nil)
	tee := llmstream.Tee(&teeBody{Reader: strings.NewReader(testkit.Whole)}, p, nil)
	require.NoError(t, tee.Close())
	got, err := io.ReadAll(tee)
	require.Equal(t, testkit.Whole, string(got))
	require.NoError(t, err)
	require.Zero(t, p.Outcome().Events)
}

// Close does not wait for a Read that blocks; that Read then ends the parsing.
func TestTeeClosedDuringARead(t *testing.T) {
	for range 100 {
		here, there := io.Pipe()
		done := make(chan llmstream.Outcome, 2)
		tee := llmstream.Tee(here, llmstream.NewParser(llmstream.OpenAIChat, nil, nil), func(o llmstream.Outcome) { done <- o })
		var client sync.WaitGroup
		client.Add(1)
		go func() {
			defer client.Done()
			io.Copy(io.Discard, tee)
		}()
		there.Write([]byte(testkit.SSE(says("a"))))
		closed := make(chan error)
		go func() { closed <- tee.Close() }()
		select {
		case err := <-closed:
			require.NoError(t, err)
		case <-time.After(time.Minute):
			t.Fatal("Close waits")
		}
		client.Wait()
		require.Len(t, done, 1)
		o := <-done
		require.EqualValues(t, 1, o.Events)
		require.Equal(t, llmstream.StateStopped, o.State, "%v", o.Err())
		require.ErrorIs(t, o.Err(), llmstream.ErrStopped)
	}
}

// A body may go on blocking behind Close: done waits for its Read, and what that fails
// with is no fault of the connection.
func TestTeeClosedDuringAReadThatGoesOn(t *testing.T) {
	for _, fails := range []error{nil, errBoom, io.EOF} {
		enter, leave := make(chan bool), make(chan bool)
		var l teeLog
		tee := llmstream.Tee(&teeBody{Reader: readerFunc(func(b []byte) (int, error) {
			enter <- true
			<-leave
			return copy(b, testkit.SSE(says("a"))), fails
		})}, llmstream.NewParser(llmstream.OpenAIChat, nil, nil), l.done)
		read := make(chan readStep)
		go func() {
			b := make([]byte, 1000)
			n, err := tee.Read(b)
			read <- readStep{string(b[:n]), err}
		}()
		<-enter
		require.NoError(t, tee.Close())
		require.NoError(t, tee.Close())
		leave <- true
		require.Equal(t, readStep{testkit.SSE(says("a")), fails}, <-read)
		require.Len(t, l.outcomes, 1)
		require.Equal(t, llmstream.StateStopped, l.outcomes[0].State)
		require.True(t, l.outcomes[0].Delivered)
	}
}

func TestTeeOfManyAtOnce(t *testing.T) {
	var all sync.WaitGroup
	for i := range 50 {
		all.Add(1)
		go func() {
			defer all.Done()
			var l teeLog
			tee := llmstream.Tee(&teeBody{Reader: iotest.OneByteReader(strings.NewReader(testkit.Whole))}, llmstream.NewParser(llmstream.OpenAIChat, &llmstream.Accumulator{}, nil), l.done)
			closing := make(chan bool)
			go func() {
				time.Sleep(time.Duration(i) * 10 * time.Microsecond)
				tee.Close()
				close(closing)
			}()
			got, err := io.ReadAll(tee)
			<-closing
			if string(got) != testkit.Whole || err != nil || len(l.outcomes) != 1 {
				t.Errorf("read %q, %v and was done %d times", got, err, len(l.outcomes))
			}
		}()
	}
	all.Wait()
}

func TestTeeHandlersErrorIsNotTheClients(t *testing.T) {
	var l teeLog
	seen := 0
	p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(*llmstream.Delta) error { seen++; return errBoom }), nil)
	got, err := io.ReadAll(llmstream.Tee(&teeBody{Reader: iotest.HalfReader(strings.NewReader(testkit.Whole))}, p, l.done))
	require.Equal(t, testkit.Whole, string(got))
	require.NoError(t, err)
	require.Equal(t, 1, seen)
	require.Len(t, l.outcomes, 1)
	require.Equal(t, llmstream.StateStopped, l.outcomes[0].State)
	require.ErrorIs(t, l.outcomes[0].Err(), errBoom)
}

// Contract 15. A panic in a Read, or at the end, passes through; done has run.
func TestTeeHandlersPanicPassesThrough(t *testing.T) {
	for name, body := range map[string]string{"in the midst": testkit.Whole, "at the end": "data: " + says("a")} {
		var l teeLog
		p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(*llmstream.Delta) error { panic(errBoom) }), nil)
		tee := llmstream.Tee(&teeBody{Reader: strings.NewReader(body)}, p, l.done)
		require.PanicsWithValue(t, errBoom, func() { io.ReadAll(tee) }, name)
		require.Len(t, l.outcomes, 1, name)
		require.Equal(t, llmstream.StateStopped, l.outcomes[0].State, name)
		require.NoError(t, tee.Close())
		n, err := tee.Read(make([]byte, 10))
		require.Zero(t, n)
		require.Equal(t, io.EOF, err)
		require.Len(t, l.outcomes, 1, name)
	}
}

func TestTeeBodysPanicPassesThrough(t *testing.T) {
	var l teeLog
	tee := llmstream.Tee(&teeBody{Reader: readerFunc(func([]byte) (int, error) { panic(errBoom) })}, llmstream.NewParser(llmstream.OpenAIChat, nil, nil), l.done)
	require.PanicsWithValue(t, errBoom, func() { tee.Read(nil) })
	require.Len(t, l.outcomes, 1)
}

// Behind done the parser belongs to somebody else again, within done already.
func TestTeeGivesItsParserBack(t *testing.T) {
	p := llmstream.NewParser(llmstream.OpenAIChat, nil, nil)
	var states []llmstream.State
	tee := llmstream.Tee(&teeBody{Reader: strings.NewReader(testkit.Whole)}, p, func(o llmstream.Outcome) {
		states = append(states, o.State)
		p.Reset()
		p.Write([]byte(testkit.SSE(says("another"))))
	})
	io.Copy(io.Discard, tee)
	tee.Close()
	tee.Read(make([]byte, 10))
	o := p.Outcome()
	require.Equal(t, llmstream.StateOpen, o.State)
	require.EqualValues(t, 1, o.Events)
	require.Equal(t, []llmstream.State{llmstream.StateComplete}, states)
}

// The bytes reach the parser in the same Read in which they reach the client.
func TestTeeIsPrompt(t *testing.T) {
	var got lines
	body := testkit.SSE(says("a"), says("b"))
	tee := llmstream.Tee(&teeBody{Reader: strings.NewReader(body)}, llmstream.NewParser(llmstream.OpenAIChat, &got, nil), nil)
	tee.Read(make([]byte, len(body)/2))
	require.Equal(t, lines{"content a"}, got)
	tee.Read(make([]byte, len(body)/2))
	require.Equal(t, lines{"content a", "content b"}, got)
}

func TestTeeKeepsTheErrorsIdentity(t *testing.T) {
	err := errors.New("of the body")
	_, got := llmstream.Tee(&teeBody{Reader: iotest.ErrReader(err)}, llmstream.NewParser(llmstream.OpenAIChat, nil, nil), nil).Read(make([]byte, 1))
	require.Same(t, err, got)
}
