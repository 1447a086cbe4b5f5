// Command llmstream reads recorded or live streams of LLM providers and tells
// what is in them: the folded answer, its events, its deltas, or a page for
// people. It also serves recordings as the providers do, and tells of the streams
// that pass through it as a proxy. Run it with -h.
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

// The exit statuses. The worst of what happened wins.
const (
	statusWhole  = 0 // every stream was complete and undamaged
	statusFlawed = 1 // a stream was not, and the output tells how
	statusFailed = 2 // a wrong call, or a file that could not be read
)

// A command is what the first argument names.
type command struct {
	name, arguments, summary string
	help                     string // what -h tells beyond the flags
	flags                    func(*invocation, *flag.FlagSet)
	do                       func(*invocation, stream) error   // an error means that s could not be read
	whole                    func(*invocation, []string) error // in place of do: all of the command, given its arguments
}

var commands = [...]command{foldCommand, eventsCommand, deltasCommand, showCommand, convertCommand, serveCommand, proxyCommand, demoCommand}

// run is the whole program but for its exit.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) (status int) {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage())
		return statusFailed
	}
	switch name := args[0]; name {
	case "-h", "-help", "--help", "help":
		return printHelp(stdout, stderr, usage())
	default:
		for i := range commands {
			if commands[i].name == name {
				return commands[i].run(args[1:], stdin, stdout, stderr)
			}
		}
		fmt.Fprintf(stderr, "llmstream: there is no command %q\n\n%s", name, usage())
		return statusFailed
	}
}

func usage() string {
	var b strings.Builder
	b.WriteString("llmstream reads streaming answers of LLM providers.\n\nUsage:\n\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  llmstream %-7s [flags] %-8s  %s\n", c.name, c.arguments, c.summary)
	}
	b.WriteString(fileHelp)
	b.WriteString(statusHelp)
	b.WriteString("\n\"llmstream COMMAND -h\" tells more of a command.\n")
	return b.String()
}

const fileHelp = `
A FILE is the body of a response as it came, or with the extension
  .b64         base64 of one;
  .yaml, .yml  a go-vcr cassette, version 1 or 2: each of its interactions whose
               response is a stream is read, and named FILE#id.
"-" is the body on standard input.
`

const statusHelp = `
Exit status:
  0  every stream was complete and undamaged
  1  a stream was not complete, or a part of one could not be read; the output
     is whole all the same
  2  a wrong call, or a file that could not be read; the other files are done
`

const wholeStatusHelp = `
Exit status:
  0  all went well, also if it was interrupted
  2  a wrong call, or it could not begin or go on
`

func printHelp(stdout, stderr io.Writer, text string) (status int) {
	if _, err := io.WriteString(stdout, text); err != nil {
		fmt.Fprintln(stderr, "llmstream:", err)
		return statusFailed
	}
	return statusWhole
}

func (c *command) run(args []string, stdin io.Reader, stdout, stderr io.Writer) (status int) {
	s := &invocation{stdin: stdin, stdout: bufio.NewWriter(stdout), stderr: stderr, color: isTerminal(stdout)}
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // it would print help and mistakes to the same place
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
		fmt.Fprintf(stderr, "llmstream %s: %v\n\n%s", c.name, err, c.usage(flags))
		return statusFailed
	}
	if c.whole != nil {
		return s.doWhole(c, flags.Args())
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

func dialectFlag(s *invocation, flags *flag.FlagSet) {
	var names []string
	for d := llmstream.Auto; d.String() != "unknown"; d++ {
		names = append(names, d.String())
	}
	flags.Func("dialect", "the streams are in dialect `NAME`: "+strings.Join(names, ", ")+" (default auto)", func(name string) (err error) {
		s.dialect, err = llmstream.ParseDialect(name)
		return err
	})
}

func readFlag(s *invocation, flags *flag.FlagSet) {
	flags.UintVar(&s.readSize, "read", 0, "hand the input on in reads of at most `N` bytes; 0: as it comes, at most 32 KiB")
}

func fastFlag(s *invocation, flags *flag.FlagSet) {
	flags.BoolFunc("fast", "take the shortcuts of the parser (default true); -fast=false compares with the full parse", func(value string) error {
		fast, err := strconv.ParseBool(value)
		s.slow = !fast
		return err
	})
}

// isTerminal tells whether w is one, as nearly as the standard library can: a
// character device.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
