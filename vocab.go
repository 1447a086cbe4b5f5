package llmstream

import "bytes"

// The types below have the fields of the public types of the same name. The public
// ones are documented in the root package, which converts these to them.

// xKind is what a delta adds to the answer. Kinds are bit flags.
type xKind uint32

const (
	xKindStart xKind = 1 << iota
	xKindContent
	xKindReasoning
	xKindRefusal
	xKindToolCall
	xKindToolCallEnd
	xKindFinish
	xKindUsage
	xKindLogprobs
	xKindMedia
	xKindAnnotation
	xKindPing
	xKindError
	xKindMalformed
	xKindOther
	xKindDone
	xKindItem
)

// xDelta is one thing that an event adds to the answer.
type xDelta struct {
	Kind   xKind
	Choice int
	Text   []byte

	ToolCall           xToolCallDelta
	FinishReason       xFinishReason
	NativeFinishReason []byte
	Usage              xUsage
	Start              *xStart
	Detail             *xReasoningDetail
	API                *xAPIError    // KindError
	Damage             *xSyntaxError // KindMalformed

	Raw      []byte
	Event    []byte
	Sequence int64
	Part     int
}

// xStart is what a stream says of itself or of a choice.
type xStart struct {
	ID, Model, SystemFingerprint, ServiceTier []byte
	Created                                   int64
	Role                                      []byte
	Again                                     bool
}

// xToolCallDelta begins or continues a tool call.
type xToolCallDelta struct {
	Index          int
	ID, Name, Type []byte
	Arguments      []byte
	Extra          []byte
	ArgumentsValid bool
}

// xReasoningDetail is a piece of structured reasoning.
type xReasoningDetail struct {
	Index                                            int
	Type, ID, Format, Text, Summary, Data, Signature []byte
}

// clone returns a copy of r that shares no memory with it.
func (r *xReasoningDetail) clone() *xReasoningDetail {
	c := *r
	for _, b := range []*[]byte{&c.Type, &c.ID, &c.Format, &c.Text, &c.Summary, &c.Data, &c.Signature} {
		*b = bytes.Clone(*b)
	}
	return &c
}

// xUsage is how many tokens an answer cost.
type xUsage struct {
	Input, Output, Total, Cached, CacheWrite, Reasoning int64

	Reported          xUsageFields
	CachedInInput     xTri
	ReasoningInOutput xTri
	Raw               []byte
}

// xUsageFields are the numbers of a Usage that were reported.
type xUsageFields uint8

const (
	xUsageInput xUsageFields = 1 << iota
	xUsageOutput
	xUsageTotal
	xUsageCached
	xUsageCacheWrite
	xUsageReasoning
)

// xTri is yes, no, or not known.
type xTri uint8

const (
	xTriUnknown xTri = iota
	xTriYes
	xTriNo
)

// xFinishReason is why a choice ended.
type xFinishReason uint8

const (
	xFinishNone xFinishReason = iota
	xFinishStop
	xFinishLength
	xFinishToolCalls
	xFinishContentFilter
	xFinishFunctionCall
	xFinishUnknown
)

// xAPIError is an error that the provider reported.
type xAPIError struct {
	Message, Type, Code, Param, RequestID string

	Status    int
	Event     string
	Delivered bool
	Raw       []byte
}

// xSyntaxError is an event, or a part of one, that could not be read.
type xSyntaxError struct {
	Event  int64
	Offset int
	Length int
	Err    error // *fault.Limit or fault.Reason
}

// xSkips counts the events that say nothing, by what they hold.
type xSkips struct {
	Empty     int64
	KeepAlive int64
	NotObject int64
}

// decodeLimits bound what decoding one stream may cost. They are the public options
// of the same name.
type decodeLimits struct {
	MaxValues    int
	MaxChoices   int
	MaxToolCalls int
	MaxEvent     int
	MaxBadText   int
	// Kinds are the kinds of deltas to add. The others are decoded and dropped.
	Kinds xKind
	// Whole turns the shortcuts over large events off.
	Whole bool
}
