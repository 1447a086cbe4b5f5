package decode

import (
	"bytes"
	"sync"

	"github.com/valyala/fastjson"
)

// fastjson's parser never frees memory. It keeps 80 bytes for each value of its largest
// event. Each of these values also keeps the largest list of members or elements that it
// has ever had, so the memory grows even with events of equal size. fastjson does not report
// how much it holds, so the commas of the events are counted instead.

const (
	// largeEvent is the number of commas of an event that is parsed with a parser of its
	// own. The largest recorded events have about 300.
	largeEvent = 512
	// tinyEvent is the size of events that cannot fill much, however often they come. Most
	// events are no larger, and nothing is counted in them.
	tinyEvent = 300
	// smallEvent is a number of commas that cannot fill much, however often events of this
	// size come.
	smallEvent = 32
	// maxGrown and maxGrownLarge are the total numbers of commas after which a parser is
	// dropped.
	maxGrown      = 2048
	maxGrownLarge = 1 << 16
	// maxLarge is the size in bytes of the largest event whose parser is used again.
	maxLarge = 256 << 10
)

// parsers are the JSON parsers of a Context.
type parsers struct {
	small fastjson.Parser
	grown int // number of commas of the events that may have grown small
	large *largeParser
}

// A largeParser parses large events. It goes back to its pool after each of them. Usual
// events do not use it, so the garbage collector frees it once no more large events come.
type largeParser struct {
	fastjson.Parser
	grown int // number of commas of its events
}

var largePool = sync.Pool{New: func() any { return new(largeParser) }}

var comma = []byte{','}

// parserFor returns the parser for an event.
func (p *parsers) parserFor(data []byte) *fastjson.Parser {
	if len(data) <= tinyEvent {
		return &p.small
	}
	n := bytes.Count(data, comma)
	if n <= largeEvent && len(data) <= maxKept {
		if n > smallEvent {
			p.grown += n
		}
		return &p.small
	}
	if p.large == nil {
		p.large = largePool.Get().(*largeParser)
	}
	if p.large.grown += n; len(data) > maxLarge {
		p.large.grown = maxGrownLarge + 1
	}
	return &p.large.Parser
}

// releaseLarge returns the parser of a large event to its pool. The values of the event must
// not be used afterwards.
func (p *parsers) releaseLarge() {
	if p.large == nil {
		return
	}
	if p.large.grown <= maxGrownLarge {
		largePool.Put(p.large)
	}
	p.large = nil
}

// releaseParser drops a parser that has grown.
func (p *parsers) releaseParser() {
	if p.grown > maxGrown {
		p.small, p.grown = fastjson.Parser{}, 0
	}
}
