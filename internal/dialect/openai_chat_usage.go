package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// The places of usage, the least trusted first.
const (
	_ = iota
	usageOfXGroq
	usageOfChoice
	usageOfChunk
)

// addChatUsage adds the usage of a chunk, from the most trusted place that holds a usage
// (U-01 … U-08).
func (h *chat) addChatUsage(s *decode.Context, chunk, choice, xGroq *fastjson.Value) {
	for _, place := range [...]struct {
		rank uint8
		v    *fastjson.Value
	}{{usageOfChunk, chunk}, {usageOfChoice, choice}, {usageOfXGroq, xGroq}} {
		if place.v.GetObject() == nil || place.rank < h.usageRank {
			continue
		}
		raw := s.Raw(place.v)
		var u decode.Usage
		readChatUsage(s, &u, place.v)
		if u.Reported == 0 { // it may hold costs (U-12)
			continue
		}
		if s.Usage.Merge(&u) {
			d := s.Add(decode.KindUsage, -1)
			d.Usage = s.Usage
			d.Usage.Raw = raw
		}
		if !u.Empty() { // a usage of zeros does not hide another place
			h.usageRank = place.rank
			return
		}
	}
}

// readChatUsage reads the counts under all their names. If a count has several names, the
// more usual name wins, unless its value is zero: gateways fill in the names of other
// dialects with zeros (U-09).
func readChatUsage(s *decode.Context, u *decode.Usage, v *fastjson.Value) {
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
			if !decode.IsNull(v) {
				inPrompt = v
			}
		case "input_tokens_details", "prompt_token_details":
			if inPrompt == nil {
				inPrompt = v
			}
		case "completion_tokens_details":
			if !decode.IsNull(v) {
				inCompletion = v
			}
		case "output_tokens_details":
			if inCompletion == nil {
				inCompletion = v
			}
		case "cached_tokens", "cache_read_input_tokens", "num_cached_tokens":
			cached[1] = v
		case "prompt_cache_hit_tokens": // this name and the next are DeepSeek's
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
		case "reasoning_tokens", "thinking_tokens": // thinking_tokens is Anthropic's name
			reasoning[0] = v
		}
	})
	s.SetBestCount(u, decode.UsageInput, &u.Input, input)
	s.SetBestCount(u, decode.UsageOutput, &u.Output, output)
	s.SetBestCount(u, decode.UsageTotal, &u.Total, [3]*fastjson.Value{total})
	s.SetBestCount(u, decode.UsageCached, &u.Cached, cached)
	s.SetBestCount(u, decode.UsageCacheWrite, &u.CacheWrite, written)
	s.SetBestCount(u, decode.UsageReasoning, &u.Reasoning, reasoning)
	settleInput(s, u, input[0], input[1])
	if _, ok := s.Int(cached[0]); ok { // the details are a part of their count
		u.CachedInInput = decode.TriYes
	} else if missed, ok := s.Int(miss); ok && missed+u.Cached == u.Input {
		u.CachedInInput = decode.TriYes
	}
}

// settleInput finds the input if an object counts it by two conventions: with the cached
// tokens, as OpenAI does, and without them, as Anthropic does (U-18).
func settleInput(s *decode.Context, u *decode.Usage, prompt, input *fastjson.Value) {
	a, okA := s.Int(prompt)
	b, okB := s.Int(input)
	if !okA || !okB || a == b || u.Cached+u.CacheWrite == 0 {
		return
	}
	switch with, without := max(a, b), min(a, b); with - without {
	case u.Cached, u.Cached + u.CacheWrite:
		u.Input, u.CachedInInput = with, decode.TriYes
	}
}
