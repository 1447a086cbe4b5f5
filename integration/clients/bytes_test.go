package clients

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-4d65deac/llmstream"
	"github.com/stretchr/testify/require"
)

func get(t testing.TB, c *http.Client, address string) (http.Header, []byte, error) {
	t.Helper()
	r, err := c.Post(address, "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	r.Header.Del("Date")
	if len(body) == 0 { // a proxy may find out or not that nothing comes, before it sends the header
		r.Header.Del("Content-Length")
	}
	return r.Header, body, err
}

// A client gets the same bytes and headers with the library in the path as without,
// and what is told is what the parser makes of these bytes.
func TestBytesPass(t *testing.T) {
	for _, r := range recordings(t) {
		for _, p := range paths {
			t.Run(r.name+"/"+p.name, func(t *testing.T) { // its servers end with it
				passBytes(t, p, r)
				passBytes(over2{t}, p, r)
			})
		}
	}
}

// The same in front of the command's server, for a client that is no more than a
// connection.
func TestServedBytesPass(t *testing.T) {
	server := startServe(t)
	c := &http.Client{Transport: plain(t)}
	for _, r := range builtIn(t) {
		query := "?recording=" + url.QueryEscape(r.name)
		header, want, err := get(t, c, server+r.path+query)
		require.NoError(t, err)
		require.Equal(t, r.body, want, r.name)
		for _, p := range append(paths, forwarding) {
			t.Run(r.name+"/"+p.name, func(t *testing.T) {
				var w watched
				c, address := p.open(t, passOn(t, server), &w)
				gotHeader, got, err := get(t, c, address+r.path+query)
				require.NoError(t, err)
				require.Equal(t, want, got)
				require.Equal(t, header, gotHeader)
				require.Equal(t, int64(len(want)), w.wait(t, 1)[0].Bytes)
			})
		}
	}
}

func passBytes(t testing.TB, p path, r recording) {
	c, address := p.without(t, r, nil)
	header, want, err := get(t, c, address+r.path)
	require.NoError(t, err)
	require.Equal(t, r.body, want)

	var w watched
	c, address = p.open(t, r, &w)
	gotHeader, got, err := get(t, c, address+r.path)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, header, gotHeader)

	told := w.wait(t, 1)[0]
	require.Equal(t, int64(len(want)), told.Bytes)
	var a llmstream.Accumulator
	parser := llmstream.NewParser(llmstream.DetectDialect(r.contentType, r.path), &a, nil)
	parser.Write(want)
	parser.Close()
	require.Equal(t, a.Completion(), told.Completion)
	require.Equal(t, parser.Outcome().State, told.Outcome.State)
}

// The server sends an event when the client has had the one before, and not earlier.
func TestLockstep(t *testing.T) {
	for _, r := range recordings(t) {
		events := r.events()
		if len(events) < 3 || len(events) > 60 {
			continue
		}
		for _, p := range paths {
			t.Run(r.name+"/"+p.name, func(t *testing.T) {
				had := make(chan int)
				upstream := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
					io.Copy(io.Discard, q.Body)
					w.Header().Set("Content-Type", r.contentType)
					w.WriteHeader(http.StatusOK)
					w.(http.Flusher).Flush()
					for _, e := range events {
						w.Write(e)
						w.(http.Flusher).Flush()
						for n := 0; n < len(e); {
							select {
							case k := <-had:
								n += k
							case <-q.Context().Done():
								return
							case <-time.After(10 * time.Second):
								panic(http.ErrAbortHandler)
							}
						}
					}
				})
				var w watched
				c, address := p.open(t, upstream, &w)
				q, err := c.Post(address+r.path, "application/json", strings.NewReader("{}"))
				require.NoError(t, err)
				var got []byte
				for buffer := make([]byte, 64<<10); err == nil; {
					var n int
					if n, err = q.Body.Read(buffer); n > 0 {
						got = append(got, buffer[:n]...)
						select {
						case had <- n:
						case <-time.After(10 * time.Second): // the server has given up
							t.Fatal("nobody waits for what the client had")
						}
					}
				}
				require.ErrorIs(t, err, io.EOF)
				q.Body.Close()
				require.Equal(t, r.body, got)
				w.wait(t, 1)
			})
		}
	}
}
