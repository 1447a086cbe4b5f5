package httptee

import (
	"context"
	"errors"
	"io"

	"github.com/seed-4d65deac/llmstream"
)

// causeOf returns the reason why a Read has just failed with err. If the request's
// context has ended, that is the reason.
func (t *watch) causeOf(err error) error {
	if isEnd(err) || t.req.Context().Err() == nil {
		return err
	}
	t.left = true
	return stoppedBy(err)
}

// end ends the watching of the body. cause is nil or io.EOF for its ordinary end. The
// result is reported before end returns, except where an inflater reports it soon after.
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

// finish ends the parsing and reports the result, also when a handler panics.
func (t *watch) finish(cause error) {
	defer t.report()
	if t.reading == nil {
		return
	}
	if t.apart {
		defer t.catch()
	}
	if t.left && t.markerPassed() {
		cause = nil // the client has left nothing
	}
	panicked := t.parsing
	t.parsing = true
	t.reading.parser.CloseWithError(cause)
	t.parsing = panicked
}

// report fills the result in and hands it to Done.
func (t *watch) report() {
	r := t.result
	r.ClientLeft = t.left && !t.markerPassed()
	if t.reading != nil {
		t.reading.parser.CloseWithError(llmstream.ErrStopped) // for a handler that has panicked; else it is closed already
		r.Outcome = t.reading.parser.Outcome()
		answer := t.reading.answer.Completion()
		r.Usage, r.Model = answer.Usage, answer.Model
		if !t.UsageOnly {
			r.Completion = answer
		}
		if !t.parsing { // a parser in which a handler has panicked is not used again
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
		if r.Dialect = t.dialect; r.Dialect == llmstream.Auto { // such as an error page
			r.Dialect = llmstream.DetectDialect("", pathOf(t.req))
		}
	}
	if r.Err != nil {
		r.Outcome.Cause = r.Err
	}
	r.Events = r.Outcome.Events
	r.addStatus()
	if t.Strict {
		t.verdict = r.strictError()
	}
	if t.Done != nil {
		t.Done(t.req, r)
	}
}

// atEOF returns what a Read is to return in place of err, after end has run for it.
func (t *watch) atEOF(err error) error {
	if err != io.EOF {
		return err
	}
	if t.verdictReady != nil {
		<-t.verdictReady
	}
	if t.verdict != nil {
		return t.verdict
	}
	return err
}

// isEnd reports whether cause is the ordinary end of a body.
func isEnd(cause error) bool { return cause == nil || cause == io.EOF }

// stoppedBy returns cause as an error that is no fault of the stream.
func stoppedBy(cause error) error {
	if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) || errors.Is(cause, llmstream.ErrStopped) {
		return cause
	}
	return &stopped{cause}
}

// stopped is a cause that is llmstream.ErrStopped too.
type stopped struct{ error }

func (s *stopped) Unwrap() []error { return []error{llmstream.ErrStopped, s.error} }
