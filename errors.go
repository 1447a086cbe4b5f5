package llmstream

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/seed-4d65deac/llmstream/internal/fault"
)

const errorPrefix = "llmstream: "

var (
	// ErrTruncated: the stream ended before its answer did. It is an
	// io.ErrUnexpectedEOF to errors.Is.
	ErrTruncated error = truncated{}
	// ErrEmpty: the stream ended well and held no answer at all (E-12).
	ErrEmpty = errors.New(errorPrefix + "the stream held no answer")
	// ErrNotStream: the body was something else than a stream, such as plain
	// text (F-26).
	ErrNotStream = errors.New(errorPrefix + "the body is not a stream of events")
	// ErrCompressed: the body is gzip or zstd data. Feed it decoded (F-29).
	ErrCompressed = errors.New(errorPrefix + "the body is compressed: decode it first")
	// ErrStopped: a handler's error, or a cancellation before the answer was
	// complete, ended the reading.
	ErrStopped = errors.New(errorPrefix + "the reading was stopped")
)

type truncated struct{}

func (truncated) Error() string        { return errorPrefix + "the stream ended before its answer" }
func (truncated) Is(target error) bool { return target == io.ErrUnexpectedEOF }

// A SyntaxError is damage: an event, or a part of one, that could not be read.
// It quotes nothing of the event, which may be large or private (J-07).
type SyntaxError struct {
	Event  int64 // which event of the stream, from 1
	Offset int   // byte of the event's data at which reading failed; 0: no byte is to blame
	Length int   // bytes of the event's data; of a skipped one, those that were counted
	Err    error // what is wrong: a *LimitError, or a plain text
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%scannot read event %d at byte %d of %d: %v", errorPrefix, e.Event, e.Offset, e.Length, e.Err)
}

// Unwrap returns e.Err.
func (e *SyntaxError) Unwrap() error { return e.Err }

// A LimitError tells which of the [Options] was exceeded.
type LimitError struct {
	Limit string // the field's name, such as "MaxEvent"; "depth" for nesting
	Max   int    // the limit itself, in what it counts
}

func (e *LimitError) Error() string {
	return "more than " + e.Limit + " allows: " + strconv.Itoa(e.Max)
}

// A DialectError says that a stream is in another dialect than its parser reads
// (C-24, W-10), or in none that this library knows.
type DialectError struct {
	Want  Dialect // what the parser was made for
	Looks string  // the name of the dialect that the stream looks like; "": none that is known
}

func (e *DialectError) Error() string {
	if e.Looks == "" {
		return errorPrefix + "the dialect of the stream is not known"
	}
	return errorPrefix + "the stream is not " + e.Want.String() + ": it looks like " + e.Looks
}

// An APIError is an error that the provider reported inside a stream that had
// begun with success (E-01 … E-05, F-37 … F-39). Empty fields were not given; each
// text but Raw is at most Options.MaxBadText bytes long.
type APIError struct {
	Message   string
	Type      string // such as "overloaded_error"
	Code      string // a word or a number, as it came
	Param     string
	RequestID string
	Status    int    // an HTTP status named in the error; 0: none
	Event     string // the type of the SSE event that brought it
	Delivered bool   // output had been given before it: a retry would repeat that (E-06)
	// Raw is a copy of the event; of a text that is none, its first
	// Options.MaxBadText bytes.
	Raw []byte
}

// Error gives the provider's message with its type, code and status.
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
		s += ": " + e.Message
	}
	return s
}

// Retryable tells whether the error is of a kind that passes: an overloaded or
// failing server, a rate limit, a timeout. Whether output had been Delivered is
// for the caller to weigh.
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

// publicFault returns the public form of what a lower layer found wrong.
func publicFault(err error) error {
	if limit, ok := err.(*fault.Limit); ok {
		return (*LimitError)(limit)
	}
	return err
}
