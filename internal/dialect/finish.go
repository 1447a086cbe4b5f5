package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
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

// lostBeginning adds a KindMalformed for arguments whose call is unknown, because the event
// that begins the call was lost or comes late.
func lostBeginning(s *decode.Context, t *decode.Choice) {
	s.Malformed(t.Index, 0, len(s.Data), fault.Reason("arguments of a call that has not begun"))
}

// appendArguments is [decode.Context.AppendArguments] for a dialect in which an event ends each
// call. It also notes arguments that come after that event.
func appendArguments(s *decode.Context, t *decode.Choice, at int, name string, v *fastjson.Value) {
	if t.Calls[at].State != decode.CallEnded {
		s.AppendArguments(t, at, name, v)
	} else if v.GetObject() != nil || len(s.Word(v)) > 0 {
		s.TakeLate(t, at)
	}
}
