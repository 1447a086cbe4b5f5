package llmstream

import (
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/valyala/fastjson"
)

// modelEvent are the members by which models that have no dialect of their own
// give their answers over InvokeModel:
//
//	Amazon Titan      {"outputText", "completionReason"}
//	Meta Llama        {"generation", "stop_reason"}
//	Anthropic, legacy {"completion", "stop_reason"}
//	Cohere Command    {"text", "finish_reason"}, {"generations": [{"text", "finish_reason"}]}
//	Mistral           {"outputs": [{"text", "stop_reason"}]}
//	Mistral, DeepSeek {"choices": [{"message" or "text", "stop_reason"}]}
//
// Amazon Nova's are the events of Converse. The names do not contradict each
// other, so that it need not be known whose they are.
type modelEvent struct {
	text, finish  *fastjson.Value
	list, choices *fastjson.Value
}

func (m *modelEvent) read(s *step) {
	s.root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
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

// stopsOtherwise tells whether choices name their end as OpenAI's do not.
func (m *modelEvent) stopsOtherwise() bool {
	choices := m.choices.GetArray()
	return len(choices) > 0 && member(choices[0], "stop_reason") != nil && member(choices[0], "finish_reason") == nil
}

// speaks tells whether the event is a part of an answer.
func (m *modelEvent) speaks() bool { return m.text != nil || m.list != nil || m.choices != nil }

func (s *step) decodeModel(h *chat) {
	var m modelEvent
	if m.read(s); !m.speaks() {
		return
	}
	if m.text != nil {
		s.decodeModelText(0, m.text, m.finish)
	}
	for position, v := range m.list.GetArray() {
		var one modelChoice
		if one.read(v); one.text != nil {
			if index, ok := s.index(one.index); ok && index >= 0 {
				position = index
			}
			s.decodeModelText(position, one.text, one.finish)
		}
	}
	if m.choices != nil { // what surrounds them is as OpenAI's is
		var c chatChunk
		c.read(s.root)
		s.startChat(&c)
		if c.usage.GetObject() != nil {
			h.addChatUsage(s, c.usage, nil, nil)
		}
	}
	for position, v := range m.choices.GetArray() {
		if v.GetObject() == nil {
			continue
		}
		s.decodeChatChoice(v, position)
		var one modelChoice
		one.read(v)
		if !isNull(one.index) {
			var ok bool
			if position, ok = s.index(one.index); !ok || position < 0 {
				continue // which was told
			}
		}
		if t := s.track.choice(position, s.opt.MaxChoices); t != nil {
			s.addFinish(t, s.word(one.finish))
		}
	}
}

// modelChoice are the members of an element of a list.
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

func (s *step) decodeModelText(choice int, text, finish *fastjson.Value) {
	t := s.track.choice(choice, s.opt.MaxChoices)
	if t == nil {
		s.malformed(-1, 0, len(s.data), &fault.Limit{Limit: "MaxChoices", Max: s.opt.MaxChoices})
		return
	}
	piece, _ := s.string(text, &t.high.content)
	s.addText(xKindContent, t.index, piece)
	s.addFinish(t, s.word(finish))
}
