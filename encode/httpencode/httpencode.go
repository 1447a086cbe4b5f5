// Package httpencode puts package encode between an upstream and a client: a reverse proxy
// that answers in another provider's dialect.
package httpencode

import (
	"mime"
	"net/http"
	"strings"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// ModifyResponse returns a function for httputil.ReverseProxy.ModifyResponse that has
// streams answered in dialect to. The source's dialect is taken from the response's
// Content-Type and the path of its request, or from its first events.
//
// Responses that are no streams stay as they are: answers to HEAD requests, with another
// status than 200, with a Content-Encoding, or with a Content-Type that carries none. So
// the request must ask for a stream that is not compressed: without an Accept-Encoding
// of its client's. Close of the new body closes the upstream's.
//
// The function fails, and the proxy answers with 502, if streams in dialect to cannot be
// written.
func ModifyResponse(to llmstream.Dialect, o *encode.Options) func(*http.Response) error {
	_, unknown := encode.New(nil, to, o)
	return func(r *http.Response) error {
		if unknown != nil {
			return unknown
		}
		if !isStream(r) {
			return nil
		}
		path := ""
		if r.Request != nil {
			path = r.Request.URL.Path
		}
		from := llmstream.DetectDialect(r.Header.Get("Content-Type"), path)
		r.Body = encode.NewReader(r.Body, from, to, o)
		SetHeader(r.Header)
		r.ContentLength = -1
		r.TransferEncoding = nil
		return nil
	}
}

// isStream reports whether a response has a stream for its body.
func isStream(r *http.Response) bool {
	if r.StatusCode != http.StatusOK || r.Request != nil && r.Request.Method == http.MethodHead {
		return false
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return false
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch media {
	case "text/event-stream", "application/x-ndjson", "application/stream+json", "application/jsonl", "application/vnd.amazon.eventstream":
		return true
	}
	return false
}

// SetHeader sets the header of a stream of events (WG-1): what keeps proxies from holding
// it back, and from what is true of another body alone.
func SetHeader(h http.Header) {
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no")
	for _, name := range [...]string{"Content-Length", "Content-Encoding", "ETag"} {
		h.Del(name)
	}
}
