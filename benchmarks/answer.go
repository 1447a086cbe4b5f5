package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// An answer is the content of a stream that contenders have to find. reset keeps its
// buffers, as a loop over many streams would.
type answer struct {
	choices []choice // by index
	usage   usage
	// rewritten: arguments are compared as JSON, because some providers write them as a
	// value and not as text.
	rewritten bool
	untold    parts // not known, and not compared
}

type choice struct {
	content, reasoning []byte
	finish             string
	calls              []call // by index
}

type call struct {
	name      string
	arguments []byte
}

// usage holds the numbers of tokens that every provider reports.
type usage struct{ input, output, total int64 }

// parts is a set of parts of an answer. Not every contender keeps all of them.
type parts uint8

const (
	partContent parts = 1 << iota
	partReasoning
	partCalls
	partFinish
	partUsage

	allParts = partUsage<<1 - 1
)

// maxIndex bounds how far an index in a stream can grow an answer.
const maxIndex = 128

func (a *answer) reset() {
	a.choices = a.choices[:0]
	a.usage = usage{}
}

// choice returns the choice with this index, or nil if the index is out of range.
func (a *answer) choice(index int) *choice {
	if index < 0 || index >= maxIndex {
		return nil
	}
	for len(a.choices) <= index {
		if n := len(a.choices); n < cap(a.choices) { // reuse the buffers of an earlier stream
			a.choices = a.choices[:n+1]
			c := &a.choices[n]
			*c = choice{content: c.content[:0], reasoning: c.reasoning[:0], calls: c.calls[:0]}
		} else {
			a.choices = append(a.choices, choice{})
		}
	}
	return &a.choices[index]
}

// addCall adds a fragment of a tool call.
func (c *choice) addCall(index int, name, arguments string) {
	if index < 0 || index >= maxIndex {
		return
	}
	for len(c.calls) <= index {
		if n := len(c.calls); n < cap(c.calls) {
			c.calls = c.calls[:n+1]
			c.calls[n] = call{arguments: c.calls[n].arguments[:0]}
		} else {
			c.calls = append(c.calls, call{})
		}
	}
	if name != "" {
		c.calls[index].name = name
	}
	c.calls[index].arguments = append(c.calls[index].arguments, arguments...)
}

// compare returns the first difference in the given parts. An empty choice equals a
// missing one.
func compare(got, want *answer, p parts) error {
	p &^= want.untold
	if p&partUsage != 0 && got.usage != want.usage {
		return fmt.Errorf("usage is %+v, not %+v", got.usage, want.usage)
	}
	for i := range max(len(got.choices), len(want.choices)) {
		var g, w choice
		if i < len(got.choices) {
			g = got.choices[i]
		}
		if i < len(want.choices) {
			w = want.choices[i]
		}
		if err := g.compare(&w, p, want.rewritten); err != nil {
			return fmt.Errorf("choice %d: %w", i, err)
		}
	}
	return nil
}

func (c *choice) compare(want *choice, p parts, rewritten bool) error {
	switch {
	case p&partContent != 0 && !bytes.Equal(c.content, want.content):
		return fmt.Errorf("content: %w", differ(c.content, want.content))
	case p&partReasoning != 0 && !bytes.Equal(c.reasoning, want.reasoning):
		return fmt.Errorf("reasoning: %w", differ(c.reasoning, want.reasoning))
	case p&partFinish != 0 && c.finish != want.finish:
		return fmt.Errorf("finish reason is %q, not %q", c.finish, want.finish)
	}
	if p&partCalls == 0 {
		return nil
	}
	if len(c.calls) != len(want.calls) {
		return fmt.Errorf("%d tool calls, not %d", len(c.calls), len(want.calls))
	}
	for i, w := range want.calls {
		if g := c.calls[i]; g.name != w.name {
			return fmt.Errorf("tool %d is %q, not %q", i, g.name, w.name)
		} else if !bytes.Equal(g.arguments, w.arguments) && !(rewritten && sameJSON(g.arguments, w.arguments)) {
			return fmt.Errorf("arguments of tool %d: %w", i, differ(g.arguments, w.arguments))
		}
	}
	return nil
}

// sameJSON reports whether two texts are the same JSON value. An empty text stands for {}.
func sameJSON(a, b []byte) bool {
	var values [2]any
	for i, text := range [...][]byte{a, b} {
		if len(text) == 0 {
			text = []byte("{}")
		}
		if json.Unmarshal(text, &values[i]) != nil {
			return false
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}

// differ describes where two texts differ, without quoting them.
func differ(got, want []byte) error {
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	return fmt.Errorf("%d bytes, not %d; they differ at %d", len(got), len(want), at)
}
