// Package httptee watches the streaming answers of LLM providers where net/http
// carries them: in a client's [Transport], behind a reverse proxy
// ([ModifyResponse]), or around a handler ([Middleware]).
//
// # What passes
//
// Nothing of a response changes: its bytes, when they come and how they are cut,
// flushes, trailers, errors, informational headers, and cancellation. Neither side
// can notice that somebody looks on. What goes wrong with the parsing goes into
// the [Result] and nowhere else. Responses that hold no answer pass as they are,
// without a Result: those to HEAD and CONNECT, those with status 101, 204 or 304, and
// connections that a handler hijacks. Responses with the status of an error are
// read too, since providers say in JSON what is wrong.
//
// # Who runs what
//
// [Options.Done] is called exactly once for each response, at its end, in the Read,
// the Close, or the return of the handler that ended it; its time is theirs.
// Handlers of deltas run inside the Read or Write that brought the bytes. A panic in
// one of them passes through that Read or Write; Done has then run. Where there is
// neither [Options.Deltas] nor [Options.Begin] nobody can tell when bytes are parsed, and up
// to 4 KiB of them are kept and parsed together, which costs less; the times in the Result
// are those at which they came.
//
// There are two exceptions, of responses that have a goroutine of their own:
// compressed ones that are inflated for parsing, and those of a Transport or a ModifyResponse with
// [Options.Drain]. There deltas and Done come in that goroutine, Done possibly
// somewhat after Close, which waits for nothing. A panic of a handler or a decoder is
// there turned into an error, see [PanicError]; one of Done ends the program, as in any goroutine.
//
// # Compressed bodies
//
// They pass as they are. gzip and deflate are also inflated for parsing, others
// where [Options.Decoder] knows how. Where nobody does, the outcome is
// [llmstream.StateNotStream] with [llmstream.ErrCompressed]. The bytes go through a
// bounded pipe; when the inflater falls behind, parsing ends and Result.Err is a
// [LagError], but never do the bytes wait.
package httptee

import (
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// Options say what is to be told of each response. A nil *Options and zero
// fields mean the defaults. They are copied; all functions may be called by many
// goroutines at once.
type Options struct {
	// Done gets the Result of a response, exactly once, when it has ended. The
	// Result belongs to it. The request is the one that the response answers, of
	// ModifyResponse the one that the proxy sent; it is to be looked at only, its
	// body not at all. Nil: nobody wants to know.
	Done func(*http.Request, *Result)
	// Begin, if not nil, is called when a response begins that will have a Result,
	// before any byte of its body. Its Progress may be asked by any goroutine, for
	// as long as it likes.
	Begin func(*http.Request, *Progress)
	// Deltas, if not nil, gives a handler for the deltas of a response, or nil for
	// none. What it gets is borrowed, as [llmstream.Handler] says, and bounded by
	// the Kinds of Parser. An error of it ends the parsing, and the outcome is
	// [llmstream.StateStopped]; the response goes on.
	Deltas func(*http.Request) llmstream.Handler
	// Watch, if not nil, chooses the requests to whose responses this applies. The
	// others pass as if there were nothing here. Nil: all.
	Watch func(*http.Request) bool

	// UsageOnly leaves Result.Completion nil: no text of the answer is kept.
	UsageOnly bool
	// MaxBytes is [llmstream.Accumulator.MaxBytes]: how many bytes of an answer are
	// kept. 0: its default.
	MaxBytes int
	// Parser bounds the parsing; nil: the defaults. Its Events sees nothing: it
	// would be shared by all responses.
	Parser *llmstream.Options
	// Dialect of all responses. Auto: found by the path of the request, the
	// Content-Type, and the first events.
	Dialect llmstream.Dialect

	// Decoder, if not nil, is asked for a decoder for each Content-Encoding but
	// identity, in lower case, such as "br" or "zstd"; also for a list, such as
	// "gzip, br". The reader that it returns is read by one goroutine, to its end
	// or its first error, and closed if it is an io.Closer. r ends with the body,
	// and as it breaks off if that does. A nil reader leaves the encoding to this
	// package.
	Decoder func(encoding string, r io.Reader) (io.Reader, error)
	// MaxLag is how many bytes of a compressed body may wait for the inflater.
	// Default 1 MiB.
	MaxLag int

	// Drain, with its fields set, reads on for the usage when the client has left. It does less for
	// ModifyResponse than for a Transport, and nothing for a Middleware.
	Drain Drain
	// Now is the clock. Default time.Now. It is read once for each read or write of
	// a body.
	Now func() time.Time
}

// Drain is the budget for reading on when the client of a response has left before
// its end: providers go on counting, and say only at the end how much (U-15).
// The zero Drain: a body is closed as soon as its client closes it.
//
// It works for a Transport, and for ModifyResponse as long as the context of the
// proxy's request outlives the client: net/http's transport breaks the body off with
// it. A Middleware has no body to read on; what its handler goes on writing is
// read anyway.
//
// The body is read by a goroutine of its own, when the client reads, and not ahead of
// it. With a Transport, the end of the request's context makes the
// client's Read fail as it would without; the request itself goes on until the budget
// is used up. Who has left must not look at the response's Trailer any more. Time is
// that of the system, whatever Now says.
//
// An open stream that waits for bytes takes some 8.5 KB, and 5 KB more with Drain, beside the
// stack of its goroutine: it reads into 4 KiB, and into 32 KiB only as long as what comes is
// larger, so that of a large piece the first 4 KiB may come alone.
type Drain struct {
	Time  time.Duration // at most, from when the client left; 0: no draining
	Bytes int64         // at most, of the body as it is sent; 0: as many as come in that time
}

// Result is what is told of one response. It belongs to the one who gets it.
type Result struct {
	// Completion is the answer, as far as it came; nil with Options.UsageOnly.
	Completion *llmstream.Completion
	// Usage is the token counts as far as they came; of the Completion the same.
	Usage llmstream.Usage
	// Model is the model that the answer names; "": none.
	Model string
	// Outcome is how the stream ended. Of a response that the client left, or whose
	// request was cancelled, it is StateStopped, unless the answer was whole.
	Outcome llmstream.Outcome
	// Status is the response's HTTP status.
	Status int
	// Dialect is that of the stream; where that never became clear, the one that was
	// asked for by the path; else Auto.
	Dialect llmstream.Dialect
	// Encoding is the Content-Encoding that the body was sent in; "": none.
	Encoding string
	// Bytes counts those of the body as they came, compressed ones too, drained
	// ones too.
	Bytes int64
	// Drained is how many of Bytes came when the client had left.
	Drained int64
	// Events is Outcome.Events.
	Events int64
	// ClientLeft: the body was closed, its context ended, or writing to the
	// client failed, before it had ended.
	ClientLeft bool
	// Timings tell when what came.
	Timings Timings
	// Err is why the body was not parsed to its end, other than by its own fault: a
	// *LagError, a *PanicError, or an error of the decoder. It is the Outcome's cause too.
	Err error
}

// Transport returns a RoundTripper that does its requests with base, or
// [http.DefaultTransport] if that is nil, and watches their responses. It is safe
// for concurrent use as far as base is. The body of a response with status 101
// stays the io.ReadWriteCloser that it is. Errors of base pass, without a Result.
//
// Do not set Accept-Encoding in requests unless the client decodes the answer; base then
// does that, and what is watched is decoded.
//
// It panics if o.Dialect is none of llmstream's.
func Transport(base http.RoundTripper, o *Options) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &transport{base: base, watcher: newWatcher(o)}
}

// ModifyResponse returns a function for [net/http/httputil.ReverseProxy] that
// watches what the proxy passes on. It never fails. Times are from when it is
// called, since nobody tells it when the request began; to have those from the
// request on, make the proxy's Transport one of [Transport] instead.
//
// With and without this package, a proxy that serves HTTP/1 should be wrapped by [FullDuplex].
//
// It panics if o.Dialect is none of llmstream's.
func ModifyResponse(o *Options) func(*http.Response) error {
	w := newWatcher(o)
	return func(resp *http.Response) error {
		req := resp.Request
		if req == nil { // some transports leave it out
			req = &http.Request{URL: new(url.URL), Header: http.Header{}}
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
// for [http.ResponseController]. What next does without it, by Unwrap, is not seen.
//
// Beside a handler that compresses it may be on either side, but for one that has set
// Content-Encoding before it calls ours: then what is written is taken for compressed,
// unless the encoding is gzip, which is recognised.
//
// A panic of next passes through, http.ErrAbortHandler too; Done has then run.
//
// It panics if o.Dialect is none of llmstream's.
func Middleware(next http.Handler, o *Options) http.Handler {
	return &middleware{next: next, watcher: newWatcher(o)}
}
