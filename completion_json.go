package llmstream

import (
	"encoding/json"
	"slices"

	"github.com/seed-4d65deac/llmstream/internal/decode"
)

// MarshalJSON returns the completion as the chat.completion object of OpenAI's API. As there,
// prompt_tokens include the tokens that were read from a cache or written to one, even if the
// provider counts them separately. total_tokens is the sum if the provider reports no total.
// Other numbers are as they were reported, or absent if they were not reported.
//
// It adds members, as compatible servers do: reasoning_content, reasoning_details and
// native_finish_reason. A tool call that has not ended has "incomplete": true, and one whose
// arguments are not valid has "arguments_valid": false. Further members are:
//
//   - items: see [Message.Items]
//   - usage_raw: the provider's own usage object
//   - usage_reported: the provider's numbers, if they differ from those in usage
//   - block_reason, dropped_bytes: unless they are empty
//   - parts: unless the order is reasoning, content, and then everything else
//
// UnmarshalJSON reads all of them.
func (c Completion) MarshalJSON() ([]byte, error) {
	usage := c.Usage.json()
	out := completionJSON{
		ID: c.ID, Object: chatCompletion, Created: c.Created, Model: c.Model, Choices: []choiceJSON{},
		Usage: usage, UsageReported: c.Usage.reportedJSON(usage), UsageRaw: valid(c.Usage.Raw),
		SystemFingerprint: c.SystemFingerprint, ServiceTier: c.ServiceTier, Citations: valid(c.Citations),
		BlockReason: c.BlockReason, DroppedBytes: c.Dropped,
	}
	for i := range c.Choices {
		out.Choices = append(out.Choices, c.Choices[i].json())
	}
	return json.Marshal(out)
}

// MarshalJSON returns the choice as OpenAI's API writes it; see [Completion.MarshalJSON].
func (c Choice) MarshalJSON() ([]byte, error) { return json.Marshal(c.json()) }

// MarshalJSON returns the message as OpenAI's API writes it. The next request may
// contain it in this form; see [Completion.MarshalJSON].
func (m Message) MarshalJSON() ([]byte, error) { return json.Marshal(m.json()) }

// MarshalJSON returns the call as OpenAI's API writes it; see [Completion.MarshalJSON].
func (c ToolCall) MarshalJSON() ([]byte, error) { return json.Marshal(c.json(c.Index)) }

const chatCompletion = "chat.completion"

type completionJSON struct {
	ID                string          `json:"id"`
	Object            string          `json:"object"`
	Created           int64           `json:"created"`
	Model             string          `json:"model"`
	Choices           []choiceJSON    `json:"choices"`
	Usage             *usageJSON      `json:"usage,omitempty"`
	UsageReported     *reportedJSON   `json:"usage_reported,omitempty"`
	UsageRaw          json.RawMessage `json:"usage_raw,omitempty"`
	SystemFingerprint string          `json:"system_fingerprint,omitempty"`
	ServiceTier       string          `json:"service_tier,omitempty"`
	Citations         json.RawMessage `json:"citations,omitempty"`
	BlockReason       string          `json:"block_reason,omitempty"`
	DroppedBytes      int64           `json:"dropped_bytes,omitempty"`
}

type choiceJSON struct {
	Index              int             `json:"index"`
	Message            messageJSON     `json:"message"`
	Logprobs           json.RawMessage `json:"logprobs"`
	FinishReason       *string         `json:"finish_reason"`
	NativeFinishReason *string         `json:"native_finish_reason,omitempty"`
	StopSequence       string          `json:"stop_sequence,omitempty"`
}

type messageJSON struct {
	Role             string            `json:"role"`
	Content          *string           `json:"content"`
	Reasoning        *string           `json:"reasoning_content,omitempty"`
	ReasoningDetails []detailJSON      `json:"reasoning_details,omitempty"`
	Refusal          *string           `json:"refusal"`
	ToolCalls        []toolCallJSON    `json:"tool_calls,omitempty"`
	Annotations      json.RawMessage   `json:"annotations,omitempty"`
	Images           []json.RawMessage `json:"images,omitempty"`
	Audio            *Audio            `json:"audio,omitempty"`
	Items            []json.RawMessage `json:"items,omitempty"`
	Parts            []Part            `json:"parts,omitempty"`
}

type detailJSON struct {
	Type      string `json:"type,omitempty"`
	ID        string `json:"id,omitempty"`
	Format    string `json:"format,omitempty"`
	Index     *int   `json:"index,omitempty"`
	Text      string `json:"text,omitempty"`
	Summary   string `json:"summary,omitempty"`
	Data      string `json:"data,omitempty"`
	Signature string `json:"signature,omitempty"`
}

type toolCallJSON struct {
	Index    *int            `json:"index,omitempty"` // if it is not the position
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Function *functionJSON   `json:"function,omitempty"`
	Custom   *customJSON     `json:"custom,omitempty"`
	Extra    json.RawMessage `json:"extra_content,omitempty"`

	Incomplete     bool  `json:"incomplete,omitempty"`
	ArgumentsValid *bool `json:"arguments_valid,omitempty"`
}

type functionJSON struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

type customJSON struct {
	Name  string `json:"name"`
	Input string `json:"input"`
}

func (c *Choice) json() choiceJSON {
	out := choiceJSON{Index: c.Index, Message: c.Message.json(), Logprobs: valid(c.Logprobs), StopSequence: c.StopSequence}
	if c.FinishReason != FinishNone {
		word := c.FinishReason.String()
		out.FinishReason = &word
	}
	if c.FinishReason != FinishNone || c.NativeFinishReason != "" {
		out.NativeFinishReason = &c.NativeFinishReason
	}
	return out
}

func (m *Message) json() messageJSON {
	out := messageJSON{Role: m.Role, Annotations: valid(m.Annotations), Audio: m.Audio}
	if out.Role == "" {
		out.Role = "assistant"
	}
	if m.Content != "" || len(m.ToolCalls) == 0 && m.Refusal == "" {
		out.Content = &m.Content
	}
	if m.Reasoning != "" || len(m.ReasoningDetails) > 0 {
		out.Reasoning = &m.Reasoning
	}
	if m.Refusal != "" {
		out.Refusal = &m.Refusal
	}
	for i := range m.ReasoningDetails {
		out.ReasoningDetails = append(out.ReasoningDetails, m.ReasoningDetails[i].json())
	}
	for i := range m.ToolCalls {
		out.ToolCalls = append(out.ToolCalls, m.ToolCalls[i].json(i))
	}
	for _, i := range m.Images {
		out.Images = append(out.Images, valid(i))
	}
	for _, i := range m.Items {
		out.Items = append(out.Items, valid(i))
	}
	if !slices.Equal(m.Parts, m.wholeParts()) {
		out.Parts = m.Parts
	}
	return out
}

func (b *ReasoningBlock) json() detailJSON {
	out := detailJSON{Type: b.Type, ID: b.ID, Format: b.Format, Text: b.Text, Summary: b.Summary, Data: b.Data, Signature: b.Signature}
	if b.Index >= 0 {
		out.Index = &b.Index
	}
	return out
}

// json returns the form of a call that stands at this position of its message.
func (c *ToolCall) json(at int) toolCallJSON {
	out := toolCallJSON{ID: c.ID, Type: c.Type, Extra: valid(c.Extra), Incomplete: !c.Ended}
	if c.Index != at {
		out.Index = &c.Index
	}
	if c.Ended && !c.ArgumentsValid {
		out.ArgumentsValid = &c.ArgumentsValid
	}
	if c.Type == customTool {
		out.Custom = &customJSON{Name: c.Name, Input: c.Arguments}
	} else {
		out.Function = &functionJSON{Name: c.Name, Arguments: c.Arguments}
	}
	return out
}

// The types of tool calls. The arguments of a custom tool are free text.
const (
	functionTool = "function"
	customTool   = "custom"
)

type usageJSON struct {
	PromptTokens      *int64       `json:"prompt_tokens,omitempty"`
	CompletionTokens  *int64       `json:"completion_tokens,omitempty"`
	TotalTokens       *int64       `json:"total_tokens,omitempty"`
	PromptDetails     *detailsJSON `json:"prompt_tokens_details,omitempty"`
	CompletionDetails *detailsJSON `json:"completion_tokens_details,omitempty"`
}

type detailsJSON struct {
	CachedTokens     *int64 `json:"cached_tokens,omitempty"`
	CacheWriteTokens *int64 `json:"cache_write_tokens,omitempty"`
	ReasoningTokens  *int64 `json:"reasoning_tokens,omitempty"`
}

// json returns the reported numbers with OpenAI's meaning, or nil if there are no numbers.
func (u *Usage) json() *usageJSON {
	if u.Reported == 0 {
		return nil
	}
	out := &usageJSON{
		PromptTokens:     u.reported(UsageInput, u.Input),
		CompletionTokens: u.reported(UsageOutput, u.Output),
		TotalTokens:      u.reported(UsageTotal, u.Total),
	}
	if n, ok := u.InputTotal(); ok {
		out.PromptTokens = &n
	}
	if n, ok := u.OutputTotal(); ok && out.TotalTokens == nil && out.PromptTokens != nil {
		n += *out.PromptTokens
		out.TotalTokens = &n
	}
	if u.Reported&(UsageCached|UsageCacheWrite) != 0 {
		out.PromptDetails = &detailsJSON{
			CachedTokens:     u.reported(UsageCached, u.Cached),
			CacheWriteTokens: u.reported(UsageCacheWrite, u.CacheWrite),
		}
	}
	if u.Reported&UsageReasoning != 0 {
		out.CompletionDetails = &detailsJSON{ReasoningTokens: u.reported(UsageReasoning, u.Reasoning)}
	}
	return out
}

// reported returns n, or nil if that number was not reported.
func (u *Usage) reported(f UsageFields, n int64) *int64 {
	if u.Reported&f == 0 {
		return nil
	}
	return &n
}

// reportedJSON has the numbers as the provider reported them.
type reportedJSON struct {
	Input             *int64 `json:"input,omitempty"`
	Output            *int64 `json:"output,omitempty"`
	Total             *int64 `json:"total,omitempty"`
	Cached            *int64 `json:"cached,omitempty"`
	CacheWrite        *int64 `json:"cache_write,omitempty"`
	Reasoning         *int64 `json:"reasoning,omitempty"`
	CachedInInput     Tri    `json:"cached_in_input,omitempty"`
	ReasoningInOutput Tri    `json:"reasoning_in_output,omitempty"`
}

// reportedJSON returns the numbers as the provider reported them. It returns nil if they can be
// derived from form, the numbers with OpenAI's meaning.
func (u *Usage) reportedJSON(form *usageJSON) *reportedJSON {
	if form == nil || form.usage() == u.counts() {
		return nil
	}
	return &reportedJSON{
		Input: u.reported(UsageInput, u.Input), Output: u.reported(UsageOutput, u.Output), Total: u.reported(UsageTotal, u.Total),
		Cached: u.reported(UsageCached, u.Cached), CacheWrite: u.reported(UsageCacheWrite, u.CacheWrite),
		Reasoning: u.reported(UsageReasoning, u.Reasoning), CachedInInput: u.CachedInInput, ReasoningInOutput: u.ReasoningInOutput,
	}
}

// counts are the numbers of a usage and how they are related.
type counts struct {
	numbers                          [6]int64
	reported                         UsageFields
	cachedInInput, reasoningInOutput Tri
}

func (u *Usage) counts() counts {
	return counts{[...]int64{u.Input, u.Output, u.Total, u.Cached, u.CacheWrite, u.Reasoning}, u.Reported, u.CachedInInput, u.ReasoningInOutput}
}

// usage returns the numbers that the chat dialect would read from the usage object.
func (j *usageJSON) usage() counts {
	var in, out detailsJSON
	if j.PromptDetails != nil {
		in = *j.PromptDetails
	}
	if j.CompletionDetails != nil {
		out = *j.CompletionDetails
	}
	u := (&reportedJSON{
		Input: j.PromptTokens, Output: j.CompletionTokens, Total: j.TotalTokens,
		Cached: in.CachedTokens, CacheWrite: in.CacheWriteTokens, Reasoning: out.ReasoningTokens,
	}).usage()
	if in.CachedTokens != nil {
		u.CachedInInput = TriYes
	}
	total := decode.Usage{
		Input: u.Input, Output: u.Output, Total: u.Total, Reasoning: u.Reasoning, Reported: decode.UsageFields(u.Reported),
	}
	u.ReasoningInOutput = Tri(total.ProvenReasoning())
	return u.counts()
}

// usage returns the reported numbers.
func (j *reportedJSON) usage() Usage {
	u := Usage{CachedInInput: j.CachedInInput, ReasoningInOutput: j.ReasoningInOutput}
	for _, f := range [...]struct {
		field UsageFields
		to    *int64
		from  *int64
	}{
		{UsageInput, &u.Input, j.Input}, {UsageOutput, &u.Output, j.Output}, {UsageTotal, &u.Total, j.Total},
		{UsageCached, &u.Cached, j.Cached}, {UsageCacheWrite, &u.CacheWrite, j.CacheWrite}, {UsageReasoning, &u.Reasoning, j.Reasoning},
	} {
		if f.from != nil {
			*f.to = *f.from
			u.Reported |= f.field
		}
	}
	return u
}
