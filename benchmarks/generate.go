package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// A shape is the form of a provider's chunks. $names are filled in.
type shape struct {
	chunk              string // $choice, $usage, $pad
	choice             string // $index, $delta, $finish
	content, reasoning string // the delta that adds $text
	noFinish, finish   string // the values of $finish: before the last chunk of a choice, and in it, with $reason
	noUsage, usage     string // the same for $usage, with $numbers
	maxPad             int    // the largest number of bytes of padding
}

// The shapes follow recordings in ../testdata with the same names.
var (
	cerebras = shape{
		chunk:   `{"id":"chatcmpl-3f2608fe-2a08-45b1-a2d7-647546bca09b","choices":[$choice],"created":1761231235,"model":"qwen-3-coder-480b","system_fingerprint":"fp_386b539e7b02ce3613b7","object":"chat.completion.chunk"$usage}`,
		choice:  `{"delta":$delta$finish,"index":$index}`,
		content: `{"content":$text}`,
		finish:  `,"finish_reason":"$reason"`,
		usage:   `,"usage":$numbers`,
	}
	openAIObfuscation = shape{
		chunk:    `{"id":"chatcmpl-Ob0163fuscateQxYz","object":"chat.completion.chunk","created":1767000163,"model":"gpt-5-nano-2025-08-07","service_tier":"default","system_fingerprint":null,"choices":[$choice],"usage":$usage,"obfuscation":"$pad"}`,
		choice:   `{"index":$index,"delta":$delta,"finish_reason":$finish}`,
		content:  `{"content":$text}`,
		noFinish: `null`,
		finish:   `"$reason"`,
		noUsage:  `null`,
		usage:    `$numbers`,
		maxPad:   16,
	}
	mistral = shape{
		chunk:    `{"id":"a1b2c3d40164e5f6a7b8c9d0e1f2a3b4","object":"chat.completion.chunk","created":1767000164,"model":"mistral-medium-2508","choices":[$choice]$usage,"p":"$pad"}`,
		choice:   `{"index":$index,"delta":$delta,"finish_reason":$finish}`,
		content:  `{"content":$text}`,
		noFinish: `null`,
		finish:   `"$reason"`,
		usage:    `,"usage":$numbers`,
		maxPad:   36,
	}
	deepSeek = shape{
		chunk:     `{"id":"7e4b0161-5d0f-4c8e-9a55-1f2e3d4c5b6a","object":"chat.completion.chunk","created":1767000161,"model":"deepseek-reasoner","system_fingerprint":"fp_ds0161_prod","choices":[$choice]$usage}`,
		choice:    `{"index":$index,"delta":$delta,"logprobs":null,"finish_reason":$finish}`,
		content:   `{"content":$text,"reasoning_content":null}`,
		reasoning: `{"content":null,"reasoning_content":$text}`,
		noFinish:  `null`,
		finish:    `"$reason"`,
		usage:     `,"usage":$numbers`,
	}
)

// A writer writes a stream and the answer in it. It writes the same bytes each time.
type writer struct {
	shape   shape
	lineEnd string
	random  *rand.Rand
	body    bytes.Buffer
	events  int
	want    answer
	text    []byte
}

// newWriter returns a writer whose stream has begun: the role of each choice is written.
// Another seed makes another text.
func newWriter(s shape, seed int, lineEnd string, choices int) *writer {
	w := &writer{shape: s, lineEnd: lineEnd, random: rand.New(rand.NewPCG(20, uint64(seed)))}
	for i := range choices {
		w.want.choice(i)
		w.delta(i, `{"role":"assistant"}`)
	}
	return w
}

// say adds text to the content of a choice.
func (w *writer) say(choice int, text string) {
	c := w.want.choice(choice)
	c.content = append(c.content, text...)
	w.text = append(w.text, text...)
	w.delta(choice, fill(w.shape.content, "$text", quote(text)))
}

// think adds text to the reasoning of the only choice.
func (w *writer) think(text string) {
	c := w.want.choice(0)
	c.reasoning = append(c.reasoning, text...)
	w.text = append(w.text, text...)
	w.delta(0, fill(w.shape.reasoning, "$text", quote(text)))
}

// call begins a tool call in the only choice.
func (w *writer) call(name string) {
	w.want.choice(0).addCall(0, name, "")
	w.delta(0, `{"tool_calls":[{"index":0,"id":"call_27781e665","type":"function","function":{"name":`+quote(name)+`,"arguments":""}}]}`)
}

// argue adds to the arguments of the call.
func (w *writer) argue(arguments string) {
	w.want.choice(0).addCall(0, "", arguments)
	w.delta(0, `{"tool_calls":[{"index":0,"function":{"arguments":`+quote(arguments)+`}}]}`)
}

// end ends all choices, reports the usage, and returns the stream.
func (w *writer) end(reason string) *stream {
	for i := range w.want.choices {
		w.want.choices[i].finish = reason
		w.chunk(fill(w.shape.choice, "$index", digit(i), "$delta", "{}", "$finish", fill(w.shape.finish, "$reason", reason)), w.shape.noUsage)
	}
	u := usage{input: 319, output: int64(w.events), total: 319 + int64(w.events)}
	w.want.usage = u
	w.chunk("", fill(w.shape.usage, "$numbers", fmt.Sprintf(
		`{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":0}}`, u.input, u.output, u.total)))
	w.event("[DONE]")
	s := newStream(w.body.Bytes())
	s.events, s.want, s.text = w.events, &w.want, w.text
	return s
}

func (w *writer) delta(choice int, delta string) {
	w.chunk(fill(w.shape.choice, "$index", digit(choice), "$delta", delta, "$finish", w.shape.noFinish), w.shape.noUsage)
}

func (w *writer) chunk(choice, usage string) {
	w.event(fill(w.shape.chunk, "$choice", choice, "$usage", usage, "$pad", w.padding()))
}

func (w *writer) event(data string) {
	w.body.WriteString("data: " + data + w.lineEnd + w.lineEnd)
	w.events++
}

func (w *writer) padding() string {
	const from = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if w.shape.maxPad == 0 {
		return ""
	}
	return from[:1+w.random.IntN(w.shape.maxPad)]
}

const (
	maxToken  = 12                           // characters
	letters   = "etaoinsrhldcumfpgwybvkxjqz" // the frequent ones first
	escapes   = "\n\"\\\t"
	nonLatins = "éüñß–’€日本語🙂"
)

// token returns a piece of text as a model sends it: a word, a part of a word, or
// punctuation. One in twenty has a character that JSON escapes, one in thirty a
// character that is not ASCII.
func (w *writer) token() string {
	switch n := w.random.IntN(60); {
	case n < 3:
		return w.word() + pick(w.random, escapes)
	case n < 5:
		return w.word() + pick(w.random, nonLatins)
	case n < 12:
		return pick(w.random, ".,:;)0123456789")
	default:
		return w.word()
	}
}

// escaped returns a token with an escape.
func (w *writer) escaped() string { return w.word() + pick(w.random, escapes) }

// word returns up to maxToken-1 characters, mostly after a space.
func (w *writer) word() string {
	n := 1 + min(w.random.IntN(maxToken-1), w.random.IntN(maxToken-1))
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[min(w.random.IntN(len(letters)), w.random.IntN(len(letters)))]
	}
	if n > 1 && w.random.IntN(4) > 0 {
		b[0] = ' '
	}
	return string(b)
}

func pick(random *rand.Rand, from string) string {
	all := []rune(from)
	return string(all[random.IntN(len(all))])
}

func fill(template string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(template)
}

func digit(n int) string { return string(rune('0' + n)) }

// quote returns s as a JSON string with as few escapes as possible.
func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}
