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
)

// faults are what goes wrong with an answer, and how fast it comes.
type faults struct {
	pace             time.Duration
	cut, stall, rst  place
	fail             place
	stallFor         time.Duration // 0: until the client leaves
	status, failCode int
}

// A place in an answer is behind so many bytes, or so many events. The zero place
// is none.
type place struct {
	set    bool
	n      int
	events bool
}

var faultFlags = [...]struct {
	name, usage string
	set         func(f *faults, value string) error
}{
	{"pace", "wait a `DURATION`, such as 50ms, between one event and the next", func(f *faults, v string) error { return setDuration(&f.pace, v) }},
	{"cut", "end the answer at `PLACE` as if it were whole", func(f *faults, v string) error { return f.cut.parse(v) }},
	{"stall", "send nothing from `PLACE` on", func(f *faults, v string) error { return f.stall.parse(v) }},
	{"stall-for", "go on a `DURATION` after the place of -stall (default: never)", func(f *faults, v string) error { return setDuration(&f.stallFor, v) }},
	{"reset", "reset the connection at `PLACE`", func(f *faults, v string) error { return f.rst.parse(v) }},
	{"status", "answer with the status `CODE`, 400 to 599, and an error as the provider writes it", func(f *faults, v string) error { return setStatus(&f.status, v) }},
	{"fail", "at `PLACE`, send an error as the provider writes it inside a stream, and end", func(f *faults, v string) error { return f.fail.parse(v) }},
	{"fail-status", "what error that of -fail is, as a status `CODE` (default 503)", func(f *faults, v string) error { return setStatus(&f.failCode, v) }},
}

// stallTime is how long a stall lasts; below 0: for ever.
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

// of returns the faults of a request: f, with what the request asks for.
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
		err = errors.New("it is below 0")
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
		return fmt.Errorf("%q is no place such as 1000 or 3e", value)
	}
	*p = place{true, n, events}
	return nil
}

// within tells whether the place is in the piece of n bytes that is number event,
// in front of which so many bytes came, and how many bytes of the piece are
// before it. What is at the end of a piece is at the beginning of the next.
func (p place) within(event, sent, n int, end bool) (at int, ok bool) {
	switch {
	case !p.set:
		return 0, false
	case end:
		return 0, true // behind the end of a short answer
	case p.events:
		return 0, p.n <= event
	}
	return max(0, p.n-sent), p.n < sent+n
}

// What may happen in an answer.
const (
	faultNone = iota
	faultStall
	faultCut
	faultReset
	faultError
)

// next returns how many bytes of a piece are sent, and what happens then. The
// first of several faults happens.
func (f *faults) next(event, sent, n int, end bool) (send, what int) {
	send = n
	for _, fault := range [...]struct {
		what int
		at   place
	}{{faultStall, f.stall}, {faultError, f.fail}, {faultCut, f.cut}, {faultReset, f.rst}} {
		if at, ok := fault.at.within(event, sent, n, end); ok && (what == faultNone || at < send) {
			if fault.what == faultError {
				at = 0 // in front of an event and not inside one
			}
			send, what = at, fault.what
		}
	}
	return send, what
}

// settle is how long a connection is left alone before it is reset, since a reset
// takes with it what the client has not got yet.
const settle = 20 * time.Millisecond

// resetConn breaks the connection off: with a TCP reset, or one of the stream in HTTP/2.
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
