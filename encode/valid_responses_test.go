package encode_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// responsesState follows the items of a response: one after the other, with all that the
// deltas said in the events that end them.
type responsesState struct {
	id       string
	state    string
	item     object // that is open
	part     string // the type of the part that is open
	text     string // of the deltas of the item
	items    []any  // finished
	ids      map[string]bool
	callIDs  map[string]bool
	citation int
	replaced int64 // calls whose arguments may differ from their pieces
}

func validResponses(events []event, replaced int64) error {
	s := responsesState{replaced: replaced, ids: map[string]bool{}, callIDs: map[string]bool{}}
	for i, e := range events {
		if e.data == "[DONE]" {
			continue
		}
		typ := str(e.v["type"])
		if e.typ != typ {
			return fmt.Errorf("WR-1: the event line says %q, the data %q", e.typ, typ)
		}
		if n, ok := e.v["sequence_number"].(float64); !ok || int(n) != i {
			return fmt.Errorf("WR-2: number %v of event %d", e.v["sequence_number"], i)
		}
		if s.state == "ended" {
			return errors.New("WG-7: an event after the end")
		}
		if s.state == "" && typ != "response.created" {
			return fmt.Errorf("WR-3: %s first", typ)
		}
		if err := s.event(typ, e.v); err != nil {
			return err
		}
	}
	return nil
}

func (s *responsesState) event(typ string, v object) error {
	name := strings.TrimPrefix(typ, "response.")
	switch {
	case name == "created", name == "in_progress", name == "completed", name == "incomplete", name == "failed":
		return s.response(name, obj(v["response"]))
	case name == "output_item.added":
		return s.added(v)
	}
	if s.item == nil {
		return fmt.Errorf("WR-4: %s without an item", typ)
	}
	if num(v["output_index"]) != len(s.items) {
		return fmt.Errorf("WR-4: output_index %v, where %d is open", v["output_index"], len(s.items))
	}
	if name == "output_item.done" {
		return s.done(obj(v["item"]))
	}
	if v["item_id"] != s.item["id"] {
		return fmt.Errorf("WR-6: item_id %v of the item %v", v["item_id"], s.item["id"])
	}
	kind := str(s.item["type"])
	switch name {
	case "content_part.added", "reasoning_summary_part.added":
		if s.part != "" {
			return errors.New("WR-5: two parts")
		}
		s.part = str(obj(v["part"])["type"])
		fits := map[string]string{"output_text": "message", "refusal": "message", "reasoning_text": "reasoning", "summary_text": "reasoning"}
		if fits[s.part] != kind || (s.part == "summary_text") != (name == "reasoning_summary_part.added") {
			return fmt.Errorf("WR-5: a part %s in %s", s.part, kind)
		}
	case "output_text.delta", "refusal.delta", "reasoning_text.delta", "reasoning_summary_text.delta":
		if s.part != map[string]string{"output_text.delta": "output_text", "refusal.delta": "refusal", "reasoning_text.delta": "reasoning_text", "reasoning_summary_text.delta": "summary_text"}[name] {
			return fmt.Errorf("WR-5: %s in a part %q", name, s.part)
		}
		if name == "output_text.delta" {
			if err := has(v, "logprobs array", "content_index number"); err != nil {
				return fmt.Errorf("WR-21: %w", err)
			}
		}
		s.text += str(v["delta"])
	case "function_call_arguments.delta", "custom_tool_call_input.delta":
		s.text += str(v["delta"])
	case "output_text.done", "reasoning_text.done", "reasoning_summary_text.done":
		return s.joined(v["text"])
	case "refusal.done":
		return s.joined(v["refusal"])
	case "function_call_arguments.done":
		return s.joinedOrReplaced(v["arguments"])
	case "custom_tool_call_input.done":
		return s.joinedOrReplaced(v["input"])
	case "content_part.done", "reasoning_summary_part.done":
		s.part = "done"
	case "output_text.annotation.added":
		if num(v["annotation_index"]) != s.citation {
			return errors.New("WR-20: a gap in the annotations")
		}
		s.citation++
	default:
		return fmt.Errorf("WR-15: the type %q", typ)
	}
	return nil
}

func (s *responsesState) joined(text any) error {
	if text != s.text {
		return fmt.Errorf("WR-11: %q in the end, %q in the deltas", text, s.text)
	}
	return nil
}

func (s *responsesState) response(name string, r object) error {
	if err := has(r, "id id", "object response", "created_at number", "status id", "model string", "output array"); err != nil {
		return fmt.Errorf("WR-3: %w", err)
	}
	if s.id == "" {
		s.id = str(r["id"])
	}
	if r["id"] != s.id || !strings.HasPrefix(s.id, "resp_") {
		return fmt.Errorf("WG-18: the id %v", r["id"])
	}
	output := list(r["output"])
	switch name {
	case "created":
		if s.state != "" || r["status"] != "in_progress" || len(output) > 0 {
			return errors.New("WR-3: created")
		}
		s.state = "open"
		return nil
	case "in_progress":
		want := len(s.items)
		if s.item != nil {
			want++
		}
		if r["status"] != "in_progress" || len(output) != want {
			return fmt.Errorf("WR-19: in_progress with %d of %d items", len(output), want)
		}
		return nil
	}
	s.state = "ended"
	if name != "failed" && s.item != nil {
		return errors.New("WR-9: an item is open at the end")
	}
	if !same(output, s.items) && len(output)+len(s.items) > 0 {
		return fmt.Errorf("WR-10: the output is not that of the items: %v, %v", output, s.items)
	}
	if u, ok := r["usage"]; ok {
		if err := has(u, "input_tokens number", "output_tokens number", "total_tokens number", "input_tokens_details object", "output_tokens_details object"); err != nil {
			return fmt.Errorf("WR-10: %w", err)
		}
		if err := errors.Join(has(obj(u)["input_tokens_details"], "cached_tokens number"), has(obj(u)["output_tokens_details"], "reasoning_tokens number")); err != nil {
			return fmt.Errorf("WR-10: %w", err)
		}
	}
	switch name {
	case "failed":
		return has(r["error"], "code id", "message string")
	case "incomplete":
		return has(r["incomplete_details"], "reason id")
	}
	return nil
}

func (s *responsesState) joinedOrReplaced(text any) error {
	if text != s.text && s.replaced > 0 {
		s.replaced--
		s.text = str(text)
	}
	return s.joined(text)
}

func (s *responsesState) added(v object) error {
	item := obj(v["item"])
	if s.item != nil || num(v["output_index"]) != len(s.items) {
		return fmt.Errorf("WR-4: an item begins at %v, where %d is next", v["output_index"], len(s.items))
	}
	if err := has(item, "id id", "type id"); err != nil {
		return fmt.Errorf("WR-6: %w", err)
	}
	if id := str(item["id"]); s.ids[id] {
		return fmt.Errorf("WR-6: the id %s twice", id)
	}
	s.ids[str(item["id"])] = true
	prefix := map[string]string{"message": "msg_", "function_call": "fc_", "custom_tool_call": "ctc_", "reasoning": "rs_"}[str(item["type"])]
	if !strings.HasPrefix(str(item["id"]), prefix) {
		return fmt.Errorf("WR-7: the id %v", item["id"])
	}
	if item["type"] == "function_call" {
		if err := has(item, "call_id id", "name id", "status in_progress", "arguments string"); err != nil || item["arguments"] != "" {
			return fmt.Errorf("WR-8: %v", item)
		}
	}
	s.item, s.part, s.text, s.citation = item, "", "", 0
	if item["type"] == "custom_tool_call" { // xAI's own are items, and whole where they begin
		s.text = str(item["input"])
	}
	return nil
}

func (s *responsesState) done(item object) error {
	if item["id"] != s.item["id"] || item["type"] != s.item["type"] {
		return errors.New("WR-9: another item ends")
	}
	text := ""
	parts := slices.Concat(list(item["content"]), list(item["summary"]))
	switch item["type"] {
	case "message":
		if err := has(item, "role assistant", "status id", "content array"); err != nil {
			return fmt.Errorf("WR-9: %w", err)
		}
	case "function_call":
		if err := has(item, "call_id id", "name id", "status id", "arguments string"); err != nil {
			return fmt.Errorf("WR-8: %w", err)
		}
		text = str(item["arguments"])
	case "custom_tool_call":
		text = str(item["input"])
	case "reasoning":
	default: // a provider's own
		parts, s.text = nil, ""
	}
	for _, p := range parts {
		text += str(obj(p)["text"]) + str(obj(p)["refusal"])
		if obj(p)["type"] == "output_text" {
			if err := has(p, "annotations array", "logprobs array"); err != nil {
				return fmt.Errorf("WR-5: %w", err)
			}
			if n := len(list(obj(p)["annotations"])); n != s.citation {
				return errors.New("WR-20: the item lacks annotations")
			}
		}
	}
	if text != s.text {
		return fmt.Errorf("WR-9: %q in the item, %q in the deltas", text, s.text)
	}
	s.items = append(s.items, item)
	s.item = nil
	return nil
}
