//go:build unix && !race

package proof

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/seed-4d65deac/llmstream/internal/wire"
	"github.com/stretchr/testify/require"
)

// Time is linear in the bytes, however they are cut and whatever is in them
// (contract 11). What is measured is the time of this process on a processor, which a
// machine that does other things makes little longer. The bounds are far below what
// anything quadratic would take; LLMSTREAM_RATIOS makes them strict.

// cost returns the least processor time that f took in several runs.
func cost(f func()) time.Duration {
	least := time.Duration(1 << 62)
	for range rounds() {
		least = min(least, costOnce(f))
	}
	return least
}

func costOnce(f func()) time.Duration {
	start := processorTime()
	f()
	return processorTime() - start
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// requireCost fails the test if f takes more processor time than most nanoseconds in
// each of several runs. A machine that is slow at the moment has more.
func requireCost(t *testing.T, most float64, what string, f func()) {
	t.Helper()
	var took time.Duration
	limit := most
	for range rounds() {
		limit = most * slowness()
		if took = costOnce(f); float64(took) <= limit {
			return
		}
	}
	require.LessOrEqual(t, float64(took.Nanoseconds()), limit, what)
}

// yardstick is a megabyte of JSON, for which encoding/json needs about 3 ms on the machine
// that the bounds were made for.
var yardstick = []byte("[" + strings.Repeat(`{"id":"i","choices":[{"index":0,"delta":{"content":"word"},"finish_reason":null}]},`, 12_000) + "0]")

// slowness returns how many times the processor time of that machine this one needs at the
// moment; at least 1. Where times are measured it is always 1.
func slowness() float64 {
	if os.Getenv("LLMSTREAM_RATIOS") != "" {
		return 1
	}
	return max(1, float64(costOnce(func() { json.Valid(yardstick) }))/float64(3*time.Millisecond))
}

// slack is how many times a bound may be passed on a machine that does other things
// too, or has half the registers. What is quadratic takes thousands.
func slack() float64 {
	if os.Getenv("LLMSTREAM_RATIOS") != "" {
		return 1
	}
	return 10
}

// rounds returns how many runs a measurement may take.
func rounds() int {
	if os.Getenv("LLMSTREAM_RATIOS") != "" {
		return 7
	}
	return 5
}

func readIn(d llmstream.Dialect, body []byte, size int) {
	var a llmstream.Accumulator
	p := llmstream.NewParser(d, &a, nil)
	for len(body) > 0 {
		n := min(size, len(body))
		p.Write(body[:n])
		body = body[n:]
	}
	p.Close()
	a.Completion()
}

func TestHugeEventIsLinear(t *testing.T) {
	event := func(size int) []byte {
		return []byte(`data: {"id":"i","choices":[{"index":0,"delta":{"content":"` + strings.Repeat("x", size) + `"}}]}` + "\n\n")
	}
	small, large := event(1<<20), event(8<<20)
	one := cost(func() { readIn(llmstream.OpenAIChat, small, 64<<10) })
	eight := cost(func() { readIn(llmstream.OpenAIChat, large, 64<<10) })
	tiny := cost(func() { readIn(llmstream.OpenAIChat, large, 1<<10) })
	t.Logf("1 MiB %v, 8 MiB %v, 8 MiB in reads of 1 KiB %v", one, eight, tiny)
	require.LessOrEqual(t, float64(tiny), 1.5*slack()*float64(eight))
	require.LessOrEqual(t, float64(tiny), 12*slack()*float64(one))
}

func TestManyEventsAreLinear(t *testing.T) {
	event := `data: {"id":"i","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"word"},"finish_reason":null}]}` + "\n\n"
	few := []byte(strings.Repeat(event, 2000))
	many := []byte(strings.Repeat(event, 200_000))
	one := cost(func() {
		for range 10 {
			readIn(llmstream.OpenAIChat, few, 32<<10)
		}
	}) / 20_000
	each := cost(func() { readIn(llmstream.OpenAIChat, many, 32<<10) }) / 200_000
	t.Logf("of 2,000 events %v each, of 200,000 %v", one, each)
	require.LessOrEqual(t, float64(each)/float64(one), 1+0.2*slack())
}

func TestHostileEventsAreLinear(t *testing.T) {
	for name, body := range hostileBodies() {
		most := 20.0 // nanoseconds a byte
		if tiny[name] {
			most = 60
		}
		for _, size := range []int{1 << 10, 64 << 10, len(body)} {
			requireCost(t, most*slack()*float64(len(body)), fmt.Sprintf("%s in reads of %d", name, size), func() { readIn(llmstream.OpenAIChat, body, size) })
		}
	}
}

// Blocks without end, in turn and beginning again, cost what other events do.
func TestHostileBlocksAreLinear(t *testing.T) {
	event := func(members string) string { return `data: {"type":"content_block_` + members + "}\n\n" }
	for name, body := range map[string]string{
		"texts": numbered(event(`start","index":%,"content_block":{"type":"text","text":"x"}`)+event(`delta","index":0,"delta":{"type":"text_delta","text":"x"}`), 5000),
		"calls": numbered(event(`start","index":%,"content_block":{"type":"tool_use","id":"%","name":"f"}`)+event(`delta","index":1,"delta":{"type":"input_json_delta","partial_json":"1"}`), 5000),
		"again": numbered(`data: {"type":"message_start","message":{"id":"%"}}`+"\n\n"+event(`start","index":%,"content_block":{"type":"thinking","thinking":"x"}`), 5000),
	} {
		requireCost(t, 100*slack()*float64(len(body)), name, func() { readIn(llmstream.AnthropicMessages, []byte(body), 32<<10) })
	}
}

// A call whose arguments are an object costs the same wherever in the call they are.
func TestToolCallsAreLinear(t *testing.T) {
	event := func(element string) []byte {
		return []byte(testkit.SSE(chunk(`"delta":{"tool_calls":[` + strings.TrimSuffix(numbered(element+",", 100), ",") + `]},"padding":"` + strings.Repeat("{", 256<<10) + `"`)))
	}
	last := event(`{"index":0,"extra_content":{"b":%},"function":{"arguments":{"a":%}}}`)
	first := event(`{"index":0,"function":{"arguments":{"a":%}},"extra_content":{"b":%}}`)
	late := cost(func() { readIn(llmstream.OpenAIChat, last, len(last)) })
	early := cost(func() { readIn(llmstream.OpenAIChat, first, len(first)) })
	require.Less(t, late.Seconds(), 5*slack()*early.Seconds())
}

// Arguments that stop being JSON cost no more than others, however many of their pieces
// come in one read.
func TestBrokenArgumentsAreLinear(t *testing.T) {
	piece := func(arguments string) string {
		return testkit.SSE(testkit.Calls(`{"index":0,"function":{"arguments":"` + arguments + `"}}`))
	}
	begin := testkit.SSE(testkit.Calls(`{"index":0,"id":"i","function":{"name":"f","arguments":"[\""}}`))
	read := func(middle string) func() {
		body := []byte(begin + strings.Repeat(piece("x"), 2500) + piece(middle) + strings.Repeat(piece("x"), 2500))
		return func() { readIn(llmstream.OpenAIChat, body, len(body)) }
	}
	requireCost(t, 3*slack()*float64(cost(read("x"))), "broken in the middle", read(`\n`))
}

// tiny are the hostile bodies that are events, lines or values of a few bytes each, of
// which each costs something.
var tiny = map[string]bool{"JSON array": true, "lone CRs": true, "glued in line": true, "glued lines": true, "blank lines": true, "comments": true, "mixed events": true, "frames": true, "errors": true, "details": true, "logprobs": true}

// hostileBodies are streams that would cost a careless parser the square of
// their size, or hundreds of times it.
func hostileBodies() map[string][]byte {
	size := 1 << 20
	if os.Getenv("LLMSTREAM_RATIOS") != "" {
		size = 8 << 20
	}
	data := func(s string) []byte { return []byte("data: " + s + "\n\n") }
	return map[string][]byte{
		"many values":   data(`{"choices":[` + strings.Repeat(`"",`, size/3) + `0]}`),
		"many numbers":  data(`{"choices":[` + strings.Repeat("0,", size/2) + `0]}`), // none of them is read
		"deep garbage":  data(`{"choices":` + strings.Repeat("[", 297) + "n" + strings.Repeat("x", size)),
		"bare garbage":  []byte(strings.Repeat("[", 299) + "n" + strings.Repeat("x", size)),
		"no line end":   []byte("data: " + strings.Repeat("x", size)),
		"lone CRs":      []byte(strings.Repeat("data: x\r\r", size/9)),
		"chunks, CRs":   []byte(strings.Repeat("data: "+says("x")+"\r\r", size/57)),
		"data lines":    []byte(strings.Repeat("data: x\n", size/8) + "\n"),
		"blank lines":   []byte(strings.Repeat("\n", size)),
		"text lines":    []byte("<html>\n" + strings.Repeat("x\n", size/2)),
		"comments":      []byte(strings.Repeat(":\n", size/2)),
		"unknown field": []byte(strings.Repeat("x", size) + "\n"),
		"JSON body":     []byte(`{"x":"` + strings.Repeat("x", size) + `"}`),
		"JSON array":    []byte("[" + strings.Repeat(`{},`, size/3) + "{}]"),
		"backslashes":   data(`{"choices":[{"delta":{"content":"` + strings.Repeat(`\\`, size/2) + `"}}]}`),
		"surrogates":    data(`{"choices":[{"delta":{"content":"` + strings.Repeat(`\ud83d`, size/6) + `"}}]}`),
		"errors":        data(`{"choices":[` + strings.Repeat(`{"index":0,"error":1},`, 9000) + `{}],"x":"` + strings.Repeat("x", size/2) + `"}`),
		"details":       data(`{"choices":[{"delta":{"reasoning_details":[` + numbered(`{"index":%},`, 15_000) + `{}]},"x":"` + strings.Repeat("x", size/2) + `"}]}`),
		"nested parts":  data(`{"choices":[{"delta":{"content":` + strings.Repeat(`[{"type":"thinking","thinking":`, 70) + `["` + strings.Repeat("x", size) + `\n"]` + strings.Repeat(`}]`, 70) + `}}]}`),
		"event type":    []byte("event: " + strings.Repeat("x", size) + "\ndata: " + strings.Repeat("x", size) + "\n\n"),
		"logprobs":      []byte(strings.Repeat("data: "+`{"choices":[{"logprobs":{"content":[`+strings.Repeat("0,", 20_000)+`0]}}]}`+"\n\n", size/(1<<18))),
		"glued in line": data("{}" + strings.Repeat("data: {}", size/8)),
		"glued lines":   []byte(strings.Repeat("data: {}data: {}\n", size/17) + "\n"),
		"mixed events":  []byte(strings.Repeat("data: {}\n\n: x\n\n", size/14)),
		"frames":        []byte(strings.Repeat(testkit.RawFrame("", ""), size/wire.MinFrame)),
		"huge frame":    []byte(framed(`event x {"y":"` + strings.Repeat("x", size) + `"}`)),
		"frame headers": []byte(strings.Repeat(testkit.RawFrame(strings.Repeat("\x00\x00", wire.MaxHeaderSize/2), "{}"), size/wire.MaxHeaderSize)),
		"lost frames":   []byte(framed(`event x {}`, `lost event x {}`) + strings.Repeat("\x00\x00\x10\x00\x00\x00\x01", size/7)),
		"glued":         []byte(strings.Repeat("data: {\"choices\":[]}\n", size/21) + "\n"),
	}
}

// Hostile events allocate in proportion to their size (contract 11).
func TestHostileAllocations(t *testing.T) {
	for name, body := range hostileBodies() {
		malformed, ok := map[string]int{"many values": 1, "deep garbage": 1, "many numbers": 0}[name]
		if !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{len(body), 1 << 10} {
				p := llmstream.NewParser(llmstream.OpenAIChat, nil, nil)
				var m, n runtime.MemStats
				runtime.ReadMemStats(&m)
				for b := body; len(b) > 0; {
					k := min(size, len(b))
					p.Write(b[:k])
					b = b[k:]
				}
				p.Close()
				runtime.ReadMemStats(&n)
				require.LessOrEqual(t, n.TotalAlloc-m.TotalAlloc, uint64(6*len(body)), "read %d bytes at a time", size)
				require.EqualValues(t, malformed, p.Outcome().Anomalies.Malformed)
			}
		})
	}
}
