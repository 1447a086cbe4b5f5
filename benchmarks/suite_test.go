package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestSuite does everything that a real run does, with small workloads.
func TestSuite(t *testing.T) {
	m := method{pairs: 1, slice: 100 * time.Microsecond}
	open := openScale{streams: 100, answers: 10, answerEvents: 100}
	r, err := m.measure(smallWorkloads(t), open, selection{workload: regexp.MustCompile(""), contender: regexp.MustCompile("")}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Bounds) != len(bounds) {
		t.Errorf("%d of %d bounds were judged: the others name what is not measured", len(r.Bounds), len(bounds))
	}
	want := map[string]int{} // the number of cells of a contender
	for _, w := range smallWorkloads(t) {
		for _, c := range contendersOf(w.dialect) {
			want[c.name]++
		}
	}
	got := map[string]int{}
	for _, c := range r.Cells {
		got[c.Contender]++
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the contenders have %v cells, not %v", got, want)
	}
	for _, c := range r.Cells {
		if c.NsPerEvent.Median <= 0 || c.XScanner.Median <= 0 || c.MBPerSecond <= 0 || c.Right == 0 {
			t.Errorf("a cell with nothing in it: %+v", c)
		}
	}

	t.Run("json", func(t *testing.T) {
		var b bytes.Buffer
		var back results
		if err := r.writeJSON(&b); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b.Bytes(), &back); err != nil || !reflect.DeepEqual(r, &back) {
			t.Errorf("it is not read back as it was written: %v", err)
		}
	})
	t.Run("text", func(t *testing.T) {
		var b strings.Builder
		if err := r.writeText(&b); err != nil {
			t.Fatal(err)
		}
		for _, c := range contenders() {
			if got := strings.Count(b.String(), "\n"+c.name+" "); got < 2+want[c.name] { // a line in at least two tables, and one for each workload
				t.Errorf("%s has %d lines, not %d", c.name, got, 2+want[c.name])
			}
		}
	})
	t.Run("svg", func(t *testing.T) {
		var b bytes.Buffer
		if err := r.writePlot(&b); err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(b.Bytes(), new(struct{})); err != nil {
			t.Error(err)
		}
		for _, w := range r.Workloads[:len(r.Workloads)-1] {
			if !bytes.Contains(b.Bytes(), []byte(">"+w.Name)) {
				t.Errorf("%s is not in the picture", w.Name)
			}
		}
	})
	t.Run("picture", func(t *testing.T) {
		var b bytes.Buffer
		if err := r.writePicture(&b); err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(b.Bytes(), new(struct{})); err != nil {
			t.Error(err)
		}
		for _, p := range pictured {
			if !bytes.Contains(b.Bytes(), []byte(">"+p.label+"<")) {
				t.Errorf("%s is not in the picture", p.label)
			}
		}
	})
	t.Run("nothing to draw", func(t *testing.T) {
		for _, draw := range []func(io.Writer) error{new(results).writePlot, new(results).writePicture} {
			if err := draw(io.Discard); err == nil {
				t.Error("an empty picture was drawn")
			}
		}
	})
}

func TestSelection(t *testing.T) {
	all := regexp.MustCompile("")
	for _, test := range []struct {
		s    selection
		what string
		want bool
	}{
		{selection{all, all, false}, "anything", true},
		{selection{all, all, true}, "anything", false},
		{selection{all, all, true}, against(scannerName), true},
		{selection{regexp.MustCompile("crlf"), all, false}, "anything", false},
		{selection{all, regexp.MustCompile("pull"), true}, against(scannerName), false},
	} {
		if got := test.s.has(longAnswer, push, test.what); got != test.want {
			t.Errorf("%+v, %s: %v", test.s, test.what, got)
		}
	}
}

func TestJudge(t *testing.T) {
	r := &results{
		Cells: []cell{{Workload: longAnswer, Contender: push, Yardstick: scannerName, XScanner: spread{Median: 0.9}}},
		Figures: []figure{
			{longAnswer, openAIGo, against(push), spread{Median: 299}},
		},
	}
	r.Bounds = r.judge()
	if len(r.Bounds) != 2 || !r.Bounds[0].Pass || r.Bounds[1].Pass {
		t.Errorf("%+v", r.Bounds)
	}
	var b strings.Builder
	if r.writeBounds(&b) {
		t.Error("a bound is missed and all is well")
	}
	if text := b.String(); !strings.Contains(text, "pass") || !strings.Contains(text, "MISS") {
		t.Errorf("%s", text)
	}
}
