package llmstream

import (
	"fmt"
	"mime"
	"strings"

	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/wire"
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
	// DashScope is the own API of Alibaba's DashScope, which Model Studio is built on.
	DashScope
	// TextGeneration is what servers stream that continue a text: /generate_stream of
	// Hugging Face's Text Generation Inference, and /completion of llama.cpp's server.
	TextGeneration
	// MistralConversations is Mistral's Conversations API.
	MistralConversations
	// BedrockAgents is what the agents of Amazon Bedrock stream: InvokeAgent and
	// InvokeInlineAgent. A request for Bedrock may be answered in it too.
	BedrockAgents
)

// String returns the dialect's name, such as "openai-chat".
func (d Dialect) String() string {
	if int(d) < len(dialect.Table) {
		return dialect.Table[d].Name
	}
	return "unknown"
}

// ParseDialect is the reverse of [Dialect.String]. The error names the word, and
// the dialect is then Auto.
func ParseDialect(name string) (Dialect, error) {
	if d, ok := dialect.Named(name); ok {
		return Dialect(d), nil
	}
	return Auto, fmt.Errorf("%sunknown dialect %q", errorPrefix, name)
}

// DetectDialect tells the dialect of a response from its Content-Type and the
// path of its request, either of which may be empty; Auto where they don't tell.
// Parameters of the one and the query of the other are left out of account.
func DetectDialect(contentType, path string) Dialect {
	on := wire.AnyKind
	if media, _, err := mime.ParseMediaType(contentType); err == nil {
		on = wire.KindsOf(media)
	}
	path, _, _ = strings.Cut(path, "?")
	return Dialect(dialect.OfRequest(on, path))
}
