package main

import "github.com/seed-4d65deac/llmstream"

// A contender is one way to read a stream.
type contender struct {
	name, about string
	new         func(d llmstream.Dialect) reader // returns nil if the contender does not read the dialect
}

// A reader reads one stream after the other. It keeps its memory between them if its
// library allows that.
type reader interface {
	// read reads a stream to its end. Only read is timed.
	read(f *feed)
	// verify returns what is wrong with the result of the last read, which was of s.
	verify(s *stream) error
}

// A pusher reads one stream, given to it piece by piece.
type pusher interface {
	write(piece []byte)
	verify(s *stream) error
}

// Names that other files refer to. Those of baselines come last in sorted lists.
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

// contenders returns all contenders: ours, the loops that people write, the libraries
// that they use, and the baselines.
func contenders() []contender {
	return append(append(append(ours(), loops()...), libraries()...), baselines()...)
}

// contendersOf returns the contenders that read a dialect.
func contendersOf(d llmstream.Dialect) (some []contender) {
	for _, c := range contenders() {
		if c.new(d) != nil {
			some = append(some, c)
		}
	}
	return some
}

// only returns the field new of a contender that reads one dialect.
func only(one llmstream.Dialect, new func() reader) func(llmstream.Dialect) reader {
	return func(d llmstream.Dialect) reader {
		if d != one {
			return nil
		}
		return new()
	}
}

// chatOnly returns the field new of a contender that reads chat completions.
func chatOnly(new func() reader) func(llmstream.Dialect) reader {
	return only(llmstream.OpenAIChat, new)
}

// isFramed reports whether the streams of a dialect are binary frames here.
func isFramed(d llmstream.Dialect) bool { return d == llmstream.Bedrock }

// yardstick returns the name of the baseline for a dialect. Frames have no lines, but
// checksums over every byte.
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
