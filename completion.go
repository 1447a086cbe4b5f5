package llmstream

import (
	"bytes"
	"cmp"
	"encoding/json"
)

// A Completion is the whole answer: what a request without streaming would have
// returned. It belongs to the caller. Raw JSON in it is as the provider sent it,
// except that NaN and the like are null.
type Completion struct {
	ID, Model                      string // the last ID and the first model that were not empty; see Start
	Created                        int64  // Unix seconds
	SystemFingerprint, ServiceTier string
	Choices                        []Choice // by index
	Usage                          Usage
	Citations                      json.RawMessage // an array, or nil
	BlockReason                    string          // why the provider blocked the prompt; empty if it did not
	// Continuation is the token with which a request continues an answer that a limit has
	// cut, if the provider gives one, as Gemini does. It is also among the items.
	Continuation string
	// Dropped is the number of bytes past Accumulator.MaxBytes, or past its limits on
	// the number of pieces.
	Dropped int64
}

// A Choice is one of the alternative answers.
type Choice struct {
	Index              int
	Message            Message
	FinishReason       FinishReason
	NativeFinishReason string // the provider's word for it
	StopSequence       string // the stop sequence that ended the choice, if the provider names it
	// Logprobs is {"content":[…],"refusal":[…]}, or the lists of the older
	// completions or of Gemini, or nil. NaN and the like are null.
	Logprobs json.RawMessage
}

// A Message is the answer of a choice.
type Message struct {
	Role                        string           // the first that was given, or else "assistant"
	Content, Reasoning, Refusal string           // plain text
	ReasoningDetails            []ReasoningBlock // to be sent back in the next request
	ToolCalls                   []ToolCall
	Annotations                 json.RawMessage   // an array, or nil
	Images                      []json.RawMessage // as the provider wrote them
	Audio                       *Audio
	Items                       []json.RawMessage // the other parts of the answer, in order, as the provider wrote them; see KindItem
	// Parts has all of the above, apart from annotations, in the order of the answer. A
	// request may have to send the answer back in this order. The texts share the memory of
	// Content, Reasoning and Refusal.
	Parts []Part
}

// A Part is a part of a message: a text, a block of reasoning, a tool call, an item or
// media.
type Part struct {
	// Kind is KindContent, KindReasoning, KindRefusal, KindToolCall, KindItem or KindMedia.
	Kind Kind `json:"type"`
	// Text is the text of content, reasoning or a refusal. It may be empty for reasoning
	// that is encrypted.
	Text string `json:"text,omitempty"`
	// Index is the position in Message.ReasoningDetails, ToolCalls, Items or Images. It is
	// -1 for a text, for reasoning without a detail, and for Message.Audio.
	Index int `json:"index"`
}

// A ReasoningBlock is structured reasoning, put together from its pieces: Text,
// Summary and Data are joined, the other fields are the first that were given; see
// [ReasoningDetail].
type ReasoningBlock struct {
	Index                                            int // -1 if the provider gave none
	Type, ID, Format, Text, Summary, Data, Signature string
}

// Audio is spoken output.
type Audio struct {
	ID         string `json:"id,omitempty"`
	MIMEType   string `json:"mime_type,omitempty"` // such as "audio/L16;codec=pcm;rate=24000"; empty if the request decided the format
	Data       string `json:"data,omitempty"`      // base64 of the whole, padded only at its end
	Transcript string `json:"transcript,omitempty"`
	ExpiresAt  int64  `json:"expires_at,omitempty"` // Unix seconds
}

// continuation returns the token of the first item that holds a continuation token, or "".
func (c *Completion) continuation() string {
	for i := range c.Choices {
		for _, item := range c.Choices[i].Message.Items {
			if !bytes.HasPrefix(item, []byte(`{"continuation`)) {
				continue
			}
			var token struct {
				Gemini       string `json:"continuationToken"`
				Interactions string `json:"continuation_token"`
			}
			if json.Unmarshal(item, &token) == nil && token.Gemini+token.Interactions != "" {
				return cmp.Or(token.Gemini, token.Interactions)
			}
		}
	}
	return ""
}
