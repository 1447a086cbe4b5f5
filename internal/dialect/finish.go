package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
)

// stopOrCalls returns the finish reason of an answer that ended without a limit or a
// failure. It returns FinishToolCalls if the answer has tool calls, and FinishStop
// otherwise (G-06).
func stopOrCalls(t *decode.Choice) decode.FinishReason {
	if len(t.Calls) > 0 {
		return decode.FinishToolCalls
	}
	return decode.FinishStop
}

// lostBeginning reports arguments whose call is unknown: the event with the beginning of
// the call was lost, or comes late.
func lostBeginning(s *decode.Context, t *decode.Choice) {
	s.Malformed(t.Index, 0, len(s.Data), fault.Reason("arguments of a call that has not begun"))
}
