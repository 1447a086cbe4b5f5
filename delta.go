package llmstream

import (
	"bytes"
	"strings"

	"github.com/seed-4d65deac/llmstream/internal/decode"
)

// Kind says what a [Delta] adds to the answer. Kinds are bit flags, so that
// [Options].Kinds can name several of them.
type Kind uint32

const (
	// KindStart tells what the stream had not told before: Delta.Start holds
	// its id, model and so on (Choice is then -1), or the role of a choice
	// that begins.
	KindStart Kind = 1 << iota
	// KindContent adds Delta.Text, never empty, to a choice's answer.
	KindContent
	// KindReasoning adds Delta.Text to a choice's reasoning, or Delta.Detail
	// to its structured form, or both (R-01 … R-06).
	KindReasoning
	// KindRefusal adds Delta.Text, never empty, to a choice's refusal.
	KindRefusal
	// KindToolCall begins a tool call or continues it; see [ToolCallDelta].
	KindToolCall
	// KindToolCallEnd says that the arguments of Delta.ToolCall.Index have
	// ended. Whoever runs tools waits for it: JSON that parses is not yet JSON
	// that has ended (T-17), and JSON that breaks off never ends (T-19).
	KindToolCallEnd
	// KindFinish gives a choice's finish reason. It is not the end: text, tool
	// calls and usage do come after it (C-09, C-29, T-21). With Choice -1 there is
	// to be no answer at all: the provider has blocked the prompt (G-04).
	KindFinish
	// KindUsage gives token counts, merged with those that came before; or, as long as
	// there are none, a usage object that has none, in Usage.Raw alone.
	KindUsage
	// KindLogprobs gives log probabilities: Delta.Text is their JSON object.
	KindLogprobs
	// KindMedia gives an image, or a piece of a sound: Delta.Text is its JSON value.
	KindMedia
	// KindAnnotation gives annotations or citations: Delta.Text is their JSON
	// array, which replaces the one before (C-19), or one of them, an object,
	// which is added to those before.
	KindAnnotation
	// KindPing is an event without data, or one that is a keep-alive: a sign of
	// life, not of progress.
	KindPing
	// KindError is an error that the provider reports inside the stream:
	// Delta.Err is an *[APIError].
	KindError
	// KindMalformed is an event, or a part of one, that could not be read:
	// Delta.Err is a *[SyntaxError].
	KindMalformed
	// KindOther is an event that gave no other delta; Delta.Raw holds it.
	KindOther
	// KindDone is the dialect's end marker, such as [DONE].
	KindDone
	// KindItem gives a part of the answer that is none of the above, as a
	// whole: Delta.Text is its JSON object. It is what tools of the provider's
	// own do, such as a web search, an MCP or a shell call, or a patch, and has
	// to go back in the next request. One that comes in pieces is given when it
	// has ended, and not at all where it breaks off.
	KindItem
)

var kindNames = [...]string{
	"start", "content", "reasoning", "refusal", "tool_call", "tool_call_end", "finish", "usage",
	"logprobs", "media", "annotation", "ping", "error", "malformed", "other", "done", "item",
}

// String names the kind, several kinds with a "|" between them.
func (k Kind) String() string {
	var names []string
	for i, name := range kindNames {
		if k&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "|")
}

// A Delta is one thing that an event adds to the answer.
//
// It is borrowed, and so is every slice and pointer in it: until the handler
// returns, or until the next call of [Reader.Next]. [Delta.Clone] makes a copy
// that may be kept. The slices must not be written to, nor appended to in place:
// they may be the caller's own bytes, which a [Tee] passes on.
type Delta struct {
	Kind   Kind
	Choice int    // the choice's index on the wire; -1: the stream as a whole
	Text   []byte // what the kind says, unescaped where it is text

	ToolCall           ToolCallDelta    // KindToolCall, KindToolCallEnd
	FinishReason       FinishReason     // KindFinish
	NativeFinishReason []byte           // KindFinish: the word for it on the wire
	Usage              Usage            // KindUsage
	Start              *Start           // KindStart; else nil
	Detail             *ReasoningDetail // KindReasoning; nil where the provider gives plain text alone
	Err                error            // KindError: *APIError; KindMalformed: *SyntaxError

	// Raw is the event's data as it came, whatever the kind; of Bedrock's
	// InvokeModel, the model's event without its base64. Nil for what no event
	// brought.
	Raw      []byte
	Event    []byte // the event's type; see [Event]
	Sequence int64  // the provider's number of the event, behind which a stream may be resumed; 0 where the dialect has none, as in chat
	// Part is the index of the part of the message that this belongs to, such as
	// Anthropic's content blocks and the items of OpenAI's Responses; 0 where the dialect has no parts, as in chat. A
	// message is its parts in the order of their indexes, which mostly is the order
	// in which they come.
	Part int
}

// Start is what a stream says of itself or of a choice, each the first time
// that it is more than empty (C-03, C-04). Empty fields were told before or are
// not known yet. An ID that is told again replaces the one before (O-03).
type Start struct {
	ID, Model, SystemFingerprint, ServiceTier []byte
	Created                                   int64 // Unix seconds
	Role                                      []byte
	// Again: the part of the message begins a second time, since another answer
	// has begun in the same stream: what had come of it is void. With the
	// part -1: it is this answer that begins; the parts follow, one by one.
	Again bool
}

// A ToolCallDelta begins or continues a tool call.
type ToolCallDelta struct {
	// Index counts the calls of a choice in order of appearance, from 0. What
	// the wire calls index may be missing, repeated or wrong (T-01 … T-03).
	Index int
	// ID, Name and Type ("function" or "custom") are given once, whole, in the
	// first delta that knows them.
	ID, Name, Type []byte
	// Arguments is the next piece of the arguments as the model wrote them.
	Arguments []byte
	// Extra is a JSON value that has to go back with the call in the next
	// request, such as Gemini's thought signature (T-22).
	Extra []byte
	// ArgumentsValid tells, with KindToolCallEnd, that the arguments are one
	// JSON value, or empty, or that the tool takes free text.
	ArgumentsValid bool
	// Restart: the arguments begin anew. Those of earlier deltas are void, since the
	// provider has contradicted them.
	Restart bool
}

// A ReasoningDetail is a piece of structured reasoning, which a provider wants
// back in the next request. Pieces with the same Index belong together: Text,
// Summary and Data are joined, the others set.
type ReasoningDetail struct {
	Index                                            int // -1: not given; such a piece continues the one before, until that is signed
	Type, ID, Format, Text, Summary, Data, Signature []byte
}

// HasOutput tells whether the delta holds something of the answer: non-empty
// content, reasoning, refusal, an image or a sound, an item, or a tool's name or
// arguments. It is what the time to the first token waits for, and what makes a retry unsafe (W-06, W-12).
func (d *Delta) HasOutput() bool {
	switch d.Kind {
	case KindContent, KindRefusal, KindMedia, KindItem:
		return len(d.Text) > 0
	case KindReasoning:
		return len(d.Text) > 0 || d.Detail != nil && len(d.Detail.Text)+len(d.Detail.Summary) > 0
	case KindToolCall:
		return len(d.ToolCall.Name) > 0 || len(d.ToolCall.Arguments) > 0
	}
	return false
}

// Clone returns a copy of d that shares no memory with the parser.
func (d *Delta) Clone() *Delta {
	c := *d
	for _, b := range []*[]byte{
		&c.Text, &c.NativeFinishReason, &c.Usage.Raw, &c.Raw, &c.Event,
		&c.ToolCall.ID, &c.ToolCall.Name, &c.ToolCall.Type, &c.ToolCall.Arguments, &c.ToolCall.Extra,
	} {
		*b = bytes.Clone(*b)
	}
	if d.Start != nil {
		s := *d.Start
		for _, b := range []*[]byte{&s.ID, &s.Model, &s.SystemFingerprint, &s.ServiceTier, &s.Role} {
			*b = bytes.Clone(*b)
		}
		c.Start = &s
	}
	if d.Detail != nil {
		c.Detail = (*ReasoningDetail)((*decode.ReasoningDetail)(d.Detail).Clone())
	}
	return &c
}

// A Handler takes the deltas of a stream, one after the other.
type Handler interface {
	// HandleDelta borrows d until it returns. An error stops the parser, which
	// returns it. It may set d's fields; it must not call back into its parser.
	HandleDelta(d *Delta) error
}

// HandlerFunc makes a [Handler] of a function.
type HandlerFunc func(*Delta) error

// HandleDelta calls f(d).
func (f HandlerFunc) HandleDelta(d *Delta) error { return f(d) }

// Handlers returns a [Handler] that hands each delta to all of hs in order,
// up to the first error. Nil handlers are left out; with none left it does
// nothing.
func Handlers(hs ...Handler) Handler {
	var kept handlers
	for _, h := range hs {
		if h != nil {
			kept = append(kept, h)
		}
	}
	return kept
}

type handlers []Handler

func (hs handlers) HandleDelta(d *Delta) error {
	for _, h := range hs {
		if err := h.HandleDelta(d); err != nil {
			return err
		}
	}
	return nil
}

// FinishReason is why a choice ended, in OpenAI's words whatever the provider's
// are. Only FinishStop, FinishToolCalls and FinishFunctionCall are success.
type FinishReason uint8

const (
	FinishNone          FinishReason = iota // none was given
	FinishStop                              // the model was done, or met a stop sequence
	FinishLength                            // a token limit was reached
	FinishToolCalls                         // the model wants its tool calls run
	FinishContentFilter                     // the provider withheld or stopped the answer
	FinishFunctionCall                      // as FinishToolCalls, in the API's old form
	FinishUnknown                           // a word that this library does not know: not success (C-10)
)

// String returns OpenAI's word for the reason, "" for FinishNone and "unknown"
// for FinishUnknown.
func (r FinishReason) String() string {
	return decode.FinishReason(r).String()
}
