package encode

import "time"

// Options controls how a stream is written. A nil *Options means the defaults, which
// are the zero values of the fields.
type Options struct {
	// Model and ID, unless empty, replace the source's model and ID.
	Model, ID string
	// InputTokens is an estimate of the prompt's tokens. Anthropic's stream begins with
	// that number, and clients show it, but the source may not have reported it by
	// then. A number from the source has precedence.
	InputTokens int64
	// IncludeUsage writes token counts to OpenAI chat. Its clients request them with
	// stream_options.include_usage, and may not expect them otherwise. The other
	// targets always have them.
	IncludeUsage bool
	// HoldStart writes nothing before the first output. Until Started reports true, the
	// caller may fail over to another source, after Reset, or answer with an HTTP
	// status. An error before the first output is not written either: Close returns it,
	// and Error can write it.
	HoldStart bool
	// HoldArguments writes a tool call once its arguments have ended and are valid JSON,
	// and the arguments in one piece. Some clients hang on arguments that are not valid.
	// Until then the source may replace them. Arguments that are not valid end the stream
	// with an error, unless RawArguments is set. Gemini's calls are always whole.
	HoldArguments bool
	// RawArguments writes held arguments that are not a JSON object as {"__raw":"…"}.
	RawArguments bool
	// IncompleteAsCompleted makes a stream of Responses that hit a token limit or a
	// filter end with response.completed in place of response.incomplete. Codex takes
	// the latter for a broken connection. The status in the event stays "incomplete".
	IncompleteAsCompleted bool
	// DoneMarker writes "data: [DONE]" at the end of a stream of Responses. OpenAI does
	// not send it there, but some clients wait for it. Chat always has it.
	DoneMarker bool
	// DataPing makes Ping write an event that changes nothing, in place of a comment:
	// an empty chunk in chat or Gemini, response.in_progress in Responses. A comment
	// keeps proxies from closing the connection, but does not keep Codex from doing so.
	DataPing bool
	// ReasoningAlias makes chat repeat "reasoning_content" as "reasoning", which is the
	// name that OpenRouter and others use.
	ReasoningAlias bool
	// ThinkingBlocks makes chat write reasoning as "thinking_blocks" beside
	// "reasoning_content", as LiteLLM does. They hold Anthropic's signatures and encrypted
	// reasoning. By default these are in "reasoning_details", as in OpenRouter's API. The
	// signatures of other providers are always there.
	ThinkingBlocks bool
	// RefusalAsSafety makes Gemini finish a refusal with SAFETY in place of STOP. Gemini
	// has no other way to mark a refusal: the text of a refusal is ordinary text.
	RefusalAsSafety bool
	// DropReasoning leaves out the text of reasoning. Anthropic does not accept
	// reasoning in a request that it has not signed.
	DropReasoning bool
	// MalformedAsError ends the stream with an error when a part of the source cannot
	// be read. By default the part is only counted in Lost.
	MalformedAsError bool
	// MaxHeld is the largest number of bytes that are held: the answer, which the last
	// event of Responses repeats, and pieces that wait for their turn. Past it the
	// stream ends with an error. Zero or less means 64 MiB.
	MaxHeld int
	// Now returns the time to write if the source gives no time. Nil means time.Now.
	Now func() time.Time
}

const defaultMaxHeld = 64 << 20
