package httptee

import "fmt"

// A LagError reports that more compressed bytes waited for the inflater than
// Options.MaxLag allows, so that parsing ended there. The client got all bytes.
type LagError struct {
	Max int // Options.MaxLag, in bytes
}

func (e *LagError) Error() string {
	return fmt.Sprintf("httptee: more than %d bytes wait to be decoded: the rest was not read", e.Max)
}

// An InflateError reports that a compressed body exceeded one of the limits in Options,
// so that parsing ended there. The client got all bytes.
type InflateError struct {
	Limit string // the option's name: "MaxInflated", "MaxRatio" or "MaxLate"
	Max   int64  // its value, in decoded bytes; for MaxRatio, in decoded bytes for each compressed byte
}

func (e *InflateError) Error() string {
	return fmt.Sprintf("httptee: the compressed body holds more than %s allows: %d", e.Limit, e.Max)
}

// A PanicError reports that a handler of deltas, or a decoder, panicked in a
// goroutine of this package, where the caller could not have recovered it.
type PanicError struct {
	Value any // the value that it panicked with
}

func (e *PanicError) Error() string { return fmt.Sprintf("httptee: a handler panicked: %v", e.Value) }
