//go:build !race

package httptee

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// endless is a body that gives an event with each Read.
type endless struct {
	n      int
	event  []byte
	zip    bool
	zipped bytes.Buffer
	w      flushCloser
}

func (e *endless) Read(b []byte) (int, error) {
	e.n++
	e.event = append(e.event[:0], "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word "...)
	e.event = strconv.AppendInt(e.event, int64(100+e.n%900), 10) // always as long
	e.event = append(e.event, "\"}}]}\n\n"...)
	if !e.zip {
		return copy(b, e.event), nil
	}
	if e.w == nil {
		e.w = compressor("gzip", &e.zipped)
	}
	e.zipped.Reset()
	e.w.Write(e.event)
	e.w.Flush()
	return copy(b, e.zipped.Bytes()), nil
}

func (e *endless) Close() error { return nil }

// RoundTrip makes it a RoundTripper that answers each request.
func (e *endless) RoundTrip(*http.Request) (*http.Response, error) {
	h := http.Header{}
	if e.zip {
		h.Set("Content-Encoding", "gzip")
	}
	return &http.Response{StatusCode: 200, Header: h, Body: e}, nil
}

// An event costs no allocation, whichever way it passes. (The race detector makes pools
// drop what they hold, so that this is not for it.)
func TestNoAllocations(t *testing.T) {
	buf := make([]byte, bufferSize)
	seen := make(chan bool, 1)
	some := func(o Options) *Options {
		o.UsageOnly = true // a growing answer grows its buffer
		o.Deltas = func(*http.Request) llmstream.Handler {
			return llmstream.HandlerFunc(func(d *llmstream.Delta) error {
				if d.Kind == llmstream.KindContent {
					select {
					case seen <- true:
					default:
					}
				}
				return nil
			})
		}
		return &o
	}
	for name, test := range map[string]struct {
		o   *Options
		zip bool
	}{
		"plain":  {o: some(Options{})},
		"drains": {o: some(Options{Drain: Drain{Time: patience, Bytes: 1}})},
		"gzip":   {o: some(Options{}), zip: true},
	} {
		t.Run(name, func(t *testing.T) {
			resp, err := Transport(&endless{zip: test.zip}, test.o).RoundTrip(httptest.NewRequest("GET", "/", nil))
			require.NoError(t, err)
			defer resp.Body.Close()
			read := func() {
				for range 100 { // since AllocsPerRun rounds down
					resp.Body.Read(buf)
					<-seen // else an inflater would fall behind on a single processor
				}
			}
			read()
			require.Zero(t, testing.AllocsPerRun(50, read))
		})
	}
	t.Run("middleware", func(t *testing.T) {
		below := struct {
			discard
			canFlushE
		}{discard: discard{http.Header{}}}
		text := "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"some words\"}}]}\n\n"
		Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			flush := w.(http.Flusher)
			event := []byte(text)
			write := func() {
				for range 100 {
					w.Write(event)
					io.WriteString(w, text)
					flush.Flush()
				}
			}
			write()
			require.Zero(t, testing.AllocsPerRun(50, write))
		}), some(Options{})).ServeHTTP(below, httptest.NewRequest("GET", "/", nil))
	})
}

// silent is a body that brings so many bytes, then an event of so many, and waits then for its end.
type silent struct {
	first, event int
	read, end    chan bool
}

func (s *silent) Read(b []byte) (int, error) {
	for _, size := range []*int{&s.first, &s.event} {
		if *size > 0 {
			n := min(*size, len(b))
			*size -= n
			return n, nil
		}
	}
	s.read <- true
	<-s.end
	return 0, io.EOF
}

func (s *silent) Close() error { return nil }

// What an open stream holds, also one that has begun with a large event.
func TestOpenStreams(t *testing.T) {
	const streams = 200
	for _, test := range []struct {
		drain Drain
		first int
		limit uint64
	}{
		{Drain{}, 0, 12 << 10},
		{Drain{Time: patience}, 0, 17 << 10},
		{Drain{Time: patience}, 20 << 10, 17 << 10},
	} {
		done, closed := make(chan bool), make(chan bool, streams)
		o := &Options{Drain: test.drain, UsageOnly: true, Done: func(*http.Request, *Result) { closed <- true }}
		tr := Transport(byRequest(func(req *http.Request) io.ReadCloser {
			return &silent{first: test.first, event: 200, read: make(chan bool, 1), end: done}
		}), o)
		before := heapInUse()
		kept := make([]*http.Response, streams)
		for i := range kept {
			resp, err := tr.RoundTrip(httptest.NewRequest("GET", "/v1/chat/completions", nil))
			require.NoError(t, err)
			kept[i] = resp
			var last *silent
			switch b := resp.Body.(type) {
			case *pump:
				last = b.body.(*silent)
			case *body:
				last = b.from.(*silent)
			}
			go func() {
				buf := make([]byte, bufferSize)
				for err := error(nil); err == nil; {
					_, err = resp.Body.Read(buf)
				}
			}()
			<-last.read
		}
		// Each client holds a buffer of its own.
		held := (heapInUse()-before)/streams - bufferSize
		t.Logf("%+v, first read %d: %d bytes a stream", test.drain, test.first, held)
		require.Less(t, held, test.limit)
		close(done)
		for range streams {
			<-closed
		}
		runtime.KeepAlive(kept)
	}
}

// byRequest answers with a body for each request.
type byRequest func(*http.Request) io.ReadCloser

func (f byRequest) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: f(req)}, nil
}

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header               { return d.header }
func (d discard) Write(b []byte) (int, error)       { return len(b), nil }
func (d discard) WriteString(s string) (int, error) { return len(s), nil }
func (d discard) WriteHeader(int)                   {}
