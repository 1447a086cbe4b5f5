package httptee

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-4d65deac/llmstream"
)

// maxRequest is how many bytes of a request's body are read to look for stream_options. A larger request is sent as it is.
const maxRequest = 32 << 20

const includeUsage = `"include_usage":true`

// requestUsage returns the request to send in place of req, which asks for usage if req is a chat request that streams,
// and whether the chunk with the usage is to be hidden from the client. It does not change req, but reads its body.
func (w *watcher) requestUsage(req *http.Request) (ours *http.Request, hide bool) {
	d := w.Options.Dialect
	if d == llmstream.Auto {
		d = llmstream.DetectDialect("", pathOf(req))
	}
	if d != llmstream.OpenAIChat || req.Method != http.MethodPost || req.Body == nil || req.Body == http.NoBody ||
		encodingOf(req.Header) != "" || req.ContentLength > maxRequest {
		return req, false
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, maxRequest+1))
	ours = req.Clone(req.Context())
	if err != nil || len(body) > maxRequest { // base meets the rest, or the error
		ours.Body = &prefixed{Reader: io.MultiReader(bytes.NewReader(body), &failing{req.Body, err}), Closer: req.Body}
		return ours, false
	}
	req.Body.Close()
	changed, hide := withUsage(body)
	if hide {
		body = changed
		ours.ContentLength = int64(len(body))
		if ours.Header.Get("Content-Length") != "" {
			ours.Header.Set("Content-Length", strconv.Itoa(len(body)))
		}
		if ours.Header.Get("Accept-Encoding") != "" {
			ours.Header.Set("Accept-Encoding", "identity") // the chunk can be hidden in a plain body alone
		}
	}
	ours.Body = io.NopCloser(bytes.NewReader(body))
	ours.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return ours, hide
}

// prefixed is a body of which some bytes were read.
type prefixed struct {
	io.Reader
	io.Closer
}

// failing is a reader that has failed already with err; nil: it goes on.
type failing struct {
	io.Reader
	err error
}

func (f *failing) Read(b []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return f.Reader.Read(b)
}

// withUsage returns the body of a chat request with stream_options.include_usage set. It returns false for a request that
// does not stream, asks for usage itself, or cannot be understood.
func withUsage(body []byte) (changed []byte, ok bool) {
	if !json.Valid(body) {
		return nil, false
	}
	top, ok := membersOf(body, 0)
	if !ok || string(top["stream"].of(body)) != "true" {
		return nil, false
	}
	options, given := top["stream_options"]
	if !given {
		return insert(body, bytes.IndexByte(body, '{')+1, `"stream_options":{`+includeUsage+`},`), true
	}
	switch value := options.of(body); {
	case string(value) == "null":
		return replace(body, options, "{"+includeUsage+"}"), true
	case value[0] != '{':
		return nil, false
	}
	inner, ok := membersOf(body[:options.to], options.from)
	if !ok {
		return nil, false
	}
	usage, given := inner["include_usage"]
	switch {
	case given && string(usage.of(body)) == "true":
		return nil, false
	case given:
		return replace(body, usage, "true"), true
	case len(inner) == 0:
		return insert(body, options.from+1, includeUsage), true
	}
	return insert(body, options.from+1, includeUsage+","), true
}

func insert(body []byte, at int, text string) []byte { return replace(body, span{at, at}, text) }

func replace(body []byte, s span, text string) []byte {
	b := make([]byte, 0, len(body)+len(text))
	b = append(b, body[:s.from]...)
	b = append(b, text...)
	return append(b, body[s.to:]...)
}

// span is a place in a text.
type span struct{ from, to int }

func (s span) of(b []byte) []byte { return b[s.from:s.to] }

// membersOf returns where the values of the object at b[from:] are, by key. b must be valid JSON up to there. It returns
// false where there is no object, or a key is there twice: servers disagree about which counts.
func membersOf(b []byte, from int) (members map[string]span, ok bool) {
	i := skipSpace(b, from)
	if i == len(b) || b[i] != '{' {
		return nil, false
	}
	members = map[string]span{}
	for i = skipSpace(b, i+1); b[i] != '}'; {
		end := skipString(b, i)
		var key string
		if json.Unmarshal(b[i:end], &key) != nil {
			return nil, false
		}
		value := skipSpace(b, skipSpace(b, end)+1) // after the colon
		end = skipValue(b, value)
		if _, twice := members[key]; twice {
			return nil, false
		}
		members[key] = span{value, end}
		if i = skipSpace(b, end); b[i] == ',' {
			i = skipSpace(b, i+1)
		}
	}
	return members, true
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && strings.IndexByte(" \t\r\n", b[i]) >= 0 {
		i++
	}
	return i
}

// skipString returns the end of the string that begins at b[i].
func skipString(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// skipValue returns the end of the valid JSON value that begins at b[i].
func skipValue(b []byte, i int) int {
	for depth := 0; ; {
		switch b[i] {
		case '"':
			i = skipString(b, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		default:
			i++
		}
		if depth == 0 && (i == len(b) || strings.IndexByte(",]} \t\r\n", b[i]) >= 0) {
			return i
		}
	}
}
