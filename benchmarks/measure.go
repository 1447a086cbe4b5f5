package main

import (
	"iter"
	"math"
	"runtime"
	"slices"
	"time"
)

// How two readers are compared.
//
// The speed of a shared machine changes, so that times taken one after the other cannot
// be compared. Therefore two readers alternate: one reads for some milliseconds, then
// the other, until both have read all streams as often as planned. That is a pair. Its
// ratio compares the times of reading all streams once. A figure is the median of many
// pairs; the readers take turns at going first.
//
// A reader that needs longer than a slice is interrupted between two reads and resumes
// in its next slice: each racer is a coroutine. So every contender reads all streams in
// full, and finds its cache warm for most of a slice.

// A method says how carefully to measure.
type method struct {
	pairs int
	slice time.Duration
}

var (
	thorough = method{pairs: 25, slice: 5 * time.Millisecond}
	quick    = method{pairs: 3, slice: time.Millisecond}
)

// A spread has the median and the quartiles of several pairs.
type spread struct{ Median, Low, High float64 }

func spreadOf(values []float64) spread {
	s := slices.Sorted(slices.Values(values))
	at := func(q float64) float64 { return s[int(q*float64(len(s)-1)+0.5)] }
	return spread{Median: at(0.5), Low: at(0.25), High: at(0.75)}
}

// A racer reads the same streams repeatedly.
type racer struct {
	reader  reader
	streams []*stream
	rounds  int // how often it reads them in a pair
	slice   int // bytes
}

func newRacer(r reader, streams []*stream) *racer { return &racer{reader: r, streams: streams} }

func (r *racer) size() (n int) {
	for _, s := range r.streams {
		n += len(s.body)
	}
	return n
}

// read reads all streams once.
func (r *racer) read(f *feed) {
	for _, s := range r.streams {
		f.open(s)
		r.reader.read(f)
	}
}

// right returns how many streams are read correctly.
func (r *racer) right() (n int) {
	var f feed
	for _, s := range r.streams {
		f.open(s)
		r.reader.read(&f)
		if r.reader.verify(s) == nil {
			n++
		}
	}
	return n
}

// pace returns how long reading all streams takes when it is warm.
func (r *racer) pace() time.Duration {
	var f feed
	r.read(&f)
	start := time.Now()
	r.read(&f)
	return max(time.Since(start), time.Microsecond)
}

// turns reads all streams for the planned rounds and yields the time of each slice. Its
// caller has to take all of them.
func (r *racer) turns(yield func(time.Duration) bool) {
	f := feed{slice: r.slice, left: r.slice}
	start := time.Now()
	f.turn = func() {
		yield(time.Since(start))
		start = time.Now()
	}
	for range r.rounds {
		r.read(&f)
	}
	yield(time.Since(start))
}

// race returns the time of a divided by that of b, for each pair, and the nanoseconds in
// which a reads its streams once.
func (m method) race(a, b *racer) (ratio, took spread) {
	m.plan(a, b)
	runtime.GC() // neither pays for earlier garbage
	ratios, times := make([]float64, m.pairs), make([]float64, m.pairs)
	for i := range m.pairs {
		var ta, tb time.Duration
		if i%2 == 0 {
			ta, tb = inTurn(a.turns, b.turns)
		} else {
			tb, ta = inTurn(b.turns, a.turns)
		}
		times[i] = float64(ta) / float64(a.rounds)
		ratios[i] = times[i] / (float64(tb) / float64(b.rounds))
	}
	return spreadOf(ratios), spreadOf(times)
}

// maxEven is the number of slices up to which both read for the same time. Above it the
// faster one gets shorter slices, because it has been measured long enough.
const maxEven = 10

// plan gives both the number of slices that the slower one needs to read its streams once.
func (m method) plan(a, b *racer) {
	paceA, paceB := a.pace(), b.pace()
	turns := math.Ceil(float64(max(paceA, paceB)) / float64(m.slice))
	a.plan(paceA, turns, m.slice)
	b.plan(paceB, turns, m.slice)
}

func (r *racer) plan(pace time.Duration, turns float64, slice time.Duration) {
	r.rounds = int(math.Ceil(min(turns, maxEven) * float64(slice) / float64(pace)))
	r.slice = int(math.Ceil(float64(r.rounds) * float64(r.size()) / turns))
}

// inTurn runs slices of both alternately and returns their total times.
func inTurn(first, second iter.Seq[time.Duration]) (t1, t2 time.Duration) {
	next1, stop1 := iter.Pull(first)
	defer stop1()
	next2, stop2 := iter.Pull(second)
	defer stop2()
	for more1, more2 := true, true; more1 || more2; {
		var d time.Duration
		d, more1 = next1()
		t1 += d
		d, more2 = next2()
		t2 += d
	}
	return t1, t2
}

// allocations returns what reading all streams once allocates when it is warm.
func (r *racer) allocations() (objects, size float64) {
	const rounds = 3
	var f feed
	r.read(&f)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		r.read(&f)
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / rounds, float64(after.TotalAlloc-before.TotalAlloc) / rounds
}
