package httptee

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/seed-4d65deac/llmstream"
)

type middleware struct {
	next http.Handler
	*watcher
}

func (m *middleware) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !m.wants(r) {
		m.next.ServeHTTP(w, r)
		return
	}
	rw := &responseWriter{ResponseWriter: w}
	start := m.Now()
	rw.onHeader = func(status int) {
		if hasBody(status) {
			rw.watch = m.begin(r, start, status, w.Header())
		}
	}
	aborted := true
	defer func() { rw.end(r, aborted) }()
	m.next.ServeHTTP(rw.like(w), r)
	rw.finish()
	aborted = false
}

// responseWriter passes on what a handler writes and shows it to a watch. like adds the
// optional methods of the ResponseWriter below.
type responseWriter struct {
	http.ResponseWriter
	onHeader func(status int) // called before the header is sent
	begun    bool             // the header was sent
	hijacked bool             // the handler has taken the connection over
	watch    *watch           // nil: no response to be watched has begun
	failed   error            // of the first write that failed
}

// Unwrap is for [http.ResponseController].
func (w *responseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// begin is called before the header may be sent.
func (w *responseWriter) begin(status int) {
	if w.begun {
		return
	}
	w.begun = true
	w.onHeader(status)
}

// finish is called when the handler has returned.
func (w *responseWriter) finish() {
	if !w.hijacked {
		w.begin(http.StatusOK) // as net/http does
	}
}

func (w *responseWriter) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols { // after other 1xx the final status follows
		w.begin(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *responseWriter) Write(b []byte) (int, error) {
	w.begin(http.StatusOK)
	n, err := w.ResponseWriter.Write(b)
	w.wrote(b, err)
	return n, err
}

// WriteString is for io.WriteString, which copies the string where this method is missing.
func (w *responseWriter) WriteString(s string) (int, error) {
	w.begin(http.StatusOK)
	n, err := io.WriteString(w.ResponseWriter, s)
	if w.watch == nil {
		w.wrote(nil, err)
		return n, err
	}
	buf := buffers.Get().(*[bufferSize]byte)
	for len(s) > 0 {
		k := copy(buf[:], s)
		w.wrote(buf[:k], err)
		s = s[k:]
	}
	buffers.Put(buf)
	return n, err
}

// wrote shows the watch what was written, after a failed write too: it belongs to the answer,
// whose cost is known only at its end.
func (w *responseWriter) wrote(b []byte, err error) {
	if err != nil && w.failed == nil {
		w.failed = err
	}
	if w.watch == nil {
		return
	}
	if w.failed != nil {
		w.watch.result.Drained += int64(len(b))
	}
	w.watch.came(b)
}

// end ends the watching when the handler has returned, or was aborted.
func (w *responseWriter) end(r *http.Request, aborted bool) {
	if w.watch == nil {
		return
	}
	var cause error
	gone := r.Context().Err()
	switch {
	case w.failed != nil:
		cause = stoppedBy(w.failed)
		w.watch.left = !errors.Is(w.failed, http.ErrContentLength) && !errors.Is(w.failed, http.ErrHijacked)
	case gone != nil:
		cause = stoppedBy(gone)
		w.watch.left = true
	case aborted:
		cause = http.ErrAbortHandler
	case w.hijacked:
		cause = llmstream.ErrStopped
	}
	w.watch.end(cause)
	w.watch = nil
}

// The optional methods of a responseWriter. Each type is the responseWriter itself.
type (
	flusher    responseWriter
	hijacker   responseWriter
	readerFrom responseWriter
)

// Flush sends the header, if that was not sent yet, and what was written.
func (f *flusher) Flush() {
	w := (*responseWriter)(f)
	w.begin(http.StatusOK)
	w.ResponseWriter.(http.Flusher).Flush()
}

// FlushError is for http.ResponseController.
func (f *flusher) FlushError() error {
	w := (*responseWriter)(f)
	below, ok := w.ResponseWriter.(interface{ FlushError() error })
	if !ok {
		f.Flush()
		return nil
	}
	w.begin(http.StatusOK)
	err := below.FlushError()
	if err != nil && w.failed == nil {
		w.failed = err
	}
	return err
}

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w := (*responseWriter)(h)
	conn, rw, err := w.ResponseWriter.(http.Hijacker).Hijack()
	w.hijacked = w.hijacked || err == nil
	return conn, rw, err
}

func (f *readerFrom) ReadFrom(src io.Reader) (int64, error) {
	w := (*responseWriter)(f)
	w.begin(http.StatusOK)
	below := w.ResponseWriter.(io.ReaderFrom)
	if w.watch == nil {
		return below.ReadFrom(src)
	}
	from := &source{Reader: src, watch: w.watch}
	n, err := below.ReadFrom(from)
	if err != nil && !from.failed && w.failed == nil {
		w.failed = err
	}
	return n, err
}

// source passes on what ReadFrom reads and shows it to a watch.
type source struct {
	io.Reader
	watch  *watch
	failed bool // Reader has, which is no fault of the client
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	s.failed = err != nil && err != io.EOF
	s.watch.came(b[:n])
	return n, err
}
