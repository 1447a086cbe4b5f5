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
	// total proves it (U-10).
	ReasoningInOutput Tri
	// Raw is the provider's last usage object, with all that has no field here
	// (U-11, U-12). In a Delta it is borrowed.
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

// set records a reported number.
func (u *Usage) set(field UsageFields, to *int64, n int64) {
	*to = n
	u.Reported |= field
}

// empty tells whether nothing but zeros was reported.
func (u *Usage) empty() bool {
	return u.Input|u.Output|u.Total|u.Cached|u.CacheWrite|u.Reasoning == 0
}

// merge lays newer over u field by field: what newer reports wins, zero too,
// what it does not report stays. An object of nothing but zeros after a real
// one changes nothing (U-05). Raw is left to the caller, who knows who owns it.
func (u *Usage) merge(newer *Usage) (changed bool) {
	if newer.empty() && !u.empty() {
		return false
	}
	for _, f := range [...]struct {
		field    UsageFields
		to, from *int64
	}{
		{UsageInput, &u.Input, &newer.Input},
		{UsageOutput, &u.Output, &newer.Output},
		{UsageTotal, &u.Total, &newer.Total},
		{UsageCached, &u.Cached, &newer.Cached},
		{UsageCacheWrite, &u.CacheWrite, &newer.CacheWrite},
		{UsageReasoning, &u.Reasoning, &newer.Reasoning},
	} {
		if newer.Reported&f.field != 0 {
			u.set(f.field, f.to, *f.from)
		}
	}
	if newer.CachedInInput != TriUnknown {
		u.CachedInInput = newer.CachedInInput
	}
	u.ReasoningInOutput = u.provenReasoning()
	return true
}

// provenReasoning reads off the total whether reasoning is part of the output.
func (u *Usage) provenReasoning() Tri {
	const all = UsageInput | UsageOutput | UsageTotal | UsageReasoning
	if u.Reported&all != all || u.Reasoning == 0 {
		return TriUnknown
	}
	switch u.Total {
	case u.Input + u.Output:
		return TriYes
	case u.Input + u.Output + u.Reasoning:
		return TriNo
	}
	return TriUnknown
}
