package main

import (
	"encoding/json"
	"flag"

	"github.com/seed-4d65deac/llmstream"
)

var deltasCommand = command{
	name: "deltas", arguments: "FILE…", summary: "what each event adds to the answer, a line of JSON each",
	help: `Deltas prints a line for each delta:

  {"source": the stream,
   "event_index": the number of the event, from 0,
   "kind": what the delta adds; see below,
   "choice": the choice that it belongs to; -1 is the whole stream,
   "event": the SSE type of the event, if it has one,
   "sequence": the provider's number of the event, if it has one,
   "part": the index of the part of the message, if that is not 0, …}

and, depending on its kind:

  start           "start": {"id", "model", "system_fingerprint", "service_tier",
                  "created", "role"}, each when it first appears
  content         "text"
  reasoning       "text", and "detail": {"index", "type", "id", "format", "text",
                  "summary", "data", "signature"} if it is structured
  refusal         "text"
  tool_call       "tool_call": {"index", "id", "name", "type", "arguments",
                  "extra"}; "arguments" is the next piece, the others come once
  tool_call_end   "tool_call": {"index", "arguments_valid"}
  finish, blocked "finish_reason" in OpenAI's words, "native_finish_reason" in the
                  provider's, "stop_sequence" if it is known
  usage           "usage": {"input", "output", "total", "cached", "cache_write",
                  "reasoning", "raw"}; numbers that were not reported are absent
  logprobs, media, annotation, item   "value", the provider's JSON
  error           "error": {"message", "type", "code", "status", …}
  malformed       "damage", a message, and "raw", the event's data
  other           "raw", the event's data
  ping, done      no other members
  restart         no other members: the part begins again, and its earlier text,
                  calls and items are void; with "part": -1 another answer begins,
                  and a restart of each part follows

"raw", "value" and "extra" are JSON, or a string if the provider sent something
else. What is wrong with a stream is printed on standard error.`,
	flags: func(s *invocation, flags *flag.FlagSet) {
		dialectFlag(s, flags)
		readFlag(s, flags)
		fastFlag(s, flags)
	},
	do: deltas,
}

func deltas(s *invocation, one stream) error {
	outcome, err := s.parse(one, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		return s.writeLine(newDeltaJSON(one.source, d))
	}))
	if flaw := outcome.Err(); flaw != nil && err == nil {
		s.complain(one.source, flaw)
	}
	return err
}

type deltaJSON struct {
	Source             string          `json:"source"`
	EventIndex         int64           `json:"event_index"`
	Kind               string          `json:"kind"`
	Choice             int             `json:"choice"`
	Event              string          `json:"event,omitempty"`
	Sequence           int64           `json:"sequence,omitempty"`
	Part               int             `json:"part,omitempty"`
	Text               string          `json:"text,omitempty"`
	Value              json.RawMessage `json:"value,omitempty"`
	Start              *startJSON      `json:"start,omitempty"`
	Detail             *detailJSON     `json:"detail,omitempty"`
	ToolCall           *toolCallJSON   `json:"tool_call,omitempty"`
	FinishReason       string          `json:"finish_reason,omitempty"`
	NativeFinishReason string          `json:"native_finish_reason,omitempty"`
	StopSequence       string          `json:"stop_sequence,omitempty"`
	Usage              *usageJSON      `json:"usage,omitempty"`
	Error              *apiErrorJSON   `json:"error,omitempty"`
	Damage             string          `json:"damage,omitempty"`
	Raw                json.RawMessage `json:"raw,omitempty"`
}

type startJSON struct {
	ID                string `json:"id,omitempty"`
	Model             string `json:"model,omitempty"`
	SystemFingerprint string `json:"system_fingerprint,omitempty"`
	ServiceTier       string `json:"service_tier,omitempty"`
	Created           int64  `json:"created,omitempty"`
	Role              string `json:"role,omitempty"`
}

type detailJSON struct {
	Index     *int   `json:"index,omitempty"` // nil if not given
	Type      string `json:"type,omitempty"`
	ID        string `json:"id,omitempty"`
	Format    string `json:"format,omitempty"`
	Text      string `json:"text,omitempty"`
	Summary   string `json:"summary,omitempty"`
	Data      string `json:"data,omitempty"`
	Signature string `json:"signature,omitempty"`
}

type toolCallJSON struct {
	Index          int             `json:"index"`
	ID             string          `json:"id,omitempty"`
	Name           string          `json:"name,omitempty"`
	Type           string          `json:"type,omitempty"`
	Arguments      string          `json:"arguments,omitempty"`
	Extra          json.RawMessage `json:"extra,omitempty"`
	ArgumentsValid *bool           `json:"arguments_valid,omitempty"`
}

type usageJSON struct {
	Input      *int64          `json:"input,omitempty"`
	Output     *int64          `json:"output,omitempty"`
	Total      *int64          `json:"total,omitempty"`
	Cached     *int64          `json:"cached,omitempty"`
	CacheWrite *int64          `json:"cache_write,omitempty"`
	Reasoning  *int64          `json:"reasoning,omitempty"`
	Raw        json.RawMessage `json:"raw,omitempty"`
}

func newDeltaJSON(source string, d *llmstream.Delta) *deltaJSON {
	j := &deltaJSON{Source: source, EventIndex: d.EventIndex, Kind: d.Kind.String(), Choice: d.Choice, Event: string(d.Event), Sequence: d.Sequence, Part: d.Part}
	switch d.Kind {
	case llmstream.KindStart:
		j.Start = newStartJSON(d.Start)
	case llmstream.KindContent, llmstream.KindReasoning, llmstream.KindRefusal:
		j.Text, j.Detail = string(d.Text), newDetailJSON(d.Detail)
	case llmstream.KindToolCall, llmstream.KindToolCallEnd:
		j.ToolCall = newToolCallJSON(d)
	case llmstream.KindFinish, llmstream.KindBlocked:
		j.FinishReason, j.NativeFinishReason, j.StopSequence = d.FinishReason.String(), string(d.NativeFinishReason), string(d.StopSequence)
	case llmstream.KindUsage:
		j.Usage = newUsageJSON(&d.Usage)
	case llmstream.KindLogprobs, llmstream.KindMedia, llmstream.KindAnnotation, llmstream.KindItem:
		j.Value = rawJSON(d.Text)
	case llmstream.KindError:
		if e, ok := d.Err.(*llmstream.APIError); ok {
			j.Error = newAPIErrorJSON(e)
		}
	case llmstream.KindMalformed:
		j.Damage, j.Raw = errorText(d.Err), rawJSON(d.Raw)
	case llmstream.KindOther:
		j.Raw = rawJSON(d.Raw)
	}
	return j
}

func newStartJSON(s *llmstream.Start) *startJSON {
	if s == nil {
		return nil
	}
	return &startJSON{
		ID: string(s.ID), Model: string(s.Model), SystemFingerprint: string(s.SystemFingerprint),
		ServiceTier: string(s.ServiceTier), Created: s.Created, Role: string(s.Role),
	}
}

func newDetailJSON(d *llmstream.ReasoningDetail) *detailJSON {
	if d == nil {
		return nil
	}
	j := &detailJSON{
		Type: string(d.Type), ID: string(d.ID), Format: string(d.Format), Text: string(d.Text),
		Summary: string(d.Summary), Data: string(d.Data), Signature: string(d.Signature),
	}
	if d.Index >= 0 {
		j.Index = &d.Index
	}
	return j
}

func newToolCallJSON(d *llmstream.Delta) *toolCallJSON {
	t := &d.ToolCall
	if d.Kind == llmstream.KindToolCallEnd {
		return &toolCallJSON{Index: t.Index, ArgumentsValid: &t.ArgumentsValid}
	}
	return &toolCallJSON{
		Index: t.Index, ID: string(t.ID), Name: string(t.Name), Type: string(t.Type),
		Arguments: string(t.Arguments), Extra: rawJSON(t.Extra),
	}
}

func newUsageJSON(u *llmstream.Usage) *usageJSON {
	reported := func(field llmstream.UsageFields, tokens *int64) *int64 {
		if u.Reported&field == 0 {
			return nil
		}
		return tokens
	}
	return &usageJSON{
		Input:      reported(llmstream.UsageInput, &u.Input),
		Output:     reported(llmstream.UsageOutput, &u.Output),
		Total:      reported(llmstream.UsageTotal, &u.Total),
		Cached:     reported(llmstream.UsageCached, &u.Cached),
		CacheWrite: reported(llmstream.UsageCacheWrite, &u.CacheWrite),
		Reasoning:  reported(llmstream.UsageReasoning, &u.Reasoning),
		Raw:        rawJSON(u.Raw),
	}
}
