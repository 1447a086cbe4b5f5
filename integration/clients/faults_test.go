package clients

import (
	"context"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/seed-4d65deac/llmstream"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// chat is an answer of some length, and what is left of it where a fault cuts it.
var chat = func() recording {
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word %d \"},\"finish_reason\":null}]}\n\n", i)
	}
	b.WriteString("data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	return recording{"chat", "/v1/chat/completions", "text/event-stream", []byte(b.String())}
}()

// A client sees of each fault between the server and the library what it sees with
// nobody looking on, and the outcome is what the fault left.
func TestFaults(t *testing.T) {
	for name, test := range map[string]struct {
		toxic string
		abort bool // the server breaks off in the midst of the answer
		state llmstream.State
		none  bool // there is no response, and nothing is told
	}{
		"slicer":     {toxic: `{"type":"slicer","attributes":{"average_size":20,"size_variation":15,"delay":100}}`, state: llmstream.StateComplete},
		"latency":    {toxic: `{"type":"latency","attributes":{"latency":30,"jitter":10}}`, state: llmstream.StateComplete},
		"limit_data": {toxic: `{"type":"limit_data","attributes":{"bytes":2000}}`, state: llmstream.StateTruncated},
		"abort":      {toxic: `{"type":"latency","attributes":{"latency":1}}`, abort: true, state: llmstream.StateTruncated},
		"reset_peer": {toxic: `{"type":"reset_peer","attributes":{"timeout":100}}`, none: true},
		"timeout":    {toxic: `{"type":"timeout","attributes":{"timeout":100}}`, none: true},
	} {
		for _, p := range []string{"transport", "reverse-proxy"} {
			t.Run(name+"/"+p, func(t *testing.T) {
				before := goleak.IgnoreCurrent()
				defer func() { goleak.VerifyNone(t, append(proxysOwn, before)...) }()
				t.Run("", func(t *testing.T) {
					upstream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if !test.abort {
							chat.ServeHTTP(w, r)
							return
						}
						half := chat
						half.body = chat.body[:len(chat.body)/2]
						half.ServeHTTP(w, r)
						panic(http.ErrAbortHandler)
					})
					behind := serve(t, upstream)
					s := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
					toxic := toxiproxy.NewProxy(s, name, "127.0.0.1:0", strings.TrimPrefix(behind.URL, "http://"))
					require.NoError(t, toxic.Start())
					defer toxic.Stop()
					_, err := toxic.Toxics.AddToxicJson(strings.NewReader(test.toxic))
					require.NoError(t, err)
					address := "http://" + toxic.Listen

					try := func(watch bool, w *watched) (status int, body, failure string) {
						c := client(t, behind)
						to := address
						switch {
						case p == "reverse-proxy":
							c, to = inFront(t, behind, address, watch, w)
						case watch:
							c = watching(c, w)
						}
						q, err := c.Post(to+chat.path, "application/json", strings.NewReader("{}"))
						if err != nil {
							return 0, "", kindOf(err)
						}
						defer q.Body.Close()
						b, err := io.ReadAll(q.Body)
						return q.StatusCode, string(b), kindOf(err)
					}
					var w watched
					status, body, failure := try(false, nil)
					gotStatus, gotBody, gotFailure := try(true, &w)
					require.Equal(t, status, gotStatus)
					require.Equal(t, body, gotBody)
					require.Equal(t, failure, gotFailure)
					if test.none {
						require.Empty(t, w.all())
						return
					}
					told := w.wait(t, 1)[0]
					require.Equal(t, test.state, told.Outcome.State, "%v", told.Outcome.Err())
					require.Equal(t, test.state == llmstream.StateComplete, told.Outcome.Err() == nil)
					require.Equal(t, int64(len(body)), told.Bytes)
					require.Contains(t, body, strings.TrimSpace(told.Completion.Choices[0].Message.Content[:7]))
				})
			})
		}
	}
}

// proxysOwn are goroutines that the proxy of faults leaves behind.
var proxysOwn = []goleak.Option{
	goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"),
	goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/stream.(*ChanWriter).Write"),
	goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2.(*ToxicLink).read"),
	goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2.(*ToxicLink).write"),
}

// kindOf is an error without what differs from one connection to the next.
func kindOf(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	return text[strings.LastIndex(text, ": ")+1:]
}

// Requests that are cancelled at any moment leave nothing behind, and each response
// that had begun is told of once.
func TestCancelled(t *testing.T) {
	const requests = 10_000
	before := goleak.IgnoreCurrent()
	t.Run("", func(t *testing.T) {
		for _, p := range paths {
			var w watched
			c, address := p.open(t, chat, &w)
			r := rand.New(rand.NewSource(1))
			cancelled := func(n int) (began int) {
				for range n {
					ctx, cancel := context.WithCancel(t.Context())
					q, err := http.NewRequestWithContext(ctx, "POST", address+chat.path, strings.NewReader("{}"))
					require.NoError(t, err)
					time.AfterFunc(time.Duration(r.Intn(600))*time.Microsecond, cancel)
					if a, err := c.Do(q); err == nil {
						began++
						io.CopyN(io.Discard, a.Body, int64(r.Intn(len(chat.body))))
						cancel()
						a.Body.Close()
					}
					cancel()
				}
				return began
			}
			cancelled(200)
			heap := heapSize()
			began := cancelled(requests / len(paths))
			require.Greater(t, began, 0)
			for _, told := range w.all() {
				require.Contains(t, []llmstream.State{llmstream.StateStopped, llmstream.StateComplete, llmstream.StateTruncated}, told.Outcome.State)
			}
			if p.name == "transport" {
				require.GreaterOrEqual(t, len(w.all()), began)
			}
			w.forget() // they hold what was told, which is the test's
			require.Less(t, heapSize(), heap+4<<20, p.name)
		}
	})
	goleak.VerifyNone(t, before)
}

func heapSize() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
