package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/seed-4d65deac/llmstream"
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
	chat, others := r.columns()
	for _, columns := range [...][]workloadInfo{chat, others} {
		r.writeMatrix(w, columns, xScanner, func(c *cell) string { return figures3(c.XScanner.Median) })
		r.writeMatrix(w, columns, "ns/event", func(c *cell) string { return figures3(c.NsPerEvent.Median) })
	}
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

// xScanner is the title of a comparison with the yardstick.
const xScanner = "x bufio.Scanner, or of frames x copy and crc32"

// columns returns the workloads of two matrices. The first has chat, the second all other
// dialects.
func (r *results) columns() (chat, others []workloadInfo) {
	for _, info := range r.Workloads {
		switch {
		case info.Name == openStreams:
		case info.Dialect == llmstream.OpenAIChat.String():
			chat = append(chat, info)
		default:
			others = append(others, info)
		}
	}
	return chat, others
}

// writeMatrix writes one number of each cell, with a column for each workload and a row
// for each contender that has a cell in one of them.
func (r *results) writeMatrix(w io.Writer, columns []workloadInfo, name string, number func(*cell) string) {
	if len(columns) == 0 {
		return
	}
	section(w, name)
	t := newTable(w)
	for _, info := range columns {
		fmt.Fprint(t, "\t", info.Name)
	}
	fmt.Fprintln(t)
	for _, c := range contenders() {
		row, any := c.name, false
		for _, info := range columns {
			value := "-"
			if got := r.cell(info.Name, c.name); got != nil {
				value, any = number(got), true
			}
			row += "\t" + value
		}
		if any {
			fmt.Fprintln(t, row)
		}
	}
	t.Flush()
}

// writeWorkload writes all results of one workload.
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

// writeBounds writes a line for each bound and reports whether all are kept.
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

// figures3 writes a number with three digits, or more if they are before the point.
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
