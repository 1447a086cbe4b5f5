package dialect

import (
	"bytes"
	"time"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

// Google's streamGenerateContent, in the Gemini API, in Vertex AI and in Code Assist:
// https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent.
// An event is a GenerateContentResponse. Its candidates have new parts, and its counts
// are cumulative. There is no end marker; the finish reasons are the end.

// geminiResponse holds the members of an event.
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

func (r *geminiResponse) isResponse() bool {
	return r.candidates != nil || r.feedback != nil || r.usage != nil
}

func readGemini(root *fastjson.Value) (r geminiResponse) {
	r.read(root)
	if !r.isResponse() && r.response.GetObject() != nil {
		r.read(r.response)
	}
	return r
}

func detectGemini(s *decode.Context) bool {
	r := readGemini(s.Root)
	return r.isResponse()
}

// gemini decodes the streams of streamGenerateContent.
type gemini struct {
	// partial holds the arguments that come in pieces, for each choice that has had some
	// (G-08).
	partial []partialArguments
}

func (g *gemini) Reset() {
	clear(g.partial)
	g.partial = g.partial[:0]
}

func (g *gemini) Decode(s *decode.Context) {
	r := readGemini(s.Root)
	g.startGemini(s, &r)
	for position, v := range r.candidates.GetArray() {
		g.decodeCandidate(s, v, position)
	}
	if r.feedback != nil {
		blockPrompt(s, enumWord(s, decode.Member(r.feedback, "blockReason")))
	}
	if s.BlockReason != "" && len(s.Choices) > 0 { // an answer begins after all (G-19)
		s.BlockReason = ""
	}
	if r.usage != nil {
		g.addGeminiUsage(s, r.usage)
	}
	switch {
	case s.IsError(r.err):
		s.AddError(-1, r.err, s.Root)
	case r.err != nil || !r.isResponse():
		s.AddErrorObject()
	}
}

// startGemini gives the id, the model and the time of the stream when an event first has
// them.
func (g *gemini) startGemini(s *decode.Context, r *geminiResponse) {
	t := &s.Stream.Announced
	if (t.ID || r.id == nil) && (t.Model || r.model == nil) && (t.Created || r.created == nil) {
		return
	}
	start := decode.Start{ID: s.WordIfUnknown(t.ID, r.id), Model: s.WordIfUnknown(t.Model, r.model)}
	if !t.Created {
		start.Created = seconds(s, r.created)
	}
	s.EmitStart(start)
}

// seconds returns a time of RFC 3339 in Unix seconds, or 0.
func seconds(s *decode.Context, v *fastjson.Value) int64 {
	if v == nil {
		return 0
	}
	t, err := time.Parse(time.RFC3339, string(s.Word(v)))
	if err != nil {
		return 0
	}
	return t.Unix()
}

// blockPrompt notes why the prompt was blocked, so that no answer comes (G-04). A block
// does not count if an answer has begun, or if its reason is the enum's zero value
// (G-19).
func blockPrompt(s *decode.Context, reason []byte) {
	if len(reason) == 0 || string(reason) == "BLOCK_REASON_UNSPECIFIED" || s.BlockReason != "" || len(s.Choices) > 0 {
		return
	}
	s.BlockReason = string(reason[:min(len(reason), decode.MaxNativeWord)])
	d := s.Add(decode.KindBlocked, -1)
	d.FinishReason, d.NativeFinishReason = decode.FinishContentFilter, reason
}

// enumWord returns the word of an enum. In answers to requests with enum-encoding=int an
// enum is a number (G-18). The number zero is not a word.
func enumWord(s *decode.Context, v *fastjson.Value) []byte {
	if v == nil {
		return nil
	}
	if s.IsNumber(v) {
		if raw := s.Raw(v); string(raw) != "0" {
			return raw
		}
		return nil
	}
	return s.Word(v)
}

// candidate holds the members of a candidate.
type candidate struct {
	index, content, finish, logprobs *fastjson.Value
	continuation                     *fastjson.Value
	annotations                      [3]*fastjson.Value // by annotationNames
}

// annotationNames are the members of a candidate that name the sources of the answer.
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
		case "continuationToken":
			c.continuation = v
		default:
			for i, name := range annotationNames {
				if string(key) == name {
					c.annotations[i] = v
				}
			}
		}
	})
}

func (g *gemini) decodeCandidate(s *decode.Context, v *fastjson.Value, position int) {
	if v.GetObject() == nil {
		return
	}
	var c candidate
	c.read(v)
	index := position // if the candidate has no index (G-14)
	if !decode.IsNull(c.index) {
		var ok bool
		if index, ok = s.Index(c.index); !ok || index < 0 {
			s.Malformed(-1, 0, len(s.Data), fault.Reason("a candidate's index is none"))
			return
		}
	}
	t := s.Choice(index)
	if t == nil {
		return
	}
	g.decodeGeminiContent(s, t, c.content)
	g.addAnnotations(s, t, &c)
	if c.logprobs.GetObject() != nil {
		s.Add(decode.KindLogprobs, t.Index).Text = s.Raw(c.logprobs)
	}
	addContinuation(s, t, "continuationToken", c.continuation)
	g.finishGemini(s, t, enumWord(s, c.finish))
}

// decodeGeminiContent adds the parts of a content. The content may be missing, and so may
// its parts (G-05).
func (g *gemini) decodeGeminiContent(s *decode.Context, t *decode.Choice, content *fastjson.Value) {
	var role, parts *fastjson.Value
	content.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "role":
			role = v
		case "parts":
			parts = v
		}
	})
	if !t.RoleKnown {
		word := s.Word(role)
		if string(word) == "model" {
			word = roleAssistant
		}
		s.EmitRole(t, word)
	}
	for _, part := range parts.GetArray() {
		g.decodeGeminiPart(s, t, part)
	}
}

var roleAssistant = []byte("assistant")

// geminiPart holds the members of a part.
type geminiPart struct {
	text, thought, signature, call, blob, file *fastjson.Value
	tool                                       *fastjson.Value // a call or a result of one of Google's own tools
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

func (g *gemini) decodeGeminiPart(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	var p geminiPart
	p.read(v)
	if p.call.GetObject() != nil {
		g.decodeGeminiCall(s, t, p.call, p.signature)
		return
	}
	thought := p.thought.GetBool() // G-10
	kind, high := decode.KindContent, &t.Surrogates.Content
	if thought {
		kind, high = decode.KindReasoning, &t.Surrogates.Reasoning
	}
	text, _ := s.Text(p.text, high)
	s.AddTextOf("text", kind, t.Index, text)
	switch {
	case p.tool.GetObject() != nil: // with its signature, if there is one (G-15)
		s.Delivered = true
		s.Add(decode.KindItem, t.Index).Text = s.Raw(v)
		return
	case p.blob.GetObject() != nil && bytes.HasPrefix(s.Word(decode.Member(p.blob, "mimeType")), []byte("audio/")):
		s.AddMedia(t, p.blob) // the data is a piece of audio
	case p.blob.GetObject() != nil || p.file.GetObject() != nil:
		s.AddMedia(t, v)
	}
	addThoughtSignature(s, t, p.signature, thought, text)
}

var typeThought, typeText = []byte("thought"), []byte("text")

// addThoughtSignature adds the signature that must go back with a part in the next
// request (G-09). It becomes a detail of its own, since signatures of several parts are
// never joined. The signature of a thought gets the thought's text. The signature of a
// part of the answer gets no text, since that would pass for reasoning.
func addThoughtSignature(s *decode.Context, t *decode.Choice, v *fastjson.Value, thought bool, text []byte) {
	if v == nil {
		return
	}
	signature := s.Word(v)
	if len(signature) == 0 {
		return
	}
	r := decode.ReasoningDetail{Index: -1, Type: typeText, Signature: signature}
	if thought {
		r.Type, r.Text = typeThought, text
	}
	s.Contextual = true
	s.AddDetail(t.Index, r)
}

// addAnnotations adds the sources of the answer: an object for each member that the
// candidate has (G-15).
func (g *gemini) addAnnotations(s *decode.Context, t *decode.Choice, c *candidate) {
	for i, v := range c.annotations {
		if o := v.GetObject(); o != nil && o.Len() > 0 {
			s.AddAnnotation(t, s.Wrap(`{"`+annotationNames[i]+`":`, v, "}"))
		}
	}
}

// addContinuation gives the token with which a request continues the answer, as an item
// (G-20).
func addContinuation(s *decode.Context, t *decode.Choice, name string, v *fastjson.Value) {
	if len(s.Word(v)) > 0 {
		s.Add(decode.KindItem, t.Index).Text = s.Wrap(`{"`+name+`":`, v, "}")
	}
}

// finishGemini adds the finish reason of a candidate, which several events may repeat.
func (g *gemini) finishGemini(s *decode.Context, t *decode.Choice, native []byte) {
	if string(native) == "FINISH_REASON_UNSPECIFIED" { // the enum's zero value
		native = nil
	}
	if len(native) > 0 {
		g.endPartialCall(s, t)
	}
	if reason := geminiFinish(t, native); reason != decode.FinishNone {
		s.AddFinishAs(t, reason, native)
	} else {
		s.AddFinishOrCalls(t, native)
	}
}

// geminiFinish returns the meaning of the reasons that only Gemini has: numbers (G-18)
// and the request for a continuation (G-20). It returns FinishNone for any other reason.
func geminiFinish(t *decode.Choice, native []byte) decode.FinishReason {
	switch string(native) {
	case "":
		return decode.FinishNone
	case "1":
		return stopOrCalls(t)
	case "2", "CONTINUATION":
		return decode.FinishLength
	case "3", "4":
		return decode.FinishContentFilter
	}
	if '0' <= native[0] && native[0] <= '9' {
		return decode.FinishUnknown
	}
	return decode.FinishNone
}

// addGeminiUsage adds the counts of an event, which are cumulative. A count that the
// event lacks keeps its value (G-02). The candidates' tokens exclude the thoughts (G-03),
// but the prompt's tokens include the cached content.
func (g *gemini) addGeminiUsage(s *decode.Context, v *fastjson.Value) {
	if v.GetObject() == nil {
		return
	}
	raw := s.Raw(v)
	u := s.ReadCounts(v, "promptTokenCount candidatesTokenCount totalTokenCount cachedContentTokenCount thoughtsTokenCount")
	s.AddGrowingUsage(&geminiCounts, &u, raw)
}

// geminiCounts are the counts that grow during an answer.
var geminiCounts = decode.GrowingUsage{
	Names:    [decode.UsageCounts]string{"candidatesTokenCount", "totalTokenCount", "thoughtsTokenCount"},
	Complete: completeGoogleUsage,
}

// completeGoogleUsage returns u with the meaning of the counts in both of Google's
// dialects: the input includes the cached tokens, and the output excludes the reasoning.
func completeGoogleUsage(known *decode.Usage, u decode.Usage) decode.Usage {
	reported := u.Reported | known.Reported
	if reported&decode.UsageCached != 0 {
		u.CachedInInput = decode.TriYes
	}
	if reported&decode.UsageReasoning != 0 {
		u.ReasoningInOutput = decode.TriNo
	}
	return u
}
