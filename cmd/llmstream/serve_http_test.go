package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// deadlines records the deadlines that a handler sets on its connection.
type deadlines struct {
	http.ResponseWriter
	write, read []time.Time
	atWrite     time.Time // the deadline while Write ran
}

func (d *deadlines) Write(b []byte) (int, error) {
	d.atWrite = d.write[len(d.write)-1]
	return len(b), nil
}

func (d *deadlines) SetWriteDeadline(at time.Time) error { d.write = append(d.write, at); return nil }
func (d *deadlines) SetReadDeadline(at time.Time) error  { d.read = append(d.read, at); return nil }

// A deadline lasts for one write only.
func TestWritesHaveDeadlines(t *testing.T) {
	below := new(deadlines)
	w := &timedWriter{below, http.NewResponseController(below)}
	w.Write([]byte("x"))
	require.WithinDuration(t, time.Now().Add(writeTimeout), below.atWrite, time.Minute)
	require.True(t, below.write[len(below.write)-1].IsZero())
}

// The body of a request has a deadline, and the answer has none.
func TestRequestsHaveDeadlines(t *testing.T) {
	below := new(deadlines)
	req, err := http.NewRequest(http.MethodPost, "/", strings.NewReader("body"))
	require.NoError(t, err)
	body, err := readRequest(below, req)
	require.NoError(t, err)
	require.Equal(t, "body", string(body))
	require.Len(t, below.read, 2)
	require.WithinDuration(t, time.Now().Add(bodyTimeout), below.read[0], time.Minute)
	require.True(t, below.read[1].IsZero())
}

func TestServersHaveTimeouts(t *testing.T) {
	s, err := listen("127.0.0.1:0", http.NotFoundHandler())
	require.NoError(t, err)
	defer s.listener.Close()
	require.Equal(t, headerTimeout, s.ReadHeaderTimeout)
	require.Equal(t, idleTimeout, s.IdleTimeout)
	require.Zero(t, s.WriteTimeout, "it would end long streams")
	require.Zero(t, s.ReadTimeout, "when it passes, the server cancels the request that it answers")
}

// A connection serves more than one answer, with pauses, although writes have deadlines.
func TestConnectionsAreUsedAgain(t *testing.T) {
	r, err := new(invocation).recordings(nil)
	require.NoError(t, err)
	s, err := listen("127.0.0.1:0", &replay{recordings: r, faults: faults{pace: time.Millisecond}})
	require.NoError(t, err)
	s.start()
	defer s.close()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	from := bufio.NewReader(conn)
	for range 3 {
		io.WriteString(conn, "POST "+chatPath+" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
		resp, err := http.ReadResponse(from, nil)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Contains(t, string(body), "[DONE]")
	}
}

// A connection that changes its protocol passes through the proxy and the deadlines of
// its server.
func TestProxyPassesUpgrades(t *testing.T) {
	upstream, err := listen("127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		rw.Flush()
		line, _ := rw.ReadString('\n')
		rw.WriteString(line)
		rw.Flush()
	}))
	require.NoError(t, err)
	upstream.start()
	defer upstream.close()
	to, err := url.Parse(upstream.url)
	require.NoError(t, err)
	p := newPrinter(io.Discard, io.Discard, false)
	defer p.close()
	proxy, err := listen("127.0.0.1:0", newProxy(to, p, 0, llmstream.Auto))
	require.NoError(t, err)
	proxy.start()
	defer proxy.close()

	conn, err := net.Dial("tcp", strings.TrimPrefix(proxy.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	io.WriteString(conn, "GET /v1/realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	from := bufio.NewReader(conn)
	resp, err := http.ReadResponse(from, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
	io.WriteString(conn, "hello\n")
	line, err := from.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "hello\n", line)
}
