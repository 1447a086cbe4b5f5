package dialect

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// modelEvent holds the members in which models without a dialect of their own answer over
// InvokeModel:
//
//	Amazon Titan      {"outputText", "completionReason"}
//	Meta Llama        {"generation", "stop_reason"}
//	Anthropic, legacy {"completion", "stop_reason"}
//	Cohere Command    {"text", "finish_reason"}, {"generations": [{"text", "finish_reason"}]}
//	Mistral           {"outputs": [{"text", "stop_reason"}]}
//	Mistral, DeepSeek {"choices": [{"message" or "text", "stop_reason"}]}
//
// Amazon Nova sends the events of Converse. The names do not contradict each other, so
// the model need not be known.
type modelEvent struct {
	text, finish  *fastjson.Value
	list, choices *fastjson.Value
}

func (m *modelEvent) read(s *decode.Context) {
	s.Root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "outputText", "generation", "completion", "text":
			m.text = v
		case "completionReason", "stop_reason", "finish_reason":
			m.finish = v
		case "outputs", "generations":
			m.list = v
		case "choices":
			m.choices = v
		}
	})
}

// stopsOtherwise reports whether the choices end with stop_reason, where OpenAI's have
// finish_reason.
func (m *modelEvent) stopsOtherwise() bool {
	choices := m.choices.GetArray()
	return len(choices) > 0 && decode.Member(choices[0], "stop_reason") != nil && decode.Member(choices[0], "finish_reason") == nil
}

// hasAnswer reports whether the event is part of an answer.
func (m *modelEvent) hasAnswer() bool { return m.text != nil || m.list != nil || m.choices != nil }

func decodeModel(s *decode.Context, h *chat) {
	var m modelEvent
	if m.read(s); !m.hasAnswer() {
		return
	}
	if m.text != nil {
		decodeModelText(s, 0, m.text, m.finish)
	}
	for position, v := range m.list.GetArray() {
		var one modelChoice
		if one.read(v); one.text != nil {
			if index, ok := s.Index(one.index); ok && index >= 0 {
				position = index
			}
			decodeModelText(s, position, one.text, one.finish)
		}
	}
	if m.choices != nil { // the members around the choices are OpenAI's
		var c chatChunk
		c.read(s.Root)
		s.AnnounceStream(c.info())
		if c.usage.GetObject() != nil {
			h.addChatUsage(s, c.usage, nil, nil)
		}
	}
	for position, v := range m.choices.GetArray() {
		if v.GetObject() == nil {
			continue
		}
		decodeChatChoice(s, v, position)
		var one modelChoice
		one.read(v)
		if !decode.IsNull(one.index) {
			var ok bool
			if position, ok = s.Index(one.index); !ok || position < 0 {
				continue // decodeChatChoice has reported the index
			}
		}
		if t := s.FindChoice(position); t != nil {
			s.AddFinish(t, s.Word(one.finish))
		}
	}
}

// modelChoice holds the members of an element of a list.
type modelChoice struct{ index, text, finish *fastjson.Value }

func (c *modelChoice) read(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "index":
			c.index = v
		case "text":
			c.text = v
		case "stop_reason", "finish_reason":
			c.finish = v
		}
	})
}

func decodeModelText(s *decode.Context, choice int, text, finish *fastjson.Value) {
	t := s.Choice(choice)
	if t == nil {
		return
	}
	piece, _ := s.Text(text, &t.Surrogates.Content)
	s.AddText(decode.KindContent, t.Index, piece)
	s.AddFinish(t, s.Word(finish))
}
