package dialect

import "github.com/seed-4d65deac/llmstream/internal/decode"

// addFinishAs adds a finish reason for which the provider has a word that means
// something else elsewhere, such as a number or the name of an event.
func addFinishAs(s *decode.Context, t *decode.Choice, reason decode.FinishReason, native []byte) {
	if s.SawDone && t.Native != "" { // the answer has ended (F-22)
		return
	}
	s.Contextual = true
	if news := t.SetFinish(native); !news && t.Finish == reason {
		return
	}
	t.Finish = reason
	d := s.Add(decode.KindFinish, t.Index)
	d.FinishReason, d.NativeFinishReason = reason, native
}

// stopOrCalls returns why an answer ended that ended by itself: for its tool calls,
// if it has any (G-06).
func stopOrCalls(t *decode.Choice) decode.FinishReason {
	if len(t.Calls) > 0 {
		return decode.FinishToolCalls
	}
	return decode.FinishStop
}
