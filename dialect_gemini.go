package llmstream

import (
	"bytes"
	"time"

	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

// Google's streamGenerateContent, of the Gemini API, of Vertex AI and of Code
// Assist: https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent.
// An event is a GenerateContentResponse with what is new: candidates with parts,
// and counts so far. There is no end marker; the finish reasons are the end.

// geminiResponse are the members of an event.
type geminiResponse struct {
	id, model, created          *fastjson.Value
	candidates, feedback, usage *fastjson.Value
	err, response               *fastjson.Value
}

func (r *geminiResponse) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "responseId":
			r.id = v
		case "modelVersion":
			r.model = v
		case "createTime":
			r.created = v
		case "candidates":
			r.candidates = v
		case "promptFeedback":
			r.feedback = v
		case "usageMetadata":
			r.usage = v
		case "error":
			r.err = v
		case "response": // Code Assist wraps the whole (G-11)
			r.response = v
		}
	})
}

func (r *geminiResponse) is() bool {
	return r.candidates != nil || r.feedback != nil || r.usage != nil
}

func readGemini(root *fastjson.Value) (r geminiResponse) {
	r.read(root)
	if !r.is() && r.response.GetObject() != nil {
		r.read(r.response)
	}
	return r
}

func detectGemini(s *step) bool {
	r := readGemini(s.root)
	return r.is()
}

// gemini decodes the streams of streamGenerateContent.
type gemini struct {
	// partial are the arguments that come in pieces, for each choice that has had
	// some (G-08).
	partial []partialArguments
}

func (g *gemini) reset() {
	clear(g.partial)
	g.partial = g.partial[:0]
}

func (g *gemini) decode(s *step) {
	r := readGemini(s.root)
	g.startGemini(s, &r)
	for position, v := range r.candidates.GetArray() {
		g.decodeCandidate(s, v, position)
	}
	if r.feedback != nil {
		if reason := s.word(member(r.feedback, "blockReason")); len(reason) > 0 {
			s.blockPrompt(reason)
		}
	}
	if r.usage != nil {
		g.addGeminiUsage(s, r.usage)
	}
	switch {
	case s.isError(r.err):
		s.addError(-1, r.err, s.root)
	case r.err != nil || !r.is():
		s.addErrorObject()
	}
}

// startGemini tells what the event says of the stream for the first time.
func (g *gemini) startGemini(s *step, r *geminiResponse) {
	t := &s.track.told
	if (t.id || r.id == nil) && (t.model || r.model == nil) && (t.created || r.created == nil) {
		return
	}
	start := xStart{ID: s.wordUnless(t.id, r.id), Model: s.wordUnless(t.model, r.model)}
	if !t.created {
		start.Created = s.seconds(r.created)
	}
	s.tellStart(start)
}

// seconds returns a time of RFC 3339 in Unix seconds, or 0.
func (s *step) seconds(v *fastjson.Value) int64 {
	if v == nil {
		return 0
	}
	t, err := time.Parse(time.RFC3339, string(s.word(v)))
	if err != nil {
		return 0
	}
	return t.Unix()
}

// blockPrompt tells that the prompt was blocked, so that no answer comes (G-04).
func (s *step) blockPrompt(reason []byte) {
	if s.blockReason != "" {
		return
	}
	s.blockReason = string(reason[:min(len(reason), maxNativeWord)])
	d := s.add(xKindFinish, -1)
	d.FinishReason, d.NativeFinishReason = xFinishContentFilter, reason
}

// candidate are the members of a candidate.
type candidate struct {
	index, content, finish, logprobs *fastjson.Value
	annotations                      [3]*fastjson.Value // by annotationNames
}

// annotationNames are the members of a candidate that say where the answer comes
// from.
var annotationNames = [...]string{"citationMetadata", "groundingMetadata", "urlContextMetadata"}

func (c *candidate) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "index":
			c.index = v
		case "content":
			c.content = v
		case "finishReason":
			c.finish = v
		case "logprobsResult":
			c.logprobs = v
		default:
			for i, name := range annotationNames {
				if string(key) == name {
					c.annotations[i] = v
				}
			}
		}
	})
}

func (g *gemini) decodeCandidate(s *step, v *fastjson.Value, position int) {
	if v.GetObject() == nil {
		return
	}
	var c candidate
	c.read(v)
	index := position // where there is none (G-14)
	if !isNull(c.index) {
		var ok bool
		if index, ok = s.index(c.index); !ok || index < 0 {
			s.malformed(-1, 0, len(s.data), fault.Reason("a candidate's index is none"))
			return
		}
	}
	t := s.track.choice(index, s.opt.MaxChoices)
	if t == nil {
		s.malformed(-1, 0, len(s.data), &fault.Limit{Limit: "MaxChoices", Max: s.opt.MaxChoices})
		return
	}
	g.decodeGeminiContent(s, t, c.content)
	g.addAnnotations(s, t, &c)
	if c.logprobs.GetObject() != nil {
		s.add(xKindLogprobs, t.index).Text = s.raw(c.logprobs)
	}
	g.finishGemini(s, t, s.word(c.finish))
}

// decodeGeminiContent adds the parts of a content, which may be missing, and so
// may its parts (G-05).
func (g *gemini) decodeGeminiContent(s *step, t *choiceTrack, content *fastjson.Value) {
	var role, parts *fastjson.Value
	content.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "role":
			role = v
		case "parts":
			parts = v
		}
	})
	if !t.role {
		word := s.word(role)
		if string(word) == "model" {
			word = roleAssistant
		}
		s.tellRole(t, word)
	}
	for _, part := range parts.GetArray() {
		g.decodeGeminiPart(s, t, part)
	}
}

var roleAssistant = []byte("assistant")

// geminiPart are the members of a part.
type geminiPart struct {
	text, thought, signature, call, blob, file *fastjson.Value
	tool                                       *fastjson.Value // of what a tool of Google's own does
}

func (p *geminiPart) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "text":
			p.text = v
		case "thought":
			p.thought = v
		case "thoughtSignature":
			p.signature = v
		case "functionCall":
			p.call = v
		case "inlineData":
			p.blob = v
		case "fileData":
			p.file = v
		case "executableCode", "codeExecutionResult", "toolCall", "toolResponse":
			p.tool = v
		}
	})
}

func (g *gemini) decodeGeminiPart(s *step, t *choiceTrack, v *fastjson.Value) {
	var p geminiPart
	p.read(v)
	if p.call.GetObject() != nil {
		g.decodeGeminiCall(s, t, p.call, p.signature)
		return
	}
	thought := p.thought.GetBool() // G-10
	kind, high := xKindContent, &t.high.content
	if thought {
		kind, high = xKindReasoning, &t.high.reasoning
	}
	text, _ := s.string(p.text, high)
	s.addTextOf("text", kind, t.index, text)
	switch {
	case p.tool.GetObject() != nil: // with its signature, if there is one (G-15)
		s.delivered = true
		s.add(xKindItem, t.index).Text = s.raw(v)
		return
	case p.blob.GetObject() != nil && bytes.HasPrefix(s.word(member(p.blob, "mimeType")), []byte("audio/")):
		s.addMedia(t, p.blob) // its data is a piece of a sound
	case p.blob.GetObject() != nil || p.file.GetObject() != nil:
		s.addMedia(t, v)
	}
	s.addThoughtSignature(t, p.signature, thought, text)
}

var typeThought, typeText = []byte("thought"), []byte("text")

// addThoughtSignature adds what must go back with a part in the next request
// (G-09), as a block of its own: signatures of several parts are never joined.
// That of a thought has the thought's text; that of an answer's part does not, or
// it would pass for reasoning.
func (s *step) addThoughtSignature(t *choiceTrack, v *fastjson.Value, thought bool, text []byte) {
	if v == nil {
		return
	}
	signature := s.word(v)
	if len(signature) == 0 {
		return
	}
	r := xReasoningDetail{Index: -1, Type: typeText, Signature: signature}
	if thought {
		r.Type, r.Text = typeThought, text
	}
	s.stateful = true
	s.details = append(s.details, r)
	s.add(xKindReasoning, t.index).Detail = &s.details[len(s.details)-1]
}

// addAnnotations adds where the answer comes from: an array with an object for
// each member that tells (G-15).
func (g *gemini) addAnnotations(s *step, t *choiceTrack, c *candidate) {
	var raw [len(annotationNames)][]byte
	any := false
	for i, v := range c.annotations {
		if o := v.GetObject(); o != nil && o.Len() > 0 {
			raw[i], any = s.raw(v), true
		}
	}
	if !any {
		return
	}
	at := len(s.text)
	for i, name := range annotationNames {
		if raw[i] == nil {
			continue
		}
		begin := `,{"`
		if len(s.text) == at {
			begin = `[{"`
		}
		s.text = append(append(append(append(append(s.text, begin...), name...), `":`...), raw[i]...), '}')
	}
	s.text = append(s.text, ']')
	s.add(xKindAnnotation, t.index).Text = s.text[at:len(s.text):len(s.text)]
}

// finishGemini takes the finish reason of a candidate, which several events may
// repeat.
func (g *gemini) finishGemini(s *step, t *choiceTrack, native []byte) {
	if string(native) == "FINISH_REASON_UNSPECIFIED" { // its word for none
		native = nil
	}
	if len(native) > 0 {
		g.endPartialCall(s, t)
	}
	s.addFinishOrCalls(t, native)
}

// addGeminiUsage adds counts, which are cumulative and in most events. What one
// lacks stays (G-02). Thoughts are not counted among the candidates' tokens (G-03),
// but cached content is among the prompt's.
func (g *gemini) addGeminiUsage(s *step, v *fastjson.Value) {
	if v.GetObject() == nil {
		return
	}
	raw := s.raw(v)
	var input, output, total, cached, reasoning *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "promptTokenCount":
			input = v
		case "candidatesTokenCount":
			output = v
		case "totalTokenCount":
			total = v
		case "cachedContentTokenCount":
			cached = v
		case "thoughtsTokenCount":
			reasoning = v
		}
	})
	var u xUsage
	s.count(&u, xUsageInput, &u.Input, input)
	s.count(&u, xUsageOutput, &u.Output, output)
	s.count(&u, xUsageTotal, &u.Total, total)
	s.count(&u, xUsageCached, &u.Cached, cached)
	s.count(&u, xUsageReasoning, &u.Reasoning, reasoning)
	s.addCountsOf(&geminiCounts, &u, raw)
}

// geminiCounts are those that grow while an answer comes.
var geminiCounts = growingUsage{
	names:    [usageCounts]string{"candidatesTokenCount", "totalTokenCount", "thoughtsTokenCount"},
	complete: completeGoogleUsage,
}

// completeGoogleUsage returns u with what both of Google's dialects mean by their
// counts: the cached tokens are part of the input, the reasoning is not part of the
// output.
func completeGoogleUsage(known *xUsage, u xUsage) xUsage {
	reported := u.Reported | known.Reported
	if reported&xUsageCached != 0 {
		u.CachedInInput = xTriYes
	}
	if reported&xUsageReasoning != 0 {
		u.ReasoningInOutput = xTriNo
	}
	return u
}
