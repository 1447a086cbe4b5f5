package dialect

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

// OpenAI's chat.completion.chunk and its compatible variants:
// https://platform.openai.com/docs/api-reference/chat-streaming. Members are read
// wherever they stand, whatever stands beside them. A member of an unexpected type counts
// as absent (J-12). If it carries the answer, the event is malformed too (E-20). Each
// object is visited once: its members are noted first and acted on afterwards, in a fixed
// order. So the last of two equal keys wins, as in the clients (J-05).

// chatChunk holds the members of a chunk.
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

// info returns the members that describe the stream.
func (c *chatChunk) info() decode.StreamInfo {
	return decode.StreamInfo{ID: c.id, Model: c.model, Fingerprint: c.fingerprint, Tier: c.tier, Created: c.created}
}

// detectChat reports whether an object is a chunk. An error or a usage alone may belong to
// any dialect.
func detectChat(s *decode.Context) bool {
	if s.IsArray(decode.Member(s.Root, "choices")) {
		return true
	}
	object := s.Word(decode.Member(s.Root, "object"))
	return bytes.HasPrefix(object, []byte("chat.completion")) || string(object) == "text_completion"
}

// chat decodes streams of chat completions.
type chat struct {
	citations decode.Distinct // the citations that were given
	lastList  uint64          // hash of the latest list of citations
	usageRank uint8           // rank of the place that the usage was read from; see addChatUsage
}

func (h *chat) Reset() { *h = chat{} }

// The marks of a choice; see decode.Choice.Marks.
const (
	// sawDelta notes that a delta has given something, so a message beside it or after it
	// adds nothing (C-18).
	sawDelta = 1 << iota
	// sawWhole notes that something has come outside of deltas.
	sawWhole
	// sawPlainReasoning notes that reasoning has come as plain text, so the text of its
	// details repeats it.
	sawPlainReasoning
)

func (h *chat) Decode(s *decode.Context) {
	s.PiecesOnly = true
	var c chatChunk
	c.read(s.Root)
	choices := c.choices.GetArray()
	if choices == nil && !s.IsArray(c.choices) {
		expect(s, c.choices)
	}
	failed := c.err != nil || string(s.Type) == "error" || s.IsFailure(c.base) ||
		len(choices) == 0 && (decode.IsNull(c.choices) || string(s.Word(c.object)) == "error")
	s.AnnounceStream(c.info())
	var usage *fastjson.Value
	for position, v := range choices {
		if u := decodeChatChoice(s, v, position); u != nil {
			usage = u
		}
	}
	if c.citations != nil && len(c.citations.GetArray()) > 0 {
		s.Contextual = true
		h.addCitations(s, c.citations)
	}
	if c.usage.GetObject() != nil || usage.GetObject() != nil || c.xGroq != nil {
		s.Contextual = true
		h.addChatUsage(s, c.usage, usage, decode.Member(c.xGroq, "usage"))
	}
	if failed {
		s.AddErrorObject()
	} else if c.xGroq != nil {
		if v := decode.Member(c.xGroq, "error"); s.IsError(v) {
			s.AddError(-1, v, nil)
		}
	}
}

// chatChoice holds the members of a choice.
type chatChoice struct {
	index, delta, message, text *fastjson.Value
	finish, native, stop        *fastjson.Value
	logprobs, usage, failure    *fastjson.Value
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
		case "native_finish_reason": // OpenRouter's
			c.native = v
		case "stop_reason", "matched_stop": // vLLM's and SGLang's
			c.stop = v
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
func decodeChatChoice(s *decode.Context, v *fastjson.Value, position int) (usage *fastjson.Value) {
	o := v.GetObject()
	if o == nil {
		return nil // C-28
	}
	var c chatChoice
	c.read(o)
	index := position
	s.Indexed = !decode.IsNull(c.index)
	if s.Indexed {
		var ok bool
		if index, ok = s.Index(c.index); !ok || index < 0 {
			s.Malformed(-1, 0, len(s.Data), fault.Reason("a choice's index is none"))
			return nil
		}
	}
	t := s.Choice(index)
	if t == nil {
		return nil
	}
	if delta := c.delta.GetObject(); delta != nil {
		decodeDelta(s, t, delta)
	} else if c.delta != nil {
		expect(s, c.delta)
	}
	switch {
	case t.Marks&sawDelta != 0: // the deltas have given everything (C-18)
	case c.message.GetObject() != nil:
		t.Marks |= sawWhole
		decodeChatDelta(s, t, c.message.GetObject())
	case c.text != nil: // the legacy completions (C-26)
		t.Marks |= sawWhole
		text, ok := s.Text(c.text, &t.Surrogates.Content)
		s.AddTextOf("text", decode.KindContent, t.Index, text)
		if !ok {
			expect(s, c.text)
		}
	}
	if c.logprobs != nil && c.logprobs.GetObject() != nil {
		s.Add(decode.KindLogprobs, t.Index).Text = s.Raw(c.logprobs)
	}
	if s.IsError(c.failure) {
		s.AddError(t.Index, c.failure, nil)
	}
	s.StopSequence = stopSequence(s, c.stop)
	addChatFinish(s, t, c.finish, c.native)
	return c.usage
}

// decodeDelta decodes a delta. If it gives more than a role, a message in this or a later
// event of its choice only repeats it (C-18, C-32).
func decodeDelta(s *decode.Context, t *decode.Choice, delta *fastjson.Object) {
	known, before := t.RoleKnown, s.Emitted
	whole := t.Marks&(sawWhole|sawDelta) == sawWhole
	decodeChatDelta(s, t, delta)
	given := s.Emitted - before
	if !known && t.RoleKnown {
		given--
	}
	if given == 0 {
		return
	}
	if t.Marks |= sawDelta; whole {
		s.Epoch++
	}
}

// expect notes a member of the answer whose type is unexpected, unless it is null or
// missing (E-20).
func expect(s *decode.Context, v *fastjson.Value) {
	if v != nil && !decode.IsNull(v) {
		s.Mistyped()
	}
}

// stopSequence returns the stop sequence that ended a choice. Servers write the number of a
// token in its place, or a finish reason (C-11).
func stopSequence(s *decode.Context, v *fastjson.Value) []byte {
	if v == nil || v.Type() != fastjson.TypeString {
		return nil
	}
	word := s.Word(v)
	if decode.FinishReasonOf(word) != decode.FinishUnknown || decode.IsFailure(word) {
		return nil
	}
	return word
}

// addChatFinish adds a finish reason. OpenRouter sends the model's own word beside it. If
// that word means a limit, so does the reason: OpenRouter has sent "tool_calls" for calls
// that a limit had cut off (C-33).
func addChatFinish(s *decode.Context, t *decode.Choice, finish, native *fastjson.Value) {
	if finish == nil && native == nil {
		return
	}
	word := s.Word(finish)
	if string(word) == "null" { // DashScope's word for an answer that goes on
		word = nil
	}
	reason := decode.FinishReasonOf(word)
	if own := s.Word(native); len(own) > 0 && string(own) != "null" {
		if len(word) == 0 {
			reason = decode.FinishReasonOf(own)
		}
		switch string(own) {
		case "length", "max_tokens", "max_output_tokens", "MAX_TOKENS":
			reason = decode.FinishLength
		}
		if decode.IsFailure(word) { // C-35
			own = word
		}
		word = own
	}
	s.AddFinishAs(t, reason, word)
}

// chatDelta holds the members of a delta, or of the message of a whole answer.
type chatDelta struct {
	role, content, refusal, toolCalls, functionCall *fastjson.Value
	reasoning                                       [4]*fastjson.Value // by precedence
	reasoningDetails, thinkingBlocks                *fastjson.Value
	annotations, images, audio, extraContent        *fastjson.Value
	opaque                                          *fastjson.Value
	reasons                                         bool // the delta has at least one member of reasoning
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

func decodeChatDelta(s *decode.Context, t *decode.Choice, o *fastjson.Object) {
	var d chatDelta
	d.read(o)
	s.AddRole(t, d.role)
	if d.reasons {
		decodeReasoning(s, t, &d)
	}
	if d.content != nil {
		kind, high := decode.KindContent, &t.Surrogates.Content
		if d.extraContent != nil && decode.Member(decode.Member(d.extraContent, "google"), "thought").GetBool() { // G-16
			kind, high = decode.KindReasoning, &t.Surrogates.Reasoning
		}
		decodeContent(s, t, "content", d.content, kind, high)
	}
	if d.refusal != nil {
		text, _ := s.Text(d.refusal, &t.Surrogates.Refusal)
		s.AddTextOf("refusal", decode.KindRefusal, t.Index, text)
	}
	if d.toolCalls != nil {
		for i, call := range d.toolCalls.GetArray() {
			decodeToolCall(s, t, call, i == 0)
		}
		if !s.IsArray(d.toolCalls) {
			if d.toolCalls.GetObject() == nil {
				expect(s, d.toolCalls)
			}
			decodeToolCall(s, t, d.toolCalls, true) // an object in place of an array (T-13)
		}
	}
	if d.functionCall.GetObject() != nil && len(d.toolCalls.GetArray()) == 0 { // else it repeats tool_calls
		decodeFunctionCall(s, t, d.functionCall)
	}
	s.AddAnnotations(t, d.annotations)
	if d.images != nil {
		for _, image := range d.images.GetArray() {
			s.AddMedia(t, image)
		}
	}
	if d.audio != nil && d.audio.GetObject() != nil {
		s.AddMedia(t, d.audio)
	}
}

// addCitations adds the citations of the whole answer that were not given before. Each
// chunk repeats them all (C-19).
func (h *chat) addCitations(s *decode.Context, v *fastjson.Value) {
	sum := decode.Hash(s.Raw(v))
	if sum == h.lastList {
		return
	}
	h.lastList = sum
	s.AddCitations(&h.citations, v)
}

// decodeContent adds a content: a string, or an array of typed parts (C-14). name is the
// name of its member.
func decodeContent(s *decode.Context, t *decode.Choice, name string, v *fastjson.Value, kind decode.Kind, high *uint16) {
	if text, ok := s.Text(v, high); ok {
		s.AddTextOf(name, kind, t.Index, text)
		return
	}
	if v.GetObject() != nil {
		decodePart(s, t, v, kind, high)
		return
	}
	if !s.IsArray(v) {
		expect(s, v)
	}
	for _, part := range v.GetArray() {
		decodePart(s, t, part, kind, high)
	}
}

func decodePart(s *decode.Context, t *decode.Choice, part *fastjson.Value, kind decode.Kind, high *uint16) {
	if text, ok := s.Text(part, high); ok {
		s.AddText(kind, t.Index, text)
		return
	}
	switch string(s.Word(decode.Member(part, "type"))) {
	case "thinking", "reasoning":
		for _, name := range [...]string{"thinking", "text", "reasoning", "summary"} {
			if v := decode.Member(part, name); v != nil {
				decodeContent(s, t, name, v, decode.KindReasoning, &t.Surrogates.Reasoning)
				return
			}
		}
	case "refusal":
		text, _ := s.Text(decode.Member(part, "refusal"), &t.Surrogates.Refusal)
		s.AddText(decode.KindRefusal, t.Index, text)
	case "image_url", "input_audio", "image":
		s.AddMedia(t, part)
	default:
		text, _ := s.Text(decode.Member(part, "text"), high)
		s.AddTextOf("text", kind, t.Index, text)
	}
}
