package main

import (
	"github.com/seed-4d65deac/llmstream"
)

func ours() []contender {
	pushed := func(o *llmstream.Options, p parts) func(llmstream.Dialect) reader {
		return func(d llmstream.Dialect) reader { return newPushReader(d, o, p) }
	}
	return []contender{
		{push, "Parser and Accumulator", pushed(nil, allParts)},
		{"pull", "Reader and Accumulator", chatOnly(func() reader { return newPullReader() })},
		{"tee", "Tee, read 32 KiB at a time, with Parser and Accumulator", chatOnly(func() reader { return newTeeReader() })},
		{usageOnly, "push with Options.Kinds = KindUsage: nothing but usage is asked for", chatOnly(func() reader {
			return newPushReader(llmstream.OpenAIChat, &llmstream.Options{Kinds: llmstream.KindUsage}, partUsage)
		})},
		{"full-parse", "push with Options.NoFastPath: every event is parsed in full", pushed(&llmstream.Options{NoFastPath: true}, allParts)},
	}
}

type pushReader struct {
	parser *llmstream.Parser
	folded llmstream.Accumulator
	parts  parts
}

func newPushReader(d llmstream.Dialect, o *llmstream.Options, p parts) *pushReader {
	r := &pushReader{parts: p}
	r.parser = llmstream.NewParser(d, &r.folded, o)
	return r
}

func (r *pushReader) read(f *feed) {
	r.reset()
	for piece := f.next(); piece != nil; piece = f.next() {
		r.parser.Write(piece)
	}
	r.parser.Close()
}

func (r *pushReader) reset() {
	r.parser.Reset()
	r.folded.Reset()
}

func (r *pushReader) write(piece []byte)     { r.parser.Write(piece) }
func (r *pushReader) verify(s *stream) error { return verifyFold(&r.folded, s, r.parts) }

type pullReader struct {
	reader *llmstream.Reader
	folded llmstream.Accumulator
}

func newPullReader() *pullReader {
	return &pullReader{reader: llmstream.NewReader(nil, llmstream.OpenAIChat, nil)}
}

func (r *pullReader) read(f *feed) {
	r.reader.Reset(f)
	r.folded.Reset()
	for r.reader.Next() {
		r.folded.HandleDelta(r.reader.Delta())
	}
}

func (r *pullReader) verify(s *stream) error { return verifyFold(&r.folded, s, allParts) }

type teeReader struct {
	pushReader
	buf []byte
}

func newTeeReader() *teeReader {
	r := &teeReader{buf: make([]byte, readSize)}
	r.parts = allParts
	r.parser = llmstream.NewParser(llmstream.OpenAIChat, &r.folded, nil)
	return r
}

func (r *teeReader) read(f *feed) {
	r.reset()
	body := llmstream.Tee(f, r.parser, nil)
	for {
		if _, err := body.Read(r.buf); err != nil {
			return
		}
	}
}

func verifyFold(folded *llmstream.Accumulator, s *stream, p parts) error {
	var got answer
	u := folded.Usage()
	got.usage = usage{u.Input, u.Output, u.Total}
	for _, c := range folded.Completion().Choices {
		to := got.choice(c.Index)
		to.content, to.reasoning, to.finish = []byte(c.Message.Content), []byte(c.Message.Reasoning), c.NativeFinishReason
		// A gateway may give its own word and the provider's. The oracle has the gateway's.
		if w := s.want.choice(c.Index); w.finish == c.FinishReason.String() {
			to.finish = w.finish
		}
		for i, t := range c.Message.ToolCalls {
			to.addCall(i, t.Name, t.Arguments)
		}
	}
	return compare(&got, s.want, p)
}
