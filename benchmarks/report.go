package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

func (r *results) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// writeText writes all results for people.
func (r *results) writeText(to io.Writer) error {
	w := new(bytes.Buffer)
	m := &r.Machine
	fmt.Fprintf(w, "%s, %d cores, %s, %s\n%s\nmedians of %d pairs, quartiles in brackets\n",
		m.CPU, m.Cores, m.Platform, m.Go, strings.Join(m.Modules, ", "), r.Pairs)
	r.writeMatrix(w, "x bufio.Scanner", func(c *cell) string { return figures3(c.XScanner.Median) })
	r.writeMatrix(w, "ns/event", func(c *cell) string { return figures3(c.NsPerEvent.Median) })
	for _, info := range r.Workloads {
		r.writeWorkload(w, info)
	}
	section(w, "Bounds")
	r.writeBounds(w)
	_, err := to.Write(w.Bytes())
	return err
}

func section(w io.Writer, name string) { fmt.Fprintf(w, "\n== %s\n\n", name) }

func newTable(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

// writeMatrix writes one number of all cells, a column for each workload.
func (r *results) writeMatrix(w io.Writer, name string, number func(*cell) string) {
	section(w, name)
	t := newTable(w)
	row := func(name string, column func(workload string) string) {
		fmt.Fprint(t, name)
		for _, info := range r.Workloads {
			if info.Name != openStreams {
				fmt.Fprint(t, "\t", column(info.Name))
			}
		}
		fmt.Fprintln(t)
	}
	row("", func(workload string) string { return workload })
	for _, c := range contenders() {
		row(c.name, func(workload string) string {
			if got := r.cell(workload, c.name); got != nil {
				return number(got)
			}
			return "-"
		})
	}
	t.Flush()
}

// writeWorkload writes all that is known of one workload.
func (r *results) writeWorkload(w io.Writer, info workloadInfo) {
	section(w, info.Name+": "+info.About)
	t := newTable(w)
	if info.Events > 0 {
		fmt.Fprintf(w, "%d streams, %d events, %d bytes\n", info.Streams, info.Events, info.Bytes)
		fmt.Fprintln(t, "contender\tns/event\tMB/s\tx Scanner\tallocs/event\tB/event\tright")
	}
	for i := range r.Cells {
		c := &r.Cells[i]
		if c.Workload == info.Name {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%d/%d\n", c.Contender, figures3(c.NsPerEvent.Median), figures3(c.MBPerSecond),
				c.XScanner, figures3(c.AllocsPerEvent), figures3(c.BytesPerEvent), c.Right, c.Streams)
		}
	}
	for _, f := range r.Figures {
		if f.Workload == info.Name {
			fmt.Fprintf(t, "%s\t%s\t%s\n", f.Contender, f.What, f.Value)
		}
	}
	t.Flush()
}

// writeBounds writes a line for each bound and tells whether all are kept.
func (r *results) writeBounds(w io.Writer) (ok bool) {
	ok = true
	t := newTable(w)
	for _, v := range r.Bounds {
		word := "pass"
		if !v.Pass {
			word, ok = "MISS", false
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s %g\n", word, v.Workload, v.Contender, v.What, figures3(v.Measured), v.Is, v.Limit)
	}
	t.Flush()
	return ok
}

func (s spread) String() string {
	if s.Low == s.High {
		return figures3(s.Median)
	}
	return fmt.Sprintf("%s (%s..%s)", figures3(s.Median), figures3(s.Low), figures3(s.High))
}

// figures3 writes a number with three figures, or more before the point.
func figures3(x float64) string {
	switch {
	case x == 0:
		return "0"
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	case x >= 0.01:
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.1g", x)
}
