package decode

import (
	"bytes"
	"sync"

	"github.com/valyala/fastjson"
)

// fastjson's parser keeps the memory of all values that it has parsed: 80 bytes for each
// of the values of its largest event, and for each place of a value what the members or
// elements there took, whichever event had the most. It does not show how much that is,
// so the commas of events are counted, which separate members and elements.

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
	// maxGrown and maxGrownLarge are the numbers of commas in sum after which a parser is
	// given up.
	maxGrown      = 2048
	maxGrownLarge = 1 << 16
	// maxLarge is the size of the largest event whose parser is used again.
	maxLarge = 256 << 10
)

// parsers are the JSON parsers of a Context.
type parsers struct {
	small fastjson.Parser
	grown int // number of commas of the events that may have grown small
	large *largeParser
}

// A largeParser parses large events. It goes back to its pool at the end of each, and no
// usual event takes one. So the collector frees them once no large events come any more.
type largeParser struct {
	fastjson.Parser
	grown int
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

// releaseLarge ends the use of the parser for a large event, and of its values.
func (p *parsers) releaseLarge() {
	if p.large == nil {
		return
	}
	if p.large.grown <= maxGrownLarge {
		largePool.Put(p.large)
	}
	p.large = nil
}

// releaseParser gives up a parser that has grown.
func (p *parsers) releaseParser() {
	if p.grown > maxGrown {
		p.small, p.grown = fastjson.Parser{}, 0
	}
}
