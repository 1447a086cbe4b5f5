package decode

import (
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/valyala/fastjson"
)

// Set records a reported number.
func (u *Usage) Set(field UsageFields, to *int64, n int64) {
	*to = n
	u.Reported |= field
}

// Empty reports whether all reported numbers are zero.
func (u *Usage) Empty() bool {
	return u.Input|u.Output|u.Total|u.Cached|u.CacheWrite|u.Reasoning == 0
}

// Merge overlays u with newer, field by field. A number that newer reports counts, even
// if it is zero, and the others stay. A report with only zeros after a real one changes
// nothing (U-05). The caller sets Raw, since it knows who owns the memory.
func (u *Usage) Merge(newer *Usage) (changed bool) {
	if newer.Empty() && !u.Empty() {
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
			u.Set(f.field, f.to, *f.from)
		}
	}
	if newer.CachedInInput != TriUnknown {
		u.CachedInInput = newer.CachedInInput
	}
	if u.ReasoningInOutput = u.ProvenReasoning(); u.ReasoningInOutput == TriUnknown {
		u.ReasoningInOutput = newer.ReasoningInOutput
	}
	return true
}

// ProvenReasoning derives from the total whether the output includes the reasoning.
func (u *Usage) ProvenReasoning() Tri {
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

// MaxUsageRaw is the number of bytes of raw usage that are kept for the next report to
// overlay. maxUsageMembers is the number of its members. No provider sends nearly as
// much. Past either limit the newest report stands alone.
//
// Each member of the usage so far is compared with each name of the report. The cost is the
// number of bytes times the number of names. A stream may spend overlayCredit, and each byte
// of a report adds overlayPerByte. A usage of 600 bytes with eight names costs a quarter of
// what it adds.
const (
	MaxUsageRaw     = 16 << 10
	maxUsageMembers = 64
	overlayCredit   = 256 << 10
	overlayPerByte  = 32
)

// SetCount sets a count to v if v is a number. It ignores a value that is null or
// missing.
func (c *Context) SetCount(u *Usage, field UsageFields, to *int64, v *fastjson.Value) {
	if n, ok := c.Int(v); ok {
		u.Set(field, to, n)
	} else if !IsNull(v) {
		c.Mistyped()
	}
}

// ReadCounts returns the counts of a usage object. names has the members of the input, the
// output, the total, the cached and the reasoning tokens, as [Fields] takes them.
func (c *Context) ReadCounts(v *fastjson.Value, names string) (u Usage) {
	var input, output, total, cached, reasoning *fastjson.Value
	Fields(v, names, &input, &output, &total, &cached, &reasoning)
	c.SetCount(&u, UsageInput, &u.Input, input)
	c.SetCount(&u, UsageOutput, &u.Output, output)
	c.SetCount(&u, UsageTotal, &u.Total, total)
	c.SetCount(&u, UsageCached, &u.Cached, cached)
	c.SetCount(&u, UsageReasoning, &u.Reasoning, reasoning)
	return u
}

// AddUsage merges the usage of the event into the known usage, and adds the result
// together with raw. A usage object without any count adds nothing (U-12, G-02).
func (c *Context) AddUsage(u *Usage, raw []byte) {
	c.Contextual = true
	if u.Reported != 0 && c.Usage.Merge(u) {
		d := c.Add(KindUsage, -1)
		d.Usage = c.Usage
		d.Usage.Raw = raw
	}
}

// OverlayUsage overlays the usage objects of earlier events with v, key by key, and
// returns the result. Some dialects report the input at the beginning and the rest at the
// end. A member that is null is left out.
func (c *Context) OverlayUsage(v *fastjson.Value) []byte {
	if v.GetObject() == nil {
		return nil
	}
	newer := c.Raw(v)
	at := len(c.Buf)
	c.Buf = c.appendOverlay(c.Buf, newer)
	raw := c.Since(at)
	if len(raw) > MaxUsageRaw {
		c.usageRaw = c.usageRaw[:0]
		return newer
	}
	c.usageRaw = append(c.usageRaw[:0], raw...)
	return raw
}

// appendOverlay appends an object with the members of newer, and the members of the usage
// so far that newer does not have. Both are objects without white space.
func (t *Stream) appendOverlay(dst, newer []byte) []byte {
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
	t.overlaid += len(t.usageRaw)*(1+len(known)) - overlayPerByte*len(newer)
	t.overlaid = max(t.overlaid, 0)
	if len(known) < len(keys) && t.overlaid <= overlayCredit {
		eachMember(t.usageRaw, func(key, value []byte) {
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

// eachMember calls f with each key and value of an object. The keys include their quotes.
// The object must be well-formed, without white space between its tokens.
func eachMember(object []byte, f func(key, value []byte)) {
	for at := 1; at < len(object) && object[at] == '"'; {
		key := object[at : at+jsonscan.StringLen(object[at:])]
		at += len(key) + len(":")
		n := jsonscan.ValueLen(object[at:])
		f(key, object[at:at+n])
		at += n + len(",")
	}
}

// SetBestCount sets a count to the first value that is not zero. If every number is zero,
// the count is zero.
func (c *Context) SetBestCount(u *Usage, field UsageFields, to *int64, values [3]*fastjson.Value) {
	for _, v := range values {
		n, ok := c.Int(v)
		if !ok {
			if !IsNull(v) {
				c.Mistyped()
			}
			continue
		}
		if n != 0 || u.Reported&field == 0 {
			if u.Set(field, to, n); n != 0 {
				return
			}
		}
	}
}

// UsageCounts is the number of counts that may have slots in a template. The other counts
// do not change during an answer.
const UsageCounts = 3

// GrowingUsage describes the usage of a dialect that reports it in every event. Names are
// the counts that grow from event to event: output, total, reasoning.
type GrowingUsage struct {
	Names [UsageCounts]string
	// Complete returns a report that includes what the dialect means by its counts. known
	// is the usage that was reported before.
	Complete func(known *Usage, u Usage) Usage
}

// CountedUsage is the usage of an event that a template may report. Form is nil if there
// is no usage of this kind.
type CountedUsage struct {
	Usage Usage
	Raw   []byte
	Form  *GrowingUsage
}

// AddGrowingUsage is AddUsage for counts that come with each text. A template may be
// learned from them.
func (c *Context) AddGrowingUsage(form *GrowingUsage, u *Usage, raw []byte) {
	found, first := *u, c.Emitted == 0 || c.Counted.Form != nil
	stateful, given := c.Contextual, c.Emitted
	*u = form.Complete(&c.Usage, *u)
	c.AddUsage(u, raw)
	if !first && !found.Empty() && c.Emitted > given {
		c.Contextual, c.Counted = stateful, CountedUsage{found, raw, form}
	}
}
