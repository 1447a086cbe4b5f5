package httptee

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// With Strict the end of a body that is no good end is an error, and each other end is io.EOF.
func TestStrict(t *testing.T) {
	whole := string(recording(t, "openai-chat/text.sse"))
	cut := whole[:strings.Index(whole, `"finish_reason":"stop"`)]
	cut = cut[:strings.LastIndex(cut, "data:")]
	failing := "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\ndata: {\"error\":{\"message\":\"overloaded\"}}\n\n"
	for _, test := range []struct {
		name, contentType, body string
		status                  int
		err                     error // what the last Read returns; nil: io.EOF
	}{
		{"whole", "text/event-stream", whole, 200, nil},
		{"cut", "text/event-stream", cut, 200, llmstream.ErrTruncated},
		{"created", "text/event-stream", cut, 201, llmstream.ErrTruncated},
		{"failed", "text/event-stream", failing, 200, new(llmstream.APIError)},
		{"no answer", "text/event-stream; charset=utf-8", ": x\n\n", 200, llmstream.ErrEmpty},
		{"nothing", "", "", 200, nil},
		{"a page", "text/html", "<html></html>", 200, new(llmstream.APIError)},
		{"models", "application/json", `{"object":"list","data":[{"id":"m","object":"model"}]}`, 200, nil},
		{"an embedding", "application/json", `{"object":"list","data":[{"object":"embedding","embedding":[1,2]}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}`, 200, nil},
		{"sound", "audio/mpeg", "ID3\x04\x00\x00\x00\xff\xfb\x90", 200, nil},
		{"refused", "application/json", `{"error":{"message":"slow down"}}`, 429, nil},
		{"refused with a page", "text/event-stream", "slow down", 503, nil},
	} {
		for _, encoding := range []string{"", "gzip"} {
			for _, drain := range []Drain{{}, {Time: patience}} {
				for _, tee := range []bool{false, true} {
					t.Run(fmt.Sprint(test.name, "/", encoding, "/", drain.Time, "/", tee), func(t *testing.T) {
						noLeak(t)
						o := &Options{Strict: true, Drain: drain}
						done := results(o)
						body := []byte(test.body)
						if encoding != "" {
							body = compress(t, encoding, body)
						}
						resp := &http.Response{StatusCode: test.status, Body: io.NopCloser(iotest.DataErrReader(bytes.NewReader(body))), Header: http.Header{
							"Content-Type": {test.contentType}, "Content-Encoding": {encoding},
						}}
						if tee {
							resp.Request = chatRequest()
							resp.Body = TeeReader(o)(resp.Body, resp)
						} else {
							var err error
							resp, err = Transport(roundTripper(func(*http.Request) (*http.Response, error) { return resp, nil }), o).RoundTrip(chatRequest())
							require.NoError(t, err)
						}
						got, err := io.ReadAll(resp.Body)
						require.Equal(t, body, got)
						_, again := resp.Body.Read(make([]byte, 1))
						resp.Body.Close()
						r := next(t, done)
						require.False(t, r.ClientLeft)
						switch want := test.err.(type) {
						case nil:
							require.NoError(t, err)
							require.Equal(t, io.EOF, again)
							return
						case *llmstream.APIError:
							require.ErrorAs(t, err, &want)
						default:
							require.ErrorIs(t, err, want)
						}
						require.Equal(t, err, again)
						require.Equal(t, r.Outcome.Err(), err)
					})
				}
			}
		}
	}
}

// A body that fails by itself fails as it is, with Strict and without; and without it a cut one ends well.
func TestNotStrict(t *testing.T) {
	cut := string(events(recording(t, "openai-chat/text.sse"))[0])
	for _, strict := range []bool{true, false} {
		for _, drain := range []Drain{{}, {Time: patience}} {
			for _, how := range []error{io.EOF, io.ErrUnexpectedEOF} {
				if strict && how == io.EOF {
					continue
				}
				resp, err := Transport(answer{io.NopCloser(io.MultiReader(strings.NewReader(cut), iotest.ErrReader(how)))}, &Options{Strict: strict, Drain: drain}).RoundTrip(chatRequest())
				require.NoError(t, err)
				for err == nil {
					_, err = resp.Body.Read(make([]byte, 1000))
				}
				require.Equal(t, how, err)
			}
		}
	}
}

// A proxy stays one that changes nothing.
func TestStrictIsNotForProxies(t *testing.T) {
	o := &Options{Strict: true}
	done := results(o)
	resp := &http.Response{StatusCode: 200, Header: http.Header{}, Request: chatRequest(),
		Body: io.NopCloser(bytes.NewReader(events(recording(t, "openai-chat/text.sse"))[0]))}
	require.NoError(t, ModifyResponse(o)(resp))
	_, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, llmstream.StateTruncated, next(t, done).Outcome.State)
}
