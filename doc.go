// Package llmstream reads the streaming answers of LLM providers. Bytes from a
// network go in; typed deltas, a folded completion and a verdict on how the
// stream ended come out. It is made to be embedded in gateways and clients,
// which can trust neither the server nor the connection.
//
// It reads several dialects, as server-sent events, as plain JSON bodies, as lines
// of JSON, or as binary frames: OpenAI's chat completions with its compatible
// variants and the legacy completions, OpenAI's Responses, Anthropic's Messages,
// Google's streamGenerateContent and Interactions, Cohere's chat, Ollama's own API,
// Amazon Bedrock's and Cloudflare's. See [Dialect].
//
// # Three ways to use it
//
// One core does the reading. Three thin shells drive it, and give the same
// deltas and the same [Outcome] for the same bytes:
//
//   - push: a [Parser] is an io.WriteCloser. Whoever has the bytes writes them,
//     cut anywhere, and a [Handler] gets each [Delta] before Write returns.
//   - pull: a [Reader] takes the bytes out of an io.Reader. [Reader.Next] goes
//     from delta to delta, and [Reader.Deltas] does so for a range loop.
//   - look on: [Tee] wraps a response body that is passed on to somebody else,
//     and shows its bytes to a Parser. It changes nothing of the body.
//
// An [Accumulator] is the Handler that folds deltas into a [Completion]: the
// answer as a request without streaming would have brought it. Handlers are
// combined with [Handlers]. Package sse reads server-sent events of any kind.
//
// # Terminology
//
// One word means one thing here, in names and in comments.
//
//   - A read is a slice of bytes as the network gave it. Where it is cut means
//     nothing.
//   - An event is one server-sent event, one element of a JSON array, one line
//     of newline-delimited JSON, a whole JSON body, or one binary frame. A comment
//     is no event.
//   - A wire is how events are put into bytes; a dialect is what they say.
//   - A chunk is the JSON object in an event of OpenAI's chat completions.
//   - A delta is one thing that an event adds to the answer. An event gives any
//     number of deltas, each of one kind.
//   - A choice is one of the alternative answers to a request, known by its
//     index. Mostly there is one.
//   - An item is one of the things that an answer of OpenAI's Responses is made
//     of: a message, reasoning, a call. One that has no word of its own here is
//     given as it is, by [KindItem], and so are such parts of other dialects'
//     messages.
//   - A tool call is a call that the model wants made. It comes in fragments
//     and has ended only when [KindToolCallEnd] says so.
//   - Usage is how many tokens the answer cost, in the provider's numbers.
//   - A finish reason tells why a choice ended. It is not the end of the stream.
//   - The end marker is the event by which a dialect ends a stream: [DONE] in
//     OpenAI's chat completions, message-end in Cohere's. Gemini has none.
//   - A message is what one choice has said so far. A completion is all choices
//     with id, model and usage.
//   - Damage is an event, or a part of one, that could not be read.
//   - The outcome is how the stream ended; its state is one word of it.
//
// # Ownership
//
// Every slice and pointer in an [Event] or a [Delta] is borrowed: until the
// handler returns, or until the next call of Next. After that the memory holds
// something else. Copy what is to be kept, or take all of it with [Delta.Clone].
// Do not write to what is borrowed: it may be the caller's own bytes. Write keeps
// nothing of its argument and does not write to it.
//
// What [Accumulator.Completion] and the Outcome methods return is a copy and
// belongs to the caller.
//
// # Limits
//
// Memory is bounded whatever comes. [Options] bounds the bytes of a line and of
// an event, the JSON values in an event, choices, tool calls, and the text kept
// of what is no event; Accumulator.MaxBytes bounds the text of an answer. JSON
// may be nested 300 deep. Each limit says what it counts.
//
// What is past a limit is left out and the rest is read. It comes as one delta
// of [KindMalformed] with a *[LimitError] in it, is counted, and makes
// [Outcome.Err] not nil. Two limits are milder: text past MaxBadText, and text
// past MaxBytes, which is counted in Completion.Dropped.
//
// Time is linear in the bytes, however they are cut and whatever is in them.
//
// # Errors
//
// Bytes never make Write fail, and no bytes make it panic. What is wrong with a
// stream is in its Outcome: [Outcome.Err] is nil only if the answer is whole and
// nothing was damaged. Only an error that a handler returns ends the reading
// early.
//
// # Specifications
//
//   - Server-sent events: WHATWG HTML, section 9.2,
//     https://html.spec.whatwg.org/multipage/server-sent-events.html. Package
//     sse follows it to the letter. Parser and Reader also take what servers
//     write beside it, such as a last event with no blank line.
//   - JSON: RFC 8259. What a provider sends is read more generously, with NaN
//     and raw control characters; of two equal keys the last counts. The
//     arguments of a tool call are held to RFC 8259.
//   - Chat completions: OpenAI's API reference,
//     https://platform.openai.com/docs/api-reference/chat-streaming, and what
//     the servers that are compatible with it were seen to send.
//   - Responses: OpenAI's API reference,
//     https://platform.openai.com/docs/api-reference/responses-streaming.
//   - Messages: Anthropic's API reference,
//     https://docs.anthropic.com/en/api/messages-streaming.
//   - Gemini: https://ai.google.dev/api/generate-content and
//     https://ai.google.dev/api/interactions-api; Cohere:
//     https://docs.cohere.com/v2/docs/streaming; Ollama:
//     https://docs.ollama.com/api.
//   - JSON paths in Gemini's partial arguments: RFC 9535, names and indexes alone.
//   - Binary frames: application/vnd.amazon.eventstream,
//     https://smithy.io/2.0/aws/amazon-eventstream.html. Both checksums are checked.
//     A frame past one that is damaged is found again; see DESIGN.md.
//   - Amazon Bedrock: ConverseStream and InvokeModelWithResponseStream,
//     https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html,
//     and the formats of the models.
//
// Ids in comments, such as F-08 or T-17, name the quirks of servers that a line
// of code is there for. DESIGN.md says in words what each of them means;
// testdata/README.md lists the recordings that show it. DESIGN.md also has the
// contracts that comments refer to by number.
//
// # Concurrency
//
// Nothing here starts a goroutine, reads a clock or does I/O, but for the reads
// of a Reader or a Tee from the body that they were given. A Parser, Reader or
// Accumulator serves one goroutine at a time; any number of them may work side by
// side. Only the Close of a Tee may be called while its Read is
// in progress. A handler must not call back into its parser. It runs inside
// Write or Read, so that its time is the stream's time, and its panic passes
// through them.
package llmstream
