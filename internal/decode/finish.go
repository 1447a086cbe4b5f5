package decode

var finishReasonNames = [...]string{"", "stop", "length", "tool_calls", "content_filter", "function_call", "unknown"}

// String returns OpenAI's word for the reason.
func (r FinishReason) String() string {
	if int(r) < len(finishReasonNames) {
		return finishReasonNames[r]
	}
	return "unknown"
}

// FinishReasonOf returns the meaning of a provider's word. docs/dialects.md has a table
// of the words.
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

// MaxNativeWord is the number of bytes of a finish reason that the outcome keeps.
const MaxNativeWord = 64

// SetFinish notes a finish reason, and reports whether it is new. The last reason that is
// not empty counts (C-06).
func (ch *Choice) SetFinish(native []byte) (news bool) {
	return ch.setFinish(FinishReasonOf(native), native)
}

func (ch *Choice) setFinish(reason FinishReason, native []byte) (news bool) {
	word := native[:min(len(native), MaxNativeWord)]
	if len(word) == 0 {
		return false
	}
	ch.Reopened = false
	if ch.Native == string(word) && (ch.Finish == reason || ch.Finish == FinishToolCalls && reason == FinishStop) {
		return false
	}
	ch.Finish = reason
	if ch.Native = reason.String(); ch.Native != string(word) {
		ch.Native = string(word)
	}
	return true
}

// IsFinished reports whether the choice has a finish reason and no output after it.
func (ch *Choice) IsFinished() bool { return ch.Native != "" && !ch.Reopened }

// reopen notes that output came after the finish reason of a choice (C-34). Gemini's code
// execution sends STOP in the middle, and Together sends tool_calls between two calls.
// After the end marker nothing changes the verdict (F-22).
func (c *Context) reopen(choice int) {
	for i := range c.Choices {
		if ch := &c.Choices[i]; ch.Index == choice && ch.IsFinished() && !c.SawDone {
			ch.Reopened, c.Contextual = true, true
		}
	}
}

// AddFinish adds the finish reason of a choice, if it is new. After the end marker a
// second reason does not count (F-22).
func (c *Context) AddFinish(t *Choice, native []byte) {
	c.AddFinishAs(t, FinishReasonOf(native), native)
}

// AddFinishAs is AddFinish for a reason that does not follow from the native word.
func (c *Context) AddFinishAs(t *Choice, reason FinishReason, native []byte) {
	c.Contextual = c.Contextual || len(native) > 0
	if c.SawDone && t.Native != "" {
		return
	}
	c.closeAgain(t, native)
	if t.setFinish(reason, native) {
		c.emitFinish(t, native)
	}
}

// AddFinishOrCalls is AddFinish for dialects that have no word for tool calls. A plain
// stop becomes FinishToolCalls if the choice has calls, whichever comes first (G-06,
// T-20).
func (c *Context) AddFinishOrCalls(t *Choice, native []byte) {
	c.Contextual = c.Contextual || len(native) > 0
	if c.SawDone && t.Native != "" {
		return // F-22
	}
	c.closeAgain(t, native)
	before := t.Finish
	news := t.SetFinish(native)
	if t.Finish == FinishStop && len(t.Calls) > 0 {
		t.Finish = FinishToolCalls
	}
	if news || t.Finish != before {
		if len(native) == 0 {
			native = c.appendWord(t.Native)
		}
		c.emitFinish(t, native)
	}
}

// closeAgain is called before the finish reason of a reopened choice is set once more. The
// same reason adds no delta, and so emitFinish does not run. But a template that was learned
// while the choice was open does not reopen it, and must not count any more (C-34).
func (c *Context) closeAgain(t *Choice, native []byte) {
	if t.Reopened && len(native) > 0 {
		c.Epoch++
	}
}

// emitFinish adds a KindFinish. From now on a text may reopen the choice, so templates
// that were learned before do not count any more.
func (c *Context) emitFinish(t *Choice, native []byte) {
	c.finished = true
	c.Epoch++
	d := c.Add(KindFinish, t.Index)
	d.FinishReason, d.NativeFinishReason, d.StopSequence = t.Finish, native, c.StopSequence
	if t.Failed = IsFailure(native); t.Failed {
		c.failure, c.failed = string(native), t.Index
	}
}

// IsFailure reports whether a finish reason means that the provider failed (C-35).
func IsFailure(native []byte) bool {
	switch string(native) {
	case "error", "ERROR", "network_error", "internal_error", "server_error", "abort", "failed":
		return true
	}
	return false
}
