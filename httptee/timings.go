package httptee

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Never is the time of what did not happen.
const Never time.Duration = -1

// Timings tell when what came, each as the time since Start or [Never]. A thing came
// when the read or write that brought its last byte did; of a compressed body, when
// the inflater came to it.
//
// Output is what [llmstream.Delta.HasOutput] says: text, reasoning, a refusal, a
// call; neither roles nor empty texts nor pings (W-06).
type Timings struct {
	// Start is when the request was made; of a Middleware, when it came; of
	// ModifyResponse, when the header of the response had come.
	Start time.Time

	Header      time.Duration // the header of the response
	FirstByte   time.Duration // of the body
	FirstEvent  time.Duration
	FirstOutput time.Duration
	LastOutput  time.Duration
	LastByte    time.Duration
	End         time.Duration // of the body; never Never

	// Gaps are the times between one moment of output and the next. Outputs that
	// came in the same read came in the same moment.
	Gaps Histogram
}

const (
	octaves    = 22
	perOctave  = 4
	firstBound = 64 * time.Microsecond
	// Buckets is how many buckets a [Histogram] has.
	Buckets = octaves*perOctave + 2
)

// A Histogram counts durations in buckets of fixed bounds; see [Bound]. The zero
// Histogram is empty. Adding to it allocates nothing.
type Histogram struct {
	Counts [Buckets]uint32
	Sum    time.Duration
	Max    time.Duration
}

// Bound returns the upper bound of a bucket, which is in it no more: 64 µs for the
// first, then four to each doubling, 80, 96, 112, 128, 160 µs and so on, up to 268 s. The
// last bucket has none, and the largest Duration is returned. It panics if there is no such bucket.
func Bound(bucket int) time.Duration {
	switch {
	case bucket < 0 || bucket >= Buckets:
		panic("httptee: no such bucket")
	case bucket == Buckets-1:
		return 1<<63 - 1
	}
	octave, quarter := bucket/perOctave, bucket%perOctave
	return (perOctave + time.Duration(quarter)) * (firstBound / perOctave) << octave
}

// Add counts d. What is below 0 counts as 0.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.Sum += d
	h.Max = max(h.Max, d)
	h.Counts[bucketOf(d)]++
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

// N returns how many durations were counted.
func (h *Histogram) N() int64 {
	var n int64
	for _, c := range h.Counts {
		n += int64(c)
	}
	return n
}

// Mean returns the mean of the durations; 0 if there are none.
func (h *Histogram) Mean() time.Duration {
	if n := h.N(); n > 0 {
		return h.Sum / time.Duration(n)
	}
	return 0
}

// Quantile returns a duration that the share q of all do not exceed: the bound of the
// bucket in which that is, or Max if that is less. It is at most a
// quarter too large, or 64 µs, but for what is in the last bucket, 268 s and more: there it
// is Max, however much less the duration was. 0 if there are none.
func (h *Histogram) Quantile(q float64) time.Duration {
	n := h.N()
	if n == 0 {
		return 0
	}
	want := q * float64(n)
	var seen int64
	for i, c := range h.Counts {
		if seen += int64(c); c > 0 && float64(seen) >= want {
			return min(Bound(i), h.Max)
		}
	}
	return h.Max
}

// A Progress tells how a response is getting on. All of it may be called by any
// goroutine at any time, by a watchdog that waits for each of three things: any
// byte, an event, which may be a mere keep-alive, and output (W-11). Before the
// first of a kind its time counts from the request on. At the end of
// the response they stand still.
type Progress struct {
	now                       func() time.Time
	start                     time.Time
	byteAt, eventAt, outputAt atomic.Int64 // nanoseconds since start
	endAt                     atomic.Int64 // so, plus 1; 0: it has not ended
}

// SinceByte returns how long no byte of the body has come.
func (p *Progress) SinceByte() time.Duration { return p.since(&p.byteAt) }

// SinceEvent returns how long no event has come.
func (p *Progress) SinceEvent() time.Duration { return p.since(&p.eventAt) }

// SinceOutput returns how long nothing of the answer has come.
func (p *Progress) SinceOutput() time.Duration { return p.since(&p.outputAt) }

// Ended tells whether the response has ended.
func (p *Progress) Ended() bool { return p.endAt.Load() != 0 }

func (p *Progress) since(at *atomic.Int64) time.Duration {
	now := time.Duration(p.endAt.Load() - 1)
	if now < 0 {
		now = p.now().Sub(p.start)
	}
	return max(0, now-time.Duration(at.Load()))
}
