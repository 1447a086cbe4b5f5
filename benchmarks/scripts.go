package main

// The scripts have the formats that the providers document, like the recordings in
// ../testdata. A provider whose events are shorter than the events of chat's long
// answer sends phrases in place of tokens, which makes its events as long.

// named returns an event with its type in an event line.
func named(event, data string) string { return "event: " + event + "\ndata: " + data + "\n\n" }

// typed returns an event whose data begins with its type, followed by these members.
func typed(event, members string) string {
	return named(event, `{"type":"`+event+`"`+members+`}`)
}

// Anthropic puts spaces before the last brace of many events.
var anthropicScript = script{
	begin: []string{
		typed("message_start", `,"message":{"id":"msg_01A3bCdEfGhIjKlMnOpQrStU","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":319,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1,"service_tier":"standard"}}$space`),
		typed("content_block_start", `,"index":0,"content_block":{"type":"text","text":""}$space`),
		typed("ping", ""),
	},
	text: typed("content_block_delta", `,"index":0,"delta":{"type":"text_delta","text":$text}$space`),
	end: []string{
		typed("content_block_stop", `,"index":0$space`),
		typed("message_delta", `,"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":319,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":$count}`),
		typed("message_stop", "$space"),
	},
	phrase: 105,
	finish: "end_turn",
}

const (
	responseHead = `{"id":"resp_0a1b2c3d4e5f60718293a4b5c6d7e8f9","object":"response","created_at":1767000000,"status":`
	responseTail = `,"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":"none","summary":null},"service_tier":"default","store":true,"temperature":1,"text":{"format":{"type":"text"},"verbosity":"medium"},"tool_choice":"auto","tools":[],"top_p":1,"truncation":"disabled","usage":`
	messageID    = `"msg_0a1b2c3d4e5f60718293a4b5c6d7e8f9"`
	outputPart   = `{"type":"output_text","annotations":[],"logprobs":[],"text":`
)

// OpenAI's Responses repeat the whole text four times at the end.
var responsesScript = script{
	begin: []string{
		typed("response.created", `,"sequence_number":$n,"response":`+responseHead+`"in_progress","error":null,"incomplete_details":null,"model":"gpt-5.1","output":[]`+responseTail+`null,"metadata":{}}`),
		typed("response.in_progress", `,"sequence_number":$n,"response":`+responseHead+`"in_progress","error":null,"incomplete_details":null,"model":"gpt-5.1","output":[]`+responseTail+`null,"metadata":{}}`),
		typed("response.output_item.added", `,"sequence_number":$n,"output_index":0,"item":{"id":`+messageID+`,"type":"message","status":"in_progress","content":[],"role":"assistant"}`),
		typed("response.content_part.added", `,"sequence_number":$n,"item_id":`+messageID+`,"output_index":0,"content_index":0,"part":`+outputPart+`""}`),
	},
	text: typed("response.output_text.delta", `,"sequence_number":$n,"item_id":`+messageID+`,"output_index":0,"content_index":0,"delta":$text,"logprobs":[],"obfuscation":"$pad"`),
	end: []string{
		typed("response.output_text.done", `,"sequence_number":$n,"item_id":`+messageID+`,"output_index":0,"content_index":0,"text":$all,"logprobs":[]`),
		typed("response.content_part.done", `,"sequence_number":$n,"item_id":`+messageID+`,"output_index":0,"content_index":0,"part":`+outputPart+`$all}`),
		typed("response.output_item.done", `,"sequence_number":$n,"output_index":0,"item":{"id":`+messageID+`,"type":"message","status":"completed","content":[`+outputPart+`$all}],"role":"assistant"}`),
		typed("response.completed", `,"sequence_number":$n,"response":`+responseHead+`"completed","error":null,"incomplete_details":null,"model":"gpt-5.1","output":[{"id":`+messageID+`,"type":"message","status":"completed","content":[`+outputPart+`$all}],"role":"assistant"}]`+responseTail+`{"input_tokens":319,"input_tokens_details":{"cached_tokens":0},"output_tokens":$count,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":$total},"metadata":{}}`),
	},
	maxPad: 16,
	finish: "completed",
	total:  true,
}

// Gemini reports usage in each event.
var geminiScript = script{
	text:   geminiEvent(""),
	end:    []string{geminiEvent(`"finishReason": "STOP",`)},
	finish: "STOP",
	total:  true,
}

func geminiEvent(finish string) string {
	return `data: {"candidates": [{"content": {"parts": [{"text": $text}],"role": "model"},` + finish + `"index": 0}],"usageMetadata": {"promptTokenCount": 319,"candidatesTokenCount": $count,"totalTokenCount": $total},"modelVersion": "gemini-2.5-flash","responseId": "kQ8YacWvIqfRz7IPupTlyA"}` + "\r\n\r\n"
}

var cohereScript = script{
	begin: []string{
		named("message-start", `{"id":"29f14a5a-11de-4cae-9800-25e4747408ea","type":"message-start","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}`),
		typed("content-start", `,"index":0,"delta":{"message":{"content":{"type":"text","text":""}}}`),
	},
	text: typed("content-delta", `,"index":0,"delta":{"message":{"content":{"text":$text}}}`),
	end: []string{
		typed("content-end", `,"index":0`),
		typed("message-end", `,"delta":{"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":7,"output_tokens":9},"tokens":{"input_tokens":319,"output_tokens":$count}}}`),
		"data: [DONE]\n\n",
	},
	phrase: 120,
	finish: "COMPLETE",
}

// Ollama has the time in each line.
var ollamaScript = script{
	text:   `{"model":"gemma3:1b","created_at":"$time","message":{"role":"assistant","content":$text},"done":false}` + "\n",
	end:    []string{`{"model":"gemma3:1b","created_at":"$time","message":{"role":"assistant","content":""},"done_reason":"stop","done":true,"total_duration":171946792,"load_duration":38473250,"prompt_eval_count":319,"prompt_eval_duration":27608250,"eval_count":$count,"eval_duration":105611917}` + "\n"},
	phrase: 115,
	finish: "stop",
}

// Bedrock pads each payload, and adds about a hundred bytes of lengths, headers and
// checksums.
var bedrockScript = script{
	begin: []string{
		`event messageStart {"p":"$pad","role":"assistant"}` + "\n",
	},
	text: `event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":$text},"p":"$pad"}` + "\n",
	end: []string{
		`event contentBlockStop {"contentBlockIndex":0,"p":"$pad"}` + "\n",
		`event messageStop {"p":"$pad","stopReason":"end_turn"}` + "\n",
		`event metadata {"metrics":{"latencyMs":512},"p":"$pad","usage":{"inputTokens":319,"outputTokens":$count,"serverToolUsage":{},"totalTokens":$total}}` + "\n",
	},
	phrase: 55,
	maxPad: 62,
	finish: "end_turn",
	total:  true,
}
