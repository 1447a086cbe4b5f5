package main

import (
	"fmt"
	"io"
	"regexp"

	"github.com/seed-4d65deac/llmstream"
)

// A selection says which cells of the table a run measures.
type selection struct {
	workload, contender *regexp.Regexp
	boundsOnly          bool // only the cells and figures of bounds
}

// versus are the comparisons that are measured in addition to that with bufio.Scanner.
var versus = [...]struct{ contender, other string }{
	{openAIGo, push},
	{anthropicGo, push},
	{encodingJSON, push},
	{fastjsonName, push},
	{push, usageOnly},
}

func (s *selection) has(workload, contender, what string) bool {
	if !s.workload.MatchString(workload) || !s.contender.MatchString(contender) {
		return false
	}
	if !s.boundsOnly {
		return true
	}
	for _, b := range bounds {
		if b.workload == workload && b.contender == contender && b.what == what {
			return true
		}
	}
	return false
}

// measure measures what is selected, and writes each step to progress.
func (m method) measure(all []*workload, open openScale, s selection, progress io.Writer) (*results, error) {
	r := &results{Machine: thisMachine(), Pairs: m.pairs}
	byName := map[string]contender{}
	for _, c := range contenders() {
		byName[c.name] = c
	}
	for _, w := range all {
		if !s.workload.MatchString(w.name) {
			continue
		}
		r.Workloads = append(r.Workloads, w.info())
		for _, c := range contendersOf(w.dialect) {
			if !s.has(w.name, c.name, against(yardstick(w.dialect))) {
				continue
			}
			made, err := m.cell(w, c)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(progress, "%s %s: %v ns/event, %v x %s\n", w.name, c.name, made.NsPerEvent, made.XScanner, made.Yardstick)
			r.Cells = append(r.Cells, *made)
		}
		for _, v := range versus {
			if !s.has(w.name, v.contender, against(v.other)) {
				continue
			}
			a, b := byName[v.contender].new(w.dialect), byName[v.other].new(w.dialect)
			if a == nil || b == nil {
				continue
			}
			ratio, _ := m.race(newRacer(a, w.streams), newRacer(b, w.streams))
			fmt.Fprintf(progress, "%s %s: %v x %s\n", w.name, v.contender, ratio, v.other)
			r.Figures = append(r.Figures, figure{w.name, v.contender, against(v.other), ratio})
		}
	}
	if s.workload.MatchString(openStreams) {
		figures, err := m.measureOpen(open)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", openStreams, err)
		}
		fmt.Fprintln(progress, openStreams)
		r.Workloads = append(r.Workloads, workloadInfo{Name: openStreams, About: openAbout, Dialect: llmstream.OpenAIChat.String(), Streams: open.streams})
		r.Figures = append(r.Figures, figures...)
	}
	r.Bounds = r.judge()
	return r, nil
}

func (w *workload) info() workloadInfo {
	return workloadInfo{Name: w.name, About: w.about, Dialect: w.dialect.String(), Streams: len(w.streams), Events: w.events(), Bytes: w.size()}
}

// cell measures one contender in one workload. Ours must read every stream correctly; for
// the others the number of correct streams is part of the result.
func (m method) cell(w *workload, c contender) (*cell, error) {
	x := newRacer(c.new(w.dialect), w.streams)
	out := &cell{Workload: w.name, Contender: c.name, Yardstick: yardstick(w.dialect), Streams: len(w.streams), Right: x.right()}
	if out.Right < out.Streams && isOurs(c.name) {
		return nil, fmt.Errorf("%s has read %d of the %d streams of %s wrongly", c.name, out.Streams-out.Right, out.Streams, w.name)
	}
	ratio, took := m.race(x, newRacer(newYardstick(w.dialect), w.plain))
	objects, size := x.allocations()
	events := float64(w.events())
	out.XScanner = ratio
	out.NsPerEvent = spread{took.Median / events, took.Low / events, took.High / events}
	out.MBPerSecond = float64(w.size()) / took.Median * 1e3
	out.AllocsPerEvent, out.BytesPerEvent = objects/events, size/events
	return out, nil
}

func isOurs(name string) bool {
	for _, c := range ours() {
		if c.name == name {
			return true
		}
	}
	return false
}
