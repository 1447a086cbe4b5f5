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

// RoundTrip does what base does, and watches the response.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !t.wants(req) {
		return t.base.RoundTrip(req)
	}
	start := t.Now()
	ours, hide := req, false
	if t.RequestUsage {
		ours, hide = t.requestUsage(req)
	}
	resp, err := t.send(req, ours, start)
	if err != nil {
		t.failed(req, start, err)
		return resp, err
	}
	if hide && resp != nil {
		hideUsage(resp)
	}
	return resp, nil
}

// send does a request with base, as ours, and watches the response as one to req.
func (t *transport) send(req, ours *http.Request, start time.Time) (*http.Response, error) {
	if t.Drain.Time > 0 {
		return t.outlive(req, ours, start)
	}
	resp, err := t.base.RoundTrip(ours)
	if err != nil || resp == nil {
		return resp, err
	}
	if resp.Request == ours {
		resp.Request = req
	}
	t.response(resp, req, start, nil)
	return resp, nil
}

// CloseIdleConnections is for [http.Client.CloseIdleConnections].
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// outlive sends a request whose body can be read on after its context has ended.
func (t *transport) outlive(req, ours *http.Request, start time.Time) (*http.Response, error) {
	theirs := req.Context()
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(theirs))
	stop := context.AfterFunc(theirs, func() { cancel(context.Cause(theirs)) })
	ours = ours.WithContext(ctx)
	resp, err := t.base.RoundTrip(ours)
	if err != nil || resp == nil {
		stop()
		cancel(nil)
		return resp, err
	}
	if resp.Request == ours {
		resp.Request = req
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, nil // the connection goes on under the client's context
	}
	if stop() {
		t.response(resp, req, start, cancel)
	} else { // the client's context has ended, and the body with it
		t.response(resp, req, start, nil)
	}
	return resp, nil
}

// response begins to watch the response to a request that is wanted. cancel, if not nil, breaks its body off; the
// end of the request's context does not.
func (w *watcher) response(resp *http.Response, req *http.Request, start time.Time, cancel context.CancelCauseFunc) {
	if resp.Body == nil || !hasBody(resp.StatusCode) {
		return
	}
	panicked := true
	defer func() {
		if panicked { // the caller gets no response that it could close
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
