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
func (s *step) addChatUsage(chunk, choice, xGroq *fastjson.Value) {
	for _, place := range [...]struct {
		rank uint8
		v    *fastjson.Value
	}{{usageOfChunk, chunk}, {usageOfChoice, choice}, {usageOfXGroq, xGroq}} {
		if place.v.GetObject() == nil || place.rank < s.usageRank {
			continue
		}
		raw := s.raw(place.v)
		var u Usage
		s.readChatUsage(&u, place.v)
		if u.Reported == 0 {
			continue
		}
		if s.usage.merge(&u) {
			d := s.add(KindUsage, -1)
			d.Usage = s.usage
			d.Usage.Raw = raw
		}
		if !u.empty() { // nothing but zeros hides no other place
			s.usageRank = place.rank
			return
		}
	}
}

func (s *step) readChatUsage(u *Usage, v *fastjson.Value) {
	hit, miss := int64(-1), int64(-1)
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "prompt_tokens_details", "input_tokens_details":
			s.readDetails(u, v)
			return
		case "completion_tokens_details", "output_tokens_details":
			s.readDetails(u, v)
			return
		}
		n, ok := s.number(v)
		if !ok {
			return
		}
		switch string(key) {
		case "prompt_tokens", "input_tokens":
			u.set(UsageInput, &u.Input, n)
		case "completion_tokens", "output_tokens":
			u.set(UsageOutput, &u.Output, n)
		case "total_tokens":
			u.set(UsageTotal, &u.Total, n)
		case "prompt_cache_hit_tokens":
			hit = n
		case "prompt_cache_miss_tokens":
			miss = n
		case "cached_tokens", "cache_read_input_tokens":
			if u.Reported&UsageCached == 0 {
				u.set(UsageCached, &u.Cached, n)
			}
		case "cache_creation_input_tokens":
			u.set(UsageCacheWrite, &u.CacheWrite, n)
		case "reasoning_tokens":
			if u.Reported&UsageReasoning == 0 {
				u.set(UsageReasoning, &u.Reasoning, n)
			}
		}
	})
	if hit >= 0 { // DeepSeek's names
		if u.Reported&UsageCached == 0 {
			u.set(UsageCached, &u.Cached, hit)
		}
		if miss >= 0 && hit+miss == u.Input {
			u.CachedInInput = TriYes
		}
	}
}

// readDetails reads prompt_tokens_details and completion_tokens_details. What
// they tell is part of the number that they detail.
func (s *step) readDetails(u *Usage, v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		n, ok := s.number(v)
		if !ok {
			return
		}
		switch string(key) {
		case "cached_tokens":
			u.set(UsageCached, &u.Cached, n)
			u.CachedInInput = TriYes
		case "cache_write_tokens", "cache_creation_tokens":
			u.set(UsageCacheWrite, &u.CacheWrite, n)
		case "reasoning_tokens":
			u.set(UsageReasoning, &u.Reasoning, n)
		}
	})
}
