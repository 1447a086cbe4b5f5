package encode_test

import (
	"errors"
	"fmt"
)

func validGemini(events []event) error {
	finished := map[int]bool{}
	failed, again := false, false
	for _, e := range events {
		if failed { // the same once more, as an event
			if again || e.typ == "bare" || e.v["error"] == nil {
				return errors.New("WG-7: an event after an error")
			}
			again = true
			continue
		}
		if e.typ == "bare" {
			failed = true
			if err := has(e.v["error"], "code number", "message string", "status id"); err != nil {
				return fmt.Errorf("WM-8: %w", err)
			}
			continue
		}
		if e.data == "[DONE]" || e.v["error"] != nil {
			return errors.New("WM-1, WM-8: [DONE], or an error as data")
		}
		if err := has(e.v, "modelVersion string", "responseId id"); err != nil {
			return fmt.Errorf("WM-2: %w", err)
		}
		if e.v["promptFeedback"] != nil {
			if err := has(e.v["promptFeedback"], "blockReason id"); err != nil || e.v["candidates"] != nil {
				return fmt.Errorf("WM-9: %v", e.data)
			}
			continue
		}
		if len(list(e.v["candidates"])) == 0 {
			return errors.New("WM-2: no candidates")
		}
		for _, c := range list(e.v["candidates"]) {
			if err := has(c, "content object", "index number"); err != nil {
				return fmt.Errorf("WM-2: %w", err)
			}
			index := num(obj(c)["index"])
			if finished[index] {
				return errors.New("WM-6: a chunk after the finish reason")
			}
			finished[index] = obj(c)["finishReason"] != nil
			content := obj(obj(c)["content"])
			parts := list(content["parts"])
			if len(parts) == 0 || content["role"] != "model" {
				return errors.New("WM-3: no parts, or another role")
			}
			for _, p := range parts {
				if len(obj(p)) == 0 {
					return errors.New("WM-3: an empty part")
				}
				if call := obj(p)["functionCall"]; call != nil {
					if err := has(call, "id id", "name id", "args object"); err != nil {
						return fmt.Errorf("WM-5: %w", err)
					}
				}
			}
		}
	}
	return nil
}
