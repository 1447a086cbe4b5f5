package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// response are the members of a response that say something of the answer. All
// others repeat the request; parseLeanResponse leaves them out.
type response struct {
	id, model, created, tier            *fastjson.Value
	status, err, details, usage, output *fastjson.Value
}

func (r *response) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			r.id = v
		case "model":
			r.model = v
		case "created_at":
			r.created = v
		case "service_tier":
			r.tier = v
		case "status":
			r.status = v
		case "error":
			r.err = v
		case "incomplete_details":
			r.details = v
		case "usage":
			r.usage = v
		case "output":
			r.output = v
		}
	})
}

// isResponseMember tells whether response.read knows a member of this name.
func isResponseMember(name []byte) bool {
	switch string(name) {
	case "id", "model", "created_at", "service_tier", "status", "error", "incomplete_details", "usage", "output":
		return true
	}
	return false
}

// beginResponse takes the beginning of a response. Behind the end of one it is
// another's, whose items take the places of those before, as in isAnother.
func (o *Responses) beginResponse(s *decode.Context, t *decode.Choice, e *responseEvent) {
	var r response
	r.read(e.response)
	s.Contextual = true
	if id := decode.Hash(s.Word(r.id)); s.SawDone && id != o.id && (id != o.answer || id == 0) {
		o.answer, o.again, s.Part = id, true, -1
		s.AddStart(t.Index, decode.Start{Again: true})
		s.Part = 0
		s.Epoch++
		*o = Responses{items: o.items[:0], id: o.id, answer: o.answer, again: o.again, firstCall: int32(len(t.Calls))}
	}
	o.startResponse(s, &r)
	if !o.begun { // its first event may hold items already
		o.begun = true
		for i, v := range r.output.GetArray() {
			var m responseItem
			m.read(v)
			s.Part = i
			o.beginItemAt(s, t, i, &m)
		}
		s.Part = 0
	}
	o.addResponseUsage(s, e, &r)
}

// startResponse tells what the response says of itself for the first time.
func (o *Responses) startResponse(s *decode.Context, r *response) {
	info := decode.StreamInfo{ID: r.id, Model: r.model, Created: r.created}
	if string(s.Word(r.tier)) != "auto" { // which is a wish: the end tells what it became
		info.Tier = r.tier
	}
	if !s.Announced.ID {
		o.id = decode.Hash(s.Word(r.id))
	}
	s.AnnounceStream(info)
}

func (o *Responses) addResponseUsage(s *decode.Context, e *responseEvent, r *response) {
	for _, v := range [...]*fastjson.Value{r.usage, e.usage} {
		if v.GetObject() == nil {
			continue // null until the end (O-08)
		}
		raw := s.Raw(v)
		var u decode.Usage
		readChatUsage(s, &u, v)
		if s.AddUsage(&u, raw); u.Reported != 0 {
			return
		}
	}
}

// decodeResponse takes a response as a whole. typ is the last word of the event's
// type, empty if it is no event.
func (o *Responses) decodeResponse(s *decode.Context, t *decode.Choice, e *responseEvent, typ []byte) {
	var r response
	r.read(e.response)
	s.Contextual = true
	if id := decode.Hash(s.Word(r.id)); id != o.id && id != 0 {
		s.Announced.ID = false // ids may change with every event (O-03): the end has the last word
	}
	o.startResponse(s, &r)
	if !o.outputKnown(s, t) {
		o.addMissingItems(s, t, r.output)
	}
	o.addResponseUsage(s, e, &r)
	status := s.Word(r.status)
	if !isTerminal(status) {
		status = typ
	}
	if !isTerminal(status) {
		return // it goes on in the background
	}
	if string(status) != "completed" {
		for at := range t.Calls { // what it has not ended it has broken off (T-19)
			t.Calls[at].CutOff = !t.Calls[at].HasEnded()
		}
	}
	o.finishResponse(s, t, &r, status)
	if string(status) == "failed" && s.FirstError == nil { // else an event has told it before (O-02)
		switch {
		case s.IsError(r.err):
			s.AddError(-1, r.err, nil)
		case s.IsError(e.err):
			s.AddError(-1, e.err, nil)
		default:
			s.AddError(-1, r.status, nil) // there is no more to say
		}
	}
	s.EndStream()
}

func isTerminal(status []byte) bool {
	switch string(status) {
	case "completed", "incomplete", "failed", "cancelled":
		return true
	}
	return false
}

// finishResponse tells the status of a response that has ended, which is its
// finish reason.
func (o *Responses) finishResponse(s *decode.Context, t *decode.Choice, r *response, status []byte) {
	before, news := t.Finish, t.SetFinish(status)
	switch {
	case string(status) == "completed" && len(t.Calls) > int(o.firstCall):
		t.Finish = decode.FinishToolCalls // there is no word for it
	case string(status) == "completed":
		t.Finish = decode.FinishStop
	case t.Finish == decode.FinishLength: // or what else made it incomplete
		switch reason := s.Word(decode.Member(r.details, "reason")); string(reason) {
		case "", "max_output_tokens":
		default:
			t.Finish = decode.FinishReasonOf(reason)
		}
	}
	if news || t.Finish != before {
		d := s.Add(decode.KindFinish, t.Index)
		d.FinishReason, d.NativeFinishReason = t.Finish, status
	}
}

// outputKnown tells whether the items of the response have all come one by one,
// from first to last, so that the end has nothing to add. Where neither a message nor a
// call is among them, the answer may stand in the end alone.
func (o *Responses) outputKnown(s *decode.Context, t *decode.Choice) bool {
	r := o
	known := r.begun && s.MalformedCount == 0 && r.open == 0
	answered := len(t.Calls) > int(r.firstCall)
	for i := range r.items {
		item := &r.items[i]
		known = known && item.done && (item.reasoning || item.given[partText]|item.given[partRefusal] != 0)
		answered = answered || !item.reasoning
	}
	for at := range t.Calls {
		known = known && t.Calls[at].HasEnded()
	}
	return known && answered
}

// addMissingItems adds the items that have not come before the end. They may stand
// there in another order and under other ids, or not at all (O-04): a call is
// known by its own id, or if there are no more of them than have come; and what
// else there is must be missing altogether.
func (o *Responses) addMissingItems(s *decode.Context, t *decode.Choice, output *fastjson.Value) {
	said, thought, other := false, false, o.other
	for i := range o.items {
		item := &o.items[i]
		if item.reasoning {
			thought = thought || item.done || item.given != [partKinds]partSet{}
		} else {
			said = said || item.given != [partKinds]partSet{}
		}
	}
	more := o.countCalls(s, output) > len(t.Calls)-int(o.firstCall)
	for at := range t.Calls {
		more = more && t.Calls[at].ID != 0
	}
	for i, v := range output.GetArray() {
		var m responseItem
		m.read(v)
		s.Part = i
		switch typ := s.Word(m.typ); string(typ) {
		case "message":
			if !said {
				o.endMessage(s, t, endPlace-i, &m)
			}
		case "reasoning":
			if !thought {
				o.endReasoning(s, t, endPlace-i, &m)
			}
		case "function_call", "custom_tool_call":
			at := callByID(t, o.callID(s, &m, true))
			if at >= 0 {
				o.argueMissing(s, t, at, m.words())
			} else if more {
				o.endCall(s, t, endPlace-i, &m, callType(typ))
			}
		case "":
		default:
			if !other {
				o.addOther(s, t, v, &m)
			}
		}
	}
	s.Part = 0
}

// countCalls returns how many calls of the caller's tools are among the items.
func (o *Responses) countCalls(s *decode.Context, output *fastjson.Value) (n int) {
	for _, v := range output.GetArray() {
		switch string(s.Word(decode.Member(v, "type"))) {
		case "function_call", "custom_tool_call":
			n++
		}
	}
	return n
}

// endPlace is the place of the first item that only the end has told of, and the
// next ones are below. No other is as low; see place.
const endPlace = noIndex - 1 - 1<<30
