package httptee

import (
	"context"
	"net/http"
	"time"
)

type transport struct {
	base http.RoundTripper
	*watcher
}

// RoundTrip does what base does.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !t.wants(req) {
		return t.base.RoundTrip(req)
	}
	start := t.Now()
	if t.Drain.Time > 0 {
		return t.outlive(req, start)
	}
	resp, err := t.base.RoundTrip(req)
	if resp != nil && err == nil {
		t.response(resp, req, start, nil)
	}
	return resp, err
}

// CloseIdleConnections is for [http.Client.CloseIdleConnections].
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// outlive does a request whose body can be read on when its context has ended.
func (t *transport) outlive(req *http.Request, start time.Time) (*http.Response, error) {
	theirs := req.Context()
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(theirs))
	stop := context.AfterFunc(theirs, func() { cancel(context.Cause(theirs)) })
	ours := req.WithContext(ctx)
	resp, err := t.base.RoundTrip(ours)
	if resp == nil || err != nil {
		stop()
		cancel(nil)
		return resp, err
	}
	if resp.Request == ours {
		resp.Request = req
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, nil // their context goes on to rule the connection
	}
	if stop() {
		t.response(resp, req, start, cancel)
	} else { // it has ended, and the body with it
		t.response(resp, req, start, nil)
	}
	return resp, nil
}

// response begins to watch a response to a request that is wanted. cancel, if not nil, breaks its body off; the
// end of the request's context does not.
func (w *watcher) response(resp *http.Response, req *http.Request, start time.Time, cancel context.CancelCauseFunc) {
	if resp.Body == nil || !hasBody(resp.StatusCode) {
		return
	}
	panicked := true
	defer func() {
		if panicked { // nobody else has it to close
			resp.Body.Close()
		}
	}()
	t := w.begin(req, start, resp.StatusCode, resp.Header)
	panicked = false
	if w.Drain.Time > 0 {
		resp.Body = newPump(t, resp.Body, cancel)
		return
	}
	t.from = resp.Body
	resp.Body = (*body)(t)
}
