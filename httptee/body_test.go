package httptee

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// reads is a body whose Reads are a function.
type reads func(b []byte) (int, error)

func (f reads) Read(b []byte) (int, error) { return f(b) }
func (f reads) Close() error               { return nil }

// A body that panics in Read, or a handler that does, ends the watching; the next Read and Close are the body's own.
func TestBodyPanics(t *testing.T) {
	for _, who := range []string{"body", "handler"} {
		t.Run(who, func(t *testing.T) {
			o := &Options{}
			if who == "handler" {
				o.Deltas = func(*http.Request) llmstream.Handler {
					return llmstream.HandlerFunc(func(*llmstream.Delta) error { panic("boom") })
				}
			}
			done := results(o)
			n := 0
			resp, err := Transport(answer{reads(func(b []byte) (int, error) {
				if n++; who == "body" && n == 1 {
					panic("boom")
				}
				return copy(b, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n"), nil
			})}, o).RoundTrip(chatRequest())
			require.NoError(t, err)
			buf := make([]byte, 1000)
			require.PanicsWithValue(t, "boom", func() { resp.Body.Read(buf) })
			require.Len(t, done, 1)
			r := <-done
			require.Equal(t, llmstream.StateStopped, r.Outcome.State)
			require.False(t, r.ClientLeft)
			k, err := resp.Body.Read(buf)
			require.NoError(t, err)
			require.Positive(t, k)
			require.NoError(t, resp.Body.Close())
			require.Empty(t, done)
			require.EqualValues(t, who == "handler", r.Bytes > 0)
		})
	}
}

// A body that ends while Close runs has ended; one that fails then was closed by its client.
func TestCloseMeetsTheEnd(t *testing.T) {
	text := "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n" // without an end marker
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, nil} {
		in, goOn := make(chan bool), make(chan bool)
		first := true
		o := &Options{}
		done := results(o)
		resp, err := Transport(answer{reads(func(b []byte) (int, error) {
			if first {
				first = false
				return copy(b, text), nil
			}
			in <- true
			<-goOn
			return 0, end
		})}, o).RoundTrip(chatRequest())
		require.NoError(t, err)
		buf := make([]byte, 1000)
		resp.Body.Read(buf)
		failed := make(chan error, 1)
		go func() {
			_, err := resp.Body.Read(buf)
			failed <- err
		}()
		next(t, in)
		require.NoError(t, resp.Body.Close())
		none(t, done)
		goOn <- true
		require.Equal(t, end, next(t, failed))
		r := next(t, done)
		require.Equal(t, end != io.EOF, r.ClientLeft)
		if end == io.EOF {
			require.Equal(t, llmstream.StateTruncated, r.Outcome.State)
		} else {
			require.Equal(t, llmstream.StateStopped, r.Outcome.State)
			require.ErrorIs(t, r.Outcome.Err(), llmstream.ErrStopped)
		}
	}
}

// Close returns the body's error, also when it has read on to the end.
func TestCloseError(t *testing.T) {
	for _, text := range []string{string(recording(t, "openai-chat/text.sse")), "data: {}\n\n"} {
		o := &Options{}
		done := results(o)
		resp, err := waitingTransport(answer{&failsToClose{strings.NewReader(text)}}, o).RoundTrip(chatRequest())
		require.NoError(t, err)
		io.ReadFull(resp.Body, make([]byte, len(text)))
		require.Equal(t, io.ErrClosedPipe, resp.Body.Close())
		require.Len(t, done, 1)
	}
}

type failsToClose struct{ io.Reader }

func (*failsToClose) Close() error { return io.ErrClosedPipe }

// What comes between the end marker and the end of the body is counted too.
func TestTailIsCounted(t *testing.T) {
	text := string(recording(t, "openai-chat/text.sse"))
	late := "data: {\"choices\":[]}\n\n"
	o := &Options{}
	done := results(o)
	resp, err := waitingTransport(answer{io.NopCloser(strings.NewReader(text + late))}, o).RoundTrip(chatRequest())
	require.NoError(t, err)
	io.ReadFull(resp.Body, make([]byte, len(text)))
	require.NoError(t, resp.Body.Close())
	r := next(t, done)
	require.EqualValues(t, len(text)+len(late), r.Bytes)
	require.EqualValues(t, 1, r.Outcome.Anomalies.AfterDone)
	require.Zero(t, r.Drained)
}
