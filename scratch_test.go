package llmstream

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

var words = []string{" the", " quick", "brown", ",", " fox", " jumps", " over", " a", " lazy", " dog", ".", " implementation", " and", " it", " é", "'s", " not", " token", " stream", "ing"}

func longBody(shape string) []byte {
	r := rand.New(rand.NewSource(1))
	var b strings.Builder
	ev := func(s string) { b.WriteString("data: " + s + "\n\n") }
	pre := `{"id":"chatcmpl-0af7b2d1-8c0e-4a6d-9f3b-1b7a9c2d3e4f","choices":[{"delta":{%s},"index":0}],"created":1757600000,"model":"qwen-3-coder-480b","system_fingerprint":"fp_0123456789abcdef","object":"chat.completion.chunk"}`
	switch shape {
	case "obf":
		pre = `{"id":"chatcmpl-DuLdWOILVCVVrpY7aRAWaTdcPyWSy","object":"chat.completion.chunk","created":1782321910,"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_59e007eafa","usage":null,"choices":[{"index":0,"delta":{%s},"logprobs":null,"finish_reason":null}],"obfuscation":"OBF"}`
	case "three":
		pre = `{"id":"chatcmpl-DuLdWOILVCVVrpY7aRAWaTdcPyWSy","object":"chat.completion.chunk","created":1782321910,"model":"gpt-4o-mini-2024-07-18","system_fingerprint":"fp_59e007eafa","choices":[{"index":IDX,"delta":{%s},"logprobs":null,"finish_reason":null}]}`
	}
	for i := 0; i < 5000; i++ {
		w := words[r.Intn(len(words))]
		if r.Intn(20) == 0 {
			w = `\n`
		}
		if shape == "esc" {
			w += `\n`
		}
		s := fmt.Sprintf(pre, `"content":"`+w+`"`)
		s = strings.Replace(s, "OBF", "abcdefghijklmnopq"[:r.Intn(16)], 1)
		s = strings.Replace(s, "IDX", fmt.Sprint(i%3), 1)
		ev(s)
	}
	ev(strings.Replace(fmt.Sprintf(pre, ``), `"index":0`, `"index":0,"finish_reason":"stop"`, 1))
	ev("[DONE]")
	out := b.String()
	if shape == "crlf" {
		out = strings.ReplaceAll(out, "\n", "\r\n")
	}
	return []byte(out)
}

func TestScratch(t *testing.T) {
	if os.Getenv("SCRATCH") == "" {
		t.Skip()
	}
	runtime.LockOSThread()
	long := longBody("plain")
	type wl struct {
		name string
		body [][]byte
		size int
		o    *Options
	}
	wls := []wl{{"long", [][]byte{long}, 32 << 10, nil}, {"perwrite", [][]byte{long}, -1, nil}, {"1KiB", [][]byte{long}, 1 << 10, nil}, {"obf", [][]byte{longBody("obf")}, 32 << 10, nil}, {"esc", [][]byte{longBody("esc")}, 32 << 10, nil}, {"three", [][]byte{longBody("three")}, 32 << 10, nil}, {"crlf", [][]byte{longBody("crlf")}, 32 << 10, nil}, {"usage", [][]byte{long}, 32 << 10, &Options{Kinds: KindUsage}}}
	for _, s := range benchSets(t) {
		wls = append(wls, wl{s.name, s.streams, 32 << 10, nil})
		wls = append(wls, wl{s.name + "-full", s.streams, 32 << 10, &Options{NoFastPath: true}})
		wls = append(wls, wl{s.name + "-plain", s.streams, 32 << 10, &Options{plain: true}})
	}
	only := os.Getenv("SCRATCH")
	for _, w := range wls {
		if only != "1" && !strings.Contains(","+only+",", ","+w.name+",") {
			continue
		}
		var a Accumulator
		p := NewParser(OpenAIChat, &a, w.o)
		var pieces [][][]byte
		events := 0
		for _, b := range w.body {
			var ps [][]byte
			for len(b) > 0 {
				n := min(w.size, len(b))
				if w.size < 0 {
					n = strings.Index(string(b[:min(len(b), 2000)]), "\n\n") + 2
				}
				ps = append(ps, b[:n])
				b = b[n:]
			}
			pieces = append(pieces, ps)
		}
		read := func(i int) {
			p.Reset()
			a.Reset()
			for _, x := range pieces[i] {
				p.Write(x)
			}
			p.Close()
		}
		for i := range pieces {
			read(i)
			events += int(p.Outcome().Events)
		}
		scan := scannerLoop()
		fj := fastjsonLoop()
		var ratios, ns, sns, fjr []float64
		for round := 0; round < 25; round++ {
			var took, against, fjt time.Duration
			for i := range pieces {
				s0 := cpuNow()
				read(i)
				s1 := cpuNow()
				scan(w.body[i])
				s2 := cpuNow()
				took += s1 - s0
				against += s2 - s1
				if strings.HasSuffix(w.name, "full") || strings.HasPrefix(w.name, "recorded") {
					fj(w.body[i])
					fjt += cpuNow() - s2
				}
			}
			ratios = append(ratios, float64(took)/float64(against))
			fjr = append(fjr, float64(took)/float64(fjt+1))
			ns = append(ns, float64(took)/float64(events))
			sns = append(sns, float64(against)/float64(events))
		}
		sort.Float64s(ratios)
		sort.Float64s(ns)
		sort.Float64s(sns)
		sort.Float64s(fjr)
		fmt.Printf("%-14s x%.2f  %.1f ns  scanner %.1f ns  fj %.2f\n", w.name, ratios[12], ns[12], sns[12], fjr[12])
	}
}

var readSizeS = func() int {
	if os.Getenv("READ") != "" {
		return 1 << 10
	}
	return 32 << 10
}()
var perWrite = os.Getenv("PERWRITE") != ""

func BenchmarkScratch(b *testing.B) {
	for _, shape := range []string{"plain", "obf", "three", "esc"} {
		body := longBody(shape)
		b.Run(shape, func(b *testing.B) {
			var a Accumulator
			p := NewParser(OpenAIChat, &a, optS)
			b.SetBytes(int64(len(body)))
			for range b.N {
				p.Reset()
				a.Reset()
				for x := body; len(x) > 0; {
					n := min(len(x), readSizeS)
					if perWrite {
						n = bytes.Index(x, []byte("\n\n")) + 2
					}
					p.Write(x[:n])
					x = x[n:]
				}
				p.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/5002, "ns/event")
		})
	}
}

func BenchmarkRecorded(b *testing.B) {
	sets := benchSets(b)
	set := sets[len(sets)-1]
	var a Accumulator
	p := NewParser(OpenAIChat, &a, optS)
	b.ResetTimer()
	for range b.N {
		for _, body := range set.streams {
			p.Reset()
			a.Reset()
			for x := body; len(x) > 0; {
				n := min(len(x), readSizeS)
				p.Write(x[:n])
				x = x[n:]
			}
			p.Close()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(set.events), "ns/event")
}

func cpuNow() time.Duration {
	var ts syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 3, uintptr(unsafe.Pointer(&ts)), 0)
	return time.Duration(ts.Nano())
}

var optS = func() *Options {
	if os.Getenv("PLAIN") != "" {
		return &Options{NoFastPath: true, plain: os.Getenv("PLAIN") == "2"}
	}
	return nil
}()
