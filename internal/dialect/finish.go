package dialect

import "github.com/seed-4d65deac/llmstream/internal/decode"

// stopOrCalls returns the finish reason of an answer that ended without a limit or a
// failure. It returns FinishToolCalls if the answer has tool calls, and FinishStop
// otherwise (G-06).
func stopOrCalls(t *decode.Choice) decode.FinishReason {
	if len(t.Calls) > 0 {
		return decode.FinishToolCalls
	}
	return decode.FinishStop
}
