package main

import (
	"bytes"
	"fmt"

	"github.com/valyala/fastjson"
)

// fastjsonLoop is the leanest loop that still parses all of each event, and the
// one that this library is measured against first, which uses fastjson too. It
// keeps the text of all choices in one slice and of the rest it only looks
// whether it is there.
type fastjsonLoop struct {
	parser fastjson.Parser
	buf    []byte // for lines
	src    bytes.Reader
	text   []byte
	seen   int // what was looked up; it keeps that from being optimised away
}

func (l *fastjsonLoop) read(f *feed) {
	l.text = l.text[:0]
	eachData(f, l.buf, l.event)
}

func (l *fastjsonLoop) write(piece []byte) {
	l.src.Reset(piece)
	eachData(&l.src, l.buf, l.event)
}

func (l *fastjsonLoop) event(data []byte) {
	v, err := l.parser.ParseBytes(data)
	if err != nil {
		return
	}
	for _, choice := range v.GetArray("choices") {
		delta := choice.Get("delta")
		l.text = append(l.text, delta.GetStringBytes("content")...)
		l.text = append(l.text, delta.GetStringBytes("reasoning_content")...)
		if delta.Get("tool_calls") != nil {
			l.seen++
		}
		if choice.Get("finish_reason") != nil {
			l.seen++
		}
	}
	if v.Get("usage") != nil {
		l.seen++
	}
}

func (l *fastjsonLoop) verify(s *stream) error {
	if !bytes.Equal(l.text, s.text) {
		return fmt.Errorf("text: %w", differ(l.text, s.text))
	}
	return nil
}
