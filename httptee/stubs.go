package httptee

import (
	"net/http"
	"time"
)

type watcher struct{ now func() time.Time }

func newWatcher(o *Options) *watcher { return &watcher{} }

func (w *watcher) response(resp *http.Response, start time.Time) {}

type transport struct {
	base http.RoundTripper
	*watcher
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.base.RoundTrip(req)
}

type middleware struct {
	next http.Handler
	*watcher
}

func (m *middleware) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.next.ServeHTTP(w, r) }
