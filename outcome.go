package llmstream

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// State is how a stream ended, in one word.
type State uint8

const (
	StateOpen      State = iota // it has not ended yet
	StateComplete               // the answer is whole
	StateTruncated              // it ended before the answer did
	StateError                  // the provider reported an error
	StateEmpty                  // it ended and no answer had begun
	StateNotStream              // it was something else: compressed, text, another dialect or an unknown one
	StateStopped                // the handler or a cancellation stopped it
)

var stateNames = [...]string{"open", "complete", "truncated", "error", "empty", "not-a-stream", "stopped"}

// String returns the state's name, such as "complete" or "not-a-stream".
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// MarshalText returns String, or an error for a value without a name.
func (s State) MarshalText() ([]byte, error) { return marshalName(s, stateNames[:]) }

// UnmarshalText sets s to the state with this name.
func (s *State) UnmarshalText(name []byte) error { return unmarshalName(s, stateNames[:], name) }

// Outcome is the verdict on a stream: how it ended, and what was unusual about it. It
// belongs to the caller. It holds no text of the answer; APIError holds the text of the
// provider's error.
type Outcome struct {
	State    State
	APIError *APIError // the first that the provider reported
	Cause    error     // what ended the reading; nil at the end of the input
	Damage   error     // the first damage, a *SyntaxError
	// BlockReason is the provider's word for why it did not answer the prompt, cut
	// to 64 bytes. It is empty if the prompt was not blocked. A blocked stream is
	// complete and has no choices.
	BlockReason string
	Choices     []ChoiceOutcome

	SawFinish bool // a finish reason came
	// SawDone reports that the dialect's end marker came. Gemini has no end marker:
	// for it SawDone reports that each choice has its finish reason.
	SawDone   bool
	Delivered bool // output was delivered, so a retry would repeat it
	// OpenToolCalls counts the calls whose choice has no finish reason and whose
	// arguments are not one whole JSON value. They must not be run.
	OpenToolCalls int

	Dialect  Dialect // Auto if it never became clear
	Wire     Wire
	Events   int64 // all events, malformed and skipped ones included; not comments, and not an error in place of a stream
	Comments int64 // comment lines, the usual keep-alives

	Anomalies Anomalies
}

// Anomalies counts what was unusual about a stream. Most anomalies are harmless, and State and
// Damage have taken them into account. The zero value means that nothing was unusual.
type Anomalies struct {
	Malformed   int64         // events, or parts, that could not be read; independent of Options.Kinds
	Skipped     SkippedEvents // events without content
	Unseparated int64         // events that came without a blank line between them
	AfterDone   int64         // events after the end marker
	Conflicts   int64         // contradictions, such as a tool call that comes again with another id or name
	// Unterminated reports that the last event had no blank line after it and was read all
	// the same.
	Unterminated bool
	// PendingBytes is the number of bytes of an unfinished event that were left at
	// the end: the data of its finished lines, and all of its last line.
	PendingBytes int
	// StrayText is the beginning of the lines of a server-sent event stream that are
	// not fields, such as "upstream error: read ECONNRESET". It is empty for a complete
	// stream, and has at most 1 KiB, and at most Options.MaxBadText bytes.
	StrayText string
}

// SkippedEvents counts events without content by what they held.
type SkippedEvents struct {
	Empty     int64 // no data, or {}
	KeepAlive int64 // a keep-alive written as data, or a ping
	NotObject int64 // null, a number or the like
}

// Total returns the number of all skipped events.
func (s SkippedEvents) Total() int64 { return s.Empty + s.KeepAlive + s.NotObject }

// ChoiceOutcome is the verdict on one choice.
type ChoiceOutcome struct {
	Index              int
	FinishReason       FinishReason
	NativeFinishReason string // the provider's word, cut to 64 bytes
	ToolCalls          int    // calls that have begun
	OpenToolCalls      int    // see Outcome.OpenToolCalls
}

// Err returns nil for an open stream and for a complete, undamaged one, whatever its
// finish reasons are. Otherwise it joins what went wrong: errors.Is finds
// [ErrTruncated] (also as io.ErrUnexpectedEOF), [ErrEmpty], [ErrNotStream],
// [ErrCompressed], [ErrStopped] and the cause, and errors.As finds *[APIError],
// *[SyntaxError], *[LimitError] and *[DialectError]. The text of the error has no line
// breaks, unless the cause has some. It quotes Anomalies.StrayText.
func (o Outcome) Err() error {
	var errs []error
	switch o.State {
	case StateTruncated:
		errs = append(errs, ErrTruncated)
	case StateError:
		if o.APIError == nil { // the caller has made this Outcome
			o.APIError = new(APIError)
		}
		errs = append(errs, o.APIError)
	case StateEmpty:
		errs = append(errs, ErrEmpty)
	case StateNotStream:
		errs = append(errs, ErrNotStream)
	case StateStopped:
		if !errors.Is(o.Cause, ErrStopped) {
			errs = append(errs, ErrStopped)
		}
	}
	if o.Cause != nil && o.State != StateComplete {
		errs = append(errs, o.Cause)
	}
	if o.Damage != nil {
		errs = append(errs, o.Damage)
	}
	if stray := o.Anomalies.StrayText; stray != "" && o.State != StateComplete {
		errs = append(errs, fmt.Errorf("%sthe stream holds text that is no event: %q", errorPrefix, stray))
	}
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	return joinedErrors(errs)
}

// joinedErrors is several errors as one. Unlike errors.Join it has no line breaks.
type joinedErrors []error

func (e joinedErrors) Unwrap() []error { return e }

func (e joinedErrors) Error() string {
	texts := make([]string, len(e))
	for i, err := range e {
		if texts[i] = err.Error(); i > 0 {
			texts[i] = strings.TrimPrefix(texts[i], errorPrefix)
		}
	}
	return oneLine(strings.Join(texts, "; "))
}

// Succeeded reports whether the stream is complete and undamaged, and each choice ended with
// a reason that is a success. Err is nil also for an answer that a token limit or a content
// filter ended; Succeeded is false for it.
func (o Outcome) Succeeded() bool {
	if o.State != StateComplete || o.Damage != nil || o.BlockReason != "" {
		return false
	}
	for _, c := range o.Choices {
		if !c.FinishReason.Success() {
			return false
		}
	}
	return len(o.Choices) > 0
}

// LogValue returns the outcome as slog attributes, without any text of the answer.
// Counts that are zero are left out.
func (o Outcome) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("state", o.State.String()),
		slog.String("dialect", o.Dialect.String()),
		slog.Int64("events", o.Events),
	}
	for _, c := range o.Choices {
		attrs = append(attrs, slog.String("finish_reason", c.FinishReason.String()))
	}
	for _, n := range [...]struct {
		name  string
		count int64
	}{
		{"open_tool_calls", int64(o.OpenToolCalls)},
		{"pending_bytes", int64(o.Anomalies.PendingBytes)},
		{"malformed", o.Anomalies.Malformed},
		{"skipped", o.Anomalies.Skipped.Total()},
		{"unseparated", o.Anomalies.Unseparated},
		{"after_done", o.Anomalies.AfterDone},
		{"conflicts", o.Anomalies.Conflicts},
	} {
		if n.count != 0 {
			attrs = append(attrs, slog.Int64(n.name, n.count))
		}
	}
	if e := o.APIError; e != nil {
		attrs = append(attrs, slog.String("error_type", e.Type), slog.String("error_code", e.Code), slog.Bool("delivered", o.Delivered))
	}
	return slog.GroupValue(attrs...)
}
