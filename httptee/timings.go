package httptee

import (
	"sync/atomic"
	"time"
)

// Never is the time of an event that has not happened.
const Never time.Duration = -1

// Timings holds the times at which parts of a response came, each since Start, or
// [Never]. A part comes with the Read or Write that brings its last byte. In a
// compressed body, events and output come when the inflater reaches them.
//
// Output is what [llmstream.Delta.HasOutput] reports: text, reasoning, a refusal or a tool
// call; roles, empty texts and pings are not output.
type Timings struct {
	// Start is when the request was made; for a Middleware, when it came; for
	// ModifyResponse and TeeReader, when the header of the response had come.
	Start time.Time

	Header      time.Duration // the header of the response
	FirstByte   time.Duration // of the body
	FirstEvent  time.Duration
	FirstOutput time.Duration
	LastOutput  time.Duration
	LastByte    time.Duration
	End         time.Duration // of the body, or when the request failed; never Never

	// Gaps holds the times between one output and the next. Outputs of the same read
	// count as one.
	Gaps Histogram
}

func newTimings(start time.Time) Timings {
	return Timings{
		Start: start, Header: Never, FirstByte: Never, LastByte: Never, FirstEvent: Never, FirstOutput: Never, LastOutput: Never,
	}
}

// A Progress reports how a response advances. All its methods may be called by any
// goroutine at any time. A watchdog can observe three things: bytes, events, which may
// be keep-alives, and output. Until the first of a kind has come, its time counts from
// the request. When the response has ended, the times no longer change.
type Progress struct {
	now                       func() time.Time
	start                     time.Time
	byteAt, eventAt, outputAt atomic.Int64 // nanoseconds since start
	endAt                     atomic.Int64 // nanoseconds since start, plus 1; 0: the response has not ended
}

// SinceByte returns the time since the last byte of the body.
func (p *Progress) SinceByte() time.Duration { return p.since(&p.byteAt) }

// SinceEvent returns the time since the last event.
func (p *Progress) SinceEvent() time.Duration { return p.since(&p.eventAt) }

// SinceOutput returns the time since the last output.
func (p *Progress) SinceOutput() time.Duration { return p.since(&p.outputAt) }

// Ended reports whether the response has ended.
func (p *Progress) Ended() bool { return p.endAt.Load() != 0 }

func (p *Progress) since(at *atomic.Int64) time.Duration {
	now := time.Duration(p.endAt.Load() - 1)
	if now < 0 {
		now = p.now().Sub(p.start)
	}
	return max(0, now-time.Duration(at.Load()))
}
