package dialect

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// Events that hold a response repeat the request, with instructions and tools of 100 KB
// and more (O-09). The decoder does not read them. They are left out before the parser
// sees the event, in the one pass that proves it to be JSON.

// minPruned is the size of the smallest event that is worth pruning.
const minPruned = 4 << 10

// pruner copies an event and leaves out the members of a response that are not read.
type pruner struct {
	data   []byte // the event
	pruned []byte // the copy so far, with null for each value that is left out
	copied int    // how much of data was copied or replaced
	values int    // number of values so far
}

// Prune parses data, which is one event, and leaves out what the decoder does not read.
// ok is false if the event has to be parsed as a whole.
func (o *Responses) Prune(s *decode.Context, data []byte) (ok bool) {
	if len(data) < minPruned {
		return false
	}
	p := pruner{data: data, pruned: s.Pruned[:0]}
	if p.object(0, false) != len(data) || p.values > s.Limits.MaxValues {
		return false
	}
	if p.copied > 0 {
		if s.Pruned = append(p.pruned, data[p.copied:]...); s.ParseValid(s.Pruned) {
			return true
		}
	}
	return s.ParseValid(data)
}

// object skips the object at an offset and returns its end, or -1 if the end cannot be
// found. response reports whether the object is the response itself.
func (p *pruner) object(at int, response bool) (end int) {
	p.values++
	if at = jsonscan.SkipSpace(p.data, at+1); at < len(p.data) && p.data[at] == '}' {
		return at + 1
	}
	for {
		var key []byte
		if key, at = jsonscan.SkipKey(p.data, at); at < 0 || at == len(p.data) {
			return -1
		}
		if at = p.member(key, at, response); at < 0 {
			return -1
		}
		switch at = jsonscan.SkipSpace(p.data, at); {
		case at == len(p.data):
			return -1
		case p.data[at] == '}':
			return at + 1
		case p.data[at] != ',':
			return -1
		}
		at = jsonscan.SkipSpace(p.data, at+1)
	}
}

// member skips the value at an offset, which the event or the response has under this
// key. A key with escapes may be any key.
func (p *pruner) member(key []byte, at int, response bool) (end int) {
	if !response && p.data[at] == '{' && string(key) == "response" {
		return p.object(at, true)
	}
	end, values := jsonscan.Skip(p.data, at)
	p.values += values
	if end > 0 && response && !isResponseMember(key) && bytes.IndexByte(key, '\\') < 0 {
		p.pruned = append(append(p.pruned, p.data[p.copied:at]...), "null"...)
		p.copied = end
	}
	return end
}
