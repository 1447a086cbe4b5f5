//go:build !race

package llmstream

import (
	"io"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/stretchr/testify/require"
)

// Reading allocates nothing in steady state. The race detector makes pools drop
// what they hold at random, so these tests are not for it.

func TestAllocs(t *testing.T) {
	for d := range dialect.Table {
		if dialect.Table[d].New == nil {
			continue
		}
		require.NotEmpty(t, steadyStreams[Dialect(d)], dialect.Table[d].Name)
		for name, event := range steadyStreams[Dialect(d)] {
			testAllocs(t, Dialect(d), name, event)
		}
	}
}

func testAllocs(t *testing.T, d Dialect, name string, event func(i int) string) {
	const events = 200
	var b strings.Builder
	for i := range events {
		b.WriteString(event(i))
	}
	for way, run := range steadyReaders(t, d, []byte(b.String())) {
		t.Run(d.String()+"/"+way+"/"+name, func(t *testing.T) {
			for range 20 { // let every buffer reach its size
				run()
			}
			allocs := testing.AllocsPerRun(50, run)
			require.Less(t, allocs, 1.0, "allocations in %d events", events)
		})
	}
}

// steadyReaders returns functions that read body once more each time, as the
// continuation of a stream that has begun.
func steadyReaders(t *testing.T, d Dialect, body []byte) map[string]func() {
	repeat := func(write func([]byte)) func(size int) {
		return func(size int) {
			for b := body; len(b) > 0; {
				n := min(size, len(b))
				write(b[:n])
				b = b[n:]
			}
		}
	}
	var pushed, cut Accumulator
	pushed.MaxBytes, cut.MaxBytes = 1<<10, 1<<10 // so that the text itself stops growing
	p := NewParser(d, &pushed, nil)
	whole := repeat(func(b []byte) { p.Write(b) })
	q := NewParser(d, &cut, nil)
	pieces := repeat(func(b []byte) { q.Write(b) })

	endless := &repeater{body: body}
	r := NewReader(endless, d, nil)
	teed := &repeater{body: body}
	tee := Tee(io.NopCloser(teed), NewParser(d, nil, nil), nil)
	buf := make([]byte, 4<<10)
	return map[string]func(){
		"push":        func() { whole(32 << 10) },
		"push in 100": func() { pieces(100) },
		"pull": func() {
			for read := endless.read + len(body); endless.read < read; {
				require.True(t, r.Next())
			}
		},
		"tee": func() {
			for n := 0; n < len(body); {
				k, _ := tee.Read(buf)
				n += k
			}
		},
	}
}

// repeater is an endless stream of the same body.
type repeater struct {
	body []byte
	read int
}

func (r *repeater) Read(b []byte) (n int, err error) {
	at := r.read % len(r.body)
	n = copy(b, r.body[at:])
	r.read += n
	return n, nil
}

// A gateway has thousands of streams open at a time: an idle one must be small.
func TestHeapOfOpenStream(t *testing.T) {
	const streams, most = 2000, 4 << 10
	type open struct {
		p *Parser
		a Accumulator
	}
	event := func(delta string) string { // as long as they come from OpenAI
		return `data: {"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012","object":"chat.completion.chunk","created":1767000000,` +
			`"model":"gpt-4.1-2025-04-14","service_tier":"default","system_fingerprint":"fp_0123456789","choices":[{"index":0,` +
			`"delta":` + delta + `,"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"abcdefgh"}` + "\n\n"
	}
	body := event(`{"role":"assistant","content":"","refusal":null}`) + event(`{"content":"Hello"}`) + event(`{"content":" world"}`)
	all := make([]*open, streams)
	before := heap()
	for i := range all {
		o := &open{}
		o.p = NewParser(OpenAIChat, &o.a, nil)
		for b := []byte(body); len(b) > 0; { // reads that cut events
			n := min(100, len(b))
			o.p.Write(b[:n])
			b = b[n:]
		}
		all[i] = o
	}
	each := (heap() - before) / streams
	t.Logf("%d bytes a stream", each)
	require.LessOrEqual(t, each, uint64(most))
	runtime.KeepAlive(all)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A parser is given memory in steps, of 1,280, 1,408 and 1,536 bytes, eight of which are
// the runtime's. In the last one an event of many open streams took a fifth longer.
func TestParserSize(t *testing.T) {
	require.LessOrEqual(t, int(unsafe.Sizeof(Parser{})), 1400)
}

// Texts that come in small pieces move once in a while, and not with every other piece:
// the shortcut of skimOne needs room.
func TestTextsHaveRoom(t *testing.T) {
	var a Accumulator
	p := NewParser(OpenAIChat, &a, nil)
	p.Write([]byte(choiceEvent(`"delta":{"role":"assistant","content":""}`)))
	pieces, left := 40, 0
	piece := []byte(choiceEvent(`"delta":{"content":" token"}`))
	p.Write(piece)
	for range pieces - 1 {
		if !p.foldOne(piece) {
			left++
			p.Write(piece)
		}
	}
	require.Len(t, a.Completion().Choices[0].Message.Content, pieces*len(" token"))
	require.Zero(t, left)
}

// A buffer grown by a huge event is released afterwards (contract 10).
func TestHeapAfterHugeEvent(t *testing.T) {
	before := heap()
	p := NewParser(OpenAIChat, nil, nil)
	huge := []byte(choiceEvent(`"delta":{"content":"` + strings.Repeat("x", 8<<20) + `"}`))
	for b := huge; len(b) > 0; {
		n := min(10_000, len(b))
		p.Write(b[:n])
		b = b[n:]
	}
	p.Write([]byte(choiceEvent(`"delta":{"content":"x"}`)))
	huge = nil
	require.Less(t, heap()-before, uint64(256<<10))
	require.EqualValues(t, 2, p.Outcome().Events)
}
