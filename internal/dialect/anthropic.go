package dialect

import (
	"slices"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

// Anthropic's Messages API: https://docs.anthropic.com/en/api/messages-streaming.
// A message is made of content blocks, each with an index. The type of a delta
// decides what the delta means, and not the type of its block. So no text is lost if the
// beginning of a block was lost, or if its type is unknown. The older text completions
// are read too. A block of any other type becomes an item.

// anthropicEvent holds the members of an event.
type anthropicEvent struct {
	typ, index, delta, block, message, usage, err *fastjson.Value
}

func (e *anthropicEvent) read(root *fastjson.Value) {
	root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "type":
			e.typ = v
		case "index":
			e.index = v
		case "delta":
			e.delta = v
		case "content_block":
			e.block = v
		case "message":
			e.message = v
		case "usage":
			e.usage = v
		case "error":
			e.err = v
		}
	})
}

// detectAnthropic reports whether an object is an event of a message, or a whole message.
// A ping or an error may belong to any dialect.
func detectAnthropic(s *decode.Context) bool {
	switch string(s.EventType()) {
	case "message_start", "message_delta", "message_stop",
		"content_block_start", "content_block_delta", "content_block_stop":
		return true
	case "message": // in place of a stream (F-26)
		return s.IsArray(decode.Member(s.Root, "content"))
	case "completion":
		return decode.Member(s.Root, "completion") != nil
	}
	return false
}

// anthropic decodes the streams of the Messages API.
type anthropic struct {
	answer uint64 // hash of the id of the message that began last
	// parts holds the indexes of the message's blocks, at most maxParts. All of them are
	// void if another message begins.
	parts   []int
	topPart int // the highest of parts, or -1
	// notThinking has a bit for each of the first 64 blocks. It is set if the block began
	// as something other than thinking: a signature in the block does not sign any
	// thinking.
	notThinking uint64
	// open holds the blocks of all other types that have begun and not ended.
	open assembly
}

func (a *anthropic) Reset() {
	a.open.dropAll()
	*a = anthropic{parts: a.parts[:0], topPart: -1}
}

func (a *anthropic) Decode(s *decode.Context) {
	s.PiecesOnly = true
	var e anthropicEvent
	e.read(s.Root)
	typ := s.Word(e.typ)
	if len(typ) == 0 {
		typ = s.Type
	}
	s.NoPing = !decode.IsKeepAlive(typ)
	switch string(typ) {
	case "content_block_delta":
		a.decodeBlockDelta(s, &e)
	case "content_block_start":
		if t := a.blockOf(s, &e); t != nil {
			a.startBlock(s, t, e.block)
		}
	case "content_block_stop":
		if t := a.blockOf(s, &e); t != nil {
			if at := t.CallAtIndex(s.Part); at >= 0 {
				s.EndCall(t, at)
			}
			a.open.end(s, t)
		}
	case "message_start":
		a.startMessage(s, e.message)
	case "message_delta":
		if native := s.Word(decode.Member(e.delta, "stop_reason")); len(native) > 0 {
			s.StopSequence = s.Word(decode.Member(e.delta, "stop_sequence"))
			s.AddFinish(message(s), native)
		}
		a.addUsage(s, e.usage, true)
	case "message_stop":
		if len(s.Choices) > 0 {
			a.open.endAll(s, &s.Choices[0])
		}
		s.EndStream()
	case "message":
		a.startMessage(s, s.Root)
	case "completion":
		decodeCompletion(s)
	case "error":
		if s.AddErrorObject(); s.Emitted == 0 {
			s.AddError(-1, s.Root, nil)
		}
		return
	case "": // usually the error of a gateway (E-03)
		s.AddErrorObject()
		return
	}
	if s.IsError(e.err) {
		s.AddError(-1, e.err, s.Root)
	}
}

// message returns the only choice that a message has.
func message(s *decode.Context) *decode.Choice { return s.Choice(0) }

// blockOf makes the content block of an event the current part. It returns nil if the
// index is not a number, since the block is then unknown.
func (a *anthropic) blockOf(s *decode.Context, e *anthropicEvent) *decode.Choice {
	if !decode.IsNull(e.index) {
		index, ok := s.Index(e.index)
		if !ok || index < 0 {
			s.Malformed(-1, 0, len(s.Data), fault.Reason("a content block's index is none"))
			return nil
		}
		s.Part = index
	}
	a.notePart(s.Part)
	return message(s)
}

// maxParts is the number of parts of a message that are kept apart.
const maxParts = 1024

func (a *anthropic) notePart(part int) {
	n := len(a.parts)
	switch {
	case n == maxParts || n > 0 && a.parts[n-1] == part:
		return
	case part <= a.topPart && slices.Contains(a.parts, part): // parts nearly always come in their order
		return
	}
	a.parts, a.topPart = append(a.parts, part), max(a.topPart, part)
}

// startMessage decodes the message of message_start, which may hold the whole answer
//
func (a *anthropic) startMessage(s *decode.Context, v *fastjson.Value) {
	var id, model, role, content, finish, stop, usage *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			id = v
		case "model":
			model = v
		case "role":
			role = v
		case "content":
			content = v
		case "stop_reason":
			finish = v
		case "stop_sequence":
			stop = v
		case "usage":
			usage = v
		}
	})
	s.AnnounceStream(decode.StreamInfo{ID: id, Model: model})
	begun := len(s.Choices) > 0
	t := message(s)
	s.AddRole(t, role)
	if a.isAnother(s, t, s.Word(id)) || !begun {
		a.answer = decode.Hash(s.Word(id))
		for i, block := range content.GetArray() {
			s.Part = i
			a.notePart(i)
			a.startBlock(s, t, block)
			if at := t.CallAtIndex(i); at >= 0 {
				s.EndCall(t, at)
			}
			a.open.end(s, t) // a block in message_start is whole
		}
		s.Part = 0
	}
	s.StopSequence = s.Word(stop)
	s.AddFinish(t, s.Word(finish))
	a.addUsage(s, usage, false)
}

// decodeCompletion decodes a piece of the older text completions. The last piece has the
// stop reason.
func decodeCompletion(s *decode.Context) {
	var id, model, text, finish *fastjson.Value
	s.Root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			id = v
		case "model":
			model = v
		case "completion":
			text = v
		case "stop_reason":
			finish = v
		}
	})
	s.AnnounceStream(decode.StreamInfo{ID: id, Model: model})
	t := message(s)
	piece, _ := s.Text(text, &t.Surrogates.Content)
	s.AddTextOf("completion", decode.KindContent, t.Index, piece)
	if native := s.Word(finish); len(native) > 0 {
		s.AddFinish(t, native)
		s.EndStream()
	}
}

// isAnother reports whether the message that begins is a new one, and not the current one
// repeated. A new message voids the current one, and the verdict on the stream is
// the verdict on the new one (O-22). The stream is malformed unless the current message
// has ended.
func (a *anthropic) isAnother(s *decode.Context, t *decode.Choice, id []byte) bool {
	switch {
	case len(id) == 0 || a.answer == decode.Hash(id):
		return false
	case a.answer == 0 && !s.SawDone: // its own beginning comes late
		a.answer = decode.Hash(id)
		return false
	}
	if !s.SawDone {
		s.Malformed(t.Index, 0, len(s.Data), fault.Reason("another message begins inside this one"))
	}
	a.open.dropAll()
	s.VoidAnswer(t)
	for _, part := range a.parts {
		s.Part = part
		s.AddRestart(t.Index)
	}
	s.Part, a.parts, a.topPart, a.notThinking = 0, a.parts[:0], -1, 0
	return true
}

// addUsage merges the usage of message_start or message_delta into the known usage (A-01
// … ). A report with only zeros changes nothing (U-05). The exception is a last
// report with the output alone: a refusal has no output (U-20).
func (a *anthropic) addUsage(s *decode.Context, v *fastjson.Value, atEnd bool) {
	if v.GetObject() == nil {
		return
	}
	var u decode.Usage
	readChatUsage(s, &u, v)
	if u.Reported != 0 && u.Empty() && !s.Usage.Empty() {
		const output = decode.UsageOutput | decode.UsageReasoning
		if !atEnd || u.Reported&^output != 0 || u.Reported&decode.UsageOutput == 0 {
			return
		}
		s.Usage.Set(decode.UsageOutput, &s.Usage.Output, 0)
	}
	if u.Reported&(decode.UsageCached|decode.UsageCacheWrite) != 0 && u.CachedInInput == decode.TriUnknown {
		u.CachedInInput = decode.TriNo
	}
	if u.Reported != 0 {
		s.Usage.Merge(&u)
	}
	raw := s.OverlayUsage(v)
	if s.Usage.Reported == 0 { // no count has come (U-12)
		return
	}
	d := s.Add(decode.KindUsage, -1)
	d.Usage = s.Usage
	d.Usage.Raw = raw
}
