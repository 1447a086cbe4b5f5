package encode_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// A stream of OpenAI chat, as its servers send it.
const chatStream = `data: {"id":"c1","object":"chat.completion.chunk","created":7,"model":"gpt-4o","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"}}]}

data: {"id":"c1","object":"chat.completion.chunk","created":7,"model":"gpt-4o","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: [DONE]

`

func ExampleNew() {
	enc, err := encode.New(os.Stdout, llmstream.Gemini, nil)
	if err != nil {
		panic(err)
	}
	p := llmstream.NewParser(llmstream.OpenAIChat, enc, nil)
	_, err = io.Copy(p, strings.NewReader(chatStream))
	p.CloseWithError(err)
	if err := enc.Close(p.Outcome()); err != nil {
		panic(err)
	}
	// Output:
	// data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"index":0}],"modelVersion":"gpt-4o","responseId":"c1"}
	//
	// data: {"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"STOP","index":0}],"modelVersion":"gpt-4o","responseId":"c1"}
}

func ExampleEncoder() {
	// A heartbeat while the upstream thinks, and its answer.
	enc, _ := encode.New(os.Stdout, llmstream.AnthropicMessages, nil)
	start := &llmstream.Start{ID: []byte("1"), Model: []byte("m")}
	_ = enc.HandleDelta(&llmstream.Delta{Kind: llmstream.KindStart, Choice: -1, Start: start})
	_ = enc.HandleDelta(&llmstream.Delta{Kind: llmstream.KindContent, Text: []byte("Hi")})
	_ = enc.Ping()
	// Output:
	// event: message_start
	// data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}}
	//
	// event: content_block_start
	// data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}
	//
	// event: content_block_delta
	// data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}
	//
	// event: ping
	// data: {"type":"ping"}
}

func ExampleEncoder_HandleDelta() {
	enc, _ := encode.New(os.Stdout, llmstream.OpenAIChat, &encode.Options{ID: "1", Model: "m", Now: func() time.Time { return time.Unix(7, 0) }})
	_ = enc.HandleDelta(&llmstream.Delta{Kind: llmstream.KindContent, Text: []byte("Hi")})
	// Output:
	// data: {"id":"1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}
	//
	// data: {"id":"1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}
}

func ExampleEncoder_Close() {
	// The upstream's stream breaks off: the client gets an error, and no end.
	enc, _ := encode.New(os.Stdout, llmstream.Gemini, nil)
	p := llmstream.NewParser(llmstream.OpenAIChat, enc, nil)
	p.Write([]byte(chatStream[:strings.Index(chatStream, "\n\n")+2]))
	p.CloseWithError(io.ErrUnexpectedEOF)
	_ = enc.Close(p.Outcome())
	// Output:
	// data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"index":0}],"modelVersion":"gpt-4o","responseId":"c1"}
	//
	// {"error":{"code":502,"message":"the upstream's stream ended before its answer was complete","status":"UNAVAILABLE"}}
	//
	// data: {"error":{"code":502,"message":"the upstream's stream ended before its answer was complete","status":"UNAVAILABLE"}}
}

func ExampleEncoder_Ping() {
	enc, _ := encode.New(os.Stdout, llmstream.OpenAIChat, nil)
	_ = enc.Ping() // from a timer, in turn with HandleDelta
	// Output:
	// : ping
}

func ExampleEncoder_Error() {
	enc, _ := encode.New(os.Stdout, llmstream.OpenAIChat, nil)
	_ = enc.Error(errors.New("no upstream is left"))
	// Output:
	// data: {"error":{"message":"no upstream is left","type":"server_error","param":null,"code":null}}
}

func ExampleEncoder_Lost() {
	enc, _ := encode.New(io.Discard, llmstream.OpenAIResponses, nil)
	_ = enc.HandleDelta(&llmstream.Delta{Kind: llmstream.KindContent, Text: []byte("one")})
	_ = enc.HandleDelta(&llmstream.Delta{Kind: llmstream.KindContent, Choice: 1, Text: []byte("another")})
	fmt.Println(enc.Lost().Choices)
	// Output:
	// 1
}

func ExampleLost_String() {
	fmt.Println(encode.Lost{Signatures: 1, Media: 2})
	fmt.Println(encode.Lost{})
	// Output:
	// signatures 1, media 2
	// nothing
}

func ExampleLost_Any() {
	fmt.Println(encode.Lost{}.Any(), encode.Lost{Items: 1}.Any())
	// Output:
	// false true
}

func ExampleEncoder_Started() {
	enc, _ := encode.New(io.Discard, llmstream.AnthropicMessages, &encode.Options{HoldStart: true})
	_ = enc.HandleDelta(&llmstream.Delta{Kind: llmstream.KindStart, Choice: -1, Start: &llmstream.Start{ID: []byte("1")}})
	fmt.Println(enc.Started()) // an HTTP status may still be chosen
	_ = enc.HandleDelta(&llmstream.Delta{Kind: llmstream.KindContent, Text: []byte("Hi")})
	fmt.Println(enc.Started())
	// Output:
	// false
	// true
}

func ExampleEncoder_Reset() {
	// The first upstream fails before its first output, and another takes over.
	enc, _ := encode.New(os.Stdout, llmstream.Gemini, &encode.Options{HoldStart: true})
	for _, body := range []string{`data: {"error":{"message":"overloaded"}}` + "\n\n", chatStream} {
		enc.Reset(os.Stdout)
		p := llmstream.NewParser(llmstream.OpenAIChat, enc, nil)
		p.Write([]byte(body))
		p.Close()
		if err := enc.Close(p.Outcome()); err == nil || enc.Started() {
			break
		}
	}
	// Output:
	// data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"index":0}],"modelVersion":"gpt-4o","responseId":"c1"}
	//
	// data: {"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"STOP","index":0}],"modelVersion":"gpt-4o","responseId":"c1"}
}

func ExampleOptions() {
	o := &encode.Options{
		IncludeUsage:  true, // the client asked for it
		HoldArguments: true, // the client cannot read JSON that is cut
		Model:         "our-model",
	}
	enc, _ := encode.New(os.Stdout, llmstream.OpenAIChat, o)
	p := llmstream.NewParser(llmstream.OpenAIChat, enc, nil)
	p.Write([]byte(chatStream))
	// Output:
	// data: {"id":"c1","object":"chat.completion.chunk","created":7,"model":"our-model","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}
	//
	// data: {"id":"c1","object":"chat.completion.chunk","created":7,"model":"our-model","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}
	//
	// data: {"id":"c1","object":"chat.completion.chunk","created":7,"model":"our-model","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}
	//
	// data: [DONE]
}

func ExampleNewReader() {
	body := io.NopCloser(strings.NewReader(chatStream))
	r := encode.NewReader(body, llmstream.OpenAIChat, llmstream.Gemini, nil)
	defer r.Close()
	io.Copy(os.Stdout, r)
	// Output:
	// data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"index":0}],"modelVersion":"gpt-4o","responseId":"c1"}
	//
	// data: {"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"STOP","index":0}],"modelVersion":"gpt-4o","responseId":"c1"}
}

func ExampleAppendCompletion() {
	var answer llmstream.Accumulator
	p := llmstream.NewParser(llmstream.OpenAIChat, &answer, nil)
	p.Write([]byte(chatStream))
	if err := p.Close(); err != nil {
		panic(err)
	}
	body, _ := encode.AppendCompletion(nil, llmstream.AnthropicMessages, answer.Completion())
	fmt.Println(string(body))
	// Output:
	// {"id":"msg_c1","type":"message","role":"assistant","model":"gpt-4o","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}
}
