// Package httptee watches the streaming answers of LLM providers where net/http
// carries them: in a client's [Transport], in a reverse proxy
// ([ModifyResponse]), around a handler ([Middleware]), or in any [io.Reader] ([TeeReader]).
//
// # What the client sees
//
// A response passes unchanged: its bytes, their timing and how they are cut,
// flushes, trailers, errors, informational headers, and cancellation. A parsing
// error goes into the [Result] and nowhere else. Two options of a Transport change what its client
// gets, and say so: [Options.Strict] and [Options.RequestUsage].
//
// Responses without a body are skipped: to HEAD and CONNECT, with status 101, 204 or 304, and
// connections that a handler hijacks. Responses with an error status
// are parsed too, since providers describe the error in JSON. A request of a Transport that gets no response has a Result without a status.
//
// # Who runs what
//
// [Options.Done] is called exactly once for each response, at its end, in the Read,
// the Close, or the return of the handler that ended it, which waits for Done.
// Handlers of deltas run inside the Read or Write that brought the bytes. Their panics
// pass through that Read or Write; Done has run before. Without
// [Options.Deltas] and [Options.Begin] up to 4 KiB of bytes are kept and
// parsed together, which costs less; the times in the Result
// are still those at which the bytes came.
//
// Two kinds of responses have a goroutine of their own: compressed ones that are inflated for parsing, and those
// of a Transport or a ModifyResponse with [Options.Drain]. There handlers of deltas and Done run in that goroutine, and Done possibly
// somewhat after Close. A panic of a handler or a decoder
// becomes an error there, see [PanicError]; a panic of Done ends the program, as in any goroutine.
//
// # The end marker
//
// Many clients stop reading at the end marker of the stream, such as "data: [DONE]", and close the body there. They have
// left nothing: [Result.ClientLeft] is false. What remains is mostly the last chunk of HTTP/1, without which
// net/http cannot use the connection again. So Close reads it, for at most 25 ms; after
// that it returns, and a goroutine goes on for at most a second and 4 KiB. This does not
// apply to compressed bodies without Drain.
//
// # Compressed bodies
//
// They pass as they are. gzip and deflate are inflated for parsing, other encodings
// with [Options.Decoder]. Without a decoder the outcome is
// [llmstream.StateNotStream] with [llmstream.ErrCompressed]. Bytes reach the inflater through a
// bounded pipe and never wait for it. An inflater that falls behind ends with a
// [LagError]; a body that inflates to more than the Options allow ends it with an [InflateError]; Close ends it at once.
package httptee

import (
	"io"
	"net/http"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// Options choose what is reported about each response. A nil *Options and zero
// fields mean the defaults. They are copied; all functions may be called by many
// goroutines at once.
type Options struct {
	// Done gets the Result of a response, exactly once, when it has ended. The
	// Result belongs to it. The request is the one that the response answers; for
	// ModifyResponse it is the one that the proxy sent. It may be read only, and its
	// body not at all. A Transport calls Done for requests that failed too.
	Done func(*http.Request, *Result)
	// Begin, if not nil, is called when a response begins that will have a Result,
	// before any byte of its body. Any goroutine may use its Progress, for as long as it likes.
	Begin func(*http.Request, *Progress)
	// Deltas, if not nil, returns a handler for the deltas of a response, or nil.
	// The deltas are borrowed, as [llmstream.Handler] says, and limited to
	// the Kinds of Parser. An error of the handler ends the parsing, and the outcome is
	// [llmstream.StateStopped]; the response goes on.
	Deltas func(*http.Request) llmstream.Handler
	// Watch, if not nil, chooses the requests whose responses are watched. The
	// others pass untouched. Nil: all.
	Watch func(*http.Request) bool

	// UsageOnly leaves Result.Completion nil: no text of the answer is kept.
	UsageOnly bool
	// MaxBytes is [llmstream.Accumulator.MaxBytes]: how many bytes of an answer are
	// kept. 0: its default.
	MaxBytes int
	// Parser limits the parsing; nil: the defaults. Its Events is ignored, since
	// all responses would share it.
	Parser *llmstream.Options
	// Dialect of all responses. Auto: found by the path of the request, the
	// Content-Type, and the first events.
	Dialect llmstream.Dialect

	// Decoder, if not nil, is asked for a decoder for each Content-Encoding except
	// identity, in lower case, such as "br" or "zstd", or a list, such as
	// "gzip, br". One goroutine reads the reader that it returns, to its end
	// or its first error, and closes it if it is an io.Closer. r ends with the body,
	// and fails as the body fails. A nil reader leaves the encoding to this
	// package. The module contrib/encodings has decoders for brotli and zstd.
	Decoder func(encoding string, r io.Reader) (io.Reader, error)
	// MaxLag is how many compressed bytes may wait for the inflater.
	// Default 1 MiB. Past it parsing ends with a [LagError].
	MaxLag int
	// MaxInflated is how many bytes one compressed body may have when decoded. Default 256 MiB.
	// Past it parsing ends with an [InflateError], as with the next two.
	MaxInflated int64
	// MaxRatio is how many decoded bytes there may be for each compressed byte. The first 256 KiB are free.
	// Default 100; answers have 5 to 30.
	MaxRatio int
	// MaxLate is how many decoded bytes are parsed after the body has ended, when nobody
	// waits for them. Default 16 MiB. After a client has left it is 64 KiB.
	MaxLate int64

	// Drain, if its fields are set, reads on for the usage after the client has left. It works fully with
	// a Transport, less with ModifyResponse and TeeReader, and not with a Middleware.
	Drain Drain
	// Strict makes a Transport or a TeeReader fail the last Read of a body whose answer was cut, failed or is missing: it
	// returns Outcome.Err() in place of io.EOF, so that a client that takes each end for a good one fails
	// too. It applies to status 2xx with [llmstream.StateTruncated] and [llmstream.StateError], and with [llmstream.StateEmpty]
	// if the Content-Type is one of streams. A client that stops at the end marker does not read that far. With a compressed body
	// the last Read waits for the inflater. Use Watch where other responses pass, such as downloads of JSON lines.
	Strict bool
	// RequestUsage makes a Transport add "stream_options":{"include_usage":true} to each chat request of OpenAI's API that streams
	// and does not ask for it, so that its usage is known. The chunk that servers add for it is
	// hidden from the client, and Accept-Encoding, if set, becomes identity. The request's body, up to 32 MiB, is read before
	// it is sent. Servers that do not know the option may refuse the request.
	RequestUsage bool
	// Now is the clock. Default time.Now. It is read once for each Read or Write of
	// a body.
	Now func() time.Time
}

// Drain is the budget for reading on after the client of a response has left before
// its end: providers go on counting tokens, and report them only at the end.
// The zero Drain closes a body as soon as its client closes it.
//
// It works for a Transport, and for ModifyResponse as long as the context of the
// proxy's request outlives the client: net/http's transport breaks the body off with
// it. A Middleware has no body to read on; what its handler goes on writing is
// parsed anyway.
//
// A goroutine reads the body when the client reads, and not ahead of
// it. With a Transport, the end of the request's context makes the
// client's Read fail as it would without Drain; the request itself goes on until the budget
// is used up. After it has left, the client must not use the response's Trailer. Time is
// measured by the system's clock, whatever Now returns.
//
// An open stream that waits for bytes holds 9 KB, and 5 KB more with Drain, beside the
// stack of its goroutine: it reads into 4 KiB, and into 32 KiB while reads fill
// that, so that the first 4 KiB of a large piece may come alone.
type Drain struct {
	Time  time.Duration // at most, from when the client left; 0: no draining
	Bytes int64         // at most, of the body as it is sent; 0: as many as come in that time
}

// Result is the report on one response. It belongs to the caller.
type Result struct {
	// Completion is the answer, as far as it came; nil with Options.UsageOnly.
	Completion *llmstream.Completion
	// Usage is the token counts as far as they came, the same as in Completion.
	Usage llmstream.Usage
	// Model is the model that the answer names; "" if it names no model.
	Model string
	// Outcome is how the stream ended. It is StateStopped for a response that the client left, or whose
	// request was cancelled, unless the answer was whole. An error status is in its APIError, which
	// has the status' text where the body has no message; a body without an answer then is StateError, if
	// Dialect is known. For a request without a response Cause is the error, and the state is StateTruncated, or StateStopped
	// if the request was cancelled.
	Outcome llmstream.Outcome
	// Status is the response's HTTP status; 0 if there was no response.
	Status int
	// Header is a copy of the response's header; nil if there was no response. See [Result.RetryAfter] and [Result.RequestID].
	Header http.Header
	// Dialect is the stream's; if that never became clear, the one of the
	// request's path, or Auto.
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
	// ClientLeft: the body was closed, its context ended, or writing to the
	// client failed, before the body had ended and before the end marker had passed.
	ClientLeft bool
	// Timings are the times at which parts of the response came.
	Timings Timings
	// Err is the reason why the body was not parsed to its end, other than a fault of the body itself: a
	// *LagError, an *InflateError, a *PanicError, or an error of the decoder. It is the Outcome's cause too.
	Err error
}

// Transport returns a RoundTripper that sends requests with base, or
// [http.DefaultTransport] if that is nil, and watches their responses. It is safe
// for concurrent use if base is. The body of a response with status 101
// stays an io.ReadWriteCloser. Errors of base pass, and have a Result without a status.
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

// ModifyResponse returns a function for [net/http/httputil.ReverseProxy] that
// watches what the proxy passes on. It never fails. It does not know when the request began, so that times are from
// the call of the function on, and requests without a response have no Result. To have both,
// set the proxy's Transport to a [Transport] instead.
//
// Wrap a proxy that serves HTTP/1 in [FullDuplex], with and without this package.
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

// Middleware returns a handler that watches what next writes. The
// ResponseWriter that next gets is an http.Flusher, http.Hijacker, http.Pusher,
// http.CloseNotifier and io.ReaderFrom if and only if the one below is, and has Unwrap
// for [http.ResponseController]. What next writes to an unwrapped one is not seen.
//
// It may be on either side of a handler that compresses, with one exception: if that handler has set
// Content-Encoding before it calls ours, the bytes that ours writes are taken for compressed,
// unless the encoding is gzip, which is recognised by its first byte.
//
// A panic of next passes through, http.ErrAbortHandler too; Done has run before.
//
// It panics if o.Dialect is not one of llmstream's.
func Middleware(next http.Handler, o *Options) http.Handler {
	return &middleware{next: next, watcher: newWatcher(o)}
}
