package testkit

import (
	"fmt"
	"math/rand"
	"strings"
)

// Long answers as several providers write them, for benchmarks and for tests of
// what an event costs. They are the same at every run.

// LongEvents is how many events a long answer has, its end not counted.
const LongEvents = 5000

// LongShapes are the events of long answers: TEXT stands for a piece of the
// answer, PAD for some padding, N for the number of the event and CHOICE for one
// of three choices in turn.
var LongShapes = map[string]string{
	"plain":      `{"id":"chatcmpl-0af7b2d1-8c0e-4a6d-9f3b-1b7a9c2d3e4f","choices":[{"delta":{"content":"TEXT"},"index":0}],"created":1757600000,"model":"qwen-3-coder-480b","system_fingerprint":"fp_0123456789abcdef","object":"chat.completion.chunk"}`,
	"obfuscated": `{"id":"chatcmpl-0a1b2c3d4e5f6a7b8c9d0e1f2a3b4","object":"chat.completion.chunk","created":1767000000,"model":"gpt-4o-mini","service_tier":"default","system_fingerprint":"fp_0123456789","usage":null,"choices":[{"index":0,"delta":{"content":"TEXT"},"logprobs":null,"finish_reason":null}],"obfuscation":"PAD"}`,
	"reasoning":  `{"id":"0a1b2c3d-0000-4a6d-9f3b-1b7a9c2d3e4f","object":"chat.completion.chunk","created":1767000000,"model":"deepseek-reasoner","system_fingerprint":"fp_0123456789_prod","choices":[{"index":0,"delta":{"content":null,"reasoning_content":"TEXT"},"logprobs":null,"finish_reason":null}],"usage":null}`,
	"three":      `{"id":"chatcmpl-0a1b2c3d4e5f6a7b8c9d0e1f2a3b4","object":"chat.completion.chunk","created":1767000000,"model":"gpt-4o-mini","system_fingerprint":"fp_0123456789","choices":[{"index":CHOICE,"delta":{"content":"TEXT"},"logprobs":null,"finish_reason":null}]}`,
	"arguments":  `{"id":"chatcmpl-0a1b2c3d4e5f6a7b8c9d0e1f2a3b4","object":"chat.completion.chunk","created":1767000000,"model":"gpt-4o-mini","system_fingerprint":"fp_0123456789","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"TEXT"}}]},"logprobs":null,"finish_reason":null}]}`,
	"misses":     `{"id":"chatcmpl-0a1b2c3d4e5f6a7b8c9d0e1f2a3b4","object":"chat.completion.chunk","created":1767000000,"model":"gpt-4o-mini","system_fingerprint":"fp_0123456789","choices":[{"index":0,"delta":{"content":"TEXT"},"logprobs":null,"finish_reason":null}],"xN":0}`,
}

// Pieces are pieces of an answer as models write them; some need an escape, and
// some are long.
var Pieces = []string{" the", " quick", "brown", ",", " fox", " jumps", " over", " a", " lazy", " dog", ".", " implementation", " and", " it", " é", "'s", " not", " token", " stream", `\n`}

// LongAnswer returns a long answer in a shape; see LongShapes. In each of its
// texts end follows the piece.
func LongAnswer(shape, end string) []byte { return LongForms(shape, end, LongEvents) }

// LongForms is LongAnswer with so many values of N in turn.
func LongForms(shape, end string, forms int) []byte {
	r := rand.New(rand.NewSource(1))
	var b strings.Builder
	b.WriteString("data: " + `{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767000000,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}` + "\n\n")
	if shape == "arguments" {
		b.WriteString("data: " + Calls(`{"index":0,"id":"call_1","type":"function","function":{"name":"write","arguments":"{\"text\":\""}}`) + "\n\n")
	}
	for i := range LongEvents {
		fields := strings.NewReplacer("TEXT", Pieces[r.Intn(len(Pieces))]+end, "PAD", "abcdefghijklmnop"[:r.Intn(16)], "N", fmt.Sprint(i%forms), "CHOICE", fmt.Sprint(i%3))
		b.WriteString("data: " + fields.Replace(LongShapes[shape]) + "\n\n")
	}
	if shape == "arguments" {
		b.WriteString("data: " + Calls(`{"index":0,"function":{"arguments":"\"}"}}`) + "\n\n")
	}
	b.WriteString("data: " + `{"id":"chatcmpl-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n")
	b.WriteString("data: " + `{"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":5000,"total_tokens":5012}}` + "\n\n")
	b.WriteString("data: [DONE]\n\n")
	return []byte(b.String())
}

// Crowds are answers in which many choices or calls come in turn: a beginning, and
// event i of so many.
var Crowds = map[string]struct {
	Begin func(many int) string
	Event func(i int, text string) string
}{
	"choices": {
		func(int) string { return "" },
		func(i int, text string) string {
			return Chunk(fmt.Sprintf(`"index":%d,"delta":{"content":"%s"},"finish_reason":null`, i, text))
		},
	},
	"choices with their index last": {
		func(int) string { return "" },
		func(i int, text string) string {
			return Chunk(fmt.Sprintf(`"delta":{"role":"assistant","reasoning":"%s"},"index":%d`, text, i))
		},
	},
	"calls": {
		func(many int) (begin string) {
			for i := range many {
				begin += SSE(Calls(fmt.Sprintf(`{"index":%d,"id":"i%d","function":{"name":"f","arguments":""}}`, i, i)))
			}
			return begin
		},
		func(i int, text string) string {
			return Calls(fmt.Sprintf(`{"index":%d,"function":{"arguments":"%s"}}`, i, text))
		},
	},
}
