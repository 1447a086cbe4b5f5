// Package fault holds the errors of the packages that read bytes. They know nothing
// of the public errors, which are made from these where they leave the module: Limit
// converts to a public type with the same fields, and Reason is the text of one.
package fault

import "strconv"

// Limit reports that a limit was exceeded.
type Limit struct {
	Limit string // the name of the option that sets it
	Max   int    // the limit itself
}

func (e *Limit) Error() string {
	return "more than " + e.Limit + " allows: " + strconv.Itoa(e.Max)
}

// Reason is why bytes cannot be read. It quotes none of them.
type Reason string

func (r Reason) Error() string { return string(r) }
