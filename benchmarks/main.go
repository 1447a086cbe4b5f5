// Command benchmarks compares llmstream with the loops and libraries that are used in its
// place; see README.md.
//
//	go run .                    # everything, into results/
//	go run . -check             # only the bounds in bounds.go: a line each, pass or miss
//	go run . -quick -out ''     # a test run; the figures mean little
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
)

func main() {
	ok, err := run(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchmarks:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// run reports success. With -check, a missed bound is a failure.
func run(args []string, stdout, progress io.Writer) (ok bool, err error) {
	flags := flag.NewFlagSet("benchmarks", flag.ExitOnError)
	workload := flags.String("workload", "", "measure only the workloads that match this `regexp`")
	contender := flags.String("contender", "", "measure only the contenders that match this `regexp`")
	pairs := flags.Int("pairs", thorough.pairs, "how many pairs a figure is the median of")
	isQuick := flags.Bool("quick", false, "measure few and short pairs, whatever -pairs says")
	check := flags.Bool("check", false, "tell which bounds are kept, write nothing, and fail if one is missed")
	out := flags.String("out", "results", "the `folder` to write to; '' for none")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	s := selection{boundsOnly: *check}
	if s.workload, err = regexp.Compile(*workload); err != nil {
		return false, err
	}
	if s.contender, err = regexp.Compile(*contender); err != nil {
		return false, err
	}
	m := method{pairs: max(1, *pairs), slice: thorough.slice}
	if *isQuick {
		m = quick
	}
	all, err := workloads(full)
	if err != nil {
		return false, err
	}
	r, err := m.measure(all, fullOpen, s, progress)
	if err != nil {
		return false, err
	}
	if *check {
		return r.writeBounds(stdout), nil
	}
	if err := r.writeText(stdout); err != nil || *out == "" {
		return err == nil, err
	}
	return true, r.save(*out)
}

// save writes the results to a folder, in all their forms.
func (r *results) save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, write := range map[string]func(io.Writer) error{
		"results.json": r.writeJSON,
		"results.txt":  r.writeText,
		"figures.svg":  r.writePlot,
		"picture.svg":  r.writePicture,
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
