// Command llmstream reads recorded or live streams of LLM providers and prints what
// they hold: the assembled answer, the events, the deltas, or a page for people. It
// also serves recordings as the providers do, and reports on the streams that pass
// through it as a proxy. Run it with -h.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/seed-4d65deac/llmstream"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// The exit statuses. The highest one that applies is returned.
const (
	statusWhole  = 0 // every stream was complete and undamaged
	statusFlawed = 1 // a stream was not; the output says how
	statusFailed = 2 // a wrong call, or a file that could not be read
)

// A command is what the first argument names. It has either do or whole.
type command struct {
	name, arguments, summary string
	help                     string // the text of -h above the flags
	flags                    func(*invocation, *flag.FlagSet)
	do                       func(*invocation, stream) error   // handles one stream of a file; an error means that it could not be read
	parallel                 bool                              // do may run for several files at a time
	whole                    func(*invocation, []string) error // does everything, given the arguments
}

var commands = [...]command{
	foldCommand, eventsCommand, deltasCommand, showCommand, convertCommand, serveCommand, proxyCommand, demoCommand,
	versionCommand,
}

// A wrongCall is an error in the arguments of a command.
type wrongCall struct{ problem string }

func (e wrongCall) Error() string { return e.problem }

// run is the whole program except for its exit.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) (status int) {
	if len(args) == 0 {
		return refuseCall(stderr, "", errors.New("no command is given"))
	}
	name := args[0]
	switch name {
	case "-h", "-help", "--help", "help":
		return printHelp(stdout, stderr, usage())
	case "-version", "--version":
		name = "version"
	}
	for i := range commands {
		if commands[i].name == name {
			return commands[i].run(args[1:], stdin, stdout, stderr)
		}
	}
	return refuseCall(stderr, "", fmt.Errorf("there is no command %q", name))
}

// refuseCall prints what is wrong with the arguments and where the right ones are
// described, in one line. The name is that of the command, if it is known.
func refuseCall(stderr io.Writer, name string, problem error) (status int) {
	program := "llmstream"
	if name != "" {
		program += " " + name
	}
	fmt.Fprintf(stderr, "%s: %s; see \"%s -h\"\n", program, field(errorText(problem)), program)
	return statusFailed
}

func usage() string {
	var b strings.Builder
	b.WriteString("llmstream reads streaming answers of LLM providers.\n\nUsage:\n\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  llmstream %-7s [flags] %-8s  %s\n", c.name, c.arguments, c.summary)
	}
	b.WriteString(fileHelp)
	b.WriteString(statusHelp)
	b.WriteString("\nRun \"llmstream COMMAND -h\" for more about a command.\n")
	return b.String()
}

const fileHelp = `
A FILE holds the body of a response as it was received, or with the extension
  .b64         the same in base64;
  .yaml, .yml  a go-vcr cassette, version 1 or 2: each interaction whose response
               is a stream is read, under the name FILE#id.
"-" is the body on standard input.
`

const statusHelp = `
Exit status:
  0  every stream was complete and undamaged
  1  a stream was incomplete, or part of one could not be read; the output is
     still printed in full
  2  a usage error, or a file that could not be read; other files are still read
`

const wholeStatusHelp = `
Exit status:
  0  success, also after an interrupt
  2  a usage error, or the command could not start or continue
`

func printHelp(stdout, stderr io.Writer, text string) (status int) {
	if _, err := io.WriteString(stdout, text); err != nil {
		fmt.Fprintln(stderr, "llmstream:", field(err.Error()))
		return statusFailed
	}
	return statusWhole
}

func (c *command) run(args []string, stdin io.Reader, stdout, stderr io.Writer) (status int) {
	s := &invocation{
		stdin: stdin, rawStdout: stdout, stdout: bufio.NewWriter(stdout), stderr: stderr,
		color: isTerminal(stdout) && wantsColor(), progress: newProgress(stdout, stderr),
	}
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the package would print help and mistakes to the same place
	c.flags(s, flags)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return printHelp(stdout, stderr, c.usage(flags))
	case err != nil:
	case c.do != nil && flags.NArg() == 0:
		err = errors.New("no FILE is given")
	case c.arguments == "" && flags.NArg() > 0:
		err = errors.New("it takes no arguments")
	}
	if err != nil {
		return refuseCall(stderr, c.name, err)
	}
	if c.whole != nil {
		return s.doWhole(c, flags.Args())
	}
	if c.parallel {
		return s.readParallel(flags.Args(), c.do)
	}
	return s.readAll(flags.Args(), c.do)
}

func (c *command) usage(flags *flag.FlagSet) string {
	var b strings.Builder
	var listed strings.Builder
	flags.SetOutput(&listed)
	flags.PrintDefaults()
	flags.SetOutput(io.Discard)
	words := []string{"Usage: llmstream", c.name}
	if listed.Len() > 0 {
		words = append(words, "[flags]")
	}
	if c.arguments != "" {
		words = append(words, c.arguments)
	}
	fmt.Fprintf(&b, "%s\n\n%s\n", strings.Join(words, " "), c.help)
	if listed.Len() > 0 {
		fmt.Fprintf(&b, "\nFlags:\n%s", &listed)
	}
	if c.arguments != "" {
		b.WriteString(fileHelp)
	}
	if c.do != nil {
		b.WriteString(statusHelp)
	} else {
		b.WriteString(wholeStatusHelp)
	}
	return b.String()
}

func noFlags(*invocation, *flag.FlagSet) {}

func dialectFlag(s *invocation, flags *flag.FlagSet) {
	var names []string
	for d := llmstream.Auto; d.String() != "unknown"; d++ {
		names = append(names, d.String())
	}
	flags.Func("dialect", "read the streams in dialect `NAME`: "+strings.Join(names, ", ")+" (default auto)", func(name string) (err error) {
		s.dialect, err = llmstream.ParseDialect(name)
		return err
	})
}

func readFlag(s *invocation, flags *flag.FlagSet) {
	flags.UintVar(&s.readSize, "read", 0, "split the input into reads of at most `N` bytes; 0 means reads as they come, at most 32 KiB")
}

func fastFlag(s *invocation, flags *flag.FlagSet) {
	flags.BoolFunc("fast", "use the fast path of the parser (default true); -fast=false runs the full parse, for comparison", func(value string) error {
		fast, err := strconv.ParseBool(value)
		s.slow = !fast
		return err
	})
}
