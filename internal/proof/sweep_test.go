//go:build unix && !race

package proof

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/testdata"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fastjson"
)

// This file sweeps over everything that the recordings show: each list and each member of
// each event gets thousands of small elements, one huge value, or a thousand distinct
// elements.

// hostileEvent is an event of a recording with one value replaced.
type hostileEvent struct {
	dialect llmstream.Dialect
	name    string // the path of the value, and what stands in its place
	body    []byte // the events before it, the event, and the events after it
	size    int    // of the event
}

// place is a value of an event and how to replace it.
type place struct {
	path  string
	value *fastjson.Value
	set   func(v *fastjson.Value)
}

// placesIn returns the values of an event.
func placesIn(path string, v *fastjson.Value, visit func(place)) {
	switch v.Type() {
	case fastjson.TypeObject:
		v.GetObject().Visit(func(key []byte, inner *fastjson.Value) {
			name := string(key)
			at := path + "." + name
			visit(place{at, inner, func(new *fastjson.Value) { v.Set(name, new) }})
			placesIn(at, inner, visit)
		})
	case fastjson.TypeArray:
		for i, inner := range v.GetArray() {
			placesIn(path+"[]", inner, visit)
			if i == 0 {
				visit(place{path + "[]", inner, func(new *fastjson.Value) { v.SetArrayItem(0, new) }})
			}
		}
	}
}

// mark stands for the value that is replaced. It is a string of no recording.
const mark = `"the value that is replaced"`

// replacements are what a value is replaced by, given the value.
var replacements = map[string]func(value string) string{
	"small objects":    func(string) string { return "[" + strings.Repeat("{},", 65_000) + "{}]" },
	"small numbers":    func(string) string { return "[" + strings.Repeat("0,", 65_000) + "0]" },
	"small texts":      func(string) string { return "[" + strings.Repeat(`"",`, 65_000) + `""]` },
	"small lists":      func(string) string { return "[" + strings.Repeat("[],", 65_000) + "[]]" },
	"a huge text":      func(string) string { return `"` + strings.Repeat("x", 1<<20) + `"` },
	"huge escapes":     func(string) string { return `"` + strings.Repeat(`\n`, 1<<19) + `"` },
	"a huge number":    func(string) string { return strings.Repeat("1", 1<<20) },
	"distinct members": func(string) string { return "{" + repeated(1000, `"k%":%`) + "}" },
	"distinct objects": func(string) string { return "[" + repeated(1000, `{"index":%,"id":"i%"}`) + "]" },
	"the same, often":  func(value string) string { return "[" + repeated(1000, value) + "]" },
	"the same with numbers": func(value string) string {
		return "[" + repeated(1000, strings.TrimSuffix(value, "}")+`,"index":%}`) + "]"
	},
}

// sweep calls f with every how manieth of the hostile events that are made of all
// recordings, each of their paths once.
func sweep(t *testing.T, every int, f func(h hostileEvent)) {
	seen, n := map[string]bool{}, 0
	for _, r := range recordings(t) {
		lines := strings.SplitAfter(string(r.Body), "\n")
		framed := false
		if text, err := fs.ReadFile(testdata.FS, r.File); err == nil && strings.HasSuffix(r.File, ".frames") {
			lines, framed = strings.SplitAfter(string(text), "\n"), true
		}
		if len(lines) > 200 { // the events of long recordings are alike
			continue
		}
		for i, line := range lines {
			begin := strings.IndexByte(line, '{')
			event, err := fastjson.Parse(strings.TrimSpace(line[max(begin, 0):]))
			if begin < 0 || err != nil {
				continue
			}
			placesIn("", event, func(p place) {
				key := r.Dialect.String() + p.path
				if seen[key] {
					return
				}
				seen[key] = true
				p.set(fastjson.MustParse(mark))
				template := string(event.MarshalTo(nil))
				p.set(p.value)
				value := string(p.value.MarshalTo(nil))
				for _, name := range slices.Sorted(maps.Keys(replacements)) {
					if n++; n%every != 0 {
						continue
					}
					with := replacements[name](value)
					hostile := line[:begin] + strings.Replace(template, mark, with, 1) + "\n"
					body := []byte(strings.Join(lines[:i], "") + hostile + strings.Join(lines[i+1:], ""))
					if framed {
						if body, err = testdata.Frames(string(body)); err != nil {
							continue
						}
					}
					f(hostileEvent{r.Dialect, p.path + ": " + name, body, len(hostile)})
				}
			})
		}
	}
	require.Greater(t, len(seen), 500)
	t.Logf("%d of %d events", n/every, n)
}

// allocatedBy returns the number of bytes that f allocates.
func allocatedBy(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// valueCost is the number of bytes that a value takes at most, together with its delta; see
// Options.MaxValues. An event has at most 8,192 values.
const valueCost = 512

// What is allocated for an event is at most ten times its bytes, and valueCost for each of
// its values. That is more than what is in use at any moment.
func TestEventsCostWhatTheirBytesAreWorth(t *testing.T) {
	const usual = valueCost * 8192
	worst := 0.0
	sweep(t, sample(25), func(h hostileEvent) {
		var a llmstream.Accumulator
		p := llmstream.NewParser(h.dialect, &a, nil)
		allocated := allocatedBy(func() {
			p.Write(h.body)
			p.Close()
		})
		if times := float64(allocated-usual) / float64(h.size); times > worst {
			worst = times
			t.Logf("%v %s: %d bytes allocated for %d, beyond what is usual %.1f times as many", h.dialect, h.name, allocated, h.size, times)
		}
		if allocated > 10*h.size+usual {
			t.Errorf("%v %s: %d bytes allocated for %d", h.dialect, h.name, allocated, h.size)
		}
	})
}

// No event takes more than 60 ns a byte. The test is for a machine that does nothing
// else, so LLMSTREAM_RATIOS turns it on.
func TestEventsTakeTheTimeOfTheirBytes(t *testing.T) {
	if os.Getenv("LLMSTREAM_RATIOS") == "" {
		t.Skip("LLMSTREAM_RATIOS is not set: the time of the sweep is not measured")
	}
	sweep(t, sample(1), func(h hostileEvent) {
		if h.size < 64<<10 {
			return // the time of a short event cannot be measured
		}
		requireCost(t, 60*float64(len(h.body)), fmt.Sprint(h.dialect, " ", h.name), func() { readIn(h.dialect, h.body, 64<<10) })
	})
}

// A parser and an accumulator that have read hostile streams and were reset hold little,
// and so do the pools.
func TestNothingHostileStays(t *testing.T) {
	heap := func() int {
		var m runtime.MemStats
		for range 3 { // pools are emptied by the second collection
			runtime.GC()
		}
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	var a llmstream.Accumulator
	p := llmstream.NewParser(llmstream.Auto, &a, nil)
	read := func(body []byte) {
		p.Write(body)
		p.Close()
		p.Reset()
		a.Reset()
	}
	body := []byte(says("x"))
	read(body)
	before, most := heap(), 0
	check := func(name string) {
		held := heap() - before
		most = max(most, held)
		require.LessOrEqual(t, held, 256<<10, name)
	}
	for _, h := range hostileStreams {
		body = h.stream(300 << 10)
		read(body)
		body = nil
		check(h.name)
	}
	sweep(t, sample(60), func(h hostileEvent) { read(h.body) })
	check("the sweep")
	t.Logf("at most %s bytes", strconv.Itoa(most))
	runtime.KeepAlive(p)
	runtime.KeepAlive(&a)
}
