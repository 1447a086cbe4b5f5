package httptee

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// A body outside of net/http is read as one inside of it.
func TestTeeReader(t *testing.T) {
	noLeak(t)
	for _, encoding := range []string{"", "gzip"} {
		for _, drain := range []Drain{{}, {Time: patience}} {
			o := &Options{Drain: drain}
			done := results(o)
			tee := TeeReader(o)
			for name, body := range recordings(t) {
				sent := body
				if encoding != "" {
					if !strings.HasPrefix(name, "openai-chat/t") {
						continue
					}
					sent = compress(t, encoding, body)
				}
				req := &http.Request{URL: &url.URL{Path: "/x"}}
				r := tee(iotest.OneByteReader(bytes.NewReader(sent)), &http.Response{
					StatusCode: 201, Header: http.Header{"Content-Encoding": {encoding}}, Request: req,
				})
				got, err := io.ReadAll(r)
				require.NoError(t, err)
				require.True(t, bytes.Equal(sent, got), name)
				require.NoError(t, r.Close())
				result := next(t, done)
				outcome, answer := fold(llmstream.Auto, body)
				require.Equal(t, outcome.State, result.Outcome.State, name)
				require.Equal(t, asJSON(t, answer), asJSON(t, result.Completion), name)
				require.Equal(t, 201, result.Status)
				require.False(t, result.ClientLeft)
			}
			none(t, done)
		}
	}
}

// What is not known of a response may be missing.
func TestTeeReaderKnowsLittle(t *testing.T) {
	text := recording(t, "openai-chat/text.sse")
	for _, resp := range []*http.Response{nil, {}, {Request: &http.Request{}}} {
		var got *http.Request
		done := make(chan *Result, 1)
		tee := TeeReader(&Options{Done: func(req *http.Request, r *Result) {
			got = req
			done <- r
		}})
		c := &closed{Reader: bytes.NewReader(text)}
		r := tee(c, resp)
		_, err := io.ReadAll(r)
		require.NoError(t, err)
		result := next(t, done)
		require.Equal(t, 200, result.Status)
		require.Equal(t, llmstream.StateComplete, result.Outcome.State)
		require.NotNil(t, got)
		require.NoError(t, r.Close())
		require.Equal(t, 1, c.times)
	}
}

// A reader that is closed early was left; one that is not to be watched passes as it is.
func TestTeeReaderIsLeft(t *testing.T) {
	o := &Options{Filter: func(r *http.Request) bool { return r.Header.Get("X-Off") == "" }}
	done := results(o)
	tee := TeeReader(o)
	r := tee(strings.NewReader("data: {}\n\n"), nil)
	r.Read(make([]byte, 3))
	require.NoError(t, r.Close())
	require.True(t, next(t, done).ClientLeft)

	for _, resp := range []*http.Response{
		{Request: &http.Request{Header: http.Header{"X-Off": {"1"}}}},
		{StatusCode: 204},
		{Request: &http.Request{Method: http.MethodHead}},
	} {
		body := &closed{Reader: strings.NewReader("x")}
		require.Equal(t, io.ReadCloser(body), tee(body, resp))
	}
	none(t, done)
	require.Panics(t, func() { TeeReader(&Options{Dialect: 200}) })
}
