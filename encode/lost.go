package encode

import (
	"strconv"

	"github.com/seed-4d65deac/llmstream"
)

// Lost counts what the target's API cannot express, and what the encoder had to write
// in another form. docs/transcoding.md has a table of both by target.
type Lost struct {
	Choices       int64 // deltas of choices after the first, where the target has only one
	Renumbered    int64 // choices that got another index, so that there are no gaps
	ToolCalls     int64 // calls that could not be written: without a name, or without an end
	Arguments     int64 // calls whose arguments are not the JSON that the target's clients parse
	CallIDs       int64 // IDs that came after their call was written
	CallExtras    int64 // values that have to go back with a call, such as a signature of another provider
	Reasoning     int64 // texts left out by Options.DropReasoning, and Cohere's plans for tool calls
	Signatures    int64 // signatures of reasoning
	Encrypted     int64 // pieces of encrypted or redacted reasoning
	Refusals      int64 // texts of a refusal that became text of the answer
	Logprobs      int64 // deltas with log probabilities
	Media         int64 // images and pieces of sound
	Annotations   int64 // annotations and citations
	Items         int64 // items of the provider's own tools
	FinishReasons int64 // reasons for which the target has no word
	Usage         int64 // token counts for which the target has no name
	Malformed     int64 // events of the source, or parts of them, that could not be read
	Order         int64 // texts written after a part that they belong before
	Restarts      int64 // answers, parts or calls that began again after they were written: the stream ends with an error, unless it had ended
	Replaced      int64 // arguments that were written in pieces, and whose whole, which differs, stands at the call's end
	AfterEnd      int64 // deltas with output or token counts after the end of the answer
}

// Any reports whether anything was lost.
func (l Lost) Any() bool { return l != Lost{} }

// String lists what was lost, such as "signatures 1, media 2"; "nothing" if nothing was.
func (l Lost) String() string {
	text := ""
	for _, c := range [...]struct {
		name  string
		count int64
	}{
		{"choices", l.Choices}, {"renumbered choices", l.Renumbered}, {"tool calls", l.ToolCalls}, {"arguments", l.Arguments},
		{"call IDs", l.CallIDs}, {"call extras", l.CallExtras}, {"reasoning", l.Reasoning}, {"signatures", l.Signatures},
		{"encrypted reasoning", l.Encrypted}, {"refusals", l.Refusals}, {"logprobs", l.Logprobs}, {"media", l.Media},
		{"annotations", l.Annotations}, {"items", l.Items}, {"finish reasons", l.FinishReasons}, {"usage", l.Usage},
		{"malformed", l.Malformed}, {"order", l.Order}, {"restarts", l.Restarts}, {"replaced arguments", l.Replaced}, {"after the end", l.AfterEnd},
	} {
		if c.count != 0 {
			if text != "" {
				text += ", "
			}
			text += c.name + " " + strconv.FormatInt(c.count, 10)
		}
	}
	if text == "" {
		return "nothing"
	}
	return text
}

// count counts a delta that the target has no way to say (WG-19).
func (l *Lost) count(d *llmstream.Delta) {
	switch d.Kind {
	case llmstream.KindLogprobs:
		l.Logprobs++
	case llmstream.KindMedia:
		l.Media++
	case llmstream.KindAnnotation:
		l.Annotations++
	case llmstream.KindItem:
		l.Items++
	}
}

// countDetail counts what of a piece of reasoning has to go back to a provider that is not
// the target's.
func (l *Lost) countDetail(r *llmstream.ReasoningDetail) {
	if len(r.Signature) > 0 {
		l.Signatures++
	}
	if len(r.Data) > 0 {
		l.Encrypted++
	}
}
