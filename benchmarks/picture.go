package main

import (
	"io"
	"text/template"
)

// The picture in README.md of the repository has one panel: how long a long answer takes
// to read. Its bars have a linear scale, so that their lengths can be compared at a
// glance. It follows the reader's light or dark scheme.

// pictured are the contenders of the picture, and what people call them.
var pictured = []struct{ contender, label string }{
	{push, "llmstream"},
	{"Baseline-Scanner", "bufio.Scanner: only finds the lines"},
	{fastjsonName, "a loop with fastjson"},
	{encodingJSON, "a loop with encoding/json"},
	{"go-openai", "go-openai"},
	{openAIGo, "openai-go"},
}

// The measures of the picture, in pixels.
const (
	pictureWidth   = 720
	pictureTop     = 44
	pictureRow     = 30
	pictureBars    = 250 // where bars begin
	pictureLongest = 380 // the length of the longest bar
	pictureBar     = 16
)

type bar struct {
	Label, Time           string
	Ours                  bool
	Y, TextY, Length, End float64
}

// writePicture draws the picture as SVG.
func (r *results) writePicture(w io.Writer) error {
	var bars []bar
	longest := 0.0
	events := 0
	for _, info := range r.Workloads {
		if info.Name == longAnswer {
			events = info.Events
		}
	}
	for _, p := range pictured {
		c := r.cell(longAnswer, p.contender)
		if c == nil {
			continue
		}
		longest = max(longest, c.NsPerEvent.Median)
		y := float64(pictureTop + len(bars)*pictureRow)
		bars = append(bars, bar{
			Label: p.label, Ours: p.contender == push, Y: y, TextY: y + pictureBar - 4, Length: c.NsPerEvent.Median,
			Time: figures3(c.NsPerEvent.Median*float64(events)/1e6) + " ms",
		})
	}
	if len(bars) == 0 {
		return errNothingToDraw
	}
	for i := range bars {
		bars[i].Length = max(1, bars[i].Length/longest*pictureLongest)
		bars[i].End = pictureBars + bars[i].Length + 6
	}
	return pictureForm.Execute(w, map[string]any{
		"Width": pictureWidth, "Height": pictureTop + len(bars)*pictureRow + 6, "Bars": bars, "Left": pictureBars,
		"Labels": pictureBars - 10, "Bar": pictureBar, "Events": events,
	})
}

var pictureForm = template.Must(template.New("").Parse(`<svg xmlns="http://www.w3.org/2000/svg" width="{{.Width}}" height="{{.Height}}" viewBox="0 0 {{.Width}} {{.Height}}" role="img" aria-label="Time to read a long answer">
<style>
rect.page { fill: #ffffff } text { fill: #1f2328; font: 13px Arial, Helvetica, sans-serif } text.title { font-weight: bold; font-size: 14px }
rect.bar { fill: #8c959f } rect.ours { fill: #0969da } text.ours { font-weight: bold }
@media (prefers-color-scheme: dark) { rect.page { fill: #0d1117 } text { fill: #e6edf3 } rect.bar { fill: #6e7681 } rect.ours { fill: #4493f8 } }
</style>
<rect class="page" width="{{.Width}}" height="{{.Height}}" rx="6"/>
<text class="title" x="16" y="26">Time to read an answer of {{.Events}} events into a completion (less is better)</text>
{{- range .Bars}}
<text{{if .Ours}} class="ours"{{end}} x="{{$.Labels}}" y="{{.TextY}}" text-anchor="end">{{.Label}}</text>
<rect class="bar{{if .Ours}} ours{{end}}" x="{{$.Left}}" y="{{.Y}}" width="{{printf "%.1f" .Length}}" height="{{$.Bar}}"/>
<text{{if .Ours}} class="ours"{{end}} x="{{printf "%.1f" .End}}" y="{{.TextY}}">{{.Time}}</text>
{{- end}}
</svg>
`))
