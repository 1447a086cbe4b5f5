package httptee

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// Which requests are changed, and into what.
func TestWithUsage(t *testing.T) {
	for body, want := range map[string]string{
		`{"stream":true}`: `{"stream_options":{"include_usage":true},"stream":true}`,
		` { "model":"m", "messages":[{"content":"}{\"stream\":false"}], "stream" : true } `: ` {"stream_options":{"include_usage":true}, "model":"m", "messages":[{"content":"}{\"stream\":false"}], "stream" : true } `,
		`{"stream":true,"stream_options":null}`:                                             `{"stream":true,"stream_options":{"include_usage":true}}`,
		`{"stream_options":{},"stream":true}`:                                               `{"stream_options":{"include_usage":true},"stream":true}`,
		`{"stream_options":{ "include_obfuscation":false},"stream":true}`:                   `{"stream_options":{"include_usage":true, "include_obfuscation":false},"stream":true}`,
		`{"stream_options":{"include_usage":false},"stream":true}`:                          `{"stream_options":{"include_usage":true},"stream":true}`,
		`{"stream_options":{"include_usage": null ,"a":[1,{"b":"\\\""}]},"stream":true}`:    `{"stream_options":{"include_usage": true ,"a":[1,{"b":"\\\""}]},"stream":true}`,
		`{"\u0073tream":true}`: `{"stream_options":{"include_usage":true},"\u0073tream":true}`,

		`{"stream_options":{"include_usage":true},"stream":true}`: "", // asks itself
		`{"stream":false}`:                    "",
		`{"stream":"true"}`:                   "",
		`{"model":"stream"}`:                  "",
		`{"a":{"stream":true}}`:               "",
		`{}`:                                  "",
		`[{"stream":true}]`:                   "",
		`"stream"`:                            "",
		``:                                    "",
		`{"stream":true`:                      "",
		`{"stream":true}x`:                    "",
		`{"stream":false,"stream":true}`:      "", // which one counts is not known
		`{"stream":true,"stream_options":[]}`: "",
		`{"stream":true,"stream_options":1}`:  "",
		`{"stream":true,"stream_options":{"a":1,"a":2}}`: "",
	} {
		got, ok := withUsage([]byte(body))
		require.Equal(t, want != "", ok, body)
		require.Equal(t, want, string(got), body)
		require.True(t, !ok || json.Valid(got))
	}
}

// sent is what an upstream got.
type sent struct {
	body, accept, length string
	contentLength        int64
}

// chatServer answers as OpenAI's chat API, with the chunk for the usage if the request asks for it.
func chatServer(t *testing.T, got *sent) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		*got = sent{string(body), r.Header.Get("Accept-Encoding"), r.Header.Get("Content-Length"), r.ContentLength}
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		for _, e := range events(recording(t, "openai-chat/usage-final-chunk.sse")) {
			if !isUsageChunk(e) || strings.Contains(string(body), `"include_usage":true`) {
				w.Write(e)
				w.(http.Flusher).Flush()
			}
		}
	})
}

// withoutUsage is the recording as a client gets it that has not asked for usage.
func withoutUsage(t *testing.T) string {
	var b []byte
	hidden := 0
	for _, e := range events(recording(t, "openai-chat/usage-final-chunk.sse")) {
		if isUsageChunk(e) {
			hidden++
		} else {
			b = append(b, e...)
		}
	}
	require.Equal(t, 1, hidden)
	return string(b)
}

// The usage is known, and the client gets what it would get without.
func TestRequestUsage(t *testing.T) {
	whole := string(recording(t, "openai-chat/usage-final-chunk.sse"))
	const asks = `{"stream":true,"stream_options":{"include_usage":true}}`
	for _, test := range []struct {
		name, body, accept string
		off                bool
		chunked            bool
		want               string
		usage              bool
	}{
		{name: "not asked", body: `{"stream":true}`, want: withoutUsage(t), usage: true},
		{name: "chunked", body: `{"stream":true}`, chunked: true, want: withoutUsage(t), usage: true},
		{name: "compressed", body: `{"stream":true}`, accept: "gzip", want: withoutUsage(t), usage: true},
		{name: "asked", body: asks, accept: "gzip", want: whole, usage: true},
		{name: "off", body: `{"stream":true}`, off: true, want: withoutUsage(t)},
		{name: "not a stream", body: `{"stream":false}`, accept: "gzip", want: withoutUsage(t)},
	} {
		for _, drain := range []Drain{{}, {Time: patience}} {
			t.Run(fmt.Sprint(test.name, "/", drain.Time), func(t *testing.T) {
				noLeak(t)
				o := &Options{RequestUsage: !test.off, Drain: drain}
				done := results(o)
				var got sent
				at, client := viaTransport(t, chatServer(t, &got), o)
				var body io.Reader = strings.NewReader(test.body)
				if test.chunked {
					body = struct{ io.Reader }{body}
				}
				req, err := http.NewRequest(http.MethodPost, at+"/v1/chat/completions", body)
				require.NoError(t, err)
				if test.accept != "" {
					req.Header.Set("Accept-Encoding", test.accept)
				}
				resp, err := client.Do(req)
				require.NoError(t, err)
				require.Same(t, req, resp.Request)
				read, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Equal(t, test.want, string(read))
				r := next(t, done)
				require.Equal(t, llmstream.StateComplete, r.Outcome.State)
				require.Equal(t, test.usage, r.Usage.Output > 0)
				changed := test.usage && test.body != asks
				require.Equal(t, changed, got.body != test.body)
				require.EqualValues(t, len(got.body), got.contentLength)
				if changed && test.accept != "" {
					require.Equal(t, "identity", got.accept)
				} else {
					require.Equal(t, test.accept, got.accept)
				}
				require.EqualValues(t, test.accept, req.Header.Get("Accept-Encoding"), "the request is the caller's")
			})
		}
	}
}

// Requests that are no chat requests of OpenAI's keep their bodies, unread.
func TestRequestUsageLeavesOthersAlone(t *testing.T) {
	for name, change := range map[string]func(r *http.Request){
		"path":       func(r *http.Request) { r.URL.Path = "/v1/messages" },
		"method":     func(r *http.Request) { r.Method = http.MethodPut },
		"encoding":   func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") },
		"too long":   func(r *http.Request) { r.ContentLength = maxRequest + 1 },
		"no body":    func(r *http.Request) { r.Body = http.NoBody },
		"nil body":   func(r *http.Request) { r.Body = nil },
		"watch":      func(r *http.Request) { r.Header.Set("X-Off", "1") },
		"connection": func(r *http.Request) { r.Method = http.MethodHead },
	} {
		t.Run(name, func(t *testing.T) {
			req := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(`{"stream":true}`))
			change(req)
			body := req.Body
			called := false
			tr := Transport(roundTripper(func(got *http.Request) (*http.Response, error) {
				called = true
				require.Same(t, req, got)
				require.Equal(t, body, got.Body)
				return nil, io.EOF
			}), &Options{RequestUsage: true, Filter: func(r *http.Request) bool { return r.Header.Get("X-Off") == "" }})
			tr.RoundTrip(req)
			require.True(t, called)
		})
	}
}

// A body that is too long, or fails, is sent as it comes.
func TestRequestUsageSendsTheRest(t *testing.T) {
	long := `{"stream":true,"x":"` + strings.Repeat("y", maxRequest) + `"}`
	for _, test := range []struct {
		body io.Reader
		want string
		err  error
	}{
		{strings.NewReader(long), long, nil},
		{io.MultiReader(strings.NewReader(`{"stream":true}`), iotest.ErrReader(io.ErrNoProgress)), `{"stream":true}`, io.ErrNoProgress},
	} {
		body := &closed{Reader: test.body}
		req := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", nil)
		req.Body, req.ContentLength = body, -1
		tr := Transport(roundTripper(func(r *http.Request) (*http.Response, error) {
			got, err := io.ReadAll(r.Body)
			require.ErrorIs(t, err, test.err)
			require.True(t, test.want == string(got))
			require.EqualValues(t, -1, r.ContentLength)
			require.NoError(t, r.Body.Close())
			return nil, io.EOF
		}), &Options{RequestUsage: true})
		tr.RoundTrip(req)
		require.Equal(t, 1, body.times)
	}
}

// A transport that sends a request again gets the same body again.
func TestRequestUsageGetBody(t *testing.T) {
	req := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(`{"stream":true}`))
	req.Header.Set("Content-Length", "15")
	tr := Transport(roundTripper(func(r *http.Request) (*http.Response, error) {
		for range 2 {
			body, err := r.GetBody()
			require.NoError(t, err)
			got, err := io.ReadAll(body)
			require.NoError(t, err)
			require.JSONEq(t, `{"stream":true,"stream_options":{"include_usage":true}}`, string(got))
			require.EqualValues(t, len(got), r.ContentLength)
			require.Equal(t, strconv.Itoa(len(got)), r.Header.Get("Content-Length"))
		}
		return nil, io.EOF
	}), &Options{RequestUsage: true})
	tr.RoundTrip(req)
	require.Equal(t, "15", req.Header.Get("Content-Length"))
}

// What is hidden, however the body is cut, and whatever its line ends are.
func TestUsageFilter(t *testing.T) {
	const usage = `data: {"id":"x","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}`
	const text = `data: {"id":"x","choices":[{"index":0,"delta":{"content":"x"}}]}`
	long := "data: " + strings.Repeat("y", 2*maxHeld) + "\n\n"
	for _, test := range []struct{ name, body, want string }{
		{"LF", text + "\n\n" + usage + "\n\ndata: [DONE]\n\n", text + "\n\ndata: [DONE]\n\n"},
		{"CR LF", text + "\r\n\r\n" + usage + "\r\n\r\ndata: [DONE]\r\n\r\n", text + "\r\n\r\ndata: [DONE]\r\n\r\n"},
		{"CR", text + "\r\r" + usage + "\r\rdata: [DONE]\r\r", text + "\r\rdata: [DONE]\r\r"},
		{"comments", ": hi\n\n: hi\n" + usage + "\n\n: ho\n\n", ": hi\n\n: hi\n: ho\n\n"},
		{"fields", "id: 7\n" + usage + "\n\n" + text + "\n\n", text + "\n\n"},
		{"at the end", text + "\n\n" + usage, text + "\n\n"},
		{"a cut one stays", text + "\n\n" + usage[:50], text + "\n\n" + usage[:50]},
		{"usage with choices", strings.Replace(text, `"choices"`, `"usage":{"a":1},"choices"`, 1) + "\n\n", strings.Replace(text, `"choices"`, `"usage":{"a":1},"choices"`, 1) + "\n\n"},
		{"no usage yet", `data: {"choices":[],"usage":null}` + "\n\n", `data: {"choices":[],"usage":null}` + "\n\n"},
		{"filter results", `data: {"choices":[],"prompt_filter_results":[],"x":"\"usage\""}` + "\n\n", `data: {"choices":[],"prompt_filter_results":[],"x":"\"usage\""}` + "\n\n"},
		{"no choices", `data: {"usage":{"a":1},"x":"\"choices\""}` + "\n\n", `data: {"usage":{"a":1},"x":"\"choices\""}` + "\n\n"},
		{"an error", `data: {"choices":[],"usage":{},"error":{"message":"x"}}` + "\n\n", `data: {"choices":[],"usage":{},"error":{"message":"x"}}` + "\n\n"},
		{"two lines", usage + "\n" + usage + "\n\n", usage + "\n" + usage + "\n\n"},
		{"long", text + "\n\n" + long + usage + "\n\n" + long, text + "\n\n" + long + long},
		{"long, CR LF", "data: " + strings.Repeat("y", 2*maxHeld) + "\r\n\r\n" + usage + "\r\n\r\n", "data: " + strings.Repeat("y", 2*maxHeld) + "\r\n\r\n"},
		{"nothing", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, size := range []int{1, 7, 100, 5000, 1 << 20} {
				if size == 1 && len(test.body) > maxHeld {
					size = 3
				}
				f := &usageFilter{body: io.NopCloser(&pieces{[]byte(test.body), size})}
				got, err := io.ReadAll(f)
				require.NoError(t, err)
				want := test.want
				if strings.Contains(test.name, "CR") { // "\r\n\r\n" may leave a blank line when its event is hidden
					want, got = withoutBlanks(want), []byte(withoutBlanks(string(got)))
				}
				require.Equal(t, want, string(got), size)
			}
		})
	}
}

// withoutBlanks makes CR and CR LF line feeds, and many of them one.
func withoutBlanks(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\r' || r == '\n' }), "\n")
}

// All other streams pass as they are, for small and large buffers, with their error.
func TestUsageFilterPassesRecordings(t *testing.T) {
	for name, body := range recordings(t) {
		if strings.Contains(name, "usage") || len(body) == 0 {
			continue
		}
		hidden := false
		for _, e := range events(bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))) {
			hidden = hidden || isUsageChunk(e)
		}
		if hidden {
			continue
		}
		f := &usageFilter{body: io.NopCloser(io.MultiReader(&pieces{body, 1 + rand.IntN(300)}, iotest.ErrReader(io.ErrUnexpectedEOF)))}
		got, err := io.ReadAll(struct{ io.Reader }{f})
		require.Equal(t, io.ErrUnexpectedEOF, err)
		require.Equal(t, string(body), string(got), name)
		n, err := f.Read(make([]byte, 1))
		require.Zero(t, n)
		require.Equal(t, io.ErrUnexpectedEOF, err)
	}
}

// An event passes when it has ended, and not later; memory stays bounded.
func TestUsageFilterWaitsForNothing(t *testing.T) {
	r, w := io.Pipe()
	f := &usageFilter{body: r}
	buf := make([]byte, bufferSize)
	for _, part := range []string{": hi\n", "data: {}\n\n", "\n", "event: x\ndata: y\n\n"} {
		go io.WriteString(w, part)
		n, err := f.Read(buf)
		require.NoError(t, err)
		require.Equal(t, part, string(buf[:n]))
	}
	go func() {
		for range 1000 {
			w.Write(bytes.Repeat([]byte("x"), 10_000))
		}
		w.Close()
	}()
	n, err := io.Copy(io.Discard, f)
	require.NoError(t, err)
	require.EqualValues(t, 10_000_000, n)
	require.Less(t, cap(f.held)+cap(f.out), 8*maxHeld)
	n2, err := (&usageFilter{}).Read(nil)
	require.NoError(t, err)
	require.Zero(t, n2)
}

// What else a response may be passes untouched.
func TestHideUsageLeavesOthersAlone(t *testing.T) {
	for _, resp := range []*http.Response{
		{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}},
		{StatusCode: 400, Header: http.Header{"Content-Type": {"text/event-stream"}}},
		{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}, "Content-Encoding": {"gzip"}}},
	} {
		body := io.NopCloser(strings.NewReader("x"))
		resp.Body, resp.ContentLength = body, 1
		hideUsage(resp)
		require.Equal(t, body, resp.Body)
		require.EqualValues(t, 1, resp.ContentLength)
	}
	resp := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}, "Content-Length": {"5"}}, ContentLength: 5}
	hideUsage(resp) // without a body
	require.EqualValues(t, 5, resp.ContentLength)
	c := &closed{Reader: strings.NewReader("x")}
	resp.Body = c
	hideUsage(resp)
	require.EqualValues(t, -1, resp.ContentLength)
	require.Empty(t, resp.Header.Get("Content-Length"))
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 1, c.times)
}
