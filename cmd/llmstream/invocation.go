package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// An invocation is one run of a command: what was asked for, where the output goes,
// and how well it went.
type invocation struct {
	dialect  llmstream.Dialect
	readSize uint
	slow     bool // without the fast path, for comparison
	color    bool // show dims reasoning
	shown    bool // show has printed a stream already

	addr     string // where to listen
	faults   faults // of the answers of serve
	upstream string // of proxy
	drain    time.Duration
	to       llmstream.Dialect // the dialect in which proxy gives streams to clients, or Auto to leave them as they are
	json     bool

	stdin     io.Reader
	rawStdout io.Writer
	stdout    *bufio.Writer // writes to rawStdout; it keeps its first error, so that only Flush has to be checked
	stderr    io.Writer
	progress  *progress // nil if it is not shown
	status    int
}

// errWrite means that standard output takes no more, so that nothing is left to do.
var errWrite = errors.New("cannot write the output")

// readAll handles every stream of the named files, one after the other, and returns
// the exit status.
func (s *invocation) readAll(names []string, do func(*invocation, stream) error) (status int) {
	s.progress.begin(names)
	defer s.progress.clear()
	for _, name := range names {
		if err := s.readFile(name, do); err != nil {
			return s.failWrite(err)
		}
	}
	return s.status
}

// readFile handles every stream of a file. Its only error is errWrite: what is wrong
// with the file is printed.
func (s *invocation) readFile(name string, do func(*invocation, stream) error) error {
	err := s.eachStream(name, func(one stream) error {
		err := do(s, one)
		if flushErr := s.stdout.Flush(); flushErr != nil {
			return fmt.Errorf("%w: %w", errWrite, flushErr)
		}
		return err
	})
	if errors.Is(err, errWrite) {
		return err
	}
	if err != nil {
		s.complain(name, err)
		s.worsen(statusFailed)
	}
	return nil
}

func (s *invocation) failWrite(err error) (status int) {
	s.progress.clear()
	fmt.Fprintf(s.stderr, "llmstream: %s\n", field(errorText(err)))
	return statusFailed
}

// A job is a file that is read in a goroutine of its own, with its output.
type job struct {
	invocation
	output, problems bytes.Buffer
	done             chan struct{}
}

// readParallel is readAll with as many files at a time as there are processors. The
// output is in the order of the names all the same. Standard input has to be read in
// its turn, because it may be named twice.
func (s *invocation) readParallel(names []string, do func(*invocation, stream) error) (status int) {
	limit := min(runtime.GOMAXPROCS(0), len(names))
	for _, name := range names {
		if name == "-" {
			limit = 1
		}
	}
	if limit < 2 {
		return s.readAll(names, do)
	}
	s.progress.begin(names)
	defer s.progress.clear()
	jobs := make([]*job, len(names))
	begun := 0
	for i := range names {
		// A file begins when an earlier one has been printed, so that the outputs that
		// wait for their turn stay few.
		for ; begun < len(names) && begun < i+limit; begun++ {
			jobs[begun] = s.begin(names[begun], do)
		}
		one := jobs[i]
		<-one.done
		jobs[i] = nil
		if err := s.print(one); err != nil {
			return s.failWrite(err)
		}
	}
	return s.status
}

func (s *invocation) begin(name string, do func(*invocation, stream) error) *job {
	one := &job{invocation: *s, done: make(chan struct{})}
	one.stdout, one.stderr, one.status = bufio.NewWriter(&one.output), &one.problems, statusWhole
	go func() {
		defer close(one.done)
		one.readFile(name, do) // writing to a buffer never fails
	}()
	return one
}

func (s *invocation) print(one *job) error {
	s.worsen(one.status)
	if one.problems.Len() > 0 {
		s.progress.clear()
		s.stderr.Write(one.problems.Bytes())
	}
	s.stdout.Write(one.output.Bytes())
	if err := s.stdout.Flush(); err != nil {
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	return nil
}

// doWhole runs a command that does not read streams from files.
func (s *invocation) doWhole(c *command, arguments []string) (status int) {
	err := c.whole(s, arguments)
	var wrong wrongCall
	switch {
	case err == nil:
		return s.status
	case errors.As(err, &wrong):
		return refuseCall(s.stderr, c.name, err)
	}
	fmt.Fprintf(s.stderr, "llmstream %s: %s\n", c.name, field(errorText(err)))
	return statusFailed
}

func (s *invocation) worsen(status int) { s.status = max(s.status, status) }

// complain prints what is wrong with a source.
func (s *invocation) complain(source string, problem error) {
	s.progress.clear()
	s.stderr.Write(complaint(source, errorText(withoutPath(problem))))
}

// complaint returns the line that says what is wrong with a source.
func complaint(source, problem string) []byte {
	return fmt.Appendf(nil, "llmstream: %s: %s\n", quotedField(source), field(problem))
}

// withoutPath returns the error of a file without the file's name.
func withoutPath(problem error) error {
	if p, ok := problem.(*os.PathError); ok {
		return p.Err
	}
	return problem
}

// parse gives the deltas of a stream to h. The error is one of reading the input; what
// is wrong with the stream itself is in the outcome.
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

// pour copies from to to, in writes of the size that was asked for. It flushes the
// output of each read before the next read, which may have to wait.
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
