package encode_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// validAnthropic follows the blocks: one open at a time, numbered without gaps.
func validAnthropic(events []event) error {
	state, open, next, calls, signed := "", "", 0, 0, false
	for _, e := range events {
		typ := str(e.v["type"])
		if e.typ != typ {
			return fmt.Errorf("WA-1: the event line says %q, the data %q", e.typ, typ)
		}
		if state == "stopped" || state == "failed" {
			return errors.New("WG-7: an event after the end")
		}
		if state == "" && typ != "message_start" && typ != "error" {
			return fmt.Errorf("WA-2: %s in front of message_start", typ)
		}
		index := num(e.v["index"])
		switch typ {
		case "message_start":
			if state != "" {
				return errors.New("WG-7: message_start twice")
			}
			state = "open"
			m := obj(e.v["message"])
			if err := has(m, "id id", "type message", "role assistant", "model string", "content array", "stop_reason null", "stop_sequence null", "usage object"); err != nil {
				return fmt.Errorf("WA-3: %w", err)
			}
			if err := has(m["usage"], "input_tokens number", "output_tokens number"); err != nil {
				return fmt.Errorf("WA-3: %w", err)
			}
			if !strings.HasPrefix(str(m["id"]), "msg_") || len(list(m["content"])) > 0 {
				return errors.New("WA-3: the id or the content")
			}
		case "content_block_start":
			if open != "" || index != next || state != "open" {
				return fmt.Errorf("WA-5: block %d begins, where %d is next and %q open", index, next, open)
			}
			b := obj(e.v["content_block"])
			open, signed = str(b["type"]), false
			members := map[string][]string{
				"text": {"text"}, "thinking": {"thinking", "signature"}, "redacted_thinking": {"data id"},
				"tool_use": {"id id", "name id", "input object"},
			}[open]
			if err := has(b, members...); err != nil {
				return fmt.Errorf("WA-8: %w", err)
			}
			if open == "tool_use" {
				calls++
				if len(obj(b["input"])) > 0 {
					return errors.New("WA-9: an input that is not {}")
				}
			}
		case "content_block_delta":
			if open == "" || index != next {
				return fmt.Errorf("WA-5: a delta of block %d, where %d is open", index, next)
			}
			d := obj(e.v["delta"])
			kind := str(d["type"])
			fits := map[string]string{
				"text_delta": "text", "citations_delta": "text", "thinking_delta": "thinking", "signature_delta": "thinking", "input_json_delta": "tool_use",
			}
			if fits[kind] != open {
				return fmt.Errorf("WA-6: a %s in a block of %s", kind, open)
			}
			if signed {
				return errors.New("WA-13: a delta after the signature")
			}
			signed = kind == "signature_delta"
			if kind == "input_json_delta" && d["partial_json"] == "" {
				return errors.New("WA-10: an empty piece")
			}
		case "content_block_stop":
			if open == "" || index != next {
				return errors.New("WA-5: a stop of what is not open")
			}
			open = ""
			next++
		case "message_delta":
			if open != "" || state != "open" {
				return errors.New("WA-15: message_delta with a block open, or twice")
			}
			state = "delta"
			d := obj(e.v["delta"])
			if err := has(d, "stop_reason id"); err != nil {
				return fmt.Errorf("WA-16: %w", err)
			}
			if _, ok := d["stop_sequence"]; !ok {
				return errors.New("WA-16: no stop_sequence")
			}
			if err := has(e.v["usage"], "output_tokens number"); err != nil {
				return fmt.Errorf("WA-16: %w", err)
			}
			if reason := str(d["stop_reason"]); reason == "tool_use" && calls == 0 {
				return fmt.Errorf("WG-9: %s with %d calls", reason, calls)
			}
		case "message_stop":
			if state != "delta" {
				return errors.New("WA-20: message_stop without message_delta")
			}
			state = "stopped"
		case "ping":
		case "error":
			state = "failed"
			if err := has(e.v["error"], "type id", "message string"); err != nil {
				return fmt.Errorf("WA-21: %w", err)
			}
			if !slices.Contains([]string{
				"overloaded_error", "rate_limit_error", "api_error", "invalid_request_error", "authentication_error",
				"permission_error", "not_found_error", "request_too_large", "timeout_error",
			}, str(obj(e.v["error"])["type"])) {
				return fmt.Errorf("WA-21: the type %v", obj(e.v["error"])["type"])
			}
		default:
			return fmt.Errorf("the type %q", typ)
		}
	}
	return nil
}
