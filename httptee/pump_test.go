package httptee

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// drainedTee returns a body that is drained and that Close alone breaks off.
func drainedTee(body io.Reader, drain Drain) (r io.ReadCloser, done chan *Result) {
	o := &Options{Drain: drain}
	done = results(o)
	return TeeReader(o)(body, nil), done
}

// counted counts how often it is closed, by whatever goroutine.
type counted struct {
	io.Reader
	times atomic.Int64
}

func (c *counted) Close() error {
	c.times.Add(1)
	return nil
}

// A body that has ended is closed once, whether its client leaves before the end or closes after it.
func TestDrainClosesOnce(t *testing.T) {
	for _, early := range []bool{true, false} {
		noLeak(t)
		const budget = 20 * time.Millisecond
		body := &counted{Reader: strings.NewReader("data: {}\n\n")}
		r, done := drainedTee(body, Drain{Time: budget})
		if early {
			r.Read(make([]byte, 1))
		} else {
			io.Copy(io.Discard, r)
		}
		require.NoError(t, r.Close())
		require.NoError(t, r.Close())
		require.Equal(t, early, next(t, done).ClientLeft)
		time.Sleep(3 * budget)
		require.EqualValues(t, 1, body.times.Load())
	}
}

// What the client had asked for stays readable after the body has ended.
func TestCloseAfterTheEndOfADrainedBody(t *testing.T) {
	text := "data: {}\n\n"
	r, done := drainedTee(&closed{Reader: bytes.NewReader([]byte(text))}, Drain{Time: patience})
	n, err := r.Read(nil)
	require.Zero(t, n)
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, text, string(got))
	next(t, done)
	for range 3 {
		_, err = r.Read(make([]byte, 1))
		require.Equal(t, io.EOF, err)
		_, err = r.Read(nil)
		require.Equal(t, io.EOF, err)
	}
}

// A Read of nothing asks the body for nothing.
func TestDrainedReadOfNothing(t *testing.T) {
	body := newHeld("")
	r, done := drainedTee(body, Drain{Time: time.Millisecond})
	n, err := r.Read(nil)
	require.Zero(t, n)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	_, err = r.Read(make([]byte, 1))
	require.Equal(t, http.ErrBodyReadAfterClose, err)
	require.True(t, next(t, done).ClientLeft)
}

// A body that ends while it is drained, and is cut, was not stopped; one that the budget breaks off was.
func TestDrainedToACut(t *testing.T) {
	text := "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n"
	r, done := drainedTee(&closed{Reader: strings.NewReader(text)}, Drain{Time: patience})
	r.Read(make([]byte, 1))
	r.Close()
	result := next(t, done)
	require.True(t, result.ClientLeft)
	require.Equal(t, llmstream.StateTruncated, result.Outcome.State)

	r, done = drainedTee(newHeld(text), Drain{Time: time.Millisecond})
	r.Read(make([]byte, 1))
	r.Close()
	result = next(t, done)
	require.True(t, result.ClientLeft)
	require.Equal(t, llmstream.StateStopped, result.Outcome.State)
	require.ErrorIs(t, result.Outcome.Err(), llmstream.ErrStopped)
}

// A handler that panics in one read is not called for the next.
func TestDrainedHandlerPanicsOnce(t *testing.T) {
	calls := 0
	o := &Options{Drain: Drain{Time: patience}, Deltas: func(*http.Request) llmstream.Handler {
		return llmstream.HandlerFunc(func(*llmstream.Delta) error {
			calls++
			panic("boom")
		})
	}}
	done := results(o)
	body := recording(t, "openai-chat/text.sse")
	r := TeeReader(o)(&pieces{body, 200}, nil)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.True(t, bytes.Equal(body, got))
	require.Equal(t, &PanicError{Value: "boom"}, next(t, done).Err)
	require.Equal(t, 1, calls)
}

// While the client still copies from a buffer nothing is read into it. Without the race detector this test sees little.
func TestDrainLeavesTheClientsBuffer(t *testing.T) {
	for _, size := range []int{1000, smallSize, bufferSize} {
		noLeak(t)
		filled := make(chan bool, 100)
		goOn := make(chan bool)
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		o := &Options{Drain: Drain{Time: patience}}
		done := results(o)
		resp, err := Transport(answer{reads(func(b []byte) (int, error) {
			if n++; n == 5 {
				return 0, io.EOF
			}
			for i := range min(size, len(b)) {
				b[i] = byte('a' + n)
			}
			filled <- true
			return min(size, len(b)), nil
		})}, o).RoundTrip(chatRequest().WithContext(ctx))
		require.NoError(t, err)
		copied := make(chan string, 1)
		go func() {
			part := make([]byte, 500)
			k, _ := resp.Body.Read(part)
			<-goOn
			copied <- string(part[:k])
			resp.Body.Close()
		}()
		next(t, filled)
		time.Sleep(20 * time.Millisecond) // no more than this orders the client's copy before the next read
		cancel()
		for range 3 {
			next(t, filled)
		}
		close(goOn)
		require.Equal(t, strings.Repeat("b", 500), next(t, copied))
		require.True(t, next(t, done).ClientLeft)
	}
}

// Reads that fill the small buffer get a large one, and give it back when they are small again.
func TestPumpBuffer(t *testing.T) {
	b := pumpBuffer{small: make([]byte, smallSize)}
	require.Len(t, b.next(0), smallSize)
	require.Len(t, b.next(smallSize-1), smallSize)
	require.Len(t, b.next(smallSize), bufferSize)
	require.Len(t, b.next(smallSize+1), bufferSize)
	require.Len(t, b.next(bufferSize), bufferSize)
	require.Len(t, b.next(smallSize), smallSize)
	require.Nil(t, b.large)
}

// A connection that has switched protocols goes on under the context of its client.
func TestSwitchedProtocolsKeepTheContext(t *testing.T) {
	theirs, cancel := context.WithCancel(t.Context())
	var ours context.Context
	o := &Options{Drain: Drain{Time: patience}}
	done := results(o)
	body := &closed{Reader: strings.NewReader("x")}
	resp, err := Transport(roundTripper(func(req *http.Request) (*http.Response, error) {
		ours = req.Context()
		return &http.Response{StatusCode: http.StatusSwitchingProtocols, Body: body, Request: req}, nil
	}), o).RoundTrip(chatRequest().WithContext(theirs))
	require.NoError(t, err)
	require.Equal(t, io.ReadCloser(body), resp.Body)
	require.NoError(t, ours.Err())
	cancel()
	next(t, ours.Done())
	none(t, done)
}

// A context that ends while the response comes has ended the request's too: the client reads what the body still gives.
func TestContextEndsWithTheHeader(t *testing.T) {
	text := string(recording(t, "openai-chat/text.sse"))
	theirs, cancel := context.WithCancel(t.Context())
	o := &Options{Drain: Drain{Time: patience}}
	done := results(o)
	resp, err := Transport(roundTripper(func(req *http.Request) (*http.Response, error) {
		cancel()
		<-req.Context().Done()
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), Request: req}, nil
	}), o).RoundTrip(chatRequest().WithContext(theirs))
	require.NoError(t, err)
	require.Equal(t, theirs, resp.Request.Context())
	none(t, done) // a client that had left would have a result by now
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, text, string(got))
	require.Equal(t, llmstream.StateComplete, next(t, done).Outcome.State)
}

// A client that leaves while a Read waits has the whole budget before the end marker.
func TestDrainGoesOnForItsTime(t *testing.T) {
	t.Parallel()
	all := events(recording(t, "openai-chat/text.sse"))
	ctx, cancel := context.WithCancel(t.Context())
	o := &Options{Drain: Drain{Time: 10 * patience}}
	done := results(o)
	body, w := io.Pipe()
	resp, err := Transport(roundTripper(func(req *http.Request) (*http.Response, error) {
		context.AfterFunc(req.Context(), func() { w.CloseWithError(req.Context().Err()) })
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body}, nil
	}), o).RoundTrip(chatRequest().WithContext(ctx))
	require.NoError(t, err)
	failed := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, resp.Body)
		failed <- err
	}()
	w.Write(all[0])
	cancel()
	require.ErrorIs(t, next(t, failed), context.Canceled)
	time.Sleep(tailTime + tailTime/4)
	w.Write(joined(all[1:]))
	w.Close()
	r := next(t, done)
	require.True(t, r.ClientLeft)
	require.Equal(t, llmstream.StateComplete, r.Outcome.State)
}

// A handler that closes the body at the end marker, in the goroutine that reads it, ends the stream soon.
func TestHandlerClosesDrainedBody(t *testing.T) {
	t.Parallel()
	body := newHeld(string(recording(t, "openai-chat/text.sse")))
	var resp *http.Response
	o := &Options{Drain: Drain{Time: 100 * patience}, Deltas: func(*http.Request) llmstream.Handler {
		return llmstream.HandlerFunc(func(d *llmstream.Delta) error {
			if d.Kind == llmstream.KindDone {
				resp.Body.Close()
			}
			return nil
		})
	}}
	done := results(o)
	resp, err := Transport(ofContext(body), o).RoundTrip(chatRequest())
	require.NoError(t, err)
	io.Copy(io.Discard, resp.Body)
	require.Equal(t, llmstream.StateComplete, next(t, done).Outcome.State)
}

// Close waits for nothing before the end marker, nor while a Read waits for the body.
func TestDrainedCloseWaitsForNothing(t *testing.T) {
	text := "data: {}\n\n"
	body := newHeld(text)
	r, done := drainedTee(body, Drain{Time: 10 * patience})
	p := r.(*pump)
	_, err := io.ReadFull(r, make([]byte, len(text)))
	require.NoError(t, err)
	require.False(t, p.busy.Load())
	p.watch.tailWait = 10 * patience
	go r.Read(make([]byte, 1))
	require.Eventually(t, p.busy.Load, patience, time.Millisecond)
	returned := make(chan error, 1)
	go func() { returned <- r.Close() }()
	require.NoError(t, next(t, returned))
	require.False(t, isClosed(p.ended))
	body.Close()
	next(t, done)

	body = newHeld(text)
	r, done = drainedTee(body, Drain{Time: 10 * patience})
	r.(*pump).watch.tailWait = 10 * patience
	io.ReadFull(r, make([]byte, len(text)))
	go func() { returned <- r.Close() }()
	require.NoError(t, next(t, returned))
	require.True(t, isClosed(r.(*pump).ended))
	none(t, done)
	body.Close()
	next(t, done)
}

// A base that returns neither a response nor an error is passed on as it is.
func TestNoResponse(t *testing.T) {
	for _, drain := range []Drain{{}, {Time: patience}} {
		o := &Options{Drain: drain, RequestUsage: true}
		done := results(o)
		req := chatRequest()
		req.Body = io.NopCloser(strings.NewReader(`{"stream":true}`))
		resp, err := Transport(roundTripper(func(*http.Request) (*http.Response, error) { return nil, nil }), o).RoundTrip(req)
		require.Nil(t, resp)
		require.NoError(t, err)
		none(t, done)
	}
}
