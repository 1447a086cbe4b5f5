package clients

import (
	"context"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/httptee"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// chat is an answer of some length. Over HTTP/2 a fault that cuts it does so in the midst of
// its one long event: what is in front of that differs by some bytes from one time to
// the next, since frames share records of TLS or do not, and no record that is cut is read.
var chat = func() recording {
	var b strings.Builder
	for i := range 40 {
		word := fmt.Sprintf("word %d ", i)
		if i == 20 {
			word = strings.Repeat(word, 1000/len(word)) // one record holds no more
		}
		fmt.Fprintf(&b, "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":%q},\"finish_reason\":null}]}\n\n", word)
	}
	b.WriteString("data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	return recording{"chat", "/v1/chat/completions", "text/event-stream", []byte(b.String())}
}()

// A client sees of each fault on the way to it, or to a proxy that looks on, what it
// sees with nobody looking on, and the outcome is what the fault left.
func TestFaults(t *testing.T) {
	for _, f := range []fault{
		{name: "slicer", toxic: `{"type":"slicer","attributes":{"average_size":20,"size_variation":15,"delay":100}}`},
		{name: "latency", toxic: `{"type":"latency","attributes":{"latency":30,"jitter":10}}`},
		{name: "limit_data", toxic: `{"type":"limit_data","attributes":{"bytes":2000}}`, over2: `{"type":"limit_data","attributes":{"bytes":5900}}`, cuts: true},
		{name: "abort", toxic: `{"type":"latency","attributes":{"latency":1}}`, aborts: true},
		{name: "reset_peer", toxic: `{"type":"reset_peer","attributes":{"timeout":100}}`, cuts: true, none: true, resets: true},
		{name: "timeout", toxic: `{"type":"timeout","attributes":{"timeout":100}}`, cuts: true, none: true},
	} {
		for _, path := range []string{"transport", "reverse-proxy", "middleware"} {
			for _, protocol := range []string{"HTTP1", "HTTP2"} {
				t.Run(f.name+"/"+path+"/"+protocol, func(t *testing.T) {
					before := goleak.IgnoreCurrent()
					defer func() { goleak.VerifyNone(t, append(proxysOwn, before)...) }()
					t.Run("", func(t *testing.T) { // its servers end with it
						if protocol == "HTTP2" {
							f.test(over2{t}, path)
						} else {
							f.test(t, path)
						}
					})
				})
			}
		}
	}
}

// A fault is what a proxy of faults does between the client, or the reverse proxy, and
// the server.
type fault struct {
	name   string
	toxic  string
	over2  string // the same for HTTP/2, where TLS adds to the bytes
	aborts bool   // the server breaks off in the midst of the answer
	cuts   bool   // the connection ends before the answer does
	none   bool   // even before there is a response
	resets bool   // it ends with a reset
}

func (f *fault) test(t testing.TB, path string) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.aborts && !(f.cuts && path == "middleware") {
			chat.ServeHTTP(w, r)
			return
		}
		half := chat
		half.body = chat.body[:len(chat.body)*3/4]
		half.ServeHTTP(w, r)
		if f.aborts {
			panic(http.ErrAbortHandler)
		}
		select { // as a model does that has more to say
		case <-r.Context().Done():
		case <-time.After(10 * time.Second):
		}
	})
	var w watched
	status, body, failure := f.try(t, path, handler, nil)
	gotStatus, gotBody, gotFailure := f.try(t, path, handler, &w)
	require.Equal(t, status, gotStatus)
	require.Equal(t, body, gotBody)
	require.Equal(t, failure, gotFailure)
	require.Equal(t, f.aborts || f.cuts, failure != "")
	if f.none {
		require.Empty(t, body)
		if path != "middleware" || http2(t) { // where the server never got a request
			if path != "transport" {
				require.Empty(t, w.all())
				return
			}
			failed := w.wait(t, 1)[0] // a Transport knows of requests that got no response
			require.Zero(t, failed.Status)
			require.Equal(t, llmstream.StateTruncated, failed.Outcome.State)
			require.Error(t, failed.Outcome.Cause)
			return
		}
	} else {
		require.NotEmpty(t, body)
		require.Equal(t, f.aborts || f.cuts, len(body) < len(chat.body))
	}

	told := w.wait(t, 1)[0]
	want := llmstream.StateComplete
	switch {
	case f.cuts && path == "middleware": // whose client has gone
		want = llmstream.StateStopped
		require.True(t, told.ClientLeft)
	case f.aborts, f.cuts:
		want = llmstream.StateTruncated
		require.False(t, told.ClientLeft)
	}
	require.Equal(t, want, told.Outcome.State, "%v", told.Outcome.Err())
	require.Equal(t, want == llmstream.StateComplete, told.Outcome.Err() == nil)
	if path != "middleware" {
		require.Equal(t, int64(len(body)), told.Bytes)
	}
	var a llmstream.Accumulator
	p := llmstream.NewParser(llmstream.OpenAIChat, &a, nil)
	p.Write(chat.body[:told.Bytes])
	p.Close()
	require.Equal(t, a.Completion(), told.Completion)
}

// try asks once, with the library looking on if w is not nil.
func (f *fault) try(t testing.TB, path string, upstream http.Handler, w *watched) (status int, body, failure string) {
	if path == "middleware" && w != nil {
		upstream = httptee.Middleware(upstream, w.options())
	}
	behind := serve(t, upstream)
	scheme, at, _ := strings.Cut(behind.URL, "://")
	s := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	toxic := toxiproxy.NewProxy(s, f.name, "127.0.0.1:0", at)
	require.NoError(t, toxic.Start())
	defer toxic.Stop()
	description := f.toxic
	if http2(t) && f.over2 != "" {
		description = f.over2
	}
	_, err := toxic.Toxics.AddToxicJson(strings.NewReader(description))
	require.NoError(t, err)

	at = toxic.Listen
	if f.cuts && !f.resets {
		at = inOrder(t, at)
	}
	c, address := client(t, behind), scheme+"://"+at
	switch {
	case path == "reverse-proxy":
		c, address = inFront(t, behind, address, w != nil, w)
	case path == "transport" && w != nil:
		c = watching(c, w)
	}
	r, err := c.Post(address+chat.path, "application/json", strings.NewReader("{}"))
	if err != nil {
		return 0, "", kindOf(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if r.StatusCode == http.StatusBadGateway {
		return r.StatusCode, string(b), r.Status
	}
	return r.StatusCode, string(b), kindOf(err)
}

// inOrder returns the address of a way to that at which never resets a connection. The
// proxy of faults does, if it closes one with bytes on the way that it has not
// read, such as what HTTP/2 acknowledges; whether some are is only a matter of time.
func inOrder(t testing.TB, at string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { passInOrder(client.(*net.TCPConn), at) })
		}
	})
	t.Cleanup(func() { // when the client has closed its connections
		listener.Close()
		all.Wait()
	})
	return listener.Addr().String()
}

// passInOrder passes on what either end sends. When at has sent all, so far as the client
// is told, it is read from until it closes the connection too.
func passInOrder(client *net.TCPConn, at string) {
	defer client.Close()
	behind, err := net.Dial("tcp", at)
	if err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() {
		io.Copy(behind, client)
		io.Copy(io.Discard, client) // what nobody takes any more
		behind.Close()
	})
	io.Copy(client, behind)
	client.CloseWrite()
	both.Wait()
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
