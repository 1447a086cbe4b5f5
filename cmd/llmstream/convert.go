package main

import (
	"errors"
	"flag"
	"io"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

var convertCommand = newConvertCommand()

func newConvertCommand() command {
	var to llmstream.Dialect
	var whole bool
	return command{
		name: "convert", arguments: "FILE…", summary: "the streams in the dialect of another provider",
		help: `Convert prints each stream as another provider would have sent it, with the
token counts. A stream that was cut or failed ends with that provider's error.
Standard error lists what the target could not express; docs/transcoding.md
explains it.`,
		flags: func(s *invocation, flags *flag.FlagSet) {
			to, whole = llmstream.Auto, false
			flags.Func("to", "write dialect `NAME`: "+targetNames, func(name string) error { return setTarget(&to, name) })
			flags.BoolVar(&whole, "whole", false, "write the answer to a request without \"stream\", as a line of JSON")
			dialectFlag(s, flags)
			readFlag(s, flags)
			fastFlag(s, flags)
		},
		do: func(s *invocation, one stream) error {
			switch {
			case to == llmstream.Auto:
				return errors.New("-to is missing: the dialect to write")
			case whole:
				return convertWhole(s, one, to)
			}
			return convert(s, one, to)
		},
	}
}

const targetNames = "openai-chat, anthropic-messages, openai-responses, gemini"

// setTarget sets to to the dialect with a name, if streams in it can be written.
func setTarget(to *llmstream.Dialect, name string) error {
	d, err := llmstream.ParseDialect(name)
	if err == nil {
		_, err = encode.New(io.Discard, d, nil)
	}
	if err == nil {
		*to = d
	}
	return err
}

func convert(s *invocation, one stream, to llmstream.Dialect) error {
	enc, err := encode.New(s.stdout, to, &encode.Options{IncludeUsage: true})
	if err != nil {
		return err
	}
	outcome, err := s.parse(one, enc)
	if closeErr := enc.Close(outcome); err == nil {
		err = closeErr
	}
	if lost := enc.Lost(); lost.Any() {
		s.complain(one.source, errors.New(to.String()+" cannot say: "+lost.String()))
		if lost.Restarts > 0 { // the source is whole, but what was written is no answer, or a void one
			s.worsen(statusFlawed)
		}
	}
	return err
}

// convertWhole writes the answer's whole body. An answer that is not complete has none:
// a body cannot tell that it is not all.
func convertWhole(s *invocation, one stream, to llmstream.Dialect) error {
	var answer llmstream.Accumulator
	outcome, err := s.parse(one, &answer)
	if err != nil {
		return err
	}
	if outcome.State != llmstream.StateComplete {
		s.complain(one.source, outcome.Err())
		return nil // the exit status says so already
	}
	body, err := encode.AppendCompletion(nil, to, answer.Completion())
	if err != nil {
		return err
	}
	_, err = s.stdout.Write(append(body, '\n'))
	return err
}
