package llmstream

import "github.com/seed-4d65deac/llmstream/internal/decode"

// A type of package decode and its public twin have the same fields. Go refuses the
// conversion if they drift apart.

// set makes d the public form of x. d shares the bytes of x.
func (d *Delta) set(x *decode.Delta) {
	d.Kind, d.Choice, d.Text, d.Raw, d.Event, d.Sequence, d.Part = Kind(x.Kind), x.Choice, x.Text, x.Raw, x.Event, x.Sequence, x.Part
	d.EventIndex = x.EventIndex
	d.ToolCall, d.Start, d.Detail = ToolCallDelta(x.ToolCall), (*Start)(x.Start), (*ReasoningDetail)(x.Detail)
	d.FinishReason, d.NativeFinishReason = FinishReason(x.FinishReason), x.NativeFinishReason
	d.Usage, d.Err = usageOf(&x.Usage), nil
	switch {
	case x.API != nil:
		d.Err = (*APIError)(x.API)
	case x.Damage != nil:
		d.Err = damageOf(x.Damage)
	}
}

// usageOf returns the public form of u.
func usageOf(u *decode.Usage) Usage {
	return Usage{
		Input: u.Input, Output: u.Output, Total: u.Total,
		Cached: u.Cached, CacheWrite: u.CacheWrite, Reasoning: u.Reasoning,
		Reported: UsageFields(u.Reported), CachedInInput: Tri(u.CachedInInput), ReasoningInOutput: Tri(u.ReasoningInOutput),
		Raw: u.Raw,
	}
}

// damageOf returns the public form of e, which is the same one for each call, or nil if e
// is nil.
func damageOf(e *decode.SyntaxError) error {
	if e == nil {
		return nil
	}
	e.Err = publicFault(e.Err)
	return (*SyntaxError)(e)
}
