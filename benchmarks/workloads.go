package main

import "github.com/seed-4d65deac/llmstream"

// A workload is a list of streams that contenders read one after the other.
type workload struct {
	name, about string
	dialect     llmstream.Dialect
	streams     []*stream
	plain       []*stream // the same bytes in reads of readSize, for the yardstick
}

func (w *workload) events() (n int) {
	for _, s := range w.streams {
		n += s.events
	}
	return n
}

func (w *workload) size() (n int) {
	for _, s := range w.streams {
		n += len(s.body)
	}
	return n
}

// Names that bounds.go refers to.
const (
	recordedStreams = "recorded"
	longAnswer      = "long-answer"
	obfuscation     = "obfuscation"
	threeChoices    = "three-choices"
	escapesInAll    = "escapes"
	eventPerWrite   = "event-per-write"
	smallReads      = "reads-1KiB"
	crlf            = "crlf"
	openStreams     = "open-streams"
)

// A scale is the size of the generated workloads.
type scale struct {
	events int // of a long answer
	huge   int // bytes of the one huge event
}

// full is the scale of a real run.
var full = scale{events: 5000, huge: 8 << 20}

// workloads returns all workloads except the open streams, which are measured differently.
// Unless a workload says otherwise, its chunks have the shape of the cassette in
// ../testdata and come in reads of readSize.
func workloads(sc scale) ([]*workload, error) {
	recorded, err := loadRecorded(&chatRecordings)
	if err != nil {
		return nil, err
	}
	long := talk(cerebras, 0, sc.events, "\n")
	all := []*workload{
		recorded,
		generated(longAnswer, "a long answer in chunks as in the cassette", long),
		generated(obfuscation, "a long answer of OpenAI's, each chunk with padding of another length", talk(openAIObfuscation, 0, sc.events, "\n")),
		generated("mistral", "a long answer of Mistral's, with padding too", talk(mistral, 0, sc.events, "\n")),
		generated("deepseek", "reasoning and then an answer of DeepSeek's, each half of it", reason(sc.events)),
		generated("tool-arguments", "one tool call whose arguments come in many pieces", callTool(sc.events)),
		generated(threeChoices, "three choices in turn", interleave(sc.events)),
		generated(escapesInAll, "an escape in every delta", escape(sc.events)),
		generated(eventPerWrite, "the long answer, one event a Write or Read", long.in(cutAfter(long.body, "\n\n"))),
		generated(smallReads, "the long answer, 1 KiB a Write or Read", long.in(cut(long.body, 1<<10))),
		generated(crlf, "the long answer, lines end with CRLF", talk(cerebras, 0, sc.events, "\r\n")),
		generated("huge-event", "one event of 8 MiB", talkAtOnce(sc.huge)),
	}
	for i := range dialects {
		d := &dialects[i]
		recorded, err := loadRecorded(&d.recordings)
		if err != nil {
			return nil, err
		}
		all = append(append(all, recorded), d.longAnswers(sc.events)...)
	}
	for _, w := range all {
		for _, s := range w.streams {
			w.plain = append(w.plain, s.in(cut(s.body, readSize)))
		}
	}
	return all, nil
}

func generated(name, about string, s *stream) *workload {
	return &workload{name: name, about: about, dialect: llmstream.OpenAIChat, streams: []*stream{s}}
}

func talk(s shape, seed, events int, lineEnd string) *stream {
	w := newWriter(s, seed, lineEnd, 1)
	for range events {
		w.say(0, w.token())
	}
	return w.end("stop")
}

func reason(events int) *stream {
	w := newWriter(deepSeek, 0, "\n", 1)
	for range events / 2 {
		w.think(w.token())
	}
	for range events - events/2 {
		w.say(0, w.token())
	}
	return w.end("stop")
}

func callTool(events int) *stream {
	w := newWriter(cerebras, 0, "\n", 1)
	w.call("write_file")
	w.argue(`{"text":"`)
	for range events - 2 {
		inString := quote(w.token())
		w.argue(inString[1 : len(inString)-1])
	}
	w.argue(`"}`)
	return w.end("tool_calls")
}

func interleave(events int) *stream {
	w := newWriter(cerebras, 0, "\n", 3)
	for i := range events {
		w.say(i%3, w.token())
	}
	return w.end("stop")
}

func escape(events int) *stream {
	w := newWriter(cerebras, 0, "\n", 1)
	for range events {
		w.say(0, w.escaped())
	}
	return w.end("stop")
}

func talkAtOnce(size int) *stream {
	w := newWriter(cerebras, 0, "\n", 1)
	var text []byte
	for len(text) < size {
		text = append(text, w.token()...)
	}
	w.say(0, string(text))
	return w.end("stop")
}
