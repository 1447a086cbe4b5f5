package main

import (
	"os"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
)

// small is quick, and large enough to reach every path.
var small = scale{events: 100, huge: 64 << 10}

func smallWorkloads(t *testing.T) []*workload {
	all, err := workloads(small)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Every contender reads every workload correctly, so that none is fast because it reads
// less. With the corpus, only this library has to.
func TestContendersAreRight(t *testing.T) {
	for _, w := range smallWorkloads(t) {
		for _, c := range contendersOf(w.dialect) {
			t.Run("workload="+w.name+"/contender="+c.name, func(t *testing.T) {
				if strings.HasPrefix(w.name, recordedStreams) && os.Getenv(corpusVariable) != "" && !isOurs(c.name) {
					t.Skipf("%s is set, and others need not be right there", corpusVariable)
				}
				r := c.new(w.dialect)
				for range 2 { // the second time with the memory of the first
					for i, s := range w.streams {
						var f feed
						f.open(s)
						r.read(&f)
						if err := r.verify(s); err != nil {
							t.Errorf("stream %d: %v", i, err)
						}
					}
				}
			})
		}
	}
}

// A contender that reads something else fails.
func TestWrongAnswersAreSeen(t *testing.T) {
	found := func(c contender, d llmstream.Dialect, read, other *stream) {
		t.Run("dialect="+d.String()+"/contender="+c.name, func(t *testing.T) {
			r := c.new(d)
			var f feed
			f.open(read)
			r.read(&f)
			if err := r.verify(other); err == nil {
				t.Error("it has read another stream, and that was not seen")
			}
		})
	}
	for _, c := range contendersOf(llmstream.OpenAIChat) {
		found(c, llmstream.OpenAIChat, talk(cerebras, 0, 100, "\n"), talk(cerebras, 1, 101, "\n"))
	}
	for i := range dialects {
		d := &dialects[i]
		other := d.longAnswers(101)
		for k, w := range d.longAnswers(100) {
			for _, c := range contendersOf(d.recordings.dialect) {
				found(c, d.recordings.dialect, w.streams[0], other[k].streams[0])
			}
		}
	}
}

func TestCompare(t *testing.T) {
	with := func(change func(*choice)) *answer {
		a := &answer{usage: usage{1, 2, 3}}
		c := a.choice(0)
		c.content, c.reasoning, c.finish = []byte("text"), []byte("thought"), "stop"
		c.addCall(0, "tool", "{}")
		change(c)
		return a
	}
	same := func(*choice) {}
	want := with(same)
	for name, test := range map[string]struct {
		got  *answer
		part parts
	}{
		"content":   {with(func(c *choice) { c.content = []byte("test") }), partContent},
		"reasoning": {with(func(c *choice) { c.reasoning = nil }), partReasoning},
		"finish":    {with(func(c *choice) { c.finish = "" }), partFinish},
		"name":      {with(func(c *choice) { c.calls[0].name = "" }), partCalls},
		"arguments": {with(func(c *choice) { c.addCall(0, "", " ") }), partCalls},
		"calls":     {with(func(c *choice) { c.addCall(1, "", "") }), partCalls},
		"usage":     {&answer{choices: want.choices}, partUsage},
		"no choice": {&answer{usage: want.usage}, partContent},
	} {
		t.Run(name, func(t *testing.T) {
			if compare(test.got, want, test.part) == nil {
				t.Error("the difference was not seen")
			}
			if err := compare(with(same), want, test.part); err != nil {
				t.Error(err)
			}
			if name == "no choice" { // then other parts are missing too
				return
			}
			if err := compare(test.got, want, allParts&^test.part); err != nil {
				t.Errorf("parts that do not count were compared: %v", err)
			}
		})
	}
}

// Parts that are not known are not compared.
func TestCompareUntold(t *testing.T) {
	got, want := &answer{usage: usage{1, 2, 3}}, &answer{untold: partUsage}
	if err := compare(got, want, allParts); err != nil {
		t.Error(err)
	}
	if compare(got, &answer{untold: partCalls}, allParts) == nil {
		t.Error("the difference was not seen")
	}
}

// Only arguments that an oracle has rewritten are compared as JSON.
func TestCompareRewritten(t *testing.T) {
	with := func(arguments string, rewritten bool) *answer {
		a := &answer{rewritten: rewritten}
		a.choice(0).addCall(0, "tool", arguments)
		return a
	}
	for _, test := range []struct {
		got, want string
		same      bool
	}{
		{`{"a": 1}`, `{"a":1}`, true},
		{``, `{}`, true},
		{`{"a":1}`, `{"a":2}`, false},
		{`{"a":`, `{"a":1}`, false},
	} {
		if err := compare(with(test.got, false), with(test.want, true), allParts); (err == nil) != test.same {
			t.Errorf("%s for %s: %v", test.got, test.want, err)
		}
		if compare(with(test.got, true), with(test.want, false), allParts) == nil {
			t.Errorf("%s counts as %s though nobody has rewritten it", test.got, test.want)
		}
	}
}

func TestReset(t *testing.T) {
	var a answer
	a.choice(1).addCall(0, "tool", "{}")
	a.choice(0).content = []byte("text")
	a.usage = usage{1, 2, 3}
	a.reset()
	a.choice(1).addCall(0, "", "")
	want := &answer{choices: []choice{{}, {calls: []call{{}}}}}
	if err := compare(&a, want, allParts); err != nil {
		t.Errorf("something was left of an earlier stream: %v", err)
	}
	if a.choice(-1) != nil || a.choice(maxIndex) != nil {
		t.Error("an index out of bounds gives a choice")
	}
}
