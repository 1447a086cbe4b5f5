package dialect

import "github.com/seed-4d65deac/llmstream/internal/decode"

// stopOrCalls returns why an answer ended that ended by itself: for its tool calls,
// if it has any (G-06).
func stopOrCalls(t *decode.Choice) decode.FinishReason {
	if len(t.Calls) > 0 {
		return decode.FinishToolCalls
	}
	return decode.FinishStop
}
