package llmstream

import (
	"fmt"
	"mime"
	"strings"

	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// A Dialect is the streaming format of a provider's API: what the events of a stream
// say.
type Dialect uint8

const (
	// Auto detects the dialect from the first events.
	Auto Dialect = iota
	// OpenAIChat is OpenAI's chat completions with their compatible variants, and
	// the legacy completions.
	OpenAIChat
	// OpenAIResponses is OpenAI's Responses API.
	OpenAIResponses
	// AnthropicMessages is Anthropic's Messages API, on every host, and the older
	// text completions.
	AnthropicMessages
	// Gemini is Google's streamGenerateContent in the Gemini API, Vertex AI and
	// Code Assist.
	Gemini
	// GeminiInteractions is Google's Interactions API.
	GeminiInteractions
	// Cohere is Cohere's chat API, versions 1 and 2.
	Cohere
	// Ollama is Ollama's native API: /api/chat and /api/generate.
	Ollama
	// Cloudflare is the native API of Cloudflare's Workers AI.
	Cloudflare
	// Bedrock is Amazon Bedrock: the events of ConverseStream, the events of any
	// model inside InvokeModelWithResponseStream, and the answers of Converse.
	Bedrock
	// DashScope is the native API of Alibaba's DashScope, on which Model Studio is
	// built.
	DashScope
	// TextGeneration is the API of servers that continue a text: /generate_stream of
	// Hugging Face's Text Generation Inference, and /completion of llama.cpp's server.
	TextGeneration
	// MistralConversations is Mistral's Conversations API.
	MistralConversations
	// BedrockAgents is the API of Amazon Bedrock's agents: InvokeAgent and
	// InvokeInlineAgent. A parser for Bedrock accepts it too.
	BedrockAgents
)

// String returns the dialect's name, such as "openai-chat".
func (d Dialect) String() string {
	if int(d) < len(dialect.Table) {
		return dialect.Table[d].Name
	}
	return "unknown"
}

// MarshalText returns String, or an error for a value without a name.
func (d Dialect) MarshalText() ([]byte, error) {
	if int(d) >= len(dialect.Table) {
		return nil, fmt.Errorf("%sDialect(%d) has no name", errorPrefix, d)
	}
	return []byte(d.String()), nil
}

// UnmarshalText sets d to the dialect with this name; see [ParseDialect].
func (d *Dialect) UnmarshalText(name []byte) (err error) {
	*d, err = ParseDialect(string(name))
	return err
}

// ParseDialect returns the dialect with this name; see [Dialect.String]. For an
// unknown name it returns Auto and an error that quotes the name.
func ParseDialect(name string) (Dialect, error) {
	if d, ok := dialect.Named(name); ok {
		return Dialect(d), nil
	}
	return Auto, fmt.Errorf("%sunknown dialect %q", errorPrefix, name)
}

// DetectDialect returns the dialect of a response, from the response's Content-Type and
// the path of the request. Either may be empty. It returns Auto if they do not settle
// the dialect. Parameters of the Content-Type and the query of the path are ignored.
func DetectDialect(contentType, path string) Dialect {
	on := wire.AnyKind
	if media, _, err := mime.ParseMediaType(contentType); err == nil {
		on = wire.KindsOf(media)
	}
	path, _, _ = strings.Cut(path, "?")
	return Dialect(dialect.OfRequest(on, path))
}
