package main

// A contender is one way to read a stream.
type contender struct {
	name, about string
	new         func() reader
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
	fastjsonName = "fastjson"
	encodingJSON = "encoding-json"
	scannerName  = "Baseline-Scanner"
)

// contenders returns all of them: ours, the loops that people write, the
// libraries that they use, and the floor.
func contenders() []contender {
	return append(append(append(ours(), loops()...), libraries()...), baselines()...)
}
