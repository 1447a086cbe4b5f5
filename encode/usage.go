package encode

import (
	"strconv"

	"github.com/seed-4d65deac/llmstream"
)

// The providers count in different ways: the input of OpenAI and Gemini includes what
// was read from a cache, Anthropic's does not (WG-11); the output of OpenAI and Anthropic
// includes reasoning, Gemini's does not. Where it is not known which of them a source
// follows, its number is copied and nothing is computed.

// inputWithCache returns the input tokens as OpenAI and Gemini count them.
func inputWithCache(u *llmstream.Usage) int64 {
	if u.CachedInInput == llmstream.TriNo {
		return u.Input + u.Cached + u.CacheWrite
	}
	return u.Input
}

// inputWithoutCache returns the input tokens as Anthropic counts them.
func inputWithoutCache(u *llmstream.Usage) int64 {
	if u.CachedInInput == llmstream.TriYes {
		return max(0, u.Input-u.Cached-u.CacheWrite)
	}
	return u.Input
}

// outputWithReasoning returns the output tokens as OpenAI and Anthropic count them.
func outputWithReasoning(u *llmstream.Usage) int64 {
	if u.ReasoningInOutput == llmstream.TriNo {
		return u.Output + u.Reasoning
	}
	return u.Output
}

// outputWithoutReasoning returns the output tokens as Gemini counts them. Gateways exist
// whose total says that reasoning is part of a smaller output; nothing is computed of that.
func outputWithoutReasoning(u *llmstream.Usage) int64 {
	if u.ReasoningInOutput == llmstream.TriYes && u.Reasoning <= u.Output {
		return u.Output - u.Reasoning
	}
	return u.Output
}

// hasOutput reports whether outputWithReasoning was reported, or follows from what was.
func hasOutput(u *llmstream.Usage) bool {
	return reported(u, llmstream.UsageOutput) || u.ReasoningInOutput == llmstream.TriNo && reported(u, llmstream.UsageReasoning)
}

func reported(u *llmstream.Usage, f llmstream.UsageFields) bool { return u.Reported&f == f }

// members appends the members of an object, with commas between them.
type members struct{ some bool }

func (m *members) name(dst []byte, name string) []byte {
	if m.some {
		dst = append(dst, ',')
	}
	m.some = true
	return append(append(append(dst, '"'), name...), `":`...)
}

func (m *members) number(dst []byte, name string, n int64) []byte {
	return strconv.AppendInt(m.name(dst, name), n, 10)
}

// appendChatUsage appends a usage object of chat. Numbers that were not reported are left
// out (WC-8: zeros would be added up, or taken for the truth).
func appendChatUsage(dst []byte, u *llmstream.Usage) []byte {
	var m members
	dst = append(dst, '{')
	if reported(u, llmstream.UsageInput) {
		dst = m.number(dst, "prompt_tokens", inputWithCache(u))
	}
	if hasOutput(u) {
		dst = m.number(dst, "completion_tokens", outputWithReasoning(u))
	}
	switch {
	case reported(u, llmstream.UsageInput) && hasOutput(u): // of the numbers written
		dst = m.number(dst, "total_tokens", inputWithCache(u)+outputWithReasoning(u))
	case reported(u, llmstream.UsageTotal):
		dst = m.number(dst, "total_tokens", u.Total)
	}
	if u.Reported&(llmstream.UsageCached|llmstream.UsageCacheWrite) != 0 {
		var inner members
		dst = append(m.name(dst, "prompt_tokens_details"), '{')
		if reported(u, llmstream.UsageCached) {
			dst = inner.number(dst, "cached_tokens", u.Cached)
		}
		if reported(u, llmstream.UsageCacheWrite) {
			dst = inner.number(dst, "cache_write_tokens", u.CacheWrite)
		}
		dst = append(dst, '}')
	}
	if reported(u, llmstream.UsageReasoning) {
		dst = append(m.name(dst, "completion_tokens_details"), '{')
		dst = append(new(members).number(dst, "reasoning_tokens", u.Reasoning), '}')
	}
	return append(dst, '}')
}

// appendResponsesUsage appends a usage object of Responses, with every number that Codex
// and Vercel's client require (WR-10).
func appendResponsesUsage(dst []byte, u *llmstream.Usage) []byte {
	in, out := inputWithCache(u), outputWithReasoning(u)
	dst = strconv.AppendInt(append(dst, `{"input_tokens":`...), in, 10)
	dst = strconv.AppendInt(append(dst, `,"input_tokens_details":{"cached_tokens":`...), u.Cached, 10)
	dst = strconv.AppendInt(append(dst, `},"output_tokens":`...), out, 10)
	dst = strconv.AppendInt(append(dst, `,"output_tokens_details":{"reasoning_tokens":`...), u.Reasoning, 10)
	dst = strconv.AppendInt(append(dst, `},"total_tokens":`...), in+out, 10)
	return append(dst, '}')
}

// appendAnthropicUsage appends a usage object of Anthropic. Its numbers are for the
// whole answer (WA-18). output_tokens is always there (WA-16: clients read it unasked),
// the others where they are known.
func appendAnthropicUsage(dst []byte, u *llmstream.Usage) []byte {
	var m members
	dst = append(dst, '{')
	if reported(u, llmstream.UsageInput) {
		dst = m.number(dst, "input_tokens", inputWithoutCache(u))
	}
	if reported(u, llmstream.UsageCacheWrite) {
		dst = m.number(dst, "cache_creation_input_tokens", u.CacheWrite)
	}
	if reported(u, llmstream.UsageCached) {
		dst = m.number(dst, "cache_read_input_tokens", u.Cached)
	}
	dst = m.number(dst, "output_tokens", outputWithReasoning(u))
	if reported(u, llmstream.UsageReasoning) {
		dst = append(m.name(dst, "output_tokens_details"), '{')
		dst = append(new(members).number(dst, "thinking_tokens", u.Reasoning), '}')
	}
	return append(dst, '}')
}

// appendGeminiUsage appends a usageMetadata object (WM-7).
func appendGeminiUsage(dst []byte, u *llmstream.Usage) []byte {
	var m members
	dst = append(dst, '{')
	if reported(u, llmstream.UsageInput) {
		dst = m.number(dst, "promptTokenCount", inputWithCache(u))
	}
	if reported(u, llmstream.UsageCached) {
		dst = m.number(dst, "cachedContentTokenCount", u.Cached)
	}
	if reported(u, llmstream.UsageOutput) {
		dst = m.number(dst, "candidatesTokenCount", outputWithoutReasoning(u))
	}
	if reported(u, llmstream.UsageReasoning) {
		dst = m.number(dst, "thoughtsTokenCount", u.Reasoning)
	}
	switch {
	case reported(u, llmstream.UsageInput) && (hasOutput(u) || reported(u, llmstream.UsageReasoning)):
		dst = m.number(dst, "totalTokenCount", inputWithCache(u)+outputWithoutReasoning(u)+u.Reasoning)
	case reported(u, llmstream.UsageTotal):
		dst = m.number(dst, "totalTokenCount", u.Total)
	}
	return append(dst, '}')
}
