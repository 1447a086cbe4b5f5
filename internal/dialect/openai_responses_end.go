package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// response are the members of a response that say something of the answer. All
// others repeat the request; Prune leaves them out.
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

// isResponseMember reports whether response.read knows a member of this name.
func isResponseMember(name []byte) bool {
	switch string(name) {
	case "id", "model", "created_at", "service_tier", "status", "error", "incomplete_details", "usage", "output":
		return true
	}
	return false
}

// beginResponse takes the beginning of a response. created: the event says that it is
// the beginning, and not how far the response has come.
func (o *Responses) beginResponse(s *decode.Context, t *decode.Choice, e *responseEvent, created bool) {
	var r response
	r.read(e.response)
	s.Contextual = true
	if id := decode.Hash(s.Word(r.id)); o.isAnother(s, id, created) {
		s.VoidAnswer(t) // the second response takes the place of the first (O-22)
		for at := range o.items {
			s.Part = o.items[at].part
			s.AddStart(t.Index, decode.Start{Again: true})
		}
		s.Part = 0
		o.Reset()
		o.answer = id
		s.Announced.ID = false
	} else if created && o.answer == 0 {
		o.answer = id
	}
	o.startResponse(s, &r)
	if !o.begun { // its first event may hold items already
		o.begun = true
		for i, v := range r.output.GetArray() {
			var m itemMembers
			m.read(v)
			o.beginItemAt(s, t, address{id: decode.Hash(s.Word(m.id)), callID: decode.Hash(s.Word(m.ownCallID(s))), index: i}, &m)
		}
		s.Part = 0
	}
	o.addResponseUsage(s, e, &r)
}

// isAnother reports whether a response with this id is another than the one that has
// begun. Ids may change with every event (O-03), so that an id alone shows nothing: the
// first response has ended, or this one says that it begins.
func (o *Responses) isAnother(s *decode.Context, id uint64, created bool) bool {
	if s.SawDone {
		return id == 0 || id != o.id && id != o.answer
	}
	return created && id != 0 && o.answer != 0 && id != o.answer
}

// startResponse adds what the response is the first to say about itself.
func (o *Responses) startResponse(s *decode.Context, r *response) {
	info := decode.StreamInfo{ID: r.id, Model: r.model, Created: r.created}
	if string(s.Word(r.tier)) != "auto" { // which is a wish: the end has what it became
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
	status := s.Word(r.status)
	if !isTerminal(status) {
		status = typ
	}
	terminal := isTerminal(status)
	o.brokenOff = string(status) != "completed"
	if !s.SawDone {
		o.endItems(s, t, r.output, terminal)
	}
	o.addResponseUsage(s, e, &r)
	if !terminal {
		return // it goes on in the background
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

// finishResponse gives the status of a response that has ended, which is its finish
// reason.
func (o *Responses) finishResponse(s *decode.Context, t *decode.Choice, r *response, status []byte) {
	before, news := t.Finish, t.SetFinish(status)
	switch {
	case string(status) == "completed" && o.callsTools():
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

// callsTools reports whether the caller has to run something: a call, or an item such
// as a shell call whose output is not in the response (O-21).
func (o *Responses) callsTools() bool {
	for at := range o.items {
		item := &o.items[at]
		if item.call >= 0 || item.waiting && !o.hasOutput(item) {
			return true
		}
	}
	return false
}

// hasOutput reports whether the response has the output of an item.
func (o *Responses) hasOutput(item *outputItem) bool {
	for at := range o.items {
		if out := &o.items[at]; out.outputOf != 0 && item.hasID(out.outputOf) {
			return true
		}
	}
	return false
}

// endItems takes the items of the terminal response, which may have what no event
// before it had (O-20). They may stand there in another order and under other ids, or
// not at all (O-04). ended: the response has ended.
func (o *Responses) endItems(s *decode.Context, t *decode.Choice, output *fastjson.Value, ended bool) {
	list := output.GetArray()
	for at := range o.items {
		o.items[at].matched = 0
	}
	said := o.counts[classMessage]+o.counts[classReasoning] > 0
	for _, find := range [...]func(*decode.Context, int, itemClass, *itemMembers) int{o.sameItem, o.sameTexts, o.samePlace} {
		for i, v := range list {
			var m itemMembers
			m.read(v)
			if class, ok := classOf(s, &m); ok && o.itemAt(i) == noItem {
				if at := find(s, i, class, &m); at >= 0 {
					o.items[at].matched = i + 1
				}
			}
		}
	}
	for i, v := range list {
		var m itemMembers
		m.read(v)
		class, ok := classOf(s, &m)
		if !ok {
			continue
		}
		s.Part = i
		at := o.itemAt(i)
		switch {
		case at != noItem:
		case class == classOther && o.counts[class] >= s.Limits.MaxToolCalls:
			continue // it may have come, and was not remembered
		case !o.begun && said && class <= classReasoning:
			continue // the client has what came before the stream was resumed
		default:
			a := address{id: decode.Hash(s.Word(m.id)), callID: decode.Hash(s.Word(m.ownCallID(s))), index: i}
			if at = o.add(s, a, class); at >= 0 {
				o.items[at].matched = i + 1
			}
		}
		o.endItemAt(s, t, at, class, v, &m)
	}
	s.Part = 0
	if ended {
		o.endRest(s, t)
	}
	s.Part = 0
}

// itemAt returns the item that was found at a place of the terminal response.
func (o *Responses) itemAt(i int) int {
	for at := range o.items {
		if o.items[at].matched == i+1 {
			return at
		}
	}
	return noItem
}

// sameItem finds an item of the terminal response by its ids.
func (o *Responses) sameItem(s *decode.Context, _ int, class itemClass, m *itemMembers) int {
	a := address{id: decode.Hash(s.Word(m.id)), callID: decode.Hash(s.Word(m.ownCallID(s))), index: noIndex}
	if at := o.byID(a, class); at >= 0 && o.items[at].class == class && o.items[at].matched == 0 {
		return at
	}
	return noItem
}

// sameTexts finds an item of the terminal response by what it says.
func (o *Responses) sameTexts(s *decode.Context, _ int, class itemClass, m *itemMembers) int {
	return o.equalItem(s, class, m, true)
}

// samePlace finds an item of the terminal response by its place, or takes the first
// that is not found yet, if type and name agree.
func (o *Responses) samePlace(s *decode.Context, i int, class itemClass, m *itemMembers) int {
	first := noItem
	for at := range o.items {
		item := &o.items[at]
		if item.class != class || item.matched != 0 || !item.isLike(s, m) {
			continue
		}
		if item.part == i {
			return at
		}
		if first == noItem {
			first = at
		}
	}
	return first
}

// endRest ends what the terminal response does not have: calls that were not ended have
// broken off, unless their arguments are whole and the response is (T-19).
func (o *Responses) endRest(s *decode.Context, t *decode.Choice) {
	for at := range o.items {
		item := &o.items[at]
		if item.call < 0 {
			for text := range item.texts {
				if item.texts[text].tally.Blank() {
					o.giveSeed(s, t, at, text)
				}
			}
			continue
		}
		call := &t.Calls[item.call]
		if call.HasEnded() {
			continue
		}
		o.giveArgumentsSeed(s, t, at)
		call.CutOff = call.CutOff || o.brokenOff || item.missed
		if call.Name == 0 {
			call.Break()
		}
	}
}
