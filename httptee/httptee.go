// Package httptee watches the streaming answers of LLM providers in net/http: in a
// client ([Transport]), in a reverse proxy ([ModifyResponse]), around a handler
// ([Middleware]), or in any [io.Reader] ([TeeReader]).
//
// # What the client sees
//
// A response passes unchanged: its bytes, their timing and how they are cut, flushes,
// trailers, errors, informational headers, and cancellation. A parsing error is
// reported in the [Result] only. Two options change what the client gets:
// [Options.Strict] and [Options.RequestUsage].
//
// Responses without a body are skipped: responses to HEAD and CONNECT, responses with
// status 101, 204 or 304, and connections that a handler hijacks. Responses with an
// error status are parsed too, because providers describe the error in JSON. A request
// of a Transport that gets no response has a Result without a status.
//
// # Who runs what
//
// [Options.Done] is called exactly once for each response, at its end. It runs inside
// the Read, the Close, or the return of the handler that ended the response. Handlers
// of deltas run inside the Read or Write that brought the bytes. Their panics pass
// through that Read or Write, after Done has run. Without [Options.Deltas] and
// [Options.Begin], up to 4 KiB of bytes are kept and parsed together, which costs less.
// The times in the Result are still the times at which the bytes came.
//
// Two kinds of responses have a goroutine of their own: compressed responses that are
// inflated for parsing, and responses of a Transport, a ModifyResponse or a TeeReader
// with [Options.Drain]. Their handlers of deltas and Done run in that goroutine, and
// Done may run after Close has returned. There a panic of a handler or a decoder
// becomes a [PanicError]. A panic of Done ends the program, as in any goroutine.
//
// # The end marker
//
// Many clients stop reading at the end marker of the stream, such as "data: [DONE]",
// and close the body there. That does not count as leaving: [Result.ClientLeft] is
// false. Usually only the last chunk of HTTP/1 remains, and net/http cannot reuse the
// connection until it is read. So Close reads it, for at most 25 ms. After that Close
// returns, and a goroutine reads on for at most a second and 4 KiB. This does not apply
// to compressed bodies without Drain.
//
// # Compressed bodies
//
// Compressed bodies pass unchanged. gzip and deflate are inflated for parsing, and
// other encodings are decoded with [Options.Decoder]. Without a decoder the outcome is
// [llmstream.StateNotStream] with [llmstream.ErrCompressed]. Bytes reach the inflater
// through a bounded pipe and never wait for it. Parsing ends with a [LagError] if the
// inflater falls behind, and with an [InflateError] if the body inflates to more than
// the Options allow. Close ends it at once.
package httptee

import (
	"io"
	"net/http"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// Options controls what is reported about each response. A nil *Options and zero fields
// mean the defaults. Options are copied. All functions in them may be called by many
// goroutines at once.
type Options struct {
	// Done gets the Result of a response, exactly once, when it has ended. The Result
	// belongs to it. The request is the one that the response answers; for
	// ModifyResponse it is the one that the proxy sent. Done must not change the
	// request, and must not read its body. A Transport calls Done for requests that
	// failed too.
	Done func(*http.Request, *Result)
	// Begin, if not nil, is called when a response begins, before any byte of its body.
	// That response will have a Result. Any goroutine may use its Progress, for as long
	// as it likes.
	Begin func(*http.Request, *Progress)
	// Deltas, if not nil, returns a handler for the deltas of a response, or nil. The
	// deltas are borrowed, as for any [llmstream.Handler], and limited to the Kinds of
	// Parser. An error of the handler ends the parsing, and the outcome is
	// [llmstream.StateStopped]; the response goes on.
	Deltas func(*http.Request) llmstream.Handler
	// Filter, if not nil, chooses the requests whose responses are watched. The others
	// pass untouched. If it is nil, all responses are watched.
	Filter func(*http.Request) bool

	// UsageOnly leaves Result.Completion nil: no text of the answer is kept.
	UsageOnly bool
	// MaxBytes is [llmstream.Accumulator.MaxBytes], the number of bytes of an answer
	// that are kept. 0 means its default.
	MaxBytes int
	// Parser limits the parsing; nil means the defaults. Its Events is ignored, because
	// all responses would share it.
	Parser *llmstream.Options
	// Dialect is the dialect of all responses. With Auto it is found by the path of the
	// request, the Content-Type, and the first events.
	Dialect llmstream.Dialect

	// Decoder, if not nil, returns a decoder of r for each Content-Encoding except
	// identity. The encoding is in lower case, such as "br" or "zstd", or a list, such
	// as "gzip, br". One goroutine reads the decoder to its end or its first error, and
	// closes it if it is an io.Closer. r ends when the body ends, and fails with the
	// body's error. If Decoder returns nil, this package handles the encoding. The
	// module contrib/encodings has decoders for brotli and zstd.
	Decoder func(encoding string, r io.Reader) (io.Reader, error)
	// MaxLag is the number of compressed bytes that may wait for the inflater. The
	// default is 1 MiB. Past it parsing ends with a [LagError].
	MaxLag int
	// MaxInflated is the number of bytes that one compressed body may have when
	// decoded. The default is 256 MiB. Past this limit, and past the next two, parsing
	// ends with an [InflateError].
	MaxInflated int64
	// MaxRatio is the number of decoded bytes that there may be for each compressed
	// byte. The first 256 KiB do not count. The default is 100; answers have 5 to 30.
	MaxRatio int
	// MaxLate is the number of decoded bytes that are parsed after the body has ended,
	// when no client waits for them. The default is 16 MiB. After a client has left it
	// is 64 KiB.
	MaxLate int64

	// Drain, if its fields are set, reads on for the usage after the client has left.
	// It works fully with a Transport, only in part with ModifyResponse and TeeReader,
	// and not at all with a Middleware.
	Drain Drain
	// Strict makes the last Read of a body fail if its answer was cut, failed or is
	// missing. The Read returns Outcome.Err() in place of io.EOF, so that a client that
	// takes every io.EOF for success fails too. Strict works with a Transport and a
	// TeeReader. It applies to status 2xx with [llmstream.StateTruncated] and
	// [llmstream.StateError], and with [llmstream.StateEmpty] if the Content-Type is
	// one of streams. A client that stops at the end marker does not read that far.
	// With a compressed body the last Read waits for the inflater. Use Filter to exclude
	// other responses, such as downloads of JSON lines.
	Strict bool
	// RequestUsage makes a Transport add "stream_options":{"include_usage":true} to
	// each streaming chat request of OpenAI's API that does not have it, so that its
	// usage is known. The chunk with the usage is hidden from the client. In such a
	// request Accept-Encoding, if set, becomes identity. The request's body, up to 32
	// MiB, is read before it is sent. Servers that do not know the option may refuse
	// the request.
	RequestUsage bool
	// Now is the clock. The default is time.Now. It is read once for each Read or Write
	// of a body.
	Now func() time.Time
}

// Drain is the budget for reading the rest of a response after its client has left.
// Providers go on counting tokens, and report them only at the end. The zero Drain
// closes a body as soon as its client closes it.
//
// Draining works for a Transport. For ModifyResponse it works only as long as the
// context of the proxy's request outlives the client, because net/http's transport ends
// the body with that context. A Middleware has no body to read; what its handler still
// writes is parsed anyway.
//
// A goroutine reads the body when the client reads, and not ahead of
// it. With a Transport, the end of the request's context makes the
// client's Read fail as it would without Drain; the request itself goes on until the budget
// is used up. After it has left, the client must not use the response's Trailer. Time is
// measured by the system's clock, whatever Now returns.
//
// An open stream that waits for bytes holds 9 KB. With Drain it holds 5 KB more, plus
// the stack of its goroutine. With Drain a body is read into a buffer of 4 KiB, and
// into one of 32 KiB while reads fill that, so the first 4 KiB of a large piece may
// come alone.
type Drain struct {
	Time  time.Duration // the longest time after the client has left; 0 means no draining
	Bytes int64         // the most bytes of the body, as it is sent; 0 means any number
}

// Result is the report on one response. It belongs to the caller.
type Result struct {
	// Completion is the answer, as far as it came; nil with Options.UsageOnly.
	Completion *llmstream.Completion
	// Usage is the token counts as far as they came, the same as in Completion.
	Usage llmstream.Usage
	// Model is the model that the answer names; "" if it names no model.
	Model string
	// Outcome is how the stream ended. Its state is StateStopped if the client left or
	// the request was cancelled, unless the answer was whole. Its APIError holds an
	// error status, with the status text where the body has no message. A body without
	// an answer is then StateError, if Dialect is known. For a request without a
	// response, Cause is the error, and the state is StateTruncated, or StateStopped if
	// the request was cancelled.
	Outcome llmstream.Outcome
	// Status is the response's HTTP status; 0 if there was no response.
	Status int
	// Header is a copy of the response's header; nil if there was no response.
	// [Result.RetryAfter] and [Result.RequestID] read it.
	Header http.Header
	// Dialect is the dialect of the stream. If that never became clear, it is the
	// dialect of the request's path, or Auto.
	Dialect llmstream.Dialect
	// Encoding is the Content-Encoding that the body was sent in; "" for a plain body.
	Encoding string
	// Bytes counts the bytes of the body as they came, compressed and drained ones
	// included.
	Bytes int64
	// Drained is how many of Bytes came after the client had left.
	Drained int64
	// Events is Outcome.Events.
	Events int64
	// ClientLeft reports whether the client left early: the body was closed, its
	// context ended, or writing to the client failed, before the body had ended and
	// before the end marker had passed.
	ClientLeft bool
	// Timings are the times at which parts of the response came.
	Timings Timings
	// Err is the reason why the body was not parsed to its end, if the body itself is
	// not at fault: a *LagError, an *InflateError, a *PanicError, or an error of the
	// decoder. It is also the Outcome's cause.
	Err error
}

// Transport returns a RoundTripper that sends requests with base, or
// [http.DefaultTransport] if that is nil, and watches their responses. It is safe for
// concurrent use if base is. The body of a response with status 101 stays an
// io.ReadWriteCloser. An error of base is returned unchanged, and is reported as a
// Result without a status.
//
// Do not set Accept-Encoding in requests unless the client decodes the answer. Base then
// decodes it, and the decoded body is watched.
//
// It panics if o.Dialect is not one of llmstream's.
func Transport(base http.RoundTripper, o *Options) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &transport{base: base, watcher: newWatcher(o)}
}

// ModifyResponse returns a function for [net/http/httputil.ReverseProxy] that watches
// what the proxy passes on. It never fails. It does not know when the request began, so
// times count from the call of the function. Requests without a response have no
// Result. To have both, set the proxy's Transport to a [Transport] instead.
//
// Wrap a proxy that serves HTTP/1 in [FullDuplex], whether or not it uses this package
// otherwise.
//
// It panics if o.Dialect is not one of llmstream's.
func ModifyResponse(o *Options) func(*http.Response) error {
	w := newWatcher(o)
	w.Strict = false
	return func(resp *http.Response) error {
		req := resp.Request
		if req == nil {
			req = described(nil).Request
		}
		if w.wants(req) {
			w.response(resp, req, w.Now(), nil)
		}
		return nil
	}
}

// Middleware returns a handler that watches what next writes. The ResponseWriter that
// next gets implements each of http.Flusher, http.Hijacker, http.Pusher,
// http.CloseNotifier and io.ReaderFrom if and only if the original one does. It has
// Unwrap for [http.ResponseController]. What next writes to an unwrapped ResponseWriter
// is not seen.
//
// Middleware may be outside or inside a handler that compresses, with one exception. If
// the outer handler sets Content-Encoding before it calls this one, the bytes that pass
// here are taken for compressed. This does not apply to gzip, which is recognised by
// its first byte.
//
// A panic of next passes through after Done has run, http.ErrAbortHandler too.
//
// It panics if o.Dialect is not one of llmstream's.
func Middleware(next http.Handler, o *Options) http.Handler {
	return &middleware{next: next, watcher: newWatcher(o)}
}
