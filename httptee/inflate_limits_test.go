package httptee

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// encoded answers each request with a body in this encoding.
func encoded(encoding string, body io.ReadCloser) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"text/event-stream"}, "Content-Encoding": {encoding}}
		return &http.Response{StatusCode: 200, Header: h, Body: body, Request: req}, nil
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// chatRequest is a request for an answer of OpenAI's chat API.
func chatRequest() *http.Request {
	return httptest.NewRequest(http.MethodPost, "/v1/chat/completions", nil)
}

// A body that inflates to more than an option allows ends the parsing with an error that names the option. The client
// gets all bytes, and the result has the answer as far as it was parsed.
func TestInflateLimits(t *testing.T) {
	first := "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"}}]}\n\n"
	last := "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
	zeros := first + strings.Repeat(": 00000000000000000000000000000\n", 1<<15) + last // 1 MiB, which compresses well
	size := int64(len(zeros))
	zipped := compress(t, "gzip", []byte(zeros))
	ratio := int(size) / len(zipped)
	for _, test := range []struct {
		name  string
		limit Options
		want  *InflateError // nil: it is within the limits
	}{
		{"bytes", Options{MaxInflated: size - 1, MaxRatio: ratio + 1}, &InflateError{"MaxInflated", size - 1}},
		{"just the bytes", Options{MaxInflated: size, MaxRatio: ratio + 1}, nil},
		{"ratio", Options{MaxRatio: ratio / 2}, &InflateError{"MaxRatio", int64(ratio / 2)}},
		{"the default ratio", Options{}, &InflateError{"MaxRatio", defaultMaxRatio}},
		{"late bytes", Options{MaxLate: size - int64(bufferSize) - 1, MaxRatio: ratio + 1}, &InflateError{"MaxLate", size - int64(bufferSize) - 1}},
		{"just the late bytes", Options{MaxLate: size, MaxRatio: ratio + 1}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeak(t)
			o := test.limit
			ended, once := make(chan bool), false
			o.Deltas = func(*http.Request) llmstream.Handler {
				return llmstream.HandlerFunc(func(*llmstream.Delta) error {
					if o.MaxLate > 0 && !once { // the first buffer is parsed while the body has not ended
						once = true
						<-ended
					}
					return nil
				})
			}
			done := results(&o)
			resp, err := Transport(encoded("gzip", io.NopCloser(bytes.NewReader(zipped))), &o).RoundTrip(chatRequest())
			require.NoError(t, err)
			got, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Equal(t, zipped, got)
			require.NoError(t, resp.Body.Close())
			close(ended)
			r := next(t, done)
			require.Equal(t, "hello", r.Completion.Choices[0].Message.Content)
			require.False(t, r.ClientLeft)
			if test.want == nil {
				require.NoError(t, r.Err)
				require.Equal(t, llmstream.StateComplete, r.Outcome.State)
				return
			}
			var limit *InflateError
			require.ErrorAs(t, r.Err, &limit)
			require.Equal(t, test.want, limit)
			require.Equal(t, llmstream.StateStopped, r.Outcome.State)
			require.ErrorAs(t, r.Outcome.Err(), &limit)
			require.ErrorIs(t, r.Outcome.Err(), llmstream.ErrStopped)
		})
	}
}

// A short answer may compress as well as it likes.
func TestShortAnswerHasNoRatio(t *testing.T) {
	body := []byte(strings.Repeat(": 0\n", freeRatio/4-1000))
	body = append(body, recording(t, "openai-chat/text.sse")...)
	zipped := compress(t, "gzip", body)
	require.Greater(t, len(body)/len(zipped), 2*defaultMaxRatio)
	o := &Options{}
	done := results(o)
	resp, err := Transport(encoded("gzip", io.NopCloser(bytes.NewReader(zipped))), o).RoundTrip(chatRequest())
	require.NoError(t, err)
	io.Copy(io.Discard, resp.Body)
	r := next(t, done)
	require.NoError(t, r.Err)
	require.Equal(t, llmstream.StateComplete, r.Outcome.State)
}

// bomb is a decoder that never ends.
type bomb struct{ reads atomic.Int64 }

func (b *bomb) Read(p []byte) (int, error) {
	b.reads.Add(1)
	for i := range p {
		p[i] = '\n'
	}
	return len(p), nil
}

// Close ends an inflater that is busy.
func TestCloseEndsInflater(t *testing.T) {
	noLeak(t)
	for _, drain := range []Drain{{}, {Time: patience, Bytes: 1}} {
		b := &bomb{}
		o := &Options{
			MaxInflated: math.MaxInt64, MaxRatio: math.MaxInt, MaxLate: math.MaxInt64, Drain: drain,
			Decoder: func(string, io.Reader) (io.Reader, error) { return b, nil },
		}
		done := results(o)
		resp, err := Transport(encoded("bomb", io.NopCloser(strings.NewReader(strings.Repeat("x", 200)))), o).RoundTrip(chatRequest())
		require.NoError(t, err)
		_, err = resp.Body.Read(make([]byte, 100))
		require.NoError(t, err)
		require.Eventually(t, func() bool { return b.reads.Load() > 0 }, patience, 1)
		none(t, done)
		require.NoError(t, resp.Body.Close())
		r := next(t, done)
		require.True(t, r.ClientLeft)
		require.NoError(t, r.Err)
		require.Equal(t, llmstream.StateStopped, r.Outcome.State)
	}
}

// A decoder that never ends costs no more than MaxLate after the end of the body.
func TestEndlessDecoder(t *testing.T) {
	b := &bomb{}
	o := &Options{
		MaxInflated: math.MaxInt64, MaxRatio: math.MaxInt, MaxLate: 1 << 20,
		Decoder: func(string, io.Reader) (io.Reader, error) { return b, nil },
	}
	done := results(o)
	resp, err := Transport(encoded("bomb", io.NopCloser(strings.NewReader("x"))), o).RoundTrip(chatRequest())
	require.NoError(t, err)
	io.Copy(io.Discard, resp.Body)
	var limit *InflateError
	require.ErrorAs(t, next(t, done).Err, &limit)
	require.Equal(t, "MaxLate", limit.Limit)
}

// A client that has read the end marker and closes has not left, though the inflater reaches the marker later.
func TestMarkerIsFoundLate(t *testing.T) {
	body := recording(t, "openai-chat/text.sse")
	var b bytes.Buffer
	w := compressor("gzip", &b)
	half := 0
	for i, e := range events(body) {
		w.Write(e)
		w.Flush()
		if i == 1 {
			half = b.Len()
		}
	}
	w.Close()
	zipped := b.Bytes()
	for _, all := range []bool{true, false} {
		goOn, entered := make(chan bool), make(chan bool, 100)
		o := &Options{Deltas: func(*http.Request) llmstream.Handler {
			return llmstream.HandlerFunc(func(*llmstream.Delta) error {
				entered <- true
				<-goOn
				return nil
			})
		}}
		done := results(o)
		sent := zipped
		if !all {
			sent = zipped[:half]
		}
		resp, err := Transport(encoded("gzip", io.NopCloser(io.MultiReader(bytes.NewReader(sent), &blocked{}))), o).RoundTrip(chatRequest())
		require.NoError(t, err)
		_, err = io.ReadFull(resp.Body, make([]byte, len(sent)))
		require.NoError(t, err)
		next(t, entered)
		require.NoError(t, resp.Body.Close())
		close(goOn)
		r := next(t, done)
		require.Equal(t, !all, r.ClientLeft)
		if all {
			require.Equal(t, llmstream.StateComplete, r.Outcome.State)
		} else {
			require.Equal(t, llmstream.StateStopped, r.Outcome.State)
		}
	}
}

// blocked is a reader that nothing comes from.
type blocked struct{}

func (*blocked) Read([]byte) (int, error) { select {} }

// What is written to a pipe is read from it, in whatever pieces.
func TestPipe(t *testing.T) {
	var p pipe
	p.init(5000)
	var written, read []byte
	buf := make([]byte, 1000)
	for range 20_000 {
		if b := buf[:rand.IntN(300)]; len(written)-len(read)+len(b) <= 5000 {
			for i := range b {
				b[i] = byte(rand.Uint32())
			}
			p.write(b)
			written = append(written, b...)
		}
		if len(written) > len(read) && rand.IntN(3) > 0 {
			n, err := p.Read(buf[:1+rand.IntN(len(buf)-1)])
			require.NoError(t, err)
			read = append(read, buf[:n]...)
		}
		require.LessOrEqual(t, cap(p.buf), 4*5000)
	}
	p.close(nil)
	rest, err := io.ReadAll(&p)
	require.NoError(t, err)
	require.True(t, bytes.Equal(written, append(read, rest...)))
	require.EqualValues(t, len(written), p.progress().taken)
	require.True(t, p.progress().ended)
}

// A pipe takes nothing after it was too full, was closed, or has lost its reader.
func TestPipeDropsWrites(t *testing.T) {
	full := make([]byte, 10)
	for name, end := range map[string]func(p *pipe){
		"lagged": func(p *pipe) { p.write(make([]byte, 11)) },
		"closed": func(p *pipe) { p.close(io.ErrUnexpectedEOF) },
		"unread": func(p *pipe) {
			p.close(io.ErrUnexpectedEOF)
			p.wait()
			p.closed = false // as before the end of the body
		},
	} {
		t.Run(name, func(t *testing.T) {
			var p pipe
			p.init(10)
			end(&p)
			p.write(full)
			require.Empty(t, p.buf)
		})
	}
	var p pipe
	p.init(10)
	p.write(full)
	require.Len(t, p.buf, 10)
	p.write(full[:1])
	_, err := io.ReadAll(&p)
	var lag *LagError
	require.ErrorAs(t, err, &lag)
}
