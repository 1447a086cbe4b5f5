package httptee

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serveLogged serves h with FullDuplex until stop, which returns what the server logged.
func serveLogged(h http.Handler) (s *httptest.Server, stop func() string) {
	var logged bytes.Buffer
	s = httptest.NewUnstartedServer(FullDuplex(h))
	s.Config.ErrorLog = log.New(&logged, "", 0)
	return s, func() string {
		s.Close()
		return logged.String()
	}
}

func proxyFor(t *testing.T, at string) http.Handler {
	to, err := url.Parse(at)
	require.NoError(t, err)
	return &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport:     plainTransport(t),
		FlushInterval: -1,
		ErrorLog:      quiet,
	}
}

// refuse is an upstream that answers as soon as it has the header of a request.
func refuse(t *testing.T) (at string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				r := bufio.NewReader(conn)
				if _, err := http.ReadRequest(r); err == nil {
					io.WriteString(conn, "HTTP/1.1 429 Too Many Requests\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nslow\r\n0\r\n\r\n")
					io.Copy(io.Discard, r)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// An answer that comes before the end of its request ends without it, tells that the
// connection does too, and the server does not panic when the end comes.
func TestFullDuplexAnswersEarly(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	plain := func(h http.HandlerFunc) func(*testing.T) http.Handler {
		return func(*testing.T) http.Handler { return h }
	}
	for name, next := range map[string]func(*testing.T) http.Handler{
		"nothing": plain(func(http.ResponseWriter, *http.Request) {}),
		"an error": plain(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "slow down", http.StatusTooManyRequests)
		}),
		"a stream": plain(func(w http.ResponseWriter, r *http.Request) {
			for range 3 {
				w.Write([]byte("data: {}\n\n"))
				w.(http.Flusher).Flush()
			}
		}),
		"half read": plain(func(w http.ResponseWriter, r *http.Request) {
			io.ReadFull(r.Body, make([]byte, 5))
			io.WriteString(w, "data: {}\n\n")
		}),
		"a refusal":   func(t *testing.T) http.Handler { return proxyFor(t, refuse(t)) },
		"no upstream": func(t *testing.T) http.Handler { return proxyFor(t, gone.URL) },
	} {
		for _, expect := range []bool{false, true} {
			if expect && name == "half read" {
				continue // the server asks it for the rest
			}
			t.Run(fmt.Sprint(name, "/", expect), func(t *testing.T) {
				noLeak(t)
				s, stop := serveLogged(next(t))
				s.Start()
				conn, err := net.Dial("tcp", s.Listener.Addr().String())
				require.NoError(t, err)
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(patience))
				if expect {
					io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n")
				} else {
					io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234")
				}
				r := bufio.NewReader(conn)
				resp, err := http.ReadResponse(r, nil)
				for err == nil && resp.StatusCode == http.StatusContinue { // the proxy's transport has asked for more
					resp, err = http.ReadResponse(r, nil)
				}
				require.NoError(t, err)
				_, err = io.Copy(io.Discard, resp.Body)
				require.NoError(t, err)
				require.True(t, resp.Close)
				io.WriteString(conn, "56789")
				if expect {
					io.WriteString(conn, "01234")
				}
				conn.Close()
				require.Empty(t, stop())
			})
		}
	}
}

// Where the request was read to its end the connection goes on.
func TestFullDuplexKeepsConnections(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Write(body)
	})
	for _, proxied := range []bool{false, true} {
		t.Run(fmt.Sprint(proxied), func(t *testing.T) {
			noLeak(t)
			var next http.Handler = echo
			if proxied {
				next = proxyFor(t, serve(t, echo))
			}
			s, stop := serveLogged(next)
			s.Start()
			client := &http.Client{Transport: plainTransport(t)}
			reused := 0
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
				if i.Reused {
					reused++
				}
			}})
			const requests = 60
			for i := range requests {
				var body io.Reader = strings.NewReader("hello")
				switch i % 3 {
				case 1:
					body = struct{ io.Reader }{body} // chunked
				case 2:
					body = nil
				}
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, body)
				require.NoError(t, err)
				resp, err := client.Do(req)
				require.NoError(t, err)
				got, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				resp.Body.Close()
				require.False(t, resp.Close)
				require.Equal(t, i%3 != 2, string(got) == "hello", i)
			}
			require.Equal(t, requests-1, reused)
			client.CloseIdleConnections()
			require.Empty(t, stop())
		})
	}
}

// HTTP/2 would end the whole connection with the header.
func TestFullDuplexOverHTTP2(t *testing.T) {
	s, stop := serveLogged(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, 2, r.ProtoMajor)
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	client := s.Client()
	var last net.Conn
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		require.True(t, last == nil || last == i.Conn)
		last = i.Conn
	}})
	for range 5 {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, strings.NewReader("hello"))
		require.NoError(t, err)
		resp, err := client.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		require.Empty(t, resp.Header["Connection"])
	}
	client.CloseIdleConnections()
	require.Empty(t, stop())
}

// The files that a handler's form takes go with the request, as without FullDuplex.
func TestFullDuplexRemovesFiles(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s, stop := serveLogged(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
		files, _ := os.ReadDir(dir)
		fmt.Fprint(w, len(files))
	}))
	s.Start()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("file", "name")
	require.NoError(t, err)
	file.Write(make([]byte, 11<<20)) // more than the server's own ten
	form.Close()
	resp, err := http.Post(s.URL, form.FormDataContentType(), &body)
	require.NoError(t, err)
	during, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, "1", string(during))
	require.Empty(t, stop()) // the last handler has returned
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, files)
}
