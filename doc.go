// Package llmstream reads the streaming answers of LLM providers. It takes bytes from a
// network and returns typed deltas, an assembled completion, and a verdict on how the
// stream ended. It is made for gateways and clients, which can trust neither the server
// nor the connection. Package encode writes the streams of some of these providers.
//
// It reads these dialects, as server-sent events, plain JSON bodies, lines of JSON, or
// binary frames; see [Dialect]:
//
//   - OpenAI's chat completions, their compatible variants and the legacy completions,
//     and OpenAI's Responses
//   - Anthropic's Messages
//   - Google's streamGenerateContent and Interactions
//   - Amazon Bedrock and its agents
//   - Cohere's chat and Mistral's Conversations
//   - the native APIs of Ollama, of Cloudflare's Workers AI, and of DashScope
//   - servers for text generation
//
// # Three ways to use it
//
// All three give the same deltas and the same [Outcome] for the same bytes:
//
//   - Push: a [Parser] is an io.WriteCloser. Its caller writes the bytes, cut
//     anywhere, and a [Handler] gets each [Delta] before Write returns.
//   - Pull: a [Reader] takes the bytes out of an io.Reader. [Reader.Next] goes
//     from delta to delta, and [Reader.Deltas] is an iterator over them.
//   - Tee: [Tee] wraps a response body that is forwarded, and shows its bytes to
//     a Parser. It does not change the body.
//
// An [Accumulator] is a Handler that assembles deltas into a [Completion]: the answer
// as a request without streaming would have returned it. [Handlers] combines several
// handlers. Package sse reads and writes server-sent events of any kind. Package
// httptee watches streams in net/http. The folder examples has whole programs.
//
// # Terminology
//
// Each term has one meaning here, in names and in comments.
//
//   - A read is a slice of bytes as the network returned it. Where it is cut means
//     nothing.
//   - An event is one server-sent event, one element of a JSON array, one line
//     of newline-delimited JSON, a whole JSON body, or one binary frame. A comment
//     is not an event.
//   - A wire is how events are put into bytes; a dialect is what they say.
//   - A chunk is the JSON object in an event of OpenAI's chat completions.
//   - A delta is one thing that an event adds to the answer. An event gives any
//     number of deltas, each of one kind.
//   - A choice is one of the alternative answers to a request, identified by its
//     index. Usually there is one.
//   - An item is one of the things that an answer of OpenAI's Responses consists of: a
//     message, reasoning, a call. An item without a Kind of its own is delivered
//     verbatim as [KindItem]. So are comparable parts of other dialects' messages.
//   - A tool call is a call that the model requests. It comes in fragments and has
//     ended only when [KindToolCallEnd] has come.
//   - A part is a piece of a message to which the provider gives an index, such as a
//     content block of Anthropic's or an item. [Delta].Part is that index.
//     [Message].Parts lists texts, calls and the like in the order of the answer, for
//     every dialect.
//   - A restart voids a part that has come, because the part or the whole answer begins
//     again: see [KindRestart].
//   - Usage is the number of tokens that the answer cost, as the provider counts them.
//   - A finish reason is why a choice ended. It is not the end of the stream.
//   - The end marker is the event by which a dialect ends a stream: [DONE] in
//     OpenAI's chat completions, message-end in Cohere's. Gemini has no end marker.
//   - A message is what one choice has said so far. A completion is all choices
//     with id, model and usage.
//   - Damage is an event, or a part of one, that could not be read.
//   - The outcome is how the stream ended; its state is one word for that. Its anomalies
//     count what was unusual.
//
// # Ownership
//
// Every slice and pointer in an [Event] or a [Delta] is borrowed until the handler
// returns, or until the next call of Next. After that the memory is reused. Copy what
// you keep, or copy a whole delta with [Delta.Clone]. Do not write to borrowed memory:
// it may be the caller's own bytes. Write does not keep or change its argument.
//
// What [Accumulator.Completion] and the Outcome methods return is a copy and
// belongs to the caller.
//
// # Limits
//
// Memory is bounded for any input. [Options] bounds the bytes of a line and of an
// event, the JSON values in an event, choices, tool calls, and the text kept of
// what is not an event; Accumulator.MaxBytes bounds the text of an answer. JSON may
// be nested 300 deep. Each limit says what it counts.
//
// A part of the stream that exceeds a limit is left out, and reading continues after
// it. The loss is reported as one delta of [KindMalformed] with a *[LimitError] in it.
// It is counted, and makes [Outcome.Err] non-nil. Two limits only shorten texts:
// MaxBadText and MaxBytes. Completion.Dropped counts the bytes past MaxBytes.
//
// Time is linear in the bytes, however they are cut and whatever they hold.
//
// # Errors
//
// No bytes make Write fail or panic. The Outcome reports what is wrong with a stream:
// [Outcome.Err] is nil only if the answer is complete and nothing was damaged. A
// complete answer may still have the finish reason [FinishLength] or
// [FinishContentFilter]. Only an error that a handler returns ends the reading early.
//
// # Specifications
//
//   - Server-sent events: WHATWG HTML, section 9.2,
//     https://html.spec.whatwg.org/multipage/server-sent-events.html. Package
//     sse follows it to the letter. Parser and Reader also accept common
//     deviations, such as a last event without a blank line.
//   - JSON: RFC 8259. JSON from a provider is read more leniently: NaN and raw control
//     characters are accepted, and of two equal keys the last counts. The arguments of
//     a tool call must follow RFC 8259.
//   - Chat completions: OpenAI's API reference,
//     https://platform.openai.com/docs/api-reference/chat-streaming, and what
//     compatible servers were seen to send.
//   - Responses: OpenAI's API reference,
//     https://platform.openai.com/docs/api-reference/responses-streaming.
//   - Messages: Anthropic's API reference,
//     https://docs.anthropic.com/en/api/messages-streaming.
//   - Gemini: https://ai.google.dev/api/generate-content and
//     https://ai.google.dev/api/interactions-api; Cohere:
//     https://docs.cohere.com/v2/docs/streaming; Ollama:
//     https://docs.ollama.com/api.
//   - JSON paths in Gemini's partial arguments: RFC 9535, names and indexes only.
//   - Binary frames: application/vnd.amazon.eventstream,
//     https://smithy.io/2.0/aws/amazon-eventstream.html. Both checksums are checked.
//     After a damaged frame reading goes on at the next undamaged one.
//   - Amazon Bedrock: ConverseStream and InvokeModelWithResponseStream,
//     https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html,
//     and the formats of the models.
//
// docs/dialects.md has the request paths, finish reasons and usage names of each
// dialect. docs/quirks.md lists what servers do differently and how that is read.
//
// # Concurrency
//
// Nothing here starts a goroutine, reads a clock or does I/O, except that a Reader or a
// Tee reads from the body that it was given. A Parser, Reader or Accumulator serves one
// goroutine at a time; any number of them may work side by side. Only the Close of a
// Tee may be called while its Read is in progress. A handler must not call back into
// its parser: the parser panics if it does. A handler runs inside Write or Read, so a
// slow handler slows the stream, and its panic passes through them.
package llmstream
