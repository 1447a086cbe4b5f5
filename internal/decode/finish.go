package decode

var finishReasonNames = [...]string{"", "stop", "length", "tool_calls", "content_filter", "function_call", "unknown"}

// String returns OpenAI's word for the reason.
func (r FinishReason) String() string {
	if int(r) < len(finishReasonNames) {
		return finishReasonNames[r]
	}
	return "unknown"
}

// finishReasonOf maps a provider's word; see the map of words in DESIGN.md.
func FinishReasonOf(native []byte) FinishReason {
	switch string(native) {
	case "":
		return FinishNone
	case "stop", "stop_sequence", "end_turn", "eos", "eos_token", "STOP", "COMPLETE", "STOP_SEQUENCE", "completed", "finished",
		"FINISH", "FINISHED", "STOP_CRITERIA_MET":
		return FinishStop
	case "length", "LENGTH", "max_tokens", "model_length", "MAX_TOKENS", "model_context_window_exceeded", "ERROR_LIMIT", "incomplete":
		return FinishLength
	case "tool_calls", "tool_use", "tool_call", "TOOL_CALL", "requires_action":
		return FinishToolCalls
	case "content_filter", "refusal", "safety", "SAFETY", "recitation", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "sensitive",
		"IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR", "ERROR_TOXIC",
		"content_filtered", "CONTENT_FILTERED", "guardrail_intervened":
		return FinishContentFilter
	case "function_call":
		return FinishFunctionCall
	}
	return FinishUnknown
}
