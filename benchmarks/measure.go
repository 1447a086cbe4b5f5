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
// A machine that others use too is slow at one time and fast at another, so that
// times taken one after the other compare badly. Therefore the two take turns:
// one reads for some milliseconds, then the other, and so on, until both have
// read all streams as often as planned. That is a pair, and its ratio is
// that of what reading the streams once has cost each. A figure is the median of
// many pairs, in which they begin in turn.
//
// Who needs longer than a slice for the streams is interrupted between two reads
// and goes on in its next slice, with its state as it was: each racer is a
// coroutine. So no peer is measured on less than the whole streams, and nobody
// with a cache that the other has emptied after each event.

// A method is how carefully is measured.
type method struct {
	pairs int
	slice time.Duration
}

var (
	thorough = method{pairs: 25, slice: 5 * time.Millisecond}
	quick    = method{pairs: 3, slice: time.Millisecond}
)

// A spread is the median and the quartiles of what several pairs have given.
type spread struct{ Median, Low, High float64 }

func spreadOf(values []float64) spread {
	s := slices.Sorted(slices.Values(values))
	at := func(q float64) float64 { return s[int(q*float64(len(s)-1)+0.5)] }
	return spread{Median: at(0.5), Low: at(0.25), High: at(0.75)}
}

// A racer reads streams again and again.
type racer struct {
	reader  reader
	streams []*stream
	rounds  int // how often in a pair
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

// right returns how many streams are read as they should be.
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

// pace tells how long reading all streams takes, when it is warm.
func (r *racer) pace() time.Duration {
	var f feed
	r.read(&f)
	start := time.Now()
	r.read(&f)
	return max(time.Since(start), time.Microsecond)
}

// turns reads all streams for as many rounds as planned and yields how long each
// slice of that took. Nobody stops it before its end.
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

// race returns the time that a needs against b, pair by pair, and the nanoseconds
// in which a reads its streams once.
func (m method) race(a, b *racer) (ratio, took spread) {
	m.plan(a, b)
	runtime.GC() // what was garbage before is nobody's
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

// maxEven is up to how many slices both read for as long. Where there are more,
// the faster one's are shorter: it has had its time by then.
const maxEven = 10

// plan gives both as many slices as the slower one needs to read its streams
// once.
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

// inTurn runs both by slices in turn and returns what they took in all.
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

// allocations returns what reading all streams once allocates, when it is warm.
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
