package llmstream

import (
	"sync"

	"github.com/valyala/fastjson"

	"github.com/seed-4d65deac/llmstream/internal/template"
)

// step is what it takes to decode one event: the JSON parser with all that its
// values live in, and the deltas. It is borrowed from a pool and not kept by an
// idle stream, of which there are thousands.
type step struct {
	*track
	opt *Options

	frame  frame // what the wire has given: an event, as a rule
	parser fastjson.Parser
	data   []byte          // the event's data
	typ    []byte          // its SSE type
	root   *fastjson.Value // its JSON object
	// escaped: the event holds a backslash, so that its strings are unescaped by
	// appendUnescaped and not by fastjson.
	escaped bool
	noPing  bool         // the event calls itself something else than a sign of life
	carried bool         // the event is one that Bedrock's InvokeModel carries
	rest    []byte       // the event without what its dialect does not read; see parseLean
	inner   []byte       // what InvokeModel carries
	known   *knownFrames // of binary frames, if there were some
	// sourceAt is how far source has looked: values are asked for in the order
	// in which they stand, and each byte must be looked at once.
	sourceAt   int
	sourceCost int  // what was spent in vain, in bytes
	large      bool // a large event has grown the parser: not to go back to the pool

	sequence int64 // the provider's number of the event
	part     int   // of the message, that deltas are added to

	// match is what was found out of the last event that fitted a template. begun is
	// how many bytes after it were found to begin the next one.
	match template.Match
	begun int

	deltas []Delta
	// stateful: the event did something that gave no delta, or might have given
	// another one behind other events; no template may be learned from it.
	stateful bool
	given    int      // how many deltas the event has given, wanted or not
	role     textRole // of the text that was added last
	// detailMember is the name of the member that held the text of the one detail
	// of the event, which came behind one other delta; details counts them.
	detailMember string
	indexed      bool    // a member named index told the choice that is being decoded
	fragments    int     // of tool calls that the event has, with or without anything new
	counted      counted // usage that the event reports, if that may be learned
	unheard      Delta
	starts       []Start
	details      []ReasoningDetail
	// errorRaw and errorType are what the errors of the event share.
	errorRaw  []byte
	errorType string
	text      []byte // what Text, Raw JSON and the like of the deltas are slices of
}

// maxKeptDeltas is how many deltas a step may have room for to go back to the
// pool: more than any honest event brings.
const maxKeptDeltas = 256

var stepPool = sync.Pool{New: func() any { return new(step) }}

func borrowStep(t *track, o *Options) *step {
	s := stepPool.Get().(*step)
	s.track, s.opt, s.begun = t, o, 0
	return s
}

// release gives s back. Nothing that it lent may be used any more.
func (s *step) release() {
	if s.large || cap(s.text) > maxKeptBuffer || max(cap(s.rest), cap(s.inner)) > maxKeptBuffer ||
		max(cap(s.deltas), cap(s.starts), cap(s.details)) > maxKeptDeltas {
		return
	}
	// What the deltas were slices of must not be kept by an idle pool.
	for used := s.deltas[:cap(s.deltas)]; len(used) > 0 && used[0].Kind != 0; used = used[1:] {
		used[0] = Delta{}
	}
	s.unheard = Delta{}
	s.begin(nil, nil)
	s.frame = frame{} // slices of what was read
	s.track, s.opt, s.root = nil, nil, nil
	stepPool.Put(s)
}

// knownFrames returns those with these headers.
func (s *step) knownFrames(headers []byte) *knownFrames {
	if s.known == nil {
		s.known = new(knownFrames)
	}
	s.known.use(headers)
	return s.known
}

// begin makes s ready for an event with this type and data.
func (s *step) begin(typ, data []byte) {
	s.typ, s.data = typ, data
	s.deltas, s.given, s.stateful, s.carried, s.noPing = s.deltas[:0], 0, false, false, false
	s.starts, s.details, s.text = s.starts[:0], s.details[:0], s.text[:0]
	s.sourceAt, s.sourceCost, s.errorRaw, s.sequence, s.part = 0, 0, nil, 0, 0
	s.role.member, s.fragments, s.detailMember, s.counted.names = "", 0, "", nil
	s.indexed = false
}

// add appends a delta of kind k to those of the event. What nobody wants is
// filled in and forgotten.
func (s *step) add(k Kind, choice int) *Delta {
	s.given++
	d := &s.unheard
	if s.opt.Kinds&k != 0 {
		if n := len(s.deltas); n < cap(s.deltas) {
			s.deltas = s.deltas[:n+1] // not appended to: it is filled below
		} else {
			s.deltas = append(s.deltas, Delta{})
		}
		d = &s.deltas[len(s.deltas)-1]
	}
	*d = Delta{} // and not with the fields: that would be built aside and copied
	d.Kind, d.Choice, d.Raw, d.Event, d.Sequence, d.Part = k, choice, s.data, s.typ, s.sequence, s.part
	return d
}

// addText adds text to the answer; no text is no delta.
func (s *step) addText(k Kind, choice int, text []byte) {
	if len(text) == 0 {
		return
	}
	s.delivered = true
	s.role.member = ""
	s.add(k, choice).Text = text
}

// addTextOf is addText for a text that is the whole value of a member with this
// name. A template may be learned from that.
func (s *step) addTextOf(member string, k Kind, choice int, text []byte) {
	if len(text) > 0 {
		s.addText(k, choice, text)
		s.role = textRole{member: member, kind: k, choice: s.recent, call: -1, alone: k == KindContent, indexed: s.indexed}
	}
}

// addDetail adds a piece of structured reasoning.
func (s *step) addDetail(choice int, r ReasoningDetail) *Delta {
	s.details = append(s.details, r)
	d := s.add(KindReasoning, choice)
	d.Detail = &s.details[len(s.details)-1]
	return d
}

// tellStart tells what start says of the stream, which was not told before. What is
// empty says nothing.
func (s *step) tellStart(start Start) {
	t := &s.track.told
	t.id = t.id || len(start.ID) > 0
	t.model = t.model || len(start.Model) > 0
	t.fingerprint = t.fingerprint || len(start.SystemFingerprint) > 0
	t.tier = t.tier || len(start.ServiceTier) > 0
	t.created = t.created || start.Created != 0
	if len(start.ID)+len(start.Model)+len(start.SystemFingerprint)+len(start.ServiceTier) > 0 || start.Created != 0 {
		s.addStart(-1, start)
	}
}

// wordUnless returns v's text if that was not told yet.
func (s *step) wordUnless(told bool, v *fastjson.Value) []byte {
	if told {
		return nil
	}
	return s.word(v)
}

func (s *step) addStart(choice int, start Start) {
	s.starts = append(s.starts, start)
	s.add(KindStart, choice).Start = &s.starts[len(s.starts)-1]
}

func (s *step) addMedia(t *choiceTrack, v *fastjson.Value) {
	s.delivered = true
	s.add(KindMedia, t.index).Text = s.raw(v)
}

// malformed adds a delta for what cannot be read.
func (s *step) malformed(choice, offset, length int, cause error) {
	err := &SyntaxError{Event: s.events, Offset: offset, Length: length, Err: cause}
	s.malformedCount++
	if s.damage == nil && !s.sawDone { // behind the end nothing changes the verdict (F-22)
		s.damage = err
	}
	s.add(KindMalformed, choice).Err = err
}

// addCitation adds one citation of the answer, or several.
func (s *step) addCitation(t *choiceTrack, v *fastjson.Value) {
	if o := v.GetObject(); o != nil && o.Len() > 0 {
		s.add(KindAnnotation, t.index).Text = s.raw(v)
	}
	for _, one := range v.GetArray() {
		s.addCitation(t, one)
	}
}
