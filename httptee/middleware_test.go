package httptee

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// can names the optional methods of a ResponseWriter.
func can(w http.ResponseWriter) (all []string) {
	add := func(name string, ok bool) {
		if ok {
			all = append(all, name)
		}
	}
	_, ok := w.(http.Flusher)
	add("flush", ok)
	_, ok = w.(interface{ FlushError() error })
	add("flush error", ok)
	_, ok = w.(http.Hijacker)
	add("hijack", ok)
	_, ok = w.(io.ReaderFrom)
	add("read from", ok)
	_, ok = w.(http.Pusher)
	add("push", ok)
	_, ok = w.(notifies)
	add("notify", ok)
	return all
}

// The parts of ResponseWriters.
type (
	base      struct{ http.ResponseWriter }
	canF      struct{}
	canH      struct{}
	canR      struct{}
	canP      struct{}
	canC      struct{}
	canFlushE struct{ canF }
)

func (canF) Flush()                                       {}
func (canFlushE) FlushError() error                       { return io.ErrShortWrite }
func (canH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, io.ErrNoProgress }
func (canR) ReadFrom(io.Reader) (int64, error)            { return 7, nil }
func (canP) Push(string, *http.PushOptions) error         { return nil }
func (canC) CloseNotify() <-chan bool                     { return nil }

// The wrapped writer has the optional methods of the writer below, and no others.
func TestResponseWriterMethods(t *testing.T) {
	for _, below := range writersBelow() {
		called := false
		Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			called = true
			require.NotEqual(t, below, w)
			require.Equal(t, can(below), can(w))
			require.Equal(t, below, w.(interface{ Unwrap() http.ResponseWriter }).Unwrap())
			if h, ok := w.(http.Hijacker); ok {
				_, _, err := h.Hijack()
				require.Equal(t, io.ErrNoProgress, err)
			}
			if f, ok := w.(http.Flusher); ok {
				f.Flush()
				require.Equal(t, io.ErrShortWrite, http.NewResponseController(w).Flush())
			}
			if f, ok := w.(io.ReaderFrom); ok {
				n, err := f.ReadFrom(strings.NewReader(""))
				require.NoError(t, err)
				require.EqualValues(t, 7, n)
			}
		}), nil).ServeHTTP(below, httptest.NewRequest("GET", "/", nil))
		require.True(t, called)
	}
}

// writersBelow are ResponseWriters with some of the optional methods.
func writersBelow() []http.ResponseWriter {
	b := base{httptest.NewRecorder()}
	return []http.ResponseWriter{
		b,
		struct {
			base
			canFlushE
		}{base: b},
		struct {
			base
			canH
		}{base: b},
		struct {
			base
			canFlushE
			canH
		}{base: b},
		struct {
			base
			canR
		}{base: b},
		struct {
			base
			canFlushE
			canR
		}{base: b},
		struct {
			base
			canFlushE
			canH
			canR
		}{base: b},
		struct {
			base
			canFlushE
			canP
			canC
		}{base: b},
		struct {
			base
			canH
			canR
			canP
			canC
		}{base: b},
		struct {
			base
			canFlushE
			canH
			canR
			canP
			canC
		}{base: b},
		struct {
			base
			canC
		}{base: b},
		struct {
			base
			canP
		}{base: b},
		struct {
			base
			canR
			canC
		}{base: b},
	}
}

// Each set of optional methods has its type.
func TestAllSetsOfMethods(t *testing.T) {
	names := []string{"flush", "flush error", "hijack", "read from", "push", "notify"}
	for set := range 1 << 5 {
		rw := &responseWriter{ResponseWriter: httptest.NewRecorder()}
		var below http.ResponseWriter
		switch set >> 3 {
		case 0:
			below = rw.likePlain(set & 7)
		case 1:
			below = rw.likePushing(set&7, canP{})
		case 2:
			below = rw.likeNotifying(set&7, canC{})
		case 3:
			below = rw.likePushingNotifying(set&7, canP{}, canC{})
		}
		var want []string
		for i, bit := range []int{0, 0, 1, 2, 3, 4} {
			if set>>bit&1 == 1 {
				want = append(want, names[i])
			}
		}
		require.Equal(t, want, can(below), set)
		require.Equal(t, want, can((&responseWriter{ResponseWriter: below}).like(below)), set)
	}
}

// All ways to write, over HTTP/1.1 and HTTP/2.
func TestWaysToWrite(t *testing.T) {
	noLeak(t)
	body := recording(t, "openai-chat/text.sse")
	text := string(body)
	for _, http2 := range []bool{false, true} {
		o := &Options{}
		done := results(o)
		s := httptest.NewUnstartedServer(Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, h1 := w.(http.Hijacker)
			_, h2 := w.(http.Pusher)
			require.Equal(t, http2, !h1)
			require.Equal(t, http2, h2)
			switch r.URL.Path {
			case "/write":
				w.Write(body)
			case "/string":
				io.WriteString(w, text)
			case "/copy":
				io.Copy(w, struct{ io.Reader }{strings.NewReader(text)})
			case "/controller":
				rc := http.NewResponseController(w)
				require.NoError(t, rc.Flush())
				for _, e := range events(body) {
					w.Write(e)
					require.NoError(t, rc.Flush())
				}
			}
		}), o))
		s.EnableHTTP2 = http2
		s.StartTLS()
		for _, path := range []string{"/write", "/string", "/copy", "/controller"} {
			got, resp := get(t, s.Client(), s.URL+path)
			require.Equal(t, http2, resp.ProtoMajor == 2)
			require.Equal(t, string(body), string(got), path)
			r := next(t, done)
			require.Equal(t, llmstream.StateComplete, r.Outcome.State, path)
			require.EqualValues(t, len(body), r.Bytes)
		}
		s.Client().CloseIdleConnections()
		s.Close()
	}
}

// A handler's panic passes through, and done has run.
func TestHandlerPanics(t *testing.T) {
	for _, test := range []struct {
		name  string
		write bool
		with  any
	}{{"abort", true, http.ErrAbortHandler}, {"text", true, "boom"}, {"nothing written", false, "boom"}} {
		o := &Options{}
		done := results(o)
		h := Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if test.write {
				w.Write(events(recording(t, "openai-chat/text.sse"))[0])
			}
			panic(test.with)
		}), o)
		require.PanicsWithValue(t, test.with, func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)) }, test.name)
		if test.write {
			require.Equal(t, llmstream.StateTruncated, next(t, done).Outcome.State)
		}
		none(t, done)
	}
}

// brokenWriter fails like the connection of a client that has left.
type brokenWriter struct{ *httptest.ResponseRecorder }

func (w brokenWriter) Write(b []byte) (int, error) { return 0, io.ErrClosedPipe }

func TestClientOfMiddlewareLeaves(t *testing.T) {
	body := events(recording(t, "openai-chat/usage-final-chunk.sse"))
	for _, all := range []bool{true, false} {
		o := &Options{}
		done := results(o)
		Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for i, e := range body {
				_, err := w.Write(e)
				require.Equal(t, io.ErrClosedPipe, err)
				if i == 1 && !all {
					return
				}
			}
		}), o).ServeHTTP(brokenWriter{httptest.NewRecorder()}, httptest.NewRequest("GET", "/", nil))
		r := next(t, done)
		require.True(t, r.ClientLeft)
		require.Positive(t, r.Drained)
		if all {
			require.Equal(t, llmstream.StateComplete, r.Outcome.State)
			require.NotEmpty(t, r.Usage.Raw)
		} else {
			require.Equal(t, llmstream.StateStopped, r.Outcome.State)
			require.ErrorIs(t, r.Outcome.Cause, io.ErrClosedPipe)
			require.ErrorIs(t, r.Outcome.Err(), llmstream.ErrStopped)
		}
	}
}

// A panic of Begin passes through RoundTrip, and the body is closed.
func TestBeginPanics(t *testing.T) {
	body := &closed{Reader: strings.NewReader("data: {}\n\n")}
	tr := Transport(answer{body}, &Options{Begin: func(*http.Request, *Progress) { panic("boom") }})
	require.PanicsWithValue(t, "boom", func() { tr.RoundTrip(httptest.NewRequest("POST", "/v1/chat/completions", nil)) })
	require.Equal(t, 1, body.times)
}

// closed counts how often it was closed.
type closed struct {
	io.Reader
	times int
}

func (c *closed) Close() error {
	c.times++
	return nil
}

// answer answers with a body.
type answer struct{ io.ReadCloser }

func (a answer) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: a.ReadCloser}, nil
}

// A panic of a handler of deltas passes through the Read or Write. In a
// goroutine of this package it becomes an error.
func TestDeltasPanic(t *testing.T) {
	body := recording(t, "openai-chat/text.sse")
	o := &Options{Deltas: func(*http.Request) llmstream.Handler {
		return llmstream.HandlerFunc(func(*llmstream.Delta) error { panic("boom") })
	}}
	done := results(o)
	h := Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(body) }), o)
	require.PanicsWithValue(t, "boom", func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)) })
	require.Equal(t, llmstream.StateStopped, next(t, done).Outcome.State)

	for _, encoding := range []string{"", "gzip"} {
		t.Run(encoding, func(t *testing.T) {
			noLeak(t)
			send := body
			if encoding != "" {
				send = compress(t, encoding, body)
			}
			o.Drain.Time = patience
			at, client := viaTransport(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", encoding)
				w.Write(send)
			}), o)
			got, _ := get(t, client, at)
			require.Equal(t, send, got)
			r := next(t, done)
			require.Equal(t, llmstream.StateStopped, r.Outcome.State)
			var p *PanicError
			require.ErrorAs(t, r.Err, &p)
			require.Equal(t, "boom", p.Value)
			require.ErrorAs(t, r.Outcome.Err(), &p)
		})
	}
}

// A handler of deltas that fails ends the parsing and not the response.
func TestDeltasFail(t *testing.T) {
	body := recording(t, "openai-chat/text.sse")
	boom := errors.New("boom")
	eachWay(t, func(t *testing.T, via setup, o *Options) {
		done := results(o)
		o.Parser = &llmstream.Options{Kinds: llmstream.KindContent}
		o.Deltas = func(*http.Request) llmstream.Handler {
			return llmstream.HandlerFunc(func(d *llmstream.Delta) error {
				require.Equal(t, llmstream.KindContent, d.Kind)
				return boom
			})
		}
		at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(body) }), o)
		got, _ := get(t, client, at)
		require.Equal(t, body, got)
		r := next(t, done)
		require.Equal(t, llmstream.StateStopped, r.Outcome.State)
		require.ErrorIs(t, r.Outcome.Err(), boom)
	})
}

func TestUnknownDialectPanics(t *testing.T) {
	require.Panics(t, func() { Transport(nil, &Options{Dialect: 200}) })
}
