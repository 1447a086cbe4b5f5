package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"

	"github.com/bytedance/sonic"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/seed-4d65deac/llmstream"
	"github.com/tidwall/gjson"
)

// The loops are what gateways write by hand: find lines, cut off "data:", stop at
// [DONE], parse the JSON, append the text. They handle no quirks of servers and do not
// check how a stream ended.
func loops() []contender {
	unmarshalled := func(unmarshal func([]byte, any) error) func(llmstream.Dialect) reader {
		return chatOnly(func() reader { return newLineLoop(unmarshalEvent(unmarshal)) })
	}
	return []contender{
		{fastjsonName, "bufio.Scanner, or a loop over frames, and valyala/fastjson; keeps no tool calls", newFastjsonReader},
		{"gjson", "bufio.Scanner and tidwall/gjson, by path", chatOnly(func() reader { return newLineLoop(gjsonEvent) })},
		{"jx", "bufio.Scanner and go-faster/jx, member by member", chatOnly(newJXReader)},
		{"sonic", "bufio.Scanner and bytedance/sonic into a struct", unmarshalled(sonic.Unmarshal)},
		{"sonic-get", "bufio.Scanner and bytedance/sonic, Get by path", chatOnly(func() reader { return newLineLoop(sonicGetEvent) })},
		{"go-json-experiment", "bufio.Scanner and go-json-experiment/json into a struct", unmarshalled(unmarshalV2)},
		{encodingJSON, "bufio.Scanner and encoding/json into a struct", unmarshalled(json.Unmarshal)},
	}
}

const (
	scanBuffer = 64 << 10
	maxLine    = 32 << 20
)

// newScanner returns a scanner of lines that uses the caller's buffer at first.
func newScanner(r io.Reader, buf []byte) *bufio.Scanner {
	lines := bufio.NewScanner(r)
	lines.Buffer(buf, maxLine)
	return lines
}

// eachData calls f for the data of each event up to the end marker.
func eachData(r io.Reader, buf []byte, f func(data []byte)) {
	for lines := newScanner(r, buf); lines.Scan(); {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:"))
		if !ok {
			continue
		}
		data = bytes.TrimSpace(data)
		if string(data) == "[DONE]" {
			return
		}
		f(data)
	}
}

// A lineLoop keeps everything that answers are compared by.
type lineLoop struct {
	event func(data []byte, to *answer)
	buf   []byte
	found answer
}

func newLineLoop(event func([]byte, *answer)) *lineLoop {
	return &lineLoop{event: event, buf: make([]byte, scanBuffer)}
}

func (l *lineLoop) read(f *feed) {
	l.found.reset()
	eachData(f, l.buf, func(data []byte) { l.event(data, &l.found) })
}

func (l *lineLoop) verify(s *stream) error { return compare(&l.found, s.want, allParts) }

// unmarshalEvent returns an event function that decodes the whole chunk into a new
// struct.
func unmarshalEvent(unmarshal func([]byte, any) error) func([]byte, *answer) {
	return func(data []byte, to *answer) {
		var c chunk
		if unmarshal(data, &c) == nil {
			c.addTo(to)
		}
	}
}

func unmarshalV2(data []byte, to any) error { return jsonv2.Unmarshal(data, to) }

func gjsonEvent(data []byte, to *answer) {
	root := gjson.ParseBytes(data)
	root.Get("choices").ForEach(func(_, from gjson.Result) bool {
		c := to.choice(int(from.Get("index").Int()))
		if c == nil {
			return true
		}
		c.content = append(c.content, from.Get("delta.content").String()...)
		c.reasoning = append(c.reasoning, from.Get("delta.reasoning_content").String()...)
		from.Get("delta.tool_calls").ForEach(func(_, t gjson.Result) bool {
			c.addCall(int(t.Get("index").Int()), t.Get("function.name").String(), t.Get("function.arguments").String())
			return true
		})
		if finish := from.Get("finish_reason").String(); finish != "" {
			c.finish = finish
		}
		return true
	})
	if u := root.Get("usage"); u.IsObject() {
		to.usage = usage{u.Get("prompt_tokens").Int(), u.Get("completion_tokens").Int(), u.Get("total_tokens").Int()}
	}
}
