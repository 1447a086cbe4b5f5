package main

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/seed-4d65deac/llmstream"
)

// plainHTML takes back the escapes for HTML that encoding/json puts in. An
// escaped backslash is matched, so that what follows it is not taken for one.
var plainHTML = strings.NewReplacer(`\\`, `\\`, `\u003c`, "<", `\u003e`, ">", `\u0026`, "&")

// writeLine writes v as a line of JSON. Raw JSON of a provider may hold bytes
// that are no UTF-8, which JSON must not.
func (s *invocation) writeLine(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	line = bytes.ToValidUTF8(line, []byte("\ufffd"))
	if _, err := plainHTML.WriteString(s.stdout, string(line)); err != nil {
		return err
	}
	return s.stdout.WriteByte('\n')
}

// rawJSON is a provider's JSON in a line of ours: a string where it is none,
// such as an object with a NaN; nil where there is nothing.
func rawJSON(raw []byte) json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	if json.Valid(raw) {
		return raw
	}
	text, _ := json.Marshal(string(raw))
	return text
}

// apiErrorJSON is an error that the provider reported.
type apiErrorJSON struct {
	Message   string `json:"message"`
	Type      string `json:"type"`
	Code      string `json:"code"`
	Status    int    `json:"status,omitempty"`
	Param     string `json:"param,omitempty"`
	RequestID string `json:"request_id,omitempty"`
	Event     string `json:"event,omitempty"`
	Delivered bool   `json:"delivered"`
	Retryable bool   `json:"retryable"`
}

func newAPIErrorJSON(e *llmstream.APIError) *apiErrorJSON {
	if e == nil {
		return nil
	}
	return &apiErrorJSON{
		Message: e.Message, Type: e.Type, Code: e.Code, Status: e.Status, Param: e.Param,
		RequestID: e.RequestID, Event: e.Event, Delivered: e.Delivered, Retryable: e.Retryable(),
	}
}
