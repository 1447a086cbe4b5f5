package llmstream

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fastjson"
)

// Benchmarks of this package beside the loop that gateways write by hand and
// beside the least that reading a stream can cost:
//
//	go test -run '^$' -bench . -count 10 | tee new.txt
//	benchstat -col /reader new.txt
//
// Every sub-benchmark is named data=…/reader=…; bytes are bytes of the streams. The
// module in benchmarks/ sets other libraries beside them.

// benchSet is what a benchmark reads: whole streams, one after the other.
type benchSet struct {
	name    string
	streams [][]byte
	size    int
	events  int
}

// benchSets are long answers, the recordings of testdata, and the recorded chat
// streams where LLMSTREAM_CORPUS names them.
func benchSets(tb testing.TB) (sets []benchSet) {
	for _, shape := range [...]string{"plain", "obfuscated", "reasoning", "three", "arguments"} {
		long := benchSet{name: "long-" + shape}
		long.add(testkit.LongAnswer(shape, ""))
		sets = append(sets, long)
	}
	escapes := benchSet{name: "long-escapes"}
	escapes.add(testkit.LongAnswer("plain", `\n`))
	crlf := benchSet{name: "long-crlf"}
	crlf.add(bytes.ReplaceAll(testkit.LongAnswer("plain", ""), []byte("\n"), []byte("\r\n")))
	sets = append(sets, escapes, crlf)
	testdata := benchSet{name: "testdata"}
	for _, name := range [...]string{"long-text.sse", "deepseek-reasoning.sse", "openai-obfuscation.sse", "mistral.sse"} {
		testdata.add(readFile(tb, "testdata", "openai-chat", name))
	}
	sets = append(sets, testdata)
	if os.Getenv("LLMSTREAM_CORPUS") != "" {
		recorded := benchSet{name: "recorded"}
		for _, s := range testkit.Corpus(tb, "LLMSTREAM_CORPUS") {
			if s.Subdialect == "chat" {
				recorded.add(s.Body(tb))
			}
		}
		sets = append(sets, recorded)
	}
	return sets
}

func (s *benchSet) add(body []byte) {
	s.streams = append(s.streams, body)
	s.size += len(body)
	p := NewParser(OpenAIChat, nil, nil)
	p.Write(body)
	p.Close()
	s.events += int(p.Outcome().Events)
}

// benchReader is one way to read a stream. It returns how many bytes of content
// and reasoning it found, so that all can be held to the same result.
type benchReader struct {
	name string
	read func(body []byte) (text int)
}

// benchReaders returns the readers of this package, and the baselines.
func benchReaders() (ours, baselines []benchReader) {
	return []benchReader{
			{"push", pushBench(nil, benchReadSize)},
			{"pull", pullBench()},
			{"full-parse", pushBench(&Options{NoFastPath: true}, benchReadSize)},
			{"push-1KiB", pushBench(nil, 1<<10)},
			{"usage-only", pushBench(&Options{Kinds: KindUsage}, benchReadSize)},
		}, []benchReader{
			{"Baseline-fastjson", fastjsonLoop()},
			{"Baseline-Scanner", scannerLoop()},
			{"Baseline-IndexByte", indexByteLoop},
		}
}

func BenchmarkFold(b *testing.B) {
	for _, set := range benchSets(b) {
		want := -1
		ours, baselines := benchReaders()
		for _, r := range append(ours, baselines...) {
			b.Run(fmt.Sprintf("data=%s/reader=%s", set.name, r.name), func(b *testing.B) {
				text := 0
				for _, body := range set.streams {
					text += r.read(body)
				}
				switch r.name {
				case "push", "pull", "full-parse", "push-1KiB":
					if want >= 0 && text != want {
						b.Fatalf("found %d bytes of text, not %d", text, want)
					}
					want = text
				case "Baseline-fastjson": // it knows one name of the reasoning and one form of the content
					if text == 0 && want > 0 || want >= 0 && text > want {
						b.Fatalf("found %d bytes of text of %d", text, want)
					}
				}
				b.SetBytes(int64(set.size))
				b.ReportAllocs()
				b.ResetTimer()
				for range b.N {
					for _, body := range set.streams {
						r.read(body)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(set.events), "ns/event")
			})
		}
	}
}

// BenchmarkCrowds: what an event costs where many choices or calls come in turn.
func BenchmarkCrowds(b *testing.B) {
	for name, crowd := range testkit.Crowds {
		for _, many := range []int{1, 4, 5, 16} {
			body := []byte(crowd.Begin(many))
			for i := range testkit.LongEvents {
				body = append(body, testkit.SSE(crowd.Event(i%many, testkit.Pieces[i%len(testkit.Pieces)]))...)
			}
			for who, h := range map[string]Handler{"push": new(Accumulator), "handler": HandlerFunc(func(*Delta) error { return nil })} {
				b.Run(fmt.Sprintf("data=%d-%s/reader=%s", many, strings.ReplaceAll(name, " ", "-"), who), func(b *testing.B) {
					p := NewParser(OpenAIChat, h, nil)
					b.ReportAllocs()
					for range b.N {
						if a, ok := h.(*Accumulator); ok {
							a.Reset()
						}
						p.Reset()
						p.Write(body)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/testkit.LongEvents, "ns/event")
				})
			}
		}
	}
}

// benchReadSize is what one read of a network connection brings at most.
const benchReadSize = 32 << 10

func pushBench(o *Options, size int) func([]byte) int {
	var a Accumulator
	p := NewParser(OpenAIChat, &a, o)
	return func(body []byte) int {
		p.Reset()
		a.Reset()
		for len(body) > 0 {
			n := min(len(body), size)
			p.Write(body[:n])
			body = body[n:]
		}
		p.Close()
		return a.textSize()
	}
}

func pullBench() func([]byte) int {
	var a Accumulator
	var src bytes.Reader
	r := NewReader(&src, OpenAIChat, nil)
	return func(body []byte) int {
		src.Reset(body)
		r.Reset(&src)
		a.Reset()
		for r.Next() {
			a.HandleDelta(r.Delta())
		}
		return a.textSize()
	}
}

func (a *Accumulator) textSize() (n int) {
	for i := range a.choices {
		n += len(a.choices[i].parts[0].content) + len(a.choices[i].parts[0].reasoning)
	}
	return n
}

// fastjsonLoop is what a careful gateway writes by hand: no quirk is heeded, no
// verdict given, and of tool calls nothing is kept.
func fastjsonLoop() func([]byte) int {
	var p fastjson.Parser
	var text []byte
	var src bytes.Reader
	buf := make([]byte, 64<<10)
	return func(body []byte) int {
		text = text[:0]
		src.Reset(body)
		lines := bufio.NewScanner(&src)
		lines.Buffer(buf, 32<<20)
		for lines.Scan() {
			data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:"))
			if !ok {
				continue
			}
			data = bytes.TrimSpace(data)
			if string(data) == "[DONE]" {
				break
			}
			v, err := p.ParseBytes(data)
			if err != nil {
				continue
			}
			for _, choice := range v.GetArray("choices") {
				delta := choice.Get("delta")
				text = append(text, delta.GetStringBytes("content")...)
				text = append(text, delta.GetStringBytes("reasoning_content")...)
				if delta.Get("tool_calls") != nil {
					benchSeen++
				}
				if choice.Get("finish_reason") != nil {
					benchSeen++
				}
			}
			if v.Get("usage") != nil {
				benchSeen++
			}
		}
		return len(text)
	}
}

var benchSeen int // keeps look-ups from being optimised away

// scannerLoop finds the lines of a stream and nothing in them.
func scannerLoop() func([]byte) int {
	var src bytes.Reader
	buf := make([]byte, 64<<10)
	return func(body []byte) (n int) {
		src.Reset(body)
		lines := bufio.NewScanner(&src)
		lines.Buffer(buf, 32<<20)
		for lines.Scan() {
			n += len(lines.Bytes())
		}
		return n
	}
}

// indexByteLoop is the least that finding lines can cost.
func indexByteLoop(body []byte) (lines int) {
	for len(body) > 0 {
		n := bytes.IndexByte(body, '\n')
		if n < 0 {
			break
		}
		body = body[n+1:]
		lines++
	}
	return lines
}

// TestRatios measures, pair by pair, what reading the recorded streams costs
// against the baselines. Timings are only as good as the machine is quiet, so
// it runs where LLMSTREAM_RATIOS is set:
//
//	LLMSTREAM_RATIOS=1 go test -count 1 -run TestRatios -v .
func TestRatios(t *testing.T) {
	if os.Getenv("LLMSTREAM_RATIOS") == "" {
		t.Skip("LLMSTREAM_RATIOS is not set: nothing is measured")
	}
	for _, set := range benchSets(t) {
		ours, bases := benchReaders()
		for _, base := range bases[:2] {
			for _, r := range ours {
				t.Run(fmt.Sprintf("data=%s/reader=%s/against=%s", set.name, r.name, base.name), func(t *testing.T) {
					fmt.Println(t.Name(), medianRatio(set, r, base))
				})
			}
		}
	}
}

// medianRatio reads the streams with both in turn, in slices of some
// milliseconds, and returns the median over 25 rounds of what one took against
// the other.
func medianRatio(set benchSet, r, base benchReader) float64 {
	const slice = 1 << 20 // bytes
	var ratios []float64
	for range 25 {
		var took, against time.Duration
		for rest := set.streams; len(rest) > 0; {
			n, size := 0, 0
			for n < len(rest) && size < slice {
				size += len(rest[n])
				n++
			}
			start := time.Now()
			for _, body := range rest[:n] {
				r.read(body)
			}
			middle := time.Now()
			for _, body := range rest[:n] {
				base.read(body)
			}
			took += middle.Sub(start)
			against += time.Since(middle)
			rest = rest[n:]
		}
		ratios = append(ratios, float64(took)/float64(against))
	}
	sort.Float64s(ratios)
	return ratios[len(ratios)/2]
}

// A stream in which templates are of no use costs little more with them than
// without: one whose every event has another form, and one with so many forms in
// turn that they push each other out.
func TestTemplatesCost(t *testing.T) {
	if os.Getenv("LLMSTREAM_RATIOS") == "" {
		t.Skip("LLMSTREAM_RATIOS is not set: nothing is measured")
	}
	const most = 1.2
	for _, forms := range []int{2, 3, 4, 5, 6, 8, 12, 16, testkit.LongEvents} {
		name := fmt.Sprint(forms, " in turn")
		set := benchSet{name: name}
		set.add(testkit.LongForms("misses", "", forms))
		push := benchReader{"push", pushBench(nil, benchReadSize)}
		full := benchReader{"full-parse", pushBench(&Options{NoFastPath: true}, benchReadSize)}
		ratio := medianRatio(set, push, full)
		t.Logf("%s: %.2f", name, ratio)
		require.LessOrEqual(t, ratio, most, name)
	}
}
