package llmstream

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/fault"
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
	object, base, err                     *fastjson.Value
}

func (c *chatChunk) read(root *fastjson.Value) {
	root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
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
		case "object":
			c.object = v
		case "base_resp": // MiniMax's
			c.base = v
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

// chat decodes streams of chat completions.
type chat struct {
	citations uint64 // hash of the citations that were given last
	usageRank uint8  // of the place that usage was read from; see addChatUsage
}

func (h *chat) reset() { *h = chat{} }

// What is remembered of a choice; see choiceTrack.marks.
const (
	// sawDelta: a delta has come, so that a message beside it or after it says nothing
	// new (C-18).
	sawDelta = 1 << iota
	// sawWhole: something has come outside of deltas.
	sawWhole
	// sawPlainReasoning: reasoning has come as plain text, so that the text of its
	// details is the same once more.
	sawPlainReasoning
	// sawToolPlan: what the model says of its calls has come; see addToolPlan.
	sawToolPlan
)

func (h *chat) decode(s *step) {
	var c chatChunk
	c.read(s.root)
	choices := c.choices.GetArray()
	failed := c.err != nil || string(s.typ) == "error" || s.isFailure(c.base) ||
		len(choices) == 0 && (isNull(c.choices) || string(s.word(c.object)) == "error")
	s.startChat(&c)
	var usage *fastjson.Value
	for position, v := range choices {
		if u := s.decodeChatChoice(v, position); u != nil {
			usage = u
		}
	}
	if c.citations != nil && len(c.citations.GetArray()) > 0 {
		s.stateful = true
		h.addCitations(s, c.citations)
	}
	if c.usage.GetObject() != nil || usage.GetObject() != nil || c.xGroq != nil {
		s.stateful = true
		h.addChatUsage(s, c.usage, usage, member(c.xGroq, "usage"))
	}
	if failed {
		s.addErrorObject()
	} else if c.xGroq != nil {
		if v := member(c.xGroq, "error"); s.isError(v) {
			s.addError(-1, v, nil)
		}
	}
}

// startChat tells what the chunk says of the stream for the first time. Empty
// strings and zeros say nothing: Azure's first chunk and its filter chunks are
// full of them (C-03, C-04).
func (s *step) startChat(c *chatChunk) {
	t := &s.track.told
	if t.id && t.model && t.created && (t.fingerprint || c.fingerprint == nil) && (t.tier || c.tier == nil) {
		return
	}
	start := xStart{
		ID: s.wordUnless(t.id, c.id), Model: s.wordUnless(t.model, c.model),
		SystemFingerprint: s.wordUnless(t.fingerprint, c.fingerprint), ServiceTier: s.wordUnless(t.tier, c.tier),
	}
	if !t.created {
		start.Created, _ = s.number(c.created)
	}
	s.tellStart(start)
}

// chatChoice are the members of a choice.
type chatChoice struct {
	index, delta, message, text      *fastjson.Value
	finish, logprobs, usage, failure *fastjson.Value
}

func (c *chatChoice) read(o *fastjson.Object) {
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
	s.indexed = !isNull(c.index)
	if s.indexed {
		var ok bool
		if index, ok = s.index(c.index); !ok || index < 0 {
			s.malformed(-1, 0, len(s.data), fault.Reason("a choice's index is none"))
			return nil
		}
	}
	t := s.track.choice(index, s.opt.MaxChoices)
	if t == nil {
		s.malformed(-1, 0, len(s.data), &fault.Limit{Limit: "MaxChoices", Max: s.opt.MaxChoices})
		return nil
	}
	if delta := c.delta.GetObject(); delta != nil && delta.Len() > 0 { // {} says nothing of what stands beside it
		if t.marks&(sawWhole|sawDelta) == sawWhole {
			s.layout++
		}
		t.marks |= sawDelta
		s.decodeChatDelta(t, delta)
	}
	switch {
	case t.marks&sawDelta != 0: // it says all
	case c.message.GetObject() != nil:
		t.marks |= sawWhole
		s.decodeChatDelta(t, c.message.GetObject())
	case c.text != nil: // the legacy completions (C-26)
		t.marks |= sawWhole
		text, _ := s.string(c.text, &t.high.content)
		s.addTextOf("text", xKindContent, t.index, text)
	}
	if c.logprobs != nil && c.logprobs.GetObject() != nil {
		s.add(xKindLogprobs, t.index).Text = s.raw(c.logprobs)
	}
	if s.isError(c.failure) {
		s.addError(t.index, c.failure, nil)
	}
	if c.finish != nil {
		if word := s.word(c.finish); string(word) != "null" { // a word of DashScope's, which means none
			s.addFinish(t, word)
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
	opaque                                          *fastjson.Value
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
		case "reasoning_opaque":
			d.opaque, d.reasons = v, true
		}
	})
}

func (s *step) decodeChatDelta(t *choiceTrack, o *fastjson.Object) {
	var d chatDelta
	d.read(o)
	s.addRole(t, d.role)
	if d.reasons {
		s.decodeReasoning(t, &d)
	}
	if d.content != nil {
		kind, high := xKindContent, &t.high.content
		if d.extraContent != nil && member(member(d.extraContent, "google"), "thought").GetBool() { // G-16
			kind, high = xKindReasoning, &t.high.reasoning
		}
		s.decodeContent(t, "content", d.content, kind, high)
	}
	if d.refusal != nil {
		text, _ := s.string(d.refusal, &t.high.refusal)
		s.addTextOf("refusal", xKindRefusal, t.index, text)
	}
	if d.toolCalls != nil {
		for i, call := range d.toolCalls.GetArray() {
			s.decodeToolCall(t, call, i == 0)
		}
		s.decodeToolCall(t, d.toolCalls, true) // an object in place of an array (T-13)
	}
	if d.functionCall.GetObject() != nil && len(d.toolCalls.GetArray()) == 0 { // else it is the same once more
		s.decodeFunctionCall(t, d.functionCall)
	}
	if d.annotations != nil && len(d.annotations.GetArray()) > 0 {
		s.add(xKindAnnotation, t.index).Text = s.raw(d.annotations)
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

// addCitations adds the citations of the whole answer, which come with every
// chunk, when they have changed (C-19).
func (h *chat) addCitations(s *step, v *fastjson.Value) {
	raw := s.raw(v)
	if sum := hash(raw); sum != h.citations {
		h.citations = sum
		s.add(xKindAnnotation, -1).Text = raw
	}
}

// decodeContent adds a content: a string, or an array of typed parts (C-14). name
// is that of the member that holds it.
func (s *step) decodeContent(t *choiceTrack, name string, v *fastjson.Value, kind xKind, high *uint16) {
	if text, ok := s.string(v, high); ok {
		s.addTextOf(name, kind, t.index, text)
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

func (s *step) decodePart(t *choiceTrack, part *fastjson.Value, kind xKind, high *uint16) {
	if text, ok := s.string(part, high); ok {
		s.addText(kind, t.index, text)
		return
	}
	switch string(s.word(member(part, "type"))) {
	case "thinking", "reasoning":
		for _, name := range [...]string{"thinking", "text", "reasoning", "summary"} {
			if v := member(part, name); v != nil {
				s.decodeContent(t, name, v, xKindReasoning, &t.high.reasoning)
				return
			}
		}
	case "refusal":
		text, _ := s.string(member(part, "refusal"), &t.high.refusal)
		s.addText(xKindRefusal, t.index, text)
	case "image_url", "input_audio", "image":
		s.addMedia(t, part)
	default:
		text, _ := s.string(member(part, "text"), high)
		s.addTextOf("text", kind, t.index, text)
	}
}
