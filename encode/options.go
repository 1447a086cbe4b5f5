package encode

import "time"

// Options says how a stream is to be written. A nil *Options means the defaults, which are
// its zero values.
type Options struct {
	// Model and ID are written in place of the source's, unless they are empty.
	Model, ID string
	// InputTokens is an estimate of the prompt's tokens. Anthropic's stream begins with
	// that number, and clients show it; the source may not know it by then (WA-4). What
	// the source says goes before it.
	InputTokens int64
	// IncludeUsage writes token counts to OpenAI chat, whose clients ask for them with
	// stream_options.include_usage and may not expect them otherwise (WC-7). The other
	// targets always have them.
	IncludeUsage bool
	// HoldStart writes nothing before the first output. Until Started reports true the
	// caller may fail over to another source, after Reset, or answer with an HTTP status
	// (WG-21). An error that comes before is not written either: Close returns it, and
	// Error writes it.
	HoldStart bool
	// HoldArguments writes a tool call when its arguments have ended and are valid JSON, and
	// those in one piece, for clients that hang on others (WA-11). Until then the source may
	// take them back (WG-20). Arguments that are not valid end the stream with an error, or
	// see RawArguments. Gemini's calls are always whole.
	HoldArguments bool
	// RawArguments writes held arguments that are not a JSON object as {"__raw":"…"}.
	RawArguments bool
	// IncompleteAsCompleted ends a stream of Responses that hit a token limit or a filter
	// with response.completed in place of response.incomplete, which Codex takes for a
	// broken connection (WR-12). The status in it stays "incomplete".
	IncompleteAsCompleted bool
	// DoneMarker writes "data: [DONE]" at the end of a stream of Responses, where OpenAI
	// sends none and some clients wait for it (WR-14). Chat always has it.
	DoneMarker bool
	// DataPing makes Ping write an event that clients parse, where the API has one without
	// meaning: an empty chunk of chat or Gemini, response.in_progress of Responses. A
	// comment keeps proxies from closing the connection, but not Codex (WR-19).
	DataPing bool
	// ReasoningAlias writes reasoning to chat as "reasoning" too, the name that OpenRouter
	// and others have for "reasoning_content" (WC-13).
	ReasoningAlias bool
	// DropReasoning leaves out the text of reasoning (WA-14). What Anthropic did not sign
	// it does not take back.
	DropReasoning bool
	// MalformedAsError ends the stream with an error when a part of the source could not
	// be read. By default that is counted in Lost.
	MalformedAsError bool
	// MaxHeld is how many bytes are kept at most: of the answer, which the last event of
	// Responses repeats, or of pieces that wait for their turn. Past it the stream ends
	// with an error. Zero or less: 64 MiB.
	MaxHeld int
	// Now returns the time, for a source that gives none. Nil: time.Now.
	Now func() time.Time
}

const defaultMaxHeld = 64 << 20
