package llmstream

import (
	"bytes"

	"github.com/valyala/fastjson"
)

// OpenAI's chat.completion.chunk and its compatible variants:
// https://platform.openai.com/docs/api-reference/chat-streaming. Members are
// taken wherever they stand and whatever else stands beside them; a member of an
// unexpected type is as good as absent (J-12). Each object is visited once: its
// members are noted first and acted on in a fixed order afterwards, so that the
// last of two equal keys wins, as in the clients (J-05).

// chatChunk are the members of a chunk.
type chatChunk struct {
	id, model, created, fingerprint, tier *fastjson.Value
	choices, usage, xGroq, citations      *fastjson.Value
	err                                   *fastjson.Value
}

func (c *chatChunk) read(root *fastjson.Value) {
	o := root.GetObject()
	if o.Len() == 1 { // as without its preamble; a Visit looks for escapes in every name
		if c.choices = o.Get("choices"); c.choices != nil {
			return
		}
	}
	o.Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			c.id = v
		case "model":
			c.model = v
		case "created":
			c.created = v
		case "system_fingerprint":
			c.fingerprint = v
		case "service_tier":
			c.tier = v
		case "choices":
			c.choices = v
		case "usage":
			c.usage = v
		case "x_groq":
			c.xGroq = v
		case "citations":
			c.citations = v
		case "error":
			c.err = v
		}
	})
}

// detectChat tells whether an object is a chunk. An error or a usage alone may
// be any dialect's.
func detectChat(s *step) bool {
	if s.isArray(member(s.root, "choices")) {
		return true
	}
	object := s.word(member(s.root, "object"))
	return bytes.HasPrefix(object, []byte("chat.completion")) || string(object) == "text_completion"
}

func decodeChat(s *step) {
	var c chatChunk
	c.read(s.root)
	failed := c.choices == nil || c.err != nil || string(s.typ) == "error"
	if s.cut && failed { // what was left out may matter
		s.parseWhole(trimSpace(s.data)) // as it was before: without error
		c = chatChunk{}
		c.read(s.root)
	}
	s.startChat(&c)
	var usage *fastjson.Value
	for position, v := range c.choices.GetArray() {
		if u := s.decodeChatChoice(v, position); u != nil {
			usage = u
		}
	}
	if c.citations != nil && len(c.citations.GetArray()) > 0 {
		s.addCitations(c.citations)
	}
	if c.usage != nil || usage != nil || c.xGroq != nil {
		s.addChatUsage(c.usage, usage, member(c.xGroq, "usage"))
	}
	if failed {
		s.addErrorObject()
	}
	if !s.cut && s.preamble.worthLearning() && s.startIsKnown(&c) {
		s.preamble.learn(trimSpace(s.data))
	}
}

// startIsKnown tells whether another chunk that begins as this one did would say
// nothing new in front of its choices. What has no brackets there is of no
// account but for these members; and a member that is empty here must not stand
// twice, with something in the first place.
func (s *step) startIsKnown(c *chatChunk) bool {
	if c.choices == nil || c.err != nil {
		return false
	}
	t := &s.track.told
	for _, m := range [...]struct {
		told bool
		v    *fastjson.Value
		key  string
	}{
		{t.id, c.id, `"id"`}, {t.model, c.model, `"model"`}, {t.created, c.created, `"created"`},
		{t.fingerprint, c.fingerprint, `"system_fingerprint"`}, {t.tier, c.tier, `"service_tier"`},
	} {
		if !m.told && m.v != nil && bytes.Count(s.data, []byte(m.key)) != 1 {
			return false
		}
	}
	return true
}

// startChat tells what the chunk says of the stream for the first time. Empty
// strings and zeros say nothing: Azure's first chunk and its filter chunks are
// full of them (C-03, C-04).
func (s *step) startChat(c *chatChunk) {
	t := &s.track.told
	if t.id && t.model && t.created && (t.fingerprint || c.fingerprint == nil) && (t.tier || c.tier == nil) {
		return
	}
	var start Start
	if s.readStart(c, &start) {
		t.id = t.id || len(start.ID) > 0
		t.model = t.model || len(start.Model) > 0
		t.fingerprint = t.fingerprint || len(start.SystemFingerprint) > 0
		t.tier = t.tier || len(start.ServiceTier) > 0
		t.created = t.created || start.Created != 0
		s.addStart(-1, start)
	}
}

// readStart fills in what c says of the stream and was not told before, and
// tells whether that is anything.
func (s *step) readStart(c *chatChunk, start *Start) (news bool) {
	t := &s.track.told
	for _, m := range [...]struct {
		told bool
		v    *fastjson.Value
		to   *[]byte
	}{
		{t.id, c.id, &start.ID},
		{t.model, c.model, &start.Model},
		{t.fingerprint, c.fingerprint, &start.SystemFingerprint},
		{t.tier, c.tier, &start.ServiceTier},
	} {
		if !m.told && m.v != nil {
			*m.to = s.word(m.v)
			news = news || len(*m.to) > 0
		}
	}
	if !t.created && c.created != nil {
		start.Created, _ = s.number(c.created)
		news = news || start.Created != 0
	}
	return news
}

// chatChoice are the members of a choice.
type chatChoice struct {
	index, delta, message, text      *fastjson.Value
	finish, logprobs, usage, failure *fastjson.Value
}

func (c *chatChoice) read(o *fastjson.Object) {
	// The usual members first: where there are no others, that spares a Visit,
	// which looks for escapes in every name.
	left := o.Len()
	for _, usual := range [...]struct {
		name string
		to   **fastjson.Value
	}{{"delta", &c.delta}, {"finish_reason", &c.finish}, {"logprobs", &c.logprobs}, {"index", &c.index}} {
		if left == 0 {
			return
		}
		if *usual.to = o.Get(usual.name); *usual.to == nil {
			break
		}
		left--
	}
	if left == 0 {
		return
	}
	o.Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "index":
			c.index = v
		case "delta":
			c.delta = v
		case "message":
			c.message = v
		case "text":
			c.text = v
		case "finish_reason":
			c.finish = v
		case "logprobs":
			c.logprobs = v
		case "usage":
			c.usage = v
		case "error":
			c.failure = v
		}
	})
}

// decodeChatChoice adds the deltas of one choice and returns its usage, if it
// has one (U-03).
func (s *step) decodeChatChoice(v *fastjson.Value, position int) (usage *fastjson.Value) {
	o := v.GetObject()
	if o == nil {
		return nil // C-28
	}
	var c chatChoice
	c.read(o)
	index := position
	if c.index == nil && s.cut && s.preamble.index && position == 0 {
		index = s.preamble.choice
	} else if !isNull(c.index) {
		var ok bool
		if index, ok = s.index(c.index); !ok || index < 0 {
			s.malformed(-1, 0, len(s.data), damage("a choice's index is none"))
			return nil
		}
	}
	t := s.track.choice(index, s.opt.MaxChoices)
	if t == nil {
		s.malformed(-1, 0, len(s.data), &LimitError{Limit: "MaxChoices", Max: s.opt.MaxChoices})
		return nil
	}
	if delta := c.delta.GetObject(); delta != nil {
		t.delta = true
		s.decodeChatDelta(t, delta)
	}
	switch {
	case t.delta: // it says all
	case c.message.GetObject() != nil:
		s.decodeChatDelta(t, c.message.GetObject())
	case c.text != nil: // the legacy completions (C-26)
		text, _ := s.string(c.text, &t.high.content)
		s.addText(KindContent, t.index, text)
	}
	if c.logprobs != nil && c.logprobs.GetObject() != nil {
		s.add(KindLogprobs, t.index).Text = s.raw(c.logprobs)
	}
	if s.isError(c.failure) {
		s.addError(t.index, c.failure, nil)
	}
	if c.finish != nil {
		if native := s.word(c.finish); t.finished(native) {
			d := s.add(KindFinish, t.index)
			d.FinishReason, d.NativeFinishReason = t.finish, native
		}
	}
	return c.usage
}

// chatDelta are the members of a delta, or of the message of a whole answer.
type chatDelta struct {
	role, content, refusal, toolCalls, functionCall *fastjson.Value
	reasoning                                       [4]*fastjson.Value // by precedence
	reasoningDetails, thinkingBlocks                *fastjson.Value
	annotations, images, audio, extraContent        *fastjson.Value
	reasons                                         bool // any of the reasoning's names is there
}

func (d *chatDelta) read(o *fastjson.Object) {
	o.Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "role":
			d.role = v
		case "content":
			d.content = v
		case "reasoning_content":
			d.reasoning[0], d.reasons = v, true
		case "reasoning":
			d.reasoning[1], d.reasons = v, true
		case "reasoning_text":
			d.reasoning[2], d.reasons = v, true
		case "thinking":
			d.reasoning[3], d.reasons = v, true
		case "reasoning_details":
			d.reasoningDetails, d.reasons = v, true
		case "thinking_blocks":
			d.thinkingBlocks, d.reasons = v, true
		case "refusal":
			d.refusal = v
		case "tool_calls":
			d.toolCalls = v
		case "function_call":
			d.functionCall = v
		case "annotations":
			d.annotations = v
		case "images":
			d.images = v
		case "audio":
			d.audio = v
		case "extra_content":
			d.extraContent, d.reasons = v, true
		}
	})
}

func (s *step) decodeChatDelta(t *choiceTrack, o *fastjson.Object) {
	if o.Len() == 1 { // as most are
		if content := o.Get("content"); content != nil {
			s.decodeContent(t, content, KindContent, &t.high.content)
			return
		}
	}
	var d chatDelta
	d.read(o)
	if d.role != nil && !t.role {
		if role := s.word(d.role); len(role) > 0 {
			t.role = true
			s.addStart(t.index, Start{Role: role})
		}
	}
	if d.reasons {
		s.decodeReasoning(t, &d)
	}
	if d.content != nil {
		kind, high := KindContent, &t.high.content
		if d.extraContent != nil && member(member(d.extraContent, "google"), "thought").GetBool() { // G-16
			kind, high = KindReasoning, &t.high.reasoning
		}
		s.decodeContent(t, d.content, kind, high)
	}
	if d.refusal != nil {
		text, _ := s.string(d.refusal, &t.high.refusal)
		s.addText(KindRefusal, t.index, text)
	}
	if d.toolCalls != nil {
		for i, call := range d.toolCalls.GetArray() {
			s.decodeToolCall(t, call, i == 0)
		}
		s.decodeToolCall(t, d.toolCalls, true) // an object in place of an array (T-13)
	}
	if d.functionCall != nil && d.functionCall.GetObject() != nil {
		s.decodeFunctionCall(t, d.functionCall)
	}
	if d.annotations != nil && len(d.annotations.GetArray()) > 0 {
		s.add(KindAnnotation, t.index).Text = s.raw(d.annotations)
	}
	if d.images != nil {
		for _, image := range d.images.GetArray() {
			s.addMedia(t, image)
		}
	}
	if d.audio != nil && d.audio.GetObject() != nil {
		s.addMedia(t, d.audio)
	}
}

func (s *step) addStart(choice int, start Start) {
	s.starts = append(s.starts, start)
	s.add(KindStart, choice).Start = &s.starts[len(s.starts)-1]
}

func (s *step) addMedia(t *choiceTrack, v *fastjson.Value) {
	s.delivered = true
	s.add(KindMedia, t.index).Text = s.raw(v)
}

// addCitations adds the citations of the whole answer, which come with every
// chunk, when they have changed (C-19).
func (s *step) addCitations(v *fastjson.Value) {
	raw := s.raw(v)
	if h := hash(raw); h != s.track.citations {
		s.track.citations = h
		s.add(KindAnnotation, -1).Text = raw
	}
}

// decodeContent adds a content: a string, or an array of typed parts (C-14).
func (s *step) decodeContent(t *choiceTrack, v *fastjson.Value, kind Kind, high *uint16) {
	if text, ok := s.string(v, high); ok {
		s.addText(kind, t.index, text)
		return
	}
	if v.GetObject() != nil {
		s.decodePart(t, v, kind, high)
		return
	}
	for _, part := range v.GetArray() {
		s.decodePart(t, part, kind, high)
	}
}

func (s *step) decodePart(t *choiceTrack, part *fastjson.Value, kind Kind, high *uint16) {
	if text, ok := s.string(part, high); ok {
		s.addText(kind, t.index, text)
		return
	}
	switch string(s.word(member(part, "type"))) {
	case "thinking", "reasoning":
		for _, name := range [...]string{"thinking", "text", "reasoning"} {
			if v := member(part, name); v != nil {
				s.decodeContent(t, v, KindReasoning, &t.high.reasoning)
				return
			}
		}
	case "refusal":
		text, _ := s.string(member(part, "refusal"), &t.high.refusal)
		s.addText(KindRefusal, t.index, text)
	case "image_url", "input_audio", "image":
		s.addMedia(t, part)
	default:
		text, _ := s.string(member(part, "text"), high)
		s.addText(kind, t.index, text)
	}
}

// decodeReasoning adds the reasoning of a delta: the first of its names that
// holds any, since servers repeat the same text under several, and beside
// it the details as they must be sent back.
func (s *step) decodeReasoning(t *choiceTrack, d *chatDelta) {
	plain := false
	for _, v := range d.reasoning {
		if v == nil {
			continue
		}
		before := s.given
		if o := v.GetObject(); o != nil {
			s.decodeReasoningObject(t, v)
		} else {
			s.decodeContent(t, v, KindReasoning, &t.high.reasoning)
		}
		if plain = s.given > before; plain {
			t.plainReasoning = true
			break
		}
	}
	for _, list := range [...]*fastjson.Value{d.reasoningDetails, d.thinkingBlocks} {
		if list != nil {
			for _, v := range list.GetArray() {
				s.addDetail(t, v, !t.plainReasoning)
			}
		}
	}
	if d.extraContent != nil && member(member(d.extraContent, "google"), "thought_signature") != nil {
		// It may stand on a delta that holds nothing else.
		s.details = append(s.details, ReasoningDetail{Index: -1, Type: []byte("extra_content"), Data: s.source(d.extraContent)})
		s.add(KindReasoning, t.index).Detail = &s.details[len(s.details)-1]
	}
}

// decodeReasoningObject adds reasoning that is an object where others send a
// string: {"text":…}, {"signature":…}, {"reasoningText":{"text":…}}.
func (s *step) decodeReasoningObject(t *choiceTrack, v *fastjson.Value) {
	if inner := member(v, "reasoningText"); inner.GetObject() != nil {
		v = inner
	}
	if text, _ := s.string(member(v, "text"), &t.high.reasoning); len(text) > 0 {
		s.addText(KindReasoning, t.index, text)
	}
	if signature := s.word(member(v, "signature")); len(signature) > 0 {
		s.details = append(s.details, ReasoningDetail{Index: -1, Signature: signature})
		s.add(KindReasoning, t.index).Detail = &s.details[len(s.details)-1]
	}
}

// addDetail adds a piece of structured reasoning. withText: no plain text says
// the same, so that the detail's text is the reasoning.
func (s *step) addDetail(t *choiceTrack, v *fastjson.Value, withText bool) {
	if v.GetObject() == nil {
		return
	}
	r := ReasoningDetail{Index: -1}
	var high *uint16
	if withText {
		high = &t.high.reasoning
	}
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "index":
			if n, ok := s.index(v); ok {
				r.Index = n
			}
		case "type":
			r.Type = s.word(v)
		case "id":
			r.ID = s.word(v)
		case "format":
			r.Format = s.word(v)
		case "text", "thinking":
			r.Text, _ = s.string(v, high)
		case "summary":
			r.Summary = s.word(v)
		case "data":
			r.Data = s.word(v)
		case "signature":
			r.Signature = s.word(v)
		}
	})
	s.details = append(s.details, r)
	d := s.add(KindReasoning, t.index)
	d.Detail = &s.details[len(s.details)-1]
	if withText {
		if d.Text = r.Text; len(r.Text) == 0 {
			d.Text = r.Summary
		}
		s.delivered = s.delivered || len(d.Text) > 0
	}
}

// chatCall are the members of a tool call and of the function in it.
type chatCall struct {
	index, id, extra *fastjson.Value
	function, custom *fastjson.Value
	name, arguments  *fastjson.Value // of the function or the custom tool
}

func (c *chatCall) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "index":
			c.index = v
		case "id":
			c.id = v
		case "extra_content":
			c.extra = v
		case "function":
			c.function = v
		case "custom":
			c.custom = v
		}
	})
	if c.custom.GetObject() != nil {
		c.readFunction(c.custom)
	} else {
		c.readFunction(c.function)
	}
}

func (c *chatCall) readFunction(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "name":
			c.name = v
		case "arguments", "input":
			c.arguments = v
		}
	})
}

// decodeToolCall adds one element of tool_calls. first: it is the first of them.
func (s *step) decodeToolCall(t *choiceTrack, v *fastjson.Value, first bool) {
	if v.GetObject() == nil {
		return
	}
	var c chatCall
	c.read(v)
	s.addToolCall(t, &c, first)
}

// decodeFunctionCall adds a call in the API's old form, which has no id and of
// which a choice has one (T-24).
func (s *step) decodeFunctionCall(t *choiceTrack, v *fastjson.Value) {
	var c chatCall
	c.readFunction(v)
	s.addToolCall(t, &c, true)
}

func (s *step) addToolCall(t *choiceTrack, c *chatCall, first bool) {
	k := callKey{id: s.word(c.id), name: s.word(c.name), first: first}
	if k.indexed = !isNull(c.index); k.indexed {
		var ok bool
		if k.index, ok = s.index(c.index); !ok || k.index < -1 {
			s.malformed(t.index, 0, len(s.data), damage("a tool call's index is none"))
			return
		}
	}
	at, conflict := t.find(&k)
	if conflict {
		s.conflicts++
	}
	begins := at < 0
	if begins {
		if s.calls >= s.opt.MaxToolCalls {
			s.malformed(t.index, 0, len(s.data), &LimitError{Limit: "MaxToolCalls", Max: s.opt.MaxToolCalls})
			return
		}
		at = len(t.calls)
		t.calls = append(t.calls, callTrack{index: k.index, indexed: k.indexed})
	}
	told := s.continueCall(t, at, &k, c)
	switch {
	case begins && !told: // an empty entry (T-23)
		t.calls = t.calls[:at]
	case begins:
		s.calls++
	}
}

var typeFunction, typeCustom = []byte("function"), []byte("custom")

// continueCall adds what a delta brings to call at, and tells whether that is
// anything.
func (s *step) continueCall(t *choiceTrack, at int, k *callKey, c *chatCall) (told bool) {
	call := &t.calls[at]
	call.custom = call.custom || c.custom.GetObject() != nil
	var d ToolCallDelta
	if call.id == 0 {
		call.id, d.ID = hash(k.id), k.id
	}
	if call.name == 0 {
		call.name, d.Name = hash(k.name), k.name
	}
	if !call.typed && (call.id != 0 || call.name != 0) {
		call.typed = true
		if d.Type = typeFunction; call.custom { // whatever "type" says, or if it is missing (T-10)
			d.Type = typeCustom
		}
	}
	if text, ok := s.string(c.arguments, &call.high); ok {
		d.Arguments = text
	} else if c.arguments.GetObject() != nil || s.isArray(c.arguments) {
		d.Arguments = s.source(c.arguments) // T-12
	}
	if c.extra.GetObject() != nil {
		d.Extra = s.source(c.extra)
	}
	if len(d.ID)+len(d.Name)+len(d.Type)+len(d.Arguments)+len(d.Extra) == 0 {
		return false
	}
	call.argue(d.Arguments)
	s.delivered = s.delivered || len(d.Name)+len(d.Arguments) > 0
	d.Index = at
	s.add(KindToolCall, t.index).ToolCall = d
	return true
}

// The places where usage stands, the less believable first.
const (
	_ = iota
	usageOfXGroq
	usageOfChoice
	usageOfChunk
)

// addChatUsage adds the usage of a chunk, from the best of its places that holds
// one (U-01 … U-08).
func (s *step) addChatUsage(chunk, choice, xGroq *fastjson.Value) {
	for _, place := range [...]struct {
		rank uint8
		v    *fastjson.Value
	}{{usageOfChunk, chunk}, {usageOfChoice, choice}, {usageOfXGroq, xGroq}} {
		if place.v.GetObject() == nil || place.rank < s.usageRank {
			continue
		}
		raw := s.raw(place.v)
		var u Usage
		s.readChatUsage(&u, place.v)
		if u.Reported == 0 {
			continue
		}
		if !u.empty() {
			s.usageRank = place.rank
		}
		if s.usage.merge(&u) {
			d := s.add(KindUsage, -1)
			d.Usage = s.usage
			d.Usage.Raw = raw
		}
		return
	}
}

func (s *step) readChatUsage(u *Usage, v *fastjson.Value) {
	hit, miss := int64(-1), int64(-1)
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "prompt_tokens_details", "input_tokens_details":
			s.readDetails(u, v)
			return
		case "completion_tokens_details", "output_tokens_details":
			s.readDetails(u, v)
			return
		}
		n, ok := s.number(v)
		if !ok {
			return
		}
		switch string(key) {
		case "prompt_tokens", "input_tokens":
			u.set(UsageInput, &u.Input, n)
		case "completion_tokens", "output_tokens":
			u.set(UsageOutput, &u.Output, n)
		case "total_tokens":
			u.set(UsageTotal, &u.Total, n)
		case "prompt_cache_hit_tokens":
			hit = n
		case "prompt_cache_miss_tokens":
			miss = n
		case "cached_tokens", "cache_read_input_tokens":
			if u.Reported&UsageCached == 0 {
				u.set(UsageCached, &u.Cached, n)
			}
		case "cache_creation_input_tokens":
			u.set(UsageCacheWrite, &u.CacheWrite, n)
		case "reasoning_tokens":
			if u.Reported&UsageReasoning == 0 {
				u.set(UsageReasoning, &u.Reasoning, n)
			}
		}
	})
	if hit >= 0 { // DeepSeek's names
		if u.Reported&UsageCached == 0 {
			u.set(UsageCached, &u.Cached, hit)
		}
		if miss >= 0 && hit+miss == u.Input {
			u.CachedInInput = TriYes
		}
	}
}

// readDetails reads prompt_tokens_details and completion_tokens_details. What
// they tell is part of the number that they detail.
func (s *step) readDetails(u *Usage, v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		n, ok := s.number(v)
		if !ok {
			return
		}
		switch string(key) {
		case "cached_tokens":
			u.set(UsageCached, &u.Cached, n)
			u.CachedInInput = TriYes
		case "cache_write_tokens", "cache_creation_tokens":
			u.set(UsageCacheWrite, &u.CacheWrite, n)
		case "reasoning_tokens":
			u.set(UsageReasoning, &u.Reasoning, n)
		}
	})
}
