package dialect

import (
	"slices"
	"strings"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// ID identifies a dialect: it is the index of its row in Table.
type ID uint8

const (
	Auto ID = iota // not known yet
	OpenAIChat
	OpenAIResponses
	AnthropicMessages
	Gemini
	GeminiInteractions
	Cohere
	Ollama
	Cloudflare
	Bedrock
	DashScope
	TextGeneration
	MistralConversations
	BedrockAgents
)

// Decoder decodes the events of one stream. It keeps the state that its dialect needs
// from one event to the next.
type Decoder interface {
	// Decode adds the deltas of an event, whose JSON object is s.Root.
	Decode(s *decode.Context)
	// Reset makes the decoder ready for another stream. It keeps its memory.
	Reset()
}

// Pruner is a decoder that can parse a large event without the members that it does
// not read.
type Pruner interface {
	// Prune parses data, which is one event, to s.Root. ok is false if the event has
	// to be parsed as a whole.
	Prune(s *decode.Context, data []byte) (ok bool)
}

// Follower is a decoder that keeps account of its texts. It has to see the pieces that
// templates read in its place.
type Follower interface {
	// Follow takes the next piece of a text. The decoder itself has chosen owner, as
	// TextSource.Owner.
	Follow(owner int32, piece []byte)
}

// Closer is a decoder whose stream may lack an end, so that only the end of the input
// shows that nothing follows.
type Closer interface {
	// Close adds the deltas that the end of the input decides. clean reports whether the
	// input ended without an error and with nothing unfinished.
	Close(s *decode.Context, clean bool)
}

// Row is a row of the table of dialects.
type Row struct {
	Name  string
	Wires wire.Kinds // the wires that may carry it
	// paths are the ends of the request paths that this dialect answers, separated by
	// spaces. A "*" stands for anything.
	paths string
	// done is the data that ends a stream, if it is not JSON. If it is JSON, the decoder
	// calls EndStream.
	done string
	// others are the dialects that its paths may answer in too, depending on the model.
	others []ID
	// FinishEnds is set if there is no end marker. A stream has then ended when each of
	// its choices has its finish reason.
	FinishEnds bool
	// detect reports whether an event's JSON object belongs to this dialect and to no
	// other. It is false for objects that several dialects send, such as pings and
	// errors.
	detect func(s *decode.Context) bool
	// New returns a decoder for one stream.
	New func() Decoder
}

// stateless is a decoder without state.
type stateless func(s *decode.Context)

func (f stateless) Decode(s *decode.Context) { f(s) }
func (f stateless) Reset()                   {}

// Table holds a row for each dialect. Where several rows detect an event the first counts.
var Table = [...]Row{
	Auto: {Name: "auto"},
	OpenAIChat: {
		Name:   "openai-chat",
		Wires:  wire.Over(wire.SSE, wire.JSON),
		paths:  "/chat/completions /completions",
		detect: detectChat,
		New:    func() Decoder { return new(chat) },
		done:   doneWord,
	},
	OpenAIResponses: {
		Name:   "openai-responses",
		Wires:  wire.Over(wire.SSE, wire.JSON),
		paths:  "/responses /responses/*",
		detect: detectResponses,
		New:    func() Decoder { return new(Responses) },
		done:   doneWord,
	},
	AnthropicMessages: {
		Name:   "anthropic-messages",
		Wires:  wire.Over(wire.SSE, wire.JSON, wire.Frames),
		paths:  "/v1/messages /v1/complete /publishers/anthropic/*:streamRawPredict /publishers/anthropic/*:rawPredict",
		detect: detectAnthropic,
		New:    func() Decoder { return &anthropic{topPart: -1} },
	},
	Gemini: {
		Name:   "gemini",
		Wires:  wire.Over(wire.SSE, wire.JSON),
		paths:  ":streamGenerateContent :generateContent",
		detect: detectGemini,
		New:    func() Decoder { return new(gemini) },

		FinishEnds: true,
	},
	GeminiInteractions: {
		Name:   "gemini-interactions",
		Wires:  wire.Over(wire.SSE, wire.JSON),
		paths:  "/interactions /interactions/*",
		detect: detectInteraction,
		New:    func() Decoder { return new(interaction) },
	},
	Cohere: {
		Name:   "cohere",
		Wires:  wire.Over(wire.SSE, wire.JSON, wire.Lines, wire.Frames),
		paths:  "/v2/chat /v1/chat",
		detect: detectCohere,
		New:    func() Decoder { return new(cohere) },
	},
	Ollama: {
		Name:   "ollama",
		Wires:  wire.Over(wire.Lines, wire.JSON),
		paths:  "/api/chat /api/generate",
		detect: detectOllama,
		New:    func() Decoder { return stateless(decodeOllama) },
	},
	Cloudflare: {
		Name:   "cloudflare",
		Wires:  wire.Over(wire.SSE, wire.JSON),
		paths:  "/ai/run/*",
		others: []ID{OpenAIChat, OpenAIResponses},
		detect: detectCloudflare,
		New:    func() Decoder { return stateless(decodeCloudflare) },
		done:   doneWord,
	},
	Bedrock: {
		Name:   "bedrock",
		Wires:  wire.Over(wire.Frames, wire.SSE, wire.JSON, wire.Lines),
		paths:  "/converse-stream /converse /invoke-with-response-stream",
		others: []ID{BedrockAgents},
		detect: detectBedrock,
		New:    func() Decoder { return new(bedrock) },
	},
	DashScope: {
		Name:   "dashscope",
		Wires:  wire.Over(wire.SSE, wire.JSON),
		paths:  "/services/aigc/*/generation /apps/*/completion",
		detect: detectDashScope,
		New:    func() Decoder { return new(dashScope) },

		FinishEnds: true,
	},
	TextGeneration: {
		Name:   "text-generation",
		Wires:  wire.Over(wire.SSE, wire.JSON),
		paths:  "/generate_stream /generate /completion /infill",
		detect: detectTextGeneration,
		New:    func() Decoder { return new(textGeneration) },

		FinishEnds: true,
	},
	MistralConversations: {
		Name:   "mistral-conversations",
		Wires:  wire.Over(wire.SSE, wire.JSON),
		paths:  "/conversations /conversations/*",
		detect: detectMistralConversation,
		New:    func() Decoder { return new(mistralConversation) },
	},
	BedrockAgents: {
		Name:   "bedrock-agents",
		Wires:  wire.Over(wire.Frames),
		paths:  "/agents/*/text",
		detect: detectBedrockAgent,
		New:    func() Decoder { return new(bedrockAgent) },
	},
}

// rows is Table, for decoders that look for the dialect of what another one embeds. They
// stand in the table themselves, which must not depend on them.
var rows []Row

// doneWords are the end markers of all dialects.
var doneWords []string

func init() {
	rows = Table[:]
	for _, r := range rows {
		if r.done != "" && !slices.Contains(doneWords, r.done) {
			doneWords = append(doneWords, r.done)
		}
	}
}

// doneWord ends the streams of OpenAI. Gateways add it to streams of other dialects
// too, which it does not end.
const doneWord = "[DONE]"

// Row returns the row of a dialect.
func (d ID) Row() *Row { return &Table[d] }

// EndsWith reports whether data, taken as a whole, is the end marker of dialect d (F-20,
// F-21). For Auto, it may be the end marker of any dialect.
func (d ID) EndsWith(data []byte) bool {
	if len(data) == 0 {
		return false
	}
	if d != Auto {
		return string(data) == Table[d].done
	}
	return slices.Contains(doneWords, string(data))
}

// IsDoneWord reports whether data is the end marker that gateways add to streams of
// any dialect.
func IsDoneWord(data []byte) bool { return string(data) == doneWord }

// Detect returns the dialect of an event's JSON object, or Auto if the object does not
// show it. It tries the dialect asked first.
func Detect(s *decode.Context, asked ID) ID {
	at := len(s.Buf)
	if detect := Table[asked].detect; detect != nil && detect(s) {
		return asked
	}
	if s.Embedded {
		return Bedrock // whatever the frame embeds
	}
	for d := range Table {
		s.Buf = s.Buf[:at] // no detection keeps what it read, which may be megabytes
		if detect := Table[d].detect; detect != nil && detect(s) {
			return ID(d)
		}
	}
	return Auto
}

// Accepts reports whether a stream in dialect found may answer a request for d.
func (d ID) Accepts(found ID) bool {
	return found == d || d == Auto || slices.Contains(Table[d].others, found)
}

// Named returns the dialect with this name.
func Named(name string) (d ID, ok bool) {
	for d := range Table {
		if Table[d].Name == name {
			return ID(d), true
		}
	}
	return Auto, false
}

// OfRequest returns the dialect that answers requests to path over one of these wires, or
// Auto.
func OfRequest(on wire.Kinds, path string) ID {
	path = strings.TrimSuffix(path, "/")
	for d := range Table {
		if Table[d].Wires&on == 0 {
			continue
		}
		for _, end := range strings.Fields(Table[d].paths) {
			if hasEnd(path, end) {
				return ID(d)
			}
		}
	}
	return Auto
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
