package httptee

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// How exact quantiles are, and where they no longer are.
func TestQuantileIsNear(t *testing.T) {
	last := Bound(Buckets - 2)
	for d := time.Microsecond; d < 2*last; d += d/7 + 1 {
		var h Histogram
		h.Add(d)
		h.Add(d)
		h.Add(10_000 * time.Second)
		got := h.Quantile(0.5)
		if d >= last {
			require.Equal(t, h.Max, got, d)
			continue
		}
		require.GreaterOrEqual(t, got, d)
		require.LessOrEqual(t, got, max(d+d/4+1, 64*time.Microsecond), d)
	}
}

func TestHistogram(t *testing.T) {
	var h Histogram
	require.Zero(t, h.Quantile(0.5))
	require.Zero(t, h.Mean())
	for i := range Buckets - 1 { // each bound begins the next bucket
		b := Bound(i)
		require.Equal(t, i, bucketOf(b-1), b)
		require.Equal(t, i+1, bucketOf(b), b)
		if i > 0 {
			require.LessOrEqual(t, float64(b), 1.26*float64(Bound(i-1)))
		}
	}
	require.Equal(t, 64*time.Microsecond, Bound(0))
	require.Equal(t, 80*time.Microsecond, Bound(1))
	require.Equal(t, 268435456*time.Microsecond, Bound(Buckets-2))
	require.Panics(t, func() { Bound(Buckets) })
	h.Add(-1)
	for i := range 100 {
		h.Add(time.Duration(i) * time.Millisecond)
	}
	h.Add(1 << 62)
	require.EqualValues(t, 102, h.N())
	require.Equal(t, time.Duration(1<<62), h.Quantile(1))
	require.InEpsilon(t, float64(50*time.Millisecond), float64(h.Quantile(0.5)), 0.25)
	require.InEpsilon(t, float64(90*time.Millisecond), float64(h.Quantile(0.9)), 0.25)
	require.Equal(t, 64*time.Microsecond, h.Quantile(0))
	require.Zero(t, testing.AllocsPerRun(10, func() { h.Add(time.Second) }))
}

// A merged histogram is that of all durations together, and sums stay where they cannot grow.
func TestHistogramMerge(t *testing.T) {
	var a, b, all Histogram
	for i := range 1000 {
		d := time.Duration(i) * time.Duration(i) * time.Millisecond
		all.Add(d)
		if i%3 == 0 {
			a.Add(d)
		} else {
			b.Add(d)
		}
	}
	was := b
	a.Merge(&b)
	a.Merge(nil)
	a.Merge(new(Histogram))
	require.Equal(t, all, a)
	require.Equal(t, was, b)

	var h Histogram
	h.Add(math.MaxInt64)
	h.Add(1)
	require.Equal(t, time.Duration(math.MaxInt64), h.Sum)
	h.Merge(&a)
	require.Equal(t, time.Duration(math.MaxInt64), h.Sum)
	require.Equal(t, time.Duration(math.MaxInt64), h.Max)
	require.EqualValues(t, 1002, h.N())
	require.Positive(t, h.Mean())
}

// Buckets are cumulative, have finite bounds alone, and can be left at any time.
func TestHistogramBuckets(t *testing.T) {
	var h Histogram
	h.Add(0)
	h.Add(70 * time.Microsecond)
	h.Add(80 * time.Microsecond) // a bound is exclusive
	h.Add(time.Hour)             // in the last bucket
	var bounds []time.Duration
	var counts []uint64
	for bound, less := range h.Buckets() {
		bounds, counts = append(bounds, bound), append(counts, less)
	}
	require.Len(t, bounds, Buckets-1)
	require.Equal(t, []time.Duration{64 * time.Microsecond, 80 * time.Microsecond, 96 * time.Microsecond}, bounds[:3])
	require.Equal(t, []uint64{1, 2, 3}, counts[:3])
	require.EqualValues(t, 3, counts[Buckets-2])
	require.Less(t, bounds[Buckets-2], 5*time.Minute)
	require.EqualValues(t, 4, h.N())
	n := 0
	for range h.Buckets() {
		if n++; n == 2 {
			break
		}
	}
	require.Equal(t, 2, n)
}
