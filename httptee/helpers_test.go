package httptee

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/testdata"
)

const patience = time.Minute

// noLeak fails the test if goroutines are left when it has ended.
func noLeak(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		deadline := time.Now().Add(patience)
		for runtime.NumGoroutine() > before {
			if time.Now().After(deadline) {
				stacks := make([]byte, 1<<20)
				t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
}

// A setup puts httptee between a handler and a client.
type setup func(t *testing.T, h http.Handler, o *Options) (at string, client *http.Client)

var setups = map[string]setup{
	"transport":  viaTransport,
	"proxy":      viaProxy,
	"middleware": viaMiddleware,
	"HTTP/2":     viaHTTP2,
}

func serve(t *testing.T, h http.Handler) string {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = quiet
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

func plainTransport(t *testing.T) *http.Transport {
	tr := &http.Transport{DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

func viaTransport(t *testing.T, h http.Handler, o *Options) (string, *http.Client) {
	at := serve(t, h)
	return at, &http.Client{Transport: Transport(plainTransport(t), o)}
}

func viaProxy(t *testing.T, h http.Handler, o *Options) (string, *http.Client) {
	to, err := url.Parse(serve(t, h))
	require.NoError(t, err)
	at := serve(t, &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport:      plainTransport(t),
		ModifyResponse: ModifyResponse(o),
		FlushInterval:  -1,
		ErrorLog:       quiet,
	})
	return at, &http.Client{Transport: plainTransport(t)}
}

func viaMiddleware(t *testing.T, h http.Handler, o *Options) (string, *http.Client) {
	return serve(t, Middleware(h, o)), &http.Client{Transport: plainTransport(t)}
}

func viaHTTP2(t *testing.T, h http.Handler, o *Options) (string, *http.Client) {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = quiet
	s.EnableHTTP2 = true
	s.StartTLS()
	client := s.Client()
	tr := client.Transport.(*http.Transport)
	tr.DisableCompression = true
	t.Cleanup(s.Close)
	t.Cleanup(tr.CloseIdleConnections)
	return s.URL, &http.Client{Transport: Transport(tr, o)}
}

// results returns a channel for the results of o.
func results(o *Options) chan *Result {
	c := make(chan *Result, 100)
	o.Done = func(_ *http.Request, r *Result) { c <- r }
	return c
}

func next[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	return v
}

// none checks that the channel stays empty.
func none[T any](t *testing.T, c <-chan T) {
	t.Helper()
	select {
	case v := <-c:
		t.Fatalf("one too many: %v", v)
	case <-time.After(20 * time.Millisecond):
	}
}

// recordings returns the bodies in testdata by name.
func recordings(t *testing.T) map[string][]byte {
	all := map[string][]byte{}
	require.NoError(t, fs.WalkDir(testdata.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) == ".yaml" || strings.HasSuffix(name, ".want.json") {
			return err
		}
		all[name], err = testdata.Body(name)
		return err
	}))
	require.Greater(t, len(all), 200)
	return all
}

func recording(t *testing.T, name string) []byte {
	b, err := testdata.Body(name)
	require.NoError(t, err)
	return b
}

// fold returns what a parser by itself makes of a body.
func fold(d llmstream.Dialect, body []byte) (llmstream.Outcome, *llmstream.Completion) {
	var a llmstream.Accumulator
	p := llmstream.NewParser(d, &a, nil)
	p.Write(body)
	p.Close()
	return p.Outcome(), a.Completion()
}

func asJSON(t *testing.T, v any) string {
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

func compress(t *testing.T, encoding string, body []byte) []byte {
	var b bytes.Buffer
	w := compressor(encoding, &b)
	_, err := w.Write(body)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

type flushCloser interface {
	io.WriteCloser
	Flush() error
}

func compressor(encoding string, to io.Writer) flushCloser {
	switch encoding {
	case "gzip":
		return gzip.NewWriter(to)
	case "deflate":
		return zlib.NewWriter(to)
	case "bare deflate":
		w, _ := flate.NewWriter(to, -1)
		return w
	}
	panic(encoding)
}

// events cuts a body of server-sent events after each event.
func events(body []byte) (all [][]byte) {
	for len(body) > 0 {
		n := bytes.Index(body, []byte("\n\n"))
		if n < 0 {
			return append(all, body)
		}
		all = append(all, body[:n+2])
		body = body[n+2:]
	}
	return all
}

// get does a request and returns the body.
func get(t *testing.T, client *http.Client, url string) ([]byte, *http.Response) {
	t.Helper()
	resp, err := client.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return body, resp
}

// eachWay runs a test for each way to watch responses, and for draining.
func eachWay(t *testing.T, test func(t *testing.T, via setup, o *Options)) {
	for name, via := range setups {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			test(t, via, &Options{})
		})
	}
	t.Run("transport that drains", func(t *testing.T) {
		noLeak(t)
		test(t, viaTransport, &Options{Drain: Drain{Time: patience}})
	})
	t.Run("HTTP/2 that drains", func(t *testing.T) {
		noLeak(t)
		test(t, viaHTTP2, &Options{Drain: Drain{Time: patience}})
	})
	t.Run("proxy that drains", func(t *testing.T) {
		noLeak(t)
		test(t, viaProxy, &Options{Drain: Drain{Time: patience}})
	})
}
