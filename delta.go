package llmstream

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-4d65deac/llmstream/internal/decode"
)

// Kind says what a [Delta] adds to the answer. Kinds are bit flags, so that
// [Options].Kinds can name several of them.
type Kind uint32

// The comment of each kind names the fields of a [Delta] that the kind sets. Each delta
// also has Kind, Choice, Raw, Event, EventIndex, Sequence and Part.
const (
	// KindStart introduces the stream or a choice and sets Start: the stream's id, model
	// and so on (Choice is then -1), or the role of a choice that begins. Start holds only
	// what was not given before.
	KindStart Kind = 1 << iota
	// KindContent adds to a choice's answer. It sets Text, which is never empty.
	KindContent
	// KindReasoning adds to a choice's reasoning. It sets Text, or Detail for the
	// structured form, or both.
	KindReasoning
	// KindRefusal adds to a choice's refusal. It sets Text, which is never empty.
	KindRefusal
	// KindToolCall begins a tool call or continues it. It sets ToolCall, except
	// ToolCall.ArgumentsValid.
	KindToolCall
	// KindToolCallEnd reports that the arguments of a call have ended. It sets
	// ToolCall.Index and ToolCall.ArgumentsValid. Do not run a call before it: arguments
	// that parse as JSON may still go on, and arguments that break off never end. If the
	// provider sends further arguments after it, it comes once more with ArgumentsValid
	// false.
	KindToolCallEnd
	// KindFinish gives a choice's finish reason. It sets FinishReason,
	// NativeFinishReason and StopSequence. It is not the end: text, tool calls and usage may
	// come after it.
	KindFinish
	// KindUsage gives token counts, merged with earlier ones. It sets Usage, in which at
	// least one count was reported. Choice is -1.
	KindUsage
	// KindLogprobs gives log probabilities. It sets Text to their JSON object.
	KindLogprobs
	// KindMedia gives an image, or a piece of audio. It sets Text to its JSON value.
	KindMedia
	// KindAnnotation gives one annotation or citation. It sets Text to its JSON value,
	// which is not an array. Choice is -1 if it belongs to the answer as a whole.
	KindAnnotation
	// KindPing is an event without data, or a keep-alive: the connection is alive,
	// but the answer has not progressed. It sets no field. Choice is -1.
	KindPing
	// KindError is an error that the provider reports inside the stream. It sets Err to
	// an *[APIError].
	KindError
	// KindMalformed is an event, or a part of one, that could not be read. It sets Err to
	// a *[SyntaxError].
	KindMalformed
	// KindOther is an event that gave no other delta. It sets no field; Raw holds the
	// event. Choice is -1.
	KindOther
	// KindDone is the dialect's end marker, such as [DONE]. It sets no field. Choice is -1.
	KindDone
	// KindItem gives a whole part of the answer that has no other Kind. It sets Text to
	// its JSON object. Examples are a web search, an MCP call, a shell call or a patch. It
	// has to be sent back in the next request. An item that comes in pieces is given when
	// it has ended, and not at all if it breaks off.
	KindItem
	// KindRestart reports that a part of the message begins again, because another
	// answer has begun in the same stream, or because the provider has contradicted
	// itself. Everything that has come of the part is void. It sets no field; Part
	// names the part. With Part -1 another answer begins: everything that belongs to no
	// part, such as the finish reason and the usage, is void, and a KindRestart follows
	// for each part.
	KindRestart
	// KindBlocked reports that the provider has blocked the prompt, so that no answer
	// comes. It sets NativeFinishReason to the provider's word for why, and FinishReason
	// to FinishContentFilter. Choice is -1.
	KindBlocked
)

var kindNames = [...]string{
	"start", "content", "reasoning", "refusal", "tool_call", "tool_call_end", "finish", "usage",
	"logprobs", "media", "annotation", "ping", "error", "malformed", "other", "done", "item", "restart", "blocked",
}

// String returns the names of the kinds in k, joined with "|".
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

// MarshalText returns String.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText sets k to the kinds with these names, which are joined with "|".
func (k *Kind) UnmarshalText(text []byte) error {
	var kinds Kind
	for name := range strings.SplitSeq(string(text), "|") {
		at := slices.Index(kindNames[:], name)
		if at < 0 && name != "none" {
			return fmt.Errorf("%sno Kind is named %q", errorPrefix, name)
		}
		if at >= 0 {
			kinds |= 1 << at
		}
	}
	*k = kinds
	return nil
}

// A Delta is one thing that an event adds to the answer.
//
// It is borrowed, and so is every slice and pointer in it: until the handler
// returns, or until the next call of [Reader.Next]. [Delta.Clone] makes a copy
// that may be kept. The slices must not be written to, nor appended to in place:
// they may be the caller's own bytes, which a [Tee] passes on.
type Delta struct {
	Kind   Kind
	Choice int    // the choice's index on the wire, or -1 for the stream as a whole
	Text   []byte // as the kind says; text is unescaped

	ToolCall           ToolCallDelta    // KindToolCall, KindToolCallEnd
	FinishReason       FinishReason     // KindFinish, KindBlocked
	NativeFinishReason []byte           // KindFinish, KindBlocked: the word for it on the wire
	StopSequence       []byte           // KindFinish: the stop sequence that ended the choice, if the provider names it
	Usage              Usage            // KindUsage
	Start              *Start           // KindStart; else nil
	Detail             *ReasoningDetail // KindReasoning; nil if the provider gives plain text only
	Err                error            // KindError: *APIError; KindMalformed: *SyntaxError

	// Raw is the event's data as it came, for every kind. For Bedrock's InvokeModel
	// it is the model's event, decoded from base64. It is nil for a delta that no
	// event brought.
	Raw   []byte
	Event []byte // the event's type; see [Event]
	// EventIndex counts the events of the stream from 0. Deltas of the same event have
	// the same EventIndex. Deltas that only the end of the stream brings, in Close,
	// have an index of their own, which is one more than that of the last event. Events
	// whose deltas Options.Kinds leaves out are counted too. [SyntaxError].Event counts
	// from 1 instead.
	EventIndex int64
	Sequence   int64 // the provider's number of the event, after which a stream may be resumed; 0 if the dialect has no numbers, as in chat
	// Part is the index of the part of the message that this belongs to, such as
	// a content block of Anthropic's or an item of OpenAI's Responses. It is 0 if
	// the dialect has no parts, as in chat. A message is its parts in the order of
	// their indexes, which is usually the order in which they come.
	Part int
}

// Start holds facts about a stream or a choice, each the first time that it is not
// empty. Empty fields were given before or are not known yet. An ID that comes again
// replaces the previous one.
type Start struct {
	ID, Model, SystemFingerprint, ServiceTier []byte
	Created                                   int64 // Unix seconds
	Role                                      []byte
}

// A ToolCallDelta begins or continues a tool call.
type ToolCallDelta struct {
	// Index counts the calls of a choice in order of appearance, from 0. It is not
	// the provider's index, which may be missing, repeated or wrong.
	Index int
	// ID, Name and Type ("function" or "custom") are given once, whole, as soon as
	// they are known.
	ID, Name, Type []byte
	// Arguments is the next piece of the arguments as the model wrote them.
	Arguments []byte
	// Extra is a JSON value that has to be sent back with the call in the next
	// request, such as Gemini's thought signature.
	Extra []byte
	// ArgumentsValid reports, with KindToolCallEnd, that the arguments are one JSON value or
	// empty, or that the tool takes free text.
	ArgumentsValid bool
	// Restart reports that the arguments begin again. The arguments of earlier deltas
	// are void, because the provider has contradicted them.
	Restart bool
}

// A ReasoningDetail is a piece of structured reasoning, which has to be sent back in
// the next request. Pieces with the same Index belong together: Text, Summary and
// Data are joined, the other fields are set.
//
// Format names the provider that made Signature or Data, such as "anthropic-claude-v1",
// "google-gemini-v1" or "openai-responses-v1". It comes with the signature, and is
// empty if the provider is not known.
type ReasoningDetail struct {
	Index                                            int // -1 if not given: the piece then continues the previous one, unless that is signed
	Type, ID, Format, Text, Summary, Data, Signature []byte
}

// HasOutput reports whether the delta holds a part of the answer: non-empty content,
// reasoning, refusal, media, an item, or a tool's name or arguments. The first delta
// with output marks the time to the first token. After it a retry is unsafe.
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
		&c.Text, &c.NativeFinishReason, &c.StopSequence, &c.Raw, &c.Event,
		&c.ToolCall.ID, &c.ToolCall.Name, &c.ToolCall.Type, &c.ToolCall.Arguments, &c.ToolCall.Extra,
	} {
		*b = bytes.Clone(*b)
	}
	c.Usage.Raw = bytes.Clone(c.Usage.Raw)
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

// A Handler receives the deltas of a stream, one after the other.
type Handler interface {
	// HandleDelta borrows d until it returns. An error stops the parser, which returns
	// it. It may set d's fields. It must not call back into its parser: the parser
	// panics if it does.
	HandleDelta(d *Delta) error
}

// HandlerFunc is a function that is a [Handler].
type HandlerFunc func(*Delta) error

// HandleDelta calls f(d).
func (f HandlerFunc) HandleDelta(d *Delta) error { return f(d) }

// Handlers returns a [Handler] that passes each delta to all of hs in order, up to
// the first error. Nil handlers are left out. Without any handler it does nothing.
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

// FinishReason is why a choice ended, in OpenAI's words for every provider. Only
// FinishStop, FinishToolCalls and FinishFunctionCall are success.
type FinishReason uint8

const (
	FinishNone          FinishReason = iota // no reason was given
	FinishStop                              // the model was done, or met a stop sequence
	FinishLength                            // a token limit was reached
	FinishToolCalls                         // the model wants its tool calls run
	FinishContentFilter                     // the provider withheld or stopped the answer
	FinishFunctionCall                      // like FinishToolCalls, in the older form of the API
	FinishUnknown                           // a word that this library does not know: not success
)

// Success reports whether the model came to an end of its own: it was done, or it wants
// its tools run.
func (r FinishReason) Success() bool {
	return r == FinishStop || r == FinishToolCalls || r == FinishFunctionCall
}

// String returns OpenAI's word for the reason, "" for FinishNone and "unknown"
// for FinishUnknown.
func (r FinishReason) String() string {
	return decode.FinishReason(r).String()
}

// MarshalText returns String.
func (r FinishReason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText sets r to the reason with this name, and to FinishUnknown if no reason has
// it.
func (r *FinishReason) UnmarshalText(name []byte) error {
	*r = FinishUnknown
	for known := FinishNone; known < FinishUnknown; known++ {
		if known.String() == string(name) {
			*r = known
		}
	}
	return nil
}
