package main

import "github.com/seed-4d65deac/llmstream"

// A contender is one way to read a stream.
type contender struct {
	name, about string
	new         func(d llmstream.Dialect) reader // nil where it does not read the dialect
}

// A reader reads streams one after the other and keeps its memory between them,
// as far as its library lets it.
type reader interface {
	// read reads a stream to its end. It is all that is timed.
	read(f *feed)
	// verify tells what is wrong with what the last read has found in s.
	verify(s *stream) error
}

// A pusher reads one stream that comes a piece at a time.
type pusher interface {
	write(piece []byte)
	verify(s *stream) error
}

// Names that other files refer to. Those of baselines sort last in lists that
// are sorted by name.
const (
	push         = "push"
	usageOnly    = "usage-only"
	openAIGo     = "openai-go"
	anthropicGo  = "anthropic-sdk-go"
	fastjsonName = "fastjson"
	encodingJSON = "encoding-json"
	scannerName  = "Baseline-Scanner"
	checksumName = "Baseline-copy-crc32"
)

// contenders returns all of them: ours, the loops that people write, the
// libraries that they use, and the floor.
func contenders() []contender {
	return append(append(append(ours(), loops()...), libraries()...), baselines()...)
}

// contendersOf returns those that read a dialect.
func contendersOf(d llmstream.Dialect) (some []contender) {
	for _, c := range contenders() {
		if c.new(d) != nil {
			some = append(some, c)
		}
	}
	return some
}

// only makes a contender's new of that for one dialect.
func only(one llmstream.Dialect, new func() reader) func(llmstream.Dialect) reader {
	return func(d llmstream.Dialect) reader {
		if d != one {
			return nil
		}
		return new()
	}
}

// chatOnly makes a contender's new of that for chat completions.
func chatOnly(new func() reader) func(llmstream.Dialect) reader {
	return only(llmstream.OpenAIChat, new)
}

// isFramed tells whether the streams of a dialect come in binary frames here.
func isFramed(d llmstream.Dialect) bool { return d == llmstream.Bedrock }

// yardstick names the baseline that the streams of a dialect are measured
// against: frames have no lines, but checksums over every byte.
func yardstick(d llmstream.Dialect) string {
	if isFramed(d) {
		return checksumName
	}
	return scannerName
}

func newYardstick(d llmstream.Dialect) reader {
	if isFramed(d) {
		return new(checksumReader)
	}
	return newScannerReader()
}
