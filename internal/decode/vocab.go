package decode

import "bytes"

// The types below have the fields of the public types with the same names. The root
// package documents the fields, and converts these types to its own.

// Kind is what a delta adds to the answer. Kinds are bit flags.
type Kind uint32

const (
	KindStart Kind = 1 << iota
	KindContent
	KindReasoning
	KindRefusal
	KindToolCall
	KindToolCallEnd
	KindFinish
	KindUsage
	KindLogprobs
	KindMedia
	KindAnnotation
	KindPing
	KindError
	KindMalformed
	KindOther
	KindDone
	KindItem
	KindRestart
	KindBlocked
)

// Delta is one thing that an event adds to the answer.
type Delta struct {
	Kind   Kind
	Choice int
	Text   []byte

	ToolCall           ToolCallDelta
	FinishReason       FinishReason
	NativeFinishReason []byte
	StopSequence       []byte
	Usage              Usage
	Start              *Start
	Detail             *ReasoningDetail
	API                *APIError    // KindError
	Damage             *SyntaxError // KindMalformed

	Raw        []byte
	Event      []byte
	EventIndex int64
	Sequence   int64
	Part       int
}

// Start describes a stream or a choice where it begins.
type Start struct {
	ID, Model, SystemFingerprint, ServiceTier []byte
	Created                                   int64
	Role                                      []byte
}

// ToolCallDelta begins or continues a tool call.
type ToolCallDelta struct {
	Index          int
	ID, Name, Type []byte
	Arguments      []byte
	Extra          []byte
	ArgumentsValid bool
	Restart        bool
}

// ReasoningDetail is a piece of structured reasoning.
type ReasoningDetail struct {
	Index                                            int
	Type, ID, Format, Text, Summary, Data, Signature []byte
}

// Clone returns a copy of r that shares no memory with it.
func (r *ReasoningDetail) Clone() *ReasoningDetail {
	c := *r
	for _, b := range []*[]byte{&c.Type, &c.ID, &c.Format, &c.Text, &c.Summary, &c.Data, &c.Signature} {
		*b = bytes.Clone(*b)
	}
	return &c
}

// Usage is the number of tokens that an answer took.
type Usage struct {
	Input, Output, Total, Cached, CacheWrite, Reasoning int64

	Reported          UsageFields
	CachedInInput     Tri
	ReasoningInOutput Tri
	Raw               []byte
}

// UsageFields are the numbers of a Usage that were reported.
type UsageFields uint8

const (
	UsageInput UsageFields = 1 << iota
	UsageOutput
	UsageTotal
	UsageCached
	UsageCacheWrite
	UsageReasoning
)

// Tri is yes, no, or not known.
type Tri uint8

const (
	TriUnknown Tri = iota
	TriYes
	TriNo
)

// FinishReason is the reason why a choice ended.
type FinishReason uint8

const (
	FinishNone FinishReason = iota
	FinishStop
	FinishLength
	FinishToolCalls
	FinishContentFilter
	FinishFunctionCall
	FinishUnknown
)

// APIError is an error that the provider reported.
type APIError struct {
	Message, Type, Code, Param, RequestID string

	Status    int
	Event     string
	Delivered bool
	Raw       []byte
}

// SyntaxError is an event, or a part of one, that could not be read.
type SyntaxError struct {
	Event  int64
	Offset int
	Length int
	Err    error // *fault.Limit or fault.Reason
}

// Skips counts the events without meaning, by their content.
type Skips struct {
	Empty     int64
	KeepAlive int64
	NotObject int64
}

// Limits bound the cost of decoding one stream. They are the public options with the same
// names.
type Limits struct {
	MaxValues    int
	MaxChoices   int
	MaxToolCalls int
	MaxEvent     int
	MaxBadText   int
	// Kinds are the kinds of deltas to add. The others are decoded and dropped.
	Kinds Kind
	// Whole turns off the fast paths for large events.
	Whole bool
}
