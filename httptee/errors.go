package httptee

import "fmt"

// A LagError says that the inflater of a compressed body was further behind than
// Options.MaxLag allows, so that parsing ended there. The client got all bytes.
type LagError struct {
	Max int // Options.MaxLag
}

func (e *LagError) Error() string {
	return fmt.Sprintf("httptee: more than %d bytes wait to be decoded: the rest was not read", e.Max)
}

// A PanicError says that a handler of deltas, or a decoder, panicked in a
// goroutine of this package, where nobody else could have caught it.
type PanicError struct {
	Value any // what it panicked with
}

func (e *PanicError) Error() string { return fmt.Sprintf("httptee: a handler panicked: %v", e.Value) }
