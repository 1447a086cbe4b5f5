package llmstream

import (
	"fmt"
	"mime"
	"slices"
	"strings"
)

// A Dialect is a provider's API: what the events of a stream say.
type Dialect uint8

const (
	// Auto finds the dialect out from the first events.
	Auto Dialect = iota
	// OpenAIChat is OpenAI's chat completions with all its compatible
	// variants, and the legacy completions.
	OpenAIChat
	// OpenAIResponses is OpenAI's Responses API.
	OpenAIResponses
	// AnthropicMessages is Anthropic's Messages API, wherever it is hosted, and the
	// text completions that it had before.
	AnthropicMessages
	// Gemini is Google's streamGenerateContent, of the Gemini API, Vertex AI and
	// Code Assist.
	Gemini
	// GeminiInteractions is Google's Interactions API.
	GeminiInteractions
	// Cohere is Cohere's chat API, versions 1 and 2.
	Cohere
	// Ollama is Ollama's own API: /api/chat and /api/generate.
	Ollama
	// Cloudflare is the own API of Cloudflare's Workers AI.
	Cloudflare
	// Bedrock is what Amazon Bedrock streams: the events of ConverseStream, and
	// those of any model that InvokeModelWithResponseStream carries; and the
	// answers of Converse.
	Bedrock
)

// dialect is a row of the table of dialects. Its functions are in the
// dialect_*.go of its name.
type dialect struct {
	name  string
	wires wires // that carry it
	// paths are the ends of the request paths that answer in it, separated by
	// spaces. A "*" stands for anything.
	paths string
	// detect tells whether an event's JSON object is one of this dialect and of
	// no other. Objects that several dialects have, such as pings and errors,
	// are of none.
	detect func(s *step) bool
	// decode adds the deltas of an event's JSON object.
	decode func(s *step)
	// done is the data that ends a stream, where it is no JSON. Where it is,
	// decode calls step.endStream.
	done string
	// lean parses an object that is one event without what decode will not look at.
	// !ok: that is not known. Nil: there is nothing to speak of.
	lean func(s *step, data []byte) (ok bool)
	// others are dialects that its paths answer in too, by model.
	others []Dialect
	// finishEnds: there is no end marker; a stream has ended when each of its
	// choices has its finish reason.
	finishEnds bool
	// closeEnds: what may follow the finish reasons may as well be missing, so
	// that only the end of the input tells that nothing does.
	closeEnds bool
}

// dialects is the table. Where several rows detect an event the first counts.
var dialects = [...]dialect{
	Auto: {name: "auto"},
	OpenAIChat: {
		name:   "openai-chat",
		wires:  over(WireSSE, WireJSON),
		paths:  "/chat/completions /completions",
		detect: detectChat,
		decode: decodeChat,
		done:   doneWord,
	},
	OpenAIResponses: {
		name:   "openai-responses",
		wires:  over(WireSSE, WireJSON),
		paths:  "/responses /responses/*",
		detect: detectResponses,
		decode: decodeResponses,
		done:   doneWord,
		lean:   parseLeanResponse,
	},
	AnthropicMessages: {
		name:   "anthropic-messages",
		wires:  over(WireSSE, WireJSON, WireFrames),
		paths:  "/v1/messages /v1/complete /publishers/anthropic/*:streamRawPredict /publishers/anthropic/*:rawPredict",
		detect: detectAnthropic,
		decode: decodeAnthropic,
	},
	Gemini: {
		name:   "gemini",
		wires:  over(WireSSE, WireJSON),
		paths:  ":streamGenerateContent :generateContent",
		detect: detectGemini,
		decode: decodeGemini,

		finishEnds: true,
	},
	GeminiInteractions: {
		name:   "gemini-interactions",
		wires:  over(WireSSE, WireJSON),
		paths:  "/interactions /interactions/*",
		detect: detectInteraction,
		decode: decodeInteraction,
	},
	Cohere: {
		name:   "cohere",
		wires:  over(WireSSE, WireJSON, WireLines, WireFrames),
		paths:  "/v2/chat /v1/chat",
		detect: detectCohere,
		decode: decodeCohere,
	},
	Ollama: {
		name:   "ollama",
		wires:  over(WireLines, WireJSON),
		paths:  "/api/chat /api/generate",
		detect: detectOllama,
		decode: decodeOllama,
	},
	Cloudflare: {
		name:   "cloudflare",
		wires:  over(WireSSE, WireJSON),
		paths:  "/ai/run/*",
		others: []Dialect{OpenAIChat, OpenAIResponses},
		detect: detectCloudflare,
		decode: decodeCloudflare,
		done:   doneWord,
	},
	Bedrock: {
		name:   "bedrock",
		wires:  over(WireFrames, WireSSE, WireJSON, WireLines),
		paths:  "/converse-stream /converse /invoke-with-response-stream",
		detect: detectBedrock,
		decode: decodeBedrock,

		closeEnds: true,
	},
}

// doneWord ends the streams of OpenAI. Gateways put it behind those of other
// dialects too, which it does not end.
const doneWord = "[DONE]"

// String returns the dialect's name, such as "openai-chat".
func (d Dialect) String() string {
	if int(d) < len(dialects) {
		return dialects[d].name
	}
	return "unknown"
}

// ParseDialect is the reverse of [Dialect.String]. The error names the word, and
// the dialect is then Auto.
func ParseDialect(name string) (Dialect, error) {
	for d := range dialects {
		if dialects[d].name == name {
			return Dialect(d), nil
		}
	}
	return Auto, fmt.Errorf("%sunknown dialect %q", errorPrefix, name)
}

// DetectDialect tells the dialect of a response from its Content-Type and the
// path of its request, either of which may be empty; Auto where they don't tell.
// Parameters of the one and the query of the other are left out of account.
func DetectDialect(contentType, path string) Dialect {
	on := anyWire
	if media, _, err := mime.ParseMediaType(contentType); err == nil {
		on = wiresOf(media)
	}
	path, _, _ = strings.Cut(path, "?")
	path = strings.TrimSuffix(path, "/")
	for d := range dialects {
		if dialects[d].wires&on == 0 {
			continue
		}
		for _, end := range strings.Fields(dialects[d].paths) {
			if endsWith(path, end) {
				return Dialect(d)
			}
		}
	}
	return Auto
}

// endsWith tells whether a path has this end, in which a "*" stands for anything.
func endsWith(path, end string) bool {
	begin, end, any := strings.Cut(end, "*")
	if !any {
		return strings.HasSuffix(path, begin)
	}
	_, rest, ok := strings.Cut(path, begin)
	return ok && strings.HasSuffix(rest, end)
}

// detect returns the dialect that an event's JSON object is of; Auto where it
// does not tell.
func (c *core) detect(s *step) Dialect {
	if detect := dialects[c.asked].detect; detect != nil && detect(s) {
		return c.asked
	}
	if s.carried {
		return Bedrock // whatever it carries
	}
	for d := range dialects {
		if detect := dialects[d].detect; detect != nil && detect(s) {
			return Dialect(d)
		}
	}
	return Auto
}

// settle finds out from an event's JSON object what the dialect of the stream is.
// Until one tells, each event is decoded by the dialect that was asked for, if
// any. !ok: it is another than that, and the stream is of no use (C-24, W-10).
func (c *core) settle(s *step) (ok bool) {
	found := c.detect(s)
	switch {
	case found == Auto, len(c.track.choices) > 0: // it may be of any, or the answer has begun
	case found == c.asked, c.asked == Auto, slices.Contains(dialects[c.asked].others, found):
		c.dialect, c.settled = found, true
	default:
		c.dead = &DialectError{Want: c.asked, Looks: found.String()}
		return false
	}
	return true
}
