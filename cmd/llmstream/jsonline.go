package main

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/seed-4d65deac/llmstream"
)

// plainHTML reverts the escapes that encoding/json uses for HTML. It matches escaped
// backslashes too, so that what follows one is not taken for an escape.
var plainHTML = strings.NewReplacer(`\\`, `\\`, `\u003c`, "<", `\u003e`, ">", `\u0026`, "&")

// jsonLine returns v as a line of JSON that a terminal may show.
func jsonLine(v any) ([]byte, error) {
	line, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	line = bytes.ToValidUTF8(line, []byte("\ufffd")) // raw JSON of a provider need not be UTF-8
	return append([]byte(plainHTML.Replace(string(escapeJSON(line)))), '\n'), nil
}

// writeLine writes v to standard output as a line of JSON.
func (s *invocation) writeLine(v any) error {
	line, err := jsonLine(v)
	if err != nil {
		return err
	}
	_, err = s.stdout.Write(line)
	return err
}

// rawJSON returns a provider's JSON as a value for a line of ours: as a string if it
// is not valid (an object with NaN, for example), and nil if it is empty.
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

// apiErrorJSON is the JSON form of an error that the provider reported.
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
