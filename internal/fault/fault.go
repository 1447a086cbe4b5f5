package fault

import "strconv"

// A limitFault is a limit that was exceeded. Its fields are those of the public
// error, which it is converted to.
type Limit struct {
	Limit string // the name of the option
	Max   int
}

func (e *Limit) Error() string {
	return "more than " + e.Limit + " allows: " + strconv.Itoa(e.Max)
}

// reason is what is wrong with bytes that cannot be read. It quotes nothing of them.
type Reason string

func (r Reason) Error() string { return string(r) }
