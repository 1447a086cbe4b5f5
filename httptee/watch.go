package httptee

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// watch is one response that is watched. Its bytes are taken by one goroutine at a
// time, which also ends it. Where they are inflated, a second one has reading and
// what times the events, and gives the result.
type watch struct {
	// Most reads look at these and at nothing else, which is one line of a cache.
	from    io.ReadCloser // of a body
	state   atomic.Uint32 // so
	system  bool          // the clock is time.Now
	start   time.Duration // since epoch
	backlog []byte        // what has come and is not parsed yet, see putOff; nil: nothing is put off

	*watcher
	req      *http.Request
	result   *Result
	progress *Progress // nil: nobody wants to know
	dialect  llmstream.Dialect
	reading  *reading // nil: nobody can decode the body
	inflater *inflater
	begun    bool          // a byte of the body has come
	apart    bool          // the bytes are taken in a goroutine of this package
	parsing  bool          // the parser is in use, or a handler of it has panicked
	panicked bool          // a handler did, apart
	at       time.Duration // now, for those who look at deltas
}

// wants tells whether responses to req may hold something to watch.
func (w *watcher) wants(req *http.Request) bool {
	return req.Method != http.MethodHead && req.Method != http.MethodConnect && (w.Watch == nil || w.Watch(req))
}

// hasBody tells whether a response with this status has one.
func hasBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// begin begins to watch a response.
func (w *watcher) begin(req *http.Request, start time.Time, status int, header http.Header) *watch {
	d := w.Options.Dialect
	if d == llmstream.Auto {
		d = llmstream.DetectDialect(header.Get("Content-Type"), pathOf(req))
	}
	encoding := encodingOf(header)
	t := w.newWatch(encoding)
	t.watcher, t.system, t.start = w, w.system, start.Sub(epoch)
	t.req, t.dialect = req, d
	t.result = &Result{
		Status: status, Encoding: encoding,
		Timings: Timings{
			Start: start, FirstByte: Never, LastByte: Never, FirstEvent: Never, FirstOutput: Never, LastOutput: Never,
		},
	}
	t.result.Timings.Header = t.clock()
	t.at = t.result.Timings.Header
	if w.Begin != nil {
		t.progress = &Progress{now: w.Now, start: start}
		w.Begin(req, t.progress)
	}
	if t.result.Encoding == "" || w.canDecode(t.result.Encoding) {
		t.reading = w.borrow(d)
		t.reading.watch = t
		if w.Deltas != nil {
			t.reading.theirs = w.Deltas(req)
		}
	}
	return t
}

func pathOf(req *http.Request) string {
	if req.URL == nil {
		return ""
	}
	return req.URL.Path
}

// encodingOf returns the Content-Encoding; "": none.
func encodingOf(header http.Header) string {
	encoding := strings.ToLower(strings.TrimSpace(strings.Join(header.Values("Content-Encoding"), ", ")))
	if encoding == "identity" {
		return ""
	}
	return encoding
}

var epoch = time.Now()

// clock returns the time since the start.
func (t *watch) clock() time.Duration {
	if t.system {
		return max(0, time.Since(epoch)-t.start) // which costs half of time.Now
	}
	return max(0, t.Now().Sub(t.result.Timings.Start))
}

// came takes the next bytes of the body, now or later.
func (t *watch) came(b []byte) {
	if len(b) == 0 {
		return
	}
	if at := t.clock(); !t.putOff(at, b) {
		t.take(at, b)
	}
}

// take notes that bytes of the body have come, and when, and parses them or sees to
// it that they are.
func (t *watch) take(at time.Duration, b []byte) {
	times := &t.result.Timings
	if times.FirstByte == Never {
		times.FirstByte = at
	}
	times.LastByte = at
	t.result.Bytes += int64(len(b))
	if t.progress != nil {
		t.progress.byteAt.Store(int64(at))
	}
	if t.inflater == nil {
		t.at = at
	}
	if t.reading == nil {
		return
	}
	if !t.begun {
		t.begun = true
		t.inflater = t.newInflater(b)
	}
	switch {
	case t.inflater != nil: // which has the rest of t
		t.inflater.pipe.write(b)
	case t.panicked:
	case t.apart:
		t.parseApart(b)
	default:
		t.parse(b)
	}
}

// parse parses the next bytes. A handler's error is in the outcome.
func (t *watch) parse(b []byte) {
	t.parsing = true
	t.reading.parser.Write(b)
	t.parsing = false
}

// parseApart parses where nobody above would catch a handler's panic.
func (t *watch) parseApart(b []byte) {
	defer t.catch()
	t.parse(b)
}

// catch makes a handler's panic an error.
func (t *watch) catch() {
	if v := recover(); v != nil {
		t.panicked = true
		t.result.Err = &PanicError{Value: v}
	}
}

// event notes that an event has come.
func (t *watch) event() {
	if times := &t.result.Timings; times.FirstEvent == Never {
		times.FirstEvent = t.at
	}
	if t.progress != nil {
		mark(&t.progress.eventAt, t.at)
	}
}

// output notes that output has come.
func (t *watch) output() {
	switch times := &t.result.Timings; {
	case times.FirstOutput == Never:
		times.FirstOutput, times.LastOutput = t.at, t.at
	case times.LastOutput != t.at:
		times.Gaps.Add(t.at - times.LastOutput)
		times.LastOutput = t.at
	}
	if t.progress != nil {
		mark(&t.progress.outputAt, t.at)
	}
}

// mark stores a time, if it is another: a store costs more than a look.
func mark(to *atomic.Int64, at time.Duration) {
	if to.Load() != int64(at) {
		to.Store(int64(at))
	}
}

// causeOf returns why a body broke off whose Read has just failed with err: if the
// request's context has ended then that is why.
func (t *watch) causeOf(err error) error {
	if isEnd(err) || t.req.Context().Err() == nil {
		return err
	}
	t.result.ClientLeft = true
	return stoppedBy(err)
}

// end ends the watching of the body, which broke off by cause; nil or io.EOF: it
// did not. The result is given before it returns, or soon by the inflater.
func (t *watch) end(cause error) {
	t.result.Timings.End = t.clock()
	if t.progress != nil {
		t.progress.endAt.Store(int64(t.result.Timings.End) + 1)
	}
	t.catchUp()
	if t.inflater != nil {
		t.inflater.pipe.close(cause)
		return
	}
	t.at = t.result.Timings.End
	t.finish(cause)
}

// finish ends the parsing and gives the result, when a handler panics too.
func (t *watch) finish(cause error) {
	defer t.report()
	if t.reading == nil {
		return
	}
	if t.apart {
		defer t.catch()
	}
	t.parsing = true
	t.reading.parser.CloseWithError(cause)
	t.parsing = false
}

// report gives the result.
func (t *watch) report() {
	r := t.result
	if t.reading != nil {
		t.reading.parser.CloseWithError(llmstream.ErrStopped) // of no effect, but when a handler has panicked
		r.Outcome = t.reading.parser.Outcome()
		answer := t.reading.answer.Completion()
		r.Usage, r.Model = answer.Usage, answer.Model
		if !t.UsageOnly {
			r.Completion = answer
		}
		if !t.parsing { // else a panic has left it in the midst of that
			t.giveBack(t.reading)
		}
		t.reading = nil
	} else {
		r.Outcome = llmstream.Outcome{State: llmstream.StateNotStream, Cause: llmstream.ErrCompressed}
		if !t.UsageOnly {
			r.Completion = new(llmstream.Completion)
		}
	}
	if r.Dialect = r.Outcome.Dialect; r.Dialect == llmstream.Auto {
		if r.Dialect = t.dialect; r.Dialect == llmstream.Auto { // as of an error's page
			r.Dialect = llmstream.DetectDialect("", pathOf(t.req))
		}
	}
	if r.Err != nil && r.Outcome.State != llmstream.StateComplete {
		r.Outcome.Cause = r.Err
	}
	r.Events = r.Outcome.Events
	if t.Done != nil {
		t.Done(t.req, r)
	}
}

// isEnd tells whether cause is the ordinary end of a body.
func isEnd(cause error) bool { return cause == nil || cause == io.EOF }

// stoppedBy returns cause as one that is no fault of the stream.
func stoppedBy(cause error) error {
	if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) || errors.Is(cause, llmstream.ErrStopped) {
		return cause
	}
	return &stopped{cause}
}

// stopped is a cause that is llmstream.ErrStopped too.
type stopped struct{ error }

func (s *stopped) Unwrap() []error { return []error{llmstream.ErrStopped, s.error} }
