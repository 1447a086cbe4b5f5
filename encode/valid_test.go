package encode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// The checks below are of what the providers document of their events: types, members that
// have to be there, and the order of events. They know nothing of the encoder.

// An event is what a block between two blank lines holds.
type event struct {
	typ, data string
	v         object // of the data; nil: it is not an object
}

type object = map[string]any

// valid reports what is wrong with a stream that a target wrote.
func valid(to llmstream.Dialect, body string) error { return validBut(to, body, encode.Lost{}) }

// validBut is valid for a stream of which arguments were replaced, as lost has it: those
// are other ones at their call's end than in its pieces.
func validBut(to llmstream.Dialect, body string, lost encode.Lost) error {
	events, err := eventsOf(to, body)
	if err != nil {
		return err
	}
	for _, e := range events {
		if err := undocumented(to, "", e.v); err != nil {
			return fmt.Errorf("%w: %s", err, e.data)
		}
	}
	switch to {
	case llmstream.OpenAIChat:
		return validChat(events)
	case llmstream.AnthropicMessages:
		return validAnthropic(events)
	case llmstream.OpenAIResponses:
		return validResponses(events, lost.Replaced)
	}
	return validGemini(events)
}

// eventsOf checks the framing: an event line where the target has them, one data line, a
// blank line.
func eventsOf(to llmstream.Dialect, body string) (events []event, err error) {
	switch {
	case body == "":
		return nil, nil
	case !strings.HasSuffix(body, "\n\n") && !strings.HasSuffix(body, ": ping\n"):
		return nil, errors.New("WG-3: the last event has no blank line")
	case strings.ContainsAny(body, "\r\ufeff"):
		return nil, errors.New("WG-4: a line end other than \\n, or a byte order mark")
	case !utf8.ValidString(body):
		return nil, errors.New("WG-6: invalid UTF-8")
	}
	body = strings.TrimSuffix(body, "\n\n")
	for block := range strings.SplitSeq(body, "\n\n") {
		var e event
		lines := strings.Split(block, "\n")
		for len(lines) > 0 && lines[0] == ": ping" {
			if to == llmstream.Gemini {
				return nil, errors.New("WM-1: a comment")
			}
			lines = lines[1:]
		}
		if len(lines) == 0 || lines[0] == "" {
			continue
		}
		if to == llmstream.AnthropicMessages || to == llmstream.OpenAIResponses {
			if typ, ok := strings.CutPrefix(lines[0], "event: "); ok {
				e.typ = typ
				lines = lines[1:]
			}
		}
		if len(lines) != 1 {
			return nil, fmt.Errorf("WG-2: an event of %d lines: %q", len(lines), block)
		}
		data, ok := strings.CutPrefix(lines[0], "data: ")
		if !ok && to == llmstream.Gemini && strings.HasPrefix(lines[0], `{"error":`) {
			data, ok = lines[0], true
			e.typ = "bare"
		}
		if !ok {
			return nil, fmt.Errorf("a line that is no data: %q", lines[0])
		}
		e.data = data
		if data != "[DONE]" {
			if err := strict(data); err != nil {
				return nil, fmt.Errorf("WG-6: %w in %s", err, data)
			}
			if err := json.Unmarshal([]byte(data), &e.v); err != nil {
				return nil, err
			}
		}
		events = append(events, e)
	}
	return events, nil
}

// strict reports what makes a text no JSON of RFC 8259 that every parser reads alike.
func strict(text string) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := uniqueKeys(d, 0); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one value")
	}
	return nil
}

func uniqueKeys(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('{'):
		seen := map[string]bool{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return err
			}
			if seen[key.(string)] && depth < 4 { // deeper is what a provider wrote
				return fmt.Errorf("the key %q twice", key)
			}
			seen[key.(string)] = true
			if err := uniqueKeys(d, depth+1); err != nil {
				return err
			}
		}
		_, err = d.Token()
	case json.Delim('['):
		for d.More() {
			if err := uniqueKeys(d, depth+1); err != nil {
				return err
			}
		}
		_, err = d.Token()
	}
	return err
}

// has reports what of the members named, each with its type, an object lacks.
func has(v any, members ...string) error {
	o, ok := v.(object)
	if !ok {
		return fmt.Errorf("%v is no object", v)
	}
	for _, m := range members {
		name, typ, _ := strings.Cut(m, " ")
		value, ok := o[name]
		if !ok {
			return fmt.Errorf("%q is missing in %v", name, o)
		}
		is := false
		switch typ {
		case "string":
			_, is = value.(string)
		case "id":
			s, _ := value.(string)
			is = s != ""
		case "number":
			_, is = value.(float64)
		case "object":
			_, is = value.(object)
		case "array":
			_, is = value.([]any)
		case "null":
			is = value == nil
		case "": // an empty string, to be filled by deltas
			is = value == ""
		default:
			is = value == typ
		}
		if !is {
			return fmt.Errorf("%q is %v, which is no %s", name, value, typ)
		}
	}
	return nil
}

func list(v any) []any { l, _ := v.([]any); return l }
func obj(v any) object { o, _ := v.(object); return o }
func str(v any) string { s, _ := v.(string); return s }
func num(v any) int    { n, _ := v.(float64); return int(n) }

// chatState is a choice of chat as far as it has come.
type chatState struct {
	finished bool
	calls    []string // their types
}

func validChat(events []event) error {
	var choices []chatState
	var head string
	done, failed, usage := false, false, false
	for _, e := range events {
		switch {
		case done || failed:
			return errors.New("WG-7: an event after the end")
		case e.data == "[DONE]":
			for i, c := range choices {
				if !c.finished {
					return fmt.Errorf("WC-6: choice %d has no finish reason", i)
				}
			}
			done = len(choices) > 0
			if !done {
				return errors.New("WC-4: no choice")
			}
			continue
		case e.v["error"] != nil:
			if err := has(e.v["error"], "message string", "type id"); err != nil {
				return fmt.Errorf("WC-20: %w", err)
			}
			failed = true
			continue
		}
		if _, ok := e.v["error"]; ok {
			return errors.New("WG-5: a key that says that there is no error")
		}
		if err := has(e.v, "id id", "object chat.completion.chunk", "created number", "model string", "choices array"); err != nil {
			return fmt.Errorf("WC-1: %w", err)
		}
		if h := fmt.Sprint(e.v["id"], e.v["created"], e.v["model"]); head == "" {
			head = h
		} else if h != head {
			return errors.New("WG-18: the id, the time or the model has changed")
		}
		if usage {
			return errors.New("WC-7: a chunk after the usage")
		}
		if usage = e.v["usage"] != nil; usage {
			if len(list(e.v["choices"])) > 0 {
				return errors.New("WC-7: usage beside a choice")
			}
			if len(obj(e.v["usage"])) == 0 {
				return errors.New("WC-8: usage without numbers")
			}
			continue
		}
		if len(list(e.v["choices"])) != 1 {
			return errors.New("WC-1: a chunk has one choice")
		}
		if err := validChatChoice(&choices, list(e.v["choices"])[0]); err != nil {
			return err
		}
	}
	return nil
}

func validChatChoice(choices *[]chatState, v any) error {
	if err := has(v, "index number", "delta object"); err != nil {
		return fmt.Errorf("WC-4, WC-5: %w", err)
	}
	c, i := obj(v), num(obj(v)["index"])
	delta := obj(c["delta"])
	if i > len(*choices) {
		return fmt.Errorf("WC-4: choice %d of %d", i, len(*choices))
	}
	if i == len(*choices) {
		*choices = append(*choices, chatState{})
		if err := has(delta, "role assistant", "content string"); err != nil {
			return fmt.Errorf("WC-3: %w", err)
		}
	} else if delta["role"] != nil {
		return errors.New("WC-3: the role twice")
	}
	s := &(*choices)[i]
	if s.finished {
		return fmt.Errorf("WC-6: a chunk of choice %d after its finish reason", i)
	}
	for name, typ := range map[string]string{
		"content": "string", "refusal": "string", "reasoning_content": "string", "tool_calls": "array",
		"reasoning_details": "array", "thinking_blocks": "array", "annotations": "array", "images": "array", "audio": "object",
	} {
		if _, ok := delta[name]; ok {
			if err := has(delta, name+" "+typ); err != nil {
				return err
			}
		}
	}
	for _, a := range list(delta["annotations"]) {
		if err := has(obj(a)["url_citation"], "start_index number", "end_index number", "url string", "title string"); err != nil {
			return fmt.Errorf("WC-18: %w", err)
		}
	}
	for _, l := range list(obj(c["logprobs"])["content"]) {
		if err := has(l, "token string", "logprob number", "top_logprobs array"); err != nil {
			return fmt.Errorf("WC-17: %w", err)
		}
	}
	if len(list(delta["tool_calls"])) > 1 {
		return errors.New("WC-11: two entries in a chunk")
	}
	for _, call := range list(delta["tool_calls"]) {
		if err := s.validCall(obj(call)); err != nil {
			return err
		}
	}
	reason, ok := c["finish_reason"]
	if !ok {
		return errors.New("WC-6: no finish_reason")
	}
	if reason == nil {
		return nil
	}
	s.finished = true
	switch {
	case len(delta) > 0:
		return errors.New("WC-6: a finish reason beside output")
	case !slices.Contains([]string{"stop", "length", "tool_calls", "content_filter"}, str(reason)):
		return fmt.Errorf("WC-6: the finish reason %v", reason)
	case reason == "tool_calls" && len(s.calls) == 0, reason == "stop" && len(s.calls) > 0 && c["native_finish_reason"] == nil:
		return fmt.Errorf("WG-9: %v with %d calls", reason, len(s.calls))
	}
	return nil
}

func (s *chatState) validCall(call object) error {
	i := num(call["index"])
	member := map[string]string{"function": "arguments", "custom": "input"}
	switch {
	case i > len(s.calls):
		return fmt.Errorf("WC-9: call %d of %d", i, len(s.calls))
	case i == len(s.calls):
		if err := has(call, "id id", "type id"); err != nil {
			return fmt.Errorf("WC-10: %w", err)
		}
		typ := str(call["type"])
		if err := has(call[typ], "name id", member[typ]+" string"); err != nil {
			return fmt.Errorf("WC-10: %w", err)
		}
		s.calls = append(s.calls, typ)
	default:
		typ := s.calls[i]
		if call["id"] != nil || call["type"] != nil || obj(call[typ])["name"] != nil {
			return errors.New("WG-14: an ID, type or name twice")
		}
		if err := has(call[typ], member[typ]+" string"); err != nil {
			return fmt.Errorf("WC-10: %w", err)
		}
	}
	return nil
}

// same reports whether two JSON values are equal.
func same(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}
