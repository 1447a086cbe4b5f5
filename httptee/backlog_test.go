package httptee

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// ticking is a clock that goes on a millisecond with each look.
func ticking() func() time.Time {
	var looks atomic.Int64
	at := newClock().now()
	return func() time.Time { return at.Add(time.Duration(looks.Add(1)) * time.Millisecond) }
}

// Bytes that are parsed later give the same result as bytes that are parsed at once, times included.
func TestPutOffChangesNothing(t *testing.T) {
	text := recording(t, "openai-chat/text.sse")
	long := bytes.Repeat(text[:bytes.LastIndex(text, []byte("data: [DONE]"))], 40)
	long = append(long, "data: [DONE]\n\n"...)
	for name, body := range map[string][]byte{
		"long":      long,
		"cut":       long[:len(long)/2],
		"tools":     recording(t, "openai-chat/tools-interleaved.sse"),
		"no stream": bytes.Repeat([]byte("x"), 3*backlogSize),
	} {
		for _, size := range []int{1, 100, backlogSize - markSize, backlogSize, 3 * backlogSize} {
			for _, broken := range []bool{false, true} {
				t.Run(fmt.Sprint(name, "/", size, "/", broken), func(t *testing.T) {
					told := func(o *Options) *Result {
						done := results(o)
						o.Now = ticking()
						var r io.Reader = &pieces{body, size}
						if broken {
							r = io.MultiReader(r, iotest.ErrReader(io.ErrUnexpectedEOF))
						}
						resp, err := Transport(answer{io.NopCloser(r)}, o).RoundTrip(httptest.NewRequest("POST", "/v1/chat/completions", nil))
						require.NoError(t, err)
						var got bytes.Buffer
						io.CopyBuffer(struct{ io.Writer }{&got}, struct{ io.Reader }{resp.Body}, make([]byte, bufferSize))
						require.Equal(t, body, got.Bytes())
						return next(t, done)
					}
					at := told(&Options{Deltas: func(*http.Request) llmstream.Handler {
						return llmstream.HandlerFunc(func(*llmstream.Delta) error { return nil })
					}})
					later := told(&Options{})
					require.Equal(t, at, later)
				})
			}
		}
	}
}

// pieces gives its bytes so many at a time.
type pieces struct {
	rest []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest[:min(p.size, len(p.rest))])
	p.rest = p.rest[n:]
	return n, nil
}
