package clients

import (
	"fmt"
	"strings"
)

// The streams of the comparison, in the dialects of OpenAI's chat completions and of
// Anthropic's Messages. Both say the same.

// dialectStreams is one case in both dialects. A dialect that lacks the case has an
// empty stream.
type dialectStreams struct{ chat, messages string }

// chatStream writes each chunk as an event.
func chatStream(chunks ...string) string {
	var b strings.Builder
	for _, c := range chunks {
		fmt.Fprintf(&b, "data: %s\n\n", c)
	}
	return b.String()
}

// chatChunk is a chunk with a delta. An empty finish is null.
func chatChunk(delta, finish string) string {
	if finish == "" {
		finish = "null"
	} else {
		finish = `"` + finish + `"`
	}
	return `{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":` + delta + `,"finish_reason":` + finish + `}]}`
}

func chatText(text string) string { return chatChunk(`{"content":"`+text+`"}`, "") }

// chatCall is a chunk with the fields of one entry of tool_calls.
func chatCall(fields string) string { return chatChunk(`{"tool_calls":[{`+fields+`}]}`, "") }

// chatUsage is the chunk that OpenAI sends last if the request asks for the usage.
const chatUsage = `{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}`

var (
	chatStart     = chatChunk(`{"role":"assistant","content":""}`, "")
	chatStop      = chatChunk(`{}`, "stop")
	chatToolCalls = chatChunk(`{}`, "tool_calls")
)

const chatDone = "[DONE]"

// messagesStream writes each event with its name. The events are JSON that begins with
// the type.
func messagesStream(events ...string) string {
	var b strings.Builder
	for _, e := range events {
		name, _, _ := strings.Cut(strings.TrimPrefix(e, `{"type":"`), `"`)
		fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", name, e)
	}
	return b.String()
}

const (
	messagesStart = `{"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":1}}}`
	messagesDone  = `{"type":"message_stop"}`
)

func messagesFinish(reason string) string {
	return `{"type":"message_delta","delta":{"stop_reason":"` + reason + `","stop_sequence":null},"usage":{"output_tokens":7}}`
}

func blockText(index int) string {
	return fmt.Sprintf(`{"type":"content_block_start","index":%d,"content_block":{"type":"text","text":""}}`, index)
}

func blockCall(index int, id, name string) string {
	return fmt.Sprintf(`{"type":"content_block_start","index":%d,"content_block":{"type":"tool_use","id":%q,"name":%q,"input":{}}}`, index, id, name)
}

func deltaText(index int, text string) string {
	return fmt.Sprintf(`{"type":"content_block_delta","index":%d,"delta":{"type":"text_delta","text":%q}}`, index, text)
}

func deltaArguments(index int, arguments string) string {
	return fmt.Sprintf(`{"type":"content_block_delta","index":%d,"delta":{"type":"input_json_delta","partial_json":%q}}`, index, arguments)
}

func blockStop(index int) string {
	return fmt.Sprintf(`{"type":"content_block_stop","index":%d}`, index)
}

// textStreams is an answer of two texts, with usage.
func textStreams(first, second string) dialectStreams {
	return dialectStreams{
		chatStream(chatStart, chatText(first), chatText(second), chatStop, chatUsage, chatDone),
		messagesStream(messagesStart, blockText(0), deltaText(0, first), deltaText(0, second), blockStop(0), messagesFinish("end_turn"), messagesDone),
	}
}

// callStreams is a whole answer of one tool call.
var callStreams = dialectStreams{
	chatStream(chatStart, chatCall(`"index":0,"id":"a","type":"function","function":{"name":"list","arguments":""}`),
		chatCall(`"index":0,"function":{"arguments":"{\"path\":"}`), chatCall(`"index":0,"function":{"arguments":"\"/tmp\"}"}`),
		chatToolCalls, chatDone),
	messagesStream(messagesStart, blockCall(0, "a", "list"), deltaArguments(0, `{"path":`), deltaArguments(0, `"/tmp"}`),
		blockStop(0), messagesFinish("tool_use"), messagesDone),
}

// cutTextStreams ends in the middle of a text.
var cutTextStreams = dialectStreams{
	chatStream(chatStart, chatText("Delete nothing"), chatText(" unless")),
	messagesStream(messagesStart, blockText(0), deltaText(0, "Delete nothing"), deltaText(0, " unless")),
}

// cutCallStreams ends in a tool call whose arguments are JSON by then, and after which
// neither a finish reason nor the end of the call comes.
var cutCallStreams = dialectStreams{
	chatStream(chatStart, chatCall(`"index":0,"id":"a","type":"function","function":{"name":"list","arguments":""}`),
		chatCall(`"index":0,"function":{"arguments":"{\"path\":"}`), chatCall(`"index":0,"function":{"arguments":"\"/tmp\"}"}`)),
	messagesStream(messagesStart, blockCall(0, "a", "list"), deltaArguments(0, `{"path":`), deltaArguments(0, `"/tmp"}`)),
}

// errorStreams has an error after some text. OpenAI's dialect then has an end marker, as
// servers that are compatible with it send it.
var errorStreams = dialectStreams{
	chatStream(chatStart, chatText("Hello"), `{"error":{"message":"out of memory","type":"server_error","code":500}}`, chatDone),
	messagesStream(messagesStart, blockText(0), deltaText(0, "Hello"), `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`),
}

// parallelCalls are the calls of parallelStreams.
var parallelCalls = []call{{"a", "list", `{"n":1}`}, {"b", "read", `{"n":2}`}, {"c", "stat", `{"n":3}`}}

// parallelStreams has three tool calls that all begin before the first one ends.
var parallelStreams = func() dialectStreams {
	chat, messages := []string{chatStart}, []string{messagesStart}
	for i, c := range parallelCalls {
		chat = append(chat, chatCall(fmt.Sprintf(`"index":%d,"id":%q,"type":"function","function":{"name":%q,"arguments":""}`, i, c.ID, c.Name)))
		messages = append(messages, blockCall(i, c.ID, c.Name))
	}
	const cut = len(`{"n":`)
	for _, first := range []bool{true, false} {
		for i, c := range parallelCalls {
			arguments := c.Arguments[:cut]
			if !first {
				arguments = c.Arguments[cut:]
			}
			chat = append(chat, chatCall(fmt.Sprintf(`"index":%d,"function":{"arguments":%q}`, i, arguments)))
			messages = append(messages, deltaArguments(i, arguments))
		}
	}
	for i := range parallelCalls {
		messages = append(messages, blockStop(i))
	}
	return dialectStreams{
		chatStream(append(chat, chatToolCalls, chatDone)...),
		messagesStream(append(messages, messagesFinish("tool_use"), messagesDone)...),
	}
}()

// numberedCalls are the calls of the streams below.
var numberedCalls = parallelCalls[:2]

// numberedStreams returns the calls, each in two pieces and one after the other. fields
// returns how a server numbers and names a piece: what stands in it before the function,
// and in the function before the arguments. Anthropic's dialect has no variants of that.
func numberedStreams(fields func(i int, c call, first bool) (entry, function string)) dialectStreams {
	chunks := []string{chatStart}
	for i, c := range numberedCalls {
		const cut = len(`{"n":`)
		for _, arguments := range []string{c.Arguments[:cut], c.Arguments[cut:]} {
			entry, function := fields(i, c, len(arguments) == cut)
			chunks = append(chunks, chatCall(fmt.Sprintf(`%s"type":"function","function":{%s"arguments":%q}`, entry, function, arguments)))
		}
	}
	return dialectStreams{chat: chatStream(append(chunks, chatToolCalls, chatDone)...)}
}

var (
	// withoutIndexStreams has no index. A call begins with its id.
	withoutIndexStreams = numberedStreams(func(_ int, c call, first bool) (entry, function string) {
		if !first {
			return "", ""
		}
		return fmt.Sprintf(`"id":%q,`, c.ID), fmt.Sprintf(`"name":%q,`, c.Name)
	})
	// indexZeroStreams has index 0 in each piece. A call begins with a new id.
	indexZeroStreams = numberedStreams(func(_ int, c call, first bool) (entry, function string) {
		if !first {
			return `"index":0,`, ""
		}
		return fmt.Sprintf(`"index":0,"id":%q,`, c.ID), fmt.Sprintf(`"name":%q,`, c.Name)
	})
	// repeatedNameStreams has the id and the name in each piece.
	repeatedNameStreams = numberedStreams(func(i int, c call, _ bool) (entry, function string) {
		return fmt.Sprintf(`"index":%d,"id":%q,`, i, c.ID), fmt.Sprintf(`"name":%q,`, c.Name)
	})
)

// rewritten returns both streams after a change to the bytes.
func (s dialectStreams) rewritten(change func(string) string) dialectStreams {
	return dialectStreams{change(s.chat), change(s.messages)}
}

// splitData writes the JSON of each event on two data lines.
func splitData(stream string) string {
	lines := strings.Split(stream, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "data: {") {
			lines[i] = strings.Replace(l, `,"`, ",\ndata: \"", 1)
		}
	}
	return strings.Join(lines, "\n")
}

func endLinesWith(end string) func(string) string {
	return func(stream string) string { return strings.ReplaceAll(stream, "\n", end) }
}
