package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"

	"github.com/seed-4d65deac/llmstream"
)

var showCommand = command{
	name: "show", arguments: "FILE…", summary: "for people: the answer as it streams, and a table of how it ended",
	help: `Show prints the answer as it arrives: reasoning (dimmed on a terminal), text,
refusals and tool calls. If there are several choices, the first is printed as it
arrives and the others after it. A table at the end shows how the stream ended,
what it cost and what was unusual about it.

Characters that a terminal would obey or that would reorder the text are printed
as escapes. NO_COLOR and TERM=dumb turn dimming off.`,
	flags: func(s *invocation, flags *flag.FlagSet) {
		dialectFlag(s, flags)
		readFlag(s, flags)
		flags.BoolVar(&s.color, "color", s.color, "dim reasoning; the default is true on a terminal")
	},
	do: show,
}

func show(s *invocation, one stream) error {
	if s.shown {
		s.stdout.WriteByte('\n')
	}
	s.shown = true
	var answer llmstream.Accumulator
	p := page{out: s.stdout, color: s.color}
	outcome, err := s.parse(one, llmstream.Handlers(&answer, &p))
	completion := answer.Completion()
	for i := range completion.Choices {
		p.showLate(&completion.Choices[i])
	}
	p.end()
	if completion.Dropped > 0 {
		s.worsen(statusFlawed)
	}
	writeTable(s.stdout, one.source, completion, &outcome)
	return err
}

// A page is an answer for people: sections with an empty line between them. It prints
// one choice as it arrives; several that alternate would be unreadable.
type page struct {
	out     *bufio.Writer // keeps its first error for the next Flush
	color   bool
	begun   bool   // live is set
	live    int    // the choice that is printed as it arrives: the first that began
	section string // the section that is being printed, or "" before the first
}

// HandleDelta prints d if it belongs to the live choice.
func (p *page) HandleDelta(d *llmstream.Delta) error {
	if d.Choice < 0 {
		return nil
	}
	if !p.begun {
		p.begun, p.live = true, d.Choice
	}
	if d.Choice == p.live {
		p.show(d)
	}
	return nil
}

func (p *page) show(d *llmstream.Delta) {
	switch d.Kind {
	case llmstream.KindContent:
		p.write("content", "", d.Text)
	case llmstream.KindReasoning:
		p.write("reasoning", "[reasoning] ", d.Text)
	case llmstream.KindRefusal:
		p.write("refusal", "[refusal] ", d.Text)
	case llmstream.KindToolCall:
		section := fmt.Sprintf("tool call %d", d.ToolCall.Index)
		if len(d.ToolCall.Name) > 0 {
			p.write(section, "["+section+"] ", append(bytes.Clone(d.ToolCall.Name), ' '))
		}
		p.write(section, "["+section+"] ", d.ToolCall.Arguments)
	}
}

// showLate prints a choice that was not live.
func (p *page) showLate(c *llmstream.Choice) {
	if !p.begun || c.Index == p.live {
		return
	}
	p.begin(fmt.Sprintf("choice %d", c.Index))
	p.out.WriteString("[" + p.section + "]")
	m := &c.Message
	p.show(&llmstream.Delta{Kind: llmstream.KindReasoning, Text: []byte(m.Reasoning)})
	p.show(&llmstream.Delta{Kind: llmstream.KindContent, Text: []byte(m.Content)})
	p.show(&llmstream.Delta{Kind: llmstream.KindRefusal, Text: []byte(m.Refusal)})
	for _, t := range m.ToolCalls {
		p.show(&llmstream.Delta{Kind: llmstream.KindToolCall, ToolCall: llmstream.ToolCallDelta{
			Index: t.Index, Name: []byte(t.Name), Arguments: []byte(t.Arguments),
		}})
	}
}

const (
	dim   = "\x1b[2m"
	reset = "\x1b[0m"
)

// write continues a section, or begins it with its label. Each piece of dimmed text
// ends with a reset, so that an interrupt never leaves the terminal dimmed.
func (p *page) write(section, label string, text []byte) {
	if len(text) == 0 {
		return
	}
	if p.section == section {
		label = ""
	} else {
		p.begin(section)
	}
	dimmed := p.color && section == "reasoning"
	if dimmed {
		p.out.WriteString(dim)
	}
	p.out.WriteString(label + paragraphs(string(text)))
	if dimmed {
		p.out.WriteString(reset)
	}
}

func (p *page) begin(section string) {
	if p.section != "" {
		p.out.WriteString("\n\n")
	}
	p.section = section
}

// end prints the empty line between the answer and the table.
func (p *page) end() { p.begin("") }
