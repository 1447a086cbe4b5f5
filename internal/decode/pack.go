package decode

import (
	"slices"
	"strconv"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/valyala/fastjson"
)

// fastjson takes up to 500 bytes for a value, whatever the value is. Honest events hold
// many values only in lists that a decoder ignores or passes on unchanged: the token
// numbers of Ollama's "context" and of vLLM's "prompt_token_ids", log probabilities, and
// the tools of the request. If an event has too many values, these lists are packed: a
// number such as e17 takes the place of each in the copy that fastjson parses. That is not
// JSON, so no event that passes the packer holds one, but fastjson accepts it. AppendRaw
// puts the lists back.

// packed is the position of a packed list in the event.
type packed struct{ from, to int }

// packedMark begins the number that stands for a packed list. The digits after it are the
// position of the list in Context.packed.
const packedMark = 'e'

// packDepth is the greatest depth at which a list is packed. jsonscan.Skip accepts a
// greater one.
const packDepth = 32

// packer copies an event and packs lists.
type packer struct {
	data   []byte
	out    []byte // the copy so far
	copied int    // number of bytes of data that were copied or packed
	lists  []packed
	values int // number of values so far; a packed list is one
	most   int // the greatest number of values
}

// parsePacked parses an event that holds more than Limits.MaxValues values. ok is false if
// packing its lists does not help.
func (c *Context) parsePacked(data []byte) (ok bool) {
	p := packer{data: data, most: c.Limits.MaxValues}
	end := p.value(jsonscan.SkipSpace(data, 0), 0, false)
	if end < 0 || jsonscan.SkipSpace(data, end) != len(data) || len(p.lists) == 0 {
		return false
	}
	p.out = append(p.out, data[p.copied:]...)
	if _, err := c.parseUnchecked(p.out); err != nil {
		return false
	}
	c.packed, c.packedFrom = p.lists, data
	return true
}

// value packs the lists in the value at an offset and returns the end of the value. It
// returns -1 if the value is not JSON, or has too many values. passed is set if no decoder
// looks into the value.
func (p *packer) value(at, depth int, passed bool) (end int) {
	if p.values++; at >= len(p.data) || depth > packDepth || p.values > p.most {
		return -1
	}
	switch p.data[at] {
	case '{':
		return p.object(at, depth, passed)
	case '[':
		if end = p.list(at, passed); end > 0 {
			p.pack(at, end)
			return end
		}
		return p.array(at, depth)
	}
	end, _ = jsonscan.Skip(p.data, at)
	return end
}

// list returns the end of the list at an offset, or -1 if the list must not be packed.
func (p *packer) list(at int, passed bool) (end int) {
	if passed {
		end, _ = jsonscan.Skip(p.data, at)
		return end
	}
	return jsonscan.SkipNumbers(p.data, at)
}

// pack copies the bytes before a list, and a number in place of the list.
func (p *packer) pack(at, end int) {
	p.out = append(append(p.out, p.data[p.copied:at]...), packedMark)
	p.out = strconv.AppendInt(p.out, int64(len(p.lists)), 10)
	p.copied = end
	p.lists = append(p.lists, packed{at, end})
}

func (p *packer) array(at, depth int) (end int) {
	if at = jsonscan.SkipSpace(p.data, at+1); at < len(p.data) && p.data[at] == ']' {
		return at + 1
	}
	for {
		if at = p.value(at, depth+1, false); at < 0 {
			return -1
		}
		if at = jsonscan.SkipSpace(p.data, at); at >= len(p.data) {
			return -1
		}
		switch p.data[at] {
		case ']':
			return at + 1
		case ',':
			at = jsonscan.SkipSpace(p.data, at+1)
		default:
			return -1
		}
	}
}

func (p *packer) object(at, depth int, passed bool) (end int) {
	if at = jsonscan.SkipSpace(p.data, at+1); at < len(p.data) && p.data[at] == '}' {
		return at + 1
	}
	for {
		var key []byte
		if key, at = jsonscan.SkipKey(p.data, at); at < 0 {
			return -1
		}
		if at = p.value(at, depth+1, passed || isPassedOn(key)); at < 0 {
			return -1
		}
		if at = jsonscan.SkipSpace(p.data, at); at >= len(p.data) {
			return -1
		}
		switch p.data[at] {
		case '}':
			return at + 1
		case ',':
			at = jsonscan.SkipSpace(p.data, at+1)
		default:
			return -1
		}
	}
}

// isPassedOn reports whether no decoder looks into the lists in a member with this name.
func isPassedOn(key []byte) bool {
	switch string(key) {
	case "logprobs", "logprobsResult", "tools":
		return true
	}
	return false
}

// IsNumber reports whether v is a number, and not a packed list. It unescapes a string.
func (c *Context) IsNumber(v *fastjson.Value) bool {
	return v != nil && v.Type() == fastjson.TypeNumber && (len(c.packed) == 0 || c.firstByte(v) != packedMark)
}

// AppendRaw appends v's JSON without white space.
func (c *Context) AppendRaw(dst []byte, v *fastjson.Value) []byte {
	if len(c.packed) == 0 {
		return v.MarshalTo(dst)
	}
	return c.appendUnpacked(dst, v.MarshalTo(nil))
}

// appendUnpacked appends compact JSON, with each packed list in place of its number.
func (c *Context) appendUnpacked(dst, compact []byte) []byte {
	from := 0
	for at := 0; at < len(compact); {
		switch b := compact[at]; {
		case b == '"':
			at += jsonscan.StringLen(compact[at:])
			continue
		case b == packedMark && (at == 0 || compact[at-1] == ',' || compact[at-1] == ':' || compact[at-1] == '['):
			dst = append(dst, compact[from:at]...)
			end := jsonscan.SkipDigits(compact, at+1)
			n, _ := jsonscan.ParseDigits(compact[at+1 : end])
			list := c.packed[n]
			dst = jsonscan.AppendCompact(slices.Grow(dst, list.to-list.from), c.packedFrom[list.from:list.to])
			at, from = end, end
			continue
		}
		at++
	}
	return append(dst, compact[from:]...)
}
