package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

// Servers that continue a text, without messages or tools:
//
//	Hugging Face's Text Generation Inference, /generate_stream
//	    {"token":{"text":" a","special":false,…},"generated_text":null,"details":null}
//	llama.cpp's server, /completion
//	    {"content":" a","stop":false,"tokens_predicted":1,"tokens_evaluated":16,…}
//
// The last event of Text Generation Inference has the whole text, and the last event of
// llama.cpp has "stop":true. Both give the reason why the text ended. See
// https://huggingface.github.io/text-generation-inference/ and
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md.

// textGeneration decodes the streams of these servers.
type textGeneration struct {
	gaveText bool // text has come, so the whole text at the end adds nothing
}

func (g *textGeneration) Reset() { *g = textGeneration{} }

// textGenerationEvent holds the members of an event of either server.
type textGenerationEvent struct {
	token, whole, details            *fastjson.Value // of Text Generation Inference
	content, stop, index, model      *fastjson.Value // of llama.cpp, with those below
	stopType, eos, word, limit       *fastjson.Value
	stopping                         *fastjson.Value // the stop sequence
	predicted, evaluated, errorValue *fastjson.Value
}

func (e *textGenerationEvent) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "token":
			e.token = v
		case "generated_text":
			e.whole = v
		case "details":
			e.details = v
		case "content":
			e.content = v
		case "stop":
			e.stop = v
		case "index":
			e.index = v
		case "model":
			e.model = v
		case "stopping_word":
			e.stopping = v
		case "stop_type":
			e.stopType = v
		case "stopped_eos":
			e.eos = v
		case "stopped_word":
			e.word = v
		case "stopped_limit":
			e.limit = v
		case "tokens_predicted":
			e.predicted = v
		case "tokens_evaluated":
			e.evaluated = v
		case "error":
			e.errorValue = v
		}
	})
}

// isToken reports whether the event is one of Text Generation Inference, or its answer
// in place of a stream.
func (e *textGenerationEvent) isToken() bool {
	return decode.Member(e.token, "text") != nil || !decode.IsNull(e.whole)
}

// isContent reports whether the event is one of llama.cpp's server.
func (e *textGenerationEvent) isContent() bool {
	if e.content == nil || e.stop == nil {
		return false
	}
	typ := e.stop.Type()
	return typ == fastjson.TypeTrue || typ == fastjson.TypeFalse
}

func detectTextGeneration(s *decode.Context) bool {
	var e textGenerationEvent
	e.read(s.Root)
	return e.isToken() || e.isContent()
}

func (g *textGeneration) Decode(s *decode.Context) {
	var e textGenerationEvent
	e.read(s.Root)
	switch {
	case e.isToken():
		g.decodeToken(s, &e)
	case e.isContent():
		g.decodeContent(s, &e)
	default:
		s.AddErrorObject()
		return
	}
	if s.IsError(e.errorValue) {
		s.AddError(-1, e.errorValue, s.Root)
	}
}

// decodeToken adds the text of a token, unless the token is a special one that ends the
// text, such as "</s>".
func (g *textGeneration) decodeToken(s *decode.Context, e *textGenerationEvent) {
	t := s.Choice(0)
	if !decode.Member(e.token, "special").GetBool() {
		text, _ := s.Text(decode.Member(e.token, "text"), &t.Surrogates.Content)
		if s.AddTextOf("text", decode.KindContent, t.Index, text); len(text) > 0 {
			s.Source.Unread = isTokenNumber
		}
		g.gaveText = g.gaveText || len(text) > 0
	}
	if decode.IsNull(e.whole) {
		return
	}
	if !g.gaveText {
		s.AddText(decode.KindContent, t.Index, s.Word(e.whole))
	}
	if e.details.GetObject() != nil {
		raw := s.Raw(e.details)
		var u decode.Usage
		s.SetCount(&u, decode.UsageInput, &u.Input, decode.Member(e.details, "input_length"))
		s.SetCount(&u, decode.UsageOutput, &u.Output, decode.Member(e.details, "generated_tokens"))
		if u.Reported != 0 {
			s.AddUsage(&u, raw)
		}
		s.AddFinish(t, s.Word(decode.Member(e.details, "finish_reason")))
	}
	s.EndStream()
}

// isTokenNumber reports whether this member of a token event is a number that differs from
// one event to the next.
func isTokenNumber(name []byte) bool {
	switch string(name) {
	case "index", "id", "logprob":
		return true
	}
	return false
}

// decodeContent adds the next piece of the text. Each of several prompts has a choice of
// its own.
func (g *textGeneration) decodeContent(s *decode.Context, e *textGenerationEvent) {
	index, ok := s.Index(e.index)
	if !decode.IsNull(e.index) && (!ok || index < 0) {
		s.Malformed(-1, 0, len(s.Data), fault.Reason("a choice's index is none"))
		return
	}
	t := s.Choice(index)
	if t == nil {
		return
	}
	if !s.Announced.Model {
		s.EmitStart(decode.Start{Model: s.Word(e.model)})
	}
	s.Indexed = ok
	text, _ := s.Text(e.content, &t.Surrogates.Content)
	s.AddTextOf("content", decode.KindContent, t.Index, text)
	addContentUsage(s, e)
	if e.stop.GetBool() {
		s.StopSequence = s.Word(e.stopping)
		s.AddFinishAs(t, stopReason(s, e), stopWord(s, e))
	}
}

// stopWord returns the server's word for why the text ended. Older servers have a
// member for each reason.
func stopWord(s *decode.Context, e *textGenerationEvent) []byte {
	switch {
	case e.stopType != nil:
		return s.Word(e.stopType)
	case e.limit.GetBool():
		return wordLimit
	case e.word.GetBool():
		return wordWord
	case e.eos.GetBool():
		return wordEOS
	}
	return wordNone
}

var wordLimit, wordWord, wordEOS, wordNone = []byte("limit"), []byte("word"), []byte("eos"), []byte("none")

func stopReason(s *decode.Context, e *textGenerationEvent) decode.FinishReason {
	switch string(stopWord(s, e)) {
	case "limit":
		return decode.FinishLength
	case "word", "eos":
		return decode.FinishStop
	}
	return decode.FinishUnknown
}

// addContentUsage adds the counts so far. The event has no usage object, so the raw usage
// is made from the counts.
func addContentUsage(s *decode.Context, e *textGenerationEvent) {
	var u decode.Usage
	s.SetCount(&u, decode.UsageInput, &u.Input, e.evaluated)
	s.SetCount(&u, decode.UsageOutput, &u.Output, e.predicted)
	if u.Reported == 0 {
		return
	}
	raw := appendCounts(s, [...]rawCount{{"tokens_predicted", e.predicted}, {"tokens_evaluated", e.evaluated}})
	s.AddGrowingUsage(&contentCounts, &u, raw)
}

// contentCounts are the counts that grow during an answer.
var contentCounts = decode.GrowingUsage{
	Names:    [decode.UsageCounts]string{"tokens_predicted"},
	Complete: func(_ *decode.Usage, u decode.Usage) decode.Usage { return u },
}

// rawCount is a member that holds a count.
type rawCount struct {
	name string
	v    *fastjson.Value
}

// appendCounts returns a JSON object with each of the two members that holds a count.
func appendCounts(s *decode.Context, counts [2]rawCount) []byte {
	_, first := s.Int(counts[0].v) // which uses s.Buf
	_, second := s.Int(counts[1].v)
	at := len(s.Buf)
	begin := byte('{')
	for i, there := range [...]bool{first, second} {
		if there {
			s.Buf = append(append(append(s.Buf, begin, '"'), counts[i].name...), '"', ':')
			s.Buf = counts[i].v.MarshalTo(s.Buf)
			begin = ','
		}
	}
	s.Buf = append(s.Buf, '}')
	return s.Since(at)
}
