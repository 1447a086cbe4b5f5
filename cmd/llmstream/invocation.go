package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// An invocation is one run of a command: what it was asked to do, where it writes,
// and how well it went.
type invocation struct {
	dialect  llmstream.Dialect
	readSize uint
	slow     bool // without the shortcuts that are to be compared with the full parse
	color    bool
	shown    bool // show has had a stream already

	addr     string   // to listen at
	faults   faults   // of what serve answers
	upstream *url.URL // of proxy
	drain    time.Duration
	json     bool

	stdin  io.Reader
	stdout *bufio.Writer // keeps its first error, so that only Flush has to be checked
	stderr io.Writer
	status int
}

// errWrite means that standard output takes no more: nothing is left to do.
var errWrite = errors.New("cannot write the output")

// readAll does every stream of the named files and returns the exit status.
func (s *invocation) readAll(names []string, do func(*invocation, stream) error) (status int) {
	for _, name := range names {
		err := s.eachStream(name, func(one stream) error {
			err := do(s, one)
			if s.stdout.Flush() != nil {
				return errWrite
			}
			return err
		})
		if errors.Is(err, errWrite) {
			fmt.Fprintf(s.stderr, "llmstream: %v: %v\n", errWrite, s.stdout.Flush())
			return statusFailed
		}
		if err != nil {
			s.complain(name, err)
			s.worsen(statusFailed)
		}
	}
	return s.status
}

// doWhole does a command that does not read streams from files.
func (s *invocation) doWhole(c *command, arguments []string) (status int) {
	if err := c.whole(s, arguments); err != nil {
		fmt.Fprintf(s.stderr, "llmstream %s: %s\n", c.name, oneLine(errorText(err)))
		return statusFailed
	}
	return s.status
}

func (s *invocation) worsen(status int) { s.status = max(s.status, status) }

// complain tells what is wrong with a source, in one line.
func (s *invocation) complain(source string, problem error) {
	fmt.Fprintf(s.stderr, "llmstream: %s: %s\n", source, oneLine(errorText(withoutPath(problem))))
}

// withoutPath is a problem that does not name the file.
func withoutPath(problem error) error {
	if p, ok := problem.(*os.PathError); ok {
		return p.Err
	}
	return problem
}

// parse hands the deltas of a stream to h. The error is of the reading; what
// was odd about the stream itself is in the outcome.
func (s *invocation) parse(one stream, h llmstream.Handler) (llmstream.Outcome, error) {
	d := s.dialect
	if d == llmstream.Auto {
		d = one.dialect
	}
	p := llmstream.NewParser(d, h, &llmstream.Options{NoFastPath: s.slow})
	err := s.pour(p, one.body)
	if p.CloseWithError(err) != nil {
		s.worsen(statusFlawed)
	}
	return p.Outcome(), err
}

const bufferSize = 32 << 10

// pour hands from to to, in reads of the size that was asked for. What a read
// brought is shown before the next one, which may take its time.
func (s *invocation) pour(to io.Writer, from io.Reader) error {
	size := bufferSize
	if 0 < s.readSize && s.readSize < bufferSize {
		size = int(s.readSize)
	}
	buf := make([]byte, bufferSize)
	for {
		n, err := from.Read(buf)
		for rest := buf[:n]; len(rest) > 0; {
			k := min(size, len(rest))
			if _, err := to.Write(rest[:k]); err != nil {
				return err
			}
			rest = rest[k:]
		}
		if err := s.stdout.Flush(); err != nil {
			return err
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
