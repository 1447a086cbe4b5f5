package llmstream

import "bytes"

// Chunks of a stream begin alike: {"id":"…","object":"…","created":…,"model":"…",
// "choices":[{"index":0, and only then comes what is new. What was read once
// from the same bytes has nothing to tell any more, so it is left out, and
// fastjson gets a short beginning in its place that means the same. That is
// exact: a run of whole members brings any JSON parser back to where it was
// before them, and a preamble is only learned if nothing in it is acted upon.

// preamble is what the last chunks began with.
type preamble struct {
	bytes []byte // empty: none is known
	// choice is the index of the first choice, if the preamble goes on into it as
	// far as the member "index"; else it ends in front of "choices".
	choice int32
	index  bool
	// credit bounds what a stream of ever new preambles costs: learning takes
	// some, each use gives some back.
	credit int8
}

const (
	preambleCredit = 4   // of a new stream
	preambleMax    = 512 // bytes that are worth keeping
)

// cut returns data with a short beginning in place of the preamble, appended to
// dst, if it begins with that.
func (p *preamble) cut(dst, data []byte) (_ []byte, ok bool) {
	if len(p.bytes) == 0 || !bytes.HasPrefix(data, p.bytes) {
		return dst, false
	}
	if n := len(p.bytes); n == len(data) || data[n] != '"' {
		return dst, false // a comma and no member behind it, which "{" would hide
	}
	p.credit = min(p.credit+1, preambleCredit)
	if p.index {
		dst = append(dst, `{"choices":[{`...)
	} else {
		dst = append(dst, '{')
	}
	return append(dst, data[len(p.bytes):]...), true
}

// worthLearning tells whether preambles of this stream have been of use so far.
func (p *preamble) worthLearning() bool { return p.credit > -preambleCredit }

// learn keeps the beginning of data, which is a well-formed chunk, and in which
// no member in front of "choices" may be acted upon any more.
func (p *preamble) learn(data []byte) {
	known, index0 := p.bytes, p.index
	p.bytes = p.bytes[:0]
	p.credit -= 2
	const key, index = `,"choices":`, `[{"index":`
	// In front of the first bracket, the key is of the outermost object: neither in
	// another one, nor inside a string, where its quotes would be escaped.
	bracket := bytes.IndexByte(data[:min(len(data), preambleMax)], '[')
	if bracket < 0 || bytes.IndexByte(data[1:bracket], '{') >= 0 {
		return
	}
	front, ok := bytes.CutSuffix(bytes.TrimRight(data[:bracket], " "), []byte(key))
	if !ok || len(front) < 2 {
		return
	}
	at := len(front) + len(",")
	end := at
	p.index = false
	if after := data[len(front)+len(key):]; bytes.HasPrefix(after, []byte(index)) {
		after = after[len(index):]
		if comma := bytes.IndexByte(after[:min(len(after), 10)], ','); comma > 0 {
			if n, ok := parseDigits(after[:comma]); ok {
				p.index, p.choice = true, int32(n) // of less than ten digits
				end = len(front) + len(key) + len(index) + comma + 1
			}
		}
	}
	if p.index && index0 && len(known) >= at && bytes.HasPrefix(known, data[:at]) {
		end, p.index = at, false // choices in turn: what is in front of them is alike
	}
	p.bytes = append(p.bytes, data[:end]...)
}
