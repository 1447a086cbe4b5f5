package main

import (
	"bytes"
	"cmp"
	"errors"
	"image/color"
	"io"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The picture has a panel with the time of an event for each of two workloads, and one
// that compares some contenders with bufio.Scanner in all workloads. It has dots on a
// logarithmic axis, because the slowest takes hundreds of times as long as the fastest;
// bars would need a zero.

const (
	plotWidth = 620 * vg.Inch / vg.Length(72)
	rowHeight = 16 * vg.Inch / vg.Length(72)
	rowsExtra = 6 // the height of title, axis and margins, in rows
)

var sans = font.Font{Typeface: "Liberation", Variant: "Sans", Size: 11}

// A group of contenders has a colour.
var groups = []struct {
	name    string
	members func() []contender
	color   color.Color
}{
	{"this library", ours, color.RGBA{R: 0x09, G: 0x69, B: 0xda, A: 0xff}},
	{"loops by hand", loops, color.RGBA{R: 0xbc, G: 0x4c, B: 0x00, A: 0xff}},
	{"libraries", libraries, color.RGBA{R: 0x82, G: 0x50, B: 0xdf, A: 0xff}},
	{"baselines", baselines, color.RGBA{R: 0x6e, G: 0x77, B: 0x81, A: 0xff}},
}

var errNothingToDraw = errors.New("nothing was measured that could be drawn")

// writePlot draws the figures as SVG.
func (r *results) writePlot(w io.Writer) error {
	panels := r.panels()
	if len(panels) == 0 {
		return errNothingToDraw
	}
	svg := vgsvg.New(plotWidth, heightOf(panels))
	if err := drawPanels(draw.New(svg), panels); err != nil {
		return err
	}
	var out bytes.Buffer
	if _, err := svg.WriteTo(&out); err != nil {
		return err
	}
	// Without a fallback, viewers that lack the font would use one with serifs.
	_, err := w.Write(bytes.ReplaceAll(out.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:Liberation Sans,Arial,sans-serif")))
	return err
}

// panels returns the panels that have results.
func (r *results) panels() []*panel {
	all := []*panel{r.timePanel(longAnswer), r.timePanel(recordedStreams), r.scannerPanel()}
	return slices.DeleteFunc(all, func(p *panel) bool { return len(p.rows) == 0 })
}

// drawPanels draws panels, one below the other.
func drawPanels(to draw.Canvas, panels []*panel) error {
	to.SetColor(color.White)
	to.Fill(to.Rectangle.Path())
	top := to.Max.Y
	for _, p := range panels {
		drawn, err := p.plot()
		if err != nil {
			return err
		}
		bottom := top - p.height()
		drawn.Draw(draw.Crop(to, 8, -16, bottom-to.Min.Y+8, top-to.Max.Y-8))
		top = bottom
	}
	return nil
}

func heightOf(panels []*panel) (h vg.Length) {
	for _, p := range panels {
		h += p.height()
	}
	return h
}

// A panel is rows of dots.
type panel struct {
	title, axis string
	rows        []string // from top to bottom
	series      []series
}

type series struct {
	name     string
	color    color.Color
	labelled bool // the dots have their numbers
	points   []point
}

type point struct {
	row   int
	value float64
}

func (p *panel) height() vg.Length { return rowHeight * vg.Length(len(p.rows)+rowsExtra) }

// timePanel shows the time of an event for each contender.
func (r *results) timePanel(workload string) *panel {
	p := &panel{axis: "ns/event, logarithmic; less is better"}
	for _, info := range r.Workloads {
		if info.Name == workload {
			p.title = workload + ": " + info.About
		}
	}
	for _, g := range groups {
		s := series{name: g.name, color: g.color, labelled: true}
		for _, c := range g.members() {
			if got := r.cell(workload, c.name); got != nil {
				s.points = append(s.points, point{len(p.rows), got.NsPerEvent.Median})
				p.rows = append(p.rows, c.name)
			}
		}
		p.series = append(p.series, s)
	}
	return p
}

// scannerPanel shows the ratios of some contenders in all workloads.
func (r *results) scannerPanel() *panel {
	p := &panel{title: "all workloads, against bufio.Scanner over the same bytes; frames against copy and crc32", axis: "x bufio.Scanner, logarithmic; less is better"}
	p.series = []series{
		{name: push, color: groups[0].color, labelled: true},
		{name: fastjsonName, color: groups[1].color},
		{name: encodingJSON, color: color.RGBA{R: 0xcf, G: 0x22, B: 0x2e, A: 0xff}},
		{name: openAIGo, color: groups[2].color},
	}
	for _, info := range r.Workloads {
		found := false
		for i := range p.series {
			if c := r.cell(info.Name, p.series[i].name); c != nil {
				p.series[i].points = append(p.series[i].points, point{len(p.rows), c.XScanner.Median})
				found = true
			}
		}
		if found {
			p.rows = append(p.rows, info.Name)
		}
	}
	return p
}

func (p *panel) plot() (*plot.Plot, error) {
	out := plot.New()
	for _, f := range []*font.Font{
		&out.Title.TextStyle.Font, &out.X.Label.TextStyle.Font, &out.X.Tick.Label.Font, &out.Y.Tick.Label.Font, &out.Legend.TextStyle.Font,
	} {
		*f = sans
	}
	out.Title.Text, out.X.Label.Text = p.title, p.axis
	out.BackgroundColor = color.White
	out.X.Scale, out.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	names := slices.Clone(p.rows)
	slices.Reverse(names) // the axis counts from below
	out.NominalY(names...)
	out.Add(plotter.NewGrid())
	out.Legend.Top, out.Legend.Padding = true, 2
	for _, s := range p.series {
		if len(s.points) == 0 {
			continue
		}
		dots, labels, err := s.plotters(len(p.rows))
		if err != nil {
			return nil, err
		}
		out.Add(dots)
		if s.labelled {
			out.Add(labels)
		}
		out.Legend.Add(s.name, dots)
	}
	// Powers of ten around all dots, with room for the label of the last one.
	all := slices.Concat(p.values()...)
	out.X.Min, out.X.Max = 1, 10.0
	for out.X.Max < 2*slices.Max(all) {
		out.X.Max *= 10
	}
	for out.X.Min > slices.Min(all) {
		out.X.Min /= 10
	}
	out.Y.Min, out.Y.Max = -0.6, float64(len(p.rows))-0.4
	return out, nil
}

func (p *panel) values() (all [][]float64) {
	for _, s := range p.series {
		var v []float64
		for _, at := range s.points {
			v = append(v, at.value)
		}
		all = append(all, v)
	}
	return all
}

// plotters returns the dots of a series and their labels.
func (s *series) plotters(rows int) (*plotter.Scatter, *plotter.Labels, error) {
	var at plotter.XYLabels
	for _, p := range s.points {
		at.XYs = append(at.XYs, plotter.XY{X: p.value, Y: float64(rows - 1 - p.row)})
		at.Labels = append(at.Labels, figures3(p.value))
	}
	dots, err1 := plotter.NewScatter(at)
	labels, err2 := plotter.NewLabels(at)
	if err := cmp.Or(err1, err2); err != nil {
		return nil, nil, err
	}
	dots.GlyphStyle = draw.GlyphStyle{Color: s.color, Radius: 3.5, Shape: draw.CircleGlyph{}}
	labels.Offset = vg.Point{X: 6, Y: -3}
	for i := range labels.TextStyle {
		labels.TextStyle[i].Font = sans
		labels.TextStyle[i].Font.Size -= 2
	}
	return dots, labels, nil
}
