package httptee

import (
	"io"
	"net/http"
	"sync/atomic"
)

// FullDuplex returns a handler that lets next read a request while it answers, as a
// reverse proxy does. Without it, a server of HTTP/1 closes the request's body when the
// answer begins, and the answer of a fast upstream may be lost while the proxy's
// transport still reads that body.
//
// [http.ResponseController.EnableFullDuplex] alone is not enough: if an answer begins before
// its request was read to the end, as a refusal does, the server may panic afterwards, and the client's
// next request on that connection fails. FullDuplex closes the connection after an answer
// of this kind. It does not wait for the rest of the request, which many
// clients do not send once they are refused.
//
// With HTTP/2, which does not need it, it does nothing.
func FullDuplex(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 || r.Body == nil || r.Body == http.NoBody || http.NewResponseController(w).EnableFullDuplex() != nil {
			next.ServeHTTP(w, r)
			return
		}
		body := &requestBody{ReadCloser: r.Body}
		theirs := *r // the server uses the body of its own request
		theirs.Body = body
		rw := &responseWriter{ResponseWriter: w, onHeader: func(status int) {
			if status != http.StatusSwitchingProtocols && !body.ended.Load() {
				w.Header().Set("Connection", "close")
			}
		}}
		defer func() {
			body.over.Store(true)
			r.MultipartForm = theirs.MultipartForm // the server removes its files
		}()
		next.ServeHTTP(rw.like(w), &theirs)
		rw.finish()
	})
}

// requestBody is a request's body that knows whether it was read to its end.
type requestBody struct {
	io.ReadCloser
	ended atomic.Bool
	// over: the handler has returned. A read that a proxy's transport begins after that
	// would keep the server waiting for the client.
	over atomic.Bool
}

func (b *requestBody) Read(p []byte) (int, error) {
	if b.over.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.ended.Store(true)
	}
	return n, err
}
