package llmstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/seed-4d65deac/llmstream/internal/dialect"
)

// ending holds the facts that decide how a stream ended.
type ending struct {
	failed    bool // the provider reported an error
	stopped   bool // a handler's error ended the reading
	unusable  bool // the input is compressed, or in another dialect
	cancelled bool // the caller gave up
	clean     bool // the input ended without a failure of the connection
	done      bool // the end marker came
	begun     bool // an answer has begun, or the prompt was blocked
	bare      bool // only a role has come of the answer
	complete  bool // the answer is whole; see decode.Stream.Complete
	undamaged bool // nothing was malformed, and nothing is unfinished
	unknown   bool // an event is an object of no known dialect
	foreign   bool // the body is text, or JSON without an answer
}

// verdicts are tried in this order: an earlier one explains the later ones (contract 7).
var verdicts = [...]struct {
	when  func(e *ending) bool
	state State
}{
	{func(e *ending) bool { return e.failed }, StateError},
	{func(e *ending) bool { return e.stopped }, StateStopped},
	{func(e *ending) bool { return e.unusable }, StateNotStream},
	{func(e *ending) bool { return e.cancelled && !(e.begun && e.complete) }, StateStopped},
	{func(e *ending) bool { return !e.begun && e.unknown && (e.clean || e.done) }, StateNotStream},
	{func(e *ending) bool { return !e.begun && e.foreign && e.clean }, StateNotStream},
	{func(e *ending) bool { return !e.begun && e.undamaged && (e.clean || e.done) }, StateEmpty},
	{func(e *ending) bool { return e.bare && e.done && e.undamaged }, StateEmpty},
	{func(e *ending) bool { return e.complete && !e.bare }, StateComplete},
	{func(*ending) bool { return true }, StateTruncated},
}

// verdict returns how the stream ended, and the part of cause that explains it.
func (s *stream) verdict(cause error) (state State, why error) {
	if s.handlerErr != nil {
		cause = s.handlerErr
	}
	e := s.ending(cause)
	for _, v := range verdicts {
		if v.when(&e) {
			state = v.state
			break
		}
	}
	switch {
	case state == StateNotStream && e.unusable:
		return state, s.fatal
	case state == StateNotStream && e.unknown:
		return state, &DialectError{Want: s.asked}
	case state == StateNotStream, isEnd(cause), cause == ErrStopped:
		return state, nil
	}
	return state, cause
}

func (s *stream) ending(cause error) ending {
	t := &s.seen
	e := ending{
		failed: t.FirstError != nil, stopped: s.handlerErr != nil, unusable: s.fatal != nil,
		cancelled: isCancel(cause), clean: isEnd(cause), done: t.SawDone,
		begun: len(t.Choices) > 0 || t.BlockReason != "",
		// An array that breaks off may lack any part of the answer (G-17).
		complete:  t.Complete() && !s.wire.Unclosed(),
		undamaged: t.MalformedCount == 0 && s.pending == 0, unknown: t.Unknown && !s.settled,
	}
	e.foreign = s.wire.SawText() && t.Events == 0 || s.wireKind() == WireJSON && e.undamaged
	e.bare = len(t.Choices) > 0 && t.BlockReason == "" && !t.Answered
	for i := range t.Choices {
		e.bare = e.bare && t.Choices[i].Native == "" && !t.Choices[i].HasCalls()
	}
	return e
}

// isCancel reports whether the caller gave up. That is no failure of the connection.
func isCancel(cause error) bool {
	return errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) || errors.Is(cause, ErrStopped)
}

// isEnd reports whether the input ended without an error.
func isEnd(cause error) bool { return cause == nil || cause == io.EOF }

// outcome returns the verdict, or the progress before the end. It shares no memory with
// the stream.
func (s *stream) outcome() Outcome {
	t := &s.seen
	o := Outcome{
		State: s.state, Dialect: s.dialect, Wire: s.wireKind(),
		SawDone:   t.SawDone || dialect.ID(s.dialect).Row().FinishEnds && t.Finished(),
		Delivered: t.Delivered, Events: t.Events, Comments: t.Comments, BlockReason: t.BlockReason,
		Cause: s.cause, Damage: damageOf(t.FirstDamage),
		Anomalies: Anomalies{
			Malformed: t.MalformedCount, Skipped: SkippedEvents(t.Skips), Unseparated: t.Unseparated,
			AfterDone: t.AfterDone, Conflicts: t.Conflicts, Unterminated: t.Unterminated,
		},
	}
	if t.FirstError != nil {
		e := APIError(*t.FirstError)
		e.Raw = bytes.Clone(e.Raw)
		o.APIError = &e
	}
	if s.phase == phaseEnded {
		o.Anomalies.PendingBytes = s.pending
		if s.state != StateComplete {
			o.Anomalies.StrayText = string(s.wire.Stray())
		}
	}
	for i := range t.Choices {
		c := &t.Choices[i]
		co := ChoiceOutcome{
			Index: c.Index, FinishReason: FinishReason(c.Finish), NativeFinishReason: strings.Clone(c.Native), ToolCalls: len(c.Calls),
		}
		for k := range c.Calls {
			if c.IsOpen(k) {
				co.OpenToolCalls++
			}
		}
		o.SawFinish = o.SawFinish || c.Native != ""
		o.OpenToolCalls += co.OpenToolCalls
		o.Choices = append(o.Choices, co)
	}
	return o
}

// err returns the verdict as an error, without a list of choices. It returns nil before
// the verdict.
func (s *stream) err() error {
	if s.opt == nil {
		return errZero
	}
	if s.phase < phaseEnded {
		return nil
	}
	o := Outcome{State: s.state, Cause: s.cause, APIError: (*APIError)(s.seen.FirstError), Damage: damageOf(s.seen.FirstDamage)}
	if s.state != StateComplete {
		o.Anomalies.StrayText = string(s.wire.Stray())
	}
	return o.Err()
}
