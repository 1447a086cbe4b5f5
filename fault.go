package llmstream

import "strconv"

// A limitFault is a limit that was exceeded. Its fields are those of the public
// error, which it is converted to.
type limitFault struct {
	Limit string // the name of the option
	Max   int
}

func (e *limitFault) Error() string {
	return "more than " + e.Limit + " allows: " + strconv.Itoa(e.Max)
}

// reason is what is wrong with bytes that cannot be read. It quotes nothing of them.
type reason string

func (r reason) Error() string { return string(r) }
