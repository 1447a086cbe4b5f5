package decode

import (
	"github.com/valyala/fastjson"
)

// Context holds what the decoding of one event needs: the event, the JSON parser with the
// memory of its values, and the deltas. A stream borrows it from a pool while it decodes
// an event. So thousands of streams that wait for bytes hold no Context.
type Context struct {
	*Stream
	Limits *Limits

	parsers
	Data []byte          // the event's data
	Type []byte          // its SSE type
	Root *fastjson.Value // its JSON object
	// Escaped is set if the event holds a backslash. Its strings are then unescaped by
	// package jsonscan, and not by fastjson.
	Escaped     bool
	NoPing      bool   // the event is not a keep-alive, whatever its member type is
	Embedded    bool   // the event came inside another, as base64 (B-01)
	Pruned      []byte // the event without what its dialect does not read
	EmbeddedBuf []byte // the event that came inside another
	// sourceAt is the offset up to which JSONOf has searched the event. Values are asked
	// for in their order, so each byte is searched once.
	sourceAt   int
	sourceCost int      // number of bytes that were compared in vain
	packed     []packed // the lists that parsePacked has replaced by numbers
	packedFrom []byte   // the event that holds them

	EventIndex int64 // see Stream.NextIndex
	Sequence   int64 // the provider's number of the event
	Part       int   // the part of the message that deltas are added to

	Deltas []Delta
	Sink   Sink // takes deltas while the event is decoded; may be nil
	// Contextual is set if no template may be learned from the event: it had an effect
	// without a delta, or its deltas depend on earlier events.
	Contextual bool
	Emitted    int        // number of deltas that were added, wanted or not
	Gave       Kind       // kinds of these deltas
	Source     TextSource // where the text that was added last comes from
	// DetailMember is the member with the text of the event's one detail, if that repeats
	// the one text that was added before it. It is empty for all other events.
	DetailMember string
	Indexed      bool         // a member named index gave the choice that is being decoded
	Fragments    int          // number of pieces of tool calls in the event, empty ones included
	Counted      CountedUsage // usage that a template may report
	discard      Delta        // takes the deltas that the caller did not ask for
	starts       []Start      // the values that the deltas' Start point to
	Details      []ReasoningDetail
	// errorRaw and errorType are shared by the errors of one event.
	errorRaw  []byte
	errorType string
	errors    int     // number of KindError that the event has given
	refused   []error // the causes of KindMalformed that the event has given
	mistyped  bool    // see Mistyped
	// StopSequence is the stop sequence that ended a choice, for the next KindFinish.
	StopSequence []byte
	failure      string // a finish reason of the event that means failure
	failed       int    // the choice with that reason
	Buf          []byte // holds texts and JSON of deltas that are not slices of the event
}

// A Sink takes the deltas of an event before all of them are known. It is called once the
// event has given many, since a hostile event may give thousands.
type Sink interface{ TakeDeltas() }

// batch is the number of deltas that an event may have before its Sink takes them. Events
// of usual answers have fewer.
const batch = 64

// maxKept is the largest buffer that a Context in the pool keeps.
const maxKept = 32 << 10

// Attach makes c decode events of the stream t.
func (c *Context) Attach(t *Stream, o *Limits) { c.Stream, c.Limits = t, o }

// Detach ends the use of c for a stream. It keeps no memory that a huge event has grown.
func (c *Context) Detach() {
	c.Stream, c.Limits, c.Sink = nil, nil, nil
	// Deltas hold slices of the input, which an idle pool must not keep alive.
	for used := c.Deltas[:cap(c.Deltas)]; len(used) > 0 && used[0].Kind != 0; used = used[1:] {
		used[0] = Delta{}
	}
	c.discard = Delta{}
	c.Buf, c.Pruned, c.EmbeddedBuf = recycle(c.Buf, maxKept), recycle(c.Pruned, maxKept), recycle(c.EmbeddedBuf, maxKept)
	c.Deltas = recycle(c.Deltas, batch)
	c.starts, c.Details, c.refused = recycleClear(c.starts), recycleClear(c.Details), recycleClear(c.refused)
	c.Begin(nil, nil)
	c.Root = nil
	c.releaseParser()
}

// recycle returns list without its elements, or nil if it has room for more than most.
func recycle[T any](list []T, most int) []T {
	if cap(list) > most {
		return nil
	}
	return list[:0]
}

// recycleClear is recycle for a list whose elements hold slices of the input. It is short, so
// all of it is cleared.
func recycleClear[T any](list []T) []T {
	list = recycle(list, batch)
	clear(list[:cap(list)])
	return list
}

// Begin makes c ready for an event with this type and data.
func (c *Context) Begin(typ, data []byte) {
	c.Type, c.Data = typ, data
	c.releaseLarge()
	if c.Stream != nil {
		c.EventIndex = c.NextIndex()
	}
	c.Deltas, c.Emitted, c.Contextual, c.Embedded, c.NoPing = c.Deltas[:0], 0, false, false, false
	c.starts, c.Details, c.Buf = c.starts[:0], c.Details[:0], c.Buf[:0]
	c.sourceAt, c.sourceCost, c.errorRaw, c.Sequence, c.Part = 0, 0, nil, 0, 0
	c.Source.Member, c.Fragments, c.DetailMember, c.Counted.Form = "", 0, "", nil
	c.StopSequence = nil
	c.Indexed, c.errors, c.mistyped, c.failure = false, 0, false, ""
	c.packed, c.packedFrom, c.refused, c.Gave = nil, nil, c.refused[:0], 0
}

// NoteFragment notes a piece of a tool call, even an empty one.
func (c *Context) NoteFragment() {
	c.Fragments++
	c.doubted = false
}

// Since returns what was appended to Buf after it had the length at. Appending to the
// result copies it.
func (c *Context) Since(at int) []byte { return c.Buf[at:len(c.Buf):len(c.Buf)] }

// appendWord returns word as bytes that are valid as long as the event.
func (c *Context) appendWord(word string) []byte {
	at := len(c.Buf)
	c.Buf = append(c.Buf, word...)
	return c.Since(at)
}

// TextSource describes the text that an event has added last, and where it stood. The
// fast path learns from it.
type TextSource struct {
	Member string // name of the member whose value it is, or "" if no template may be learned
	Kind   Kind
	Choice int // position in Stream.Choices
	Call   int // position of the tool call, or -1 if the text belongs to no call
	// OnlyText is set if the event would mean nothing without this text. Otherwise the
	// decoder might read another member in its place.
	OnlyText bool
	InDetail bool // the detail of the delta repeats the text
	// Indexed and CallIndexed are set if members named index gave the choice and the
	// call.
	Indexed, CallIndexed bool
	// Unread reports whether members with this name hold numbers that no code reads. It is
	// nil if the event has none.
	Unread func(name []byte) bool
	// Owner is the decoder's own number for the text, or 0. If it is set, the decoder has
	// to see what templates read in its place. See dialect.Follower.
	Owner int32
}
