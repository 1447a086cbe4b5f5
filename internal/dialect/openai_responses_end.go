package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// response holds the members of a response that describe the answer. All other members
// repeat the request, and Prune leaves them out.
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

// beginResponse decodes the beginning of a response. created reports whether the event
// announces the beginning, and not how far the response has come.
func (o *Responses) beginResponse(s *decode.Context, t *decode.Choice, e *responseEvent, created bool) {
	var r response
	r.read(e.response)
	s.Contextual = true
	if id := decode.Hash(s.Word(r.id)); o.isAnother(s, id, created) {
		s.VoidAnswer(t) // the second response takes the place of the first (O-22)
		for at := range o.items {
			s.Part = o.items[at].part
			s.AddRestart(t.Index)
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
			if !o.spend(s, 3*len(o.items)) { // as many are looked at to find one that has begun
				break
			}
			var m itemMembers
			m.read(v)
			o.beginItemAt(s, t, address{id: decode.Hash(s.Word(m.id)), callID: decode.Hash(s.Word(m.ownCallID(s))), index: i}, &m)
		}
		s.Part = 0
	}
	o.addResponseUsage(s, e, &r)
}

// isAnother reports whether the response with this id is a new one, and not the one that
// has begun. Ids may change with every event (O-03), so an id alone proves nothing. The
// first response must have ended, or the event must announce a beginning.
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

// decodeResponse decodes a response as a whole. typ is the last word of the event's type,
// or empty if the response came without an event.
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
	} else if terminal && (o.restAt != s.Events-1 || o.restBroken != o.brokenOff) { // else nothing has come since
		o.endRest(s, t)
	}
	if terminal {
		o.restAt, o.restBroken = s.Events, o.brokenOff
	}
	o.addResponseUsage(s, e, &r)
	if !terminal {
		return // the response goes on in the background
	}
	o.finishResponse(s, t, &r, status)
	if string(status) == "failed" && s.FirstError == nil { // else an error event has come before (O-02)
		switch {
		case s.IsError(r.err):
			s.AddError(-1, r.err, nil)
		case s.IsError(e.err):
			s.AddError(-1, e.err, nil)
		default:
			s.AddError(-1, r.status, nil) // the status is all that is known
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

// finishResponse gives the status of a response that has ended. The status is its finish
// reason.
func (o *Responses) finishResponse(s *decode.Context, t *decode.Choice, r *response, status []byte) {
	if s.SawDone && t.Native != "" && !decode.IsFailure([]byte(t.Native)) {
		return // F-22; but a reason takes the place of a failure
	}
	before, news := t.Finish, t.SetFinish(status)
	switch {
	case string(status) == "completed" && o.callsTools():
		t.Finish = decode.FinishToolCalls // no status means tool calls
	case string(status) == "completed":
		t.Finish = decode.FinishStop
	case t.Finish == decode.FinishLength: // incomplete may have another reason than length
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

// endItems decodes the items of the terminal response, which may have more than the
// events before it (O-20). The items may stand there in another order, under other ids,
// or not at all (O-04). ended reports whether the response has ended.
func (o *Responses) endItems(s *decode.Context, t *decode.Choice, output *fastjson.Value, ended bool) {
	list := output.GetArray()
	for _, at := range o.places {
		if at != noItem {
			o.items[at].matched = 0
		}
	}
	o.places = o.places[:0]
	for range list {
		o.places = append(o.places, noItem)
	}
	said := o.counts[classMessage]+o.counts[classReasoning] > 0
	for _, find := range [...]func(*decode.Context, int, itemClass, *itemMembers) int{o.sameItem, o.sameTexts, o.samePlace} {
		for i, v := range list {
			var m itemMembers
			m.read(v)
			if class, ok := classOf(s, &m); ok && o.places[i] == noItem && o.spend(s, 1) {
				if at := find(s, i, class, &m); at >= 0 {
					o.items[at].matched, o.places[i] = i+1, at
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
		at := o.places[i]
		switch {
		case at != noItem:
		case !o.spend(s, len(o.items)):
			continue // it is unknown whether the item has come
		case class == classOther && o.counts[class] >= s.Limits.MaxToolCalls:
			continue // the item may have come without being remembered
		case !o.begun && said && class <= classReasoning:
			continue // the client has the items from before the stream was resumed
		default:
			a := address{id: decode.Hash(s.Word(m.id)), callID: decode.Hash(s.Word(m.ownCallID(s))), index: i}
			if at = o.add(s, a, class); at >= 0 {
				o.items[at].matched, o.places[i] = i+1, at
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

// sameItem finds the item with the ids of one in the terminal response.
func (o *Responses) sameItem(s *decode.Context, _ int, class itemClass, m *itemMembers) int {
	a := address{id: decode.Hash(s.Word(m.id)), callID: decode.Hash(s.Word(m.ownCallID(s))), index: noIndex}
	if a.id|a.callID != 0 && !o.spend(s, len(o.items)) {
		return noItem
	}
	if at := o.byID(a, class); at >= 0 && o.items[at].class == class && o.items[at].matched == 0 {
		return at
	}
	return noItem
}

// sameTexts finds the item with the texts or arguments of one in the terminal response.
func (o *Responses) sameTexts(s *decode.Context, _ int, class itemClass, m *itemMembers) int {
	return o.equalItem(s, class, m, true)
}

// samePlace finds the item at the place of one in the terminal response, or else the
// first that has no match yet. Type and name must agree.
func (o *Responses) samePlace(s *decode.Context, i int, class itemClass, m *itemMembers) int {
	first := noItem
	words := m.wordsOf(s)
	for at := range o.items {
		item := &o.items[at]
		if !o.spend(s, 1) {
			break
		}
		if item.class != class || item.matched != 0 || !item.isLike(&words) {
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

// endRest ends the items that the terminal response lacks. A call that had not ended has
// broken off. The exception is a call with whole arguments in a whole response (T-19).
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
		call.CutOff = call.CutOff || o.brokenOff || item.lostBeginning || !call.HasArguments // its end was lost
		if call.Name == 0 {
			call.Break()
		}
	}
}
