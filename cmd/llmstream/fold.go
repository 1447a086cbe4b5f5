package main

import (
	"encoding/json"
	"flag"

	"github.com/seed-4d65deac/llmstream"
)

var foldCommand = command{
	name: "fold", arguments: "FILE…", summary: "the whole answer of each stream, as a line of JSON",
	help: `Fold prints a line for each stream: the chat.completion object that a request
without "stream" would have returned, plus one member:

  "stream": {
    "source", "dialect", "wire",
    "state": complete, truncated, error, empty, not-a-stream or stopped,
    "saw_finish", "saw_done": whether a finish reason and the end marker came,
    "events", "malformed", "skipped", "open_tool_calls", "pending_bytes": counts,
    "usage_raw": the provider's own usage object,
    "error": null or {"message", "type", "code", "status", …} of the provider
  }

"stream" also has, unless they are zero: "comments", "unseparated", "after_done",
"conflicts", "unterminated", "dropped_bytes", "damage", "cause".

Several files are read at the same time, and printed in their order.`,
	flags: func(s *invocation, flags *flag.FlagSet) {
		dialectFlag(s, flags)
		readFlag(s, flags)
		fastFlag(s, flags)
	},
	do:       fold,
	parallel: true,
}

func fold(s *invocation, one stream) error {
	var answer llmstream.Accumulator
	outcome, err := s.parse(one, &answer)
	if writeErr := s.writeFold(one.source, answer.Completion(), &outcome); writeErr != nil {
		return writeErr
	}
	return err
}

// A folded is a completion whose JSON has the member "stream" added.
type folded struct {
	completion *llmstream.Completion
	stream     streamJSON
}

func (f folded) MarshalJSON() ([]byte, error) {
	answer, err := f.completion.MarshalJSON()
	if err != nil {
		return nil, err
	}
	about, err := json.Marshal(f.stream)
	if err != nil {
		return nil, err
	}
	line := append(answer[:len(answer)-len("}")], `,"stream":`...)
	return append(append(line, about...), '}'), nil
}

// streamJSON is the JSON form of the verdict on a stream.
type streamJSON struct {
	Source        string          `json:"source"`
	Dialect       string          `json:"dialect"`
	Wire          string          `json:"wire"`
	State         string          `json:"state"`
	SawFinish     bool            `json:"saw_finish"`
	SawDone       bool            `json:"saw_done"`
	Events        int64           `json:"events"`
	Malformed     int64           `json:"malformed"`
	Skipped       int64           `json:"skipped"`
	OpenToolCalls int             `json:"open_tool_calls"`
	PendingBytes  int             `json:"pending_bytes"`
	UsageRaw      json.RawMessage `json:"usage_raw"`
	Error         *apiErrorJSON   `json:"error"`

	Comments     int64  `json:"comments,omitempty"`
	Unseparated  int64  `json:"unseparated,omitempty"`
	AfterDone    int64  `json:"after_done,omitempty"`
	Conflicts    int64  `json:"conflicts,omitempty"`
	Unterminated bool   `json:"unterminated,omitempty"`
	Dropped      int64  `json:"dropped_bytes,omitempty"`
	Damage       string `json:"damage,omitempty"`
	Cause        string `json:"cause,omitempty"`
}

func (s *invocation) writeFold(source string, c *llmstream.Completion, o *llmstream.Outcome) error {
	if c.Dropped > 0 {
		s.worsen(statusFlawed)
	}
	return s.writeLine(folded{c, streamJSON{
		Source: source, Dialect: o.Dialect.String(), Wire: o.Wire.String(), State: o.State.String(),
		SawFinish: o.SawFinish, SawDone: o.SawDone,
		Events: o.Events, Malformed: o.Anomalies.Malformed, Skipped: o.Anomalies.Skipped.Total(),
		OpenToolCalls: o.OpenToolCalls, PendingBytes: o.Anomalies.PendingBytes,
		UsageRaw: rawJSON(c.Usage.Raw), Error: newAPIErrorJSON(o.APIError),
		Comments: o.Comments, Unseparated: o.Anomalies.Unseparated, AfterDone: o.Anomalies.AfterDone, Conflicts: o.Anomalies.Conflicts,
		Unterminated: o.Anomalies.Unterminated, Dropped: c.Dropped,
		Damage: errorText(o.Damage), Cause: errorText(o.Cause),
	}})
}
