package llmstream

import (
	"bytes"
	"encoding/base64"
	"encoding/json"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/valyala/fastjson"
)

// logprobNames are the lists that hold log probabilities in chat, in the older
// completions and in Gemini. Elements at the same place of several lists belong to the
// same token, except in chat.
var logprobNames = [...][]string{
	{"content", "refusal"},
	{"tokens", "token_logprobs", "top_logprobs", "text_offset"},
	{"chosenCandidates", "topCandidates"},
}

// jsonList is a JSON array that grows, without its brackets.
type jsonList struct {
	items []byte
	n     int
}

func (l *jsonList) add(item *fastjson.Value) {
	if l.n++; l.n > 1 {
		l.items = append(l.items, ',')
	}
	if item == nil {
		l.items = append(l.items, "null"...)
	} else {
		l.items = item.MarshalTo(l.items)
	}
}

// fill adds nulls for the elements that other objects have and this one lacks. It takes
// their bytes from budget, and stops when the budget is used up.
func (l *jsonList) fill(to int, budget *int) {
	if missing := to - l.n; missing > 0 {
		*budget -= missing * len("null,")
	}
	for l.n < to && *budget >= 0 {
		l.add(nil)
	}
}

// minLogprobs is the number of bytes of nulls that joined log probabilities may have in
// any case.
const minLogprobs = 64 << 10

// joinLogprobs joins logprobs objects, separated by commas, into one (C-21, C-26). ok is
// false if the result would have more than limit bytes. Objects of different forms could
// grow many times, since each lacks the members of the others.
func joinLogprobs(list []byte, limit int) (_ json.RawMessage, ok bool) {
	if len(list) == 0 {
		return nil, true
	}
	budget := max(limit-len(list), minLogprobs)
	var lists [len(logprobNames)][4]jsonList
	var total [len(logprobNames)]int
	eachValue(list, func(v *fastjson.Value) {
		for form, names := range logprobNames {
			before := total[form]
			for i, name := range names {
				l, items := &lists[form][i], v.GetArray(name)
				if len(items) > 0 && form > 0 {
					l.fill(before, &budget)
				}
				for _, item := range items {
					l.add(item)
				}
				total[form] = max(total[form], l.n)
			}
		}
	})
	for form, names := range logprobNames {
		if total[form] == 0 {
			continue
		}
		out := []byte("{")
		for i, name := range names {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(append(append(out, '"'), name...), `":`...)
			l := &lists[form][i]
			switch {
			case l.n == 0 && name != "content":
				out = append(out, "null"...)
				continue
			case form > 0:
				l.fill(total[form], &budget)
			}
			if budget < 0 {
				return nil, false
			}
			out = append(append(append(out, '['), l.items...), ']')
		}
		return valid(append(out, '}')), true
	}
	return nil, true
}

// joinMedia separates media values, which stand in a list with commas, into images and
// pieces of audio. It joins the audio (C-23).
func joinMedia(list []byte) (images []json.RawMessage, audio *Audio) {
	if len(list) == 0 {
		return nil, nil
	}
	var data, transcript []byte
	eachValue(list, func(v *fastjson.Value) {
		if !isSound(v) {
			images = append(images, v.MarshalTo(nil))
			return
		}
		if audio == nil {
			audio = &Audio{}
		}
		if v.GetObject().Len() == 0 {
			return
		}
		if id := v.GetStringBytes("id"); len(id) > 0 {
			audio.ID = string(id)
		}
		for _, name := range [...]string{"mimeType", "mime_type"} {
			if typ := v.GetStringBytes(name); len(typ) > 0 {
				audio.MIMEType = string(typ)
			}
		}
		if at := v.GetInt64("expires_at"); at != 0 {
			audio.ExpiresAt = at
		}
		data = append(data, v.GetStringBytes("data")...)
		transcript = append(transcript, v.GetStringBytes("transcript")...)
	})
	if audio != nil {
		audio.Data, audio.Transcript = joinBase64(data), string(transcript)
	}
	return images, audio
}

// isSound reports whether a media value is a piece of audio, or belongs to one.
func isSound(v *fastjson.Value) bool {
	if v.Type() != fastjson.TypeObject {
		return false
	}
	var isImage, typed, hasData bool
	v.GetObject().Visit(func(key []byte, _ *fastjson.Value) {
		switch string(key) {
		case "image_url", "url", "inlineData", "fileData", "source":
			isImage = true
		case "type":
			typed = true
		case "data":
			hasData = true
		}
	})
	return !isImage && (!typed || hasData && string(v.GetStringBytes("type")) == "audio")
}

// joinBase64 joins base64 that came in pieces, each possibly padded, to base64 that is
// padded only at its end (C-23). If it is not base64, it returns the pieces unchanged.
func joinBase64(pieces []byte) string {
	var whole []byte
	for rest := pieces; len(rest) > 0; {
		n := len(rest)
		if i := bytes.IndexByte(rest, '='); i >= 0 {
			n = len(rest) - len(bytes.TrimLeft(rest[i:], "="))
		}
		if n == len(pieces) { // most streams have no padding before the end
			return string(pieces)
		}
		var err error
		if whole, err = base64.StdEncoding.AppendDecode(whole, rest[:n]); err != nil {
			return string(pieces)
		}
		rest = rest[n:]
	}
	return base64.StdEncoding.EncodeToString(whole)
}

// eachValue calls f for each JSON value in list, which has commas between them. It parses
// them one by one, because only a single value is known to be within the limits.
func eachValue(list []byte, f func(*fastjson.Value)) {
	var p fastjson.Parser
	for len(list) > 0 {
		var scan jsonscan.Scanner
		n, _ := scan.Scan(list)
		if v, err := p.ParseBytes(list[:n]); err == nil {
			f(v)
		}
		list = list[min(n+1, len(list)):]
	}
}

// MarshalJSON returns the completion as the chat.completion object of OpenAI's API. It
// adds reasoning_content, reasoning_details and native_finish_reason, as compatible
// servers do, and Message.Items as items. Usage holds only numbers that were reported.
// If bytes were dropped, dropped_bytes counts them.
func (c Completion) MarshalJSON() ([]byte, error) {
	out := completionJSON{
		ID: c.ID, Object: "chat.completion", Created: c.Created, Model: c.Model, Choices: []choiceJSON{},
		Usage: c.Usage.json(), SystemFingerprint: c.SystemFingerprint, ServiceTier: c.ServiceTier, Citations: valid(c.Citations),
		BlockReason: c.BlockReason, DroppedBytes: c.Dropped,
	}
	for i := range c.Choices {
		out.Choices = append(out.Choices, c.Choices[i].json())
	}
	return json.Marshal(out)
}

type completionJSON struct {
	ID                string          `json:"id"`
	Object            string          `json:"object"`
	Created           int64           `json:"created"`
	Model             string          `json:"model"`
	Choices           []choiceJSON    `json:"choices"`
	Usage             *usageJSON      `json:"usage,omitempty"`
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
	NativeFinishReason string          `json:"native_finish_reason,omitempty"`
}

type messageJSON struct {
	Role             string            `json:"role"`
	Content          *string           `json:"content"`
	Reasoning        string            `json:"reasoning_content,omitempty"`
	ReasoningDetails []detailJSON      `json:"reasoning_details,omitempty"`
	Refusal          *string           `json:"refusal"`
	ToolCalls        []toolCallJSON    `json:"tool_calls,omitempty"`
	Annotations      json.RawMessage   `json:"annotations,omitempty"`
	Images           []json.RawMessage `json:"images,omitempty"`
	Audio            *Audio            `json:"audio,omitempty"`
	Items            []json.RawMessage `json:"items,omitempty"`
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
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Function *functionJSON   `json:"function,omitempty"`
	Custom   *customJSON     `json:"custom,omitempty"`
	Extra    json.RawMessage `json:"extra_content,omitempty"`
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
	out := choiceJSON{Index: c.Index, Message: c.Message.json(), Logprobs: valid(c.Logprobs), NativeFinishReason: c.NativeFinishReason}
	if c.FinishReason != FinishNone {
		word := c.FinishReason.String()
		out.FinishReason = &word
	}
	return out
}

func (m *Message) json() messageJSON {
	out := messageJSON{Role: m.Role, Reasoning: m.Reasoning, Annotations: valid(m.Annotations), Audio: m.Audio}
	if out.Role == "" {
		out.Role = "assistant"
	}
	if m.Content != "" || len(m.ToolCalls) == 0 && m.Refusal == "" {
		out.Content = &m.Content
	}
	if m.Refusal != "" {
		out.Refusal = &m.Refusal
	}
	for _, d := range m.ReasoningDetails {
		j := detailJSON{Type: d.Type, ID: d.ID, Format: d.Format, Text: d.Text, Summary: d.Summary, Data: d.Data, Signature: d.Signature}
		if d.Index >= 0 {
			j.Index = &d.Index
		}
		out.ReasoningDetails = append(out.ReasoningDetails, j)
	}
	for _, t := range m.ToolCalls {
		j := toolCallJSON{ID: t.ID, Type: t.Type, Extra: valid(json.RawMessage(t.Extra))}
		if t.Type == "custom" {
			j.Custom = &customJSON{Name: t.Name, Input: t.Arguments}
		} else {
			j.Function = &functionJSON{Name: t.Name, Arguments: t.Arguments}
		}
		out.ToolCalls = append(out.ToolCalls, j)
	}
	for _, i := range m.Images {
		out.Images = append(out.Images, valid(i))
	}
	for _, i := range m.Items {
		out.Items = append(out.Items, valid(i))
	}
	return out
}

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

func (u *Usage) json() *usageJSON {
	if u.Reported == 0 {
		return nil
	}
	reported := func(f UsageFields, n *int64) *int64 {
		if u.Reported&f == 0 {
			return nil
		}
		return n
	}
	out := &usageJSON{
		PromptTokens:     reported(UsageInput, &u.Input),
		CompletionTokens: reported(UsageOutput, &u.Output),
		TotalTokens:      reported(UsageTotal, &u.Total),
	}
	if u.Reported&(UsageCached|UsageCacheWrite) != 0 {
		out.PromptDetails = &detailsJSON{
			CachedTokens:     reported(UsageCached, &u.Cached),
			CacheWriteTokens: reported(UsageCacheWrite, &u.CacheWrite),
		}
	}
	if u.Reported&UsageReasoning != 0 {
		out.CompletionDetails = &detailsJSON{ReasoningTokens: reported(UsageReasoning, &u.Reasoning)}
	}
	return out
}

// valid returns raw if it is JSON, possibly with null in place of NaN and the like
// (J-04). Otherwise it returns raw as a JSON string.
func valid(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || json.Valid(raw) {
		return raw
	}
	if mended := jsonscan.NullNonFinite(raw); json.Valid(mended) {
		return mended
	}
	text, _ := json.Marshal(string(raw))
	return text
}
