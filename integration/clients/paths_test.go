package clients

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/seed-4d65deac/llmstream/httptee"
	"github.com/stretchr/testify/require"
)

// watched collects what is told of responses.
type watched struct {
	mu      sync.Mutex
	results []*httptee.Result
}

func (w *watched) options() *httptee.Options {
	return &httptee.Options{Done: func(_ *http.Request, r *httptee.Result) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.results = append(w.results, r)
	}}
}

func (w *watched) all() []*httptee.Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*httptee.Result(nil), w.results...)
}

// forget lets go of all results.
func (w *watched) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.results = nil
}

// wait returns the results once there are n of them, and fails if there are more.
func (w *watched) wait(t testing.TB, n int) []*httptee.Result {
	t.Helper()
	require.Eventually(t, func() bool { return len(w.all()) >= n }, 10*time.Second, time.Millisecond)
	require.Len(t, w.all(), n, "told more than once")
	return w.all()
}

// A path is a way from a client to a server: it gives the client, and the address
// that the client is to use.
type path struct {
	name string
	// open is with the library looking on, without is the same way without it.
	open, without func(t testing.TB, upstream http.Handler, w *watched) (*http.Client, string)
}

var paths = []path{
	{"transport", withTransport, straight},
	{"reverse-proxy", throughProxy(true), throughProxy(false)},
	{"middleware", withMiddleware, straight},
}

func serve(t testing.TB, h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of handlers that abort
	s.EnableHTTP2 = http2(t)
	if s.EnableHTTP2 {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// client returns one of its own for each test, so that no connection outlives it.
func client(t testing.TB, s *httptest.Server) *http.Client {
	base := s.Client().Transport.(*http.Transport).Clone()
	base.DisableCompression = true
	base.MaxIdleConns, base.MaxIdleConnsPerHost = 0, 1000
	t.Cleanup(base.CloseIdleConnections)
	return &http.Client{Transport: base}
}

type http2Key struct{}

// http2 tells whether the test is one over HTTP/2.
func http2(t testing.TB) bool {
	on, _ := t.Context().Value(http2Key{}).(bool)
	return on
}

func straight(t testing.TB, upstream http.Handler, _ *watched) (*http.Client, string) {
	s := serve(t, upstream)
	return client(t, s), s.URL
}

func withTransport(t testing.TB, upstream http.Handler, w *watched) (*http.Client, string) {
	s := serve(t, upstream)
	return watching(client(t, s), w), s.URL
}

func watching(c *http.Client, w *watched) *http.Client {
	c.Transport = httptee.Transport(c.Transport, w.options())
	return c
}

func withMiddleware(t testing.TB, upstream http.Handler, w *watched) (*http.Client, string) {
	s := serve(t, httptee.Middleware(upstream, w.options()))
	return client(t, s), s.URL
}

func throughProxy(watch bool) func(testing.TB, http.Handler, *watched) (*http.Client, string) {
	return func(t testing.TB, upstream http.Handler, w *watched) (*http.Client, string) {
		behind := serve(t, upstream)
		return inFront(t, behind, behind.URL, watch, w)
	}
}

// inFront puts a reverse proxy in front of target, which behind serves.
func inFront(t testing.TB, behind *httptest.Server, target string, watch bool, w *watched) (*http.Client, string) {
	proxy := proxyTo(t, target, client(t, behind).Transport)
	if watch {
		proxy.ModifyResponse = httptee.ModifyResponse(w.options())
	}
	front := serve(t, fullDuplex(proxy))
	return client(t, front), front.URL
}

func proxyTo(t testing.TB, target string, base http.RoundTripper) *httputil.ReverseProxy {
	to, err := url.Parse(target)
	require.NoError(t, err)
	return &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport:     base,
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
	}
}

// fullDuplex lets h read a request while it answers. Else the server may close the
// request's body when the answer begins, while the transport looks for its end, and
// the answer is lost.
func fullDuplex(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		h.ServeHTTP(w, r)
	})
}

// over2 is a test whose servers speak HTTP/2.
type over2 struct{ testing.TB }

func (o over2) Context() context.Context {
	return context.WithValue(o.TB.Context(), http2Key{}, true)
}
