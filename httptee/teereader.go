package httptee

import (
	"io"
	"net/http"
	"net/url"
)

// TeeReader returns a function that watches a body outside of net/http, such as the
// BodyStream of a response of fasthttp, which Fiber uses too. The function returns a
// reader to use in place of body. That reader passes each Read on to body, and its
// bytes are parsed. resp describes the response: its StatusCode, its Header, and the
// Method and URL of its Request are used. Each may be missing; a status of 0 means 200.
// Done gets resp.Request, or an empty request. Times count from the call of the
// function.
//
// Done runs when a Read returns an error, io.EOF included, or at Close, which closes
// body if it is an io.Closer. A caller that does not read the body to its end must call
// Close. Options.Strict works. Options.Drain works as in ModifyResponse.
//
// It panics if o.Dialect is not one of llmstream's.
func TeeReader(o *Options) func(body io.Reader, resp *http.Response) io.ReadCloser {
	w := newWatcher(o)
	return func(body io.Reader, resp *http.Response) io.ReadCloser {
		r := described(resp)
		c, ok := body.(io.ReadCloser)
		if !ok {
			c = io.NopCloser(body)
		}
		r.Body = c
		if w.wants(r.Request) {
			w.response(r, r.Request, w.Now(), nil)
		}
		return r.Body
	}
}

// described returns a copy of what is known of a response, with all that a watch needs.
func described(resp *http.Response) *http.Response {
	var r http.Response
	if resp != nil {
		r = *resp
	}
	if r.StatusCode == 0 {
		r.StatusCode = http.StatusOK
	}
	if r.Request == nil { // some transports leave it out
		r.Request = &http.Request{URL: new(url.URL), Header: http.Header{}}
	}
	return &r
}
