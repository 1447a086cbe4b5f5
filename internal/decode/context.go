package decode

import (
	"github.com/seed-4d65deac/llmstream/internal/wire"
	"github.com/valyala/fastjson"
)

// Context is what decoding one event takes: the event, the JSON parser with all that its
// values live in, and the deltas. Streams borrow it from a pool while they decode an
// event. Thousands of streams that wait for bytes hold none.
type Context struct {
	*Stream
	Limits *Limits

	parser fastjson.Parser
	Data   []byte          // the event's data
	Type   []byte          // its SSE type
	Root   *fastjson.Value // its JSON object
	// Escaped: the event holds a backslash, so that its strings are unescaped by
	// package jsonscan and not by fastjson.
	Escaped     bool
	NoPing      bool   // the event is no sign of life, whatever its member type says
	Embedded    bool   // the event stood inside another, as base64 (B-01)
	Pruned      []byte // the event without what its dialect does not read
	EmbeddedBuf []byte // the event that stood inside another
	// sourceAt is how far JSONOf has searched the event: values are asked for in their
	// order, and each byte is looked at once.
	sourceAt   int
	sourceCost int  // how many bytes were compared in vain
	large      bool // a large event has grown the parser, which is not to be kept

	Sequence int64 // the provider's number of the event
	Part     int   // the part of the message that deltas are added to

	Deltas []Delta
	// Contextual: no template may be learned from the event. It had an effect without a
	// delta, or its deltas depend on earlier events.
	Contextual bool
	Emitted    int        // how many deltas were added, wanted or not
	Source     TextSource // where the text that was added last stood
	// DetailMember is the name of the member with the text of the event's one detail,
	// which was added after one text that says the same; "": there is none.
	DetailMember string
	Indexed      bool         // a member named index gave the choice that is being decoded
	Fragments    int          // how many pieces of tool calls the event has, empty ones too
	Counted      CountedUsage // usage that a template may report
	discard      Delta        // takes deltas that the caller did not ask for
	starts       []Start      // what the deltas' Start points to
	Details      []ReasoningDetail
	// errorRaw and errorType are shared by the errors of one event.
	errorRaw  []byte
	errorType string
	errors    int    // how many KindError the event has given
	mistyped  bool   // see Mistyped
	failure   string // the finish reason of the event that is a word for failure
	failed    int    // the choice that has it
	Buf       []byte // holds texts and JSON of the deltas that do not stand in the event
}

// maxKeptDeltas is how many deltas a Context may have room for to go back to the pool:
// more than any honest event brings.
const maxKeptDeltas = 256

// Attach makes c decode events of the stream t.
func (c *Context) Attach(t *Stream, o *Limits) { c.Stream, c.Limits = t, o }

// Detach ends the use of c for a stream. ok is false if a huge event has grown c, so
// that it should not be kept.
func (c *Context) Detach() (ok bool) {
	if c.large || cap(c.Buf) > wire.MaxKept || max(cap(c.Pruned), cap(c.EmbeddedBuf)) > wire.MaxKept ||
		max(cap(c.Deltas), cap(c.starts), cap(c.Details)) > maxKeptDeltas {
		return false
	}
	// Deltas hold slices of what was read, which an idle pool must not keep alive.
	for used := c.Deltas[:cap(c.Deltas)]; len(used) > 0 && used[0].Kind != 0; used = used[1:] {
		used[0] = Delta{}
	}
	c.discard = Delta{}
	c.Begin(nil, nil)
	c.Stream, c.Limits, c.Root = nil, nil, nil
	return true
}

// Begin makes c ready for an event with this type and data.
func (c *Context) Begin(typ, data []byte) {
	c.Type, c.Data = typ, data
	c.Deltas, c.Emitted, c.Contextual, c.Embedded, c.NoPing = c.Deltas[:0], 0, false, false, false
	c.starts, c.Details, c.Buf = c.starts[:0], c.Details[:0], c.Buf[:0]
	c.sourceAt, c.sourceCost, c.errorRaw, c.Sequence, c.Part = 0, 0, nil, 0, 0
	c.Source.Member, c.Fragments, c.DetailMember, c.Counted.Form = "", 0, "", nil
	c.Indexed, c.errors, c.mistyped, c.failure = false, 0, false, ""
}

// Since returns what was appended to Buf since it was at bytes long. Appending to the
// result copies it.
func (c *Context) Since(at int) []byte { return c.Buf[at:len(c.Buf):len(c.Buf)] }

// appendWord returns word as bytes that live as long as the event.
func (c *Context) appendWord(word string) []byte {
	at := len(c.Buf)
	c.Buf = append(c.Buf, word...)
	return c.Since(at)
}

// TextSource says which text an event has added last, and where that stood. The fast
// path learns from it.
type TextSource struct {
	Member string // the name of the member whose value it is; "": nothing may be learned
	Kind   Kind
	Choice int // place in Stream.Choices
	Call   int // place of the tool call; -1: the text belongs to none
	// OnlyText: without this text the event would say nothing. Otherwise another member
	// might be read in its place.
	OnlyText bool
	InDetail bool // the delta has the text in its detail too
	// Indexed, CallIndexed: members named index gave the choice and the call.
	Indexed, CallIndexed bool
	// Owner is the decoder's own name for the text, if it wants to see what templates
	// read in its place; 0: it does not. See dialect.Follower.
	Owner int32
}
