package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-4d65deac/llmstream"
	"github.com/stretchr/testify/require"
)

// soakFaults are what happens to the streams of the soak, in turn. The query is for the
// server of recordings.
var soakFaults = [...]struct {
	name, query string
	leave       func(body io.Reader, cancel func()) // what the client does in place of reading all
	state       string                              // what the proxy says, or "" if that depends on the moment
}{
	{name: "none", query: "pace=20ms", state: "complete"},
	{name: "cut", query: "pace=20ms&cut=3e", state: "truncated"},
	{name: "reset", query: "pace=20ms&reset=3e"},
	{name: "error in the stream", query: "pace=20ms&fail=2e", state: "error"},
	{name: "status 429", query: "status=429", state: "error"},
	{name: "stall", query: "stall=2e&stall-for=500ms", state: "complete"},
	{name: "stall for ever", query: "stall=2e", leave: leaveAfter(400 * time.Millisecond)},
	{name: "client leaves", query: "pace=20ms", leave: leaveAfter(0)},
	{name: "damaged events", query: "pace=20ms&recording=malformed-json"},
	{name: "slow client", query: "", leave: readSlowly, state: "complete"},
}

// leaveAfter reads the beginning of a body, waits, and leaves.
func leaveAfter(d time.Duration) func(io.Reader, func()) {
	return func(body io.Reader, cancel func()) {
		body.Read(make([]byte, 16))
		time.Sleep(d)
		cancel()
		io.Copy(io.Discard, body)
	}
}

func readSlowly(body io.Reader, _ func()) {
	b := make([]byte, 256)
	for {
		if _, err := body.Read(b); err != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// soakLines counts the lines of a proxy by the number in their paths.
type soakLines struct {
	mu     sync.Mutex
	times  map[string]int // by number
	states map[string]int // by fault and state
	// dropped is the number of lines that the proxy has dropped, as it says itself.
	dropped int
}

func (l *soakLines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(string(b)) {
		if _, n, ok := strings.Cut(line, `"dropped":`); ok { // while the processor had no time to read
			dropped, _ := strconv.Atoi(strings.TrimRight(n, "}\n"))
			l.dropped += dropped
			continue
		}
		_, state, _ := strings.Cut(line, `"state":"`)
		state, _, _ = strings.Cut(state, `"`)
		_, number, _ := strings.Cut(line, `"path":"/`)
		number, _, _ = strings.Cut(number, "/")
		l.times[number]++
		fault, _, _ := strings.Cut(number, "-")
		i, _ := strconv.Atoi(fault)
		l.states[soakFaults[i].name+": "+state]++
	}
	return len(b), nil
}

// load is what a process uses.
type load struct{ heap, goroutines, descriptors int }

// loadNow returns what the process uses. What was allocated during a collection counts as
// in use, so the least of some collections is taken.
func loadNow() (l load) {
	for i := range 8 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if l.heap = min(l.heap, int(m.HeapAlloc)); i == 0 {
			l.heap = int(m.HeapAlloc)
		}
	}
	files, _ := os.ReadDir("/proc/self/fd")
	l.goroutines, l.descriptors = runtime.NumGoroutine(), len(files)
	return l
}

func (l load) String() string {
	return fmt.Sprintf("%.1f MiB of heap, %d goroutines, %d descriptors", float64(l.heap)/(1<<20), l.goroutines, l.descriptors)
}

// Thousands of streams at a time through a proxy, with ten kinds of fault. Each stream is
// accounted for once, and nothing grows. LLMSTREAM_SOAK says for how long, as in
//
//	LLMSTREAM_SOAK=10m go test -count 1 -timeout 30m -run TestSoak -v ./cmd/llmstream
//
// The server, the proxy and the clients are in one process. LLMSTREAM_SOAK_STREAMS is the
// number of streams at a time, 2,000 if it is not set.
func TestSoak(t *testing.T) {
	last, err := time.ParseDuration(os.Getenv("LLMSTREAM_SOAK"))
	if err != nil {
		t.Skip("LLMSTREAM_SOAK is not set to a duration: the soak takes minutes")
	}
	streams := 2000
	if n, err := strconv.Atoi(os.Getenv("LLMSTREAM_SOAK_STREAMS")); err == nil {
		streams = n
	}
	recorded, err := new(invocation).recordings(nil)
	require.NoError(t, err)
	upstream := httptest.NewServer(&replay{recordings: recorded})
	to, err := url.Parse(upstream.URL)
	require.NoError(t, err)
	lines := &soakLines{times: map[string]int{}, states: map[string]int{}}
	var stderr strings.Builder
	p := newPrinter(lines, &stderr, true)
	server := httptest.NewServer(newProxy(to, p, 0, llmstream.Auto))
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: streams}}

	var requests atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(last)
	for n := range streams {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for round := 0; time.Now().Before(end); round++ {
				requests.Add(1)
				soakOne(t, client, server.URL, (n+round)%len(soakFaults), n, round)
			}
		}()
	}
	time.Sleep(last / 4)
	early := loadNow()
	t.Logf("after %v: %v", last/4, early)
	time.Sleep(last / 2)
	late := loadNow()
	t.Logf("after %v: %v", last*3/4, late)
	wg.Wait()
	client.CloseIdleConnections()
	server.Close()
	upstream.Close() // ends the idle connections of the proxy
	p.close()

	require.Equal(t, int(requests.Load()), len(lines.times)+lines.dropped, "each stream has a line")
	for number, times := range lines.times {
		require.Equal(t, 1, times, number)
	}
	t.Logf("%d streams, %d at a time, %d lines dropped: %v", requests.Load(), streams, lines.dropped, lines.states)
	for _, f := range soakFaults {
		for state := range lines.states {
			if name, s, _ := strings.Cut(state, ": "); name == f.name && f.state != "" {
				require.Equal(t, f.state, s, f.name)
			}
		}
	}
	require.LessOrEqual(t, late.heap, early.heap*5/4+16<<20)
	require.LessOrEqual(t, late.goroutines, early.goroutines*5/4+100)
	require.LessOrEqual(t, late.descriptors, early.descriptors*5/4+100)
	after := loadNow()
	for range 60 {
		if after.goroutines < 100 {
			break
		}
		time.Sleep(500 * time.Millisecond)
		after = loadNow()
	}
	t.Logf("at the end: %v", after)
	require.Less(t, after.goroutines, 100)
}

// soakOne requests one stream with a fault.
func soakOne(t *testing.T, client *http.Client, at string, fault, n, round int) {
	f := &soakFaults[fault]
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	target := fmt.Sprintf("%s/%d-%d-%d%s?%s", at, fault, n, round, chatPath, f.query)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(`{"stream":true}`))
	if err != nil {
		t.Error(err)
		return
	}
	resp, err := client.Do(req)
	if err != nil { // the upstream has reset the connection before the header came
		t.Errorf("%s: %v", f.name, err)
		return
	}
	defer resp.Body.Close()
	if f.leave != nil {
		f.leave(resp.Body, cancel)
		return
	}
	io.Copy(io.Discard, resp.Body)
}
