package main

import (
	"bytes"
	"fmt"
	"io"

	"github.com/seed-4d65deac/llmstream"
	"github.com/valyala/fastjson"
)

// fastjsonLoop is the leanest loop that still parses each event in full. It is the main
// rival of this library, which uses fastjson too. It appends the text of all choices to
// one slice, and only checks whether the other members are there.
type fastjsonLoop struct {
	parser fastjson.Parser
	buf    []byte // for lines
	src    bytes.Reader
	text   []byte
	seen   int // counts members that were found, so that no lookup is optimised away

	each func(r io.Reader, buf []byte, f func(data []byte)) // finds the events
	fold func(l *fastjsonLoop, v *fastjson.Value)
}

// newFastjsonLoop returns a loop for chat completions.
func newFastjsonLoop(buf []byte) *fastjsonLoop {
	return &fastjsonLoop{buf: buf, each: eachData, fold: (*fastjsonLoop).foldChat}
}

func newFastjsonReader(d llmstream.Dialect) reader {
	l := newFastjsonLoop(make([]byte, scanBuffer))
	switch d {
	case llmstream.OpenAIChat:
	case llmstream.OpenAIResponses:
		l.fold = (*fastjsonLoop).foldResponses
	case llmstream.AnthropicMessages:
		l.fold = (*fastjsonLoop).foldAnthropic
	case llmstream.Gemini:
		l.fold = (*fastjsonLoop).foldGemini
	case llmstream.GeminiInteractions:
		l.fold = (*fastjsonLoop).foldInteractions
	case llmstream.Cohere:
		l.each, l.fold = eachLine, (*fastjsonLoop).foldCohere
	case llmstream.Ollama:
		l.each, l.fold = eachLine, (*fastjsonLoop).foldOllama
	case llmstream.Bedrock:
		return &frameLoop{fastjsonLoop: l}
	default:
		return nil
	}
	return l
}

func (l *fastjsonLoop) read(f *feed) {
	l.text = l.text[:0]
	l.each(f, l.buf, l.event)
}

func (l *fastjsonLoop) write(piece []byte) {
	l.src.Reset(piece)
	l.each(&l.src, l.buf, l.event)
}

func (l *fastjsonLoop) event(data []byte) {
	v, err := l.parser.ParseBytes(data)
	if err != nil {
		return
	}
	l.fold(l, v)
}

// add appends a string to the text.
func (l *fastjsonLoop) add(v *fastjson.Value, keys ...string) {
	l.text = append(l.text, v.GetStringBytes(keys...)...)
}

// look checks whether a member is there.
func (l *fastjsonLoop) look(v *fastjson.Value, keys ...string) {
	if v.Get(keys...) != nil {
		l.seen++
	}
}

func (l *fastjsonLoop) foldChat(v *fastjson.Value) {
	for _, choice := range v.GetArray("choices") {
		delta := choice.Get("delta")
		l.add(delta, "content")
		l.add(delta, "reasoning_content")
		l.look(delta, "tool_calls")
		l.look(choice, "finish_reason")
	}
	l.look(v, "usage")
}

func (l *fastjsonLoop) verify(s *stream) error {
	if !bytes.Equal(l.text, s.text) {
		return fmt.Errorf("text: %w", differ(l.text, s.text))
	}
	return nil
}
