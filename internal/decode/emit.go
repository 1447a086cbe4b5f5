package decode

import (
	"slices"

	"github.com/valyala/fastjson"
)

// outputKinds are the kinds that reopen a finished choice (C-34).
const outputKinds = KindContent | KindReasoning | KindRefusal | KindToolCall | KindMedia

// Add adds a delta of kind k and returns it, to be filled in at once. A delta of a kind
// that the caller did not ask for goes to a scratch Delta.
func (c *Context) Add(k Kind, choice int) *Delta {
	c.Emitted++
	c.Gave |= k
	if !c.Answered && k&(outputKinds|KindItem|KindAnnotation|KindLogprobs) != 0 {
		c.answer()
	}
	if c.finished && k&outputKinds != 0 {
		c.reopen(choice)
	}
	d := &c.discard
	if c.Limits.Kinds&k != 0 {
		if len(c.Deltas) == batch && c.Sink != nil {
			c.handOut()
		}
		if n := len(c.Deltas); n < cap(c.Deltas) {
			c.Deltas = c.Deltas[:n+1] // an append would copy a Delta that is filled in below
		} else {
			c.Deltas = append(c.Deltas, Delta{})
		}
		d = &c.Deltas[len(c.Deltas)-1]
	}
	*d = Delta{} // a literal with the fields would be built elsewhere and copied
	d.Kind, d.Choice, d.Raw, d.Event, d.Sequence, d.Part = k, choice, c.Data, c.Type, c.Sequence, c.Part
	d.EventIndex = c.EventIndex
	return d
}

// handOut gives the deltas so far to the Sink and makes room for more.
func (c *Context) handOut() {
	c.Sink.TakeDeltas()
	c.Deltas, c.starts, c.Details = c.Deltas[:0], c.starts[:0], c.Details[:0]
}

// answer notes that the answer has begun to come. An end marker before it ended nothing,
// unless the answer had been finished or had failed (E-19).
func (c *Context) answer() {
	c.Answered = true
	c.SawDone = c.SawDone && (c.FirstError != nil || slices.ContainsFunc(c.Choices, func(t Choice) bool { return t.Native != "" }))
}

// AddText adds a piece of content, reasoning or refusal. An empty one adds nothing.
func (c *Context) AddText(k Kind, choice int, text []byte) {
	if len(text) == 0 {
		return
	}
	c.Delivered = true
	c.Source.Member = ""
	c.Add(k, choice).Text = text
}

// AddTextOf is AddText for a text that is the whole value of the member with this name,
// in the choice that Context.Choice returned last. A template may be learned from the
// event.
func (c *Context) AddTextOf(member string, k Kind, choice int, text []byte) {
	if len(text) > 0 {
		c.AddText(k, choice, text)
		c.Source = TextSource{Member: member, Kind: k, Choice: c.Recent, Call: -1, OnlyText: k == KindContent, Indexed: c.Indexed}
	}
}

// AddDetail adds a piece of structured reasoning and returns its delta, which may also
// take a text of the reasoning.
func (c *Context) AddDetail(choice int, r ReasoningDetail) *Delta {
	if len(r.Format) == 0 && len(r.Signature)+len(r.Data) > 0 {
		r.Format = formatOf(r.Type, len(r.Signature) > 0)
	}
	d := c.Add(KindReasoning, choice)
	c.Details = append(c.Details, r)
	d.Detail = &c.Details[len(c.Details)-1]
	return d
}

var formatAnthropic, formatGoogle, formatOpenAI = []byte("anthropic-claude-v1"), []byte("google-gemini-v1"), []byte("openai-responses-v1")

// formatOf returns whose signature or encrypted reasoning a detail of this type has, in
// OpenRouter's words, or nil if that is not known.
func formatOf(typ []byte, signed bool) []byte {
	switch string(typ) {
	case "thinking", "redacted_thinking", "reasoningText", "redactedContent":
		return formatAnthropic
	case "thought", "text", "extra_content":
		return formatGoogle
	case "reasoning":
		return formatOpenAI
	case "", "reasoning.text": // a bare signature is Anthropic's in all that was recorded
		if signed {
			return formatAnthropic
		}
	}
	return nil
}

// AddMedia adds an image or a piece of audio as its JSON.
func (c *Context) AddMedia(t *Choice, v *fastjson.Value) {
	c.Delivered = true
	c.Add(KindMedia, t.Index).Text = c.Raw(v)
}

// AddAnnotation adds one annotation of the answer, unless it was given before: some
// providers repeat all of them in each event (C-19).
func (c *Context) AddAnnotation(t *Choice, json []byte) {
	c.Contextual = true // the same event of another choice may add it
	if t.annotations.Add(json) {
		c.Add(KindAnnotation, t.Index).Text = json
	}
}

// AddAnnotations adds the annotations in an array, unless they were given before.
func (c *Context) AddAnnotations(t *Choice, list *fastjson.Value) {
	eachLeaf(list, func(v *fastjson.Value) { c.AddAnnotation(t, c.Raw(v)) })
}

// AddCitations adds the citations in an array, which belong to the answer as a whole, unless
// they are in given.
func (c *Context) AddCitations(given *Distinct, list *fastjson.Value) {
	eachLeaf(list, func(v *fastjson.Value) {
		if raw := c.Raw(v); given.Add(raw) {
			c.Add(KindAnnotation, -1).Text = raw
		}
	})
}

// eachLeaf calls f for each element of an array, and of the arrays in it, that is neither an
// array nor null.
func eachLeaf(list *fastjson.Value, f func(*fastjson.Value)) {
	for _, v := range list.GetArray() {
		if v.Type() == fastjson.TypeArray {
			eachLeaf(v, f)
		} else if !IsNull(v) {
			f(v)
		}
	}
}

// AddCitation adds one citation of the answer, or each of an array.
func (c *Context) AddCitation(t *Choice, v *fastjson.Value) {
	if o := v.GetObject(); o != nil && o.Len() > 0 {
		c.Add(KindAnnotation, t.Index).Text = c.Raw(v)
	}
	for _, one := range v.GetArray() {
		c.AddCitation(t, one)
	}
}

// StreamInfo holds the members in which an event describes the stream. A value that is
// nil, empty or zero is ignored.
type StreamInfo struct{ ID, Model, Fingerprint, Tier, Created *fastjson.Value }

// AnnounceStream adds a KindStart with what earlier events have not given. Empty strings
// and zeros do not count: Azure's first chunk and its filter chunks are full of them
// (C-03, C-04).
func (c *Context) AnnounceStream(info StreamInfo) {
	t := &c.Announced
	if (t.ID || info.ID == nil) && (t.Model || info.Model == nil) && (t.Created || info.Created == nil) &&
		(t.Fingerprint || info.Fingerprint == nil) && (t.Tier || info.Tier == nil) {
		return
	}
	start := Start{
		ID: c.WordIfUnknown(t.ID, info.ID), Model: c.WordIfUnknown(t.Model, info.Model),
		SystemFingerprint: c.WordIfUnknown(t.Fingerprint, info.Fingerprint), ServiceTier: c.WordIfUnknown(t.Tier, info.Tier),
	}
	if !t.Created {
		start.Created, _ = c.Int(info.Created)
	}
	c.EmitStart(start)
}

// WordIfUnknown returns v's text, or nil if the text is known already.
func (c *Context) WordIfUnknown(known bool, v *fastjson.Value) []byte {
	if known {
		return nil
	}
	return c.Word(v)
}

// EmitStart adds a KindStart of the stream, unless start is empty.
func (c *Context) EmitStart(start Start) {
	t := &c.Announced
	t.ID = t.ID || len(start.ID) > 0
	t.Model = t.Model || len(start.Model) > 0
	t.Fingerprint = t.Fingerprint || len(start.SystemFingerprint) > 0
	t.Tier = t.Tier || len(start.ServiceTier) > 0
	t.Created = t.Created || start.Created != 0
	if len(start.ID)+len(start.Model)+len(start.SystemFingerprint)+len(start.ServiceTier) > 0 || start.Created != 0 {
		c.AddStart(-1, start)
	}
}

// AddStart adds a KindStart of a choice, or of the stream if choice is -1.
func (c *Context) AddStart(choice int, start Start) {
	d := c.Add(KindStart, choice)
	c.starts = append(c.starts, start)
	d.Start = &c.starts[len(c.starts)-1]
}

// AddRestart voids what has come of the part Context.Part of a choice. The part -1 means
// that another answer begins.
func (c *Context) AddRestart(choice int) { c.Add(KindRestart, choice) }

// AddRole adds the role of a choice, once.
func (c *Context) AddRole(t *Choice, v *fastjson.Value) {
	if !t.RoleKnown {
		c.EmitRole(t, c.Word(v))
	}
}

// EmitRole is AddRole for a role that is not a value of the event.
func (c *Context) EmitRole(t *Choice, role []byte) {
	if len(role) > 0 && !t.RoleKnown {
		t.RoleKnown = true
		c.AddStart(t.Index, Start{Role: role})
	}
}

// Skip counts a meaningless event in one of Stream.Skips, and adds a KindPing.
func (c *Context) Skip(as *int64) {
	*as++
	c.Source.Member = ""
	c.Add(KindPing, -1)
}

// EndStream notes the end marker of the dialect. A second end marker changes nothing
// (F-22).
func (c *Context) EndStream() {
	if c.SawDone {
		return
	}
	c.SawDone = true
	c.EndCalls()
	c.Add(KindDone, -1)
}
