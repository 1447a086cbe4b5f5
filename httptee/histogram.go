package httptee

import (
	"iter"
	"math"
	"math/bits"
	"time"
)

const (
	octaves    = 22
	perOctave  = 4
	firstBound = 64 * time.Microsecond
	// Buckets is the number of buckets of a [Histogram].
	Buckets = octaves*perOctave + 2
)

// A Histogram counts durations in buckets of fixed bounds; see [Bound]. The zero
// Histogram is empty. Adding to it allocates nothing. It is not safe for concurrent use.
type Histogram struct {
	Counts [Buckets]uint64
	// Sum is the sum of the durations. It does not overflow: it stops at the largest
	// Duration, 292 years.
	Sum time.Duration
	Max time.Duration
}

// Bound returns the exclusive upper bound of a bucket. The first bound is 64 µs. Each
// doubling has four buckets: 80, 96, 112, 128, 160 µs and so on, up to 268 s. The last
// bucket has no bound; for it Bound returns the largest Duration. It panics if bucket
// is negative, or not less than [Buckets].
func Bound(bucket int) time.Duration {
	switch {
	case bucket < 0 || bucket >= Buckets:
		panic("httptee: no such bucket")
	case bucket == Buckets-1:
		return math.MaxInt64
	}
	octave, quarter := bucket/perOctave, bucket%perOctave
	return (perOctave + time.Duration(quarter)) * (firstBound / perOctave) << octave
}

// Add counts d. A negative duration counts as 0.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.Sum = sum(h.Sum, d)
	h.Max = max(h.Max, d)
	h.Counts[bucketOf(d)]++
}

// Merge adds the durations that other has counted. It does not change other. A nil
// other counts as empty.
func (h *Histogram) Merge(other *Histogram) {
	if other == nil {
		return
	}
	for i, n := range other.Counts {
		h.Counts[i] += n
	}
	h.Sum = sum(h.Sum, other.Sum)
	h.Max = max(h.Max, other.Max)
}

// sum returns a+b, or the largest Duration if that is less. Neither is negative.
func sum(a, b time.Duration) time.Duration {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// bucketOf returns the bucket of a duration that is not negative.
func bucketOf(d time.Duration) int {
	if d < firstBound {
		return 0
	}
	octave := bits.Len64(uint64(d/firstBound)) - 1
	quarter := int((d - firstBound<<octave) / (firstBound / perOctave << octave))
	return min(octave*perOctave+quarter+1, Buckets-1)
}

// N returns the number of durations that were counted.
func (h *Histogram) N() int64 {
	var n int64
	for _, c := range h.Counts {
		n += int64(c)
	}
	return n
}

// Buckets iterates over the bounds in ascending order, each with the number of
// durations below it, as in the cumulative buckets of Prometheus. The last bucket,
// which has no bound, is left out; its cumulative count is [Histogram.N].
func (h *Histogram) Buckets() iter.Seq2[time.Duration, uint64] {
	return func(yield func(time.Duration, uint64) bool) {
		var less uint64
		for i, n := range h.Counts[:Buckets-1] {
			if less += n; !yield(Bound(i), less) {
				return
			}
		}
	}
}

// Mean returns the mean of the durations; 0 for an empty Histogram.
func (h *Histogram) Mean() time.Duration {
	if n := h.N(); n > 0 {
		return h.Sum / time.Duration(n)
	}
	return 0
}

// Quantile returns an estimate of the quantile q, which is between 0 and 1: the bound
// of the bucket that the quantile falls into, or Max if that is less. The estimate is
// never too small, and too large by at most a quarter or 64 µs. In the last bucket,
// from 268 s on, it is Max. It returns 0 for an empty Histogram.
func (h *Histogram) Quantile(q float64) time.Duration {
	n := h.N()
	if n == 0 {
		return 0
	}
	want := q * float64(n)
	var seen uint64
	for i, c := range h.Counts {
		if seen += c; c > 0 && float64(seen) >= want {
			return min(Bound(i), h.Max)
		}
	}
	return h.Max
}
