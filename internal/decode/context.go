package decode

import (
	"github.com/seed-4d65deac/llmstream/internal/wire"
	"github.com/valyala/fastjson"
)

// step is what it takes to decode one event: the JSON parser with all that its
// values live in, and the deltas. It is borrowed from a pool and not kept by an
// idle stream, of which there are thousands.
type Context struct {
	*Stream
	Limits *Limits

	parser fastjson.Parser
	Data   []byte          // the event's data
	Type   []byte          // its SSE type
	Root   *fastjson.Value // its JSON object
	// escaped: the event holds a backslash, so that its strings are unescaped by
	// appendUnescaped and not by fastjson.
	Escaped     bool
	NoPing      bool   // the event calls itself something else than a sign of life
	Embedded    bool   // the event stood inside another, as base64 (B-01)
	Pruned      []byte // the event without what its dialect does not read; see parseLean
	EmbeddedBuf []byte // what InvokeModel carries
	// sourceAt is how far source has looked: values are asked for in the order
	// in which they stand, and each byte must be looked at once.
	sourceAt   int
	sourceCost int  // what was spent in vain, in bytes
	large      bool // a large event has grown the parser: not to go back to the pool

	Sequence int64 // the provider's number of the event
	Part     int   // of the message, that deltas are added to

	Deltas []Delta
	// stateful: the event did something that gave no delta, or might have given
	// another one behind other events; no template may be learned from it.
	Contextual bool
	Emitted    int        // how many deltas the event has given, wanted or not
	Source     TextSource // of the text that was added last
	// detailMember is the name of the member that held the text of the one detail
	// of the event, which came behind one other delta; details counts them.
	DetailMember string
	Indexed      bool         // a member named index told the choice that is being decoded
	Fragments    int          // of tool calls that the event has, with or without anything new
	Counted      CountedUsage // usage that the event reports, if that may be learned
	discard      Delta
	starts       []Start
	Details      []ReasoningDetail
	// errorRaw and errorType are what the errors of the event share.
	errorRaw  []byte
	errorType string
	Buf       []byte // what Text, Raw JSON and the like of the deltas are slices of
}

// maxKeptDeltas is how many deltas a step may have room for to go back to the
// pool: more than any honest event brings.
const maxKeptDeltas = 256

// attach makes s decode events of the stream t.
func (s *Context) Attach(t *Stream, o *Limits) { s.Stream, s.Limits = t, o }

// detach ends the use of s for a stream. ok is false if a huge event has grown s, so
// that it should not be kept.
func (s *Context) Detach() (ok bool) {
	if s.large || cap(s.Buf) > wire.MaxKept || max(cap(s.Pruned), cap(s.EmbeddedBuf)) > wire.MaxKept ||
		max(cap(s.Deltas), cap(s.starts), cap(s.Details)) > maxKeptDeltas {
		return false
	}
	// What the deltas were slices of must not be kept by an idle pool.
	for used := s.Deltas[:cap(s.Deltas)]; len(used) > 0 && used[0].Kind != 0; used = used[1:] {
		used[0] = Delta{}
	}
	s.discard = Delta{}
	s.Begin(nil, nil)
	s.Stream, s.Limits, s.Root = nil, nil, nil
	return true
}

// begin makes s ready for an event with this type and data.
func (s *Context) Begin(typ, data []byte) {
	s.Type, s.Data = typ, data
	s.Deltas, s.Emitted, s.Contextual, s.Embedded, s.NoPing = s.Deltas[:0], 0, false, false, false
	s.starts, s.Details, s.Buf = s.starts[:0], s.Details[:0], s.Buf[:0]
	s.sourceAt, s.sourceCost, s.errorRaw, s.Sequence, s.Part = 0, 0, nil, 0, 0
	s.Source.Member, s.Fragments, s.DetailMember, s.Counted.Form = "", 0, "", nil
	s.Indexed = false
}

// add appends a delta of kind k to those of the event. What nobody wants is
// filled in and forgotten.
func (s *Context) Add(k Kind, choice int) *Delta {
	s.Emitted++
	d := &s.discard
	if s.Limits.Kinds&k != 0 {
		if n := len(s.Deltas); n < cap(s.Deltas) {
			s.Deltas = s.Deltas[:n+1] // not appended to: it is filled below
		} else {
			s.Deltas = append(s.Deltas, Delta{})
		}
		d = &s.Deltas[len(s.Deltas)-1]
	}
	*d = Delta{} // and not with the fields: that would be built aside and copied
	d.Kind, d.Choice, d.Raw, d.Event, d.Sequence, d.Part = k, choice, s.Data, s.Type, s.Sequence, s.Part
	return d
}

// addText adds text to the answer; no text is no delta.
func (s *Context) AddText(k Kind, choice int, text []byte) {
	if len(text) == 0 {
		return
	}
	s.Delivered = true
	s.Source.Member = ""
	s.Add(k, choice).Text = text
}

// addTextOf is addText for a text that is the whole value of a member with this
// name. A template may be learned from that.
func (s *Context) AddTextOf(member string, k Kind, choice int, text []byte) {
	if len(text) > 0 {
		s.AddText(k, choice, text)
		s.Source = TextSource{Member: member, Kind: k, Choice: s.Recent, Call: -1, OnlyText: k == KindContent, Indexed: s.Indexed}
	}
}

// addDetail adds a piece of structured reasoning.
func (s *Context) AddDetail(choice int, r ReasoningDetail) *Delta {
	s.Details = append(s.Details, r)
	d := s.Add(KindReasoning, choice)
	d.Detail = &s.Details[len(s.Details)-1]
	return d
}

// tellStart tells what start says of the stream, which was not told before. What is
// empty says nothing.
func (s *Context) EmitStart(start Start) {
	t := &s.Stream.Announced
	t.ID = t.ID || len(start.ID) > 0
	t.Model = t.Model || len(start.Model) > 0
	t.Fingerprint = t.Fingerprint || len(start.SystemFingerprint) > 0
	t.Tier = t.Tier || len(start.ServiceTier) > 0
	t.Created = t.Created || start.Created != 0
	if len(start.ID)+len(start.Model)+len(start.SystemFingerprint)+len(start.ServiceTier) > 0 || start.Created != 0 {
		s.AddStart(-1, start)
	}
}

// StreamInfo is what an event says of the stream. Nil, empty and zero say nothing.
type StreamInfo struct{ ID, Model, Fingerprint, Tier, Created *fastjson.Value }

// AnnounceStream adds a KindStart for what the event is the first to say of the stream.
// Azure's first chunk and its filter chunks are full of empty strings and zeros (C-03,
// C-04).
func (s *Context) AnnounceStream(info StreamInfo) {
	t := &s.Stream.Announced
	if (t.ID || info.ID == nil) && (t.Model || info.Model == nil) && (t.Created || info.Created == nil) &&
		(t.Fingerprint || info.Fingerprint == nil) && (t.Tier || info.Tier == nil) {
		return
	}
	start := Start{
		ID: s.WordIfUnknown(t.ID, info.ID), Model: s.WordIfUnknown(t.Model, info.Model),
		SystemFingerprint: s.WordIfUnknown(t.Fingerprint, info.Fingerprint), ServiceTier: s.WordIfUnknown(t.Tier, info.Tier),
	}
	if !t.Created {
		start.Created, _ = s.Int(info.Created)
	}
	s.EmitStart(start)
}

// Since returns the bytes that were appended to Buf since it had at of them. Append to
// what it returns, and it moves.
func (s *Context) Since(at int) []byte { return s.Buf[at:len(s.Buf):len(s.Buf)] }

// wordUnless returns v's text if that was not told yet.
func (s *Context) WordIfUnknown(told bool, v *fastjson.Value) []byte {
	if told {
		return nil
	}
	return s.Word(v)
}

func (s *Context) AddStart(choice int, start Start) {
	s.starts = append(s.starts, start)
	s.Add(KindStart, choice).Start = &s.starts[len(s.starts)-1]
}

func (s *Context) AddMedia(t *Choice, v *fastjson.Value) {
	s.Delivered = true
	s.Add(KindMedia, t.Index).Text = s.Raw(v)
}

// malformed adds a delta for what cannot be read.
func (s *Context) Malformed(choice, offset, length int, cause error) {
	err := &SyntaxError{Event: s.Events, Offset: offset, Length: length, Err: cause}
	s.MalformedCount++
	if s.FirstDamage == nil && !s.SawDone { // behind the end nothing changes the verdict (F-22)
		s.FirstDamage = err
	}
	s.Add(KindMalformed, choice).Damage = err
}

// addCitation adds one citation of the answer, or several.
func (s *Context) AddCitation(t *Choice, v *fastjson.Value) {
	if o := v.GetObject(); o != nil && o.Len() > 0 {
		s.Add(KindAnnotation, t.Index).Text = s.Raw(v)
	}
	for _, one := range v.GetArray() {
		s.AddCitation(t, one)
	}
}

// textRole is the text that an event gave, and where that stood.
type TextSource struct {
	Member string // the name of the member whose value it was; "": nothing is to be learned from it
	Kind   Kind
	Choice int // place in track.choices
	Call   int // place of the tool call; -1: it belongs to none
	// alone: without this text the event would say nothing. Else another member
	// might be read in its place.
	OnlyText bool
	// detailed: the delta has the text in its detail too.
	InDetail bool
	// indexed: a member named index told the choice. callIndexed: another one told the
	// call.
	Indexed, CallIndexed bool
	// Owner is the decoder's own name for the text, if it wants to see what templates
	// read in its place; 0: it does not. See dialect.Follower.
	Owner int32
}
