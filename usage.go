package llmstream

// Usage is how many tokens an answer cost, as the provider reported it: no
// number is summed, derived or corrected (U-04, U-14). A number that was not
// reported is 0 with its flag in Reported unset.
type Usage struct {
	Input      int64 // tokens of the prompt
	Output     int64 // tokens of the answer
	Total      int64 // the provider's own total, which need not be a sum
	Cached     int64 // input tokens read from a cache
	CacheWrite int64 // input tokens written to a cache
	Reasoning  int64 // tokens spent on reasoning

	Reported UsageFields
	// CachedInInput tells whether Input includes Cached: yes with OpenAI's
	// prompt_tokens_details, no in Anthropic's own API (U-09).
	CachedInInput Tri
	// ReasoningInOutput tells whether Output includes Reasoning, where the
	// total or the dialect proves it (U-10).
	ReasoningInOutput Tri
	// Raw is the provider's last usage object that has any of the counts, or else the
	// last that came, with all that has no field here (U-11, U-12). Of Anthropic's,
	// which complete each other, it is one over the other, key by key; of Ollama's, which
	// has none, an object of its two counts. In a Delta it is borrowed.
	Raw []byte
}

// UsageFields tells which numbers of a [Usage] were reported.
type UsageFields uint8

// UsageInput: Usage.Input was reported, be it 0; the others likewise.
const (
	UsageInput UsageFields = 1 << iota
	UsageOutput
	UsageTotal
	UsageCached
	UsageCacheWrite
	UsageReasoning
)

// Tri is yes, no, or not known.
type Tri uint8

const (
	TriUnknown Tri = iota
	TriYes
	TriNo
)

// String returns "unknown", "yes" or "no".
func (t Tri) String() string {
	switch t {
	case TriYes:
		return "yes"
	case TriNo:
		return "no"
	}
	return "unknown"
}
