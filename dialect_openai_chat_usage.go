package llmstream

import "github.com/valyala/fastjson"

// The places where usage stands, the less believable first.
const (
	_ = iota
	usageOfXGroq
	usageOfChoice
	usageOfChunk
)

// addChatUsage adds the usage of a chunk, from the best of its places that holds
// one (U-01 … U-08).
func (h *chat) addChatUsage(s *step, chunk, choice, xGroq *fastjson.Value) {
	var uncounted []byte
	for _, place := range [...]struct {
		rank uint8
		v    *fastjson.Value
	}{{usageOfChunk, chunk}, {usageOfChoice, choice}, {usageOfXGroq, xGroq}} {
		if place.v.GetObject() == nil || place.rank < h.usageRank {
			continue
		}
		raw := s.raw(place.v)
		var u xUsage
		s.readChatUsage(&u, place.v)
		if u.Reported == 0 {
			if uncounted == nil {
				uncounted = raw
			}
			continue
		}
		if s.usage.merge(&u) {
			d := s.add(xKindUsage, -1)
			d.Usage = s.usage
			d.Usage.Raw = raw
		}
		if !u.empty() { // nothing but zeros hides no other place
			h.usageRank = place.rank
			return
		}
	}
	s.addUncounted(uncounted)
}

// readChatUsage reads the names under which counts stand. Where there are several
// for one count the more usual name counts, unless it says zero: gateways fill in
// the names of other dialects with zeros (U-09).
func (s *step) readChatUsage(u *xUsage, v *fastjson.Value) {
	var input, output, cached, written, reasoning [3]*fastjson.Value // by precedence
	var total, miss, inPrompt, inCompletion *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "prompt_tokens":
			input[0] = v
		case "input_tokens":
			input[1] = v
		case "completion_tokens":
			output[0] = v
		case "output_tokens":
			output[1] = v
		case "total_tokens":
			total = v
		case "prompt_tokens_details":
			if !isNull(v) {
				inPrompt = v
			}
		case "input_tokens_details", "prompt_token_details":
			if inPrompt == nil {
				inPrompt = v
			}
		case "completion_tokens_details":
			if !isNull(v) {
				inCompletion = v
			}
		case "output_tokens_details":
			if inCompletion == nil {
				inCompletion = v
			}
		case "cached_tokens", "cache_read_input_tokens", "num_cached_tokens":
			cached[1] = v
		case "prompt_cache_hit_tokens": // DeepSeek's, and the next
			cached[2] = v
		case "prompt_cache_miss_tokens":
			miss = v
		case "cache_creation_input_tokens":
			written[1] = v
		case "reasoning_tokens":
			reasoning[1] = v
		}
	})
	inPrompt.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "cached_tokens":
			cached[0] = v
		case "cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens":
			written[0] = v
		}
	})
	inCompletion.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "reasoning_tokens", "thinking_tokens": // the latter Anthropic's
			reasoning[0] = v
		}
	})
	s.setCount(u, xUsageInput, &u.Input, input)
	s.setCount(u, xUsageOutput, &u.Output, output)
	s.setCount(u, xUsageTotal, &u.Total, [3]*fastjson.Value{total})
	s.setCount(u, xUsageCached, &u.Cached, cached)
	s.setCount(u, xUsageCacheWrite, &u.CacheWrite, written)
	s.setCount(u, xUsageReasoning, &u.Reasoning, reasoning)
	if _, ok := s.number(cached[0]); ok { // a detail is a part of what it details
		u.CachedInInput = xTriYes
	} else if missed, ok := s.number(miss); ok && missed+u.Cached == u.Input {
		u.CachedInInput = xTriYes
	}
}
