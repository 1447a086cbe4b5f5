package llmstream

import "encoding/json"

// Usage is how many tokens an answer cost, as the provider reported it. No number is
// summed, derived or corrected. A number that was not reported is 0, and its flag in
// Reported is not set.
type Usage struct {
	Input      int64 // tokens of the prompt
	Output     int64 // tokens of the answer
	Total      int64 // the provider's own total, which need not be the sum
	Cached     int64 // input tokens read from a cache
	CacheWrite int64 // input tokens written to a cache
	Reasoning  int64 // tokens spent on reasoning

	Reported UsageFields
	// CachedInInput reports whether Input includes Cached: yes with OpenAI's
	// prompt_tokens_details, no in Anthropic's own API.
	CachedInInput Tri
	// ReasoningInOutput reports whether Output includes Reasoning, where the total
	// or the dialect proves it.
	ReasoningInOutput Tri
	// Raw is the provider's last usage object with a known count. It has all members, also
	// those without a field here, such as costs.
	// Anthropic's objects complete each other: Raw has the later one laid over the
	// earlier one, key by key. Ollama has no usage object: Raw has its two counts.
	// In a Delta it is borrowed.
	Raw json.RawMessage
}

// UsageFields is a set of the numbers of a [Usage] that were reported.
type UsageFields uint8

// UsageInput means that Usage.Input was reported, even as 0; the others likewise.
const (
	UsageInput UsageFields = 1 << iota
	UsageOutput
	UsageTotal
	UsageCached
	UsageCacheWrite
	UsageReasoning
)

// Tri is yes, no, or unknown.
type Tri uint8

const (
	TriUnknown Tri = iota
	TriYes
	TriNo
)

var triNames = [...]string{"unknown", "yes", "no"}

// String returns "unknown", "yes" or "no".
func (t Tri) String() string {
	if int(t) < len(triNames) {
		return triNames[t]
	}
	return triNames[TriUnknown]
}

// MarshalText returns String, or an error for a value without a name.
func (t Tri) MarshalText() ([]byte, error) { return marshalName(t, triNames[:]) }

// UnmarshalText sets t to the value with this name.
func (t *Tri) UnmarshalText(name []byte) error { return unmarshalName(t, triNames[:], name) }

// InputTotal returns how many tokens the prompt had, with those that were read from a cache
// or written to one. ok is false if the provider has not reported enough to know.
func (u *Usage) InputTotal() (n int64, ok bool) {
	if u.Reported&UsageInput == 0 {
		return 0, false
	}
	switch {
	case u.Cached+u.CacheWrite == 0, u.CachedInInput == TriYes:
		return u.Input, true
	case u.CachedInInput == TriNo:
		return u.Input + u.Cached + u.CacheWrite, true
	}
	return 0, false
}

// InputUncached returns how many tokens of the prompt were not read from a cache. Tokens
// that were written to a cache are counted. ok is false if the provider has not reported
// enough to know.
func (u *Usage) InputUncached() (n int64, ok bool) {
	total, ok := u.InputTotal()
	if !ok {
		return 0, false
	}
	return total - u.Cached, true
}

// OutputTotal returns how many tokens the answer had, reasoning included. ok is false
// if the provider has not reported enough to know.
func (u *Usage) OutputTotal() (n int64, ok bool) {
	if u.Reported&UsageOutput == 0 {
		return 0, false
	}
	switch {
	case u.Reasoning == 0, u.ReasoningInOutput == TriYes:
		return u.Output, true
	case u.ReasoningInOutput == TriNo:
		return u.Output + u.Reasoning, true
	}
	return 0, false
}
