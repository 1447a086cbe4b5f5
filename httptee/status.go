package httptee

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// requestIDs are the headers in which providers and their gateways name a request, the provider's own first.
var requestIDs = [...]string{
	"X-Request-Id",     // OpenAI, Mistral, Groq and most gateways
	"Request-Id",       // Anthropic
	"Apim-Request-Id",  // Azure
	"X-Amzn-Requestid", // Bedrock
	"X-Amz-Request-Id", // other services of AWS
	"Cf-Ray",           // Cloudflare, in front of many providers
}

// RequestID returns the provider's ID of the request, from the response's header or its
// error. It returns "" if neither has one.
func (r *Result) RequestID() string {
	for _, name := range requestIDs {
		if id := r.Header.Get(name); id != "" {
			return id
		}
	}
	if e := r.Outcome.APIError; e != nil {
		return e.RequestID
	}
	return ""
}

// RetryAfter returns how long the provider asks clients to wait before the next
// request, and reports whether it asks. It reads the headers Retry-After-Ms and
// Retry-After; the latter is a number of seconds or a date. The time counts from when
// the response's header came, and is never negative.
func (r *Result) RetryAfter() (time.Duration, bool) {
	if ms, err := strconv.ParseFloat(r.Header.Get("Retry-After-Ms"), 64); err == nil {
		return seconds(ms / 1000), true
	}
	after := strings.TrimSpace(r.Header.Get("Retry-After"))
	if s, err := strconv.ParseFloat(after, 64); err == nil {
		return seconds(s), true
	}
	at, err := http.ParseTime(after)
	if err != nil {
		return 0, false
	}
	now := r.Timings.Start.Add(max(0, r.Timings.Header))
	if date, err := http.ParseTime(r.Header.Get("Date")); err == nil {
		now = date // by the clock that has set the other date
	}
	return max(0, at.Sub(now)), true
}

// maxRetry bounds what RetryAfter returns, so that no number overflows.
const maxRetry = 365 * 24 * time.Hour

func seconds(s float64) time.Duration {
	switch {
	case !(s > 0): // NaN too
		return 0
	case s > maxRetry.Seconds():
		return maxRetry
	}
	return time.Duration(s * float64(time.Second))
}

// addStatus puts the status of a response that is an error into the outcome: into the error that its body reports, or
// one of its own. A body without an answer then counts as an error, if the request was for one.
func (r *Result) addStatus() {
	if r.Status < 400 {
		return
	}
	o := &r.Outcome
	if o.APIError == nil {
		o.APIError = &llmstream.APIError{Message: http.StatusText(r.Status), Delivered: o.Delivered}
		if r.Dialect != llmstream.Auto && (o.State == llmstream.StateNotStream || o.State == llmstream.StateEmpty) {
			o.State = llmstream.StateError
		}
	}
	if o.APIError.Status == 0 {
		o.APIError.Status = r.Status
	}
	if o.APIError.RequestID == "" {
		o.APIError.RequestID = r.RequestID()
	}
}

// strictError returns what Options.Strict makes of the result: an error if its stream was cut, failed, or
// held no answer.
func (r *Result) strictError() error {
	if r.Status < 200 || r.Status > 299 { // clients read the bodies of errors to their end
		return nil
	}
	switch r.Outcome.State {
	case llmstream.StateTruncated, llmstream.StateError:
		return r.Outcome.Err()
	case llmstream.StateEmpty:
		if isStream(r.Header) {
			return r.Outcome.Err()
		}
	}
	return nil
}

// isStream reports whether a header announces a stream of events.
func isStream(h http.Header) bool {
	media, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	switch strings.ToLower(strings.TrimSpace(media)) {
	case "text/event-stream", "application/x-ndjson", "application/vnd.amazon.eventstream":
		return true
	}
	return false
}

// failed reports a request that got no response.
func (w *watcher) failed(req *http.Request, start time.Time, err error) {
	if w.Done == nil {
		return
	}
	r := &Result{Timings: newTimings(start), Dialect: w.Options.Dialect}
	if r.Dialect == llmstream.Auto {
		r.Dialect = llmstream.DetectDialect("", pathOf(req))
	}
	r.Timings.End = max(0, w.Now().Sub(start))
	r.Outcome = llmstream.Outcome{State: llmstream.StateTruncated, Cause: err}
	if req.Context().Err() != nil {
		r.ClientLeft = true
		r.Outcome.State, r.Outcome.Cause = llmstream.StateStopped, stoppedBy(err)
	}
	if !w.UsageOnly {
		r.Completion = new(llmstream.Completion)
	}
	w.Done(req, r)
}
