package httptee

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// served runs a handler below a Middleware, with a ResponseWriter, and returns the results.
func served(w http.ResponseWriter, h http.HandlerFunc) chan *Result {
	o := &Options{}
	done := results(o)
	Middleware(h, o).ServeHTTP(w, chatRequest())
	return done
}

// Informational headers begin no response, except 101, which ends HTTP.
func TestInformationalHeaders(t *testing.T) {
	done := served(httptest.NewRecorder(), func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusContinue)
		w.WriteHeader(http.StatusAccepted)
		w.WriteHeader(http.StatusOK) // superfluous
	})
	require.Equal(t, http.StatusAccepted, next(t, done).Status)
	none(t, done)
	done = served(httptest.NewRecorder(), func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusSwitchingProtocols)
	})
	none(t, done)
}

// hijackable is a ResponseWriter whose connection can be taken over.
type hijackable struct{ *httptest.ResponseRecorder }

func (hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, nil }

// A connection that a handler has taken over has no result, unless a response had begun.
func TestHijack(t *testing.T) {
	for _, begun := range []bool{false, true} {
		done := served(hijackable{httptest.NewRecorder()}, func(w http.ResponseWriter, r *http.Request) {
			if begun {
				io.WriteString(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n")
			}
			_, _, err := http.NewResponseController(w).Hijack()
			require.NoError(t, err)
		})
		if begun {
			r := next(t, done)
			require.Equal(t, llmstream.StateStopped, r.Outcome.State)
			require.False(t, r.ClientLeft)
		}
		none(t, done)
	}
}

// readingWriter reads what it is given, and fails when it has read so much.
type readingWriter struct {
	*httptest.ResponseRecorder
	limit    int64
	err      error
	failures []error // of Write, one after the other
}

func (w *readingWriter) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.Copy(w.ResponseRecorder.Body, io.LimitReader(r, w.limit))
	if err == nil {
		err = w.err
	}
	return n, err
}

func (w *readingWriter) Write(b []byte) (int, error) {
	if len(w.failures) == 0 {
		return w.ResponseRecorder.Write(b)
	}
	err := w.failures[0]
	w.failures = w.failures[1:]
	return 0, err
}

func (w *readingWriter) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

func (w *readingWriter) Flush() {}

func (w *readingWriter) FlushError() error {
	_, err := w.Write(nil)
	return err
}

var errGone = errors.New("the client has gone")

// Who has failed in ReadFrom: the source, which is no leaving, or the client.
func TestReadFromFails(t *testing.T) {
	text := "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n"
	for _, test := range []struct {
		name   string
		writer readingWriter
		source io.Reader
		left   bool
		cause  error
	}{
		{"the source", readingWriter{limit: 1 << 20}, iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(text))), false, nil},
		{"the client", readingWriter{limit: 10, err: errGone}, strings.NewReader(text), true, errGone},
		{"nobody", readingWriter{limit: 1 << 20}, strings.NewReader(text), false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.writer.ResponseRecorder = httptest.NewRecorder()
			done := served(&test.writer, func(w http.ResponseWriter, r *http.Request) { w.(io.ReaderFrom).ReadFrom(test.source) })
			r := next(t, done)
			require.Equal(t, test.left, r.ClientLeft)
			if test.left {
				require.ErrorIs(t, r.Outcome.Cause, test.cause)
			} else {
				require.NoError(t, r.Outcome.Cause)
			}
		})
	}
}

// The first failure is the cause, whichever way it was written.
func TestFirstFailureCounts(t *testing.T) {
	text := "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n"
	other := errors.New("another")
	write := func(w http.ResponseWriter) { io.WriteString(w, text) }
	flush := func(w http.ResponseWriter) { http.NewResponseController(w).Flush() }
	from := func(w http.ResponseWriter) { w.(io.ReaderFrom).ReadFrom(strings.NewReader(text)) }
	for name, ways := range map[string][2]func(http.ResponseWriter){
		"write, write":     {write, write},
		"write, flush":     {write, flush},
		"flush, write":     {flush, write},
		"write, read from": {write, from},
		"flush":            {flush, func(http.ResponseWriter) {}},
	} {
		t.Run(name, func(t *testing.T) {
			w := &readingWriter{ResponseRecorder: httptest.NewRecorder(), failures: []error{errGone, other}, limit: 1 << 20, err: other}
			r := next(t, served(w, func(w http.ResponseWriter, r *http.Request) {
				ways[0](w)
				ways[1](w)
			}))
			require.True(t, r.ClientLeft)
			require.ErrorIs(t, r.Outcome.Cause, errGone)
			require.NotErrorIs(t, r.Outcome.Cause, other)
		})
	}
}

// A handler that writes too much, or after a hijack, is no client that leaves.
func TestHandlersOwnFault(t *testing.T) {
	for _, err := range []error{http.ErrContentLength, http.ErrHijacked} {
		w := &readingWriter{ResponseRecorder: httptest.NewRecorder(), failures: []error{err}}
		r := next(t, served(w, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "data: {}\n\n") }))
		require.False(t, r.ClientLeft)
		require.ErrorIs(t, r.Outcome.Cause, err)
	}
}

// duplexed is a ResponseWriter of a server that can read while it answers.
type duplexed struct{ *httptest.ResponseRecorder }

func (duplexed) EnableFullDuplex() error { return nil }

// The answer to a request that was not read says that the connection ends; one that switches protocols does not.
func TestFullDuplexSwitchesProtocols(t *testing.T) {
	for status, want := range map[int]string{http.StatusSwitchingProtocols: "Upgrade", http.StatusOK: "close"} {
		w := duplexed{httptest.NewRecorder()}
		FullDuplex(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "Upgrade")
			w.WriteHeader(status)
		})).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("x")))
		require.Equal(t, want, w.Header().Get("Connection"))
	}
}

// A request that is read to its end keeps the connection.
func TestFullDuplexReadsToTheEnd(t *testing.T) {
	for _, all := range []bool{true, false} {
		w := duplexed{httptest.NewRecorder()}
		FullDuplex(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if all {
				io.Copy(io.Discard, r.Body)
			}
		})).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("x")))
		require.Equal(t, all, w.Header().Get("Connection") == "")
	}
}

// After the handler has returned, the server's request is not read any more.
func TestFullDuplexReadsNothingAfterwards(t *testing.T) {
	below := bytes.NewReader([]byte("hello"))
	var body io.ReadCloser
	FullDuplex(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body = r.Body
		n, err := body.Read(make([]byte, 2))
		require.NoError(t, err)
		require.Equal(t, 2, n)
	})).ServeHTTP(duplexed{httptest.NewRecorder()}, httptest.NewRequest(http.MethodPost, "/", below))
	n, err := body.Read(make([]byte, 2))
	require.Zero(t, n)
	require.Equal(t, http.ErrBodyReadAfterClose, err)
	require.Equal(t, 3, below.Len())
}

// Bytes are put off only where nobody can notice.
func TestWhatIsPutOff(t *testing.T) {
	deltas := func(*http.Request) llmstream.Handler { return nil }
	for _, test := range []struct {
		name     string
		o        Options
		encoding string
		putOff   bool
	}{
		{"plain", Options{}, "", true},
		{"identity", Options{}, "identity", true},
		{"deltas", Options{Deltas: deltas}, "", false},
		{"progress", Options{Begin: func(*http.Request, *Progress) {}}, "", false},
		{"gzip", Options{}, "gzip", false},
	} {
		w := newWatcher(&test.o)
		watch := w.begin(chatRequest(), time.Now(), 200, http.Header{"Content-Encoding": {test.encoding}})
		require.Equal(t, test.putOff, watch.backlog != nil, test.name)
		watch.end(nil)
	}
}
