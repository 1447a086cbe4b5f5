package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// Many streams are open, and consecutive events belong to different ones: the state of a
// stream has left the cache when its next event arrives. The time of an event is
// compared with that of a single stream, and with that of the fastjson loop in the same
// situation. The streams share a few answers, so that their bytes are warm, like bytes
// that have just been received.

const openAbout = "many open streams in turn, one event a Write, each with its own state"

// openContenders are the contenders that take a stream in pieces. All fastjson loops share
// one buffer for lines, which is to their advantage.
func openContenders() []openContender {
	buf := make([]byte, scanBuffer)
	return []openContender{
		{push, func() pusher { return newPushReader(llmstream.OpenAIChat, nil, allParts) }},
		{usageOnly, func() pusher {
			return newPushReader(llmstream.OpenAIChat, &llmstream.Options{Kinds: llmstream.KindUsage}, partUsage)
		}},
		{fastjsonName, func() pusher { return newFastjsonLoop(buf) }},
	}
}

type openContender struct {
	name string
	new  func() pusher
}

// The figures of open streams.
const (
	nsAnEvent  = "ns an event"
	aloneTime  = "time against one stream alone"
	heapOpen   = "heap bytes an open stream, after three events"
	heapAnswer = "heap bytes beyond the text, after a whole answer"
)

// An openScale says how many streams are open.
type openScale struct {
	streams      int
	answers      int // whole answers that are held at a time
	answerEvents int // events in each of them
}

var fullOpen = openScale{streams: 10_000, answers: 100, answerEvents: full.events}

const (
	openWarm  = 3    // events of each stream before time is taken
	openSlice = 2500 // streams that get an event before the next lane has its turn
	variants  = 16   // different answers
)

// A lane has the streams of one contender. In the lane of a single stream, all are the
// same one.
type lane struct {
	streams []pusher
	took    []float64 // ns an event, by rounds
}

func newLane(n int, newPusher func() pusher) *lane {
	l := &lane{streams: make([]pusher, n)}
	for i := range l.streams {
		l.streams[i] = newPusher()
	}
	return l
}

func newAloneLane(n int, newPusher func() pusher) *lane {
	one := newPusher()
	return newLane(n, func() pusher { return one })
}

// deal writes the next event to some of the streams.
func (l *lane) deal(answers [][][]byte, event, from, to int) time.Duration {
	start := time.Now()
	for i := from; i < to; i++ {
		l.streams[i].write(answers[i%len(answers)][event])
	}
	return time.Since(start)
}

// dealInTurn deals an answer to the streams of all lanes and records the times of the
// rounds between the warm-up and the end.
func dealInTurn(lanes []*lane, answers [][][]byte, rounds int) {
	n := len(lanes[0].streams)
	for event := range answers[0] {
		took := make([]time.Duration, len(lanes))
		for from := 0; from < n; from += openSlice {
			for i := range lanes {
				at := (i + event) % len(lanes) // each goes first in some rounds
				took[at] += lanes[at].deal(answers, event, from, min(from+openSlice, n))
			}
		}
		if event < openWarm || event >= openWarm+rounds {
			continue
		}
		for i, l := range lanes {
			l.took = append(l.took, float64(took[i])/float64(n))
		}
	}
}

// measureOpen returns the figures of open streams.
func (m method) measureOpen(sc openScale) (figures []figure, err error) {
	var streams []*stream
	var answers [][][]byte
	for i := range variants {
		s := talk(cerebras, i, openWarm+m.pairs, "\n")
		streams = append(streams, s)
		answers = append(answers, cutAfter(s.body, "\n\n"))
	}
	all := openContenders()
	var lanes []*lane // two for each contender: open streams, and a single one
	for _, c := range all {
		lanes = append(lanes, newLane(sc.streams, c.new), newAloneLane(sc.streams, c.new))
	}
	runtime.GC()
	dealInTurn(lanes, answers, m.pairs)
	add := func(contender, what string, s spread) {
		figures = append(figures, figure{openStreams, contender, what, s})
	}
	for i, c := range all {
		open, alone := lanes[2*i], lanes[2*i+1]
		for k, p := range open.streams {
			if err := p.verify(streams[k%variants]); err != nil {
				return nil, fmt.Errorf("%s, stream %d of %d: %w", c.name, k, sc.streams, err)
			}
		}
		add(c.name, nsAnEvent, spreadOf(open.took))
		add(c.name, aloneTime, spreadOf(quotients(open.took, alone.took)))
		if i > 0 {
			add(push, against(c.name), spreadOf(quotients(lanes[0].took, open.took)))
		}
	}
	long := talk(cerebras, 0, sc.answerEvents, "\n")
	for _, c := range all {
		open := heapEach(sc.streams, c.new, answers[0][:openWarm])
		add(c.name, heapOpen, spread{open, open, open})
		whole := heapEach(sc.answers, c.new, long.pieces)
		if c.name != usageOnly { // it keeps no text
			whole -= float64(len(long.text))
		}
		add(c.name, heapAnswer, spread{whole, whole, whole})
	}
	return figures, nil
}

func quotients(a, b []float64) []float64 {
	q := make([]float64, len(a))
	for i := range a {
		q[i] = a[i] / b[i]
	}
	return q
}

// heapEach returns the heap bytes that each of n streams holds after these pieces.
func heapEach(n int, newPusher func() pusher, pieces [][]byte) float64 {
	before := heapInUse()
	streams := make([]pusher, n)
	for i := range streams {
		streams[i] = newPusher()
		for _, p := range pieces {
			streams[i].write(p)
		}
	}
	after := heapInUse()
	runtime.KeepAlive(streams)
	return (after - before) / float64(n)
}

func heapInUse() float64 {
	for range 3 { // pools release their contents in the second collection
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
