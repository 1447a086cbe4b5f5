package decode

import (
	"hash/maphash"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// Stream is what a stream remembers for its next event and for its verdict, in every
// dialect. It holds no text of the answer. MaxChoices, MaxToolCalls and maxUsageRaw bound
// it.
type Stream struct {
	Choices []Choice
	Recent  int // position of the choice that was found last
	Calls   int // number of tool calls in all choices

	Events    int64 // number of events so far
	Delivered bool  // a text, a call or media was given
	// Answered: something of an answer has come, were it only a signature or redacted
	// reasoning. A role is no answer.
	Answered bool
	SawDone  bool // the end marker came
	finished bool // some choice has had a finish reason
	// PiecesOnly: arguments come in pieces, and no event repeats them as a whole. A piece
	// of a call that is open may stand in an event that cannot be read. A decoder sets it.
	PiecesOnly bool
	lost       bool // an event of this answer, or a part of one, could not be read
	// doubted is set once all calls that may have lost a piece are marked. A call that begins,
	// or changes, clears it. Without it each of many damaged events would go through all calls.
	doubted bool
	// Epoch changes whenever the same event may get a new meaning: a text may belong to
	// another item, or reopen a choice.
	Epoch int32
	// Announced has a flag for each fact about the stream that was given, since each is
	// given once.
	Announced struct{ ID, Model, Fingerprint, Tier, Created bool }
	Uncounted uint32 // number of errors in place of a stream, which are not in Events

	Usage    Usage
	usageRaw []byte // the usage objects so far, overlaid key by key; see OverlayUsage
	overlaid int    // cost of overlaying beyond what the reports have paid for; see overlayCredit

	// These are the fields of the outcome's anomalies with the same names.
	MalformedCount                              int64
	Comments, Unseparated, AfterDone, Conflicts int64
	Skips                                       Skips
	Unterminated                                bool
	Unknown                                     bool // an event was an object of no known dialect

	// suspect is set once an event was not JSON. fastjson may take milliseconds to reject
	// a few hundred brackets, so further events are checked first.
	suspect bool

	BlockReason string
	FirstError  *APIError
	FirstDamage *SyntaxError
}

// Choice is the state of a choice.
type Choice struct {
	Index int
	// Surrogates are the high surrogates that the texts of this choice ended with. Their
	// other halves are expected in the next event (J-03).
	Surrogates surrogates
	Finish     FinishReason
	Native     string // the provider's word for the reason, at most MaxNativeWord bytes
	Reopened   bool   // output came after the finish reason, so another reason is due (C-34)
	Failed     bool   // the finish reason is a word for failure (C-35)
	RoleKnown  bool   // its role was given
	// Marks are bits for what a decoder has seen of the choice. If two choices have equal
	// marks, an event of the same form does the same to both.
	Marks uint8
	// List counts the lists of tool calls that have come. It distinguishes two calls in
	// one list from two pieces of one call (T-02).
	List        uint32
	Calls       []Call
	found       *callLookup // nil while the choice has few calls
	annotations Distinct    // see AddAnnotation
}

// surrogates are the pending high surrogates, or 0.
type surrogates struct{ Content, Reasoning, Refusal uint16 }

// Wait reports whether a surrogate is pending.
func (h *surrogates) Wait() bool { return h.Content|h.Reasoning|h.Refusal != 0 }

// Reset makes t ready for another stream. It keeps its memory.
func (t *Stream) Reset() {
	choices, usage := t.Choices, wire.Recycle(t.usageRaw)
	clear(choices) // keep nothing of the last stream alive
	*t = Stream{
		Choices: choices[:0], usageRaw: usage,
	}
}

// NextIndex returns Delta.EventIndex for the next event.
func (t *Stream) NextIndex() int64 { return t.Events + int64(t.Uncounted) }

// FindChoice returns the choice with this index, or nil if it has not begun.
func (t *Stream) FindChoice(index int) *Choice {
	if t.Recent < len(t.Choices) && t.Choices[t.Recent].Index == index {
		return &t.Choices[t.Recent]
	}
	for i := range t.Choices {
		if t.Choices[i].Index == index {
			t.Recent = i
			return &t.Choices[i]
		}
	}
	return nil
}

// Choice returns the choice with this index. If it is new, the choice begins. If there
// are Limits.MaxChoices others, it adds a KindMalformed and returns nil.
func (c *Context) Choice(index int) *Choice {
	if t := c.FindChoice(index); t != nil {
		return t
	}
	if len(c.Choices) >= c.Limits.MaxChoices {
		c.Exceed(-1, "MaxChoices", c.Limits.MaxChoices)
		return nil
	}
	if len(c.Choices) == 0 && c.BlockReason == "" && c.FirstError == nil {
		c.SawDone = false // an end marker before any output ends nothing that follows (E-19)
	}
	c.Recent = len(c.Choices)
	c.Choices = append(c.Choices, Choice{Index: index})
	return &c.Choices[c.Recent]
}

// Surrogate returns the pending surrogate of the texts of this kind.
func (ch *Choice) Surrogate(k Kind) *uint16 {
	switch k {
	case KindContent:
		return &ch.Surrogates.Content
	case KindReasoning:
		return &ch.Surrogates.Reasoning
	}
	return &ch.Surrogates.Refusal
}

// FlushSurrogates adds U+FFFD for each surrogate whose other half never came.
func (c *Context) FlushSurrogates() {
	finished := c.finished
	c.finished = false // these texts reopen no choice
	for i := range c.Choices {
		ch := &c.Choices[i]
		for _, k := range [...]Kind{KindReasoning, KindContent, KindRefusal} {
			high := ch.Surrogate(k)
			c.AddText(k, ch.Index, jsonscan.AppendLoneSurrogate(nil, *high))
			*high = 0
		}
		for at := range ch.Calls {
			c.flushArguments(ch, at)
		}
	}
	c.finished = finished
}

// Complete reports whether the answer is whole (contract 7):
//
//   - each choice that began is finished, and its calls are not cut short; or
//   - some choice began, the end marker came, and no call is open; or
//   - there is no answer because the prompt was blocked (G-04).
func (t *Stream) Complete() bool {
	if t.BlockReason != "" {
		return true
	}
	open, cut := false, false
	for i := range t.Choices {
		ch := &t.Choices[i]
		for at := range ch.Calls {
			open = open || ch.IsOpen(at)
			cut = cut || ch.Finish != FinishLength && ch.Calls[at].truncated()
		}
	}
	if t.SawDone {
		return len(t.Choices) > 0 && (t.Finished() || !open)
	}
	return t.Finished() && !cut
}

// Finished reports whether there are choices, and each is finished.
func (t *Stream) Finished() bool {
	for i := range t.Choices {
		if !t.Choices[i].IsFinished() {
			return false
		}
	}
	return len(t.Choices) > 0
}

var hashSeed = maphash.MakeSeed()

// Hash returns a hash of b. It is 0 only if b is empty.
func Hash(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	return maphash.Bytes(hashSeed, b) | 1
}
