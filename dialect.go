package llmstream

import (
	"fmt"
	"mime"
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
	// Bedrock is what Amazon Bedrock streams: the events of ConverseStream, and
	// the chunks of InvokeModelWithResponseStream, of whatever model.
	Bedrock
)

// dialect is a row of the table of dialects. Its functions are in the
// dialect_*.go of its name.
type dialect struct {
	name string
	path string // ends of the request paths that answer in it, space-separated
	// detect tells whether an event's JSON object is one of this dialect.
	detect func(s *step) bool
	// decode adds the deltas of an event's JSON object.
	decode func(s *step)
	// done is the data that ends a stream, where it is no JSON.
	done string
}

var dialects = [...]dialect{
	Auto: {name: "auto"},
	OpenAIChat: {
		name:   "openai-chat",
		path:   "/chat/completions /completions",
		detect: detectChat,
		decode: decodeChat,
		done:   "[DONE]",
	},
	Bedrock: {
		name: "bedrock",
		path: "/converse-stream /invoke-with-response-stream",
	},
}

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
	if media, _, err := mime.ParseMediaType(contentType); err == nil && !strings.HasSuffix(media, "/event-stream") && !strings.HasSuffix(media, "json") {
		return Auto
	}
	path, _, _ = strings.Cut(path, "?")
	path = strings.TrimSuffix(path, "/")
	for d := range dialects {
		for _, end := range strings.Fields(dialects[d].path) {
			if strings.HasSuffix(path, end) {
				return Dialect(d)
			}
		}
	}
	return Auto
}

// looksLike names the dialect of an event that this library does not decode or
// was not asked to, or returns "".
func looksLike(s *step) string {
	root, typ := s.root, string(s.word(member(s.root, "type")))
	switch {
	case strings.HasPrefix(typ, "response."):
		return "openai-responses"
	case typ == "message_start" || strings.HasPrefix(typ, "content_block_"):
		return "anthropic-messages"
	case root.Exists("candidates") || root.Exists("promptFeedback"):
		return "gemini"
	case typ == "message-start" || typ == "stream-start":
		return "cohere"
	}
	return ""
}
