package llmstream

import (
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/valyala/fastjson"
)

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
	if u.ReasoningInOutput = u.provenReasoning(); u.ReasoningInOutput == TriUnknown {
		u.ReasoningInOutput = newer.ReasoningInOutput
	}
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

// maxUsageRaw is how many bytes of raw usage are remembered to lay the next report
// over, and maxUsageMembers how many of its members: many times what any provider
// sends. Past either the newest report stands alone.
const (
	maxUsageRaw     = 16 << 10
	maxUsageMembers = 64
)

// count sets a count to v if that is a number.
func (s *step) count(u *Usage, field UsageFields, to *int64, v *fastjson.Value) {
	if n, ok := s.number(v); ok {
		u.set(field, to, n)
	}
}

// addUsage lays what the event reports over what is known and tells the result,
// with raw beside it.
func (s *step) addUsage(u *Usage, raw []byte) {
	s.stateful = true
	switch {
	case u.Reported == 0:
		s.addUncounted(raw)
	case s.usage.merge(u):
		d := s.add(KindUsage, -1)
		d.Usage = s.usage
		d.Usage.Raw = raw
	}
}

// addUncounted tells of a usage object with none of the counts, as long as there is
// none with any: it may say what the answer cost (U-12). Behind one it erases nothing
// (G-02).
func (s *step) addUncounted(raw []byte) {
	if s.usage.Reported == 0 && len(raw) > len("{}") {
		s.add(KindUsage, -1).Usage.Raw = raw
	}
}

// overlayUsage lays the usage object v over those of earlier events, key by key,
// and returns the result: some dialects report the input at the beginning and the
// rest at the end. A member that is null says nothing and is left out.
func (s *step) overlayUsage(v *fastjson.Value) []byte {
	if v.GetObject() == nil {
		return nil
	}
	newer := s.raw(v)
	at := len(s.text)
	s.text = appendOverlay(s.text, s.usageRaw, newer)
	raw := s.text[at:len(s.text):len(s.text)]
	if len(raw) > maxUsageRaw {
		s.usageRaw = s.usageRaw[:0]
		return newer
	}
	s.usageRaw = append(s.usageRaw[:0], raw...)
	return raw
}

// appendOverlay appends an object with the members of newer, and those of older
// that newer does not have. Both are objects without white space.
func appendOverlay(dst, older, newer []byte) []byte {
	var keys [maxUsageMembers][]byte
	known := keys[:0]
	dst = append(dst, '{')
	begin := len(dst)
	add := func(key, value []byte) {
		if len(dst) > begin {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, key...), ':'), value...)
	}
	eachMember(newer, func(key, value []byte) {
		if string(value) != "null" && len(known) < len(keys) {
			known = append(known, key)
		}
	})
	if len(known) < len(keys) {
		eachMember(older, func(key, value []byte) {
			for _, k := range known {
				if string(k) == string(key) {
					return
				}
			}
			add(key, value)
		})
	}
	eachMember(newer, func(key, value []byte) {
		if string(value) != "null" {
			add(key, value)
		}
	})
	return append(dst, '}')
}

// eachMember calls f with each key, quotes included, and value of an object that is
// well-formed and has no white space between its tokens.
func eachMember(object []byte, f func(key, value []byte)) {
	for at := 1; at < len(object) && object[at] == '"'; {
		key := object[at : at+jsonscan.StringLen(object[at:])]
		at += len(key) + len(":")
		n := jsonscan.ValueLen(object[at:])
		f(key, object[at:at+n])
		at += n + len(",")
	}
}
