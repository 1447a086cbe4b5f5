package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/testdata"
)

// An object is a JSON object.
type object map[string]any

// refuse answers with an error in the form of a provider.
func refuse(w http.ResponseWriter, d llmstream.Dialect, status int, message string) {
	body := errorBody(d, status, message)
	w.Header().Set("Content-Type", "application/json")
	if d == llmstream.Bedrock || d == llmstream.BedrockAgents {
		w.Header().Set("X-Amzn-Errortype", amazonError(status))
	}
	w.WriteHeader(status)
	w.Write(append(asJSON(body), '\n'))
}

func asJSON(v any) []byte {
	b, _ := json.Marshal(v) // which never fails for texts, numbers and valid JSON
	return b
}

// errorBody returns the body of a response whose status is an error.
func errorBody(d llmstream.Dialect, status int, message string) object {
	switch d {
	case llmstream.AnthropicMessages:
		return object{"type": "error", "error": object{"type": anthropicError(status), "message": message}}
	case llmstream.Gemini:
		return object{"error": object{"code": status, "message": message, "status": googleError(status)}}
	case llmstream.GeminiInteractions:
		return object{"error": object{"code": strings.ToLower(googleError(status)), "message": message}}
	case llmstream.Cohere, llmstream.Bedrock, llmstream.BedrockAgents:
		return object{"message": message}
	case llmstream.Ollama:
		return object{"error": message}
	case llmstream.Cloudflare:
		return object{"result": nil, "success": false, "errors": []object{{"code": status, "message": message}}, "messages": []object{}}
	case llmstream.DashScope:
		return object{"code": dashScopeError(status), "message": message, "request_id": "fixture-error"}
	case llmstream.TextGeneration:
		return object{"error": message, "error_type": openAIError(status)}
	case llmstream.MistralConversations:
		return object{"object": "error", "message": message, "type": openAIError(status), "param": nil, "code": fmt.Sprint(status)}
	}
	return object{"error": object{"message": message, "type": openAIError(status), "param": nil, "code": status}}
}

// errorEvent returns an error as the next event of a recording.
func (one *recording) errorEvent(begun bool, status int) []byte {
	const message = "an error that was asked for"
	body, typ := errorBody(one.dialect, status, message), ""
	switch one.dialect {
	case llmstream.OpenAIResponses:
		body, typ = object{"type": "error", "code": openAIError(status), "message": message, "param": nil}, "error"
	case llmstream.AnthropicMessages:
		typ = "error"
	case llmstream.GeminiInteractions:
		body["event_type"], typ = "error", "error"
	case llmstream.DashScope:
		typ = "error"
	case llmstream.MistralConversations:
		body, typ = object{"type": "conversation.response.error", "message": message, "code": status}, "conversation.response.error"
	case llmstream.Cohere:
		if one.wire == llmstream.WireSSE { // version 2
			body, typ = object{"type": "message-end", "delta": object{"finish_reason": "ERROR", "error": message}}, "message-end"
		}
	}
	return one.onWire(begun, typ, asJSON(body), status)
}

// onWire returns an event with JSON, in the bytes of the recording's wire. begun says
// that an event came before it.
func (one *recording) onWire(begun bool, typ string, body []byte, status int) []byte {
	switch one.wire {
	case llmstream.WireFrames:
		frame, err := testdata.Frames("exception " + amazonException(status) + " " + string(body))
		if err != nil {
			panic(err) // the description is written here
		}
		return frame
	case llmstream.WireLines:
		return append(body, '\n')
	case llmstream.WireJSON:
		switch array := bytes.HasPrefix(bytes.TrimSpace(one.body), []byte("[")); {
		case array && begun:
			return fmt.Appendf(nil, ",\n%s\n]", body)
		case array:
			return fmt.Appendf(nil, "[%s\n]", body)
		}
		return append(body, '\n')
	}
	if typ != "" {
		typ = "event: " + typ + "\n"
	}
	return fmt.Appendf(nil, "%sdata: %s\n\n", typ, body)
}

func openAIError(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "authentication_error"
	case status == http.StatusTooManyRequests:
		return "rate_limit_exceeded"
	case status >= 500:
		return "server_error"
	}
	return "invalid_request_error"
}

func anthropicError(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "authentication_error"
	case http.StatusForbidden:
		return "permission_error"
	case http.StatusNotFound:
		return "not_found_error"
	case http.StatusRequestEntityTooLarge:
		return "request_too_large"
	case http.StatusTooManyRequests:
		return "rate_limit_error"
	case http.StatusServiceUnavailable, 529:
		return "overloaded_error"
	}
	if status >= 500 {
		return "api_error"
	}
	return "invalid_request_error"
}

func googleError(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "UNAUTHENTICATED"
	case http.StatusForbidden:
		return "PERMISSION_DENIED"
	case http.StatusNotFound:
		return "NOT_FOUND"
	case http.StatusTooManyRequests:
		return "RESOURCE_EXHAUSTED"
	case http.StatusServiceUnavailable:
		return "UNAVAILABLE"
	case http.StatusGatewayTimeout:
		return "DEADLINE_EXCEEDED"
	}
	if status >= 500 {
		return "INTERNAL"
	}
	return "INVALID_ARGUMENT"
}

func dashScopeError(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "InvalidApiKey"
	case status == http.StatusForbidden:
		return "AccessDenied"
	case status == http.StatusTooManyRequests:
		return "Throttling"
	case status >= 500:
		return "InternalError"
	}
	return "InvalidParameter"
}

// amazonError returns the type of an error in place of a stream.
func amazonError(status int) string {
	switch {
	case status == http.StatusForbidden, status == http.StatusUnauthorized:
		return "AccessDeniedException"
	case status == http.StatusNotFound:
		return "ResourceNotFoundException"
	case status == http.StatusTooManyRequests:
		return "ThrottlingException"
	case status == http.StatusServiceUnavailable:
		return "ServiceUnavailableException"
	case status >= 500:
		return "InternalServerException"
	}
	return "ValidationException"
}

// amazonException returns the type of an error inside a stream. Amazon writes its first
// letter in lower case there.
func amazonException(status int) string {
	name := amazonError(status)
	return strings.ToLower(name[:1]) + name[1:]
}
