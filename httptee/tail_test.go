package httptee

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// waitingTransport is a Transport whose Close waits for the end of a body even on a busy machine.
func waitingTransport(base http.RoundTripper, o *Options) http.RoundTripper {
	t := Transport(base, o).(*transport)
	t.tailWait = patience
	return t
}

// stoppers are clients that read no further than the end marker.
var stoppers = map[string]func(t *testing.T, body io.Reader){
	"our Reader": func(t *testing.T, body io.Reader) {
		r := llmstream.NewReader(body, llmstream.Auto, nil)
		for r.Next() {
		}
		require.NoError(t, r.Err())
	},
	"a Scanner": func(t *testing.T, body io.Reader) { // as in openai-go
		s := bufio.NewScanner(body)
		for s.Scan() && s.Text() != "data: [DONE]" {
		}
		require.NoError(t, s.Err())
	},
}

// A client that closes the body after the end marker has not left, and its connection is used again.
func TestConnectionsAreReused(t *testing.T) {
	all := events(recording(t, "openai-chat/usage-final-chunk.sse"))
	for name, read := range stoppers {
		for _, drain := range []Drain{{}, {Time: patience}} {
			for _, together := range []bool{true, false} {
				t.Run(fmt.Sprint(name, "/", drain.Time, "/", together), func(t *testing.T) {
					noLeak(t)
					o := &Options{Drain: drain}
					done := results(o)
					at, client := viaTransport(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						w.Header().Set("Content-Type", "text/event-stream")
						for _, e := range all {
							w.Write(e)
							if !together {
								w.(http.Flusher).Flush()
							}
						}
					}), o)
					client.Transport.(*transport).tailWait = patience
					reused := 0
					const requests = 40
					for range requests {
						ctx, cancel := context.WithCancel(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
							GotConn: func(i httptrace.GotConnInfo) {
								if i.Reused {
									reused++
								}
							},
						}))
						req, err := http.NewRequestWithContext(ctx, http.MethodPost, at+"/v1/chat/completions", strings.NewReader("{}"))
						require.NoError(t, err)
						resp, err := client.Do(req)
						require.NoError(t, err)
						read(t, resp.Body)
						require.NoError(t, resp.Body.Close())
						cancel()
						r := next(t, done)
						require.False(t, r.ClientLeft)
						require.Equal(t, llmstream.StateComplete, r.Outcome.State)
						require.EqualValues(t, len(joined(all)), r.Bytes)
					}
					t.Logf("%d of %d connections were used again", reused, requests-1)
					require.Greater(t, reused, requests/2) // net/http gives some up on a busy machine; without a tail it is 0
				})
			}
		}
	}
}

// held is a body that stays open after its bytes, until it is closed.
type held struct {
	io.Reader
	once   atomic.Bool
	closed chan struct{}
	read   atomic.Int64
}

func newHeld(body string) *held {
	return &held{Reader: strings.NewReader(body), closed: make(chan struct{})}
}

func (h *held) Read(b []byte) (int, error) {
	n, err := h.Reader.Read(b)
	h.read.Add(int64(n))
	if err == nil {
		return n, nil
	}
	<-h.closed
	return 0, http.ErrBodyReadAfterClose
}

func (h *held) Close() error {
	if h.once.CompareAndSwap(false, true) {
		close(h.closed)
	}
	return nil
}

// Some servers keep the connection open after the end marker: Close does not wait for them, Done runs in it,
// and the body is closed in the end.
func TestServerStaysOpen(t *testing.T) {
	noLeak(t)
	body := newHeld(string(recording(t, "openai-chat/text.sse")))
	o := &Options{}
	done := results(o)
	resp, err := Transport(answer{body}, o).RoundTrip(chatRequest())
	require.NoError(t, err)
	stoppers["our Reader"](t, resp.Body)
	require.NoError(t, resp.Body.Close())
	require.Len(t, done, 1)
	require.False(t, isClosed(body.closed), "it is read on for a while")
	r := <-done
	require.False(t, r.ClientLeft)
	require.Equal(t, llmstream.StateComplete, r.Outcome.State)
	next(t, body.closed)
}

// With Drain too, and for no longer than without.
func TestServerStaysOpenWhileDraining(t *testing.T) {
	noLeak(t)
	body := newHeld(string(recording(t, "openai-chat/text.sse")))
	o := &Options{Drain: Drain{Time: 100 * patience}}
	done := results(o)
	resp, err := waitingTransport(ofContext(body), o).RoundTrip(chatRequest())
	require.NoError(t, err)
	stoppers["our Reader"](t, resp.Body)
	require.NoError(t, resp.Body.Close())
	r := next(t, done)
	require.False(t, r.ClientLeft)
	require.Equal(t, llmstream.StateComplete, r.Outcome.State)
	require.True(t, isClosed(body.closed))
}

// ofContext answers with a body that the end of the request's context closes.
func ofContext(body *held) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		context.AfterFunc(req.Context(), func() { body.Close() })
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body}, nil
	})
}

// A server that goes on after the end marker is not listened to for long.
func TestServerGoesOn(t *testing.T) {
	body := newHeld(string(recording(t, "openai-chat/text.sse")) + strings.Repeat(": x\n", 100<<10))
	o := &Options{}
	done := results(o)
	resp, err := Transport(answer{body}, o).RoundTrip(chatRequest())
	require.NoError(t, err)
	stoppers["our Reader"](t, resp.Body)
	got := body.read.Load()
	require.NoError(t, resp.Body.Close())
	r := next(t, done)
	require.False(t, r.ClientLeft)
	require.Zero(t, r.Drained)
	next(t, body.closed)
	require.LessOrEqual(t, body.read.Load()-got, int64(tailSize))
}

// A client that leaves before the end marker has left: nothing is read on.
func TestClosedBeforeTheMarker(t *testing.T) {
	all := string(recording(t, "openai-chat/text.sse"))
	short := all[:strings.Index(all, "data: [DONE]")]
	body := newHeld(short)
	o := &Options{}
	done := results(o)
	resp, err := Transport(answer{body}, o).RoundTrip(chatRequest())
	require.NoError(t, err)
	_, err = io.ReadFull(resp.Body, make([]byte, len(short)))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.True(t, isClosed(body.closed))
	require.True(t, next(t, done).ClientLeft)
}

// A context that ends after the end marker is no leaving either, nor is a Close while a Read waits for the end.
func TestLeavingAfterTheMarker(t *testing.T) {
	text := string(recording(t, "openai-chat/text.sse"))
	for _, drain := range []Drain{{}, {Time: patience}} {
		for _, how := range []string{"cancel", "close"} {
			t.Run(fmt.Sprint(how, "/", drain.Time), func(t *testing.T) {
				noLeak(t)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				body := newHeld(text)
				o := &Options{Drain: drain}
				done := results(o)
				resp, err := Transport(ofContext(body), o).RoundTrip(chatRequest().WithContext(ctx))
				require.NoError(t, err)
				_, err = io.ReadFull(resp.Body, make([]byte, len(text)))
				require.NoError(t, err)
				failed := make(chan error, 1)
				go func() {
					_, err := resp.Body.Read(make([]byte, 10))
					failed <- err
				}()
				none(t, failed)
				if how == "cancel" {
					cancel()
				} else {
					resp.Body.Close()
				}
				require.Error(t, next(t, failed))
				resp.Body.Close()
				r := next(t, done)
				require.False(t, r.ClientLeft)
				require.Equal(t, llmstream.StateComplete, r.Outcome.State)
				require.NoError(t, r.Outcome.Cause)
			})
		}
	}
}

// The same for a handler: its client may go when the end marker is written, and not before.
func TestClientOfMiddlewareLeavesAfterTheMarker(t *testing.T) {
	all := events(recording(t, "openai-chat/text.sse"))
	for _, test := range []struct {
		events int // that are written before the client goes
		left   bool
	}{{len(all), false}, {len(all) - 1, true}} {
		o := &Options{}
		done := results(o)
		ctx, cancel := context.WithCancel(t.Context())
		Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Write(joined(all[:test.events]))
			cancel()
		}), o).ServeHTTP(httptest.NewRecorder(), chatRequest().WithContext(ctx))
		require.Equal(t, test.left, next(t, done).ClientLeft)
	}
}
