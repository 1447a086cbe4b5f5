// Package httpencode uses package encode in a reverse proxy, which then answers in
// another provider's dialect.
package httpencode

import (
	"mime"
	"net/http"
	"strings"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// ModifyResponse returns a function for httputil.ReverseProxy.ModifyResponse that
// translates streams to dialect to. The source's dialect is taken from the response's
// Content-Type and the path of its request, or from its first events.
//
// Other responses pass unchanged: answers to HEAD requests, and responses with a status
// other than 200, with a Content-Encoding, or with a Content-Type that is not one of
// streams. So the proxy's request must not carry the client's Accept-Encoding: a
// compressed stream would not be translated. Closing the new body closes the upstream's
// body.
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

// SetHeader sets the header of a stream of server-sent events. It sets the fields that
// keep proxies from buffering the stream, and removes the fields that describe the
// original body.
func SetHeader(h http.Header) {
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // WG-1: nginx would buffer the stream
	for _, name := range [...]string{"Content-Length", "Content-Encoding", "ETag"} {
		h.Del(name)
	}
}
