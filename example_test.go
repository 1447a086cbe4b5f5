package llmstream_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode/httpencode"
	"github.com/seed-4d65deac/llmstream/httptee"
	"github.com/seed-4d65deac/llmstream/testdata"
)

// The streams of the examples, as OpenAI and compatible servers write them.
const (
	// textStream is an answer with usage in a chunk of its own.
	textStream = `data: {"id":"chatcmpl-C1","object":"chat.completion.chunk","created":1767000000,"model":"gpt-5-mini-2025-08-07","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-C1","object":"chat.completion.chunk","created":1767000000,"model":"gpt-5-mini-2025-08-07","choices":[{"index":0,"delta":{"content":"It is 18"},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-C1","object":"chat.completion.chunk","created":1767000000,"model":"gpt-5-mini-2025-08-07","choices":[{"index":0,"delta":{"content":" degrees in Oslo."},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-C1","object":"chat.completion.chunk","created":1767000000,"model":"gpt-5-mini-2025-08-07","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}

data: {"id":"chatcmpl-C1","object":"chat.completion.chunk","created":1767000000,"model":"gpt-5-mini-2025-08-07","choices":[],"usage":{"prompt_tokens":58,"completion_tokens":23,"total_tokens":81,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":16}}}

data: [DONE]

`

	// toolStream asks for two tool calls at a time.
	toolStream = `data: {"id":"chatcmpl-C2","object":"chat.completion.chunk","created":1767000001,"model":"gpt-5-mini-2025-08-07","choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"weather","arguments":""}}]},"finish_reason":null}]}

data: {"id":"chatcmpl-C2","object":"chat.completion.chunk","created":1767000001,"model":"gpt-5-mini-2025-08-07","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]},"finish_reason":null}]}

data: {"id":"chatcmpl-C2","object":"chat.completion.chunk","created":1767000001,"model":"gpt-5-mini-2025-08-07","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"Oslo\"}"}}]},"finish_reason":null}]}

data: {"id":"chatcmpl-C2","object":"chat.completion.chunk","created":1767000001,"model":"gpt-5-mini-2025-08-07","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"clock","arguments":""}}]},"finish_reason":null}]}

data: {"id":"chatcmpl-C2","object":"chat.completion.chunk","created":1767000001,"model":"gpt-5-mini-2025-08-07","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: [DONE]

`

	// reasoningStream is an answer of DeepSeek's, with keep-alives.
	reasoningStream = `: keep-alive

data: {"id":"7f3c","object":"chat.completion.chunk","created":1767000002,"model":"deepseek-reasoner","choices":[{"index":0,"delta":{"role":"assistant","content":null,"reasoning_content":""},"finish_reason":null}]}

: keep-alive

data: {"id":"7f3c","object":"chat.completion.chunk","created":1767000002,"model":"deepseek-reasoner","choices":[{"index":0,"delta":{"content":null,"reasoning_content":"Oslo is cold."},"finish_reason":null}]}

data: {"id":"7f3c","object":"chat.completion.chunk","created":1767000002,"model":"deepseek-reasoner","choices":[{"index":0,"delta":{"content":"Take a coat.","reasoning_content":null},"finish_reason":null}]}

data: {"id":"7f3c","object":"chat.completion.chunk","created":1767000002,"model":"deepseek-reasoner","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":9,"total_tokens":21,"prompt_cache_hit_tokens":0,"prompt_cache_miss_tokens":12,"completion_tokens_details":{"reasoning_tokens":5}}}

data: [DONE]

`

	// errorStream begins well, and then the provider gives up.
	errorStream = `data: {"id":"gen-1","object":"chat.completion.chunk","created":1767000003,"model":"openai/gpt-oss-120b","choices":[{"index":0,"delta":{"role":"assistant","content":"It is"},"finish_reason":null}]}

data: {"error":{"message":"The server is overloaded","type":"server_error","code":503}}

data: [DONE]

`

	// cutStream is textStream as a broken connection leaves it.
	cutStream = `data: {"id":"chatcmpl-C1","object":"chat.completion.chunk","created":1767000000,"model":"gpt-5-mini-2025-08-07","choices":[{"index":0,"delta":{"role":"assistant","content":"It is 18"},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-C1","object":"chat.comp`
)

// The functions below are the ones of README.md.

// ask prints the answer to a request as it comes.
func ask(req *http.Request) error {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for text, err := range llmstream.NewReader(resp.Body, llmstream.Auto, nil).Text() {
		if err != nil {
			return err // the answer was cut, failed, or is damaged
		}
		fmt.Printf("%s", text)
	}
	return nil
}

// fold reads a stream that comes in pieces, cut anywhere.
func fold(pieces func(yield func([]byte) bool)) (*llmstream.Completion, error) {
	var answer llmstream.Accumulator
	p := llmstream.NewParser(llmstream.OpenAIChat, &answer, nil)
	for piece := range pieces {
		p.Write(piece) // fails only if a handler does; an Accumulator never does
	}
	err := p.Close()
	return answer.Completion(), err // what there is, also of a broken stream
}

// gateway returns a reverse proxy that reports how each answer ended, and what it cost.
func gateway(to *url.URL, report func(*httptee.Result)) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		FlushInterval: -1, // at once, whatever the Content-Type
		Transport: httptee.Transport(nil, &httptee.Options{
			Done:         func(_ *http.Request, r *httptee.Result) { report(r) },
			Drain:        httptee.Drain{Time: time.Minute}, // reads on for the usage when a client has left
			RequestUsage: true,                             // chat servers report it only if asked
		}),
	}
	return httptee.FullDuplex(proxy) // else HTTP/1 may lose the answer of a fast upstream
}

// strict returns a client whose last Read of a body fails if the answer was cut.
func strict() *http.Client {
	return &http.Client{Transport: httptee.Transport(nil, &httptee.Options{Strict: true})}
}

// translate returns a reverse proxy whose answers, from any provider, are chunks of OpenAI's chat API.
func translate(to *url.URL) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Header.Del("Accept-Encoding") // compressed streams are not translated
		},
		FlushInterval:  -1,
		ModifyResponse: httpencode.ModifyResponse(llmstream.OpenAIChat, nil),
	}
}

// serve starts a server that answers with a stream, and returns its address.
func serve(stream string) (address *url.URL, end func()) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, stream)
	}))
	address, _ = url.Parse(server.URL)
	return address, server.Close
}

func Example() {
	server, end := serve(textStream)
	defer end()
	req, _ := http.NewRequest("POST", server.JoinPath("v1/chat/completions").String(), strings.NewReader("{}"))
	err := ask(req)
	fmt.Println("\nerror:", err)
	// Output:
	// It is 18 degrees in Oslo.
	// error: <nil>
}

func Example_strict() {
	server, end := serve(cutStream)
	defer end()
	resp, err := strict().Get(server.JoinPath("v1/chat/completions").String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	fmt.Println(errors.Is(err, llmstream.ErrTruncated))
	// Output: true
}

func Example_translate() {
	anthropic, err := testdata.FS.ReadFile("anthropic-messages/text.sse")
	if err != nil {
		fmt.Println(err)
		return
	}
	provider, end := serve(string(anthropic))
	defer end()
	server := httptest.NewServer(translate(provider))
	defer server.Close()
	resp, err := http.Get(server.URL + "/v1/messages")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	c, err := llmstream.Fold(resp.Body, llmstream.OpenAIChat, nil)
	fmt.Println(c.Choices[0].Message.Content, err)
	// Output: The sea is calm. <nil>
}

func Example_gateway() {
	to, end := serve(textStream)
	defer end()
	done := make(chan *httptee.Result, 1)
	server := httptest.NewServer(gateway(to, func(r *httptee.Result) { done <- r }))
	defer server.Close()
	resp, err := http.Get(server.URL + "/v1/chat/completions")
	if err != nil {
		fmt.Println(err)
		return
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	r := <-done
	fmt.Println(r.Status, r.Dialect, r.Outcome.State, r.Completion.Choices[0].Message.Content)
	// Output: 200 openai-chat complete It is 18 degrees in Oslo.
}

func Example_push() {
	pieces := func(yield func([]byte) bool) {
		for rest := []byte(textStream); len(rest) > 0; {
			n := min(100, len(rest))
			if !yield(rest[:n]) {
				return
			}
			rest = rest[n:]
		}
	}
	c, err := fold(pieces)
	fmt.Println(c.Model, err)
	fmt.Println(c.Choices[0].Message.Content)
	// Output:
	// gpt-5-mini-2025-08-07 <nil>
	// It is 18 degrees in Oslo.
}

func Example_tee() {
	resp := &http.Response{
		Header:  http.Header{"Content-Type": {"text/event-stream; charset=utf-8"}},
		Body:    io.NopCloser(strings.NewReader(textStream)),
		Request: &http.Request{URL: &url.URL{Path: "/v1/chat/completions"}},
	}
	d := llmstream.DetectDialect(resp.Header.Get("Content-Type"), resp.Request.URL.Path)
	var answer llmstream.Accumulator
	p := llmstream.NewParser(d, &answer, nil)
	resp.Body = llmstream.Tee(resp.Body, p, func(o llmstream.Outcome) {
		fmt.Println(o.State, answer.Usage().Input, answer.Usage().Output)
	})
	passed, err := io.ReadAll(resp.Body) // what the client reads
	resp.Body.Close()
	fmt.Println(string(passed) == textStream, err)
	// Output:
	// complete 58 23
	// true <nil>
}

func ExampleNewParser() {
	p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		fmt.Printf("%s %q\n", d.Kind, d.Text)
		return nil
	}), nil)
	io.WriteString(p, textStream)
	fmt.Println(p.Close())
	// Output:
	// start ""
	// start ""
	// content "It is 18"
	// content " degrees in Oslo."
	// finish ""
	// usage ""
	// done ""
	// <nil>
}

// A delta is delivered by the very Write that brings the last byte of its event.
func ExampleParser_Write() {
	p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		if d.Kind == llmstream.KindContent {
			fmt.Printf("  %s\n", d.Text)
		}
		return nil
	}), nil)
	for _, piece := range []string{`data: {"choices":[{"index":0,"del`, `ta":{"content":"Hello"}}]}`, "\n", "\n"} {
		fmt.Printf("%q\n", piece)
		p.Write([]byte(piece))
	}
	// Output:
	// "data: {\"choices\":[{\"index\":0,\"del"
	// "ta\":{\"content\":\"Hello\"}}]}"
	// "\n"
	// "\n"
	//   Hello
}

// A handler's error ends the reading, and Write returns it.
func ExampleParser_Write_stopped() {
	enough := errors.New("enough")
	p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		if d.Kind == llmstream.KindContent {
			return enough
		}
		return nil
	}), nil)
	n, err := p.Write([]byte(textStream))
	fmt.Println(n < len(textStream), err)
	err = p.Close()
	fmt.Println(p.Outcome().State, errors.Is(err, llmstream.ErrStopped), errors.Is(err, enough))
	// Output:
	// true enough
	// stopped true true
}

func ExampleParser_Close() {
	p := llmstream.NewParser(llmstream.OpenAIChat, nil, nil) // no handler: the outcome is all that is asked for
	io.WriteString(p, cutStream)
	fmt.Println(p.Close())
	fmt.Println(p.Outcome().State)
	// Output:
	// llmstream: stream ended before the answer was complete
	// truncated
}

// What the reading of the body failed with belongs into the verdict.
func ExampleParser_CloseWithError() {
	reset := errors.New("connection reset by peer")
	p := llmstream.NewParser(llmstream.OpenAIChat, nil, nil)
	io.WriteString(p, cutStream)
	err := p.CloseWithError(reset)
	fmt.Println(errors.Is(err, llmstream.ErrTruncated), errors.Is(err, reset))

	p.Reset()
	io.WriteString(p, textStream)
	fmt.Println(p.CloseWithError(reset)) // the answer was whole before that
	// Output:
	// true true
	// <nil>
}

// A folder is what reading one stream takes.
type folder struct {
	parser *llmstream.Parser
	answer llmstream.Accumulator
}

var folders = sync.Pool{New: func() any {
	f := new(folder)
	f.parser = llmstream.NewParser(llmstream.OpenAIChat, &f.answer, nil)
	return f
}}

// Parsers and accumulators keep their memory over a Reset, so that a pool of
// them reads stream after stream without allocating for each event.
func ExampleParser_Reset() {
	read := func(stream string) {
		f := folders.Get().(*folder)
		io.WriteString(f.parser, stream)
		err := f.parser.Close()
		fmt.Println(string(f.answer.AppendText(nil, 0)), err) // copied before the Reset
		f.parser.Reset()
		f.answer.Reset()
		folders.Put(f)
	}
	read(textStream)
	read(reasoningStream)
	// Output:
	// It is 18 degrees in Oslo. <nil>
	// Take a coat. <nil>
}

// With Auto the parser finds out by itself what it reads.
func ExampleParser_Dialect() {
	p := llmstream.NewParser(llmstream.Auto, nil, nil)
	fmt.Println(p.Dialect(), p.Wire())
	io.WriteString(p, textStream)
	fmt.Println(p.Dialect(), p.Wire())
	// Output:
	// auto unknown
	// openai-chat sse
}

func ExampleReader_Wire() {
	r := llmstream.NewReader(strings.NewReader(textStream), llmstream.Auto, nil)
	for r.Next() {
	}
	fmt.Println(r.Dialect(), r.Wire())
	// Output: openai-chat sse
}

// Before Close the outcome counts what has come so far.
func ExampleParser_Outcome() {
	p := llmstream.NewParser(llmstream.OpenAIChat, nil, nil)
	io.WriteString(p, toolStream[:700])
	o := p.Outcome()
	fmt.Println(o.State, o.Events, o.SawFinish, o.OpenToolCalls)
	io.WriteString(p, toolStream[700:])
	p.Close()
	o = p.Outcome()
	fmt.Println(o.State, o.Events, o.SawFinish, o.OpenToolCalls)
	// Output:
	// open 2 false 1
	// complete 6 true 0
}

func ExampleNewReader() {
	r := llmstream.NewReader(strings.NewReader(reasoningStream), llmstream.Auto, nil)
	for r.Next() {
		switch d := r.Delta(); d.Kind {
		case llmstream.KindReasoning:
			fmt.Printf("(%s)\n", d.Text)
		case llmstream.KindContent:
			fmt.Printf("%s\n", d.Text)
		}
	}
	if err := r.Err(); err != nil {
		fmt.Println(err)
	}
	fmt.Println(r.Dialect(), r.Outcome().State)
	// Output:
	// (Oslo is cold.)
	// Take a coat.
	// openai-chat complete
}

func ExampleReader_Deltas() {
	r := llmstream.NewReader(strings.NewReader(errorStream), llmstream.OpenAIChat, nil)
	for d, err := range r.Deltas() {
		if err != nil {
			fmt.Println(err)
			break
		}
		if d.Kind == llmstream.KindContent {
			fmt.Printf("%s\n", d.Text)
		}
	}
	// Output:
	// It is
	// llmstream: the provider reported an error server_error 503: The server is overloaded
}

func ExampleReader_Reset() {
	r := llmstream.NewReader(nil, llmstream.OpenAIChat, nil)
	for _, stream := range []string{textStream, toolStream} {
		r.Reset(strings.NewReader(stream))
		for r.Next() {
		}
		fmt.Println(r.Outcome().Choices[0].FinishReason)
	}
	// Output:
	// stop
	// tool_calls
}

func ExampleTee() {
	body := io.NopCloser(strings.NewReader(textStream)) // such as the Body of a http.Response
	var answer llmstream.Accumulator
	p := llmstream.NewParser(llmstream.OpenAIChat, &answer, nil)
	tee := llmstream.Tee(body, p, func(o llmstream.Outcome) {
		fmt.Println("seen:  ", o.State, answer.Usage().Total)
	})
	n, err := io.Copy(io.Discard, tee) // to the client
	tee.Close()
	fmt.Println("passed:", n == int64(len(textStream)), err)
	// Output:
	// seen:   complete 81
	// passed: true <nil>
}

// A client that goes away is no fault of the stream.
func ExampleTee_closed() {
	body := io.NopCloser(strings.NewReader(textStream))
	tee := llmstream.Tee(body, llmstream.NewParser(llmstream.OpenAIChat, nil, nil), func(o llmstream.Outcome) {
		fmt.Println(o.State, o.Events, o.Err())
	})
	io.ReadFull(tee, make([]byte, 500))
	tee.Close()
	// Output:
	// stopped 2 llmstream: the reading was stopped
}

// The answer can be taken at any moment.
func ExampleAccumulator() {
	var answer llmstream.Accumulator
	p := llmstream.NewParser(llmstream.OpenAIChat, &answer, nil)
	for _, event := range strings.SplitAfter(textStream, "\n\n")[:4] {
		io.WriteString(p, event)
		c := answer.Completion()
		fmt.Printf("%q %q\n", c.Choices[0].Message.Content, c.Choices[0].FinishReason)
	}
	// Output:
	// "" ""
	// "It is 18" ""
	// "It is 18 degrees in Oslo." ""
	// "It is 18 degrees in Oslo." "stop"
}

// What MaxBytes leaves no room for is counted.
func ExampleAccumulator_maxBytes() {
	answer := llmstream.Accumulator{MaxBytes: 60}
	p := llmstream.NewParser(llmstream.OpenAIChat, &answer, &llmstream.Options{Kinds: llmstream.KindContent})
	io.WriteString(p, strings.ReplaceAll(textStream, "degrees", strings.Repeat("very ", 20)+"warm"))
	p.Close()
	c := answer.Completion()
	fmt.Println(len(c.Choices[0].Message.Content), c.Dropped)
	// Output:
	// 60 62
}

func ExampleAccumulator_AppendText() {
	var answer llmstream.Accumulator
	p := llmstream.NewParser(llmstream.OpenAIChat, &answer, nil)
	io.WriteString(p, cutStream)
	fmt.Printf("%s\n", answer.AppendText([]byte("so far: "), 0))
	// Output:
	// so far: It is 18
}

func ExampleAccumulator_ToolCall() {
	var answer llmstream.Accumulator
	p := llmstream.NewParser(llmstream.OpenAIChat, &answer, nil)
	io.WriteString(p, toolStream)
	p.Close()
	call, ok := answer.ToolCall(0, 1) // the second call of the first choice
	fmt.Println(ok, call.Name, call.ArgumentsJSON())
	_, ok = answer.ToolCall(0, 2)
	fmt.Println(ok)
	// Output:
	// true clock {}
	// false
}

func ExampleAccumulator_Usage() {
	var answer llmstream.Accumulator
	p := llmstream.NewParser(llmstream.OpenAIChat, &answer, nil)
	io.WriteString(p, textStream)
	p.Close()
	u := answer.Usage()
	fmt.Println(u.Input, u.Output, u.Total)
	fmt.Printf("%.35s…\n", u.Raw)
	// Output:
	// 58 23 81
	// {"prompt_tokens":58,"completion_tok…
}

// A sound comes in pieces; the completion has the whole and, where the provider
// tells it, what it takes to play it.
func ExampleAudio() {
	var answer llmstream.Accumulator
	p := llmstream.NewParser(llmstream.Gemini, &answer, nil)
	for _, data := range []string{"AQ==", "Ag=="} {
		fmt.Fprintf(p, `data: {"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"audio/L16;rate=24000","data":%q}}]}}]}`+"\n\n", data)
	}
	sound := answer.Completion().Choices[0].Message.Audio
	fmt.Println(sound.MIMEType, sound.Data)
	// Output: audio/L16;rate=24000 AQI=
}

// A body of a server that is compatible with OpenAI's reads like a stream that was folded.
func ExampleCompletion_UnmarshalJSON() {
	var c llmstream.Completion
	err := json.Unmarshal([]byte(`{"object":"chat.completion","model":"m","choices":[{"index":0,
		"message":{"role":"assistant","content":"Tea","reasoning":"hot?"},"finish_reason":"stop"}]}`), &c)
	m := c.Choices[0].Message
	fmt.Println(m.Content, m.Reasoning, c.Choices[0].FinishReason, err)
	// Output: Tea hot? stop <nil>
}

// A message goes back into the next request as it is.
func ExampleMessage_MarshalJSON() {
	call := llmstream.ToolCall{ID: "c1", Type: "function", Name: "clock", Arguments: "{}", Ended: true, ArgumentsValid: true}
	data, _ := json.Marshal(llmstream.Message{Role: "assistant", ToolCalls: []llmstream.ToolCall{call}})
	fmt.Printf("%s\n", data)
	// Output:
	// {"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"clock","arguments":"{}"}}]}
}

func ExampleChoice_MarshalJSON() {
	data, _ := json.Marshal(llmstream.Choice{Message: llmstream.Message{Content: "Hi"}, FinishReason: llmstream.FinishStop})
	fmt.Printf("%s\n", data)
	// Output:
	// {"index":0,"message":{"role":"assistant","content":"Hi","refusal":null},"logprobs":null,"finish_reason":"stop","native_finish_reason":""}
}

// A message goes back to its provider as it was made: each part in its place.
func ExamplePart() {
	body, err := testdata.Body("anthropic-messages/tools.sse")
	if err != nil {
		panic(err)
	}
	c, _ := llmstream.Fold(bytes.NewReader(body), llmstream.AnthropicMessages, nil)
	m := c.Choices[0].Message
	for _, p := range m.Parts {
		switch p.Kind {
		case llmstream.KindContent:
			fmt.Printf("text %q\n", p.Text)
		case llmstream.KindToolCall:
			fmt.Println("call", m.ToolCalls[p.Index].Name)
		}
	}
	// Output:
	// text "I look."
	// call get_weather
	// call now
	// call here
}

// A call that has not ended is marked.
func ExampleToolCall_MarshalJSON() {
	data, _ := json.Marshal(llmstream.ToolCall{ID: "c1", Type: "function", Name: "clock", Arguments: `{"zo`})
	fmt.Printf("%s\n", data)
	// Output:
	// {"id":"c1","type":"function","function":{"name":"clock","arguments":"{\"zo"},"incomplete":true}
}

// Names of constants are text in JSON and in flags.
func ExampleDialect_UnmarshalText() {
	var config struct{ Upstream llmstream.Dialect }
	err := json.Unmarshal([]byte(`{"upstream":"anthropic-messages"}`), &config)
	fmt.Println(config.Upstream == llmstream.AnthropicMessages, err)
	// Output: true <nil>
}

func ExampleCompletion_MarshalJSON() {
	var answer llmstream.Accumulator
	p := llmstream.NewParser(llmstream.OpenAIChat, &answer, nil)
	io.WriteString(p, toolStream)
	p.Close()
	out, err := json.MarshalIndent(answer.Completion(), "", "  ")
	fmt.Println(string(out), err)
	// Output:
	// {
	//   "id": "chatcmpl-C2",
	//   "object": "chat.completion",
	//   "created": 1767000001,
	//   "model": "gpt-5-mini-2025-08-07",
	//   "choices": [
	//     {
	//       "index": 0,
	//       "message": {
	//         "role": "assistant",
	//         "content": null,
	//         "refusal": null,
	//         "tool_calls": [
	//           {
	//             "id": "call_a",
	//             "type": "function",
	//             "function": {
	//               "name": "weather",
	//               "arguments": "{\"city\":\"Oslo\"}"
	//             }
	//           },
	//           {
	//             "id": "call_b",
	//             "type": "function",
	//             "function": {
	//               "name": "clock",
	//               "arguments": ""
	//             }
	//           }
	//         ]
	//       },
	//       "logprobs": null,
	//       "finish_reason": "tool_calls",
	//       "native_finish_reason": "tool_calls"
	//     }
	//   ]
	// } <nil>
}

func ExampleOutcome_Err() {
	read := func(stream string) error {
		p := llmstream.NewParser(llmstream.OpenAIChat, nil, nil)
		io.WriteString(p, stream)
		p.Close()
		return p.Outcome().Err()
	}

	fmt.Println(read(textStream))

	err := read(cutStream)
	fmt.Println(errors.Is(err, llmstream.ErrTruncated), errors.Is(err, io.ErrUnexpectedEOF))

	var api *llmstream.APIError
	if errors.As(read(errorStream), &api) {
		fmt.Println(api.Message, api.Status)
	}

	var damage *llmstream.SyntaxError
	if errors.As(read("data: {\"choices\":\n\n"+textStream), &damage) {
		fmt.Println("event", damage.Event, "is damaged:", damage.Err)
	}

	var other *llmstream.DialectError
	if errors.As(read("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n"), &other) {
		fmt.Println("looks like", other.Got)
	}

	fmt.Println(errors.Is(read("\x1f\x8b\x08\x00…"), llmstream.ErrCompressed))
	// Output:
	// <nil>
	// true true
	// The server is overloaded 503
	// event 1 is damaged: unfinished
	// looks like anthropic-messages
	// true
}

// A retry is safe if the error is of a kind that passes and the client has got
// nothing yet.
func ExampleAPIError_Retryable() {
	p := llmstream.NewParser(llmstream.OpenAIChat, nil, nil)
	io.WriteString(p, errorStream)
	p.Close()
	e := p.Outcome().APIError
	fmt.Println("passes:", e.Retryable(), "delivered:", e.Delivered)
	// Output:
	// passes: true delivered: true
}

func ExampleOutcome_LogValue() {
	p := llmstream.NewParser(llmstream.OpenAIChat, nil, nil)
	io.WriteString(p, cutStream)
	p.Close()
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey { // it would differ from run to run
				return slog.Attr{}
			}
			return a
		},
	}))
	log.Info("answered", "stream", p.Outcome())
	// Output:
	// level=INFO msg=answered stream.state=truncated stream.dialect=openai-chat stream.events=1 stream.finish_reason="" stream.pending_bytes=45
}

// What was unusual about a stream stands apart from how it ended.
func ExampleAnomalies() {
	p := llmstream.NewParser(llmstream.OpenAIChat, nil, nil)
	io.WriteString(p, "data: {}\n\n"+strings.TrimSuffix(textStream, "\n"))
	p.Close()
	o := p.Outcome()
	fmt.Println(o.State, o.Anomalies.Skipped.Total(), o.Anomalies.Skipped.Empty, o.Anomalies.Unterminated)
	// Output: complete 1 1 true
}

// A tool is run when its call has ended, and not when its arguments happen to be
// JSON: more of them may come.
func ExampleToolCallDelta() {
	var answer llmstream.Accumulator
	run := llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		if d.Kind != llmstream.KindToolCallEnd {
			return nil
		}
		call, _ := answer.ToolCall(d.Choice, d.ToolCall.Index)
		if !d.ToolCall.ArgumentsValid {
			fmt.Println("refused:", call.Name, call.Arguments)
			return nil
		}
		fmt.Println("run:", call.ID, call.Name, call.ArgumentsJSON())
		return nil
	})
	p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.Handlers(&answer, run), nil)
	io.WriteString(p, toolStream)
	p.Close()
	// Output:
	// run: call_a weather {"city":"Oslo"}
	// run: call_b clock {}
}

// Of a stream that breaks off, no call has ended.
func ExampleToolCall() {
	var answer llmstream.Accumulator
	p := llmstream.NewParser(llmstream.OpenAIChat, &answer, nil)
	io.WriteString(p, toolStream[:strings.Index(toolStream, `"tool_calls":[{"index":1`)])
	fmt.Println(p.Close())
	for _, call := range answer.Completion().Choices[0].Message.ToolCalls {
		fmt.Println(call.Name, call.Arguments, call.Ended)
	}
	// Output:
	// llmstream: stream ended before the answer was complete
	// weather {"city":"Oslo"} false
}

func ExampleToolCall_ArgumentsJSON() {
	for _, call := range []llmstream.ToolCall{{Name: "clock"}, {Name: "weather", Arguments: `{"city":"Oslo"}`}} {
		fmt.Println(call.Name, call.ArgumentsJSON())
	}
	// Output:
	// clock {}
	// weather {"city":"Oslo"}
}

// A number that was not reported is not the same as zero.
func ExampleUsage() {
	p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		if d.Kind != llmstream.KindUsage {
			return nil
		}
		u := &d.Usage
		fmt.Println("in", u.Input, "out", u.Output)
		fmt.Println("reasoning", u.Reasoning, "inside the output:", u.ReasoningInOutput)
		fmt.Println("cached", u.Cached, "reported:", u.Reported&llmstream.UsageCached != 0)
		fmt.Println("written to the cache", u.CacheWrite, "reported:", u.Reported&llmstream.UsageCacheWrite != 0)
		return nil
	}), nil)
	io.WriteString(p, textStream)
	p.Close()
	// Output:
	// in 58 out 23
	// reasoning 16 inside the output: yes
	// cached 0 reported: true
	// written to the cache 0 reported: false
}

// A delta is borrowed; a clone may be kept.
func ExampleDelta_Clone() {
	var kept []*llmstream.Delta
	r := llmstream.NewReader(strings.NewReader(textStream), llmstream.OpenAIChat, &llmstream.Options{Kinds: llmstream.KindContent})
	for r.Next() {
		kept = append(kept, r.Delta().Clone())
	}
	for _, d := range kept {
		fmt.Printf("%s|", d.Text)
	}
	// Output:
	// It is 18| degrees in Oslo.|
}

// The time to the first token ends where a delta has output, and not with the
// first byte, event or delta.
func ExampleDelta_HasOutput() {
	r := llmstream.NewReader(strings.NewReader(reasoningStream), llmstream.OpenAIChat, nil)
	for n := 1; r.Next(); n++ {
		if d := r.Delta(); d.HasOutput() {
			fmt.Printf("delta %d: %s %q\n", n, d.Kind, d.Text) // here a clock would be read
			break
		}
	}
	// Output:
	// delta 3: reasoning "Oslo is cold."
}

// Each delta goes to all handlers in order.
func ExampleHandlers() {
	var answer llmstream.Accumulator
	live := llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		if d.Kind == llmstream.KindContent {
			fmt.Printf("%q of %q\n", d.Text, answer.AppendText(nil, d.Choice))
		}
		return nil
	})
	p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.Handlers(&answer, live), nil)
	io.WriteString(p, textStream)
	p.Close()
	// Output:
	// "It is 18" of "It is 18"
	// " degrees in Oslo." of "It is 18 degrees in Oslo."
}

func ExampleHandlerFunc() {
	fragments := 0
	h := llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		if d.Kind == llmstream.KindToolCall {
			fragments++
		}
		return nil
	})
	p := llmstream.NewParser(llmstream.OpenAIChat, h, nil)
	io.WriteString(p, toolStream)
	p.Close()
	fmt.Println(fragments, "fragments of tool calls")
	// Output:
	// 4 fragments of tool calls
}

// A meter that only counts tokens asks for nothing else. The outcome is the same.
func ExampleOptions_kinds() {
	h := llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		fmt.Println(d.Kind, d.Usage.Total)
		return nil
	})
	p := llmstream.NewParser(llmstream.OpenAIChat, h, &llmstream.Options{Kinds: llmstream.KindUsage | llmstream.KindError})
	io.WriteString(p, textStream)
	fmt.Println(p.Close(), p.Outcome().State)
	// Output:
	// usage 81
	// <nil> complete
}

// Options.Events sees each event, and here each comment, before its deltas.
func ExampleOptions_events() {
	events := llmstream.EventHandlerFunc(func(e *llmstream.Event) error {
		fmt.Printf("event of %d bytes\n", len(e.Data))
		return nil
	})
	deltas := llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		fmt.Println(" ", d.Kind)
		return nil
	})
	p := llmstream.NewParser(llmstream.OpenAIChat, deltas, &llmstream.Options{Events: events})
	io.WriteString(p, errorStream)
	p.Close()
	// Output:
	// event of 190 bytes
	//   start
	//   start
	//   content
	// event of 81 bytes
	//   error
	// event of 6 bytes
	//   done
}

// What is past a limit is left out and told; the rest of the stream is read.
func ExampleOptions_limits() {
	p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		if d.Kind&(llmstream.KindContent|llmstream.KindMalformed) != 0 {
			fmt.Printf("%s %q\n", d.Kind, d.Text)
		}
		return nil
	}), &llmstream.Options{MaxEvent: 1 << 10})
	io.WriteString(p, `data: {"choices":[{"index":0,"delta":{"content":"`+strings.Repeat("x", 2<<10)+"\"}}]}\n\n"+textStream)
	err := p.Close()
	var limit *llmstream.LimitError
	fmt.Println(errors.As(err, &limit), limit.Limit, limit.Max)
	fmt.Println(p.Outcome().State)
	// Output:
	// malformed ""
	// content "It is 18"
	// content " degrees in Oslo."
	// true MaxEvent 1024
	// complete
}

func ExampleDetectDialect() {
	fmt.Println(llmstream.DetectDialect("text/event-stream", "/v1/chat/completions"))
	fmt.Println(llmstream.DetectDialect("", "/openai/deployments/x/chat/completions?api-version=2024-10-21"))
	fmt.Println(llmstream.DetectDialect("text/event-stream", "/v1/something")) // the parser finds it out
	fmt.Println(llmstream.DetectDialect("text/html", "/v1/chat/completions"))
	// Output:
	// openai-chat
	// openai-chat
	// auto
	// auto
}

func ExampleParseDialect() {
	d, err := llmstream.ParseDialect("openai-chat")
	fmt.Println(d == llmstream.OpenAIChat, err)
	_, err = llmstream.ParseDialect("morse")
	fmt.Println(err)
	// Output:
	// true <nil>
	// llmstream: unknown dialect "morse"
}

// What tools of the provider do is neither text nor a call of the caller's: it
// comes as it is.
func ExampleKind_item() {
	p := llmstream.NewParser(llmstream.OpenAIResponses, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		if d.Kind == llmstream.KindItem {
			fmt.Printf("%s\n", d.Text)
		}
		return nil
	}), nil)
	io.WriteString(p, `data: {"type":"response.output_item.done","output_index":0,"item":{"type":"shell_call","call_id":"call_1","action":{"commands":["ls"]}}}`+"\n\n")
	// Output: {"type":"shell_call","call_id":"call_1","action":{"commands":["ls"]}}
}

// Anthropic's Messages have parts, which are told apart by their index: here the
// second one comes first. The completion has them in order.
func ExampleDelta_part() {
	var answer llmstream.Accumulator
	p := llmstream.NewParser(llmstream.AnthropicMessages, llmstream.Handlers(&answer, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		if d.Kind == llmstream.KindContent {
			fmt.Printf("%d: %q\n", d.Part, d.Text)
		}
		return nil
	})), nil)
	for _, delta := range []string{`"index":1,"delta":{"type":"text_delta","text":"world"}`, `"index":0,"delta":{"type":"text_delta","text":"Hello, "}`} {
		io.WriteString(p, `data: {"type":"content_block_delta",`+delta+"}\n\n")
	}
	fmt.Println(answer.Completion().Choices[0].Message.Content)
	// Output:
	// 1: "world"
	// 0: "Hello, "
	// Hello, world
}

// Where a second answer begins in the same stream, what had come of a part is void
// when that part begins again.
func ExampleKind_restart() {
	var answer llmstream.Accumulator
	p := llmstream.NewParser(llmstream.AnthropicMessages, llmstream.Handlers(&answer, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		if d.Kind == llmstream.KindRestart && d.Part >= 0 {
			fmt.Println("part", d.Part, "begins again")
		}
		return nil
	})), nil)
	for _, id := range []string{"msg_1", "msg_2"} {
		io.WriteString(p, `data: {"type":"message_start","message":{"id":"`+id+`"}}`+"\n\n"+
			`data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":"by `+id+`"}}`+"\n\n"+
			`data: {"type":"message_stop"}`+"\n\n")
	}
	fmt.Println(answer.Completion().Choices[0].Message.Content)
	// Output:
	// part 0 begins again
	// by msg_2
}

// A prompt that the provider has blocked has no answer. The stream is complete.
func ExampleKind_blocked() {
	p := llmstream.NewParser(llmstream.Gemini, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		if d.Kind == llmstream.KindBlocked {
			fmt.Printf("blocked: %s\n", d.NativeFinishReason)
		}
		return nil
	}), nil)
	io.WriteString(p, `data: {"promptFeedback":{"blockReason":"SAFETY"}}`+"\n\n")
	fmt.Println(p.Close(), p.Outcome().Succeeded())
	// Output:
	// blocked: SAFETY
	// <nil> false
}

// A proxy that writes one chunk for each event that came compares the indexes of its deltas.
func ExampleDelta_eventIndex() {
	p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		fmt.Println(d.EventIndex, d.Kind)
		return nil
	}), nil)
	io.WriteString(p, `data: {"id":"a","choices":[{"index":0,"delta":{"content":"Tea"}}]}`+"\n\n"+
		`data: {"choices":[{"index":0,"delta":{"content":"!"}}]}`+"\n\n")
	// Output:
	// 0 start
	// 0 content
	// 1 content
}

// A background response is resumed behind the last event that was read.
func ExampleDelta_sequence() {
	var last int64
	p := llmstream.NewParser(llmstream.OpenAIResponses, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		last = max(last, d.Sequence)
		return nil
	}), nil)
	io.WriteString(p, `data: {"type":"response.output_text.delta","sequence_number":41,"output_index":0,"content_index":0,"delta":"Once"}`+"\n\n")
	fmt.Println(p.Close())
	fmt.Println("?stream=true&starting_after=" + strconv.FormatInt(last, 10))
	// Output:
	// llmstream: stream ended before the answer was complete
	// ?stream=true&starting_after=41
}

func ExampleKind_String() {
	fmt.Println(llmstream.KindToolCallEnd)
	fmt.Println(llmstream.KindContent | llmstream.KindReasoning)
	// Output:
	// tool_call_end
	// content|reasoning
}

// Whatever the provider's word is, there is one of OpenAI's for it, or none that
// is known.
func ExampleFinishReason() {
	p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		if d.Kind == llmstream.KindFinish {
			fmt.Printf("%s: %s\n", d.NativeFinishReason, d.FinishReason)
		}
		return nil
	}), nil)
	for _, word := range []string{"stop", "end_turn", "max_tokens", "insufficient_system_resource"} {
		p.Reset()
		io.WriteString(p, strings.ReplaceAll(textStream, `"stop"`, `"`+word+`"`))
		p.Close()
	}
	// Output:
	// stop: stop
	// end_turn: stop
	// max_tokens: length
	// insufficient_system_resource: unknown
}

// Whatever the dialect, the deltas and the answer are the same; Auto finds out
// which it is.
func ExampleDialect() {
	for _, body := range []string{
		`data: {"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"},"finishReason":"STOP"}]}` + "\r\n\r\n",
		`[{"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"},"finishReason":"STOP"}]}]`,
		`{"model":"m","message":{"role":"assistant","content":"Hi"},"done":false}` + "\n" +
			`{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}` + "\n",
		`data: {"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Hi"}}}}` + "\n\n" +
			`data: {"type":"message-end","delta":{"finish_reason":"COMPLETE"}}` + "\n\n",
	} {
		var answer llmstream.Accumulator
		p := llmstream.NewParser(llmstream.Auto, &answer, nil)
		io.WriteString(p, body)
		err := p.Close()
		c := answer.Completion().Choices[0]
		fmt.Println(p.Dialect(), "over", p.Wire(), c.Message.Content, c.FinishReason, c.NativeFinishReason, err)
	}
	// Output:
	// gemini over sse Hi stop STOP <nil>
	// gemini over json Hi stop STOP <nil>
	// ollama over ndjson Hi stop stop <nil>
	// cohere over sse Hi stop COMPLETE <nil>
}

// A prompt that the provider has blocked has no answer, and the stream is complete.
func ExampleOutcome_blocked() {
	var answer llmstream.Accumulator
	p := llmstream.NewParser(llmstream.Gemini, &answer, nil)
	io.WriteString(p, `data: {"promptFeedback":{"blockReason":"SAFETY"}}`+"\n\n")
	err := p.Close()
	o := p.Outcome()
	fmt.Println(o.State, o.BlockReason, len(answer.Completion().Choices), err)
	// Output: complete SAFETY 0 <nil>
}

// Bedrock sends binary frames, which are told by their first bytes. What
// InvokeModel carries is read in the dialect of the model.
func ExampleNewReader_bedrock() {
	body, err := testdata.Body("bedrock/invoke-anthropic.frames")
	if err != nil {
		panic(err)
	}
	var answer llmstream.Accumulator
	r := llmstream.NewReader(bytes.NewReader(body), llmstream.Bedrock, nil)
	for r.Next() {
		answer.HandleDelta(r.Delta())
	}
	c := answer.Completion()
	fmt.Println(c.Choices[0].Message.Content, c.Choices[0].Message.ToolCalls[0].Name, c.Usage.Output)
	fmt.Println(r.Dialect(), "over", r.Wire(), r.Err())
	// Output:
	// Olá! clock 17
	// bedrock over frames <nil>
}

// One call reads a whole answer.
func ExampleFold() {
	body := strings.NewReader(`data: {"choices":[{"index":0,"delta":{"content":"Hello"}}]}

data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: [DONE]

`)
	c, err := llmstream.Fold(body, llmstream.OpenAIChat, nil)
	fmt.Println(c.Choices[0].Message.Content, err)
	// Output: Hello <nil>
}

func ExampleReader_Text() {
	body := strings.NewReader(`data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}

data: {"choices":[{"index":0,"delta":{"content":"lo"}}]}

`)
	for text, err := range llmstream.NewReader(body, llmstream.OpenAIChat, nil).Text() {
		if err != nil {
			fmt.Println()
			fmt.Println(err)
			return
		}
		fmt.Printf("%s|", text)
	}
	// Output:
	// Hel|lo|
	// llmstream: stream ended before the answer was complete
}

func ExampleFinishReason_Success() {
	fmt.Println(llmstream.FinishToolCalls.Success(), llmstream.FinishLength.Success())
	// Output: true false
}

// A whole answer that a token limit has ended is no error, and no success.
func ExampleOutcome_Succeeded() {
	p := llmstream.NewParser(llmstream.OpenAIChat, nil, nil)
	io.WriteString(p, `data: {"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"length"}]}`+"\n\n")
	err := p.Close()
	fmt.Println(err, p.Outcome().Succeeded())
	// Output: <nil> false
}

// Anthropic reports cached tokens beside the input.
func ExampleUsage_InputTotal() {
	u := llmstream.Usage{
		Input: 10, Cached: 90, CachedInInput: llmstream.TriNo, Reported: llmstream.UsageInput | llmstream.UsageCached,
	}
	total, ok := u.InputTotal()
	fmt.Println(total, ok)
	// Output: 100 true
}

func ExampleUsage_InputUncached() {
	u := llmstream.Usage{
		Input: 100, Cached: 90, CachedInInput: llmstream.TriYes, Reported: llmstream.UsageInput | llmstream.UsageCached,
	}
	n, ok := u.InputUncached()
	fmt.Println(n, ok)
	// Output: 10 true
}

// Gemini reports thoughts beside the output.
func ExampleUsage_OutputTotal() {
	u := llmstream.Usage{
		Output: 20, Reasoning: 30, ReasoningInOutput: llmstream.TriNo, Reported: llmstream.UsageOutput | llmstream.UsageReasoning,
	}
	n, ok := u.OutputTotal()
	fmt.Println(n, ok)
	// Output: 50 true
}
