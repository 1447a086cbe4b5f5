package llmstream

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/seed-4d65deac/llmstream/internal/fault"
)

var (
	// ErrTruncated reports that the stream ended before its answer was complete. For
	// errors.Is it is also io.ErrUnexpectedEOF.
	ErrTruncated error = truncated{}
	// ErrEmpty reports that the stream ended well and held no answer.
	ErrEmpty = errors.New(errorPrefix + "the stream held no answer")
	// ErrNotStream reports that the body was not a stream but something else, such as
	// plain text.
	ErrNotStream = errors.New(errorPrefix + "the body is not a stream of events")
	// ErrCompressed reports that the body is gzip or zstd data. Decode it first.
	ErrCompressed = errors.New(errorPrefix + "the body is compressed: decode it first")
	// ErrStopped reports that a handler's error, or a cancellation before the answer
	// was complete, ended the reading.
	ErrStopped = errors.New(errorPrefix + "the reading was stopped")
)

type truncated struct{}

func (truncated) Error() string        { return errorPrefix + "stream ended before the answer was complete" }
func (truncated) Is(target error) bool { return target == io.ErrUnexpectedEOF }

// A SyntaxError reports damage: an event, or a part of one, that could not be read.
// It quotes nothing of the event, which may be large or private.
type SyntaxError struct {
	Event  int64 // which event of the stream, from 1
	Offset int   // the byte of the event's data at which reading failed; 0 if no single byte is at fault
	Length int   // bytes of the event's data; for a skipped event, the bytes that were counted
	Err    error // the cause: a *LimitError, or another error
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%scannot read event %d at byte %d of %d: %v", errorPrefix, e.Event, e.Offset, e.Length, e.Err)
}

// Unwrap returns e.Err.
func (e *SyntaxError) Unwrap() error { return e.Err }

// A LimitError reports which of the [Options] was exceeded.
type LimitError struct {
	Limit string // the field's name, such as "MaxEvent"
	Max   int    // the limit, in the unit that it counts
}

func (e *LimitError) Error() string {
	return "more than " + e.Limit + " allows: " + strconv.Itoa(e.Max)
}

// A DialectError reports that a stream is in another dialect than its parser reads,
// or in an unknown one.
type DialectError struct {
	Want Dialect // what the parser was made for
	Got  Dialect // what the stream looks like; Auto if that is unknown
}

func (e *DialectError) Error() string {
	if e.Got == Auto {
		return errorPrefix + "the dialect of the stream is not known"
	}
	return errorPrefix + "the stream is not " + e.Want.String() + ": it looks like " + e.Got.String()
}

// An APIError is an error that the provider reported inside a stream, under a status
// of success. Empty fields were not given. Each text except Raw is at most
// Options.MaxBadText bytes long.
type APIError struct {
	Message   string
	Type      string // such as "overloaded_error"
	Code      string // a word or a number, as it came
	Param     string
	RequestID string
	Status    int    // an HTTP status named in the error, or 0
	Event     string // the type of the SSE event that brought it
	Delivered bool   // output had been delivered before the error, so a retry would repeat it
	// Raw is a copy of the event. For a text that is not an event, it is the first
	// Options.MaxBadText bytes.
	Raw []byte
}

// Error returns the provider's message with its type, code and status, in one line.
func (e *APIError) Error() string {
	s := errorPrefix + "the provider reported an error"
	for _, part := range [...]string{e.Type, e.Code} {
		if part != "" {
			s += " " + part
		}
	}
	if e.Status != 0 && strconv.Itoa(e.Status) != e.Code {
		s += " (status " + strconv.Itoa(e.Status) + ")"
	}
	if e.Message != "" {
		s += ": " + oneLine(e.Message)
	}
	return s
}

// oneLine returns text with "; " in place of line breaks.
func oneLine(text string) string {
	if !strings.ContainsAny(text, "\r\n") {
		return text
	}
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' }), "; ")
}

// Retryable reports whether the error is temporary: an overloaded or failing server,
// a rate limit, a timeout. It does not take Delivered into account.
func (e *APIError) Retryable() bool {
	for _, word := range [...]string{e.Type, e.Code} {
		switch word {
		case "overloaded_error", "engine_overloaded_error", "server_is_overloaded", "service_unavailable_error", "api_error", "server_error", "internal_error", "internal_server_error",
			"rate_limit_error", "rate_limit_exceeded", "timeout_error", "timeout",
			"internalServerException", "modelStreamErrorException", "modelTimeoutException",
			"serviceUnavailableException", "throttlingException",
			"UNAVAILABLE", "INTERNAL", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED",
			"408", "429", "500", "502", "503", "504", "529":
			return true
		}
	}
	return e.Status == 408 || e.Status == 429 || e.Status >= 500
}

// publicFault returns the public form of an error of a lower layer.
func publicFault(err error) error {
	if limit, ok := err.(*fault.Limit); ok {
		return (*LimitError)(limit)
	}
	return err
}
