package testkit

import "fmt"

// ChatEvents are events in the forms of several providers; %s is the text.
var ChatEvents = map[string]string{
	"openai":        `{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767000000,"model":"gpt","service_tier":"default","system_fingerprint":"fp","choices":[{"index":0,"delta":{"content":"%s"},"logprobs":null,"finish_reason":null}],"obfuscation":"aB3"}`,
	"usage null":    `{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":null,"reasoning_content":"%s"},"finish_reason":null}],"usage":null}`,
	"mirrored":      `{"id":"c1","created":1,"model":"m","choices":[{"index":1,"delta":{"role":"assistant","content":"","reasoning":"%s","reasoning_content":""},"finish_reason":null}]}`,
	"choices first": `{"choices":[{"content_filter_results":{},"delta":{"content":"%s"},"finish_reason":null,"index":0,"logprobs":null}],"created":1,"id":"i","model":"m","p":"abc"}`,
	"spaced":        `{"id": "c1", "created": 1, "model": "m", "choices": [ {"index": 0, "delta": {"content": "%s"} } ] }`,
}

// CountedEvents are events of Gemini that say the usage so far: %s is the text, and
// what is in %d grows.
var CountedEvents = map[string]string{
	"answer":   `{"candidates":[{"content":{"parts":[{"text":"%s"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":%d,"totalTokenCount":%d,"promptTokensDetails":[{"modality":"TEXT","tokenCount":7}]},"modelVersion":"m","responseId":"r"}`,
	"thoughts": `{"usageMetadata":{"totalTokenCount":%[3]d, "thoughtsTokenCount": %[2]d,"cachedContentTokenCount":5,"promptTokenCount":7},"candidates":[{"content":{"parts":[{"text":"%[1]s","thought":true}],"role":"model"}}],"responseId":"r"}`,
	"wrapped":  `{"response":{"candidates":[{"content":{"parts":[{"text":"%s"}],"role":"model"}}],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":%d,"thoughtsTokenCount":1000,"totalTokenCount":%d},"responseId":"r"},"traceId":"t"}`,
}

// CountedEvent returns an event of one of these forms.
func CountedEvent(form, text string, n int) string { return fmt.Sprintf(form, text, n, 2+n) }

// BlockDelta describes a frame with this text.
func BlockDelta(text string) string {
	return `event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"` + text + `"},"p":"abcdefghijkl"}`
}

// Edits returns what a byte may be replaced by: nothing, itself and something more, or
// something else.
func Edits(b byte) (edits []string) {
	edits = []string{"", string(b) + string(b)}
	for _, other := range []string{`"`, `\`, `\"`, `\u0041`, `\ud83d`, `,`, `:`, `}`, `]`, `{`, ` `, "0", "x", "\x01", "\x7f", "\xff", "é", `","content":"`, `"},{"delta":{"content":"`, `"usage":{"total_tokens":1},"`} {
		edits = append(edits, other, string(b)+other)
	}
	return edits
}
