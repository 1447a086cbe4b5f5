package proof

import (
	"strconv"
	"strings"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
)

// A letter is what one event of a stream may do. A dialect expresses a letter with an event
// of its own, or not at all.
type letter int

const (
	role letter = iota
	text
	toolStart
	toolArguments
	finish
	anotherFinish
	usage
	endMarker
	providerError
	damage
	anotherAnswer
	cut // the connection fails within an event of text, so a sequence ends here
	letters
)

var letterNames = [letters]string{
	"role", "text", "start", "arguments", "finish", "finish2", "usage", "marker", "error", "damage", "another", "cut",
}

// A fact is what an event means by the documentation of its dialect. An event may have
// several: the last event of Cohere holds the finish reason and is the end marker.
type fact uint16

const (
	begins     fact = 1 << iota // an answer begins, if none has begun
	gives                       // there is output
	startsCall                  // a tool call begins, with its name
	argues                      // the next half of the arguments of the latest call
	endsCall                    // the call that begins is whole
	stops                       // a finish reason other than a limit
	limits                      // the finish reason that a limit was reached
	counts                      // usage
	ends                        // the end marker
	fails                       // an error of the provider
	breaks                      // the event cannot be read
	renews                      // the event has the id of the answer
)

// An event is how a dialect expresses a letter. In its text CALL stands for the index of
// the latest call, PIECE for the next half of the arguments, ANSWER for the number of the
// answer, and TEXT for a text that differs from the others.
type event struct {
	facts fact
	text  string
}

// A sheet is how a dialect expresses the letters, and where its rules differ.
type sheet struct {
	dialect llmstream.Dialect
	frame   func(text string) string // makes the bytes of an event
	orphans orphans
	// interrupts is set if an answer that begins inside another is damage.
	interrupts bool
	// itemsEnd is set if a call has an event for its end. If that is missing, a limit has
	// broken off the call, and a call without arguments has lost them (T-19).
	itemsEnd bool
	// revokes is set if arguments after the end of a call make it invalid.
	revokes bool
	// usageEnds is set if usage together with the finish reason is the end marker (B-05).
	usageEnds bool
	// inputEnds is set if the end of the input ends an answer without a finish reason (B-09).
	inputEnds bool
	events    [letters]event
}

// orphans is what becomes of arguments whose call has not begun.
type orphans int

const (
	malformed  orphans = iota // they are damage
	waiting                   // the call takes no pieces until its arguments come as a whole (O-17)
	nameless                  // they begin a call without a name (T-32)
	namedLater                // the same, and the name may come later (T-08)
)

// halves are the pieces of the arguments of a call.
var halves = [2]string{`{"a":`, `1}`}

// position is what the bytes of an event depend on besides its letter.
type position struct{ call, half, answer, place int }

// bytes returns the event of a letter.
func (s *sheet) bytes(l letter, at position) string {
	if l == cut {
		whole := s.bytes(text, at)
		return whole[:len(whole)*2/3]
	}
	fill := strings.NewReplacer("CALL", strconv.Itoa(at.call), "PIECE", strings.ReplaceAll(halves[at.half], `"`, `\"`),
		"ANSWER", strconv.Itoa(at.answer), "TEXT", "x"+strconv.Itoa(at.place))
	return s.frame(fill.Replace(s.events[l].text))
}

// asSSE, asNamed, asLine and asFrame make the bytes of an event from its text. asNamed
// repeats its type in an event line.
func asSSE(text string) string { return testkit.SSE(text) }

func asNamed(text string) string {
	_, name, _ := strings.Cut(text, `"type":"`)
	name, _, _ = strings.Cut(name, `"`)
	return "event: " + name + "\n" + asSSE(text)
}

func asLine(text string) string { return text + "\n" }

func asFrame(text string) string {
	if text != damagedFrame {
		return framed(text)
	}
	frame := []byte(framed(testkit.BlockDelta("lost")))
	frame[len(frame)-1] ^= 1
	return string(frame)
}

// damagedFrame stands for a frame whose checksum is wrong.
const damagedFrame = "damaged"

// sheets has a row for each dialect. A tool call of Gemini, Ollama and Bedrock's agents is
// one event, so they have no letter for arguments. Cohere, Mistral and others end an answer
// with the event that has the finish reason.
var sheets = []sheet{
	{dialect: llmstream.OpenAIChat, frame: asSSE, orphans: namedLater, events: [letters]event{
		role:          {begins, `{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}`},
		text:          {begins | gives, `{"choices":[{"index":0,"delta":{"content":"TEXT"}}]}`},
		toolStart:     {begins | gives | startsCall, `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":CALL,"id":"call_CALL","type":"function","function":{"name":"f","arguments":""}}]}}]}`},
		toolArguments: {begins | gives | argues, `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":CALL,"function":{"arguments":"PIECE"}}]}}]}`},
		finish:        {begins | stops, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`},
		anotherFinish: {begins | limits, `{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}`},
		usage:         {counts, `{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`},
		endMarker:     {ends, `[DONE]`},
		providerError: {fails, `{"error":{"message":"overloaded","type":"server_error"}}`},
		damage:        {breaks, `{"choices":[{"index":0,"delta":{"content":`},
	}},
	{dialect: llmstream.OpenAIResponses, frame: asNamed, orphans: waiting, itemsEnd: true, events: [letters]event{
		role:          {begins | renews, `{"type":"response.created","response":{"id":"resp_ANSWER","status":"in_progress","output":[]}}`},
		text:          {begins | gives, `{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,"delta":"TEXT"}`},
		toolStart:     {begins | gives | startsCall, `{"type":"response.output_item.added","output_index":CALL,"item":{"id":"fc_CALL","type":"function_call","call_id":"call_CALL","name":"f","arguments":""}}`},
		toolArguments: {begins | gives | argues, `{"type":"response.function_call_arguments.delta","item_id":"fc_CALL","output_index":CALL,"delta":"PIECE"}`},
		finish:        {begins | renews | stops | ends, `{"type":"response.completed","response":{"id":"resp_ANSWER","status":"completed","output":[],"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}}`},
		anotherFinish: {begins | renews | limits | ends, `{"type":"response.incomplete","response":{"id":"resp_ANSWER","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}}`},
		endMarker:     {ends, `[DONE]`},
		providerError: {fails, `{"type":"error","code":"server_error","message":"overloaded"}`},
		damage:        {breaks, `{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"delta":`},
		anotherAnswer: {begins | renews, `{"type":"response.created","response":{"id":"resp_ANSWER","status":"in_progress","output":[]}}`},
	}},
	{dialect: llmstream.AnthropicMessages, frame: asNamed, orphans: malformed, interrupts: true, revokes: true, events: [letters]event{
		role:          {begins | renews, `{"type":"message_start","message":{"id":"msg_ANSWER","type":"message","role":"assistant","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}`},
		text:          {begins | gives, `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"TEXT"}}`},
		toolStart:     {begins | gives | startsCall, `{"type":"content_block_start","index":CALL,"content_block":{"type":"tool_use","id":"toolu_CALL","name":"f","input":{}}}`},
		toolArguments: {begins | gives | argues, `{"type":"content_block_delta","index":CALL,"delta":{"type":"input_json_delta","partial_json":"PIECE"}}`},
		finish:        {begins | stops, `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}`},
		anotherFinish: {begins | limits, `{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":2}}`},
		usage:         {counts, `{"type":"message_delta","delta":{},"usage":{"output_tokens":2}}`},
		endMarker:     {ends, `{"type":"message_stop"}`},
		providerError: {fails, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`},
		damage:        {breaks, `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":`},
		anotherAnswer: {begins | renews, `{"type":"message_start","message":{"id":"msg_ANSWER","type":"message","role":"assistant","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}`},
	}},
	{dialect: llmstream.Gemini, frame: asSSE, events: [letters]event{
		role:          {begins, `{"candidates":[{"content":{"role":"model","parts":[]},"index":0}]}`},
		text:          {begins | gives, `{"candidates":[{"content":{"role":"model","parts":[{"text":"TEXT"}]},"index":0}]}`},
		toolStart:     {begins | gives | startsCall | endsCall, `{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":CALL}}}]},"index":0}]}`},
		finish:        {begins | stops, `{"candidates":[{"finishReason":"STOP","index":0}]}`},
		anotherFinish: {begins | limits, `{"candidates":[{"finishReason":"MAX_TOKENS","index":0}]}`},
		usage:         {counts, `{"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"totalTokenCount":3}}`},
		providerError: {fails, `{"error":{"code":500,"message":"internal","status":"INTERNAL"}}`},
		damage:        {breaks, `{"candidates":[{"content":{"role":"model","parts":[{"text":`},
	}},
	{dialect: llmstream.GeminiInteractions, frame: asSSE, orphans: malformed, events: [letters]event{
		role:          {begins, `{"interaction":{"id":"v1_ANSWER","status":"in_progress","object":"interaction"},"event_type":"interaction.created"}`},
		text:          {begins | gives, `{"index":0,"delta":{"text":"TEXT","type":"text"},"event_type":"step.delta"}`},
		toolStart:     {begins | gives | startsCall, `{"index":CALL,"step":{"id":"fc_CALL","type":"function_call","name":"f","arguments":{}},"event_type":"step.start"}`},
		toolArguments: {begins | gives | argues, `{"index":CALL,"delta":{"arguments":"PIECE","type":"arguments_delta"},"event_type":"step.delta"}`},
		finish:        {begins | stops | ends, `{"interaction":{"id":"v1_ANSWER","status":"completed","object":"interaction"},"event_type":"interaction.completed"}`},
		anotherFinish: {begins | limits | ends, `{"interaction":{"id":"v1_ANSWER","status":"incomplete","object":"interaction"},"event_type":"interaction.completed"}`},
		providerError: {fails, `{"error":{"message":"overloaded","code":"unavailable"},"event_type":"error"}`},
		damage:        {breaks, `{"index":0,"delta":{"text":`},
	}},
	{dialect: llmstream.Cohere, frame: asNamed, orphans: nameless, events: [letters]event{
		role:          {begins, `{"id":"g1","type":"message-start","delta":{"message":{"role":"assistant","content":[]}}}`},
		text:          {begins | gives, `{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"TEXT"}}}}`},
		toolStart:     {begins | gives | startsCall, `{"type":"tool-call-start","index":CALL,"delta":{"message":{"tool_calls":{"id":"t_CALL","type":"function","function":{"name":"f","arguments":""}}}}}`},
		toolArguments: {begins | gives | argues, `{"type":"tool-call-delta","index":CALL,"delta":{"message":{"tool_calls":{"function":{"arguments":"PIECE"}}}}}`},
		finish:        {begins | stops | ends, `{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"tokens":{"input_tokens":1,"output_tokens":2}}}}`},
		anotherFinish: {begins | limits | ends, `{"type":"message-end","delta":{"finish_reason":"MAX_TOKENS"}}`},
		endMarker:     {begins | ends, `{"type":"message-end","delta":{}}`},
		providerError: {fails, `{"message":"too many tokens"}`},
		damage:        {breaks, `{"type":"content-delta","index":0,"delta":{"message":`},
	}},
	{dialect: llmstream.Ollama, frame: asLine, events: [letters]event{
		role:          {begins, `{"model":"m","message":{"role":"assistant","content":""},"done":false}`},
		text:          {begins | gives, `{"model":"m","message":{"role":"assistant","content":"TEXT"},"done":false}`},
		toolStart:     {begins | gives | startsCall | endsCall, `{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":CALL}}}]},"done":false}`},
		finish:        {begins | stops | ends, `{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","eval_count":2}`},
		anotherFinish: {begins | limits | ends, `{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"length"}`},
		endMarker:     {begins | ends, `{"model":"m","message":{"role":"assistant","content":""},"done":true}`},
		providerError: {fails, `{"error":"the model has failed"}`},
		damage:        {breaks, `{"model":"m","message":{"role":"assistant","content":x}},"done":false}`},
	}},
	{dialect: llmstream.Cloudflare, frame: asSSE, orphans: namedLater, events: [letters]event{
		role:          {begins, `{"response":""}`},
		text:          {begins | gives, `{"response":"TEXT","p":"ab"}`},
		toolStart:     {begins | gives | startsCall, `{"response":"","tool_calls":[{"index":CALL,"id":"call_CALL","type":"function","function":{"name":"f"}}]}`},
		toolArguments: {begins | gives | argues, `{"tool_calls":[{"index":CALL,"function":{"arguments":"PIECE"}}]}`},
		usage:         {begins | counts, `{"response":"","usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`},
		endMarker:     {ends, `[DONE]`},
		providerError: {fails, `{"errors":[{"code":3040,"message":"capacity"}]}`},
		damage:        {breaks, `{"response":`},
	}},
	{dialect: llmstream.Bedrock, frame: asFrame, orphans: malformed, usageEnds: true, revokes: true, events: [letters]event{
		role:          {begins, `event messageStart {"role":"assistant"}`},
		text:          {begins | gives, `event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"TEXT"}}`},
		toolStart:     {begins | gives | startsCall, `event contentBlockStart {"contentBlockIndex":CALL,"start":{"toolUse":{"name":"f","toolUseId":"t_CALL"}}}`},
		toolArguments: {begins | gives | argues, `event contentBlockDelta {"contentBlockIndex":CALL,"delta":{"toolUse":{"input":"PIECE"}}}`},
		finish:        {begins | stops, `event messageStop {"stopReason":"end_turn"}`},
		anotherFinish: {begins | limits, `event messageStop {"stopReason":"max_tokens"}`},
		usage:         {counts, `event metadata {"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}`},
		providerError: {fails, `exception modelStreamErrorException {"message":"The model has failed."}`},
		damage:        {breaks, damagedFrame},
	}},
	{dialect: llmstream.DashScope, frame: asSSE, orphans: malformed, events: [letters]event{
		role:          {begins, `{"output":{"choices":[{"message":{"content":"","role":"assistant"},"finish_reason":"null"}]},"request_id":"d-1"}`},
		text:          {begins | gives, `{"output":{"choices":[{"message":{"content":"TEXT","role":"assistant"},"finish_reason":"null"}]},"request_id":"d-1"}`},
		toolStart:     {begins | gives | startsCall, `{"output":{"choices":[{"message":{"content":"","role":"assistant","tool_calls":[{"index":CALL,"id":"call_CALL","type":"function","function":{"arguments":"","name":"f"}}]},"finish_reason":"null"}]}}`},
		toolArguments: {begins | gives | argues, `{"output":{"choices":[{"message":{"content":"","role":"assistant","tool_calls":[{"index":CALL,"id":"","type":"function","function":{"arguments":"PIECE"}}]},"finish_reason":"null"}]}}`},
		finish:        {begins | stops, `{"output":{"choices":[{"message":{"content":"","role":"assistant"},"finish_reason":"stop"}]},"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}`},
		anotherFinish: {begins | limits, `{"output":{"choices":[{"message":{"content":"","role":"assistant"},"finish_reason":"length"}]}}`},
		usage:         {counts, `{"output":{"choices":[]},"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}`},
		providerError: {fails, `{"code":"InternalError","message":"failed","request_id":"d-1"}`},
		damage:        {breaks, `{"output":{"choices":[{"message":{"content":`},
	}},
	{dialect: llmstream.TextGeneration, frame: asSSE, events: [letters]event{
		text:          {begins | gives, `{"token":{"id":1,"text":"TEXT","logprob":-0.5,"special":false},"generated_text":null,"details":null}`},
		finish:        {begins | stops, `{"index":0,"content":"","stop":true,"stop_type":"eos"}`},
		anotherFinish: {begins | limits, `{"index":0,"content":"","stop":true,"stop_type":"limit"}`},
		usage:         {begins | counts, `{"index":0,"content":"","stop":false,"tokens_predicted":1,"tokens_evaluated":2}`},
		endMarker:     {begins | gives | ends, `{"token":{"id":2,"text":"y","logprob":-0.5,"special":false},"generated_text":"xy","details":null}`},
		providerError: {fails, `{"error":"Request failed during generation","error_type":"generation"}`},
		damage:        {breaks, `{"token":{"id":1,"text":`},
	}},
	{dialect: llmstream.MistralConversations, frame: asNamed, orphans: malformed, events: [letters]event{
		role:          {begins, `{"type":"conversation.response.started","conversation_id":"conv_1"}`},
		text:          {begins | gives, `{"type":"message.output.delta","output_index":0,"id":"msg_1","content_index":0,"role":"assistant","content":"TEXT"}`},
		toolStart:     {begins | gives | startsCall, `{"type":"function.call.delta","output_index":CALL,"id":"fc_CALL","name":"f","tool_call_id":"tcCALL","arguments":""}`},
		toolArguments: {begins | gives | argues, `{"type":"function.call.delta","output_index":CALL,"id":"fc_CALL","tool_call_id":"","arguments":"PIECE"}`},
		finish:        {begins | stops | ends, `{"type":"conversation.response.done","usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`},
		providerError: {fails, `{"type":"conversation.response.error","message":"capacity exceeded","code":3505}`},
		damage:        {breaks, `{"type":"message.output.delta","output_index":0,"content":`},
	}},
	{dialect: llmstream.BedrockAgents, frame: asFrame, inputEnds: true, events: [letters]event{
		role:          {begins, `event trace {"sessionId":"s","trace":{"orchestrationTrace":{"rationale":{"text":"t"}}}}`},
		text:          {begins | gives, `event chunk {"bytes":"eA=="}`},
		finish:        {begins | stops, `event returnControl {"invocationId":"i","invocationInputs":[{"functionInvocationInput":{"actionGroup":"g","function":"f"}}]}`},
		providerError: {fails, `exception dependencyFailedException {"message":"timed out"}`},
		damage:        {breaks, damagedFrame},
	}},
}
