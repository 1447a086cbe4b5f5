package llmstream

import "encoding/json"

// A Completion is the whole answer: what a non-streaming request would have
// brought. It belongs to the caller. Raw JSON in it is as the provider sent it.
type Completion struct {
	ID, Model                      string // as told; mostly the first that were not empty (C-04, C-05)
	Created                        int64  // Unix seconds
	SystemFingerprint, ServiceTier string
	Choices                        []Choice // by index
	Usage                          Usage
	Citations                      json.RawMessage // an array; nil: none
	BlockReason                    string          // why the prompt was not answered at all; "": it was (G-04)
	// Dropped is how many bytes Accumulator.MaxBytes left no room for, and how many were
	// past what it says of the number of pieces.
	Dropped int64
}

// A Choice is one of the alternative answers.
type Choice struct {
	Index              int
	Message            Message
	FinishReason       FinishReason
	NativeFinishReason string // the word for it on the wire
	// Logprobs is {"content":[…],"refusal":[…]}, or the lists of the older
	// completions or of Gemini, NaN and the like as null; nil: none.
	Logprobs json.RawMessage
}

// A Message is what a choice says.
type Message struct {
	Role                        string           // as first told; "": never, which MarshalJSON writes as assistant
	Content, Reasoning, Refusal string           // plain text; nothing said is ""
	ReasoningDetails            []ReasoningBlock // to be sent back in the next request
	ToolCalls                   []ToolCall
	Annotations                 json.RawMessage   // an array; nil: none
	Images                      []json.RawMessage // as the provider wrote them
	Audio                       *Audio
	Items                       []json.RawMessage // what else the answer is made of, in order, as the provider wrote it; see KindItem
}

// A ReasoningBlock is structured reasoning, put together from its pieces: Text,
// Summary and Data are joined, the others as first told; see [ReasoningDetail].
type ReasoningBlock struct {
	Index                                            int // -1: the provider gave none
	Type, ID, Format, Text, Summary, Data, Signature string
}

// Audio is spoken output.
type Audio struct {
	ID         string `json:"id,omitempty"`
	MIMEType   string `json:"mime_type,omitempty"` // such as "audio/L16;codec=pcm;rate=24000"; "": as the request asked for
	Data       string `json:"data,omitempty"`      // base64 of the whole, padded once, at its end, however its pieces were
	Transcript string `json:"transcript,omitempty"`
	ExpiresAt  int64  `json:"expires_at,omitempty"` // Unix seconds
}
