package clients

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/pprof/profile"
	"github.com/seed-4d65deac/llmstream"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// A load is so many streams at a time through one proxy, each with an event every
// pace. Server, proxy and clients are all in this process.
type load struct {
	streams, events int
	pace            time.Duration
	pairs           int // of a run with the library and one without it
}

// TestLoad measures what the library costs in a busy proxy: how much longer the gaps between events
// are for the clients, its share of the CPU by the profile, and the CPU time of the whole process by getrusage, which
// includes what the profile does not see, such as caches that are colder. Runs with and without the library take turns. Times are only as good as
// the machine is quiet, so that the load is small and nothing is bounded unless
// LLMSTREAM_RATIOS is set:
//
//	LLMSTREAM_RATIOS=1 go test -count 1 -run TestLoad -v .
func TestLoad(t *testing.T) {
	strict := os.Getenv("LLMSTREAM_RATIOS") != ""
	l := &load{streams: 50, events: 20, pace: 5 * time.Millisecond, pairs: 1}
	if strict {
		l = &load{streams: 1000, events: 200, pace: 50 * time.Millisecond, pairs: 7}
	}
	answer := answerOf(l.events)
	upstream := &pacing{load: l, answer: answer}
	behind := serve(t, upstream)
	way := func(watch bool, w *watched) (c *http.Client, address string) {
		pprof.Do(t.Context(), pprof.Labels("in", "proxy"), func(context.Context) { // and all goroutines that it begins
			c, address = inFront(t, behind, behind.URL, watch, w)
		})
		return c, address
	}
	var w watched
	c, address := way(false, nil)
	without := func() run { return l.run(t, upstream, c, address) }
	watching, watchedAddress := way(true, &w)
	with := func() run {
		r := l.run(t, upstream, watching, watchedAddress)
		for _, told := range w.wait(t, l.streams) {
			require.Equal(t, llmstream.StateComplete, told.Outcome.State)
			require.EqualValues(t, len(answer.body), told.Bytes)
			require.False(t, told.ClientLeft)
			require.Equal(t, answer.text, told.Completion.Choices[0].Message.Content)
			require.EqualValues(t, l.events, told.Events)
		}
		w.forget()
		return r
	}
	without() // connections and pools are there from now on
	with()

	var gaps, ofAll, ofProxy, cpu, process []float64
	for pair := range l.pairs {
		var a, b run
		if pair%2 == 0 {
			a, b = without(), with()
		} else {
			b, a = with(), without()
		}
		require.Zero(t, a.ours.all.hits, "what is not there takes no time")
		gaps = append(gaps, float64(b.p99)/float64(a.p99))
		ofAll = append(ofAll, 100*b.ours.all.share())
		ofProxy = append(ofProxy, 100*b.ours.proxy.share())
		cpu = append(cpu, float64(b.ours.all.total)/float64(a.ours.all.total))
		process = append(process, float64(b.process)/float64(a.process))
		t.Logf("pair %d: p99 of gaps %v with, %v without; CPU of the process %v with, %v without; of the profile %v with, %v without, %v of it ours; that of the proxy's goroutines %v",
			pair+1, b.p99, a.p99, b.process, a.process, b.ours.all.total, a.ours.all.total, b.ours.all.hits, b.ours.proxy.total)
	}
	t.Logf("%d streams, an event each %v; medians of %d: p99 of gaps × %.2f; ours of the process %.2f %%, of the proxy's goroutines %.2f %%; CPU of the process × %.3f, of the profile × %.2f",
		l.streams, l.pace, l.pairs, median(gaps), median(ofAll), median(ofProxy), median(process), median(cpu))
	if strict {
		require.LessOrEqual(t, median(gaps), 1.3)
		require.LessOrEqual(t, median(ofAll), 2.0)
	}
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

// answer is a body with what it says.
type longAnswer struct {
	body []byte
	ends []int // of events
	text string
}

func answerOf(events int) (a longAnswer) {
	add := func(format string, values ...any) {
		a.body = fmt.Appendf(a.body, "data: "+format+"\n\n", values...)
		a.ends = append(a.ends, len(a.body))
	}
	const chunk = `{"id":"chatcmpl-0a1b2c3d4e5f6a7b8c9d0e1f2a3b4","object":"chat.completion.chunk","created":1767000000,"model":"gpt-4o-mini","system_fingerprint":"fp_0123456789","choices":`
	add(chunk + `[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}`)
	for i := range events - 4 {
		word := fmt.Sprintf(" word%d", i)
		a.text += word
		add(chunk+`[{"index":0,"delta":{"content":%q},"finish_reason":null}]}`, word)
	}
	add(chunk + `[{"index":0,"delta":{},"finish_reason":"stop"}]}`)
	add(chunk + `[],"usage":{"prompt_tokens":19,"completion_tokens":96,"total_tokens":115}}`)
	add("[DONE]")
	return a
}

// pacing is a server that begins its answers when all clients have asked.
type pacing struct {
	*load
	answer longAnswer
	round  atomic.Pointer[round]
}

type round struct {
	asked atomic.Int64
	all   chan struct{}
}

func (p *pacing) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	io.Copy(io.Discard, q.Body)
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	r := p.round.Load()
	place := r.asked.Add(1)
	if place == int64(p.streams) {
		close(r.all)
	}
	select {
	case <-r.all:
	case <-q.Context().Done():
		return
	}
	next := time.Now().Add(p.pace * time.Duration(place) / time.Duration(p.streams)) // not all at once
	from := 0
	for _, to := range p.answer.ends {
		time.Sleep(time.Until(next))
		next = next.Add(p.pace)
		w.Write(p.answer.body[from:to])
		w.(http.Flusher).Flush()
		from = to
	}
}

// run is what was measured of all streams of one run.
type run struct {
	p99     time.Duration // of the gaps between events, for the clients
	process time.Duration // CPU time of the whole process
	ours    cpuOfUs
}

func (l *load) run(t *testing.T, p *pacing, c *http.Client, address string) (r run) {
	p.round.Store(&round{all: make(chan struct{})})
	var out bytes.Buffer
	runtime.GC() // each run begins with the same heap
	before := cpuTime(t)
	require.NoError(t, pprof.StartCPUProfile(&out))
	var streams errgroup.Group
	all := make([]time.Duration, l.streams*(l.events-1))
	for i := range l.streams {
		streams.Go(func() error {
			return p.answer.read(c, address, all[i*(l.events-1):][:l.events-1])
		})
	}
	err := streams.Wait()
	pprof.StopCPUProfile()
	r.process = cpuTime(t) - before
	require.NoError(t, err)
	slices.Sort(all)
	r.p99 = all[len(all)*99/100]
	cpu, err := profile.Parse(&out)
	require.NoError(t, err)
	r.ours = measure(cpu)
	return r
}

// cpuTime returns the CPU time that the process has taken so far, that of the kernel included.
func cpuTime(t *testing.T) time.Duration {
	var r syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// read asks for the answer, and notes the gaps between its events.
func (a *longAnswer) read(c *http.Client, address string, gaps []time.Duration) error {
	q, err := c.Post(address+"/v1/chat/completions", "application/json", strings.NewReader("{}"))
	if err != nil {
		return err
	}
	defer q.Body.Close()
	buffer := make([]byte, 4<<10)
	var last time.Time
	n, event := 0, 0
	for err == nil {
		var k int
		k, err = q.Body.Read(buffer)
		if !bytes.HasPrefix(a.body[n:], buffer[:k]) {
			return fmt.Errorf("other bytes than were sent, from %d on", n)
		}
		now := time.Now()
		for n += k; event < len(a.ends) && a.ends[event] <= n; event++ {
			if event > 0 {
				gaps[event-1] = now.Sub(last)
			}
			last = now
		}
	}
	if err != io.EOF || n != len(a.body) {
		return fmt.Errorf("an end behind %d of %d bytes: %w", n, len(a.body), err)
	}
	return nil
}

// cpuOfUs is the time that a CPU profile saw in the library.
type cpuOfUs struct {
	all   seen // of the process
	proxy seen // of the proxy's goroutines
}

type seen struct{ hits, total time.Duration }

func (s seen) share() float64 { return float64(s.hits) / float64(max(1, s.total)) }

func measure(p *profile.Profile) (c cpuOfUs) {
	for _, s := range p.Sample {
		took := time.Duration(s.Value[1])
		of := []*seen{&c.all}
		if slices.Equal(s.Label["in"], []string{"proxy"}) {
			of = append(of, &c.proxy)
		}
		for _, x := range of {
			x.total += took
			if isOurs(s) {
				x.hits += took
			}
		}
	}
	return c
}

const module = "github.com/seed-4d65deac/llmstream"

// isOurs tells whether a sample was taken in the library or in what it called, but
// for the body that it wraps: that would have been read, or closed, without it too.
func isOurs(s *profile.Sample) bool {
	called := "" // by the function that is looked at
	for _, l := range s.Location {
		for _, line := range l.Line { // inlined ones first
			f := line.Function.Name
			if rest, ok := strings.CutPrefix(f, module); ok && !strings.HasPrefix(rest, "/integration/") {
				return !strings.HasPrefix(called, "net/http.")
			}
			called = f
		}
	}
	return false
}

// A stack counts by the innermost function of the library and by what that calls.
func TestCountsWhatIsOurs(t *testing.T) {
	for _, test := range []struct {
		stack string // the innermost first
		ours  bool
	}{
		{module + ".(*Parser).Write < " + module + "/httptee.(*watch).parse < net/http/httputil.(*ReverseProxy).ServeHTTP", true},
		{"runtime.mallocgc < " + module + "/httptee.(*watcher).begin < net/http.(*conn).serve", true},
		{"time.Now < " + module + "/httptee.(*watch).clock < net/http.(*conn).serve", true},
		{"syscall.read < net/http.(*body).Read < net/http.(*bodyEOFSignal).Read < " + module + "/httptee.(*body).Read < net/http/httputil.(*ReverseProxy).copyBuffer", false},
		{"runtime.mallocgc < net/http.(*conn).serve", false},
		{"time.Now < " + module + "/integration/clients.(*pacing).ServeHTTP < net/http.(*conn).serve", false},
	} {
		s := &profile.Sample{Value: []int64{1, 7}, Label: map[string][]string{"in": {"proxy"}}}
		for f := range strings.SplitSeq(test.stack, " < ") {
			s.Location = append(s.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: f}}}})
		}
		other := &profile.Sample{Value: []int64{1, 7}}
		got := measure(&profile.Profile{Sample: []*profile.Sample{s, other}})
		want := seen{total: 7}
		if test.ours {
			want.hits = 7
		}
		require.Equal(t, want, got.proxy, test.stack)
		want.total = 14
		require.Equal(t, want, got.all, test.stack)
	}
}
