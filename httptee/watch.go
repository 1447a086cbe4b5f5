package httptee

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// watch is one response that is watched. One goroutine at a time feeds it with bytes
// and ends it. If the bytes are compressed, the inflater's goroutine owns reading and
// the times of events, and reports the result.
type watch struct {
	// Most reads need these fields alone. They share a line of the processor's cache.
	from    io.ReadCloser // of a body
	state   atomic.Uint32 // of a body
	system  bool          // the clock is time.Now
	start   time.Duration // since epoch
	backlog []byte        // bytes that have come and are parsed later, see putOff; nil: bytes are parsed at once

	*watcher
	req      *http.Request
	result   *Result
	progress *Progress // nil: Options.Begin is not set
	dialect  llmstream.Dialect
	reading  *reading // nil: there is no decoder for the body, or the result was reported
	inflater *inflater
	begun    bool          // a byte of the body has come
	apart    bool          // parsing runs in a goroutine of this package, where panics are recovered
	parsing  bool          // the parser is in use; stays set when a handler panics
	panicked bool          // a handler has panicked, and was recovered
	left     bool          // the client has left, or its context has ended
	at       time.Duration // when the bytes came that are parsed now
	// verdict is what Options.Strict returns in place of io.EOF; nil: io.EOF stays. It is set when the result is reported.
	verdict error
	// verdictReady is closed when the inflater has reported; nil: verdict needs no waiting.
	verdictReady chan struct{}
}

// wants reports whether responses to req may hold something to watch.
func (w *watcher) wants(req *http.Request) bool {
	return req.Method != http.MethodHead && req.Method != http.MethodConnect && (w.Filter == nil || w.Filter(req))
}

// hasBody reports whether responses with this status have a body.
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
	t.result = &Result{Status: status, Header: header.Clone(), Encoding: encoding, Timings: newTimings(start)}
	t.result.Timings.Header = t.clock()
	t.at = t.result.Timings.Header
	if w.Begin != nil {
		t.progress = &Progress{now: w.Now, start: start}
		w.Begin(req, t.progress)
	}
	if encoding == "" || w.canDecode(encoding) {
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

// encodingOf returns the Content-Encoding in lower case; "" for a body that is not encoded.
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
		return max(0, time.Since(epoch)-t.start) // costs half of time.Now
	}
	return max(0, t.Now().Sub(t.result.Timings.Start))
}

// came takes the next bytes of the body: it parses them, or keeps them for later.
func (t *watch) came(b []byte) {
	if len(b) == 0 {
		return
	}
	if at := t.clock(); !t.putOff(at, b) {
		t.take(at, b)
	}
}

// take notes that bytes came at this time, and parses them or gives them to the inflater.
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
	if t.reading == nil {
		return
	}
	if !t.begun {
		t.begun = true
		t.inflater = t.newInflater(b)
	}
	switch {
	case t.inflater != nil: // owns reading and at
		t.inflater.pipe.write(b)
	case t.panicked:
	case t.apart:
		t.at = at
		t.parseApart(b)
	default:
		t.at = at
		t.parse(b)
	}
}

// parse parses the next bytes. A handler's error goes into the outcome.
func (t *watch) parse(b []byte) {
	t.parsing = true
	t.reading.parser.Write(b)
	t.parsing = false
}

// parseApart parses and recovers a handler's panic, where no caller could.
func (t *watch) parseApart(b []byte) {
	defer t.catch()
	t.parse(b)
}

// catch turns a handler's panic into an error.
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

// mark stores a time if it has changed: a store costs more than a load.
func mark(to *atomic.Int64, at time.Duration) {
	if to.Load() != int64(at) {
		to.Store(int64(at))
	}
}

// endMarker notes that the stream's end marker has come, and with which byte of the body.
func (t *watch) endMarker() {
	if t.reading.doneAt > 0 {
		return
	}
	if t.inflater != nil {
		t.reading.doneAt = t.inflater.pipe.progress().taken
	} else {
		t.reading.doneAt = t.result.Bytes
	}
}

// markerPassed reports whether the end marker is among the bytes that the client got. It is for the owner of reading.
func (t *watch) markerPassed() bool {
	return t.reading != nil && t.reading.doneAt > 0 && t.reading.doneAt <= t.result.Bytes-t.result.Drained
}

// markerSeen is markerPassed for the goroutine that feeds the watch. While an inflater owns reading it is false.
func (t *watch) markerSeen() bool {
	t.catchUp()
	return t.inflater == nil && t.markerPassed()
}
