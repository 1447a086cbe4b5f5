package main

// A chunk is the struct into which clients and gateways decode the data of an event, and from
// which gateways encode it; see translate_test.go.
type chunk struct {
	ID                string        `json:"id"`
	Object            string        `json:"object"`
	Created           int64         `json:"created"`
	Model             string        `json:"model"`
	ServiceTier       string        `json:"service_tier,omitempty"`
	SystemFingerprint string        `json:"system_fingerprint,omitempty"`
	Choices           []chunkChoice `json:"choices"`
	Usage             *chunkUsage   `json:"usage,omitempty"`
}

type chunkChoice struct {
	Index        int        `json:"index"`
	Delta        chunkDelta `json:"delta"`
	FinishReason *string    `json:"finish_reason"`
}

type chunkDelta struct {
	Role             string      `json:"role,omitempty"`
	Content          *string     `json:"content,omitempty"`
	ReasoningContent *string     `json:"reasoning_content,omitempty"`
	Refusal          *string     `json:"refusal,omitempty"`
	ToolCalls        []chunkCall `json:"tool_calls,omitempty"`
}

type chunkCall struct {
	Index    int    `json:"index"`
	ID       string `json:"id"`
	Type     string `json:"type"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

type chunkUsage struct {
	PromptTokens        int64 `json:"prompt_tokens"`
	CompletionTokens    int64 `json:"completion_tokens"`
	TotalTokens         int64 `json:"total_tokens"`
	PromptTokensDetails *struct {
		CachedTokens int64 `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
	CompletionTokensDetails *struct {
		ReasoningTokens int64 `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

// addTo adds the chunk to an answer.
func (c *chunk) addTo(a *answer) {
	for i := range c.Choices {
		from := &c.Choices[i]
		to := a.choice(from.Index)
		if to == nil {
			continue
		}
		if from.Delta.Content != nil {
			to.content = append(to.content, *from.Delta.Content...)
		}
		if from.Delta.ReasoningContent != nil {
			to.reasoning = append(to.reasoning, *from.Delta.ReasoningContent...)
		}
		for _, t := range from.Delta.ToolCalls {
			to.addCall(t.Index, t.Function.Name, t.Function.Arguments)
		}
		if from.FinishReason != nil && *from.FinishReason != "" {
			to.finish = *from.FinishReason
		}
	}
	if u := c.Usage; u != nil {
		a.usage = usage{u.PromptTokens, u.CompletionTokens, u.TotalTokens}
	}
}
