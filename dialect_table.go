package llmstream

import (
	"slices"
	"strings"

	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// xID is a dialect: the place of its row in the table.
type xID uint8

const (
	xAuto xID = iota // not known yet
	xOpenAIChat
	xOpenAIResponses
	xAnthropicMessages
	xGemini
	xGeminiInteractions
	xCohere
	xOllama
	xCloudflare
	xBedrock
)

// xDecoder decodes the events of one stream. It keeps what its dialect has to
// remember from one event to the next.
type xDecoder interface {
	// decode adds the deltas of an event, whose JSON object is s.root.
	decode(s *step)
	// reset makes the decoder ready for another stream. It keeps its memory.
	reset()
}

// xPruner is a decoder that can parse a large event without the members that it does
// not read.
type xPruner interface {
	// prune parses data, which is one event, to s.root. ok is false if the event has
	// to be parsed as a whole.
	prune(s *step, data []byte) (ok bool)
}

// xCloser is a decoder whose stream may lack its last events, so that only the end of
// the input shows that nothing follows.
type xCloser interface {
	endsAtClose() bool
}

// xRow is a row of the table of dialects.
type xRow struct {
	name  string
	wires wire.Kinds // that may carry it
	// paths are the ends of the request paths that answer in it, separated by
	// spaces. A "*" stands for anything.
	paths string
	// done is the data that ends a stream, where it is no JSON. Where it is JSON,
	// the decoder calls endStream.
	done string
	// others are dialects that its paths answer in too, depending on the model.
	others []xID
	// finishEnds: there is no end marker. A stream has ended when each of its
	// choices has its finish reason.
	finishEnds bool
	// detect reports whether an event's JSON object is one of this dialect and of no
	// other. Objects that several dialects have, such as pings and errors, belong to
	// none.
	detect func(s *step) bool
	// new returns a decoder for one stream.
	new func() xDecoder
}

// stateless is a decoder that has nothing to remember.
type stateless func(s *step)

func (f stateless) decode(s *step) { f(s) }
func (f stateless) reset()         {}

// xTable holds a row for each dialect. Where several rows detect an event the first counts.
var xTable [10]xRow

func init() {
	xTable = [...]xRow{
		xAuto: {name: "auto"},
		xOpenAIChat: {
			name:   "openai-chat",
			wires:  wire.Over(wire.SSE, wire.JSON),
			paths:  "/chat/completions /completions",
			detect: detectChat,
			new:    func() xDecoder { return new(chat) },
			done:   doneWord,
		},
		xOpenAIResponses: {
			name:   "openai-responses",
			wires:  wire.Over(wire.SSE, wire.JSON),
			paths:  "/responses /responses/*",
			detect: detectResponses,
			new:    func() xDecoder { return new(responses) },
			done:   doneWord,
		},
		xAnthropicMessages: {
			name:   "anthropic-messages",
			wires:  wire.Over(wire.SSE, wire.JSON, wire.Frames),
			paths:  "/v1/messages /v1/complete /publishers/anthropic/*:streamRawPredict /publishers/anthropic/*:rawPredict",
			detect: detectAnthropic,
			new:    func() xDecoder { return new(anthropic) },
		},
		xGemini: {
			name:   "gemini",
			wires:  wire.Over(wire.SSE, wire.JSON),
			paths:  ":streamGenerateContent :generateContent",
			detect: detectGemini,
			new:    func() xDecoder { return new(gemini) },

			finishEnds: true,
		},
		xGeminiInteractions: {
			name:   "gemini-interactions",
			wires:  wire.Over(wire.SSE, wire.JSON),
			paths:  "/interactions /interactions/*",
			detect: detectInteraction,
			new:    func() xDecoder { return stateless(decodeInteraction) },
		},
		xCohere: {
			name:   "cohere",
			wires:  wire.Over(wire.SSE, wire.JSON, wire.Lines, wire.Frames),
			paths:  "/v2/chat /v1/chat",
			detect: detectCohere,
			new:    func() xDecoder { return stateless(decodeCohere) },
		},
		xOllama: {
			name:   "ollama",
			wires:  wire.Over(wire.Lines, wire.JSON),
			paths:  "/api/chat /api/generate",
			detect: detectOllama,
			new:    func() xDecoder { return stateless(decodeOllama) },
		},
		xCloudflare: {
			name:   "cloudflare",
			wires:  wire.Over(wire.SSE, wire.JSON),
			paths:  "/ai/run/*",
			others: []xID{xOpenAIChat, xOpenAIResponses},
			detect: detectCloudflare,
			new:    func() xDecoder { return stateless(decodeCloudflare) },
			done:   doneWord,
		},
		xBedrock: {
			name:   "bedrock",
			wires:  wire.Over(wire.Frames, wire.SSE, wire.JSON, wire.Lines),
			paths:  "/converse-stream /converse /invoke-with-response-stream",
			detect: detectBedrock,
			new:    func() xDecoder { return new(bedrock) },
		},
	}
}

// doneWord ends the streams of OpenAI. Gateways add it to streams of other dialects
// too, which it does not end.
const doneWord = "[DONE]"

// row returns the row of a dialect.
func (d xID) row() *xRow { return &xTable[d] }

// endsWith reports whether data ends a stream in dialect d: all of it, not a part
// (F-20, F-21). With Auto the end marker of any dialect does.
func (d xID) endsWith(data []byte) bool {
	if len(data) == 0 {
		return false
	}
	if d != xAuto {
		return string(data) == xTable[d].done
	}
	return slices.ContainsFunc(xTable[:], func(r xRow) bool { return string(data) == r.done })
}

// isDoneWord reports whether data is the end marker that gateways add to streams of
// any dialect.
func isDoneWord(data []byte) bool { return string(data) == doneWord }

// detectDialect returns the dialect of an event's JSON object; Auto if it shows none.
// asked is asked first.
func detectDialect(s *step, asked xID) xID {
	if detect := xTable[asked].detect; detect != nil && detect(s) {
		return asked
	}
	if s.embedded {
		return xBedrock // whatever it embeds
	}
	for d := range xTable {
		if detect := xTable[d].detect; detect != nil && detect(s) {
			return xID(d)
		}
	}
	return xAuto
}

// accepts reports whether a stream in dialect found may answer a request for d.
func (d xID) accepts(found xID) bool {
	return found == d || d == xAuto || slices.Contains(xTable[d].others, found)
}

// named returns the dialect with this name.
func named(name string) (d xID, ok bool) {
	for d := range xTable {
		if xTable[d].name == name {
			return xID(d), true
		}
	}
	return xAuto, false
}

// ofRequest returns the dialect that answers requests to path over one of these
// wires; Auto if none does.
func ofRequest(on wire.Kinds, path string) xID {
	path = strings.TrimSuffix(path, "/")
	for d := range xTable {
		if xTable[d].wires&on == 0 {
			continue
		}
		for _, end := range strings.Fields(xTable[d].paths) {
			if hasEnd(path, end) {
				return xID(d)
			}
		}
	}
	return xAuto
}

// hasEnd reports whether path ends with end, in which a "*" stands for anything.
func hasEnd(path, end string) bool {
	begin, end, any := strings.Cut(end, "*")
	if !any {
		return strings.HasSuffix(path, begin)
	}
	_, rest, ok := strings.Cut(path, begin)
	return ok && strings.HasSuffix(rest, end)
}
