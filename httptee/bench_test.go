//go:build unix

package httptee

import (
	"io"
	"net/http"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// streaming is a body that brings an event with each Read, and touches as much memory as the buffers of net/http.
type streaming struct {
	n     int
	event []byte
	other [6 << 10]byte
}

func (s *streaming) Read(b []byte) (int, error) {
	for i := 0; i < len(s.other); i += 64 {
		s.other[i]++
	}
	s.n++
	s.event = append(s.event[:0], `data: {"id":"chatcmpl-0a1b2c3d4e5f6a7b8c9d0e1f2a3b4","object":"chat.completion.chunk","created":1767000000,"model":"gpt-4o-mini","system_fingerprint":"fp_0123456789","choices":[{"index":0,"delta":{"content":" word`...)
	s.event = strconv.AppendInt(s.event, int64(s.n), 10)
	s.event = append(s.event, "\"},\"finish_reason\":null}]}\n\n"...)
	return copy(b, s.event), nil
}

func (s *streaming) Close() error { return nil }

// BenchmarkManyStreams reads an event of each of a thousand streams in turn, so that each read finds a cold cache. The
// figure to look at is CPU time of the process, without and with the library, in turns.
func BenchmarkManyStreams(b *testing.B) {
	const streams, events = 1000, 200
	buf := make([]byte, bufferSize)
	run := func(wrap func(io.ReadCloser) io.ReadCloser) time.Duration {
		var bodies [streams]io.ReadCloser
		for i := range bodies {
			bodies[i] = wrap(&streaming{})
		}
		start := processTime(b)
		for range events {
			for _, body := range bodies {
				body.Read(buf)
			}
		}
		took := processTime(b) - start
		for _, body := range bodies {
			body.Close()
		}
		return took
	}
	o := &Options{Done: func(*http.Request, *Result) {}}
	tee := ModifyResponse(o)
	var with, without time.Duration
	for b.Loop() {
		without += run(func(r io.ReadCloser) io.ReadCloser { return r })
		with += run(func(r io.ReadCloser) io.ReadCloser {
			resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: r, Request: chatRequest()}
			tee(resp)
			return resp.Body
		})
	}
	b.ReportMetric(0, "ns/op")
	each := float64(b.N) * streams * events
	b.ReportMetric(float64(without.Nanoseconds())/each, "without-ns/event")
	b.ReportMetric(float64((with-without).Nanoseconds())/each, "more-ns/event")
}

// processTime returns the CPU time of the process so far.
func processTime(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
