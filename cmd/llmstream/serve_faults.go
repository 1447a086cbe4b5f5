package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// The faults of an answer, its pace, and its dialect.
type faults struct {
	as               llmstream.Dialect // the dialect in which recordings are written, or Auto for their own
	pace             time.Duration
	cut, stall, rst  place
	fail             place
	stallFor         time.Duration // 0 means until the client leaves
	status, failCode int
}

// A place in an answer comes after a number of bytes or of events. The zero place does
// not exist.
type place struct {
	set    bool
	n      int
	events bool
}

var faultFlags = [...]struct {
	name, usage string
	set         func(f *faults, value string) error
}{
	{"as", "write recordings in dialect `NAME`: " + targetNames, func(f *faults, v string) error { return setTarget(&f.as, v) }},
	{"pace", "wait a `DURATION`, such as 50ms, between events", func(f *faults, v string) error { return setDuration(&f.pace, v) }},
	{"cut", "end the answer at `PLACE` without an error", func(f *faults, v string) error { return f.cut.parse(v) }},
	{"stall", "send nothing from `PLACE` on", func(f *faults, v string) error { return f.stall.parse(v) }},
	{"stall-for", "continue a `DURATION` after the place of -stall (default: never)", func(f *faults, v string) error { return setDuration(&f.stallFor, v) }},
	{"reset", "reset the connection at `PLACE`", func(f *faults, v string) error { return f.rst.parse(v) }},
	{"status", "answer with the status `CODE`, 400 to 599, and an error in the form of the provider", func(f *faults, v string) error { return setStatus(&f.status, v) }},
	{"fail", "at `PLACE`, send an error in the form of the provider, and end", func(f *faults, v string) error { return f.fail.parse(v) }},
	{"fail-status", "the kind of error that -fail sends, as a status `CODE` (default 503)", func(f *faults, v string) error { return setStatus(&f.failCode, v) }},
}

// stallTime returns how long a stall lasts; a negative time means for ever.
func (f *faults) stallTime() time.Duration {
	if f.stallFor == 0 {
		return -1
	}
	return f.stallFor
}

func (f *faults) failStatus() int {
	if f.failCode == 0 {
		return http.StatusServiceUnavailable
	}
	return f.failCode
}

// of returns the faults of a request: f, with the changes that the request asks for.
func (f faults) of(req *http.Request) (faults, error) {
	query, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return f, errors.New("the query cannot be read")
	}
	for _, flag := range faultFlags {
		value := req.Header.Get(headerOf(flag.name))
		if query.Has(flag.name) {
			value = query.Get(flag.name)
		}
		if value == "" {
			continue
		}
		if err := flag.set(&f, value); err != nil {
			return f, fmt.Errorf("%s: %w", flag.name, err)
		}
	}
	return f, nil
}

func setDuration(d *time.Duration, value string) (err error) {
	*d, err = time.ParseDuration(value)
	if err == nil && *d < 0 {
		err = errors.New("it is negative")
	}
	return err
}

func setStatus(status *int, value string) (err error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 400 || n > 599 {
		return fmt.Errorf("%q is not the status of an error", value)
	}
	*status = n
	return nil
}

func (p *place) parse(value string) error {
	number, events := strings.CutSuffix(value, "e")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is not a place such as 1000 or 3e", value)
	}
	*p = place{true, n, events}
	return nil
}

// within reports whether the place is in a piece of n bytes, and how many bytes of the
// piece come before it. The piece is number event and follows sent bytes. A place at the
// end of a piece belongs to the next one; end says that the piece is the end itself.
func (p place) within(event, sent, n int, end bool) (at int, ok bool) {
	switch {
	case !p.set:
		return 0, false
	case end:
		return 0, true // the answer was shorter
	case p.events:
		return 0, p.n <= event
	}
	return max(0, p.n-sent), p.n < sent+n
}

// What can happen in an answer.
const (
	faultNone = iota
	faultStall
	faultCut
	faultReset
	faultError
)

// next returns how many bytes of a piece are sent, and what happens then: the first of
// the faults in this piece. The parameters have the same meaning as in within.
func (f *faults) next(event, sent, n int, end bool) (send, what int) {
	send = n
	for _, fault := range [...]struct {
		what int
		at   place
	}{{faultStall, f.stall}, {faultError, f.fail}, {faultCut, f.cut}, {faultReset, f.rst}} {
		if at, ok := fault.at.within(event, sent, n, end); ok && (what == faultNone || at < send) {
			if fault.what == faultError {
				at = 0 // before the event and not inside it
			}
			send, what = at, fault.what
		}
	}
	return send, what
}

// settle is how long a connection rests before it is reset. A reset discards what the
// client has not read yet.
const settle = 20 * time.Millisecond

// resetConn sends a TCP reset, or in HTTP/2 a reset of the stream.
func resetConn(w http.ResponseWriter, flow *http.ResponseController) {
	time.Sleep(settle)
	conn, _, err := flow.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
	panic(http.ErrAbortHandler)
}
