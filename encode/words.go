package encode

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/seed-4d65deac/llmstream"
)

// reasonOf returns why a choice ended, after what was written of it (WG-9): a plain stop
// with calls is a wish to have them run, and a wish to have none run is a plain stop.
func reasonOf(reason llmstream.FinishReason, called bool) llmstream.FinishReason {
	switch reason {
	case llmstream.FinishStop, llmstream.FinishNone, llmstream.FinishToolCalls, llmstream.FinishFunctionCall:
		if called {
			return llmstream.FinishToolCalls
		}
		return llmstream.FinishStop
	}
	return reason
}

// anthropicWords are stop reasons of Anthropic's own that say more than the word they would
// be translated to. They are kept (WA-19).
var anthropicWords = []string{"pause_turn", "model_context_window_exceeded", "refusal", "compaction"}

// anthropicStop returns the stop reason in Anthropic's words. If ok is false, the API has no
// word for it.
func anthropicStop(reason llmstream.FinishReason, native []byte) (word string, ok bool) {
	if i := slices.Index(anthropicWords, string(native)); i >= 0 {
		return anthropicWords[i], true
	}
	switch reason {
	case llmstream.FinishLength:
		return "max_tokens", true
	case llmstream.FinishToolCalls:
		return "tool_use", true
	case llmstream.FinishContentFilter:
		return "refusal", true
	case llmstream.FinishUnknown:
		return "end_turn", false
	}
	if isStopSequence(native) {
		return "stop_sequence", true
	}
	return "end_turn", true
}

func isStopSequence(native []byte) bool { return bytes.EqualFold(native, []byte("stop_sequence")) }

// geminiWords are finish reasons of Gemini's own that say more than the word they would be
// translated to.
var geminiWords = []string{
	"SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "IMAGE_SAFETY",
	"UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "IMAGE_PROHIBITED_CONTENT", "NO_IMAGE", "IMAGE_RECITATION", "IMAGE_OTHER",
}

// geminiFinish returns the finish reason in Gemini's words. If ok is false, the API has no
// word for it.
func geminiFinish(reason llmstream.FinishReason, native []byte) (word string, ok bool) {
	if i := slices.Index(geminiWords, string(native)); i >= 0 {
		return geminiWords[i], true
	}
	switch reason {
	case llmstream.FinishLength:
		return "MAX_TOKENS", true
	case llmstream.FinishContentFilter:
		return "SAFETY", true
	case llmstream.FinishUnknown:
		return "OTHER", false
	}
	return "STOP", true // also with calls (WM-6)
}

// chatFinish returns the finish reason in OpenAI's words. If ok is false, the API has no word
// for it.
func chatFinish(reason llmstream.FinishReason) (word string, ok bool) {
	switch reason {
	case llmstream.FinishLength:
		return "length", true
	case llmstream.FinishToolCalls:
		return "tool_calls", true
	case llmstream.FinishContentFilter:
		return "content_filter", true
	case llmstream.FinishUnknown:
		return "stop", false
	}
	return "stop", true
}

// A failure is an error as a provider would report it.
type failure struct {
	status                    int // an HTTP status that fits, or 0 if none is known
	typ, code, param, message string
}

var errEndedEarly = failure{status: 502, typ: "server_error", message: "the upstream's stream ended before its answer was complete"}

// failureOf returns what is known of an error. Of one that no provider reported, the text
// is its own.
func failureOf(err error) failure {
	var api *llmstream.APIError
	if !errors.As(err, &api) {
		f := failure{status: 500, typ: "server_error", message: "the upstream failed"}
		if err != nil {
			f.message = err.Error()
		}
		return f
	}
	f := failure{status: api.Status, typ: api.Type, code: api.Code, param: api.Param, message: api.Message}
	if f.message == "" {
		f.message = "the provider reported an error"
	}
	if f.status == 0 {
		f.status = statusOf(api.Type, api.Code)
	}
	return f
}

// errorClasses name the kinds of errors in the words of each target, by an HTTP status.
var errorClasses = [...]struct {
	status            int
	anthropic, google string
	words             string // of any provider, that stand for it
}{
	{400, "invalid_request_error", "INVALID_ARGUMENT", " invalid_request_error context_length_exceeded INVALID_ARGUMENT FAILED_PRECONDITION validationException "},
	{401, "authentication_error", "UNAUTHENTICATED", " authentication_error invalid_api_key UNAUTHENTICATED "},
	{403, "permission_error", "PERMISSION_DENIED", " permission_error PERMISSION_DENIED accessDeniedException "},
	{404, "not_found_error", "NOT_FOUND", " not_found_error model_not_found NOT_FOUND resourceNotFoundException "},
	{413, "request_too_large", "INVALID_ARGUMENT", " request_too_large "},
	{429, "rate_limit_error", "RESOURCE_EXHAUSTED", " rate_limit_error rate_limit_exceeded insufficient_quota tokens requests RESOURCE_EXHAUSTED throttlingException "},
	{500, "api_error", "INTERNAL", " api_error server_error internal_error internal_server_error INTERNAL internalServerException "},
	{502, "api_error", "UNAVAILABLE", " modelStreamErrorException "},
	{503, "overloaded_error", "UNAVAILABLE", " overloaded_error engine_overloaded_error server_is_overloaded service_unavailable_error UNAVAILABLE serviceUnavailableException "},
	{504, "timeout_error", "DEADLINE_EXCEEDED", " timeout_error timeout DEADLINE_EXCEEDED modelTimeoutException "},
	{529, "overloaded_error", "UNAVAILABLE", ""},
}

// statusOf returns the HTTP status that a provider's words stand for, or 500.
func statusOf(words ...string) int {
	for _, word := range words {
		for _, c := range errorClasses {
			if word != "" && strings.Contains(c.words, " "+word+" ") {
				return c.status
			}
		}
	}
	return 500
}

// anthropicError returns the error's type in Anthropic's words (WA-21).
func (f *failure) anthropicError() string {
	for _, c := range errorClasses {
		if c.anthropic == f.typ {
			return c.anthropic
		}
	}
	for _, c := range errorClasses {
		if c.status == f.status {
			return c.anthropic
		}
	}
	if 400 <= f.status && f.status < 500 {
		return "invalid_request_error"
	}
	return "api_error"
}

// googleStatus returns the error's status in Google's words (WM-8).
func (f *failure) googleStatus() string {
	for _, c := range errorClasses {
		if c.status == f.status {
			return c.google
		}
	}
	if 400 <= f.status && f.status < 500 {
		return "INVALID_ARGUMENT"
	}
	return "INTERNAL"
}

// responsesCode returns the error's code in the words that Codex acts on (WR-13); others
// are the provider's own.
func (f *failure) responsesCode() string {
	for _, word := range []string{f.code, f.typ} {
		switch word {
		case "context_length_exceeded", "insufficient_quota", "usage_not_included", "rate_limit_exceeded":
			return word
		}
	}
	switch {
	case f.status == 429:
		return "rate_limit_exceeded"
	case f.code != "":
		return f.code
	case f.typ != "":
		return f.typ
	}
	return "server_error"
}

// An owner is the provider whose API takes a piece of reasoning back.
type owner uint8

const (
	ownerUnknown owner = iota
	ownerAnthropic
	ownerOpenAI
	ownerGoogle
)

// ownerOf returns whose signature or encrypted reasoning a detail has: by its format,
// which gateways name, or else by the type that the provider's own API gives it.
func ownerOf(r *llmstream.ReasoningDetail) owner {
	switch format := r.Format; {
	case bytes.HasPrefix(format, []byte("anthropic")):
		return ownerAnthropic
	case bytes.HasPrefix(format, []byte("openai")), bytes.HasPrefix(format, []byte("azure")):
		return ownerOpenAI
	case bytes.HasPrefix(format, []byte("google")):
		return ownerGoogle
	case len(format) > 0:
		return ownerUnknown
	}
	switch string(r.Type) {
	case "thinking", "redacted_thinking", "reasoningText", "redactedContent":
		return ownerAnthropic
	case "thought", "text", "extra_content":
		return ownerGoogle
	case "reasoning":
		return ownerOpenAI
	case "", "reasoning.text": // a bare signature is Anthropic's in all that was recorded
		if len(r.Signature) > 0 {
			return ownerAnthropic
		}
	}
	return ownerUnknown
}
